/*
 * What the tests of the sealed store share: a folder, keys, ways to unlock, and SQL from outside.
 */
#ifndef HEAD2_TESTS_STORE_FIXTURE_H
#define HEAD2_TESTS_STORE_FIXTURE_H

#include "artifact_fixture.h"

#include "keeper/store_form.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>

#define MS UINT64_C(1795000000000)

static char folder[64];
static struct store_fault fault;
static uint8_t kek[STORE_KEK_BYTES]; /* of the store made last */

static enum head2_status say_word(void *arg, char *buf, size_t *len)
{
    *len = strlen(arg);
    memcpy(buf, arg, *len);
    return HEAD2_OK;
}

static char word[] = "correct horse";
static const struct store_unlock by_word = {
    .type = STORE_WRAP_PASSPHRASE, .ask = say_word, .arg = word, .log_n = FORM_LOG_N_MIN};
static const struct store_unlock by_kek = {.type = STORE_WRAP_KEK, .kek = kek};

/* GOOD: the call succeeds, or the case ends with what it said. */
#define GOOD(call)                                                                                 \
    do {                                                                                           \
        const enum head2_status good_st = (call);                                                  \
        CHECK_SAY(good_st == HEAD2_OK, "%s: %d: %s", #call, (int)good_st, fault.what);             \
    } while (0)

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

__attribute__((unused)) static void sweep_store(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static void new_folder(void)
{
    /* thousands of syncs: where there is a disk in memory, that is enough for what is tested */
    strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/head2-store-XXXXXX"
                                                 : "/tmp/head2-store-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
}

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static unsigned turn;
    char *const p = path[turn++ % 4];

    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

__attribute__((unused)) static struct store *create(void)
{
    struct store *s;

    GOOD(store_create(&s, folder, &by_word, 1, &fault));
    memcpy(kek, store_kek(s), sizeof kek);
    return s;
}

__attribute__((unused)) static struct store *reopen(void)
{
    struct store *s;

    GOOD(store_open(&s, folder, &by_kek, &fault));
    return s;
}

__attribute__((unused)) static struct store_meta meta_of(const char *label)
{
    struct store_meta m = {.state = STORE_ACTIVE,
                           .purposes = STORE_SIGN | STORE_VERIFY,
                           .created_ms = MS,
                           .activated_ms = MS + 1,
                           .not_after_ms = MS + 1000000,
                           .rate_count = 100,
                           .rate_seconds = 60};
    snprintf(m.label, sizeof m.label, "%s", label);
    return m;
}

/* Key number n: the same in every run. */
__attribute__((unused)) static enum head2_status put_number(struct store *s, unsigned n,
                                                            enum head2_alg alg)
{
    struct head2_key *const key = fixed_key(alg, (uint8_t)n);
    char label[16];

    snprintf(label, sizeof label, "key %u", n);
    const struct store_meta m = meta_of(label);
    const enum head2_status st = store_put(s, key, &m, &fault);
    head2_key_free(key);
    return st;
}

__attribute__((unused)) static void id_of(uint8_t id[HEAD2_KEY_ID_BYTES], unsigned n,
                                          enum head2_alg alg)
{
    struct head2_key *const key = fixed_key(alg, (uint8_t)n);

    head2_key_id(key, id);
    head2_key_free(key);
}

/* What somebody does to the file from outside. */
__attribute__((unused)) static void sql(const char *text)
{
    sqlite3 *db;
    char *why = NULL;

    CHECK_EQ(sqlite3_open(in_folder(STORE_FILE), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    sqlite3_exec(db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    const int code = sqlite3_exec(db, text, NULL, NULL, &why);
    CHECK_SAY(code == SQLITE_OK, "%s: %s", text, why);
    sqlite3_close(db);
}

__attribute__((unused)) static void copy_file(const char *to, const char *from)
{
    char line[400];

    snprintf(line, sizeof line, "cp '%s' '%s'", from, to);
    CHECK_EQ(system(line), 0);
}

/* Opening says so. */
__attribute__((unused)) static void refused(enum head2_status want, const char *words)
{
    struct store *s;
    const enum head2_status st = store_open(&s, folder, &by_kek, &fault);

    CHECK_SAY(st == want, "status %d, not %d: %s", (int)st, (int)want, fault.what);
    CHECK(s == NULL);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
    CHECK(fault.hint[0] != 0 && fault.where[0] != 0);
}

#endif
