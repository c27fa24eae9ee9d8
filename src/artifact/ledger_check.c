/* see ledger_check.h */
#include "artifact/ledger_check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NAMED 256 /* entries that differ from their tiles, between two checkpoints, by number */

/* Only what is compared; the signature is looked at when the checkpoint comes. */
struct mark {
    char name[128];
    uint64_t size;
    uint8_t root[MERKLE_BYTES];
    bool kept, fits;
};

/* The largest checkpoint as it is, with what witnesses have added. */
struct newest {
    char *note;
    size_t len;
    uint64_t size;
    char name[128];
};

struct ledger_check {
    const struct head2_key *key;
    ledger_found_fn *found;
    void *arg;
    struct mark *marks; /* by size, once the first entry comes */
    size_t n, room, at;
    bool sorted;
    struct newest newest[2];  /* own, and kept elsewhere */
    struct merkle_edge edge;  /* of the entries; of the tiles where an entry is missing */
    struct merkle_edge other; /* the other way round, while they differ */
    uint64_t differ[NAMED], n_differ;
    struct ledger_summary sum;
};

enum head2_status ledger_check_new(struct ledger_check **out, const struct head2_key *key,
                                   ledger_found_fn *found, void *arg)
{
    struct ledger_check *c = calloc(1, sizeof *c);

    *out = c;
    if (c == NULL)
        return HEAD2_E_MEMORY;
    c->key = key;
    c->found = found;
    c->arg = arg;
    return HEAD2_OK;
}

void ledger_check_free(struct ledger_check *c)
{
    if (c == NULL)
        return;
    free(c->newest[0].note);
    free(c->newest[1].note);
    free(c->marks);
    free(c);
}

static void report(struct ledger_check *c, struct ledger_finding f)
{
    c->sum.faults += f.kind != LEDGER_UNSIGNED;
    c->found(c->arg, &f);
}

void ledger_check_bad_file(struct ledger_check *c, const char *name, const char *fmt, ...)
{
    char why[200];
    va_list args;

    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    report(c, (struct ledger_finding){.kind = LEDGER_BAD_FILE, .name = name, .why = why});
}

/* ---- checkpoints ---- */

static struct mark *new_mark(struct ledger_check *c)
{
    if (c->n == c->room) {
        const size_t room = c->room != 0 ? 2 * c->room : 64;
        struct mark *more = realloc(c->marks, room * sizeof *more);
        if (more == NULL)
            return NULL;
        c->marks = more;
        c->room = room;
    }
    return &c->marks[c->n++];
}

/* Of one size the one with more lines. */
static enum head2_status keep_newest(struct newest *to, const char *name, uint64_t size,
                                     const char *note, size_t len)
{
    if (to->note != NULL && (size < to->size || (size == to->size && len <= to->len)))
        return HEAD2_OK;
    char *const copy = malloc(len);
    if (copy == NULL)
        return HEAD2_E_MEMORY;
    memcpy(copy, note, len);
    free(to->note);
    *to = (struct newest){.note = copy, .len = len, .size = size};
    snprintf(to->name, sizeof to->name, "%s", name);
    return HEAD2_OK;
}

enum head2_status ledger_check_note(struct ledger_check *c, const char *name, const char *note,
                                    size_t len, bool kept)
{
    struct ledger_finding f = {.name = name};
    struct checkpoint point;

    HEAD2_REQUIRES(!c->sorted);
    c->sum.kept += kept;
    if (checkpoint_parse(&point, note, len, &f.why) != HEAD2_OK) {
        f.kind = LEDGER_BAD_NOTE;
        report(c, f);
        return HEAD2_OK;
    }
    if (checkpoint_check(&point, c->key) != HEAD2_OK) {
        f.kind = LEDGER_BAD_SIGNER;
        report(c, f);
        return HEAD2_OK;
    }
    struct mark *m = new_mark(c);
    if (m == NULL)
        return HEAD2_E_MEMORY;
    *m = (struct mark){.size = point.size, .kept = kept};
    snprintf(m->name, sizeof m->name, "%s", name);
    memcpy(m->root, point.root, sizeof m->root);
    return keep_newest(&c->newest[kept], name, point.size, note, len);
}

