/*
 * What ML-KEM promises whatever the key: both sides agree, nothing that was altered on the way
 * gives the sender's secret, checks refuse and leave nothing behind.
 */
#include "check.h"
#include "mlkem_sets.h"

#include <head2/hash.h>

static uint8_t ek[HEAD2_MLKEM1024_EK_BYTES];
static uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];
static uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];

static bool all_zero(const void *p, size_t len)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < len; i++)
        if (b[i] != 0)
            return false;
    return true;
}

static void fresh_keys_agree(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        struct head2_secret32 before = {{0}};
        for (int round = 0; round < 20; round++) {
            struct head2_secret32 sent;
            struct head2_secret32 received;
            CHECK(set->keypair(ek, dk) == HEAD2_OK);
            CHECK(set->check_ek(ek) == HEAD2_OK && set->check_dk(dk) == HEAD2_OK);
            CHECK(set->encaps(ct, &sent, ek) == HEAD2_OK);
            CHECK(set->decaps(&received, dk, ct) == HEAD2_OK);
            CHECK_MEM(sent.b, received.b, 32);
            CHECK(memcmp(sent.b, before.b, 32) != 0);
            before = sent;
        }
    }
}

/* FIPS 203, Section 7.1: a key pair is a function of its seed; z is kept as it came. */
static void seeds_determine_keys(void)
{
    static uint8_t dk_again[HEAD2_MLKEM1024_DK_BYTES];

    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        const size_t z_at = set->p->dk_bytes - 32u;
        struct head2_secret64 seed = {
            {1, 2, 3}
        };
        CHECK(set->keypair_from_seed(ek, dk, &seed) == HEAD2_OK);
        CHECK(set->keypair_from_seed(ek, dk_again, &seed) == HEAD2_OK);
        CHECK_MEM(dk, dk_again, set->p->dk_bytes);
        seed.b[63] ^= 1; /* another z: the same key but for its last 32 bytes */
        CHECK(set->keypair_from_seed(ek, dk_again, &seed) == HEAD2_OK);
        CHECK_MEM(dk, dk_again, z_at);
        CHECK_MEM(dk_again + z_at, seed.b + 32, 32);
        seed.b[0] ^= 1;
        CHECK(set->keypair_from_seed(ek, dk_again, &seed) == HEAD2_OK);
        CHECK(memcmp(dk, dk_again, 64) != 0);
    }
}

/* Every single bit of a ciphertext counts, and what comes out instead is J(z || c). */
static void every_bit_flip_is_rejected(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        const size_t len = set->p->ct_bytes;
        struct head2_secret32 sent;
        struct head2_secret32 got;
        CHECK(set->keypair(ek, dk) == HEAD2_OK);
        CHECK(set->encaps(ct, &sent, ek) == HEAD2_OK);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            struct head2_keccak j;
            uint8_t want[32];
            ct[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECK(set->decaps(&got, dk, ct) == HEAD2_OK);
            CHECK_SAY(memcmp(got.b, sent.b, 32) != 0, "%s: bit %zu", set->name, bit);
            head2_shake256_init(&j);
            head2_shake_update(&j, dk + set->p->dk_bytes - 32, 32);
            head2_shake_update(&j, ct, len);
            head2_shake_squeeze(&j, want, 32);
            CHECK_MEM(got.b, want, 32);
            ct[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        CHECK(set->decaps(&got, dk, ct) == HEAD2_OK);
        CHECK_MEM(got.b, sent.b, 32);
    }
}

/* Section 7.3: any change to the ek in dk, or to its hash, is noticed. */
static void altered_private_keys_are_refused(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        const size_t begin = set->p->dk_pke_bytes;
        const size_t end = begin + set->p->ek_bytes + 32u;
        struct head2_secret32 ss;
        CHECK(set->keypair(ek, dk) == HEAD2_OK);
        CHECK(set->encaps(ct, &ss, ek) == HEAD2_OK);
        for (size_t at = begin; at < end; at++) {
            dk[at] ^= (uint8_t)(1u << at % 8);
            memset(&ss, 0xaa, sizeof ss);
            CHECK(set->check_dk(dk) == HEAD2_E_MALFORMED);
            CHECK(set->decaps(&ss, dk, ct) == HEAD2_E_MALFORMED);
            CHECK(all_zero(&ss, sizeof ss));
            dk[at] ^= (uint8_t)(1u << at % 8);
        }
        CHECK(set->check_dk(dk) == HEAD2_OK);
    }
}

/* Section 7.2: a coefficient of q or more, at each place, and nothing is left in the outputs. */
static void bad_public_keys_are_refused(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        struct head2_secret32 ss;
        CHECK(set->keypair(ek, dk) == HEAD2_OK);
        for (unsigned c = 0; c < 256u * set->p->k; c++) {
            uint8_t *p = ek + c / 2 * 3;
            uint8_t saved[3];
            memcpy(saved, p, 3);
            if (c % 2 == 0) { /* q = 0xd01 */
                p[0] = 0x01;
                p[1] = (uint8_t)((p[1] & 0xf0) | 0x0d);
            } else {
                p[1] = (uint8_t)((p[1] & 0x0f) | 0x10);
                p[2] = 0xd0;
            }
            memset(ct, 0xaa, sizeof ct);
            memset(&ss, 0xaa, sizeof ss);
            CHECK_SAY(set->check_ek(ek) == HEAD2_E_MALFORMED, "%s: coefficient %u", set->name, c);
            CHECK(set->encaps(ct, &ss, ek) == HEAD2_E_MALFORMED);
            CHECK(all_zero(ct, set->p->ct_bytes) && all_zero(&ss, sizeof ss));
            memcpy(p, saved, 3);
        }
        CHECK(set->check_ek(ek) == HEAD2_OK);
    }
}

/* The sizes of FIPS 203, Table 3, in the header and in the parameters. */
static void sizes(void)
{
    const size_t header[3][3] = {
        {HEAD2_MLKEM512_EK_BYTES,  HEAD2_MLKEM512_DK_BYTES,  HEAD2_MLKEM512_CT_BYTES },
        {HEAD2_MLKEM768_EK_BYTES,  HEAD2_MLKEM768_DK_BYTES,  HEAD2_MLKEM768_CT_BYTES },
        {HEAD2_MLKEM1024_EK_BYTES, HEAD2_MLKEM1024_DK_BYTES, HEAD2_MLKEM1024_CT_BYTES},
    };

    for (int i = 0; i < 3; i++) {
        const struct mlkem_params *p = mlkem_sets[i].p;
        CHECK_EQ(p->k, i + 2);
        CHECK_EQ(p->dk_pke_bytes, 384 * p->k);
        CHECK(p->ek_bytes == 384 * p->k + 32 && p->ek_bytes == header[i][0]);
        CHECK(p->dk_bytes == 768 * p->k + 96 && p->dk_bytes == header[i][1]);
        CHECK(p->ct_bytes == 32 * (p->du * p->k + p->dv) && p->ct_bytes == header[i][2]);
    }
}

int main(void)
{
    RUN_EACH(fresh_keys_agree);
    RUN_EACH(seeds_determine_keys);
    RUN_EACH(every_bit_flip_is_rejected);
    RUN_EACH(altered_private_keys_are_refused);
    RUN_EACH(bad_public_keys_are_refused);
    RUN(sizes);
    CHECK_EXIT();
}
