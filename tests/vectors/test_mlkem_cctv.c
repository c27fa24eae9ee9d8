/*
 * ML-KEM against C2SP/CCTV: every intermediate value of one run, keys that fail the modulus check,
 * seeds that reject unusually often, and ciphertexts that fool strcmp. The files are of the time
 * before FIPS 203 was final and differ from it only in how rho and sigma come from d, so that tests
 * begin from rho and sigma, or from the keys.
 */
#include "mlkem_sets.h"
#include "vectors/reading.h"

#include <head2/hash.h>

static char *open_file(const char *folder, const struct mlkem_set *set)
{
    char name[100];
    snprintf(name, sizeof name, "cctv/ML-KEM/%s/%s.txt", folder, set->name);
    return check_vectors(name, NULL);
}

/* The next line `name = hex` is ByteEncode_12 of these k polynomials. */
static void expect_polys(char **at, const char *name, const struct mlkem_poly *f, unsigned count)
{
    struct bytes want = next_bytes(at, name);
    CHECK_EQ(want.len, (size_t)MLKEM_POLY_BYTES * count);
    for (unsigned i = 0; i < count; i++) {
        uint8_t bytes[MLKEM_POLY_BYTES];
        mlkem_kernels()->encode(bytes, &f[i]);
        CHECK_SAY(memcmp(bytes, want.p + (size_t)MLKEM_POLY_BYTES * i, sizeof bytes) == 0,
                  "%s: polynomial %u", name, i);
    }
    free(want.p);
}

static void expect_bytes(char **at, const char *name, const uint8_t *p, size_t len)
{
    struct bytes want = next_bytes(at, name);
    CHECK_SAY(want.len == len && memcmp(want.p, p, len) == 0, "%s differs", name);
    free(want.p);
}

/* Algorithm 13 from rho and sigma, each step compared. Leaves *at before `ek`. */
static void follow_keygen(const struct mlkem_params *p, char **at)
{
    struct bytes rho = next_bytes(at, "ρ");
    struct bytes sigma = next_bytes(at, "σ");
    struct mlkem_walk walk = {.rho = rho.p, .k = p->k};
    struct mlkem_poly a[16];
    struct mlkem_poly s[4];
    struct mlkem_poly e[4];
    struct mlkem_factor factor[4];
    uint8_t noise[MLKEM_NOISE_BYTES];

    for (unsigned i = 0; i < (unsigned)p->k * p->k; i++) {
        struct mlkem_entry entry;
        mlkem_walk_next(&walk, &entry, &a[i]);
        mlkem_sample_entries(&entry, 1, NULL);
    }
    expect_polys(at, "A", a, (unsigned)p->k * p->k);
    mlkem_expand_noise(p, noise, sigma.p, 2 * p->k, 2 * p->k, NULL);
    for (unsigned i = 0; i < p->k; i++) {
        kernels->cbd(&s[i], noise + (size_t)64 * p->eta1 * i, p->eta1);
        kernels->cbd(&e[i], noise + (size_t)64 * p->eta1 * (p->k + i), p->eta1);
    }
    expect_polys(at, "s", s, p->k);
    kernels->ntt(s, p->k);
    for (unsigned i = 0; i < p->k; i++)
        kernels->factor_init(&factor[i], &s[i]);
    expect_polys(at, "dkPKE = NTT(s)", s, p->k);
    expect_polys(at, "e", e, p->k);
    kernels->ntt(e, p->k);
    expect_polys(at, "NTT(e)", e, p->k);
    for (unsigned i = 0; i < p->k; i++) {
        kernels->inner_product(&s[i], a + (size_t)p->k * i, factor, p->k);
        kernels->to_mont_add(&s[i], &e[i]);
    }
    expect_polys(at, "t", s, p->k);
    free(rho.p);
    free(sigma.p);
}

/* Algorithm 14 of m with the randomness r. */
static void encrypt(const struct mlkem_params *p, uint8_t *ct, const uint8_t *ek, const uint8_t *m,
                    const uint8_t *r)
{
    struct mlkem_poly a[16];
    struct mlkem_poly t[4];
    const struct mlkem_public key = {a, t};
    uint8_t noise[MLKEM_NOISE_BYTES];

    mlkem_expand_transposed(p, a, ek + p->dk_pke_bytes, NULL);
    mlkem_pke_decode(p, t, ek);
    mlkem_expand_noise(p, noise, r, p->k, (uint8_t)(2 * p->k + 1), NULL);
    mlkem_pke_encrypt(p, ct, &key, m, noise);
}

