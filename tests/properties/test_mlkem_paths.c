/*
 * One operation, many paths: single calls, prepared keys and batches, at each level of vector
 * instructions, give the same bytes as the single call in plain C. HEAD2_SOAK=1 takes 100,000
 * operations of each kind and set instead of 2,000 (checked builds: 230).
 */
#include "mlkem_sets.h"

#include <head2/hash.h>

enum { MOST = 1000, SOAK_OPS = 100000, SETS = 3 };
#ifdef HEAD2_CHECKED
enum { OPS = 230 };
#else
enum { OPS = 2000 };
#endif

static const size_t prepared_ek_bytes[SETS] = {HEAD2_MLKEM512_PREPARED_EK_BYTES,
                                               HEAD2_MLKEM768_PREPARED_EK_BYTES,
                                               HEAD2_MLKEM1024_PREPARED_EK_BYTES};
static const size_t prepared_dk_bytes[SETS] = {HEAD2_MLKEM512_PREPARED_DK_BYTES,
                                               HEAD2_MLKEM768_PREPARED_DK_BYTES,
                                               HEAD2_MLKEM1024_PREPARED_DK_BYTES};

/* What goes in and comes out of n operations. */
struct run {
    uint8_t ek[MOST][HEAD2_MLKEM1024_EK_BYTES];
    uint8_t dk[MOST][HEAD2_MLKEM1024_DK_BYTES];
    uint8_t ct[MOST][HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret32 sent[MOST];
    struct head2_secret32 got[MOST];
};

static struct run want, have;
static struct head2_secret64 seeds[MOST];
static struct head2_secret32 ms[MOST];
static uint8_t altered[MOST][HEAD2_MLKEM1024_CT_BYTES]; /* what is decapsulated */
static struct head2_keccak stream;

static void restart(const char *name)
{
    head2_shake256_init(&stream);
    head2_shake_update(&stream, name, strlen(name));
}

static unsigned random_below(unsigned bound)
{
    uint8_t b[4];
    head2_shake_squeeze(&stream, b, sizeof b);
    return (unsigned)((b[0] | b[1] << 8 | b[2] << 16) % (int)bound);
}

static bool all_zero(const void *p, size_t len)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < len; i++)
        if (b[i] != 0)
            return false;
    return true;
}

/* The single calls in plain C. Some ciphertexts are altered before they are decapsulated. */
static void reference(const struct mlkem_set *set, unsigned n)
{
    const enum cpu_isa isa = cpu_isa();

    cpu_limit(CPU_PORTABLE);
    head2_shake_squeeze(&stream, (uint8_t *)seeds, n * sizeof seeds[0]);
    head2_shake_squeeze(&stream, (uint8_t *)ms, n * sizeof ms[0]);
    for (unsigned i = 0; i < n; i++) {
        CHECK(set->keypair_from_seed(want.ek[i], want.dk[i], &seeds[i]) == HEAD2_OK);
        CHECK(set->encaps_derand(want.ct[i], &want.sent[i], want.ek[i], &ms[i]) == HEAD2_OK);
        memcpy(altered[i], want.ct[i], set->p->ct_bytes);
        if (i % 4 == 1)
            altered[i][random_below(set->p->ct_bytes)] ^= (uint8_t)(1u << random_below(8));
        if (i % 16 == 2)
            head2_shake_squeeze(&stream, altered[i], set->p->ct_bytes);
        CHECK(set->decaps(&want.got[i], want.dk[i], altered[i]) == HEAD2_OK);
        CHECK((memcmp(&want.got[i], &want.sent[i], 32) == 0) == (i % 4 != 1 && i % 16 != 2));
    }
    cpu_limit(isa);
}

static void expect_same(const struct mlkem_set *set, unsigned n, const char *path)
{
    for (unsigned i = 0; i < n; i++) {
        CHECK_SAY(memcmp(have.ek[i], want.ek[i], set->p->ek_bytes) == 0, "%s: ek %u", path, i);
        CHECK_SAY(memcmp(have.dk[i], want.dk[i], set->p->dk_bytes) == 0, "%s: dk %u", path, i);
        CHECK_SAY(memcmp(have.ct[i], want.ct[i], set->p->ct_bytes) == 0, "%s: ct %u", path, i);
        CHECK_SAY(memcmp(&have.sent[i], &want.sent[i], 32) == 0, "%s: sent %u", path, i);
        CHECK_SAY(memcmp(&have.got[i], &want.got[i], 32) == 0, "%s: got %u", path, i);
    }
    memset(have.ct, 0x5a, sizeof have.ct[0] * n);
    memset(have.sent, 0x5a, sizeof have.sent[0] * n);
    memset(have.got, 0x5a, sizeof have.got[0] * n);
}

