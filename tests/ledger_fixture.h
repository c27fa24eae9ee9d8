/*
 * What the tests of the ledger's faults share: a key, entries that are known by their number, and
 * what has to hold of a ledger that is made of them.
 */
#ifndef HEAD2_TESTS_LEDGER_FIXTURE_H
#define HEAD2_TESTS_LEDGER_FIXTURE_H

#include "artifact_fixture.h"

#include "artifact/ledger_check.h"
#include "artifact/ledger_db.h"

#define MS UINT64_C(1795000000000)

static struct head2_key *key;
static struct artifact_signer signer;
static struct ledger_fault fault;

#define ENTRIES 4000
static struct ledger_entry entry_of(uint64_t i)
{
    static char text[ENTRIES][24];

    CHECK(i < ENTRIES);
    snprintf(text[i], sizeof text[i], "entry %llu", (unsigned long long)i);
    return (struct ledger_entry){.kind = (uint8_t)(i % 200),
                                 .ms = MS - i, /* a clock that runs back is none of its business */
                                 .subject = "abc-1",
                                 .number = i * 7,
                                 .text = text[i],
                                 .text_len = strlen(text[i])};
}

__attribute__((unused)) static enum head2_status try_append(struct ledger *l, unsigned n)
{
    static struct ledger_entry e[ENTRIES];

    for (unsigned i = 0; i < n; i++)
        e[i] = entry_of(ledger_size(l) + i);
    return ledger_append(l, e, n, &fault);
}

__attribute__((unused)) static void append(struct ledger *l, unsigned n)
{
    const enum head2_status st = try_append(l, n);
    CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
}

/* The clock runs back here too. */
__attribute__((unused)) static enum head2_status try_sign(struct ledger *l)
{
    return ledger_sign(l, &signer, MS + 5 - ledger_size(l), &fault);
}

static struct merkle_edge edge;
static bool see(void *arg, const struct ledger_entry *e)
{
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[32];
    const struct ledger_entry want = entry_of(e->index);

    (void)arg;
    CHECK_EQ(e->index, edge.size);
    CHECK_EQ(e->kind, want.kind);
    CHECK_EQ(e->ms, want.ms);
    CHECK_EQ(e->number, want.number);
    CHECK_EQ(e->text_len, want.text_len);
    CHECK_MEM(e->text, want.text, want.text_len);
    ledger_leaf(leaf, e);
    merkle_leaf(hash, leaf, sizeof leaf);
    CHECK(merkle_append(&edge, hash));
    return true;
}

__attribute__((unused)) static void no_progress(void *arg, uint64_t done)
{
    (void)arg;
    (void)done;
}

static void tell(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    (void)arg;
    ledger_finding_text(text, f);
    CHECK_SAY(f->kind == LEDGER_UNSIGNED, "%s", text);
}

/* Entries, the tiles' root, and every checkpoint. */
__attribute__((unused)) static void check_whole(struct ledger *l)
{
    const struct merkle_nodes nodes = ledger_nodes(l);
    uint8_t a[32], b[32];
    struct ledger_check *c;
    struct ledger_summary sum;

    memset(&edge, 0, sizeof edge);
    CHECK_EQ(ledger_each(l, 0, see, NULL, &fault), HEAD2_OK);
    CHECK_EQ(edge.size, ledger_size(l));
    merkle_root(a, &edge);
    CHECK_EQ(merkle_root_at(b, &nodes, ledger_size(l)), HEAD2_OK);
    CHECK_MEM(a, b, 32);
    if (l->is_signed == 0)
        return;
    CHECK_EQ(ledger_check_new(&c, key, tell, NULL), HEAD2_OK);
    CHECK_EQ(ledger_check_ledger(c, l, no_progress, NULL, &fault), HEAD2_OK);
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    CHECK_EQ(sum.faults, 0);
}

#endif
