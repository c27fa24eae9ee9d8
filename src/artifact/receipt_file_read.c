/* Reading a receipt's file, and saying what is wrong with it. See receipt_file.h. */
#include "artifact/ledger_json.h"
#include "artifact/receipt_file.h"
#include "artifact/receipt_file_form.h"
#include "artifact/utc.h"

#include <head2/hash.h>

#include <stdarg.h>
#include <stdio.h>

struct reader {
    const char *at, *end;
    unsigned line; /* of the file, of what comes next */
};

HEAD2_PRINTF(3, 4)
static bool wrong(struct receipt_file_fault *fault, unsigned line, const char *fmt, ...)
{
    va_list ap;

    fault->line = line;
    va_start(ap, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, ap);
    va_end(ap);
    return false;
}

/* The next line, without its LF; false when there is none that has an end. */
static bool next_line(struct reader *r, const char **line, size_t *len)
{
    const char *const lf = r->at < r->end ? memchr(r->at, '\n', (size_t)(r->end - r->at)) : NULL;

    if (lf == NULL)
        return false;
    *line = r->at;
    *len = (size_t)(lf - r->at);
    r->at = lf + 1;
    r->line++;
    return true;
}

/* ---- values ---- */

/* Decimal digits without leading zeros, at most 15. */
static bool read_number(uint64_t *out, const char *p, size_t len)
{
    *out = 0;
    if (len == 0 || len > 15 || (len > 1 && p[0] == '0'))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        *out = 10 * *out + (uint64_t)(p[i] - '0');
    }
    return true;
}

/* What stands between `"` and prefix, and `"`. */
static bool unquote(const char **p, size_t *len, const char *prefix)
{
    const size_t n = strlen(prefix);

    if (*len < n + 2 || (*p)[0] != '"' || (*p)[*len - 1] != '"' || memcmp(*p + 1, prefix, n) != 0)
        return false;
    *p += n + 1;
    *len -= n + 2;
    return true;
}

static bool read_index(struct receipt_file *r, const char *p, size_t len)
{
    return read_number(&r->index, p, len);
}

static bool read_kind(struct receipt_file *r, const char *p, size_t len)
{
    char name[LEDGER_KIND_NAME] = {0};

    if (len >= sizeof name || memchr(p, 0, len) != NULL)
        return false;
    memcpy(name, p, len);
    return ledger_kind_parse(&r->kind, name);
}

static bool read_time(struct receipt_file *r, const char *p, size_t len)
{
    return unquote(&p, &len, "") && utc_parse(&r->ms, p, len) == HEAD2_OK;
}

static bool read_hash(struct receipt_file *r, const char *p, size_t len)
{
    return unquote(&p, &len, "blake3:") &&
           hex_decode(r->forward_hash, sizeof r->forward_hash, p, len) == HEAD2_OK;
}

static bool read_size(struct receipt_file *r, const char *p, size_t len)
{
    return read_number(&r->tree_size, p, len) && r->tree_size > r->index &&
           r->tree_size <= MERKLE_SIZE_MAX;
}

static bool read_path(struct receipt_file *r, const char *p, size_t len)
{
    size_t got = 0;

    if (!unquote(&p, &len, "") ||
        base64_decode(r->path.hash[0], MERKLE_PROOF_MAX * MERKLE_BYTES, &got, p, len) != HEAD2_OK)
        return false;
    r->path.n = (unsigned)(got / MERKLE_BYTES);
    return got % MERKLE_BYTES == 0;
}

static const struct {
    const char *name;
    bool (*read)(struct receipt_file *r, const char *p, size_t len);
    const char *form;
} fields[] = {
    {"index",        read_index, "a number of at most 15 digits"               },
    {"kind",         read_kind,  "a kind of entry, by its name or number"      },
    {"time",         read_time,  "\"YYYY-MM-DDThh:mm:ss.sssZ\""                },
    {"forward_hash", read_hash,  "\"blake3:\" with 64 hex digits"              },
    {"tree_size",    read_size,  "a number of leaves, above the index"         },
    {"inclusion",    read_path,  "hashes of 32 bytes, joined, in quoted base64"},
};

/* A line `name: value`, of which the value is left. */
static bool named(const char *name, const char **p, size_t *len)
{
    const size_t n = strlen(name);

    if (*len < n + 2 || memcmp(*p, name, n) != 0 || (*p)[n] != ':' || (*p)[n + 1] != ' ')
        return false;
    *p += n + 2;
    *len -= n + 2;
    return true;
}

