/* Making, writing and checking a receipt's file; reading it is in receipt_file_read.c. See
 * receipt_file.h. */
#include "artifact/receipt_file.h"

#include "artifact/base64.h"
#include "artifact/ledger_json.h"
#include "artifact/receipt_file_form.h"
#include "artifact/sha256.h"
#include "artifact/utc.h"

#include <head2/hash.h>

#include <stdarg.h>
#include <stdio.h>

/* ---- what a text says ---- */

bool receipt_text_has(const char *text, size_t len, const char *label, const char *value)
{
    const size_t head = strlen(label), n = strlen(value);

    for (size_t at = 0; at < len;) {
        const char *const lf = memchr(text + at, '\n', len - at);
        const size_t line = lf != NULL ? (size_t)(lf - (text + at)) : len - at;
        const char *const p = text + at;
        if (line == head + 2 + n && memcmp(p, label, head) == 0 && p[head] == ':' &&
            p[head + 1] == ' ' && memcmp(p + head + 2, value, n) == 0)
            return true;
        at += line + 1;
    }
    return false;
}

/* The last line of what there is, which is cut off by that; false when there is none. */
static bool last_line(const char *text, size_t *len, const char **line, size_t *line_len)
{
    size_t at = *len;

    if (at == 0)
        return false;
    while (at > 0 && text[at - 1] != '\n')
        at--;
    *line = text + at;
    *line_len = *len - at;
    *len = at > 0 ? at - 1 : 0;
    return true;
}

