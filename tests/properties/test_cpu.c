/*
 * The choice of kernels: levels by what CPUID and XCR0 say, HEAD2_ISA, and what happens to kernels
 * that disagree.
 */
#include "check.h"

#include "cpu/cpu.h"

#include <sys/wait.h>

static const struct cpu_id full = {
    .ecx1 = 3u << 27 | 1u << 25 | 1u << 23, .ebx7 = 0xffffffff, .ecx7 = 0xffffffff, .xcr0 = 0xe7};

static void levels_need_every_feature(void)
{
    CHECK_EQ(cpu_level_of(&full), CPU_AVX512);
    CHECK_EQ(cpu_level_of(&(struct cpu_id){0}), CPU_PORTABLE);

    static const struct {
        unsigned bit;
        enum cpu_isa without;
    } ebx7[] =
        {
            {3,  CPU_PORTABLE},
            {5,  CPU_PORTABLE},
            {8,  CPU_PORTABLE},
            {16, CPU_AVX2    },
            {17, CPU_AVX2    },
            {21, CPU_AVX2    },
            {30, CPU_AVX2    },
            {31, CPU_AVX2    },
    },
      ecx7[] =
          {
              {1, CPU_AVX2},
              {6, CPU_AVX2},
              {11, CPU_AVX2},
          },
      xcr0[] =
          {
              {1, CPU_PORTABLE}, {2, CPU_PORTABLE}, {5, CPU_AVX2}, {6, CPU_AVX2}, {7, CPU_AVX2},
          },
      ecx1[] = {
          {23, CPU_PORTABLE},
          {27, CPU_PORTABLE},
          {28, CPU_PORTABLE},
      };
    for (size_t i = 0; i < HEAD2_LEN(ebx7); i++) {
        struct cpu_id id = full;
        id.ebx7 &= ~(1u << ebx7[i].bit);
        CHECK_EQ(cpu_level_of(&id), ebx7[i].without);
    }
    for (size_t i = 0; i < HEAD2_LEN(ecx7); i++) {
        struct cpu_id id = full;
        id.ecx7 &= ~(1u << ecx7[i].bit);
        CHECK_EQ(cpu_level_of(&id), ecx7[i].without);
    }
    for (size_t i = 0; i < HEAD2_LEN(xcr0); i++) {
        struct cpu_id id = full;
        id.xcr0 &= ~(1ull << xcr0[i].bit);
        CHECK_EQ(cpu_level_of(&id), xcr0[i].without);
    }
    for (size_t i = 0; i < HEAD2_LEN(ecx1); i++) {
        struct cpu_id id = full;
        id.ecx1 &= ~(1u << ecx1[i].bit);
        CHECK_EQ(cpu_level_of(&id), ecx1[i].without);
    }
}

static void features_beside_levels(void)
{
    CHECK_EQ(cpu_features_of(&full), CPU_AES | CPU_VAES);
    CHECK_EQ(cpu_features_of(&(struct cpu_id){.ecx1 = 1u << 25}), CPU_AES);
    CHECK_EQ(cpu_features_of(&(struct cpu_id){.ecx7 = 1u << 9}), CPU_VAES);
    CHECK_EQ(cpu_features_of(&(struct cpu_id){.ecx1 = ~(1u << 25), .ecx7 = ~(1u << 9)}), 0);
}

/* What a new process makes of HEAD2_ISA; this one must not have asked yet. */
static int isa_under(const char *value)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        setenv("HEAD2_ISA", value, 1);
        _exit((int)cpu_isa());
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void environment_limits(void)
{
    const int machine = isa_under("no such name");
    CHECK_EQ(isa_under("portable"), CPU_PORTABLE);
    CHECK_EQ(isa_under("avx2"), machine < CPU_AVX2 ? machine : CPU_AVX2);
    CHECK_EQ(isa_under("avx512"), machine);
    CHECK_EQ(cpu_isa_from_name("avx"), CPU_LEVELS);
    for (unsigned i = 0; i < CPU_LEVELS; i++)
        CHECK_EQ(cpu_isa_from_name(cpu_isa_name((enum cpu_isa)i)), i);
}

static int asked;
static const int good = 1, wrong = 2;

