/* see witness.h */
#include "artifact/witness.h"

#include "artifact/base64.h"
#include "artifact/evidence.h"
#include "artifact/file.h"
#include "artifact/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

struct look {
    const struct witness *w;
    struct witnessed *out;
    struct ledger_fault *fault;
    char kept_path[PATH_MAX], id[2 * HEAD2_KEY_ID_BYTES + 1];
    struct checkpoint kept, given;
    uint8_t *kept_note;
    size_t kept_len;
    int lock;
};

static enum head2_status refuse(struct look *k, enum head2_status st, const char *where,
                                const char *hint, const char *fmt, ...) HEAD2_PRINTF(5, 6);
static enum head2_status refuse(struct look *k, enum head2_status st, const char *where,
                                const char *hint, const char *fmt, ...)
{
    struct ledger_fault *const f = k->fault;
    va_list args;

    f->error = st == HEAD2_E_IO ? errno : 0;
    snprintf(f->where, sizeof f->where, "%.511s", where);
    snprintf(f->hint, sizeof f->hint, "%s", hint);
    va_start(args, fmt);
    vsnprintf(f->what, sizeof f->what, fmt, args);
    va_end(args);
    return st;
}

/* ---- the folder ---- */

static enum head2_status lock(struct look *k)
{
    const struct timespec nap = {.tv_nsec = 20000000};
    char path[PATH_MAX];

    if (file_make_dirs(k->w->dir, 0700) != HEAD2_OK)
        return refuse(k, HEAD2_E_IO, k->w->dir, "choose another folder",
                      "cannot make the folder: %s", strerror(errno));
    if (snprintf(path, sizeof path, "%s/witness.lock", k->w->dir) >= (int)sizeof path ||
        snprintf(k->kept_path, sizeof k->kept_path, "%s/%s.checkpoint", k->w->dir, k->id) >=
            (int)sizeof k->kept_path)
        return refuse(k, HEAD2_E_ARG, k->w->dir, "use a shorter name", "the name is too long");
    k->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (k->lock < 0)
        return refuse(k, HEAD2_E_IO, path, "choose another folder", "cannot open it: %s",
                      strerror(errno));
    for (unsigned waited = 0; flock(k->lock, LOCK_EX | LOCK_NB) != 0; waited += 20) {
        if (waited >= LEDGER_WAIT_MS)
            return refuse(k, HEAD2_E_STATE, path, "try again",
                          "another process cosigns with this folder");
        nanosleep(&nap, NULL);
    }
    return HEAD2_OK;
}

/* The last that was cosigned. Nothing in its place that is not one counts as none: then any
 * history would be the first. */
static enum head2_status read_kept(struct look *k)
{
    const char *why;
    enum head2_status st =
        file_read(k->kept_path, CHECKPOINT_NOTE_MAX, &k->kept_note, &k->kept_len);

    k->out->first = st == HEAD2_E_IO && errno == ENOENT;
    if (k->out->first)
        return HEAD2_OK;
    if (st != HEAD2_OK && st != HEAD2_E_LIMIT)
        return refuse(k, st, k->kept_path, "see to it that it can be read", "cannot read: %s",
                      strerror(errno));
    if (st == HEAD2_OK)
        st = checkpoint_parse(&k->kept, (const char *)k->kept_note, k->kept_len, &why);
    if (st == HEAD2_OK)
        st = checkpoint_check(&k->kept, k->w->of);
    if (st != HEAD2_OK)
        return refuse(k, HEAD2_E_MALFORMED, k->kept_path,
                      "restore it from a copy: without it anything would be trusted",
                      "what was last cosigned is damaged");
    k->out->before = k->kept.size;
    return HEAD2_OK;
}

/* ---- comparing ---- */

/* Written before anybody is told. *o is let go. */
static enum head2_status keep_evidence(struct look *k, json_t *o)
{
    char *const text = json_dumps(o, JSON_COMPACT);
    uint8_t hash[32];
    char hex[9] = {0};

    json_decref(o);
    if (text == NULL)
        return HEAD2_E_MEMORY;
    const size_t len = strlen(text);
    sha256(hash, (const uint8_t *)text, len);
    hex_encode(hex, hash, 4);
    if (snprintf(k->out->evidence, sizeof k->out->evidence, "%s/evidence-%s-%llu-%llu-%s.json",
                 k->w->dir, k->id, (unsigned long long)k->kept.size,
                 (unsigned long long)k->given.size, hex) >= (int)sizeof k->out->evidence)
        k->out->evidence[0] = 0;
    enum head2_status st = file_write(k->out->evidence, text, len, 0600, FILE_KEEP);
    free(text);
    if (st == HEAD2_E_IO && errno == EEXIST) /* it was tried before */
        st = HEAD2_OK;
    if (st != HEAD2_OK) {
        st = refuse(k, st, k->out->evidence, "make room, and do this again: it is a fork",
                    "the evidence of a fork cannot be written: %s", strerror(errno));
        k->out->evidence[0] = 0;
    }
    return st;
}

