/*
 * The sealed store: private keys at rest, each under AES-256-GCM with a key-encryption key (KEK)
 * that a passphrase, a key file, a systemd credential or a TPM unwraps. docs/formats.md has the
 * format and what it finds: records that were changed, swapped, dropped or put back, and a whole
 * store that was put back, by store.revision beside it and by what the caller anchors elsewhere.
 *
 * The folder holds store.sqlite, store.revision and store.lock. One process has it open for work;
 * others may look at it (store_look), which unseals nothing and checks no more than the form. An
 * open store has checked everything. It keeps what it has checked in memory, so that what somebody
 * else changes in the file while it is open is found when it is used.
 *
 * One thread at a time. The KEK lies in memory of secmem.h; an unsealed private part does so too,
 * but for the moments in which libcrypto or a key's decoder works on it, and is wiped.
 *
 * Everything that can fail fills *fault. Beside what is said below: HEAD2_E_IO (fault->error says
 * why), HEAD2_E_MEMORY, HEAD2_E_CRYPTO, HEAD2_E_ENTROPY; HEAD2_E_MALFORMED (not a store, or
 * damaged), HEAD2_E_VERIFY (something does not hold: changed on purpose, or put back).
 */
#ifndef HEAD2_KEEPER_STORE_H
#define HEAD2_KEEPER_STORE_H

#include "base/base.h"

#include <head2/keys.h>

#define STORE_FILE          "store.sqlite"
#define STORE_REVISION_FILE "store.revision"

#define STORE_ID_BYTES      16
#define STORE_KEK_BYTES     32
#define STORE_DIGEST_BYTES  32
#define STORE_LABEL_MAX     64 /* with the zero byte; printable ASCII and UTF-8 */
#define STORE_OBJECTS_MAX   100000
#define STORE_WRAPPINGS_MAX 8
/* Seals under one KEK, each with a random 96-bit nonce: SP 800-38D allows 2^32. */
#define STORE_SEALS_MAX (UINT64_C(1) << 31)
/* Uses are written ahead in blocks: see store_use. */
#define STORE_USE_BLOCK 256

struct store_fault {
    int error; /* errno, where the system has refused something; what says it too */
    char where[512];
    char what[200];
    char hint[160];
};

/* ---- objects ---- */

enum store_state {
    STORE_PREACTIVE = 1,
    STORE_ACTIVE,
    STORE_DEACTIVATED, /* no new signatures or encapsulations */
    STORE_REVOKED      /* compromised, or taken back */
};

enum store_purpose {
    STORE_SIGN = 1,
    STORE_VERIFY = 2,
    STORE_ENCAPSULATE = 4,
    STORE_DECAPSULATE = 8,
    STORE_DERIVE = 16,
    STORE_SEAL = 32,      /* for a named purpose */
    STORE_OUTPUT = 64,    /* what is derived may leave */
    STORE_MADE_HERE = 256 /* no purpose, and not in all of them: a keeper made the key */
};
#define STORE_PURPOSES 127u

/* All times are milliseconds since 1970, 0 is "none". The store keeps policies; who uses the key
 * obeys them. */
struct store_meta {
    uint8_t id[HEAD2_KEY_ID_BYTES];
    enum head2_alg alg;
    enum store_state state;
    char label[STORE_LABEL_MAX];
    uint32_t purposes; /* bits of enum store_purpose */
    bool extractable;
    /* who approves the use of its private part, by a signature; zeros: nobody needs to */
    uint8_t approver[HEAD2_KEY_ID_BYTES];
    uint32_t rate_count, rate_seconds; /* at most so many uses in so many seconds; 0, 0: no limit */
    uint64_t created_ms, activated_ms, deactivated_ms;
    uint64_t not_before_ms, not_after_ms;
    uint64_t uses;     /* never less than there were */
    uint64_t revision; /* of the store, when the object was last written */
};

bool store_has_approver(const struct store_meta *meta);

/* ---- what unwraps the KEK ---- */

enum store_wrap_type {
    STORE_WRAP_KEK = 0,    /* not a wrapping: the KEK itself, which a monitor has kept */
    STORE_WRAP_PASSPHRASE, /* scrypt */
    STORE_WRAP_KEY_FILE,   /* 32 bytes or more, for its owner alone */
    STORE_WRAP_CREDENTIAL, /* the same, in $CREDENTIALS_DIRECTORY */
    STORE_WRAP_TPM         /* TPM 2.0: see tpm.h */
};

