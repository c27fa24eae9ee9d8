/*
 * The ledger's database: what is appended is there after a crash at any write, in one order, under
 * one root; what is damaged is named; one process appends.
 */
#include "check.h"

#include "artifact/ledger.h"
#include "artifact/ledger_db.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct head2_key *key, *stranger;
static struct artifact_signer signer;
static char folder[64];
static struct ledger_fault fault;

static void fresh(void)
{
    static unsigned n;

    snprintf(folder, sizeof folder, "/tmp/head2-ledger-%ld-%u", (long)getpid(), n++);
}

static void sweep(void)
{
    char command[100];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_EQ(system(command), 0);
}

static struct ledger *opened(enum ledger_mode mode)
{
    struct ledger *l = NULL;
    const enum head2_status st = ledger_open(&l, folder, mode, key, &fault);

    CHECK_SAY(st == HEAD2_OK, "%s: %s", fault.where, fault.what);
    return l;
}

static char text[40];

static struct ledger_entry entry_of(uint64_t i)
{
    snprintf(text, sizeof text, "entry %llu", (unsigned long long)i);
    return (struct ledger_entry){.kind = (uint8_t)(i % 200),
                                 .ms = 1795000000000 + i,
                                 .subject = "abc-1",
                                 .number = i * 7,
                                 .text = text,
                                 .text_len = strlen(text)};
}

static void append(struct ledger *l, uint64_t n)
{
    for (uint64_t end = ledger_size(l) + n; ledger_size(l) < end;) {
        struct ledger_entry e = entry_of(ledger_size(l));
        const uint64_t at = ledger_size(l);
        CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
        CHECK_EQ(e.index, at);
    }
}

/* Many at once: the texts have to last. */
static void append_many(struct ledger *l, unsigned n)
{
    static char texts[70000][sizeof text];
    static struct ledger_entry e[70000];

    CHECK(n <= HEAD2_LEN(e));
    for (unsigned i = 0; i < n; i++) {
        e[i] = entry_of(ledger_size(l) + i);
        memcpy(texts[i], text, sizeof text);
        e[i].text = texts[i];
    }
    CHECK_EQ(ledger_append(l, e, n, &fault), HEAD2_OK);
}

static struct merkle_edge seen_edge;
static bool see(void *arg, const struct ledger_entry *e)
{
    uint8_t leaf[LEDGER_LEAF_BYTES], hash[32];
    const struct ledger_entry want = entry_of(e->index);

    (void)arg;
    CHECK_EQ(e->kind, want.kind);
    CHECK_EQ(e->ms, want.ms);
    CHECK_EQ(e->number, want.number);
    CHECK(strcmp(e->subject, want.subject) == 0);
    CHECK_EQ(e->text_len, want.text_len);
    CHECK_MEM(e->text, want.text, e->text_len);
    ledger_leaf(leaf, e);
    merkle_leaf(hash, leaf, sizeof leaf);
    CHECK(merkle_append(&seen_edge, hash));
    return true;
}

/* Entries as they were given, and the root of the tiles that of the entries. */
static void check_whole(struct ledger *l)
{
    const struct merkle_nodes nodes = ledger_nodes(l);
    uint8_t a[32], b[32];

    memset(&seen_edge, 0, sizeof seen_edge);
    CHECK_EQ(ledger_each(l, 0, see, NULL, &fault), HEAD2_OK);
    CHECK_EQ(seen_edge.size, ledger_size(l));
    merkle_root(a, &seen_edge);
    CHECK_EQ(merkle_root_at(b, &nodes, ledger_size(l)), HEAD2_OK);
    CHECK_MEM(a, b, 32);
}

static void check_proofs(struct ledger *l, uint64_t step)
{
    const struct merkle_nodes nodes = ledger_nodes(l);
    const uint64_t size = ledger_size(l);
    uint8_t root[32], old[32], leaf[LEDGER_LEAF_BYTES], hash[32];
    struct merkle_proof p;

    CHECK_EQ(merkle_root_at(root, &nodes, size), HEAD2_OK);
    for (uint64_t i = 0; i < size; i += step) {
        const struct ledger_entry e = entry_of(i);
        ledger_leaf(leaf, &e);
        merkle_leaf(hash, leaf, sizeof leaf);
        CHECK_EQ(merkle_prove_inclusion(&p, &nodes, i, size), HEAD2_OK);
        CHECK_EQ(merkle_check_inclusion(root, size, i, hash, &p), HEAD2_OK);
        CHECK_EQ(merkle_root_at(old, &nodes, i), HEAD2_OK);
        CHECK_EQ(merkle_prove_consistency(&p, &nodes, i, size), HEAD2_OK);
        CHECK_EQ(merkle_check_consistency(old, i, root, size, &p), HEAD2_OK);
    }
}

