/*
 * What flies: video from ffmpeg, MAVLink telemetry and a spray log computed along the path, on
 * their way into the link's ports; and what comes out of the gateway, matched packet by packet.
 */
#include "flight.h"

#include "telemetry/gpx.h"
#include "telemetry/mavlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKET_BUFFER (8 << 20)
#define NOZZLES       4

/* FNV-1a: tells packets apart; what protects them is under test, not this. */
static uint32_t hash_of(const uint8_t *p, size_t len)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 16777619u;
    return h;
}

static bool stream_open(struct stream *s, uint32_t room)
{
    s->sample = calloc(room, sizeof *s->sample);
    s->room = room;
    return s->sample != NULL;
}

/* Note a packet and give it to the link. */
static void send_packet(struct traffic *t, struct stream *s, uint16_t port, const uint8_t *p,
                        size_t len)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    uint32_t i = s->sent;

    if (i == s->room)
        return;
    s->sample[i].hash = hash_of(p, len);
    s->sample[i].len = (uint16_t)len;
    s->sample[i].latency = -1;
    s->sample[i].at = wall_s();
    s->sent = i + 1;
    while (sendto(t->out_fd, p, len, 0, (struct sockaddr *)&to, sizeof to) < 0 &&
           (errno == EAGAIN || errno == ENOBUFS))
        sleep_ms(1);
}

/* Find the packet among those that are still missing, the oldest first. */
static void take_packet(struct stream *s, const uint8_t *p, size_t len, double at)
{
    uint32_t h = hash_of(p, len), sent = s->sent;

    while (s->low < sent && s->sample[s->low].copies != 0)
        s->low++;
    for (uint32_t i = s->low; i < sent; i++) {
        struct sample *x = &s->sample[i];
        if (x->hash != h || x->len != len || x->copies != 0)
            continue;
        x->latency = at - x->at;
        x->copies++;
        s->arrived++;
        return;
    }
    s->strange++;
}

/* ---- into the link ---- */

static void *video_main(void *arg)
{
    struct traffic *t = arg;
    uint8_t buf[2048];

    while (!t->stop_video) {
        struct pollfd p = {.fd = t->rtp_fd, .events = POLLIN};
        if (poll(&p, 1, 100) <= 0)
            continue;
        ssize_t n = recv(t->rtp_fd, buf, sizeof buf, 0);
        if (n > 0 && n <= PAYLOAD_MAX)
            send_packet(t, &t->video, t->video_in, buf, (size_t)n);
    }
    return NULL;
}

static void state_at(const struct traffic *t, double s, struct mavlink_state *m)
{
    struct gpx_point a = gpx_at(t->path, s), b = gpx_at(t->path, s + 0.5);
    double north = (b.lat - a.lat) * 111320, east = (b.lon - a.lon) * 89220;
    double heading = atan2(east, north);

    memset(m, 0, sizeof *m);
    m->boot_ms = (uint32_t)(s * 1000) + 60000;
    m->lat_e7 = (int32_t)lround(a.lat * 1e7);
    m->lon_e7 = (int32_t)lround(a.lon * 1e7);
    m->alt_mm = (int32_t)lround(a.ele * 1000);
    m->relative_alt_mm = m->alt_mm - 61500;
    m->vn_cms = (int16_t)lround(north * 200);
    m->ve_cms = (int16_t)lround(east * 200);
    m->heading_cdeg = (uint16_t)lround((heading < 0 ? heading + 2 * M_PI : heading) * 18000 / M_PI);
    m->yaw = (float)heading;
    m->pitch = -0.12f;
    m->roll = 0.02f * (float)sin(s);
    m->battery_mv = (uint16_t)(51800 - s * 21);
    m->battery_ca = 6800;
    m->battery_percent = (int8_t)(96 - s / 3);
}

static void send_telemetry(struct traffic *t, struct mavlink_source *from, double s, unsigned tick)
{
    uint8_t f[MAVLINK_MAX_FRAME];
    struct mavlink_state m;

    state_at(t, s, &m);
    float bar = 3.1f + 0.15f * (float)sin(s * 1.7);
    float flow = 2.4f * sqrtf(bar / 3.0f);
    if (tick % 10 == 0)
        send_packet(t, &t->telemetry, t->telemetry_in, f, mavlink_heartbeat(f, from));
    send_packet(t, &t->telemetry, t->telemetry_in, f, mavlink_gps_raw(f, from, &m));
    send_packet(t, &t->telemetry, t->telemetry_in, f, mavlink_position(f, from, &m));
    send_packet(t, &t->telemetry, t->telemetry_in, f, mavlink_attitude(f, from, &m));
    send_packet(t, &t->telemetry, t->telemetry_in, f, mavlink_sys_status(f, from, &m));
    send_packet(t, &t->telemetry, t->telemetry_in, f,
                mavlink_named_float(f, from, m.boot_ms, "noz_press", bar));
    send_packet(t, &t->telemetry, t->telemetry_in, f,
                mavlink_named_float(f, from, m.boot_ms, "noz_flow", flow));
    if (tick % 10 != 5)
        return;
    char line[200]; /* volume sprayed by each nozzle in this second, and the droplets' size */
    struct gpx_point at = gpx_at(t->path, s);
    int n = snprintf(line, sizeof line, "%.1f,%.7f,%.7f", s, at.lat, at.lon);
    for (unsigned nozzle = 0; nozzle < NOZZLES; nozzle++)
        n += snprintf(line + n, sizeof line - (size_t)n, ",%.2f",
                      (double)flow / NOZZLES / 60 * 1000 * (1 + 0.01 * nozzle));
    n += snprintf(line + n, sizeof line - (size_t)n, ",%.0f\n", 250 - 12 * (double)(bar - 3));
    fwrite(line, 1, (size_t)n, t->spray);
    send_packet(t, &t->logs, t->logs_in, (const uint8_t *)line, (size_t)n);
}

