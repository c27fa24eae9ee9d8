/*
 * The sealed store, ended by kill -9 at every step of every change, and with a disk that is full
 * from any step on: it opens again, has what was acknowledged, and is the old or the new.
 */
#include "check.h"
#include "store_fixture.h"
#include "store_steps.h"

static uint8_t first[16], second[16];
static char file_path[160];
static struct store_unlock by_file;

/* ---- what is done to it ---- */

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
    return store_use(s, first, 1, &fault);
}

static enum head2_status do_destroy(struct store *s)
{
    return store_destroy(s, first, &fault);
}

static enum head2_status do_rewrap(struct store *s)
{
    return store_rewrap(s, &by_file, 1, &fault);
}

static enum head2_status do_add(struct store *s)
{
    return store_add_wrapping(s, &by_file, &fault);
}

/* ---- what it is afterwards ---- */

static bool is_put(struct store *s)
{
    return store_count(s) == 3;
}

static bool is_updated(struct store *s)
{
    return store_find(s, first)->state == STORE_REVOKED;
}

static bool is_used(struct store *s)
{
    return store_find(s, first)->uses >= 1;
}

static bool is_destroyed(struct store *s)
{
    return store_find(s, first) == NULL;
}

static bool is_rewrapped(struct store *s)
{
    struct store_wrapping w;

    return store_wrappings(s, &w, 1) == 1 && w.type == STORE_WRAP_KEY_FILE;
}

static bool is_added(struct store *s)
{
    return store_wrappings(s, NULL, 0) == 2;
}

/* Another way to open it, and the first one gone. */
static enum head2_status do_exchange(struct store *s)
{
    const enum head2_status st = is_added(s) ? HEAD2_OK : do_add(s);

    return st == HEAD2_OK ? store_remove_wrapping(s, 1, &fault) : st;
}

static const struct change {
    enum head2_status (*act)(struct store *);
    bool (*is_new)(struct store *);
} changes[] = {
    {do_put,      is_put      },
    {do_update,   is_updated  },
    {do_use,      is_used     },
    {do_destroy,  is_destroyed},
    {do_rewrap,   is_rewrapped},
    {do_add,      is_added    },
    {do_exchange, is_rewrapped},
};

/* ---- the frame ---- */

static void prepare(void)
{
    steps.at = 0;
    new_folder();
    strcpy(file_path, in_folder("key"));
    by_file = (struct store_unlock){.type = STORE_WRAP_KEY_FILE, .path = file_path};
    FILE *f = fopen(file_path, "w");
    CHECK(f != NULL && fputs("0123456789abcdef0123456789abcdef", f) >= 0);
    fclose(f);
    CHECK_EQ(chmod(file_path, 0600), 0);
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    GOOD(put_number(s, 2, HEAD2_MLKEM_512));
    id_of(first, 1, HEAD2_MLDSA_44);
    id_of(second, 2, HEAD2_MLKEM_512);
    store_close(s);
}

static struct store *open_either_way(void)
{
    struct store *s;

    if (store_open(&s, folder, &by_kek, &fault) == HEAD2_OK)
        return s;
    GOOD(store_open(&s, folder, &by_file, &fault));
    return s;
}

/* Whole; the old or the new; new if that was acknowledged. And it goes on. */
static void check_after(const struct change *c, bool acknowledged, unsigned at)
{
    struct head2_key *key;
    struct store *s = open_either_way();

    GOOD(store_check(s, &fault));
    CHECK_SAY(c->is_new(s) || !acknowledged, "step %u: what was acknowledged is gone", at);
    GOOD(store_get(s, second, &key, &fault));
    head2_key_free(key);
    GOOD(put_number(s, 77, HEAD2_MLDSA_44));
    store_close(s);
    s = open_either_way();
    store_close(s);
}

