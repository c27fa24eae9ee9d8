/*
 * Sensors as a source of entropy, in a folder that a test writes: which bits are taken, how often
 * they are asked, and what becomes of sensors that stand still, go to and fro, or vanish.
 */
#include "properties/entropy_place.h"

#include "entropy/source_hwmon.h"

static uint64_t now = 1000000;
static struct feeder_source *hwmon;
static uint8_t noise[1 << 14];

static void set(const char *name, long reading)
{
    char text[32];

    put_file(name, text, (size_t)snprintf(text, sizeof text, "%ld\n", reading));
}

#define ZONE "sys/class/thermal/thermal_zone0/temp"

static void start(void)
{
    CHECK(source_hwmon_new(&hwmon, place) == HEAD2_OK);
    run_at(hwmon, ++now);
}

static void finish(void)
{
    char command[PATH_MAX];

    hwmon->ops->free(hwmon);
    snprintf(command, sizeof command, "rm -rf '%s/sys'", place);
    CHECK(system(command) == 0);
}

static uint64_t samples(void)
{
    return standing("hwmon").samples;
}

/* The next reading, when the source asks for it. */
static void next(const char *name, long reading)
{
    set(name, reading);
    run_at(hwmon, now = hwmon->at);
}

static void no_sensor_is_told_and_looked_for_again(void)
{
    start();
    CHECK_EQ(standing("hwmon").state, HEAD2_ENTROPY_ABSENT);
    CHECK(strcmp(standing("hwmon").why, "no sensor") == 0);
    CHECK_EQ(hwmon->at, now + 60000);
    set(ZONE, 41000);
    run_at(hwmon, now = hwmon->at);
    CHECK_EQ(hwmon->at, now + 100);
    finish();
}

static void changed_readings_give_their_lowest_step(void)
{
    uint8_t back[64];
    size_t n = 4096;
    static uint8_t discarded[4096];

    set(ZONE, 41000);
    start();
    const uint64_t before = samples();
    next(ZONE, 44000); /* tells the step, which is 3000 so far */
    CHECK_EQ(samples(), before);
    next(ZONE, 45000); /* 1000: 45 is odd */
    CHECK_EQ(samples(), before + 1);
    next(ZONE, 45000);
    CHECK_EQ(samples(), before + 1);    /* unchanged: nothing */
    for (unsigned i = 0; i < 5000; i++) /* start-up tests, and some to keep */
        next(ZONE, 40000 + 1000 * (long)(noise[i] % 16) + 16000 * (long)(i % 2));
    CHECK_EQ(standing("hwmon").state, HEAD2_ENTROPY_GOOD);
    CHECK_EQ(standing("hwmon").kind, HEAD2_ENTROPY_NON_PHYSICAL);
    CHECK(standing("hwmon").credit >= 0.5 && standing("hwmon").credit <= 0.5);
    CHECK(head2_entropy_read("hwmon", discarded, &n) == HEAD2_OK && n > 500);
    for (unsigned i = 0; i < sizeof back; i++)
        next(ZONE, 40000 + 1000 * (long)(noise[i] % 16) + 16000 * (long)(i % 2));
    n = sizeof back;
    CHECK(head2_entropy_read("hwmon", back, &n) == HEAD2_OK);
    CHECK_EQ(n, sizeof back);
    for (unsigned i = 0; i < sizeof back; i++)
        CHECK_EQ(back[i], noise[i] & 1);
    finish();
}

static void a_sensor_that_rests_is_asked_less_often(void)
{
    set(ZONE, 41000);
    start();
    next(ZONE, 42000);
    next(ZONE, 43000);
    const uint64_t before = samples();
    uint64_t longest = 0;
    for (unsigned i = 0; i < 64; i++) {
        const uint64_t from = now;
        run_at(hwmon, now = hwmon->at);
        longest = now - from > longest ? now - from : longest;
    }
    CHECK_EQ(longest, 10000);
    CHECK_EQ(hwmon->at - now, 10000);
    next(ZONE, 44000); /* after so long a rest it tells nothing */
    CHECK_EQ(samples(), before);
    CHECK_EQ(hwmon->at - now, 5000);
    next(ZONE, 45000);
    CHECK_EQ(samples(), before + 1);
    for (unsigned i = 0; i < 8; i++)
        next(ZONE, 46000 + 1000 * (long)i);
    CHECK_EQ(hwmon->at - now, 100); /* ten times a second, and no more */
    finish();
}

