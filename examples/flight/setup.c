/* see setup.h */
#include "setup.h"

#include <head2/keys.h>
#include <head2/session.h>

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void path_of(char out[600], const struct setup *s, const char *name)
{
    snprintf(out, 600, "%s/%s", s->dir, name);
}

/* Run the program under test with up to ten arguments; its output goes to a file in the folder. */
static int head2(const struct setup *s, const char *out, ...)
{
    char out_path[600], err_path[600];
    const char *argv[12] = {s->program};
    size_t n = 1;
    va_list ap;

    va_start(ap, out);
    while (n < HEAD2_LEN(argv) - 1 && (argv[n] = va_arg(ap, const char *)) != NULL)
        n++;
    va_end(ap);
    argv[n] = NULL;
    path_of(out_path, s, out);
    path_of(err_path, s, "commands.log");
    unlink(out_path);
    return process_run(argv, out_path, err_path);
}

bool setup_folder(struct setup *s)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(s->dir, sizeof s->dir, "%s/head2-flight-XXXXXX", tmp != NULL ? tmp : "/tmp");
    return mkdtemp(s->dir) != NULL;
}

static bool write_text(const struct setup *s, const char *name, const char *fmt, ...)
    HEAD2_PRINTF(3, 4);

static bool write_text(const struct setup *s, const char *name, const char *fmt, ...)
{
    char path[600];
    va_list ap;

    path_of(path, s, name);
    FILE *f = fopen(path, "w");
    if (f == NULL)
        return false;
    va_start(ap, fmt);
    bool good = vfprintf(f, fmt, ap) > 0;
    va_end(ap);
    return fclose(f) == 0 && good;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin_port) : 0;
}

/* Configurations for two drones: the first flies, the second is attacked. */
static bool configure(struct setup *s, struct traffic *t, uint16_t relay, uint16_t second_in)
{
    static const char rotate[] = "rotate: { seconds: %d, bytes: %d, overlap: 5 }\n";
    char limits[128];

    snprintf(limits, sizeof limits, rotate, ROTATE_SECONDS, ROTATE_BYTES);
    return write_text(s, "fleet/head2.yaml",
                      "identity: { key: gateway.pem, name: CHIMERA-HEAD-2 }\n"
                      "listen: { udp: \"127.0.0.1:%u\", control: run/head2.sock }\n"
                      "%ssuites: [CH2-L5]\nstate: state\npeers:\n"
                      "  - name: drone-1\n    key: drone-1.pub.pem\n    lanes: { telemetry: "
                      "\"127.0.0.1:%u\", video: \"127.0.0.1:%u\", logs: \"127.0.0.1:%u\" }\n"
                      "  - name: drone-2\n    key: drone-2.pub.pem\n    lanes: { telemetry: "
                      "\"127.0.0.1:9\" }\n",
                      s->port, limits, port_of(t->telemetry_fd), port_of(t->video_fd),
                      port_of(t->logs_fd)) &&
           write_text(s, "fleet/links/drone-1.yaml",
                      "identity: { key: drone-1.pem, name: drone-1 }\n"
                      "gateway: { key: gateway.pub.pem, endpoints: [\"127.0.0.1:%u\"] }\n%s"
                      "lanes:\n  telemetry: { listen: \"127.0.0.1:%u\" }\n"
                      "  video: { listen: \"127.0.0.1:%u\" }\n"
                      "  logs: { listen: \"127.0.0.1:%u\" }\nstate: state-drone-1\n",
                      s->port, limits, t->telemetry_in, t->video_in, t->logs_in) &&
           write_text(s, "fleet/links/drone-2.yaml",
                      "identity: { key: drone-2.pem, name: drone-2 }\n"
                      "gateway: { key: gateway.pub.pem, endpoints: [\"127.0.0.1:%u\"] }\n%s"
                      "lanes:\n  telemetry: { listen: \"127.0.0.1:%u\" }\nstate: state-drone-2\n",
                      relay, limits, second_in);
}

static pid_t start(const struct setup *s, const char *verb, const char *config, const char *log)
{
    char config_path[600], log_path[600];

    path_of(config_path, s, config);
    path_of(log_path, s, log);
    const char *const argv[] = {s->program, verb, "-c", config_path, NULL};
    return process_start(argv, log_path, log_path);
}

/* The status of a daemon, as JSON. */
static json_t *status(const struct setup *s, const char *config)
{
    char config_path[600], out[600];

    path_of(config_path, s, config);
    path_of(out, s, "status.json");
    if (head2(s, "status.json", "status", "--json", "-c", config_path, NULL) != 0)
        return NULL;
    return json_load_file(out, 0, NULL);
}

