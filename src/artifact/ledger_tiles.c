/* Parts of an export, unchecked: its tree's nodes, its checkpoints. See ledger_export.h. */
#include "artifact/file.h"
#include "artifact/ledger_db.h"
#include "artifact/ledger_export.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A tile's file of so many hashes. HEAD2_E_STATE where there is none, or not of this length. */
static enum head2_status read_tile(struct ledger_tiles *t, unsigned level, uint64_t n,
                                   unsigned hashes)
{
    char name[LEDGER_EXPORT_NAME], path[PATH_MAX];
    uint8_t *bytes;
    size_t len;

    ledger_tile_name(name, level, n, hashes);
    if (snprintf(path, sizeof path, "%s/%s", t->folder, name) >= (int)sizeof path)
        return HEAD2_E_IO;
    enum head2_status st = file_read(path, sizeof t->hash, &bytes, &len);
    if (st == HEAD2_E_LIMIT || (st == HEAD2_E_IO && (errno == ENOENT || errno == ENOTDIR)))
        return HEAD2_E_STATE;
    if (st != HEAD2_OK)
        return st;
    st = len == hashes * (size_t)MERKLE_BYTES ? HEAD2_OK : HEAD2_E_STATE;
    if (st == HEAD2_OK) {
        memcpy(t->hash, bytes, len);
        t->level = level;
        t->n = n;
        t->hashes = hashes;
    }
    free(bytes);
    return st;
}

/* The whole tile, or the largest part of it that has so many hashes. */
static enum head2_status find_tile(struct ledger_tiles *t, unsigned level, uint64_t n,
                                   unsigned hashes)
{
    enum head2_status st = HEAD2_E_STATE;

    if (t->hashes >= hashes && t->level == level && t->n == n)
        return HEAD2_OK;
    t->hashes = 0;
    for (unsigned w = LEDGER_TILE; w >= hashes && st == HEAD2_E_STATE; w--)
        st = read_tile(t, level, n, w);
    return st;
}

static enum head2_status get_node(void *arg, unsigned level, uint64_t index,
                                  uint8_t hash[MERKLE_BYTES])
{
    struct ledger_tiles *t = arg;
    const unsigned at = level / 8, bits = level % 8;
    const uint64_t first = index << bits;
    const unsigned within = (unsigned)(first % LEDGER_TILE);
    enum head2_status st = HEAD2_E_ARG;

    if (at >= LEDGER_LEVELS)
        goto done;
    HEAD2_TRY(find_tile(t, at, first / LEDGER_TILE, within + (1u << bits)));
    ledger_tile_root(hash, (const uint8_t(*)[MERKLE_BYTES])t->hash + within, bits);
done:
    return st;
}

struct merkle_nodes ledger_export_nodes(struct ledger_tiles *t, const char *folder)
{
    *t = (struct ledger_tiles){.folder = folder};
    return (struct merkle_nodes){get_node, t};
}

static void give_note(const char *path, ledger_export_note_fn *fn, void *arg)
{
    uint8_t *note;
    size_t len;

    if (file_read(path, CHECKPOINT_NOTE_MAX, &note, &len) != HEAD2_OK)
        return;
    fn(arg, (const char *)note, len);
    free(note);
}

void ledger_export_each_note(const char *folder, ledger_export_note_fn *fn, void *arg)
{
    char path[PATH_MAX], name[PATH_MAX + 300];

    if (snprintf(path, sizeof path, "%s/checkpoints", folder) >= (int)sizeof path)
        return;
    DIR *dir = opendir(path);
    const struct dirent *e;
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_name[0] != '.')
            give_note(name, fn, arg);
    }
    if (dir != NULL)
        closedir(dir);
    snprintf(name, sizeof name, "%s/checkpoint", folder);
    give_note(name, fn, arg);
}
