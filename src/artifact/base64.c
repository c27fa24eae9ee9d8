/* see base64.h */
#include "artifact/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *out, const uint8_t *in, size_t len)
{
    for (; len >= 3; len -= 3, in += 3) {
        uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        for (int shift = 18; shift >= 0; shift -= 6)
            *out++ = alphabet[v >> shift & 63];
    }
    if (len == 0)
        return;
    uint32_t v = (uint32_t)in[0] << 16 | (len == 2 ? (uint32_t)in[1] << 8 : 0);
    *out++ = alphabet[v >> 18];
    *out++ = alphabet[v >> 12 & 63];
    *out++ = len == 2 ? alphabet[v >> 6 & 63] : '=';
    *out = '=';
}

static int digit(char c)
{
    const char *at = c != 0 ? strchr(alphabet, c) : NULL;
    return at != NULL ? (int)(at - alphabet) : -1;
}

enum head2_status base64_decode(uint8_t *out, size_t cap, size_t *out_len, const char *text,
                                size_t len)
{
    size_t pad = 0, n = 0;

    *out_len = 0;
    if (len % 4 != 0)
        return HEAD2_E_MALFORMED;
    while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
        pad++;
    if (len / 4 * 3 - pad > cap)
        return HEAD2_E_SPACE;
    for (size_t i = 0; i < len; i += 4) {
        uint32_t v = 0;
        const size_t missing = i + 4 == len ? pad : 0;
        for (size_t j = 0; j < 4; j++) {
            int d = j >= 4 - missing ? 0 : digit(text[i + j]);
            if (d < 0)
                return HEAD2_E_MALFORMED;
            v = v << 6 | (uint32_t)d;
        }
        if ((v & ((1u << (8 * missing)) - 1)) != 0)
            return HEAD2_E_MALFORMED; /* bits that encode nothing must be zero */
        for (size_t j = 0; j < 3 - missing; j++)
            out[n++] = (uint8_t)(v >> (16 - 8 * j));
    }
    *out_len = n;
    return HEAD2_OK;
}

void hex_encode(char *out, const uint8_t *in, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[in[i] >> 4];
        out[2 * i + 1] = digits[in[i] & 15];
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum head2_status hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len != 2 * len)
        return HEAD2_E_MALFORMED;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return HEAD2_E_MALFORMED;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return HEAD2_OK;
}
