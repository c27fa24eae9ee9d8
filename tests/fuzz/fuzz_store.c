/*
 * The records of the sealed store: what is accepted is written again as the same bytes, and no
 * wrapping asks for more work than the limits. The first byte says which record it is; the last two
 * are what a TPM's wrapping has, without the checksum around it, and an anchor in a ledger.
 */
#include "keeper/store_form.h"
#include "keeper/store_ledger.h"
#include "keeper/tpm_blob.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void same(const void *again, size_t again_len, const uint8_t *data, size_t len)
{
    if (again_len != len || memcmp(again, data, len) != 0)
        abort();
}

static void wrapping(const uint8_t *data, size_t len)
{
    static uint8_t again[FORM_WRAPPING_MAX];
    struct form_wrapping w;

    if (form_wrapping_read(&w, data, len) != HEAD2_OK)
        return;
    if (w.about.log_n > FORM_LOG_N_MAX || w.about.p > FORM_P_MAX || w.extra_len > FORM_EXTRA_MAX)
        abort();
    same(again, form_wrapping_write(again, &w), data, len);
}

static void meta(const uint8_t *data, size_t len)
{
    uint8_t again[FORM_META_BYTES];
    struct store_meta m;

    if (form_meta_read(&m, data, len) != HEAD2_OK)
        return;
    if (form_meta_write(again, &m) != HEAD2_OK)
        abort();
    same(again, sizeof again, data, len);
}

static void of_tpm(const uint8_t *data, size_t len)
{
    uint8_t again[TPM_BLOB_MAX];
    char text[TPM_PCRS_TEXT];
    struct store_pcrs pcrs;
    struct tpm_blob b;

    if (tpm_blob_read(&b, data, len) != HEAD2_OK)
        return;
    same(again, tpm_blob_write(again, &b), data, len);
    tpm_pcrs_write(text, &b.pcrs);
    if (b.pcrs.bank != 0 && (tpm_pcrs_read(&pcrs, text) != HEAD2_OK || pcrs.bank != b.pcrs.bank ||
                             pcrs.mask != b.pcrs.mask))
        abort();
}

static void in_ledger(const uint8_t *data, size_t len)
{
    struct ledger_entry e = {.kind = RECEIPT_STORE, .text = (const char *)data, .text_len = len};
    struct store_anchor_entry again;
    struct store_anchor a, b;

    if (store_anchor_read(&a, &e) == HEAD2_OK &&
        (store_anchor_write(&again, &a, 0) != HEAD2_OK ||
         store_anchor_read(&b, &again.entry) != HEAD2_OK || memcmp(&a, &b, sizeof a) != 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t record[FORM_HEADER_BYTES];
    char line[FORM_REVISION_MAX];
    struct form_header header;
    struct store_anchor anchor;

    if (len == 0)
        return 0;
    const uint8_t which = data[0] % 6;
    data++;
    len--;
    if (which == 0)
        wrapping(data, len);
    else if (which == 1)
        meta(data, len);
    else if (which == 2 && form_header_read(&header, data, len) == HEAD2_OK) {
        form_header_write(record, &header);
        same(record, sizeof record, data, len);
    } else if (which == 3 && form_revision_read(&anchor, (const char *)data, len) == HEAD2_OK) {
        same(line, form_revision_write(line, &anchor), data, len);
    } else if (which == 4) {
        of_tpm(data, len);
    } else if (which == 5) {
        in_ledger(data, len);
    }
    return 0;
}