static json_t *peer_of(json_t *state, const char *name)
{
    size_t i;
    json_t *p;

    json_array_foreach(json_object_get(state, "peers"), i, p)
    {
        const char *n = json_string_value(json_object_get(p, "name"));
        if (n != NULL && strcmp(n, name) == 0)
            return p;
    }
    return NULL;
}

/* Until the gateway answers, and (name not NULL) this drone's session is up. */
static bool wait_for(const struct setup *s, const char *name)
{
    for (int i = 0; i < 100; i++) {
        json_t *state = status(s, "fleet/head2.yaml");
        bool up = state != NULL &&
                  (name == NULL || json_is_true(json_object_get(peer_of(state, name), "up")));
        json_decref(state);
        if (up)
            return true;
        sleep_ms(50);
    }
    return false;
}

static uint16_t second_in;
static uint16_t relay_port;

bool setup_start(struct setup *s, struct traffic *t)
{
    char fleet[600], listen[32], spray[600];
    uint16_t video = 0, telemetry = 0, logs = 0;

    path_of(fleet, s, "fleet");
    s->port = udp_free_port();
    t->video_in = udp_free_port();
    t->telemetry_in = udp_free_port();
    t->logs_in = udp_free_port();
    second_in = udp_free_port();
    relay_port = udp_free_port();
    t->video_fd = udp_socket(&video, 8 << 20);
    t->telemetry_fd = udp_socket(&telemetry, 1 << 20);
    t->logs_fd = udp_socket(&logs, 1 << 20);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", s->port);
    if (head2(s, "init.txt", "init", fleet, "--drones", "2", "--listen", listen, "--no-passphrase",
              NULL) != 0 ||
        !configure(s, t, relay_port, second_in))
        return false;
    path_of(spray, s, "spray.csv");
    t->spray = fopen(spray, "w");
    if (t->spray == NULL || !traffic_open(t))
        return false;
    s->gateway = start(s, "gateway", "fleet/head2.yaml", "gateway.log");
    if (s->gateway < 0 || !wait_for(s, NULL))
        return false;
    s->link = start(s, "link", "fleet/links/drone-1.yaml", "link.log");
    return s->link > 0 && wait_for(s, "drone-1");
}

/* ---- what the daemons say of themselves ---- */

/* Unix time of "2026-05-04T13:20:00.123Z". */
static double time_of(const char *text)
{
    struct tm tm = {0};
    const char *rest = text != NULL ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    return rest == NULL ? 0 : (double)timegm(&tm) + strtod(rest, NULL);
}

static void read_log(struct setup *s, const char *name)
{
    char path[600];

    path_of(path, s, name);
    char *text = read_text(path, NULL);
    for (char *line = text; line != NULL && *line != 0;) {
        char *end = line + strcspn(line, "\n");
        json_t *o = json_loadb(line, (size_t)(end - line), 0, NULL);
        const char *event = json_string_value(json_object_get(o, "event"));
        if (event != NULL && (strcmp(event, "rotation") == 0 || strcmp(event, "next-key") == 0) &&
            s->n_switches < SWITCHES)
            s->switches[s->n_switches++] = time_of(json_string_value(json_object_get(o, "ts")));
        json_decref(o);
        line = *end == 0 ? end : end + 1;
    }
    free(text);
}

bool setup_in_rotation(const struct setup *s, double at)
{
    for (unsigned i = 0; i < s->n_switches; i++)
        if (fabs(s->switches[i] - at) < 0.1)
            return true;
    return false;
}

static unsigned number(json_t *o, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(o, name));
}

void setup_sample(struct setup *s)
{
    json_t *state = status(s, "fleet/links/drone-1.yaml");
    json_t *peer = json_array_get(json_object_get(state, "peers"), 0);
    json_t *rotations = json_object_get(peer, "rotations");

    s->handshake_ms = (double)number(peer, "handshake_us") / 1000;
    s->handshake_bytes = number(peer, "handshake_bytes");
    s->by_bytes = number(rotations, "bytes");
    s->by_time = number(rotations, "time");
    s->ratchets = number(peer, "ratchets");
    json_decref(state);
    s->gateway_rss_kib = process_rss_kib(s->gateway);
    s->gateway_cpu = process_cpu_seconds(s->gateway);
    read_log(s, "gateway.log");
    read_log(s, "link.log");
}

