/*
 * Completion scripts for bash, zsh and fish, made from the table in verbs.c.
 *
 * Each script knows verbs, subverbs, options, the values of enum options, and where a file or a
 * folder is wanted.
 */
#include "cli/cli.h"

static bool first_of_name(size_t i)
{
    return i == 0 || strcmp(cli_verbs[i].name, cli_verbs[i - 1].name) != 0;
}

static void all_names(struct cli *cli)
{
    for (size_t i = 0; i < cli_verb_count; i++)
        if (first_of_name(i))
            cli_print(cli, "%s%s", i > 0 ? " " : "", cli_verbs[i].name);
}

static void subs_of(struct cli *cli, const char *name)
{
    const char *space = "";

    for (size_t i = 0; i < cli_verb_count; i++) {
        if (cli_verbs[i].sub != NULL && strcmp(cli_verbs[i].name, name) == 0) {
            cli_print(cli, "%s%s", space, cli_verbs[i].sub);
            space = " ";
        }
    }
}

/* The values of an enum with blanks between. */
static void enum_words(struct cli *cli, const char *list)
{
    const char *item;
    size_t len;

    for (size_t n = 0; (len = cli_enum_item(list, n, &item)) != 0; n++)
        cli_print(cli, "%s%.*s", n > 0 ? " " : "", (int)len, item);
}

static void option_words(struct cli *cli, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++)
        cli_print(cli, " --%s", o->name);
}

static void bash_verb(struct cli *cli, const struct cli_verb *v)
{
    cli_print(cli, "    '%s %s')\n        case $prev in\n", v->name, v->sub != NULL ? v->sub : "");
    for (const struct cli_option *o = v->options; o != NULL && o->name != NULL; o++) {
        if (o->type == CLI_FLAG)
            continue;
        cli_print(cli, "        --%s", o->name);
        if (o->letter != 0)
            cli_print(cli, " | -%c", o->letter);
        cli_print(cli, ") ");
        if (o->type == CLI_ENUM) {
            cli_print(cli, "COMPREPLY=($(compgen -W '");
            enum_words(cli, o->value);
            cli_print(cli, "' -- \"$cur\")); ");
        } else if (o->type == CLI_FILE || o->type == CLI_DIR) {
            cli_print(cli,
                      "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -%c -- \"$cur\"); ",
                      o->type == CLI_FILE ? 'f' : 'd');
        }
        cli_print(cli, "return ;;\n");
    }
    cli_print(cli, "        esac\n        options='");
    option_words(cli, v->options);
    option_words(cli, cli_common);
    cli_print(cli, "' ;;\n");
}

static void bash(struct cli *cli)
{
    cli_print(cli, "# bash completion for head2\n_head2() {\n"
                   "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                   "    local verb=${COMP_WORDS[1]} sub= options=\n    COMPREPLY=()\n"
                   "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                   "        COMPREPLY=($(compgen -W '");
    all_names(cli);
    cli_print(cli, "' -- \"$cur\"))\n        return\n    fi\n    case $verb in\n");
    for (size_t i = 0; i < cli_verb_count; i++) {
        if (!first_of_name(i) || !cli_is_group(cli_verbs[i].name))
            continue;
        cli_print(cli,
                  "    %s)\n        sub=${COMP_WORDS[2]}\n        [[ $sub == -* ]] && sub=\n"
                  "        if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
                  "            COMPREPLY=($(compgen -W '",
                  cli_verbs[i].name);
        subs_of(cli, cli_verbs[i].name);
        cli_print(cli, "' -- \"$cur\"))\n            return\n        fi ;;\n");
    }
    cli_print(cli, "    esac\n    case \"$verb $sub\" in\n");
    for (size_t i = 0; i < cli_verb_count; i++)
        bash_verb(cli, &cli_verbs[i]);
    cli_print(cli,
              "    esac\n    case $cur in\n"
              "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
              "    *) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
              "    esac\n}\ncomplete -F _head2 head2\n");
}

/* Text inside single quotes, with what zsh's _arguments and fish would read left out. */
static void quoted(struct cli *cli, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '\'')
            cli_print(cli, "'\\''");
        else if (*text == '[' || *text == ']' || *text == ':')
            cli_print(cli, "\\%c", *text);
        else
            cli_write(cli, text, 1);
    }
}

static void zsh_options(struct cli *cli, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        cli_print(cli, " \\\n            '--%s[", o->name);
        quoted(cli, o->help);
        cli_print(cli, "]");
        if (o->type == CLI_ENUM) {
            cli_print(cli, ":value:(");
            enum_words(cli, o->value);
            cli_print(cli, ")");
        } else if (o->type != CLI_FLAG) {
            cli_print(cli, ":%s:%s", o->type == CLI_DIR ? "folder" : "value",
                      o->type == CLI_FILE  ? "_files"
                      : o->type == CLI_DIR ? "_files -/"
                                           : " ");
        }
        cli_print(cli, "'");
    }
}

