/*
 * Receipts: the chain holds; every changed, missing, renamed, swapped or foreign file is found and
 * named; processes that append at once do not harm each other; a process killed in the middle of
 * appending leaves a folder that verifies and goes on.
 */
#include "artifact_fixture.h"

#include "artifact/file.h"
#include "artifact/mu.h"
#include "artifact/receipt_verify.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

static char faults[16][320];
static size_t fault_count;

static void collect(void *arg, const char *file, const char *what)
{
    (void)arg;
    if (fault_count < HEAD2_LEN(faults))
        snprintf(faults[fault_count], sizeof faults[0], "%s: %s", file, what);
    fault_count++;
}

static enum head2_status verify(const char *folder, struct receipt_report *report)
{
    char path[128];
    uint8_t *pem;
    size_t len;
    struct head2_key *key = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, RECEIPT_PUBLIC_FILE);
    CHECK_EQ(file_read(path, HEAD2_KEY_MAX_FILE, &pem, &len), HEAD2_OK);
    CHECK_EQ(head2_key_read(&key, pem, len, NULL, NULL, NULL), HEAD2_OK);
    free(pem);
    fault_count = 0;
    memset(faults, 0, sizeof faults);
    enum head2_status st = receipt_verify_folder(folder, key, collect, NULL, report);
    head2_key_free(key);
    return st;
}

/* The text of a rotation, as the gateway words it. */
static enum head2_status rotation(const char *subject, uint64_t number, const char *peer, char *out,
                                  size_t *len)
{
    char old_key[32], new_key[32];

    snprintf(old_key, sizeof old_key, "kyber-%llu", (unsigned long long)number - 1);
    snprintf(new_key, sizeof new_key, "kyber-%llu", (unsigned long long)number);
    const struct receipt_field fields[] = {
        {"Old Key ID",          old_key   },
        {"New Key ID",          new_key   },
        {"Reason",              "time"    },
        {"Peer",                peer      },
        {"Profile",             "CH2-L5"  },
        {"Entropy Sources",     "rdseed"  },
        {"Dilithium Signature", "verified"},
    };
    const struct receipt_event e = {RECEIPT_ROTATION, number, FIXTURE_TIME,
                                    subject,          fields, HEAD2_LEN(fields)};
    return receipt_text(&e, out, len);
}

/* Append count rotation receipts as one process does: open, identity, append, close. */
static enum head2_status append(const char *folder, const char *subject, uint64_t from,
                                unsigned count)
{
    struct receipt_store *store = NULL;
    struct head2_key *key = NULL;
    struct receipt_fault fault;
    char forward[RECEIPT_FORWARD_MAX];
    enum head2_status st = receipt_store_open(&store, folder, &fault);
    if (st == HEAD2_OK)
        st = receipt_store_identity(store, &key, &fault);
    struct artifact_signer signer = {0};
    if (st == HEAD2_OK)
        signer = artifact_signer_of_key(key, false);
    for (unsigned i = 0; st == HEAD2_OK && i < count; i++) {
        size_t len = sizeof forward;
        st = rotation(subject, from + i, "drone-1", forward, &len);
        const struct receipt_entry e = {RECEIPT_ROTATION, subject, from + i, forward, len, NULL};
        if (st == HEAD2_OK)
            st = receipt_store_append(store, &e, &signer, NULL, NULL, &fault);
    }
    head2_key_free(key);
    receipt_store_close(store);
    return st;
}

/* The file of an index; its path in a static buffer. */
static const char *file_of(const char *folder, uint64_t index)
{
    static char path[512];
    struct receipt_name name;
    struct dirent *entry;
    DIR *dir = opendir(folder);
    path[0] = 0;
    while ((entry = readdir(dir)) != NULL)
        if (receipt_name_parse(&name, entry->d_name) && name.index == index)
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    closedir(dir);
    CHECK_SAY(path[0] != 0, "no receipt %llu", (unsigned long long)index);
    return path;
}

static bool told(const char *words)
{
    for (size_t i = 0; i < fault_count && i < HEAD2_LEN(faults); i++)
        if (strstr(faults[i], words) != NULL)
            return true;
    return false;
}

