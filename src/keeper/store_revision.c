/*
 * store.revision: what the store was when it was last changed, outside of it, so that a database
 * that was put back is told.
 *
 * It is written after the database, and the header says which one it follows (before,
 * before_digest). So there are two states that a crash can leave: both agree, or the file still
 * shows what the header follows; the second is brought up to date when the store is opened. A
 * change is acknowledged when both are durable. The one rollback that goes unnoticed is that of a
 * change that was acknowledged to nobody, which could as well have been lost to the crash; and
 * that of both files together, for which there is the anchor.
 */
#include "keeper/store_db.h"

#include "artifact/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool path_of(char path[PATH_MAX], const char *folder)
{
    return snprintf(path, PATH_MAX, "%s/" STORE_REVISION_FILE, folder) < PATH_MAX;
}

enum head2_status store_revision_read(const char *folder, struct store_anchor *a,
                                      struct store_fault *fault)
{
    char path[PATH_MAX];
    uint8_t *text = NULL;
    size_t len;

    memset(a, 0, sizeof *a);
    if (!path_of(path, folder))
        return HEAD2_E_ARG;
    enum head2_status st = file_read(path, FORM_REVISION_MAX, &text, &len);
    if (st == HEAD2_E_IO && errno == ENOENT)
        return HEAD2_E_STATE;
    if (st == HEAD2_E_IO)
        return store_say_errno(fault, path, "cannot be read");
    if (st == HEAD2_OK)
        st = form_revision_read(a, (const char *)text, len);
    free(text);
    if (st == HEAD2_E_MALFORMED || st == HEAD2_E_LIMIT)
        st = store_say(HEAD2_E_MALFORMED, fault, path, "'head2 store restore' a backup",
                       "is damaged, and nobody can tell whether the store was put back");
    return st;
}

enum head2_status store_revision_write(const char *folder, const struct store_anchor *a,
                                       struct store_fault *fault)
{
    char path[PATH_MAX], line[FORM_REVISION_MAX];
    const size_t len = form_revision_write(line, a);

    if (!path_of(path, folder))
        return HEAD2_E_ARG;
    if (file_write(path, line, len, 0600, FILE_REPLACE) == HEAD2_OK)
        return HEAD2_OK;
    return store_say_errno(fault, path, "cannot be written");
}

static bool same(const struct store_anchor *seen, uint64_t revision,
                 const uint8_t digest[STORE_DIGEST_BYTES])
{
    return seen->revision == revision && memcmp(seen->digest, digest, STORE_DIGEST_BYTES) == 0;
}

enum head2_status store_revision_check(struct store *s, struct store_fault *fault)
{
    const struct form_header *const h = &s->now.header;
    struct store_anchor seen, now;
    enum head2_status st = store_revision_read(s->folder, &seen, fault);

    if (st == HEAD2_E_STATE)
        return store_wrong(s, fault,
                           STORE_REVISION_FILE
                           " is gone, and nobody can tell whether the store was put back");
    if (st != HEAD2_OK)
        return st;
    store_get_anchor(s, &now);
    if (memcmp(seen.id, now.id, sizeof seen.id) != 0)
        return store_wrong(s, fault, STORE_REVISION_FILE " is another store's");
    if (same(&seen, h->revision, now.digest))
        return HEAD2_OK;
    if (same(&seen, h->before, h->before_digest))
        return store_revision_write(s->folder, &now, fault);
    if (seen.revision > h->revision)
        return store_wrong(s, fault,
                           "the store was put back: it is at revision %llu, and was at %llu",
                           (unsigned long long)h->revision, (unsigned long long)seen.revision);
    return store_wrong(s, fault,
                       "the store at revision %llu does not follow from what " STORE_REVISION_FILE
                       " has seen at %llu",
                       (unsigned long long)h->revision, (unsigned long long)seen.revision);
}
