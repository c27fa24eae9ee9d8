/*
 * Two ways to use the lanes of keccak_x8: chains beside other states, and many sponges in turn.
 */
#include "hash/keccak.h"

static void absorb_words(uint64_t s[25], const uint8_t *in, unsigned words)
{
    for (unsigned i = 0; i < words; i++)
        s[i] ^= le64(in + (size_t)8 * i);
}

/* ---- chains ---- */

void keccak_chain_init(struct keccak_chain *c, unsigned rate, const uint8_t *in, size_t ready)
{
    HEAD2_REQUIRES(rate % 8 == 0 && rate <= 8 * KECCAK_MAX_WORDS);
    memset(c->s, 0, sizeof c->s);
    c->in = in;
    c->ready = ready;
    c->rate = rate;
}

static void take_block(struct keccak_chain *c)
{
    absorb_words(c->s, c->in, c->rate / 8);
    c->in += c->rate;
    c->ready -= c->rate;
}

/* Plain C permutes one lane after the other: a chain gains nothing from being copied to one. */
static void permute_in_turn(const struct keccak_kernels *k, struct keccak_x8 *st, unsigned lanes,
                            struct keccak_chain *const chains[], unsigned n)
{
    k->permute(st, lanes);
    for (unsigned i = 0; i < n; i++) {
        if (chains[i] != NULL && chains[i]->ready >= chains[i]->rate) {
            take_block(chains[i]);
            k->f1600(chains[i]->s);
        }
    }
}

void keccak_permute_beside(struct keccak_x8 *st, unsigned lanes,
                           struct keccak_chain *const chains[], unsigned n)
{
    const struct keccak_kernels *kernels = keccak_kernels();
    struct keccak_chain *in_lane[KECCAK_LANES];
    unsigned used = lanes;

    if (kernels == &keccak_kernels_portable) {
        permute_in_turn(kernels, st, lanes, chains, n);
        return;
    }
    for (unsigned k = 0; k < n; k++) {
        struct keccak_chain *c = chains[k];
        if (c == NULL || c->ready < c->rate)
            continue;
        HEAD2_REQUIRES(used < KECCAK_LANES);
        take_block(c);
        for (unsigned i = 0; i < 25; i++)
            st->s[i][used] = c->s[i];
        in_lane[used++] = c;
    }
    kernels->permute(st, used);
    for (unsigned l = lanes; l < used; l++)
        for (unsigned i = 0; i < 25; i++)
            in_lane[l]->s[i] = st->s[i][l];
}

void keccak_chain_finish(struct keccak_chain *c, uint8_t suffix, uint8_t *out, size_t len)
{
    const struct keccak_kernels *k = keccak_kernels();
    uint8_t last[8 * KECCAK_MAX_WORDS] = {0};

    while (c->ready >= c->rate) {
        take_block(c);
        k->f1600(c->s);
    }
    copy_bytes(last, c->in, c->ready);
    last[c->ready] = suffix;
    last[c->rate - 1] |= 0x80;
    absorb_words(c->s, last, c->rate / 8);
    k->f1600(c->s);
    while (len > c->rate) {
        for (unsigned i = 0; i < c->rate / 8; i++)
            put_le64(out + (size_t)8 * i, c->s[i]);
        out += c->rate;
        len -= c->rate;
        k->f1600(c->s);
    }
    for (unsigned i = 0; i < c->rate / 8; i++)
        put_le64(last + (size_t)8 * i, c->s[i]);
    memcpy(out, last, len);
    head2_wipe(last, sizeof last);
    head2_wipe(c, sizeof *c);
}

/* ---- many ---- */

/* Where one lane stands. */
struct lane {
    const struct keccak_job *job; /* NULL when there is none left */
    unsigned part;                /* 3 when all is absorbed and padded */
    size_t at;                    /* in that part; bytes squeezed so far afterwards */
};

struct many {
    struct keccak_x8 st;
    struct lane lane[KECCAK_LANES];
    uint8_t block[KECCAK_LANES][8 * KECCAK_MAX_WORDS];
    const uint8_t *in[KECCAK_LANES];
    uint8_t *out[KECCAK_LANES];
    unsigned rate;
    const struct keccak_job *next, *end;
};

static const uint8_t zeros[8 * KECCAK_MAX_WORDS];

enum { ABSORBED = 3 };

static bool start_next(struct many *m, unsigned l)
{
    m->lane[l] = (struct lane){0};
    if (m->next == m->end)
        return false;
    m->lane[l].job = m->next++;
    for (unsigned i = 0; i < 25; i++)
        m->st.s[i][l] = 0;
    return true;
}

/* What is left in the present part of a lane. */
static size_t left_in_part(const struct lane *lane)
{
    if (lane->job == NULL || lane->part == ABSORBED)
        return 0;
    return lane->job->part[lane->part].len - lane->at;
}