static void several_sensors_and_no_zone_twice(void)
{
    char target[PATH_MAX], link[PATH_MAX];

    set(ZONE, 41000);
    set("sys/class/hwmon/hwmon0/temp1_input", 41000); /* the same sensor once more */
    set("sys/class/hwmon/hwmon1/temp1_input", 30000);
    set("sys/class/hwmon/hwmon1/in0_input", 1200);
    set("sys/class/hwmon/hwmon1/curr1_input", 55);
    set("sys/class/hwmon/hwmon1/fan1_input", 900); /* no ADC */
    snprintf(target, sizeof target, "%s/sys/class/thermal/thermal_zone0", place);
    snprintf(link, sizeof link, "%s/sys/class/hwmon/hwmon0/device", place);
    CHECK(symlink(target, link) == 0);
    start();
    uint64_t before = samples();
    for (long i = 1; i < 4; i++) {
        set(ZONE, 41000 + 1000 * i);
        set("sys/class/hwmon/hwmon0/temp1_input", 41000 + 1000 * i);
        set("sys/class/hwmon/hwmon1/temp1_input", 30000 + 500 * i);
        set("sys/class/hwmon/hwmon1/in0_input", 1200 + i);
        set("sys/class/hwmon/hwmon1/curr1_input", 55 - i);
        set("sys/class/hwmon/hwmon1/fan1_input", 900 + i);
        run_at(hwmon, now = hwmon->at);
        CHECK_EQ(samples(), before + (i > 1 ? 4 : 0));
        before = samples();
    }
    CHECK(unlink(at(ZONE)) ==
          0); /* one that is open goes on being read, as the kernel's would not */
    finish();
}

static void nonsense_and_silence_end_a_sensor(void)
{
    set(ZONE, 41000);
    set("sys/class/hwmon/hwmon1/temp1_input", 30000);
    start();
    put_file(ZONE, "warm\n", 5);
    put_file("sys/class/hwmon/hwmon1/temp1_input", "", 0);
    run_at(hwmon, now = hwmon->at);
    CHECK_EQ(standing("hwmon").state, HEAD2_ENTROPY_ABSENT);
    CHECK_EQ(hwmon->at, now + 60000);
    finish();
}

/* The bits of one that has passed no start-up tests count for nothing, and it just goes. */
static void a_sensor_that_counts_to_and_fro_is_left_out(void)
{
    static const bool counts[2] = {true, false};

    for (unsigned k = 0; k < 2; k++) {
        set(ZONE, 41000);
        set("sys/class/hwmon/hwmon1/in0_input", 1200);
        start();
        CHECK_EQ(standing("hwmon").state == HEAD2_ENTROPY_GOOD, counts[k]);
        const uint32_t before = standing("hwmon").failures;
        const uint64_t from = samples();
        for (long i = 1; i < 200; i++)
            next(ZONE, 41000 + 1000 * (i % 2));
        CHECK_EQ(samples(), from + 80); /* and no more */
        CHECK_EQ(standing("hwmon").failures, before + counts[k]);
        if (counts[k])
            CHECK(strcmp(standing("hwmon").why, "a sensor counts to and fro") == 0);
        CHECK_EQ(standing("hwmon").waiting_bits, 0);
        next("sys/class/hwmon/hwmon1/in0_input", 1201); /* the others go on */
        next("sys/class/hwmon/hwmon1/in0_input", 1203);
        CHECK_EQ(samples(), from + 81);
        finish();
    }
}

int main(void)
{
    place_make();
    random_bytes(noise, sizeof noise);
    RUN(no_sensor_is_told_and_looked_for_again);
    RUN(changed_readings_give_their_lowest_step);
    RUN(a_sensor_that_counts_to_and_fro_is_left_out);
    RUN(a_sensor_that_rests_is_asked_less_often);
    RUN(several_sensors_and_no_zone_twice);
    RUN(nonsense_and_silence_end_a_sensor);
    place_remove();
    CHECK_EXIT();
}
