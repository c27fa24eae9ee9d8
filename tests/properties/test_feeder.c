/*
 * The thread that feeds slow sources: it starts with the first, sleeps when nothing is due, ends at
 * once; and the number that tells clones, in a file in place of the hypervisor's page.
 */
#include "properties/entropy_place.h"

#include "entropy/generation.h"
#include "entropy/source_file.h"
#include "entropy/source_hwmon.h"

#include <head2/random.h>

#include <sys/resource.h>
#include <sys/wait.h>

static struct feeder *feeder;

static uint64_t cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static unsigned threads(void)
{
    char line[128];
    unsigned n = 0;
    FILE *f = fopen("/proc/self/status", "r");

    CHECK(f != NULL);
    while (fgets(line, sizeof line, f) != NULL)
        if (sscanf(line, "Threads: %u", &n) == 1)
            break;
    fclose(f);
    return n;
}

static void add_device(const char *name, const char *path, double h)
{
    struct feeder_source *s;
    const struct source_file_config c = {name, path, h, h > 0, NULL};

    CHECK(source_file_new(&s, &c) == HEAD2_OK);
    CHECK(feeder_add(feeder, s) == HEAD2_OK);
    CHECK(feeder_has(feeder, name));
}

static void wait_for(const char *name, enum head2_entropy_state state)
{
    for (unsigned i = 0; i < 300 && standing(name).state != state; i++)
        pause_ms(10);
    CHECK_EQ(standing(name).state, state);
}

static void no_source_no_thread(void)
{
    const unsigned before = threads();

    CHECK(feeder_start(&feeder) == HEAD2_OK);
    CHECK_EQ(threads(), before);
    CHECK(!feeder_has(feeder, "device"));
    feeder_remove(feeder, "device");
    feeder_stop(feeder);
    feeder_stop(NULL);
}

static void sources_are_filled_and_seed_the_generator(void)
{
    const char *const names[] = {"device", NULL};
    const struct head2_entropy_config c = {.policy = HEAD2_ENTROPY_SINGLE, .sources = names};
    struct head2_entropy_provenance p;
    uint8_t bytes[32];

    CHECK(head2_entropy_configure(&c) == HEAD2_OK);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_E_ENTROPY);
    CHECK(feeder_start(&feeder) == HEAD2_OK);
    add_device("device", "/dev/urandom", 6);
    wait_for("device", HEAD2_ENTROPY_GOOD);
    pause_ms(100); /* for what comes after the start-up tests */
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
    CHECK(head2_random_provenance(&p) == HEAD2_OK);
    for (unsigned i = 0; i < p.n; i++)
        CHECK(strcmp(p.name[i], "device") == 0 ? p.seeded[i] >= 448 : p.seeded[i] <= 0);
    for (unsigned i = 0; i < 60; i++) /* faster than the ring holds: it is filled again */
        if (head2_random_key(bytes, sizeof bytes) != HEAD2_OK)
            pause_ms(20);
    pause_ms(500);
    CHECK(head2_random_key(bytes, sizeof bytes) == HEAD2_OK);
}

static void it_rests_when_all_is_full(void)
{
    const char *path = at("resting");

    CHECK(mkfifo(path, 0600) == 0);
    add_device("resting", path, 6); /* nobody writes */
    add_device("nowhere", at("nothing-there"), 6);
    pause_ms(1100);
    const uint64_t from = feeder_now(), before = cpu_us();
    pause_ms(1300);
    const uint64_t used = cpu_us() - before, us = 1000 * (feeder_now() - from);
    CHECK_SAY(used * 200 < us, "%llu of %llu us", (unsigned long long)used, (unsigned long long)us);
}

static void one_source_goes_and_the_others_stay(void)
{
    feeder_remove(feeder, "resting");
    CHECK(!feeder_has(feeder, "resting") && feeder_has(feeder, "device"));
    CHECK_EQ(standing("resting").state, HEAD2_ENTROPY_ABSENT);
    CHECK(strcmp(standing("resting").why, "taken out of the configuration") == 0);
    add_device("resting", at("resting"), 6); /* and comes back */
}

