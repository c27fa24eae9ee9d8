/* see fallback_store.h */
#include "gateway/fallback_store.h"

#include "artifact/base64.h"
#include "artifact/file.h"
#include "artifact/utc.h"

#include <head2/hash.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KIND         "head2-fallback-key "
#define HEADER       KIND "1\n"
#define HEADER_BYTES (sizeof HEADER - 1)
#define FIXED        (2 + 1 + 1 + 16 + 8 + 8 + 8)
#define OVERHEAD     (HEADER_BYTES + FIXED + 2 + HEAD2_SHA3_256_BYTES)
#define FILE_BYTES   (OVERHEAD + HEAD2_FALLBACK_MAX_BYTES)
#define ID_DIGITS    (2 * HEAD2_FALLBACK_ID_BYTES)
#define SUFFIX       ".key"
#define LEFT_S       3600 /* no write lasts that long */

enum { FLAG_ACKNOWLEDGED = 1, FLAG_SCRUBBED = 2, FLAGS = 3 };

void fallback_store_path(char *out, size_t cap, const char *state,
                         const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    char name[ID_DIGITS + 1] = {0};

    hex_encode(name, id, HEAD2_FALLBACK_ID_BYTES);
    snprintf(out, cap, "%s/fallback/%s" SUFFIX, state, name);
}

/* ---- one entry as bytes ---- */

static size_t entry_encode(uint8_t out[FILE_BYTES], const struct fallback_entry *e)
{
    uint8_t *p = out + HEADER_BYTES;
    const size_t len = head2_fallback_encode(p + FIXED + 2, &e->key);

    if (len == 0)
        return 0;
    memcpy(out, HEADER, HEADER_BYTES);
    put_be16(p, e->counter);
    p[2] = (uint8_t)((e->acknowledged ? FLAG_ACKNOWLEDGED : 0) | (e->scrubbed ? FLAG_SCRUBBED : 0));
    p[3] = e->boots;
    memcpy(p + 4, e->boot_id, 16);
    put_be64(p + 20, e->age_ms);
    put_be64(p + 28, e->saved_us);
    put_be64(p + 36, e->counted_ms);
    put_be16(p + FIXED, (uint16_t)len);
    const size_t total = HEADER_BYTES + FIXED + 2 + len;
    head2_sha3_256(out + total, out, total);
    return total + HEAD2_SHA3_256_BYTES;
}

static enum head2_status entry_decode(struct fallback_entry *e, const uint8_t *in, size_t len)
{
    const uint8_t *p = in + HEADER_BYTES;
    uint8_t digest[HEAD2_SHA3_256_BYTES];

    if (len > sizeof KIND && memcmp(in, KIND, sizeof KIND - 1) == 0 && in[sizeof KIND - 1] > '1')
        return HEAD2_E_UNSUPPORTED;
    if (len <= OVERHEAD || len > FILE_BYTES || memcmp(in, HEADER, HEADER_BYTES) != 0 ||
        be16(p + FIXED) != len - OVERHEAD || (p[2] & ~FLAGS) != 0)
        return HEAD2_E_MALFORMED;
    head2_sha3_256(digest, in, len - sizeof digest);
    if (memcmp(digest, in + len - sizeof digest, sizeof digest) != 0)
        return HEAD2_E_MALFORMED;
    memset(e, 0, sizeof *e);
    e->counter = be16(p);
    e->acknowledged = (p[2] & FLAG_ACKNOWLEDGED) != 0;
    e->scrubbed = (p[2] & FLAG_SCRUBBED) != 0;
    e->boots = p[3];
    memcpy(e->boot_id, p + 4, 16);
    e->age_ms = be64(p + 20);
    e->saved_us = be64(p + 28);
    e->counted_ms = be64(p + 36);
    return head2_fallback_decode(&e->key, p + FIXED + 2, len - OVERHEAD);
}

/* ---- files ---- */

enum head2_status fallback_store_prepare(const char *state)
{
    char path[PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/fallback", state);
    if (file_make_dirs(state, 0700) != HEAD2_OK)
        return HEAD2_E_IO;
    if (mkdir(path, 0700) != 0)
        return errno == EEXIST ? HEAD2_OK : HEAD2_E_IO;
    const int fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return HEAD2_E_IO;
    const bool ok = fsync(fd) == 0;
    const int error = errno;
    close(fd);
    errno = error;
    return ok ? HEAD2_OK : HEAD2_E_IO;
}

static enum head2_status put(const char *state, const struct fallback_entry *entry,
                             enum file_existing existing)
{
    char path[PATH_MAX + 64];
    uint8_t bytes[FILE_BYTES];
    const size_t len = entry_encode(bytes, entry);

    if (len == 0)
        return HEAD2_E_ARG;
    enum head2_status st = fallback_store_prepare(state);
    fallback_store_path(path, sizeof path, state, entry->key.id);
    if (st == HEAD2_OK)
        st = file_write(path, bytes, len, 0600, existing);
    head2_wipe(bytes, sizeof bytes);
    return st;
}

enum head2_status fallback_store_write(const char *state, const struct fallback_entry *entry)
{
    return put(state, entry, FILE_REPLACE);
}

enum head2_status fallback_store_add(const char *state, const struct fallback_entry *entry)
{
    return put(state, entry, FILE_KEEP);
}

enum head2_status fallback_store_read(const char *state, const uint8_t id[HEAD2_FALLBACK_ID_BYTES],
                                      struct fallback_entry *entry)
{
    char path[PATH_MAX + 64];
    uint8_t *bytes;
    size_t len;

