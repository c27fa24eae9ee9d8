/*
 * The trust file: who is trusted, for how long, and what a malformed line is told.
 */
#include "artifact_fixture.h"

#include "artifact/base64.h"
#include "artifact/file.h"
#include "artifact/trust.h"

static const char artifact[] = "---\nid: x\n---\n";
static char trust_path[128];
static struct head2_key *key, *other;
static struct sigblock block;
static uint8_t digest[64];

static void put(const char *name, const void *bytes, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture_folder, name);
    CHECK_EQ(file_write(path, bytes, len, 0600, FILE_REPLACE), HEAD2_OK);
}

static void put_public(const char *name, const struct head2_key *k)
{
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    CHECK_EQ(head2_key_write_public(k, HEAD2_KEY_PEM, pem, &len), HEAD2_OK);
    put(name, pem, len);
}

static void prepare(void)
{
    const char *folder = fresh_folder();
    key = fixed_key(HEAD2_MLDSA_87, 1);
    other = fixed_key(HEAD2_MLDSA_87, 2);
    snprintf(trust_path, sizeof trust_path, "%s/trust", folder);
    put_public("a.pub.pem", key);
    put_public("b.pub.pem", other);
    sign_block(&block, key, artifact, strlen(artifact));
    digest_of(digest, block.hash, artifact, strlen(artifact));
}

static void done(void)
{
    head2_key_free(key);
    head2_key_free(other);
    remove_folder();
}

/* The verdict under a trust file of this text. */
static enum verdict under(const char *text, const struct head2_key *given, uint64_t now)
{
    struct trust *trust = NULL;
    struct trust_fault fault;
    put("trust", text, strlen(text));
    enum head2_status st = trust_read(&trust, trust_path, &fault);
    CHECK_SAY(st == HEAD2_OK, "line %u: %s", fault.line, fault.what);
    enum verdict v = trust_judge(trust, &block, digest, given, now);
    trust_free(trust);
    return v;
}

