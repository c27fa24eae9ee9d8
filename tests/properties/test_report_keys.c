/*
 * Reports: the life of keys, alarms and their dates, exceptions from CNSA 2.0, signatures of
 * records.
 */
#include "report_fixture.h"

/* ---- keys and algorithms ---- */

static void life_cycle_of_keys(void)
{
    begin(JUNE, JUNE + DAY, NULL);
    take_text(RECEIPT_KEYGEN, JUNE, "# x\nKey ID: 1\nAlgorithm: ML-DSA-87\nFile: a.pem");
    take_text(RECEIPT_KEYGEN, JUNE, "# x\nKey ID: kyber-0\nProfile: CH2-L5");
    take_text(RECEIPT_PROVISIONING, JUNE, "# x");
    take_text(RECEIPT_REVOCATION, JUNE, "# x");
    take_text(RECEIPT_ROTATION, JUNE, rotation);
    take_text(LEDGER_KIND_JOB, JUNE, "{\"event\": \"destroy\", \"actor\": \"A\"}");
    take_text(LEDGER_KIND_JOB, JUNE,
              "{\"event\": \"backup\", \"regime\": \"137.71\"}"); /* not of NIS2, as it says */
    json_t *o = as_json(JOB_NIS2);
    static const struct {
        const char *point;
        long long entries, records;
        const char *status;
    } want[] = {
        {"(i)",    2,  0, "recorded"    },
        {"(ii)",   -1, 0, "not recorded"},
        {"(iii)",  1,  0, "recorded"    },
        {"(iv)",   1,  0, "recorded"    },
        {"(v)",    1,  0, "recorded"    },
        {"(vi)",   -1, 0, "not recorded"},
        {"(vii)",  1,  0, "recorded"    },
        {"(viii)", -1, 0, "not recorded"},
        {"(ix)",   -1, 0, "not recorded"},
        {"(x)",    -1, 1, "recorded"    },
        {"(xi)",   5,  1, "recorded"    },
        {"(xii)",  2,  0, "recorded"    },
    };
    CHECK_EQ(rows(o, "nis2", "life_cycle"), HEAD2_LEN(want));
    for (size_t i = 0; i < HEAD2_LEN(want); i++) {
        json_t *row = row_of(o, "nis2", "life_cycle", "point", want[i].point);
        CHECK_SAY(number(o, "nis2", "life_cycle", "point", want[i].point, "entries") ==
                      want[i].entries,
                  "%s", want[i].point);
        CHECK_SAY(number(o, "nis2", "life_cycle", "point", want[i].point, "records") ==
                      want[i].records,
                  "%s", want[i].point);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "status")), want[i].status) == 0,
                  "%s", want[i].point);
    }
    CHECK_EQ(rows(o, "nis2", "nis2_records"), 1);
    json_decref(o);
}

static void alarms_and_their_dates(void)
{
    begin(JUNE, JUNE + 60 * DAY, NULL);
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 1000, "# x");
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 2000, "# x");
    take_text(RECEIPT_VERIFICATION_FAILED, JUNE + 30 * DAY - 1, "# x");
    take_text(RECEIPT_ENTROPY_ALARM, JUNE + 3000, "# x\nEvent: entropy-closed");
    take_text(RECEIPT_ENTROPY_ALARM, JUNE + 4000, "# x\nEvent: entropy-open"); /* the end of it */
    take_text(LEDGER_KIND_JOB, JUNE + 5000, "{\"event\": \"incident\", \"actor\": \"A\"}");
    json_t *o = as_json(JOB_NIS2);
    CHECK_EQ(rows(o, "nis2", "incidents"), 4);
    json_t *row = row_of(o, "nis2", "incidents", "kind", "failed verification");
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "failed verification", "entries"), 2);
    CHECK(strcmp(json_string_value(json_object_get(row, "early_warning_by")),
                 "2026-06-02T00:00:01.000Z") == 0);
    CHECK(strcmp(json_string_value(json_object_get(row, "notification_by")),
                 "2026-06-04T00:00:01.000Z") == 0);
    CHECK(strcmp(json_string_value(json_object_get(row, "final_report_by")),
                 "2026-07-04T00:00:01.000Z") == 0);
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "entropy alarm", "entries"), 1);
    CHECK_EQ(number(o, "nis2", "incidents", "kind", "incident (record)", "entries"), 1);
    json_decref(o);
    for (uint64_t day = 0; day < 59; day++) /* in any order of days, one row each */
        take_text(RECEIPT_ENTROPY_ALARM, JUNE + (day * 37 % 59) * DAY + 9000, "# x");
    CHECK_EQ(report->n_incidents, 3 + 59);
    for (size_t i = 1; i < report->n_incidents; i++)
        CHECK(report->incidents[i - 1].day <= report->incidents[i].day);
}