/* Registers (PCRs) of a TPM: of the bank of this hash (TPM_ALG_ID), those whose bits are set. None:
 * 0, 0. */
struct store_pcrs {
    uint16_t bank;
    uint32_t mask;
};

struct store_unlock {
    enum store_wrap_type type;
    head2_passphrase_fn *ask; /* of a passphrase; of a TPM its PIN, NULL: a new one has none */
    void *arg;
    const char *path; /* of a key file; of a credential its name; of a TPM its address, or NULL */
    struct store_pcrs pcrs; /* of a new TPM wrapping: opens only while they are as they are now */
    const uint8_t *kek;     /* of STORE_WRAP_KEK */
    unsigned log_n;         /* of a new passphrase: scrypt's log2 N; 0 for the usual */
};

/* What can be said of a wrapping without unwrapping it. */
struct store_wrapping {
    enum store_wrap_type type;
    uint32_t number;
    char label[STORE_LABEL_MAX]; /* of a credential its name, otherwise "" */
    unsigned log_n, r, p;        /* of a passphrase */
    bool has_pin;                /* of a TPM, and its registers */
    struct store_pcrs pcrs;
};

/* ---- opening ---- */

struct store;

/*
 * Make a store, with 1 to STORE_WRAPPINGS_MAX wrappings of a fresh KEK, and open it.
 * HEAD2_E_STATE: there is one already, or was one. HEAD2_E_POLICY: a key file others can read. A
 * TPM adds what tpm.h says; a child process talks to it.
 */
HEAD2_CHECK enum head2_status store_create(struct store **out, const char *folder,
                                           const struct store_unlock *unlocks, size_t n,
                                           struct store_fault *fault);
/*
 * Open, unseal and check everything. HEAD2_E_PASSPHRASE: no wrapping opens with that;
 * HEAD2_E_STATE: another process has it open; HEAD2_E_VERIFY: see above, fault->what says what.
 */
HEAD2_CHECK enum head2_status store_open(struct store **out, const char *folder,
                                         const struct store_unlock *unlock,
                                         struct store_fault *fault);
/* Without a key and without the lock: metadata and public keys, of which the form alone is checked.
 * Whatever needs more returns HEAD2_E_ARG. */
HEAD2_CHECK enum head2_status store_look(struct store **out, const char *folder,
                                         struct store_fault *fault);
/* Writes what is counted and not written (store_flush); NULL is allowed. */
void store_close(struct store *s);

/* The KEK in protected memory, as long as the store is open; for STORE_WRAP_KEK later. */
const uint8_t *store_kek(const struct store *s);
/* The KEK alone, for a monitor that does not open the store. kek should be memory of secmem.h. It
 * is not known to be that of the objects until store_open has taken it. */
HEAD2_CHECK enum head2_status store_unwrap(uint8_t kek[STORE_KEK_BYTES], const char *folder,
                                           const struct store_unlock *unlock,
                                           struct store_fault *fault);

/* ---- the anchor ---- */

/* What there is to be written down elsewhere: who holds an anchor can tell an older store. */
struct store_anchor {
    uint8_t id[STORE_ID_BYTES];
    uint64_t revision;                  /* grows by one with each change */
    uint8_t digest[STORE_DIGEST_BYTES]; /* of the sealed header */
};
void store_get_anchor(const struct store *s, struct store_anchor *out);
/* fn is called after each change, which is durable then. */
typedef void store_anchor_fn(void *arg, const struct store_anchor *anchor);
void store_on_anchor(struct store *s, store_anchor_fn *fn, void *arg);

/* ---- objects ---- */

size_t store_count(const struct store *s);
/* By number, in the order of their ids; good until the next change. */
const struct store_meta *store_at(const struct store *s, size_t i);
/* NULL: there is none. */
const struct store_meta *store_find(const struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES]);

