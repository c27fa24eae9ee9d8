/*
 * What the front matter has to say: required keys, their values, and permissions.
 */
#include "artifact/maml_parts.h"

#include "base/nearest.h"

#include <stdio.h>

#define NEAR_KEYS 64 /* of the map that a mistyped key is looked for in */

static const char *const actions[] = {"read", "write", "execute"};

/* The key of the front matter that is spelled nearly so, and is no key of ours. */
static const char *mistyped(const struct maml *m, const char *key)
{
    static const char *const known[] = {"maml_version", "schema",      "id",        "type",
                                        "origin",       "permissions", "created_at"};
    const char *names[NEAR_KEYS];
    size_t n = 0;

    for (uint32_t i = m->nodes[0].first; i != MAML_NONE && n < NEAR_KEYS; i = m->nodes[i].next) {
        bool is_known = false;
        for (size_t k = 0; k < HEAD2_LEN(known); k++)
            is_known = is_known || strcmp(known[k], m->nodes[i].key) == 0;
        if (!is_known)
            names[n++] = m->nodes[i].key;
    }
    return n > 0 ? nearest_name(key, names, n) : NULL;
}

/* The node of a required key, MAML_NONE when it is missing, which is said. */
static uint32_t require(struct maml *m, const char *key, enum maml_rule rule)
{
    const struct maml_place top = {1, 1};
    const uint32_t n = maml_get(m, 0, key);
    char mend[120];

    if (n != MAML_NONE)
        return n;
    const char *near = mistyped(m, key);
    if (near != NULL)
        snprintf(mend, sizeof mend, "rename '%.60s', if that is meant", near);
    else
        snprintf(mend, sizeof mend, "add a line '%s: ...' to the front matter", key);
    maml_say(m, rule, top, mend, "no '%s' in the front matter", key);
    return MAML_NONE;
}

/* The text of a node that must be a scalar with something in it, else NULL. */
static const char *one_value(struct maml *m, uint32_t node)
{
    const struct maml_node *n = &m->nodes[node];

    if (n->kind == MAML_SCALAR && *n->text != 0)
        return n->text;
    maml_say(m, RULE_VALUE, n->at, "give it one value, in double quotes", "'%.60s' is %s", n->key,
             n->kind == MAML_SCALAR ? "empty" : "not a single value");
    return NULL;
}

static bool is_uuid_urn(const char *text)
{
    static const char form[] = "urn:uuid:########-####-####-####-############";

    if (strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i] != 0; i++) {
        const char c = text[i];
        const bool is_hex =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (form[i] == '#' ? !is_hex : c != form[i])
            return false;
    }
    return true;
}

static void check_dialect(struct maml *m)
{
    const uint32_t schema = maml_get(m, 0, "schema");
    const uint32_t version = maml_get(m, 0, "maml_version");

    if (schema == MAML_NONE) {
        const uint32_t n = require(m, "maml_version", RULE_ESSENTIAL_KEY);
        if (n != MAML_NONE && one_value(m, n) != NULL)
            m->dialect = MAML_DIALECT_VERSION;
        return;
    }
    if (one_value(m, schema) != NULL)
        m->dialect = MAML_DIALECT_SCHEMA;
    if (version == MAML_NONE)
        return;
    m->dialect = MAML_DIALECT_VERSION;
    maml_say(m, RULE_DIALECT, m->nodes[schema].at, "keep one of them",
             "both 'maml_version' and 'schema': readers go by one or the other");
}

/* ---- permissions ---- */

static void check_patterns(struct maml *m, uint32_t action)
{
    const struct maml_node *a = &m->nodes[action];
    bool known = false;

    for (size_t i = 0; i < HEAD2_LEN(actions); i++)
        known = known || strcmp(a->key, actions[i]) == 0;
    if (!known)
        maml_say(m, RULE_PERMISSIONS, a->at, "use read, write and execute",
                 "'%.60s' is not an action", a->key);
    if (a->kind == MAML_MAP)
        maml_say(m, RULE_PERMISSIONS, a->at, "write [\"agent://NAME\", ...]",
                 "'%.60s' is a map, not a list of agents", a->key);
    if (a->kind != MAML_LIST)
        return;
    for (uint32_t i = a->first; i != MAML_NONE; i = m->nodes[i].next)
        if (m->nodes[i].kind != MAML_SCALAR)
            maml_say(m, RULE_PERMISSIONS, m->nodes[i].at, "write [\"agent://NAME\", ...]",
                     "an agent of '%.60s' is not a single value", a->key);
}

static void check_permissions(struct maml *m)
{
    const uint32_t p = require(m, "permissions", RULE_REQUIRED_KEY);

    if (p == MAML_NONE)
        return;
    if (m->nodes[p].kind != MAML_MAP) {
        maml_say(m, RULE_PERMISSIONS, m->nodes[p].at, "write 'read: [\"agent://*\"]' below it",
                 "'permissions' is not a map of read, write and execute");
        return;
    }
    for (uint32_t i = m->nodes[p].first; i != MAML_NONE; i = m->nodes[i].next)
        check_patterns(m, i);
}

/* Goes back to the newest `*` alone, which is enough. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *from = NULL;

    while (*text != 0) {
        if (*pattern == '*') {
            star = pattern++;
            from = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++from;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == 0;
}

static bool names_agent(const struct maml_node *n, const char *agent)
{
    return n->kind == MAML_SCALAR && *n->text != 0 && matches(n->text, agent);
}

bool maml_may(const struct maml *maml, const char *agent, const char *action)
{
    const uint32_t list = maml_get(maml, maml_get(maml, 0, "permissions"), action);

    if (list == MAML_NONE || *agent == 0 || strlen(agent) > MAML_AGENT)
        return false;
    if (maml->nodes[list].kind == MAML_SCALAR)
        return names_agent(&maml->nodes[list], agent);
    for (uint32_t i = maml->nodes[list].first; i != MAML_NONE; i = maml->nodes[i].next)
        if (names_agent(&maml->nodes[i], agent))
            return true;
    return false;
}

/* ---- all keys ---- */

void maml_check_keys(struct maml *m)
{
    const char *text;
    uint32_t n;

    if (m->node_count == 0) /* not YAML: that is said already */
        return;
    check_dialect(m);
    n = require(m, "id", RULE_ESSENTIAL_KEY);
    text = n != MAML_NONE ? one_value(m, n) : NULL;
    if (text != NULL && !is_uuid_urn(text))
        maml_say(m, RULE_ID, m->nodes[n].at, "write urn:uuid: and a UUID",
                 "the id is not of the form urn:uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
    static const char *const plain[] = {"type", "origin"};
    for (size_t i = 0; i < HEAD2_LEN(plain); i++) {
        n = require(m, plain[i], RULE_REQUIRED_KEY);
        if (n != MAML_NONE)
            (void)one_value(m, n);
    }
    check_permissions(m);
    n = require(m, "created_at", RULE_REQUIRED_KEY);
    text = n != MAML_NONE ? one_value(m, n) : NULL;
    if (text != NULL && !maml_is_time(text, strlen(text)))
        maml_say(m, RULE_CREATED_AT, m->nodes[n].at, "write 2026-03-01T08:00:00Z",
                 "created_at is not a time of ISO 8601");
}
