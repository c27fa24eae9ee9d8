/*
 * Devices, serial ports, pipes and files as sources of entropy: what is credited, and what becomes
 * of one that is stuck, biased, repeats itself, lies, ends, is slow or is not there.
 */
#include "properties/entropy_place.h"

#include "entropy/source_file.h"

#include <signal.h>

static uint64_t now = 1000000;

struct pipe {
    struct feeder_source *s;
    const char *name;
    int fd; /* the writer's end */
};

static struct pipe open_pipe(const char *name, double h, bool physical)
{
    struct pipe p = {.name = name};

    CHECK(mkfifo(at(name), 0600) == 0);
    const struct source_file_config c = {name, at(name), h, physical, NULL};
    CHECK(source_file_new(&p.s, &c) == HEAD2_OK);
    run_at(p.s, ++now);
    p.fd = open(at(name), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(p.fd >= 0);
    return p;
}

static void close_pipe(struct pipe *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->s->ops->free(p->s);
}

/* Write, and let the source take it, a pipe full at a time. */
static void feed(struct pipe *p, const uint8_t *bytes, size_t n)
{
    while (n != 0) {
        const size_t want = n < 4096 ? n : 4096;
        const ssize_t went = write(p->fd, bytes, want);
        CHECK(went > 0);
        bytes += went;
        n -= (size_t)went;
        now += 20;
        run_at(p->s, now);
    }
}

static void feed_good(struct pipe *p, size_t n)
{
    static uint8_t bytes[1 << 16];

    CHECK(n <= sizeof bytes);
    random_bytes(bytes, n);
    feed(p, bytes, n);
}

/* ---- what is credited ---- */

static void an_assessed_device_is_credited_half_at_most(void)
{
    struct pipe p = open_pipe("good", 6, true);

    feed_good(&p, 8192);
    const struct head2_entropy_source_info i = standing(p.name);
    CHECK_EQ(i.state, HEAD2_ENTROPY_GOOD);
    CHECK_EQ(i.kind, HEAD2_ENTROPY_PHYSICAL);
    CHECK(i.credited && i.credit >= 4 && i.credit <= 4 && i.h >= 6 && i.h <= 6);
    CHECK_EQ(i.samples, 8192);
    CHECK_EQ(i.tested, 4096);
    CHECK_EQ(i.credited_bits, 4 * 4096);
    CHECK_EQ(i.waiting_bits, 4 * 2048);
    close_pipe(&p);
    CHECK(unlink(at(p.name)) == 0);
}

static void nothing_is_credited_that_nobody_vouches_for(void)
{
    struct pipe p = open_pipe("unvouched", 6, false);

    feed_good(&p, 8192);
    const struct head2_entropy_source_info i = standing(p.name);
    CHECK_EQ(i.state, HEAD2_ENTROPY_GOOD);
    CHECK_EQ(i.kind, HEAD2_ENTROPY_ADDITIONAL);
    CHECK(!i.credited);
    CHECK_EQ(i.credited_bits, 0);
    close_pipe(&p);
}

static void a_regular_file_is_mixed_in_once(void)
{
    static uint8_t bytes[3000], back[4096];
    struct feeder_source *s;
    size_t n = sizeof back;

    random_bytes(bytes, sizeof bytes);
    put_file("file", bytes, sizeof bytes);
    const struct source_file_config c = {"file", at("file"), 0, true, NULL};
    CHECK(source_file_new(&s, &c) == HEAD2_OK);
    run_at(s, ++now);
    CHECK_EQ(standing("file").kind, HEAD2_ENTROPY_ADDITIONAL);
    CHECK_EQ(standing("file").samples, 3000);
    CHECK(head2_entropy_read("file", back, &n) == HEAD2_OK);
    CHECK_EQ(n, 2048); /* what the ring holds: the newest */
    CHECK_MEM(back, bytes + 3000 - 2048, n);
    run_at(s, now += 20);
    CHECK_EQ(standing("file").state, HEAD2_ENTROPY_ABSENT);
    CHECK(strcmp(standing("file").why, "ended") == 0);
    CHECK(s->at == FEEDER_NEVER && s->n_wait == 0); /* never again */
    s->ops->free(s);
}

static void a_file_in_place_of_a_device_is_refused(void)
{
    struct feeder_source *s;
    uint8_t bytes[5000];
    const struct source_file_config c = {"swapped", at("swapped"), 6, true, NULL};

    CHECK(source_file_new(&s, &c) == HEAD2_OK); /* not there yet: it may be a device */
    run_at(s, ++now);
    CHECK_EQ(standing("swapped").state, HEAD2_ENTROPY_ABSENT);
    CHECK(strcmp(standing("swapped").why, strerror(ENOENT)) == 0);
    random_bytes(bytes, sizeof bytes);
    put_file("swapped", bytes, sizeof bytes);
    run_at(s, now = s->at);
    CHECK_EQ(standing("swapped").samples, 0);
    CHECK(s->at != FEEDER_NEVER);
    s->ops->free(s);
}

/* ---- what goes wrong ---- */

/* Equal blocks are a replay before they are anything else; three failures in an hour are final. */
static void a_stuck_device_fails_for_good(void)
{
    static const uint8_t zeros[1024];
    struct pipe p = open_pipe("stuck", 6, true);

    feed_good(&p, 8192);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(standing(p.name).failures, i);
        CHECK(standing(p.name).state != HEAD2_ENTROPY_FAILED);
        feed(&p, zeros, sizeof zeros);
        CHECK(p.s->n_wait == 0 && p.s->at == now + (2000u << i)); /* left alone, and longer */
        CHECK_EQ(standing(p.name).waiting_bits, 0);
        run_at(p.s, now = p.s->at);
    }
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_FAILED);
    CHECK(standing(p.name).voided_bits >= 4 * 2048);
    CHECK(p.s->at == FEEDER_NEVER && p.s->n_wait == 0); /* let go of */
    CHECK(write(p.fd, zeros, 1) < 0 && errno == EPIPE);
    close_pipe(&p);
}

