/*
 * From argv to a verb that runs: which verb, which options with which values, which arguments.
 *
 * Options may stand anywhere after the verb until `--`; a long option takes its value after `=` or
 * as the next word; `-` is an argument (standard input or output). Values are checked here against
 * the table, so a verb that runs has a well-typed command line.
 */
#include "cli/cli.h"

#include "base/nearest.h"
#include "cpu/cpu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define HELP "see 'head2 help'"

bool cli_is_group(const char *name)
{
    for (size_t i = 0; i < cli_verb_count; i++)
        if (cli_verbs[i].sub != NULL && strcmp(cli_verbs[i].name, name) == 0)
            return true;
    return false;
}

/* A group may be a verb of its own, too. */
const struct cli_verb *cli_find_verb(const char *name, const char *sub)
{
    const struct cli_verb *own = NULL;

    for (size_t i = 0; i < cli_verb_count; i++) {
        const struct cli_verb *const v = &cli_verbs[i];
        if (strcmp(v->name, name) != 0)
            continue;
        if (v->sub == NULL)
            own = v;
        else if (sub != NULL && strcmp(v->sub, sub) == 0)
            return v;
    }
    return sub == NULL || !cli_is_group(name) ? own : NULL;
}

/* With those that there are. */
static int needs_subverb(const struct cli *cli, const char *group)
{
    char names[300] = "", hint[64];
    size_t at = 0;

    for (size_t i = 0; i < cli_verb_count; i++)
        if (strcmp(cli_verbs[i].name, group) == 0 && at < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at != 0 ? ", " : "",
                                   cli_verbs[i].sub);
    snprintf(hint, sizeof hint, "see 'head2 %s --help'", group);
    return cli_fail(cli, CLI_USAGE, group, hint, "it needs a subverb: %s", names);
}

/* Options of a verb are numbered: its own first, then the common ones. */
static const struct cli_option *option_at(const struct cli_verb *verb, size_t n)
{
    for (const struct cli_option *o = verb->options; o != NULL && o->name != NULL; o++)
        if (n-- == 0)
            return o;
    for (const struct cli_option *o = cli_common; o->name != NULL; o++)
        if (n-- == 0)
            return o;
    return NULL;
}

static int option_index(const struct cli_verb *verb, const char *name, size_t len, char letter)
{
    const struct cli_option *o;

    for (size_t n = 0; (o = option_at(verb, n)) != NULL; n++) {
        if (name == NULL ? o->letter == letter
                         : strlen(o->name) == len && memcmp(o->name, name, len) == 0)
            return (int)n;
    }
    return -1;
}

const struct cli_option *cli_find_option(const struct cli_verb *verb, const char *name)
{
    int n = option_index(verb, name, strlen(name), 0);
    return n < 0 ? NULL : option_at(verb, (size_t)n);
}

const char *cli_string(const struct cli *cli, const char *name)
{
    int n = option_index(cli->verb, name, strlen(name), 0);
    HEAD2_REQUIRES(n >= 0);
    return n < 0 ? NULL : cli->values[n];
}

const char *cli_string_if(const struct cli *cli, const char *name)
{
    return cli_find_option(cli->verb, name) != NULL ? cli_string(cli, name) : NULL;
}

const char *cli_string_or(const struct cli *cli, const char *name, const char *otherwise)
{
    const char *value = cli_string(cli, name);
    return value != NULL ? value : otherwise;
}

bool cli_flag(const struct cli *cli, const char *name)
{
    return cli_string(cli, name) != NULL;
}

static bool parse_number(const char *text, uint64_t *out)
{
    char *end = NULL;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && *end == 0;
}

uint64_t cli_number(const struct cli *cli, const char *name, uint64_t otherwise)
{
    const char *text = cli_string(cli, name);
    uint64_t value = otherwise;

    return text != NULL && parse_number(text, &value) ? value : otherwise;
}

static bool enum_has(const char *list, const char *value)
{
    const char *item;
    size_t len;

    for (size_t n = 0; (len = cli_enum_item(list, n, &item)) != 0; n++)
        if (strlen(value) == len && strncasecmp(item, value, len) == 0)
            return true;
    return false;
}

