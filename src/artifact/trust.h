/*
 * The trust file: who may sign. One signer a line, in the manner of ssh's allowed_signers:
 *
 *     # name          key file, or SHA3-512 of the SPKI   valid-after  valid-before  revoked-at
 *     CHIMERA-HEAD-2  gateway.pub.pem                     2026-01-01   -             -
 *     "Ada Lovelace"  4f0c… (128 hex digits)
 *
 * `-` leaves a time open; times are RFC 3339 in UTC, or a day. Key files are found from the trust
 * file's folder. A key that is revoked in any line is revoked, whatever the name and whatever time
 * a signature claims: the claim proves nothing once the key is stolen. What another party has
 * recorded before (trust_judge_then) does. A key known by its hash only must be given by the
 * caller.
 */
#ifndef HEAD2_ARTIFACT_TRUST_H
#define HEAD2_ARTIFACT_TRUST_H

#include "artifact/sigblock.h"

#define TRUST_FILE_MAX  ((size_t)1 << 20)
#define TRUST_LINES_MAX 10000

struct trust;

struct trust_fault {
    unsigned line; /* 0: the file itself */
    char what[320];
};

/* HEAD2_OK; HEAD2_E_MALFORMED, HEAD2_E_IO, HEAD2_E_LIMIT or HEAD2_E_MEMORY with *fault. */
HEAD2_CHECK enum head2_status trust_read(struct trust **out, const char *path,
                                         struct trust_fault *fault);
void trust_free(struct trust *trust);
size_t trust_count(const struct trust *trust);

/* Judge a block as sigblock_check does, with the keys and rules of a trust file. key: NULL, or a
 * key for lines that know theirs by hash. */
enum verdict trust_judge(const struct trust *trust, const struct sigblock *b,
                         const uint8_t digest[64], const struct head2_key *key, uint64_t now_ms);

/* The same judged as of a time before: revocation and validity are those of then_ms, at which, as
 * the caller knows from somebody else than the signer, the signature had been made. */
enum verdict trust_judge_then(const struct trust *trust, const struct sigblock *b,
                              const uint8_t digest[64], const struct head2_key *key,
                              uint64_t now_ms, uint64_t then_ms);

/* Whether any line says that this key is revoked, at whatever time. */
bool trust_revoked(const struct trust *trust, const struct head2_key *key);

/* The same for anything that names its signer and can be checked with a key: check returns what
 * sigblock_check would. */
struct trust_claim {
    const char *signer;
    enum verdict (*check)(const void *arg, const struct head2_key *key, uint64_t now_ms);
    const void *arg;
};
enum verdict trust_judge_claim(const struct trust *trust, const struct trust_claim *claim,
                               const struct head2_key *key, uint64_t now_ms);

#endif
