/* see ledger_files.h */
#include "artifact/ledger_files.h"

#include "artifact/ledger_json.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
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

/* ---- files ---- */

void ledger_files_say(struct ledger_files *x, const char *name, const char *what)
{
    if (x->failed)
        return;
    x->failed = true;
    memset(x->fault, 0, sizeof *x->fault);
    x->fault->error = errno;
    snprintf(x->fault->where, sizeof x->fault->where, "%.400s%s%.100s", x->folder,
             *name != 0 ? "/" : "", name);
    snprintf(x->fault->what, sizeof x->fault->what, "%s: %s", what, strerror(errno));
}

void ledger_files_folder(struct ledger_files *x, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", x->folder, name) >= (int)sizeof path)
        errno = ENAMETOOLONG;
    else if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return;
    ledger_files_say(x, name, "cannot be made");
}

/* The whole folder is synced once, at the end. */
FILE *ledger_files_open(struct ledger_files *x, const char *name)
{
    char path[PATH_MAX];
    FILE *f = NULL;

    if (x->failed)
        return NULL;
    if (snprintf(path, sizeof path, "%s/%s", x->folder, name) >= (int)sizeof path)
        errno = ENAMETOOLONG;
    else
        f = fopen(path, "wxe");
    if (f == NULL)
        ledger_files_say(x, name, "cannot be written");
    return f;
}

void ledger_files_close(struct ledger_files *x, FILE *f, const char *name)
{
    const bool bad = ferror(f) != 0;

    if (fclose(f) != 0 || bad)
        ledger_files_say(x, name, "cannot be written");
}

void ledger_files_put(struct ledger_files *x, const char *name, const void *bytes, size_t len)
{
    FILE *f = ledger_files_open(x, name);

    if (f == NULL)
        return;
    (void)fwrite(bytes, 1, len, f); /* ledger_files_close asks */
    ledger_files_close(x, f, name);
}

/* ---- of an export ---- */

void ledger_files_export(struct ledger_files *x)
{
    ledger_files_folder(x, "checkpoints");
    ledger_files_folder(x, "entries");
    ledger_files_folder(x, "tile");
}

void ledger_files_tile(struct ledger_files *x, unsigned level, uint64_t n, unsigned hashes,
                       const uint8_t (*hash)[MERKLE_BYTES])
{
    char name[LEDGER_EXPORT_NAME];

    ledger_tile_name(name, level, n, hashes);
    for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        ledger_files_folder(x, name);
        *slash = '/';
    }
    ledger_files_put(x, name, hash, hashes * sizeof *hash);
}

void ledger_files_entry(struct ledger_files *x, FILE *f, const struct ledger_entry *e)
{
    char name[LEDGER_EXPORT_NAME];
    json_t *o = ledger_entry_json(e);

    errno = o != NULL ? 0 : EILSEQ;
    ledger_entries_name(name, e->index / LEDGER_TILE);
    if (o == NULL || json_dumpf(o, f, JSON_COMPACT) != 0 || fputc('\n', f) < 0)
        ledger_files_say(x, name, "cannot be written");
    json_decref(o);
}

void ledger_files_note(struct ledger_files *x, uint64_t size, const char *note, size_t len)
{
    char name[40];

    snprintf(name, sizeof name, "checkpoints/%012llu", (unsigned long long)size);
    ledger_files_put(x, name, note, len);
}

void ledger_files_key(struct ledger_files *x, const char *name, const struct head2_key *key)
{
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;

    errno = EIO;
    if (head2_key_write_public(key, HEAD2_KEY_PEM, pem, &len) != HEAD2_OK)
        ledger_files_say(x, name, "cannot be written");
    else
        ledger_files_put(x, name, pem, len);
}

/* ---- the folder ---- */

static int unlink_one(const char *path, const struct stat *info, int flag, struct FTW *walk)
{
    (void)info;
    (void)flag;
    (void)walk;
    return remove(path);
}

static void sweep(const struct ledger_files *x)
{
    (void)nftw(x->folder, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum head2_status ledger_files_begin(struct ledger_files *x, const char *name, mode_t mode,
                                     struct ledger_fault *fault)
{
    struct stat info;
    size_t len = strlen(name);

    *x = (struct ledger_files){.name = name, .fault = fault};
    memset(fault, 0, sizeof *fault);
    while (len > 1 && name[len - 1] == '/')
        len--;
    if (lstat(name, &info) == 0 || snprintf(x->folder, sizeof x->folder, "%.*s.tmp-%ld", (int)len,
                                            name, (long)getpid()) >= (int)sizeof x->folder) {
        snprintf(fault->where, sizeof fault->where, "%.500s", name);
        snprintf(fault->what, sizeof fault->what, "there is something of that name");
        snprintf(fault->hint, sizeof fault->hint, "name a folder that does not exist");
        return HEAD2_E_POLICY;
    }
    sweep(x); /* of a process of this number that died */
    if (mkdir(x->folder, mode) != 0)
        ledger_files_say(x, "", "cannot be made");
    return x->failed ? HEAD2_E_IO : HEAD2_OK;
}

enum head2_status ledger_files_end(struct ledger_files *x, enum head2_status st)
{
    if (st == HEAD2_OK && !x->failed) {
        const int fd = open(x->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || syncfs(fd) != 0 || rename(x->folder, x->name) != 0 || syncfs(fd) != 0)
            ledger_files_say(x, "", "cannot be finished");
        if (fd >= 0)
            close(fd);
    }
    st = st == HEAD2_OK && x->failed ? HEAD2_E_IO : st;
    if (st != HEAD2_OK)
        sweep(x);
    return st;
}
