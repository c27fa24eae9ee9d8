/*
 * head2 doctor: what this machine offers, and whether the primitives give their known answers. What
 * a daemon needs beside that is in doctor_config.c, doctor_port.c and doctor_path.c.
 */
#include "artifact/selftest.h"
#include "artifact/utc.h"
#include "base/secmem.h"
#include "cli/doctor.h"
#include "cli/verbs.h"
#include "gateway/ipsec_mb.h"
#include "gateway/state.h"
#include "keeper/sandbox.h"
#include "keeper/tpm.h"

#include <head2/cpu.h>
#include <head2/entropy.h>
#include <head2/random.h>

#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

void doctor_note(struct doctor *d, enum grade grade, const char *name, const char *todo,
                 const char *fmt, ...)
{
    static const char *const words[] = {"ok", "warn", "fail"};
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    char text[320];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (grade == FAIL) {
        d->failures++;
        if (d->first[0] == 0)
            snprintf(d->first, sizeof d->first, "%s: %.200s", name, text);
    }
    if (d->cli->json) {
        json_t *advice = todo != NULL && grade != OK ? json_string(todo) : json_null();
        cli_print_json(d->cli, json_pack("{s:s, s:s, s:s, s:o}", "check", name, "result",
                                         words[grade], "found", text, "advice", advice));
        return;
    }
    const bool colour = cli_colour();
    cli_print(d->cli, "%s%-4s%s %s: %s%s%s\n", colour ? colours[grade] : "", words[grade],
              colour ? "\033[0m" : "", name, text, todo != NULL && grade != OK ? "; " : "",
              todo != NULL && grade != OK ? todo : "");
}

static void look_at_libcrypto(struct doctor *d)
{
    const unsigned major = OPENSSL_version_major();

    doctor_note(d, major < 3 ? FAIL : OK, "libcrypto", "install OpenSSL 3.0 or later", "%s",
                OpenSSL_version(OPENSSL_VERSION));
}

/* "rdseed, jitter": the sources that are credited and good. */
static void credited_sources(char *out, size_t cap, const struct head2_entropy_info *info)
{
    size_t at = 0;

    out[0] = 0;
    for (unsigned i = 0; i < info->n; i++) {
        const struct head2_entropy_source_info *s = &info->source[i];
        if (s->credited && s->credit > 0 && s->state == HEAD2_ENTROPY_GOOD && at < cap)
            at += (size_t)snprintf(out + at, cap - at, "%s%s", at != 0 ? ", " : "", s->name);
    }
}

static void look_at_randomness(struct doctor *d)
{
    static const uint8_t zeros[32];
    struct head2_entropy_info info;
    char sources[128];
    uint8_t a[32], b[32];
    const bool ok = head2_entropy_selftest() == HEAD2_OK &&
                    head2_random_key(a, sizeof a) == HEAD2_OK &&
                    head2_random(b, sizeof b) == HEAD2_OK && memcmp(a, b, sizeof a) != 0 &&
                    memcmp(a, zeros, sizeof a) != 0 && memcmp(b, zeros, sizeof b) != 0;

    if (!ok)
        d->unhealthy = true;
    head2_entropy_info(&info);
    credited_sources(sources, sizeof sources, &info);
    doctor_note(d,
                !ok           ? FAIL
                : info.single ? WARN
                              : OK,
                "randomness",
                ok ? "a second independent source would be better: see docs/entropy.md"
                   : "see 'head2 rng status' and docs/entropy.md",
                ok ? "%s: start-up tests passed, keys can be made"
                   : "no keys can be made; good: %s",
                sources[0] != 0 ? sources : "none");
}

static void look_at_cpu(struct doctor *d)
{
#if defined(__x86_64__) || defined(__i386__)
    const bool aes = __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
    doctor_note(d, aes ? OK : WARN, "AES instructions",
                "expect AES-GCM to be slow, or use a CPU (or virtual CPU) that has them", "%s%s%s",
                aes ? "AES-NI and PCLMULQDQ" : "none",
                __builtin_cpu_supports("avx2") ? ", AVX2" : "",
                __builtin_cpu_supports("avx512f") ? ", AVX-512" : "");
#else
    doctor_note(d, WARN, "AES instructions", "compare 'head2 bench' with what you need",
                "not known on this architecture");
#endif
}

static void name_refused(void *arg, const char *kernels, const char *isa)
{
    char *text = arg;
    const size_t used = strlen(text);

    snprintf(text + used, 200 - used, "%s%s for %s", used != 0 ? ", " : "", kernels, isa);
}

