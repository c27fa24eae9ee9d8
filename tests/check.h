/*
 * What the C tests are written with. A test program runs its cases one by one; each prints one
 * line, `ok NAME`, `FAIL NAME: where: what` or `skip NAME: why`, which tests/run counts. The
 * program's exit status is 0 when nothing failed.
 */
#ifndef HEAD2_TESTS_CHECK_H
#define HEAD2_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static jmp_buf check_leave;
static char check_note[512];
static int check_failures;

__attribute__((format(printf, 3, 4), noreturn, unused)) static void
check_fail(const char *file, int line, const char *fmt, ...)
{
    int n = snprintf(check_note, sizeof check_note, "%s:%d: ", file, line);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(check_note + n, sizeof check_note - (size_t)n, fmt, ap);
    va_end(ap);
    longjmp(check_leave, 1);
}

__attribute__((format(printf, 1, 2), noreturn, unused)) static void check_skip(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(check_note, sizeof check_note, fmt, ap);
    va_end(ap);
    longjmp(check_leave, 2);
}

/* The condition must hold; the case ends here otherwise. */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_fail(__FILE__, __LINE__, "%s", #cond);                                           \
    } while (0)

/* The same with a message of its own. */
#define CHECK_SAY(cond, ...)                                                                       \
    do {                                                                                           \
        if (!(cond))                                                                               \
            check_fail(__FILE__, __LINE__, __VA_ARGS__);                                           \
    } while (0)

/* Two integers must be equal; both are shown. */
#define CHECK_EQ(a, b)                                                                             \
    do {                                                                                           \
        long long check_a = (long long)(a), check_b = (long long)(b);                              \
        if (check_a != check_b)                                                                    \
            check_fail(__FILE__, __LINE__, "%s is %lld, not %s = %lld", #a, check_a, #b, check_b); \
    } while (0)

/* Two byte strings must be equal. */
#define CHECK_MEM(a, b, n)                                                                         \
    do {                                                                                           \
        if (memcmp((a), (b), (n)) != 0)                                                            \
            check_fail(__FILE__, __LINE__, "%s differs from %s", #a, #b);                          \
    } while (0)

/* End the case as skipped, saying why. */
#define SKIP(...) check_skip(__VA_ARGS__)

/* Run one case: a function without arguments. */
#define RUN(name) check_run(#name, name)

__attribute__((unused)) static void check_run(const char *name, void (*test)(void))
{
    int how = setjmp(check_leave);
    if (how == 0) {
        test();
        printf("ok %s\n", name);
    } else if (how == 1) {
        printf("FAIL %s: %s\n", name, check_note);
        check_failures++;
    } else {
        printf("skip %s: %s\n", name, check_note);
    }
    fflush(stdout);
}

#define CHECK_EXIT() return check_failures == 0 ? 0 : 1

/* Where the public vectors are: $HEAD2_VECTORS, else ../shared/vectors beside the checkout
 * (tests/run starts the programs in the project's root). Skips the case when the file is not there.
 * The text is terminated by a zero byte, must be freed, and *len is its length. */
__attribute__((unused)) static char *check_vectors(const char *name, size_t *len)
{
    char path[1024];
    const char *root = getenv("HEAD2_VECTORS");
    snprintf(path, sizeof path, "%s/%s", root != NULL ? root : "../shared/vectors", name);
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        SKIP("no vectors at %s (set HEAD2_VECTORS)", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = malloc((size_t)size + 1);
    if (text == NULL || fread(text, 1, (size_t)size, f) != (size_t)size)
        check_fail(__FILE__, __LINE__, "cannot read %s", path);
    text[size] = 0;
    fclose(f);
    if (len != NULL)
        *len = (size_t)size;
    return text;
}

/* Decode hex into out (at most cap bytes); the number of bytes. Fails the case on anything else. */
__attribute__((unused)) static size_t check_hex(uint8_t *out, size_t cap, const char *hex)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    size_t digits_len = strlen(hex);
    size_t n = digits_len / 2;
    if (digits_len % 2 != 0 || n > cap)
        check_fail(__FILE__, __LINE__, "hex of %zu digits does not fit %zu bytes", digits_len, cap);
    for (size_t i = 0; i < n; i++) {
        const char *high = strchr(digits, hex[2 * i]);
        const char *low = strchr(digits, hex[2 * i + 1]);
        if (high == NULL || low == NULL)
            check_fail(__FILE__, __LINE__, "not hex: %.8s", hex + 2 * i);
        out[i] = (uint8_t)((high - digits) % 16 * 16 + (low - digits) % 16);
    }
    return n;
}

#endif