static void follow_intermediate(const struct mlkem_set *set)
{
    const struct mlkem_params *p = set->p;
    char *text = open_file("intermediate", set);
    char *at = text;
    uint8_t out[HEAD2_MLKEM1024_CT_BYTES];
    uint8_t m_again[32];
    struct mlkem_poly s[4];
    struct head2_secret32 m;
    struct head2_secret32 k;
    struct head2_secret32 again;

    follow_keygen(p, &at);
    struct bytes ek = next_bytes(&at, "ek");
    struct bytes dk = next_bytes(&at, "dk");
    struct bytes m_file = next_bytes(&at, "m");
    CHECK(ek.len == p->ek_bytes && dk.len == p->dk_bytes && m_file.len == 32);
    CHECK_MEM(dk.p + p->dk_pke_bytes, ek.p, ek.len);
    memcpy(m.b, m_file.p, 32);
    CHECK(set->encaps_derand(out, &k, ek.p, &m) == HEAD2_OK);
    expect_bytes(&at, "K", k.b, 32);
    struct bytes r = next_bytes(&at, "r");
    expect_bytes(&at, "c", out, p->ct_bytes);
    memset(out, 0, sizeof out);
    encrypt(p, out, ek.p, m.b, r.p);
    CHECK(set->decaps(&again, dk.p, out) == HEAD2_OK);
    CHECK_MEM(again.b, k.b, 32);
    mlkem_pke_decode(p, s, dk.p);
    mlkem_pke_decrypt(p, m_again, s, out);
    CHECK_MEM(m_again, m.b, 32);

    dk.p[0] ^= 1; /* another secret vector: what is decrypted does not re-encrypt to c */
    CHECK(set->decaps(&again, dk.p, out) == HEAD2_OK);
    expect_bytes(&at, "KBar", again.b, 32);
    free(ek.p);
    free(dk.p);
    free(m_file.p);
    free(r.p);
    free(text);
}

static void intermediate_values(void)
{
    for (int i = 0; i < 3; i++)
        follow_intermediate(&mlkem_sets[i]);
}

static void unlucky_samples(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        char *text = open_file("unluckysample", set);
        char *at = text;
        uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];
        struct head2_secret32 m;
        struct head2_secret32 k;
        struct bytes ek = next_bytes(&at, "ek");
        struct bytes dk = next_bytes(&at, "dk");
        struct bytes m_file = next_bytes(&at, "m");
        CHECK(ek.len == set->p->ek_bytes && dk.len == set->p->dk_bytes && m_file.len == 32);
        memcpy(m.b, m_file.p, 32);
        CHECK(set->encaps_derand(ct, &k, ek.p, &m) == HEAD2_OK);
        expect_bytes(&at, "K", k.b, 32);
        expect_bytes(&at, "c", ct, set->p->ct_bytes);
        CHECK(set->decaps(&m, dk.p, ct) == HEAD2_OK);
        CHECK_MEM(m.b, k.b, 32);
        free(ek.p);
        free(dk.p);
        free(m_file.p);
        free(text);
    }
}

static void zero_bytes_do_not_end_the_comparison(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        char *text = open_file("strcmp", set);
        char *at = text;
        struct head2_secret32 k;
        struct bytes dk = next_bytes(&at, "dk");
        struct bytes ct = next_bytes(&at, "c");
        CHECK(dk.len == set->p->dk_bytes && ct.len == set->p->ct_bytes);
        CHECK(set->decaps(&k, dk.p, ct.p) == HEAD2_OK);
        expect_bytes(&at, "K", k.b, 32);
        free(dk.p);
        free(ct.p);
        free(text);
    }
}

/* Each line is a key with one coefficient in [q, 4095]. */
static int refuse_all(const struct mlkem_set *set, FILE *lines)
{
    static char line[2 * HEAD2_MLKEM1024_EK_BYTES + 2];
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES];
    uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret32 m = {{1}};
    struct head2_secret32 k;
    int cases = 0;

    while (fgets(line, sizeof line, lines) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        CHECK_EQ(check_hex(ek, sizeof ek, line), set->p->ek_bytes);
        CHECK_SAY(set->check_ek(ek) == HEAD2_E_MALFORMED, "line %d", cases);
        CHECK(set->encaps_derand(ct, &k, ek, &m) == HEAD2_E_MALFORMED);
        cases++;
    }
    return cases;
}

static void modulus_check(void)
{
    for (int i = 0; i < 3; i++) {
        const struct mlkem_set *set = &mlkem_sets[i];
        char name[100];
        char command[1200];
        const char *root = getenv("HEAD2_VECTORS");
        snprintf(name, sizeof name, "cctv/ML-KEM/modulus/%s.txt.gz", set->name);
        free(check_vectors(name, NULL)); /* skips when it is not there */
        snprintf(command, sizeof command, "gzip -dc '%s/%s'",
                 root != NULL ? root : "../shared/vectors", name);
        FILE *lines = popen(command, "r");
        CHECK(lines != NULL);
        const int cases = refuse_all(set, lines);
        CHECK_EQ(pclose(lines), 0);
        CHECK_SAY(cases >= 767, "%s: %d lines", set->name, cases);
    }
}

int main(void)
{
    RUN_EACH(intermediate_values);
    RUN_EACH(unlucky_samples);
    RUN_EACH(zero_bytes_do_not_end_the_comparison);
    RUN_EACH(modulus_check);
    CHECK_EXIT();
}
