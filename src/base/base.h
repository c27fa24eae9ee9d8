/*
 * What every room uses: one exit label, contracts, bounds, big-endian integers, wiped scopes.
 * Nothing here knows about cryptography.
 */
#ifndef HEAD2_BASE_BASE_H
#define HEAD2_BASE_BASE_H

#include <head2/secret.h>
#include <head2/status.h>

#include <stdbool.h>
#include <string.h>

#define HEAD2_LEN(a)          (sizeof(a) / sizeof((a)[0]))
#define HEAD2_ALWAYS_INLINE   inline __attribute__((always_inline))
#define HEAD2_NOINLINE        __attribute__((noinline))
#define HEAD2_UNUSED          __attribute__((unused))
#define HEAD2_PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))

/*
 * Run call; if it fails, leave through the label `done` with its status in `st`. The only macro
 * that changes control flow.
 */
#define HEAD2_TRY(call)                                                                            \
    do {                                                                                           \
        st = (call);                                                                               \
        if (st != HEAD2_OK)                                                                        \
            goto done;                                                                             \
    } while (0)

/*
 * Contracts: what must hold on entry and on exit. Assertions in checked builds (tests, fuzzers,
 * sanitizers), nothing in release.
 */
#ifdef HEAD2_CHECKED
void head2_contract_failed(const char *what, const char *file, int line)
    __attribute__((noreturn, cold));
#define HEAD2_REQUIRES(cond)                                                                       \
    ((cond) ? (void)0 : head2_contract_failed("requires " #cond, __FILE__, __LINE__))
#define HEAD2_ENSURES(cond)                                                                        \
    ((cond) ? (void)0 : head2_contract_failed("ensures " #cond, __FILE__, __LINE__))
#else
#define HEAD2_REQUIRES(cond) ((void)0)
#define HEAD2_ENSURES(cond)  ((void)0)
#endif

/*
 * From here on these bytes count as public. A no-op but under valgrind builds, where it tells the
 * checker so; every use states its reason, and the list of reasons is the constant-time audit.
 */
#ifdef HEAD2_CT_CHECK
#include <valgrind/memcheck.h>
#define HEAD2_PUBLIC(p, n, reason) VALGRIND_MAKE_MEM_DEFINED(p, n)
#define HEAD2_SECRET(p, n)         VALGRIND_MAKE_MEM_UNDEFINED(p, n)
#else
#define HEAD2_PUBLIC(p, n, reason) ((void)(p))
#define HEAD2_SECRET(p, n)         ((void)(p))
#endif

static inline uint16_t be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t be48(const uint8_t *p)
{
    return (uint64_t)be16(p) << 32 | be32(p + 2);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
    put_be16(p, (uint16_t)(v >> 16));
    put_be16(p + 2, (uint16_t)v);
}

static inline void put_be48(uint8_t *p, uint64_t v)
{
    put_be16(p, (uint16_t)(v >> 32));
    put_be32(p + 2, (uint32_t)v);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
    put_be32(p, (uint32_t)(v >> 32));
    put_be32(p + 4, (uint32_t)v);
}

/* Little-endian words go as they are where the machine is: compilers see through the bytes of one
 * word, but not of an array of them. */
static inline uint32_t le32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    return v;
}

static inline uint64_t le64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    memcpy(p, &v, sizeof v);
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

/* memcpy that accepts a NULL source for zero bytes. */
static inline void copy_bytes(void *to, const void *from, size_t len)
{
    if (len != 0)
        memcpy(to, from, len);
}

#endif
