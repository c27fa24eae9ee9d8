/*
 * A fleet against one real gateway process: N drones (default 1,000), each with its own key, socket
 * and session, all starting at once. Prints how long the handshakes take, what the gateway holds in
 * memory, and whether telemetry gets through.
 *
 *     bench-fleet [--program PATH] [--drones N] [--seconds N] [--rotate SECONDS]
 *                 [--handshakes N] [--json]
 *
 * --handshakes is the gateway's limit a second, all together; 0 leaves it to the gateway.
 */
#include "base/base.h"

#include <head2/keys.h>
#include <head2/random.h>
#include <head2/session.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct drone {
    struct head2_session *s;
    struct head2_key *key;
    int fd;
    uint32_t peer;
    bool up;
};

static struct drone *drones;
static unsigned n_drones = 1000, n_up, downs, rotate_s = 60, handshake_limit = 100000;
static uint64_t sent, datagrams_in;
static struct sockaddr_in gateway_at;
static double *handshake_ms;

static uint64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "bench-fleet: %s: %s\n", what, strerror(errno));
    exit(7);
}

static enum head2_status random_bytes(void *arg, void *out, size_t len)
{
    (void)arg;
    return head2_random(out, len);
}

static enum head2_status sign(void *arg, uint8_t sig[HEAD2_SESSION_SIG_BYTES], const uint8_t *msg,
                              size_t len, const char *ctx)
{
    size_t sig_len;
    return head2_key_sign(arg, sig, &sig_len, msg, len, ctx, strlen(ctx), false);
}

static void write_file(const char *dir, const char *name, const void *bytes, size_t len, int mode)
{
    char path[700];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
        die(path);
    close(fd);
}

static void write_key(const char *dir, const char *name, const struct head2_key *key, bool private)
{
    static uint8_t pem[HEAD2_KEY_MAX_FILE];
    size_t len = sizeof pem;
    enum head2_status st = private ? head2_key_write_private(key, HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED,
                                                             NULL, 0, pem, &len)
                                   : head2_key_write_public(key, HEAD2_KEY_PEM, pem, &len);
    if (st != HEAD2_OK)
        die(head2_status_string(st));
    write_file(dir, name, pem, len, private ? 0600 : 0644);
}

static struct head2_key *make_fleet(const char *dir)
{
    char path[600], text[400];
    struct head2_key *gateway;

    snprintf(path, sizeof path, "%s/peers", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/state", dir);
    mkdir(path, 0700);
    if (head2_key_generate(&gateway, HEAD2_MLDSA_87) != HEAD2_OK)
        die("key generation");
    write_key(dir, "gateway.pem", gateway, true);
    for (unsigned i = 0; i < n_drones; i++) {
        if (head2_key_generate(&drones[i].key, HEAD2_MLDSA_87) != HEAD2_OK)
            die("key generation");
        snprintf(path, sizeof path, "peers/drone-%u.pub.pem", i);
        write_key(dir, path, drones[i].key, false);
        snprintf(path, sizeof path, "peers/drone-%u.yaml", i);
        int n = snprintf(text, sizeof text,
                         "name: drone-%u\nkey: drone-%u.pub.pem\n"
                         "lanes: { telemetry: \"127.0.0.1:9\" }\n",
                         i, i);
        write_file(dir, path, text, (size_t)n, 0644);
    }
    char limit[60] = "";
    if (handshake_limit != 0)
        snprintf(limit, sizeof limit, ", handshakes_global: %u", handshake_limit);
    int n = snprintf(text, sizeof text,
                     "identity: { key: gateway.pem, name: fleet }\n"
                     "listen: { udp: \"127.0.0.1:%u\", control: run/head2.sock }\n"
                     "limits: { handshakes_per_prefix: 100000%s }\n"
                     "rotate: { seconds: %u }\npeers: peers\nstate: state\n",
                     ntohs(gateway_at.sin_port), limit, rotate_s);
    write_file(dir, "head2.yaml", text, (size_t)n, 0644);
    return gateway;
}

static pid_t start_gateway(const char *program, const char *dir)
{
    char config[600], log[600];
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    snprintf(config, sizeof config, "%s/head2.yaml", dir);
    snprintf(log, sizeof log, "%s/gateway.log", dir);
    if (freopen(log, "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL)
        _exit(7);
    execlp(program, program, "gateway", "-c", config, (char *)NULL);
    _exit(127);
}

/* The gateway: its monitor, keeper and front. */
static struct {
    pid_t pid[8];
    unsigned n;
} family;

static void find_family(pid_t monitor)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)monitor, (int)monitor);
    FILE *f = fopen(path, "r");
    family.pid[0] = monitor;
    family.n = 1;
    while (f != NULL && family.n < HEAD2_LEN(family.pid) &&
           fscanf(f, "%d", &family.pid[family.n]) == 1)
        family.n++;
    if (f != NULL)
        fclose(f);
}

