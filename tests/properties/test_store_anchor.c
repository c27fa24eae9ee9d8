/*
 * Anchors of the sealed store in a ledger: their one form, which of them counts, and what a store
 * is told to be that is compared with one.
 */
#include "check.h"
#include "store_fixture.h"

#include "keeper/store_ledger.h"

static const struct store_anchor sample = {
    .id = {1,    2,    3   },
      .revision = 1842, .digest = {0xab, 0xcd, 0xef}
};

static void one_form(void)
{
    static const char *const lines[] = {"# Store Anchor 1842\n", "\nStore: 010203000000",
                                        "\nDigest: sha3-256:abcdef00", "\nSubject: 010203000000",
                                        "\n.mu: store_1842.mu"};
    struct store_anchor_entry e;
    struct store_anchor back;

    GOOD(store_anchor_write(&e, &sample, MS));
    e.text[e.entry.text_len] = 0;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        CHECK_SAY(strstr(e.text, lines[i]) != NULL, "no '%s' in '%s'", lines[i], e.text);
    GOOD(store_anchor_read(&back, &e.entry));
    CHECK_MEM(&back, &sample, sizeof back);
    /* every bit of every byte; those of the time, the revision and the digits give another one */
    for (size_t i = 0; i < e.entry.text_len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            e.text[i] ^= (char)(1 << bit);
            if (store_anchor_read(&back, &e.entry) == HEAD2_OK) {
                struct store_anchor_entry again;
                uint64_t ms = MS; /* the time is not the anchor's */
                CHECK(strspn(e.text + i, "0123456789abcdef") > 0);
                GOOD(store_anchor_write(&again, &back, ms));
                CHECK_EQ(again.entry.text_len, e.entry.text_len);
            }
            e.text[i] ^= (char)(1 << bit);
        }
    for (size_t len = e.entry.text_len; e.entry.text_len > 0;) {
        e.entry.text_len = --len;
        CHECK_EQ(store_anchor_read(&back, &e.entry), HEAD2_E_MALFORMED);
    }
}

static void forged_ones(void)
{
    static const char *const bad[] = {
        "",
        "# Store Anchor 1",
        "# Store Anchor 01\n",
        "# Store Anchor 99999999999999999999999999\nTimestamp: 2026-11-22T10:33:44.700Z\nStore: "
        "01020300000000000000000000000000\nDigest: sha3-256:"
        "abcdef0000000000000000000000000000000000000000000000000000000000\n",
    };
    struct store_anchor back;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct ledger_entry e = {
            .kind = RECEIPT_STORE, .text = bad[i], .text_len = strlen(bad[i])};
        CHECK_EQ(store_anchor_read(&back, &e), HEAD2_E_MALFORMED);
    }
    struct store_anchor_entry e;
    GOOD(store_anchor_write(&e, &sample, MS));
    e.entry.kind = LEDGER_KIND_OTHER; /* what anybody may append */
    CHECK_EQ(store_anchor_read(&back, &e.entry), HEAD2_E_MALFORMED);
}

/* ---- in a ledger ---- */

static struct ledger *ledger;
static struct ledger_fault ledger_fault;

static void append(const struct store_anchor *a, uint8_t kind)
{
    struct store_anchor_entry e;

    GOOD(store_anchor_write(&e, a, MS));
    e.entry.kind = kind;
    CHECK_EQ(ledger_append(ledger, &e.entry, 1, &ledger_fault), HEAD2_OK);
}

static void the_highest_counts(void)
{
    struct head2_key *const key = fixed_key(HEAD2_MLDSA_44, 9);
    struct store_anchor a = sample, found;

    new_folder();
    CHECK_EQ(ledger_open(&ledger, in_folder("ledger"), LEDGER_APPEND, key, &ledger_fault),
             HEAD2_OK);
    CHECK_EQ(store_anchor_find(&found, ledger, sample.id, &ledger_fault), HEAD2_E_STATE);
    append(&a, RECEIPT_STORE);
    a.revision = 7; /* older, appended later */
    append(&a, RECEIPT_STORE);
    a.revision = 5000; /* in a text of another kind */
    append(&a, LEDGER_KIND_OTHER);
    a.id[0] ^= 1; /* of another store */
    append(&a, RECEIPT_STORE);
    a = sample;
    a.digest[0] ^= 1; /* the same number again: the first counts */
    append(&a, RECEIPT_STORE);
    CHECK_EQ(store_anchor_find(&found, ledger, sample.id, &ledger_fault), HEAD2_OK);
    CHECK_MEM(&found, &sample, sizeof found);
    CHECK_EQ(store_anchor_find(&found, ledger, NULL, &ledger_fault), HEAD2_OK);
    CHECK_EQ(found.revision, 5000);
    ledger_close(ledger);
    head2_key_free(key);
    sweep_store();
}

/* ---- compared ---- */

static enum head2_status compare(const struct store_anchor *with)
{
    struct store *s = reopen();
    const enum head2_status st = store_anchor_check(s, with, &fault);

    store_close(s);
    return st;
}

static void older_newer_and_another(void)
{
    struct store_anchor at[4];

    new_folder();
    struct store *s = create();
    for (unsigned i = 0; i < 4; i++) {
        store_get_anchor(s, &at[i]);
        GOOD(put_number(s, i, HEAD2_MLDSA_44));
    }
    store_close(s); /* at revision 5 */
    for (unsigned i = 0; i < 4; i++)
        GOOD(compare(&at[i]));
    struct store_anchor a;
    s = reopen();
    store_get_anchor(s, &a);
    store_close(s);
    GOOD(compare(&a));
    a.digest[31] ^= 1;
    CHECK_EQ(compare(&a), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "another history: revision 5") != NULL);
    at[3].digest[0] ^= 1;
    CHECK_EQ(compare(&at[3]), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "another history: revision 4") != NULL);
    a.revision++;
    CHECK_EQ(compare(&a), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "is at revision 5, and was anchored at 6") != NULL);
    a = at[0];
    a.id[15] ^= 1;
    CHECK_EQ(compare(&a), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "not the store that was anchored") != NULL);
    sweep_store();
}

int main(void)
{
    RUN(one_form);
    RUN(forged_ones);
    RUN(the_highest_counts);
    RUN(older_newer_and_another);
    CHECK_EXIT();
}
