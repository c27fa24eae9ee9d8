/*
 * The receipt's parser: what it accepts is exactly what the writer writes, whether the text has its
 * hash or not; what it refuses it says why. The input is a receipt, or (first byte below 0x20,
 * which no receipt of the seeds has) a list of edits to a whole one.
 */
#include "artifact/receipt_file.h"
#include "edit.h"

static uint8_t base[RECEIPT_MU_MAX];
static size_t base_len;

/* A receipt of entry 0 of 1, signed by a fixed key. */
static void make_base(void)
{
    static const char text[] =
        "# Key Rotation Event 1\nPeer: \xc3\xb6\nSubject: a\n.mu: rotation_1.mu";
    const struct ledger_entry e = {
        .kind = RECEIPT_ROTATION, .ms = 1795000000000, .text = text, .text_len = sizeof text - 1};
    static struct receipt_file r;
    uint8_t seed[32] = {1}, leaf[LEDGER_LEAF_BYTES];
    struct checkpoint c = {.size = 1, .ms = 1795000000001};
    const struct merkle_nodes none = {NULL, NULL};
    struct head2_key *key = NULL;

    FUZZ_ASSERT(head2_key_from_seed(&key, HEAD2_MLDSA_87, seed, sizeof seed) == HEAD2_OK);
    const struct artifact_signer signer = artifact_signer_of_key(key, true);
    ledger_leaf(leaf, &e);
    merkle_leaf(c.root, leaf, sizeof leaf);
    FUZZ_ASSERT(checkpoint_sign(&c, &signer, key) == HEAD2_OK);
    FUZZ_ASSERT(receipt_file_make(&r, &e, &c, &none) == HEAD2_OK);
    base_len = sizeof base;
    FUZZ_ASSERT(receipt_file_write(&r, base, &base_len) == HEAD2_OK);
    head2_key_free(key);
}

static void try_file(const uint8_t *file, size_t len)
{
    static struct receipt_file r;
    static uint8_t back[RECEIPT_MU_MAX * 2];
    struct receipt_file_fault fault;
    size_t n = sizeof back;

    const enum head2_status st = receipt_file_parse(&r, file, len, &fault);
    FUZZ_ASSERT((st == HEAD2_OK) == (fault.what[0] == 0));
    if (st != HEAD2_OK && st != HEAD2_E_VERIFY)
        return;
    FUZZ_ASSERT(receipt_file_write(&r, back, &n) == HEAD2_OK && n == len);
    FUZZ_ASSERT(memcmp(back, file, len) == 0 && len <= RECEIPT_MU_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[RECEIPT_MU_MAX + 256];
    struct input in = {data, size};

    if (base_len == 0)
        make_base();
    if (size == 0 || data[0] >= 0x20) {
        try_file(data, size);
        return 0;
    }
    size_t len = base_len;
    memcpy(file, base, len);
    edit(&in, file, &len, sizeof file);
    try_file(file, len);
    return 0;
}