/* Sizes around those at which tiles are completed, opened anew in between. */
static void grows_and_opens_again(void)
{
    const unsigned sizes[] = {1, 2, 255, 256, 257, 511, 512, 700, 65535, 65537};

    fresh();
    for (unsigned i = 0; i < HEAD2_LEN(sizes); i++) {
        struct ledger *l = opened(LEDGER_APPEND);
        CHECK_EQ(ledger_size(l), i == 0 ? 0 : sizes[i - 1]);
        const unsigned n = sizes[i] - (i == 0 ? 0 : sizes[i - 1]);
        if (n < 300)
            append(l, n);
        else
            append_many(l, n);
        check_whole(l);
        check_proofs(l, sizes[i] < 1000 ? 1 : 4099);
        ledger_close(l);
        l = opened(LEDGER_READ);
        check_whole(l);
        check_proofs(l, sizes[i] < 1000 ? 7 : 9973);
        ledger_close(l);
    }
    sweep();
}

static void checkpoints(void)
{
    static char note[CHECKPOINT_NOTE_MAX];
    size_t len = sizeof note;
    struct checkpoint c;
    const char *why;
    uint8_t root[32];

    fresh();
    struct ledger *l = opened(LEDGER_APPEND);
    const struct merkle_nodes nodes = ledger_nodes(l);
    CHECK_EQ(ledger_note(l, 0, note, &len, &fault), HEAD2_E_STATE);
    for (unsigned size = 10; size <= 30; size += 10) {
        append(l, 10);
        CHECK_EQ(ledger_sign(l, &signer, 1795000000000 + size, &fault), HEAD2_OK);
        CHECK_EQ(ledger_sign(l, &signer, 1795000000001 + size, &fault), HEAD2_OK); /* nothing */
    }
    append(l, 3);
    ledger_close(l);
    l = opened(LEDGER_READ);
    for (unsigned ask = 0; ask <= 30; ask++) {
        const unsigned want = ask == 0 ? 30 : (ask + 9) / 10 * 10;
        len = sizeof note;
        CHECK_EQ(ledger_note(l, ask, note, &len, &fault), HEAD2_OK);
        CHECK_EQ(checkpoint_parse(&c, note, len, &why), HEAD2_OK);
        CHECK_EQ(c.size, want);
        CHECK_EQ(c.ms, 1795000000000 + want);
        CHECK_EQ(checkpoint_check(&c, key), HEAD2_OK);
        const struct merkle_nodes again = ledger_nodes(l);
        CHECK_EQ(merkle_root_at(root, &again, want), HEAD2_OK);
        CHECK_MEM(root, c.root, 32);
    }
    CHECK_EQ(ledger_note(l, 31, note, &len, &fault), HEAD2_E_STATE);
    (void)nodes;
    ledger_close(l);
    sweep();
}

/* ---- crashes ---- */

/* Append one by one, and tell what has been acknowledged, until killed. */
static void append_for_ever(int to)
{
    struct ledger *l = opened(LEDGER_APPEND);

    for (;;) {
        append(l, 1);
        const uint64_t size = ledger_size(l);
        if (write(to, &size, sizeof size) != sizeof size)
            _exit(1);
        if (size % 64 == 0 && ledger_sign(l, &signer, 1795000000000, &fault) != HEAD2_OK)
            _exit(2);
    }
}

static void killed_while_appending(void)
{
    uint64_t total = 0;

    fresh();
    for (unsigned round = 0; round < 12; round++) {
        int pipes[2];
        uint64_t size, acknowledged = total;
        CHECK_EQ(pipe(pipes), 0);
        const pid_t pid = fork();
        if (pid == 0) {
            close(pipes[0]);
            append_for_ever(pipes[1]);
        }
        close(pipes[1]);
        usleep(20000 + 7000 * round);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(pipes[0], &size, sizeof size) == sizeof size)
            acknowledged = size;
        close(pipes[0]);
        struct ledger *l = opened(LEDGER_APPEND);
        CHECK(ledger_size(l) >= acknowledged);
        CHECK(ledger_size(l) <= acknowledged + 1); /* written, and not told any more */
        check_whole(l);
        total = ledger_size(l);
        ledger_close(l);
    }
    CHECK(total > 12);
    sweep();
}

/* ---- what is refused ---- */

static void refused(enum ledger_mode mode, const struct head2_key *as, enum head2_status want,
                    const char *words)
{
    struct ledger *l;

    CHECK_EQ(ledger_open(&l, folder, mode, as, &fault), want);
    CHECK(l == NULL);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
}

