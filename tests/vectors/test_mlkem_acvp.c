/*
 * ML-KEM against NIST's ACVP vectors for the final FIPS 203: key generation, encapsulation,
 * decapsulation (with altered ciphertexts among them) and the two key checks. Each goes through the
 * single calls, and through batches with keys as bytes and prepared.
 */
#include "mlkem_sets.h"
#include "vectors/reading.h"

static const struct mlkem_set *set_of(const json_t *group)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(text_at(group, "parameterSet"), mlkem_sets[i].name) == 0)
            return &mlkem_sets[i];
    CHECK_SAY(false, "unknown set %s", text_at(group, "parameterSet"));
    return NULL;
}

enum { JOBS = 3 }; /* the third with a prepared key */

static enum head2_mlkem_set number_of(const struct mlkem_set *set)
{
    return (enum head2_mlkem_set)(set - mlkem_sets);
}

static void keygen(const struct mlkem_set *set, const json_t *test, const json_t *want)
{
    struct head2_secret64 seed;
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES];
    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES];

    CHECK_EQ(check_hex(seed.b, 32, text_at(test, "d")), 32);
    CHECK_EQ(check_hex(seed.b + 32, 32, text_at(test, "z")), 32);
    CHECK(set->keypair_from_seed(ek, dk, &seed) == HEAD2_OK);
    CHECK_HEX(ek, set->p->ek_bytes, text_at(want, "ek"));
    CHECK_HEX(dk, set->p->dk_bytes, text_at(want, "dk"));
    static uint8_t eks[JOBS][HEAD2_MLKEM1024_EK_BYTES];
    static uint8_t dks[JOBS][HEAD2_MLKEM1024_DK_BYTES];
    struct head2_mlkem_keypair_job jobs[JOBS];
    for (unsigned i = 0; i < JOBS; i++)
        jobs[i] = (struct head2_mlkem_keypair_job){eks[i], dks[i], &seed, HEAD2_E_STATE};
    CHECK(head2_mlkem_keypair_batch(number_of(set), jobs, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_MEM(eks[i], ek, set->p->ek_bytes);
        CHECK_MEM(dks[i], dk, set->p->dk_bytes);
    }
}