static bool read_fields(struct receipt_file *r, struct reader *in, struct receipt_file_fault *fault)
{
    unsigned line = in->line;
    const char *p;
    size_t len;

    if (!next_line(in, &p, &len) || !named("version", &p, &len))
        return wrong(fault, line, "'version: 2' belongs here");
    if (len == 1 && p[0] == '1')
        return wrong(fault, line, "version 1, of a chain of files, which is no longer read");
    if (len != 1 || p[0] != '2')
        return wrong(fault, line, "of a version that is not known here");
    for (unsigned i = 0; i < HEAD2_LEN(fields); i++) {
        line = in->line;
        if (!next_line(in, &p, &len) || !named(fields[i].name, &p, &len) ||
            !fields[i].read(r, p, len))
            return wrong(fault, line, "'%s: ' and %s belong here", fields[i].name, fields[i].form);
    }
    return true;
}

/* ---- the checkpoint ---- */

static bool read_note(struct receipt_file *r, struct reader *in, struct receipt_file_fault *fault)
{
    const unsigned begin = in->line;
    char note[RECEIPT_NOTE_MAX], again[RECEIPT_NOTE_MAX];
    size_t n = 0, len, same = sizeof again;
    const char *p, *why;

    for (;;) {
        if (!next_line(in, &p, &len))
            return wrong(fault, in->line, "'---' is missing behind the checkpoint");
        if (len == 3 && memcmp(p, "---", 3) == 0)
            break;
        if (len > 0 && (len < 3 || p[0] != ' ' || p[1] != ' '))
            return wrong(fault, in->line - 1,
                         "a line of the checkpoint, behind two blanks, or "
                         "'---' belongs here");
        const size_t text = len > 0 ? len - 2 : 0;
        if (text + 1 > sizeof note - n)
            return wrong(fault, in->line - 1, "the checkpoint is too long");
        copy_bytes(note + n, p + (len > 0 ? 2 : 0), text);
        n += text;
        note[n++] = '\n';
    }
    if (checkpoint_parse(&r->checkpoint, note, n, &why) != HEAD2_OK)
        return wrong(fault, begin, "not a checkpoint: %s", why);
    if (checkpoint_write(&r->checkpoint, again, &same) != HEAD2_OK || same != n ||
        memcmp(note, again, n) != 0)
        return wrong(fault, begin, "the checkpoint has more than its origin's signature");
    return receipt_file_note_hash(r->note_hash, &r->checkpoint) == HEAD2_OK;
}

static bool read_checkpoint(struct receipt_file *r, struct reader *in,
                            struct receipt_file_fault *fault)
{
    const unsigned line = in->line;
    const char *p;
    size_t len;

    if (!next_line(in, &p, &len) || !named("checkpoint", &p, &len))
        return wrong(fault, line, "'checkpoint: ' belongs here");
    if (len == 1 && p[0] == '|') {
        r->proof = RECEIPT_PROOF_WHOLE;
        if (!read_note(r, in, fault))
            return false;
    } else {
        r->proof = RECEIPT_PROOF_SHORT;
        if (!unquote(&p, &len, "sha256:") ||
            hex_decode(r->note_hash, sizeof r->note_hash, p, len) != HEAD2_OK)
            return wrong(fault, line,
                         "'checkpoint: ' and \"sha256:\" with 64 hex digits, or '|' "
                         "and a note, belong here");
        if (!next_line(in, &p, &len) || len != 3 || memcmp(p, "---", 3) != 0)
            return wrong(fault, line + 1, "'---' belongs here");
    }
    return in->at == in->end || wrong(fault, in->line, "nothing may stand behind the last '---'");
}

/* ---- the text ---- */

/* The last place where the section opens: a text may hold the same words before. */
static const char *find_section(const char *file, size_t len)
{
    const size_t n = sizeof RECEIPT_OPENING - 1;

    for (size_t at = len >= n ? len - n + 1 : 0; at-- > 0;)
        if (memcmp(file + at, RECEIPT_OPENING, n) == 0)
            return file + at;
    return NULL;
}

static unsigned count_lines(const char *p, size_t len)
{
    unsigned n = 0;

    for (size_t i = 0; i < len; i++)
        n += p[i] == '\n';
    return n;
}

/* Ways to turn a text round that are not the rule. Each gives the forward text of a body that was
 * made by it. */

