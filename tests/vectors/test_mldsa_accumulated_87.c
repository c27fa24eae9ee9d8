/*
 * ML-DSA-87: 10,000 keys, signatures and verifications against one digest of C2SP/CCTV.
 */
#include "mldsa_accumulated.h"

static void mldsa87(void)
{
    accumulated_run(MLDSA_87, "8c3ad714777622b8f21ce31bb35f71394f23bc0fcf3c78ace5d608990f3b061b",
                    "80a8cf39317f7d0be0e24972c51ac152bd2a3e09bc0c32ce29dd82c4e7385e60");
}

int main(void)
{
    RUN(mldsa87);
    CHECK_EXIT();
}
