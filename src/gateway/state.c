/* see state.h */
#include "gateway/state.h"

#include "artifact/base64.h"
#include "artifact/file.h"
#include "artifact/utc.h"
#include "gateway/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_FILE_MAX   4096
#define INCARNATION_KIND "head2-incarnation"
#define GATEWAY_KIND     "head2-gateway-seen"
#define LOCK_KIND        "head2-lock"
#define INCARNATION_END  (UINT64_C(1) << 42) /* protocol.md, section 18 */

static enum head2_status fail(struct config_error *err, enum head2_status st, const char *where,
                              const char *what, const char *hint)
{
    snprintf(err->where, sizeof err->where, "%.600s", where);
    snprintf(err->what, sizeof err->what, "%s", what);
    snprintf(err->hint, sizeof err->hint, "%s", hint);
    err->error = 0;
    return st;
}

static enum head2_status fail_io(struct config_error *err, const char *where, const char *what)
{
    int error = errno;
    enum head2_status st = fail(err, HEAD2_E_IO, where, what, "");

    err->error = error;
    return st;
}

static void path_of(char *out, size_t cap, const char *folder, const char *name)
{
    snprintf(out, cap, "%s/%s", folder, name);
}

/* ---- the lock ---- */

/* The process that wrote the lock file; 0 when it does not say. */
static long holder(int fd)
{
    char text[128] = {0};
    long pid = 0;

    if (pread(fd, text, sizeof text - 1, 0) <= 0 || sscanf(text, LOCK_KIND " 1 pid %ld", &pid) != 1)
        return 0;
    return pid;
}

long state_holder(const char *folder)
{
    char path[4200];

    path_of(path, sizeof path, folder, "lock");
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const long pid = holder(fd);
    close(fd);
    return pid;
}

static enum head2_status held(const char *path, int fd, struct config_error *err)
{
    char what[160];
    const long pid = holder(fd);

    if (pid == 0)
        snprintf(what, sizeof what, "the state folder is in use by another process");
    else
        snprintf(what, sizeof what, "the state folder is in use by process %ld", pid);
    return fail(err, HEAD2_E_STATE, path, what, "stop that process, or use another state folder");
}

static enum head2_status take_lock(struct state *s, struct config_error *err)
{
    char path[4200], text[64];

    path_of(path, sizeof path, s->folder, "lock");
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return fail_io(err, path, "cannot open the lock of the state folder");
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            return fail_io(err, path, "cannot lock the state folder");
        return held(path, s->lock, err);
    }
    int n = snprintf(text, sizeof text, LOCK_KIND " 1\npid %ld\n", (long)notify_main());
    if (ftruncate(s->lock, 0) != 0 || pwrite(s->lock, text, (size_t)n, 0) != n)
        return fail_io(err, path, "cannot write the lock of the state folder");
    return HEAD2_OK;
}

bool state_mode_ok(mode_t mode)
{
    return (mode & (S_IWGRP | S_IWOTH)) == 0;
}

enum head2_status state_open(struct state *s, const char *folder, struct config_error *err)
{
    struct stat info;

    *s = (struct state){.lock = -1};
    if (snprintf(s->folder, sizeof s->folder, "%s", folder) >= (int)sizeof s->folder)
        return fail(err, HEAD2_E_LIMIT, folder, "the name is too long", "use a shorter one");
    if (file_make_dirs(folder, 0700) != HEAD2_OK)
        return fail_io(err, folder, "cannot make the state folder");
    if (stat(folder, &info) != 0)
        return fail_io(err, folder, "cannot use the state folder");
    if (!state_mode_ok(info.st_mode))
        return fail(err, HEAD2_E_POLICY, folder, "others may write to the state folder",
                    "chmod 700 it");
    enum head2_status st = take_lock(s, err);
    if (st != HEAD2_OK)
        state_close(s);
    return st;
}

void state_close(struct state *s)
{
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}

/* ---- small files of one line each ---- */

/* The lines of a file after its kind and version; "" when there is no such file. */
static enum head2_status read_small(const char *path, const char *kind, char *out, size_t cap,
                                    struct config_error *err)
{
    uint8_t *bytes;
    size_t len;
    const size_t kind_len = strlen(kind);