static int check_value(struct cli *cli, const struct cli_option *o, const char *value)
{
    char where[NEAREST_MAX + 3];
    uint64_t number;

    snprintf(where, sizeof where, "--%s", o->name);
    if (o->type != CLI_FLAG && *value == 0)
        return cli_fail(cli, CLI_USAGE, where, "give a value", "the value is empty");
    if (o->type == CLI_ENUM && !enum_has(o->value, value)) {
        char hint[512];
        snprintf(hint, sizeof hint, "choose one of %s", o->value);
        return cli_fail(cli, CLI_USAGE, where, hint, "'%s' is not one of its values", value);
    }
    if (o->type == CLI_NUMBER &&
        (!parse_number(value, &number) || number < o->min || number > o->max))
        return cli_fail(cli, CLI_USAGE, where, "give a whole number in that range",
                        "'%s' is not a number from %llu to %llu", value, (unsigned long long)o->min,
                        (unsigned long long)o->max);
    return CLI_DONE;
}

static int unknown_option(struct cli *cli, const char *word)
{
    const char *names[CLI_MAX_OPTIONS];
    const struct cli_option *o;
    char bare[NEAREST_MAX + 1], hint[160];
    size_t count = 0;

    for (; count < CLI_MAX_OPTIONS && (o = option_at(cli->verb, count)) != NULL; count++)
        names[count] = o->name;
    snprintf(bare, sizeof bare, "%.*s", (int)strcspn(word, "="), word);
    const char *near = nearest_name(bare + strspn(bare, "-"), names, count);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean --%s?", near);
    else
        snprintf(hint, sizeof hint, "see 'head2 %s%s%s --help'", cli->verb->name,
                 cli->verb->sub != NULL ? " " : "", cli->verb->sub != NULL ? cli->verb->sub : "");
    return cli_fail(cli, CLI_USAGE, bare, hint, "unknown option");
}

/* One option word at argv[*i]; its value may be the next word. */
static int take_option(struct cli *cli, int argc, char **argv, int *i)
{
    const char *word = argv[*i];
    const bool is_long = word[1] == '-';
    const char *equals = is_long ? strchr(word, '=') : NULL;
    const char *value = equals != NULL ? equals + 1 : NULL;
    int n = is_long
                ? option_index(cli->verb, word + 2,
                               equals != NULL ? (size_t)(equals - word - 2) : strlen(word + 2), 0)
                : option_index(cli->verb, NULL, 0, word[1]);

    if (n < 0)
        return unknown_option(cli, word);
    const struct cli_option *o = option_at(cli->verb, (size_t)n);
    char where[NEAREST_MAX + 3];
    snprintf(where, sizeof where, "--%s", o->name);
    if (!is_long && word[2] != 0) { /* -cFILE */
        if (o->type == CLI_FLAG)
            return unknown_option(cli, word);
        value = word + 2;
    }
    if (o->type == CLI_FLAG && value != NULL)
        return cli_fail(cli, CLI_USAGE, where, "leave the value out", "this option takes none");
    if (cli->values[n] != NULL && o->type != CLI_FLAG)
        return cli_fail(cli, CLI_USAGE, where, "give it once", "given twice");
    if (o->type == CLI_FLAG)
        value = "";
    else if (value == NULL && ++*i < argc)
        value = argv[*i];
    if (value == NULL)
        return cli_fail(cli, CLI_USAGE, where, "give a value after it", "the value is missing");
    cli->values[n] = value;
    return check_value(cli, o, value);
}

static int take_words(struct cli *cli, int argc, char **argv, int first)
{
    bool options = true;

    for (int i = first; i < argc; i++) {
        int code = CLI_DONE;
        if (options && strcmp(argv[i], "--") == 0)
            options = false;
        else if (options && argv[i][0] == '-' && argv[i][1] != 0)
            code = take_option(cli, argc, argv, &i);
        else
            cli->args[cli->count++] = argv[i];
        if (code != CLI_DONE)
            return code;
    }
    return CLI_DONE;
}

static int check_count(struct cli *cli)
{
    const struct cli_verb *v = cli->verb;
    char where[80];

    snprintf(where, sizeof where, "%s%s%s", v->name, v->sub != NULL ? " " : "",
             v->sub != NULL ? v->sub : "");
    if (cli->count < v->min_args)
        return cli_fail(cli, CLI_USAGE, where, "see --help", "it needs %s", v->usage);
    if (v->max_args >= 0 && cli->count > v->max_args)
        return cli_fail(cli, CLI_USAGE, where, "see --help", "'%s' is one argument too many",
                        cli->args[v->max_args]);
    return CLI_DONE;
}

