/*
 * head2 store show and policy: what a key may be used for, and changing that.
 */
#include "artifact/utc.h"
#include "cli/keys.h"
#include "cli/stores.h"
#include "cli/verbs.h"

#include <errno.h>
#include <stdlib.h>

/* ---- the options ---- */

static int read_purposes(const struct cli *cli, struct store_meta *m)
{
    const char *const text = cli_string(cli, "purposes");
    const uint32_t of_signatures = STORE_SIGN | STORE_VERIFY;
    const uint32_t made_here = m->purposes & STORE_MADE_HERE; /* no purpose, and stays */
    const uint32_t all =
        head2_alg_is_signature(m->alg) ? of_signatures : STORE_PURPOSES & ~of_signatures;

    if (text == NULL)
        return CLI_DONE;
    if (!cli_store_purposes_read(&m->purposes, text))
        return cli_fail(cli, CLI_USAGE, text,
                        "give some of sign, verify, encapsulate, decapsulate, derive, seal, "
                        "output, with commas, or none",
                        "there is no such purpose");
    if ((m->purposes & ~all) != 0)
        return cli_fail(cli, CLI_USAGE, text,
                        head2_alg_is_signature(m->alg)
                            ? "give some of sign, verify"
                            : "give some of encapsulate, decapsulate, derive, seal, output",
                        "an %s key cannot be used so", head2_alg_name(m->alg));
    m->purposes |= made_here;
    return CLI_DONE;
}

/* Digits up to an end. */
static bool read_count(uint32_t *out, const char **p, char end)
{
    char *stop;

    errno = 0;
    const unsigned long n = strtoul(*p, &stop, 10);
    if (**p < '0' || **p > '9' || errno != 0 || n == 0 || n > UINT32_MAX || *stop != end)
        return false;
    *out = (uint32_t)n;
    *p = stop + 1;
    return true;
}

static int read_rate(const struct cli *cli, struct store_meta *m)
{
    const char *const text = cli_string(cli, "rate"), *p = text;

    if (text == NULL)
        return CLI_DONE;
    m->rate_count = m->rate_seconds = 0;
    if (strcmp(text, "none") == 0 ||
        (read_count(&m->rate_count, &p, '/') && read_count(&m->rate_seconds, &p, 0)))
        return CLI_DONE;
    return cli_fail(cli, CLI_USAGE, text, "as in 100/60, 100 uses in 60 s, or none",
                    "this is no rate");
}

static bool read_time(uint64_t *ms, const char *text, size_t len)
{
    *ms = 0;
    return len == 0 || utc_parse_human(ms, text, len) == HEAD2_OK;
}

static int read_validity(const struct cli *cli, struct store_meta *m)
{
    const char *const text = cli_string(cli, "valid");

    if (text == NULL)
        return CLI_DONE;
    m->not_before_ms = m->not_after_ms = 0;
    if (strcmp(text, "none") == 0)
        return CLI_DONE;
    const char *const dots = strstr(text, "..");
    if (dots == NULL || !read_time(&m->not_before_ms, text, (size_t)(dots - text)) ||
        !read_time(&m->not_after_ms, dots + 2, strlen(dots + 2)))
        return cli_fail(cli, CLI_USAGE, text,
                        "as in 2027-01-01..2028-01-01T12:00:00Z, of which one may be left out",
                        "this is no validity");
    if (m->not_after_ms != 0 && m->not_after_ms <= m->not_before_ms)
        return cli_fail(cli, CLI_USAGE, text, "give a later end", "it ends before it begins");
    return CLI_DONE;
}

static int read_approver(const struct cli *cli, struct store_meta *m)
{
    const char *const path = cli_string(cli, "approver");
    struct head2_key *key = NULL;

    if (path == NULL)
        return CLI_DONE;
    memset(m->approver, 0, sizeof m->approver);
    if (strcmp(path, "none") == 0)
        return CLI_DONE;
    const int code = cli_read_key(cli, path, CLI_KEY_VERIFY, &key);
    if (code == CLI_DONE)
        head2_key_id(key, m->approver);
    head2_key_free(key);
    return code;
}

int cli_store_policy(const struct cli *cli, struct store_meta *m)
{
    int (*const reads[])(const struct cli *, struct store_meta *) = {read_purposes, read_rate,
                                                                     read_validity, read_approver};
    int code = CLI_DONE;

    for (size_t i = 0; code == CLI_DONE && i < HEAD2_LEN(reads); i++)
        code = reads[i](cli, m);
    return code;
}

/* ---- verbs ---- */

int cmd_store_show(struct cli *cli)
{
    const struct store_meta *m;
    struct store *s;
    int code = cli_store_look(cli, &s);

    if (code == CLI_DONE)
        code = cli_store_find(cli, s, cli->args[0], &m);
    if (code == CLI_DONE)
        cli_store_print_object(cli, m);
    store_close(s);
    return code;
}

int cmd_store_policy(struct cli *cli)
{
    const struct store_meta *found;
    struct store_fault fault = {0};
    struct store_meta m;
    struct store *s;

    if (!cli_flag(cli, "purposes") && !cli_flag(cli, "rate") && !cli_flag(cli, "valid") &&
        !cli_flag(cli, "approver"))
        return cli_fail(cli, CLI_USAGE, cli->args[0],
                        "give --purposes, --rate, --valid or --approver; 'head2 store show' shows "
                        "what there is",
                        "nothing is to be changed");
    int code = cli_store_open(cli, &s);
    if (code == CLI_DONE)
        code = cli_store_find(cli, s, cli->args[0], &found);
    if (code == CLI_DONE) {
        m = *found;
        code = cli_store_policy(cli, &m);
    }
    if (code == CLI_DONE) {
        const enum head2_status st = store_update(s, &m, &fault);
        code = st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &fault);
    }
    if (code == CLI_DONE)
        cli_store_print_object(cli, store_find(s, m.id));
    return cli_store_finish(cli, s, code);
}
