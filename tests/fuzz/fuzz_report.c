/*
 * A report over entries of any kind and text, in all four formats. An entry is a byte of kind, two
 * of length, and its text; its time comes from its number.
 */
#include "artifact/report.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define JUNE UINT64_C(1780272000000) /* 2026-06-01 */

static void take_all(struct report *r, const uint8_t *data, size_t len)
{
    for (uint64_t i = 0; len >= 3; i++) {
        size_t n = be16(data + 1);
        n = n < len - 3 ? n : len - 3;
        const struct ledger_entry e = {
            i, data[0], JUNE + (i * 7919 % 97) * 3600000, "a", 1, (const char *)data + 3, n};
        if (report_take(r, &e) != HEAD2_OK)
            abort();
        data += 3 + n;
        len -= 3 + n;
    }
}

static void look(enum doc_format format, const char *text, size_t len)
{
    json_t *o = format == DOC_JSON ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (format == DOC_JSON && o == NULL)
        abort();
    json_decref(o);
    if (format == DOC_HTML && (strstr(text, "<script") != NULL || strstr(text, " src=\"") != NULL))
        abort();
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\r')
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct report_options options = {
        .from_ms = JUNE, .to_ms = JUNE + UINT64_C(3) * 86400000, .judged_ms = JUNE};
    const struct report_basis basis = {.alg = HEAD2_MLDSA_87};
    struct report *r;
    char *out;
    size_t out_len;

    if (report_new(&r, &options) != HEAD2_OK)
        abort();
    take_all(r, data, len);
    for (enum doc_format f = DOC_MD; f <= DOC_JSON; f++) {
        if (report_write(r, &basis, f == DOC_CSV ? JOB_137_71 : REPORT_ALL, f, &out, &out_len) !=
            HEAD2_OK)
            abort();
        look(f, out, out_len);
        free(out);
    }
    report_free(r);
    return 0;
}
