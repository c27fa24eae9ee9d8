/*
 * Key objects: one ML-KEM or ML-DSA key of any parameter set, and its PEM and DER forms.
 *
 * Public keys are SubjectPublicKeyInfo, private keys PKCS#8 OneAsymmetricKey as RFC 9881 (ML-DSA)
 * and RFC 9935 (ML-KEM) define them: OpenSSL 3.5 reads what is written here and the other way
 * round. A private key is written as its seed where the seed is known, else expanded; all three
 * choices (seed, expanded, both) are read, and both must then agree. An encrypted private key is
 * PKCS#8 PBES2 with scrypt and AES-256-CBC.
 *
 * A key object is never changed after it is made (and, if that is wanted, prepared) and may be used
 * by several threads at once.
 */
#ifndef HEAD2_KEYS_H
#define HEAD2_KEYS_H

#include <head2/secret.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum head2_alg {
    HEAD2_ALG_NONE = 0,
    HEAD2_MLKEM_512,
    HEAD2_MLKEM_768,
    HEAD2_MLKEM_1024,
    HEAD2_MLDSA_44,
    HEAD2_MLDSA_65,
    HEAD2_MLDSA_87
};

#define HEAD2_KEY_ID_BYTES    16
#define HEAD2_KEY_MAX_PUBLIC  2592
#define HEAD2_KEY_MAX_PRIVATE 4896
#define HEAD2_KEY_MAX_SIG     4627
#define HEAD2_KEY_MAX_CT      1568
#define HEAD2_KEY_MAX_FILE    32768 /* longest PEM or DER that is read or written */
#define HEAD2_PASSPHRASE_MAX  1024

struct head2_key;

/* The name in the standard's spelling ("ML-DSA-87"); "none" for no algorithm. */
HEAD2_API const char *head2_alg_name(enum head2_alg alg);
/* The algorithm of a name, letter case ignored; HEAD2_ALG_NONE when there is none. */
HEAD2_API enum head2_alg head2_alg_from_name(const char *name);
HEAD2_API bool head2_alg_is_signature(enum head2_alg alg);
/* Sizes in bytes; sig is 0 for a KEM and ct is 0 for a signature scheme. */
HEAD2_API size_t head2_alg_public_bytes(enum head2_alg alg);
HEAD2_API size_t head2_alg_private_bytes(enum head2_alg alg);
HEAD2_API size_t head2_alg_sig_bytes(enum head2_alg alg);
HEAD2_API size_t head2_alg_ct_bytes(enum head2_alg alg);

/**
 * head2_key_generate - a new key pair from fresh randomness.
 *
 * out  receives the key; free it with head2_key_free
 *
 * Returns HEAD2_OK, HEAD2_E_ARG, HEAD2_E_ENTROPY or HEAD2_E_MEMORY; *out is NULL on error, as with
 * all functions below that make a key.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_generate(struct head2_key **out,
                                                           enum head2_alg alg);

/**
 * head2_key_from_seed - the key pair of a seed: 64 bytes d || z for ML-KEM, 32 bytes xi for ML-DSA.
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (wrong length) or HEAD2_E_MEMORY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_from_seed(struct head2_key **out,
                                                            enum head2_alg alg, const uint8_t *seed,
                                                            size_t seed_len);

/**
 * head2_key_from_public - a public key from its raw FIPS 203 or 204 encoding, which is checked.
 *
 * Returns HEAD2_OK, HEAD2_E_MALFORMED (length, or ML-KEM modulus check) or HEAD2_E_MEMORY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_from_public(struct head2_key **out,
                                                              enum head2_alg alg,
                                                              const uint8_t *pub, size_t pub_len);

/**
 * head2_key_from_private - a key pair from its raw expanded private encoding, which is checked.
 *
 * Returns HEAD2_OK, HEAD2_E_MALFORMED or HEAD2_E_MEMORY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_from_private(struct head2_key **out,
                                                               enum head2_alg alg,
                                                               const uint8_t *priv,
                                                               size_t priv_len);

/**
 * head2_key_protect - move the private part into memory of its own: with guard pages around it,
 * never swapped or dumped, and where the kernel has memfd_secret(2) read by nothing but this
 * process, not even by a debugger. A child process does not have it: do not use the key there. How
 * much can be had depends on RLIMIT_MEMLOCK; 'head2 doctor' tells. Without a private part, or when
 * it is there already, nothing happens.
 *
 * Returns HEAD2_OK or HEAD2_E_MEMORY; then the key is as it was, or not prepared any more.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_protect(struct head2_key *key);

/**
 * head2_key_prepare - expand a key that will be used many times.
 *
 * Signing then costs two thirds, verification and encapsulation one third, decapsulation one half.
 * A private key is prepared for signing or decapsulation, a public one for verification or
 * encapsulation; the other half is used as before. It takes memory: of ML-DSA-87 some 70 KiB, of
 * ML-KEM-1024 some 12 KiB. Call it before the key is shared between threads; a second call does
 * nothing.
 *
 * Returns HEAD2_OK or HEAD2_E_MEMORY: the key can then be used as before.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_prepare(struct head2_key *key);

/* Wipe and free; NULL is allowed. */
HEAD2_API void head2_key_free(struct head2_key *key);

HEAD2_API enum head2_alg head2_key_alg(const struct head2_key *key);
HEAD2_API bool head2_key_has_private(const struct head2_key *key);
HEAD2_API bool head2_key_has_seed(const struct head2_key *key);
/* The raw encodings, head2_alg_public_bytes and head2_alg_private_bytes long, owned by the key.
 * private returns NULL for a public key. */
