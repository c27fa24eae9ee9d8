/*
 * What a node says it has accepted of each key, signed by it, for the gateway to compare with what
 * the drones say they have used. Text, so that people can read it:
 *
 *     head2-fallback-used 1
 *     node <the node's identity, role F, 64 hex digits>
 *     time 2026-11-22T19:00:00.000Z
 *     <key, 32 hex digits> <drone's identity, 64> <highest accepted counter> <when, or -> a line a
 * key signature <base64 of ML-DSA-87, context "ch2v1 fbk used", over all lines before>
 */
#ifndef HEAD2_GATEWAY_FALLBACK_USED_H
#define HEAD2_GATEWAY_FALLBACK_USED_H

#include "artifact/signer.h"

#include <head2/fallback.h>
#include <head2/keys.h>

#define FALLBACK_USED_KEYS 100000
#define FALLBACK_USED_MAX  ((size_t)16 << 20)

struct fallback_use {
    uint8_t id[HEAD2_FALLBACK_ID_BYTES];
    uint8_t drone[32];
    uint16_t counter;
    uint64_t last_ms; /* Unix time of the last acceptance; 0: none */
};

struct fallback_used {
    uint8_t node[32];
    uint64_t time_ms;
    struct fallback_use *uses; /* by id, each once */
    size_t n;
    size_t signed_len;                    /* read: of the text, what is signed */
    uint8_t sig[HEAD2_MLDSA87_SIG_BYTES]; /* read */
};

/* The text, signed with the node's identity; uses are put in order. Free *out. HEAD2_OK,
 * HEAD2_E_ARG, HEAD2_E_MEMORY or HEAD2_E_ENTROPY. */
HEAD2_CHECK enum head2_status fallback_used_write(char **out, size_t *len,
                                                  struct fallback_used *used,
                                                  const struct artifact_signer *identity);

/* Strict: what fallback_used_write wrote and nothing else; the signature is not checked. Free
 * out->uses. HEAD2_OK, HEAD2_E_MALFORMED, HEAD2_E_UNSUPPORTED (a newer version) or
 * HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status fallback_used_read(struct fallback_used *out, const char *text,
                                                 size_t len);
/* Whether the node with this key, whose identity it names, signed the text. */
HEAD2_CHECK enum head2_status fallback_used_verify(const struct fallback_used *used,
                                                   const char *text,
                                                   const uint8_t pk[HEAD2_MLDSA87_PK_BYTES]);

#endif
