/*
 * For tests of the kernels of ML-DSA: a case runs with each table that the machine has, as K.
 */
#ifndef HEAD2_TESTS_MLDSA_TABLES_H
#define HEAD2_TESTS_MLDSA_TABLES_H

#include "check.h"

#include "mldsa/kernels.h"

static const struct mldsa_kernels *K;

__attribute__((unused)) static void run_with_every_table(const char *name, void (*test)(void))
{
    static const void *const tables[] =
        CPU_KERNELS(&mldsa_kernels_portable, &mldsa_kernels_avx2, &mldsa_kernels_avx512);
    for (unsigned isa = CPU_PORTABLE; isa <= cpu_isa(); isa++) {
        char full[80];
        snprintf(full, sizeof full, "%s_%s", name, cpu_isa_name((enum cpu_isa)isa));
        K = tables[isa];
        check_run(full, test);
    }
}

#define RUN_WITH_EVERY_TABLE(test) run_with_every_table(#test, test)

#endif
