/*
 * A folder of receipts, chained: each names the BLAKE3 of the one before. Appending takes the
 * folder's lock, finds the newest receipt, and writes the next one to a temporary name that is
 * fsync'd and renamed, so that a crash leaves either the receipt or nothing. Several processes and
 * threads may append; each waits for the lock up to five seconds.
 *
 * Who signs: one folder, one signer, so that one public key checks the chain; it is kept as
 * receipts.pub.pem in the folder. Ordinarily it is the folder's own identity, receipts.key.pem
 * (ML-DSA-87, mode 0600, made on first use). A program with an identity of its own, such as a
 * gateway whose key is elsewhere, claims the folder for it with receipt_store_claim; others are
 * then refused. Keep a copy of receipts.pub.pem elsewhere: whoever can write to the folder could
 * otherwise replace it, receipts and all.
 */
#ifndef HEAD2_ARTIFACT_RECEIPT_STORE_H
#define HEAD2_ARTIFACT_RECEIPT_STORE_H

#include "artifact/receipt.h"

#define RECEIPT_LOCK_WAIT_MS 5000
#define RECEIPT_KEY_FILE     "receipts.key.pem"
#define RECEIPT_PUBLIC_FILE  "receipts.pub.pem"

struct receipt_store;

/* What went wrong with which file; errno of the system call, or 0. */
struct receipt_fault {
    char where[512];
    char what[160];
    int error;
};

/* Make the folder if need be (mode 0700). HEAD2_OK, HEAD2_E_IO or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status receipt_store_open(struct receipt_store **out, const char *folder,
                                                 struct receipt_fault *fault);
void receipt_store_close(struct receipt_store *store);

/* The folder's own identity, made when there is none. The signer borrows *key, which the caller
 * frees after the last append. HEAD2_E_POLICY when others may read the key file, or when the folder
 * has another signer. */
HEAD2_CHECK enum head2_status receipt_store_identity(struct receipt_store *store,
                                                     struct head2_key **key,
                                                     struct receipt_fault *fault);

/* Claim the folder for a signer with this ML-DSA key (its public part is enough), instead of
 * receipt_store_identity. HEAD2_E_POLICY when the folder has another signer. */
HEAD2_CHECK enum head2_status receipt_store_claim(struct receipt_store *store,
                                                  const struct head2_key *key,
                                                  struct receipt_fault *fault);

/* Check that a receipt could be appended now (the folder can be written), without appending. */
HEAD2_CHECK enum head2_status receipt_store_ready(struct receipt_store *store,
                                                  struct receipt_fault *fault);

/* From any thread: wait for the lock no longer than until this time of the monotonic clock, in
 * milliseconds, also where another thread waits already. */
void receipt_store_hurry(struct receipt_store *store, uint64_t until_ms);

/* What must be done before the receipt that tells of it is written, and needs its index. Called
 * with the lock held; when it fails there is no receipt, and its status is the append's. */
struct receipt_before {
    enum head2_status (*fn)(void *arg, uint64_t index);
    void *arg;
};

/* What goes into one receipt; forward is what receipt_text made. */
struct receipt_entry {
    enum receipt_kind kind;
    const char *subject;
    uint64_t number;
    const char *forward;
    size_t forward_len;
    const struct receipt_before *before; /* or NULL */
};

/*
 * Append; *index receives its index and name (RECEIPT_NAME_MAX bytes, or NULL) its file's name.
 * HEAD2_OK; HEAD2_E_STATE (another process holds the lock), HEAD2_E_IO, HEAD2_E_LIMIT, or the
 * signer's status. A store may be shared by threads.
 */
HEAD2_CHECK enum head2_status receipt_store_append(struct receipt_store *store,
                                                   const struct receipt_entry *entry,
                                                   const struct artifact_signer *signer,
                                                   uint64_t *index, char *name,
                                                   struct receipt_fault *fault);

#endif