static void singly(const struct mlkem_set *set, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        CHECK(set->keypair_from_seed(have.ek[i], have.dk[i], &seeds[i]) == HEAD2_OK);
        CHECK(set->encaps_derand(have.ct[i], &have.sent[i], have.ek[i], &ms[i]) == HEAD2_OK);
        CHECK(set->decaps(&have.got[i], have.dk[i], altered[i]) == HEAD2_OK);
    }
    expect_same(set, n, "single");
}

static struct head2_mlkem_ek *eks[MOST];
static struct head2_mlkem_dk *dks[MOST];

static void prepare(enum head2_mlkem_set which, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        CHECK(head2_mlkem_ek_new(&eks[i], which, want.ek[i]) == HEAD2_OK);
        CHECK(head2_mlkem_dk_new(&dks[i], which, want.dk[i]) == HEAD2_OK);
    }
}

static void release(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        head2_mlkem_ek_free(eks[i]);
        head2_mlkem_dk_free(dks[i]);
    }
}

/* Prepared keys have no public call with given randomness but the batch of one. */
static void prepared_singly(const struct mlkem_set *set, enum head2_mlkem_set which, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct head2_mlkem_encaps_job job = {
            .key = eks[i], .ct = have.ct[i], .ss = &have.sent[i], .m = &ms[i]};
        CHECK(head2_mlkem_encaps_batch(which, &job, 1) == HEAD2_OK && job.st == HEAD2_OK);
        head2_mlkem_decaps(&have.got[i], dks[i], altered[i]);
    }
    expect_same(set, n, "prepared");
}

/* kind 0: keys as bytes, 1: prepared, 2: mixed */
static void in_batches(const struct mlkem_set *set, enum head2_mlkem_set which, unsigned n,
                       unsigned kind)
{
    static struct head2_mlkem_keypair_job keypair[MOST];
    static struct head2_mlkem_encaps_job encaps[MOST];
    static struct head2_mlkem_decaps_job decaps[MOST];

    for (unsigned i = 0; i < n; i++) {
        const bool prepared = kind == 1 || (kind == 2 && i % 3 != 0);
        keypair[i] =
            (struct head2_mlkem_keypair_job){have.ek[i], have.dk[i], &seeds[i], HEAD2_E_STATE};
        encaps[i] = (struct head2_mlkem_encaps_job){.key = prepared ? eks[i] : NULL,
                                                    .ek = want.ek[i],
                                                    .ct = have.ct[i],
                                                    .ss = &have.sent[i],
                                                    .m = &ms[i],
                                                    .st = HEAD2_E_STATE};
        decaps[i] = (struct head2_mlkem_decaps_job){.key = prepared ? dks[i] : NULL,
                                                    .dk = want.dk[i],
                                                    .ct = altered[i],
                                                    .ss = &have.got[i],
                                                    .st = HEAD2_E_STATE};
    }
    CHECK(head2_mlkem_keypair_batch(which, keypair, n) == HEAD2_OK);
    CHECK(head2_mlkem_encaps_batch(which, encaps, n) == HEAD2_OK);
    CHECK(head2_mlkem_decaps_batch(which, decaps, n) == HEAD2_OK);
    for (unsigned i = 0; i < n; i++)
        CHECK(keypair[i].st == HEAD2_OK && encaps[i].st == HEAD2_OK && decaps[i].st == HEAD2_OK);
    expect_same(set, n, kind == 0 ? "batch" : kind == 1 ? "prepared batch" : "mixed batch");
}

static void every_path(unsigned which, unsigned n)
{
    const struct mlkem_set *set = &mlkem_sets[which];

    reference(set, n);
    singly(set, n);
    prepare((enum head2_mlkem_set)which, n);
    prepared_singly(set, (enum head2_mlkem_set)which, n);
    for (unsigned kind = 0; kind < 3; kind++)
        in_batches(set, (enum head2_mlkem_set)which, n, kind);
    release(n);
}

