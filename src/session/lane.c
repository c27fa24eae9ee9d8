/*
 * Packets: [nonce:12][ciphertext][tag:16] with nonce = tag || (salt XOR record number).
 */
#include "session/lane.h"

static uint64_t *word_of(const struct window *w, uint64_t rn)
{
    return &w->bits[(rn & (w->size - 1)) / 64];
}

enum window_verdict window_check(const struct window *w, uint64_t rn)
{
    if (rn >= w->next)
        return WINDOW_NEW;
    if (w->next - rn > w->size)
        return WINDOW_OLD;
    return *word_of(w, rn) >> (rn % 64) & 1 ? WINDOW_DUP : WINDOW_NEW;
}

void window_accept(struct window *w, uint64_t rn)
{
    HEAD2_REQUIRES(window_check(w, rn) == WINDOW_NEW);
    if (rn >= w->next) {
        if (rn - w->next >= w->size)
            memset(w->bits, 0, w->size / 8);
        else
            for (uint64_t i = w->next; i <= rn; i++)
                *word_of(w, i) &= ~(UINT64_C(1) << (i % 64));
        w->next = rn + 1;
    }
    *word_of(w, rn) |= UINT64_C(1) << (rn % 64);
}

static void packet_aad(uint8_t aad[PACKET_AAD], const struct packet_spec *p)
{
    memcpy(aad, "CH2D", 4);
    memcpy(aad + 4, p->session_id, 8);
    put_be32(aad + 12, epoch_gen(p->epoch));
    aad[16] = epoch_step(p->epoch);
    aad[17] = p->dir;
    aad[18] = p->lane;
    aad[19] = (uint8_t)p->suite;
}

/* The schedule of a packet's key, made now if it is not there. */
static enum head2_status schedule(struct cipher **out, const struct packet_spec *p)
{
    const uint64_t name = cipher_name(p->serial, p->lane);
    const size_t key_len = p->suite == HEAD2_SUITE_L1X4 && p->lane != LANE_CONTROL ? 16 : 32;

    *out = ciphers_find(p->ciphers, name);
    if (*out != NULL)
        return HEAD2_OK;
    const enum head2_status st = ciphers_add(out, p->ciphers, name, p->keys->key[p->lane], key_len);
    if (st == HEAD2_OK)
        packet_aad((*out)->aad, p);
    return st;
}

uint64_t packet_rn(const uint8_t base[12], const uint8_t *packet)
{
    return be48(base + TAG_BYTES) ^ be48(packet + TAG_BYTES);
}

/* The nonce, and four bytes of zeros where the ciphertext comes, in one store: AES-GCM loads it at
 * once, and would wait for parts to come together. */
static void packet_nonce(uint8_t out[16], const uint8_t base[12], uint64_t rn)
{
    typedef uint64_t words __attribute__((vector_size(16)));
    const uint64_t number = __builtin_bswap64(rn); /* little-endian, of its big-endian bytes */
    uint64_t w[2];

    put_le64((uint8_t *)&w[0], le64(base) ^ number << 32); /* rn < 2^48 */
    put_le64((uint8_t *)&w[1], le32(base + 8) ^ number >> 32);
    const words nonce = {w[0], w[1]};
    memcpy(out, &nonce, sizeof nonce);
}

enum head2_status packet_prepare(struct aead_job *job, uint8_t *out, const struct packet_spec *p,
                                 const uint8_t *plain, size_t len)
{
    enum head2_status st;
    const uint8_t *base = p->keys->base[p->lane];
    struct cipher *c;

    HEAD2_REQUIRES(p->rn < RN_LIMIT);
    HEAD2_TRY(schedule(&c, p));
    packet_nonce(out, base, p->rn);
    job->aead = c->aead;
    job->m = (struct aead_message){.out = out + HEAD2_AEAD_NONCE_BYTES,
                                   .nonce = out,
                                   .aad = c->aad,
                                   .aad_len = PACKET_AAD,
                                   .in = plain,
                                   .len = len};
done:
    return st;
}

enum head2_status packet_seal(uint8_t *out, const struct packet_spec *p, const uint8_t *plain,
                              size_t len)
{
    enum head2_status st;
    struct aead_job job;

    ciphers_next_call(p->ciphers);
    HEAD2_TRY(packet_prepare(&job, out, p, plain, len));
    aead_seal_many(&job, 1);
    st = job.st;
done:
    return st;
}

enum head2_status packet_open(uint8_t *plain, const struct packet_spec *p, const uint8_t *packet,
                              size_t len)
{
    enum head2_status st;
    struct cipher *c;

    HEAD2_REQUIRES(len >= DATAGRAM_MIN);
    ciphers_next_call(p->ciphers);
    HEAD2_TRY(schedule(&c, p));
    HEAD2_TRY(head2_aead_open(c->aead, plain, packet, c->aad, PACKET_AAD, packet + 12, len - 12));
done:
    return st;
}
