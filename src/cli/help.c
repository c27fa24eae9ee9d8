/*
 * Help texts and the man page, made from the table in verbs.c.
 */
#include "cli/cli.h"

#include <head2/version.h>

static const struct {
    enum cli_exit code;
    const char *text;
} exit_texts[] = {
    {CLI_DONE,        "done"                                                        },
    {CLI_FAILED,      "a verification failed or a check did not hold"               },
    {CLI_USAGE,       "wrong usage"                                                 },
    {CLI_INPUT,       "input is malformed or cannot be read"                        },
    {CLI_UNREACHABLE, "a service or peer cannot be reached"                         },
    {CLI_REFUSED,     "refused: policy, permission, a lock, or no room to write"    },
    {CLI_HEALTH,      "health: randomness or a self-test failed"                    },
    {CLI_INTERNAL,    "internal error"                                              },
    {CLI_PIPE,        "the reader of standard output went away (nothing is printed)"},
};

static const char about_program[] =
    "Post-quantum sessions, signatures and receipts for drones and gateways: ML-KEM and ML-DSA "
    "(FIPS 203 and 204), MAML signature blocks, .mu receipts.";

static const struct {
    const char *name, *text;
} surroundings[] = {
    {"HEAD2_ISA",    "portable, avx2 or avx512: the highest set of instructions that is used. The "
                  "default is what the processor has; results are the same."},
    {"HEAD2_CONFIG", "the gateway's configuration file, where --config is not given"         },
    {"HEAD2_KEY",    "name of the signing key's file, where --key is not given"              },
    {"HEAD2_STATE",
     "the state folder; the ledger with all receipts is its folder ledger. Without it: "
     "$XDG_STATE_HOME/head2, else ~/.local/state/head2"                                      },
    {"HEAD2_TPM",    "where the TPM 2.0 of --tpm is, as tpm2-tss names it (a TCTI). Without it: "
                  "device:/dev/tpmrm0"                                      },
    {"NO_COLOR",     "when set, nothing is coloured"                                         },
};

const char *cli_exit_text(enum cli_exit code)
{
    for (size_t i = 0; i < HEAD2_LEN(exit_texts); i++)
        if (exit_texts[i].code == code)
            return exit_texts[i].text;
    return "";
}

static bool can_exit(const struct cli_verb *v, enum cli_exit code)
{
    return code == CLI_DONE || code == CLI_USAGE || code == CLI_INTERNAL || code == CLI_PIPE ||
           (v->exits & CLI_EXIT(code)) != 0;
}

/* "key generate" */
static void verb_words(char *out, size_t cap, const struct cli_verb *v)
{
    snprintf(out, cap, "%s%s%s", v->name, v->sub != NULL ? " " : "", v->sub != NULL ? v->sub : "");
}

void cli_help_top(struct cli *cli)
{
    cli_print(cli, "head2 %s: %s\n\nusage: head2 VERB [SUBVERB] [OPTIONS] ARGUMENTS\n\n",
              HEAD2_VERSION_STRING, about_program);
    for (size_t i = 0; i < cli_verb_count; i++) {
        char words[64];
        verb_words(words, sizeof words, &cli_verbs[i]);
        cli_print(cli, "  %-16s %s\n", words, cli_verbs[i].help);
    }
    cli_print(cli,
              "\n'head2 VERB --help' explains one; 'head2 help --man' prints the manual page.\n");
}

static void list_group(struct cli *cli, const char *name)
{
    for (size_t i = 0; i < cli_verb_count; i++)
        if (strcmp(cli_verbs[i].name, name) == 0 && cli_verbs[i].sub != NULL)
            cli_print(cli, "  %-16s %s\n", cli_verbs[i].sub, cli_verbs[i].help);
    cli_print(cli, "\n'head2 %s SUBVERB --help' explains one.\n", name);
}

void cli_help_group(struct cli *cli, const char *name)
{
    cli_print(cli, "usage: head2 %s SUBVERB [OPTIONS] ARGUMENTS\n\n", name);
    list_group(cli, name);
}

static void help_options(struct cli *cli, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        char left[128];
        snprintf(left, sizeof left, "%c%c%s --%s%s%s", o->letter != 0 ? '-' : ' ',
                 o->letter != 0 ? o->letter : ' ', o->letter != 0 ? "," : " ", o->name,
                 o->type == CLI_FLAG ? "" : " ", o->type == CLI_FLAG ? "" : o->value);
        cli_print(cli,
                  strlen(left) <= 28 ? "  %-28s  %s\n"
                                     : "  %s\n                                %s\n",
                  left, o->help);
    }
}

/* Print text wrapped at 80 columns. */
static void wrap(struct cli *cli, const char *text)
{
    size_t column = 0;

    while (*text != 0) {
        size_t len = strcspn(text, " \n");
        if (column > 0 && column + 1 + len > 80) {
            cli_print(cli, "\n");
            column = 0;
        }
        cli_print(cli, "%s%.*s", column > 0 ? " " : "", (int)len, text);
        column += len + (column > 0);
        text += len;
        if (*text == '\n') {
            cli_print(cli, "\n");
            column = 0;
        }
        text += *text != 0;
    }
    cli_print(cli, "\n");
}