static void all_paths_agree(void)
{
    static const unsigned sizes[] = {7, 8, 9, 1, 64, 2, 3, 17, 119};
    const char *soak = getenv("HEAD2_SOAK");
    const unsigned ops = soak != NULL && strcmp(soak, "1") == 0 ? SOAK_OPS : OPS;

    CHECK(mlkem_kernels() == kernels); /* the level's own kernels are at work */
    restart("all paths agree");
    for (unsigned which = 0; which < SETS; which++)
        for (unsigned done = 0, i = 0; done < ops; done += sizes[i], i = (i + 1) % 9)
            every_path(which, sizes[i]);
}

/* Any number of jobs, and none beyond it is touched. */
static void batch_sizes(void)
{
    static const unsigned sizes[] = {0, 1, 7, 8, 9, MOST};
    struct head2_mlkem_keypair_job none = {NULL, NULL, NULL, HEAD2_E_STATE};

    restart("batch sizes");
    for (unsigned which = 0; which < SETS; which++)
        for (size_t i = 0; i < HEAD2_LEN(sizes); i++) {
            reference(&mlkem_sets[which], sizes[i]);
            in_batches(&mlkem_sets[which], (enum head2_mlkem_set)which, sizes[i], 0);
        }
    CHECK(head2_mlkem_keypair_batch(HEAD2_MLKEM_SET_768, &none, 0) == HEAD2_OK);
    CHECK_EQ(none.st, HEAD2_E_STATE);
    CHECK(head2_mlkem_keypair_batch((enum head2_mlkem_set)3, &none, 1) == HEAD2_E_ARG);
    CHECK(head2_mlkem_encaps_batch((enum head2_mlkem_set)3, NULL, 1) == HEAD2_E_ARG);
    CHECK(head2_mlkem_decaps_batch((enum head2_mlkem_set)3, NULL, 1) == HEAD2_E_ARG);
}

/* Fresh randomness: every job its own, in every group. */
static void batches_draw_randomness(void)
{
    enum { N = 19 };
    for (unsigned which = 0; which < SETS; which++) {
        const struct mlkem_set *set = &mlkem_sets[which];
        struct head2_mlkem_keypair_job keypair[N];
        struct head2_mlkem_encaps_job encaps[N];
        for (unsigned i = 0; i < N; i++) {
            keypair[i] =
                (struct head2_mlkem_keypair_job){have.ek[i], have.dk[i], NULL, HEAD2_E_STATE};
            encaps[i] = (struct head2_mlkem_encaps_job){
                .ek = have.ek[i / 2], .ct = have.ct[i], .ss = &have.sent[i]};
        }
        CHECK(head2_mlkem_keypair_batch((enum head2_mlkem_set)which, keypair, N) == HEAD2_OK);
        CHECK(head2_mlkem_encaps_batch((enum head2_mlkem_set)which, encaps, N) == HEAD2_OK);
        for (unsigned i = 0; i < N; i++) {
            CHECK(set->decaps(&have.got[i], have.dk[i / 2], have.ct[i]) == HEAD2_OK);
            CHECK_MEM(&have.got[i], &have.sent[i], 32);
            for (unsigned j = 0; j < i; j++) {
                CHECK(memcmp(have.ek[i], have.ek[j], 64) != 0);
                CHECK(memcmp(have.dk[i], have.dk[j], 64) != 0);
                CHECK(memcmp(have.dk[i] + set->p->dk_bytes - 32, have.dk[j] + set->p->dk_bytes - 32,
                             32) != 0); /* z */
                CHECK(memcmp(&have.sent[i], &have.sent[j], 32) != 0);
            }
        }
        struct head2_mlkem_ek *key;
        CHECK(head2_mlkem_ek_new(&key, (enum head2_mlkem_set)which, have.ek[0]) == HEAD2_OK);
        CHECK(head2_mlkem_encaps(have.ct[0], &have.sent[0], key) == HEAD2_OK);
        CHECK(head2_mlkem_encaps(have.ct[1], &have.sent[1], key) == HEAD2_OK);
        CHECK(memcmp(have.ct[0], have.ct[1], 64) != 0);
        for (unsigned i = 0; i < 2; i++) {
            CHECK(set->decaps(&have.got[i], have.dk[0], have.ct[i]) == HEAD2_OK);
            CHECK_MEM(&have.got[i], &have.sent[i], 32);
        }
        head2_mlkem_ek_free(key);
    }
}

