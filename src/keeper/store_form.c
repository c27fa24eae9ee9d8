/* see store_form.h */
#include "keeper/store_form.h"

#include "artifact/base64.h"
#include "artifact/mu.h"
#include "keeper/tpm_blob.h"

#include <head2/hash.h>
#include <inttypes.h>
#include <stdio.h>

#define VERSION        1
#define FLAG_EXTRACT   1u
#define TIME_MAX       (UINT64_C(1) << 53)
#define REVISION_MAX   (UINT64_C(1) << 62)
#define REVISION_TITLE "head2-store-revision 1 "

_Static_assert(TPM_BLOB_MAX == FORM_EXTRA_MAX, "what a TPM needs fits in");

bool form_label_ok(const char label[STORE_LABEL_MAX])
{
    const size_t len = strnlen(label, STORE_LABEL_MAX);
    size_t bad;

    for (size_t i = len; i < STORE_LABEL_MAX; i++)
        if (label[i] != 0)
            return false;
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)label[i] < 0x20 || label[i] == 0x7f)
            return false;
    return len < STORE_LABEL_MAX && mu_check_utf8((const uint8_t *)label, len, &bad) == HEAD2_OK;
}

/* ---- metadata ---- */

static bool meta_ok(const struct store_meta *m)
{
    const uint64_t times[] = {m->created_ms, m->activated_ms, m->deactivated_ms, m->not_before_ms,
                              m->not_after_ms};

    for (size_t i = 0; i < HEAD2_LEN(times); i++)
        if (times[i] > TIME_MAX)
            return false;
    return m->alg >= HEAD2_MLKEM_512 && m->alg <= HEAD2_MLDSA_87 && m->state >= STORE_PREACTIVE &&
           m->state <= STORE_REVOKED && (m->purposes & ~(STORE_PURPOSES | STORE_MADE_HERE)) == 0 &&
           (m->rate_count == 0) == (m->rate_seconds == 0) && m->uses <= REVISION_MAX &&
           m->revision <= REVISION_MAX && form_label_ok(m->label);
}

enum head2_status form_meta_write(uint8_t out[FORM_META_BYTES], const struct store_meta *m)
{
    if (!meta_ok(m))
        return HEAD2_E_ARG;
    out[0] = VERSION;
    out[1] = (uint8_t)m->alg;
    out[2] = (uint8_t)m->state;
    out[3] = m->extractable ? FLAG_EXTRACT : 0;
    put_be32(out + 4, m->purposes);
    put_be64(out + 8, m->revision);
    memcpy(out + 16, m->id, sizeof m->id);
    put_be64(out + 32, m->created_ms);
    put_be64(out + 40, m->activated_ms);
    put_be64(out + 48, m->deactivated_ms);
    put_be64(out + 56, m->not_before_ms);
    put_be64(out + 64, m->not_after_ms);
    put_be64(out + 72, m->uses);
    put_be32(out + 80, m->rate_count);
    put_be32(out + 84, m->rate_seconds);
    memcpy(out + 88, m->approver, sizeof m->approver);
    memcpy(out + 104, m->label, STORE_LABEL_MAX);
    return HEAD2_OK;
}

enum head2_status form_meta_read(struct store_meta *m, const uint8_t *in, size_t len)
{
    *m = (struct store_meta){0};
    if (len == 0)
        return HEAD2_E_MALFORMED;
    if (in[0] != VERSION)
        return HEAD2_E_UNSUPPORTED;
    if (len != FORM_META_BYTES || (in[3] & ~FLAG_EXTRACT) != 0)
        return HEAD2_E_MALFORMED;
    m->alg = (enum head2_alg)in[1];
    m->state = (enum store_state)in[2];
    m->extractable = (in[3] & FLAG_EXTRACT) != 0;
    m->purposes = be32(in + 4);
    m->revision = be64(in + 8);
    memcpy(m->id, in + 16, sizeof m->id);
    m->created_ms = be64(in + 32);
    m->activated_ms = be64(in + 40);
    m->deactivated_ms = be64(in + 48);
    m->not_before_ms = be64(in + 56);
    m->not_after_ms = be64(in + 64);
    m->uses = be64(in + 72);
    m->rate_count = be32(in + 80);
    m->rate_seconds = be32(in + 84);
    memcpy(m->approver, in + 88, sizeof m->approver);
    memcpy(m->label, in + 104, STORE_LABEL_MAX);
    return meta_ok(m) ? HEAD2_OK : HEAD2_E_MALFORMED;
}

/* ---- wrappings ---- */