static void look_at_kernels(struct doctor *d)
{
    char refused[200] = "";
    const bool ok = head2_kernels_check(name_refused, refused) == HEAD2_OK;

    doctor_note(d, ok ? OK : WARN, "kernels",
                "results are right, and slower: the processor or this build is at fault",
                ok ? "%s, in agreement with portable C"
                   : "%s, but these disagree and are not used: %s",
                head2_isa(), refused);
}

static void look_at_packets(struct doctor *d)
{
    const struct aead_provider *p = ipsec_mb_provider();
    const bool refused = p != NULL && !aead_use(p);

    doctor_note(d, refused ? WARN : OK, "packets",
                "libipsec-mb disagrees with libcrypto and is not used: install another version",
                "AES-GCM by %s", aead_in_use()->name);
}

static void look_at_limits(struct doctor *d)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_CORE, &limit) == 0)
        doctor_note(d, limit.rlim_cur == 0 ? OK : WARN, "core dumps",
                    "run 'ulimit -c 0', or set LimitCORE=0 in the unit: a core dump can hold keys",
                    "%s", limit.rlim_cur == 0 ? "off" : "on");
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        doctor_note(d, limit.rlim_cur >= 1024 ? OK : WARN, "open files",
                    "raise it with 'ulimit -n 1024'", "%llu allowed",
                    (unsigned long long)limit.rlim_cur);
}

/* As it is here and now: a service has limits of its own. */
static void look_at_secret_memory(struct doctor *d)
{
    struct secmem_report r;
    void *probe = NULL;

    if (secmem_new(&probe, 4096, SECMEM_LONG_TERM) != HEAD2_OK) {
        doctor_note(d, FAIL, "memory for keys", "free some memory", "cannot be had");
        return;
    }
    const enum secmem_kind kind = secmem_kind_of(probe);
    secmem_free(probe);
    secmem_report(&r);
    static const char *const texts[SECMEM_KINDS] = {
        "memfd_secret: no other process reads it, and it is never swapped",
        "locked: it is not swapped, and root can read it",
        "it may be swapped, and root can read it"};
    const bool locked = kind != SECMEM_PLAIN;
    doctor_note(d, kind == SECMEM_SECRET ? OK : WARN, "memory for keys",
                !locked ? "raise RLIMIT_MEMLOCK: 'ulimit -l 8192', or LimitMEMLOCK=8M in the unit"
                        : "run Linux 5.14 or later with secretmem.enable=1 on its command line",
                "%s", texts[kind]);
    if (r.limit != SIZE_MAX)
        doctor_note(d, r.limit >= (size_t)1 << 20 ? OK : WARN, "lockable memory",
                    "raise it: 'ulimit -l 8192', or LimitMEMLOCK=8M in the unit",
                    "%zu KiB: some %zu private keys", r.limit >> 10, (r.limit >> 10) / 84);
}

/* What a keeper can give up here. */
static void look_at_sandbox(struct doctor *d)
{
    const int abi = sandbox_landlock_abi();

    doctor_note(d, sandbox_has_seccomp() ? OK : WARN, "system calls",
                "build with libseccomp-dev installed",
                sandbox_has_seccomp() ? "a keeper keeps to a list (seccomp)"
                                      : "a keeper can make all: built without libseccomp");
    doctor_note(d, abi != 0 ? OK : WARN, "Landlock",
                "run Linux 5.13 or later with landlock in its lsm= list",
                abi != 0 ? "version %d: a keeper keeps to its folder"
                         : "version %d: there is none, a keeper can open all files of its user",
                abi);
}

/* Only the sealed store can use one. */
static void look_at_tpm(struct doctor *d)
{
    struct store_fault fault = {0};
    const enum head2_status st = tpm_probe(getenv("HEAD2_TPM"), &fault);

    doctor_note(d, tpm_is_built_in() ? OK : WARN, "TPM", fault.hint, "%s",
                st == HEAD2_OK ? "can wrap the sealed store's key" : fault.what);
}

static void look_at_clock(struct doctor *d)
{
    struct timex t = {0};
    char now[UTC_BYTES + 1];
    const uint64_t ms = utc_now();

    utc_format(now, ms);
    if (ms < 1735689600000u) { /* 2025-01-01 */
        doctor_note(d, FAIL, "clock", "set the clock: receipts and validity depend on it", "%s",
                    now);
        return;
    }
    const bool synced = adjtimex(&t) >= 0 && (t.status & STA_UNSYNC) == 0;
    doctor_note(d, synced ? OK : WARN, "clock", "run a time service (chrony, systemd-timesyncd)",
                "%s, %s", now, synced ? "synchronised" : "not known to be synchronised");
}

static int mtu_of(int fd, const char *name)
{
    struct ifreq request = {0};

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    return ioctl(fd, SIOCGIFMTU, &request) == 0 ? request.ifr_mtu : -1;
}