/* ---- attacks ---- */

static unsigned drops(const struct setup *s, const char *counter)
{
    json_t *state = status(s, "fleet/head2.yaml");
    unsigned n = number(json_object_get(state, "drops"), counter);

    json_decref(state);
    return n;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    return a;
}

/* The second drone's packets pass through here. One long enough to be telemetry is kept. */
struct relay {
    int near, far; /* towards the drone, towards the gateway */
    struct sockaddr_in drone, gateway;
    uint8_t kept[2048];
    size_t kept_len;
    uint64_t passed;
};

static void relay_once(struct relay *r, int wait_ms)
{
    struct pollfd p[2] = {
        {r->near, POLLIN, 0},
        {r->far,  POLLIN, 0}
    };
    uint8_t buf[2048];
    ssize_t n;

    if (poll(p, 2, wait_ms) <= 0)
        return;
    socklen_t len = sizeof r->drone;
    while ((n = recvfrom(r->near, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&r->drone,
                         &len)) >= 0) {
        r->passed++;
        if (n == 28 + 77) { /* the length of the message that setup_attack sends */
            memcpy(r->kept, buf, (size_t)n);
            r->kept_len = (size_t)n;
        }
        if (sendto(r->far, buf, (size_t)n, 0, (struct sockaddr *)&r->gateway, sizeof r->gateway) <
            0)
            return;
    }
    while ((n = recv(r->far, buf, sizeof buf, MSG_DONTWAIT)) >= 0)
        if (sendto(r->near, buf, (size_t)n, 0, (struct sockaddr *)&r->drone, sizeof r->drone) < 0)
            return;
}

static void relay_for(struct relay *r, int ms)
{
    double end = now_s() + ms / 1000.0;

    while (now_s() < end)
        relay_once(r, 10);
}

void setup_attack(struct setup *s)
{
    struct relay r = {.gateway = loopback(s->port)};
    uint16_t any = 0;
    uint8_t message[77] = "position report of drone 2";
    struct sockaddr_in to = loopback(second_in);

    r.near = udp_socket(&relay_port, 1 << 20);
    r.far = udp_socket(&any, 1 << 20);
    s->second = start(s, "link", "fleet/links/drone-2.yaml", "link-2.log");
    for (int i = 0; i < 60 && r.kept_len == 0; i++) {
        relay_for(&r, 50);
        if (i > 4 &&
            sendto(r.near, message, sizeof message, 0, (struct sockaddr *)&to, sizeof to) < 0)
            break;
    }
    unsigned dup = drops(s, "DUP"), fail = drops(s, "AEAD_FAIL");
    if (r.kept_len != 0) {
        uint8_t bad[2048];
        ssize_t a =
            sendto(r.far, r.kept, r.kept_len, 0, (struct sockaddr *)&r.gateway, sizeof r.gateway);
        relay_for(&r, 100);
        s->replayed_refused = a > 0 && drops(s, "DUP") == dup + 1;
        memcpy(bad, r.kept, r.kept_len);
        bad[r.kept_len / 2] ^= 0x10; /* and a number of its own, so that it is not a replay */
        bad[11] ^= 0x40;
        a = sendto(r.far, bad, r.kept_len, 0, (struct sockaddr *)&r.gateway, sizeof r.gateway);
        relay_for(&r, 100);
        s->tampered_refused = a > 0 && drops(s, "AEAD_FAIL") == fail + 1;
    }
    close(r.near);
    close(r.far);
    process_stop(s->second, 2000);
    s->second = 0;
}

void setup_stop(struct setup *s)
{
    process_stop(s->second, 1000);
    process_stop(s->link, 2000);
    process_stop(s->gateway, 3000);
    s->gateway = s->link = s->second = 0;
}

/* ---- artifacts ---- */

/* One entry as the .mu file that an auditor is given, checked by the key alone. */
static bool check_receipt(struct setup *s, const char *ledger, const char *pub, json_int_t index)
{
    char number[24], file[600];
    struct stat st;

    snprintf(number, sizeof number, "%lld", (long long)index);
    path_of(file, s, "receipt.mu");
    unlink(file);
    if (head2(s, "receipts.txt", "receipt", "get", number, "--ledger", ledger, "--out", file,
              NULL) != 0 ||
        head2(s, "receipts.txt", "receipt", "check", file, "--key", pub, NULL) != 0 ||
        stat(file, &st) != 0)
        return false;
    s->receipts++;
    if ((size_t)st.st_size > s->receipt_bytes)
        s->receipt_bytes = (size_t)st.st_size;
    return true;
}