void cli_help_verb(struct cli *cli, const struct cli_verb *v)
{
    char words[64];

    verb_words(words, sizeof words, v);
    cli_print(cli, "head2 %s: %s\n\nusage: head2 %s [OPTIONS]%s%s\n\n", words, v->help, words,
              *v->usage != 0 ? " " : "", v->usage);
    if (v->about != NULL) {
        wrap(cli, v->about);
        cli_print(cli, "\n");
    }
    help_options(cli, v->options);
    help_options(cli, cli_common);
    cli_print(cli, "\nexit codes:\n");
    for (size_t i = 0; i < HEAD2_LEN(exit_texts); i++)
        if (can_exit(v, exit_texts[i].code))
            cli_print(cli, "  %-4d %s\n", exit_texts[i].code, exit_texts[i].text);
    if (v->sub == NULL && cli_is_group(v->name)) {
        cli_print(cli, "\nsubverbs:\n");
        list_group(cli, v->name);
    }
}

/* Text for roff: a backslash, a hyphen and a full stop or quote at a line's start mean something.
 */
static void roff(struct cli *cli, const char *text)
{
    bool start = true;

    for (; *text != 0; text++) {
        if (start && (*text == '.' || *text == '\''))
            cli_print(cli, "\\&");
        start = *text == '\n';
        if (*text == '\\')
            cli_print(cli, "\\e");
        else if (*text == '-')
            cli_print(cli, "\\-");
        else
            cli_write(cli, text, 1);
    }
}

static void man_options(struct cli *cli, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        cli_print(cli, ".TP\n");
        if (o->letter != 0)
            cli_print(cli, "\\fB\\-%c\\fR, ", o->letter);
        cli_print(cli, "\\fB\\-\\-");
        roff(cli, o->name);
        cli_print(cli, "\\fR ");
        if (o->type != CLI_FLAG) {
            cli_print(cli, "\\fI");
            roff(cli, o->value);
            cli_print(cli, "\\fR");
        }
        cli_print(cli, "\n");
        roff(cli, o->help);
        cli_print(cli, "\n");
    }
}

static void man_verb(struct cli *cli, const struct cli_verb *v)
{
    char words[64];

    verb_words(words, sizeof words, v);
    cli_print(cli, ".SS \"head2 %s [options] ", words);
    roff(cli, v->usage);
    cli_print(cli, "\"\n");
    roff(cli, v->help);
    cli_print(cli, ".\n");
    if (v->about != NULL) {
        cli_print(cli, ".PP\n");
        roff(cli, v->about);
        cli_print(cli, "\n");
    }
    man_options(cli, v->options);
    cli_print(cli, ".PP\nExit codes: ");
    const char *comma = "";
    for (size_t i = 0; i < HEAD2_LEN(exit_texts); i++) {
        if (can_exit(v, exit_texts[i].code)) {
            cli_print(cli, "%s%d", comma, exit_texts[i].code);
            comma = ", ";
        }
    }
    cli_print(cli, ".\n");
}

void cli_help_man(struct cli *cli)
{
    cli_print(cli, ".TH HEAD2 1 \"\" \"head2 %s\" \"User Commands\"\n", HEAD2_VERSION_STRING);
    cli_print(cli, ".SH NAME\nhead2 \\- post\\-quantum sessions, signatures and receipts\n");
    cli_print(cli, ".SH SYNOPSIS\n\\fBhead2\\fR \\fIVERB\\fR [\\fISUBVERB\\fR] [\\fIOPTIONS\\fR] "
                   "\\fIARGUMENTS\\fR\n.SH DESCRIPTION\n");
    roff(cli, about_program);
    cli_print(cli, "\n.PP\nThe name \\fB\\-\\fR is standard input or output. Every error is one "
                   "line, \\(lqhead2: WHERE: WHAT; DO THIS\\(rq, on standard error; with "
                   "\\fB\\-\\-json\\fR it is an object with the members error, where, hint and "
                   "code.\n.SH OPTIONS OF EVERY VERB\n");
    man_options(cli, cli_common);
    cli_print(cli, ".SH VERBS\n");
    for (size_t i = 0; i < cli_verb_count; i++)
        man_verb(cli, &cli_verbs[i]);
    cli_print(cli, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < HEAD2_LEN(exit_texts); i++) {
        cli_print(cli, ".TP\n\\fB%d\\fR\n", exit_texts[i].code);
        roff(cli, exit_texts[i].text);
        cli_print(cli, "\n");
    }
    cli_print(cli, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < HEAD2_LEN(surroundings); i++) {
        cli_print(cli, ".TP\n\\fB%s\\fR\n", surroundings[i].name);
        roff(cli, surroundings[i].text);
        cli_print(cli, "\n");
    }
}
