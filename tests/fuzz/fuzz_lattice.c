/*
 * ML-DSA verification, ML-KEM decapsulation and key checks, and AES-GCM opening: from edits of good
 * inputs. What was not changed passes; what was changed does not (strong unforgeability); a changed
 * ciphertext gives another secret, the same one each time; and the modulus check agrees with a
 * plain reading of FIPS 203, Section 7.2.
 */
#include "fuzz/edit.h"

#include <head2/aead.h>
#include <head2/keys.h>
#include <head2/mlkem.h>

#define SETS 3

static struct head2_key *dsa[SETS], *kem[SETS];
static uint8_t sig[SETS][HEAD2_KEY_MAX_SIG], ct[SETS][HEAD2_KEY_MAX_CT];
static struct head2_secret32 ss[SETS];
static const uint8_t message[] = "spray log, block 7";
static const char context[] = "farm/1";

static void make_good(void)
{
    static const uint8_t seed[64] = {3};

    for (unsigned i = 0; i < SETS; i++) {
        const enum head2_alg d = (enum head2_alg)(HEAD2_MLDSA_44 + i);
        const enum head2_alg k = (enum head2_alg)(HEAD2_MLKEM_512 + i);
        size_t len;
        FUZZ_ASSERT(head2_key_from_seed(&dsa[i], d, seed, 32) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_from_seed(&kem[i], k, seed, 64) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_sign(dsa[i], sig[i], &len, message, sizeof message, context,
                                   sizeof context, true) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_encaps(kem[i], ct[i], &len, &ss[i]) == HEAD2_OK);
    }
}

static void verify(struct input *in, unsigned i)
{
    static uint8_t s[2 * HEAD2_KEY_MAX_SIG], m[256];
    const enum head2_alg alg = head2_key_alg(dsa[i]);
    const size_t sig_len = head2_alg_sig_bytes(alg);
    size_t s_len = sig_len, m_len = sizeof message, c_len = sizeof context;
    uint8_t c[300], pk[HEAD2_KEY_MAX_PUBLIC];
    struct head2_key *other = NULL;

    memcpy(s, sig[i], s_len);
    memcpy(m, message, m_len);
    memcpy(c, context, c_len);
    memcpy(pk, head2_key_public(dsa[i]), head2_alg_public_bytes(alg));
    const uint8_t what = take8(in);
    if (what & 1)
        edit(in, s, &s_len, sizeof s);
    if (what & 2)
        edit(in, m, &m_len, sizeof m);
    if (what & 4)
        edit(in, c, &c_len, sizeof c);
    if (what & 8)
        pk[take16(in) % head2_alg_public_bytes(alg)] ^= take8(in);
    const bool same = s_len == sig_len && memcmp(s, sig[i], s_len) == 0 &&
                      m_len == sizeof message && memcmp(m, message, m_len) == 0 &&
                      c_len == sizeof context && memcmp(c, context, c_len) == 0 &&
                      memcmp(pk, head2_key_public(dsa[i]), head2_alg_public_bytes(alg)) == 0;
    FUZZ_ASSERT(head2_key_from_public(&other, alg, pk, head2_alg_public_bytes(alg)) == HEAD2_OK);
    const enum head2_status st = head2_key_verify(other, m, m_len, c, c_len, s, s_len);
    FUZZ_ASSERT(st == (same ? HEAD2_OK : HEAD2_E_VERIFY));
    head2_key_free(other);
}

/* FIPS 203, Section 7.2: every 12-bit value is below q. */
static bool modulus_holds(const uint8_t *ek, size_t len)
{
    for (size_t i = 0; i + 3 <= len - 32; i += 3)
        if ((ek[i] | (unsigned)(ek[i + 1] & 15) << 8) >= 3329 ||
            ((unsigned)ek[i + 1] >> 4 | (unsigned)ek[i + 2] << 4) >= 3329)
            return false;
    return true;
}

