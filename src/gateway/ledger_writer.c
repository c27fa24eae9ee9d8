/* see ledger_writer.h */
#include "gateway/ledger_writer.h"

#include "artifact/file.h"
#include "artifact/utc.h"
#include "gateway/ledger_door.h"
#include "keys/keyfile.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct ledger_writer {
    char folder[PATH_MAX];
    struct head2_key *own;       /* ledger.key.pem */
    const struct head2_key *key; /* own, the one that was given, or NULL */
    struct artifact_signer signer;
    uint8_t id[HEAD2_KEY_ID_BYTES];
};

static enum head2_status failed(struct ledger_fault *fault, enum head2_status st, const char *where,
                                const char *what, int error)
{
    memset(fault, 0, sizeof *fault);
    fault->error = error;
    snprintf(fault->where, sizeof fault->where, "%.*s", (int)sizeof fault->where - 1, where);
    snprintf(fault->what, sizeof fault->what, "%.120s%s%.60s", what, error != 0 ? ": " : "",
             error != 0 ? strerror(error) : "");
    return st;
}

static bool in_folder(char path[PATH_MAX], const char *folder, const char *name)
{
    const int n = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PATH_MAX;
}

/* ---- who signs ---- */

static enum head2_status key_failed(struct ledger_fault *fault, enum head2_status st,
                                    const struct keyfile_error *err)
{
    failed(fault, st, err->where, err->what, err->error);
    snprintf(fault->hint, sizeof fault->hint, "%.150s", err->hint);
    return st;
}

static enum head2_status make_key(struct ledger_writer *w, const char *path,
                                  struct ledger_fault *fault)
{
    const struct keyfile_options how = {.format = HEAD2_KEY_PEM, .form = HEAD2_PRIVATE_SEED};
    struct keyfile_error err = {0};

    if (file_make_dirs(w->folder, 0700) != HEAD2_OK)
        return failed(fault, HEAD2_E_IO, w->folder, "cannot make the folder", errno);
    enum head2_status st = head2_key_generate(&w->own, HEAD2_MLDSA_87);
    if (st != HEAD2_OK)
        return failed(fault, st, path, head2_status_string(st), 0);
    st = keyfile_write_private(w->own, path, &how, &err);
    if (st == HEAD2_OK)
        return st;
    head2_key_free(w->own);
    w->own = NULL;
    if (access(path, F_OK) == 0) /* another process was quicker */
        st = keyfile_read_private(&w->own, path, NULL, &err);
    return st == HEAD2_OK ? st : key_failed(fault, st, &err);
}

/* The key in the folder; none where the ledger is signed by a key that is elsewhere. */
static enum head2_status find_key(struct ledger_writer *w, bool has_ledger,
                                  struct ledger_fault *fault)
{
    struct keyfile_error err = {0};
    char path[PATH_MAX];
    enum head2_status st = HEAD2_OK;

    if (!in_folder(path, w->folder, LEDGER_KEY_FILE))
        return failed(fault, HEAD2_E_IO, w->folder, "the folder's name is too long", ENAMETOOLONG);
    if (access(path, F_OK) == 0) {
        st = keyfile_read_private(&w->own, path, NULL, &err);
        if (st != HEAD2_OK)
            return key_failed(fault, st, &err);
    } else if (!has_ledger) {
        st = make_key(w, path, fault);
    }
    w->key = w->own;
    return st;
}

enum head2_status ledger_write_public(const char *folder, const struct head2_key *key,
                                      struct ledger_fault *fault)
{
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    char path[PATH_MAX];
    enum head2_status st;

    if (!in_folder(path, folder, LEDGER_PUBLIC_FILE))
        return failed(fault, HEAD2_E_IO, folder, "the folder's name is too long", ENAMETOOLONG);
    if (access(path, F_OK) == 0)
        return HEAD2_OK;
    HEAD2_TRY(head2_key_write_public(key, HEAD2_KEY_PEM, pem, &len));
    if (file_write(path, pem, len, 0644, FILE_REPLACE) != HEAD2_OK)
        return failed(fault, HEAD2_E_IO, path, "cannot write", errno);
done:
    return st;
}

/* ---- opening ---- */

