/*
 * What AES-GCM promises: every altered bit is refused and leaves no plaintext, one object serves
 * many keys and both directions, and misuse is an error and not an accident.
 */
#include "check.h"

#include "gateway/ipsec_mb.h"

#include <head2/aead.h>

static struct head2_aead *aead;
static uint8_t key[32];
static uint8_t nonce[12];
static uint8_t aad[20];
static uint8_t pt[100];
static uint8_t sealed[116];
static uint8_t out[116];

static void begin(void)
{
    for (size_t i = 0; i < sizeof pt; i++)
        pt[i] = (uint8_t)(i + 1);
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = (uint8_t)(3 * i);
    for (size_t i = 0; i < sizeof aad; i++)
        aad[i] = (uint8_t)(200 - i);
    CHECK(head2_aead_new(&aead) == HEAD2_OK);
    CHECK(head2_aead_set_key(aead, key, 32) == HEAD2_OK);
    CHECK(head2_aead_seal(aead, sealed, nonce, aad, sizeof aad, pt, sizeof pt) == HEAD2_OK);
}

static void end(void)
{
    head2_aead_free(aead);
    aead = NULL;
}

static void expect_refused(void)
{
    memset(out, 0xaa, sizeof out);
    CHECK(head2_aead_open(aead, out, nonce, aad, sizeof aad, sealed, sizeof sealed) ==
          HEAD2_E_VERIFY);
    for (size_t i = 0; i < sizeof pt; i++)
        CHECK_EQ(out[i], 0);
    CHECK_EQ(out[sizeof pt], 0xaa); /* and not a byte further */
}