size_t form_wrapping_aad(uint8_t out[FORM_WRAPPING_AAD], const struct form_wrapping *w)
{
    out[0] = VERSION;
    out[1] = (uint8_t)w->about.type;
    put_be32(out + 2, w->about.number);
    memcpy(out + 6, w->store, STORE_ID_BYTES);
    memcpy(out + 22, w->about.label, STORE_LABEL_MAX);
    out[86] = (uint8_t)w->about.log_n;
    put_be32(out + 87, w->about.r);
    put_be32(out + 91, w->about.p);
    memcpy(out + 95, w->salt, FORM_SALT_BYTES);
    put_be16(out + 127, (uint16_t)w->extra_len);
    copy_bytes(out + 129, w->extra, w->extra_len);
    return 129 + w->extra_len;
}

/* Not a secret's: so that a damaged record is told from a wrong passphrase. */
static void checksum(uint8_t out[FORM_CHECK_BYTES], const uint8_t *in, size_t len)
{
    uint8_t digest[HEAD2_SHA3_256_BYTES];

    head2_sha3_256(digest, in, len);
    memcpy(out, digest, FORM_CHECK_BYTES);
}

size_t form_wrapping_write(uint8_t out[FORM_WRAPPING_MAX], const struct form_wrapping *w)
{
    size_t len = form_wrapping_aad(out, w);

    memcpy(out + len, w->nonce, sizeof w->nonce);
    len += sizeof w->nonce;
    memcpy(out + len, w->sealed, sizeof w->sealed);
    len += sizeof w->sealed;
    checksum(out + len, out, len);
    return len + FORM_CHECK_BYTES;
}

static bool wrapping_ok(const struct form_wrapping *w)
{
    const struct store_wrapping *const a = &w->about;

    if (a->type < STORE_WRAP_PASSPHRASE || a->type > STORE_WRAP_TPM || !form_label_ok(a->label) ||
        (a->type != STORE_WRAP_TPM && w->extra_len != 0))
        return false;
    if (a->type != STORE_WRAP_PASSPHRASE)
        return a->log_n == 0 && a->r == 0 && a->p == 0;
    return a->log_n >= FORM_LOG_N_MIN && a->log_n <= FORM_LOG_N_MAX && a->r == FORM_R &&
           a->p >= 1 && a->p <= FORM_P_MAX;
}

static enum head2_status read_tpm(struct form_wrapping *w)
{
    struct tpm_blob blob;
    const enum head2_status st = tpm_blob_read(&blob, w->extra, w->extra_len);

    w->about.has_pin = blob.has_pin;
    w->about.pcrs = blob.pcrs;
    return st;
}

enum head2_status form_wrapping_read(struct form_wrapping *w, const uint8_t *in, size_t len)
{
    const size_t fixed = 129 + sizeof w->nonce + sizeof w->sealed + FORM_CHECK_BYTES;
    uint8_t check[FORM_CHECK_BYTES];

    memset(w, 0, sizeof *w);
    if (len == 0)
        return HEAD2_E_MALFORMED;
    if (in[0] != VERSION)
        return HEAD2_E_UNSUPPORTED;
    if (len < fixed || len - fixed > FORM_EXTRA_MAX || be16(in + 127) != len - fixed)
        return HEAD2_E_MALFORMED;
    checksum(check, in, len - FORM_CHECK_BYTES);
    if (memcmp(check, in + len - FORM_CHECK_BYTES, FORM_CHECK_BYTES) != 0)
        return HEAD2_E_MALFORMED;
    w->about.type = (enum store_wrap_type)in[1];
    w->about.number = be32(in + 2);
    memcpy(w->store, in + 6, STORE_ID_BYTES);
    memcpy(w->about.label, in + 22, STORE_LABEL_MAX);
    w->about.log_n = in[86];
    w->about.r = be32(in + 87);
    w->about.p = be32(in + 91);
    memcpy(w->salt, in + 95, FORM_SALT_BYTES);
    w->extra_len = len - fixed;
    copy_bytes(w->extra, in + 129, w->extra_len);
    memcpy(w->nonce, in + 129 + w->extra_len, sizeof w->nonce);
    memcpy(w->sealed, in + 129 + w->extra_len + sizeof w->nonce, sizeof w->sealed);
    if (!wrapping_ok(w))
        return HEAD2_E_MALFORMED;
    return w->about.type == STORE_WRAP_TPM ? read_tpm(w) : HEAD2_OK;
}

/* ---- the header ---- */

