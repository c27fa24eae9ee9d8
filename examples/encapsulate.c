/*
 * Agree on a 32-byte secret with ML-KEM-1024, without allocating anything.
 *
 *     cc encapsulate.c $(pkg-config --cflags --libs head2) -o encapsulate
 */
#include <head2/hash.h>
#include <head2/mlkem.h>

#include <stdio.h>

int main(void)
{
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES]; /* the receiver's public key */
    uint8_t dk[HEAD2_MLKEM1024_DK_BYTES]; /* and its private one */
    uint8_t ct[HEAD2_MLKEM1024_CT_BYTES]; /* what the sender sends */
    struct head2_secret32 mine, yours;
    uint8_t name[8];
    int result = 1;

    if (head2_mlkem1024_keypair(ek, dk) != HEAD2_OK) {
        fprintf(stderr, "no randomness\n");
        return 1;
    }
    if (head2_mlkem1024_encaps(ct, &mine, ek) != HEAD2_OK) /* checks ek first */
        fprintf(stderr, "not a public key\n");
    else if (head2_mlkem1024_decaps(&yours, dk, ct) != HEAD2_OK)
        fprintf(stderr, "the private key is damaged\n");
    else if (head2_equal(mine.b, yours.b, sizeof mine.b) == HEAD2_OK)
        result = 0;

    /* a secret is never printed; a hash of it names it */
    head2_shake256(name, sizeof name, yours.b, sizeof yours.b);
    printf("both sides hold the same secret: %s (", result == 0 ? "yes" : "no");
    for (size_t i = 0; i < sizeof name; i++)
        printf("%02x", name[i]);
    printf(")\n");
    head2_wipe(dk, sizeof dk);
    head2_wipe(&mine, sizeof mine);
    head2_wipe(&yours, sizeof yours);
    return result;
}