/* Processor time of a process so far. */
static double cpu_of(pid_t pid)
{
    unsigned long user = 0, kernel = 0;
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                            &kernel) != 2)
        user = kernel = 0;
    if (f != NULL)
        fclose(f);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_seconds(void)
{
    double sum = 0;

    for (unsigned i = 0; i < family.n; i++)
        sum += cpu_of(family.pid[i]);
    return sum;
}

static uint64_t kib_of(pid_t pid, const char *field)
{
    char path[64], line[200];
    uint64_t kib = 0;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoull(line + strlen(field) + 1, NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib;
}

static uint64_t status_kib(const char *field)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < family.n; i++)
        sum += kib_of(family.pid[i], field);
    return sum;
}

static void open_drone(struct drone *d, const struct head2_key *gateway, int epoll)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct head2_session_config c = {.role = HEAD2_ROLE_DRONE,
                                     .pk = head2_key_public(d->key),
                                     .rotate_seconds = rotate_s,
                                     .random = random_bytes};
    struct head2_peer_config g = {.pk = head2_key_public(gateway), .n_addrs = 1};
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = d};

    d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    g.addrs[0].ip[10] = g.addrs[0].ip[11] = 0xff;
    g.addrs[0].ip[12] = 127;
    g.addrs[0].ip[15] = 1;
    g.addrs[0].port = ntohs(gateway_at.sin_port);
    if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&any, sizeof any) != 0 ||
        connect(d->fd, (struct sockaddr *)&gateway_at, sizeof gateway_at) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, d->fd, &e) != 0)
        die("socket");
    if (head2_session_new(&d->s, &c, now_us()) != HEAD2_OK ||
        head2_session_add_peer(d->s, &d->peer, &g) != HEAD2_OK)
        die("session");
}