static void exceptions_are_named(void)
{
    static const char *const texts[] = {
        "# x\nProfile: CH2-L5\nKey Agreement: ML-KEM-1024, handshake",
        "# x\nProfile: CH2-L1X4",
        "# x\nProfile: CH2-L5-P384\nRandom Generator: CTR_DRBG (AES-256), policy auto",
        "# x\nAlgorithm: ML-DSA-65\nHash: blake3:0",
        "# x\nAlgorithm: ML-DSA-87\nHash: sha3-512:0\nHash: blake3:0", /* the first line counts */
        "# x\nAlgorithm: ML-DSA-99",
        "# x\nprofile: CH2-L5\n Profile: CH2-L5\nProfile:CH2-L5"};
    static const struct {
        const char *place, *value, *cnsa;
        long long entries, first, last;
    } want[] = {
        {"Profile",               "CH2-L5",              "as asked for", 1, 0, 0},
        {"Profile",               "CH2-L5-P384",         "exception",    1, 2, 2},
        {"Profile",               "CH2-L1X4",            "exception",    1, 1, 1},
        {"Key Agreement",         "ML-KEM-1024",         "as asked for", 1, 0, 0},
        {"Key schedule",          "HKDF, HMAC-SHA3-512", "exception",    3, 0, 2},
        {"Random Generator",      "CTR_DRBG (AES-256)",  "as asked for", 1, 2, 2},
        {"Algorithm",             "ML-DSA-87",           "as asked for", 1, 4, 4},
        {"Algorithm",             "ML-DSA-65",           "exception",    1, 3, 3},
        {"Hash",                  "blake3",              "exception",    1, 3, 3},
        {"Hash",                  "sha3-512",            "exception",    1, 4, 4},
        {"Algorithm",             "ML-DSA-99",           "exception",    1, 5, 5},
        {"Entries of the ledger", "SHA3-512",            "exception",    7, 0, 6},
        {"Tree of the ledger",    "SHA-256",             "exception",    7, 0, 6},
        {"Checkpoints",           "ML-DSA-87",           "as asked for", 7, 0, 6},
    };
    json_t *row;
    size_t i;

    begin(JUNE, JUNE + DAY, NULL);
    for (i = 0; i < HEAD2_LEN(texts); i++)
        take_text(RECEIPT_SIGNATURE, JUNE, texts[i]);
    json_t *o = as_json(REPORT_CNSA);
    CHECK_EQ(rows(o, "cnsa", "algorithms"), HEAD2_LEN(want));
    json_array_foreach(json_object_get(json_object_get(o, "cnsa"), "algorithms"), i, row)
    {
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "place")), want[i].place) == 0,
                  "row %zu", i);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "value")), want[i].value) == 0,
                  "row %zu", i);
        CHECK_SAY(strcmp(json_string_value(json_object_get(row, "cnsa")), want[i].cnsa) == 0,
                  "row %zu", i);
        CHECK_EQ(json_integer_value(json_object_get(row, "entries")), want[i].entries);
        CHECK_EQ(json_integer_value(json_object_get(row, "first_entry")), want[i].first);
        CHECK_EQ(json_integer_value(json_object_get(row, "last_entry")), want[i].last);
    }
    json_decref(o);
}

/* ---- signatures ---- */

static void take_signature(const char *record, const struct head2_key *key, const char *over)
{
    uint8_t hash[64];
    struct sigblock b;
    char block[16384], text[20000];
    size_t len = sizeof block, text_len = sizeof text;

    sign_block(&b, key, over, strlen(over));
    CHECK_EQ(sigblock_write(&b, NULL, 0, block, &len), HEAD2_OK);
    head2_sha3_512(hash, record, strlen(record));
    CHECK_EQ(job_signature_write(text, &text_len, hash, block, len), HEAD2_OK);
    take(LEDGER_KIND_OTHER, JUNE, text, text_len);
}

static const char *signature_of(json_t *o, const char *record_id)
{
    json_t *row = row_of(o, "cfr14_137_71", "records", "record_id", record_id);
    CHECK(row != NULL);
    return json_string_value(json_object_get(row, "signature"));
}

static const char *write_trust(const struct head2_key *pub, const char *line)
{
    static char trust_path[200];
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    char path[200];

    CHECK_EQ(head2_key_write_public(pub, HEAD2_KEY_PEM, pem, &len), HEAD2_OK);
    snprintf(path, sizeof path, "%s/k.pem", fixture_folder);
    CHECK_EQ(file_write(path, pem, len, 0600, FILE_REPLACE), HEAD2_OK);
    snprintf(trust_path, sizeof trust_path, "%s/trust", fixture_folder);
    CHECK_EQ(file_write(trust_path, line, strlen(line), 0600, FILE_REPLACE), HEAD2_OK);
    return trust_path;
}