bool receipt_file_fits_kind(uint8_t kind, const char *text, size_t len)
{
    char head[48], subject[RECEIPT_SUBJECT_MAX + 1] = {0};
    static const char label[] = "Subject: ", end[] = ".mu";
    const char *line;
    size_t n;

    if (kind >= RECEIPT_KINDS)
        return true;
    const size_t before =
        (size_t)snprintf(head, sizeof head, ".mu: %s_", receipt_kind_name((enum receipt_kind)kind));
    const size_t after = sizeof end - 1;
    if (!last_line(text, &len, &line, &n) || n <= before + after ||
        memcmp(line, head, before) != 0 || memcmp(line + n - after, end, after) != 0)
        return false;
    const size_t digits = n - before - after;
    if (digits > 20 || (digits > 1 && line[before] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        if (line[before + i] < '0' || line[before + i] > '9')
            return false;
    if (!last_line(text, &len, &line, &n) || n <= sizeof label - 1 ||
        n - (sizeof label - 1) >= sizeof subject || memcmp(line, label, sizeof label - 1) != 0)
        return false;
    memcpy(subject, line + sizeof label - 1, n - (sizeof label - 1));
    return strlen(subject) == n - (sizeof label - 1) && receipt_subject_ok(subject);
}

/* ---- making ---- */

enum head2_status receipt_file_note_hash(uint8_t hash[32], const struct checkpoint *c)
{
    char note[RECEIPT_NOTE_MAX];
    size_t len = sizeof note;
    const enum head2_status st = checkpoint_write(c, note, &len);

    if (st == HEAD2_OK)
        sha256(hash, note, len);
    return st;
}

enum head2_status receipt_file_make(struct receipt_file *r, const struct ledger_entry *e,
                                    const struct checkpoint *c, const struct merkle_nodes *nodes)
{
    enum head2_status st;
    size_t bad;

    memset(r, 0, sizeof *r);
    if (e->text_len > sizeof r->forward)
        return HEAD2_E_LIMIT;
    HEAD2_TRY(mu_check_utf8((const uint8_t *)e->text, e->text_len, &bad));
    st = HEAD2_E_MALFORMED;
    if (!receipt_file_fits_kind(e->kind, e->text, e->text_len))
        goto done;
    r->index = e->index;
    r->kind = e->kind;
    r->ms = e->ms;
    r->tree_size = c->size;
    r->proof = RECEIPT_PROOF_WHOLE;
    r->checkpoint = *c;
    r->forward_len = e->text_len;
    copy_bytes(r->forward, e->text, e->text_len);
    head2_blake3(r->forward_hash, r->forward, r->forward_len);
    HEAD2_TRY(merkle_prove_inclusion(&r->path, nodes, r->index, r->tree_size));
    HEAD2_TRY(receipt_file_note_hash(r->note_hash, c));

done:
    return st;
}

struct wanted {
    struct receipt_file *r;
    const struct checkpoint *c;
    const struct merkle_nodes *nodes;
    enum head2_status st;
};

static bool take_entry(void *arg, const struct ledger_entry *e)
{
    struct wanted *w = arg;

    w->st = receipt_file_make(w->r, e, w->c, w->nodes);
    return false;
}

HEAD2_PRINTF(5, 6)
static enum head2_status refuse(struct ledger_fault *fault, enum head2_status st, uint64_t index,
                                const char *hint, const char *fmt, ...)
{
    va_list ap;

    *fault = (struct ledger_fault){0};
    snprintf(fault->where, sizeof fault->where, "entry %llu", (unsigned long long)index);
    snprintf(fault->hint, sizeof fault->hint, "%s", hint);
    va_start(ap, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, ap);
    va_end(ap);
    return st;
}

enum head2_status receipt_file_of(struct receipt_file *r, struct ledger *l, uint64_t index,
                                  struct ledger_fault *fault)
{
    char note[CHECKPOINT_NOTE_MAX + 1];
    const struct merkle_nodes nodes = ledger_nodes(l);
    struct checkpoint c;
    struct wanted w = {r, &c, &nodes, HEAD2_OK};
    size_t len = sizeof note;
    const char *why;

    memset(fault, 0, sizeof *fault);
    if (index >= ledger_size(l))
        return refuse(fault, HEAD2_E_ARG, index, "'head2 receipt search' lists them",
                      "no such entry: there are %llu", (unsigned long long)ledger_size(l));
    enum head2_status st = ledger_note(l, index + 1, note, &len, fault);
    if (st == HEAD2_E_STATE)
        return refuse(fault, st, index,
                      "a running gateway signs it within a second, else the next append does",
                      "not under a checkpoint yet");
    if (st != HEAD2_OK)
        return st;
    if (checkpoint_parse(&c, note, len, &why) != HEAD2_OK)
        return refuse(fault, HEAD2_E_MALFORMED, index, "'head2 ledger verify' looks at all of it",
                      "its checkpoint is damaged: %s", why);
    st = ledger_each(l, index, take_entry, &w, fault);
    if (st != HEAD2_OK || w.st == HEAD2_OK)
        return st;
    if (w.st == HEAD2_E_LIMIT)
        return refuse(fault, w.st, index, "'head2 ledger prove' takes it",
                      "its text is longer than the %d bytes that a receipt may have",
                      RECEIPT_FORWARD_MAX);
    if (w.st == HEAD2_E_MALFORMED)
        return refuse(fault, w.st, index, "'head2 ledger prove' takes it",
                      "its text is not that of a receipt of its kind");
    return refuse(fault, w.st, index, "'head2 ledger verify' looks at all of it",
                  "its proof cannot be made");
}

/* ---- writing ---- */

struct output {
    char *p;
    size_t len, cap;
    bool full;
};

HEAD2_PRINTF(2, 3)
static void put(struct output *o, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    const int n = vsnprintf(o->p + o->len, o->cap - o->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= o->cap - o->len)
        o->full = true;
    else
        o->len += (size_t)n;
}

/* The note, each line behind two blanks but the empty one. */
static enum head2_status put_note(struct output *o, const struct checkpoint *c)
{
    char note[RECEIPT_NOTE_MAX];
    size_t len = sizeof note;
    const enum head2_status st = checkpoint_write(c, note, &len);

    for (size_t at = 0; st == HEAD2_OK && at < len;) {
        const char *const line = note + at, *const lf = memchr(line, '\n', len - at);
        const int n = lf != NULL ? (int)(lf - line) : (int)(len - at);
        put(o, "%s%.*s\n", n > 0 ? "  " : "", n, line);
        at += (size_t)n + 1;
    }
    return st;
}

enum head2_status receipt_file_write(const struct receipt_file *r, uint8_t *out, size_t *len)
{
    char kind[LEDGER_KIND_NAME], when[UTC_BYTES + 1], hash[65] = {0};
    char path[BASE64_LEN(MERKLE_PROOF_MAX * MERKLE_BYTES) + 1] = {0};
    enum head2_status st = HEAD2_OK;
    size_t bad;

    if (r->forward_len >= *len)
        return HEAD2_E_SPACE;
    HEAD2_TRY(mu_reverse(out, (const uint8_t *)r->forward, r->forward_len, &bad));
    struct output o = {(char *)out, r->forward_len, *len, false};
    ledger_kind_name(kind, r->kind);
    utc_format(when, r->ms);
    hex_encode(hash, r->forward_hash, sizeof r->forward_hash);
    base64_encode(path, r->path.hash[0], r->path.n * (size_t)MERKLE_BYTES);
    put(&o, RECEIPT_OPENING "version: 2\nindex: %llu\nkind: %s\ntime: \"%s\"\n",
        (unsigned long long)r->index, kind, when);
    put(&o, "forward_hash: \"blake3:%s\"\ntree_size: %llu\ninclusion: \"%s\"\n", hash,
        (unsigned long long)r->tree_size, path);
    if (r->proof == RECEIPT_PROOF_WHOLE) {
        put(&o, "checkpoint: |\n");
        HEAD2_TRY(put_note(&o, &r->checkpoint));
    } else {
        hex_encode(hash, r->note_hash, sizeof r->note_hash);
        put(&o, "checkpoint: \"sha256:%s\"\n", hash);
    }
    put(&o, "---\n");
    st = o.full ? HEAD2_E_SPACE : HEAD2_OK;
    *len = o.len;

done:
    return st;
}

/* ---- checking ---- */

enum head2_status receipt_file_check(const struct receipt_file *r, const struct checkpoint *c,
                                     const struct head2_key *key, const char **why)
{
    const struct ledger_entry e = {
        .kind = r->kind, .ms = r->ms, .text = r->forward, .text_len = r->forward_len};
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[MERKLE_BYTES], note[32];

    HEAD2_REQUIRES(c != NULL || r->proof == RECEIPT_PROOF_WHOLE);
    if (c == NULL)
        c = &r->checkpoint;
    ledger_leaf(leaf, &e);
    merkle_leaf(hash, leaf, sizeof leaf);
    const enum head2_status st = checkpoint_check(c, key);
    *why = NULL;
    if (st == HEAD2_E_VERIFY)
        *why = "its checkpoint is changed, or of another key";
    else if (st != HEAD2_OK)
        return st;
    else if (receipt_file_note_hash(note, c) != HEAD2_OK ||
             memcmp(note, r->note_hash, sizeof note) != 0)
        *why = "the checkpoint is not the one that it names";
    else if (c->size != r->tree_size ||
             merkle_check_inclusion(c->root, c->size, r->index, hash, &r->path) != HEAD2_OK)
        *why = "the checkpoint does not hold this entry at this place";
    return *why == NULL ? HEAD2_OK : HEAD2_E_VERIFY;
}