static void encapsulation(const struct mlkem_set *set, const json_t *test, const json_t *want)
{
    struct bytes ek = bytes_at(test, "ek");
    struct head2_secret32 m;
    struct head2_secret32 k;
    uint8_t ct[HEAD2_MLKEM1024_CT_BYTES];

    CHECK_EQ(ek.len, set->p->ek_bytes);
    CHECK_EQ(check_hex(m.b, 32, text_at(test, "m")), 32);
    CHECK(set->encaps_derand(ct, &k, ek.p, &m) == HEAD2_OK);
    CHECK_HEX(ct, set->p->ct_bytes, text_at(want, "c"));
    CHECK_HEX(k.b, 32, text_at(want, "k"));
    static uint8_t cts[JOBS][HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret32 ks[JOBS];
    struct head2_mlkem_encaps_job jobs[JOBS];
    struct head2_mlkem_ek *key;
    CHECK(head2_mlkem_ek_new(&key, number_of(set), ek.p) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++)
        jobs[i] = (struct head2_mlkem_encaps_job){
            .key = i == JOBS - 1 ? key : NULL, .ek = ek.p, .ct = cts[i], .ss = &ks[i], .m = &m};
    CHECK(head2_mlkem_encaps_batch(number_of(set), jobs, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++) {
        CHECK_MEM(cts[i], ct, set->p->ct_bytes);
        CHECK_MEM(ks[i].b, k.b, 32);
    }
    head2_mlkem_ek_free(key);
    free(ek.p);
}

static void decapsulation(const struct mlkem_set *set, const json_t *test, const json_t *want)
{
    struct bytes dk = bytes_at(test, "dk");
    struct bytes ct = bytes_at(test, "c");
    struct head2_secret32 k;

    CHECK(dk.len == set->p->dk_bytes && ct.len == set->p->ct_bytes);
    CHECK(set->decaps(&k, dk.p, ct.p) == HEAD2_OK);
    CHECK_HEX(k.b, 32, text_at(want, "k"));
    struct head2_secret32 ks[JOBS];
    struct head2_secret32 alone;
    struct head2_mlkem_decaps_job jobs[JOBS];
    struct head2_mlkem_dk *key;
    CHECK(head2_mlkem_dk_new(&key, number_of(set), dk.p) == HEAD2_OK);
    head2_mlkem_decaps(&alone, key, ct.p);
    CHECK_MEM(alone.b, k.b, 32);
    for (unsigned i = 0; i < JOBS; i++)
        jobs[i] = (struct head2_mlkem_decaps_job){
            .key = i == JOBS - 1 ? key : NULL, .dk = dk.p, .ct = ct.p, .ss = &ks[i]};
    CHECK(head2_mlkem_decaps_batch(number_of(set), jobs, JOBS) == HEAD2_OK);
    for (unsigned i = 0; i < JOBS; i++)
        CHECK_MEM(ks[i].b, k.b, 32);
    head2_mlkem_dk_free(key);
    free(dk.p);
    free(ct.p);
}

/* A key of another length is malformed by its length, which our interface states in its type. */
static void key_check(const json_t *test, const json_t *want, const char *field, size_t size,
                      const struct mlkem_set *set, bool private)
{
    struct bytes key = bytes_at(test, field);
    const bool good = json_is_true(json_object_get(want, "testPassed"));

    if (key.len != size) {
        CHECK(!good);
    } else if (private) {
        struct head2_mlkem_dk *dk;
        CHECK_SAY((set->check_dk(key.p) == HEAD2_OK) == good, "tcId %lld", number_at(test, "tcId"));
        CHECK((head2_mlkem_dk_new(&dk, number_of(set), key.p) == HEAD2_OK) == good);
        head2_mlkem_dk_free(dk);
    } else {
        struct head2_mlkem_ek *ek;
        CHECK_SAY((set->check_ek(key.p) == HEAD2_OK) == good, "tcId %lld", number_at(test, "tcId"));
        CHECK((head2_mlkem_ek_new(&ek, number_of(set), key.p) == HEAD2_OK) == good);
        head2_mlkem_ek_free(ek);
    }
    free(key.p);
}

static void run_test(const json_t *group, const json_t *test, const json_t *want)
{
    const struct mlkem_set *set = set_of(group);
    const json_t *name = json_object_get(group, "function");
    const char *function = name != NULL ? json_string_value(name) : "keyGen";

    CHECK_EQ(number_at(test, "tcId"), number_at(want, "tcId"));
    if (strcmp(function, "keyGen") == 0)
        keygen(set, test, want);
    else if (strcmp(function, "encapsulation") == 0)
        encapsulation(set, test, want);
    else if (strcmp(function, "decapsulation") == 0)
        decapsulation(set, test, want);
    else if (strcmp(function, "encapsulationKeyCheck") == 0)
        key_check(test, want, "ek", set->p->ek_bytes, set, false);
    else if (strcmp(function, "decapsulationKeyCheck") == 0)
        key_check(test, want, "dk", set->p->dk_bytes, set, true);
    else
        CHECK_SAY(false, "unknown function %s", function);
}

static int run_folder(const char *folder)
{
    char name[100];
    json_t *group;
    json_t *test;
    size_t i;
    size_t j;
    int cases = 0;

    snprintf(name, sizeof name, "acvp/ML-KEM/%s/prompt.json", folder);
    json_t *prompt = load_json(name);
    snprintf(name, sizeof name, "acvp/ML-KEM/%s/expectedResults.json", folder);
    json_t *results = load_json(name);
    json_array_foreach(json_object_get(prompt, "testGroups"), i, group)
    {
        const json_t *wants =
            json_object_get(json_array_get(json_object_get(results, "testGroups"), i), "tests");
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            run_test(group, test, json_array_get(wants, j));
            cases++;
        }
    }
    json_decref(prompt);
    json_decref(results);
    return cases;
}

static void acvp_keygen(void)
{
    CHECK_EQ(run_folder("keyGen"), 75);
}

static void acvp_encap_decap(void)
{
    CHECK_EQ(run_folder("encapDecap"), 75 + 30 + 60);
}

int main(void)
{
    RUN_EACH(acvp_keygen);
    RUN_EACH(acvp_encap_decap);
    CHECK_EXIT();
}
