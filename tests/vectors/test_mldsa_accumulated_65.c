/*
 * ML-DSA-65: 10,000 keys, signatures and verifications against one digest of C2SP/CCTV.
 */
#include "mldsa_accumulated.h"

static void mldsa65(void)
{
    accumulated_run(MLDSA_65, "8358a1843220194417cadbc2651295cd8fc65125b5a5c1a239a16dc8b57ca199",
                    "5ff5e196f0b830c3b10a9eb5358e7c98a3a20136cb677f3ae3b90175c3ace329");
}

int main(void)
{
    RUN(mldsa65);
    CHECK_EXIT();
}