HEAD2_API const uint8_t *head2_key_public(const struct head2_key *key);
HEAD2_API const uint8_t *head2_key_private(const struct head2_key *key);
/* The first 16 bytes of SHAKE256 of the public key's DER form: names a key, proves nothing. */
HEAD2_API void head2_key_id(const struct head2_key *key, uint8_t id[HEAD2_KEY_ID_BYTES]);
/* HEAD2_OK when both are the same public key of the same algorithm, else HEAD2_E_VERIFY. */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_same_public(const struct head2_key *a,
                                                              const struct head2_key *b);

/**
 * head2_key_sign - pure ML-DSA signature, hedged unless deterministic is set.
 *
 * sig      at least HEAD2_KEY_MAX_SIG bytes
 * sig_len  receives the length
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (not a private ML-DSA key, or ctx_len above 255) or
 * HEAD2_E_ENTROPY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_sign(const struct head2_key *key, uint8_t *sig,
                                                       size_t *sig_len, const uint8_t *msg,
                                                       size_t msg_len, const void *ctx,
                                                       size_t ctx_len, bool deterministic);

/**
 * head2_key_sign_batch - sign n messages with one key under one context, several at a time in the
 * lanes of the processor, where the key is prepared.
 *
 * jobs  each with its message, and a sig as of head2_key_sign; sig_len is set
 *
 * Returns HEAD2_OK when all are signed, else as head2_key_sign, or HEAD2_E_MEMORY: then none is.
 */
struct head2_key_sign_job {
    const uint8_t *msg;
    size_t msg_len;
    uint8_t *sig;
    size_t sig_len;
};
HEAD2_API HEAD2_CHECK enum head2_status head2_key_sign_batch(const struct head2_key *key,
                                                             struct head2_key_sign_job *jobs,
                                                             size_t n, const void *ctx,
                                                             size_t ctx_len, bool deterministic);

/* Returns HEAD2_OK, HEAD2_E_ARG (not an ML-DSA key) or HEAD2_E_VERIFY. */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_verify(const struct head2_key *key,
                                                         const uint8_t *msg, size_t msg_len,
                                                         const void *ctx, size_t ctx_len,
                                                         const uint8_t *sig, size_t sig_len);

/* ct: at least HEAD2_KEY_MAX_CT bytes. Returns HEAD2_OK, HEAD2_E_ARG or HEAD2_E_ENTROPY. */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_encaps(const struct head2_key *key, uint8_t *ct,
                                                         size_t *ct_len, struct head2_secret32 *ss);

/* Returns HEAD2_OK, HEAD2_E_ARG (not a private ML-KEM key) or HEAD2_E_MALFORMED (ct_len). */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_decaps(const struct head2_key *key,
                                                         struct head2_secret32 *ss,
                                                         const uint8_t *ct, size_t ct_len);

enum head2_key_format { HEAD2_KEY_PEM, HEAD2_KEY_DER };

/**
 * head2_key_write_public - SubjectPublicKeyInfo.
 *
 * buf      receives the encoding; PEM is not terminated by a zero byte
 * len      in: room in buf; out: bytes written
 *
 * Returns HEAD2_OK, HEAD2_E_SPACE or HEAD2_E_CRYPTO.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_write_public(const struct head2_key *key,
                                                               enum head2_key_format format,
                                                               uint8_t *buf, size_t *len);

/* Which of the three forms of RFC 9881 and RFC 9935 a private key is written in. */
enum head2_private_form {
    HEAD2_PRIVATE_DEFAULT, /* the seed where it is known, else expanded */
    HEAD2_PRIVATE_SEED,
    HEAD2_PRIVATE_EXPANDED,
    HEAD2_PRIVATE_BOTH
};

/**
 * head2_key_write_private - PKCS#8, encrypted when a passphrase is given.
 *
 * form            HEAD2_E_STATE when it needs a seed that is not known
 * passphrase      NULL for an unencrypted key, which the caller must then protect; else
 *                 passphrase_len bytes, 1 to HEAD2_PASSPHRASE_MAX
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (no private part), HEAD2_E_STATE, HEAD2_E_SPACE or HEAD2_E_CRYPTO.
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_key_write_private(const struct head2_key *key, enum head2_key_format format,
                        enum head2_private_form form, const char *passphrase, size_t passphrase_len,
                        uint8_t *buf, size_t *len);

/* What a passphrase callback is for: it is called only when the key read is encrypted. Writes at
 * most HEAD2_PASSPHRASE_MAX bytes to buf and the count to *len; any status but HEAD2_OK ends the
 * reading with that status. */
typedef enum head2_status head2_passphrase_fn(void *arg, char *buf, size_t *len);

/**
 * head2_key_read - read a public or private key, PEM or DER, told apart by its content.
 *
 * ask, arg   where a passphrase comes from; ask may be NULL (then HEAD2_E_PASSPHRASE)
 * why        NULL, or receives a constant English phrase that says what is wrong with the input
 *
 * Returns HEAD2_OK, HEAD2_E_MALFORMED, HEAD2_E_UNSUPPORTED (a key of another algorithm),
 * HEAD2_E_PASSPHRASE (missing or wrong), HEAD2_E_LIMIT (longer than HEAD2_KEY_MAX_FILE) or
 * HEAD2_E_MEMORY.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_key_read(struct head2_key **out, const uint8_t *buf,
                                                       size_t len, head2_passphrase_fn *ask,
                                                       void *arg, const char **why);

#ifdef __cplusplus
}
#endif

#endif