/* Whose it is; HEAD2_E_POLICY where the key is another's. */
static enum head2_status identify(struct ledger_writer *w, struct ledger_fault *fault)
{
    struct ledger *l;
    enum head2_status st = ledger_open(&l, w->folder, LEDGER_READ, w->key, fault);

    if (st != HEAD2_OK)
        return st;
    head2_key_id(ledger_key(l), w->id);
    ledger_close(l);
    return HEAD2_OK;
}

/* Without a daemon: can be locked, read and written; a new one is made. */
static enum head2_status try_alone(struct ledger_writer *w, struct ledger_fault *fault)
{
    struct ledger *l;
    enum head2_status st = ledger_open(&l, w->folder, LEDGER_APPEND, w->key, fault);

    if (st != HEAD2_OK)
        return st;
    st = ledger_write_public(w->folder, ledger_key(l), fault);
    head2_key_id(ledger_key(l), w->id);
    ledger_close(l);
    return st;
}

enum head2_status ledger_writer_open(struct ledger_writer **out, const char *folder,
                                     const struct artifact_signer *signer,
                                     struct ledger_fault *fault)
{
    struct ledger_writer *w = calloc(1, sizeof *w);
    char path[PATH_MAX];
    enum head2_status st = HEAD2_OK;

    *out = NULL;
    memset(fault, 0, sizeof *fault);
    if (w == NULL)
        return HEAD2_E_MEMORY;
    w->key = signer != NULL ? signer->key : NULL;
    if (!in_folder(path, folder, LEDGER_FILE)) {
        st = failed(fault, HEAD2_E_IO, folder, "the folder's name is too long", ENAMETOOLONG);
        goto done;
    }
    snprintf(w->folder, sizeof w->folder, "%s", folder);
    if (signer != NULL)
        w->signer = *signer;
    else
        HEAD2_TRY(find_key(w, access(path, F_OK) == 0, fault));
    if (w->own != NULL)
        w->signer = artifact_signer_of_key(w->own, false);
    HEAD2_TRY(door_is_open(folder) ? identify(w, fault) : try_alone(w, fault));
    *out = w;
    w = NULL;
done:
    ledger_writer_close(w);
    return st;
}

void ledger_writer_close(struct ledger_writer *w)
{
    if (w == NULL)
        return;
    head2_key_free(w->own);
    free(w);
}

const uint8_t *ledger_writer_id(const struct ledger_writer *w)
{
    return w->id;
}

/* ---- appending ---- */

static enum head2_status append_alone(struct ledger_writer *w, struct ledger_entry *entries,
                                      size_t n, enum ledger_sealed *sealed,
                                      struct ledger_fault *fault)
{
    struct ledger *l;
    enum head2_status st = ledger_open(&l, w->folder, LEDGER_APPEND_NOW, w->key, fault);

    if (st != HEAD2_OK)
        return st;
    HEAD2_TRY(ledger_append(l, entries, n, fault));
    *sealed = LEDGER_SEALED_LATER;
    if (w->signer.sign != NULL) {
        const enum head2_status sign = ledger_sign(l, &w->signer, utc_now(), fault);
        if (sign != HEAD2_OK && fault->what[0] == 0)
            snprintf(fault->what, sizeof fault->what, "not signed: %s", head2_status_string(sign));
        *sealed = sign == HEAD2_OK ? LEDGER_SEALED : LEDGER_UNSEALED;
    }
done:
    ledger_close(l);
    return st;
}

enum head2_status ledger_writer_append(struct ledger_writer *w, struct ledger_entry *entries,
                                       size_t n, enum ledger_sealed *sealed,
                                       struct ledger_fault *fault)
{
    const struct timespec nap = {.tv_nsec = 10000000};
    enum head2_status st = HEAD2_E_STATE;

    *sealed = LEDGER_SEALED_SOON;
    for (size_t i = 0; i < n; i++)
        entries[i].ms = utc_now();
    /* an owner may begin or end at any moment: then it is the other way that is open */
    for (unsigned waited = 0; st == HEAD2_E_STATE; waited += 10) {
        st = door_send(w->folder, entries, n, fault);
        if (st == HEAD2_E_STATE)
            st = append_alone(w, entries, n, sealed, fault);
        if (st != HEAD2_E_STATE || waited >= LEDGER_WAIT_MS)
            break;
        nanosleep(&nap, NULL);
    }
    return st;
}
