/* see cosignature.h */
#include "artifact/cosignature.h"

#include "artifact/base64.h"
#include "artifact/utc.h"

#include <stdio.h>

#define TYPE    "head2/cosignature/"
#define DASH    CHECKPOINT_DASH
#define BEFORE  (CHECKPOINT_HINT + 8) /* the signature */
#define MESSAGE (1 + CHECKPOINT_NAME_MAX + 8 + CHECKPOINT_TEXT_MAX)

void cosignature_name(char out[CHECKPOINT_NAME_MAX + 1], const struct head2_key *key)
{
    uint8_t id[HEAD2_KEY_ID_BYTES];
    const int n = snprintf(out, CHECKPOINT_NAME_MAX + 1, "head2/witness/");

    head2_key_id(key, id);
    hex_encode(out + n, id, sizeof id);
    out[(size_t)n + 2 * sizeof id] = 0;
}

static bool name_ok(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '+')
            return false;
    return len != 0 && len <= CHECKPOINT_NAME_MAX &&
           (len < strlen(CHECKPOINT_PREFIX) ||
            memcmp(name, CHECKPOINT_PREFIX, strlen(CHECKPOINT_PREFIX)) != 0);
}

bool cosignature_name_ok(const char *name)
{
    return name_ok(name, strlen(name));
}

/* Up to the empty line: what a checkpoint's own signature is over, too. 0: there is none. */
static size_t text_len(const char *note, size_t len)
{
    for (size_t i = 0; i + 1 < len && i < CHECKPOINT_TEXT_MAX; i++)
        if (note[i] == '\n' && note[i + 1] == '\n')
            return i + 1;
    return 0;
}

static size_t message_of(uint8_t out[MESSAGE], const char *name, uint64_t ms, const char *text,
                         size_t len)
{
    const size_t n = strlen(name);

    out[0] = (uint8_t)n;
    memcpy(out + 1, name, n);
    put_be64(out + 1 + n, ms);
    memcpy(out + 1 + n + 8, text, len);
    return 1 + n + 8 + len;
}

/* ---- adding ---- */

/* Take the lines out that bear a name; the new length. */
static size_t without(char *note, size_t len, const char *name)
{
    const size_t n = strlen(name);
    size_t to = text_len(note, len) + 1;

    for (size_t from = to, next; from < len; from = next) {
        const char *const lf = memchr(note + from, '\n', len - from);
        next = lf != NULL ? (size_t)(lf - note) + 1 : len;
        const char *const line = note + from + strlen(DASH);
        if (next - from > strlen(DASH) + n && memcmp(line, name, n) == 0 && line[n] == ' ')
            continue;
        memmove(note + to, note + from, next - from);
        to += next - from;
    }
    return to;
}

enum head2_status cosignature_add(char *note, size_t *len, size_t room, const char *name,
                                  const struct artifact_signer *signer, const struct head2_key *key,
                                  uint64_t ms)
{
    enum head2_status st;
    uint8_t message[MESSAGE], bytes[BEFORE + HEAD2_KEY_MAX_SIG];
    size_t sig_len = HEAD2_KEY_MAX_SIG;
    const size_t text = text_len(note, *len);

    if (!cosignature_name_ok(name) || ms > UTC_MAX || text == 0)
        return HEAD2_E_ARG;
    HEAD2_TRY(checkpoint_hint(bytes, name, TYPE, key));
    put_be64(bytes + CHECKPOINT_HINT, ms);
    const size_t n = message_of(message, name, ms, note, text);
    HEAD2_TRY(signer->sign(signer->arg, bytes + BEFORE, &sig_len, message, n, COSIGNATURE_CONTEXT));
    size_t at = without(note, *len, name);
    const size_t more = strlen(DASH) + strlen(name) + 1 + BASE64_LEN(BEFORE + sig_len) + 1;
    if (at + more + 1 > room || at + more > CHECKPOINT_NOTE_MAX)
        return HEAD2_E_SPACE;
    at += (size_t)sprintf(note + at, DASH "%s ", name);
    base64_encode(note + at, bytes, BEFORE + sig_len);
    at += BASE64_LEN(BEFORE + sig_len);
    note[at++] = '\n';
    note[at] = 0;
    *len = at;
done:
    return st;
}

/* ---- reading ---- */

static bool read_line(struct cosignature *c, const char *line, size_t len)
{
    uint8_t bytes[BEFORE + HEAD2_KEY_MAX_SIG];
    size_t got;

    if (len <= strlen(DASH) || memcmp(line, DASH, strlen(DASH)) != 0)
        return false;
    line += strlen(DASH);
    len -= strlen(DASH);
    const char *const blank = memchr(line, ' ', len);
    const size_t name = blank != NULL ? (size_t)(blank - line) : 0;
    if (!name_ok(line, name) ||
        base64_decode(bytes, sizeof bytes, &got, blank + 1, len - name - 1) != HEAD2_OK ||
        got <= BEFORE)
        return false;
    memset(c, 0, sizeof *c);
    memcpy(c->name, line, name);
    memcpy(c->hint, bytes, CHECKPOINT_HINT);
    c->ms = be64(bytes + CHECKPOINT_HINT);
    c->sig_len = got - BEFORE;
    memcpy(c->sig, bytes + BEFORE, c->sig_len);
    return c->ms <= UTC_MAX;
}

bool cosignature_next(struct cosignature *c, const char *note, size_t len, size_t *at)
{
    if (*at == 0) {
        *at = text_len(note, len);
        if (*at == 0)
            return false;
    }
    while (*at < len) {
        const char *const line = note + *at;
        const char *const lf = memchr(line, '\n', len - *at);
        if (lf == NULL)
            return false;
        *at += (size_t)(lf - line) + 1;
        if (read_line(c, line, (size_t)(lf - line)))
            return true;
    }
    return false;
}

enum head2_status cosignature_check(struct cosignature *c, const char *note, size_t len,
                                    const struct head2_key *key)
{
    uint8_t hint[CHECKPOINT_HINT], message[MESSAGE];
    const size_t text = text_len(note, len);
    enum head2_status st = HEAD2_E_STATE;

    for (size_t at = 0; st != HEAD2_OK && cosignature_next(c, note, len, &at);) {
        if (checkpoint_hint(hint, c->name, TYPE, key) != HEAD2_OK)
            return HEAD2_E_ARG;
        if (memcmp(hint, c->hint, sizeof hint) != 0)
            continue;
        const size_t n = message_of(message, c->name, c->ms, note, text);
        st = head2_key_verify(key, message, n, COSIGNATURE_CONTEXT, strlen(COSIGNATURE_CONTEXT),
                              c->sig, c->sig_len);
        st = st == HEAD2_OK ? st : HEAD2_E_VERIFY;
    }
    return st;
}