uint64_t ledger_check_signed(const struct ledger_check *c)
{
    uint64_t most = 0;

    for (size_t i = 0; i < c->n; i++)
        if (!c->marks[i].kept && c->marks[i].size > most)
            most = c->marks[i].size;
    return most;
}

static int by_size(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return (int)x->kept - (int)y->kept; /* the ledger's own before those kept elsewhere */
}

/* ---- entries ---- */

/* The entries that are not as their tiles have them; kind says which of the two is wrong. */
static void tell_differing(struct ledger_check *c, enum ledger_fault_kind kind, const char *why)
{
    for (uint64_t i = 0; i < c->n_differ && i < NAMED; i++)
        report(c, (struct ledger_finding){
                      .kind = kind, .from = c->differ[i], .to = c->differ[i] + 1, .why = why});
    if (c->n_differ > NAMED)
        report(c,
               (struct ledger_finding){
                   .kind = kind, .from = c->differ[NAMED - 1] + 1, .to = c->edge.size, .why = why});
    c->n_differ = 0;
}

/* The first of the marks of this size that has this root, or NULL. */
static const struct mark *with_root(const struct ledger_check *c, const struct merkle_edge *edge)
{
    uint8_t root[MERKLE_BYTES];

    merkle_root(root, edge);
    for (size_t i = c->at; i < c->n && c->marks[i].size == edge->size; i++)
        if (memcmp(c->marks[i].root, root, sizeof root) == 0)
            return &c->marks[i];
    return NULL;
}

/* All checkpoints of the size that has been reached. */
static void compare(struct ledger_check *c)
{
    const struct mark *fits = with_root(c, &c->edge);

    if (fits != NULL) {
        tell_differing(c, LEDGER_BAD_TILE, NULL);
    } else if (c->n_differ != 0) {
        fits = with_root(c, &c->other);
        if (fits != NULL) {
            c->edge = c->other;
            tell_differing(c, LEDGER_CHANGED, NULL);
        }
    }
    for (; c->at < c->n && c->marks[c->at].size == c->edge.size; c->at++) {
        struct mark *m = &c->marks[c->at];
        m->fits = fits != NULL && memcmp(m->root, fits->root, sizeof m->root) == 0;
        if (!m->fits || m->kept)
            continue;
        c->sum.checkpoints += c->sum.is_signed != m->size || m->size == 0;
        c->sum.is_signed = m->size;
    }
}

static void begin(struct ledger_check *c)
{
    if (c->sorted)
        return;
    c->sorted = true;
    if (c->n != 0)
        qsort(c->marks, c->n, sizeof *c->marks, by_size);
    compare(c);
}

void ledger_check_leaf(struct ledger_check *c, const uint8_t *leaf, const uint8_t *in_tile)
{
    begin(c);
    if (leaf == NULL)
        leaf = in_tile;
    if (in_tile == NULL)
        in_tile = leaf;
    if (memcmp(leaf, in_tile, MERKLE_BYTES) != 0) {
        if (c->n_differ == 0)
            c->other = c->edge;
        if (c->n_differ < NAMED)
            c->differ[c->n_differ] = c->edge.size;
        c->n_differ++;
    }
    if (!merkle_append(&c->edge, leaf) || (c->n_differ != 0 && !merkle_append(&c->other, in_tile)))
        return;
    if (c->at < c->n && c->marks[c->at].size == c->edge.size)
        compare(c);
}

/* ---- the end ---- */

static void tell_two_roots(struct ledger_check *c)
{
    for (size_t i = 1; i < c->n; i++) {
        const struct mark *a = &c->marks[i - 1], *b = &c->marks[i];
        if (a->size == b->size && memcmp(a->root, b->root, sizeof a->root) != 0)
            report(c, (struct ledger_finding){.kind = LEDGER_TWO_ROOTS,
                                              .from = a->size,
                                              .to = a->size,
                                              .name = a->name,
                                              .why = b->name});
    }
}

