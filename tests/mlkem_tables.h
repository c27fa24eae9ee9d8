/*
 * Running the cases of a test program at each level of vector instructions that this machine has:
 * on the table of ML-KEM's kernels of that level, and with the whole process limited to it.
 */
#ifndef HEAD2_TESTS_MLKEM_TABLES_H
#define HEAD2_TESTS_MLKEM_TABLES_H

#include "check.h"
#include "mlkem/kernels.h"

/* The table under test. */
static const struct mlkem_kernels *kernels;

__attribute__((unused)) static const struct mlkem_kernels *mlkem_table(enum cpu_isa isa)
{
    static const void *const tables[CPU_LEVELS] =
        CPU_KERNELS(&mlkem_kernels_portable, &mlkem_kernels_avx2, &mlkem_kernels_avx512);
    return isa <= cpu_isa() ? tables[isa] : NULL;
}

/* One case for each table; those that the machine has not are said to be skipped. */
#define RUN_EACH(name) run_each(#name, name)

__attribute__((unused)) static void not_here(void)
{
    SKIP("this machine has no such instructions");
}

__attribute__((unused)) static void run_each(const char *name, void (*test)(void))
{
    for (unsigned isa = 0; isa < CPU_LEVELS; isa++) {
        char full[100];
        snprintf(full, sizeof full, "%s_%s", name, cpu_isa_name((enum cpu_isa)isa));
        kernels = mlkem_table((enum cpu_isa)isa);
        cpu_limit((enum cpu_isa)isa);
        check_run(full, kernels != NULL ? test : not_here);
        cpu_limit(CPU_AVX512);
    }
}

#endif
