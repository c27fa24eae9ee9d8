/*
 * The block's text: written in one spelling, read strictly. Lines are NAME: "VALUE", in this order:
 * dilithium_signature, signed_hash, timestamp, signer, algorithm, key_id, media_type, receipt,
 * proof_blob; the last three may be missing.
 */
#include "artifact/base64.h"
#include "artifact/sigblock.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST_LINE "dilithium_signature:"
#define LINES      9
#define OPTIONAL   6 /* lines from here on may be missing */

static const char *const names[LINES] = {
    "dilithium_signature", "signed_hash", "timestamp", "signer", "algorithm", "key_id",
    "media_type",          "receipt",     "proof_blob"};

static const char *hash_name(enum sigblock_hash hash)
{
    return hash == SIGBLOCK_BLAKE3 ? "blake3" : "sha3-512";
}

/* ---- writing ---- */

enum head2_status sigblock_write(const struct sigblock *b, const uint8_t *proof, size_t proof_len,
                                 char *out, size_t *len)
{
    char sig[BASE64_LEN(HEAD2_KEY_MAX_SIG) + 1] = {0};
    char digest[129] = {0}, id[2 * HEAD2_KEY_ID_BYTES + 1] = {0}, when[UTC_BYTES + 1];
    const size_t cap = *len;

    if (b->sig_len > HEAD2_KEY_MAX_SIG || proof_len > SIGBLOCK_PROOF_MAX || b->time_ms > UTC_MAX)
        return HEAD2_E_ARG;
    base64_encode(sig, b->sig, b->sig_len);
    hex_encode(digest, b->digest, sigblock_digest_bytes(b->hash));
    hex_encode(id, b->key_id, sizeof b->key_id);
    utc_format(when, b->time_ms);
    int n = snprintf(out, cap,
                     "---\n%s: \"%s\"\n%s: \"%s:%s\"\n%s: \"%s\"\n%s: \"%s\"\n%s: \"%s\"\n"
                     "%s: \"%s\"\n%s: \"%s\"\n",
                     names[0], sig, names[1], hash_name(b->hash), digest, names[2], when, names[3],
                     b->signer, names[4], head2_alg_name(b->alg), names[5], id, names[6],
                     b->media_type);
    if (n > 0 && (size_t)n < cap && b->has_receipt)
        n += snprintf(out + n, cap - (size_t)n, "%s: \"%llu\"\n", names[7],
                      (unsigned long long)b->receipt);
    size_t at = n > 0 ? (size_t)n : cap;
    const size_t proof_text = b->has_proof ? strlen(names[8]) + 5 + BASE64_LEN(proof_len) : 0;
    if (at >= cap || cap - at < proof_text + 5)
        return HEAD2_E_SPACE;
    if (b->has_proof) {
        at += (size_t)sprintf(out + at, "%s: \"", names[8]);
        base64_encode(out + at, proof, proof_len);
        at += BASE64_LEN(proof_len);
        memcpy(out + at, "\"\n", 2);
        at += 2;
    }
    memcpy(out + at, "---\n", 4);
    *len = at + 4;
    return HEAD2_OK;
}

/* ---- finding ---- */

/* The length of the line at p with its end, 0 when it has none. */
static size_t line_len(const uint8_t *p, size_t len)
{
    const uint8_t *end = len == 0 ? NULL : memchr(p, '\n', len);
    return end == NULL ? 0 : (size_t)(end - p) + 1;
}

