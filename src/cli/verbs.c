/*
 * The table of verbs: the one place from which parsing, help, the man page and the completions
 * come.
 *
 * To add a verb: write src/cli/cmd_NAME.c with `int cmd_NAME(struct cli *cli)`, declare it in
 * verbs.h, and add a row here, with its options in an array above. Rows of one group (key, kem,
 * receipt) stand together, and the table is in alphabetical order.
 */
#include "cli/verbs.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, NULL, 0, 0                                                        \
    }

const struct cli_option cli_common[] = {
    {"json", 0,   CLI_FLAG, NULL, "print JSON objects, errors too", 0, 0},
    {"help", 'h', CLI_FLAG, NULL, "explain this verb",              0, 0},
    END
};

static const struct cli_option help_options[] = {
    {"man", 0, CLI_FLAG, NULL, "print the manual page (roff)", 0, 0},
    END
};

static const struct cli_option mu_options[] = {
    {"of", 0, CLI_FILE, "FILE", "check that the argument is the reverse of this text", 0, 0},
    END
};

#define FILES (CLI_EXIT(CLI_INPUT) | CLI_EXIT(CLI_REFUSED))

/* clang-format off */
const struct cli_verb cli_verbs[] = {
    {"completion", NULL, "bash|zsh|fish", 1, 1, "print the completion script of a shell",
     "For bash: head2 completion bash > /etc/bash_completion.d/head2", NULL,
     CLI_EXIT(CLI_REFUSED), cmd_completion},
    {"help", NULL, "[VERB [SUBVERB]]", 0, 2, "list the verbs, or explain one", NULL, help_options,
     CLI_EXIT(CLI_REFUSED), cmd_help},
    {"mu", NULL, "FILE", 1, 1, "print a text reversed, code point by code point",
     "The rule of .mu receipts: the whole UTF-8 text reversed by code point, which is each line "
     "reversed and the order of lines reversed. Doing it twice gives the text back. With --of, "
     "nothing is reversed: FILE is compared with what the reverse of that text is, and the first "
     "difference is named.", mu_options, FILES | CLI_EXIT(CLI_FAILED), cmd_mu},
    {"version", NULL, "", 0, 0, "print the version", NULL, NULL, CLI_EXIT(CLI_REFUSED),
     cmd_version},
};
/* clang-format on */

const size_t cli_verb_count = HEAD2_LEN(cli_verbs);
