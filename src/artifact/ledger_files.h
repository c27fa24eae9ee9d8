/*
 * A folder of files that is made under another name and has its own when it is whole: exports, and
 * ledgers that are made of them. Once a call has failed the others do nothing; the first fault is
 * kept.
 */
#ifndef HEAD2_ARTIFACT_LEDGER_FILES_H
#define HEAD2_ARTIFACT_LEDGER_FILES_H

#include "artifact/ledger_export.h"

#include <limits.h>
#include <stdio.h>
#include <sys/types.h>

struct ledger_files {
    char folder[PATH_MAX]; /* where it is made */
    const char *name;      /* what it will be called */
    bool failed;
    struct ledger_fault *fault;
};

/* HEAD2_OK, HEAD2_E_POLICY (there is something of that name) or HEAD2_E_IO. */
HEAD2_CHECK enum head2_status ledger_files_begin(struct ledger_files *x, const char *name,
                                                 mode_t mode, struct ledger_fault *fault);
/* Make it durable and give it its name where st is HEAD2_OK and nothing has failed, else remove it.
 * HEAD2_OK, st, or HEAD2_E_IO. */
HEAD2_CHECK enum head2_status ledger_files_end(struct ledger_files *x, enum head2_status st);

/* Keep what went wrong with a file, with errno. */
void ledger_files_say(struct ledger_files *x, const char *name, const char *what);

void ledger_files_folder(struct ledger_files *x, const char *name);
FILE *ledger_files_open(struct ledger_files *x, const char *name);
void ledger_files_close(struct ledger_files *x, FILE *f, const char *name);
void ledger_files_put(struct ledger_files *x, const char *name, const void *bytes, size_t len);

void ledger_files_key(struct ledger_files *x, const char *name, const struct head2_key *key);

/* Of an export: its folders, a tile, entries as lines, a checkpoint. */
void ledger_files_export(struct ledger_files *x);
void ledger_files_tile(struct ledger_files *x, unsigned level, uint64_t n, unsigned hashes,
                       const uint8_t (*hash)[MERKLE_BYTES]);
void ledger_files_entry(struct ledger_files *x, FILE *f, const struct ledger_entry *e);
void ledger_files_note(struct ledger_files *x, uint64_t size, const char *note, size_t len);

/* ledger_rescue.c: an export of what can be read of a ledger opened with LEDGER_RESCUE. why: what
 * is damaged. out->written says whether there is one. */
void ledger_rescue(struct ledger_exported *out, struct ledger *l, const char *folder,
                   const struct ledger_fault *why, ledger_progress_fn *progress, void *arg);

#endif
