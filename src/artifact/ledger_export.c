/* Writing an export; reading one is in ledger_import.c. See ledger_export.h. */
#include "artifact/ledger_export.h"

#include "artifact/ledger_db.h"
#include "artifact/ledger_json.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---- */

void ledger_entries_name(char out[LEDGER_EXPORT_NAME], uint64_t n)
{
    snprintf(out, LEDGER_EXPORT_NAME, "entries/%06llu.jsonl", (unsigned long long)n);
}

/* C2SP's: tile 67 is 067, tile 1067 is x001/067. */
void ledger_tile_name(char out[LEDGER_EXPORT_NAME], unsigned level, uint64_t n, unsigned hashes)
{
    int at = snprintf(out, LEDGER_EXPORT_NAME, "tile/%u", level);
    unsigned groups[7], i = 0;

    for (; n >= 1000 && i < HEAD2_LEN(groups) - 1; n /= 1000)
        groups[i++] = (unsigned)(n % 1000);
    groups[i] = (unsigned)n;
    for (; i > 0; i--)
        at += snprintf(out + at, LEDGER_EXPORT_NAME - (size_t)at, "/x%03u", groups[i]);
    at += snprintf(out + at, LEDGER_EXPORT_NAME - (size_t)at, "/%03u", groups[0]);
    if (hashes != LEDGER_TILE)
        snprintf(out + at, LEDGER_EXPORT_NAME - (size_t)at, ".p/%u", hashes);
}

/* ---- an export that is being written ---- */

struct export
{
    struct ledger *l;
    char folder[PATH_MAX];
    FILE *entries; /* the file of 256 that is open */
    uint8_t open_tile[LEDGER_TILE][MERKLE_BYTES];
    bool failed;
    ledger_progress_fn *progress;
    void *arg;
    struct ledger_fault *fault;
};

/* The first thing that went wrong, with errno. */
static void say(struct export *x, const char *name, const char *what)
{
    if (x->failed)
        return;
    x->failed = true;
    memset(x->fault, 0, sizeof *x->fault);
    x->fault->error = errno;
    snprintf(x->fault->where, sizeof x->fault->where, "%.400s/%.100s", x->folder, name);
    snprintf(x->fault->what, sizeof x->fault->what, "%s: %s", what, strerror(errno));
}

static void make_folder(struct export *x, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", x->folder, name) >= (int)sizeof path)
        errno = ENAMETOOLONG;
    else if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return;
    say(x, name, "cannot be made");
}

/* A file of its own; the whole folder is synced once, at the end. */
static FILE *open_file(struct export *x, const char *name)
{
    char path[PATH_MAX];
    FILE *f = NULL;

    if (snprintf(path, sizeof path, "%s/%s", x->folder, name) >= (int)sizeof path)
        errno = ENAMETOOLONG;
    else
        f = fopen(path, "wxe");
    if (f == NULL)
        say(x, name, "cannot be written");
    return f;
}

static void close_file(struct export *x, FILE *f, const char *name)
{
    const bool bad = ferror(f) != 0;

    if (fclose(f) != 0 || bad)
        say(x, name, "cannot be written");
}

static void put_file(struct export *x, const char *name, const void *bytes, size_t len)
{
    FILE *f = x->failed ? NULL : open_file(x, name);

    if (f == NULL)
        return;
    (void)fwrite(bytes, 1, len, f); /* close_file asks */
    close_file(x, f, name);
}

static void put_tile(struct export *x, unsigned level, uint64_t n, unsigned hashes,
                     const uint8_t (*hash)[MERKLE_BYTES])
{
    char name[LEDGER_EXPORT_NAME];

    ledger_tile_name(name, level, n, hashes);
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        make_folder(x, name);
        *slash = '/';
    }
    put_file(x, name, hash, hashes * sizeof *hash);
}

static void put_tiles(struct export *x)
{
    struct ledger *l = x->l;

    for (unsigned level = 0; level < LEDGER_LEVELS; level++) {
        const uint64_t hashes = l->size >> 8 * level, whole = hashes / LEDGER_TILE;
        for (uint64_t n = 0; n < whole && !x->failed; n++) {
            errno = EIO;
            if (ledger_read_tile(l, level, n) != HEAD2_OK)
                say(x, "tile", "cannot be read");
            else
                put_tile(x, level, n, LEDGER_TILE, (const uint8_t(*)[MERKLE_BYTES])l->tile);
        }
        if (hashes % LEDGER_TILE != 0)
            put_tile(x, level, whole, (unsigned)(hashes % LEDGER_TILE),
                     (const uint8_t(*)[MERKLE_BYTES])l->open_tile[level]);
    }
}

