/* see evidence.h */
#include "artifact/evidence.h"

#include "artifact/base64.h"
#include "artifact/ledger_json.h"

#define HASH_TEXT BASE64_LEN(MERKLE_BYTES)

/* ---- making ---- */

static json_t *hash_json(const uint8_t hash[MERKLE_BYTES])
{
    char text[HASH_TEXT];

    base64_encode(text, hash, MERKLE_BYTES);
    return json_stringn(text, sizeof text);
}

enum head2_status evidence_make(json_t **out, const char *first, size_t first_len,
                                const char *second, size_t second_len,
                                const struct merkle_nodes *nodes, const struct head2_key *key,
                                const char **why)
{
    struct evidence judged;
    struct checkpoint a, b;
    struct merkle_proof proof;
    uint8_t root[MERKLE_BYTES];
    enum head2_status st;

    *out = NULL;
    HEAD2_TRY(checkpoint_parse(&a, first, first_len, why));
    HEAD2_TRY(checkpoint_parse(&b, second, second_len, why));
    *out = json_pack("{s:i, s:[s%, s%]}", "head2_evidence", 1, "checkpoints", first, first_len,
                     second, second_len);
    if (a.size != b.size) {
        *why = "the tree cannot be read";
        HEAD2_TRY(merkle_root_at(root, nodes, a.size));
        HEAD2_TRY(merkle_prove_consistency(&proof, nodes, a.size, b.size));
        if (json_object_set_new(*out, "root", hash_json(root)) != 0 ||
            json_object_set_new(*out, "proof", ledger_hashes_json(&proof)) != 0)
            st = HEAD2_E_MEMORY;
    }
    if (st == HEAD2_OK)
        st = *out != NULL ? evidence_judge(&judged, *out, key, why) : HEAD2_E_MEMORY;
done:
    if (st != HEAD2_OK) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

/* ---- judging ---- */

json_t *evidence_load(const char *text, size_t len)
{
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    if (json_object_get(o, "head2_evidence") != NULL)
        return o;
    json_decref(o);
    return NULL;
}

static const char *parse_notes(struct evidence *e, const json_t *list)
{
    struct checkpoint *const to[2] = {&e->first, &e->second};
    const char *why;

    if (!json_is_array(list) || json_array_size(list) != 2)
        return "there are not two checkpoints";
    for (unsigned i = 0; i < 2; i++) {
        const json_t *const note = json_array_get(list, i);
        if (!json_is_string(note) || checkpoint_parse(to[i], json_string_value(note),
                                                      json_string_length(note), &why) != HEAD2_OK)
            return i == 0 ? "its first checkpoint is none" : "its second checkpoint is none";
    }
    return e->first.size <= e->second.size ? NULL : "the smaller checkpoint does not stand first";
}

/* What the signatures and the proof show. */
static const char *weigh(const struct evidence *e, const struct merkle_proof *proof,
                         const struct head2_key *key)
{
    const struct checkpoint *const a = &e->first, *const b = &e->second;

    if (checkpoint_check(a, key) != HEAD2_OK)
        return "the first checkpoint is changed, or of another key";
    if (checkpoint_check(b, key) != HEAD2_OK)
        return "the second checkpoint is changed, or of another key";
    if (a->size == 0 && b->size != 0)
        return "every history begins with no entries";
    if (a->size != b->size &&
        merkle_check_consistency(e->root, a->size, b->root, b->size, proof) != HEAD2_OK)
        return "the proof does not hold: the second checkpoint's history may have any root there";
    if (memcmp(e->root, a->root, sizeof e->root) == 0)
        return "both checkpoints are of one history";
    return NULL;
}

enum head2_status evidence_judge(struct evidence *out, const json_t *o, const struct head2_key *key,
                                 const char **why)
{
    const json_t *const version = json_object_get(o, "head2_evidence");
    struct merkle_proof proof = {.n = 0};
    struct merkle_proof root;

    memset(out, 0, sizeof *out);
    *why = "not evidence of version 1";
    if (!json_is_integer(version) || json_integer_value(version) != 1)
        return HEAD2_E_MALFORMED;
    *why = parse_notes(out, json_object_get(o, "checkpoints"));
    if (*why != NULL)
        return HEAD2_E_MALFORMED;
    const bool one_size = out->first.size == out->second.size;
    *why = "root and proof are missing, are none, or are too many";
    if (json_object_size(o) != (one_size ? 2u : 4u))
        return HEAD2_E_MALFORMED;
    memcpy(out->root, out->second.root, sizeof out->root);
    if (!one_size) {
        json_t *const list = json_pack("[O*]", json_object_get(o, "root"));
        const bool good = ledger_hashes_parse(&root, list) && root.n == 1 &&
                          ledger_hashes_parse(&proof, json_object_get(o, "proof"));
        json_decref(list);
        if (!good)
            return HEAD2_E_MALFORMED;
        memcpy(out->root, root.hash[0], sizeof out->root);
    }
    *why = weigh(out, &proof, key);
    return *why == NULL ? HEAD2_OK : HEAD2_E_VERIFY;
}
