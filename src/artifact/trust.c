/*
 * Reading a trust file and judging a block by it.
 */
#include "artifact/trust.h"

#include "artifact/base64.h"
#include "artifact/file.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 5

struct entry {
    char name[SIGBLOCK_TEXT_MAX + 1];
    struct head2_key *key; /* NULL when only its hash is known */
    uint8_t spki_hash[64];
    uint64_t after, before; /* the validity: [after, before) */
    uint64_t revoked_at;    /* UINT64_MAX: never */
};

struct trust {
    struct entry *entries;
    size_t count, cap;
    char folder[PATH_MAX];
};

void trust_free(struct trust *trust)
{
    if (trust == NULL)
        return;
    for (size_t i = 0; i < trust->count; i++)
        head2_key_free(trust->entries[i].key);
    free(trust->entries);
    free(trust);
}

size_t trust_count(const struct trust *trust)
{
    return trust->count;
}

HEAD2_PRINTF(2, 3)
static enum head2_status wrong(struct trust_fault *fault, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(fault->what, sizeof fault->what, fmt, ap);
    va_end(ap);
    return HEAD2_E_MALFORMED;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Cut a line (changed in place) into words; a word may stand in double quotes; # begins a comment.
 * The number of words, or WORDS_MAX + 1 when there are more or a quote stays open. */
static size_t split(char *line, char *words[WORDS_MAX])
{
    size_t n = 0;

    for (;;) {
        while (is_blank(*line))
            line++;
        if (*line == 0 || *line == '#')
            return n;
        if (n == WORDS_MAX)
            return WORDS_MAX + 1;
        const bool quoted = *line == '"';
        line += quoted;
        words[n++] = line;
        while (*line != 0 && (quoted ? *line != '"' : !is_blank(*line)))
            line++;
        if (quoted && *line == 0)
            return WORDS_MAX + 1;
        if (*line != 0)
            *line++ = 0;
    }
}

static enum head2_status read_key(struct trust *t, struct entry *e, const char *word,
                                  struct trust_fault *fault)
{
    char path[PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len = 0;
    const char *why = "it cannot be read";

    if (hex_decode(e->spki_hash, sizeof e->spki_hash, word, strlen(word)) == HEAD2_OK)
        return HEAD2_OK;
    int n = snprintf(path, sizeof path, "%s%s", word[0] == '/' ? "" : t->folder, word);
    if (n < 0 || n >= (int)sizeof path)
        return wrong(fault, "the key's path is too long");
    enum head2_status st = file_read(path, HEAD2_KEY_MAX_FILE, &bytes, &len);
    if (st != HEAD2_OK)
        return wrong(fault, "key file %s: %s", path,
                     st == HEAD2_E_IO ? strerror(errno) : head2_status_string(st));
    st = head2_key_read(&e->key, bytes, len, NULL, NULL, &why);
    head2_wipe(bytes, len);
    free(bytes);
    if (st != HEAD2_OK)
        return wrong(fault, "key file %s: %s", path, why);
    if (head2_key_has_private(e->key))
        return wrong(fault, "key file %s holds a private key, which has no place here", path);
    if (!head2_alg_is_signature(head2_key_alg(e->key)))
        return wrong(fault, "key file %s holds no ML-DSA key", path);
    return artifact_spki_hash(e->spki_hash, e->key);
}

static enum head2_status read_time(uint64_t *ms, const char *word, struct trust_fault *fault)
{
    if (strcmp(word, "-") == 0 || utc_parse_human(ms, word, strlen(word)) == HEAD2_OK)
        return HEAD2_OK;
    return wrong(fault, "'%s' is not a time (YYYY-MM-DD, YYYY-MM-DDThh:mm:ssZ or -)", word);
}

static enum head2_status read_line(struct trust *t, struct entry *e, char *line,
                                   struct trust_fault *fault)
{
    char *words[WORDS_MAX];
    const size_t n = split(line, words);
    enum head2_status st = HEAD2_OK;

    e->before = e->revoked_at = UINT64_MAX;
    if (n < 2 || n > WORDS_MAX)
        return wrong(fault, "a line is: name key [valid-after] [valid-before] [revoked-at]");
    if (!sigblock_signer_ok(words[0]))
        return wrong(fault, "the name cannot be a signer's");
    strcpy(e->name, words[0]);
    HEAD2_TRY(read_key(t, e, words[1], fault));
    HEAD2_TRY(n > 2 ? read_time(&e->after, words[2], fault) : HEAD2_OK);
    HEAD2_TRY(n > 3 ? read_time(&e->before, words[3], fault) : HEAD2_OK);
    HEAD2_TRY(n > 4 ? read_time(&e->revoked_at, words[4], fault) : HEAD2_OK);
    if (e->after >= e->before)
        st = wrong(fault, "the validity ends before it begins");

done:
    return st;
}

static struct entry *add_entry(struct trust *t)
{
    if (t->count == t->cap) {
        size_t cap = t->cap == 0 ? 16 : 2 * t->cap;
        struct entry *more = realloc(t->entries, cap * sizeof *more);
        if (more == NULL)
            return NULL;
        t->entries = more;
        t->cap = cap;
    }
    struct entry *e = &t->entries[t->count++];
    memset(e, 0, sizeof *e);
    return e;
}

/* The lines of the file, which is changed while it is read. */
static enum head2_status read_lines(struct trust *t, char *text, size_t len,
                                    struct trust_fault *fault)
{
    if (memchr(text, 0, len) != NULL)
        return wrong(fault, "not a text file");
    for (char *line = text, *next; line != NULL && *line != 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = 0;
        fault->line++;
        line += strspn(line, " \t\r");
        if (*line == 0 || *line == '#')
            continue;
        if (t->count == TRUST_LINES_MAX)
            return wrong(fault, "more than %d signers", TRUST_LINES_MAX);
        struct entry *e = add_entry(t);
        enum head2_status st = e == NULL ? HEAD2_E_MEMORY : read_line(t, e, line, fault);
        if (st != HEAD2_OK)
            return st;
    }
    return HEAD2_OK;
}

enum head2_status trust_read(struct trust **out, const char *path, struct trust_fault *fault)
{
    struct trust *t = calloc(1, sizeof *t);
    uint8_t *text = NULL;
    size_t len = 0;
    enum head2_status st = HEAD2_OK;

    *out = NULL;
    *fault = (struct trust_fault){0, "out of memory"};
    if (t == NULL)
        return HEAD2_E_MEMORY;
    const char *slash = strrchr(path, '/');
    strcpy(t->folder, "./"); /* so that a key named - is a file, not standard input */
    if (slash != NULL && (size_t)(slash - path) + 1 < sizeof t->folder) {
        memcpy(t->folder, path, (size_t)(slash - path) + 1);
        t->folder[slash - path + 1] = 0;
    }
    st = file_read(path, TRUST_FILE_MAX, &text, &len);
    if (st != HEAD2_OK) {
        int error = errno;
        snprintf(fault->what, sizeof fault->what, "%s",
                 st == HEAD2_E_IO ? strerror(error) : "longer than 1 MiB");
        errno = error;
        goto done;
    }
    HEAD2_TRY(read_lines(t, (char *)text, len, fault));
    *out = t;
    t = NULL;

done:
    free(text);
    trust_free(t);
    return st;
}

/* When what is claimed has been there: then_ms for sure. The time of a revocation counts only with
 * such a record; without one, which is then_ms UINT64_MAX, whatever the time is. */
struct moment {
    uint64_t now_ms, then_ms;
};

static bool is_revoked(const struct trust *t, const uint8_t spki_hash[64], uint64_t then_ms)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct entry *e = &t->entries[i];
        if (e->revoked_at != UINT64_MAX && e->revoked_at <= then_ms &&
            memcmp(e->spki_hash, spki_hash, 64) == 0)
            return true;
    }
    return false;
}

