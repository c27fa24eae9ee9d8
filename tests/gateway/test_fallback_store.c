/*
 * Fallback keys on disk: what is written is read, nothing else is; a process killed at any moment
 * leaves a counter that is not below the last one that it was told is kept; and how long a drone
 * may use a key, by clocks that stop, go back and begin anew.
 */
#include "check.h"

#include "gateway/fallback_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char state[64] = "/tmp/head2-fallback-XXXXXX";

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

static struct fallback_entry entry_of(unsigned number)
{
    struct fallback_entry e = {0};

    memset(e.key.id, (int)number, sizeof e.key.id);
    memset(e.key.key.b, 0x5a, sizeof e.key.key.b);
    memset(e.key.drone, 7, sizeof e.key.drone);
    memset(e.key.sig, 9, sizeof e.key.sig);
    e.key.issue_ms = 1700000000000;
    e.key.lifetime_s = 86400;
    e.key.max_uses = 64;
    e.key.n_nodes = 1;
    return e;
}

static void what_is_written_is_read(void)
{
    struct fallback_entry e = entry_of(1), back;
    char path[256];
    struct stat info;

    e.counter = 17;
    e.acknowledged = true;
    e.boots = 2;
    e.age_ms = 123456789;
    e.saved_us = 987654321;
    e.counted_ms = 1700000001234;
    memset(e.boot_id, 0xb0, sizeof e.boot_id);
    CHECK_EQ(fallback_store_write(state, &e), HEAD2_OK);
    CHECK_EQ(fallback_store_read(state, e.key.id, &back), HEAD2_OK);
    CHECK_MEM(&back, &e, sizeof e);
    fallback_store_path(path, sizeof path, state, e.key.id);
    CHECK(stat(path, &info) == 0 && (info.st_mode & 0777) == 0600);
    CHECK_EQ(fallback_store_add(state, &e), HEAD2_E_IO);
    CHECK_EQ(errno, EEXIST);
    const struct fallback_entry other = entry_of(2);
    CHECK_EQ(fallback_store_add(state, &other), HEAD2_OK);
    uint8_t(*ids)[HEAD2_FALLBACK_ID_BYTES];
    size_t n;
    CHECK_EQ(fallback_store_list(state, &ids, &n), HEAD2_OK);
    CHECK_EQ(n, 2);
    CHECK_MEM(ids[0], e.key.id, 16);
    CHECK_MEM(ids[1], other.key.id, 16);
    free(ids);
    CHECK_EQ(fallback_store_remove(state, other.key.id), HEAD2_OK);
    CHECK_EQ(fallback_store_remove(state, other.key.id), HEAD2_OK);
    CHECK_EQ(fallback_store_read(state, other.key.id, &back), HEAD2_E_IO);
    CHECK_EQ(errno, ENOENT);
    CHECK_EQ(fallback_store_list("/nonexistent", &ids, &n), HEAD2_OK);
    CHECK_EQ(n, 0);
    free(ids);
}

static size_t load(const char *path, uint8_t *bytes, size_t cap)
{
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL);
    const size_t n = fread(bytes, 1, cap, f);
    fclose(f);
    return n;
}

static void save(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
}

