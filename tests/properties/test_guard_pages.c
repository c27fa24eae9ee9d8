/*
 * Nothing is read or written outside the buffers that a caller hands over: every buffer lies at the
 * end or the beginning of its pages, or askew in them, with pages that nobody may touch on both
 * sides; inputs may not be written; what surrounds an output must stay as it was. For every public
 * function of ML-KEM, ML-DSA and the hashes, and for every kernel that takes bytes, at each level
 * of vector instructions.
 */
#include "mlkem_sets.h"

#include "hash/keccak.h"
#include "mldsa/external.h"
#include "mldsa/kernels.h"
#include "mldsa/pack.h"

#include <head2/hash.h>
#include <head2/mldsa.h>

#include <signal.h>
#include <sys/mman.h>

/* ---- guarded buffers ---- */

enum edge { AT_END, AT_START, OFF_END, OFF_START, EDGES };
enum { PAGE = 4096, MOST_BUFFERS = 256, CANARY = 0xc3, JOBS = 9 };

static struct buffer {
    uint8_t *map; /* guard, pages, guard */
    size_t size;  /* of the pages */
    uint8_t *at;
    size_t len;
    bool in_use;
} buffers[MOST_BUFFERS];
static unsigned n_buffers;
static enum edge edge;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    const uint8_t *const at = info->si_addr;

    snprintf(check_note, sizeof check_note, "touched %p outside of all buffers", info->si_addr);
    for (unsigned i = 0; i < n_buffers; i++) {
        const struct buffer *const b = &buffers[i];
        if (at >= b->map && at < b->map + b->size + 2 * PAGE)
            snprintf(check_note, sizeof check_note,
                     "buffer %u of %zu bytes, edge %d: touched at offset %td", i, b->len, (int)edge,
                     at - b->at);
    }
    longjmp(check_leave, 1);
}

static void catch_faults(void)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO | SA_NODEFER};
    a.sa_sigaction = on_fault;
    CHECK(sigaction(SIGSEGV, &a, NULL) == 0 && sigaction(SIGBUS, &a, NULL) == 0);
}

/* Pages with guards of at least this size: the smallest that is free. */
static struct buffer *find_buffer(size_t size)
{
    struct buffer *best = NULL;