/* Of those that do not fit: the first of the ledger's own and the first kept elsewhere; there may
 * be thousands after it. What lies below a checkpoint that fits is as it was signed, so it is the
 * other one that tells another story; behind the last that fits the entries may be wrong. True
 * where they are. */
static bool tell_misfits(struct ledger_check *c, bool kept, uint64_t last_fit)
{
    bool earlier = false;

    for (size_t i = 0; i < c->at; i++) {
        const struct mark *m = &c->marks[i];
        const bool below = m->size <= last_fit;
        if (m->fits || m->kept != kept || (earlier && below))
            continue;
        if (below || kept)
            report(c, (struct ledger_finding){LEDGER_FORK, 0, m->size, m->name, NULL});
        else
            report(c, (struct ledger_finding){LEDGER_CHANGED, last_fit, m->size, m->name, NULL});
        earlier = true;
        if (!below)
            return true;
    }
    return false;
}

static void tell_missing(struct ledger_check *c)
{
    const struct mark *most[2] = {NULL, NULL};

    for (size_t i = c->at; i < c->n; i++)
        most[c->marks[i].kept] = &c->marks[i];
    for (unsigned kept = 0; kept < 2; kept++)
        if (most[kept] != NULL)
            report(c, (struct ledger_finding){kept ? LEDGER_ROLLED_BACK : LEDGER_CUT, c->edge.size,
                                              most[kept]->size, most[kept]->name, NULL});
}

bool ledger_check_witness(struct ledger_check *c, const struct head2_key *key,
                          struct cosignature *out, uint64_t *size)
{
    const struct newest *const of = &c->newest[c->newest[1].note != NULL];
    const enum head2_status st =
        of->note != NULL ? cosignature_check(out, of->note, of->len, key) : HEAD2_E_STATE;

    *size = of->size;
    if (st != HEAD2_OK)
        report(c, (struct ledger_finding){.kind = LEDGER_NO_WITNESS,
                                          .name = of->note != NULL ? of->name : "checkpoint",
                                          .why = st == HEAD2_E_VERIFY ? "it does not hold"
                                                                      : "there is none"});
    return st == HEAD2_OK;
}

/* The smallest of the checkpoints of these entries that has at least those of m. */
static const struct mark *fit_above(const struct ledger_check *c, const struct mark *m)
{
    for (size_t i = 0; i < c->at; i++)
        if (c->marks[i].fits && c->marks[i].size >= m->size)
            return &c->marks[i];
    return NULL;
}

bool ledger_check_conflict(const struct ledger_check *c, struct ledger_conflict *out)
{
    const struct mark *a = NULL, *b = NULL;

    for (size_t i = 1; i < c->n && b == NULL; i++) {
        a = &c->marks[i - 1];
        if (a->size == c->marks[i].size && memcmp(a->root, c->marks[i].root, sizeof a->root) != 0)
            b = &c->marks[i];
    }
    for (size_t i = 0; i < c->at && b == NULL; i++) {
        a = &c->marks[i];
        b = a->fits || a->size == 0 ? NULL : fit_above(c, a);
    }
    if (b == NULL)
        return false;
    *out = (struct ledger_conflict){
        .size = {a->size, b->size}
    };
    memcpy(out->root[0], a->root, sizeof a->root);
    memcpy(out->root[1], b->root, sizeof b->root);
    return true;
}

