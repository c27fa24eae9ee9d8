/* see capacity.h */
#include "gateway/capacity.h"

#include "base/base.h"
#include "gateway/parallel.h"

#include <head2/hash.h>
#include <head2/keys.h>
#include <head2/mldsa.h>
#include <head2/mlkem.h>

#include <time.h>

enum { ROUNDS = 8, LEAST = 100, MOST = 100000 };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The lattice work of a gateway in one handshake. It needs no randomness, which may not be there
 * yet; signatures take a random time, so the message is another one in each round. */
static enum head2_status lattice(const struct head2_key *key, const uint8_t *ek, uint8_t round)
{
    static const char ctx[] = "head2 measurement";
    uint8_t sig[HEAD2_MLDSA87_SIG_BYTES], ct[HEAD2_MLKEM1024_CT_BYTES];
    struct head2_secret32 m = {{round}}, ss;
    size_t sig_len = 0;
    enum head2_status st;

    HEAD2_TRY(head2_mlkem1024_encaps_derand(ct, &ss, ek, &m));
    HEAD2_TRY(head2_key_sign(key, sig, &sig_len, &round, 1, ctx, sizeof ctx - 1, true));
    /* a drone's key is not prepared, so this one's prepared form is not used */
    HEAD2_TRY(head2_mldsa87_verify(head2_key_public(key), &round, 1, (const uint8_t *)ctx,
                                   sizeof ctx - 1, sig, sig_len));
done:
    return st;
}

/* What a handshake hashes: 14 KB of frames, as much of transcripts, and some forty derivations. */
static void hashes(void)
{
    static const uint8_t bytes[40000];
    uint8_t digest[64];

    head2_sha3_512(digest, bytes, sizeof bytes);
}

static uint32_t measure(const struct head2_key *key, const uint8_t *ek)
{
    const double begin = seconds();

    for (uint8_t round = 0; round < ROUNDS; round++)
        if (lattice(key, ek, round) != HEAD2_OK)
            return LEAST;
    const double between = seconds();
    for (unsigned round = 0; round < ROUNDS; round++)
        hashes();
    /* lattice work is spread over the processors, the rest is of one thread */
    const double serial = (seconds() - between) / ROUNDS;
    const double all = (between - begin) / ROUNDS + serial;
    const double spread = all / parallel_processors();
    /* sockets, the log and signed receipts take as much again, and a fifth is for everything else
     */
    const double rate = 0.4 / (serial > spread ? serial : spread);
    return rate < LEAST ? LEAST : rate > MOST ? MOST : (uint32_t)rate;
}

uint32_t capacity_handshakes(void)
{
    uint8_t ek[HEAD2_MLKEM1024_EK_BYTES], dk[HEAD2_MLKEM1024_DK_BYTES];
    const struct head2_secret64 seed = {{1}};
    struct head2_key *key = NULL; /* the identity is elsewhere, and this one is as fast */
    uint32_t rate = LEAST;

    if (head2_mlkem1024_keypair_from_seed(ek, dk, &seed) == HEAD2_OK &&
        head2_key_from_seed(&key, HEAD2_MLDSA_87, seed.b, 32) == HEAD2_OK &&
        head2_key_prepare(key) == HEAD2_OK)
        rate = measure(key, ek);
    head2_key_free(key);
    return rate;
}
