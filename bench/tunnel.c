/*
 * How much a link and a gateway carry, as two real processes on this machine: full packets are sent
 * into the link's video port at a rate, and counted where the gateway delivers them. Before each
 * rate the same packets go straight to the receiver: the difference is what the tunnel adds.
 *
 *     bench-tunnel [--program PATH] [--mbit N]... [--seconds N] [--rotate SECONDS] [--json]
 */
#include "flight/flight.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define WIRE (PAYLOAD_MAX + 28)

static const char *program = "build/release/head2";
static char dir[64] = "/tmp/head2-tunnel-XXXXXX";
static int out_fd;
static uint16_t out_port;
static _Atomic bool done;
static _Atomic uint64_t delivered;
static double *latency; /* of each packet, microseconds */
static unsigned rotate_s = 60;
static uint32_t n_latency;
#define LATENCIES 2000000

struct packet {
    uint32_t number;
    double at;
};

static void *sink(void *arg)
{
    static uint8_t bytes[64][2048];
    struct mmsghdr head[64];
    struct iovec piece[64];

    (void)arg;
    for (unsigned i = 0; i < 64; i++) {
        piece[i] = (struct iovec){bytes[i], sizeof bytes[i]};
        head[i] = (struct mmsghdr){
            .msg_hdr = {.msg_iov = &piece[i], .msg_iovlen = 1}
        };
    }
    while (!done) {
        struct pollfd p = {.fd = out_fd, .events = POLLIN};
        if (poll(&p, 1, 50) <= 0)
            continue;
        int n = recvmmsg(out_fd, head, 64, MSG_DONTWAIT, NULL);
        double now = now_s();
        for (int i = 0; i < n; i++) {
            struct packet at;
            if (head[i].msg_len != PAYLOAD_MAX)
                continue;
            delivered++;
            memcpy(&at, bytes[i], sizeof at);
            if (n_latency < LATENCIES)
                latency[n_latency++] = (now - at.at) * 1e6;
        }
    }
    return NULL;
}

/* Send for a while at a rate, in small bursts of what has come due. */
static uint64_t blast(int fd, uint16_t port, double mbit, double seconds)
{
    static uint8_t bytes[PAYLOAD_MAX];
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    double begin = now_s(), per_second = mbit * 1e6 / (WIRE * 8);
    uint64_t sent = 0;

    for (double now = begin; now < begin + seconds; now = now_s()) {
        while ((double)sent < (now - begin) * per_second) {
            struct packet at = {(uint32_t)sent, now_s()};
            memcpy(bytes, &at, sizeof at);
            if (sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&to, sizeof to) > 0)
                sent++;
        }
        usleep(100);
    }
    return sent;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What part of the packets was quicker than: median, 99 %, 99.9 %. */
struct quantiles {
    double p50, p99, p999;
};

static struct quantiles quantiles_of(double *v, uint32_t n)
{
    if (n == 0)
        return (struct quantiles){0, 0, 0};
    qsort(v, n, sizeof *v, by_value);
    return (struct quantiles){v[n / 2], v[n / 100 * 99], v[(uint32_t)(n * 0.999)]};
}

/* Send for a while to a port; how long the packets were under way. */
static struct quantiles measure(int fd, uint16_t port, double mbit, double seconds, uint64_t *sent)
{
    delivered = n_latency = 0;
    *sent = blast(fd, port, mbit, seconds);
    sleep_ms(300);
    return quantiles_of(latency, n_latency);
}

static bool write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/fleet/%s", dir, name);
    FILE *f = fopen(path, "w");
    bool good = f != NULL && fputs(text, f) >= 0;
    return f != NULL && fclose(f) == 0 && good;
}

static pid_t start(const char *verb, const char *config, const char *log)
{
    char config_path[128], log_path[128];
    snprintf(config_path, sizeof config_path, "%s/fleet/%s", dir, config);
    snprintf(log_path, sizeof log_path, "%s/%s", dir, log);
    const char *const argv[] = {program, verb, "-c", config_path, NULL};
    return process_start(argv, log_path, log_path);
}