    for (unsigned i = 0; i < n_buffers; i++) {
        struct buffer *const b = &buffers[i];
        if (!b->in_use && b->size >= size && (best == NULL || b->size < best->size))
            best = b;
    }
    if (best != NULL && best->size < 4 * size + 4 * PAGE)
        return best;
    CHECK(n_buffers < MOST_BUFFERS);
    best = &buffers[n_buffers++];
    best->size = size;
    best->map = mmap(NULL, size + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(best->map != MAP_FAILED);
    return best;
}

/* A buffer of len bytes at the edge, or aligned ones at the nearest place. */
static uint8_t *place(size_t len, size_t align)
{
    const size_t shift = align > 1 ? 0 : 1;
    struct buffer *const b = find_buffer((len + 64 + PAGE - 1) / PAGE * PAGE);
    uint8_t *const pages = b->map + PAGE;

    CHECK(mprotect(pages, b->size, PROT_READ | PROT_WRITE) == 0);
    memset(pages, CANARY, b->size);
    b->len = len;
    b->in_use = true;
    if (edge == AT_END || edge == OFF_END)
        b->at = pages + b->size - len - (edge == OFF_END ? shift : 0);
    else
        b->at = pages + (edge == OFF_START ? 13 * shift : 0);
    CHECK((uintptr_t)b->at % align == 0);
    return b->at;
}

static uint8_t *out(size_t len)
{
    return place(len, 1);
}

/* The same with contents, which may not be written. */
static uint8_t *in(const void *from, size_t len)
{
    uint8_t *const p = place(len, 1);

    copy_bytes(p, from, len);
    for (unsigned i = 0; i < n_buffers; i++)
        if (buffers[i].in_use && buffers[i].at == p)
            CHECK(mprotect(buffers[i].map + PAGE, buffers[i].size, PROT_READ) == 0);
    return p;
}

static struct head2_secret32 *secret32(const void *from)
{
    return (struct head2_secret32 *)(void *)(from != NULL ? in(from, 32) : out(32));
}

static struct head2_secret64 *secret64(const void *from)
{
    return (struct head2_secret64 *)(void *)in(from, 64);
}

/* All canaries are alive; the buffers are free again. */
static void release(void)
{
    for (unsigned i = 0; i < n_buffers; i++) {
        struct buffer *const b = &buffers[i];
        uint8_t *const pages = b->map + PAGE;
        if (!b->in_use)
            continue;
        for (uint8_t *p = pages; p < pages + b->size; p++)
            CHECK_SAY((p >= b->at && p < b->at + b->len) || *p == CANARY,
                      "buffer %u of %zu bytes, edge %d: wrote at offset %td", i, b->len, (int)edge,
                      p - b->at);
        b->in_use = false;
    }
}

static void at_every_edge(void (*test)(void))
{
    catch_faults();
    for (edge = AT_END; edge < EDGES; edge++) {
        for (unsigned i = 0; i < n_buffers; i++)
            buffers[i].in_use = false;
        test();
        release();
    }
}

static uint8_t noise[1 << 19];

static void make_noise(void)
{
    head2_shake256(noise, sizeof noise, "guard", 5);
}

/* ---- hashes ---- */

static void keccak_kernel_buffers(void)
{
    const struct keccak_kernels *const k = keccak_kernels();
    static struct keccak_x8 st;
    const uint8_t *from[KECCAK_LANES] = {NULL};
    uint8_t *to[KECCAK_LANES] = {NULL};

    for (unsigned lanes = 1; lanes <= KECCAK_LANES; lanes++)
        for (unsigned words = 1; words <= KECCAK_MAX_WORDS; words++) {
            for (unsigned l = 0; l < lanes; l++) {
                from[l] = in(noise + l, (size_t)8 * words);
                to[l] = out((size_t)8 * words);
            }
            memset(&st, 0, sizeof st);
            k->absorb(&st, from, lanes, words);
            k->squeeze(&st, to, lanes, words);
            for (unsigned l = 0; l < lanes; l++)
                CHECK_MEM(to[l], from[l], (size_t)8 * words);
            release();
        }
}

/* Jobs whose parts and outputs end in every way around a block. */
static void keccak_many_buffers(void)
{
    static const size_t lens[] = {0, 1, 71, 72, 73, 135, 136, 137, 144, 168, 272, 336, 505};
    static const unsigned rates[] = {KECCAK_RATE_SHA3_512, KECCAK_RATE_256, KECCAK_RATE_SHAKE128};
    struct keccak_job jobs[2 * HEAD2_LEN(lens)];

    for (unsigned r = 0; r < HEAD2_LEN(rates); r++) {
        const size_t n = HEAD2_LEN(jobs);
        for (size_t i = 0; i < n; i++) {
            const size_t a = lens[i % HEAD2_LEN(lens)];
            const size_t b = lens[(5 * i + 3) % HEAD2_LEN(lens)];
            jobs[i] = (struct keccak_job){
                .part = {{in(noise, a), a}, {NULL, 0}, {in(noise + a, b), b}},
                .suffix = KECCAK_SUFFIX_SHAKE,
            };
            jobs[i].out_len = lens[(7 * i + 1) % HEAD2_LEN(lens)];
            jobs[i].out_len += jobs[i].out_len == 0;
            jobs[i].out = out(jobs[i].out_len);
        }
        keccak_many(rates[r], jobs, n);
        for (size_t i = 0; i < n; i++) {
            struct keccak_chain c;
            uint8_t want[505];
            keccak_chain_init(&c, rates[r], noise, jobs[i].part[0].len + jobs[i].part[2].len);
            keccak_chain_finish(&c, KECCAK_SUFFIX_SHAKE, want, jobs[i].out_len);
            CHECK_MEM(jobs[i].out, want, jobs[i].out_len);
        }
        release();
    }
}

static void sponge_buffers(void)
{
    struct head2_keccak ctx;
    uint8_t want[300];

    for (size_t len = 0; len <= 300; len++) {
        head2_shake128(want, len, noise, len);
        head2_shake128(out(len), len, in(noise, len), len);
        head2_shake256_init(&ctx);
        head2_shake_update(&ctx, in(noise, len), len);
        head2_shake_update(&ctx, in(noise, 3), 3);
        head2_shake_squeeze(&ctx, out(len), len);
        head2_shake_squeeze(&ctx, out(5), 5);
        head2_sha3_256(out(32), in(noise, len), len);
        head2_sha3_512(out(64), in(noise, len), len);
        release();
    }
    for (size_t len = 0; len <= 150; len += 5) {
        head2_hmac_sha3_512(out(64), in(noise, len), len, in(noise, len), len);
        head2_hkdf_sha3_512_extract(out(64), in(noise, len), len, in(noise, len), len);
        CHECK(head2_hkdf_sha3_512_expand(out(len), len, in(noise, 64), in(noise, len), len) ==
              HEAD2_OK);
        release();
    }
}

/* Every length up to two chunks, then those around whole blocks of whole chunks. */
static size_t next_length(size_t len)
{
    if (len < 2050 || len % 1024 < 2 || len % 1024 == 1023)
        return len + 1;
    return len + (1023 - len % 1024 < 331 ? 1023 - len % 1024 : 331);
}

static void blake3_buffers(void)
{
    static uint8_t want[70000][HEAD2_BLAKE3_BYTES];
    static bool known;
    const enum cpu_isa isa = cpu_isa();

    if (!known) {
        cpu_limit(CPU_PORTABLE);
        for (size_t len = 0; len < 68 * 1024; len = next_length(len))
            head2_blake3(want[len], noise, len);
        cpu_limit(isa);
        known = true;
    }
    for (size_t len = 0; len < 68 * 1024; len = next_length(len)) {
        uint8_t *const digest = out(HEAD2_BLAKE3_BYTES);
        head2_blake3(digest, in(noise, len), len);
        CHECK_MEM(digest, want[len], HEAD2_BLAKE3_BYTES);
        release();
    }
}

static void blake3_mode_buffers(void)
{
    struct head2_blake3 ctx, again;

    for (size_t len = 0; len < 3000; len += 37) {
        uint8_t *const digest = out(len % 199);
        head2_blake3_init_keyed(&ctx, in(noise, 32));
        head2_blake3_update(&ctx, in(noise, len), len);
        head2_blake3_update(&ctx, in(noise, 2 * len), 2 * len);
        head2_blake3_final(&ctx, digest, len % 199, len);
        head2_blake3_init_derive_key(&again, in(noise, len), len);
        head2_blake3_final(&again, out(64), 64, 0);
        release();
    }
    struct head2_blake3_subtree part;
    const uint8_t *const whole = in(noise, HEAD2_BLAKE3_SUBTREE_BYTES);
    head2_blake3_init(&ctx);
    head2_blake3_init(&again);
    head2_blake3_subtree(&ctx, &part, whole, 0);
    head2_blake3_append(&ctx, &part);
    head2_blake3_update(&again, whole, HEAD2_BLAKE3_SUBTREE_BYTES);
    uint8_t a[32], b[32];
    head2_blake3_final(&ctx, a, 32, 0);
    head2_blake3_final(&again, b, 32, 0);
    CHECK_MEM(a, b, 32);
}

static void blake3_batch_buffers(void)
{
    struct head2_blake3_job jobs[40];
    uint8_t want[32];

    for (unsigned round = 0; round < 12; round++) {
        const unsigned n = round < 2 ? round : HEAD2_LEN(jobs) - 3 * round;
        for (unsigned i = 0; i < n; i++) {
            const size_t len =
                i % 7 == 0 ? 64 * (size_t)(i + round) : (97 * i * (1 + round)) % 4097;
            jobs[i] = (struct head2_blake3_job){in(noise, len), len, out(32)};
        }
        head2_blake3_batch(jobs, n);
        for (unsigned i = 0; i < n; i++) {
            head2_blake3(want, noise, jobs[i].len);
            CHECK_MEM(jobs[i].out, want, 32);
        }
        release();
    }
}

/* ---- ML-KEM ---- */

static void mlkem_kernel_buffers(void)
{
    static const unsigned widths[] = {1, 4, 5, 10, 11};
    static struct mlkem_poly f, g;

    for (unsigned i = 0; i < HEAD2_LEN(widths); i++) {
        const unsigned d = widths[i];
        const uint8_t *const bytes = in(noise, (size_t)32 * d);
        uint8_t *const to = out((size_t)32 * d);
        kernels->decompress(&f, bytes, d);
        kernels->compress(to, &f, d);
        CHECK_MEM(to, bytes, (size_t)32 * d);
        release();
    }
    kernels->decode(&f, in(noise, MLKEM_POLY_BYTES));
    kernels->encode(out(MLKEM_POLY_BYTES), &f);
    CHECK(!kernels->is_reduced(in(noise, MLKEM_POLY_BYTES)));
    kernels->cbd(&f, in(noise, 128), 2);
    kernels->cbd(&f, in(noise, 192), 3);
    release();
    for (size_t len = 24; len <= 504; len += 24)
        for (unsigned have = 0; have < MLKEM_N; have += 1 + have / 3) {
            const uint8_t *const bytes = in(noise + have, len);
            struct mlkem_poly *const to = (void *)place(sizeof *to, 64);
            const unsigned n = kernels->reject(to, have, bytes, len);
            CHECK_EQ(n, mlkem_reject(&g, have, noise + have, len));
            CHECK_MEM(to->c + have, g.c + have, (n - have) * sizeof g.c[0]);
            release();
        }
}

static void mlkem_single(const struct mlkem_set *set)
{
    uint8_t *const ek = out(set->p->ek_bytes), *const dk = out(set->p->dk_bytes);
    uint8_t *const ct = out(set->p->ct_bytes);
    struct head2_secret32 *const ss = secret32(NULL), *const got = secret32(NULL);

    CHECK(set->keypair_from_seed(ek, dk, secret64(noise)) == HEAD2_OK);
    const uint8_t *const ek_in = in(ek, set->p->ek_bytes);
    const uint8_t *const dk_in = in(dk, set->p->dk_bytes);
    CHECK(set->check_ek(ek_in) == HEAD2_OK && set->check_dk(dk_in) == HEAD2_OK);
    CHECK(set->encaps_derand(ct, ss, ek_in, secret32(noise)) == HEAD2_OK);
    const uint8_t *const ct_in = in(ct, set->p->ct_bytes);
    CHECK(set->decaps(got, dk_in, ct_in) == HEAD2_OK);
    CHECK_MEM(got->b, ss->b, 32);
    CHECK(set->encaps(ct, ss, ek_in) == HEAD2_OK);
    CHECK(set->decaps(got, dk_in, in(ct, set->p->ct_bytes)) == HEAD2_OK);
    CHECK_MEM(got->b, ss->b, 32);
    CHECK(set->keypair(out(set->p->ek_bytes), out(set->p->dk_bytes)) == HEAD2_OK);
    release();
}

static const size_t ek_sizes[] = {HEAD2_MLKEM512_PREPARED_EK_BYTES,
                                  HEAD2_MLKEM768_PREPARED_EK_BYTES,
                                  HEAD2_MLKEM1024_PREPARED_EK_BYTES};
static const size_t dk_sizes[] = {HEAD2_MLKEM512_PREPARED_DK_BYTES,
                                  HEAD2_MLKEM768_PREPARED_DK_BYTES,
                                  HEAD2_MLKEM1024_PREPARED_DK_BYTES};

static void mlkem_jobs(unsigned s)
{
    const struct mlkem_set *const set = &mlkem_sets[s];
    struct head2_mlkem_keypair_job make[JOBS];
    struct head2_mlkem_encaps_job send[JOBS];
    struct head2_mlkem_decaps_job receive[JOBS];

    for (unsigned i = 0; i < JOBS; i++)
        make[i] = (struct head2_mlkem_keypair_job){.ek = out(set->p->ek_bytes),
                                                   .dk = out(set->p->dk_bytes),
                                                   .seed = i % 4 == 3 ? NULL : secret64(noise)};
    CHECK(head2_mlkem_keypair_batch((enum head2_mlkem_set)s, make, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        struct head2_mlkem_ek *ek = NULL;
        send[i] = (struct head2_mlkem_encaps_job){.ek = in(make[i].ek, set->p->ek_bytes),
                                                  .ct = out(set->p->ct_bytes),
                                                  .ss = secret32(NULL),
                                                  .m = i % 4 == 2 ? NULL : secret32(noise)};
        if (i % 2 == 1) {
            ek = (void *)place(ek_sizes[s], HEAD2_MLKEM_PREPARED_ALIGN);
            CHECK(head2_mlkem_ek_init(ek, (enum head2_mlkem_set)s, send[i].ek) == HEAD2_OK);
            send[i].ek = NULL;
        }
        send[i].key = ek;
    }
    CHECK(head2_mlkem_encaps_batch((enum head2_mlkem_set)s, send, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        struct head2_mlkem_dk *dk = NULL;
        receive[i] = (struct head2_mlkem_decaps_job){.dk = in(make[i].dk, set->p->dk_bytes),
                                                     .ct = in(send[i].ct, set->p->ct_bytes),
                                                     .ss = secret32(NULL)};
        if (i % 2 == 0) {
            dk = (void *)place(dk_sizes[s], HEAD2_MLKEM_PREPARED_ALIGN);
            CHECK(head2_mlkem_dk_init(dk, (enum head2_mlkem_set)s, receive[i].dk) == HEAD2_OK);
            receive[i].dk = NULL;
            head2_mlkem_decaps(secret32(NULL), dk, receive[i].ct);
        }
        if (send[i].key != NULL)
            CHECK(head2_mlkem_encaps(out(set->p->ct_bytes), secret32(NULL), send[i].key) ==
                  HEAD2_OK);
        receive[i].key = dk;
    }
    CHECK(head2_mlkem_decaps_batch((enum head2_mlkem_set)s, receive, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++)
        CHECK_MEM(receive[i].ss->b, send[i].ss->b, 32);
    release();
}

static void mlkem_buffers(void)
{
    for (unsigned s = 0; s < HEAD2_LEN(mlkem_sets); s++) {
        mlkem_single(&mlkem_sets[s]);
        mlkem_jobs(s);
    }
}

/* ---- ML-DSA ---- */

static const struct mldsa_kernels *dsa_table(void)
{
    static const void *const tables[CPU_LEVELS] =
        CPU_KERNELS(&mldsa_kernels_portable, &mldsa_kernels_avx2, &mldsa_kernels_avx512);
    return tables[cpu_isa()];
}

static void mldsa_rejection_buffers(const struct mldsa_kernels *k)
{
    const struct mldsa_kernels *const plain = &mldsa_kernels_portable;
    static struct poly want;

    for (size_t len = 3; len <= 840; len += len < 200 ? 3 : 159)
        for (unsigned have = 0; have < MLDSA_N; have += 1 + have / 2) {
            const uint8_t *bytes = in(noise + have, len);
            struct poly *to = (void *)place(sizeof *to, 4);
            unsigned n = k->reject_uniform(to, have, bytes, len);
            CHECK_EQ(n, plain->reject_uniform(&want, have, bytes, len));
            CHECK_MEM(to->c + have, want.c + have, (n - have) * sizeof want.c[0]);
            for (int32_t eta = 2; eta <= 4; eta += 2) {
                to = (void *)place(sizeof *to, 4);
                n = k->reject_bounded(to, have, bytes, len, eta);
                CHECK_EQ(n, plain->reject_bounded(&want, have, bytes, len, eta));
                CHECK_MEM(to->c + have, want.c + have, (n - have) * sizeof want.c[0]);
            }
            release();
        }
}

static void mldsa_kernel_buffers(void)
{
    static const struct {
        unsigned bits;
        int32_t top;
    } widths[] = {
        {3,       2      },
        {4,       4      },
        {T1_BITS, 0      },
        {T0_BITS, 1 << 12},
        {18,      1 << 17},
        {20,      1 << 19}
    };
    const struct mldsa_kernels *const k = dsa_table();
    static struct poly a;
    uint64_t flags[FLAG_WORDS] = {1};

    for (unsigned i = 0; i < HEAD2_LEN(widths); i++) {
        const size_t len = PACKED_BYTES(widths[i].bits);
        const uint8_t *const bytes = in(noise, len);
        uint8_t *const to = out(len);
        if (widths[i].top == 0) {
            k->unpack(&a, bytes, widths[i].bits);
            k->pack(to, &a, widths[i].bits);
        } else {
            k->unpack_signed(&a, bytes, widths[i].top, widths[i].bits);
            k->pack_signed(to, &a, widths[i].top, widths[i].bits);
        }
        CHECK_MEM(to, bytes, len);
        release();
    }
    for (int32_t gamma2 = (MLDSA_Q - 1) / 88; gamma2 != 0;
         gamma2 = gamma2 == (MLDSA_Q - 1) / 88 ? (MLDSA_Q - 1) / 32 : 0) {
        const size_t len = PACKED_BYTES(gamma2 == (MLDSA_Q - 1) / 32 ? 4 : 6);
        memset(&a, 0, sizeof a);
        k->split(&a, out(len), flags, gamma2);
        k->use_hint(out(len), &a, flags, gamma2);
        release();
    }
    mldsa_rejection_buffers(k);
}

static const struct dsa_set {
    enum head2_mldsa_set id;
    size_t pk, sk, sig, signer, verifier;
    enum head2_status (*keypair)(uint8_t *, uint8_t *);
    enum head2_status (*from_seed)(uint8_t *, uint8_t *, const struct head2_secret32 *);
    enum head2_status (*public_from_private)(uint8_t *, const uint8_t *);
    enum head2_status (*sign)(uint8_t *, const uint8_t *, size_t, const uint8_t *, size_t,
                              const uint8_t *);
    enum head2_status (*sign_mu)(uint8_t *, const uint8_t *, const uint8_t *);
    enum head2_status (*mu)(uint8_t *, const uint8_t *, const uint8_t *, size_t, const uint8_t *,
                            size_t);
    enum head2_status (*verify)(const uint8_t *, const uint8_t *, size_t, const uint8_t *, size_t,
                                const uint8_t *, size_t);
    enum head2_status (*verify_mu)(const uint8_t *, const uint8_t *, const uint8_t *, size_t);
} dsa_sets[] = {
    {HEAD2_MLDSA_SET_44, HEAD2_MLDSA44_PK_BYTES, HEAD2_MLDSA44_SK_BYTES, HEAD2_MLDSA44_SIG_BYTES,
     HEAD2_MLDSA44_SIGNER_BYTES, HEAD2_MLDSA44_VERIFIER_BYTES, head2_mldsa44_keypair,
     head2_mldsa44_keypair_from_seed, head2_mldsa44_public_from_private, head2_mldsa44_sign,
     head2_mldsa44_sign_mu, head2_mldsa44_mu, head2_mldsa44_verify, head2_mldsa44_verify_mu},
    {HEAD2_MLDSA_SET_65, HEAD2_MLDSA65_PK_BYTES, HEAD2_MLDSA65_SK_BYTES, HEAD2_MLDSA65_SIG_BYTES,
     HEAD2_MLDSA65_SIGNER_BYTES, HEAD2_MLDSA65_VERIFIER_BYTES, head2_mldsa65_keypair,
     head2_mldsa65_keypair_from_seed, head2_mldsa65_public_from_private, head2_mldsa65_sign,
     head2_mldsa65_sign_mu, head2_mldsa65_mu, head2_mldsa65_verify, head2_mldsa65_verify_mu},
    {HEAD2_MLDSA_SET_87, HEAD2_MLDSA87_PK_BYTES, HEAD2_MLDSA87_SK_BYTES, HEAD2_MLDSA87_SIG_BYTES,
     HEAD2_MLDSA87_SIGNER_BYTES, HEAD2_MLDSA87_VERIFIER_BYTES, head2_mldsa87_keypair,
     head2_mldsa87_keypair_from_seed, head2_mldsa87_public_from_private, head2_mldsa87_sign,
     head2_mldsa87_sign_mu, head2_mldsa87_mu, head2_mldsa87_verify, head2_mldsa87_verify_mu},
};

static void mldsa_single(const struct dsa_set *s)
{
    static const size_t lens[] = {0, 7, 136};
    uint8_t *const pk = out(s->pk), *const sk = out(s->sk), *const sig = out(s->sig);
    uint8_t *const mu = out(HEAD2_MLDSA_MU_BYTES);

    CHECK(s->from_seed(pk, sk, secret32(noise)) == HEAD2_OK);
    CHECK(s->public_from_private(out(s->pk), in(sk, s->sk)) == HEAD2_OK);
    CHECK(s->keypair(out(s->pk), out(s->sk)) == HEAD2_OK);
    const uint8_t *const pk_in = in(pk, s->pk), *const sk_in = in(sk, s->sk);
    for (unsigned i = 0; i < HEAD2_LEN(lens); i++) {
        const uint8_t *const msg = in(noise, lens[i]), *const ctx = in(noise, 255);
        const size_t ctx_len = i == 0 ? 0 : 255;
        CHECK(s->sign(sig, msg, lens[i], ctx, ctx_len, sk_in) == HEAD2_OK);
        CHECK(s->verify(pk_in, msg, lens[i], ctx, ctx_len, in(sig, s->sig), s->sig) == HEAD2_OK);
    }
    CHECK(s->mu(mu, pk_in, in(noise, 50), 50, NULL, 0) == HEAD2_OK);
    CHECK(s->sign_mu(sig, in(mu, HEAD2_MLDSA_MU_BYTES), sk_in) == HEAD2_OK);
    CHECK(s->verify_mu(pk_in, in(mu, HEAD2_MLDSA_MU_BYTES), in(sig, s->sig), s->sig) == HEAD2_OK);
    /* a signature that is too short must not be read further than it is */
    for (size_t len = 0; len < s->sig; len += 811)
        CHECK(s->verify_mu(pk_in, mu, in(sig, len), len) == HEAD2_E_VERIFY);
    release();
}

static void mldsa_jobs(const struct dsa_set *s)
{
    struct head2_mldsa_keypair_job make[JOBS];
    struct head2_mldsa_sign_job sign[JOBS];
    struct head2_mldsa_verify_job verify[JOBS];

    for (unsigned i = 0; i < JOBS; i++)
        make[i] = (struct head2_mldsa_keypair_job){
            .pk = out(s->pk), .sk = out(s->sk), .xi = i % 4 == 3 ? NULL : secret32(noise)};
    CHECK(head2_mldsa_keypair_batch(s->id, make, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        struct head2_mldsa_signer *key = NULL;
        sign[i] = (struct head2_mldsa_sign_job){.sk = in(make[i].sk, s->sk),
                                                .msg = in(noise, 33 * i),
                                                .msg_len = 33 * i,
                                                .ctx = in(noise, i),
                                                .ctx_len = i,
                                                .mu = i == 5 ? in(noise, 64) : NULL,
                                                .rnd = i % 3 == 0 ? secret32(noise) : NULL,
                                                .sig = out(s->sig)};
        if (i % 2 == 1) {
            key = (void *)place(s->signer, HEAD2_MLDSA_PREPARED_ALIGN);
            CHECK(head2_mldsa_signer_init(key, s->id, sign[i].sk) == HEAD2_OK);
            sign[i].sk = NULL;
            CHECK(head2_mldsa_sign(out(s->sig), sign[i].msg, 33 * i, sign[i].ctx, i, key) ==
                  HEAD2_OK);
        }
        sign[i].key = key;
    }
    CHECK(head2_mldsa_sign_batch(s->id, sign, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        struct head2_mldsa_verifier *key = NULL;
        verify[i] = (struct head2_mldsa_verify_job){.pk = in(make[i].pk, s->pk),
                                                    .msg = sign[i].msg,
                                                    .msg_len = 33 * i,
                                                    .ctx = sign[i].ctx,
                                                    .ctx_len = i,
                                                    .mu = sign[i].mu,
                                                    .sig = in(sign[i].sig, s->sig),
                                                    .sig_len = s->sig};
        if (i % 3 == 1) {
            key = (void *)place(s->verifier, HEAD2_MLDSA_PREPARED_ALIGN);
            CHECK(head2_mldsa_verifier_init(key, s->id, verify[i].pk) == HEAD2_OK);
            verify[i].pk = NULL;
            CHECK(head2_mldsa_verify(key, verify[i].msg, 33 * i, verify[i].ctx, i, verify[i].sig,
                                     s->sig) == HEAD2_OK);
        }
        verify[i].key = key;
    }
    CHECK(head2_mldsa_verify_batch(s->id, verify, JOBS) == HEAD2_OK);
    release();
}

static void mldsa_buffers(void)
{
    for (unsigned s = 0; s < HEAD2_LEN(dsa_sets); s++) {
        mldsa_single(&dsa_sets[s]);
        mldsa_jobs(&dsa_sets[s]);
    }
}

/* ---- and that this would be seen ---- */

static bool faults(void (*bad)(void))
{
    jmp_buf keep;
    bool seen = false;

    memcpy(&keep, &check_leave, sizeof keep);
    if (setjmp(check_leave) == 0)
        bad();
    else
        seen = true;
    memcpy(&check_leave, &keep, sizeof keep);
    for (unsigned i = 0; i < n_buffers; i++)
        buffers[i].in_use = false;
    return seen;
}

static volatile uint8_t sink;

static void read_behind(void)
{
    edge = AT_END;
    sink = in(noise, 100)[100];
}

static void read_before(void)
{
    edge = AT_START;
    sink = *(in(noise, 100) - 1);
}

static void write_input(void)
{
    edge = OFF_START;
    in(noise, 100)[50] = sink;
}

static void write_behind(void)
{
    edge = OFF_END;
    out(100)[100] = 0;
    release();
}

static void touching_the_guards(void)
{
    catch_faults();
    CHECK(faults(read_behind));
    CHECK(faults(read_before));
    CHECK(faults(write_input));
    CHECK(faults(write_behind));
}

#define CASE(name, test)                                                                           \
    static void name(void)                                                                         \
    {                                                                                              \
        at_every_edge(test);                                                                       \
    }
CASE(keccak_kernel, keccak_kernel_buffers)
CASE(keccak_jobs, keccak_many_buffers)
CASE(sponges, sponge_buffers)
CASE(blake3_of_every_length, blake3_buffers)
CASE(blake3_modes, blake3_mode_buffers)
CASE(blake3_jobs, blake3_batch_buffers)
CASE(mlkem_kernel, mlkem_kernel_buffers)
CASE(mlkem, mlkem_buffers)
CASE(mldsa_kernel, mldsa_kernel_buffers)
CASE(mldsa, mldsa_buffers)

int main(void)
{
    make_noise();
    RUN(touching_the_guards);
    RUN_EACH(keccak_kernel);
    RUN_EACH(keccak_jobs);
    RUN_EACH(sponges);
    RUN_EACH(blake3_of_every_length);
    RUN_EACH(blake3_modes);
    RUN_EACH(blake3_jobs);
    RUN_EACH(mlkem_kernel);
    RUN_EACH(mlkem);
    RUN_EACH(mldsa_kernel);
    RUN_EACH(mldsa);
    CHECK_EXIT();
}
