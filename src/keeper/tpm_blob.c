/* see tpm_blob.h */
#include "keeper/tpm_blob.h"

#include <stdio.h>

#define VERSION     1
#define HEAD        (8 + TPM_NAME_BYTES)
#define PART_MAX    1000
#define PCRS        24
#define NAME_SHA256 0x000b /* what the storage key's name is made with */

/* TPM_ALG_ID of the TCG's algorithm registry */
static const struct bank {
    const char *name;
    uint16_t number;
} banks[] = {
    {"sha256", 0x000b},
    {"sha384", 0x000c},
    {"sha512", 0x000d},
};

static const struct bank *bank_of(uint16_t number)
{
    for (size_t i = 0; i < HEAD2_LEN(banks); i++)
        if (banks[i].number == number)
            return &banks[i];
    return NULL;
}

/* ---- registers ---- */

enum head2_status tpm_pcrs_read(struct store_pcrs *out, const char *text)
{
    const char *const colon = strchr(text, ':'), *p = colon;

    *out = (struct store_pcrs){0, 0};
    for (size_t i = 0; colon != NULL && i < HEAD2_LEN(banks); i++)
        if (strlen(banks[i].name) == (size_t)(colon - text) &&
            memcmp(banks[i].name, text, (size_t)(colon - text)) == 0)
            out->bank = banks[i].number;
    if (out->bank == 0)
        return HEAD2_E_MALFORMED;
    do { /* p stands on the colon or a comma */
        unsigned n = 0, digits = 0;
        for (p++; *p >= '0' && *p <= '9' && digits < 3; p++, digits++)
            n = 10 * n + (unsigned)(*p - '0');
        if (digits == 0 || digits == 3 || n >= PCRS || (out->mask & 1u << n) != 0)
            return HEAD2_E_MALFORMED;
        out->mask |= 1u << n;
    } while (*p == ',');
    return *p == 0 ? HEAD2_OK : HEAD2_E_MALFORMED;
}

void tpm_pcrs_write(char out[TPM_PCRS_TEXT], const struct store_pcrs *pcrs)
{
    const struct bank *const bank = bank_of(pcrs->bank);
    char mark = ':';

    /* 6 of the name, 24 marks, 10 and 28 digits */
    size_t at = (size_t)snprintf(out, TPM_PCRS_TEXT, "%s", bank != NULL ? bank->name : "");
    for (unsigned n = 0; bank != NULL && n < PCRS; n++)
        if ((pcrs->mask & 1u << n) != 0) {
            at += (size_t)snprintf(out + at, TPM_PCRS_TEXT - at, "%c%u", mark, n);
            mark = ',';
        }
}

/* ---- blobs ---- */

static bool blob_ok(const struct tpm_blob *b)
{
    const bool none = b->pcrs.bank == 0 && b->pcrs.mask == 0;
    const bool some =
        bank_of(b->pcrs.bank) != NULL && b->pcrs.mask != 0 && b->pcrs.mask >> PCRS == 0;

    return (none || some) && be16(b->parent) == NAME_SHA256 && b->public_len > 2 &&
           b->public_len <= PART_MAX && b->private_len > 2 && b->private_len <= PART_MAX &&
           be16(b->public) == b->public_len - 2 && be16(b->private) == b->private_len - 2;
}

size_t tpm_blob_write(uint8_t out[TPM_BLOB_MAX], const struct tpm_blob *b)
{
    if (!blob_ok(b))
        return 0;
    out[0] = VERSION;
    out[1] = b->has_pin;
    put_be16(out + 2, b->pcrs.bank);
    put_be32(out + 4, b->pcrs.mask);
    memcpy(out + 8, b->parent, TPM_NAME_BYTES);
    memcpy(out + HEAD, b->public, b->public_len);
    memcpy(out + HEAD + b->public_len, b->private, b->private_len);
    return HEAD + b->public_len + b->private_len;
}

enum head2_status tpm_blob_read(struct tpm_blob *b, const uint8_t *in, size_t len)
{
    memset(b, 0, sizeof *b);
    if (len == 0)
        return HEAD2_E_MALFORMED;
    if (in[0] != VERSION)
        return HEAD2_E_UNSUPPORTED;
    if (len < HEAD + 2 || in[1] > 1)
        return HEAD2_E_MALFORMED;
    b->has_pin = in[1] == 1;
    b->pcrs = (struct store_pcrs){be16(in + 2), be32(in + 4)};
    memcpy(b->parent, in + 8, TPM_NAME_BYTES);
    b->public = in + HEAD;
    b->public_len = 2 + (size_t)be16(b->public);
    if (len < HEAD + b->public_len + 2)
        return HEAD2_E_MALFORMED;
    b->private = b->public + b->public_len;
    b->private_len = len - HEAD - b->public_len;
    return blob_ok(b) ? HEAD2_OK : HEAD2_E_MALFORMED;
}
