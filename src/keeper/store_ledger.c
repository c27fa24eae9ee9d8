/* see store_ledger.h */
#include "keeper/store_ledger.h"

#include "artifact/base64.h"
#include "artifact/utc.h"
#include "keeper/store_db.h"

#include <inttypes.h>
#include <stdio.h>

static const char stamp[] = "\nTimestamp: ", digest_label[] = "\nDigest: sha3-256:";

enum head2_status store_anchor_write(struct store_anchor_entry *out, const struct store_anchor *a,
                                     uint64_t ms)
{
    char digest[sizeof "sha3-256:" + 2 * STORE_DIGEST_BYTES] = "sha3-256:";
    const struct receipt_field fields[] = {
        {"Store",  out->subject},
        {"Digest", digest      },
    };
    const struct receipt_event e = {RECEIPT_STORE, a->revision, ms,
                                    out->subject,  fields,      HEAD2_LEN(fields)};
    size_t len = sizeof out->text;

    memset(out->subject, 0, sizeof out->subject);
    hex_encode(out->subject, a->id, sizeof a->id);
    hex_encode(digest + strlen(digest), a->digest, sizeof a->digest);
    const enum head2_status st = receipt_text(&e, out->text, &len);
    out->entry = (struct ledger_entry){.kind = RECEIPT_STORE,
                                       .subject = out->subject,
                                       .number = a->revision,
                                       .ms = ms,
                                       .text = out->text,
                                       .text_len = len};
    return st;
}

/* What stands behind a label, where so much does. */
static const char *behind(const struct ledger_entry *e, const char *label, size_t len)
{
    const char *const p = memmem(e->text, e->text_len, label, strlen(label));

    if (p == NULL || (size_t)(e->text + e->text_len - p) < strlen(label) + len)
        return NULL;
    return p + strlen(label);
}

enum head2_status store_anchor_read(struct store_anchor *a, const struct ledger_entry *e)
{
    static const char title[] = "# Store Anchor ";
    const size_t id = 2 * STORE_ID_BYTES, digest = 2 * STORE_DIGEST_BYTES;
    const char *const when = behind(e, stamp, UTC_BYTES), *const store = behind(e, "\nStore: ", id),
                      *const hash = behind(e, digest_label, digest);
    struct store_anchor_entry again;
    uint64_t ms;

    memset(a, 0, sizeof *a);
    if (e->kind != RECEIPT_STORE || when == NULL || store == NULL || hash == NULL ||
        e->text_len < sizeof title || utc_parse(&ms, when, UTC_BYTES) != HEAD2_OK ||
        hex_decode(a->id, sizeof a->id, store, id) != HEAD2_OK ||
        hex_decode(a->digest, sizeof a->digest, hash, digest) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    for (const char *p = e->text + sizeof title - 1; p < when && *p >= '0' && *p <= '9'; p++) {
        if (a->revision > UINT64_MAX / 10 - 1)
            return HEAD2_E_MALFORMED;
        a->revision = 10 * a->revision + (uint64_t)(*p - '0');
    }
    /* all else is seen when it is written again */
    if (store_anchor_write(&again, a, ms) != HEAD2_OK || again.entry.text_len != e->text_len ||
        memcmp(again.text, e->text, e->text_len) != 0)
        return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

/* ---- looking for it ---- */

struct search {
    const uint8_t *id;
    struct store_anchor *best;
    bool found;
};

static bool look_at(void *arg, const struct ledger_entry *e)
{
    struct search *const s = arg;
    struct store_anchor a;

    if (e->kind == RECEIPT_STORE && store_anchor_read(&a, e) == HEAD2_OK &&
        (s->id == NULL || memcmp(a.id, s->id, sizeof a.id) == 0) &&
        (!s->found || a.revision > s->best->revision)) {
        *s->best = a;
        s->found = true;
    }
    return true;
}

enum head2_status store_anchor_find(struct store_anchor *a, struct ledger *l, const uint8_t *id,
                                    struct ledger_fault *fault)
{
    struct search s = {.id = id, .best = a};
    const enum head2_status st = ledger_each(l, 0, look_at, &s, fault);

    return st == HEAD2_OK && !s.found ? HEAD2_E_STATE : st;
}

/* ---- comparing ---- */

enum head2_status store_anchor_check(const struct store *s, const struct store_anchor *anchored,
                                     struct store_fault *fault)
{
    const struct form_header *const h = &s->now.header;
    struct store_anchor now;

    store_get_anchor(s, &now);
    if (memcmp(now.id, anchored->id, sizeof now.id) != 0)
        return store_wrong(s, fault, "this is not the store that was anchored");
    if (now.revision < anchored->revision)
        return store_wrong(s, fault,
                           "the store was put back: it is at revision %" PRIu64
                           ", and was anchored at %" PRIu64,
                           now.revision, anchored->revision);
    if ((now.revision == anchored->revision &&
         memcmp(now.digest, anchored->digest, sizeof now.digest) != 0) ||
        (h->before == anchored->revision &&
         memcmp(h->before_digest, anchored->digest, sizeof now.digest) != 0))
        return store_wrong(s, fault,
                           "the store has another history: revision %" PRIu64
                           " is not the one that was anchored",
                           anchored->revision);
    return HEAD2_OK;
}