/* 1: acknowledged. */
static int child(const struct change *c, unsigned at)
{
    struct store *s;

    if (store_open(&s, folder, &by_kek, &fault) != HEAD2_OK)
        return 2;
    steps.done = 0;
    steps.at = at;
    steps.kills = true;
    if (c->act(s) != HEAD2_OK)
        return 3;
    return 1; /* not closed: the log stays */
}

static unsigned killed_at(const struct change *c, unsigned at)
{
    int status;

    prepare();
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(child(c, at));
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    const bool ended = WIFEXITED(status);
    CHECK_SAY(!ended || WEXITSTATUS(status) == 1, "step %u ended with %d", at, status);
    CHECK(ended || WTERMSIG(status) == SIGKILL);
    check_after(c, ended, at);
    sweep_store();
    return ended;
}

static void killed_at_every_step(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        unsigned at = 1;
        while (!killed_at(&changes[i], at))
            at++;
        CHECK_SAY(at > 6, "change %zu has %u steps", i, at); /* the log, its sync, the file */
    }
}

/* Neither a making nor a restoring leaves what cannot be made or restored again. */
static void killed_while_made(void)
{
    struct store *s;
    int status;
    bool ended = false;

    for (unsigned at = 1; !ended; at++) {
        new_folder();
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            steps.done = 0;
            steps.at = at;
            steps.kills = true;
            _exit(store_create(&s, folder, &by_word, 1, &fault) == HEAD2_OK ? 1 : 2);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        ended = WIFEXITED(status);
        CHECK(!ended || WEXITSTATUS(status) == 1);
        enum head2_status st = store_open(&s, folder, &by_word, &fault);
        CHECK_SAY(!ended || st == HEAD2_OK, "%s", fault.what);
        if (st != HEAD2_OK)
            GOOD(store_create(&s, folder, &by_word, 1, &fault));
        GOOD(put_number(s, 1, HEAD2_MLDSA_44));
        store_close(s);
        sweep_store();
    }
}

static void killed_while_restored(void)
{
    char backup[160];
    struct store *s;
    int status;
    bool ended = false;

    for (unsigned at = 1; !ended; at++) {
        prepare();
        strcpy(backup, in_folder("backup"));
        s = reopen();
        GOOD(store_backup(s, backup, &fault));
        GOOD(do_destroy(s));
        store_close(s);
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            steps.done = 0;
            steps.at = at;
            steps.kills = true;
            _exit(store_restore(folder, backup, &by_kek, &(struct store_restoring){.replace = true},
                                &fault) == HEAD2_OK
                      ? 1
                      : 2);
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        ended = WIFEXITED(status);
        CHECK(!ended || WEXITSTATUS(status) == 1);
        s = reopen(); /* as it was, or restored */
        CHECK(!ended || !is_destroyed(s));
        GOOD(store_check(s, &fault));
        store_close(s);
        sweep_store();
    }
}

/* Full from a step on: it is said, nothing is lost, and with room again it goes on, without being
 * opened anew. */
static void full_from_every_step_on(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        const struct change *const c = &changes[i];
        bool good = false;
        for (unsigned at = 1; !good; at++) {
            prepare();
            struct store *s = reopen();
            steps.done = 0;
            steps.at = at;
            steps.kills = false;
            const enum head2_status st = c->act(s);
            good = st == HEAD2_OK && steps.done < at;
            steps.at = 0;
            if (st != HEAD2_OK) {
                CHECK_SAY(st == HEAD2_E_IO && fault.error != 0, "step %u: %d: %s", at, (int)st,
                          fault.what);
                struct head2_key *key;
                GOOD(store_get(s, second, &key, &fault));
                head2_key_free(key);
                if (!c->is_new(s))
                    GOOD(c->act(s));
            }
            CHECK(c->is_new(s));
            store_close(s);
            check_after(c, true, at);
            sweep_store();
        }
    }
}

int main(void)
{
    steps_install();
    RUN(killed_at_every_step);
    RUN(killed_while_made);
    RUN(killed_while_restored);
    RUN(full_from_every_step_on);
    CHECK_EXIT();
}