static void the_rotation_text_is_the_guide_s(void)
{
    char text[RECEIPT_FORWARD_MAX + 1] = {0};
    size_t len = RECEIPT_FORWARD_MAX;
    CHECK_EQ(rotation("5e55", 1842, "drone\n1", text, &len), HEAD2_OK);
    CHECK_SAY(strcmp(text, "# Key Rotation Event 1842\n"
                           "Timestamp: 2025-10-28T14:32:17.123Z\n"
                           "Old Key ID: kyber-1841\n"
                           "New Key ID: kyber-1842\n"
                           "Reason: time\n"
                           "Peer: drone?1\n"
                           "Profile: CH2-L5\n"
                           "Entropy Sources: rdseed\n"
                           "Dilithium Signature: verified\n"
                           "Subject: 5e55\n"
                           ".mu: rotation_1842.mu") == 0,
              "%s", text);
    for (size_t room = 0; room < len; room += 7) {
        size_t n = room;
        CHECK_EQ(rotation("5e55", 1842, "drone\n1", text, &n), HEAD2_E_SPACE);
    }
}

static void a_chain_verifies(void)
{
    const char *folder = fresh_folder();
    struct receipt_report r;
    CHECK_EQ(append(folder, "5e55", 1, 5), HEAD2_OK);
    CHECK_EQ(append(folder, "5e56", 1, 5), HEAD2_OK);
    CHECK_EQ(verify(folder, &r), HEAD2_OK);
    CHECK_EQ(r.count, 10);
    CHECK_EQ(r.first, 0);
    CHECK_EQ(r.last, 9);
    struct stat info;
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, RECEIPT_KEY_FILE);
    CHECK_EQ(stat(path, &info), 0);
    CHECK_EQ(info.st_mode & 0777, 0600);
    CHECK_EQ(stat(file_of(folder, 9), &info), 0);
    CHECK_SAY(info.st_size < 8192, "a receipt has %lld bytes", (long long)info.st_size);
}