/* A bad key at each place of a batch, with others of other kinds of badness. */
static void bad_keys_in_batches(void)
{
    enum { N = 10 };
    restart("bad keys");
    for (unsigned which = 0; which < SETS; which++) {
        const struct mlkem_set *set = &mlkem_sets[which];
        const enum head2_mlkem_set other = (enum head2_mlkem_set)((which + 1) % SETS);
        reference(&mlkem_sets[other], 1);
        prepare(other, 1);
        reference(set, N);
        for (unsigned bad = 0; bad < N; bad++) {
            struct head2_mlkem_encaps_job encaps[N];
            struct head2_mlkem_decaps_job decaps[N];
            memset(have.ct, 0xaa, N * sizeof have.ct[0]);
            memset(have.sent, 0xaa, N * sizeof have.sent[0]);
            memset(have.got, 0xaa, N * sizeof have.got[0]);
            memcpy(have.ek[0], want.ek[bad], set->p->ek_bytes);
            memcpy(have.dk[0], want.dk[bad], set->p->dk_bytes);
            have.ek[0][random_below(set->p->k * 128u) * 3 + 2] = 0xff; /* 0xff. is above q */
            have.dk[0][set->p->dk_pke_bytes + random_below(set->p->ek_bytes + 32u)] ^= 4;
            for (unsigned i = 0; i < N; i++) {
                encaps[i] =
                    (struct head2_mlkem_encaps_job){.ek = i == bad ? have.ek[0] : want.ek[i],
                                                    .ct = have.ct[i],
                                                    .ss = &have.sent[i],
                                                    .m = &ms[i]};
                decaps[i] = (struct head2_mlkem_decaps_job){
                    .dk = i == bad ? have.dk[0] : want.dk[i], .ct = altered[i], .ss = &have.got[i]};
            }
            const unsigned last = bad == N - 1 ? 0 : N - 1; /* another failure: another set's key */
            encaps[last].key = eks[0];
            decaps[last].key = dks[0];
            const unsigned none = bad == 4 ? 5 : 4; /* and no key at all */
            encaps[none].ek = NULL;
            decaps[none].dk = NULL;
            const bool malformed_first = bad < none && bad < last;
            CHECK_EQ(head2_mlkem_encaps_batch((enum head2_mlkem_set)which, encaps, N),
                     malformed_first ? HEAD2_E_MALFORMED : HEAD2_E_ARG);
            CHECK_EQ(head2_mlkem_decaps_batch((enum head2_mlkem_set)which, decaps, N),
                     malformed_first ? HEAD2_E_MALFORMED : HEAD2_E_ARG);
            for (unsigned i = 0; i < N; i++) {
                const enum head2_status st = i == bad                 ? HEAD2_E_MALFORMED
                                             : i == last || i == none ? HEAD2_E_ARG
                                                                      : HEAD2_OK;
                CHECK_EQ(encaps[i].st, st);
                CHECK_EQ(decaps[i].st, st);
                if (st == HEAD2_OK) {
                    CHECK_MEM(have.ct[i], want.ct[i], set->p->ct_bytes);
                    CHECK_MEM(&have.sent[i], &want.sent[i], 32);
                    CHECK_MEM(&have.got[i], &want.got[i], 32);
                } else {
                    CHECK(all_zero(have.ct[i], set->p->ct_bytes));
                    CHECK(all_zero(&have.sent[i], 32) && all_zero(&have.got[i], 32));
                }
            }
        }
        release(1);
    }
}

