/* see receipt.h */
#include "artifact/receipt.h"

#include "artifact/base64.h"
#include "artifact/mu.h"

#include <head2/hash.h>

#include <stdio.h>

#define MESSAGE_BYTES 72
#define OPENING       "\n---\ntype: mu_receipt\nversion: 1\nindex: "

static void message(uint8_t out[MESSAGE_BYTES], const struct receipt *r)
{
    put_be64(out, r->index);
    memcpy(out + 8, r->prev, 32);
    memcpy(out + 40, r->forward_hash, 32);
}

enum head2_status receipt_sign(struct receipt *r, const struct artifact_signer *s)
{
    uint8_t m[MESSAGE_BYTES];

    head2_blake3(r->forward_hash, r->forward, r->forward_len);
    memcpy(r->key_id, s->key_id, sizeof r->key_id);
    message(m, r);
    return s->sign(s->arg, r->sig, &r->sig_len, m, sizeof m, RECEIPT_CONTEXT);
}

enum head2_status receipt_check_signature(const struct receipt *r, const struct head2_key *key)
{
    uint8_t m[MESSAGE_BYTES];

    message(m, r);
    return head2_key_verify(key, m, sizeof m, RECEIPT_CONTEXT, strlen(RECEIPT_CONTEXT), r->sig,
                            r->sig_len);
}

enum head2_status receipt_write(const struct receipt *r, uint8_t *out, size_t *len)
{
    char prev[65] = {0}, hash[65] = {0}, id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};
    char sig[BASE64_LEN(HEAD2_KEY_MAX_SIG) + 1] = {0};
    size_t bad;

    if (r->forward_len > *len)
        return HEAD2_E_SPACE;
    enum head2_status st = mu_reverse(out, (const uint8_t *)r->forward, r->forward_len, &bad);
    if (st != HEAD2_OK)
        return st;
    hex_encode(prev, r->prev, sizeof r->prev);
    hex_encode(hash, r->forward_hash, sizeof r->forward_hash);
    hex_encode(id, r->key_id, sizeof r->key_id);
    base64_encode(sig, r->sig, r->sig_len);
    const size_t room = *len - r->forward_len;
    int n = snprintf((char *)out + r->forward_len, room,
                     OPENING "%llu\nprev: \"blake3:%s\"\nforward_hash: \"blake3:%s\"\n"
                             "key_id: \"%s\"\nsignature: \"%s\"\n---\n",
                     (unsigned long long)r->index, prev, hash, id, sig);
    if (n < 0 || (size_t)n >= room)
        return HEAD2_E_SPACE;
    *len = r->forward_len + (size_t)n;
    return HEAD2_OK;
}

/* What is left to read of the protected section. */
struct cursor {
    const char *p, *end;
};

static bool skip(struct cursor *c, const char *text)
{
    const size_t n = strlen(text);

    if ((size_t)(c->end - c->p) < n || memcmp(c->p, text, n) != 0)
        return false;
    c->p += n;
    return true;
}

static bool read_hex(struct cursor *c, uint8_t *out, size_t len)
{
    if ((size_t)(c->end - c->p) < 2 * len || hex_decode(out, len, c->p, 2 * len) != HEAD2_OK)
        return false;
    c->p += 2 * len;
    return true;
}

/* Decimal digits without leading zeros, at most 18. */
static bool read_number(struct cursor *c, uint64_t *out)
{
    const char *begin = c->p;

    *out = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - begin < 18)
        *out = *out * 10 + (uint64_t)(*c->p++ - '0');
    return c->p > begin && (*begin != '0' || c->p == begin + 1);
}

static bool read_signature(struct cursor *c, struct receipt *r)
{
    const char *quote = c->p < c->end ? memchr(c->p, '"', (size_t)(c->end - c->p)) : NULL;

    if (quote == NULL ||
        base64_decode(r->sig, sizeof r->sig, &r->sig_len, c->p, (size_t)(quote - c->p)) != HEAD2_OK)
        return false;
    c->p = quote;
    return true;
}