static bool put_entry(void *arg, const struct ledger_entry *e)
{
    struct export *x = arg;
    char name[LEDGER_EXPORT_NAME];

    ledger_entries_name(name, e->index / LEDGER_TILE);
    if (e->index % LEDGER_TILE == 0)
        x->entries = open_file(x, name);
    if (x->entries == NULL)
        return false;
    json_t *o = ledger_entry_json(e);
    errno = o != NULL ? 0 : EILSEQ;
    if (o == NULL || json_dumpf(o, x->entries, JSON_COMPACT) != 0 || fputc('\n', x->entries) < 0)
        say(x, name, "cannot be written");
    json_decref(o);
    if (e->index % LEDGER_TILE == LEDGER_TILE - 1 || e->index + 1 == x->l->size) {
        close_file(x, x->entries, name);
        x->entries = NULL;
        x->progress(x->arg, e->index + 1);
    }
    return !x->failed;
}

static bool put_note(void *arg, uint64_t size, const char *note, size_t len)
{
    struct export *x = arg;
    char name[40];

    snprintf(name, sizeof name, "checkpoints/%012llu", (unsigned long long)size);
    put_file(x, name, note, len);
    if (size == x->l->is_signed)
        put_file(x, "checkpoint", note, len);
    return !x->failed;
}

static void put_key(struct export *x)
{
    static uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;

    errno = EIO;
    if (head2_key_write_public(x->l->key, HEAD2_KEY_PEM, pem, &len) != HEAD2_OK)
        say(x, LEDGER_EXPORT_KEY, "cannot be written");
    else
        put_file(x, LEDGER_EXPORT_KEY, pem, len);
}

/* Durable, then under its name. */
static void finish(struct export *x, const char *folder)
{
    const int fd = open(x->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || syncfs(fd) != 0 || rename(x->folder, folder) != 0)
        say(x, "", "cannot be finished");
    if (fd >= 0)
        close(fd);
}

static int unlink_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info;
    (void)flag;
    (void)walk;
    return remove(path);
}

static enum head2_status put_all(struct export *x)
{
    static const char *const folders[] = {"", "checkpoints", "entries", "tile"};
    enum head2_status st = HEAD2_OK;

    for (unsigned i = 0; i < HEAD2_LEN(folders); i++)
        make_folder(x, folders[i]);
    put_key(x);
    if (!x->failed)
        HEAD2_TRY(ledger_each(x->l, 0, put_entry, x, x->fault));
    if (!x->failed)
        put_tiles(x);
    if (!x->failed)
        HEAD2_TRY(ledger_each_note(x->l, put_note, x, x->fault));
done:
    if (x->entries != NULL)
        fclose(x->entries); /* what failed has been said */
    return st == HEAD2_OK && x->failed ? HEAD2_E_IO : st;
}

enum head2_status ledger_export(struct ledger *l, const char *folder, ledger_progress_fn *progress,
                                void *arg, struct ledger_fault *fault)
{
    struct export x = {.l = l, .progress = progress, .arg = arg, .fault = fault};
    struct stat info;
    size_t len = strlen(folder);

    memset(fault, 0, sizeof *fault);
    while (len > 1 && folder[len - 1] == '/')
        len--;
    if (lstat(folder, &info) == 0 || snprintf(x.folder, sizeof x.folder, "%.*s.tmp-%ld", (int)len,
                                              folder, (long)getpid()) >= (int)sizeof x.folder) {
        snprintf(fault->where, sizeof fault->where, "%.500s", folder);
        snprintf(fault->what, sizeof fault->what, "there is something of that name");
        snprintf(fault->hint, sizeof fault->hint, "name a folder that does not exist");
        return HEAD2_E_POLICY;
    }
    if (l->is_signed == 0) {
        snprintf(fault->where, sizeof fault->where, "%.500s", l->folder);
        snprintf(fault->what, sizeof fault->what, "nothing in it is signed yet");
        return HEAD2_E_STATE;
    }
    enum head2_status st = put_all(&x);
    if (st == HEAD2_OK) {
        finish(&x, folder);
        st = x.failed ? HEAD2_E_IO : HEAD2_OK;
    }
    if (st != HEAD2_OK)
        nftw(x.folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    return st;
}
