/*
 * What verbs print with: checked standard output, one-line errors, JSON, exit codes for failures.
 *
 * Names of files and words of users can hold anything; in an error they are shown with control
 * characters escaped, so that an error is one line whatever was typed.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

/* Copy text into out with control characters as \n, \t or \xNN; always terminated. */
static void escape(char *out, size_t cap, const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p != 0 && n + 5 < cap; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n' || c == '\t') {
            out[n++] = '\\';
            out[n++] = c == '\n' ? 'n' : 't';
        } else if (c < 0x20 || c == 0x7f) {
            n += (size_t)snprintf(out + n, cap - n, "\\x%02x", c);
        } else {
            out[n++] = (char)c;
        }
    }
    out[n] = 0;
}

/* Text that may not be UTF-8 (file names) as a JSON string: other bytes become '?'. */
static json_t *json_text(const char *text)
{
    json_t *s = json_string(text);
    char plain[LINE_MAX_BYTES];
    size_t n = 0;

    if (s != NULL)
        return s;
    for (; text[n] != 0 && n + 1 < sizeof plain; n++)
        plain[n] = (unsigned char)text[n] < 0x80 ? text[n] : '?';
    plain[n] = 0;
    return json_string(plain);
}

static void fail_json(enum cli_exit code, const char *where, const char *hint, const char *what)
{
    json_t *o = json_object();
    char *line = NULL;

    if (o != NULL && json_object_set_new(o, "error", json_text(what)) == 0 &&
        json_object_set_new(o, "where", where != NULL ? json_text(where) : json_null()) == 0 &&
        json_object_set_new(o, "hint", hint != NULL ? json_text(hint) : json_null()) == 0 &&
        json_object_set_new(o, "code", json_integer(code)) == 0)
        line = json_dumps(o, JSON_COMPACT);
    fprintf(stderr, "%s\n", line != NULL ? line : "{\"error\":\"out of memory\",\"code\":7}");
    free(line);
    json_decref(o);
}

int cli_fail(const struct cli *cli, enum cli_exit code, const char *where, const char *hint,
             const char *fmt, ...)
{
    char what[LINE_MAX_BYTES / 2], shown[LINE_MAX_BYTES];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (cli != NULL && cli->json) {
        fail_json(code, where, hint, what);
        return (int)code;
    }
    char line[LINE_MAX_BYTES];
    snprintf(line, sizeof line, "%s%s%s%s%s", where != NULL ? where : "", where != NULL ? ": " : "",
             what, hint != NULL ? "; " : "", hint != NULL ? hint : "");
    escape(shown, sizeof shown, line);
    fprintf(stderr, "head2: %s\n", shown);
    return (int)code;
}

struct error_advice {
    int error;
    enum cli_exit code;
    const char *hint;
};

static const struct error_advice advice[] = {
    {ENOENT,       CLI_INPUT,   "check the name"                                          },
    {ENOTDIR,      CLI_INPUT,   "check the path: a part of it is not a folder"            },
    {EISDIR,       CLI_INPUT,   "give a file, not a folder"                               },
    {ENAMETOOLONG, CLI_INPUT,   "use a shorter name"                                      },
    {ELOOP,        CLI_INPUT,   "check the symbolic links"                                },
    {EACCES,       CLI_REFUSED, "change the permissions, or run as the owner"             },
    {EPERM,        CLI_REFUSED, "change the permissions, or run as the owner"             },
    {EROFS,        CLI_REFUSED, "choose a place that is not mounted read-only"            },
    {ENOSPC,       CLI_REFUSED, "free some space, or choose another place"                },
    {EDQUOT,       CLI_REFUSED, "free some space, or choose another place"                },
    {EFBIG,        CLI_REFUSED, "raise the file size limit, or choose another place"      },
    {EEXIST,       CLI_REFUSED, "remove it first, or choose another name"                 },
    {ETXTBSY,      CLI_REFUSED, "stop the program that uses it"                           },
    {EMFILE,       CLI_REFUSED, "raise the limit of open files (ulimit -n)"               },
    {ENFILE,       CLI_REFUSED, "raise the system's limit of open files"                  },
    {EIO,          CLI_INPUT,   "check the disk: the system reports a read or write error"},
    {EBADF,        CLI_REFUSED, "leave standard input and output open"                    },
    {EAGAIN,       CLI_REFUSED, "try again when the other process is done"                },
};

int cli_fail_errno(const struct cli *cli, const char *where, int error, const char *doing)
{
    for (size_t i = 0; i < HEAD2_LEN(advice); i++)
        if (advice[i].error == error)
            return cli_fail(cli, advice[i].code, where, advice[i].hint, "%s: %s", doing,
                            strerror(error));
    return cli_fail(cli, CLI_INPUT, where, "see the system's message above", "%s: %s", doing,
                    strerror(error));
}

enum cli_exit cli_status_exit(enum head2_status status)
{
    switch (status) {
    case HEAD2_OK:
        return CLI_DONE;
    case HEAD2_E_VERIFY:
        return CLI_FAILED;
    case HEAD2_E_MALFORMED:
    case HEAD2_E_UNSUPPORTED:
    case HEAD2_E_LIMIT:
    case HEAD2_E_IO:
        return CLI_INPUT;
    case HEAD2_E_POLICY:
    case HEAD2_E_PASSPHRASE:
    case HEAD2_E_STATE:
        return CLI_REFUSED;
    case HEAD2_E_ENTROPY:
    case HEAD2_E_HEALTH:
        return CLI_HEALTH;
    case HEAD2_E_ARG:
    case HEAD2_E_SPACE:
    case HEAD2_E_CRYPTO:
    case HEAD2_E_MEMORY:
        break;
    }
    return CLI_INTERNAL;
}

void cli_write(struct cli *cli, const void *bytes, size_t len)
{
    if (cli->out_errno != 0 || len == 0)
        return;
    errno = 0;
    if (fwrite(bytes, 1, len, stdout) != len)
        cli->out_errno = errno != 0 ? errno : EIO;
}

void cli_print(struct cli *cli, const char *fmt, ...)
{
    va_list ap;

    if (cli->out_errno != 0)
        return;
    va_start(ap, fmt);
    errno = 0;
    if (vfprintf(stdout, fmt, ap) < 0)
        cli->out_errno = errno != 0 ? errno : EIO;
    va_end(ap);
}

void cli_print_json(struct cli *cli, json_t *object)
{
    char *line = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

    if (line != NULL)
        cli_print(cli, "%s\n", line);
    else if (cli->out_errno == 0)
        cli->out_errno = ENOMEM;
    free(line);
    json_decref(object);
}

/* Bring out what is buffered; code is the exit code so far, which an output error replaces. */
int cli_flush(struct cli *cli, int code)
{
    errno = 0;
    if (fflush(stdout) != 0 && cli->out_errno == 0)
        cli->out_errno = errno != 0 ? errno : EIO;
    if (cli->out_errno == 0)
        return code;
    if (cli->out_errno == EPIPE)
        return code != CLI_DONE ? code : CLI_PIPE;
    int failed = cli_fail_errno(cli, "standard output", cli->out_errno, "cannot write");
    return code != CLI_DONE ? code : failed;
}

bool cli_colour(void)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && (no == NULL || *no == 0) && term != NULL &&
           strcmp(term, "dumb") != 0;
}

size_t cli_enum_item(const char *list, size_t n, const char **item)
{
    for (; n > 0; n--) {
        list = strchr(list, '|');
        if (list == NULL)
            return 0;
        list++;
    }
    *item = list;
    return strcspn(list, "|");
}
