/* see checkpoint.h */
#include "artifact/checkpoint.h"

#include "artifact/base64.h"
#include "artifact/sha256.h"
#include "artifact/utc.h"

#include <head2/mldsa.h>

#include <stdio.h>

#define PREFIX    CHECKPOINT_PREFIX
#define DASH      CHECKPOINT_DASH
#define HINT      CHECKPOINT_HINT
#define SIG_TEXT  BASE64_LEN(HINT + HEAD2_KEY_MAX_SIG)
#define ROOT_TEXT BASE64_LEN(MERKLE_BYTES)

void checkpoint_origin(char out[CHECKPOINT_ORIGIN_MAX], const uint8_t key_id[HEAD2_KEY_ID_BYTES])
{
    memset(out, 0, CHECKPOINT_ORIGIN_MAX);
    memcpy(out, PREFIX, sizeof PREFIX - 1);
    hex_encode(out + sizeof PREFIX - 1, key_id, HEAD2_KEY_ID_BYTES);
}

/* The text that is signed; its length. */
static size_t text_of(char out[CHECKPOINT_TEXT_MAX], const struct checkpoint *c)
{
    char root[ROOT_TEXT + 1] = {0}, when[UTC_BYTES + 1];

    base64_encode(root, c->root, sizeof c->root);
    utc_format(when, c->ms);
    const int n = snprintf(out, CHECKPOINT_TEXT_MAX, "%s\n%llu\n%s\n%s\n", c->origin,
                           (unsigned long long)c->size, root, when);
    return n > 0 && n < CHECKPOINT_TEXT_MAX ? (size_t)n : 0;
}

enum head2_status checkpoint_hint(uint8_t hint[CHECKPOINT_HINT], const char *name, const char *type,
                                  const struct head2_key *key)
{
    uint8_t in[CHECKPOINT_NAME_MAX + 64 + HEAD2_MLDSA87_PK_BYTES], hash[32];
    char head[CHECKPOINT_NAME_MAX + 64];
    const char *const set = head2_key_alg(key) == HEAD2_MLDSA_87   ? "ml-dsa-87"
                            : head2_key_alg(key) == HEAD2_MLDSA_65 ? "ml-dsa-65"
                            : head2_key_alg(key) == HEAD2_MLDSA_44 ? "ml-dsa-44"
                                                                   : NULL;
    if (set == NULL || strlen(name) > CHECKPOINT_NAME_MAX)
        return HEAD2_E_ARG;
    const int n = snprintf(head, sizeof head, "%s\n\xff%s%s", name, type, set);
    const size_t pk = head2_alg_public_bytes(head2_key_alg(key));
    if (n < 0 || (size_t)n >= sizeof head)
        return HEAD2_E_ARG;
    memcpy(in, head, (size_t)n);
    memcpy(in + n, head2_key_public(key), pk);
    sha256(hash, in, (size_t)n + pk);
    memcpy(hint, hash, CHECKPOINT_HINT);
    return HEAD2_OK;
}

enum head2_status checkpoint_sign(struct checkpoint *c, const struct artifact_signer *signer,
                                  const struct head2_key *key)
{
    enum head2_status st;
    char text[CHECKPOINT_TEXT_MAX];

    if (c->size > MERKLE_SIZE_MAX || c->ms > UTC_MAX)
        return HEAD2_E_ARG;
    checkpoint_origin(c->origin, signer->key_id);
    HEAD2_TRY(checkpoint_hint(c->hint, c->origin, "head2/", key));
    const size_t n = text_of(text, c);
    HEAD2_TRY(signer->sign(signer->arg, c->sig, &c->sig_len, (const uint8_t *)text, n,
                           CHECKPOINT_CONTEXT));
done:
    return st;
}

enum head2_status checkpoint_write(const struct checkpoint *c, char *out, size_t *len)
{
    uint8_t bytes[HINT + HEAD2_KEY_MAX_SIG];
    char text[CHECKPOINT_TEXT_MAX];
    const size_t n = text_of(text, c), sig = BASE64_LEN(HINT + c->sig_len);
    const size_t all = n + 1 + strlen(DASH) + strlen(c->origin) + 1 + sig + 1;

    if (n == 0 || *len < all + 1)
        return HEAD2_E_SPACE;
    memcpy(bytes, c->hint, HINT);
    memcpy(bytes + HINT, c->sig, c->sig_len);
    size_t at = (size_t)sprintf(out, "%s\n" DASH "%s ", text, c->origin);
    base64_encode(out + at, bytes, HINT + c->sig_len);
    at += sig;
    out[at++] = '\n';
    out[at] = 0;
    *len = at;
    return HEAD2_OK;
}

/* ---- reading ---- */

struct reader {
    const char *at, *end;
};

