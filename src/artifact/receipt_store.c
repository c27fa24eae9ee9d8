/* see receipt_store.h */
#include "artifact/receipt_store.h"

#include "artifact/base64.h"
#include "artifact/file.h"

#include <head2/hash.h>
#include <head2/random.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MARK_BYTES 48 /* of the lock file: process, random number */

struct newest {
    bool any;
    uint64_t index;
    char name[RECEIPT_NAME_MAX];
};

struct receipt_store {
    char folder[PATH_MAX];
    /* With the lock held: what the lock file says when this store was the last to hold it, and the
     * newest receipt as it was then. Looking through a folder of 100,000 takes 50 ms. */
    char mark[MARK_BYTES];
    struct newest newest;
    bool known;
    uint64_t hurry; /* atomic: no waiting for the lock after this; see receipt_store_hurry */
};

static enum head2_status failed(struct receipt_fault *fault, enum head2_status st,
                                const char *where, const char *what, int error)
{
    snprintf(fault->where, sizeof fault->where, "%.*s", (int)sizeof fault->where - 1, where);
    snprintf(fault->what, sizeof fault->what, "%.*s", (int)sizeof fault->what - 1, what);
    fault->error = error;
    return st;
}

enum head2_status receipt_store_open(struct receipt_store **out, const char *folder,
                                     struct receipt_fault *fault)
{
    struct receipt_store *s = malloc(sizeof *s);

    *out = NULL;
    if (s == NULL)
        return failed(fault, HEAD2_E_MEMORY, folder, "out of memory", 0);
    if (snprintf(s->folder, sizeof s->folder, "%s", folder) >= (int)sizeof s->folder - 256) {
        free(s);
        return failed(fault, HEAD2_E_IO, folder, "the folder's name is too long", ENAMETOOLONG);
    }
    uint8_t nonce[8];
    char hex[2 * sizeof nonce + 1] = {0};
    enum head2_status st = head2_random(nonce, sizeof nonce);
    if (st != HEAD2_OK) {
        free(s);
        return failed(fault, st, folder, "no randomness", 0);
    }
    hex_encode(hex, nonce, sizeof nonce);
    snprintf(s->mark, sizeof s->mark, "%ld %s\n", (long)getpid(), hex);
    s->known = false;
    s->hurry = UINT64_MAX;
    if (file_make_dirs(folder, 0700) != HEAD2_OK) {
        int error = errno;
        free(s);
        return failed(fault, HEAD2_E_IO, folder, "cannot make the receipts folder", error);
    }
    *out = s;
    return HEAD2_OK;
}

void receipt_store_close(struct receipt_store *store)
{
    free(store);
}

void receipt_store_hurry(struct receipt_store *store, uint64_t until_ms)
{
    __atomic_store_n(&store->hurry, until_ms, __ATOMIC_RELAXED);
}

static void path_in(char out[PATH_MAX], const struct receipt_store *s, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", s->folder, name);
    HEAD2_ENSURES(n > 0 && n < PATH_MAX);
    if (n < 0 || n >= PATH_MAX)
        out[0] = 0; /* names no file */
}

/* ---- the lock ---- */

static uint64_t monotonic_ms(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Who holds the lock, for the message: the number that the holder wrote into the file. */
static enum head2_status locked(struct receipt_fault *fault, const char *path, int fd,
                                uint64_t waited_ms)
{
    char holder[24] = {0}, what[160];
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);

    holder[n > 0 ? strspn(holder, "0123456789") : 0] = 0;
    snprintf(what, sizeof what, "still locked after %llu s by process %s",
             (unsigned long long)(waited_ms / 1000), holder[0] != 0 ? holder : "of unknown number");
    return failed(fault, HEAD2_E_STATE, path, what, EAGAIN);
}

/* A lock is of an open file, so that threads of one process exclude each other too. */
static enum head2_status take_lock(struct receipt_store *s, int *out, struct receipt_fault *fault)
{
    char path[PATH_MAX], last[MARK_BYTES] = {0};
    const uint64_t begin = monotonic_ms(), deadline = begin + RECEIPT_LOCK_WAIT_MS;