/* Standard input can be read once: a second reader would find it empty, and sign nothing. */
static int check_stdin(const struct cli *cli)
{
    static const char *const inputs[] = {
        "key",     "trust",           "signature",           "proof",   "check",
        "of",      "passphrase-file", "new-passphrase-file", "input",   "output",
        "earlier", "against",         "ledger-key",          "witness", "key-passphrase-file"};
    const bool decaps = cli->verb->sub != NULL && strcmp(cli->verb->sub, "decaps") == 0;
    int count = decaps && cli_string(cli, "ct") != NULL && strcmp(cli_string(cli, "ct"), "-") == 0;

    for (size_t i = 0; i < HEAD2_LEN(inputs); i++) {
        const char *value = cli_string_if(cli, inputs[i]);
        count += value != NULL && strcmp(value, "-") == 0;
    }
    for (int i = 0; i < cli->count; i++)
        count += strcmp(cli->args[i], "-") == 0;
    if (count > 1)
        return cli_fail(cli, CLI_USAGE, "-", "name files for all but one",
                        "standard input is named %d times and can be read once", count);
    return CLI_DONE;
}

static int unknown_verb(struct cli *cli, const char *group, const char *word)
{
    const char *names[96] = {0};
    size_t count = 0;
    char hint[160];

    for (size_t i = 0; i < cli_verb_count && count < HEAD2_LEN(names); i++)
        if (group == NULL || (strcmp(cli_verbs[i].name, group) == 0 && cli_verbs[i].sub != NULL))
            names[count++] = group == NULL ? cli_verbs[i].name : cli_verbs[i].sub;
    const char *near = nearest_name(word, names, count);
    const char *space = group != NULL ? " " : "";
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean 'head2 %s%s%s'?", group != NULL ? group : "",
                 space, near);
    else
        snprintf(hint, sizeof hint, HELP);
    return cli_fail(cli, CLI_USAGE, group, hint, "unknown verb '%s'", word);
}

/* Find the verb of argv; 0 when it is found, *first then is the first word after it. */
static int choose_verb(struct cli *cli, int argc, char **argv, int *first)
{
    const char *name = argc > 1 ? argv[1] : NULL;

    if (name == NULL)
        return cli_fail(cli, CLI_USAGE, NULL, HELP, "no verb given");
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    if (name[0] == '-')
        return cli_fail(cli, CLI_USAGE, name, HELP, "options come after the verb");
    *first = 2;
    if (!cli_is_group(name)) {
        cli->verb = cli_find_verb(name, NULL);
        return cli->verb != NULL ? CLI_DONE : unknown_verb(cli, NULL, name);
    }
    const char *sub = argc > 2 ? argv[2] : NULL;
    cli->verb = sub == NULL || sub[0] == '-' ? cli_find_verb(name, NULL) : NULL;
    if (cli->verb != NULL)
        return CLI_DONE;
    if (sub != NULL && (strcmp(sub, "--help") == 0 || strcmp(sub, "-h") == 0)) {
        cli_help_group(cli, name);
        return CLI_DONE;
    }
    if (sub == NULL || sub[0] == '-')
        return needs_subverb(cli, name);
    cli->verb = cli_find_verb(name, sub);
    *first = 3;
    return cli->verb != NULL ? CLI_DONE : unknown_verb(cli, name, sub);
}

/* A standard stream that the caller closed would be the next file that is opened, and what is
 * printed would go into it. Something stands there instead, which can be neither read nor written.
 */
static void hold_standard_streams(void)
{
    for (int fd = 0; fd < 3; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_PATH | O_CLOEXEC) != fd)
            _exit(CLI_INTERNAL);
}

/* The library passes over a HEAD2_ISA that it does not know; a person who set it wants to hear. */
static int check_isa(const struct cli *cli)
{
    const char *name = getenv("HEAD2_ISA");

    if (name == NULL || cpu_isa_from_name(name) != CPU_LEVELS)
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, "HEAD2_ISA", "set portable, avx2 or avx512, or unset it",
                    "no instruction set is named '%s'", name);
}

int cli_main(int argc, char **argv)
{
    struct cli cli = {0};
    int first = 0;

    hold_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is then EPIPE, which cli_flush knows */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        cli.json |= strcmp(argv[i], "--json") == 0; /* errors of the parser heed it too */
    int code = choose_verb(&cli, argc, argv, &first);
    if (code != CLI_DONE || cli.verb == NULL)
        return cli_flush(&cli, code);
    cli.args = calloc((size_t)argc + 1, sizeof *cli.args);
    if (cli.args == NULL)
        return cli_fail(&cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    code = take_words(&cli, argc, argv, first);
    if (code == CLI_DONE && cli_flag(&cli, "help"))
        cli_help_verb(&cli, cli.verb);
    else if (code == CLI_DONE && (code = check_count(&cli)) == CLI_DONE &&
             (code = check_stdin(&cli)) == CLI_DONE && (code = check_isa(&cli)) == CLI_DONE)
        code = cli.verb->run(&cli);
    code = cli_flush(&cli, code);
    free(cli.args);
    return code;
}