static void damaged_files_are_not_read(void)
{
    static uint8_t bytes[8192];
    struct fallback_entry e = entry_of(3), back;
    static const struct fallback_entry wiped;
    char path[256];

    CHECK_EQ(fallback_store_write(state, &e), HEAD2_OK);
    fallback_store_path(path, sizeof path, state, e.key.id);
    const size_t len = load(path, bytes, sizeof bytes);
    for (size_t i = 0; i < len; i += i < 200 ? 1 : 97) {
        bytes[i] ^= 0x10;
        save(path, bytes, len);
        const enum head2_status st = fallback_store_read(state, e.key.id, &back);
        CHECK_SAY(st == HEAD2_E_MALFORMED || st == HEAD2_E_UNSUPPORTED, "byte %zu changed", i);
        bytes[i] ^= 0x10;
    }
    for (size_t n = 0; n < len + 2; n += n < 120 || n > len - 5 ? 1 : 61) {
        save(path, bytes, n);
        memset(&back, 0xaa, sizeof back);
        CHECK_SAY((fallback_store_read(state, e.key.id, &back) == HEAD2_OK) == (n == len),
                  "%zu of %zu bytes", n, len);
    }
    bytes[strlen("head2-fallback-key ")] = '2';
    save(path, bytes, len);
    CHECK_EQ(fallback_store_read(state, e.key.id, &back), HEAD2_E_UNSUPPORTED);
    bytes[strlen("head2-fallback-key ")] = '1';
    memset(e.key.id, 4, sizeof e.key.id);
    fallback_store_path(path, sizeof path, state, e.key.id);
    save(path, bytes, len);
    CHECK_EQ(fallback_store_read(state, e.key.id, &back), HEAD2_E_MALFORMED);
    CHECK_MEM(&back, &wiped, sizeof back);
    e.key.lifetime_s = 0;
    CHECK_EQ(fallback_store_write(state, &e), HEAD2_E_ARG);
}

/* What writes that were killed have left; one that goes on at this moment is let be. */
static void what_is_left_is_swept_up(void)
{
    static const char *const names[] = {".tmp-1-0", ".tmp-22-7", "note"};
    const time_t now = time(NULL);
    char path[256];

    CHECK_EQ(fallback_store_prepare(state), HEAD2_OK);
    for (unsigned i = 0; i < HEAD2_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/fallback/%s", state, names[i]);
        save(path, (const uint8_t *)"key", 3);
        const struct timespec old = {.tv_sec = now - (i == 1 ? 3500 : 3700)};
        CHECK_EQ(utimensat(AT_FDCWD, path, (struct timespec[]){old, old}, 0), 0);
    }
    fallback_store_sweep(state, (uint64_t)now * 1000);
    for (unsigned i = 0; i < HEAD2_LEN(names); i++) {
        snprintf(path, sizeof path, "%s/fallback/%s", state, names[i]);
        CHECK_EQ(access(path, F_OK) == 0, i != 0);
        if (i != 0)
            CHECK_EQ(unlink(path), 0);
    }
    fallback_store_sweep("/tmp/head2-no-such-folder", (uint64_t)now * 1000);
}

/* Counts up for ever, and says each number when it is kept. */
static void count_on(int told)
{
    struct fallback_entry e = entry_of(5);

    for (uint16_t n = 1; n != 0; n++) {
        e.counter = n;
        if (fallback_store_write(state, &e) != HEAD2_OK || write(told, &n, sizeof n) != sizeof n)
            _exit(1);
    }
    _exit(0);
}

static void no_kill_lets_a_counter_go_back(void)
{
    struct fallback_entry back;
    unsigned rounds = 0;

    for (unsigned i = 0; i < 40; i++) {
        int ends[2], status;
        uint16_t last = 0, n;
        CHECK(pipe(ends) == 0);
        const pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0)
            count_on(ends[1]);
        close(ends[1]);
        usleep(2000 + 937 * i);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child);
        while (read(ends[0], &n, sizeof n) == sizeof n)
            last = n;
        close(ends[0]);
        if (last == 0)
            continue;
        rounds++;
        CHECK_EQ(fallback_store_read(state, entry_of(5).key.id, &back), HEAD2_OK);
        CHECK_SAY(back.counter == last || back.counter == last + 1, "%u was kept, %u is there",
                  last, back.counter);
    }
    CHECK(rounds > 20);
}

#define HOURS(n) ((uint64_t)(n)*3600 * 1000000)

