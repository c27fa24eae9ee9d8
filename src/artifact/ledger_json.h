/*
 * Entries and proofs of the ledger as JSON, which exports are made of and auditors are given.
 *
 * An entry is {"index", "kind", "time", "subject", "number", "text"}, in this order. A proof is
 *
 *     {"head2_proof": 1, "entry": {…}, "leaf": "<hex>", "size": N, "proof": ["<base64>", …],
 *      "checkpoint": "<note>"}
 */
#ifndef HEAD2_ARTIFACT_LEDGER_JSON_H
#define HEAD2_ARTIFACT_LEDGER_JSON_H

#include "artifact/ledger.h"

#include <jansson.h>

#define LEDGER_PROOF_MAX 1048576 /* bytes of a proof as JSON */

/* "rotation", "job", "text", or a number. */
#define LEDGER_KIND_NAME 24
void ledger_kind_name(char out[LEDGER_KIND_NAME], uint8_t kind);
bool ledger_kind_parse(uint8_t *kind, const char *name);

/* NULL: out of memory, or a text that is not UTF-8. */
json_t *ledger_entry_json(const struct ledger_entry *e);
/* Strict. The strings are the object's. */
bool ledger_entry_parse(struct ledger_entry *e, const json_t *o);

/* A proof's hashes as a list of base64; NULL: out of memory. Back: false where it is none. */
json_t *ledger_hashes_json(const struct merkle_proof *p);
bool ledger_hashes_parse(struct merkle_proof *p, const json_t *list);

/* That an entry is in the ledger, by the smallest checkpoint that has it. HEAD2_OK, HEAD2_E_ARG (no
 * such entry), HEAD2_E_STATE (not signed yet), or the ledger's. */
HEAD2_CHECK enum head2_status ledger_prove(json_t **proof, struct ledger *l, uint64_t index,
                                           struct ledger_fault *fault);

/* What a proof says when it holds. The entry's strings are the object's. */
struct ledger_proven {
    struct ledger_entry entry;
    uint64_t size, signed_ms;
    uint8_t root[MERKLE_BYTES];
};
/* Parse JSON text: NULL where it is no object, with *why. */
json_t *ledger_proof_load(const char *text, size_t len, const char **why);
/* HEAD2_OK; HEAD2_E_MALFORMED or HEAD2_E_VERIFY with *why. */
HEAD2_CHECK enum head2_status ledger_proof_check(struct ledger_proven *out, const json_t *proof,
                                                 const struct head2_key *key, const char **why);

#endif