    path_in(path, s, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(fault, HEAD2_E_IO, path, "cannot open the lock", errno);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = errno;
        if (error == EINTR)
            continue;
        const uint64_t now = monotonic_ms();
        const bool late = now >= deadline || now >= __atomic_load_n(&s->hurry, __ATOMIC_RELAXED);
        if (error != EWOULDBLOCK || late) {
            enum head2_status st = error == EWOULDBLOCK
                                       ? locked(fault, path, fd, now - begin)
                                       : failed(fault, HEAD2_E_IO, path, "cannot lock", error);
            close(fd);
            return st;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    const size_t len = strlen(s->mark);
    const bool same =
        pread(fd, last, sizeof last - 1, 0) == (ssize_t)len && strcmp(last, s->mark) == 0;
    s->known = s->known && same;
    if (!same && ftruncate(fd, 0) == 0 && pwrite(fd, s->mark, len, 0) < 0)
        s->known = false; /* beside that only a message suffers */
    *out = fd;
    return HEAD2_OK;
}

/* ---- the newest receipt ---- */

/* Look through the folder; what a crashed process left half written is removed. */
static enum head2_status scan(const struct receipt_store *s, struct newest *newest,
                              struct receipt_fault *fault)
{
    DIR *dir = opendir(s->folder);
    struct dirent *entry;
    struct receipt_name name;

    *newest = (struct newest){0};
    if (dir == NULL)
        return failed(fault, HEAD2_E_IO, s->folder, "cannot read the folder", errno);
    for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
        if (strncmp(entry->d_name, ".tmp-", 5) == 0)
            unlinkat(dirfd(dir), entry->d_name, 0);
        if (!receipt_name_parse(&name, entry->d_name) ||
            (newest->any && name.index <= newest->index))
            continue;
        newest->any = true;
        newest->index = name.index;
        receipt_name_write(newest->name, &name); /* which is the same text: names are canonical */
    }
    int error = errno;
    closedir(dir);
    return error == 0 ? HEAD2_OK
                      : failed(fault, HEAD2_E_IO, s->folder, "cannot read the folder", error);
}

static enum head2_status hash_file(const struct receipt_store *s, const char *name,
                                   uint8_t hash[32], struct receipt_fault *fault)
{
    char path[PATH_MAX];
    uint8_t *bytes;
    size_t len;

    path_in(path, s, name);
    enum head2_status st = file_read(path, RECEIPT_FILE_MAX, &bytes, &len);
    if (st != HEAD2_OK)
        return failed(fault, st, path, "cannot read the newest receipt",
                      st == HEAD2_E_IO ? errno : 0);
    head2_blake3(hash, bytes, len);
    free(bytes);
    return HEAD2_OK;
}

/* With the lock held: the newest receipt and its hash. What this store remembers holds as long as
 * nobody else had the lock and the file is still there. */
static enum head2_status find_newest(struct receipt_store *s, uint8_t hash[32],
                                     struct receipt_fault *fault)
{
    if (s->known && hash_file(s, s->newest.name, hash, fault) == HEAD2_OK)
        return HEAD2_OK;
    enum head2_status st = scan(s, &s->newest, fault);
    if (st == HEAD2_OK && s->newest.any)
        st = hash_file(s, s->newest.name, hash, fault);
    return st;
}

/* ---- appending ---- */

/* With the lock held: the next receipt of the chain, signed and written. */
static enum head2_status append_locked(struct receipt_store *s, const struct receipt_entry *entry,
                                       const struct artifact_signer *signer, struct receipt *r,
                                       char name[RECEIPT_NAME_MAX], struct receipt_fault *fault)
{
    uint8_t bytes[RECEIPT_FILE_MAX];
    size_t len = sizeof bytes;
    char path[PATH_MAX];

    enum head2_status st = find_newest(s, r->prev, fault);
    if (st != HEAD2_OK)
        return st;
    s->known = false; /* until this one is written */
    if (s->newest.any && s->newest.index >= RECEIPT_INDEX_MAX)
        return failed(fault, HEAD2_E_LIMIT, s->folder, "the chain is at its greatest index", 0);
    r->index = s->newest.any ? s->newest.index + 1 : 0;
    st = receipt_sign(r, signer);
    if (st == HEAD2_OK)
        st = receipt_write(r, bytes, &len);
    if (st != HEAD2_OK)
        return failed(fault, st, s->folder, "cannot sign the receipt", 0);
    if (entry->before != NULL) {
        st = entry->before->fn(entry->before->arg, r->index);
        if (st != HEAD2_OK)
            return failed(fault, st, s->folder, "what the receipt is about was not done", 0);
    }
    struct receipt_name n = {.index = r->index, .number = entry->number};
    snprintf(n.kind, sizeof n.kind, "%s", receipt_kind_name(entry->kind));
    snprintf(n.subject, sizeof n.subject, "%s", entry->subject);
    receipt_name_write(name, &n);
    path_in(path, s, name);
    st = file_write(path, bytes, len, 0644, FILE_REPLACE);
    if (st != HEAD2_OK)
        return failed(fault, st, path, "cannot write the receipt", errno);
    s->newest.any = s->known = true;
    s->newest.index = r->index;
    snprintf(s->newest.name, sizeof s->newest.name, "%s", name);
    return HEAD2_OK;
}

enum head2_status receipt_store_append(struct receipt_store *store,
                                       const struct receipt_entry *entry,
                                       const struct artifact_signer *signer, uint64_t *index,
                                       char *name, struct receipt_fault *fault)
{
    char own_name[RECEIPT_NAME_MAX];
    int lock = -1;

    if (entry->kind >= RECEIPT_KINDS || !receipt_subject_ok(entry->subject) ||
        entry->forward_len > RECEIPT_FORWARD_MAX || entry->number > RECEIPT_INDEX_MAX)
        return failed(fault, HEAD2_E_ARG, store->folder, "not a receipt that can be kept", 0);
    struct receipt *r = calloc(1, sizeof *r);
    if (r == NULL)
        return failed(fault, HEAD2_E_MEMORY, store->folder, "out of memory", 0);
    memcpy(r->forward, entry->forward, entry->forward_len);
    r->forward_len = entry->forward_len;
    enum head2_status st = take_lock(store, &lock, fault);
    if (st == HEAD2_OK)
        st = append_locked(store, entry, signer, r, name != NULL ? name : own_name, fault);
    if (st == HEAD2_OK && index != NULL)
        *index = r->index;
    if (lock >= 0)
        close(lock); /* which unlocks */
    free(r);
    return st;
}

enum head2_status receipt_store_ready(struct receipt_store *store, struct receipt_fault *fault)
{
    int lock = -1;
    enum head2_status st = take_lock(store, &lock, fault);