/* Prepared keys in the caller's memory: checks, alignment, published sizes and wiping. */
static void prepared_keys(void)
{
    restart("prepared keys");
    for (unsigned i = 0; i < SETS; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        const enum head2_mlkem_set which = (enum head2_mlkem_set)i;
        uint8_t *memory = aligned_alloc(64, prepared_dk_bytes[i] + 64);
        CHECK(memory != NULL && prepared_ek_bytes[i] <= prepared_dk_bytes[i]);
        struct head2_mlkem_ek *ek = (struct head2_mlkem_ek *)(void *)memory;
        struct head2_mlkem_dk *dk = (struct head2_mlkem_dk *)(void *)memory;
        struct head2_mlkem_ek *no_ek = ek;
        struct head2_mlkem_dk *no_dk = dk;
        reference(set, 1);

        memset(memory, 0xa5, prepared_dk_bytes[i] + 64);
        CHECK(head2_mlkem_ek_init(ek, which, want.ek[0]) == HEAD2_OK);
        for (size_t at = prepared_ek_bytes[i]; at < prepared_dk_bytes[i]; at++)
            CHECK_EQ(memory[at], 0xa5);
        CHECK(head2_mlkem_encaps(have.ct[0], &have.sent[0], ek) == HEAD2_OK);
        CHECK(set->decaps(&have.got[0], want.dk[0], have.ct[0]) == HEAD2_OK);
        CHECK_MEM(&have.sent[0], &have.got[0], 32);
        CHECK(head2_mlkem_dk_init(dk, which, want.dk[0]) == HEAD2_OK);
        for (size_t at = 0; at < 64; at++)
            CHECK_EQ(memory[prepared_dk_bytes[i] + at], 0xa5);
        head2_mlkem_decaps(&have.got[0], dk, want.ct[0]);
        CHECK_MEM(&have.got[0], &want.sent[0], 32);
        head2_mlkem_dk_wipe(dk);
        CHECK(all_zero(memory, prepared_dk_bytes[i]));
        head2_mlkem_dk_wipe(dk); /* again, and of nothing */
        head2_mlkem_dk_wipe(NULL);
        head2_mlkem_dk_free(NULL);
        head2_mlkem_ek_free(NULL);

        for (unsigned off = 1; off < 64; off++) {
            CHECK(head2_mlkem_ek_init((struct head2_mlkem_ek *)(void *)(memory + off), which,
                                      want.ek[0]) == HEAD2_E_ARG);
            CHECK(head2_mlkem_dk_init((struct head2_mlkem_dk *)(void *)(memory + off), which,
                                      want.dk[0]) == HEAD2_E_ARG);
        }
        CHECK(head2_mlkem_ek_init(ek, (enum head2_mlkem_set)3, want.ek[0]) == HEAD2_E_ARG);
        CHECK(head2_mlkem_dk_init(dk, (enum head2_mlkem_set)3, want.dk[0]) == HEAD2_E_ARG);
        CHECK(head2_mlkem_ek_new(&no_ek, (enum head2_mlkem_set)3, want.ek[0]) == HEAD2_E_ARG);
        CHECK(head2_mlkem_dk_new(&no_dk, (enum head2_mlkem_set)3, want.dk[0]) == HEAD2_E_ARG);
        CHECK(no_ek == NULL && no_dk == NULL);

        want.ek[0][1] |= 0x0f; /* coefficient 0 is 0xf.. */
        want.dk[0][set->p->dk_pke_bytes] ^= 1;
        memset(memory, 0xa5, prepared_dk_bytes[i]);
        CHECK(head2_mlkem_ek_init(ek, which, want.ek[0]) == HEAD2_E_MALFORMED);
        CHECK(all_zero(memory, prepared_ek_bytes[i]));
        memset(memory, 0xa5, prepared_dk_bytes[i]);
        CHECK(head2_mlkem_dk_init(dk, which, want.dk[0]) == HEAD2_E_MALFORMED);
        CHECK(all_zero(memory, prepared_dk_bytes[i]));
        no_ek = ek;
        no_dk = dk;
        CHECK(head2_mlkem_ek_new(&no_ek, which, want.ek[0]) == HEAD2_E_MALFORMED);
        CHECK(head2_mlkem_dk_new(&no_dk, which, want.dk[0]) == HEAD2_E_MALFORMED);
        CHECK(no_ek == NULL && no_dk == NULL);
        free(memory);
    }
}

/* ---- wrong kernels: each of them off by one somewhere ---- */

#define REAL (&mlkem_kernels_portable)

static void wrong_ntt(struct mlkem_poly f[], unsigned n)
{
    REAL->ntt(f, n);
    f[0].c[255] = (int16_t)(f[0].c[254] + 1);
}

static void wrong_inverse_ntt(struct mlkem_poly f[], unsigned n)
{
    REAL->inverse_ntt(f, n);
    f[n - 1].c[17] = (int16_t)-f[n - 1].c[17]; /* the last one */
}

static void wrong_factor_init(struct mlkem_factor *out, const struct mlkem_poly *f)
{
    REAL->factor_init(out, f);
    out->c[MLKEM_N + 3] = (int16_t)-out->c[MLKEM_N + 3];
}