static void flip_every_bit(uint8_t *p, size_t len)
{
    for (size_t bit = 0; bit < 8 * len; bit++) {
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_refused();
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void every_altered_bit_is_refused(void)
{
    begin();
    flip_every_bit(sealed, sizeof sealed);
    flip_every_bit(nonce, sizeof nonce);
    flip_every_bit(aad, sizeof aad);
    CHECK(head2_aead_open(aead, out, nonce, aad, sizeof aad, sealed, sizeof sealed) == HEAD2_OK);
    CHECK_MEM(out, pt, sizeof pt);
    end();
}

static void every_length_comes_back(void)
{
    begin();
    for (size_t n = 0; n <= sizeof pt; n++) {
        CHECK(head2_aead_seal(aead, sealed, nonce, aad, n % 21, pt, n) == HEAD2_OK);
        CHECK(head2_aead_open(aead, out, nonce, aad, n % 21, sealed, n + 16) == HEAD2_OK);
        CHECK_MEM(out, pt, n);
        if (n > 0) /* a shorter message is another message */
            CHECK(head2_aead_open(aead, out, nonce, aad, n % 21, sealed, n + 15) == HEAD2_E_VERIFY);
    }
    end();
}

static void in_place(void)
{
    begin();
    memcpy(out, pt, sizeof pt);
    CHECK(head2_aead_seal(aead, out, nonce, aad, sizeof aad, out, sizeof pt) == HEAD2_OK);
    CHECK_MEM(out, sealed, sizeof sealed);
    CHECK(head2_aead_open(aead, out, nonce, aad, sizeof aad, out, sizeof sealed) == HEAD2_OK);
    CHECK_MEM(out, pt, sizeof pt);
    end();
}

/* A key that comes after another, of the same or another length, is as good as a first one. */
static void keys_replace_each_other(void)
{
    struct head2_aead *fresh;
    const size_t lengths[] = {32, 32, 16, 16, 32, 16, 32};
    uint8_t want[116];

    begin();
    sealed[5] ^= 1;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        key[0] = (uint8_t)(100 + i);
        CHECK(head2_aead_new(&fresh) == HEAD2_OK);
        CHECK(head2_aead_set_key(fresh, key, lengths[i]) == HEAD2_OK);
        CHECK(head2_aead_seal(fresh, want, nonce, aad, sizeof aad, pt, sizeof pt) == HEAD2_OK);
        head2_aead_free(fresh);
        if (i % 2 == 0) /* after a refusal too */
            expect_refused();
        CHECK(head2_aead_set_key(aead, key, lengths[i]) == HEAD2_OK);
        expect_refused();
        CHECK(head2_aead_seal(aead, out, nonce, aad, sizeof aad, pt, sizeof pt) == HEAD2_OK);
        CHECK_MEM(out, want, sizeof want);
        memcpy(sealed, want, sizeof want);
        sealed[5] ^= 1;
    }
    end();
}

static void misuse_is_an_error(void)
{
    struct head2_aead *empty;

    begin();
    CHECK(head2_aead_new(&empty) == HEAD2_OK);
    memset(out, 0xaa, sizeof out);
    CHECK(head2_aead_seal(empty, out, nonce, NULL, 0, pt, sizeof pt) == HEAD2_E_STATE);
    for (size_t i = 0; i < sizeof out; i++)
        CHECK_EQ(out[i], 0);
    CHECK(head2_aead_open(empty, out, nonce, NULL, 0, sealed, sizeof sealed) == HEAD2_E_STATE);
    CHECK(head2_aead_open(aead, out, nonce, NULL, 0, sealed, 15) == HEAD2_E_ARG);
    CHECK(head2_aead_seal(aead, out, nonce, NULL, 0, pt, HEAD2_AEAD_MAX_BYTES + 1) == HEAD2_E_ARG);
    CHECK(head2_aead_seal(aead, out, nonce, aad, SIZE_MAX, pt, 1) == HEAD2_E_ARG);
    CHECK(head2_aead_open(aead, out, nonce, aad, 1, sealed, SIZE_MAX) == HEAD2_E_ARG);
    CHECK(head2_aead_set_key(aead, key, 24) == HEAD2_E_ARG); /* and the old key is gone */
    CHECK(head2_aead_seal(aead, out, nonce, NULL, 0, pt, 1) == HEAD2_E_STATE);
    CHECK(head2_aead_set_key(aead, key, 32) == HEAD2_OK);
    CHECK(head2_aead_seal(aead, out, nonce, aad, sizeof aad, pt, sizeof pt) == HEAD2_OK);
    CHECK_MEM(out, sealed, sizeof sealed);
    head2_aead_free(empty);
    head2_aead_free(NULL);
    end();
}

static void cmac_refuses_other_keys(void)
{
    uint8_t tag[16];

    for (size_t n = 0; n <= 32; n++) {
        memset(tag, 0xaa, sizeof tag);
        const enum head2_status st = head2_aes_cmac(tag, key, n, pt, sizeof pt);
        CHECK(st == (n == 16 || n == 32 ? HEAD2_OK : HEAD2_E_ARG));
        uint8_t any = 0;
        for (size_t i = 0; i < sizeof tag; i++)
            any |= tag[i];
        CHECK((any != 0) == (st == HEAD2_OK));
    }
}

/* ---- providers ---- */

static uint32_t next(void)
{
    static uint32_t x = 1;

    x = x * 1664525 + 1013904223;
    return x >> 8;
}

static void same_message(void *state, void *reference)
{
    static uint8_t in[3000], data[200], one[3000], other[3000];
    uint8_t iv[12], tags[2][16];
    struct aead_message m = {.nonce = iv, .aad = data, .in = in};

    m.len = next() % (next() % 4 == 0 ? sizeof in : 300);
    m.aad_len = next() % sizeof data;
    for (size_t i = 0; i < m.len; i++)
        in[i] = (uint8_t)next();
    for (size_t i = 0; i < m.aad_len; i++)
        data[i] = (uint8_t)next();
    for (size_t i = 0; i < sizeof iv; i++)
        iv[i] = (uint8_t)next();
    m.out = one;
    CHECK(aead_libcrypto.seal(reference, &m, tags[0]));
    m.out = other;
    CHECK(ipsec_mb_provider()->seal(state, &m, tags[1]));
    CHECK_SAY(memcmp(one, other, m.len) == 0 && memcmp(tags[0], tags[1], 16) == 0,
              "%zu bytes with %zu beside", m.len, m.aad_len);
    m.in = one;
    CHECK(ipsec_mb_provider()->open(state, &m, tags[0]) == HEAD2_OK);
    CHECK_MEM(other, in, m.len);
    tags[0][next() % 16] ^= (uint8_t)(1u << next() % 8);
    CHECK(ipsec_mb_provider()->open(state, &m, tags[0]) == HEAD2_E_VERIFY);
}

static void providers_agree(void)
{
    const struct aead_provider *p = ipsec_mb_provider();
    uint8_t k[32];

    if (p == NULL)
        SKIP("built without libipsec-mb, or this processor is not for it");
    void *state = p->create();
    void *reference = aead_libcrypto.create();
    CHECK(state != NULL && reference != NULL);
    for (unsigned round = 0; round < 100; round++) {
        const size_t key_len = round % 2 == 0 ? 32 : 16;
        for (size_t i = 0; i < sizeof k; i++)
            k[i] = (uint8_t)next();
        CHECK(p->set_key(state, k, key_len) && aead_libcrypto.set_key(reference, k, key_len));
        for (unsigned i = 0; i < 50; i++)
            same_message(state, reference);
    }
    p->destroy(state);
    aead_libcrypto.destroy(reference);
}

/* ---- several messages in one call ---- */

enum { MANY = 9 };

static struct head2_aead *keyed(const struct aead_provider *by, size_t key_len)
{
    struct head2_aead *a;
    uint8_t k[32];

    CHECK(head2_aead_new(&a) == HEAD2_OK);
    CHECK(a->by == by);
    for (size_t i = 0; i < sizeof k; i++)
        k[i] = (uint8_t)next();
    if (key_len != 0)
        CHECK(head2_aead_set_key(a, k, key_len) == HEAD2_OK);
    return a;
}

/* Jobs of any length under any of these keys, two of which are none; each is what it is alone. */
static void seal_some(struct head2_aead *const aeads[], size_t n_aeads)
{
    static uint8_t in[MANY][1300], one[1316], many[MANY][1400];
    uint8_t iv[MANY][12];
    struct aead_job jobs[MANY];
    const size_t n = next() % (MANY + 1);

    memset(many, 0x5a, sizeof many);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof iv[i]; k++)
            iv[i][k] = (uint8_t)next();
        in[i][next() % sizeof in[i]] ^= (uint8_t)next();
        jobs[i] = (struct aead_job){
            .aead = aeads[next() % n_aeads],
            .m = {.out = many[i], .nonce = iv[i], .aad_len = next() % 21, .len = next() % 1301},
            .st = HEAD2_E_IO
        };
        if (next() % 8 == 0)
            jobs[i].m.len = 0;
        if (next() % 16 == 0)
            jobs[i].m.aad_len = SIZE_MAX;
        jobs[i].m.in = jobs[i].m.len != 0 ? in[i] : NULL;
        jobs[i].m.aad = jobs[i].m.aad_len != 0 ? aad : NULL;
    }
    aead_seal_many(jobs, n);
    for (size_t i = 0; i < n; i++) {
        const struct aead_message *m = &jobs[i].m;
        memset(one, 0x5a, sizeof one);
        const enum head2_status st =
            head2_aead_seal(jobs[i].aead, one, m->nonce, m->aad, m->aad_len, m->in, m->len);
        CHECK_EQ(jobs[i].st, st);
        CHECK_MEM(many[i], one, m->len + 16);
        for (size_t k = m->len + 16; k < sizeof many[i]; k++)
            CHECK_EQ(many[i][k], 0x5a);
    }
}

