/*
 * Levels of vector instructions: detection, HEAD2_ISA and the choice of kernels.
 */
#include "cpu/cpu.h"

#include <stdlib.h>

#ifdef HEAD2_X86_KERNELS
#include <cpuid.h>
#endif

static const char *const names[CPU_LEVELS] = {"portable", "avx2", "avx512"};

/* Intel SDM, volume 2A, CPUID, and volume 1, section 13.3 (XCR0). */
enum {
    ECX1_POPCNT = 1 << 23, /* which compilers take for a part of AVX */
    ECX1_AES = 1 << 25,
    ECX1_OSXSAVE = 1 << 27,
    ECX1_AVX = 1 << 28,
    EBX7_BMI1 = 1 << 3,
    EBX7_AVX2 = 1 << 5,
    EBX7_BMI2 = 1 << 8,
    EBX7_AVX512F = 1 << 16,
    EBX7_AVX512DQ = 1 << 17,
    EBX7_AVX512IFMA = 1 << 21,
    EBX7_AVX512BW = 1 << 30,
    ECX7_AVX512VBMI = 1 << 1,
    ECX7_AVX512VBMI2 = 1 << 6,
    ECX7_VAES = 1 << 9,
    ECX7_AVX512VNNI = 1 << 11,
    XCR0_YMM = 0x06, /* xmm and the upper halves of ymm */
    XCR0_ZMM = 0xe0  /* mask registers, upper halves of zmm, zmm16 to zmm31 */
};
#define EBX7_AVX512VL (1u << 31)

static bool has(uint64_t value, uint64_t bits)
{
    return (value & bits) == bits;
}

enum cpu_isa cpu_level_of(const struct cpu_id *id)
{
    if (!has(id->ecx1, ECX1_POPCNT | ECX1_OSXSAVE | ECX1_AVX) || !has(id->xcr0, XCR0_YMM) ||
        !has(id->ebx7, EBX7_AVX2 | EBX7_BMI1 | EBX7_BMI2))
        return CPU_PORTABLE;
    if (!has(id->xcr0, XCR0_ZMM) ||
        !has(id->ebx7, EBX7_AVX512F | EBX7_AVX512DQ | EBX7_AVX512IFMA | EBX7_AVX512BW) ||
        !has(id->ebx7, EBX7_AVX512VL) ||
        !has(id->ecx7, ECX7_AVX512VBMI | ECX7_AVX512VBMI2 | ECX7_AVX512VNNI))
        return CPU_AVX2;
    return CPU_AVX512;
}

unsigned cpu_features_of(const struct cpu_id *id)
{
    return (has(id->ecx1, ECX1_AES) ? CPU_AES : 0u) | (has(id->ecx7, ECX7_VAES) ? CPU_VAES : 0u);
}

static struct cpu_id identify(void)
{
    struct cpu_id id = {0};
#ifdef HEAD2_X86_KERNELS
    uint32_t a, b, c, d;

    if (__get_cpuid(1, &a, &b, &c, &d) == 0)
        return id;
    id.ecx1 = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0) {
        id.ebx7 = b;
        id.ecx7 = c;
    }
    if (has(id.ecx1, ECX1_OSXSAVE)) {
        __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0)); /* faults without OSXSAVE */
        id.xcr0 = (uint64_t)d << 32 | a;
    }
#endif
    return id;
}

enum cpu_isa cpu_isa_from_name(const char *name)
{
    unsigned i = 0;
    while (i < CPU_LEVELS && strcmp(name, names[i]) != 0)
        i++;
    return (enum cpu_isa)i;
}

const char *cpu_isa_name(enum cpu_isa isa)
{
    return names[isa];
}

/* What the machine has and HEAD2_ISA permits. */
static enum cpu_isa permitted(void)
{
    const struct cpu_id id = identify();
    const enum cpu_isa level = cpu_level_of(&id);
    const char *name = secure_getenv("HEAD2_ISA");
    const enum cpu_isa most = name != NULL ? cpu_isa_from_name(name) : CPU_LEVELS;

    return most < level ? most : level;
}

/* Level plus one, 0 while not known. Threads that race here find the same. */
static atomic_uchar level_plus_1;
static atomic_uchar limit = CPU_AVX512;

enum cpu_isa cpu_isa(void)
{
    unsigned level = atomic_load_explicit(&level_plus_1, memory_order_relaxed);
    const unsigned most = atomic_load_explicit(&limit, memory_order_relaxed);

    if (level == 0) {
        level = permitted() + 1u;
        atomic_store_explicit(&level_plus_1, (unsigned char)level, memory_order_relaxed);
    }
    return (enum cpu_isa)(level - 1 < most ? level - 1 : most);
}

/* Asked once: under a hypervisor CPUID takes microseconds. Features plus one, 0 while not known. */
static bool lacks(unsigned needed)
{
    static atomic_uint features_plus_1;
    unsigned features = atomic_load_explicit(&features_plus_1, memory_order_relaxed);

    if (features == 0) {
        const struct cpu_id id = identify();
        features = cpu_features_of(&id) + 1;
        atomic_store_explicit(&features_plus_1, features, memory_order_relaxed);
    }
    return (needed & ~(features - 1)) != 0;
}