    if (st == HEAD2_OK && access(store->folder, W_OK | X_OK) != 0)
        st = failed(fault, HEAD2_E_IO, store->folder, "cannot write receipts here", errno);
    if (lock >= 0)
        close(lock);
    return st;
}

/* ---- the folder's identity ---- */

static enum head2_status read_identity(const char *path, struct head2_key **key,
                                       struct receipt_fault *fault)
{
    struct stat info;
    uint8_t *bytes;
    size_t len;
    const char *why = "cannot read the key";

    if (stat(path, &info) != 0)
        return failed(fault, HEAD2_E_IO, path, "cannot read the key", errno);
    if ((info.st_mode & 077) != 0)
        return failed(fault, HEAD2_E_POLICY, path, "others may read or write this private key", 0);
    enum head2_status st = file_read(path, HEAD2_KEY_MAX_FILE, &bytes, &len);
    if (st != HEAD2_OK)
        return failed(fault, st, path, "cannot read the key", st == HEAD2_E_IO ? errno : 0);
    st = head2_key_read(key, bytes, len, NULL, NULL, &why);
    head2_wipe(bytes, len);
    free(bytes);
    if (st == HEAD2_OK &&
        (!head2_key_has_private(*key) || !head2_alg_is_signature(head2_key_alg(*key)))) {
        head2_key_free(*key);
        *key = NULL;
        why = "not an ML-DSA private key";
        st = HEAD2_E_MALFORMED;
    }
    return st == HEAD2_OK ? st : failed(fault, st, path, why, 0);
}

/* With the lock held. */
static enum head2_status make_identity(const char *path, struct receipt_fault *fault)
{
    struct head2_key *key = NULL;
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;

