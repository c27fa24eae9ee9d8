/*
 * The sealed store after a power cut at every write: it opens, is whole, and is what it was before
 * the change or after it, after it where that was acknowledged; and it goes on. Of what had not
 * been synced nothing is there, or all, or any sectors of it, torn. And on a disk of which any call
 * fails, once or from then on, and without room for store.revision alone. HEAD2_SOAK makes more of
 * each.
 */
#include "store_disk.h"
#include "store_fixture.h"

static char key_path[160], old_key_path[160], copy_path[200];
static struct store_unlock by_file, by_old_file;
static uint8_t first[16], second[16];

/* ---- what is done to it, in this order ---- */

static enum head2_status do_put(struct store *s)
{
    return put_number(s, 9, HEAD2_MLDSA_44);
}

static enum head2_status do_update(struct store *s)
{
    struct store_meta m = *store_find(s, first);

    m.state = STORE_REVOKED;
    return store_update(s, &m, &fault);
}

static enum head2_status do_use(struct store *s)
{
    return store_use(s, second, 1, &fault);
}

static enum head2_status do_rewrap(struct store *s)
{
    return store_rewrap(s, &by_file, 1, &fault);
}

static enum head2_status do_add(struct store *s)
{
    return store_add_wrapping(s, &by_old_file, &fault);
}

static enum head2_status do_remove(struct store *s)
{
    struct store_wrapping w[STORE_WRAPPINGS_MAX];

    (void)store_wrappings(s, w, STORE_WRAPPINGS_MAX);
    return store_remove_wrapping(s, w[1].number, &fault);
}

static enum head2_status do_destroy(struct store *s)
{
    return store_destroy(s, first, &fault);
}

static enum head2_status (*const changes[])(struct store *) = {
    do_put, do_update, do_use, do_rewrap, do_add, do_remove, do_destroy};
#define CHANGES (sizeof changes / sizeof changes[0])

/* ---- the folder ---- */

static void write_key(char path[160], struct store_unlock *unlock, const char *name)
{
    char text[40];

    strcpy(path, in_folder(name));
    memset(text, name[0], sizeof text);
    FILE *f = fopen(path, "w");
    CHECK(f != NULL && fwrite(text, 1, sizeof text, f) == sizeof text);
    fclose(f);
    CHECK_EQ(chmod(path, 0600), 0);
    *unlock = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = path};
}

/* Before any change, rewrap's key file does not open it. */
static enum head2_status open_either_way(struct store **s)
{
    const enum head2_status st = store_open(s, folder, &by_file, &fault);

    return st == HEAD2_E_PASSPHRASE ? store_open(s, folder, &by_old_file, &fault) : st;
}

static void prepare(void)
{
    new_folder();
    write_key(key_path, &by_file, "new-key");
    write_key(old_key_path, &by_old_file, "old-key");
    side_begin(folder);
    id_of(first, 1, HEAD2_MLDSA_44);
    id_of(second, 2, HEAD2_MLKEM_512);
}

/* ---- a life ---- */

/* What there is, but for the uses. */
struct state {
    size_t count, wrappings;
    uint64_t revision, uses;
    struct store_meta meta[8];
};

static struct state state_of(const struct store *s)
{
    struct state now = {.count = store_count(s), .wrappings = store_wrappings(s, NULL, 0)};
    struct store_anchor a;

    store_get_anchor(s, &a);
    now.revision = a.revision;
    CHECK(now.count <= 8);
    for (size_t i = 0; i < now.count; i++) {
        now.meta[i] = *store_at(s, i);
        if (memcmp(now.meta[i].id, second, sizeof second) == 0)
            now.uses = now.meta[i].uses;
        now.meta[i].uses = 0;
        now.meta[i].revision = 0; /* closing writes counts */
    }
    return now;
}

static bool same_things(const struct state *a, const struct state *b)
{
    return a->count == b->count && a->wrappings == b->wrappings &&
           memcmp(a->meta, b->meta, sizeof a->meta) == 0;
}

/* What had been acknowledged when so many changes had been made to the disk. */
static struct point {
    size_t changes;
    struct state state; /* of revision 0: there is no store yet */
} points[64];
static unsigned n_points;

static void acknowledged(const struct store *s)
{
    CHECK(n_points < HEAD2_LEN(points));
    points[n_points++] = (struct point){disk.changes, state_of(s)};
}

static struct store *begin_life(void)
{
    struct store *s;

    disk_clear();
    disk_forget();
    n_points = 0;
    disk.recording = true;
    GOOD(store_create(&s, folder, &by_old_file, 1, &fault));
    memcpy(kek, store_kek(s), sizeof kek);
    acknowledged(s);
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    acknowledged(s);
    GOOD(put_number(s, 2, HEAD2_MLKEM_512));
    acknowledged(s);
    return s;
}

/* Every change, with the store closed and opened after one of them. */
static void live(unsigned closed_after)
{
    struct store *s = begin_life();

    for (unsigned i = 0; i < CHANGES; i++) {
        GOOD(changes[i](s));
        acknowledged(s);
        if (i == closed_after) {
            store_close(s);
            GOOD(open_either_way(&s));
            acknowledged(s);
        }
    }
    store_close(s);
    disk.recording = false;
}