static void a_device_that_sticks_for_a_moment_is_put_aside(void)
{
    uint8_t bytes[64];
    struct pipe p = open_pipe("good", 6, true);

    random_bytes(bytes, sizeof bytes);
    memset(bytes + 20, 7, 9); /* the cutoffs for six bits are 8 and 11 */
    feed(&p, bytes, sizeof bytes);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(strcmp(standing(p.name).why, "repetition count test") == 0);
    CHECK_EQ(standing(p.name).waiting_bits, 0);
    CHECK(p.s->n_wait == 0 && p.s->at == now + 2000);
    close_pipe(&p);
}

static void a_biased_device_is_put_aside(void)
{
    static uint8_t bytes[4096];
    struct pipe p = open_pipe("biased", 6, true);

    feed_good(&p, 8192);
    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        if (i % 3 == 0)
            bytes[i] = 0x55; /* never two in a row: for the proportion test alone */
    feed(&p, bytes, sizeof bytes);
    const struct head2_entropy_source_info i = standing(p.name);
    CHECK(i.state == HEAD2_ENTROPY_QUARANTINED || i.state == HEAD2_ENTROPY_FAILED);
    CHECK(strcmp(i.why, "adaptive proportion test") == 0);
    CHECK_EQ(i.waiting_bits, 0);
    close_pipe(&p);
}

static void a_device_that_claims_too_much_never_starts(void)
{
    static uint8_t bytes[4096];
    struct pipe p = open_pipe("liar", 7.9, true);

    random_bytes(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] &= 15; /* four bits */
    feed(&p, bytes, sizeof bytes);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_FAILED);
    CHECK_EQ(standing(p.name).credited_bits, 0);
    close_pipe(&p);
}

static void a_replay_is_found_and_forgiven_once_it_ends(void)
{
    static uint8_t bytes[8192];
    struct pipe p = open_pipe("replay", 6, true);

    random_bytes(bytes, sizeof bytes);
    feed(&p, bytes, sizeof bytes);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_GOOD);
    CHECK(write(p.fd, bytes, 4096) == 4096);
    run_at(p.s, now += 20);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_QUARANTINED);
    CHECK(strcmp(standing(p.name).why, "a block came again") == 0);
    CHECK_EQ(standing(p.name).waiting_bits, 0);
    CHECK(p.s->n_wait == 0 && p.s->at == now + 2000);
    /* what waits when the pause is over is of the bad time */
    const uint64_t before = standing(p.name).samples;
    run_at(p.s, now = p.s->at);
    CHECK_EQ(standing(p.name).samples, before);
    pause_ms(2100); /* the library's own, between a failure and start-up tests */
    feed_good(&p, 8192);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_GOOD);
    CHECK(standing(p.name).waiting_bits > 0);
    close_pipe(&p);
}

static void a_period_is_found_whatever_it_is(void)
{
    static uint8_t bytes[1000 * 66];
    struct pipe p = open_pipe("periodic", 6, true);

    random_bytes(bytes, 1000);
    for (size_t i = 1000; i < sizeof bytes; i++)
        bytes[i] = bytes[i - 1000];
    feed(&p, bytes, 8000 + 64 + 4096 < sizeof bytes ? 8000 + 64 + 4096 : sizeof bytes);
    const struct head2_entropy_source_info i = standing(p.name);
    CHECK(i.state == HEAD2_ENTROPY_QUARANTINED || i.state == HEAD2_ENTROPY_FAILED);
    CHECK(strcmp(i.why, "a block came again") == 0);
    close_pipe(&p);
}

static void a_device_without_an_end_is_read_a_piece_at_a_time(void)
{
    struct feeder_source *s;
    const struct source_file_config c = {"endless", "/dev/urandom", 7, true, NULL};

    CHECK(source_file_new(&s, &c) == HEAD2_OK);
    run_at(s, ++now);
    CHECK_EQ(standing("endless").samples, 4096);
    CHECK(s->n_wait == 0 && s->at == now + 10);
    for (unsigned i = 0; i < 3; i++)
        run_at(s, now += 20);
    CHECK_EQ(standing("endless").state, HEAD2_ENTROPY_GOOD);
    CHECK(s->n_wait == 0 && s->at == now + 1000); /* the ring is full: a trickle */
    s->ops->free(s);
}

