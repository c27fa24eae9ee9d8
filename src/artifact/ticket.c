/* see ticket.h */
#include "artifact/ticket.h"

#include <stdio.h>

bool ticket_head_ok(const char *head_id)
{
    const size_t len = strlen(head_id);

    for (size_t i = 0; i < len; i++)
        if (head_id[i] <= ' ' || head_id[i] > '~')
            return false;
    return sigblock_signer_ok(head_id);
}

size_t ticket_message(const struct ticket *t, uint8_t out[TICKET_MESSAGE_MAX])
{
    const size_t len = strlen(t->head_id);
    uint8_t *p = out;

    HEAD2_REQUIRES(len <= SIGBLOCK_TEXT_MAX);
    *p++ = 1;
    memcpy(p, t->input, sizeof t->input);
    memcpy(p + 64, t->output, sizeof t->output);
    p += 128;
    *p++ = (uint8_t)len;
    memcpy(p, t->head_id, len);
    p += len;
    put_be64(p, t->time_ms);
    put_be64(p + 8, t->duration_ms);
    return (size_t)(p + 16 - out);
}

enum head2_status ticket_sign(struct ticket *t, const struct artifact_signer *s)
{
    uint8_t message[TICKET_MESSAGE_MAX];

    if (!head2_alg_is_signature(s->alg) || t->time_ms > UTC_MAX || !ticket_head_ok(t->head_id))
        return HEAD2_E_ARG;
    t->alg = s->alg;
    memcpy(t->key_id, s->key_id, sizeof t->key_id);
    const size_t len = ticket_message(t, message);
    return s->sign(s->arg, t->sig, &t->sig_len, message, len, TICKET_CONTEXT);
}

size_t ticket_write(const struct ticket *t, char out[TICKET_LINE_MAX])
{
    char input[129] = {0}, output[129] = {0}, id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};
    char when[UTC_BYTES + 1];

    hex_encode(input, t->input, sizeof t->input);
    hex_encode(output, t->output, sizeof t->output);
    hex_encode(id, t->key_id, sizeof t->key_id);
    utc_format(when, t->time_ms);
    size_t n = (size_t)snprintf(out, TICKET_LINE_MAX,
                                "- %s: [TICKET] head=%s input=sha3-512:%s output=sha3-512:%s "
                                "duration_ms=%llu algorithm=%s key_id=%s signature=",
                                when, t->head_id, input, output, (unsigned long long)t->duration_ms,
                                head2_alg_name(t->alg), id);
    HEAD2_REQUIRES(n + BASE64_LEN(t->sig_len) < TICKET_LINE_MAX);
    base64_encode(out + n, t->sig, t->sig_len);
    n += BASE64_LEN(t->sig_len);
    out[n++] = '\n';
    return n;
}

/* ---- reading ---- */

struct words {
    const char *p;
    size_t left;
};

struct value {
    const char *p;
    size_t len;
};

/* The next word, which is NAME and a value; one blank stands between words. */
static bool word(struct words *w, const char *name, struct value *v)
{
    const size_t n = strlen(name);

    if (w->left <= n || memcmp(w->p, name, n) != 0)
        return false;
    const char *end = memchr(w->p, ' ', w->left);
    const size_t len = end != NULL ? (size_t)(end - w->p) : w->left;
    *v = (struct value){w->p + n, len - n};
    const size_t step = end != NULL ? len + 1 : len;
    w->p += step;
    w->left -= step;
    return true;
}

/* Decimal without leading zeros, up to 18 digits. */
static bool number(uint64_t *out, struct value v)
{
    *out = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(v.p[i] - '0');
    }
    return v.len >= 1 && v.len <= 18 && (v.len == 1 || v.p[0] != '0');
}

static bool algorithm(enum head2_alg *alg, struct value v)
{
    for (*alg = HEAD2_MLDSA_44; *alg <= HEAD2_MLDSA_87; (*alg)++)
        if (strlen(head2_alg_name(*alg)) == v.len && memcmp(v.p, head2_alg_name(*alg), v.len) == 0)
            return true;
    return false;
}

