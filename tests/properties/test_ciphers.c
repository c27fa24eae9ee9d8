/*
 * The table of AES schedules: what it finds is always of the key that was asked for, whatever made
 * room for it, and what is used in a call stays to its end.
 */
#include "check.h"

#include "session/ciphers.h"

static struct ciphers table;

static void key_of(uint8_t key[32], uint64_t name)
{
    memset(key, 0x5a, 32);
    put_be64(key, name);
}

static struct cipher *get(uint64_t name, enum head2_status expect)
{
    struct cipher *c = ciphers_find(&table, name);
    uint8_t key[32];

    if (c != NULL)
        return c;
    key_of(key, name);
    CHECK_EQ(ciphers_add(&c, &table, name, key, sizeof key), expect);
    return expect == HEAD2_OK ? c : NULL;
}

/* What a fresh cipher with the key of this name makes of a message. */
static void check_key(struct cipher *c, uint64_t name)
{
    static const uint8_t nonce[12], plain[16];
    static struct head2_aead *fresh;
    uint8_t key[32], a[32], b[32];

    if (fresh == NULL)
        CHECK_EQ(head2_aead_new(&fresh), HEAD2_OK);
    key_of(key, name);
    CHECK_EQ(head2_aead_set_key(fresh, key, sizeof key), HEAD2_OK);
    CHECK_EQ(head2_aead_seal(fresh, a, nonce, NULL, 0, plain, sizeof plain), HEAD2_OK);
    CHECK_EQ(head2_aead_seal(c->aead, b, nonce, NULL, 0, plain, sizeof plain), HEAD2_OK);
    CHECK_MEM(a, b, sizeof a);
}

static uint64_t rng = 1;

static unsigned below(unsigned n)
{
    rng = rng * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(rng >> 33) % n;
}

static void random_use(uint32_t sets, unsigned serials)
{
    unsigned found = 0, looked = 0;

    CHECK_EQ(ciphers_init(&table, sets), HEAD2_OK);
    for (unsigned i = 0; i < 20000; i++) {
        const uint64_t name = cipher_name(1 + below(serials), below(LANES));
        ciphers_next_call(&table);
        found += ciphers_find(&table, name) != NULL;
        looked++;
        check_key(get(name, HEAD2_OK), name);
        if (below(50) == 0) {
            const uint64_t serial = 1 + below(serials);
            ciphers_forget(&table, serial);
            for (unsigned lane = 0; lane < LANES; lane++)
                CHECK(ciphers_find(&table, cipher_name(serial, lane)) == NULL);
        }
    }
    CHECK(found > 0 && found < looked);
    ciphers_free(&table);
}

static void always_the_right_key(void)
{
    random_use(1, 4);
    random_use(4, 10);
    random_use(64, 10);
    random_use(64, 1000);
}

/* In one set five keys cannot be held at once: the fifth has to wait, and takes the oldest place.
 */
static void a_call_keeps_what_it_used(void)
{
    struct cipher *held[CIPHER_WAYS];

    CHECK_EQ(ciphers_init(&table, 1), HEAD2_OK);
    for (unsigned i = 0; i < CIPHER_WAYS; i++)
        held[i] = get(8 + i, HEAD2_OK);
    for (unsigned i = 0; i < CIPHER_WAYS; i++)
        CHECK(ciphers_find(&table, 8 + i) == held[i]);
    CHECK(get(12, HEAD2_E_SPACE) == NULL);
    for (unsigned i = 0; i < CIPHER_WAYS; i++)
        check_key(held[i], 8 + i);
    ciphers_next_call(&table);
    for (unsigned i = 1; i < CIPHER_WAYS; i++)
        CHECK(get(8 + i, HEAD2_OK) == held[i]);
    CHECK(get(12, HEAD2_OK) == held[0]);
    check_key(held[0], 12);
    CHECK(ciphers_find(&table, 8) == NULL);
    ciphers_free(&table);
}

static void a_refused_key_leaves_nothing(void)
{
    struct cipher *c;
    uint8_t key[32] = {1};

    CHECK_EQ(ciphers_init(&table, 1), HEAD2_OK);
    get(9, HEAD2_OK);
    ciphers_next_call(&table);
    for (unsigned i = 0; i < CIPHER_WAYS; i++) /* free places, then that of 9 */
        CHECK_EQ(ciphers_add(&c, &table, 10 + i, key, 17), HEAD2_E_ARG);
    for (unsigned i = 0; i < 16; i++)
        CHECK_EQ(ciphers_find(&table, 8 + i) != NULL, i == 1);
    ciphers_free(&table);
}

int main(void)
{
    RUN(always_the_right_key);
    RUN(a_call_keeps_what_it_used);
    RUN(a_refused_key_leaves_nothing);
    CHECK_EXIT();
}
