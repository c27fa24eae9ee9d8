/*
 * The sealed store: what goes in comes out, whatever was changed in its files is found, also what
 * was put back; wrong secrets, limits, counts, wrappings, copies.
 */
#include "check.h"
#include "store_fixture.h"

#include "base/secmem.h"
#include "keeper/store_db.h"
#include "keeper/tpm.h"

#include <errno.h>

/* ---- what goes in comes out ---- */

static void round_trip(void)
{
    uint8_t id[16], sig[HEAD2_KEY_MAX_SIG];
    size_t len;

    new_folder();
    struct store *s = create();
    struct head2_key *kem = fixed_key(HEAD2_MLKEM_768, 2), *got, *pub, *expanded;
    GOOD(put_number(s, 1, HEAD2_MLDSA_87));
    GOOD(head2_key_from_private(&expanded, HEAD2_MLKEM_768, head2_key_private(kem),
                                head2_alg_private_bytes(HEAD2_MLKEM_768)));
    struct store_meta m = meta_of("k\xc3\xa9y without its seed");
    m.extractable = true;
    memset(m.approver, 0xa5, sizeof m.approver);
    m.purposes = STORE_DECAPSULATE;
    GOOD(store_put(s, expanded, &m, &fault));
    CHECK_EQ(store_put(s, kem, &m, &fault), HEAD2_E_STATE);
    store_close(s);

    GOOD(store_open(&s, folder, &by_word, &fault));
    CHECK_EQ(store_count(s), 2);
    GOOD(store_check(s, &fault));
    id_of(id, 1, HEAD2_MLDSA_87);
    const struct store_meta *about = store_find(s, id);
    CHECK(about != NULL && strcmp(about->label, "key 1") == 0 && about->alg == HEAD2_MLDSA_87);
    CHECK(about->created_ms == MS && about->not_after_ms == MS + 1000000 && !about->extractable);
    CHECK(about->rate_count == 100 && about->rate_seconds == 60 && about->revision == 2);
    GOOD(store_get(s, id, &got, &fault));
    CHECK(head2_key_has_seed(got));
    GOOD(store_get_public(s, id, &pub, &fault));
    CHECK(!head2_key_has_private(pub));
    GOOD(head2_key_sign(got, sig, &len, (const uint8_t *)"m", 1, NULL, 0, false));
    GOOD(head2_key_verify(pub, (const uint8_t *)"m", 1, NULL, 0, sig, len));
    head2_key_free(got);
    head2_key_free(pub);
    head2_key_id(kem, id);
    about = store_find(s, id);
    CHECK(about != NULL && about->extractable && about->approver[15] == 0xa5);
    GOOD(store_get(s, id, &got, &fault));
    CHECK(!head2_key_has_seed(got));
    CHECK_MEM(head2_key_private(got), head2_key_private(kem), 2400);
    head2_key_free(got);
    id[0] ^= 1;
    CHECK(store_find(s, id) == NULL);
    CHECK_EQ(store_get(s, id, &got, &fault), HEAD2_E_STATE);
    store_close(s);
    head2_key_free(kem);
    head2_key_free(expanded);
    sweep_store();
}

static void updates_and_destruction(void)
{
    uint8_t id[16];
    struct head2_key *got;

    new_folder();
    struct store *s = create();
    for (unsigned i = 0; i < 5; i++)
        GOOD(put_number(s, i, HEAD2_MLDSA_44));
    id_of(id, 3, HEAD2_MLDSA_44);
    struct store_meta m = *store_find(s, id);
    m.state = STORE_REVOKED;
    strcpy(m.label, "revoked");
    m.deactivated_ms = MS + 9;
    m.uses = 77; /* not the caller's to say */
    GOOD(store_update(s, &m, &fault));
    m.extractable = true;
    CHECK_EQ(store_update(s, &m, &fault), HEAD2_E_POLICY);
    m.extractable = false;
    m.label[1] = '\n';
    CHECK_EQ(store_update(s, &m, &fault), HEAD2_E_ARG);
    id_of(id, 1, HEAD2_MLDSA_44);
    GOOD(store_destroy(s, id, &fault));
    CHECK_EQ(store_destroy(s, id, &fault), HEAD2_E_STATE);
    store_close(s);
    s = reopen();
    CHECK_EQ(store_count(s), 4);
    CHECK(store_find(s, id) == NULL);
    id_of(id, 3, HEAD2_MLDSA_44);
    CHECK(strcmp(store_find(s, id)->label, "revoked") == 0);
    CHECK_EQ(store_find(s, id)->state, STORE_REVOKED);
    CHECK_EQ(store_find(s, id)->uses, 0);
    GOOD(store_get(s, id, &got, &fault));
    head2_key_free(got);
    store_close(s);
    sweep_store();
}

