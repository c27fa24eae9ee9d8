/*
 * Fields of ACVP tests, in and out.
 */
#include "cli/acvp.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const json_t *field(const struct acvp_case *c, const char *name)
{
    const json_t *v = json_object_get(c->test, name);
    return v != NULL ? v : json_object_get(c->group, name);
}

const char *acvp_text(const struct acvp_case *c, const char *name)
{
    return json_string_value(field(c, name));
}

bool acvp_bool(const struct acvp_case *c, const char *name)
{
    return json_is_true(field(c, name));
}

json_int_t acvp_int(const struct acvp_case *c, const char *name, json_int_t otherwise)
{
    const json_t *v = field(c, name);
    return json_is_integer(v) ? json_integer_value(v) : otherwise;
}

enum head2_status acvp_bad(struct acvp_case *c, enum head2_status st, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    return st;
}

uint8_t *acvp_room(struct acvp_case *c, size_t len)
{
    HEAD2_REQUIRES(c->blob_count < ACVP_BLOBS);
    uint8_t *p = calloc(1, len + 1);
    if (p != NULL)
        c->blobs[c->blob_count++] = p;
    return p;
}

static int digit(char d)
{
    if (d >= '0' && d <= '9')
        return d - '0';
    if (d >= 'a' && d <= 'f')
        return d - 'a' + 10;
    return d >= 'A' && d <= 'F' ? d - 'A' + 10 : -1;
}

enum head2_status acvp_hex(struct acvp_case *c, const char *name, size_t len, bool optional,
                           struct acvp_bytes *out)
{
    const char *text = acvp_text(c, name);

    *out = (struct acvp_bytes){NULL, 0};
    if (text == NULL && !optional)
        return acvp_bad(c, HEAD2_E_MALFORMED, "it has no '%s'", name);
    const size_t digits = text != NULL ? strlen(text) : 0;
    if (digits % 2 != 0)
        return acvp_bad(c, HEAD2_E_MALFORMED, "'%s' has an odd number of hex digits", name);
    if (len != 0 && digits != 2 * len)
        return acvp_bad(c, HEAD2_E_MALFORMED, "'%s' has %zu bytes, not %zu", name, digits / 2, len);
    out->p = acvp_room(c, digits / 2);
    if (out->p == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < digits / 2; i++) {
        int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return acvp_bad(c, HEAD2_E_MALFORMED, "'%s' is not hexadecimal", name);
        out->p[i] = (uint8_t)(high << 4 | low);
    }
    out->len = digits / 2;
    return HEAD2_OK;
}

enum head2_status acvp_put_hex(struct acvp_case *c, const char *name, const uint8_t *p, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = malloc(2 * len + 1);

    if (text == NULL)
        return HEAD2_E_MEMORY;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
    text[2 * len] = 0;
    int failed = json_object_set_new(c->out, name, json_string(text));
    free(text);
    return failed ? HEAD2_E_MEMORY : HEAD2_OK;
}

enum head2_status acvp_put_bool(struct acvp_case *c, const char *name, bool value)
{
    return json_object_set_new(c->out, name, json_boolean(value)) ? HEAD2_E_MEMORY : HEAD2_OK;
}
