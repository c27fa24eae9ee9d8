/* Writing an export; reading one is in ledger_import.c. See ledger_export.h. */
#include "artifact/ledger_db.h"
#include "artifact/ledger_files.h"

#include <errno.h>

struct export
{
    struct ledger_files files;
    struct ledger *l;
    FILE *entries; /* the file of 256 that is open */
    ledger_progress_fn *progress;
    void *arg;
};

static enum head2_status put_tiles(struct export *x)
{
    struct ledger *l = x->l;

    for (unsigned level = 0; level < LEDGER_LEVELS; level++) {
        const uint64_t hashes = l->size >> 8 * level, whole = hashes / LEDGER_TILE;
        for (uint64_t n = 0; n < whole && !x->files.failed; n++) {
            if (ledger_read_tile(l, level, n) != HEAD2_OK)
                return ledger_damaged(l, x->files.fault, "tile %u/%llu is missing", level,
                                      (unsigned long long)n);
            ledger_files_tile(&x->files, level, n, LEDGER_TILE,
                              (const uint8_t(*)[MERKLE_BYTES])l->tile);
        }
        if (hashes % LEDGER_TILE != 0)
            ledger_files_tile(&x->files, level, whole, (unsigned)(hashes % LEDGER_TILE),
                              (const uint8_t(*)[MERKLE_BYTES])l->open_tile[level]);
    }
    return HEAD2_OK;
}

static bool put_entry(void *arg, const struct ledger_entry *e)
{
    struct export *x = arg;
    char name[LEDGER_EXPORT_NAME];

    ledger_entries_name(name, e->index / LEDGER_TILE);
    if (e->index % LEDGER_TILE == 0)
        x->entries = ledger_files_open(&x->files, name);
    if (x->entries == NULL)
        return false;
    ledger_files_entry(&x->files, x->entries, e);
    if (e->index % LEDGER_TILE == LEDGER_TILE - 1 || e->index + 1 == x->l->size) {
        ledger_files_close(&x->files, x->entries, name);
        x->entries = NULL;
        x->progress(x->arg, e->index + 1);
    }
    return !x->files.failed;
}

static bool put_note(void *arg, uint64_t size, const char *note, size_t len)
{
    struct export *x = arg;

    ledger_files_note(&x->files, size, note, len);
    if (size == x->l->is_signed)
        ledger_files_put(&x->files, "checkpoint", note, len);
    return !x->files.failed;
}

static enum head2_status put_all(struct export *x)
{
    enum head2_status st = HEAD2_OK;

    ledger_files_export(&x->files);
    ledger_files_key(&x->files, LEDGER_EXPORT_KEY, x->l->key);
    if (!x->files.failed)
        HEAD2_TRY(ledger_each(x->l, 0, put_entry, x, x->files.fault));
    if (!x->files.failed)
        HEAD2_TRY(put_tiles(x));
    if (!x->files.failed)
        HEAD2_TRY(ledger_each_note(x->l, put_note, x, x->files.fault));
done:
    if (x->entries != NULL)
        fclose(x->entries); /* what failed has been said */
    return st;
}

enum head2_status ledger_export(struct ledger *l, const char *folder, ledger_progress_fn *progress,
                                void *arg, struct ledger_fault *fault)
{
    struct export x = {.l = l, .progress = progress, .arg = arg};
    enum head2_status st;

    if (l->is_signed == 0) {
        memset(fault, 0, sizeof *fault);
        snprintf(fault->where, sizeof fault->where, "%.500s", l->folder);
        snprintf(fault->what, sizeof fault->what, "nothing in it is signed yet");
        return HEAD2_E_STATE;
    }
    HEAD2_TRY(ledger_files_begin(&x.files, folder, 0777, fault));
    st = ledger_files_end(&x.files, put_all(&x));
done:
    return st;
}

/* Whether it is the ledger that cannot be read, and not the export that cannot be written. */
static bool is_damage(enum head2_status st, const char *ledger, const struct ledger_fault *f)
{
    return st == HEAD2_E_MALFORMED ||
           (st == HEAD2_E_IO && f->error == EIO && strncmp(f->where, ledger, strlen(ledger)) == 0);
}

enum head2_status ledger_export_folder(struct ledger_exported *out, const char *ledger,
                                       const char *folder, ledger_progress_fn *progress, void *arg,
                                       struct ledger_fault *fault)
{
    struct ledger_fault second;
    struct ledger *l = NULL;
    enum head2_status st = ledger_open(&l, ledger, LEDGER_READ, NULL, fault);

    *out = (struct ledger_exported){.written = false};
    if (st == HEAD2_OK)
        st = ledger_export(l, folder, progress, arg, fault);
    if (st == HEAD2_OK)
        *out = (struct ledger_exported){.written = true, .entries = l->size};
    ledger_close(l);
    l = NULL;
    if (is_damage(st, ledger, fault) &&
        ledger_open(&l, ledger, LEDGER_RESCUE, NULL, &second) == HEAD2_OK)
        ledger_rescue(out, l, folder, fault, progress, arg);
    ledger_close(l);
    return st;
}
