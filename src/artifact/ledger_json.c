/* see ledger_json.h */
#include "artifact/ledger_json.h"

#include "artifact/base64.h"
#include "artifact/utc.h"

#include <stdio.h>

#define HASH_TEXT BASE64_LEN(MERKLE_BYTES)

void ledger_kind_name(char out[LEDGER_KIND_NAME], uint8_t kind)
{
    const char *name = kind == LEDGER_KIND_JOB     ? "job"
                       : kind == LEDGER_KIND_OTHER ? "text"
                       : kind < RECEIPT_KINDS      ? receipt_kind_name((enum receipt_kind)kind)
                                                   : NULL;
    if (name != NULL)
        snprintf(out, LEDGER_KIND_NAME, "%s", name);
    else
        snprintf(out, LEDGER_KIND_NAME, "%u", kind);
}

bool ledger_kind_parse(uint8_t *kind, const char *name)
{
    char text[LEDGER_KIND_NAME];

    for (unsigned i = 0; i < 256; i++) {
        *kind = (uint8_t)(LEDGER_KIND_OTHER - i); /* the most frequent ones first */
        ledger_kind_name(text, *kind);
        if (strcmp(text, name) == 0)
            return true;
    }
    return false;
}

json_t *ledger_entry_json(const struct ledger_entry *e)
{
    char kind[LEDGER_KIND_NAME], when[UTC_BYTES + 1];

    ledger_kind_name(kind, e->kind);
    utc_format(when, e->ms);
    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:s%}", "index", (json_int_t)e->index, "kind", kind,
                     "time", when, "subject", e->subject, "number", (json_int_t)e->number, "text",
                     e->text, e->text_len);
}

static const char *text_of(const json_t *o, const char *name)
{
    return json_string_value(json_object_get(o, name));
}

static bool number_of(const json_t *o, const char *name, uint64_t *out)
{
    const json_t *v = json_object_get(o, name);
    const json_int_t n = json_is_integer(v) ? json_integer_value(v) : -1;

    *out = n >= 0 ? (uint64_t)n : 0;
    return n >= 0;
}

bool ledger_entry_parse(struct ledger_entry *e, const json_t *o)
{
    const json_t *text = json_object_get(o, "text");
    const char *const kind = text_of(o, "kind"), *const when = text_of(o, "time");

    *e = (struct ledger_entry){.subject = text_of(o, "subject"),
                               .text = json_string_value(text),
                               .text_len = json_string_length(text)};
    return json_object_size(o) == 6 && number_of(o, "index", &e->index) &&
           number_of(o, "number", &e->number) && kind != NULL &&
           ledger_kind_parse(&e->kind, kind) && when != NULL &&
           utc_parse(&e->ms, when, strlen(when)) == HEAD2_OK && e->subject != NULL &&
           receipt_subject_ok(e->subject) && e->text != NULL && e->text_len <= LEDGER_TEXT_MAX;
}

/* ---- proofs ---- */

struct wanted {
    json_t *entry;
    uint8_t leaf[LEDGER_LEAF_BYTES];
};

static bool take_entry(void *arg, const struct ledger_entry *e)
{
    struct wanted *w = arg;

    ledger_leaf(w->leaf, e);
    w->entry = ledger_entry_json(e);
    return false;
}

