/*
 * --witness FILE|DIR: the keys of witnesses that must have cosigned. Of a folder, all *.pem in it.
 */
#ifndef HEAD2_CLI_WITNESSES_H
#define HEAD2_CLI_WITNESSES_H

#include "artifact/ledger_check.h"
#include "cli/keys.h"

#define CLI_WITNESSES 16

struct cli_witnesses {
    unsigned n;
    struct cli_witness {
        struct head2_key *key;
        char id[CLI_KEY_ID_TEXT];
        bool good;
        char name[CHECKPOINT_NAME_MAX + 1];
        uint64_t ms, size; /* when it was cosigned, and for how many entries */
    } list[CLI_WITNESSES];
};

/* Returns an exit code. Nothing where the option is not given. */
int cli_witnesses_read(const struct cli *cli, struct cli_witnesses *w);
void cli_witnesses_free(struct cli_witnesses *w);

/* Ask a check that all of them have cosigned its newest checkpoint. */
void cli_witnesses_check(struct cli_witnesses *w, struct ledger_check *c);
/* Or one note: NULL, or the key id of one that has not. */
const char *cli_witnesses_note(struct cli_witnesses *w, const char *note, size_t len);

/* Who has cosigned when: lines, or a list of objects. */
void cli_witnesses_say(struct cli *cli, const struct cli_witnesses *w, uint64_t entries);
json_t *cli_witnesses_json(const struct cli_witnesses *w);

#endif