static void one_appends(void)
{
    static char note[CHECKPOINT_NOTE_MAX];
    struct checkpoint c;
    const char *why;

    fresh();
    struct ledger *l = opened(LEDGER_APPEND);
    append(l, 5);
    refused(LEDGER_APPEND, key, HEAD2_E_STATE, "appends to it");
    CHECK(strstr(fault.what, "process") != NULL);
    CHECK_EQ(ledger_sign(l, &signer, 1795000000000, &fault), HEAD2_OK);
    struct ledger *reader = opened(LEDGER_READ);
    append(l, 5);
    CHECK_EQ(ledger_sign(l, &signer, 1795000000000, &fault), HEAD2_OK);
    CHECK_EQ(ledger_size(reader), 5); /* and so is all that it is asked for */
    check_whole(reader);
    size_t len = sizeof note;
    CHECK_EQ(ledger_note(reader, 0, note, &len, &fault), HEAD2_OK);
    CHECK_EQ(checkpoint_parse(&c, note, len, &why), HEAD2_OK);
    CHECK_EQ(c.size, 5);
    struct ledger_entry e = entry_of(5);
    CHECK_EQ(ledger_append(reader, &e, 1, &fault), HEAD2_E_ARG);
    ledger_close(reader);
    ledger_close(l);
    refused(LEDGER_APPEND, stranger, HEAD2_E_POLICY, "another identity");
    sweep();
    refused(LEDGER_READ, NULL, HEAD2_E_IO, "cannot be opened");
}

static void entries_out_of_range(void)
{
    static char big[LEDGER_TEXT_MAX + 1];

    fresh();
    struct ledger *l = opened(LEDGER_APPEND);
    struct ledger_entry e = entry_of(0);
    memset(big, 'x', sizeof big);
    e.text = big;
    e.text_len = sizeof big;
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_E_ARG);
    e.text_len--;
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    e.text_len = 0;
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_OK);
    e.subject = "no blanks";
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_E_ARG);
    e = entry_of(0);
    e.ms = UINT64_MAX;
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_E_ARG);
    e = entry_of(0);
    e.number = UINT64_C(1) << 63;
    CHECK_EQ(ledger_append(l, &e, 1, &fault), HEAD2_E_ARG);
    CHECK_EQ(ledger_size(l), 2);
    ledger_close(l);
    sweep();
}

/* Change the database by hand; what opening or reading says to that. */
static void tampered(const char *sql, const char *words)
{
    char path[100];
    sqlite3 *db;
    struct ledger *l;

    fresh();
    l = opened(LEDGER_APPEND);
    append_many(l, 600);
    CHECK_EQ(ledger_sign(l, &signer, 1795000000000, &fault), HEAD2_OK);
    ledger_close(l);
    snprintf(path, sizeof path, "%s/" LEDGER_FILE, folder);
    CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_EQ(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    enum head2_status st = ledger_open(&l, folder, LEDGER_READ, NULL, &fault);
    if (st == HEAD2_OK)
        st = ledger_each(l, 0, see, NULL, &fault);
    CHECK(st == HEAD2_E_MALFORMED || st == HEAD2_E_UNSUPPORTED);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
    ledger_close(l);
    sweep();
}

static void damage_is_named(void)
{
    tampered("DELETE FROM entry WHERE i = 7", "entry 7 is missing");
    tampered("DELETE FROM entry WHERE i = 599", "599 entries are there, and 600 are signed");
    tampered("DELETE FROM tile WHERE n = 1", "tile 0/1 is missing");
    tampered("DELETE FROM identity", "identity");
    tampered("UPDATE identity SET origin = 'x'", "identity");
    tampered("UPDATE entry SET kind = 300 WHERE i = 9", "entry 9 is not one");
    tampered("PRAGMA user_version = 2", "version 2");
    tampered("PRAGMA user_version = 0", "no ledger");
    tampered("PRAGMA application_id = 5", "no ledger");
}

/* Bytes of the file itself. */
static void broken_file(void)
{
    char path[100];
    struct ledger *l;

    fresh();
    l = opened(LEDGER_APPEND);
    append_many(l, 5000);
    ledger_close(l);
    snprintf(path, sizeof path, "%s/" LEDGER_FILE, folder);
    CHECK_EQ(truncate(path, 100000), 0);
    enum head2_status st = ledger_open(&l, folder, LEDGER_READ, NULL, &fault);
    if (st == HEAD2_OK)
        st = ledger_each(l, 0, see, NULL, &fault);
    CHECK(st == HEAD2_E_MALFORMED);
    CHECK(fault.hint[0] != 0);
    ledger_close(l);
    const int fd = open(path, O_WRONLY | O_TRUNC);
    CHECK(fd >= 0 && write(fd, "hello, this is no database at all", 33) == 33);
    close(fd);
    refused(LEDGER_READ, NULL, HEAD2_E_MALFORMED, "not a database");
    sweep();
}

int main(void)
{
    CHECK_EQ(head2_key_generate(&key, HEAD2_MLDSA_87), HEAD2_OK);
    CHECK_EQ(head2_key_generate(&stranger, HEAD2_MLDSA_87), HEAD2_OK);
    signer = artifact_signer_of_key(key, false);
    RUN(grows_and_opens_again);
    RUN(checkpoints);
    RUN(killed_while_appending);
    RUN(one_appends);
    RUN(entries_out_of_range);
    RUN(damage_is_named);
    RUN(broken_file);
    head2_key_free(key);
    head2_key_free(stranger);
    CHECK_EXIT();
}
