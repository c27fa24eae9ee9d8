/* What a check of a ledger finds, in words. See ledger_check.h. */
#include "artifact/ledger_check.h"

#include <stdio.h>

static void range_text(char *out, size_t cap, const struct ledger_finding *f)
{
    if (f->to - f->from <= 1)
        snprintf(out, cap, "entry %llu is", (unsigned long long)f->from);
    else
        snprintf(out, cap, "some of the entries %llu to %llu are", (unsigned long long)f->from,
                 (unsigned long long)f->to - 1);
}

void ledger_finding_text(char out[LEDGER_FINDING_TEXT], const struct ledger_finding *f)
{
    const char *const name = f->name != NULL ? f->name : "";
    const char *const why = f->why != NULL ? f->why : "";
    const unsigned long long from = f->from, to = f->to;
    char range[80];

    range_text(range, sizeof range, f);
#define SAY(...) snprintf(out, LEDGER_FINDING_TEXT, __VA_ARGS__)
    switch (f->kind) {
    case LEDGER_BAD_FILE:
        SAY("%s: %s", name, why);
        break;
    case LEDGER_BAD_NOTE:
        SAY("%s: not a checkpoint: %s", name, why);
        break;
    case LEDGER_BAD_SIGNER:
        SAY("%s: changed, or not signed by this ledger's key", name);
        break;
    case LEDGER_CHANGED:
        SAY("%s not what was signed%s%s%s%s", range, *name != 0 ? " in " : "", name,
            *why != 0 ? ": " : "", why);
        break;
    case LEDGER_BAD_TILE:
        SAY("%s as signed, and not as in the tile", range);
        break;
    case LEDGER_CUT:
        SAY("%s speaks of %llu entries, and %llu are here: the end is cut off", name, to, from);
        break;
    case LEDGER_FORK:
        SAY("%s: fork: the %llu entries that it signs are not the first %llu here", name, to, to);
        break;
    case LEDGER_ROLLED_BACK:
        SAY("%s, kept elsewhere, has %llu entries, and %llu are here: rolled back, or cut off",
            name, to, from);
        break;
    case LEDGER_TWO_ROOTS:
        SAY("%s and %s: two roots for %llu entries: keep both files, they prove that the signer "
            "has signed two histories",
            name, why, to);
        break;
    case LEDGER_NO_WITNESS:
        SAY("%s: no good cosignature of that witness: %s", name, why);
        break;
    case LEDGER_NONE_SIGNED:
        SAY("%llu entries and no checkpoint that holds: nothing is signed", to);
        break;
    case LEDGER_UNSIGNED:
        SAY("entries %llu to %llu come after the last checkpoint: not signed", from, to - 1);
        break;
    }
#undef SAY
}