static void a_child_has_no_feeder_and_goes_its_way(void)
{
    uint8_t bytes[32], theirs[32];
    int status;

    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
    const pid_t child = fork();
    if (child == 0) {
        /* the ring is empty in a child, and nobody fills it: it fails closed */
        memset(theirs, 0xaa, sizeof theirs);
        _exit(head2_random(theirs, sizeof theirs) == HEAD2_E_ENTROPY && theirs[0] == 0 ? 0 : 1);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void it_ends_at_once(void)
{
    const unsigned before = threads();
    const uint64_t from = feeder_now();

    feeder_stop(feeder);
    CHECK(feeder_now() - from < 100);
    CHECK_EQ(threads(), before - 1);
    CHECK(head2_entropy_configure(NULL) == HEAD2_OK);
}

/* ---- the machine ---- */

/* In a process of its own: a name is known with its values until the process ends. */
static bool hwrng_counts(const char *current)
{
    int how = 0;
    const pid_t child = fork();

    if (child == 0) {
        struct feeder_source *s;
        if (current != NULL)
            put_file("sys/class/misc/hw_random/rng_current", current, strlen(current));
        _exit(source_hwrng_new(&s, place) == HEAD2_OK ? standing("hwrng").credit > 0 : 2);
    }
    CHECK(child > 0 && waitpid(child, &how, 0) == child && WIFEXITED(how));
    CHECK(WEXITSTATUS(how) < 2);
    return WEXITSTATUS(how) == 1;
}

static void the_hardware_generator_counts_on_a_real_machine(void)
{
    struct feeder_source *s;

    CHECK(!source_machine_virtual(place));
    put_file("sys/hypervisor/type", "xen\n", 4);
    CHECK(source_machine_virtual(place));
    CHECK(unlink(at("sys/hypervisor/type")) == 0);
    put_file("proc/device-tree/compatible", "linux,dummy-virt", 17);
    CHECK(source_machine_virtual(place));
    put_file("proc/device-tree/compatible", "raspberrypi,4", 14);
    CHECK(!source_machine_virtual(place));
    put_file("proc/device-tree/hypervisor/compatible", "x", 1);
    CHECK(source_machine_virtual(place));
    CHECK(unlink(at("proc/device-tree/hypervisor/compatible")) == 0);
    CHECK(rmdir(at("proc/device-tree/hypervisor")) == 0);
    CHECK(!hwrng_counts(NULL)); /* nobody says what it is */
    CHECK(!hwrng_counts("virtio_rng.0\n"));
    CHECK(!hwrng_counts("smccc_trng\n"));
    CHECK(hwrng_counts("tpm-rng-0\n"));
    put_file("sys/class/misc/hw_random/rng_current", "bcm2835\n", 8);
    CHECK(source_hwrng_new(&s, place) == HEAD2_OK);
    CHECK_EQ(standing("hwrng").kind, HEAD2_ENTROPY_PHYSICAL);
    CHECK(standing("hwrng").credit >= 4 && standing("hwrng").credit <= 4);
    s->ops->free(s);
    /* the same name with other values: it would be credited nothing */
    put_file("sys/class/misc/hw_random/rng_current", "virtio_rng.0\n", 13);
    CHECK(source_hwrng_new(&s, place) == HEAD2_E_STATE);
}

/* ---- clones ---- */

static void put_vmclock(uint32_t magic, uint64_t flags, uint32_t seq, uint64_t counter)
{
    uint8_t page[4096] = {0};

    put_le32(page, magic);
    put_le32(page + 4, 4096);
    put_le32(page + 12, seq);
    put_le64(page + 24, flags);
    put_le64(page + 104, counter);
    /* in place, as a hypervisor would: the page is mapped */
    const int fd = open(at("vmclock"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && pwrite(fd, page, sizeof page, 0) == sizeof page);
    close(fd);
}

static void a_clone_is_told_by_vmclock(void)
{
    struct generation g;
    uint64_t n;

    put_vmclock(0x4b4c4356, 1 << 8, 2, 41);
    CHECK(generation_open(&g, at("vmclock"), at("none")));
    CHECK(generation_read(&g, &n) && n == 41);
    put_vmclock(0x4b4c4356, 1 << 8, 4, 0xfedcba9876543210);
    CHECK(generation_read(&g, &n) && n == 0xfedcba9876543210);
    put_vmclock(0x4b4c4356, 1 << 8, 5, 43); /* being written, for ever */
    CHECK(!generation_read(&g, &n));
    generation_close(&g);
    CHECK(!generation_read(&g, &n));
    put_vmclock(0x4b4c4356, 1 << 7, 2, 41); /* no counter */
    CHECK(!generation_open(&g, at("vmclock"), at("none")));
    put_vmclock(0x4b4c4357, 1 << 8, 2, 41); /* no VMClock */
    CHECK(!generation_open(&g, at("vmclock"), at("none")));
    put_file("vmclock", "VCLK", 4);
    CHECK(!generation_open(&g, at("vmclock"), at("none")));
}

static void a_clone_is_told_by_sysgenid(void)
{
    struct generation g;
    uint64_t n;
    uint32_t number = 7;

    put_file("sysgenid", &number, sizeof number);
    CHECK(generation_open(&g, at("none"), at("sysgenid")));
    CHECK(generation_read(&g, &n) && n == 7);
    number = 8;
    const int fd = open(at("sysgenid"), O_WRONLY | O_CLOEXEC);
    CHECK(fd >= 0 && pwrite(fd, &number, sizeof number, 0) == sizeof number);
    close(fd);
    CHECK(generation_read(&g, &n) && n == 8);
    generation_close(&g);
    put_file("sysgenid", "", 0);
    CHECK(!generation_open(&g, at("none"), at("sysgenid")));
}

static void a_clone_gets_a_generator_of_its_own(void)
{
    struct generation g;
    struct head2_entropy_config c = {.policy = HEAD2_ENTROPY_COMPAT};
    struct head2_entropy_info before, after;
    uint8_t bytes[32];

    put_vmclock(0x4b4c4356, 1 << 8, 2, 1);
    CHECK(generation_open(&g, at("vmclock"), at("none")));
    c.generation = generation_read;
    c.generation_arg = &g;
    CHECK(head2_entropy_configure(&c) == HEAD2_OK);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
    head2_entropy_info(&before);
    CHECK(before.generation);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
    head2_entropy_info(&after);
    CHECK_EQ(after.forks, before.forks);
    put_vmclock(0x4b4c4356, 1 << 8, 4, 2);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
    head2_entropy_info(&after);
    CHECK_EQ(after.forks, before.forks + 1);
    CHECK(after.seeds > before.seeds);
    CHECK(head2_entropy_configure(NULL) == HEAD2_OK);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK); /* asks the old page once more */
    generation_close(&g);
    CHECK(head2_random(bytes, sizeof bytes) == HEAD2_OK);
}

int main(void)
{
    place_make();
    RUN(no_source_no_thread);
    RUN(sources_are_filled_and_seed_the_generator);
    RUN(it_rests_when_all_is_full);
    RUN(one_source_goes_and_the_others_stay);
    RUN(a_child_has_no_feeder_and_goes_its_way);
    RUN(it_ends_at_once);
    RUN(the_hardware_generator_counts_on_a_real_machine);
    RUN(a_clone_is_told_by_vmclock);
    RUN(a_clone_is_told_by_sysgenid);
    RUN(a_clone_gets_a_generator_of_its_own);
    place_remove();
    CHECK_EXIT();
}
