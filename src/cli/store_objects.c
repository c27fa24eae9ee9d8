/* What the verbs of the sealed store say of an object, and how one is named: see stores.h. */
#include "cli/stores.h"

#include "artifact/base64.h"
#include "artifact/utc.h"
#include "cli/keys.h"

#include <stdio.h>

/* ---- names ---- */

#define ID_DIGITS_MIN 8

static bool names(const struct store_meta *m, const char *name)
{
    char id[CLI_KEY_ID_TEXT] = {0};
    const size_t len = strlen(name);

    hex_encode(id, m->id, sizeof m->id);
    return strcmp(m->label, name) == 0 || (len >= ID_DIGITS_MIN && strncmp(id, name, len) == 0);
}

int cli_store_find(const struct cli *cli, const struct store *s, const char *name,
                   const struct store_meta **out)
{
    size_t found = 0;

    *out = NULL;
    for (size_t i = 0; i < store_count(s); i++)
        if (names(store_at(s, i), name)) {
            *out = store_at(s, i);
            found++;
        }
    if (found == 1)
        return CLI_DONE;
    if (found > 1)
        return cli_fail(cli, CLI_INPUT, name, "give the whole id", "%zu keys are called so", found);
    return cli_fail(cli, CLI_INPUT, name, "'head2 store list' shows what there is",
                    "there is no such key in the store");
}

const char *cli_store_state_name(enum store_state state)
{
    static const char *const texts[] = {"", "pre-active", "active", "deactivated", "revoked"};

    return (size_t)state < HEAD2_LEN(texts) ? texts[state] : "";
}

const char *cli_store_wrap_name(enum store_wrap_type type)
{
    static const char *const texts[] = {"", "passphrase", "key-file", "credential", "tpm"};

    return (size_t)type < HEAD2_LEN(texts) ? texts[type] : "";
}

static const struct {
    uint32_t bit;
    const char *name;
} purposes[] = {
    {STORE_SIGN,        "sign"       },
    {STORE_VERIFY,      "verify"     },
    {STORE_ENCAPSULATE, "encapsulate"},
    {STORE_DECAPSULATE, "decapsulate"},
    {STORE_DERIVE,      "derive"     },
    {STORE_SEAL,        "seal"       },
    {STORE_OUTPUT,      "output"     },
};

bool cli_store_purposes_read(uint32_t *out, const char *text)
{
    *out = 0;
    if (strcmp(text, "none") == 0)
        return true;
    for (const char *p = text; p != NULL; p = *p == ',' ? p + 1 : NULL) {
        const size_t len = strcspn(p, ",");
        size_t i = 0;
        while (i < HEAD2_LEN(purposes) &&
               (strlen(purposes[i].name) != len || memcmp(purposes[i].name, p, len) != 0))
            i++;
        if (i == HEAD2_LEN(purposes))
            return false;
        *out |= purposes[i].bit;
        p += len;
    }
    return true;
}

static void purposes_write(char out[CLI_STORE_PURPOSES_TEXT], uint32_t bits)
{
    size_t at = 0;

    snprintf(out, CLI_STORE_PURPOSES_TEXT, "none");
    for (size_t i = 0; i < HEAD2_LEN(purposes); i++)
        if ((bits & purposes[i].bit) != 0)
            at += (size_t)snprintf(out + at, CLI_STORE_PURPOSES_TEXT - at, "%s%s",
                                   at != 0 ? "," : "", purposes[i].name);
}

/* ---- one object ---- */

static void time_json(json_t *o, const char *name, uint64_t ms)
{
    char when[UTC_BYTES + 1];

    if (ms == 0)
        return;
    utc_format(when, ms);
    json_object_set_new(o, name, json_string(when));
}

json_t *cli_store_object_json(const struct store_meta *m)
{
    char id[CLI_KEY_ID_TEXT] = {0};

    hex_encode(id, m->id, sizeof m->id);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:b, s:I}", "key_id", id, "label", m->label,
                  "algorithm", head2_alg_name(m->alg), "state", cli_store_state_name(m->state),
                  "purposes", (json_int_t)m->purposes, "uses", (json_int_t)m->uses, "extractable",
                  m->extractable, "revision", (json_int_t)m->revision);
    if (store_has_approver(m)) {
        hex_encode(id, m->approver, sizeof m->approver);
        json_object_set_new(o, "approver", json_string(id));
    }
    if (m->rate_count != 0) {
        json_object_set_new(o, "rate_count", json_integer(m->rate_count));
        json_object_set_new(o, "rate_seconds", json_integer(m->rate_seconds));
    }
    time_json(o, "created", m->created_ms);
    time_json(o, "activated", m->activated_ms);
    time_json(o, "deactivated", m->deactivated_ms);
    time_json(o, "not_before", m->not_before_ms);
    time_json(o, "not_after", m->not_after_ms);
    return o;
}

static void print_time(struct cli *cli, const char *name, uint64_t ms)
{
    char when[UTC_BYTES + 1];

    if (ms == 0)
        return;
    utc_format(when, ms);
    cli_print(cli, "%-12s %s\n", name, when);
}

static void print_text(struct cli *cli, const struct store_meta *m)
{
    char id[CLI_KEY_ID_TEXT] = {0}, may[CLI_STORE_PURPOSES_TEXT];

    hex_encode(id, m->id, sizeof m->id);
    purposes_write(may, m->purposes);
    cli_print(cli, "key id       %s\nlabel        %s\nalgorithm    %s\nstate        %s\n", id,
              m->label, head2_alg_name(m->alg), cli_store_state_name(m->state));
    cli_print(cli, "purposes     %s\nextractable  %s\nuses         %llu\n", may,
              m->extractable ? "yes" : "no", (unsigned long long)m->uses);
    if (store_has_approver(m)) {
        hex_encode(id, m->approver, sizeof m->approver);
        cli_print(cli, "approver     %s\n", id);
    }
    if (m->rate_count != 0)
        cli_print(cli, "rate         %u uses in %u s\n", m->rate_count, m->rate_seconds);
    print_time(cli, "created", m->created_ms);
    print_time(cli, "activated", m->activated_ms);
    print_time(cli, "deactivated", m->deactivated_ms);
    print_time(cli, "not before", m->not_before_ms);
    print_time(cli, "not after", m->not_after_ms);
}

void cli_store_print_object(struct cli *cli, const struct store_meta *m)
{
    if (cli->json)
        cli_print_json(cli, cli_store_object_json(m));
    else
        print_text(cli, m);
}