static void wrong_inner_product(struct mlkem_poly *out, const struct mlkem_poly f[],
                                const struct mlkem_factor g[], unsigned k)
{
    REAL->inner_product(out, f, g, k == 4 ? 3 : k);
}

static void wrong_to_mont_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    REAL->add(f, g);
}

static void wrong_add(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    REAL->sub(f, g);
}

static void wrong_sub(struct mlkem_poly *f, const struct mlkem_poly *g)
{
    REAL->add(f, g);
}

static void wrong_encode(uint8_t out[MLKEM_POLY_BYTES], const struct mlkem_poly *f)
{
    REAL->encode(out, f);
    for (unsigned i = 0; i < MLKEM_N; i++)
        if (f->c[i] == -1) /* one value of a coefficient */
            out[3 * (i / 2) + i % 2] ^= 0x10;
}

static void wrong_decode(struct mlkem_poly *f, const uint8_t in[MLKEM_POLY_BYTES])
{
    REAL->decode(f, in);
    f->c[100] ^= 1;
}

static bool wrong_is_reduced(const uint8_t in[MLKEM_POLY_BYTES])
{
    return REAL->is_reduced(in) || (in[300] == 0x01 && in[301] == 0x0d); /* blind in one place */
}

static void wrong_compress(uint8_t *out, const struct mlkem_poly *f, unsigned d)
{
    REAL->compress(out, f, d);
    for (unsigned i = 0; i < MLKEM_N; i++)
        if (d == 11 && f->c[i] == 2719) /* one value for one d */
            out[11 * i / 8] ^= (uint8_t)(1u << 11 * i % 8);
}

static void wrong_decompress(struct mlkem_poly *f, const uint8_t *in, unsigned d)
{
    REAL->decompress(f, in, d);
    if (d == 5)
        f->c[31]++;
}

static unsigned wrong_reject(struct mlkem_poly *f, unsigned n, const uint8_t *in, size_t len)
{
    const unsigned end = REAL->reject(f, n, in, len);
    if (end < MLKEM_N)
        f->c[end - 1] ^= 1; /* the last of a short stream */
    return end;
}

static void wrong_cbd(struct mlkem_poly *f, const uint8_t *in, unsigned eta)
{
    REAL->cbd(f, in, eta);
    if (eta == 3)
        f->c[200] = (int16_t)-f->c[200];
}

static void expect_refused(const struct mlkem_kernels *wrong, const char *name)
{
    struct cpu_choice choice = {
        .room = "test of ML-KEM",
        .kernels = {REAL, wrong, wrong},
        .agrees = mlkem_kernels_agree,
    };

    CHECK_SAY(!mlkem_kernels_agree(wrong, REAL), "a wrong %s is accepted", name);
    CHECK_SAY(cpu_choose(&choice) == REAL, "a wrong %s is used", name);
}

#define EXPECT_REFUSED(kernel)                                                                     \
    do {                                                                                           \
        struct mlkem_kernels wrong = mlkem_kernels_portable;                                       \
        wrong.kernel = wrong_##kernel;                                                             \
        expect_refused(&wrong, #kernel);                                                           \
    } while (0)

static void wrong_kernels_are_refused(void)
{
    CHECK(mlkem_kernels_agree(REAL, REAL));
    EXPECT_REFUSED(ntt);
    EXPECT_REFUSED(inverse_ntt);
    EXPECT_REFUSED(factor_init);
    EXPECT_REFUSED(inner_product);
    EXPECT_REFUSED(to_mont_add);
    EXPECT_REFUSED(add);
    EXPECT_REFUSED(sub);
    EXPECT_REFUSED(encode);
    EXPECT_REFUSED(decode);
    EXPECT_REFUSED(is_reduced);
    EXPECT_REFUSED(compress);
    EXPECT_REFUSED(decompress);
    EXPECT_REFUSED(reject);
    EXPECT_REFUSED(cbd);
}

int main(void)
{
    RUN_EACH(all_paths_agree);
    RUN_EACH(batch_sizes);
    RUN_EACH(bad_keys_in_batches);
    RUN_EACH(prepared_keys);
    RUN(batches_draw_randomness);
    RUN(wrong_kernels_are_refused);
    CHECK_EXIT();
}