void ledger_check_end(struct ledger_check *c, struct ledger_summary *out)
{
    uint64_t last_fit = 0;

    begin(c);
    for (size_t i = 0; i < c->at; i++)
        last_fit = c->marks[i].fits ? c->marks[i].size : last_fit;
    tell_two_roots(c);
    tell_differing(c, LEDGER_CHANGED, "its tile has another hash, and no checkpoint tells");
    if (!tell_misfits(c, false, last_fit)) /* what is kept can be compared with what is right */
        (void)tell_misfits(c, true, last_fit);
    tell_missing(c);
    if (c->sum.checkpoints == 0 && c->edge.size != 0)
        report(c, (struct ledger_finding){LEDGER_NONE_SIGNED, 0, c->edge.size, NULL, NULL});
    else if (c->sum.faults == 0 && c->sum.is_signed < c->edge.size)
        report(c, (struct ledger_finding){LEDGER_UNSIGNED, c->sum.is_signed, c->edge.size, NULL,
                                          NULL});
    c->sum.entries = c->edge.size;
    merkle_root(c->sum.root, &c->edge);
    *out = c->sum;
}

/* ---- a ledger ---- */

struct feed {
    struct ledger_check *c;
    struct ledger *l;
    ledger_progress_fn *progress;
    void *arg;
    enum head2_status st;
};

static bool feed_note(void *arg, uint64_t size, const char *note, size_t len)
{
    struct feed *feed = arg;
    char name[40];

    snprintf(name, sizeof name, "checkpoint %llu", (unsigned long long)size);
    feed->st = ledger_check_note(feed->c, name, note, len, false);
    return feed->st == HEAD2_OK;
}

static bool feed_entry(void *arg, const struct ledger_entry *e)
{
    struct feed *feed = arg;
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[MERKLE_BYTES], in_tile[MERKLE_BYTES];
    const struct merkle_nodes nodes = ledger_nodes(feed->l);

    ledger_leaf(leaf, e);
    merkle_leaf(hash, leaf, sizeof leaf);
    const bool has_tile = nodes.get(nodes.arg, 0, e->index, in_tile) == HEAD2_OK;
    if (!has_tile && e->index % LEDGER_TILE == 0)
        ledger_check_bad_file(feed->c, LEDGER_FILE, "tile 0/%llu is missing",
                              (unsigned long long)(e->index / LEDGER_TILE));
    ledger_check_leaf(feed->c, hash, has_tile ? in_tile : NULL);
    if (e->index % 1024 == 0)
        feed->progress(feed->arg, e->index);
    return true;
}

static bool is_node(const uint8_t hash[MERKLE_BYTES], const uint8_t left[MERKLE_BYTES],
                    const uint8_t right[MERKLE_BYTES])
{
    uint8_t want[MERKLE_BYTES];

    merkle_node(want, left, right);
    return memcmp(want, hash, sizeof want) == 0;
}

/* Tiles above the first level, against those that they are made of. */
static void check_tiles(struct feed *feed)
{
    const struct merkle_nodes nodes = ledger_nodes(feed->l);
    uint8_t left[MERKLE_BYTES], right[MERKLE_BYTES], above[MERKLE_BYTES];

    for (unsigned level = 8; ledger_size(feed->l) >> level != 0; level += 8) {
        for (uint64_t n = 0; n < ledger_size(feed->l) >> level; n++) {
            if (nodes.get(nodes.arg, level - 1, 2 * n, left) != HEAD2_OK ||
                nodes.get(nodes.arg, level - 1, 2 * n + 1, right) != HEAD2_OK ||
                nodes.get(nodes.arg, level, n, above) != HEAD2_OK || !is_node(above, left, right))
                ledger_check_bad_file(feed->c, LEDGER_FILE, "hash %llu of tile level %u is wrong",
                                      (unsigned long long)n, level / 8);
        }
    }
}

enum head2_status ledger_check_ledger(struct ledger_check *c, struct ledger *l,
                                      ledger_progress_fn *progress, void *arg,
                                      struct ledger_fault *fault)
{
    struct feed feed = {.c = c, .l = l, .progress = progress, .arg = arg};
    enum head2_status st = ledger_each_note(l, feed_note, &feed, fault);

    if (st == HEAD2_OK)
        st = feed.st;
    if (st == HEAD2_OK)
        st = ledger_each(l, 0, feed_entry, &feed, fault);
    if (st == HEAD2_OK)
        check_tiles(&feed);
    return st;
}
