/*
 * Encodings of the handshake messages. Readers accept exactly one encoding of each value.
 */
#include "session/message.h"

#include <head2/aead.h>

static bool all_zero(const uint8_t *p, size_t n)
{
    uint8_t any = 0;
    for (size_t i = 0; i < n; i++)
        any |= p[i];
    return any == 0;
}

void params_write(uint8_t out[PARAMS_BYTES], const struct params *p)
{
    memset(out, 0, PARAMS_BYTES);
    put_be64(out, p->incarnation);
    put_be32(out + 8, p->rot_seconds);
    put_be64(out + 12, p->rot_bytes);
    put_be16(out + 20, p->overlap);
    put_be16(out + 22, p->flags);
    put_be16(out + 24, p->fb_counter);
    put_be64(out + 26, p->now_ms);
    put_be16(out + 34, p->max_dgram);
}

bool params_read(struct params *p, const uint8_t in[PARAMS_BYTES])
{
    p->incarnation = be64(in);
    p->rot_seconds = be32(in + 8);
    p->rot_bytes = be64(in + 12);
    p->overlap = be16(in + 20);
    p->flags = be16(in + 22);
    p->fb_counter = be16(in + 24);
    p->now_ms = be64(in + 26);
    p->max_dgram = be16(in + 34);
    return all_zero(in + 36, 12) && p->incarnation < INCARNATION_MAX &&
           p->max_dgram >= DATAGRAM_FLOOR;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void params_agree(struct params *out, const struct params *a, const struct params *b)
{
    out->incarnation = 0;
    out->rot_seconds = (uint32_t)most(least(a->rot_seconds, b->rot_seconds), ROT_SECONDS_MIN);
    out->rot_bytes = most(least(a->rot_bytes, b->rot_bytes), ROT_BYTES_MIN);
    out->overlap = (uint16_t)least(most(a->overlap, b->overlap), OVERLAP_MAX);
    out->flags = a->flags & b->flags;
    out->fb_counter = 0;
    out->now_ms = 0;
    out->max_dgram = (uint16_t)least(least(a->max_dgram, b->max_dgram), DATAGRAM_MAX);
}

uint16_t init_write(uint8_t *out, const uint16_t *suites, unsigned n_suites,
                    const uint8_t random_d[32], const uint8_t ek[EK_BYTES], const uint8_t *kx2)
{
    const uint16_t len = kx2 != NULL ? INIT_MAX : INIT_BYTES;

    memset(out, 0, len);
    put_be16(out, WIRE_VERSION);
    put_be16(out + 2, WIRE_VERSION);
    out[INIT_OFF_MODE] = AUTH_MODE_SIG;
    out[5] = (uint8_t)n_suites;
    for (unsigned i = 0; i < n_suites; i++)
        put_be16(out + 6 + 2 * i, suites[i]);
    memcpy(out + 24, random_d, 32);
    memcpy(out + INIT_OFF_EK, ek, EK_BYTES);
    if (kx2 != NULL) {
        out[INIT_OFF_KX2] = KX2_BYTES;
        memcpy(out + INIT_OFF_KX2 + 1, kx2, KX2_BYTES);
    }
    return len;
}

bool init_read(struct init_msg *m, const uint8_t *in, size_t len)
{
    if (len != INIT_BYTES && len != INIT_MAX)
        return false;
    m->version = be16(in);
    m->max_version = be16(in + 2);
    m->auth_mode = in[INIT_OFF_MODE];
    m->n_suites = in[5];
    for (unsigned i = 0; i < 8; i++)
        m->suites[i] = be16(in + 6 + 2 * i);
    m->random_d = in + 24;
    m->psk_id = in + INIT_OFF_PSK_ID;
    m->ek = in + INIT_OFF_EK;
    m->kx2 = len == INIT_MAX ? in + INIT_OFF_KX2 + 1 : NULL;
    m->binder = in + len - 64;
    if (m->n_suites < 1 || m->n_suites > 8 || be16(in + 22) != 0)
        return false;
    for (unsigned i = 0; i < 8; i++)
        if ((i < m->n_suites) != (m->suites[i] != 0))
            return false;
    return in[INIT_OFF_KX2] == (m->kx2 != NULL ? KX2_BYTES : 0);
}

void init_bind(uint8_t *init, size_t len, const uint8_t psk_id[HEAD2_FALLBACK_ID_BYTES],
               const struct chain *early)
{
    init[INIT_OFF_MODE] = AUTH_MODE_FALLBACK;
    memcpy(init + INIT_OFF_PSK_ID, psk_id, HEAD2_FALLBACK_ID_BYTES);
    derive_binder(init + len - BINDER_BYTES, early, "binder fbk", init, len);
}

size_t resp_box_len(bool sig)
{
    return sig ? RESP_BOX : RESP_BOX - SIG_BYTES;
}

size_t auth_box_len(bool sig)
{
    return sig ? AUTH_BOX : AUTH_BOX - SIG_BYTES;
}

uint16_t resp_len(uint16_t suite, bool sig)
{
    return (uint16_t)(resp_clear_len(suite) + resp_box_len(sig) + GCM_TAG);
}

uint16_t auth_len(bool sig)
{
    return (uint16_t)(auth_box_len(sig) + GCM_TAG);
}

uint16_t resp_clear_len(uint16_t suite)
{
    return suite_hybrid(suite) ? RESP_CLEAR + KX2_BYTES : RESP_CLEAR;
}

void resp_clear_write(uint8_t *out, uint16_t suite, const uint8_t random_g[32],
                      const uint8_t ct[CT_BYTES], const uint8_t *kx2)
{
    put_be16(out, WIRE_VERSION);
    put_be16(out + 2, WIRE_VERSION);
    put_be16(out + 4, suite);
    put_be16(out + 6, 0);
    memcpy(out + 8, random_g, 32);
    memcpy(out + 40, ct, CT_BYTES);
    out[RESP_CLEAR - 1] = suite_hybrid(suite) ? KX2_BYTES : 0;
    if (suite_hybrid(suite))
        memcpy(out + RESP_CLEAR, kx2, KX2_BYTES);
}

bool resp_clear_read(struct resp_clear *m, const uint8_t *in, size_t len, bool sig)
{
    m->version = be16(in);
    m->max_version = be16(in + 2);
    m->suite = be16(in + 4);
    m->random_g = in + 8;
    m->ct = in + 40;
    m->kx2 = suite_hybrid(m->suite) ? in + RESP_CLEAR : NULL;
    return be16(in + 6) == 0 && in[RESP_CLEAR - 1] == (m->kx2 != NULL ? KX2_BYTES : 0) &&
           len == resp_len(m->suite, sig);
}

static void box_nonce(uint8_t nonce[12], const uint8_t iv[12], uint64_t counter)
{
    memcpy(nonce, iv, 12);
    put_be64(nonce + 4, be64(nonce + 4) ^ counter);
}

enum head2_status box_seal(struct head2_aead *aead, uint8_t *out, const struct hs_keys *keys,
                           unsigned dir, uint64_t counter, const uint8_t aad[64],
                           const uint8_t *plain, size_t len)
{
    enum head2_status st;
    uint8_t nonce[12];

    box_nonce(nonce, keys->iv[dir], counter);
    HEAD2_TRY(head2_aead_set_key(aead, keys->key[dir], 32));
    HEAD2_TRY(head2_aead_seal(aead, out, nonce, aad, 64, plain, len));
done:
    return st;
}

enum head2_status box_open(struct head2_aead *aead, uint8_t *plain, const struct hs_keys *keys,
                           unsigned dir, uint64_t counter, const uint8_t aad[64],
                           const uint8_t *box, size_t len)
{
    enum head2_status st;
    uint8_t nonce[12];

    box_nonce(nonce, keys->iv[dir], counter);
    HEAD2_TRY(head2_aead_set_key(aead, keys->key[dir], 32));
    HEAD2_TRY(head2_aead_open(aead, plain, nonce, aad, 64, box, len + GCM_TAG));
done:
    return st;
}