static bool agrees(const void *kernels, const void *portable)
{
    asked++;
    return kernels != &wrong && portable == &good;
}

static unsigned told;

static void tell(void *arg, const char *room, const char *isa)
{
    told += strcmp(room, arg) == 0 && cpu_isa_from_name(isa) < CPU_LEVELS;
}

static void wrong_kernels_are_refused(void)
{
    const enum cpu_isa machine = cpu_isa();
    if (machine == CPU_PORTABLE)
        SKIP("this processor has no vector level");
    static const int avx2_good = 3;
    static struct cpu_choice c = {
        .room = "one", .kernels = {&good, &avx2_good, &wrong},
             .agrees = agrees
    };
    asked = 0;
    CHECK(cpu_choose(&c) == &avx2_good && cpu_choose(&c) == &avx2_good);
    CHECK_EQ(asked, machine); /* each level once */
    if (machine == CPU_AVX512)
        CHECK_EQ(c.verdict[CPU_AVX512], CPU_REFUSED);
    CHECK_EQ(c.verdict[CPU_AVX2], CPU_AGREES);

    static struct cpu_choice both = {
        .room = "both", .kernels = {&good, &wrong, &wrong},
             .agrees = agrees
    };
    CHECK(cpu_choose(&both) == &good);
    CHECK_EQ(cpu_refusals(NULL, NULL), machine == CPU_AVX512 ? 3 : 1);
    cpu_refusals(tell, (void *)(uintptr_t) "both");
    CHECK_EQ(told, machine); /* each level, each once */
    static struct cpu_choice none = {
        .room = "none", .kernels = {&good, NULL, NULL},
             .agrees = agrees
    };
    CHECK(cpu_choose(&none) == &good);
    /* a level whose kernels need what no processor has: passed over, and not refused */
    static struct cpu_choice hidden = {
        .room = "hidden",
        .kernels = {&good, &avx2_good, &avx2_good},
        .needs = {0,     0,          0x80      },
        .agrees = agrees
    };
    CHECK(cpu_choose(&hidden) == &avx2_good);
    CHECK_EQ(hidden.verdict[CPU_AVX512], 0);
    hidden.needs[CPU_AVX2] = 0x80;
    CHECK(cpu_choose(&hidden) == &good);
    cpu_limit(CPU_PORTABLE);
    CHECK_EQ(cpu_isa(), CPU_PORTABLE);
    CHECK(cpu_choose(&c) == &good);
    cpu_limit(CPU_AVX512);
    CHECK_EQ(cpu_isa(), machine);
}

/* What an operation leaves in vector registers and below its frame is gone afterwards. */
static void residue_is_wiped(void)
{
#if defined(__x86_64__)
    const enum cpu_isa machine = cpu_isa();
    if (machine == CPU_PORTABLE)
        SKIP("this processor has no vector level");
    _Alignas(64) uint8_t low[32], high[16];
    uint64_t masks;
    memset(low, 0xff, sizeof low);
    __asm__ volatile("vmovdqu %0, %%ymm7" ::"m"(low) : "xmm7");
    if (machine == CPU_AVX512)
        __asm__ volatile("vpternlogd $0xff, %xmm29, %xmm29, %xmm29\n\t"
                         "kxnorq %k3, %k3, %k3");
    cpu_wipe_residue(CPU_KERNELS_BELOW);
    __asm__ volatile("vmovdqu %%ymm7, %0" : "=m"(low));
    for (size_t i = 0; i < sizeof low; i++)
        CHECK_EQ(low[i], 0);
    if (machine == CPU_AVX512) {
        __asm__ volatile("vmovdqu64 %%xmm29, %0" : "=m"(high));
        for (size_t i = 0; i < sizeof high; i++)
            CHECK_EQ(high[i], 0);
        __asm__ volatile("kmovq %%k3, %0" : "=r"(masks));
        CHECK_EQ(masks, 0);
    }
#else
    SKIP("not written for this architecture");
#endif
}

int main(void)
{
    RUN(levels_need_every_feature);
    RUN(features_beside_levels);
    RUN(environment_limits);
    RUN(wrong_kernels_are_refused);
    RUN(residue_is_wiped);
    CHECK_EXIT();
}
