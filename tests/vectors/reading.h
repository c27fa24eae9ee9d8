/*
 * Reading public vectors: hex of any length, `name = value` lines and JSON files.
 */
#ifndef HEAD2_TESTS_READING_H
#define HEAD2_TESTS_READING_H

#include "check.h"

#include <jansson.h>

struct bytes {
    uint8_t *p; /* never NULL; freed with free */
    size_t len;
};

__attribute__((unused)) static struct bytes bytes_of_hex(const char *hex)
{
    struct bytes b = {malloc(strlen(hex) / 2 + 1), 0};
    CHECK(b.p != NULL);
    b.len = check_hex(b.p, strlen(hex) / 2, hex);
    return b;
}

/* The JSON file of this name under the vectors; the case is skipped when it is not there. */
__attribute__((unused)) static json_t *load_json(const char *name)
{
    size_t len;
    char *text = check_vectors(name, &len);
    json_t *json = json_loadb(text, len, 0, NULL);
    free(text);
    CHECK_SAY(json != NULL, "%s is not JSON", name);
    return json;
}

__attribute__((unused)) static const char *text_at(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    CHECK_SAY(text != NULL, "a vector has no %s", key);
    return text;
}

__attribute__((unused)) static struct bytes bytes_at(const json_t *json, const char *key)
{
    return bytes_of_hex(text_at(json, key));
}

__attribute__((unused)) static long long number_at(const json_t *json, const char *key)
{
    const json_t *number = json_object_get(json, key);
    CHECK_SAY(json_is_integer(number), "a vector has no number %s", key);
    return json_integer_value(number);
}

/*
 * The next line that says `name = value`: its value, ended by a zero byte, with *text moved past
 * it. NULL when there is none.
 */
__attribute__((unused)) static char *next_value(char **text, const char *name)
{
    const size_t name_len = strlen(name);
    while (**text != 0) {
        char *line = *text;
        size_t len = strcspn(line, "\r\n");
        *text = line + len + strspn(line + len, "\r\n");
        line[len] = 0;
        if (strncmp(line, name, name_len) == 0 && strncmp(line + name_len, " = ", 3) == 0)
            return line + name_len + 3;
    }
    return NULL;
}

/* The bytes of the next `name = hex` line, which must be there. */
__attribute__((unused)) static struct bytes next_bytes(char **text, const char *name)
{
    const char *hex = next_value(text, name);
    CHECK_SAY(hex != NULL, "no further line with %s", name);
    return bytes_of_hex(hex);
}

/* Whether the n bytes at data are those of this hex. */
__attribute__((unused)) static bool is_hex(const uint8_t *data, size_t n, const char *hex)
{
    struct bytes want = bytes_of_hex(hex);
    const bool same = want.len == n && memcmp(want.p, data, n) == 0;
    free(want.p);
    return same;
}

#define CHECK_HEX(data, n, hex) CHECK_SAY(is_hex(data, n, hex), "%s is not %s", #data, hex)

#endif
