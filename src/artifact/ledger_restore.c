/*
 * A ledger made of an export. See ledger_restore.
 *
 * It is built without waiting for the disk, under another name, and synced as a whole before it has
 * its own: a power cut leaves nothing, or all of it.
 */
#include "artifact/file.h"
#include "artifact/ledger_db.h"
#include "artifact/ledger_files.h"
#include "artifact/ledger_json.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

struct restore {
    struct ledger_files files;
    struct ledger *l;
    const char *export;
    struct ledger_fault *fault;
    uint64_t entries; /* to take */
    uint64_t checkpoints;
    /* a file of entries: the strings are the objects' */
    struct ledger_entry batch[LEDGER_TILE];
    json_t *object[LEDGER_TILE];
    unsigned n;
};

/* ---- reading ---- */

static enum head2_status bad(struct restore *r, const char *name, const char *what)
{
    snprintf(r->fault->where, sizeof r->fault->where, "%.400s/%.100s", r->export, name);
    snprintf(r->fault->what, sizeof r->fault->what, "%s", what);
    snprintf(r->fault->hint, sizeof r->fault->hint,
             "give an export that 'head2 ledger verify' likes");
    return HEAD2_E_MALFORMED;
}

static enum head2_status read_file(struct restore *r, const char *name, size_t limit,
                                   uint8_t **bytes, size_t *len)
{
    char path[PATH_MAX];

    *bytes = NULL;
    if (snprintf(path, sizeof path, "%s/%s", r->export, name) >= (int)sizeof path)
        return bad(r, name, "the name is too long");
    const enum head2_status st = file_read(path, limit, bytes, len);
    if (st == HEAD2_OK || st == HEAD2_E_MEMORY)
        return st;
    const int e = errno;
    (void)bad(r, name, st == HEAD2_E_LIMIT ? "too long" : strerror(e));
    r->fault->error = st == HEAD2_E_LIMIT ? 0 : e;
    return st == HEAD2_E_LIMIT ? HEAD2_E_MALFORMED : st;
}

/* The lines of a file of entries, up to the last that is to be taken. */
static bool read_lines(struct restore *r, const uint8_t *at, const uint8_t *end)
{
    const uint64_t first = ledger_size(r->l), left = r->entries - first;
    const unsigned want = left < LEDGER_TILE ? (unsigned)left : LEDGER_TILE;

    for (r->n = 0; r->n < want; r->n++) {
        const uint8_t *const lf = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (lf == NULL)
            return false;
        json_t *const o = json_loadb((const char *)at, (size_t)(lf - at),
                                     JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        r->object[r->n] = o;
        if (!ledger_entry_parse(&r->batch[r->n], o) || r->batch[r->n].index != first + r->n) {
            json_decref(o);
            return false;
        }
        at = lf + 1;
    }
    return true;
}

static enum head2_status take_entries(struct restore *r)
{
    char name[LEDGER_EXPORT_NAME];
    uint8_t *bytes;
    size_t len;
    enum head2_status st;

    ledger_entries_name(name, ledger_size(r->l) / LEDGER_TILE);
    HEAD2_TRY(read_file(r, name, LEDGER_ENTRIES_MAX, &bytes, &len));
    if (read_lines(r, bytes, bytes + len))
        st = ledger_append(r->l, r->batch, r->n, r->fault);
    else
        st = bad(r, name, "not the entries that were checked");
    for (unsigned i = 0; i < r->n; i++)
        json_decref(r->object[i]);
done:
    free(bytes);
    return st;
}

/* ---- checkpoints ---- */

static int is_note(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* One that is of these entries, or is not to be taken. */
static enum head2_status take_note(struct restore *r, const char *name, const char *note,
                                   size_t len)
{
    const struct merkle_nodes nodes = ledger_nodes(r->l);
    struct checkpoint c;
    uint8_t root[MERKLE_BYTES];
    char own[40];
    const char *why;

    if (checkpoint_parse(&c, note, len, &why) != HEAD2_OK)
        return bad(r, name, why);
    snprintf(own, sizeof own, "checkpoints/%012llu", (unsigned long long)c.size);
    const bool latest = strcmp(name, "checkpoint") == 0;
    if (!latest && strcmp(name, own) != 0)
        return bad(r, name, "does not have the name of its size");
    if (c.size > r->entries || (latest && c.size == r->l->is_signed))
        return HEAD2_OK;
    if (checkpoint_check(&c, r->l->key) != HEAD2_OK ||
        merkle_root_at(root, &nodes, c.size) != HEAD2_OK ||
        memcmp(root, c.root, sizeof root) != 0) {
        (void)bad(r, name, "does not sign these entries");
        return HEAD2_E_VERIFY;
    }
    r->checkpoints++;
    return ledger_put_note(r->l, c.size, note, len, r->fault);
}

static enum head2_status take_note_file(struct restore *r, const char *name)
{
    uint8_t *note;
    size_t len;
    enum head2_status st = read_file(r, name, CHECKPOINT_NOTE_MAX, &note, &len);

    if (st == HEAD2_OK)
        st = take_note(r, name, (const char *)note, len);
    free(note);
    return st;
}

/* Those of the folder, which are in order by their names, and the latest if it is not among them.
 */
static enum head2_status take_notes(struct restore *r)
{
    char path[PATH_MAX], name[300];
    struct dirent **names = NULL;
    enum head2_status st = HEAD2_OK;

    if (snprintf(path, sizeof path, "%s/checkpoints", r->export) >= (int)sizeof path)
        return bad(r, "checkpoints", "the name is too long");
    const int n = scandir(path, &names, is_note, alphasort);
    if (n < 0)
        return bad(r, "checkpoints", strerror(errno));
    for (int i = 0; i < n; i++) {
        snprintf(name, sizeof name, "checkpoints/%s", names[i]->d_name);
        if (st == HEAD2_OK)
            st = take_note_file(r, name);
        free(names[i]);
    }
    free(names);
    return st == HEAD2_OK ? take_note_file(r, "checkpoint") : st;
}

/* ---- all of it ---- */

static enum head2_status build(struct restore *r, const struct head2_key *key,
                               ledger_progress_fn *progress, void *arg)
{
    enum head2_status st;

    HEAD2_TRY(ledger_open(&r->l, r->files.folder, LEDGER_APPEND, key, r->fault));
    if (sqlite3_exec(r->l->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL) != SQLITE_OK)
        return ledger_failed(r->l, r->fault, "cannot be made");
    while (ledger_size(r->l) < r->entries) {
        HEAD2_TRY(take_entries(r));
        progress(arg, ledger_size(r->l));
    }
    HEAD2_TRY(take_notes(r));
    ledger_files_key(&r->files, LEDGER_PUBLIC_FILE, key);
done:
    return st;
}

enum head2_status ledger_restore(struct ledger_restored *done, const char *export,
                                 const char *folder, const struct head2_key *key, uint64_t entries,
                                 ledger_progress_fn *progress, void *arg,
                                 struct ledger_fault *fault)
{
    struct restore *r = calloc(1, sizeof *r);
    enum head2_status st = HEAD2_E_MEMORY;

    memset(fault, 0, sizeof *fault);
    *done = (struct ledger_restored){.entries = entries};
    if (r == NULL)
        return st;
    r->export = export;
    r->entries = entries;
    r->fault = fault;
    HEAD2_TRY(ledger_files_begin(&r->files, folder, 0700, fault));
    st = build(r, key, progress, arg);
    ledger_close(r->l); /* plays the log back into the database */
    st = ledger_files_end(&r->files, st);
    done->checkpoints = r->checkpoints;
done:
    free(r);
    return st;
}