static void *telemetry_main(void *arg)
{
    struct traffic *t = arg;
    struct mavlink_source from = {1, 1, 0};

    for (unsigned tick = 0; !t->stop_telemetry; tick++) {
        double s = tick / 10.0;
        while (!t->stop_telemetry && now_s() < t->began + s)
            sleep_ms(2);
        send_telemetry(t, &from, s, tick);
    }
    return NULL;
}

void traffic_burst(struct traffic *t)
{
    uint8_t p[PAYLOAD_MAX] = "burst";
    double gap = PAYLOAD_MAX * 8.0 / (BURST_MBIT * 1e6), begin = now_s();

    for (uint32_t i = 0; now_s() < begin + BURST_SECONDS; i++) {
        put_be32(p + 8, i);
        while (now_s() < begin + i * gap)
            sleep_ms(1);
        send_packet(t, &t->burst, t->video_in, p, sizeof p);
    }
    sleep_ms(300);
}

/* ---- out of the gateway ---- */

static double kernel_time(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        struct timespec ts;
        memcpy(&ts, CMSG_DATA(c), sizeof ts);
        return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
    }
    return wall_s();
}

static ssize_t receive(int fd, uint8_t *buf, size_t room, double *at)
{
    char control[256];
    struct iovec iov = {buf, room};
    struct msghdr m = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);

    if (n >= 0)
        *at = kernel_time(&m);
    return n;
}

static void *sink_main(void *arg)
{
    struct traffic *t = arg;
    struct rtp_h264 rtp = {0};
    uint8_t buf[2048];

    /* the kernel notes when a packet arrives; looking at it can wait until the link has done its
     * work */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
    while (!t->stop_all) {
        struct pollfd p[3] = {
            {t->telemetry_fd, POLLIN, 0},
            {t->video_fd,     POLLIN, 0},
            {t->logs_fd,      POLLIN, 0}
        };
        double at;
        ssize_t n;
        if (poll(p, 3, 50) <= 0)
            continue;
        while ((n = receive(t->telemetry_fd, buf, sizeof buf, &at)) >= 0) {
            struct mavlink_frame f;
            if (mavlink_read(&f, buf, (size_t)n) == HEAD2_OK)
                take_packet(&t->telemetry, buf, (size_t)n, at);
            else
                t->telemetry.strange++;
        }
        while ((n = receive(t->logs_fd, buf, sizeof buf, &at)) >= 0)
            take_packet(&t->logs, buf, (size_t)n, at);
        while ((n = receive(t->video_fd, buf, sizeof buf, &at)) >= 0) {
            if (n >= 6 && memcmp(buf, "burst", 6) == 0) {
                take_packet(&t->burst, buf, (size_t)n, at);
                continue;
            }
            take_packet(&t->video, buf, (size_t)n, at);
            if (!rtp_h264_write(&rtp, t->received, buf, (size_t)n))
                t->video.strange++;
        }
    }
    return NULL;
}

bool traffic_open(struct traffic *t)
{
    uint16_t port = 0;

    t->out_fd = udp_socket(&port, 65536);
    t->rtp_fd = udp_socket(&t->rtp_port, SOCKET_BUFFER);
    return t->out_fd >= 0 && t->rtp_fd >= 0 && t->video_fd >= 0 && t->telemetry_fd >= 0 &&
           t->logs_fd >= 0 && stream_open(&t->video, 60000) && stream_open(&t->telemetry, 20000) &&
           stream_open(&t->logs, 1000) && stream_open(&t->burst, 20000);
}

bool traffic_start(struct traffic *t)
{
    t->began = now_s();
    return pthread_create(&t->sink_thread, NULL, sink_main, t) == 0 &&
           pthread_create(&t->video_thread, NULL, video_main, t) == 0 &&
           pthread_create(&t->telemetry_thread, NULL, telemetry_main, t) == 0;
}

void traffic_join(struct traffic *t)
{
    t->stop_video = t->stop_telemetry = true;
    pthread_join(t->video_thread, NULL);
    pthread_join(t->telemetry_thread, NULL);
    sleep_ms(200);
    t->stop_all = true;
    pthread_join(t->sink_thread, NULL);
}

void traffic_close(struct traffic *t)
{
    close(t->rtp_fd);
    close(t->out_fd);
    close(t->video_fd);
    close(t->telemetry_fd);
    close(t->logs_fd);
    free(t->video.sample);
    free(t->telemetry.sample);
    free(t->logs.sample);
    free(t->burst.sample);
}
