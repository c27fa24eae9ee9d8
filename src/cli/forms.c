/* see forms.h */
#include "cli/forms.h"

static const struct {
    const char *name, *suffix;
} forms[] = {
    [CLI_FORM_AUTO] = {"auto",     ""         },
    [CLI_FORM_MAML] = {"maml",     ""         },
    [CLI_FORM_DETACHED] = {"detached", ".sig.maml"},
    [CLI_FORM_RAW] = {"raw",      ".sig"     },
};

const char *cli_form_name(enum cli_form form)
{
    return forms[form].name;
}

const char *cli_form_suffix(enum cli_form form)
{
    return forms[form].suffix;
}

bool cli_ends_in(const char *name, const char *suffix)
{
    const size_t n = strlen(name), s = strlen(suffix);
    return n > s && strcmp(name + n - s, suffix) == 0;
}

enum cli_form cli_form_of(enum cli_form form, const char *path)
{
    if (form != CLI_FORM_AUTO)
        return form;
    return cli_ends_in(path, ".maml.md") ? CLI_FORM_MAML : CLI_FORM_DETACHED;
}

int cli_form_option(const struct cli *cli, enum cli_form *form)
{
    const char *name = cli_string(cli, "form");

    *form = CLI_FORM_AUTO;
    for (size_t i = 0; name != NULL && i < HEAD2_LEN(forms); i++)
        if (strcasecmp(name, forms[i].name) == 0)
            *form = (enum cli_form)i;
    if (cli_flag(cli, "raw")) {
        if (name != NULL && *form != CLI_FORM_RAW)
            return cli_fail(cli, CLI_USAGE, "--raw", "leave one of them out",
                            "it contradicts --form %s", name);
        *form = CLI_FORM_RAW;
    }
    const char *context = cli_string(cli, "context");
    if (context != NULL && *form != CLI_FORM_RAW)
        return cli_fail(cli, CLI_USAGE, "--context", "add --raw",
                        "only a raw signature takes a context; a block has its own");
    if (context != NULL && strlen(context) > 255)
        return cli_fail(cli, CLI_USAGE, "--context", "use at most 255 bytes",
                        "the context is too long");
    return CLI_DONE;
}
