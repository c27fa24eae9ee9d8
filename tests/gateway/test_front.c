/*
 * A keeper and a front: what the front may ask for and what not, what it cannot break, and that its
 * jobs come back once each while keepers are killed.
 */
#include "check.h"

#include "base/secmem.h"
#include "gateway/signatures.h"
#include "keeper/client.h"
#include "keeper/dial.h"
#include "keeper/remote.h"
#include "keeper/service.h"
#include "session/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#define CONTEXT "one of the front"

static const char *const contexts[] = {CONTEXT, "another of the front", NULL};
static int pair[2];
static pid_t keeper_pid;
static struct head2_key *known;
static uint8_t known_id[HEAD2_KEY_ID_BYTES];

static struct keeper_bytes text(const char *s)
{
    return (struct keeper_bytes){(const uint8_t *)s, strlen(s)};
}

/* ---- a keeper, as a monitor starts it ---- */

static void on_begun(void *arg, size_t keys, const char *missing)
{
    (void)arg;
    (void)keys;
    (void)missing;
}

static int keep(int secret, int ready, uint32_t rate)
{
    const struct monitor_start start = {.secret = secret, .ready = ready, .pair = pair[1]};
    const struct service s = {
        .label = "identity",
        .policy = {.purposes = KEEPER_MAY_SIGN, .rate_count = rate, .rate_seconds = rate * 3600},
        .contexts = contexts,
        .listener = -1,
        .begun = on_begun
    };
    struct store_fault fault = {0};

    close(pair[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (service_run(&s, &start, &fault) == HEAD2_OK)
        return 0;
    fprintf(stderr, "keeper: %s\n", fault.what);
    return 1;
}

static int stop_keeper(int number)
{
    int status = 0;

    kill(keeper_pid, number);
    CHECK_EQ(waitpid(keeper_pid, &status, 0), keeper_pid);
    keeper_pid = 0;
    return status;
}

static void start_keeper(uint32_t rate)
{
    uint8_t der[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof der;
    int secret[2], ready[2];
    char byte;

    if (keeper_pid != 0) /* of a case that has failed */
        stop_keeper(SIGKILL);
    CHECK(pipe2(secret, O_CLOEXEC) == 0 && pipe2(ready, O_CLOEXEC) == 0);
    CHECK_EQ(
        head2_key_write_private(known, HEAD2_KEY_DER, HEAD2_PRIVATE_DEFAULT, NULL, 0, der, &len),
        HEAD2_OK);
    CHECK_EQ(write(secret[1], der, len), (ssize_t)len);
    close(secret[1]);
    keeper_pid = fork();
    CHECK(keeper_pid >= 0);
    if (keeper_pid == 0)
        _exit(keep(secret[0], ready[1], rate));
    close(secret[0]);
    close(ready[1]);
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
}

/* Too many may wait. */
static int call_keeper(void)
{
    int fd;

    while ((fd = dial_call(pair[0])) < 0 && errno == EAGAIN)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    CHECK(fd >= 0);
    return fd;
}

static struct keeper_client *connect_front(void)
{
    struct keeper_client *c;

    CHECK_EQ(keeper_client_call(&c, pair[0]), HEAD2_OK);
    return c;
}

static enum head2_status ask(struct keeper_client *c, struct keeper_message *m)
{
    struct keeper_reply reply;
    const enum head2_status st = keeper_call(c, m, &reply);

    keeper_reply_free(&reply);
    return st;
}

static void it_signs(struct keeper_client *c)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t len;

    CHECK_EQ(keeper_sign(c, sig, &len, known_id, text("a message"), text(CONTEXT), 0), HEAD2_OK);
    CHECK_EQ(head2_key_verify(known, (const uint8_t *)"a message", 9, CONTEXT, strlen(CONTEXT), sig,
                              len),
             HEAD2_OK);
}

/* ---- what it may ---- */

static void a_front_signs_with_one_key_under_its_contexts(void)
{
    char why[KEEPER_PHRASE_MAX + 1];
    uint8_t sig[HEAD2_KEY_MAX_SIG], mu[64] = {1}, other[HEAD2_KEY_ID_BYTES] = {1};
    struct keeper_remote remote;
    size_t len;

    start_keeper(0);
    struct keeper_client *const c = connect_front();
    CHECK_EQ(keeper_remote_find(&remote, c, "identity", why), HEAD2_OK);
    CHECK_MEM(remote.key_id, known_id, sizeof known_id);
    const struct artifact_signer s = keeper_remote_signer(&remote, true);
    uint8_t again[HEAD2_KEY_MAX_SIG];
    CHECK_EQ(s.sign(s.arg, sig, &len, mu, 64, CONTEXT), HEAD2_OK);
    CHECK_EQ(s.sign(s.arg, again, &len, mu, 64, CONTEXT), HEAD2_OK);
    CHECK_MEM(sig, again, len);
    it_signs(c);
    CHECK_EQ(keeper_sign(c, sig, &len, known_id, text("m"), text("another of the front"), 0),
             HEAD2_OK);
    /* a part of one, more than one, none, and what hides it */
    static const char *const not_its[] = {"one of the fron", "one of the front.", "", "head2/mu/1"};
    for (size_t i = 0; i < HEAD2_LEN(not_its); i++)
        CHECK_EQ(keeper_sign(c, sig, &len, known_id, text("m"), text(not_its[i]), 0),
                 HEAD2_E_POLICY);
    CHECK_EQ(keeper_sign(c, sig, &len, known_id, (struct keeper_bytes){mu, 64}, text(""),
                         KEEPER_SIGN_MU),
             HEAD2_E_POLICY);
    CHECK_EQ(keeper_sign(c, sig, &len, other, text("m"), text(CONTEXT), 0), HEAD2_E_POLICY);
    CHECK_EQ(keeper_remote_find(&(struct keeper_remote){0}, c, "head2/sealing", why),
             HEAD2_E_POLICY);
    CHECK(strcmp(why, "a front has one key") == 0);
    keeper_remote_free(&remote);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* In windows, with messages of all lengths among them, and after a keeper was killed. */
static void a_batch_is_signed_whole(void)
{
    static uint8_t sigs[40][HEAD2_KEY_MAX_SIG], text_of[KEEPER_DATA_MAX];
    struct head2_key_sign_job jobs[40];
    struct keeper_remote remote;
    char why[KEEPER_PHRASE_MAX + 1];

    start_keeper(0);
    struct keeper_client *const c = connect_front();
    CHECK_EQ(keeper_remote_find(&remote, c, "identity", why), HEAD2_OK);
    const struct artifact_signer s = keeper_remote_signer(&remote, false);
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < HEAD2_LEN(jobs); i++) {
            sigs[i][0] = 0;
            jobs[i] =
                (struct head2_key_sign_job){text_of, i % 7 == 6 ? sizeof text_of : i, sigs[i], 0};
        }
        if (round % 2 != 0) {
            stop_keeper(SIGKILL);
            start_keeper(0);
        }
        CHECK_EQ(s.sign_batch(s.arg, jobs, HEAD2_LEN(jobs), CONTEXT), HEAD2_OK);
        for (size_t i = 0; i < HEAD2_LEN(jobs); i++)
            CHECK_EQ(head2_key_verify(known, jobs[i].msg, jobs[i].msg_len, CONTEXT, strlen(CONTEXT),
                                      jobs[i].sig, jobs[i].sig_len),
                     HEAD2_OK);
    }
    CHECK_EQ(s.sign_batch(s.arg, jobs, HEAD2_LEN(jobs), "another context"), HEAD2_E_POLICY);
    CHECK_EQ(s.sign_batch(s.arg, jobs, HEAD2_LEN(jobs), CONTEXT), HEAD2_OK);
    keeper_remote_free(&remote);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* Every number of a message: answered where the front needs it, and refused else; the keeper goes
 * on. The bodies are those of a request that would be good. */
static void a_front_asks_for_nothing_else(void)
{
    start_keeper(0);
    struct keeper_client *const c = connect_front();
    for (int type = 1; type < KEEPER_TYPES; type++) {
        struct keeper_message m = {.type = (enum keeper_type)type,
                                   .alg = HEAD2_MLDSA_44,
                                   .policy = {.purposes = KEEPER_MAY_ALL},
                                   .count = 1,
                                   .label = text("identity"),
                                   .context = text(CONTEXT)};
        memcpy(m.key, known_id, sizeof m.key);
        const enum head2_status st = ask(c, &m);
        const bool may = type == KEEPER_STATUS || type == KEEPER_SIGN || type == KEEPER_RANDOM ||
                         type == KEEPER_EXPORT || type == KEEPER_FIND;
        CHECK_SAY(may ? st == HEAD2_OK
                      : st == HEAD2_E_POLICY || st == HEAD2_E_MALFORMED || st == HEAD2_E_ARG,
                  "type %d: %s", type, head2_status_string(st));
    }
    struct keeper_message destroy = {.type = KEEPER_DESTROY};
    memcpy(destroy.key, known_id, sizeof destroy.key);
    CHECK_EQ(ask(c, &destroy), HEAD2_E_POLICY);
    it_signs(c);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void a_rate_outlives_the_front(void)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t len;

    start_keeper(3);
    for (int i = 0; i < 5; i++) { /* each from a front of its own */
        struct keeper_client *const c = connect_front();
        CHECK_EQ(keeper_sign(c, sig, &len, known_id, text("m"), text(CONTEXT), 0),
                 i < 3 ? HEAD2_OK : HEAD2_E_LIMIT);
        keeper_client_close(c);
    }
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- what it cannot break ---- */

/* Sends descriptors over the pair, as many as there are; whoever takes them has copies. */
static void send_fds(const int *fds, size_t n)
{
    char byte = 'x';
    union {
        struct cmsghdr head;
        uint8_t room[CMSG_SPACE(4 * sizeof(int))];
    } control = {.room = {0}};
    struct iovec piece = {&byte, 1};
    struct msghdr m = {.msg_iov = &piece, .msg_iovlen = 1};

    if (n != 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(n * sizeof *fds);
        struct cmsghdr *const c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n * sizeof *fds);
        memcpy(CMSG_DATA(c), fds, n * sizeof *fds);
    }
    CHECK_EQ(sendmsg(pair[0], &m, 0), 1);
}

static void what_is_no_call_is_dropped(void)
{
    int ends[2], udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
    const int file = open("/dev/null", O_RDWR | O_CLOEXEC);
    static const uint8_t junk[100000];

    start_keeper(0);
    CHECK(udp >= 0 && tcp >= 0 && file >= 0 && pipe(ends) == 0);
    send_fds(NULL, 0);
    send_fds(&udp, 1);
    send_fds(&tcp, 1);
    send_fds(&file, 1);
    send_fds(ends, 2);
    send_fds((const int[]){pair[0], pair[0], pair[0]}, 3);
    send_fds(&pair[0], 1);
    CHECK_EQ(send(pair[0], junk, sizeof junk, 0), (ssize_t)sizeof junk);
    close(ends[0]);
    close(ends[1]);
    close(udp);
    close(tcp);
    close(file);
    struct keeper_client *const c = connect_front();
    it_signs(c);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* All beginnings of a header, all lengths that are wrong, bytes of no meaning. */
static void malformed_messages_end_their_connection_alone(void)
{
    uint8_t bytes[64], state = 1;

    start_keeper(0);
    struct keeper_client *const c = connect_front();
    it_signs(c);
    for (unsigned i = 0; i < 600; i++) {
        struct keeper_message m = {.type = KEEPER_STATUS};
        size_t len;
        CHECK_EQ(keeper_encode(bytes, sizeof bytes, &len, &m), HEAD2_OK);
        for (size_t k = len; k < sizeof bytes; k++)
            bytes[k] = state = (uint8_t)(state * 29 + 13);
        bytes[i % KEEPER_HEADER] = (uint8_t)(i * 89 >> 2);
        const int fd = call_keeper();
        CHECK_EQ(send(fd, bytes, i % sizeof bytes, MSG_NOSIGNAL), (ssize_t)(i % sizeof bytes));
        close(fd);
        if (i % 50 == 0)
            it_signs(c);
    }
    it_signs(c);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void calls_have_a_bound_and_wait_behind_it(void)
{
    struct keeper_client *held[KEEPER_CALLS];
    struct keeper_message status = {.type = KEEPER_STATUS};
    uint8_t bytes[KEEPER_HEADER];
    size_t len;

    start_keeper(0);
    for (size_t i = 0; i < HEAD2_LEN(held); i++) {
        held[i] = connect_front();
        CHECK_EQ(ask(held[i], &status), HEAD2_OK); /* it has its place */
    }
    const int fd = call_keeper();
    CHECK_EQ(keeper_encode(bytes, sizeof bytes, &len, &status), HEAD2_OK);
    CHECK_EQ(send(fd, bytes, len, 0), (ssize_t)len);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(ask(held[0], &status), HEAD2_OK);
    CHECK(recv(fd, bytes, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN); /* and this one has none */
    for (size_t i = 0; i < HEAD2_LEN(held); i++)
        keeper_client_close(held[i]);
    CHECK_EQ(recv(fd, bytes, sizeof bytes, MSG_WAITALL), (ssize_t)sizeof bytes);
    close(fd);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- jobs ---- */

#define JOBS 400

static struct {
    struct signatures *s;
    struct head2_job jobs[JOBS];
    unsigned done[JOBS], good, all;
} work;

static void on_done(void *arg, struct head2_job *job)
{
    (void)arg;
    work.done[job->slot]++;
    work.all++;
    work.good += job->result == HEAD2_OK &&
                 head2_key_verify(known, job->msg, job->msg_len, job->ctx, strlen(job->ctx),
                                  job->sig, sizeof job->sig) == HEAD2_OK;
}

static void on_turned(void *arg)
{
    uv_loop_t *const loop = arg;

    if (work.all == JOBS)
        uv_stop(loop);
}

static void begin_jobs(uv_loop_t *loop)
{
    struct signatures_options o = {
        .loop = loop, .pair = pair[0], .done = on_done, .turned = on_turned, .arg = loop};

    memset(&work, 0, sizeof work);
    memcpy(o.key_id, known_id, sizeof o.key_id);
    CHECK_EQ(uv_loop_init(loop), 0);
    CHECK_EQ(signatures_start(&work.s, &o), HEAD2_OK);
}

static void ask_jobs(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        work.jobs[i] = (struct head2_job){
            .kind = JOB_SIGN, .slot = i, .ctx = CONTEXT, .msg_len = 100, .msg = {(uint8_t)i}};
        CHECK(signatures_ask(work.s, &work.jobs[i]));
    }
    signatures_flush(work.s);
}

static void end_jobs(uv_loop_t *loop)
{
    signatures_stop(work.s);
    uv_run(loop, UV_RUN_DEFAULT);
    signatures_free(work.s);
    CHECK_EQ(uv_loop_close(loop), 0);
}

static void each_job_comes_back_once_while_keepers_are_killed(void)
{
    uv_loop_t loop;

    begin_jobs(&loop); /* before there is any keeper */
    ask_jobs(0, JOBS / 2);
    start_keeper(0);
    for (unsigned i = 1; i <= 8; i++) {
        while (work.all < i * 10)
            uv_run(&loop, UV_RUN_ONCE);
        stop_keeper(SIGKILL);
        if (i == 4)
            ask_jobs(JOBS / 2, JOBS);
        start_keeper(0);
    }
    while (work.all < JOBS)
        uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(work.good, JOBS);
    for (unsigned i = 0; i < JOBS; i++)
        CHECK_EQ(work.done[i], 1);
    const struct signatures_report r = signatures_report(work.s);
    CHECK(r.again > 0 && r.waiting == 0 && r.refused == 0);
    end_jobs(&loop);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void a_refusal_is_a_result(void)
{
    uv_loop_t loop;

    start_keeper(10);
    begin_jobs(&loop);
    ask_jobs(0, 20);
    while (work.all < 20)
        uv_run(&loop, UV_RUN_ONCE);
    CHECK_EQ(work.good, 10);
    for (unsigned i = 0; i < 20; i++)
        CHECK_EQ(work.jobs[i].result, i < 10 ? HEAD2_OK : HEAD2_E_LIMIT);
    CHECK_EQ(signatures_report(work.s).refused, 10);
    end_jobs(&loop);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void what_waits_at_the_end_is_done_without_a_signature(void)
{
    uv_loop_t loop;

    begin_jobs(&loop);
    ask_jobs(0, 20);
    end_jobs(&loop);
    CHECK_EQ(work.all, 20);
    CHECK_EQ(work.good, 0);
    CHECK_EQ(work.jobs[7].result, HEAD2_E_STATE);
    start_keeper(0); /* what is left in the pair for it is of nobody */
    struct keeper_client *const c = connect_front();
    it_signs(c);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* A keeper's end in other hands: what comes is no answer, and nothing is done for it. */
static void what_is_no_answer_is_none(void)
{
    uint8_t bytes[KEEPER_MESSAGE_MAX], sig[HEAD2_SESSION_SIG_BYTES] = {0};
    uv_loop_t loop;
    size_t len;

    begin_jobs(&loop);
    ask_jobs(0, 3);
    for (unsigned i = 0; i < 4; i++) {
        const int fd = dial_take(pair[1]);
        CHECK(fd >= 0);
        struct keeper_message m = {.type = KEEPER_SIGN, .answer = true, .id = 77};
        m.sig = (struct keeper_bytes){sig, i == 1 ? 100 : sizeof sig};
        if (i == 2)
            m.type = KEEPER_REVOKE;
        CHECK_EQ(keeper_encode(bytes, sizeof bytes, &len, &m), HEAD2_OK);
        if (i == 3)
            bytes[0] = 'x';
        CHECK_EQ(send(fd, bytes, len, 0), (ssize_t)len);
        CHECK(uv_run(&loop, UV_RUN_ONCE) != 0);
        CHECK_EQ(recv(fd, bytes, sizeof bytes, MSG_WAITALL) >= 0, 1); /* to its end */
        close(fd);
        CHECK_EQ(work.all, 0);
        while (signatures_report(work.s).again < 3 * (i + 1))
            uv_run(&loop, UV_RUN_ONCE);
    }
    end_jobs(&loop);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0 ||
        head2_key_generate(&known, HEAD2_MLDSA_87) != HEAD2_OK)
        return 1;
    head2_key_id(known, known_id);
    RUN(a_front_signs_with_one_key_under_its_contexts);
    RUN(a_batch_is_signed_whole);
    RUN(a_front_asks_for_nothing_else);
    RUN(a_rate_outlives_the_front);
    RUN(what_is_no_call_is_dropped);
    RUN(malformed_messages_end_their_connection_alone);
    RUN(calls_have_a_bound_and_wait_behind_it);
    RUN(each_job_comes_back_once_while_keepers_are_killed);
    RUN(a_refusal_is_a_result);
    RUN(what_waits_at_the_end_is_done_without_a_signature);
    RUN(what_is_no_answer_is_none);
    head2_key_free(known);
    CHECK_EXIT();
}
