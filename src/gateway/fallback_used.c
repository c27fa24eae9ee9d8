/* see fallback_used.h */
#include "gateway/fallback_used.h"

#include "artifact/base64.h"
#include "artifact/utc.h"
#include "session/schedule.h"

#include <stdio.h>
#include <stdlib.h>

#define KIND       "head2-fallback-used "
#define HEAD_BYTES (sizeof KIND - 1 + 2 + 5 + 64 + 1 + 5 + UTC_BYTES + 1)
#define LINE_MIN   (32 + 1 + 64 + 1 + 1 + 1 + 1 + 1)
#define LINE_MOST  (32 + 1 + 64 + 1 + 5 + 1 + UTC_BYTES + 1)
#define SIGNATURE  "signature "
#define SIG_CHARS  BASE64_LEN(HEAD2_MLDSA87_SIG_BYTES)
#define TAIL_BYTES (sizeof SIGNATURE - 1 + SIG_CHARS + 1)

static const char context[] = "ch2v1 fbk used";

/* ---- writing ---- */

static int by_id(const void *a, const void *b)
{
    const struct fallback_use *x = a, *y = b;
    return memcmp(x->id, y->id, sizeof x->id);
}

static size_t write_use(char *out, const struct fallback_use *u)
{
    char id[33] = {0}, drone[65] = {0}, when[UTC_BYTES + 1] = "-";

    hex_encode(id, u->id, sizeof u->id);
    hex_encode(drone, u->drone, sizeof u->drone);
    if (u->last_ms != 0)
        utc_format(when, u->last_ms);
    return (size_t)snprintf(out, LINE_MOST + 1, "%s %s %u %s\n", id, drone, u->counter, when);
}

/* All but the signature. */
static size_t write_lines(char *out, const struct fallback_used *used)
{
    char node[65] = {0}, time[UTC_BYTES + 1];

    hex_encode(node, used->node, sizeof used->node);
    utc_format(time, used->time_ms);
    size_t len = (size_t)snprintf(out, HEAD_BYTES + 1, KIND "1\nnode %s\ntime %s\n", node, time);
    for (size_t i = 0; i < used->n; i++)
        len += write_use(out + len, &used->uses[i]);
    return len;
}

enum head2_status fallback_used_write(char **out, size_t *len, struct fallback_used *used,
                                      const struct artifact_signer *by)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
    char *text;

    *out = NULL;
    if (by->alg != HEAD2_MLDSA_87 || used->n > FALLBACK_USED_KEYS || used->time_ms > UTC_MAX)
        return HEAD2_E_ARG;
    text = malloc(HEAD_BYTES + used->n * LINE_MOST + TAIL_BYTES + 1);
    if (text == NULL)
        return HEAD2_E_MEMORY;
    if (used->n != 0)
        qsort(used->uses, used->n, sizeof *used->uses, by_id);
    size_t at = write_lines(text, used);
    const enum head2_status st = by->sign(by->arg, sig, &sig_len, (uint8_t *)text, at, context);
    if (st != HEAD2_OK) {
        free(text);
        return st;
    }
    memcpy(text + at, SIGNATURE, sizeof SIGNATURE - 1);
    base64_encode(text + at + sizeof SIGNATURE - 1, sig, sig_len);
    at += TAIL_BYTES;
    text[at - 1] = '\n';
    *out = text;
    *len = at;
    return HEAD2_OK;
}

/* ---- reading ---- */

/* A line of a key; what is not exactly as it would be written is found by writing it again. */
static bool read_use(struct fallback_use *u, const char *line, size_t len)
{
    char again[LINE_MOST + 2];
    unsigned long counter;
    const char *when;
    char *end;

    memset(u, 0, sizeof *u);
    if (len < LINE_MIN || len > LINE_MOST ||
        hex_decode(u->id, sizeof u->id, line, 32) != HEAD2_OK ||
        hex_decode(u->drone, sizeof u->drone, line + 33, 64) != HEAD2_OK)
        return false;
    counter = strtoul(line + 98, &end, 10); /* ends before the line does: that has a space or \n */
    when = end + 1;
    if (counter > UINT16_MAX || when >= line + len)
        return false;
    u->counter = (uint16_t)counter;
    if (*when != '-' && utc_parse(&u->last_ms, when, (size_t)(line + len - 1 - when)) != HEAD2_OK)
        return false;
    return write_use(again, u) == len && memcmp(again, line, len) == 0;
}

static bool read_uses(struct fallback_used *out, const char *p, const char *end)
{
    while (p < end) {
        const char *next = memchr(p, '\n', (size_t)(end - p));
        if (next == NULL || !read_use(&out->uses[out->n], p, (size_t)(next + 1 - p)))
            return false;
        if (out->n != 0 && by_id(&out->uses[out->n - 1], &out->uses[out->n]) >= 0)
            return false;
        out->n++;
        p = next + 1;
    }
    return true;
}

static bool read_head(struct fallback_used *out, const char *text)
{
    const char *const node = text + sizeof KIND - 1 + 2 + 5, *const time = node + 64 + 1 + 5;
    char again[HEAD_BYTES + 1];

    return hex_decode(out->node, sizeof out->node, node, 64) == HEAD2_OK &&
           utc_parse(&out->time_ms, time, UTC_BYTES) == HEAD2_OK &&
           write_lines(again, out) == HEAD_BYTES && memcmp(again, text, HEAD_BYTES) == 0;
}

static bool read_signature(struct fallback_used *out, const char *tail)
{
    size_t n;

    return memcmp(tail, SIGNATURE, sizeof SIGNATURE - 1) == 0 && tail[TAIL_BYTES - 1] == '\n' &&
           base64_decode(out->sig, sizeof out->sig, &n, tail + sizeof SIGNATURE - 1, SIG_CHARS) ==
               HEAD2_OK &&
           n == sizeof out->sig;
}

enum head2_status fallback_used_read(struct fallback_used *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    if (len > sizeof KIND && memcmp(text, KIND, sizeof KIND - 1) == 0 &&
        text[sizeof KIND - 1] > '1')
        return HEAD2_E_UNSUPPORTED;
    if (len < HEAD_BYTES + TAIL_BYTES || len > FALLBACK_USED_MAX || !read_head(out, text))
        return HEAD2_E_MALFORMED;
    out->signed_len = len - TAIL_BYTES;
    const size_t lines = (out->signed_len - HEAD_BYTES) / LINE_MIN;
    if (!read_signature(out, text + out->signed_len))
        return HEAD2_E_MALFORMED;
    out->uses = calloc(lines + 1, sizeof *out->uses);
    if (out->uses == NULL)
        return HEAD2_E_MEMORY;
    if (read_uses(out, text + HEAD_BYTES, text + out->signed_len) && out->n <= FALLBACK_USED_KEYS)
        return HEAD2_OK;
    free(out->uses);
    memset(out, 0, sizeof *out);
    return HEAD2_E_MALFORMED;
}

enum head2_status fallback_used_verify(const struct fallback_used *used, const char *text,
                                       const uint8_t pk[HEAD2_MLDSA87_PK_BYTES])
{
    uint8_t id[32];

    identity(id, 'F', pk);
    if (memcmp(id, used->node, sizeof id) != 0)
        return HEAD2_E_VERIFY;
    return head2_mldsa87_verify(pk, (const uint8_t *)text, used->signed_len,
                                (const uint8_t *)context, sizeof context - 1, used->sig,
                                sizeof used->sig);
}