static void many_in_one_call(void)
{
    const struct aead_provider *const before = aead_in_use();
    struct head2_aead *aeads[7];

    for (size_t i = 0; i < 4; i++)
        aeads[i] = keyed(before, (size_t[]){32, 16, 32, 0}[i]);
    CHECK(aead_use(&aead_libcrypto)); /* an aead keeps the provider that it was made with */
    for (size_t i = 4; i < 7; i++)
        aeads[i] = keyed(&aead_libcrypto, (size_t[]){32, 16, 0}[i - 4]);
    CHECK(aead_use(before));
    for (unsigned i = 0; i < 500; i++)
        seal_some(aeads, 7);
    for (size_t i = 0; i < 7; i++)
        head2_aead_free(aeads[i]);
}

/* ---- a provider that is wrong is not used ---- */

static struct aead_provider planted;

static bool seal_wrong_tag(void *state, const struct aead_message *m, uint8_t tag[16])
{
    const bool ok = aead_libcrypto.seal(state, m, tag);

    tag[15] ^= m->len == 64;
    return ok;
}

static bool seal_wrong_byte(void *state, const struct aead_message *m, uint8_t tag[16])
{
    const bool ok = aead_libcrypto.seal(state, m, tag);

    if (m->len > 1000)
        m->out[999] ^= 1;
    return ok;
}

