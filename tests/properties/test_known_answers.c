/*
 * Known answers that come out wrong: before the first byte, and on demand later. SHA3-512 is wrong
 * here when a test says so.
 */
#include "entropy_fixture.h"

#include <head2/hash.h>

#include <pthread.h>

static bool wrong;

void __real_head2_sha3_512(uint8_t out[HEAD2_SHA3_512_BYTES], const void *data, size_t len);
void __wrap_head2_sha3_512(uint8_t out[HEAD2_SHA3_512_BYTES], const void *data, size_t len);

void __wrap_head2_sha3_512(uint8_t out[HEAD2_SHA3_512_BYTES], const void *data, size_t len)
{
    __real_head2_sha3_512(out, data, len);
    out[0] ^= wrong;
}

static void nothing_ever_leaves(void)
{
    wrong = true;
    refuses();
    wrong = false;
    refuses();
    CHECK_EQ(head2_entropy_selftest(), HEAD2_E_HEALTH);
}

static void *ask(void *arg)
{
    uint8_t out[32];

    return head2_random(out, sizeof out) == HEAD2_E_ENTROPY && all_zero(out, 32) ? NULL : arg;
}

/* What has failed once is not trusted again, by no thread. */
static void nothing_leaves_from_then_on(void)
{
    pthread_t thread;
    void *failed;

    gives();
    CHECK_EQ(head2_entropy_selftest(), HEAD2_OK);
    gives();
    wrong = true;
    gives(); /* nobody has looked */
    CHECK_EQ(head2_entropy_selftest(), HEAD2_E_HEALTH);
    refuses();
    wrong = false;
    refuses();
    CHECK_EQ(pthread_create(&thread, NULL, ask, &wrong), 0);
    CHECK_EQ(pthread_join(thread, &failed), 0);
    CHECK(failed == NULL);
    CHECK_EQ(head2_entropy_selftest(), HEAD2_E_HEALTH);
    refuses();
}

int main(void)
{
    IN_CHILD(nothing_ever_leaves);
    IN_CHILD(nothing_leaves_from_then_on);
    CHECK_EXIT();
}