static void every_changed_file_is_named(void)
{
    const char *folder = fresh_folder();
    struct receipt_report r;
    uint8_t *bytes;
    size_t len;
    CHECK_EQ(append(folder, "5e55", 1, 4), HEAD2_OK);
    for (uint64_t index = 0; index < 4; index++) {
        char path[512];
        snprintf(path, sizeof path, "%s", file_of(folder, index));
        const char *name = strrchr(path, '/') + 1;
        CHECK_EQ(file_read(path, RECEIPT_FILE_MAX, &bytes, &len), HEAD2_OK);
        for (size_t at = 0; at < len; at += at < 400 || at + 60 > len ? 1 : 97) {
            bytes[at] ^= 1;
            FILE *f = fopen(path, "wb");
            CHECK(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
            CHECK_SAY(verify(folder, &r) == HEAD2_E_VERIFY, "byte %zu of %s", at, name);
            CHECK_SAY(strncmp(faults[0], name, strlen(name)) == 0, "%s is blamed for %s", faults[0],
                      name);
            CHECK_SAY(fault_count == 1, "%zu faults: %s, %s", fault_count, faults[0], faults[1]);
            bytes[at] ^= 1;
            if (index != 1 && at > 40)
                break; /* one file byte by byte, the others at their beginning */
        }
        CHECK_EQ(file_write(path, bytes, len, 0644, FILE_REPLACE), HEAD2_OK);
        free(bytes);
        CHECK_EQ(verify(folder, &r), HEAD2_OK);
    }
}

static void gaps_swaps_and_strangers_are_named(void)
{
    const char *folder = fresh_folder();
    struct receipt_report r;
    char path[512], other[512], kept[512];
    CHECK_EQ(append(folder, "5e55", 1, 6), HEAD2_OK);

    snprintf(path, sizeof path, "%s", file_of(folder, 3));
    snprintf(kept, sizeof kept, "%s/kept", folder);
    CHECK_EQ(rename(path, kept), 0); /* a gap */
    CHECK_EQ(verify(folder, &r), HEAD2_E_VERIFY);
    CHECK_SAY(told("receipt 3: missing"), "%s", faults[0]);
    CHECK_EQ(fault_count, 1);
    CHECK_EQ(r.others, 1);
    CHECK_EQ(rename(kept, path), 0);

    snprintf(other, sizeof other, "%s/3_rotation_5e55_9.mu", folder);
    CHECK_EQ(rename(path, other), 0); /* renamed */
    CHECK_EQ(verify(folder, &r), HEAD2_E_VERIFY);
    CHECK_SAY(told("renamed"), "%s", faults[0]);
    CHECK_EQ(rename(other, path), 0);

    snprintf(other, sizeof other, "%s/7_rotation_5e55_4.mu", folder);
    CHECK_EQ(link(path, other), 0); /* a copy under a later index */
    CHECK_EQ(verify(folder, &r), HEAD2_E_VERIFY);
    CHECK(told("receipt 6: missing") && told("renamed"));
    CHECK_EQ(unlink(other), 0);

    snprintf(other, sizeof other, "%s/notes.mu", folder);
    CHECK_EQ(link(path, other), 0);
    CHECK_EQ(verify(folder, &r), HEAD2_E_VERIFY);
    CHECK(told("notes.mu"));
    CHECK_EQ(unlink(other), 0);

    CHECK_EQ(unlink(file_of(folder, 0)), 0); /* the beginning cut off */
    CHECK_EQ(verify(folder, &r), HEAD2_E_VERIFY);
    CHECK(told("receipt 0: missing"));
}

/* A receipt of the right place, signed by the right key, in a chain that it does not follow. */
static void a_broken_link_is_named(void)
{
    const char *folder = fresh_folder();
    struct receipt_report report;
    struct receipt r;
    uint8_t *pem, bytes[RECEIPT_FILE_MAX];
    size_t len, n = sizeof bytes;
    struct head2_key *key = NULL;
    char path[256];
    const char *why;
    CHECK_EQ(append(folder, "5e55", 1, 3), HEAD2_OK);
    snprintf(path, sizeof path, "%s/%s", folder, RECEIPT_KEY_FILE);
    CHECK_EQ(file_read(path, HEAD2_KEY_MAX_FILE, &pem, &len), HEAD2_OK);
    CHECK_EQ(head2_key_read(&key, pem, len, NULL, NULL, NULL), HEAD2_OK);
    free(pem);
    CHECK_EQ(file_read(file_of(folder, 1), RECEIPT_FILE_MAX, &pem, &len), HEAD2_OK);
    CHECK_EQ(receipt_parse(&r, pem, len, &why), HEAD2_OK);
    free(pem);
    r.prev[5] ^= 1;
    const struct artifact_signer signer = artifact_signer_of_key(key, false);
    CHECK_EQ(receipt_sign(&r, &signer), HEAD2_OK);
    CHECK_EQ(receipt_write(&r, bytes, &n), HEAD2_OK);
    CHECK_EQ(file_write(file_of(folder, 1), bytes, n, 0644, FILE_REPLACE), HEAD2_OK);
    CHECK_EQ(verify(folder, &report), HEAD2_E_VERIFY);
    CHECK_SAY(told("1_rotation_5e55_2.mu: the chain is broken"), "%s", faults[0]);
    CHECK_SAY(told("2_rotation_5e55_3.mu: the chain is broken"), "%s", faults[1]);
    head2_key_free(key);

    struct head2_key *stranger = fixed_key(HEAD2_MLDSA_87, 9);
    fault_count = 0;
    CHECK_EQ(receipt_verify_folder(folder, stranger, collect, NULL, &report), HEAD2_E_VERIFY);
    CHECK_EQ(fault_count, 3);
    CHECK(told("signed by another key"));
    head2_key_free(stranger);
}

static void processes_append_at_once(void)
{
    const char *folder = fresh_folder();
    struct receipt_report r;
    pid_t children[4];
    for (int c = 0; c < 4; c++) {
        children[c] = fork();
        if (children[c] == 0)
            _exit(append(folder, c % 2 == 0 ? "even" : "odd", 1, 25) == HEAD2_OK ? 0 : 1);
    }
    for (int c = 0; c < 4; c++) {
        int status = -1;
        CHECK(waitpid(children[c], &status, 0) == children[c]);
        CHECK_EQ(status, 0);
    }
    CHECK_EQ(verify(folder, &r), HEAD2_OK);
    CHECK_EQ(r.count, 100);
}

static uint64_t count_receipts(const char *folder)
{
    struct receipt_name name;
    struct dirent *entry;
    uint64_t count = 0;
    DIR *dir = opendir(folder);
    while ((entry = readdir(dir)) != NULL)
        count += receipt_name_parse(&name, entry->d_name);
    closedir(dir);
    return count;
}

/* A store remembers the newest receipt, but not when another one has appended since, nor when the
 * file is gone. */
static void stores_that_take_turns_make_one_chain(void)
{
    enum { STORES = 3, TURNS = 4 };
    const char *folder = fresh_folder();
    struct receipt_store *stores[STORES] = {NULL};
    struct head2_key *key = NULL;
    struct receipt_fault fault;
    struct receipt_report report;
    uint64_t index = 0, want = 0;
    char name[RECEIPT_NAME_MAX], path[512];

    for (unsigned i = 0; i < STORES; i++)
        CHECK_EQ(receipt_store_open(&stores[i], folder, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_identity(stores[0], &key, &fault), HEAD2_OK);
    const struct artifact_signer signer = artifact_signer_of_key(key, false);
    char forward[RECEIPT_FORWARD_MAX];
    size_t len = sizeof forward;
    CHECK_EQ(rotation("5e55", 1, "drone-1", forward, &len), HEAD2_OK);
    const struct receipt_entry e = {RECEIPT_ROTATION, "5e55", 1, forward, len, NULL};
    for (unsigned turn = 0; turn < TURNS; turn++)
        for (unsigned i = 0; i < STORES; i++)
            for (unsigned again = 0; again < 2; again++) {
                CHECK_EQ(receipt_store_append(stores[i], &e, &signer, &index, name, &fault),
                         HEAD2_OK);
                CHECK_EQ(index, want++);
            }
    snprintf(path, sizeof path, "%s/%s", folder, name); /* the newest is taken away */
    CHECK_EQ(unlink(path), 0);
    CHECK_EQ(receipt_store_append(stores[STORES - 1], &e, &signer, &index, name, &fault), HEAD2_OK);
    CHECK_EQ(index, want - 1);
    for (unsigned i = 0; i < STORES; i++)
        receipt_store_close(stores[i]);
    head2_key_free(key);
    CHECK_EQ(verify(folder, &report), HEAD2_OK);
    CHECK_EQ(report.count, want);
}

static void a_killed_writer_leaves_a_good_folder(void)
{
    const char *folder = fresh_folder();
    struct receipt_report r;
    uint64_t state = 7, last = 0;
    CHECK_EQ(append(folder, "start", 1, 1), HEAD2_OK);
    for (int round = 0; round < 40; round++) {
        pid_t child = fork();
        if (child == 0)
            _exit(append(folder, "killed", 1, 1000000) == HEAD2_OK ? 0 : 1);
        state = state * 6364136223846793005u + 1442695040888963407u;
        for (int wait = 0; round % 4 != 0 && wait < 2000 && count_receipts(folder) <= last + 1;
             wait++)
            nanosleep(&(struct timespec){0, 1000000}, NULL); /* it has begun */
        nanosleep(&(struct timespec){0, (long)(state >> 33) % 8000000}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        CHECK_SAY(verify(folder, &r) == HEAD2_OK, "round %d: %s", round, faults[0]);
        CHECK(r.last >= last);
        last = r.last;
    }
    CHECK_EQ(append(folder, "after", 1, 1), HEAD2_OK);
    CHECK_EQ(verify(folder, &r), HEAD2_OK);
    CHECK_EQ(r.last, last + 1);
    CHECK_SAY(last >= 20, "only %llu receipts were written between kills",
              (unsigned long long)last);
    DIR *dir = opendir(folder);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        CHECK_SAY(strncmp(e->d_name, ".tmp", 4) != 0, "%s is left", e->d_name);
    closedir(dir);
}

static void a_held_lock_is_waited_for_and_then_refused(void)
{
    const char *folder = fresh_folder();
    struct receipt_store *store;
    struct receipt_fault fault;
    char path[256];
    CHECK_EQ(receipt_store_open(&store, folder, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_ready(store, &fault), HEAD2_OK);
    snprintf(path, sizeof path, "%s/lock", folder);
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0 && flock(fd, LOCK_EX) == 0);
    CHECK_EQ(receipt_store_ready(store, &fault), HEAD2_E_STATE);
    CHECK_SAY(strstr(fault.what, "locked") != NULL, "%s", fault.what);
    close(fd);
    CHECK_EQ(receipt_store_ready(store, &fault), HEAD2_OK);
    receipt_store_close(store);
}

static void a_key_that_others_can_read_is_refused(void)
{
    const char *folder = fresh_folder();
    char path[256];
    CHECK_EQ(append(folder, "5e55", 1, 1), HEAD2_OK);
    snprintf(path, sizeof path, "%s/%s", folder, RECEIPT_KEY_FILE);
    CHECK_EQ(chmod(path, 0640), 0);
    CHECK_EQ(append(folder, "5e55", 2, 1), HEAD2_E_POLICY);
    CHECK_EQ(chmod(path, 0600), 0);
    CHECK_EQ(append(folder, "5e55", 2, 1), HEAD2_OK);
}

static void a_folder_has_one_signer(void)
{
    const char *folder = fresh_folder();
    struct receipt_store *store;
    struct receipt_fault fault;
    struct head2_key *gateway = fixed_key(HEAD2_MLDSA_87, 3), *other = fixed_key(HEAD2_MLDSA_87, 4);
    struct head2_key *own = NULL;
    CHECK_EQ(receipt_store_open(&store, folder, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_claim(store, gateway, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_claim(store, gateway, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_claim(store, other, &fault), HEAD2_E_POLICY);
    CHECK_EQ(receipt_store_identity(store, &own, &fault), HEAD2_E_POLICY);
    CHECK(own == NULL);
    receipt_store_close(store);
    folder = fresh_folder();
    CHECK_EQ(append(folder, "5e55", 1, 1), HEAD2_OK);
    CHECK_EQ(receipt_store_open(&store, folder, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_claim(store, gateway, &fault), HEAD2_E_POLICY);
    CHECK_EQ(receipt_store_identity(store, &own, &fault), HEAD2_OK);
    CHECK_EQ(receipt_store_claim(store, own, &fault), HEAD2_OK);
    head2_key_free(own);
    head2_key_free(gateway);
    head2_key_free(other);
    receipt_store_close(store);
}

static void names_have_one_spelling(void)
{
    static const char *const bad[] = {"",
                                      "1.mu",
                                      "01_rotation_a_1.mu",
                                      "1_rotation_a_01.mu",
                                      "1_rotation_a_1.mu~",
                                      "1__a_1.mu",
                                      "1_rotation__1.mu",
                                      "1_rotation_a_.mu",
                                      "_rotation_a_1.mu",
                                      "1_rot.ation_a_1.mu",
                                      "1_rotation_a_1",
                                      "-1_rotation_a_1.mu",
                                      "1_rotation_a_b_1.mu",
                                      "9999999999999999999_rotation_a_1.mu"};
    struct receipt_name n;
    char back[RECEIPT_NAME_MAX];
    CHECK(receipt_name_parse(&n, "1842_fallback-entered_5e55-a_7.mu"));
    CHECK(n.index == 1842 && n.number == 7 && strcmp(n.kind, "fallback-entered") == 0);
    receipt_name_write(back, &n);
    CHECK(strcmp(back, "1842_fallback-entered_5e55-a_7.mu") == 0);
    for (size_t i = 0; i < HEAD2_LEN(bad); i++)
        CHECK_SAY(!receipt_name_parse(&n, bad[i]), "'%s' is read", bad[i]);
}

int main(void)
{
    RUN(the_rotation_text_is_the_guide_s);
    RUN(a_chain_verifies);
    RUN(every_changed_file_is_named);
    RUN(gaps_swaps_and_strangers_are_named);
    RUN(a_broken_link_is_named);
    RUN(processes_append_at_once);
    RUN(stores_that_take_turns_make_one_chain);
    RUN(a_killed_writer_leaves_a_good_folder);
    RUN(a_held_lock_is_waited_for_and_then_refused);
    RUN(a_key_that_others_can_read_is_refused);
    RUN(a_folder_has_one_signer);
    RUN(names_have_one_spelling);
    remove_folder();
    CHECK_EXIT();
}