    fallback_store_path(path, sizeof path, state, id);
    enum head2_status st = file_read(path, FILE_BYTES, &bytes, &len);
    if (st == HEAD2_E_LIMIT)
        st = HEAD2_E_MALFORMED;
    if (st != HEAD2_OK)
        return st;
    st = entry_decode(entry, bytes, len);
    head2_wipe(bytes, len);
    free(bytes);
    if (st == HEAD2_OK && memcmp(entry->key.id, id, sizeof entry->key.id) != 0)
        st = HEAD2_E_MALFORMED; /* another key's file under this name */
    if (st != HEAD2_OK)
        head2_wipe(entry, sizeof *entry);
    return st;
}

enum head2_status fallback_store_remove(const char *state,
                                        const uint8_t id[HEAD2_FALLBACK_ID_BYTES])
{
    char path[PATH_MAX + 64];

    fallback_store_path(path, sizeof path, state, id);
    return unlink(path) == 0 || errno == ENOENT ? HEAD2_OK : HEAD2_E_IO;
}

static int is_key(const struct dirent *entry)
{
    uint8_t id[HEAD2_FALLBACK_ID_BYTES];

    return strlen(entry->d_name) == ID_DIGITS + sizeof SUFFIX - 1 &&
           strcmp(entry->d_name + ID_DIGITS, SUFFIX) == 0 &&
           hex_decode(id, sizeof id, entry->d_name, ID_DIGITS) == HEAD2_OK;
}

enum head2_status fallback_store_list(const char *state, uint8_t (**ids)[HEAD2_FALLBACK_ID_BYTES],
                                      size_t *n)
{
    char path[PATH_MAX + 64];
    struct dirent **entries = NULL;

    *ids = NULL;
    *n = 0;
    snprintf(path, sizeof path, "%s/fallback", state);
    const int count = scandir(path, &entries, is_key, alphasort);
    if (count < 0)
        return errno == ENOENT ? HEAD2_OK : errno == ENOMEM ? HEAD2_E_MEMORY : HEAD2_E_IO;
    *ids = calloc((size_t)count + 1, sizeof **ids);
    for (int i = 0; i < count; i++) {
        if (*ids != NULL &&
            hex_decode((*ids)[*n], sizeof **ids, entries[i]->d_name, ID_DIGITS) == HEAD2_OK)
            (*n)++;
        free(entries[i]);
    }
    free(entries);
    return *ids != NULL ? HEAD2_OK : HEAD2_E_MEMORY;
}

static int is_left(const struct dirent *entry)
{
    return strncmp(entry->d_name, ".tmp-", 5) == 0;
}

void fallback_store_sweep(const char *state, uint64_t wall_ms)
{
    char path[2 * PATH_MAX];
    struct dirent **entries = NULL;
    struct stat info;

    snprintf(path, sizeof path, "%.*s/fallback", PATH_MAX, state);
    const int count = scandir(path, &entries, is_left, NULL);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%.*s/fallback/%s", PATH_MAX, state, entries[i]->d_name);
        if (lstat(path, &info) == 0 && S_ISREG(info.st_mode) &&
            (uint64_t)info.st_mtime + LEFT_S < wall_ms / 1000)
            unlink(path);
        free(entries[i]);
    }
    free(entries);
}

bool fallback_ended(const struct head2_fallback_key *key, uint64_t wall_ms)
{
    return wall_ms >= key->issue_ms + (uint64_t)key->lifetime_s * 1000;
}

/* ---- at a drone ---- */

bool fallback_clock_read(struct fallback_clock *clock)
{
    char text[64] = {0}, digits[32];
    struct timespec t = {0};
    size_t n = 0;
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return false;
    const ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    for (ssize_t i = 0; i < got && n < sizeof digits; i++)
        if (text[i] != '-' && text[i] != '\n')
            digits[n++] = text[i];
    clock_gettime(CLOCK_BOOTTIME, &t);
    clock->now_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
    clock->wall_ms = utc_now();
    return n == sizeof digits && hex_decode(clock->boot_id, 16, digits, n) == HEAD2_OK;
}

void fallback_entry_begin(struct fallback_entry *entry, const struct fallback_clock *clock)
{
    entry->boots = 0;
    entry->age_ms = 0;
    entry->saved_us = clock->now_us;
    memcpy(entry->boot_id, clock->boot_id, sizeof entry->boot_id);
}

/* Milliseconds, since it came; the time that the machine was off is not in it. */
static uint64_t age(const struct fallback_entry *entry, const struct fallback_clock *clock)
{
    const uint64_t run = clock->now_us > entry->saved_us ? clock->now_us - entry->saved_us : 0;

    return entry->age_ms > UINT64_MAX / 2 ? UINT64_MAX : entry->age_ms + run / 1000;
}

void fallback_entry_save_age(struct fallback_entry *entry, const struct fallback_clock *clock)
{
    entry->age_ms = age(entry, clock);
    entry->saved_us = clock->now_us;
}

bool fallback_entry_start(struct fallback_entry *entry, const struct fallback_clock *clock)
{
    if (memcmp(entry->boot_id, clock->boot_id, sizeof entry->boot_id) == 0)
        return false;
    if (entry->boots < UINT8_MAX)
        entry->boots++;
    entry->saved_us = 0; /* all of this start counts */
    memcpy(entry->boot_id, clock->boot_id, sizeof entry->boot_id);
    return true;
}

uint64_t fallback_entry_left(const struct fallback_entry *entry, const struct fallback_clock *clock)
{
    const uint64_t life = (uint64_t)entry->key.lifetime_s * 1000, old = age(entry, clock);

    if (entry->scrubbed || old >= life || entry->boots > FALLBACK_BOOTS ||
        (entry->boots > 0 && fallback_ended(&entry->key, clock->wall_ms)))
        return 0;
    return (life - old) * 1000;
}