/* A ledger as a whole, and each of its receipts by itself. */
static bool check_ledger(struct setup *s, const char *name)
{
    char ledger[600], pub[700], out[600];

    path_of(ledger, s, name);
    path_of(out, s, "stats.json");
    snprintf(pub, sizeof pub, "%s/ledger.pub.pem", ledger);
    if (head2(s, "receipts.txt", "ledger", "verify", ledger, "--key", pub, NULL) != 0 ||
        head2(s, "stats.json", "ledger", "stats", "--ledger", ledger, "--json", NULL) != 0)
        return false;
    json_t *stats = json_load_file(out, 0, NULL);
    const json_int_t entries = json_integer_value(json_object_get(stats, "entries"));
    bool good = stats != NULL;
    for (json_int_t i = 0; i < entries; i++)
        good = check_receipt(s, ledger, pub, i) && good;
    json_decref(stats);
    return good;
}

static bool copy_file(const char *from, const char *to)
{
    size_t len;
    char *text = read_text(from, &len);
    FILE *f = text != NULL ? fopen(to, "w") : NULL;
    bool good = f != NULL && fwrite(text, 1, len, f) == len;

    free(text);
    return f != NULL && fclose(f) == 0 && good;
}

static void sign_path(struct setup *s, const char *gpx)
{
    char copy[600], key[600], pub[600], ledger[600];

    path_of(copy, s, "flight.gpx");
    path_of(key, s, "fleet/gateway.pem");
    path_of(pub, s, "fleet/gateway.pub.pem");
    path_of(ledger, s, "ledger");
    if (!copy_file(gpx, copy) ||
        head2(s, "sign.txt", "sign", "--key", key, "--ledger", ledger, copy, NULL) != 0)
        return;
    s->gpx_verified = head2(s, "verify.txt", "verify", "--key", pub, copy, NULL) == 0;
    FILE *f = fopen(copy, "r+");
    if (f == NULL)
        return;
    fseek(f, 700, SEEK_SET);
    int c = fgetc(f);
    fseek(f, 700, SEEK_SET);
    fputc(c == '1' ? '2' : '1', f);
    fclose(f);
    s->gpx_change_found = head2(s, "verify.txt", "verify", "--key", pub, copy, NULL) == 1;
}

static double per_call_ms(double begin, int calls)
{
    return (now_s() - begin) * 1000 / calls;
}

static void time_primitives(struct setup *s)
{
    struct head2_key *key, *kem;
    struct head2_secret32 ss;
    uint8_t sig[HEAD2_KEY_MAX_SIG], ct[HEAD2_KEY_MAX_CT], msg[64] = {0};
    size_t len = 0;
    bool good = true;

    double begin = now_s();
    if (head2_key_generate(&key, HEAD2_MLDSA_87) != HEAD2_OK)
        return;
    s->keygen_ms = per_call_ms(begin, 1);
    begin = now_s();
    for (uint8_t i = 0; i < 100; i++) {
        msg[0] = i;
        good = good && head2_key_sign(key, sig, &len, msg, 64, "flight", 6, false) == HEAD2_OK;
    }
    s->sign_ms = good ? per_call_ms(begin, 100) : INFINITY;
    begin = now_s();
    for (int i = 0; i < 100; i++)
        good = good && head2_key_verify(key, msg, 64, "flight", 6, sig, len) == HEAD2_OK;
    s->verify_ms = good ? per_call_ms(begin, 100) : INFINITY;
    head2_key_free(key);
    if (head2_key_generate(&kem, HEAD2_MLKEM_1024) != HEAD2_OK)
        return;
    begin = now_s();
    for (int i = 0; i < 100; i++)
        good = good && head2_key_encaps(kem, ct, &len, &ss) == HEAD2_OK;
    s->encaps_ms = good ? per_call_ms(begin, 100) : INFINITY;
    head2_wipe(&ss, sizeof ss);
    head2_key_free(kem);
}

void setup_artifacts(struct setup *s, const char *gpx)
{
    sign_path(s, gpx);
    const bool of_gateway = check_ledger(s, "fleet/state/ledger");
    s->receipts_verified = check_ledger(s, "ledger") && of_gateway; /* the signer's own */
    time_primitives(s);
}

void setup_remove(struct setup *s)
{
    const char *const argv[] = {"rm", "-rf", s->dir, NULL};
    process_run(argv, NULL, NULL);
}