/*
 * Seal a private key. Of meta the label, state, purposes, extractable, approver, limits and
 * times are taken; id, algorithm, uses and revision are the store's to say. HEAD2_E_STATE: the key
 * is there already; HEAD2_E_ARG: no private key, or metadata out of range; HEAD2_E_LIMIT: too many
 * objects or seals.
 */
HEAD2_CHECK enum head2_status store_put(struct store *s, const struct head2_key *key,
                                        const struct store_meta *meta, struct store_fault *fault);
/* Unseal a key into protected memory. HEAD2_E_STATE: there is none. */
HEAD2_CHECK enum head2_status store_get(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                        struct head2_key **out, struct store_fault *fault);
/* Its public key alone. */
HEAD2_CHECK enum head2_status store_get_public(struct store *s,
                                               const uint8_t id[HEAD2_KEY_ID_BYTES],
                                               struct head2_key **out, struct store_fault *fault);
/* Change what meta->id names, as store_put takes it. What is not extractable never becomes so
 * (HEAD2_E_POLICY). */
HEAD2_CHECK enum head2_status store_update(struct store *s, const struct store_meta *meta,
                                           struct store_fault *fault);
/*
 * Count n uses (at most STORE_USE_BLOCK), before the result of the use is given away. The disk
 * always holds at least what was counted: it is written ahead, STORE_USE_BLOCK at a time, so that
 * one call in as many waits for the disk. After a crash the count may be up to STORE_USE_BLOCK too
 * high, and never too low; store_flush and store_close write the exact one.
 */
HEAD2_CHECK enum head2_status store_use(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                        uint32_t n, struct store_fault *fault);
HEAD2_CHECK enum head2_status store_flush(struct store *s, struct store_fault *fault);
/* Overwrite the sealed part with zeros and remove the object. HEAD2_E_STATE: there is none. */
HEAD2_CHECK enum head2_status store_destroy(struct store *s, const uint8_t id[HEAD2_KEY_ID_BYTES],
                                            struct store_fault *fault);

/* ---- wrappings ---- */

/* How many there are; up to cap of them are written to out. */
size_t store_wrappings(const struct store *s, struct store_wrapping *out, size_t cap);
/* HEAD2_E_LIMIT: there are STORE_WRAPPINGS_MAX. */
HEAD2_CHECK enum head2_status store_add_wrapping(struct store *s, const struct store_unlock *unlock,
                                                 struct store_fault *fault);
/* HEAD2_E_STATE: there is none of that number; HEAD2_E_POLICY: it is the last. Whoever has an old
 * copy of the file and the secret still opens that copy: store_rewrap gives a new KEK. */
HEAD2_CHECK enum head2_status store_remove_wrapping(struct store *s, uint32_t number,
                                                    struct store_fault *fault);
/* A new KEK for all objects, wrapped by these n and no others. Whatever happens in between, the
 * store is as it was or all new. */
HEAD2_CHECK enum head2_status store_rewrap(struct store *s, const struct store_unlock *unlocks,
                                           size_t n, struct store_fault *fault);

/* ---- checks and copies ---- */

/* Beyond what opening has checked: the database's own structure, and that each private part is that
 * of its public key. */
HEAD2_CHECK enum head2_status store_check(struct store *s, struct store_fault *fault);

/* The store as it is now, in one file, which must not exist (HEAD2_E_IO with EEXIST). */
HEAD2_CHECK enum head2_status store_backup(struct store *s, const char *path,
                                           struct store_fault *fault);
/* Check a backup whole, without changing anything. */
HEAD2_CHECK enum head2_status store_check_backup(const char *path,
                                                 const struct store_unlock *unlock,
                                                 struct store_anchor *anchor, size_t *objects,
                                                 struct store_fault *fault);
/*
 * Put a backup, checked whole before, in the place of the store in folder, if any. Its revision
 * becomes higher than that of the backup, of store.revision and of how->above. Without how->replace
 * an existing store stays (HEAD2_E_STATE); another store's than the backup's always does
 * (HEAD2_E_POLICY). how->now is the anchor then.
 */
struct store_restoring {
    bool replace;
    uint64_t above;
    struct store_anchor now;
};
HEAD2_CHECK enum head2_status store_restore(const char *folder, const char *path,
                                            const struct store_unlock *unlock,
                                            struct store_restoring *how, struct store_fault *fault);

#endif