static void zsh(struct cli *cli)
{
    cli_print(cli, "#compdef head2\n_head2() {\n    local verb=$words[2] sub=\n"
                   "    if (( CURRENT == 2 )); then\n        compadd -- ");
    all_names(cli);
    cli_print(cli, "\n        return\n    fi\n    case $verb in\n");
    for (size_t i = 0; i < cli_verb_count; i++) {
        if (!first_of_name(i) || !cli_is_group(cli_verbs[i].name))
            continue;
        cli_print(cli,
                  "    %s)\n        sub=$words[3]\n        [[ $sub == -* ]] && sub=\n        if (( "
                  "CURRENT == 3 )); then\n"
                  "            compadd -- ",
                  cli_verbs[i].name);
        subs_of(cli, cli_verbs[i].name);
        cli_print(cli, "\n            return\n        fi\n        ;;\n");
    }
    cli_print(cli, "    esac\n    case \"$verb $sub\" in\n");
    for (size_t i = 0; i < cli_verb_count; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        cli_print(cli, "    '%s %s')\n        _arguments", v->name, v->sub != NULL ? v->sub : "");
        zsh_options(cli, v->options);
        zsh_options(cli, cli_common);
        cli_print(cli, " \\\n            '*:file:_files'\n        ;;\n");
    }
    cli_print(cli, "    esac\n}\n_head2 \"$@\"\n");
}

static void fish_text(struct cli *cli, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '\'' || *text == '\\')
            cli_print(cli, "\\");
        cli_write(cli, text, 1);
    }
}

static void fish_options(struct cli *cli, const struct cli_verb *v, const struct cli_option *o)
{
    for (; o != NULL && o->name != NULL; o++) {
        cli_print(cli, "complete -c head2 -n '__fish_seen_subcommand_from %s", v->name);
        if (v->sub != NULL)
            cli_print(cli, "; and __fish_seen_subcommand_from %s", v->sub);
        cli_print(cli, "' -l %s", o->name);
        if (o->letter != 0)
            cli_print(cli, " -s %c", o->letter);
        if (o->type == CLI_ENUM) {
            cli_print(cli, " -x -a '");
            enum_words(cli, o->value);
            cli_print(cli, "'");
        } else if (o->type != CLI_FLAG) {
            cli_print(cli, o->type == CLI_FILE || o->type == CLI_DIR ? " -r -F" : " -x");
        }
        cli_print(cli, " -d '");
        fish_text(cli, o->help);
        cli_print(cli, "'\n");
    }
}

static void fish(struct cli *cli)
{
    cli_print(cli, "# fish completion for head2\n");
    for (size_t i = 0; i < cli_verb_count; i++) {
        const struct cli_verb *v = &cli_verbs[i];
        if (first_of_name(i)) {
            cli_print(cli, "complete -c head2 -n __fish_use_subcommand -f -a %s -d '", v->name);
            fish_text(cli, v->help);
            cli_print(cli, "'\n");
        }
        if (v->sub != NULL) {
            cli_print(cli,
                      "complete -c head2 -f -n '__fish_seen_subcommand_from %s; and not "
                      "__fish_seen_subcommand_from ",
                      v->name);
            subs_of(cli, v->name);
            cli_print(cli, "' -a %s -d '", v->sub);
            fish_text(cli, v->help);
            cli_print(cli, "'\n");
        }
        fish_options(cli, v, v->options);
        fish_options(cli, v, cli_common);
    }
}

int cli_complete(struct cli *cli, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        bash(cli);
    else if (strcmp(shell, "zsh") == 0)
        zsh(cli);
    else if (strcmp(shell, "fish") == 0)
        fish(cli);
    else
        return cli_fail(cli, CLI_USAGE, "completion", "choose bash, zsh or fish",
                        "no completions for '%s'", shell);
    return CLI_DONE;
}
