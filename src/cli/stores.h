/*
 * The sealed store for verbs: which folder, what unlocks it, the error line, what an object is
 * called.
 *
 * The folder is --store DIR, else $HEAD2_STATE/store, else $XDG_STATE_HOME/head2/store, else
 * ~/.local/state/head2/store. It is unlocked by --passphrase-file, --key-file, --credential or
 * --tpm, else by a passphrase from the terminal. $HEAD2_TPM says where the TPM is.
 */
#ifndef HEAD2_CLI_STORES_H
#define HEAD2_CLI_STORES_H

#include "cli/cli.h"
#include "gateway/config_keeper.h"
#include "keeper/store.h"

#include <limits.h>

/* Rows of verbs.c; their options and texts are in store_options.c. */
extern const struct cli_option cli_store_init_options[], cli_store_list_options[],
    cli_store_import_options[], cli_store_export_options[], cli_store_unlock_options[],
    cli_store_rewrap_options[], cli_store_restore_options[], cli_store_policy_options[],
    cli_store_anchor_options[], cli_keeper_ask_options[], cli_keeper_export_options[],
    cli_keeper_generate_options[], cli_keeper_rotate_options[], cli_keeper_approve_options[];
extern const char cli_store_init_about[], cli_store_import_about[], cli_store_export_about[],
    cli_store_destroy_about[], cli_store_rewrap_about[], cli_store_backup_about[],
    cli_store_restore_about[], cli_store_check_about[], cli_store_policy_about[],
    cli_keeper_generate_about[], cli_keeper_approve_about[], cli_store_anchor_about[],
    cli_store_wrap_add_about[], cli_store_wrap_remove_about[];

/* Where the passphrase of an unlock comes from, and a TPM's PIN. */
struct cli_store_ask {
    const struct cli *cli;
    const char *file, *pin_file;
    bool is_new; /* the terminal is asked twice */
    char where[PATH_MAX];
    bool said; /* the error line is out */
};

/* These return exit codes. */
int cli_store_folder(const struct cli *cli, char out[PATH_MAX]);
int cli_store_fail(const struct cli *cli, enum head2_status st, const struct store_fault *fault);
/* What is given to open a store. */
int cli_store_unlock(const struct cli *cli, struct store_unlock *out, struct cli_store_ask *ask);
/* The same, as a configuration says it. */
void cli_store_unlock_as(const struct cli *cli, const struct config_keeper *from,
                         struct store_unlock *out, struct cli_store_ask *ask);
/* All ways to wrap a key that are given: --passphrase-file and so on, or those with --new- before
 * them. Where none is given, a passphrase of the terminal, or of a new key what has opened the
 * store. */
#define CLI_STORE_WAYS 4
enum cli_store_wrapping { CLI_STORE_OF_A_NEW_STORE, CLI_STORE_ONE_MORE, CLI_STORE_OF_A_NEW_KEY };
int cli_store_new_wrappings(const struct cli *cli, enum cli_store_wrapping of,
                            struct store_unlock *out, size_t *n, struct cli_store_ask *ask);
/* Open the store that the options name, and compare it with the anchors that they name; or that
 * alone. *out is to be closed in any case. */
int cli_store_open(const struct cli *cli, struct store **out);
int cli_store_open_alone(const struct cli *cli, struct store **out);
int cli_store_look(const struct cli *cli, struct store **out);
/* After a change that has ended with code: anchor it where there is --ledger, and close; s may be
 * NULL where it has not. */
int cli_store_finish(const struct cli *cli, struct store *s, int code);

/* ---- anchors (store_anchors.c) ---- */

/* With what --anchor has, and --ledger where it is given; or with the ledger in any case. */
int cli_store_compare(const struct cli *cli, const struct store *s);
int cli_store_compare_ledger(const struct cli *cli, const struct store *s);
/* The highest revision of any store that the ledger of --ledger has; 0 without one. */
int cli_store_highest(const struct cli *cli, uint64_t *revision);
/* Append it to the ledger. */
int cli_store_anchor(const struct cli *cli, const struct store_anchor *a);

/* ---- objects ---- */

/* The object that an argument names: its id, the first eight digits of it or more, or its label,
 * where that is the only one. */
int cli_store_find(const struct cli *cli, const struct store *s, const char *name,
                   const struct store_meta **out);
const char *cli_store_state_name(enum store_state state);
const char *cli_store_wrap_name(enum store_wrap_type type);

/* "sign,verify", or "none"; false: there is no such purpose. */
#define CLI_STORE_PURPOSES_TEXT 64
bool cli_store_purposes_read(uint32_t *out, const char *text);

/* What --purposes, --rate, --valid and --approver say, where they are given; m has its algorithm.
 * Returns an exit code. */
int cli_store_policy(const struct cli *cli, struct store_meta *m);

/* These are whole: with --json an object, else lines. */
json_t *cli_store_object_json(const struct store_meta *m);
void cli_store_print_object(struct cli *cli, const struct store_meta *m);
json_t *cli_store_wrappings_json(const struct store *s);

#endif