static void names_and_keys_are_both_demanded(void)
{
    prepare();
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_VALID);
    CHECK_EQ(under("# c\n\n \"CHIMERA-HEAD-2\"\ta.pub.pem # c\r\n", NULL, FIXTURE_TIME),
             VERDICT_VALID);
    CHECK_EQ(under("CHIMERA-HEAD-2 b.pub.pem\nCHIMERA-HEAD-2 a.pub.pem", NULL, FIXTURE_TIME),
             VERDICT_VALID);
    CHECK_EQ(under("CHIMERA-HEAD-2 b.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(under("CHIMERA-HEAD-3 a.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(under("chimera-head-2 a.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(under("", NULL, FIXTURE_TIME), VERDICT_SIGNER);
    done();
}

static void a_hash_needs_its_key(void)
{
    char line[256] = "CHIMERA-HEAD-2 ";
    uint8_t hash[64];
    prepare();
    CHECK_EQ(artifact_spki_hash(hash, key), HEAD2_OK);
    hex_encode(line + strlen(line), hash, sizeof hash);
    CHECK_EQ(under(line, NULL, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(under(line, other, FIXTURE_TIME), VERDICT_SIGNER);
    CHECK_EQ(under(line, key, FIXTURE_TIME), VERDICT_VALID);
    done();
}

static void validity_is_judged_by_now(void)
{
    prepare();
    const uint64_t day = 86400000;
    const char *line = "CHIMERA-HEAD-2 a.pub.pem 2025-10-28T14:32:17.123Z 2025-10-30\n";
    CHECK_EQ(under(line, NULL, FIXTURE_TIME), VERDICT_VALID);
    CHECK_EQ(under(line, NULL, FIXTURE_TIME - 1), VERDICT_NOT_YET);
    CHECK_EQ(under(line, NULL, FIXTURE_TIME + day), VERDICT_VALID);
    CHECK_EQ(under(line, NULL, 1761782399999), VERDICT_VALID); /* a millisecond before the 30th */
    CHECK_EQ(under(line, NULL, 1761782400000), VERDICT_EXPIRED);
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem - -\n", NULL, FIXTURE_TIME + 9999 * day),
             VERDICT_VALID);
    done();
}

/* The verdict as of a time before, which somebody else has recorded. */
static enum verdict then(const char *text, uint64_t then_ms)
{
    struct trust *trust = NULL;
    struct trust_fault fault;
    put("trust", text, strlen(text));
    CHECK_EQ(trust_read(&trust, trust_path, &fault), HEAD2_OK);
    enum verdict v = trust_judge_then(trust, &block, digest, NULL, FIXTURE_TIME + 1000, then_ms);
    trust_free(trust);
    return v;
}

static void what_was_recorded_before_is_judged_by_then(void)
{
    prepare();
    const uint64_t revoked = 1767225600000; /* 2026-01-01 */
    const char *line = "CHIMERA-HEAD-2 a.pub.pem - - 2026-01-01\n";
    CHECK_EQ(then(line, revoked - 1), VERDICT_VALID);
    CHECK_EQ(then(line, revoked), VERDICT_REVOKED);
    CHECK_EQ(then(line, UINT64_MAX), VERDICT_REVOKED);
    /* the earliest of several times, in whichever line */
    line = "CHIMERA-HEAD-2 a.pub.pem - - 2027-01-01\nsomebody a.pub.pem - - 2026-01-01\n";
    CHECK_EQ(then(line, revoked - 1), VERDICT_VALID);
    CHECK_EQ(then(line, revoked), VERDICT_REVOKED);
    line = "CHIMERA-HEAD-2 a.pub.pem 2025-10-01 2026-01-01 2027-01-01\n";
    CHECK_EQ(then(line, revoked - 1), VERDICT_VALID);
    CHECK_EQ(then(line, revoked), VERDICT_EXPIRED);
    CHECK_EQ(then(line, 1759276800000 - 1), VERDICT_NOT_YET);
    CHECK_EQ(then(line, 1759276800000), VERDICT_VALID);
    /* nothing else is forgiven */
    CHECK_EQ(then("CHIMERA-HEAD-2 b.pub.pem\n", revoked - 1), VERDICT_SIGNER);
    block.sig[5] ^= 1;
    CHECK_EQ(then("CHIMERA-HEAD-2 a.pub.pem - - 2026-01-01\n", revoked - 1), VERDICT_SIGNATURE);
    digest[0] ^= 1;
    CHECK_EQ(then("CHIMERA-HEAD-2 a.pub.pem - - 2026-01-01\n", revoked - 1), VERDICT_HASH);

    struct trust *trust = NULL;
    struct trust_fault fault;
    line = "x a.pub.pem - - 2999-01-01\nx b.pub.pem\n";
    put("trust", line, strlen(line));
    CHECK_EQ(trust_read(&trust, trust_path, &fault), HEAD2_OK);
    CHECK(trust_revoked(trust, key) && !trust_revoked(trust, other));
    trust_free(trust);
    done();
}

static void a_revoked_key_is_never_valid(void)
{
    prepare();
    /* revoked after the signature's own timestamp: the timestamp proves nothing */
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem - - 2026-01-01\n", NULL, FIXTURE_TIME),
             VERDICT_REVOKED);
    CHECK_EQ(
        under("CHIMERA-HEAD-2 a.pub.pem\nsomebody a.pub.pem - - 2026-01-01\n", NULL, FIXTURE_TIME),
        VERDICT_REVOKED);
    CHECK_EQ(
        under("CHIMERA-HEAD-2 a.pub.pem\nsomebody b.pub.pem - - 2026-01-01\n", NULL, FIXTURE_TIME),
        VERDICT_VALID);
    done();
}

static void other_verdicts_come_through(void)
{
    prepare();
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem\n", NULL, FIXTURE_TIME - 1000000), VERDICT_FUTURE);
    block.sig[5] ^= 1;
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_SIGNATURE);
    digest[5] ^= 1;
    CHECK_EQ(under("CHIMERA-HEAD-2 a.pub.pem\n", NULL, FIXTURE_TIME), VERDICT_HASH);
    done();
}

static void malformed_lines_are_named(void)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } cases[] = {
        {"x\n",                                        1, "a line is"    },
        {"ok a.pub.pem\n\n# c\nx a.pub.pem - - - -\n", 4, "a line is"    },
        {"\"x a.pub.pem\n",                            1, "a line is"    },
        {"x none.pem\n",                               1, "none.pem"     },
        {"x trust\n",                                  1, "trust"        },
        {"x a.pub.pem yesterday\n",                    1, "yesterday"    },
        {"x a.pub.pem 2025-02-30\n",                   1, "2025-02-30"   },
        {"x a.pub.pem 2026-01-01 2025-01-01\n",        1, "ends before"  },
        {"x kem.pub.pem\n",                            1, "no ML-DSA key"},
        {"x secret.pem\n",                             1, "private key"  },
        {"x\\y a.pub.pem\n",                           1, "name"         },
    };
    prepare();
    struct head2_key *kem = fixed_key(HEAD2_MLKEM_512, 1);
    put_public("kem.pub.pem", kem);
    uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    CHECK_EQ(head2_key_write_private(key, HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, NULL, 0, pem, &len),
             HEAD2_OK);
    put("secret.pem", pem, len);
    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        struct trust *trust;
        struct trust_fault fault;
        put("trust", cases[i].text, strlen(cases[i].text));
        CHECK_EQ(trust_read(&trust, trust_path, &fault), HEAD2_E_MALFORMED);
        CHECK(trust == NULL);
        CHECK_SAY(fault.line == cases[i].line && strstr(fault.what, cases[i].words) != NULL,
                  "'%s' is told: line %u: %s", cases[i].text, fault.line, fault.what);
    }
    struct trust *trust;
    struct trust_fault fault;
    put("trust", "a\0b", 3);
    CHECK_EQ(trust_read(&trust, trust_path, &fault), HEAD2_E_MALFORMED);
    CHECK_EQ(trust_read(&trust, "/nonexistent/trust", &fault), HEAD2_E_IO);
    head2_key_free(kem);
    done();
}

int main(void)
{
    RUN(names_and_keys_are_both_demanded);
    RUN(a_hash_needs_its_key);
    RUN(validity_is_judged_by_now);
    RUN(a_revoked_key_is_never_valid);
    RUN(what_was_recorded_before_is_judged_by_then);
    RUN(other_verdicts_come_through);
    RUN(malformed_lines_are_named);
    CHECK_EXIT();
}