static void as_it_is(char *out, const char *body, size_t len)
{
    memcpy(out, body, len);
}

static void reverse_piece(char *out, const char *p, size_t len)
{
    size_t bad;

    if (mu_reverse((uint8_t *)out, (const uint8_t *)p, len, &bad) != HEAD2_OK)
        memcpy(out, p, len);
}

static void each_line(char *out, const char *body, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *const lf = memchr(body + at, '\n', len - at);
        const size_t n = lf != NULL ? (size_t)(lf - (body + at)) : len - at;
        reverse_piece(out + at, body + at, n);
        at += n;
        if (at < len)
            out[at++] = '\n';
    }
}

static void order_of_lines(char *out, const char *body, size_t len)
{
    char turned[RECEIPT_FORWARD_MAX];

    reverse_piece(turned, body, len);
    each_line(out, turned, len);
}

static const struct {
    void (*undo)(char *out, const char *body, size_t len);
    const char *what;
} mistakes[] = {
    {as_it_is,       "the text stands forward"                          },
    {each_line,      "each line is reversed, and not the order of lines"},
    {order_of_lines, "the order of lines is reversed, and not each line"},
};

bool receipt_file_explain(const struct receipt_file *r, const uint8_t *file, const char *forward,
                          size_t forward_len, struct mu_difference *diff)
{
    uint8_t scratch[RECEIPT_FORWARD_MAX], hash[32];
    size_t bad;

    head2_blake3(hash, forward, forward_len);
    return forward_len <= sizeof scratch && memcmp(hash, r->forward_hash, sizeof hash) == 0 &&
           mu_compare((const uint8_t *)forward, forward_len, file, r->forward_len, scratch, diff,
                      &bad) == HEAD2_E_VERIFY;
}

/* The text does not have its hash: by which mistake, if it is one of those, and where it begins. */
static void say_mistake(const struct receipt_file *r, const uint8_t *file,
                        struct receipt_file_fault *fault)
{
    char forward[RECEIPT_FORWARD_MAX], place[MU_DIFFERENCE_TEXT];
    struct mu_difference diff;

    wrong(fault, 0, "the text is not the one that has the forward_hash: it was changed");
    for (unsigned i = 0; i < HEAD2_LEN(mistakes); i++) {
        mistakes[i].undo(forward, (const char *)file, r->forward_len);
        if (!receipt_file_explain(r, file, forward, r->forward_len, &diff))
            continue;
        mu_difference_text(place, &diff);
        wrong(fault, (unsigned)diff.line, "%s: %s", mistakes[i].what, place);
        return;
    }
}

enum head2_status receipt_file_parse(struct receipt_file *r, const uint8_t *file, size_t len,
                                     struct receipt_file_fault *fault)
{
    const char *const text = (const char *)file;
    uint8_t hash[32];
    size_t bad;

    memset(r, 0, sizeof *r);
    *fault = (struct receipt_file_fault){0};
    const char *const section = find_section(text, len);
    if (section == NULL) {
        wrong(fault, 0, "no lines '---' and 'type: mu_receipt'");
        return HEAD2_E_MALFORMED;
    }
    r->forward_len = (size_t)(section - text);
    struct reader in = {section + sizeof RECEIPT_OPENING - 1, text + len,
                        count_lines(text, r->forward_len) + 4};
    if (!read_fields(r, &in, fault) || !read_checkpoint(r, &in, fault))
        return HEAD2_E_MALFORMED;
    if (r->forward_len > sizeof r->forward) {
        wrong(fault, 0, "the text is longer than %d bytes", RECEIPT_FORWARD_MAX);
        return HEAD2_E_MALFORMED;
    }
    if (mu_reverse((uint8_t *)r->forward, file, r->forward_len, &bad) != HEAD2_OK) {
        wrong(fault, count_lines(text, bad) + 1, "the text is not UTF-8 at byte %zu", bad);
        return HEAD2_E_MALFORMED;
    }
    head2_blake3(hash, r->forward, r->forward_len);
    if (memcmp(hash, r->forward_hash, sizeof hash) != 0) {
        say_mistake(r, file, fault);
        return HEAD2_E_VERIFY;
    }
    if (!receipt_file_fits_kind(r->kind, r->forward, r->forward_len)) {
        wrong(fault, 1, "the text does not end as that of a receipt of its kind");
        return HEAD2_E_VERIFY;
    }
    return HEAD2_OK;
}