static bool prepare(uint16_t port, uint16_t in_port)
{
    char fleet[128], log[128], listen[32], text[500];

    if (mkdtemp(dir) == NULL)
        return false;
    snprintf(fleet, sizeof fleet, "%s/fleet", dir);
    snprintf(log, sizeof log, "%s/init.log", dir);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    const char *const init[] = {program,    "init", fleet, "--no-passphrase",
                                "--listen", listen, NULL};
    if (process_run(init, log, log) != 0)
        return false;
    snprintf(text, sizeof text,
             "identity: { key: gateway.pem, name: bench }\nrotate: { seconds: %u }\n"
             "listen: { udp: \"%s\", control: run/head2.sock }\nstate: state\n"
             "peers: [ { name: d, key: drone-1.pub.pem, lanes: { video: \"127.0.0.1:%u\" } } ]\n",
             rotate_s, listen, out_port);
    if (!write_file("head2.yaml", text))
        return false;
    snprintf(text, sizeof text,
             "identity: { key: drone-1.pem, name: d }\nstate: state-1\n"
             "gateway: { key: gateway.pub.pem, endpoints: [\"%s\"] }\n"
             "lanes: { video: { listen: \"127.0.0.1:%u\" } }\n",
             listen, in_port);
    return write_file("links/drone-1.yaml", text);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"program", required_argument, NULL, 'p'},
        {"mbit",    required_argument, NULL, 'm'},
        {"seconds", required_argument, NULL, 's'},
        {"rotate",  required_argument, NULL, 'r'},
        {"json",    no_argument,       NULL, 'j'},
        {NULL,      0,                 NULL, 0  }
    };
    double rates[16] = {50, 200, 500, 800}, seconds = 3;
    unsigned n_rates = 0;
    bool json = false;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'p')
            program = optarg;
        else if (c == 'm' && n_rates < HEAD2_LEN(rates))
            rates[n_rates++] = strtod(optarg, NULL);
        else if (c == 's')
            seconds = strtod(optarg, NULL);
        else if (c == 'r')
            rotate_s = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'j')
            json = true;
        else
            return 2;
    }
    n_rates = n_rates == 0 ? 4 : n_rates;
    uint16_t port = udp_free_port(), in_port = udp_free_port(), any = 0;
    int fd = udp_socket(&any, 65536);
    out_fd = udp_socket(&out_port, 16 << 20);
    latency = calloc(LATENCIES, sizeof *latency);
    if (fd < 0 || out_fd < 0 || latency == NULL || !prepare(port, in_port)) {
        fprintf(stderr, "bench-tunnel: cannot prepare; see %s\n", dir);
        return 7;
    }
    pthread_t thread;
    pid_t gateway = start("gateway", "head2.yaml", "gateway.log");
    sleep_ms(500);
    pid_t link = start("link", "links/drone-1.yaml", "link.log");
    sleep_ms(1500);
    if (pthread_create(&thread, NULL, sink, NULL) != 0)
        return 7;
    for (unsigned i = 0; i < n_rates; i++) {
        uint64_t sent;
        const struct quantiles direct = measure(fd, out_port, rates[i], seconds / 3, &sent);
        double cpu = process_cpu_seconds(gateway) + process_cpu_seconds(link);
        const struct quantiles m = measure(fd, in_port, rates[i], seconds, &sent);
        cpu = process_cpu_seconds(gateway) + process_cpu_seconds(link) - cpu;
        double mbit = (double)delivered * WIRE * 8 / seconds / 1e6;
        printf(
            json ? "{\"offered_mbit\":%.0f,\"delivered_mbit\":%.1f,\"sent\":%llu,\"lost\":%llu,"
                   "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"direct_p50_us\":%.1f,"
                   "\"direct_p99_us\":%.1f,\"direct_p999_us\":%.1f,\"cpu_s\":%.2f}\n"
                 : "%4.0f Mbit/s offered: %6.1f delivered, %llu sent, %llu lost, latency %.0f us "
                   "(99 %%: %.0f, 99.9 %%: %.0f), without a tunnel %.0f us (%.0f, %.0f), %.2f s of "
                   "processor, both ends\n",
            rates[i], mbit, (unsigned long long)sent, (unsigned long long)(sent - delivered), m.p50,
            m.p99, m.p999, direct.p50, direct.p99, direct.p999, cpu);
        fflush(stdout);
    }
    done = true;
    pthread_join(thread, NULL);
    process_stop(link, 1000);
    process_stop(gateway, 1000);
    const char *const clean[] = {"rm", "-rf", dir, NULL};
    return process_run(clean, NULL, NULL);
}
