/*
 * The signature block: eight or so lines between two `---`, at the end of a MAML document or in a
 * file of its own (NAME.sig.maml). What is signed is a digest of the artifact and every line of the
 * block but the signature itself and the receipt hint, under the context head2/artifact/1.
 *
 * To sign: fill the fields, hash the artifact into digest, sigblock_sign, sigblock_write. To
 * verify: sigblock_find (in a document), sigblock_parse, hash the artifact with the block's hash,
 * and sigblock_check with a key that is trusted from elsewhere (see trust.h).
 */
#ifndef HEAD2_ARTIFACT_SIGBLOCK_H
#define HEAD2_ARTIFACT_SIGBLOCK_H

#include "artifact/signer.h"
#include "artifact/utc.h"

#include <head2/hash.h>

#define SIGBLOCK_CONTEXT      "head2/artifact/1"
#define SIGBLOCK_TEXT_MAX     255   /* bytes of a signer's name, or of a media type */
#define SIGBLOCK_PROOF_MAX    65536 /* bytes of an evidence record */
#define SIGBLOCK_MAX          98304 /* characters of a block */
#define SIGBLOCK_MESSAGE_MAX  768
#define SIGBLOCK_DOCUMENT_MAX ((size_t)1 << 20) /* bytes of a MAML document */

enum sigblock_hash { SIGBLOCK_BLAKE3 = 1, SIGBLOCK_SHA3_512 = 2 };

struct sigblock {
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t sig_len;
    enum sigblock_hash hash;
    uint8_t digest[64]; /* 32 bytes of it for BLAKE3 */
    uint64_t time_ms;
    char signer[SIGBLOCK_TEXT_MAX + 1];
    enum head2_alg alg;
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    char media_type[SIGBLOCK_TEXT_MAX + 1];
    bool has_receipt;
    uint64_t receipt; /* a hint, not signed */
    bool has_proof;
    uint8_t proof_hash[64]; /* SHA3-512 of the evidence record */
};

/* Hashing an artifact piece by piece, or a file; the latter by several threads where the owner,
 * after sigblock_hash_init, sets a runner and the hash is BLAKE3. */
struct sigblock_hasher {
    enum sigblock_hash hash;
    const struct head2_runner *runner;
    union {
        struct head2_blake3 blake3;
        struct head2_keccak sha3;
    } u;
};
void sigblock_hash_init(struct sigblock_hasher *h, enum sigblock_hash hash);
void sigblock_hash_update(struct sigblock_hasher *h, const void *in, size_t len);
/* All of a file, or of standard input for "-"; a large file by the runner's threads, which read
 * their parts of it themselves. HEAD2_OK, or HEAD2_E_IO with errno. */
HEAD2_CHECK enum head2_status sigblock_hash_file(struct sigblock_hasher *h, const char *path);
void sigblock_hash_final(struct sigblock_hasher *h, uint8_t digest[64]);
size_t sigblock_digest_bytes(enum sigblock_hash hash);

/* Whether a name or media type can stand in a block: 1 to 255 bytes of UTF-8 without control
 * characters, quotes and backslashes; a media type is ASCII and TYPE/SUBTYPE. */
bool sigblock_signer_ok(const char *name);
bool sigblock_media_type_ok(const char *type);

/* M of formats.md section 2: what ML-DSA signs. Returns its length. */
size_t sigblock_message(const struct sigblock *b, uint8_t out[SIGBLOCK_MESSAGE_MAX]);

/* Fills alg, key_id, sig of up to SIGBLOCK_BATCH blocks. HEAD2_OK, HEAD2_E_ARG (a field that cannot
 * be written) or the signer's: then none is signed. */
#define SIGBLOCK_BATCH 32
HEAD2_CHECK enum head2_status sigblock_sign(struct sigblock *const *blocks, size_t n,
                                            const struct artifact_signer *s);

/* The text of the block. proof is what proof_hash is the hash of. *len in: room, out: length. */
HEAD2_CHECK enum head2_status sigblock_write(const struct sigblock *b, const uint8_t *proof,
                                             size_t proof_len, char *out, size_t *len);

/* What is wrong with a block and in which of its lines (from 1). */
struct sigblock_fault {
    unsigned line;
    const char *what;
};

/* Strict: the lines in their order, each once, nothing else, base64 and times in their one
 * spelling. The values may also stand without quotes, and the hash as `blake3: HEX`, as the
 * published guide prints them. HEAD2_OK, HEAD2_E_MALFORMED or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status sigblock_parse(struct sigblock *b, const char *text, size_t len,
                                             struct sigblock_fault *fault);

/* The evidence record of a block that sigblock_parse has taken. *len in: room, out: length.
 * HEAD2_OK, HEAD2_E_STATE (there is none), HEAD2_E_MALFORMED or HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status sigblock_proof(const char *text, size_t text_len, uint8_t *out,
                                             size_t *len);

/* Where in a document the block starts: the `---` that opens it. HEAD2_E_MALFORMED when the
 * document does not end in one. */
HEAD2_CHECK enum head2_status sigblock_find(const uint8_t *doc, size_t len, size_t *start);

/* Whether a document opens with MAML front matter. */
bool sigblock_is_maml(const uint8_t *doc, size_t len);

enum verdict {
    VERDICT_VALID,
    VERDICT_MALFORMED,
    VERDICT_HASH,      /* the artifact is not what was signed */
    VERDICT_SIGNER,    /* no trusted key of that name and key id */
    VERDICT_SIGNATURE, /* the signature does not hold */
    VERDICT_REVOKED,
    VERDICT_NOT_YET, /* before the key's validity */
    VERDICT_EXPIRED, /* after it */
    VERDICT_FUTURE   /* signed later than now */
};
const char *verdict_text(enum verdict verdict);

#define SIGBLOCK_CLOCK_SKEW_MS 300000 /* how far ahead of ours a signer's clock may be */

/* Judge a block against the artifact's digest, one trusted key and the present time. */
enum verdict sigblock_check(const struct sigblock *b, const uint8_t digest[64],
                            const struct head2_key *key, uint64_t now_ms);

#endif
