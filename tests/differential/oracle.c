/*
 * The library's hashes and filter, one answer to each line of standard input, for the differential
 * tests:
 *
 *     blake3 OUT SEEK MSG            blake3-keyed OUT SEEK MSG KEY
 *     blake3-derive OUT SEEK MSG CONTEXT
 *     sha3-256 32 STEP MSG           sha3-512 64 STEP MSG
 *     shake128 OUT STEP MSG          shake256 OUT STEP MSG
 *     hmac 64 STEP MSG KEY           hkdf OUT 0 IKM SALT INFO        cmac 16 0 MSG KEY
 *     fallback-allows 1 0 DATAGRAM   (01 or 00)
 *
 * Byte strings are hexadecimal, "-" when empty. Messages go in, and extendable output comes out, in
 * pieces of STEP bytes (0: in one call), so that the incremental functions are the ones compared.
 */
#include "base/base.h"

#include <head2/aead.h>
#include <head2/fallback.h>
#include <head2/hash.h>

#include <stdio.h>
#include <stdlib.h>

#define FIELDS  6
#define OUT_MAX 20000
#define LINE    (1 << 20)

struct request {
    char *field[FIELDS];
    size_t out, step; /* step is SEEK for BLAKE3 */
    uint8_t *bytes[3];
    size_t len[3];
};

static size_t piece(size_t left, size_t step)
{
    return step == 0 || step > left ? left : step;
}

static bool blake3(const struct request *r, uint8_t *out)
{
    struct head2_blake3 ctx;

    if (strcmp(r->field[0], "blake3") == 0)
        head2_blake3_init(&ctx);
    else if (strcmp(r->field[0], "blake3-keyed") == 0 && r->len[1] == 32)
        head2_blake3_init_keyed(&ctx, r->bytes[1]);
    else if (strcmp(r->field[0], "blake3-derive") == 0)
        head2_blake3_init_derive_key(&ctx, r->bytes[1], r->len[1]);
    else
        return false;
    const size_t half = r->len[0] / 3;
    head2_blake3_update(&ctx, r->bytes[0], half);
    head2_blake3_update(&ctx, r->bytes[0] + half, r->len[0] - half);
    head2_blake3_final(&ctx, out, r->out, r->step);
    return true;
}

static bool sponge(const struct request *r, uint8_t *out)
{
    struct head2_keccak ctx;
    const bool shake = strncmp(r->field[0], "shake", 5) == 0;

    if (strcmp(r->field[0], "sha3-256") == 0)
        head2_sha3_256_init(&ctx);
    else if (strcmp(r->field[0], "sha3-512") == 0)
        head2_sha3_512_init(&ctx);
    else if (strcmp(r->field[0], "shake128") == 0)
        head2_shake128_init(&ctx);
    else if (strcmp(r->field[0], "shake256") == 0)
        head2_shake256_init(&ctx);
    else
        return false;
    for (size_t at = 0, n; at < r->len[0]; at += n) {
        n = piece(r->len[0] - at, r->step);
        (shake ? head2_shake_update : head2_sha3_update)(&ctx, r->bytes[0] + at, n);
    }
    if (!shake) {
        head2_sha3_final(&ctx, out);
        return true;
    }
    for (size_t at = 0, n; at < r->out; at += n) {
        n = piece(r->out - at, r->step);
        head2_shake_squeeze(&ctx, out + at, n);
    }
    return true;
}

static bool macs(const struct request *r, uint8_t *out)
{
    if (strcmp(r->field[0], "hmac") == 0) {
        struct head2_hmac_sha3_512 ctx;
        head2_hmac_sha3_512_init(&ctx, r->bytes[1], r->len[1]);
        for (size_t at = 0, n; at < r->len[0]; at += n) {
            n = piece(r->len[0] - at, r->step);
            head2_hmac_sha3_512_update(&ctx, r->bytes[0] + at, n);
        }
        head2_hmac_sha3_512_final(&ctx, out);
        return true;
    }
    if (strcmp(r->field[0], "hkdf") == 0) {
        uint8_t prk[64];
        head2_hkdf_sha3_512_extract(prk, r->bytes[1], r->len[1], r->bytes[0], r->len[0]);
        return head2_hkdf_sha3_512_expand(out, r->out, prk, r->bytes[2], r->len[2]) == HEAD2_OK;
    }
    return strcmp(r->field[0], "cmac") == 0 &&
           head2_aes_cmac(out, r->bytes[1], r->len[1], r->bytes[0], r->len[0]) == HEAD2_OK;
}

static bool filter(const struct request *r, uint8_t *out)
{
    if (strcmp(r->field[0], "fallback-allows") != 0)
        return false;
    out[0] = head2_fallback_allows(r->bytes[0], r->len[0]);
    return true;
}

/* In place: the bytes are half as long as their digits. */
static bool unhex(struct request *r, unsigned i, char *text)
{
    const size_t digits = strcmp(text, "-") == 0 ? 0 : strlen(text);

    r->bytes[i] = (uint8_t *)text;
    r->len[i] = digits / 2;
    for (size_t j = 0; j < digits / 2; j++) {
        const char pair[3] = {text[2 * j], text[2 * j + 1], 0};
        char *end;
        r->bytes[i][j] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != 0)
            return false;
    }
    return digits % 2 == 0;
}

static bool parse(struct request *r, char *line)
{
    unsigned n = 0;

    memset(r, 0, sizeof *r);
    for (char *w = strtok(line, " \n"); w != NULL && n < FIELDS; w = strtok(NULL, " \n"))
        r->field[n++] = w;
    if (n < 4)
        return false;
    r->out = strtoul(r->field[1], NULL, 10);
    r->step = strtoul(r->field[2], NULL, 10);
    for (unsigned i = 3; i < n; i++)
        if (!unhex(r, i - 3, r->field[i]))
            return false;
    return r->out <= OUT_MAX;
}

int main(void)
{
    static char line[LINE];
    static uint8_t out[OUT_MAX];
    struct request r;

    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!parse(&r, line) ||
            !(blake3(&r, out) || sponge(&r, out) || macs(&r, out) || filter(&r, out))) {
            fprintf(stderr, "oracle: a request that is not understood\n");
            return 3;
        }
        for (size_t i = 0; i < r.out; i++)
            printf("%02x", out[i]);
        printf("\n");
    }
    return fflush(stdout) == 0 ? 0 : 7;
}
