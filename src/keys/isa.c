/*
 * The report on vector kernels: the lowest room from which all that have some can be seen.
 */
#include "cpu/cpu.h"
#include "hash/blake3_kernels.h"
#include "hash/keccak.h"
#include "mldsa/kernels.h"
#include "mlkem/kernels.h"

#include <head2/cpu.h>

const char *head2_isa(void)
{
    return cpu_isa_name(cpu_isa());
}

enum head2_status
head2_kernels_check(void (*refused)(void *arg, const char *kernels, const char *isa), void *arg)
{
    (void)keccak_kernels();
    (void)blake3_kernels();
    (void)mlkem_kernels();
    (void)mldsa_kernels();
    return cpu_refusals(refused, arg) == 0 ? HEAD2_OK : HEAD2_E_HEALTH;
}