/* Neither the destroyed object's sealed part nor its place is in the file any more. */
static void nothing_is_left(void)
{
    uint8_t id[16], sealed[200], *file;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t n, len;

    new_folder();
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    GOOD(put_number(s, 2, HEAD2_MLDSA_44));
    store_close(s);
    id_of(id, 1, HEAD2_MLDSA_44);
    CHECK_EQ(sqlite3_open(in_folder(STORE_FILE), &db), SQLITE_OK);
    CHECK_EQ(sqlite3_prepare_v2(db, "SELECT sealed FROM object WHERE id = ?1", -1, &stmt, NULL), 0);
    sqlite3_bind_blob(stmt, 1, id, 16, SQLITE_STATIC);
    CHECK_EQ(sqlite3_step(stmt), SQLITE_ROW);
    n = (size_t)sqlite3_column_bytes(stmt, 0);
    CHECK(n > 40 && n < sizeof sealed);
    memcpy(sealed, sqlite3_column_blob(stmt, 0), n);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    for (unsigned pass = 0; pass < 2; pass++) {
        FILE *f = fopen(in_folder(STORE_FILE), "rb");
        CHECK(f != NULL);
        file = malloc(1 << 20);
        CHECK(file != NULL);
        len = fread(file, 1, 1 << 20, f);
        fclose(f);
        CHECK_EQ(memmem(file, len, sealed, 32) != NULL, pass == 0); /* the search works */
        free(file);
        s = reopen();
        if (pass == 0)
            GOOD(store_destroy(s, id, &fault));
        store_close(s);
    }
    sweep_store();
}

/* ---- counting ---- */

static void uses_survive_crashes(void)
{
    uint8_t id[16];
    int status;

    new_folder();
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    store_close(s);
    id_of(id, 1, HEAD2_MLDSA_44);
    uint64_t least = 0;
    for (unsigned n = 1; n < 600; n = 2 * n + 5) {
        fflush(stdout);
        const pid_t pid = fork();
        if (pid == 0) {
            if (store_open(&s, folder, &by_kek, &fault) != HEAD2_OK)
                _exit(1);
            for (unsigned i = 0; i < n; i++)
                if (store_use(s, id, 1, &fault) != HEAD2_OK)
                    _exit(2);
            _exit(0); /* nothing is flushed or closed */
        }
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(status, 0);
        s = reopen();
        CHECK(store_find(s, id)->uses >= least + n);
        CHECK(store_find(s, id)->uses <= least + n + STORE_USE_BLOCK);
        least = store_find(s, id)->uses;
        store_close(s);
    }
    s = reopen();
    CHECK_EQ(store_use(s, id, STORE_USE_BLOCK + 1, &fault), HEAD2_E_ARG);
    GOOD(store_use(s, id, STORE_USE_BLOCK, &fault));
    GOOD(store_use(s, id, 3, &fault));
    store_close(s);
    s = reopen();
    CHECK_EQ(store_find(s, id)->uses, least + STORE_USE_BLOCK + 3);
    store_close(s);
    sweep_store();
}

/* ---- changed from outside ---- */

static sqlite3 *outside;