static void put_on_wire(struct drone *d, const uint8_t *bytes, size_t len)
{
    if (send(d->fd, bytes, len, MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != ECONNREFUSED)
        die("send");
}

static void pump(struct drone *d)
{
    struct head2_action a;

    while (head2_session_next(d->s, now_us(), &a)) {
        if (a.kind == HEAD2_ACTION_SEND) {
            put_on_wire(d, a.bytes, a.len);
        } else if (a.kind == HEAD2_ACTION_JOB) {
            head2_job_run(a.job, sign, d->key);
            head2_session_complete(d->s, now_us(), a.job);
        } else if (a.event->kind == HEAD2_EVENT_UP) {
            handshake_ms[n_up % n_drones] = (double)a.event->handshake_us / 1000;
            n_up += !d->up;
            d->up = true;
        } else if (a.event->kind == HEAD2_EVENT_DOWN) {
            downs++;
        }
    }
}

static void receive(struct drone *d)
{
    struct head2_session_data data;
    struct head2_address from = {.port = ntohs(gateway_at.sin_port)};
    uint8_t buf[2048];
    ssize_t n;

    from.ip[10] = from.ip[11] = 0xff;
    from.ip[12] = 127;
    from.ip[15] = 1;
    while ((n = recv(d->fd, buf, sizeof buf, 0)) >= 0) {
        head2_session_input(d->s, now_us(), &from, buf, (size_t)n, &data);
        datagrams_in++;
        pump(d);
    }
}

/* Serve all drones until the time is up or all are connected. */
static void serve(int epoll, uint64_t until, bool until_up)
{
    struct epoll_event events[256];

    while (now_us() < until && !(until_up && n_up == n_drones)) {
        int n = epoll_wait(epoll, events, HEAD2_LEN(events), 5);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
        for (unsigned i = 0; i < n_drones; i++) {
            if (head2_session_deadline(drones[i].s) > now_us())
                continue;
            head2_session_tick(drones[i].s, now_us());
            pump(&drones[i]);
        }
    }
}

static void telemetry(int epoll, unsigned seconds)
{
    uint8_t message[100] = "telemetry";

    for (unsigned round = 0; round < seconds * 10; round++) {
        uint64_t begin = now_us();
        for (unsigned i = 0; i < n_drones; i++) {
            struct head2_session_packets out;
            if (head2_session_send(drones[i].s, now_us(), drones[i].peer, 0, message,
                                   sizeof message, &out) != HEAD2_OK)
                continue;
            for (uint32_t k = 0; k < out.n; k++)
                put_on_wire(&drones[i], out.bytes[k], out.len[k]);
            sent++;
        }
        serve(epoll, begin + 100000, false);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"program",    required_argument, NULL, 'p'},
        {"drones",     required_argument, NULL, 'n'},
        {"seconds",    required_argument, NULL, 's'},
        {"rotate",     required_argument, NULL, 'r'},
        {"handshakes", required_argument, NULL, 'l'},
        {"json",       no_argument,       NULL, 'j'},
        {NULL,         0,                 NULL, 0  }
    };
    const char *program = "build/release/head2";
    unsigned seconds = 5;
    bool json = false;
    char dir[] = "/tmp/head2-fleet-XXXXXX";
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'p')
            program = optarg;
        else if (c == 'n')
            n_drones = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 's')
            seconds = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'r')
            rotate_s = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'l')
            handshake_limit = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'j')
            json = true;
        else
            return 2;
    }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (n_drones == 0 || n_drones > 10000 || files.rlim_cur < n_drones + 32) {
        fprintf(stderr, "bench-fleet: %u drones need as many open files\n", n_drones);
        return 2;
    }
    drones = calloc(n_drones, sizeof *drones);
    handshake_ms = calloc(n_drones, sizeof *handshake_ms);
    if (drones == NULL || handshake_ms == NULL || mkdtemp(dir) == NULL)
        die(dir);
    gateway_at.sin_family = AF_INET;
    gateway_at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    gateway_at.sin_port = htons((uint16_t)(20000 + getpid() % 20000));
    struct head2_key *gateway = make_fleet(dir);
    pid_t pid = start_gateway(program, dir);
    usleep(700000);
    find_family(pid);
    uint64_t empty = status_kib("VmRSS:");
    int epoll = epoll_create1(0);
    const double cpu_before = cpu_seconds();
    uint64_t begin = now_us();
    for (unsigned i = 0; i < n_drones; i++)
        open_drone(&drones[i], gateway, epoll);
    serve(epoll, begin + 120000000, true);
    double up_s = (double)(now_us() - begin) / 1e6;
    const double cpu_s = cpu_seconds() - cpu_before;
    telemetry(epoll, seconds);
    uint64_t full = status_kib("VmRSS:"), peak = status_kib("VmHWM:");
    qsort(handshake_ms, n_drones, sizeof *handshake_ms, by_value);

    if (json)
        printf("{\"drones\":%u,\"up\":%u,\"all_up_s\":%.2f,\"gateway_cpu_s\":%.2f,\"handshake_"
               "median_ms\":%.1f,"
               "\"rss_empty_kib\":%llu,\"rss_kib\":%llu,\"rss_peak_kib\":%llu,\"sent\":%llu,"
               "\"downs\":%u}\n",
               n_drones, n_up, up_s, cpu_s, handshake_ms[n_drones / 2], (unsigned long long)empty,
               (unsigned long long)full, (unsigned long long)peak, (unsigned long long)sent, downs);
    else
        printf("%u of %u drones up after %.2f s (%.0f handshakes/s, both sides on this machine)\n"
               "the gateway took %.2f s of processors: %.0f handshakes/s a core\n"
               "handshake, when all start at once: median %.0f ms\n"
               "gateway memory: %.1f MiB empty, %.1f MiB with the fleet, %.1f MiB at the peak\n"
               "telemetry: %llu messages in %u s, %u sessions lost\n",
               n_up, n_drones, up_s, n_up / up_s, cpu_s, n_up / cpu_s, handshake_ms[n_drones / 2],
               (double)empty / 1024, (double)full / 1024, (double)peak / 1024,
               (unsigned long long)sent, seconds, downs);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    for (unsigned i = 0; i < n_drones; i++) {
        head2_session_free(drones[i].s);
        head2_key_free(drones[i].key);
        close(drones[i].fd);
    }
    head2_key_free(gateway);
    free(drones);
    free(handshake_ms);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command) == 0 && n_up == n_drones && downs == 0 &&
                   full < 24 * 1024 + 32 * (uint64_t)n_drones
               ? 0
               : 1;
}
