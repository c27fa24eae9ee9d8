/*
 * What somebody tries who has the sealed store's file and not its key: wrappings exchanged, taken
 * from another store, made cheaper; passphrases guessed one after the other. What a guess costs is
 * processor time and memory, which is measured here against smaller work in the same run.
 */
#include "check.h"
#include "store_fixture.h"

#include "keeper/wrap.h"

#include <sys/resource.h>
#include <time.h>

/* ---- wrappings ---- */

static char key_path[160];
static struct store_unlock by_file;

static void two_wrappings(void)
{
    char bytes[40];

    new_folder();
    strcpy(key_path, in_folder("key"));
    memset(bytes, 'k', sizeof bytes);
    FILE *f = fopen(key_path, "w");
    CHECK(f != NULL && fwrite(bytes, 1, sizeof bytes, f) == sizeof bytes);
    fclose(f);
    CHECK_EQ(chmod(key_path, 0600), 0);
    by_file = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = key_path};
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    GOOD(store_add_wrapping(s, &by_file, &fault));
    store_close(s);
}

static enum head2_status opens(const struct store_unlock *with)
{
    struct store *s;
    const enum head2_status st = store_open(&s, folder, with, &fault);

    store_close(s);
    return st;
}

/* Whatever opens it, it is found; where the wrapping itself was changed that way opens nothing. */
static void neither_opens(enum head2_status by_key)
{
    CHECK_EQ(opens(&by_kek), by_key);
    const enum head2_status file = opens(&by_file), text = opens(&by_word);
    CHECK(file != HEAD2_OK && text != HEAD2_OK);
    CHECK(fault.what[0] != 0);
    sweep_store();
}

static void numbers_exchanged(void)
{
    two_wrappings();
    sql("UPDATE wrapping SET number = 3 - number + 100; UPDATE wrapping SET number = number - 100");
    neither_opens(HEAD2_E_MALFORMED);
}

static void records_exchanged(void)
{
    two_wrappings();
    sql("CREATE TABLE was AS SELECT * FROM wrapping; UPDATE wrapping SET record = "
        "(SELECT record FROM was WHERE was.number = 3 - wrapping.number)");
    neither_opens(HEAD2_E_MALFORMED);
}

