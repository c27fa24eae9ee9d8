/* see keys/pem.h */
#include "keys/pem.h"

#define LINE_CHARS 64
#define BEGIN      "-----BEGIN "
#define END        "-----END "
#define DASHES     "-----"

/* A cursor over the lines of a text. */
struct lines {
    const uint8_t *p;
    size_t left;
};

struct line {
    const uint8_t *p;
    size_t len; /* without the line end, which is \n or \r\n, and without trailing blanks */
};

static bool next_line(struct lines *in, struct line *line)
{
    if (in->left == 0)
        return false;
    const uint8_t *end = memchr(in->p, '\n', in->left);
    size_t len = end == NULL ? in->left : (size_t)(end - in->p);
    const size_t step = end == NULL ? len : len + 1;
    *line = (struct line){in->p, len};
    in->p += step;
    in->left -= step;
    while (line->len > 0 && (line->p[line->len - 1] == '\r' || line->p[line->len - 1] == ' ' ||
                             line->p[line->len - 1] == '\t'))
        line->len--;
    return true;
}

static bool starts_with(const struct line *line, const char *prefix)
{
    const size_t len = strlen(prefix);
    return line->len >= len && memcmp(line->p, prefix, len) == 0;
}

/* The label between the dashes of a BEGIN or END line; false when it is not such a line. */
static bool label_of(const struct line *line, const char *begin, char label[PEM_LABEL_MAX])
{
    const size_t before = strlen(begin), after = strlen(DASHES);

    if (!starts_with(line, begin) || line->len < before + after ||
        memcmp(line->p + line->len - after, DASHES, after) != 0)
        return false;
    const size_t len = line->len - before - after;
    if (len >= PEM_LABEL_MAX)
        return false;
    memcpy(label, line->p + before, len);
    label[len] = 0;
    return memchr(label, 0, len) == NULL;
}

/* All ones when lo <= c <= hi, else 0, without a branch. */
static uint32_t within(uint32_t c, uint32_t lo, uint32_t hi)
{
    return ~(0 - ((c - lo) >> 31)) & ~(0 - ((hi - c) >> 31));
}

/* The six bits of a base64 character; 64 and more for any other. */
static uint32_t sextet(uint8_t c)
{
    uint32_t v = 64;
    v ^= within(c, 'A', 'Z') & (v ^ (uint32_t)(c - 'A'));
    v ^= within(c, 'a', 'z') & (v ^ (uint32_t)(c - 'a' + 26));
    v ^= within(c, '0', '9') & (v ^ (uint32_t)(c - '0' + 52));
    v ^= within(c, '+', '+') & (v ^ 62);
    v ^= within(c, '/', '/') & (v ^ 63);
    return v;
}

static char character(uint32_t v)
{
    uint32_t c = 'A' + v;
    c += within(v, 26, 51) & ('a' - 'Z' - 1);
    c -= within(v, 52, 61) & ('A' + 52 - '0');
    c -= within(v, 62, 62) & ('A' + 62 - '+');
    c -= within(v, 63, 63) & ('A' + 63 - '/');
    return (char)c;
}

/* Decodes line after line; groups of four may not be split by a line end. */
struct base64 {
    uint8_t *out;
    size_t len;
    bool padded; /* the last group has been seen */
};

static bool decode_line(struct base64 *b, const struct line *line)
{
    for (size_t at = 0; at < line->len; at += 4) {
        const uint8_t *p = line->p + at;
        if (line->len - at < 4 || b->padded)
            return false;
        const size_t bytes = p[3] != '=' ? 3 : p[2] != '=' ? 2 : 1;
        uint32_t v[4], group = 0;
        for (size_t i = 0; i < 4; i++) {
            v[i] = i <= bytes ? sextet(p[i]) : 0;
            if (v[i] > 63)
                return false;
            group = group << 6 | v[i];
        }
        b->padded = bytes != 3;
        for (size_t i = 0; i < bytes; i++)
            b->out[b->len++] = (uint8_t)(group >> (16 - 8 * i));
        if ((group & (0xffffffU >> (8 * bytes))) != 0)
            return false; /* bits that encode nothing must be zero */
    }
    return true;
}

static enum head2_status because(const char **why, const char *phrase)
{
    *why = phrase;
    return HEAD2_E_MALFORMED;
}

enum head2_status pem_decode(char label[PEM_LABEL_MAX], uint8_t *der, size_t *der_len,
                             const uint8_t *text, size_t len, const char **why)
{
    struct lines in = {text, len};
    struct line line;
    struct base64 body = {der, 0, false};
    char end_label[PEM_LABEL_MAX];
    bool found = false;

    *der_len = 0;
    label[0] = 0;
    while (!found && next_line(&in, &line))
        found = label_of(&line, BEGIN, label);
    if (!found)
        return because(why, "it is neither a PEM nor a DER key");
    for (;;) {
        if (!next_line(&in, &line))
            return because(why, "the PEM block is cut short");
        if (starts_with(&line, END))
            break;
        if (!decode_line(&body, &line))
            return because(why, "the PEM block is not valid base64");
    }
    if (!label_of(&line, END, end_label) || strcmp(label, end_label) != 0)
        return because(why, "the PEM block ends with another label than it begins with");
    while (next_line(&in, &line)) {
        if (line.len != 0)
            return because(why, "something follows the PEM block");
    }
    *der_len = body.len;
    return HEAD2_OK;
}

static uint8_t *put(uint8_t *to, const char *text)
{
    const size_t len = strlen(text);
    memcpy(to, text, len);
    return to + len;
}

enum head2_status pem_encode(uint8_t *text, size_t *len, const char *label, const uint8_t *der,
                             size_t der_len)
{
    const size_t chars = (der_len + 2) / 3 * 4;
    const size_t frame = strlen(BEGIN) + strlen(END) + 2 * (strlen(label) + strlen(DASHES) + 1);
    const size_t need = chars + (chars + LINE_CHARS - 1) / LINE_CHARS + frame;
    uint8_t *to = text;

    if (*len < need)
        return HEAD2_E_SPACE;
    to = put(put(put(to, BEGIN), label), DASHES "\n");
    for (size_t at = 0; at < der_len; at += 3) {
        const size_t bytes = der_len - at < 3 ? der_len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < bytes ? der[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            *to++ = (uint8_t)(i <= bytes ? character(group >> (18 - 6 * i) & 63) : '=');
        if ((at + 3) % (LINE_CHARS / 4 * 3) == 0 || at + 3 >= der_len)
            *to++ = '\n';
    }
    to = put(put(put(to, END), label), DASHES "\n");
    HEAD2_ENSURES((size_t)(to - text) == need);
    *len = need;
    return HEAD2_OK;
}
