/*
 * The two things one does with a secret: comparing finds every difference, wiping leaves nothing.
 */
#include "check.h"

#include <head2/secret.h>

static void equal_finds_every_bit(void)
{
    uint8_t a[100];
    uint8_t b[100];

    for (size_t i = 0; i < sizeof a; i++)
        a[i] = b[i] = (uint8_t)(7 * i);
    for (size_t n = 0; n <= sizeof a; n++)
        CHECK(head2_equal(a, b, n) == HEAD2_OK);
    for (size_t bit = 0; bit < 8 * sizeof a; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK(head2_equal(a, b, sizeof a) == HEAD2_E_VERIFY);
        CHECK(head2_equal(a, b, bit / 8) == HEAD2_OK); /* the bytes before it */
        CHECK(head2_equal(a, b, bit / 8 + 1) == HEAD2_E_VERIFY);
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    CHECK(head2_equal(NULL, NULL, 0) == HEAD2_OK);
}

/* Differences that cancel each other, for a comparison that sums instead of collecting. */
static void equal_is_not_fooled_by_pairs(void)
{
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    for (size_t i = 1; i < sizeof a; i++) {
        a[0] = 1;
        b[i] = 1;
        CHECK(head2_equal(a, b, sizeof a) == HEAD2_E_VERIFY);
        b[0] = 0x80;
        b[i] = 0x80;
        a[0] = 0;
        CHECK(head2_equal(a, b, sizeof a) == HEAD2_E_VERIFY);
        memset(b, 0, sizeof b);
    }
}

static void wipe_clears_exactly_its_bytes(void)
{
    uint8_t p[64];

    for (size_t n = 0; n <= 40; n++) {
        memset(p, 0xaa, sizeof p);
        head2_wipe(p + 8, n);
        for (size_t i = 0; i < sizeof p; i++)
            CHECK_EQ(p[i], i >= 8 && i < 8 + n ? 0 : 0xaa);
    }
    head2_wipe(NULL, 0);
}

#ifndef __SANITIZE_ADDRESS__ /* which rightly objects to looking at memory that is gone */
/* An object that dies right after is wiped all the same. */
static uintptr_t where;

__attribute__((noinline)) static void fill_and_wipe(void)
{
    uint8_t secret[64];

    memset(secret, 0x5c, sizeof secret);
    __asm__ __volatile__("" : : "r"(secret) : "memory");
    head2_wipe(secret, sizeof secret);
    where = (uintptr_t)secret;
}

static void wipe_is_not_removed(void)
{
    int left = 0;

    fill_and_wipe();
    const volatile uint8_t *gone = (const volatile uint8_t *)where;
    for (size_t i = 0; i < 64; i++)
        left += gone[i] == 0x5c;
    CHECK(left < 8);
}
#endif

int main(void)
{
    RUN(equal_finds_every_bit);
    RUN(equal_is_not_fooled_by_pairs);
    RUN(wipe_clears_exactly_its_bytes);
#ifndef __SANITIZE_ADDRESS__
    RUN(wipe_is_not_removed);
#endif
    CHECK_EXIT();
}