/* ---- what has to hold ---- */

static void check_after_the_cut(const struct point *before, const struct point *after, size_t at)
{
    struct head2_key *key;
    struct store *s;
    const enum head2_status st = open_either_way(&s);

    if (st != HEAD2_OK && before->state.revision == 0) { /* not made yet: then it can be */
        GOOD(store_create(&s, folder, &by_old_file, 1, &fault));
        store_close(s);
        return;
    }
    CHECK_SAY(st == HEAD2_OK, "after %zu changes: %s", at, fault.what);
    GOOD(store_check(s, &fault));
    const struct state now = state_of(s);
    CHECK_SAY(before->state.revision == 0 || same_things(&now, &before->state) ||
                  same_things(&now, &after->state),
              "after %zu changes it is neither the old nor the new", at);
    CHECK(now.revision >= before->state.revision && now.uses >= before->state.uses);
    if (now.count >= 2) {
        GOOD(store_get(s, second, &key, &fault));
        head2_key_free(key);
    }
    GOOD(put_number(s, 77, HEAD2_MLDSA_44));
    store_close(s);
    GOOD(open_either_way(&s));
    CHECK_EQ(store_count(s), now.count + 1);
    store_close(s);
}

/* Cut it after each of its changes, or each of some. Returns how many disks there were. */
static unsigned cut_everywhere(unsigned tries, uint64_t seed)
{
    const struct point nothing = {0};
    unsigned disks = 0, at = 0;
    uint64_t random = seed * 0x9e3779b97f4a7c15u + 1;

    kept_clear();
    for (size_t n = 0; n <= disk.changes; n++) {
        if (n != 0)
            keep(n - 1);
        while (at < n_points && points[at].changes <= n)
            at++;
        const struct point *const before = at == 0 ? &nothing : &points[at - 1],
                                  *after = at < n_points ? &points[at] : before;
        const unsigned ways = is_pending(n) ? 2 + tries : 1;
        for (unsigned way = 0; way < ways; way++, disks++) {
            cut(n, way < LOST_SOME ? (enum lost)way : LOST_SOME, &random);
            check_after_the_cut(before, after, n);
        }
    }
    return disks;
}

/* ---- power cuts ---- */

static void power_cut_anywhere(void)
{
    const unsigned soak = getenv("HEAD2_SOAK") != NULL;
    unsigned disks = 0;

    prepare();
    for (unsigned closed = 0; closed < (soak ? CHANGES : 1); closed++) {
        live(closed == 0 ? 3 : closed);
        disks += cut_everywhere(soak ? 8 : 1, closed + 1);
    }
    printf("    %u disks after %zu changes\n", disks, disk.changes);
    CHECK(disk.changes > 100 && disks > disk.changes);
    sweep_store();
}

static void power_cut_while_restored(void)
{
    struct store_restoring how = {.replace = true};
    struct store *s;

    prepare();
    CHECK_EQ(mkdir(in_folder("elsewhere"), 0700), 0);
    strcpy(copy_path, in_folder("elsewhere/copy"));
    s = begin_life();
    GOOD(store_backup(s, copy_path, &fault));
    GOOD(do_destroy(s));
    acknowledged(s);
    store_close(s);
    GOOD(store_restore(folder, copy_path, &by_old_file, &how, &fault));
    GOOD(open_either_way(&s));
    acknowledged(s);
    CHECK_EQ(store_count(s), 2);
    store_close(s);
    disk.recording = false;
    const unsigned disks = cut_everywhere(getenv("HEAD2_SOAK") != NULL ? 20 : 2, 5);
    printf("    %u disks after %zu changes\n", disks, disk.changes);
    sweep_store();
}

/* A test that could not fail would be none: what is told and not synced is lost. */
static void without_syncs_it_is_seen(void)
{
    struct store *s;

    prepare();
    live(99);
    for (size_t i = 0; i < disk.changes; i++)
        if (disk.change[i].kind == DISK_SYNC && i > disk.changes / 2)
            disk.change[i].kind = DISK_SYNC_LOST;
    kept_clear();
    for (size_t n = 1; n <= disk.changes; n++)
        keep(n - 1);
    cut(disk.changes, LOST_ALL, NULL);
    const enum head2_status st = open_either_way(&s);
    if (st == HEAD2_OK) {
        const struct state now = state_of(s);
        CHECK(!same_things(&now, &points[n_points - 1].state));
    }
    store_close(s);
    sweep_store();
}

/* ---- what is on it ---- */

/* Whether it was ever written, to any file, the log and temporary ones too. */
static bool was_written(const void *what, size_t len)
{
    for (size_t i = 0; i < disk.changes; i++)
        if (disk.change[i].kind == DISK_WRITE &&
            memmem(disk.change[i].bytes, disk.change[i].len, what, len) != NULL)
            return true;
    return false;
}

/* Any eight bytes in a row of it. */
static bool part_was_written(const uint8_t *what, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i++)
        if (was_written(what + i, 8))
            return true;
    return false;
}

