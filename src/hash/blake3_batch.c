/*
 * BLAKE3 of many messages: each lane hashes a message of its own from its first chunk to its root,
 * then takes the next one, so that the lanes stay full whatever the lengths are.
 */
#include "hash/blake3_tree.h"

#include <head2/hash.h>

enum {
    ALONE_ABOVE = 16 * BLAKE3_CHUNK, /* a longer message fills the lanes by itself */
    STACK = 5                        /* one bits of a number of chunks up to 16 */
};

/* A message on its way. */
struct lane {
    const uint8_t *in; /* what is not hashed yet */
    size_t left;
    uint8_t *out;
    uint32_t chunk;  /* the present one */
    uint32_t blocks; /* hashed of it */
    uint32_t joins;  /* parents to hash before the next chunk */
    uint32_t ends;   /* the present run reaches the end of its chunk or is a parent */
    uint32_t root;   /* and ends the message */
    uint32_t run;    /* blocks of the present run that are not hashed yet */
    uint32_t flags;  /* of the last block of the run, besides l.flags */
    uint32_t tail;   /* length of that block */
    uint32_t stack_len;
    uint8_t stack[STACK][32];
    uint8_t block[BLAKE3_BLOCK]; /* a last block with its zeros, or the children of a parent */
};

struct pool {
    const struct blake3_kernels *kernels;
    const struct head2_blake3_job *next;
    const struct head2_blake3_job *end;
    unsigned used; /* lanes 0 to used - 1 are busy */
    struct lane lane[BLAKE3_LANES];
    struct blake3_lanes l;
};

static void set_cv(struct blake3_lanes *l, unsigned i)
{
    for (unsigned j = 0; j < 8; j++)
        l->cv[j][i] = blake3_iv[j];
}

/* The blocks of the present chunk that can go in one run: a short block needs one of its own. */
static void plan_chunk(struct pool *p, unsigned i)
{
    struct lane *const t = &p->lane[i];
    struct blake3_lanes *const l = &p->l;
    const size_t room = BLAKE3_CHUNK - t->blocks * BLAKE3_BLOCK;
    const size_t len = t->left < room ? t->left : room;
    const size_t full = len / BLAKE3_BLOCK;

    l->in[i] = t->in;
    l->counter[0][i] = t->chunk;
    l->flags[i] = 0;
    l->first[i] = t->blocks == 0 ? BLAKE3_CHUNK_START : 0;
    t->run = (uint32_t)full;
    t->tail = BLAKE3_BLOCK;
    t->ends = full * BLAKE3_BLOCK == len && full != 0;
    if (full == 0) {
        copy_bytes(t->block, t->in, len);
        memset(t->block + len, 0, sizeof t->block - len);
        l->in[i] = t->block;
        t->run = 1;
        t->tail = (uint32_t)len;
        t->ends = 1;
    }
    t->root = t->ends && t->left == len && t->chunk == 0;
    t->flags = t->ends ? BLAKE3_CHUNK_END : 0;
    if (t->root)
        t->flags |= BLAKE3_ROOT;
}

/* The parent of the newest subtree and the one whose value is in the lane. */
static void plan_parent(struct pool *p, unsigned i)
{
    struct lane *const t = &p->lane[i];
    struct blake3_lanes *const l = &p->l;

    memcpy(t->block, t->stack[--t->stack_len], 32);
    for (unsigned j = 0; j < 8; j++)
        put_le32(t->block + 32 + (size_t)4 * j, l->cv[j][i]);
    set_cv(l, i);
    t->joins--;
    l->in[i] = t->block;
    l->counter[0][i] = 0;
    l->flags[i] = BLAKE3_PARENT;
    l->first[i] = 0;
    t->run = 1;
    t->tail = BLAKE3_BLOCK;
    t->ends = 1;
    t->root = t->left == 0 && t->joins == 0;
    t->flags = t->root ? BLAKE3_ROOT : 0;
}

/* The next message, into lane i; false when there is none. */
static bool take_job(struct pool *p, unsigned i)
{
    struct lane *const t = &p->lane[i];

    for (; p->next != p->end && p->next->len > ALONE_ABOVE; p->next++)
        head2_blake3(p->next->out, p->next->in, p->next->len);
    if (p->next == p->end)
        return false;
    t->in = p->next->len == 0 ? t->block : p->next->in; /* not NULL, whatever the caller has */
    t->left = p->next->len;
    t->out = p->next->out;
    t->chunk = 0;
    t->blocks = 0;
    t->joins = 0;
    t->stack_len = 0;
    p->next++;
    set_cv(&p->l, i);
    plan_chunk(p, i);
    return true;
}

