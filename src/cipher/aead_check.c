/*
 * What a provider of AES-GCM must show before it is used: the same bytes as libcrypto for lengths
 * around every block and unrolling, in place and not, one and several in a call, and that nothing
 * altered is opened.
 */
#include "cipher/aead_provider.h"

enum { LONGEST = 1500 };

/* A provider beside libcrypto, and room for messages. */
struct check {
    const struct aead_provider *by;
    void *state;
    void *reference;
    uint8_t key[32];
    uint8_t nonce[HEAD2_AEAD_NONCE_BYTES];
    uint8_t aad[40];
    uint8_t plain[LONGEST];
    uint8_t want[LONGEST];
    uint8_t got[LONGEST];
    uint8_t tag[2][HEAD2_AEAD_TAG_BYTES];
};

static bool same(const void *a, const void *b, size_t len)
{
    return head2_equal(a, b, len) == HEAD2_OK;
}

static void fill(uint8_t *p, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(from + 7 * i + (i >> 8));
}

static bool seals_alike(struct check *c, struct aead_message m)
{
    m.out = c->want;
    m.in = c->plain;
    if (!aead_libcrypto.seal(c->reference, &m, c->tag[0]))
        return false;
    memset(c->got, 0x5a, sizeof c->got);
    memcpy(c->got, c->plain, m.len);
    m.out = c->got;
    m.in = (m.len & 1) != 0 ? c->got : c->plain; /* in place, or not */
    if (!c->by->seal(c->state, &m, c->tag[1]))
        return false;
    for (size_t i = m.len; i < sizeof c->got; i++) /* and not a byte further */
        if (c->got[i] != 0x5a)
            return false;
    return same(c->want, c->got, m.len) && same(c->tag[0], c->tag[1], HEAD2_AEAD_TAG_BYTES);
}

/* want holds the sealed message. */
static bool opens_and_refuses(struct check *c, struct aead_message m)
{
    m.out = c->got;
    m.in = c->want;
    if (c->by->open(c->state, &m, c->tag[0]) != HEAD2_OK || !same(c->got, c->plain, m.len))
        return false;
    c->tag[0][m.len % 16] ^= (uint8_t)(1u << m.len % 8);
    if (c->by->open(c->state, &m, c->tag[0]) != HEAD2_E_VERIFY)
        return false;
    c->tag[0][m.len % 16] ^= (uint8_t)(1u << m.len % 8);
    if (m.len == 0)
        return true;
    c->want[m.len / 2] ^= 0x80;
    return c->by->open(c->state, &m, c->tag[0]) == HEAD2_E_VERIFY;
}

static bool agrees_for_key(struct check *c, size_t key_len)
{
    struct aead_message m = {.nonce = c->nonce, .aad = c->aad};

    fill(c->key, sizeof c->key, (uint8_t)key_len);
    if (!c->by->set_key(c->state, c->key, key_len) ||
        !aead_libcrypto.set_key(c->reference, c->key, key_len))
        return false;
    for (size_t len = 0; len <= LONGEST; len += len < 80 ? 1 : 59) {
        m.len = len;
        m.aad_len = len % 4 == 0 ? 20 : len % 32 + len % 8;
        fill(c->nonce, sizeof c->nonce, (uint8_t)len);
        if (!seals_alike(c, m) || !opens_and_refuses(c, m))
            return false;
    }
    return true;
}

/* Several messages in one call, side by side in got, under two keys in turn. */
static bool many_seals_alike(struct check *c, void *second)
{
    static const size_t lens[] = {0, 1, 64, 300, 33, 600, 16, 129};
    struct head2_aead aeads[] = {
        {c->by, c->state, 32},
        {c->by, second,   16}
    };
    struct aead_job jobs[HEAD2_LEN(lens)];
    size_t at = 0;

    memset(c->got, 0x5a, sizeof c->got);
    memset(c->want, 0x5a, sizeof c->want);
    for (unsigned i = 0; i < 2; i++)
        if (!c->by->set_key(aeads[i].state, c->key, aeads[i].key_len))
            return false;
    for (size_t i = 0; i < HEAD2_LEN(lens); i++) {
        struct head2_aead *aead = &aeads[i % 2];
        jobs[i] = (struct aead_job){
            .aead = aead, .m = {c->want + at, c->nonce, c->aad, 5 * i, c->plain + i, lens[i]}
        };
        if (!aead_libcrypto.set_key(c->reference, c->key, aead->key_len) ||
            !aead_libcrypto.seal(c->reference, &jobs[i].m, c->want + at + lens[i]))
            return false;
        jobs[i].m.out = c->got + at;
        at += lens[i] + HEAD2_AEAD_TAG_BYTES;
    }
    c->by->seal_many(jobs, HEAD2_LEN(jobs));
    for (size_t i = 0; i < HEAD2_LEN(jobs); i++)
        if (jobs[i].st != HEAD2_OK)
            return false;
    return same(c->want, c->got, sizeof c->got);
}

static bool many_agree(struct check *c)
{
    if (c->by->seal_many == NULL)
        return true;
    void *second = c->by->create();
    if (second == NULL)
        return false;
    const bool ok = many_seals_alike(c, second);
    c->by->destroy(second);
    return ok;
}

bool aead_provider_agrees(const struct aead_provider *provider)
{
    struct check c = {.by = provider};
    bool ok;

    c.state = provider->create();
    c.reference = aead_libcrypto.create();
    fill(c.plain, sizeof c.plain, 1);
    fill(c.aad, sizeof c.aad, 2);
    ok = c.state != NULL && c.reference != NULL && agrees_for_key(&c, 32) &&
         agrees_for_key(&c, 16) && agrees_for_key(&c, 32) && many_agree(&c);
    if (c.state != NULL)
        provider->destroy(c.state);
    if (c.reference != NULL)
        aead_libcrypto.destroy(c.reference);
    return ok;
}