static void decapsulate(struct input *in, unsigned i)
{
    static uint8_t c[2 * HEAD2_KEY_MAX_CT], ek[HEAD2_KEY_MAX_PUBLIC], dk[HEAD2_KEY_MAX_PRIVATE];
    const enum head2_alg alg = head2_key_alg(kem[i]);
    const size_t pub = head2_alg_public_bytes(alg), priv = head2_alg_private_bytes(alg);
    size_t len = head2_alg_ct_bytes(alg);
    struct head2_secret32 a, b;
    struct head2_key *other = NULL;

    memcpy(c, ct[i], len);
    edit(in, c, &len, sizeof c);
    const enum head2_status st = head2_key_decaps(kem[i], &a, c, len);
    FUZZ_ASSERT((st == HEAD2_OK) == (len == head2_alg_ct_bytes(alg)));
    if (st == HEAD2_OK) {
        FUZZ_ASSERT(head2_key_decaps(kem[i], &b, c, len) == HEAD2_OK);
        FUZZ_ASSERT(memcmp(&a, &b, sizeof a) == 0);
        FUZZ_ASSERT((memcmp(&a, &ss[i], sizeof a) == 0) == (memcmp(c, ct[i], len) == 0));
    }
    memcpy(ek, head2_key_public(kem[i]), pub);
    memcpy(dk, head2_key_private(kem[i]), priv);
    for (unsigned n = take8(in) % 4; n > 0; n--) {
        ek[take16(in) % pub] = take8(in);
        dk[take16(in) % priv] ^= take8(in);
    }
    enum head2_status made = head2_key_from_public(&other, alg, ek, pub);
    FUZZ_ASSERT((made == HEAD2_OK) == modulus_holds(ek, pub));
    head2_key_free(other);
    made = head2_key_from_private(&other, alg, dk, priv);
    const size_t ek_at = priv - 64 - pub; /* dk: s, ek, H(ek), z */
    if (memcmp(dk + ek_at, head2_key_private(kem[i]) + ek_at, pub + 32) != 0)
        FUZZ_ASSERT(made == HEAD2_E_MALFORMED);
    head2_key_free(other);
}

static void open_packet(struct input *in)
{
    static struct head2_aead *aead;
    uint8_t key[32] = {9}, nonce[12] = {1}, aad[64] = {2}, pt[64] = {5}, packet[256], out[256];
    size_t aad_len = 7, len = sizeof pt + HEAD2_AEAD_TAG_BYTES;

    if (aead == NULL)
        FUZZ_ASSERT(head2_aead_new(&aead) == HEAD2_OK);
    FUZZ_ASSERT(head2_aead_set_key(aead, key, take8(in) & 1 ? 32 : 16) == HEAD2_OK);
    FUZZ_ASSERT(head2_aead_seal(aead, packet, nonce, aad, aad_len, pt, sizeof pt) == HEAD2_OK);
    uint8_t before[256], aad_before[64];
    memcpy(before, packet, len);
    memcpy(aad_before, aad, aad_len);
    edit(in, packet, &len, sizeof packet);
    edit(in, aad, &aad_len, sizeof aad);
    const bool same = len == sizeof pt + HEAD2_AEAD_TAG_BYTES && memcmp(packet, before, len) == 0 &&
                      aad_len == 7 && memcmp(aad, aad_before, aad_len) == 0;
    memset(out, 0xee, sizeof out);
    const enum head2_status st = head2_aead_open(aead, out, nonce, aad, aad_len, packet, len);
    if (same) {
        FUZZ_ASSERT(st == HEAD2_OK && memcmp(out, pt, sizeof pt) == 0);
        return;
    }
    FUZZ_ASSERT(st == (len < HEAD2_AEAD_TAG_BYTES ? HEAD2_E_ARG : HEAD2_E_VERIFY));
    for (size_t i = 0; st == HEAD2_E_VERIFY && i < len - HEAD2_AEAD_TAG_BYTES; i++)
        FUZZ_ASSERT(out[i] == 0); /* nothing unauthenticated is left */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};

    if (dsa[0] == NULL)
        make_good();
    const uint8_t how = take8(&in);
    if (how % 4 == 3)
        open_packet(&in);
    else if (how & 4)
        verify(&in, how % 4);
    else
        decapsulate(&in, how % 4);
    return 0;
}