void form_header_aad(uint8_t out[FORM_HEADER_AAD], const struct form_header *h)
{
    out[0] = VERSION;
    memcpy(out + 1, h->store, STORE_ID_BYTES);
    put_be64(out + 17, h->revision);
    put_be64(out + 25, h->before);
    memcpy(out + 33, h->before_digest, STORE_DIGEST_BYTES);
    put_be64(out + 65, h->seals);
    put_be64(out + 73, h->objects);
    put_be32(out + 81, h->wrappings);
    put_be32(out + 85, h->next_wrapping);
    memcpy(out + 89, h->objects_digest, STORE_DIGEST_BYTES);
    memcpy(out + 121, h->wrappings_digest, STORE_DIGEST_BYTES);
}

void form_header_write(uint8_t out[FORM_HEADER_BYTES], const struct form_header *h)
{
    form_header_aad(out, h);
    memcpy(out + FORM_HEADER_AAD, h->nonce, sizeof h->nonce);
    memcpy(out + FORM_HEADER_AAD + sizeof h->nonce, h->tag, sizeof h->tag);
}

enum head2_status form_header_read(struct form_header *h, const uint8_t *in, size_t len)
{
    memset(h, 0, sizeof *h);
    if (len == 0)
        return HEAD2_E_MALFORMED;
    if (in[0] != VERSION)
        return HEAD2_E_UNSUPPORTED;
    if (len != FORM_HEADER_BYTES)
        return HEAD2_E_MALFORMED;
    memcpy(h->store, in + 1, STORE_ID_BYTES);
    h->revision = be64(in + 17);
    h->before = be64(in + 25);
    memcpy(h->before_digest, in + 33, STORE_DIGEST_BYTES);
    h->seals = be64(in + 65);
    h->objects = be64(in + 73);
    h->wrappings = be32(in + 81);
    h->next_wrapping = be32(in + 85);
    memcpy(h->objects_digest, in + 89, STORE_DIGEST_BYTES);
    memcpy(h->wrappings_digest, in + 121, STORE_DIGEST_BYTES);
    memcpy(h->nonce, in + FORM_HEADER_AAD, sizeof h->nonce);
    memcpy(h->tag, in + FORM_HEADER_AAD + sizeof h->nonce, sizeof h->tag);
    const bool ok = h->revision <= REVISION_MAX && h->before < h->revision &&
                    h->objects <= STORE_OBJECTS_MAX && h->wrappings >= 1 &&
                    h->wrappings <= STORE_WRAPPINGS_MAX;
    return ok ? HEAD2_OK : HEAD2_E_MALFORMED;
}

/* ---- store.revision ---- */

size_t form_revision_write(char out[FORM_REVISION_MAX], const struct store_anchor *a)
{
    char id[2 * STORE_ID_BYTES + 1] = {0}, digest[2 * STORE_DIGEST_BYTES + 1] = {0};
    char check[2 * FORM_CHECK_BYTES + 1] = {0};
    uint8_t sum[FORM_CHECK_BYTES];

    hex_encode(id, a->id, sizeof a->id);
    hex_encode(digest, a->digest, sizeof a->digest);
    const int len = snprintf(out, FORM_REVISION_MAX, REVISION_TITLE "%s %" PRIu64 " %s ", id,
                             a->revision, digest);
    checksum(sum, (const uint8_t *)out, (size_t)len);
    hex_encode(check, sum, sizeof sum);
    return (size_t)len +
           (size_t)snprintf(out + len, FORM_REVISION_MAX - (size_t)len, "%s\n", check);
}

enum head2_status form_revision_read(struct store_anchor *a, const char *in, size_t len)
{
    const size_t title = sizeof REVISION_TITLE - 1, id = 2 * sizeof a->id;
    char again[FORM_REVISION_MAX];
    size_t at = title + id + 1;

    memset(a, 0, sizeof *a);
    if (len < at + 2 * sizeof a->digest || len >= FORM_REVISION_MAX)
        return HEAD2_E_MALFORMED;
    if (memcmp(in, REVISION_TITLE, title) != 0 ||
        hex_decode(a->id, sizeof a->id, in + title, id) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    while (at < len && in[at] >= '0' && in[at] <= '9' && a->revision <= REVISION_MAX)
        a->revision = 10 * a->revision + (uint64_t)(in[at++] - '0');
    if (a->revision > REVISION_MAX || len - at < 2 * sizeof a->digest + 1 ||
        hex_decode(a->digest, sizeof a->digest, in + at + 1, 2 * sizeof a->digest) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    /* what else there could be is seen when it is written again */
    if (form_revision_write(again, a) != len || memcmp(again, in, len) != 0)
        return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}
