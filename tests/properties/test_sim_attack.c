/*
 * The generator that simulated circuits are driven by, against the published value and against
 * libstdc++; and that its seed is found from its shots.
 */
#include "check.h"
#include "entropy/qsim.h"
#include "entropy/qsim_attack.h"

static void published_value(void)
{
    struct mt64 g;
    uint64_t draw = 0;

    mt64_seed(&g, 5489); /* C++ standard, [rand.predef]: the 10,000th of the default seed */
    for (unsigned i = 0; i < 10000; i++)
        draw = mt64_next(&g);
    CHECK(draw == UINT64_C(9981545732273789042));
}

/* The same numbers from the library that Qiskit Aer is built with. */
static void libstdcxx(void)
{
    static const char program[] =
        "#include <cstdio>\n#include <cstdlib>\n#include <random>\n"
        "int main(int, char **v) {\n"
        "  std::mt19937_64 g; g.seed(std::strtoull(v[1], nullptr, 10));\n"
        "  std::uniform_real_distribution<double> u(0, 1);\n"
        "  for (int i = 0; i < 700; i++) std::printf(\"%a\\n\", u(g));\n}\n";
    static const uint32_t seeds[] = {0, 1, 42, 5489, 0xdeadbeef, UINT32_MAX};
    char folder[] = "/tmp/head2-mt64-XXXXXX", command[256], line[64];

    if (system("command -v g++ >/dev/null 2>&1") != 0)
        SKIP("g++ is not installed (apt-get install g++)");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(command, sizeof command, "%s/a.cc", folder);
    FILE *f = fopen(command, "w");
    CHECK(f != NULL && fputs(program, f) >= 0 && fclose(f) == 0);
    snprintf(command, sizeof command, "g++ -O0 -o %s/a %s/a.cc", folder, folder);
    CHECK_EQ(system(command), 0);
    for (unsigned i = 0; i < HEAD2_LEN(seeds); i++) {
        struct mt64 g;
        mt64_seed(&g, seeds[i]);
        snprintf(command, sizeof command, "%s/a %u", folder, seeds[i]);
        f = popen(command, "r");
        CHECK(f != NULL);
        for (unsigned k = 0; k < 700; k++) {
            CHECK(fgets(line, sizeof line, f) != NULL);
            const double theirs = strtod(line, NULL), ours = mt64_unit(&g);
            CHECK_SAY(memcmp(&theirs, &ours, sizeof ours) == 0, "seed %u, draw %u: %a, not %a",
                      seeds[i], k, ours, theirs);
        }
        CHECK_EQ(pclose(f), 0);
    }
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_EQ(system(command), 0);
}

/* A circuit that is really run takes the shots that the attack supposes. */
static enum head2_status draw_mt64(void *arg, uint64_t *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        words[i] = mt64_next(arg);
    return HEAD2_OK;
}

static void shots_are_a_circuits(void)
{
    enum { N = 5000 };
    struct qsim_operation op[16];
    const struct qsim_circuit circuit = {8, 8, HEAD2_LEN(op), op};
    static uint32_t shots[N];
    static uint8_t supposed[N];
    struct qsim *sim;
    struct mt64 g;

    for (uint8_t q = 0; q < 8; q++) {
        op[q] = (struct qsim_operation){
            QSIM_H, {q, 0},
             0, 0
        };
        op[8 + q] = (struct qsim_operation){
            QSIM_MEASURE, {q, 0},
             q, 0
        };
    }
    CHECK_EQ(qsim_new(&sim, &circuit, NULL), HEAD2_OK);
    mt64_seed(&g, 77);
    const struct qsim_random random = {draw_mt64, &g};
    CHECK_EQ(qsim_shots(sim, shots, N, &random), HEAD2_OK);
    mt64_seed(&g, 77);
    qsim_attack_shots(&g, supposed, N);
    for (unsigned i = 0; i < N; i++)
        CHECK_EQ(shots[i], supposed[i]);
    qsim_free(sim);
}

static void seeds_are_found(void)
{
    static const uint32_t seeds[] = {0, 1, 7, 8, 9, 65535, 3735928559U, UINT32_MAX};
    uint8_t shots[1024];
    uint64_t found;
    bool found_one;
    struct mt64 g;

    for (unsigned i = 0; i < HEAD2_LEN(seeds); i++) {
        const uint64_t from = seeds[i] < 70000 ? 0 : seeds[i] - 70001;
        mt64_seed(&g, seeds[i]);
        qsim_attack_shots(&g, shots, sizeof shots);
        const uint64_t tried =
            qsim_attack_search(shots, sizeof shots, from, seeds[i] - from + 1, &found, &found_one);
        CHECK(found_one && found == seeds[i]);
        CHECK_EQ(tried, seeds[i] - from + 1);
        /* one fewer, and it is not among them */
        CHECK_EQ(qsim_attack_search(shots, sizeof shots, from, seeds[i] - from, &found, &found_one),
                 seeds[i] - from);
        CHECK(!found_one);
    }
    shots[1023] ^= 1; /* not that seed's */
    (void)qsim_attack_search(shots, sizeof shots, UINT32_MAX - 99U, 100, &found, &found_one);
    CHECK(!found_one);
}

int main(void)
{
    RUN(published_value);
    RUN(libstdcxx);
    RUN(shots_are_a_circuits);
    RUN(seeds_are_found);
    CHECK_EXIT();
}
