/* see rules.h */
#include "keeper/rules.h"

static bool has_context(const struct keeper_rules *r, struct keeper_bytes context)
{
    for (const char *const *c = r->contexts; *c != NULL; c++)
        if (strlen(*c) == context.len && memcmp(*c, context.at, context.len) == 0)
            return true;
    return false;
}

enum head2_status keeper_rules_allow(const struct keeper_rules *r, const struct keeper_message *ask,
                                     const char **why)
{
    switch (ask->type) {
    case KEEPER_STATUS:
    case KEEPER_RANDOM:
        return HEAD2_OK;
    case KEEPER_FIND:
        *why = "a front has one key";
        return ask->label.len == r->label.len &&
                       memcmp(ask->label.at, r->label.at, r->label.len) == 0
                   ? HEAD2_OK
                   : HEAD2_E_POLICY;
    case KEEPER_EXPORT:
    case KEEPER_SIGN:
        break;
    default:
        *why = "a front may not ask for this";
        return HEAD2_E_POLICY;
    }
    *why = "a front has one key";
    if (memcmp(ask->key, r->key, sizeof r->key) != 0)
        return HEAD2_E_POLICY;
    *why = "a front signs under the contexts of its protocols"; /* which a mu does not show */
    return ask->type == KEEPER_EXPORT ||
                   ((ask->flags & KEEPER_SIGN_MU) == 0 && has_context(r, ask->context))
               ? HEAD2_OK
               : HEAD2_E_POLICY;
}