/* DELIM = "---" *(SP|TAB) EOL */
static bool is_delimiter(const uint8_t *line, size_t len)
{
    if (len < 4 || memcmp(line, "---", 3) != 0)
        return false;
    len--;
    if (line[len - 1] == '\r')
        len--;
    for (size_t i = 3; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

enum head2_status sigblock_find(const uint8_t *doc, size_t len, size_t *start)
{
    size_t last = len, before = len, at = 0, n;
    bool closed = false;

    while ((n = line_len(doc + at, len - at)) != 0) {
        closed = is_delimiter(doc + at, n);
        if (closed) {
            before = last;
            last = at;
        }
        at += n;
    }
    if (!closed || at != len || before == len)
        return HEAD2_E_MALFORMED;
    const size_t first = before + line_len(doc + before, len - before);
    const size_t want = strlen(FIRST_LINE);
    if (len - first < want || memcmp(doc + first, FIRST_LINE, want) != 0)
        return HEAD2_E_MALFORMED;
    *start = before;
    return HEAD2_OK;
}

bool sigblock_is_maml(const uint8_t *doc, size_t len)
{
    const size_t bom = len >= 3 && memcmp(doc, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    const size_t first = line_len(doc + bom, len - bom);
    const size_t want = strlen(FIRST_LINE);
    const size_t next = bom + first;

    /* a detached block opens with the same line; it is no document */
    return is_delimiter(doc + bom, first) &&
           !(len - next >= want && memcmp(doc + next, FIRST_LINE, want) == 0);
}

/* ---- reading ---- */

struct value {
    const char *p;
    size_t len;
};

static bool value_is(struct value v, const char *text)
{
    return v.len == strlen(text) && memcmp(v.p, text, v.len) == 0;
}

/* NAME: "VALUE" or NAME: VALUE; false when the line is neither. */
static bool split(const char *line, size_t len, const char *name, struct value *v)
{
    const size_t n = strlen(name);

    if (len < n + 3 || memcmp(line, name, n) != 0 || line[n] != ':' || line[n + 1] != ' ')
        return false;
    *v = (struct value){line + n + 2, len - n - 2};
    if (v->p[0] == '"') {
        if (v->len < 3 || v->p[v->len - 1] != '"')
            return false;
        v->p++;
        v->len -= 2;
    }
    for (size_t i = 0; i < v->len; i++)
        if (v->p[i] == '"' || v->p[i] == '\\' || (unsigned char)v->p[i] < 0x20)
            return false;
    return v->len > 0 && v->p[0] != ' ' && v->p[v->len - 1] != ' ';
}

static const char *read_signature(struct sigblock *b, struct value v)
{
    return base64_decode(b->sig, sizeof b->sig, &b->sig_len, v.p, v.len) == HEAD2_OK
               ? NULL
               : "the signature is not canonical base64, or too long";
}

static const char *read_hash(struct sigblock *b, struct value v)
{
    static const char *const prefixes[] = {"blake3:", "sha3-512:", "blake3: "};
    static const enum sigblock_hash hashes[] = {SIGBLOCK_BLAKE3, SIGBLOCK_SHA3_512,
                                                SIGBLOCK_BLAKE3};

    for (size_t i = 0; i < HEAD2_LEN(prefixes); i++) {
        const size_t n = strlen(prefixes[i]);
        const size_t bytes = sigblock_digest_bytes(hashes[i]);
        /* the form with a blank is the published guide's, and has no quotes */
        if (v.len != n + 2 * bytes || memcmp(v.p, prefixes[i], n) != 0 ||
            (i == 2 && v.p[-1] == '"'))
            continue;
        b->hash = hashes[i];
        if (hex_decode(b->digest, bytes, v.p + n, v.len - n) == HEAD2_OK)
            return NULL;
    }
    return "the hash is neither blake3 with 64 nor sha3-512 with 128 lower-case hex digits";
}

static const char *read_time(struct sigblock *b, struct value v)
{
    return utc_parse(&b->time_ms, v.p, v.len) == HEAD2_OK
               ? NULL
               : "the timestamp is not of the form YYYY-MM-DDThh:mm:ss.sssZ";
}

static const char *read_signer(struct sigblock *b, struct value v)
{
    if (v.len > SIGBLOCK_TEXT_MAX)
        return "the signer's name is longer than 255 bytes";
    memcpy(b->signer, v.p, v.len);
    b->signer[v.len] = 0;
    return sigblock_signer_ok(b->signer) ? NULL : "the signer's name is not plain UTF-8 text";
}

static const char *read_algorithm(struct sigblock *b, struct value v)
{
    for (enum head2_alg alg = HEAD2_MLDSA_44; alg <= HEAD2_MLDSA_87; alg++)
        if (value_is(v, head2_alg_name(alg)))
            b->alg = alg;
    if (b->alg == HEAD2_ALG_NONE)
        return "the algorithm is not ML-DSA-44, ML-DSA-65 or ML-DSA-87";
    return b->sig_len == head2_alg_sig_bytes(b->alg)
               ? NULL
               : "the signature's length is not that of the algorithm";
}

static const char *read_key_id(struct sigblock *b, struct value v)
{
    return hex_decode(b->key_id, sizeof b->key_id, v.p, v.len) == HEAD2_OK
               ? NULL
               : "the key id is not 32 lower-case hex digits";
}

static const char *read_media_type(struct sigblock *b, struct value v)
{
    if (v.len > SIGBLOCK_TEXT_MAX)
        return "the media type is longer than 255 bytes";
    memcpy(b->media_type, v.p, v.len);
    b->media_type[v.len] = 0;
    return sigblock_media_type_ok(b->media_type) ? NULL : "the media type is not TYPE/SUBTYPE";
}

static const char *read_receipt(struct sigblock *b, struct value v)
{
    uint64_t n = 0;

    if (v.len > 19 || (v.len > 1 && v.p[0] == '0'))
        return "the receipt is not an index";
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return "the receipt is not an index";
        n = n * 10 + (uint64_t)(v.p[i] - '0');
    }
    b->receipt = n;
    b->has_receipt = true;
    return NULL;
}

static const char *read_proof(struct sigblock *b, struct value v)
{
    uint8_t *proof = malloc(SIGBLOCK_PROOF_MAX);
    size_t len;

    if (proof == NULL)
        return "out of memory";
    enum head2_status st = base64_decode(proof, SIGBLOCK_PROOF_MAX, &len, v.p, v.len);
    if (st == HEAD2_OK) {
        head2_sha3_512(b->proof_hash, proof, len);
        b->has_proof = true;
    }
    free(proof);
    return st == HEAD2_OK ? NULL : "the proof is not canonical base64, or longer than 64 KiB";
}

static const char *(*const readers[LINES])(struct sigblock *, struct value) = {
    read_signature, read_hash,       read_time,    read_signer, read_algorithm,
    read_key_id,    read_media_type, read_receipt, read_proof};

enum head2_status sigblock_parse(struct sigblock *b, const char *text, size_t len,
                                 struct sigblock_fault *fault)
{
    const size_t delimiter = strlen("---\n");
    size_t at = delimiter, next = 0;

    memset(b, 0, sizeof *b);
    strcpy(b->media_type, "application/octet-stream");
    *fault = (struct sigblock_fault){1, "the block does not open with ---"};
    if (len > SIGBLOCK_MAX || len < 2 * delimiter || memcmp(text, "---\n", delimiter) != 0)
        return HEAD2_E_MALFORMED;
    fault->what = "the block does not end with ---";
    if (memcmp(text + len - delimiter, "---\n", delimiter) != 0 ||
        text[len - delimiter - 1] != '\n')
        return HEAD2_E_MALFORMED;
    for (; at < len - delimiter; at += line_len((const uint8_t *)text + at, len - at)) {
        const size_t n = line_len((const uint8_t *)text + at, len - at) - 1;
        struct value v;
        fault->line++;
        fault->what = "not the line that belongs here (unknown, out of order, or given twice)";
        while (next < LINES && !split(text + at, n, names[next], &v)) {
            if (next++ < OPTIONAL)
                return HEAD2_E_MALFORMED;
        }
        if (next == LINES || (fault->what = readers[next++](b, v)) != NULL)
            return HEAD2_E_MALFORMED;
    }
    fault->line++;
    fault->what = "a required line is missing";
    return next >= OPTIONAL ? HEAD2_OK : HEAD2_E_MALFORMED;
}

enum head2_status sigblock_proof(const char *text, size_t text_len, uint8_t *out, size_t *len)
{
    const size_t cap = *len;
    struct value v;
    size_t n;

    for (size_t at = 0; (n = line_len((const uint8_t *)text + at, text_len - at)) != 0; at += n)
        if (split(text + at, n - 1, names[LINES - 1], &v))
            return base64_decode(out, cap, len, v.p, v.len);
    return HEAD2_E_STATE;
}
