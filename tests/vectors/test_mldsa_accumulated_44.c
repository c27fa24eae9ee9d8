/*
 * ML-DSA-44: 10,000 keys, signatures and verifications against one digest of C2SP/CCTV.
 */
#include "mldsa_accumulated.h"

static void mldsa44(void)
{
    accumulated_run(MLDSA_44, "d51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4",
                    "e7fd21f6a59bcba60d65adc44404bb29a7c00e5d8d3ec06a732c00a306a7d143");
}

int main(void)
{
    RUN(mldsa44);
    CHECK_EXIT();
}
