/*
 * The offline check of a receipts folder: every file well-formed, every text with its hash, every
 * signature by the given key, every receipt naming the one before, no index missing or twice.
 *
 * What it cannot see: receipts cut off at the end of the chain, or a folder rewritten by somebody
 * with the signing key. The newest index and the hash of its file, kept elsewhere, show both.
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_VERIFY_H
#define HEAD2_ARTIFACT_RECEIPT_VERIFY_H

#include "artifact/receipt_store.h"

/* Called for each fault: the file's name (or the index that is missing) and what is wrong. */
typedef void receipt_fault_fn(void *arg, const char *file, const char *what);

struct receipt_report {
    uint64_t count;  /* receipt files */
    uint64_t faults; /* calls of the function */
    uint64_t first, last;
    uint8_t head[32]; /* BLAKE3 of the newest receipt's file */
    uint64_t others;  /* files that are no receipts, the store's own files apart */
};

/* HEAD2_OK when there is no fault, HEAD2_E_VERIFY when there are some; HEAD2_E_IO (errno) when the
 * folder cannot be read, HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status receipt_verify_folder(const char *folder, const struct head2_key *key,
                                                    receipt_fault_fn *tell, void *arg,
                                                    struct receipt_report *report);

#endif
