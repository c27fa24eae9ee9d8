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
    if (!has(id->ecx1, ECX1_OSXSAVE | ECX1_AVX) || !has(id->xcr0, XCR0_YMM) ||
        !has(id->ebx7, EBX7_AVX2 | EBX7_BMI1 | EBX7_BMI2))
        return CPU_PORTABLE;
    if (!has(id->xcr0, XCR0_ZMM) ||
        !has(id->ebx7, EBX7_AVX512F | EBX7_AVX512DQ | EBX7_AVX512IFMA | EBX7_AVX512BW) ||
        !has(id->ebx7, EBX7_AVX512VL) ||
        !has(id->ecx7, ECX7_AVX512VBMI | ECX7_AVX512VBMI2 | ECX7_AVX512VNNI))
        return CPU_AVX2;
    return CPU_AVX512;
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
        __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
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

void cpu_limit(enum cpu_isa most)
{
    atomic_store_explicit(&limit, (unsigned char)most, memory_order_relaxed);
}

static bool usable(struct cpu_choice *c, unsigned level)
{
    unsigned char verdict = atomic_load_explicit(&c->verdict[level], memory_order_relaxed);

    if (c->kernels[level] == NULL)
        return false;
    if (verdict == 0) {
        verdict = c->agrees(c->kernels[level], c->kernels[CPU_PORTABLE]) ? CPU_AGREES : CPU_REFUSED;
        atomic_store_explicit(&c->verdict[level], verdict, memory_order_relaxed);
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
