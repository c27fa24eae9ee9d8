/*
 * The frame that every verb stands in. A verb is one file with one function, `int cmd_NAME(struct
 * cli *cli)`, and one row in verbs.c; options, help, the man page and shell completions follow from
 * the row. The function reads its options and arguments from cli, prints to standard output with
 * cli_print, reports what is wrong with cli_fail, and returns an exit code.
 *
 * What the frame promises for every verb: an unknown option names the nearest known one (exit 2);
 * an error is one line, `head2: WHERE: WHAT; DO THIS`, or with --json an object {error, where,
 * hint, code}; a reader that closes the pipe ends the program quietly; a full disk is noticed.
 */
#ifndef HEAD2_CLI_CLI_H
#define HEAD2_CLI_CLI_H

#include "base/base.h"

#include <jansson.h>
#include <stdio.h>

enum cli_exit {
    CLI_DONE = 0,        /* done */
    CLI_FAILED = 1,      /* a verification failed or a check did not hold */
    CLI_USAGE = 2,       /* wrong verb, option or argument */
    CLI_INPUT = 3,       /* input malformed or unreadable */
    CLI_UNREACHABLE = 4, /* a service or peer cannot be reached */
    CLI_REFUSED = 5,     /* policy, permission, a lock, or no room to write */
    CLI_HEALTH = 6,      /* entropy or self-test failure */
    CLI_INTERNAL = 7,    /* a fault in this program */
    CLI_PIPE = 141       /* the reader of standard output went away (as a shell shows SIGPIPE) */
};
#define CLI_EXIT(code) (1u << (code)) /* a bit of cli_verb.exits */

enum cli_type { CLI_FLAG, CLI_STRING, CLI_NUMBER, CLI_ENUM, CLI_FILE, CLI_DIR };

struct cli_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* the short form, or 0 */
    enum cli_type type;
    const char *value; /* what stands for the value in help; for an enum, its values "a|b|c" */
    const char *help;  /* one line; says the default */
    uint64_t min, max; /* of a number */
};

struct cli;
typedef int cli_run(struct cli *cli);

struct cli_verb {
    const char *name;
    const char *sub;   /* NULL when the verb has no subverb */
    const char *usage; /* arguments as they are typed, after the options */
    int min_args;
    int max_args;      /* -1: any number */
    const char *help;  /* one line */
    const char *about; /* paragraphs for --help and the man page, or NULL */
    const struct cli_option *options;
    unsigned exits; /* codes beside 0, 2, 7 and 141, as CLI_EXIT bits */
    cli_run *run;
};

#define CLI_MAX_OPTIONS 24

struct cli {
    const struct cli_verb *verb; /* NULL until it is known */
    const char *values[CLI_MAX_OPTIONS];
    const char **args;
    int count; /* of args */
    bool json;
    int out_errno; /* the first error on standard output */
};

/* verbs.c: the table. cli_common are the options that every verb has. */
extern const struct cli_verb cli_verbs[];
extern const size_t cli_verb_count;
extern const struct cli_option cli_common[];

/* parse.c */
int cli_main(int argc, char **argv);
bool cli_is_group(const char *name);
const struct cli_verb *cli_find_verb(const char *name, const char *sub);
const struct cli_option *cli_find_option(const struct cli_verb *verb, const char *name);
/* The value of an option: whether it was given, its text (NULL when not given), its number. */
bool cli_flag(const struct cli *cli, const char *name);
const char *cli_string(const struct cli *cli, const char *name);
/* The same for what several verbs share: NULL also where the verb does not have it. */
const char *cli_string_if(const struct cli *cli, const char *name);
const char *cli_string_or(const struct cli *cli, const char *name, const char *otherwise);
uint64_t cli_number(const struct cli *cli, const char *name, uint64_t otherwise);

/* output.c: cli_fail prints one error line and returns code, for `return cli_fail(...)`. hint may
 * be NULL; where may be NULL when the whole program is meant. */
int cli_fail(const struct cli *cli, enum cli_exit code, const char *where, const char *hint,
             const char *fmt, ...) HEAD2_PRINTF(5, 6);
/* The same for a failed file operation, with the text and exit code that errno value asks for. */
int cli_fail_errno(const struct cli *cli, const char *where, int error, const char *doing);
enum cli_exit cli_status_exit(enum head2_status status);
void cli_print(struct cli *cli, const char *fmt, ...) HEAD2_PRINTF(2, 3);
void cli_write(struct cli *cli, const void *bytes, size_t len);
/* One JSON object on one line; takes over the reference. */
void cli_print_json(struct cli *cli, json_t *object);
int cli_flush(struct cli *cli, int code);
bool cli_colour(void);
/* The value of an enum option at position n of "a|b|c"; its length, 0 past the end. */
size_t cli_enum_item(const char *list, size_t n, const char **item);

/* help.c, complete.c */
void cli_help_top(struct cli *cli);
void cli_help_verb(struct cli *cli, const struct cli_verb *verb);
void cli_help_group(struct cli *cli, const char *name);
void cli_help_man(struct cli *cli);
const char *cli_exit_text(enum cli_exit code);
int cli_complete(struct cli *cli, const char *shell);

#endif