/* The message in lane i is done: the last busy lane moves here when there is no other message. */
static void leave_lane(struct pool *p, unsigned i)
{
    struct blake3_lanes *const l = &p->l;
    const unsigned from = p->used - 1;

    if (take_job(p, i))
        return;
    p->used--;
    if (i == from)
        return;
    const bool own = l->in[from] == p->lane[from].block;
    p->lane[i] = p->lane[from];
    for (unsigned j = 0; j < 8; j++)
        l->cv[j][i] = l->cv[j][from];
    l->in[i] = own ? p->lane[i].block : l->in[from];
    l->counter[0][i] = l->counter[0][from];
    l->flags[i] = l->flags[from];
    l->first[i] = l->first[from];
}

/* A chunk or a parent is done and is not the root: push it, or join it with the subtrees that its
 * number completes, or with all of them at the end of the message. */
static void end_node(struct pool *p, unsigned i, bool chunk)
{
    struct lane *const t = &p->lane[i];

    if (chunk) {
        t->chunk++;
        t->blocks = 0;
        t->joins = t->left == 0 ? t->stack_len : (uint32_t)__builtin_ctz(t->chunk);
    }
    if (t->joins != 0) {
        plan_parent(p, i);
        return;
    }
    HEAD2_REQUIRES(t->stack_len < STACK);
    for (unsigned j = 0; j < 8; j++)
        put_le32(t->stack[t->stack_len] + (size_t)4 * j, p->l.cv[j][i]);
    t->stack_len++;
    set_cv(&p->l, i);
    plan_chunk(p, i);
}

/* The run of lane i is done. */
static void end_run(struct pool *p, unsigned i)
{
    struct lane *const t = &p->lane[i];

    if (t->root) {
        for (unsigned j = 0; j < 8; j++)
            put_le32(t->out + (size_t)4 * j, p->l.cv[j][i]);
        leave_lane(p, i);
    } else if (t->ends) {
        end_node(p, i, p->l.flags[i] != BLAKE3_PARENT);
    } else {
        plan_chunk(p, i);
    }
}

/* As many blocks as all lanes have in their present runs. */
static void step(struct pool *p)
{
    struct blake3_lanes *const l = &p->l;
    bool ended[BLAKE3_LANES] = {false};
    uint32_t blocks = BLAKE3_CHUNK_BLOCKS;

    for (unsigned i = 0; i < p->used; i++)
        blocks = p->lane[i].run < blocks ? p->lane[i].run : blocks;
    for (unsigned i = 0; i < p->used; i++) {
        struct lane *const t = &p->lane[i];
        ended[i] = t->run == blocks;
        l->last[i] = ended[i] ? t->flags : 0;
        l->last_len[i] = ended[i] ? t->tail : BLAKE3_BLOCK;
    }
    p->kernels->lanes(l, p->used, blocks);
    for (unsigned i = 0; i < p->used; i++) {
        struct lane *const t = &p->lane[i];
        t->run -= blocks;
        l->first[i] = 0;
        if (l->flags[i] != BLAKE3_PARENT) {
            const size_t taken =
                ended[i] ? BLAKE3_BLOCK * (blocks - 1) + t->tail : BLAKE3_BLOCK * blocks;
            t->in += taken;
            t->left -= taken;
            t->blocks += blocks;
            l->in[i] += BLAKE3_BLOCK * blocks;
        }
    }
    for (unsigned i = p->used; i-- > 0;) /* downwards: what moves into i is not looked at again */
        if (ended[i])
            end_run(p, i);
}

/* see head2/hash.h */
void head2_blake3_batch(const struct head2_blake3_job *jobs, size_t n)
{
    struct pool p;

    p.kernels = blake3_kernels();
    if (n == 1 || p.kernels->width == 1) {
        for (size_t i = 0; i < n; i++)
            head2_blake3(jobs[i].out, jobs[i].in, jobs[i].len);
        return;
    }
    p.next = jobs;
    p.end = jobs + n;
    memset(&p.l, 0, sizeof p.l);
    p.used = 0;
    while (p.used < p.kernels->width && take_job(&p, p.used))
        p.used++;
    while (p.used > 0)
        step(&p);
    head2_wipe(&p, sizeof p);
}
