/*
 * No memory: every allocation of an assessment, of a circuit's reader and of its simulator fails in
 * turn. Each time the caller is told, and nothing is lost (asan).
 */
#include "assess/assess.h"
#include "check.h"
#include "entropy/qasm.h"

#include <head2/hash.h>

#include <errno.h>

static long left = -1; /* allocations that succeed before one fails; below 0: all do */
static bool failed;

static bool refuse(void)
{
    if (left < 0 || left-- > 0)
        return false;
    failed = true; /* and what comes after it succeeds: cleaning up must not depend on it */
    errno = ENOMEM;
    return true;
}

/* Beneath the project's own code alone: the linker puts these in place of libc's where it is called
 * from this program's objects. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
    return refuse() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return refuse() ? NULL : __real_realloc(p, size);
}

/* Fail the first, the second, ... until none was left to fail. Returns how many there were. */
static unsigned fail_each(enum head2_status (*work)(void *arg), void *arg)
{
    for (unsigned n = 0;; n++) {
        CHECK_SAY(n < 10000, "there is no end of allocations");
        failed = false;
        left = n;
        const enum head2_status st = work(arg);
        left = -1;
        if (!failed) {
            CHECK_EQ(st, HEAD2_OK);
            return n;
        }
        CHECK_SAY(st == HEAD2_E_MEMORY, "allocation %u failed, and the result is %d", n, (int)st);
    }
}

static enum head2_status non_iid(void *arg)
{
    struct assess_non_iid a;

    return assess_non_iid(&a, arg, NULL);
}

static enum head2_status iid(void *arg)
{
    static const uint8_t seed[32];
    struct assess_iid a;

    return assess_iid(&a, arg, seed, NULL, NULL);
}

static enum head2_status restart(void *arg)
{
    struct assess_restart a;

    return assess_restart(&a, arg, 0.1, false, NULL);
}

/* Ways through the estimators: bits, bytes, repetition, a dictionary and tables that grow. */
static void assessments(void)
{
    enum { N = 6000 };
    static uint8_t s[N];
    static const uint8_t mask[] = {1, 7, 255};
    unsigned all = 0;

    for (unsigned m = 0; m < HEAD2_LEN(mask); m++)
        for (unsigned repeated = 0; repeated < 2; repeated++) {
            head2_shake128(s, sizeof s, "memory", 6);
            for (size_t i = 0; i < N; i++)
                s[i] = repeated && i >= 300 ? s[i - 300] : s[i] & mask[m];
            struct assess_input in = {s, N, 0};
            all += fail_each(non_iid, &in);
        }
    CHECK(all > 100);
}

static void iid_tests(void)
{
    static uint8_t s[1000];
    struct assess_input in = {s, sizeof s, 0};

    head2_shake128(s, sizeof s, "iid", 3);
    for (size_t i = 0; i < sizeof s; i++)
        s[i] &= 7;
    CHECK(fail_each(iid, &in) > 10);
}

static void restart_tests(void)
{
    uint8_t *s = calloc(ASSESS_SAMPLES_ASKED, 1);
    struct assess_input in = {s, ASSESS_SAMPLES_ASKED, 1};

    head2_shake128(s, ASSESS_SAMPLES_ASKED / 50, "restart", 7);
    for (size_t i = ASSESS_SAMPLES_ASKED; i-- > 0;)
        s[i] = s[i / 50] >> (i % 7) & 1;
    for (unsigned n = 0; n < 24; n += 5) { /* each that is far in takes most of a second */
        left = n;
        CHECK_EQ(restart(&in), HEAD2_E_MEMORY);
        left = -1;
    }
    free(s);
}

static enum head2_status circuit(void *arg)
{
    struct qasm_circuit c;
    struct qasm_error err;
    struct qsim *sim;

    enum head2_status st = qasm_read(&c, arg, strlen(arg), &err);
    if (st == HEAD2_OK) {
        st = qsim_new(&sim, &c.circuit, NULL);
        if (st == HEAD2_OK)
            qsim_free(sim);
        else
            CHECK(sim == NULL);
        qasm_free(&c);
    } else {
        CHECK(c.operation == NULL);
    }
    return st;
}

static void circuits(void)
{
    static char text[4096] = "OPENQASM 3.0; qubit[8] q; bit[8] c;";

    for (unsigned i = 0; i < 40; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "h q; rx(pi / 3) q;\n");
    CHECK_EQ(fail_each(circuit, text), 6); /* operations grow to 1024, and the state */
}

int main(void)
{
    RUN(assessments);
    RUN(iid_tests);
    RUN(restart_tests);
    RUN(circuits);
    CHECK_EXIT();
}
