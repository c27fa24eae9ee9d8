/*
 * Words of OpenQASM and their places.
 */
#include "entropy/qasm_words.h"

#include <stdarg.h>
#include <stdio.h>

enum head2_status qasm_fail(struct qasm_reader *r, const struct qasm_word *at, enum head2_status st,
                            const char *hint, const char *fmt, ...)
{
    va_list ap;

    r->err->line = at->line;
    r->err->column = at->column;
    va_start(ap, fmt);
    vsnprintf(r->err->what, sizeof r->err->what, fmt, ap);
    va_end(ap);
    snprintf(r->err->hint, sizeof r->err->hint, "%s", hint);
    return st;
}

enum head2_status qasm_expected(struct qasm_reader *r, const char *what)
{
    const struct qasm_word *w = &r->word;
    char hint[64];

    snprintf(hint, sizeof hint, "write %s here", what);
    if (w->kind == QASM_END)
        return qasm_fail(r, w, HEAD2_E_MALFORMED, hint, "the text ends within a statement");
    return qasm_fail(r, w, HEAD2_E_MALFORMED, hint, "'%.*s' is not %s",
                     (int)(w->len < QASM_NAME_MAX ? w->len : QASM_NAME_MAX), w->text, what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void new_line(struct qasm_reader *r)
{
    r->line++;
    r->line_begin = r->at + 1;
}

/* Where the reader is, as a word. */
static struct qasm_word place(const struct qasm_reader *r)
{
    return (struct qasm_word){
        .text = r->at, .line = r->line, .column = (unsigned)(r->at - r->line_begin) + 1};
}

static enum head2_status skip_long_comment(struct qasm_reader *r)
{
    const struct qasm_word begin = place(r);

    if (r->version == 2)
        return qasm_fail(r, &begin, HEAD2_E_MALFORMED, "write // before each line of it",
                         "such comments begin with version 3");
    for (r->at += 2; r->end - r->at >= 2; r->at++) {
        if (r->at[0] == '*' && r->at[1] == '/') {
            r->at += 2;
            return HEAD2_OK;
        }
        if (*r->at == '\n')
            new_line(r);
    }
    return qasm_fail(r, &begin, HEAD2_E_MALFORMED, "end it with */", "a comment without an end");
}

static enum head2_status skip_space(struct qasm_reader *r)
{
    enum head2_status st = HEAD2_OK;

    while (st == HEAD2_OK && r->at < r->end) {
        const char next = r->end - r->at >= 2 ? r->at[1] : 0;
        if (*r->at == '\n') {
            new_line(r);
            r->at++;
        } else if (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') {
            r->at++;
        } else if (*r->at == '/' && next == '/') {
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        } else if (*r->at == '/' && next == '*') {
            st = skip_long_comment(r);
        } else {
            break;
        }
    }
    return st;
}

/* 1, 1.5, .5, 1e-3; where it ends is found here, what it is worth by its reader. */
static const char *end_of_number(const char *p, const char *end)
{
    while (p < end && is_digit(*p))
        p++;
    if (p < end && *p == '.')
        for (p++; p < end && is_digit(*p); p++)
            ;
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1;
        if (e < end && (*e == '+' || *e == '-'))
            e++;
        if (e < end && is_digit(*e))
            for (p = e; p < end && is_digit(*p); p++)
                ;
    }
    return p;
}

static enum head2_status take_string(struct qasm_reader *r)
{
    struct qasm_word *w = &r->word;

    w->kind = QASM_STRING;
    w->text = ++r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\n')
        r->at++;
    if (r->at == r->end || *r->at != '"')
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "end it with a quotation mark",
                         "a string without an end");
    w->len = (size_t)(r->at++ - w->text);
    return HEAD2_OK;
}

enum head2_status qasm_next(struct qasm_reader *r)
{
    static const char signs[] = ";,()[]+-*/=";
    const enum head2_status st = skip_space(r);
    struct qasm_word *w = &r->word;

    *w = place(r);
    if (st != HEAD2_OK || r->at == r->end)
        return st;
    if (is_letter(*r->at)) {
        w->kind = QASM_NAME;
        while (r->at < r->end && (is_letter(*r->at) || is_digit(*r->at)))
            r->at++;
    } else if (is_digit(*r->at) || (*r->at == '.' && r->end - r->at > 1 && is_digit(r->at[1]))) {
        w->kind = QASM_NUMBER;
        r->at = end_of_number(r->at, r->end);
    } else if (*r->at == '"') {
        return take_string(r);
    } else if (*r->at == '-' && r->end - r->at > 1 && r->at[1] == '>') {
        w->kind = QASM_ARROW;
        r->at += 2;
    } else if (*r->at != 0 && strchr(signs, *r->at) != NULL) {
        w->kind = QASM_SIGN;
        r->at++;
    } else {
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "remove it", "byte 0x%02x has no place here",
                         (unsigned)(unsigned char)*r->at);
    }
    w->len = (size_t)(r->at - w->text);
    if (w->kind == QASM_NUMBER && r->at < r->end && is_letter(*r->at))
        return qasm_fail(r, w, HEAD2_E_MALFORMED, "separate them", "a number runs into a name");
    return HEAD2_OK;
}

bool qasm_is_name(const struct qasm_reader *r, const char *name)
{
    return r->word.kind == QASM_NAME && r->word.len == strlen(name) &&
           memcmp(r->word.text, name, r->word.len) == 0;
}

bool qasm_is_sign(const struct qasm_reader *r, char sign)
{
    return r->word.kind == QASM_SIGN && r->word.text[0] == sign;
}

enum head2_status qasm_take_sign(struct qasm_reader *r, char sign)
{
    const char what[] = {'\'', sign, '\'', 0};

    return qasm_is_sign(r, sign) ? qasm_next(r) : qasm_expected(r, what);
}

enum head2_status qasm_take_whole(struct qasm_reader *r, unsigned *value)
{
    *value = 0;
    if (r->word.kind != QASM_NUMBER)
        return qasm_expected(r, "a whole number");
    for (size_t i = 0; i < r->word.len; i++) {
        if (!is_digit(r->word.text[i]) || i >= 9)
            return qasm_expected(r, "a whole number of at most 9 digits");
        *value = *value * 10 + (unsigned)(r->word.text[i] - '0');
    }
    return qasm_next(r);
}