static enum head2_status tell_fork(struct look *k, const char *note, size_t len,
                                   const struct merkle_nodes *nodes)
{
    json_t *o;
    const char *why;
    enum head2_status st = evidence_make(&o, (const char *)k->kept_note, k->kept_len, note, len,
                                         nodes, k->w->of, &why);

    if (st != HEAD2_OK)
        return refuse(k, HEAD2_E_VERIFY, k->given.origin, "ask for an export that is whole",
                      "its tiles are not those of its checkpoint: %s", why);
    st = keep_evidence(k, o);
    if (st != HEAD2_OK)
        return st;
    return refuse(k, HEAD2_E_VERIFY, k->given.origin,
                  "keep the evidence; 'head2 ledger judge' shows it to others",
                  "fork: the %llu entries that were cosigned are not the first of these %llu",
                  (unsigned long long)k->kept.size, (unsigned long long)k->given.size);
}

/* That the ledger has only grown. */
static enum head2_status compare(struct look *k, const char *note, size_t len,
                                 const struct merkle_nodes *nodes)
{
    const struct checkpoint *const a = &k->kept, *const b = &k->given;
    struct merkle_proof proof;

    if (b->size < a->size)
        return refuse(k, HEAD2_E_VERIFY, b->origin, "ask for the newest; an older one is no help",
                      "rolled back: %llu entries, and %llu were cosigned before",
                      (unsigned long long)b->size, (unsigned long long)a->size);
    if (b->size == a->size)
        return memcmp(a->root, b->root, sizeof a->root) == 0 ? HEAD2_OK
                                                             : tell_fork(k, note, len, nodes);
    if (a->size == 0)
        return HEAD2_OK;
    if (nodes == NULL)
        return refuse(k, HEAD2_E_POLICY, b->origin, "give the export, or the ledger's folder",
                      "a checkpoint alone does not show that it goes on from the %llu entries that "
                      "were cosigned",
                      (unsigned long long)a->size);
    if (merkle_prove_consistency(&proof, nodes, a->size, b->size) != HEAD2_OK)
        return refuse(k, HEAD2_E_VERIFY, b->origin, "ask for an export that is whole",
                      "its tiles cannot be read, or are not there");
    if (merkle_check_consistency(a->root, a->size, b->root, b->size, &proof) == HEAD2_OK)
        return HEAD2_OK;
    return tell_fork(k, note, len, nodes);
}

/* ---- cosigning ---- */

static enum head2_status look_at(struct look *k, const char *note, size_t len,
                                 const struct merkle_nodes *nodes)
{
    const char *why;
    uint8_t id[HEAD2_KEY_ID_BYTES];
    enum head2_status st;

    if (checkpoint_parse(&k->given, note, len, &why) != HEAD2_OK)
        return refuse(k, HEAD2_E_MALFORMED, "checkpoint",
                      "give a checkpoint, an export or a ledger", "not a checkpoint: %s", why);
    if (checkpoint_check(&k->given, k->w->of) != HEAD2_OK)
        return refuse(k, HEAD2_E_VERIFY, k->given.origin, "give the key of this ledger with --of",
                      "changed, or not signed by that key");
    head2_key_id(k->w->of, id);
    hex_encode(k->id, id, sizeof id);
    HEAD2_TRY(lock(k));
    HEAD2_TRY(read_kept(k));
    if (!k->out->first)
        HEAD2_TRY(compare(k, note, len, nodes));
done:
    return st;
}

enum head2_status witness_cosign(struct witnessed *out, const struct witness *w, const char *note,
                                 size_t len, const struct merkle_nodes *nodes, uint64_t ms,
                                 struct ledger_fault *fault)
{
    struct look k = {.w = w, .out = out, .fault = fault, .lock = -1};
    enum head2_status st;

    memset(out, 0, sizeof *out);
    memset(fault, 0, sizeof *fault);
    HEAD2_TRY(look_at(&k, note, len, nodes));
    memcpy(out->note, note, len);
    out->len = len;
    st = cosignature_add(out->note, &out->len, sizeof out->note, w->name, &w->signer, w->key, ms);
    if (st != HEAD2_OK) {
        st = refuse(&k, st, k.given.origin, "see 'head2 doctor'", "cannot be cosigned: %s",
                    st == HEAD2_E_SPACE ? "it has too many cosignatures" : head2_status_string(st));
        goto done;
    }
    /* first on the disk, then out of hand: after a crash in between it is cosigned once more */
    st = file_write(k.kept_path, out->note, out->len, 0600, FILE_REPLACE);
    if (st != HEAD2_OK)
        st = refuse(&k, st, k.kept_path, "make room", "cannot be written: %s", strerror(errno));
    out->size = k.given.size;
done:
    if (st != HEAD2_OK) { /* no cosignature that is not kept */
        memset(out->note, 0, sizeof out->note);
        out->len = 0;
    }
    if (k.lock >= 0)
        close(k.lock);
    free(k.kept_note);
    return st;
}
