/*
 * What the processor can do, and the choice of kernels by it.
 *
 * A room that has vector code keeps one struct of function pointers for each level and asks
 * cpu_choose for the one to use. The first time that a level is used, its kernels are compared with
 * the portable ones; a table, a compiler or a processor that disagrees is refused and the level
 * below is used instead: slower, and right.
 */
#ifndef HEAD2_CPU_CPU_H
#define HEAD2_CPU_CPU_H

#include "base/base.h"

#include <stdatomic.h>

enum cpu_isa {
    CPU_PORTABLE,
    CPU_AVX2,   /* with POPCNT, BMI1 and BMI2 */
    CPU_AVX512, /* F, BW, DQ, VL, IFMA, VBMI, VBMI2, VNNI: Ice Lake and later */
    CPU_LEVELS
};

#if defined(__x86_64__) && !defined(HEAD2_PORTABLE_ONLY)
#define HEAD2_X86_KERNELS 1
#define CPU_KERNELS(portable, avx2, avx512)                                                        \
    {                                                                                              \
        portable, avx2, avx512                                                                     \
    }
#define CPU_COMPARED_BY(agrees) agrees
#else
#define CPU_KERNELS(portable, avx2, avx512)                                                        \
    {                                                                                              \
        portable, NULL, NULL                                                                       \
    }
#define CPU_COMPARED_BY(agrees) NULL /* with nothing: a small library can go without it */
#endif

/* What CPUID and XGETBV say; all zero where there is no such instruction. */
struct cpu_id {
    uint32_t ecx1;       /* leaf 1 */
    uint32_t ebx7, ecx7; /* leaf 7, subleaf 0 */
    uint64_t xcr0;       /* the registers that the operating system saves */
};

/* The highest level that a processor with these answers has. */
enum cpu_isa cpu_level_of(const struct cpu_id *id);

/* Instructions that no level includes: processors of a level have them, but a virtual machine may
 * hide them alone. Kernels that use them say so in cpu_choice.needs. */
enum {
    CPU_AES = 1,  /* AES-NI */
    CPU_VAES = 2, /* the same on ymm and zmm; the level says whether those can be used */
};

/* Those that a processor with these answers has. */
unsigned cpu_features_of(const struct cpu_id *id);

/*
 * The level in use: the highest that the processor and the operating system have, and that the
 * environment variable HEAD2_ISA (portable, avx2 or avx512) and cpu_limit permit. An unknown value
 * of HEAD2_ISA permits all; the program refuses it, see cpu_isa_from_name.
 */
enum cpu_isa cpu_isa(void);

/* For tests and measurements: use at most this level from now on, in the whole process. CPU_AVX512
 * lifts the limit. */
void cpu_limit(enum cpu_isa most);

const char *cpu_isa_name(enum cpu_isa isa);
/* CPU_LEVELS when there is no such name. */
enum cpu_isa cpu_isa_from_name(const char *name);

struct cpu_choice {
    const char *room;
    const void *kernels[CPU_LEVELS]; /* NULL where a level is not built; portable always is */
    /* features without which the kernels of a level are passed over; portable needs none */
    unsigned char needs[CPU_LEVELS];
    /* compares kernels of a level with the portable ones */
    bool (*agrees)(const void *kernels, const void *portable);
    atomic_uchar verdict[CPU_LEVELS]; /* 0 not yet known, then one of the two below */
};

enum { CPU_AGREES = 1, CPU_REFUSED = 2 };

/* The kernels of the highest level in use that agree with the portable ones. Any number of threads
 * may ask at once. */
const void *cpu_choose(struct cpu_choice *c);

/* Call refused for every set of kernels that has been refused so far; their number. */
unsigned cpu_refusals(void (*refused)(void *arg, const char *room, const char *isa), void *arg);

/* How far below the caller's frame the stack may hold secrets. Measured, with a reserve: see
 * tests/properties/test_residue.c. */
enum cpu_depth {
    CPU_KERNELS_BELOW = 6 * 1024, /* the caller calls kernels: their vectors, spilled */
    CPU_CALLS_BELOW = 12 * 1024   /* or others that do, with states of Keccak and blocks in them */
};

/*
 * Wipe what secrets an operation may have left where no variable is: in the vector and mask
 * registers, and on the stack below the caller's frame, where its callees spilled. The last to do
 * so is the function that has the large buffers in its frame: called from further up, with all of
 * them still between the caller and the kernels, this reaches nothing. Buffers that have names are
 * wiped by those who named them.
 */
void cpu_wipe_residue(enum cpu_depth depth);

#endif