    enum head2_status st = head2_key_generate(&key, HEAD2_MLDSA_87);
    if (st == HEAD2_OK)
        st = head2_key_write_private(key, HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, NULL, 0, pem, &len);
    if (st == HEAD2_OK)
        st = file_write(path, pem, len, 0600, FILE_KEEP);
    int error = st == HEAD2_E_IO ? errno : 0;
    head2_wipe(pem, sizeof pem);
    head2_key_free(key);
    return st == HEAD2_OK ? st : failed(fault, st, path, "cannot make the receipts' key", error);
}

static enum head2_status write_public(const char *path, const struct head2_key *key,
                                      struct receipt_fault *fault)
{
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;

    enum head2_status st = head2_key_write_public(key, HEAD2_KEY_PEM, pem, &len);
    if (st == HEAD2_OK)
        st = file_write(path, pem, len, 0644, FILE_REPLACE);
    return st == HEAD2_OK ? st
                          : failed(fault, st, path, "cannot write the receipts' public key", errno);
}

/* The public key in the folder must be that of the signer. */
static enum head2_status check_public(const char *path, const struct head2_key *key,
                                      struct receipt_fault *fault)
{
    struct head2_key *there = NULL;
    uint8_t *bytes;
    size_t len;
    const char *why = "cannot read the key";

    enum head2_status st = file_read(path, HEAD2_KEY_MAX_FILE, &bytes, &len);
    if (st != HEAD2_OK)
        return failed(fault, st, path, why, st == HEAD2_E_IO ? errno : 0);
    st = head2_key_read(&there, bytes, len, NULL, NULL, &why);
    free(bytes);
    if (st != HEAD2_OK)
        return failed(fault, st, path, why, 0);
    st = head2_key_same_public(there, key);
    head2_key_free(there);
    return st == HEAD2_OK ? st
                          : failed(fault, HEAD2_E_POLICY, path,
                                   "the receipts here are signed by another key", 0);
}

enum head2_status receipt_store_claim(struct receipt_store *store, const struct head2_key *key,
                                      struct receipt_fault *fault)
{
    char path[PATH_MAX];
    enum head2_status st = HEAD2_OK;
    int lock = -1;

    path_in(path, store, RECEIPT_PUBLIC_FILE);
    HEAD2_TRY(take_lock(store, &lock, fault));
    HEAD2_TRY(access(path, F_OK) != 0 ? write_public(path, key, fault)
                                      : check_public(path, key, fault));

done:
    if (lock >= 0)
        close(lock);
    return st;
}

enum head2_status receipt_store_identity(struct receipt_store *store, struct head2_key **key,
                                         struct receipt_fault *fault)
{
    char path[PATH_MAX], public_path[PATH_MAX];
    enum head2_status st = HEAD2_OK;
    int lock = -1;

    *key = NULL;
    path_in(path, store, RECEIPT_KEY_FILE);
    path_in(public_path, store, RECEIPT_PUBLIC_FILE);
    HEAD2_TRY(take_lock(store, &lock, fault));
    const bool has_public = access(public_path, F_OK) == 0;
    if (access(path, F_OK) != 0 && has_public) {
        st = failed(fault, HEAD2_E_POLICY, public_path,
                    "the receipts here are signed by a program with its own key", 0);
        goto done;
    }
    if (access(path, F_OK) != 0)
        HEAD2_TRY(make_identity(path, fault));
    HEAD2_TRY(read_identity(path, key, fault));
    HEAD2_TRY(has_public ? check_public(public_path, *key, fault)
                         : write_public(public_path, *key, fault));

done:
    if (lock >= 0)
        close(lock);
    if (st != HEAD2_OK) {
        head2_key_free(*key);
        *key = NULL;
    }
    return st;
}