static void signatures_are_judged(void)
{
    static const char a[] = "{\"record_id\": \"a\"}", b[] = "{\"record_id\": \"b\"}",
                      c[] = "{\"record_id\": \"c\"}";
    struct head2_key *key = fixed_key(HEAD2_MLDSA_65, 1), *pub = public_of(key);
    struct head2_key *stranger = fixed_key(HEAD2_MLDSA_87, 2);
    struct trust_fault fault;
    struct trust *trust;

    fresh_folder();
    CHECK_EQ(trust_read(&trust, write_trust(pub, "CHIMERA-HEAD-2 k.pem\n"), &fault), HEAD2_OK);
    for (int with = 0; with < 2; with++) {
        begin(JUNE, JUNE + DAY, with ? trust : NULL);
        take_text(LEDGER_KIND_JOB, JUNE, a);
        take_signature(a, key, a);
        take_text(LEDGER_KIND_JOB, JUNE, b);
        take_text(LEDGER_KIND_JOB, JUNE, c);
        take_signature(b, stranger, b); /* not right behind it */
        take_signature(c, key, "{\"record_id\": \"d\"}");
        take_signature("{}", key, "{}"); /* of no record */
        take_signature(a, key, a);       /* of one that has a signature */
        take_text(LEDGER_KIND_OTHER, JUNE, "# Job Signature\nRecord: sha3-512:00\n");
        json_t *o = as_json(REPORT_ALL);
        const char *none = "there is one; not checked: no trust file";
        CHECK(strcmp(signature_of(o, "a"), with ? "valid" : none) == 0);
        CHECK(strstr(signature_of(o, "b"), with ? "invalid: " : none) != NULL);
        CHECK(strstr(signature_of(o, "c"), with ? "invalid: " : none) != NULL);
        json_t *row = row_of(o, "cfr14_137_71", "records", "record_id", "a");
        CHECK(strcmp(json_string_value(json_object_get(row, "signer")), "CHIMERA-HEAD-2") == 0);
        CHECK_EQ(said(o, "signatures that are of no record, or none"), 2);
        CHECK_EQ(number(o, "cnsa", "algorithms", "value", "ML-DSA-65", "entries"), 2);
        json_decref(o);
    }
    trust_free(trust);
    head2_key_free(key);
    head2_key_free(pub);
    head2_key_free(stranger);
    remove_folder();
}

static uint64_t recorded_ms, asked;

static bool recorded(void *arg, uint64_t index, uint64_t *ms)
{
    CHECK(arg == &recorded_ms && index == 1);
    *ms = recorded_ms;
    asked++;
    return recorded_ms != 0;
}

/* Revoked on 2026-07-01, or valid until then; recorded before, then, later, nobody knows when. */
static void a_ledger_vouches_for_others(void)
{
    static const char a[] = "{\"record_id\": \"a\"}";
    static const char *const lines[] = {"CHIMERA-HEAD-2 k.pem - - 2026-07-01\n",
                                        "CHIMERA-HEAD-2 k.pem - 2026-07-01 -\n"};
    struct head2_key *signer = fixed_key(HEAD2_MLDSA_87, 1), *pub = public_of(signer);
    struct trust_fault fault;
    struct trust *trust;

    fresh_folder();
    for (unsigned i = 0; i < 2 * 5; i++) {
        const unsigned how = i % 5; /* recorded at; 3: not known, 4: by the signer's own ledger */
        const uint64_t at[] = {JUNE + 29 * DAY, JUNE + 30 * DAY, JUNE + 31 * DAY, 0, JUNE};
        struct report_options o = {.from_ms = JUNE,
                                   .to_ms = JUNE + DAY,
                                   .judged_ms = JUNE + 90 * DAY,
                                   .recorded = recorded,
                                   .recorded_arg = &recorded_ms};
        CHECK_EQ(trust_read(&trust, write_trust(pub, lines[i / 5]), &fault), HEAD2_OK);
        o.trust = trust;
        begin(JUNE, JUNE + DAY, NULL);
        if (how == 4)
            head2_key_id(pub, o.ledger_id);
        report->options = o;
        recorded_ms = at[how];
        asked = 0;
        take_text(LEDGER_KIND_JOB, JUNE, a);
        take_signature(a, signer, a);
        json_t *json = as_json(JOB_137_71);
        const char *v = signature_of(json, "a");
        CHECK_SAY(strncmp(v, how == 0 ? "valid at 2026-06-30T" : "invalid: ", 9) == 0, "%u: %s", i,
                  v);
        CHECK_EQ(asked, how != 4);
        json_decref(json);
        trust_free(trust);
    }
    head2_key_free(signer);
    head2_key_free(pub);
    remove_folder();
}

int main(void)
{
    RUN(life_cycle_of_keys);
    RUN(alarms_and_their_dates);
    RUN(exceptions_are_named);
    RUN(signatures_are_judged);
    RUN(a_ledger_vouches_for_others);
    end_reports();
    CHECK_EXIT();
}
