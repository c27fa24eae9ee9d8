/* see plain.h */
#include "artifact/plain.h"

#include "artifact/mu.h"

bool plain_hidden(const uint8_t *p, size_t n)
{
    if (n == 1)
        return p[0] < 0x20 || p[0] == 0x7f;
    if (n == 2) /* C1 controls; Arabic letter mark */
        return (p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xd8 && p[1] == 0x9c);
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80) /* marks, separators, embeddings, overrides */
        return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x81) /* isolates */
        return p[2] >= 0xa6 && p[2] <= 0xa9;
    return n == 3 && p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf;
}

bool plain_ok(const char *text, size_t len)
{
    const uint8_t *const p = (const uint8_t *)text;

    for (size_t at = 0; at < len;) {
        const size_t n = mu_code_point(p + at, len - at);
        if (n == 0 || plain_hidden(p + at, n))
            return false;
        at += n;
    }
    return true;
}

void plain_copy(char *out, size_t cap, const char *text, size_t len)
{
    const uint8_t *const p = (const uint8_t *)text;
    size_t used = 0;

    for (size_t at = 0; at < len;) {
        const size_t n = mu_code_point(p + at, len - at);
        const bool shown = n != 0 && !plain_hidden(p + at, n);
        if (used + (shown ? n : 1) >= cap)
            break;
        if (shown)
            memcpy(out + used, p + at, n);
        else
            out[used] = '?';
        used += shown ? n : 1;
        at += n != 0 ? n : 1;
    }
    out[used] = 0;
}
