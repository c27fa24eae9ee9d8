/*
 * The sealed store's key wrapped by a TPM 2.0, which is swtpm here: opened again, with another TPM,
 * other registers, a wrong PIN, a locked, cleared or absent one, with what it sealed changed, and
 * what somebody sees who listens on the way to it.
 */
#include "check.h"
#include "store_fixture.h"

#include "keeper/tpm.h"

#ifdef HEAD2_TPM

#include <signal.h>
#include <sys/prctl.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

static char address[200];
static pid_t swtpm;

static char pin_text[] = "2718";
static struct store_unlock by_tpm = {.type = STORE_WRAP_TPM, .path = address};
static struct store_unlock by_pin = {
    .type = STORE_WRAP_TPM, .path = address, .ask = say_word, .arg = pin_text};

/* ---- the TPM ---- */

/* One that has its state in the folder `name`. */
static void start_tpm(const char *name)
{
    char state[200], server[200], control[200];

    mkdir(in_folder(name), 0700);
    snprintf(state, sizeof state, "dir=%s", in_folder(name));
    snprintf(server, sizeof server, "type=unixio,path=%s", in_folder("tpm.sock"));
    snprintf(control, sizeof control, "type=unixio,path=%s", in_folder("tpm.sock.ctrl"));
    snprintf(address, sizeof address, "swtpm:path=%s", in_folder("tpm.sock"));
    fflush(stdout);
    swtpm = fork();
    CHECK(swtpm >= 0);
    if (swtpm == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(126);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
               "--ctrl", control, "--flags", "not-need-init,startup-clear", (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 500; i++) {
        if (tpm_probe(address, &fault) == HEAD2_OK)
            return;
        usleep(10000);
    }
    CHECK_SAY(false, "swtpm does not answer: %s", fault.what);
}

static void stop_tpm(void)
{
    kill(swtpm, SIGTERM);
    CHECK_EQ(waitpid(swtpm, NULL, 0), swtpm);
    unlink(in_folder("tpm.sock"));
    unlink(in_folder("tpm.sock.ctrl"));
}

static void restart_tpm(const char *name)
{
    stop_tpm();
    start_tpm(name);
}

/* What its owner does to it. */
static ESYS_CONTEXT *owner;
static TSS2_TCTI_CONTEXT *owners_tcti;

static void owner_begins(void)
{
    CHECK_EQ(Tss2_TctiLdr_Initialize(address, &owners_tcti), TSS2_RC_SUCCESS);
    CHECK_EQ(Esys_Initialize(&owner, owners_tcti, NULL), TSS2_RC_SUCCESS);
}

static void owner_ends(void)
{
    Esys_Finalize(&owner);
    Tss2_TctiLdr_Finalize(&owners_tcti);
}

static void extend_register_16(void)
{
    TPML_DIGEST_VALUES values = {.count = 1};

    values.digests[0].hashAlg = TPM2_ALG_SHA256;
    memset(values.digests[0].digest.sha256, 7, 32);
    owner_begins();
    CHECK_EQ(Esys_PCR_Extend(owner, ESYS_TR_PCR16, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                             &values),
             TSS2_RC_SUCCESS);
    owner_ends();
}

/* ---- the store ---- */

static void create_with(const struct store_unlock *with)
{
    struct store *s;

    GOOD(store_create(&s, folder, with, 1, &fault));
    memcpy(kek, store_kek(s), sizeof kek);
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    store_close(s);
}

static void opens(const struct store_unlock *with)
{
    struct store *s;

    GOOD(store_open(&s, folder, with, &fault));
    CHECK_EQ(store_count(s), 1);
    store_close(s);
}

static void is_refused(const struct store_unlock *with, enum head2_status want, const char *words)
{
    struct store *s;
    const enum head2_status st = store_open(&s, folder, with, &fault);

    CHECK_SAY(st == want, "status %d, not %d: %s", (int)st, (int)want, fault.what);
    CHECK(s == NULL);
    CHECK_SAY(strstr(fault.what, words) != NULL, "'%s' does not say '%s'", fault.what, words);
    CHECK(fault.hint[0] != 0);
}

static void begin(void)
{
    new_folder();
    start_tpm("one");
    by_tpm.pcrs = by_pin.pcrs = (struct store_pcrs){0, 0};
}

static void finish(void)
{
    stop_tpm();
    sweep_store();
}

/* ---- cases ---- */

static void opened_by_this_tpm_alone(void)
{
    struct store_wrapping w;
    struct store *s;

    begin();
    create_with(&by_tpm);
    opens(&by_tpm);
    restart_tpm("one");
    opens(&by_tpm);
    GOOD(store_look(&s, folder, &fault));
    CHECK_EQ(store_wrappings(s, &w, 1), 1);
    CHECK(w.type == STORE_WRAP_TPM && !w.has_pin && w.pcrs.bank == 0);
    store_close(s);
    restart_tpm("two");
    is_refused(&by_tpm, HEAD2_E_PASSPHRASE, "another TPM");
    stop_tpm();
    is_refused(&by_tpm, HEAD2_E_IO, "no TPM answers");
    CHECK(fault.error != 0);
    start_tpm("one");
    opens(&by_tpm);
    finish();
}

static void a_cleared_one(void)
{
    begin();
    create_with(&by_tpm);
    owner_begins();
    CHECK_EQ(Esys_Clear(owner, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE),
             TSS2_RC_SUCCESS);
    owner_ends();
    is_refused(&by_tpm, HEAD2_E_PASSPHRASE, "cleared");
    finish();
}

static void registers_as_they_were(void)
{
    struct store_wrapping w;
    struct store *s;
    char text[TPM_PCRS_TEXT];

    begin();
    CHECK_EQ(tpm_pcrs_read(&by_tpm.pcrs, "sha256:16,0"), HEAD2_OK);
    create_with(&by_tpm);
    opens(&by_tpm);
    GOOD(store_look(&s, folder, &fault));
    CHECK_EQ(store_wrappings(s, &w, 1), 1);
    tpm_pcrs_write(text, &w.pcrs);
    CHECK(strcmp(text, "sha256:0,16") == 0);
    store_close(s);
    extend_register_16();
    is_refused(&by_tpm, HEAD2_E_PASSPHRASE, "registers (PCRs) are not as they were");
    restart_tpm("one"); /* they begin anew */
    opens(&by_tpm);
    finish();
}

static void registers_and_a_pin(void)
{
    static char wrong[] = "2719";

    begin();
    by_pin.pcrs = (struct store_pcrs){TPM2_ALG_SHA256, 1u << 16};
    create_with(&by_pin);
    opens(&by_pin);
    struct store_unlock by_wrong = by_pin;
    by_wrong.arg = wrong;
    is_refused(&by_wrong, HEAD2_E_PASSPHRASE, "wrong PIN");
    extend_register_16();
    is_refused(&by_pin, HEAD2_E_PASSPHRASE, "registers (PCRs) are not as they were");
    finish();
}

static void registers_that_it_does_not_have(void)
{
    TPML_PCR_SELECTION only_sha256 = {
        .count = 2,
        .pcrSelections = {{TPM2_ALG_SHA256, 3, {255, 255, 255}}, {TPM2_ALG_SHA384, 3, {0, 0, 0}}}
    };
    TPMI_YES_NO done;
    UINT32 max, needed, room;
    struct store *s;

    begin();
    owner_begins();
    CHECK_EQ(Esys_PCR_Allocate(owner, ESYS_TR_RH_PLATFORM, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &only_sha256, &done, &max, &needed, &room),
             TSS2_RC_SUCCESS);
    owner_ends();
    restart_tpm("one");
    by_tpm.pcrs = (struct store_pcrs){TPM2_ALG_SHA384, 1};
    CHECK_EQ(store_create(&s, folder, &by_tpm, 1, &fault), HEAD2_E_ARG);
    CHECK(strstr(fault.what, "does not have all of these registers") != NULL);
    finish();
}

/* Its own lockout, which counts across restarts; what has no PIN is not locked. */
static void wrong_pins_lock_it(void)
{
    static char wrong[] = "0000", long_one[] = "123456789012345678901234567890123";
    struct store_unlock by_wrong = by_pin;
    struct store *s;
    int tries = 0;

    begin();
    create_with(&by_pin);
    opens(&by_pin);
    by_wrong.arg = long_one;
    is_refused(&by_wrong, HEAD2_E_ARG, "up to 32 bytes");
    by_wrong.arg = wrong;
    while (store_open(&s, folder, &by_wrong, &fault) == HEAD2_E_PASSPHRASE &&
           strstr(fault.what, "says: wrong PIN") != NULL)
        CHECK(++tries < 40);
    CHECK_SAY(strstr(fault.what, "is locked after too many wrong PINs") != NULL, "%s", fault.what);
    CHECK(tries > 0);
    is_refused(&by_pin, HEAD2_E_PASSPHRASE, "is locked");
    s = reopen();
    GOOD(store_add_wrapping(s, &by_tpm, &fault));
    store_close(s);
    opens(&by_tpm);
    finish();
}

static void an_owner_with_a_password(void)
{
    const TPM2B_AUTH auth = {.size = 3, .buffer = "abc"};

    begin();
    create_with(&by_tpm);
    owner_begins();
    CHECK_EQ(Esys_HierarchyChangeAuth(owner, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                      ESYS_TR_NONE, &auth),
             TSS2_RC_SUCCESS);
    owner_ends();
    is_refused(&by_tpm, HEAD2_E_POLICY, "owner has set a password");
    finish();
}

/* A TPM beside a passphrase, and none beside a new key. */
static void one_way_of_several(void)
{
    struct store_unlock both[] = {by_word, by_tpm};
    struct store *s;

    begin();
    GOOD(store_create(&s, folder, both, 2, &fault));
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    store_close(s);
    opens(&by_tpm);
    opens(&by_word);
    stop_tpm();
    opens(&by_word);
    start_tpm("one");
    GOOD(store_open(&s, folder, &by_tpm, &fault));
    GOOD(store_rewrap(s, &by_word, 1, &fault));
    store_close(s);
    is_refused(&by_tpm, HEAD2_E_PASSPHRASE, "not wrapped so");
    opens(&by_word);
    finish();
}

/* Two TPMs: each opens its own wrapping, whichever comes first. */
static void two_of_them(void)
{
    struct store *s;

    begin();
    GOOD(store_create(&s, folder, &by_tpm, 1, &fault));
    GOOD(put_number(s, 1, HEAD2_MLDSA_44));
    restart_tpm("two");
    GOOD(store_add_wrapping(s, &by_tpm, &fault));
    store_close(s);
    opens(&by_tpm);
    restart_tpm("one");
    opens(&by_tpm);
    finish();
}

/* ---- what it sealed, changed ---- */

static const uint8_t secret[TPM_SECRET_BYTES] = "a secret of thirty-two bytes ...";

static void blobs_changed(void)
{
    const struct store_pcrs pcrs = {TPM2_ALG_SHA256, 1u << 7};
    const struct tpm_access access = {address, (const uint8_t *)"12", 2};
    uint8_t blob[TPM_BLOB_MAX], back[TPM_SECRET_BYTES];
    unsigned soak = getenv("HEAD2_SOAK") != NULL ? 1 : 9, refusals = 0;
    size_t len;

    begin();
    GOOD(tpm_seal(blob, &len, secret, &pcrs, &access, &fault));
    GOOD(tpm_unseal(back, blob, len, &access, &fault));
    CHECK_MEM(back, secret, sizeof secret);
    /* from 8 on: what stands before is asked first, and is in what the wrapping's seal covers */
    for (size_t i = 8; i < len; i += soak, refusals++) {
        blob[i] ^= (uint8_t)(1u << i % 8);
        CHECK_SAY(tpm_unseal(back, blob, len, &access, &fault) != HEAD2_OK, "byte %zu", i);
        blob[i] ^= (uint8_t)(1u << i % 8);
        if (i % 5 == 0) { /* what was tried with a wrong object counts as wrong PINs */
            owner_begins();
            CHECK_EQ(Esys_DictionaryAttackLockReset(owner, ESYS_TR_RH_LOCKOUT, ESYS_TR_PASSWORD,
                                                    ESYS_TR_NONE, ESYS_TR_NONE),
                     TSS2_RC_SUCCESS);
            owner_ends();
        }
    }
    CHECK(refusals > 20);
    for (size_t cut = 0; cut < len; cut += 17)
        CHECK(tpm_unseal(back, blob, cut, &access, &fault) != HEAD2_OK);
    GOOD(tpm_unseal(back, blob, len, &access, &fault));
    finish();
}

/* Neither the secret nor the PIN goes over the bus as it is. */
static void somebody_listens(void)
{
    const struct store_pcrs none = {0, 0};
    uint8_t blob[TPM_BLOB_MAX], back[TPM_SECRET_BYTES];
    char way[300];
    size_t len, heard;

    begin();
    setenv("TCTI_PCAP_FILE", in_folder("bus.pcap"), 1);
    snprintf(way, sizeof way, "pcap:%s", address);
    const struct tpm_access access = {way, (const uint8_t *)"a long pin", 10};
    GOOD(tpm_seal(blob, &len, secret, &none, &access, &fault));
    GOOD(tpm_unseal(back, blob, len, &access, &fault));
    FILE *f = fopen(in_folder("bus.pcap"), "rb");
    CHECK(f != NULL);
    uint8_t *const all = malloc(1 << 20);
    CHECK(all != NULL);
    heard = fread(all, 1, 1 << 20, f);
    fclose(f);
    struct tpm_blob b;
    GOOD(tpm_blob_read(&b, blob, len));
    CHECK(memmem(all, heard, b.public, b.public_len) != NULL); /* the search works */
    CHECK(memmem(all, heard, secret, 8) == NULL);
    CHECK(memmem(all, heard, "a long pin", 10) == NULL);
    free(all);
    unsetenv("TCTI_PCAP_FILE");
    finish();
}

static bool can_run(void)
{
    return tpm_is_built_in() && system("command -v swtpm >/dev/null") == 0;
}

#else

static bool can_run(void)
{
    return false;
}

#endif

/* ---- without a TPM ---- */

static void registers_have_names(void)
{
    static const char *const bad[] = {"",           "sha256",      "sha256:",      "sha1:0",
                                      "sha256:24",  "sha256:0,0",  "sha256:0,",    "sha256:,0",
                                      "sha256: 0",  "sha256:0 ",   "sha256:100",   "sha25:1",
                                      "sha256x:1",  "sha256:-1",   "sha256:0x1",   ":1",
                                      "sha512:1;2", "sha256:1,2,", "sha256:00007", "SHA256:1"};
    struct store_pcrs p;
    char text[TPM_PCRS_TEXT];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_SAY(tpm_pcrs_read(&p, bad[i]) == HEAD2_E_MALFORMED, "'%s'", bad[i]);
    CHECK_EQ(tpm_pcrs_read(&p, "sha384:7,0,23"), HEAD2_OK);
    CHECK(p.bank == 0x000c && p.mask == 0x800081);
    p = (struct store_pcrs){0x000d, 0xffffff};
    tpm_pcrs_write(text, &p);
    CHECK(strstr(text, "sha512:0,1,2,") == text && strstr(text, ",22,23") != NULL);
    struct store_pcrs back;
    CHECK_EQ(tpm_pcrs_read(&back, text), HEAD2_OK);
    CHECK(back.bank == p.bank && back.mask == p.mask);
}

static void blobs_have_one_form(void)
{
    static const uint8_t public[] = {0, 3, 1, 2, 3}, private[] = {0, 2, 9, 9};
    struct tpm_blob b =
                        {
                            .has_pin = true,
                            .pcrs = {11, 0x81},
                            .parent = {0,  11  },
                            .public = public,
                            .public_len = sizeof public,
                            .private = private,
                            .private_len = sizeof private
    },
                    back;
    uint8_t bytes[TPM_BLOB_MAX], again[TPM_BLOB_MAX];

    const size_t len = tpm_blob_write(bytes, &b);
    CHECK_EQ(len, 42 + sizeof public + sizeof private);
    CHECK_EQ(tpm_blob_read(&back, bytes, len), HEAD2_OK);
    CHECK_EQ(tpm_blob_write(again, &back), len);
    CHECK_MEM(again, bytes, len);
    for (size_t cut = 0; cut < len; cut++)
        CHECK(tpm_blob_read(&back, bytes, cut) != HEAD2_OK);
    CHECK(tpm_blob_read(&back, bytes, len + 1) != HEAD2_OK);
    static const struct {
        size_t at;
        uint8_t with;
    } bad[] = {
        {0,  2   }, /* version */
        {1,  2   }, /* flags */
        {3,  4   }, /* SHA-1 */
        {3,  0   }, /* registers of no bank */
        {4,  1   }, /* register 24 */
        {7,  0   }, /* none of a bank */
        {8,  1   }, /* the name's algorithm */
        {43, 4   }, /* lengths */
        {43, 0   },
        {48, 3   },
        {42, 0xff},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        memcpy(again, bytes, len);
        again[bad[i].at] = bad[i].with;
        CHECK_SAY(tpm_blob_read(&back, again, len) != HEAD2_OK, "byte %zu", bad[i].at);
    }
}

int main(void)
{
    setenv("TSS2_LOG", "all+none", 1); /* the owner's conversations are quiet too */
    RUN(registers_have_names);
    RUN(blobs_have_one_form);
    if (!can_run()) {
        printf("skip store_tpm: needs tpm2-tss at build time, and swtpm\n");
        CHECK_EXIT();
    }
#ifdef HEAD2_TPM
    RUN(opened_by_this_tpm_alone);
    RUN(a_cleared_one);
    RUN(registers_as_they_were);
    RUN(registers_and_a_pin);
    RUN(registers_that_it_does_not_have);
    RUN(wrong_pins_lock_it);
    RUN(an_owner_with_a_password);
    RUN(one_way_of_several);
    RUN(two_of_them);
    RUN(blobs_changed);
    RUN(somebody_listens);
#endif
    CHECK_EXIT();
}