/* ---- what comes late, ends, or is not there ---- */

static void a_slow_pipe_is_waited_for(void)
{
    struct pipe p = open_pipe("slow", 6, true);

    for (unsigned i = 0; i < 10; i++) {
        run_at(p.s, now += 20); /* nothing there */
        CHECK(p.s->n_wait == 1 && p.s->at == FEEDER_NEVER);
        CHECK_EQ(poll(p.s->wait, 1, 0), 0); /* and nothing that would wake it */
        CHECK(write(p.fd, &i, 1) == 1);
        CHECK_EQ(poll(p.s->wait, 1, 0), 1);
        run_at(p.s, ++now);
        CHECK_EQ(standing(p.name).samples, i + 1);
        p.s->wait[0].revents = 0;
    }
    close_pipe(&p);
}

static void a_pipe_without_a_writer_costs_nothing(void)
{
    struct feeder_source *s;
    const struct source_file_config c = {"slow", at("slow"), 6, true, NULL};

    CHECK(source_file_new(&s, &c) == HEAD2_OK); /* known from before, with the same values */
    run_at(s, ++now);
    CHECK(s->n_wait == 1 && s->at == FEEDER_NEVER);
    CHECK_EQ(poll(s->wait, 1, 0), 0);
    s->ops->free(s);
    const struct source_file_config other = {"slow", at("slow"), 5, true, NULL};
    CHECK(source_file_new(&s, &other) == HEAD2_E_STATE);
    CHECK(s == NULL);
}

static void an_end_is_told_and_a_new_beginning_taken_up(void)
{
    struct pipe p = open_pipe("ends", 6, true);

    feed_good(&p, 8192);
    close(p.fd);
    run_at(p.s, now += 20);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_ABSENT);
    CHECK(strcmp(standing(p.name).why, "ended") == 0);
    CHECK(p.s->n_wait == 0 && p.s->at == now + 250);
    CHECK(unlink(at(p.name)) == 0); /* it vanishes */
    for (uint64_t wait = 500; wait < 100000; wait = wait < 30000 ? 2 * wait : 100000) {
        run_at(p.s, now = p.s->at);
        CHECK_EQ(p.s->at - now, wait);
    }
    CHECK_EQ(p.s->at - now, 32000);
    run_at(p.s, now = p.s->at);
    CHECK_EQ(p.s->at - now, 60000); /* not later than that */
    CHECK(mkfifo(at(p.name), 0600) == 0);
    run_at(p.s, now = p.s->at);
    CHECK(p.s->n_wait == 1);
    p.fd = open(at(p.name), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    CHECK(p.fd >= 0);
    feed_good(&p, 8192);
    CHECK_EQ(standing(p.name).state, HEAD2_ENTROPY_GOOD);
    close_pipe(&p);
}

static void a_serial_port_gives_bytes_as_they_are(void)
{
    uint8_t bytes[256], back[512];
    struct feeder_source *s;
    size_t n = sizeof back;
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    const struct source_file_config c = {"serial", ptsname(master), 0, false, NULL};
    CHECK(source_file_new(&s, &c) == HEAD2_OK);
    run_at(s, ++now);
    CHECK(s->n_wait == 1);
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i; /* ends of line, ^C, ^D, ^S and all */
    CHECK(write(master, bytes, sizeof bytes) == sizeof bytes);
    for (unsigned i = 0; i < 100 && standing("serial").samples < 256; i++) {
        pause_ms(5);
        run_at(s, now += 20);
    }
    CHECK(head2_entropy_read("serial", back, &n) == HEAD2_OK);
    CHECK_EQ(n, 256);
    CHECK_MEM(back, bytes, 256);
    close(master); /* unplugged */
    run_at(s, now += 20);
    CHECK_EQ(standing("serial").state, HEAD2_ENTROPY_ABSENT);
    s->ops->free(s);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    place_make();
    RUN(an_assessed_device_is_credited_half_at_most);
    RUN(nothing_is_credited_that_nobody_vouches_for);
    RUN(a_regular_file_is_mixed_in_once);
    RUN(a_file_in_place_of_a_device_is_refused);
    RUN(a_stuck_device_fails_for_good);
    RUN(a_device_that_sticks_for_a_moment_is_put_aside);
    RUN(a_biased_device_is_put_aside);
    RUN(a_device_that_claims_too_much_never_starts);
    RUN(a_replay_is_found_and_forgiven_once_it_ends);
    RUN(a_period_is_found_whatever_it_is);
    RUN(a_device_without_an_end_is_read_a_piece_at_a_time);
    RUN(a_slow_pipe_is_waited_for);
    RUN(a_pipe_without_a_writer_costs_nothing);
    RUN(an_end_is_told_and_a_new_beginning_taken_up);
    RUN(a_serial_port_gives_bytes_as_they_are);
    place_remove();
    CHECK_EXIT();
}