json_t *ledger_hashes_json(const struct merkle_proof *p)
{
    json_t *list = json_array();
    char text[HASH_TEXT];

    for (unsigned i = 0; i < p->n; i++) {
        base64_encode(text, p->hash[i], MERKLE_BYTES);
        if (json_array_append_new(list, json_stringn(text, sizeof text)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

enum head2_status ledger_prove(json_t **proof, struct ledger *l, uint64_t index,
                               struct ledger_fault *fault)
{
    char note[CHECKPOINT_NOTE_MAX + 1], leaf[2 * LEDGER_LEAF_BYTES];
    const struct merkle_nodes nodes = ledger_nodes(l);
    struct wanted w = {.entry = NULL};
    struct merkle_proof path;
    struct checkpoint c;
    size_t len = sizeof note;
    const char *why;
    enum head2_status st;

    *proof = NULL;
    memset(fault, 0, sizeof *fault);
    if (index >= ledger_size(l))
        return HEAD2_E_ARG;
    HEAD2_TRY(ledger_note(l, index + 1, note, &len, fault));
    HEAD2_TRY(checkpoint_parse(&c, note, len, &why));
    HEAD2_TRY(ledger_each(l, index, take_entry, &w, fault));
    HEAD2_TRY(merkle_prove_inclusion(&path, &nodes, index, c.size));
    hex_encode(leaf, w.leaf, sizeof w.leaf);
    *proof = json_pack("{s:i, s:o, s:s%, s:I, s:o, s:s%}", "head2_proof", 1, "entry", w.entry,
                       "leaf", leaf, sizeof leaf, "size", (json_int_t)c.size, "proof",
                       ledger_hashes_json(&path), "checkpoint", note, len);
    w.entry = NULL;
    st = *proof != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
done:
    json_decref(w.entry);
    return st;
}

json_t *ledger_proof_load(const char *text, size_t len, const char **why)
{
    json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    *why = "not a proof: no JSON object with head2_proof";
    if (json_object_get(o, "head2_proof") != NULL)
        return o;
    json_decref(o);
    return NULL;
}

bool ledger_hashes_parse(struct merkle_proof *p, const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) > MERKLE_PROOF_MAX + 1)
        return false;
    p->n = (unsigned)json_array_size(list);
    for (unsigned i = 0; i < p->n; i++) {
        const json_t *s = json_array_get(list, i);
        size_t got;
        if (json_string_length(s) != HASH_TEXT ||
            base64_decode(p->hash[i], MERKLE_BYTES, &got, json_string_value(s), HASH_TEXT) !=
                HEAD2_OK ||
            got != MERKLE_BYTES)
            return false;
    }
    return true;
}

/* The parts of a proof; NULL, or what is wrong with them. */
static const char *parse_proof(struct ledger_proven *out, struct merkle_proof *path,
                               struct checkpoint *c, const json_t *o)
{
    const json_t *note = json_object_get(o, "checkpoint");
    const char *why;
    uint64_t version;

    if (json_object_size(o) != 6 || !number_of(o, "head2_proof", &version) || version != 1)
        return "not a proof of version 1";
    if (!ledger_entry_parse(&out->entry, json_object_get(o, "entry")))
        return "its entry is none";
    if (!number_of(o, "size", &out->size) ||
        !ledger_hashes_parse(path, json_object_get(o, "proof")) || text_of(o, "leaf") == NULL ||
        !json_is_string(note))
        return "leaf, size, proof or checkpoint are missing, or are none";
    if (checkpoint_parse(c, json_string_value(note), json_string_length(note), &why) != HEAD2_OK)
        return "its checkpoint is none";
    return NULL;
}

enum head2_status ledger_proof_check(struct ledger_proven *out, const json_t *proof,
                                     const struct head2_key *key, const char **why)
{
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[MERKLE_BYTES];
    char hex[2 * LEDGER_LEAF_BYTES + 1] = {0};
    struct merkle_proof path;
    struct checkpoint c;

    memset(out, 0, sizeof *out);
    *why = parse_proof(out, &path, &c, proof);
    if (*why != NULL)
        return HEAD2_E_MALFORMED;
    ledger_leaf(leaf, &out->entry);
    merkle_leaf(hash, leaf, sizeof leaf);
    hex_encode(hex, leaf, sizeof leaf);
    if (strcmp(hex, text_of(proof, "leaf")) != 0)
        *why = "its entry is not the one of its leaf: changed";
    else if (checkpoint_check(&c, key) != HEAD2_OK)
        *why = "its checkpoint is changed, or of another key";
    else if (c.size != out->size ||
             merkle_check_inclusion(c.root, c.size, out->entry.index, hash, &path) != HEAD2_OK)
        *why = "the checkpoint does not hold this entry at this place";
    memcpy(out->root, c.root, sizeof out->root);
    out->signed_ms = c.ms;
    return *why == NULL ? HEAD2_OK : HEAD2_E_VERIFY;
}