bool trust_revoked(const struct trust *trust, const struct head2_key *key)
{
    uint8_t hash[64];

    return artifact_spki_hash(hash, key) != HEAD2_OK || is_revoked(trust, hash, UINT64_MAX);
}

static enum verdict judge_entry(const struct trust *t, const struct entry *e,
                                const struct trust_claim *claim, const struct head2_key *key,
                                struct moment at)
{
    uint8_t hash[64];

    if (key == NULL || artifact_spki_hash(hash, key) != HEAD2_OK ||
        memcmp(hash, e->spki_hash, sizeof hash) != 0)
        return VERDICT_SIGNER;
    enum verdict v = claim->check(claim->arg, key, at.now_ms);
    if (v != VERDICT_VALID)
        return v;
    if (is_revoked(t, hash, at.then_ms))
        return VERDICT_REVOKED;
    const uint64_t ms = at.then_ms != UINT64_MAX ? at.then_ms : at.now_ms;
    if (ms < e->after)
        return VERDICT_NOT_YET;
    return ms < e->before ? VERDICT_VALID : VERDICT_EXPIRED;
}

static enum verdict judge(const struct trust *trust, const struct trust_claim *claim,
                          const struct head2_key *key, struct moment at)
{
    enum verdict best = VERDICT_SIGNER;

    for (size_t i = 0; i < trust->count && best != VERDICT_VALID; i++) {
        const struct entry *e = &trust->entries[i];
        if (strcmp(e->name, claim->signer) != 0)
            continue;
        enum verdict v = judge_entry(trust, e, claim, e->key != NULL ? e->key : key, at);
        if (v != VERDICT_SIGNER)
            best = v;
    }
    return best;
}

enum verdict trust_judge_claim(const struct trust *trust, const struct trust_claim *claim,
                               const struct head2_key *key, uint64_t now_ms)
{
    return judge(trust, claim, key, (struct moment){now_ms, UINT64_MAX});
}

struct block_claim {
    const struct sigblock *block;
    const uint8_t *digest;
};

static enum verdict check_block(const void *arg, const struct head2_key *key, uint64_t now_ms)
{
    const struct block_claim *c = arg;

    return sigblock_check(c->block, c->digest, key, now_ms);
}

enum verdict trust_judge_then(const struct trust *trust, const struct sigblock *b,
                              const uint8_t digest[64], const struct head2_key *key,
                              uint64_t now_ms, uint64_t then_ms)
{
    const struct block_claim c = {b, digest};
    const struct trust_claim claim = {b->signer, check_block, &c};

    if (memcmp(digest, b->digest, sigblock_digest_bytes(b->hash)) != 0)
        return VERDICT_HASH;
    return judge(trust, &claim, key, (struct moment){now_ms, then_ms});
}

enum verdict trust_judge(const struct trust *trust, const struct sigblock *b,
                         const uint8_t digest[64], const struct head2_key *key, uint64_t now_ms)
{
    return trust_judge_then(trust, b, digest, key, now_ms, UINT64_MAX);
}