static bool seal_too_far(void *state, const struct aead_message *m, uint8_t tag[16])
{
    const bool ok = aead_libcrypto.seal(state, m, tag);

    if (m->len == 33)
        m->out[33] = 0;
    return ok;
}

static enum head2_status open_anything(void *state, const struct aead_message *m,
                                       const uint8_t tag[16])
{
    const enum head2_status st = aead_libcrypto.open(state, m, tag);

    return st == HEAD2_E_VERIFY && m->len == 17 ? HEAD2_OK : st;
}

static bool keep_first_key(void *state, const uint8_t *k, size_t key_len)
{
    static unsigned calls;

    return ++calls > 2 || aead_libcrypto.set_key(state, k, key_len);
}

static void one_by_one(struct aead_job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct aead_message *m = &jobs[i].m;
        jobs[i].st = aead_libcrypto.seal(jobs[i].aead->state, m, m->out + m->len) ? HEAD2_OK
                                                                                  : HEAD2_E_CRYPTO;
    }
}

static void many_but_the_last(struct aead_job *jobs, size_t n)
{
    one_by_one(jobs, n - 1);
    jobs[n - 1].st = HEAD2_OK;
}

static void many_with_one_key(struct aead_job *jobs, size_t n)
{
    for (size_t i = 1; i < n; i++)
        jobs[i].aead = jobs[0].aead;
    one_by_one(jobs, n);
}

static void many_without_status(struct aead_job *jobs, size_t n)
{
    one_by_one(jobs, n);
    jobs[n / 2].st = HEAD2_E_CRYPTO;
}

static void wrong_providers_are_refused(void)
{
    const struct aead_provider *const before = aead_in_use();

    planted = aead_libcrypto;
    CHECK(aead_provider_agrees(&planted));
    planted.seal = seal_wrong_tag;
    CHECK(!aead_use(&planted));
    planted.seal = seal_wrong_byte;
    CHECK(!aead_use(&planted));
    planted.seal = seal_too_far;
    CHECK(!aead_use(&planted));
    planted = aead_libcrypto;
    planted.open = open_anything;
    CHECK(!aead_use(&planted));
    planted = aead_libcrypto;
    planted.set_key = keep_first_key;
    CHECK(!aead_use(&planted));
    planted = aead_libcrypto;
    planted.seal_many = one_by_one;
    CHECK(aead_provider_agrees(&planted));
    planted.seal_many = many_but_the_last;
    CHECK(!aead_use(&planted));
    planted.seal_many = many_with_one_key;
    CHECK(!aead_use(&planted));
    planted.seal_many = many_without_status;
    CHECK(!aead_use(&planted));
    CHECK(aead_in_use() == before);
}

static void all_cases(void)
{
    RUN(every_altered_bit_is_refused);
    RUN(every_length_comes_back);
    RUN(in_place);
    RUN(keys_replace_each_other);
    RUN(misuse_is_an_error);
    RUN(many_in_one_call);
}

int main(void)
{
    all_cases();
    RUN(providers_agree);
    RUN(wrong_providers_are_refused);
    if (strcmp(ipsec_mb_plug_in(), "libcrypto") != 0)
        all_cases(); /* again, by the other one */
    RUN(cmac_refuses_other_keys);
    CHECK_EXIT();
}