void cpu_limit(enum cpu_isa most)
{
    atomic_store_explicit(&limit, (unsigned char)most, memory_order_relaxed);
}

/* The choices that have refused a level, in the order of the refusals. More than there are rooms
 * times levels cannot come. */
static const struct cpu_choice *_Atomic refusal[5 * CPU_LEVELS];
static atomic_uint refusals;

static void note_refusal(const struct cpu_choice *c)
{
    const unsigned at = atomic_fetch_add(&refusals, 1);

    if (at < HEAD2_LEN(refusal))
        atomic_store(&refusal[at], c);
}

static bool usable(struct cpu_choice *c, unsigned level)
{
    unsigned char verdict = atomic_load_explicit(&c->verdict[level], memory_order_relaxed);

    if (c->kernels[level] == NULL || (c->needs[level] != 0 && lacks(c->needs[level])))
        return false;
    if (verdict == 0) {
        verdict = c->agrees(c->kernels[level], c->kernels[CPU_PORTABLE]) ? CPU_AGREES : CPU_REFUSED;
        if (atomic_exchange(&c->verdict[level], verdict) == 0 && verdict == CPU_REFUSED)
            note_refusal(c);
    }
    return verdict == CPU_AGREES;
}

const void *cpu_choose(struct cpu_choice *c)
{
    unsigned level = cpu_isa();

    while (level != CPU_PORTABLE && !usable(c, level))
        level--;
    return c->kernels[level];
}

unsigned cpu_refusals(void (*refused)(void *arg, const char *room, const char *isa), void *arg)
{
    const struct cpu_choice *seen[HEAD2_LEN(refusal)];
    unsigned n = 0, told = 0;

    while (n < HEAD2_LEN(refusal) && (seen[n] = atomic_load(&refusal[n])) != NULL)
        n++;
    for (unsigned i = 0; i < n; i++) {
        bool again = false; /* a choice that refused two levels is there twice */
        for (unsigned k = 0; k < i; k++)
            again = again || seen[k] == seen[i];
        for (unsigned level = 0; !again && level < CPU_LEVELS; level++) {
            if (atomic_load(&seen[i]->verdict[level]) != CPU_REFUSED)
                continue;
            told++;
            if (refused != NULL)
                refused(arg, seen[i]->room, names[level]);
        }
    }
    return told;
}

/* ---- residue ---- */

static HEAD2_NOINLINE void wipe_stack_below(size_t depth)
{
    head2_wipe(__builtin_alloca(depth), depth);
}

#ifdef HEAD2_X86_KERNELS
static void wipe_vectors(enum cpu_isa isa)
{
    if (isa >= CPU_AVX2)
        __asm__ volatile("vzeroall" ::
                             : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                               "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                               "xmm15");
    if (isa >= CPU_AVX512) /* this file's code does not use these: nothing to tell the compiler */
        __asm__ volatile("vpxorq %xmm16, %xmm16, %xmm16\n\t"
                         "vpxorq %xmm17, %xmm17, %xmm17\n\t"
                         "vpxorq %xmm18, %xmm18, %xmm18\n\t"
                         "vpxorq %xmm19, %xmm19, %xmm19\n\t"
                         "vpxorq %xmm20, %xmm20, %xmm20\n\t"
                         "vpxorq %xmm21, %xmm21, %xmm21\n\t"
                         "vpxorq %xmm22, %xmm22, %xmm22\n\t"
                         "vpxorq %xmm23, %xmm23, %xmm23\n\t"
                         "vpxorq %xmm24, %xmm24, %xmm24\n\t"
                         "vpxorq %xmm25, %xmm25, %xmm25\n\t"
                         "vpxorq %xmm26, %xmm26, %xmm26\n\t"
                         "vpxorq %xmm27, %xmm27, %xmm27\n\t"
                         "vpxorq %xmm28, %xmm28, %xmm28\n\t"
                         "vpxorq %xmm29, %xmm29, %xmm29\n\t"
                         "vpxorq %xmm30, %xmm30, %xmm30\n\t"
                         "vpxorq %xmm31, %xmm31, %xmm31\n\t"
                         "kxorq %k0, %k0, %k0\n\t"
                         "kxorq %k1, %k1, %k1\n\t"
                         "kxorq %k2, %k2, %k2\n\t"
                         "kxorq %k3, %k3, %k3\n\t"
                         "kxorq %k4, %k4, %k4\n\t"
                         "kxorq %k5, %k5, %k5\n\t"
                         "kxorq %k6, %k6, %k6\n\t"
                         "kxorq %k7, %k7, %k7");
}
#endif

void cpu_wipe_residue(enum cpu_depth depth)
{
    wipe_stack_below(depth);
#ifdef HEAD2_X86_KERNELS
    wipe_vectors(cpu_isa());
#endif
}