/* Read, change and write a wrapping as its owner would, checksum included. */
static void edit(unsigned number, void (*change)(struct form_wrapping *))
{
    uint8_t record[FORM_WRAPPING_MAX];
    struct form_wrapping w;
    sqlite3_stmt *stmt;
    sqlite3 *db;

    CHECK_EQ(sqlite3_open(in_folder(STORE_FILE), &db), SQLITE_OK);
    CHECK_EQ(
        sqlite3_prepare_v2(db, "SELECT record FROM wrapping WHERE number = ?1", -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(stmt, 1, number);
    CHECK_EQ(sqlite3_step(stmt), SQLITE_ROW);
    CHECK_EQ(
        form_wrapping_read(&w, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)),
        HEAD2_OK);
    sqlite3_finalize(stmt);
    change(&w);
    CHECK_EQ(sqlite3_prepare_v2(db, "UPDATE wrapping SET record = ?2 WHERE number = ?1", -1, &stmt,
                                NULL),
             SQLITE_OK);
    sqlite3_bind_int64(stmt, 1, number);
    sqlite3_bind_blob(stmt, 2, record, (int)form_wrapping_write(record, &w), SQLITE_STATIC);
    CHECK_EQ(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

static void more_work(struct form_wrapping *w)
{
    w->about.log_n++;
}

static void another_type(struct form_wrapping *w)
{
    w->about.type = STORE_WRAP_CREDENTIAL;
}

static void another_salt(struct form_wrapping *w)
{
    w->salt[0] ^= 1;
}

static void another_label(struct form_wrapping *w)
{
    w->about.label[0] = 'x';
}

static void another_seal(struct form_wrapping *w)
{
    w->sealed[0] ^= 1;
}

static void fields_changed(void)
{
    static const struct {
        unsigned number;
        void (*change)(struct form_wrapping *);
    } edits[] = {
        {1, more_work    },
        {1, another_salt },
        {1, another_label},
        {1, another_seal },
        {2, another_type },
        {2, another_salt },
        {2, another_label},
        {2, another_seal },
    };

    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        two_wrappings();
        edit(edits[i].number, edits[i].change);
        CHECK_EQ(opens(&by_kek), HEAD2_E_VERIFY);
        CHECK(strstr(fault.what, "a wrapping was added, removed or put back") != NULL);
        CHECK_EQ(opens(edits[i].number == 1 ? &by_word : &by_file), HEAD2_E_PASSPHRASE);
        CHECK_EQ(opens(edits[i].number == 1 ? &by_file : &by_word), HEAD2_E_VERIFY);
        sweep_store();
    }
}

/* Whoever knows the passphrase of one store has no other one opened with it. */
static void another_stores_wrapping(void)
{
    char theirs[200], line[400];

    two_wrappings();
    strcpy(theirs, in_folder("theirs"));
    struct store *s;
    GOOD(store_create(&s, theirs, &by_word, 1, &fault));
    store_close(s);
    snprintf(line, sizeof line,
             "ATTACH '%s/" STORE_FILE "' AS theirs; UPDATE wrapping SET record = "
             "(SELECT record FROM theirs.wrapping WHERE number = 1) WHERE number = 1",
             theirs);
    sql(line);
    CHECK_EQ(opens(&by_word), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "its header does not pass its check") != NULL);
    neither_opens(HEAD2_E_VERIFY);
}

/* ---- what was taken away ---- */

/* The last 64 bytes of what a query finds, as somebody sees them who looks at the file. */
static void peek(uint8_t out[64], const char *query)
{
    sqlite3_stmt *stmt;
    sqlite3 *db;

    CHECK_EQ(sqlite3_open(in_folder(STORE_FILE), &db), SQLITE_OK);
    CHECK_EQ(sqlite3_prepare_v2(db, query, -1, &stmt, NULL), SQLITE_OK);
    CHECK_EQ(sqlite3_step(stmt), SQLITE_ROW);
    const int len = sqlite3_column_bytes(stmt, 0);
    CHECK(len >= 64);
    memcpy(out, (const uint8_t *)sqlite3_column_blob(stmt, 0) + len - 64, 64);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
}

/* Eight bytes in a row of it, in the database or its log. */
static bool is_in_the_files(const uint8_t what[64])
{
    static const char *const names[] = {STORE_FILE, STORE_FILE "-wal"};
    static uint8_t bytes[1 << 20];

    for (size_t n = 0; n < 2; n++) {
        FILE *f = fopen(in_folder(names[n]), "rb");
        const size_t len = f != NULL ? fread(bytes, 1, sizeof bytes, f) : 0;
        if (f != NULL)
            fclose(f);
        CHECK(len < sizeof bytes);
        for (size_t i = 0; i + 8 <= 64; i++)
            if (memmem(bytes, len, what + i, 8) != NULL)
                return true;
    }
    return false;
}

/* A wrapping that was removed, and all of an old key, are not left where who takes the disk later,
 * and the passphrase, finds them. */
static void what_was_removed_is_gone(void)
{
    uint8_t first[64], second[64], object[64];

    two_wrappings();
    peek(first, "SELECT record FROM wrapping WHERE number = 1");
    peek(second, "SELECT record FROM wrapping WHERE number = 2");
    peek(object, "SELECT sealed FROM object");
    CHECK(is_in_the_files(first) && is_in_the_files(second) && is_in_the_files(object));
    struct store *s = reopen();
    GOOD(store_remove_wrapping(s, 1, &fault));
    CHECK(!is_in_the_files(first)); /* at once, not when it is closed */
    CHECK(is_in_the_files(second) && is_in_the_files(object));
    GOOD(store_rewrap(s, &by_file, 1, &fault));
    CHECK(!is_in_the_files(second) && !is_in_the_files(object));
    store_close(s);
    CHECK(!is_in_the_files(first) && !is_in_the_files(second) && !is_in_the_files(object));
    CHECK_EQ(opens(&by_file), HEAD2_OK);
    sweep_store();
}

/* ---- several at once ---- */

#define TOGETHER 6

/* In each of several processes at once; how many of them returned 0. */
static unsigned together(int (*what)(void))
{
    unsigned good = 0;
    int status;

    fflush(stdout);
    for (unsigned i = 0; i < TOGETHER; i++)
        if (fork() == 0)
            _exit(what());
    for (unsigned i = 0; i < TOGETHER; i++) {
        CHECK(wait(&status) > 0 && WIFEXITED(status));
        CHECK_SAY(WEXITSTATUS(status) < 2, "one ended with %d", WEXITSTATUS(status));
        good += WEXITSTATUS(status) == 0;
    }
    return good;
}

static int make_it(void)
{
    struct store *s;
    const enum head2_status st = store_create(&s, folder, &by_word, 1, &fault);

    if (st == HEAD2_OK)
        usleep(2000);
    store_close(s);
    return st == HEAD2_OK ? 0 : st == HEAD2_E_STATE ? 1 : 2;
}

static int put_one(void)
{
    struct store *s;
    enum head2_status st = store_open(&s, folder, &by_word, &fault);

    if (st == HEAD2_OK)
        st = put_number(s, (unsigned)getpid() % 200, HEAD2_MLDSA_44);
    store_close(s);
    return st == HEAD2_OK ? 0 : st == HEAD2_E_STATE ? 1 : 2;
}

/* Whoever looks sees the store as it was at one moment. */
static int look_often(void)
{
    struct store *s;

    for (unsigned i = 0; i < 60; i++) {
        if (store_look(&s, folder, &fault) != HEAD2_OK)
            return 2;
        struct store_anchor a;
        store_get_anchor(s, &a);
        const bool same = a.revision == store_count(s) + 1;
        store_close(s);
        if (!same)
            return 3;
    }
    return 0;
}

static void several_make_one(void)
{
    for (unsigned round = 0; round < 5; round++) {
        struct store *s;
        new_folder();
        CHECK_EQ(together(make_it), 1);
        GOOD(store_open(&s, folder, &by_word, &fault));
        store_close(s);
        const unsigned done = together(put_one);
        CHECK(done >= 1);
        GOOD(store_open(&s, folder, &by_word, &fault));
        CHECK(store_count(s) <= done && store_count(s) >= 1);
        GOOD(store_check(s, &fault));
        store_close(s);
        sweep_store();
    }
}

static void looked_at_while_it_changes(void)
{
    int status;

    new_folder();
    struct store *s = create();
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(together(look_often) == TOGETHER ? 0 : 1);
    for (unsigned i = 0; i < 150; i++)
        GOOD(put_number(s, i, HEAD2_MLDSA_44));
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_SAY(status == 0, "status %d", status);
    store_close(s);
    sweep_store();
}

/* ---- guesses ---- */

static double seconds_of(unsigned log_n, const char *text)
{
    const struct store_unlock u = {.type = STORE_WRAP_PASSPHRASE,
                                   .ask = say_word,
                                   .arg = (void *)(uintptr_t)text,
                                   .log_n = log_n};
    struct timespec before, after;
    struct store *s;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    CHECK_EQ(store_open(&s, folder, &u, &fault), HEAD2_E_PASSPHRASE);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
}

static void store_of_work(unsigned log_n)
{
    struct store_unlock u = by_word;
    struct store *s;

    new_folder();
    u.log_n = log_n;
    GOOD(store_create(&s, folder, &u, 1, &fault));
    struct store_wrapping w;
    CHECK_EQ(store_wrappings(s, &w, 1), 1);
    CHECK(w.log_n == (log_n != 0 ? log_n : 16) && w.r == 8 && w.p == 1);
    store_close(s);
}

/* 2^6 times the work of 2^10 is 64 times the time, whatever the processor; half of that is asked.
 */
static void each_guess_costs_the_same(void)
{
    static const char *const guesses[] = {"correct horse ", "correct hors", "Correct horse"};
    double small = 1e9, least = 1e9;

    store_of_work(FORM_LOG_N_MIN);
    for (unsigned i = 0; i < 9; i++) {
        const double t = seconds_of(FORM_LOG_N_MIN, guesses[i % 3]);
        small = t < small ? t : small;
    }
    sweep_store();
    store_of_work(0);
    for (unsigned i = 0; i < 3; i++) {
        const double t = seconds_of(0, guesses[i]);
        least = t < least ? t : least;
    }
    sweep_store();
    printf("    a guess: %.0f ms of processor time, %.0f times the smallest work\n", 1e3 * least,
           least / small);
    CHECK_SAY(least > 32 * small, "%.2f ms and %.2f ms", 1e3 * least, 1e3 * small);
}

/* 64 MiB, for each that is made at once. */
static void each_guess_takes_memory(void)
{
    struct rusage before, after;
    int status;

    store_of_work(0);
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        getrusage(RUSAGE_SELF, &before);
        (void)seconds_of(0, "a guess");
        getrusage(RUSAGE_SELF, &after);
        _exit(after.ru_maxrss - before.ru_maxrss > 60 * 1024 ? 0 : 1);
    }
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    sweep_store();
}

int main(void)
{
    RUN(numbers_exchanged);
    RUN(records_exchanged);
    RUN(fields_changed);
    RUN(another_stores_wrapping);
    RUN(what_was_removed_is_gone);
    RUN(several_make_one);
    RUN(looked_at_while_it_changes);
    RUN(each_guess_costs_the_same);
    RUN(each_guess_takes_memory);
    CHECK_EXIT();
}