/* The next line, without its LF; false when there is none. */
static bool next_line(struct reader *r, const char **line, size_t *len)
{
    const char *const lf = memchr(r->at, '\n', (size_t)(r->end - r->at));

    if (lf == NULL)
        return false;
    *line = r->at;
    *len = (size_t)(lf - r->at);
    r->at = lf + 1;
    return true;
}

static const char *read_origin(struct checkpoint *c, const char *line, size_t len)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    const size_t prefix = sizeof PREFIX - 1;

    if (len != prefix + 2 * sizeof id || memcmp(line, PREFIX, prefix) != 0 ||
        hex_decode(id, sizeof id, line + prefix, len - prefix) != HEAD2_OK)
        return "line 1: the origin is not " PREFIX " and 32 hex digits";
    checkpoint_origin(c->origin, id);
    return NULL;
}

static const char *read_size(struct checkpoint *c, const char *line, size_t len)
{
    static const char why[] = "line 2: not a number of leaves";

    c->size = 0;
    if (len == 0 || len > 15 || (len > 1 && line[0] == '0'))
        return why;
    for (size_t i = 0; i < len; i++) {
        if (line[i] < '0' || line[i] > '9')
            return why;
        c->size = 10 * c->size + (uint64_t)(line[i] - '0');
    }
    return c->size <= MERKLE_SIZE_MAX ? NULL : why;
}

static const char *read_text(struct checkpoint *c, struct reader *r)
{
    const char *line, *why;
    size_t len, got;

    if (!next_line(r, &line, &len))
        return "no first line";
    why = read_origin(c, line, len);
    if (why != NULL)
        return why;
    if (!next_line(r, &line, &len))
        return "no second line";
    why = read_size(c, line, len);
    if (why != NULL)
        return why;
    if (!next_line(r, &line, &len) || len != ROOT_TEXT ||
        base64_decode(c->root, sizeof c->root, &got, line, len) != HEAD2_OK ||
        got != sizeof c->root)
        return "line 3: not a root in base64";
    if (!next_line(r, &line, &len) || utc_parse(&c->ms, line, len) != HEAD2_OK)
        return "line 4: not a time";
    if (!next_line(r, &line, &len) || len != 0)
        return "line 5: not empty";
    return NULL;
}

/* A signature line by the origin's name; false: by another. */
static bool own_line(struct checkpoint *c, const char *line, size_t len)
{
    uint8_t bytes[HINT + HEAD2_KEY_MAX_SIG];
    const size_t name = strlen(c->origin), head = strlen(DASH) + name + 1;
    size_t got;

    if (len <= head || memcmp(line, DASH, strlen(DASH)) != 0 ||
        memcmp(line + strlen(DASH), c->origin, name) != 0 || line[head - 1] != ' ' ||
        base64_decode(bytes, sizeof bytes, &got, line + head, len - head) != HEAD2_OK ||
        got <= HINT)
        return false;
    memcpy(c->hint, bytes, HINT);
    c->sig_len = got - HINT;
    memcpy(c->sig, bytes + HINT, c->sig_len);
    return true;
}

enum head2_status checkpoint_parse(struct checkpoint *c, const char *note, size_t len,
                                   const char **why)
{
    struct reader r = {note, note + len};
    const char *line;
    size_t n;
    unsigned own = 0;

    memset(c, 0, sizeof *c);
    *why = len > CHECKPOINT_NOTE_MAX ? "longer than 65,536 bytes" : read_text(c, &r);
    if (*why != NULL)
        return HEAD2_E_MALFORMED;
    while (next_line(&r, &line, &n)) {
        *why = "a line after the empty one is no signature";
        if (n <= strlen(DASH) || memcmp(line, DASH, strlen(DASH)) != 0)
            return HEAD2_E_MALFORMED;
        own += own_line(c, line, n);
    }
    *why = r.at != r.end ? "the last line has no end" : "signed by its origin not once";
    if (r.at != r.end || own != 1)
        return HEAD2_E_MALFORMED;
    *why = NULL;
    return HEAD2_OK;
}

enum head2_status checkpoint_check(const struct checkpoint *c, const struct head2_key *key)
{
    enum head2_status st;
    char text[CHECKPOINT_TEXT_MAX], origin[CHECKPOINT_ORIGIN_MAX];
    uint8_t hint[HINT], id[HEAD2_KEY_ID_BYTES];

    HEAD2_TRY(checkpoint_hint(hint, c->origin, "head2/", key));
    head2_key_id(key, id);
    checkpoint_origin(origin, id);
    st = HEAD2_E_VERIFY;
    if (memcmp(hint, c->hint, HINT) != 0 || strcmp(origin, c->origin) != 0)
        goto done;
    const size_t n = text_of(text, c);
    st = head2_key_verify(key, (const uint8_t *)text, n, CHECKPOINT_CONTEXT,
                          strlen(CHECKPOINT_CONTEXT), c->sig, c->sig_len);
done:
    return st;
}