static void put_blob(const char *update, sqlite3_int64 row, const uint8_t *bytes, size_t len)
{
    sqlite3_stmt *stmt;

    CHECK_EQ(sqlite3_prepare_v2(outside, update, -1, &stmt, NULL), SQLITE_OK);
    sqlite3_bind_blob(stmt, 1, bytes, (int)len, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, row);
    CHECK_EQ(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
}

static void each_byte_of(const char *table, const char *column)
{
    char query[100], update[100];
    uint8_t bytes[8192];
    sqlite3_int64 rows[16];
    sqlite3_stmt *stmt;
    struct store *s;
    unsigned n = 0;

    snprintf(query, sizeof query, "SELECT %s, rowid FROM %s", column, table);
    snprintf(update, sizeof update, "UPDATE %s SET %s = ?1 WHERE rowid = ?2", table, column);
    CHECK_EQ(sqlite3_prepare_v2(outside, query, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW && n < 16)
        rows[n++] = sqlite3_column_int64(stmt, 1);
    sqlite3_finalize(stmt);
    CHECK(n > 0);
    snprintf(query, sizeof query, "SELECT %s FROM %s WHERE rowid = ?1", column, table);
    for (unsigned r = 0; r < n; r++) {
        CHECK_EQ(sqlite3_prepare_v2(outside, query, -1, &stmt, NULL), SQLITE_OK);
        sqlite3_bind_int64(stmt, 1, rows[r]);
        CHECK_EQ(sqlite3_step(stmt), SQLITE_ROW);
        const size_t len = (size_t)sqlite3_column_bytes(stmt, 0);
        CHECK(len > 0 && len + 1 < sizeof bytes);
        memcpy(bytes, sqlite3_column_blob(stmt, 0), len);
        sqlite3_finalize(stmt);
        for (size_t i = 0; i < len + 2; i++) {
            if (i < len)
                bytes[i] ^= (uint8_t)(1u << (i % 8));
            bytes[len] = 0;
            put_blob(update, rows[r], bytes, i == len ? len - 1 : i == len + 1 ? len + 1 : len);
            const enum head2_status st = store_open(&s, folder, &by_kek, &fault);
            CHECK_SAY(st == HEAD2_E_VERIFY || st == HEAD2_E_MALFORMED || st == HEAD2_E_UNSUPPORTED,
                      "byte %zu of %s.%s: status %d: %s", i, table, column, (int)st, fault.what);
            if (i < len)
                bytes[i] ^= (uint8_t)(1u << (i % 8));
        }
        put_blob(update, rows[r], bytes, len);
    }
    GOOD(store_open(&s, folder, &by_kek, &fault));
    store_close(s);
}

static void every_byte_changed(void)
{
    static const char *const columns[][2] = {
        {"header",   "record"},
        {"wrapping", "record"},
        {"object",   "id"    },
        {"object",   "meta"  },
        {"object",   "public"},
        {"object",   "nonce" },
        {"object",   "sealed"}
    };

    new_folder();
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLKEM_512));
    GOOD(put_number(s, 2, HEAD2_MLKEM_512));
    store_close(s);
    CHECK_EQ(sqlite3_open(in_folder(STORE_FILE), &outside), SQLITE_OK);
    CHECK_EQ(sqlite3_exec(outside, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        each_byte_of(columns[i][0], columns[i][1]);
    sqlite3_close(outside);
    sweep_store();
}

/* Three keys, of which the first is changed once. */
static void three_keys(void)
{
    uint8_t id[16];

    new_folder();
    struct store *s = create();
    for (unsigned i = 1; i <= 3; i++)
        GOOD(put_number(s, i, HEAD2_MLDSA_44));
    store_close(s);
    sql("CREATE TABLE kept AS SELECT * FROM object");
    s = reopen();
    id_of(id, 1, HEAD2_MLDSA_44);
    struct store_meta m = *store_find(s, id);
    m.state = STORE_REVOKED;
    GOOD(store_update(s, &m, &fault));
    store_close(s);
}

static void swapped(const char *text, enum head2_status want, const char *words)
{
    three_keys();
    sql(text);
    refused(want, words);
    sweep_store();
}

static void records_swapped(void)
{
    swapped("UPDATE object SET (nonce, sealed) = (SELECT k.nonce, k.sealed FROM kept k"
            " WHERE k.id <> object.id ORDER BY k.id LIMIT 1)",
            HEAD2_E_VERIFY, "does not pass its check");
    swapped("UPDATE object SET public = (SELECT k.public FROM kept k"
            " WHERE k.id <> object.id ORDER BY k.id LIMIT 1)",
            HEAD2_E_VERIFY, "does not pass its check");
    swapped("UPDATE object SET meta = (SELECT k.meta FROM kept k"
            " WHERE k.id <> object.id ORDER BY k.id LIMIT 1)",
            HEAD2_E_MALFORMED, "an object is damaged");
}

static void records_put_back(void)
{
    /* the key that was revoked, as it was before */
    swapped("INSERT OR REPLACE INTO object SELECT * FROM kept", HEAD2_E_VERIFY, "put back");
    swapped("DELETE FROM object WHERE rowid = (SELECT max(rowid) FROM object)", HEAD2_E_VERIFY,
            "2 are there, of 3");
    swapped("DELETE FROM object", HEAD2_E_VERIFY, "0 are there, of 3");
    swapped("DELETE FROM header", HEAD2_E_MALFORMED, "header");
    swapped("DELETE FROM wrapping", HEAD2_E_VERIFY, "a wrapping was added, removed or put back");
    swapped("PRAGMA user_version = 2", HEAD2_E_UNSUPPORTED, "does not know");
    swapped("PRAGMA application_id = 7", HEAD2_E_MALFORMED, "is no store");
}

/* A passphrase that was taken away, as its wrapping was: the same key is in it still. */
static void a_wrapping_put_back(void)
{
    three_keys();
    sql("CREATE TABLE taken AS SELECT * FROM wrapping");
    struct store *s = reopen();
    GOOD(store_add_wrapping(s, &by_word, &fault));
    GOOD(store_remove_wrapping(s, 1, &fault));
    store_close(s);
    s = reopen();
    store_close(s);
    sql("DELETE FROM wrapping; INSERT INTO wrapping SELECT * FROM taken");
    refused(HEAD2_E_VERIFY, "a wrapping was added, removed or put back");
    sweep_store();
}

/* A store with another id under the same key: only what the seals cover tells the records apart. */
static void records_of_another_store(void)
{
    three_keys();
    struct store *s = reopen();
    s->now.header.store[0] ^= 1;
    GOOD(put_number(s, 4, HEAD2_MLDSA_44)); /* the header and this one are of that store */
    store_close(s);
    refused(HEAD2_E_VERIFY, "does not pass its check");
    sql("DELETE FROM object WHERE rowid < (SELECT max(rowid) FROM object)");
    refused(HEAD2_E_VERIFY, "1 are there, of 4");
    sweep_store();
}

/* ---- yesterday's file ---- */

static void put_file_back(const char *name)
{
    copy_file(in_folder(name), in_folder("yesterday"));
}

static void yesterday(void)
{
    three_keys();
    copy_file(in_folder("yesterday"), in_folder(STORE_FILE));
    copy_file(in_folder("yesterday.revision"), in_folder(STORE_REVISION_FILE));
    struct store *s = reopen();
    GOOD(put_number(s, 4, HEAD2_MLDSA_44));
    store_close(s);
    copy_file(in_folder("today"), in_folder(STORE_FILE));
    copy_file(in_folder("today.revision"), in_folder(STORE_REVISION_FILE));
    put_file_back(STORE_FILE);
    refused(HEAD2_E_VERIFY, "the store was put back: it is at revision 5, and was at 6");
    /* another history that gets to the same number */
    copy_file(in_folder(STORE_REVISION_FILE), in_folder("yesterday.revision"));
    s = reopen();
    GOOD(put_number(s, 5, HEAD2_MLDSA_44));
    store_close(s);
    s = reopen();
    store_close(s);
    copy_file(in_folder(STORE_REVISION_FILE), in_folder("today.revision"));
    refused(HEAD2_E_VERIFY, "does not follow from what");
    /* a crash between the two: the database is one ahead, and that is mended */
    copy_file(in_folder(STORE_FILE), in_folder("today"));
    copy_file(in_folder(STORE_REVISION_FILE), in_folder("yesterday.revision"));
    s = reopen();
    CHECK_EQ(store_count(s), 4);
    GOOD(put_number(s, 6, HEAD2_MLDSA_44));
    store_close(s);
    copy_file(in_folder(STORE_REVISION_FILE), in_folder("yesterday.revision"));
    refused(HEAD2_E_VERIFY, "does not follow from what"); /* two behind */
    unlink(in_folder(STORE_REVISION_FILE));
    refused(HEAD2_E_VERIFY, "store.revision is gone");
    sweep_store();
}

static void revision_file_damaged(void)
{
    struct store_anchor a = {.revision = 0}, back;
    char line[FORM_REVISION_MAX + 1];
    struct store *s;

    new_folder();
    s = create();
    store_get_anchor(s, &a);
    store_close(s);
    const size_t len = form_revision_write(line, &a);
    for (size_t i = 0; i < len; i++) {
        line[i] ^= 1;
        CHECK(form_revision_read(&back, line, len) != HEAD2_OK);
        line[i] ^= 1;
        CHECK(form_revision_read(&back, line, i) != HEAD2_OK);
    }
    CHECK_EQ(form_revision_read(&back, line, len), HEAD2_OK);
    CHECK_MEM(&back, &a, sizeof a);
    FILE *f = fopen(in_folder(STORE_REVISION_FILE), "w");
    fputs("nonsense\n", f);
    fclose(f);
    refused(HEAD2_E_MALFORMED, "is damaged");
    /* a store that was removed is not made anew by accident */
    f = fopen(in_folder(STORE_REVISION_FILE), "w");
    fwrite(line, 1, len, f);
    fclose(f);
    s = reopen();
    store_close(s);
    CHECK_EQ(store_create(&s, folder, &by_word, 1, &fault), HEAD2_E_STATE);
    unlink(in_folder(STORE_FILE));
    CHECK_EQ(store_create(&s, folder, &by_word, 1, &fault), HEAD2_E_STATE);
    CHECK(strstr(fault.what, "is gone") != NULL);
    sweep_store();
}

/* What is changed while the store is open is found when it is used. */
static void changed_while_open(void)
{
    uint8_t id[16];
    struct head2_key *got;

    three_keys();
    struct store *s = reopen();
    id_of(id, 1, HEAD2_MLDSA_44);
    sql("INSERT OR REPLACE INTO object SELECT * FROM kept");
    CHECK_EQ(store_get(s, id, &got, &fault), HEAD2_E_VERIFY);
    CHECK(strstr(fault.what, "changed while the store was open") != NULL);
    CHECK_EQ(store_use(s, id, 1, &fault), HEAD2_E_VERIFY);
    id_of(id, 2, HEAD2_MLDSA_44);
    GOOD(store_get(s, id, &got, &fault));
    head2_key_free(got);
    sql("DELETE FROM object");
    CHECK_EQ(store_get_public(s, id, &got, &fault), HEAD2_E_VERIFY);
    store_close(s);
    sweep_store();
}

/* ---- secrets, wrappings, limits ---- */

static void write_key_file(const char *name, size_t len, char with, mode_t mode)
{
    char bytes[5000];

    memset(bytes, with, sizeof bytes);
    FILE *f = fopen(in_folder(name), "w");
    CHECK(f != NULL && fwrite(bytes, 1, len, f) == len);
    fclose(f);
    CHECK_EQ(chmod(in_folder(name), mode), 0);
}

static enum head2_status opens(const struct store_unlock *with)
{
    struct store *s;
    const enum head2_status st = store_open(&s, folder, with, &fault);

    store_close(s);
    return st;
}

static void wrappings(void)
{
    char wrong_word[] = "correct hors", file[160], other[160];
    struct store_unlock wrong = by_word;
    struct store_wrapping list[STORE_WRAPPINGS_MAX];
    struct store *s;

    new_folder();
    strcpy(file, in_folder("key"));
    strcpy(other, in_folder("other"));
    write_key_file("key", 32, 'k', 0600);
    write_key_file("other", 4096, 'o', 0600);
    const struct store_unlock by_file = {.type = STORE_WRAP_KEY_FILE, .path = file},
                              by_other = {.type = STORE_WRAP_KEY_FILE, .path = other},
                              by_credential = {.type = STORE_WRAP_CREDENTIAL, .path = "key"},
                              by_tpm = {.type = STORE_WRAP_TPM, .path = "swtpm:path=/nowhere"};
    wrong.arg = wrong_word;
    s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    GOOD(store_add_wrapping(s, &by_file, &fault));
    CHECK_EQ(store_add_wrapping(s, &by_credential, &fault), HEAD2_E_POLICY); /* no folder */
    setenv("CREDENTIALS_DIRECTORY", folder, 1);
    GOOD(store_add_wrapping(s, &by_credential, &fault));
    CHECK_EQ(store_add_wrapping(s, &by_tpm, &fault),
             tpm_is_built_in() ? HEAD2_E_IO : HEAD2_E_UNSUPPORTED);
    CHECK_EQ(store_wrappings(s, list, STORE_WRAPPINGS_MAX), 3);
    CHECK_EQ(list[0].log_n, FORM_LOG_N_MIN);
    CHECK(list[2].type == STORE_WRAP_CREDENTIAL && strcmp(list[2].label, "key") == 0);
    store_close(s);
    GOOD(opens(&by_word));
    GOOD(opens(&by_file));
    GOOD(opens(&by_credential));
    CHECK_EQ(opens(&wrong), HEAD2_E_PASSPHRASE);
    CHECK(strstr(fault.what, "wrong passphrase") != NULL);
    CHECK_EQ(opens(&by_other), HEAD2_E_PASSPHRASE);
    CHECK_EQ(chmod(file, 0640), 0);
    CHECK_EQ(opens(&by_file), HEAD2_E_POLICY);
    write_key_file("key", 31, 'k', 0600);
    CHECK_EQ(opens(&by_file), HEAD2_E_MALFORMED);
    write_key_file("key", 4097, 'k', 0600);
    CHECK_EQ(opens(&by_file), HEAD2_E_MALFORMED);
    s = reopen();
    GOOD(store_remove_wrapping(s, list[1].number, &fault));
    CHECK_EQ(store_remove_wrapping(s, list[1].number, &fault), HEAD2_E_STATE);
    GOOD(store_remove_wrapping(s, list[2].number, &fault));
    CHECK_EQ(store_remove_wrapping(s, list[0].number, &fault), HEAD2_E_POLICY);
    for (unsigned i = 1; i < STORE_WRAPPINGS_MAX; i++)
        GOOD(store_add_wrapping(s, &by_other, &fault));
    CHECK_EQ(store_add_wrapping(s, &by_other, &fault), HEAD2_E_LIMIT);
    store_close(s);
    /* a new key: the old one, and what it was wrapped with, open nothing any more */
    s = reopen();
    GOOD(store_rewrap(s, &by_other, 1, &fault));
    GOOD(put_number(s, 2, HEAD2_MLDSA_44));
    store_close(s);
    CHECK_EQ(opens(&by_kek), HEAD2_E_VERIFY);
    CHECK_EQ(opens(&by_word), HEAD2_E_PASSPHRASE);
    GOOD(store_open(&s, folder, &by_other, &fault));
    CHECK_EQ(store_count(s), 2);
    GOOD(store_check(s, &fault));
    store_close(s);
    unsetenv("CREDENTIALS_DIRECTORY");
    sweep_store();
}

/* Records that ask for more work than is allowed are refused before any of it is done. */
static void limits_of_scrypt(void)
{
    struct form_wrapping w = {
        .about = {.type = STORE_WRAP_PASSPHRASE, .log_n = 16, .r = 8, .p = 1}
    };
    static const unsigned bad[][3] = {
        {9,   8, 1       },
        {19,  8, 1       },
        {255, 8, 1       },
        {16,  7, 1       },
        {16,  9, 1       },
        {16,  0, 1       },
        {16,  8, 0       },
        {16,  8, 17      },
        {0,   0, 0       },
        {16,  8, 1u << 31}
    };
    static uint8_t record[FORM_WRAPPING_MAX];
    struct form_wrapping back;

    size_t len = form_wrapping_write(record, &w);
    CHECK_EQ(form_wrapping_read(&back, record, len), HEAD2_OK);
    CHECK_MEM(&back, &w, sizeof w);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        w.about.log_n = bad[i][0];
        w.about.r = bad[i][1];
        w.about.p = bad[i][2];
        len = form_wrapping_write(record, &w);
        CHECK_EQ(form_wrapping_read(&back, record, len), HEAD2_E_MALFORMED);
    }
    /* what a TPM needs, as long as it may be; nothing of it in another type's */
    static const uint8_t part[1000] = {0x03, 0xe6}; /* 998, and as many bytes */
    const struct tpm_blob blob = {
        .parent = {0, 11},
        .public = part,
        .public_len = 1000,
        .private = part,
        .private_len = 1000
    };
    w.about = (struct store_wrapping){.type = STORE_WRAP_TPM};
    w.extra_len = tpm_blob_write(w.extra, &blob);
    CHECK(w.extra_len > 2000);
    len = form_wrapping_write(record, &w);
    CHECK_EQ(form_wrapping_read(&back, record, len), HEAD2_OK);
    CHECK_MEM(&back, &w, sizeof w);
    w.about.type = STORE_WRAP_KEY_FILE;
    len = form_wrapping_write(record, &w);
    CHECK_EQ(form_wrapping_read(&back, record, len), HEAD2_E_MALFORMED);
}

static void one_at_a_time(void)
{
    struct store *second;

    new_folder();
    struct store *s = create();
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    refused(HEAD2_E_STATE, "has the store open");
    CHECK(strstr(fault.what, "process ") != NULL);
    CHECK_EQ(store_restore(folder, in_folder(STORE_FILE), &by_kek,
                           &(struct store_restoring){.replace = true}, &fault),
             HEAD2_E_STATE);
    GOOD(store_look(&second, folder, &fault)); /* others may look */
    CHECK_EQ(store_count(second), 1);
    CHECK(store_kek(second) == NULL);
    struct head2_key *key;
    CHECK_EQ(store_get(second, store_at(second, 0)->id, &key, &fault), HEAD2_E_ARG);
    CHECK_EQ(store_destroy(second, store_at(second, 0)->id, &fault), HEAD2_E_ARG);
    GOOD(store_get_public(second, store_at(second, 0)->id, &key, &fault));
    head2_key_free(key);
    store_close(second);
    store_close(s);
    s = reopen();
    store_close(s);
    sweep_store();
}

static void the_monitors_key(void)
{
    void *held;

    three_keys();
    CHECK_EQ(secmem_new(&held, STORE_KEK_BYTES, SECMEM_LONG_TERM), HEAD2_OK);
    GOOD(store_unwrap(held, folder, &by_word, &fault));
    CHECK_MEM(held, kek, sizeof kek);
    ((uint8_t *)held)[5] ^= 1;
    const struct store_unlock wrong = {.type = STORE_WRAP_KEK, .kek = held};
    CHECK_EQ(opens(&wrong), HEAD2_E_VERIFY);
    secmem_free(held);
    sweep_store();
}

/* ---- copies ---- */

static void backup_and_restore(void)
{
    char backup[160], elsewhere[160];
    struct store_anchor then, now;
    size_t n;

    three_keys();
    strcpy(backup, in_folder("backup"));
    strcpy(elsewhere, in_folder("elsewhere"));
    struct store *s = reopen();
    store_get_anchor(s, &then);
    GOOD(store_backup(s, backup, &fault));
    CHECK_EQ(store_backup(s, backup, &fault), HEAD2_E_IO);
    CHECK_EQ(fault.error, EEXIST);
    GOOD(put_number(s, 9, HEAD2_MLDSA_44));
    store_close(s);
    GOOD(store_check_backup(backup, &by_word, &now, &n, &fault));
    CHECK(n == 3 && memcmp(&now, &then, sizeof now) == 0);
    CHECK_EQ(store_restore(folder, backup, &by_word, &(struct store_restoring){.replace = false},
                           &fault),
             HEAD2_E_STATE);
    GOOD(store_restore(folder, backup, &by_word, &(struct store_restoring){.replace = true},
                       &fault));
    s = reopen();
    CHECK_EQ(store_count(s), 3);
    store_get_anchor(s, &now);
    CHECK_EQ(now.revision, then.revision + 2);
    store_close(s);
    /* where there was none; and where the database is none any more, or its revision is gone */
    GOOD(store_restore(elsewhere, backup, &by_word, &(struct store_restoring){.replace = false},
                       &fault));
    GOOD(store_open(&s, elsewhere, &by_word, &fault));
    CHECK_EQ(store_count(s), 3);
    store_close(s);
    FILE *f = fopen(in_folder(STORE_FILE), "w");
    fputs("this is no database, and long enough to be seen as none............................."
          "................................................................................\n",
          f);
    fclose(f);
    GOOD(store_restore(folder, backup, &by_word, &(struct store_restoring){.replace = true},
                       &fault));
    unlink(in_folder(STORE_REVISION_FILE));
    refused(HEAD2_E_VERIFY, "gone");
    GOOD(store_restore(folder, backup, &by_word, &(struct store_restoring){.replace = true},
                       &fault));
    s = reopen();
    GOOD(put_number(s, 9, HEAD2_MLDSA_44));
    store_close(s);
    /* the owner may say that what lies there is right */
    unlink(in_folder(STORE_REVISION_FILE));
    copy_file(in_folder("as-it-is"), in_folder(STORE_FILE));
    GOOD(store_restore(folder, in_folder("as-it-is"), &by_word,
                       &(struct store_restoring){.replace = true}, &fault));
    s = reopen();
    CHECK_EQ(store_count(s), 4);
    store_close(s);
    sweep_store();
}

static void bad_backups(void)
{
    char backup[160];
    struct store_anchor a;
    size_t n;

    three_keys();
    strcpy(backup, in_folder("backup"));
    struct store *s = reopen();
    GOOD(store_backup(s, backup, &fault));
    store_close(s);
    FILE *f = fopen(backup, "r+b");
    CHECK(f != NULL);
    fseek(f, 0, SEEK_END);
    const long len = ftell(f);
    unsigned bad = 0;
    for (long at = 0; at < len; at += 61) {
        fseek(f, at, SEEK_SET);
        const int before = fgetc(f);
        fseek(f, at, SEEK_SET);
        fputc(before ^ 0x40, f);
        fflush(f);
        const enum head2_status st = store_check_backup(backup, &by_kek, &a, &n, &fault);
        /* bytes of free space and of SQLite's own head may not matter */
        CHECK_SAY(st != HEAD2_OK || n == 3, "byte %ld", at);
        bad += st != HEAD2_OK;
        fseek(f, at, SEEK_SET);
        fputc(before, f);
        fflush(f);
    }
    fclose(f);
    CHECK(bad > 20);
    GOOD(store_check_backup(backup, &by_kek, &a, &n, &fault));
    CHECK_EQ(truncate(backup, len / 2), 0);
    CHECK(store_check_backup(backup, &by_kek, &a, &n, &fault) != HEAD2_OK);
    CHECK(store_restore(folder, backup, &by_kek, &(struct store_restoring){.replace = true},
                        &fault) != HEAD2_OK);
    s = reopen(); /* nothing has happened to it */
    CHECK_EQ(store_count(s), 3);
    store_close(s);
    sweep_store();
}

static unsigned anchors;
static uint64_t anchored;
static void see_anchor(void *arg, const struct store_anchor *a)
{
    (void)arg;
    anchors++;
    anchored = a->revision;
}

static void anchors_follow_changes(void)
{
    three_keys();
    struct store *s = reopen();
    struct store_anchor a;
    store_on_anchor(s, see_anchor, NULL);
    store_get_anchor(s, &a);
    anchors = 0;
    GOOD(put_number(s, 7, HEAD2_MLDSA_44));
    CHECK(anchors == 1 && anchored == a.revision + 1);
    CHECK_EQ(put_number(s, 7, HEAD2_MLDSA_44), HEAD2_E_STATE);
    CHECK_EQ(anchors, 1);
    GOOD(store_rewrap(s, &by_word, 1, &fault));
    CHECK(anchors == 2 && anchored == a.revision + 2);
    store_close(s);
    sweep_store();
}

int main(void)
{
    RUN(round_trip);
    RUN(updates_and_destruction);
    RUN(nothing_is_left);
    RUN(uses_survive_crashes);
    RUN(every_byte_changed);
    RUN(records_swapped);
    RUN(records_put_back);
    RUN(a_wrapping_put_back);
    RUN(records_of_another_store);
    RUN(yesterday);
    RUN(revision_file_damaged);
    RUN(changed_while_open);
    RUN(wrappings);
    RUN(limits_of_scrypt);
    RUN(one_at_a_time);
    RUN(the_monitors_key);
    RUN(backup_and_restore);
    RUN(bad_backups);
    RUN(anchors_follow_changes);
    CHECK_EXIT();
}
