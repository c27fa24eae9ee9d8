/* see entropy_text.h */
#include "artifact/entropy_text.h"

#include <stdarg.h>
#include <stdio.h>

#define NAME_OF(names, value) ((size_t)(value) < HEAD2_LEN(names) ? (names)[value] : "unknown")

const char *entropy_policy_name(enum head2_entropy_policy policy)
{
    static const char *const names[] = {"auto", "two", "single", "fast", "compat"};
    return NAME_OF(names, policy);
}

const char *entropy_reseed_name(enum head2_entropy_reseed reseed)
{
    static const char *const names[] = {"strict", "90a"};
    return NAME_OF(names, reseed);
}

const char *entropy_generator_name(enum head2_generator generator)
{
    static const char *const names[] = {"ctr-drbg", "xdrbg-256"};
    return NAME_OF(names, generator);
}

const char *entropy_kind_name(enum head2_entropy_kind kind)
{
    static const char *const names[] = {"physical", "non-physical", "additional"};
    return NAME_OF(names, kind);
}

const char *entropy_state_name(enum head2_entropy_state state)
{
    static const char *const names[] = {"untested", "good", "quarantined", "failed", "absent"};
    return NAME_OF(names, state);
}

const char *entropy_event_name(enum head2_entropy_event_kind kind)
{
    static const char *const names[] = {"entropy-single", "entropy-quarantined", "entropy-failed",
                                        "entropy-absent", "entropy-recovered",   "entropy-closed",
                                        "entropy-open"};
    return NAME_OF(names, kind);
}

/* ---- receipts ---- */

struct line {
    char *text;
    size_t len, room;
};

static void add(struct line *l, const char *fmt, ...) HEAD2_PRINTF(2, 3);

/* The buffers have room for all sources; one that had not would be cut, not overrun. */
static void add(struct line *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(l->text + l->len, l->room - l->len, fmt, ap);
    va_end(ap);
    l->len = n < 0 || (size_t)n >= l->room - l->len ? l->room - 1 : l->len + (size_t)n;
}

static const char *state_of(const struct head2_entropy_info *info, const char *name)
{
    for (unsigned i = 0; i < info->n; i++)
        if (strcmp(info->source[i].name, name) == 0)
            return entropy_state_name(info->source[i].state);
    return "unknown";
}

/* "rdseed 256, jitter 256 bits" */
static void add_credits(struct line *l, const char *what, const struct head2_entropy_provenance *p,
                        const double *bits)
{
    bool any = false;

    for (unsigned i = 0; i < p->n; i++) {
        if (!(bits[i] > 0))
            continue;
        if (!any)
            add(l, "%s%s ", l->len != 0 ? "; " : "", what);
        add(l, "%s%s %.0f", any ? ", " : "", p->name[i], bits[i]);
        any = true;
    }
    if (any)
        add(l, " bits");
}

void entropy_text(struct entropy_text *out, const struct head2_entropy_provenance *p,
                  const struct head2_entropy_info *info)
{
    struct line sources = {out->sources, 0, sizeof out->sources};
    struct line credited = {out->credited, 0, sizeof out->credited};
    struct line health = {out->health, 0, sizeof out->health};

    out->sources[0] = out->credited[0] = out->health[0] = 0;
    for (unsigned i = 0; i < p->n; i++) {
        if (!(p->seeded[i] > 0) && !(p->reseeded[i] > 0))
            continue;
        add(&sources, "%s%s", sources.len != 0 ? ", " : "", p->name[i]);
        add(&health, "%s%s %s", health.len != 0 ? ", " : "", p->name[i],
            state_of(info, p->name[i]));
    }
    add_credits(&credited, "seed", p, p->seeded);
    add_credits(&credited, "reseed", p, p->reseeded);
    snprintf(out->generator, sizeof out->generator, "%s, policy %s, reseed %s%s",
             p->generator == HEAD2_GENERATOR_XDRBG ? "XDRBG-256 (SHAKE256)" : "CTR_DRBG (AES-256)",
             entropy_policy_name(p->policy), entropy_reseed_name(p->reseed),
             p->fresh ? ", prediction resistance" : "");
}

char *entropy_text_keep(const struct entropy_text *t)
{
    char *kept;

    return asprintf(&kept, "%s\n%s\n%s\n%s\n", t->sources, t->credited, t->health, t->generator) >=
                   0
               ? kept
               : NULL;
}

static const char *take_line(char *out, size_t room, const char *from)
{
    const size_t len = strcspn(from, "\n");

    snprintf(out, room, "%.*s", (int)len, from);
    return from + len + (from[len] != 0);
}

void entropy_text_take(struct entropy_text *out, const char *kept)
{
    kept = take_line(out->sources, sizeof out->sources, kept);
    kept = take_line(out->credited, sizeof out->credited, kept);
    kept = take_line(out->health, sizeof out->health, kept);
    (void)take_line(out->generator, sizeof out->generator, kept);
}

void entropy_text_now(struct entropy_text *out)
{
    struct head2_entropy_provenance p;
    struct head2_entropy_info info;

    if (head2_random_provenance(&p) != HEAD2_OK) {
        *out = (struct entropy_text){"not known", "not known", "not known", "not known"};
        return;
    }
    head2_entropy_info(&info);
    entropy_text(out, &p, &info);
}