static void no_secret_is_ever_written(void)
{
    static const unsigned numbers[] = {1, 2, 9}; /* of the keys that were put in */
    uint8_t old_kek[STORE_KEK_BYTES], seed[16], text[16];
    struct store *s;

    prepare();
    live(3);
    memcpy(old_kek, kek, sizeof kek);
    disk.recording = true;
    GOOD(open_either_way(&s)); /* under its new key */
    CHECK(memcmp(old_kek, store_kek(s), sizeof old_kek) != 0);
    CHECK(!part_was_written(old_kek, sizeof old_kek));
    memcpy(old_kek, store_kek(s), sizeof old_kek);
    CHECK(!part_was_written(old_kek, sizeof old_kek));
    store_close(s);
    disk.recording = false;
    for (size_t i = 0; i < HEAD2_LEN(numbers); i++) {
        struct head2_key *const key =
            fixed_key(numbers[i] == 2 ? HEAD2_MLKEM_512 : HEAD2_MLDSA_44, (uint8_t)numbers[i]);
        memset(seed, (int)numbers[i], sizeof seed);
        CHECK_SAY(was_written(head2_key_public(key) + 40, 16), "the search does not find it");
        CHECK_SAY(!was_written(seed, sizeof seed), "the seed of key %u", numbers[i]);
        CHECK(!was_written(head2_key_private(key) + 64, 16));
        head2_key_free(key);
    }
    for (size_t i = 0; i < 2; i++) { /* what is in the key files */
        memset(text, "no"[i], sizeof text);
        CHECK(!was_written(text, sizeof text));
    }
    sweep_store();
}

/* ---- calls that fail ---- */

/* One change, with a disk that fails; then the same again with one that does not. Returns whether
 * anything failed. */
static bool change_that_fails(unsigned change, unsigned long at, bool from_then_on, int code)
{
    struct head2_key *key;
    struct store *s = begin_life();

    for (unsigned i = 0; i < change; i++)
        GOOD(changes[i](s));
    const struct state before = state_of(s);
    disk_fault.calls = disk_fault.failed = 0;
    disk_fault.at = at;
    disk_fault.from_then_on = from_then_on;
    disk_fault.code = code;
    const enum head2_status st = changes[change](s);
    disk_fault.at = 0;
    side_full = false;
    const bool failed = disk_fault.failed != 0;
    CHECK_SAY(st == HEAD2_OK || (st == HEAD2_E_IO && fault.error != 0),
              "change %u, call %lu: %d: %s", change, at, (int)st, fault.what);
    struct state now = state_of(s);
    if (st != HEAD2_OK && same_things(&now, &before) && now.uses == before.uses)
        GOOD(changes[change](s));
    now = state_of(s);
    GOOD(store_get(s, second, &key, &fault));
    head2_key_free(key);
    store_close(s);
    GOOD(open_either_way(&s));
    const struct state again = state_of(s);
    CHECK_SAY(same_things(&now, &again) && again.uses >= now.uses, "change %u, call %lu", change,
              at);
    GOOD(store_check(s, &fault));
    store_close(s);
    disk.recording = false;
    return failed;
}

static void each_call_fails(bool from_then_on, int code)
{
    prepare();
    for (unsigned change = 0; change < CHANGES; change++) {
        unsigned long at = 1;
        while (change_that_fails(change, at, from_then_on, code))
            at++;
        CHECK_SAY(at > 3, "change %u has %lu calls", change, at);
    }
    disk_fault.code = 0;
    sweep_store();
}

static void one_call_fails(void)
{
    each_call_fails(false, SQLITE_IOERR);
}

static void all_calls_fail(void)
{
    each_call_fails(true, SQLITE_IOERR);
}

static void no_room(void)
{
    each_call_fails(true, SQLITE_FULL);
}

/* The change is there and was not acknowledged; the next one writes both. */
static void no_room_for_the_revision_alone(void)
{
    prepare();
    for (unsigned change = 0; change < CHANGES; change++) {
        struct store *s = begin_life();
        for (unsigned i = 0; i < change; i++)
            GOOD(changes[i](s));
        side_full = true;
        CHECK_EQ(changes[change](s), HEAD2_E_IO);
        CHECK_EQ(fault.error, ENOSPC);
        const struct state now = state_of(s);
        CHECK_EQ(put_number(s, 50, HEAD2_MLDSA_44),
                 HEAD2_E_IO); /* nothing more until it is there */
        side_full = false;
        store_close(s);
        GOOD(open_either_way(&s));
        const struct state again = state_of(s);
        CHECK(same_things(&now, &again));
        GOOD(put_number(s, 50, HEAD2_MLDSA_44));
        store_close(s);
        GOOD(open_either_way(&s));
        store_close(s);
        disk.recording = false;
    }
    sweep_store();
}

int main(void)
{
    disk_begin();
    RUN(power_cut_anywhere);
    RUN(power_cut_while_restored);
    RUN(without_syncs_it_is_seen);
    RUN(no_secret_is_ever_written);
    RUN(one_call_fails);
    RUN(all_calls_fail);
    RUN(no_room);
    RUN(no_room_for_the_revision_alone);
    kept_end();
    disk_end();
    CHECK_EXIT();
}