    out[0] = 0;
    enum head2_status st = file_read(path, STATE_FILE_MAX, &bytes, &len);
    if (st == HEAD2_E_IO && errno == ENOENT)
        return HEAD2_OK;
    if (st == HEAD2_E_IO)
        return fail_io(err, path, "cannot read");
    if (st != HEAD2_OK)
        return fail(err, HEAD2_E_MALFORMED, path, "not a file of this program", "move it away");
    const char *text = (const char *)bytes;
    bool ours = len > kind_len + 3 && strlen(text) == len && memcmp(text, kind, kind_len) == 0 &&
                text[kind_len] == ' ';
    unsigned long version = ours ? strtoul(text + kind_len + 1, NULL, 10) : 0;
    const char *rest = ours ? strchr(text, '\n') : NULL;
    if (version > 1)
        st = fail(err, HEAD2_E_UNSUPPORTED, path, "written by a newer version",
                  "use that version, or another state folder");
    else if (version != 1 || rest == NULL || strlen(rest + 1) >= cap)
        st = fail(err, HEAD2_E_MALFORMED, path, "the file is damaged",
                  "restore it from a backup; or, if this machine's clock has never been set back, "
                  "remove it: the number then begins at the clock");
    else
        snprintf(out, cap, "%s", rest + 1);
    free(bytes);
    return st;
}

/* A line that is one number; false when it is not. */
static bool number_line(const char *text, uint64_t *out)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 19 || strcmp(text + digits, "\n") != 0)
        return false;
    *out = strtoull(text, NULL, 10);
    return true;
}

static enum head2_status damaged(struct config_error *err, const char *path)
{
    return fail(err, HEAD2_E_MALFORMED, path, "the file is damaged",
                "restore it from a backup; or, if this machine's clock has never been set back, "
                "remove it: the number then begins at the clock");
}

enum head2_status state_incarnation(const struct state *s, uint64_t *out, struct config_error *err)
{
    char path[4200], text[64];
    uint64_t last = 0;

    *out = 0;
    path_of(path, sizeof path, s->folder, "incarnation");
    enum head2_status st = read_small(path, INCARNATION_KIND, text, sizeof text, err);
    if (st != HEAD2_OK)
        return st;
    bool none = text[0] == 0 && access(path, F_OK) != 0;
    if (!none && !number_line(text, &last))
        return damaged(err, path);
    if (last + 1 >= INCARNATION_END)
        return fail(err, HEAD2_E_LIMIT, path, "the incarnation is at its highest value",
                    "make a new identity with 'head2 init'");
    uint64_t now = utc_now();
    uint64_t next = now > last ? now : last + 1;
    if (next >= INCARNATION_END)
        next = last + 1; /* a clock beyond the year 2109 */
    int n = snprintf(text, sizeof text, INCARNATION_KIND " 1\n%llu\n", (unsigned long long)next);
    if (file_write(path, text, (size_t)n, 0600, FILE_REPLACE) != HEAD2_OK)
        return fail_io(err, path, "cannot keep the incarnation, without which nothing may be sent");
    *out = next;
    return HEAD2_OK;
}

enum head2_status state_gateway_seen(const struct state *s,
                                     const uint8_t key_id[HEAD2_KEY_ID_BYTES], uint64_t *out,
                                     struct config_error *err)
{
    char path[4200], text[128], id[2 * HEAD2_KEY_ID_BYTES + 2] = {0};

    *out = 0;
    path_of(path, sizeof path, s->folder, "gateway");
    enum head2_status st = read_small(path, GATEWAY_KIND, text, sizeof text, err);
    if (st != HEAD2_OK || (text[0] == 0 && access(path, F_OK) != 0))
        return st;
    hex_encode(id, key_id, HEAD2_KEY_ID_BYTES);
    id[2 * HEAD2_KEY_ID_BYTES] = '\n';
    char *line = strchr(text, '\n');
    if (line == NULL || line - text != 2 * HEAD2_KEY_ID_BYTES || !number_line(line + 1, out))
        return damaged(err, path);
    if (strncmp(text, id, sizeof id - 1) != 0)
        *out = 0; /* the link has another gateway now */
    return HEAD2_OK;
}

enum head2_status state_gateway_keep(const char *folder, const uint8_t key_id[HEAD2_KEY_ID_BYTES],
                                     uint64_t incarnation)
{
    char path[4200], text[128], id[2 * HEAD2_KEY_ID_BYTES + 1] = {0};

    path_of(path, sizeof path, folder, "gateway");
    hex_encode(id, key_id, HEAD2_KEY_ID_BYTES);
    int n = snprintf(text, sizeof text, GATEWAY_KIND " 1\n%s\n%llu\n", id,
                     (unsigned long long)incarnation);
    return file_write(path, text, (size_t)n, 0600, FILE_REPLACE);
}
