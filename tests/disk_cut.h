/*
 * The disk of disk.h as a power cut leaves it: after any number of its changes, with all,
 * some or nothing of what was not synced.
 */
#ifndef HEAD2_TESTS_DISK_CUT_H
#define HEAD2_TESTS_DISK_CUT_H

#include "disk.h"

/* What is on the plates for sure, after so many changes. */
static struct {
    struct disk_bytes file[DISK_FILES];
    size_t synced[DISK_FILES]; /* changes up to here are in it, or never will be */
    int name[DISK_NAMES];
    size_t names_synced;
    int files;
} kept;

/* Nothing is there: the changes begin with an empty disk. */
__attribute__((unused)) static void kept_clear(void)
{
    for (int i = 0; i < DISK_FILES; i++) {
        kept.file[i].len = 0;
        kept.synced[i] = 0;
    }
    for (int i = 0; i < DISK_NAMES; i++)
        kept.name[i] = NO_FILE;
    kept.names_synced = 0;
    kept.files = 0;
}

static void apply(struct disk_bytes *b, const struct disk_change *c)
{
    if (c->kind == DISK_WRITE)
        bytes_write(b, c->at, c->bytes, c->len);
    else
        bytes_resize(b, c->len);
}

static bool is_of(const struct disk_change *c, int file)
{
    return c->file == file && (c->kind == DISK_WRITE || c->kind == DISK_TRUNCATE);
}

/* Change number i has been made. */
__attribute__((unused)) static void keep(size_t i)
{
    const struct disk_change *const c = &disk.change[i];

    if (c->kind == DISK_NAME && c->file >= kept.files)
        kept.files = c->file + 1;
    if (c->kind == DISK_SYNC)
        for (size_t k = kept.synced[c->file]; k < i; k++)
            if (is_of(&disk.change[k], c->file))
                apply(&kept.file[c->file], &disk.change[k]);
    if (c->kind == DISK_SYNC || c->kind == DISK_SYNC_LOST)
        kept.synced[c->file] = i;
    if (c->kind != DISK_SYNC_NAMES)
        return;
    for (size_t k = kept.names_synced; k < i; k++)
        if (disk.change[k].kind == DISK_NAME)
            kept.name[disk.change[k].name] = disk.change[k].file;
    kept.names_synced = i;
}

/* Some of the sectors of a write, and of each a part. */
static void apply_torn(struct disk_bytes *b, const struct disk_change *c, uint64_t *seed)
{
    for (size_t from = c->at, to; from < c->at + c->len; from = to) {
        to = (from / DISK_SECTOR + 1) * DISK_SECTOR;
        to = to < c->at + c->len ? to : c->at + c->len;
        const uint64_t luck = disk_random(seed) % 4;
        if (luck == 0)
            continue;
        const size_t len = luck == 1 ? disk_random(seed) % (to - from) : to - from;
        if (len != 0)
            bytes_write(b, from, c->bytes + (from - c->at), len);
    }
}

enum lost { LOST_ALL, LOST_NOTHING, LOST_SOME };

/* The disk as it is after the power has gone when `changes` had been made, and
 * kept. */
__attribute__((unused)) static void cut(size_t changes, enum lost lost, uint64_t *seed)
{
    disk.files = kept.files;
    for (int f = 0; f < kept.files; f++) {
        bytes_copy(&disk.file[f], &kept.file[f]);
        for (size_t i = kept.synced[f]; lost != LOST_ALL && i < changes; i++) {
            const struct disk_change *const c = &disk.change[i];
            if (!is_of(c, f))
                continue;
            if (lost == LOST_NOTHING || (c->kind == DISK_TRUNCATE && disk_random(seed) % 2 == 0))
                apply(&disk.file[f], c);
            else if (c->kind == DISK_WRITE)
                apply_torn(&disk.file[f], c, seed);
        }
    }
    memcpy(disk.name, kept.name, sizeof disk.name);
    /* names change in order, as journals of file systems keep them */
    for (size_t i = kept.names_synced; lost != LOST_ALL && i < changes; i++) {
        if (disk.change[i].kind != DISK_NAME)
            continue;
        if (lost == LOST_SOME && disk_random(seed) % 2 == 0)
            break;
        disk.name[disk.change[i].name] = disk.change[i].file;
    }
}

/* Whether some of it had not been synced. */
__attribute__((unused)) static bool is_pending(size_t changes)
{
    for (size_t i = kept.names_synced; i < changes; i++)
        if (disk.change[i].kind == DISK_NAME)
            return true;
    for (size_t i = 0; i < changes; i++)
        if (is_of(&disk.change[i], disk.change[i].file) && i >= kept.synced[disk.change[i].file])
            return true;
    return false;
}

__attribute__((unused)) static void kept_end(void)
{
    for (int i = 0; i < DISK_FILES; i++)
        free(kept.file[i].p);
    memset(&kept, 0, sizeof kept);
}

#endif