static void a_drone_uses_a_key_for_a_day_of_its_own_clock(void)
{
    struct fallback_entry e = entry_of(6);
    struct fallback_clock c = {.boot_id = {1}, .now_us = HOURS(100), .wall_ms = 0};

    fallback_entry_begin(&e, &c);
    CHECK_EQ(fallback_entry_left(&e, &c), HOURS(24));
    c.now_us += HOURS(10);
    c.wall_ms = e.key.issue_ms + 1000 * (uint64_t)86400 * 365; /* a clock that is wrong */
    CHECK_EQ(fallback_entry_left(&e, &c), HOURS(14));
    fallback_entry_save_age(&e, &c);
    CHECK_EQ(fallback_entry_left(&e, &c), HOURS(14));
    CHECK(!fallback_entry_start(&e, &c));
    c.now_us += HOURS(13);
    CHECK_EQ(fallback_entry_left(&e, &c), HOURS(1));
    c.now_us += HOURS(1);
    CHECK_EQ(fallback_entry_left(&e, &c), 0);
    c.now_us += HOURS(1000);
    CHECK_EQ(fallback_entry_left(&e, &c), 0);
    e.age_ms = UINT64_MAX;
    c.now_us = 0;
    CHECK_EQ(fallback_entry_left(&e, &c), 0);
}

static void a_key_outlives_two_starts_of_the_machine(void)
{
    struct fallback_entry e = entry_of(6);
    struct fallback_clock c = {.boot_id = {1}, .now_us = HOURS(2)};

    c.wall_ms = e.key.issue_ms;
    fallback_entry_begin(&e, &c);
    c.now_us += HOURS(3);
    fallback_entry_save_age(&e, &c);
    for (uint8_t boot = 1; boot <= 3; boot++) {
        c.boot_id[0]++;
        c.now_us = HOURS(1);
        CHECK(fallback_entry_start(&e, &c));
        CHECK(!fallback_entry_start(&e, &c));
        CHECK_EQ(e.boots, boot);
        CHECK_EQ(fallback_entry_left(&e, &c), boot <= 2 ? HOURS(20) : 0);
    }
    for (unsigned i = 0; i < 300; i++) { /* and never begins anew */
        c.boot_id[0]++;
        CHECK(fallback_entry_start(&e, &c));
        CHECK_EQ(fallback_entry_left(&e, &c), 0);
    }
}

static void after_a_start_the_time_of_day_can_only_end_a_key(void)
{
    struct fallback_entry e = entry_of(6);
    struct fallback_clock c = {.boot_id = {1}};

    fallback_entry_begin(&e, &c);
    c.boot_id[0] = 2;
    CHECK(fallback_entry_start(&e, &c));
    c.wall_ms = e.key.issue_ms + (uint64_t)86400 * 1000 - 1;
    CHECK(fallback_entry_left(&e, &c) != 0);
    c.wall_ms++;
    CHECK_EQ(fallback_entry_left(&e, &c), 0);
    c.wall_ms = 0; /* 1970: no clock */
    CHECK(fallback_entry_left(&e, &c) != 0);
    c.now_us = HOURS(24);
    CHECK_EQ(fallback_entry_left(&e, &c), 0);
}

static void this_machine_has_a_clock(void)
{
    struct fallback_clock a, b;
    static const uint8_t none[16];

    CHECK(fallback_clock_read(&a) && fallback_clock_read(&b));
    CHECK_MEM(a.boot_id, b.boot_id, 16);
    CHECK(memcmp(a.boot_id, none, 16) != 0 && b.now_us >= a.now_us && a.now_us > 0);
}

int main(void)
{
    if (mkdtemp(state) == NULL)
        return 1;
    RUN(what_is_written_is_read);
    RUN(damaged_files_are_not_read);
    RUN(what_is_left_is_swept_up);
    RUN(no_kill_lets_a_counter_go_back);
    RUN(a_drone_uses_a_key_for_a_day_of_its_own_clock);
    RUN(a_key_outlives_two_starts_of_the_machine);
    RUN(after_a_start_the_time_of_day_can_only_end_a_key);
    RUN(this_machine_has_a_clock);
    nftw(state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    CHECK_EXIT();
}