/* Gather the next block from the parts that it spans; the last one is padded. */
static const uint8_t *gather_block(struct many *m, unsigned l)
{
    struct lane *lane = &m->lane[l];
    uint8_t *block = m->block[l];
    unsigned have = 0;

    while (lane->part < ABSORBED) {
        const struct keccak_part *part = &lane->job->part[lane->part];
        const size_t left = part->len - lane->at;
        const unsigned room = m->rate - have;
        const unsigned n = left < room ? (unsigned)left : room;
        copy_bytes(block + have, n != 0 ? part->p + lane->at : part->p, n);
        have += n;
        lane->at += n;
        if (have == m->rate)
            return block;
        lane->part++;
        lane->at = 0;
    }
    memset(block + have, 0, m->rate - have);
    block[have] = lane->job->suffix;
    block[m->rate - 1] |= 0x80;
    return block;
}

/* Steps in which all lanes have whole blocks where they lie: the common case of equal jobs. False
 * when there is none. */
static bool absorb_in_place(struct many *m, const struct keccak_kernels *k, unsigned lanes)
{
    size_t common = SIZE_MAX;

    for (unsigned l = 0; l < lanes; l++) {
        const size_t left = left_in_part(&m->lane[l]);
        common = left < common ? left : common;
    }
    if (common < m->rate)
        return false;
    for (unsigned l = 0; l < lanes; l++)
        m->in[l] = m->lane[l].job->part[m->lane[l].part].p + m->lane[l].at;
    for (; common >= m->rate; common -= m->rate) {
        k->absorb(&m->st, m->in, lanes, m->rate / 8);
        k->permute(&m->st, lanes);
        for (unsigned l = 0; l < lanes; l++) {
            m->in[l] += m->rate;
            m->lane[l].at += m->rate;
        }
    }
    return true;
}

/* Absorb one block, or nothing, into each lane. */
static void absorb_any(struct many *m, const struct keccak_kernels *k, unsigned lanes)
{
    for (unsigned l = 0; l < lanes; l++)
        m->in[l] =
            m->lane[l].job != NULL && m->lane[l].part < ABSORBED ? gather_block(m, l) : zeros;
    k->absorb(&m->st, m->in, lanes, m->rate / 8);
    k->permute(&m->st, lanes);
}

/* Bytes that a lane puts out of the block at hand. */
static unsigned wants(const struct many *m, const struct lane *lane)
{
    if (lane->job == NULL || lane->part < ABSORBED)
        return 0;
    const size_t left = lane->job->out_len - lane->at;
    return left < m->rate ? (unsigned)left : m->rate;
}

/* Lanes whose output is as long as any, in whole words, get it in place; the others by a copy. */
static void squeeze_any(struct many *m, const struct keccak_kernels *k, unsigned lanes)
{
    unsigned most = 0;

    for (unsigned l = 0; l < lanes; l++) {
        const unsigned n = (wants(m, &m->lane[l]) + 7) / 8;
        most = n > most ? n : most;
    }
    if (most == 0)
        return;
    for (unsigned l = 0; l < lanes; l++) {
        const struct lane *lane = &m->lane[l];
        m->out[l] = wants(m, lane) == 8 * most ? lane->job->out + lane->at : m->block[l];
    }
    k->squeeze(&m->st, m->out, lanes, most);
    for (unsigned l = 0; l < lanes; l++) {
        struct lane *lane = &m->lane[l];
        const unsigned n = wants(m, lane);
        if (n != 0 && n != 8 * most)
            memcpy(lane->job->out + lane->at, m->block[l], n);
        lane->at += n;
    }
}

void keccak_many(unsigned rate, const struct keccak_job *jobs, size_t n)
{
    const struct keccak_kernels *k = keccak_kernels();
    struct many m;
    unsigned lanes = 0;

    HEAD2_REQUIRES(rate % 8 == 0 && rate <= 8 * KECCAK_MAX_WORDS);
    m.rate = rate;
    m.next = jobs;
    m.end = jobs + n;
    while (lanes < KECCAK_LANES && start_next(&m, lanes))
        lanes++;
    while (lanes != 0) {
        if (absorb_in_place(&m, k, lanes))
            continue;
        absorb_any(&m, k, lanes);
        squeeze_any(&m, k, lanes);
        for (unsigned l = 0; l < lanes; l++)
            if (m.lane[l].job != NULL && m.lane[l].part == ABSORBED &&
                m.lane[l].at == m.lane[l].job->out_len)
                start_next(&m, l);
        while (lanes != 0 && m.lane[lanes - 1].job == NULL)
            lanes--;
    }
    head2_wipe(&m, sizeof m);
}