static bool read_section(struct cursor *c, struct receipt *r)
{
    return skip(c, OPENING) && read_number(c, &r->index) && skip(c, "\nprev: \"blake3:") &&
           read_hex(c, r->prev, 32) && skip(c, "\"\nforward_hash: \"blake3:") &&
           read_hex(c, r->forward_hash, 32) && skip(c, "\"\nkey_id: \"") &&
           read_hex(c, r->key_id, sizeof r->key_id) && skip(c, "\"\nsignature: \"") &&
           read_signature(c, r) && skip(c, "\"\n---\n") && c->p == c->end;
}

/* The last place where the protected section opens: a text may hold the same words before. */
static const char *find_section(const char *file, size_t len)
{
    const size_t n = strlen(OPENING);

    for (size_t at = len >= n ? len - n + 1 : 0; at-- > 0;)
        if (memcmp(file + at, OPENING, n) == 0)
            return file + at;
    return NULL;
}

enum head2_status receipt_parse(struct receipt *r, const uint8_t *file, size_t len,
                                const char **why)
{
    const char *text = (const char *)file;
    uint8_t hash[32];
    size_t bad;

    memset(r, 0, sizeof *r);
    const char *section = find_section(text, len);
    *why = "it has no protected section";
    if (section == NULL)
        return HEAD2_E_MALFORMED;
    struct cursor c = {section, text + len};
    *why = "the protected section is not as it is written";
    if (!read_section(&c, r))
        return HEAD2_E_MALFORMED;
    r->forward_len = (size_t)(section - text);
    *why = "the text is too long";
    if (r->forward_len > sizeof r->forward)
        return HEAD2_E_MALFORMED;
    *why = "the text is not UTF-8";
    if (mu_reverse((uint8_t *)r->forward, file, r->forward_len, &bad) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    *why = "the text does not have the hash that was signed";
    head2_blake3(hash, r->forward, r->forward_len);
    return memcmp(hash, r->forward_hash, sizeof hash) == 0 ? HEAD2_OK : HEAD2_E_VERIFY;
}

/* A word up to stop; false when it is empty, too long, or stop does not come. */
static bool read_word(struct cursor *c, char *out, size_t cap, char stop)
{
    const char *at = c->p < c->end ? memchr(c->p, stop, (size_t)(c->end - c->p)) : NULL;

    if (at == NULL || at == c->p || (size_t)(at - c->p) >= cap)
        return false;
    memcpy(out, c->p, (size_t)(at - c->p));
    out[at - c->p] = 0;
    c->p = at + 1;
    return receipt_subject_ok(out);
}

bool receipt_name_parse(struct receipt_name *out, const char *name)
{
    struct cursor c = {name, name + strlen(name)};

    memset(out, 0, sizeof *out);
    return read_number(&c, &out->index) && skip(&c, "_") &&
           read_word(&c, out->kind, sizeof out->kind, '_') &&
           read_word(&c, out->subject, sizeof out->subject, '_') && read_number(&c, &out->number) &&
           skip(&c, ".mu") && c.p == c.end;
}

void receipt_name_write(char out[RECEIPT_NAME_MAX], const struct receipt_name *name)
{
    snprintf(out, RECEIPT_NAME_MAX, "%llu_%s_%s_%llu.mu", (unsigned long long)name->index,
             name->kind, name->subject, (unsigned long long)name->number);
}

bool receipt_name_fits(const struct receipt_name *name, const struct receipt *r)
{
    char tail[RECEIPT_NAME_MAX];
    int n = snprintf(tail, sizeof tail, "\nSubject: %s\n.mu: %s_%llu.mu", name->subject, name->kind,
                     (unsigned long long)name->number);

    return name->index == r->index && n > 0 && (size_t)n <= r->forward_len &&
           memcmp(r->forward + r->forward_len - n, tail, (size_t)n) == 0;
}