static bool hex(uint8_t *out, size_t len, struct value v)
{
    return hex_decode(out, len, v.p, v.len) == HEAD2_OK;
}

enum head2_status ticket_read(struct ticket *t, const struct maml *m, const struct maml_entry *e)
{
    struct words w = {(const char *)m->doc + e->text.at, e->text.len};
    struct value v;

    memset(t, 0, sizeof *t);
    if (!e->dashed ||
        utc_parse(&t->time_ms, (const char *)m->doc + e->time.at, e->time.len) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    if (!word(&w, "head=", &v) || v.len > SIGBLOCK_TEXT_MAX)
        return HEAD2_E_MALFORMED;
    memcpy(t->head_id, v.p, v.len);
    if (!ticket_head_ok(t->head_id) || !word(&w, "input=sha3-512:", &v) || !hex(t->input, 64, v) ||
        !word(&w, "output=sha3-512:", &v) || !hex(t->output, 64, v) ||
        !word(&w, "duration_ms=", &v) || !number(&t->duration_ms, v) ||
        !word(&w, "algorithm=", &v) || !algorithm(&t->alg, v) || !word(&w, "key_id=", &v) ||
        !hex(t->key_id, sizeof t->key_id, v) || !word(&w, "signature=", &v) || w.left != 0)
        return HEAD2_E_MALFORMED;
    if (base64_decode(t->sig, sizeof t->sig, &t->sig_len, v.p, v.len) != HEAD2_OK ||
        t->sig_len != head2_alg_sig_bytes(t->alg) || m->doc[e->text.at + e->text.len - 1] == ' ')
        return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

enum verdict ticket_check(const struct ticket *t, const struct head2_key *key, uint64_t now_ms)
{
    uint8_t message[TICKET_MESSAGE_MAX], id[HEAD2_KEY_ID_BYTES];

    head2_key_id(key, id);
    if (head2_key_alg(key) != t->alg || memcmp(id, t->key_id, sizeof id) != 0)
        return VERDICT_SIGNER;
    const size_t len = ticket_message(t, message);
    if (head2_key_verify(key, message, len, TICKET_CONTEXT, strlen(TICKET_CONTEXT), t->sig,
                         t->sig_len) != HEAD2_OK)
        return VERDICT_SIGNATURE;
    return t->time_ms > now_ms + SIGBLOCK_CLOCK_SKEW_MS ? VERDICT_FUTURE : VERDICT_VALID;
}

/* ---- the block that was ---- */

size_t signed_write(const struct maml *m, char *out)
{
    const size_t len = m->len - m->end;
    char when[UTC_BYTES + 1];

    if (!m->block_good)
        return 0;
    utc_format(when, m->block.time_ms);
    size_t n = (size_t)sprintf(out, "- %s: [SIGNED] ", when);
    base64_encode(out + n, m->doc + m->end, len);
    n += BASE64_LEN(len);
    out[n++] = '\n';
    return n;
}

enum head2_status signed_read(struct sigblock *b, char *text, size_t *len, const struct maml *m,
                              const struct maml_entry *e, struct sigblock_fault *fault)
{
    const char *const line = (const char *)m->doc;
    uint64_t time_ms = 0;

    *fault = (struct sigblock_fault){0, "not the base64 of a signature block"};
    if (!e->dashed || base64_decode((uint8_t *)text, SIGBLOCK_MAX, len, line + e->text.at,
                                    e->text.len) != HEAD2_OK)
        return HEAD2_E_MALFORMED;
    enum head2_status st = sigblock_parse(b, text, *len, fault);
    if (st != HEAD2_OK)
        return st;
    *fault = (struct sigblock_fault){0, "its time is not that of the block"};
    if (utc_parse(&time_ms, line + e->time.at, e->time.len) != HEAD2_OK || time_ms != b->time_ms)
        return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}