static void look_at_interfaces(struct doctor *d)
{
    struct if_nameindex *names = if_nameindex();
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (names == NULL || fd < 0)
        doctor_note(d, WARN, "interfaces", "check that networking is allowed here",
                    "cannot be listed");
    for (size_t i = 0; names != NULL && fd >= 0 && names[i].if_name != NULL; i++) {
        char what[IF_NAMESIZE + 16];
        const int mtu = mtu_of(fd, names[i].if_name);
        snprintf(what, sizeof what, "interface %s", names[i].if_name);
        doctor_note(d, mtu >= 1280 ? OK : WARN, what,
                    "packets of 1,280 bytes must pass: raise its MTU or do not use it", "MTU %d",
                    mtu);
    }
    if (names != NULL)
        if_freenameindex(names);
    if (fd >= 0)
        close(fd);
}

static void look_at_buffers(struct doctor *d)
{
    FILE *f = fopen("/proc/sys/net/core/rmem_max", "re");
    unsigned long long max = 0;

    if (f == NULL)
        return;
    const bool read = fscanf(f, "%llu", &max) == 1;
    fclose(f);
    if (read)
        doctor_note(d, max >= 2097152 ? OK : WARN, "UDP receive buffer",
                    "for a gateway of many drones: sysctl -w net.core.rmem_max=4194304",
                    "at most %llu bytes", max);
}

void doctor_state(struct doctor *d, const char *folder, bool given)
{
    struct stat info;
    struct statvfs space;
    char probe[PATH_MAX];

    if (stat(folder, &info) != 0) {
        doctor_note(d, given ? FAIL : WARN, "state folder",
                    "check the name; the first receipt, or 'head2 init', makes it", "%s: %s",
                    folder, strerror(errno));
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        doctor_note(d, FAIL, "state folder", "give a folder", "%s is not a folder", folder);
        return;
    }
    const bool ours = state_mode_ok(info.st_mode);
    doctor_note(d, ours ? OK : FAIL, "state folder", "chmod 700 it", "%s has mode %04o%s", folder,
                (unsigned)info.st_mode & 07777, ours ? "" : ": others may write to it");
    doctor_note(d, info.st_uid == geteuid() ? OK : WARN, "state folder's owner",
                "run as its owner, or chown it", "user %u; this is user %u", (unsigned)info.st_uid,
                (unsigned)geteuid());
    doctor_note(d, access(folder, W_OK | X_OK) == 0 ? OK : FAIL, "state folder's use",
                "change its permissions or its mount", "%s",
                access(folder, W_OK | X_OK) == 0 ? "can be written" : strerror(errno));
    if (statvfs(folder, &space) == 0) {
        const unsigned long long free_mb =
            (unsigned long long)space.f_bavail * space.f_frsize / 1000000;
        doctor_note(d, free_mb >= 100 ? OK : WARN, "space for the ledger", "free some", "%llu MB",
                    free_mb);
    }
    snprintf(probe, sizeof probe, "%s/ledger/ledger.key.pem", folder);
    if (stat(probe, &info) == 0)
        doctor_note(d, (info.st_mode & 077) == 0 ? OK : FAIL, "ledger's key", "chmod 600 it",
                    "mode %04o", (unsigned)info.st_mode & 07777);
}

static void test_primitives(struct doctor *d)
{
    for (size_t i = 0; i < selftest_count; i++) {
        const bool ok = selftests[i].passes();
        if (!ok)
            d->unhealthy = true;
        doctor_note(d, ok ? OK : FAIL, selftests[i].name, "do not use this build", "%s",
                    ok ? "known answers given" : "a known answer is not given");
    }
}

int cmd_doctor(struct cli *cli)
{
    struct doctor d = {.cli = cli};
    const char *state = cli_string(cli, "state"), *config = cli_string(cli, "config");

    if (state == NULL)
        state = getenv("HEAD2_STATE");
    if (config == NULL)
        config = getenv("HEAD2_CONFIG");
    look_at_libcrypto(&d);
    look_at_randomness(&d);
    look_at_cpu(&d);
    look_at_kernels(&d);
    look_at_packets(&d);
    look_at_limits(&d);
    look_at_secret_memory(&d);
    look_at_sandbox(&d);
    look_at_tpm(&d);
    look_at_clock(&d);
    look_at_interfaces(&d);
    look_at_buffers(&d);
    if (config != NULL && *config != 0)
        doctor_config(&d, config);
    if (state != NULL && *state != 0)
        doctor_state(&d, state, cli_string(cli, "state") != NULL);
    test_primitives(&d);
    if (d.failures == 0)
        return CLI_DONE;
    return cli_fail(cli, d.unhealthy ? CLI_HEALTH : CLI_FAILED, "doctor", "see the lines above",
                    "%u checks failed, first %s", d.failures, d.first);
}
