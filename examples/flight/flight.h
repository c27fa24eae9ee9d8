/*
 * The flight: what its parts share. main.c is the story; process.c starts programs, rtp.c and
 * video.c make and check the video, traffic.c sends and receives, report.c prints what held.
 */
#ifndef HEAD2_EXAMPLES_FLIGHT_H
#define HEAD2_EXAMPLES_FLIGHT_H

#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/types.h>

#define VIDEO_SECONDS  20
#define TAIL_SECONDS   10
#define FRAMES         (VIDEO_SECONDS * 30)
#define PAYLOAD_MAX    1172 /* what one packet carries at a path of 1,200 bytes */
#define ROTATE_SECONDS 8
#define ROTATE_BYTES   3000000
#define BURST_MBIT     48
#define BURST_SECONDS  2

/* ---- process.c ---- */

/* Start a program; its output goes to the named files (NULL: inherited). -1 when it cannot start.
 */
pid_t process_start(const char *const argv[], const char *out, const char *err);
/* Run a program to its end, output to a file; its exit status, or -1. */
int process_run(const char *const argv[], const char *out, const char *err);
/* Ask it to end, wait up to ms milliseconds, then insist. The exit status, or -1. */
int process_stop(pid_t pid, int ms);
bool process_alive(pid_t pid);
uint64_t process_rss_kib(pid_t pid);
double process_cpu_seconds(pid_t pid);
/* The whole of a file, zero-terminated, to be freed; NULL when it cannot be read. */
char *read_text(const char *path, size_t *len);

double now_s(void);  /* CLOCK_BOOTTIME */
double wall_s(void); /* CLOCK_REALTIME, as kernel timestamps have it */
void sleep_ms(int ms);
int udp_socket(uint16_t *port, int buffer); /* bound to 127.0.0.1; *port 0 picks one */
uint16_t udp_free_port(void);

/* ---- traffic.c ---- */

struct sample {
    double at;      /* wall clock when it entered the link */
    double latency; /* seconds to the far socket, < 0: never arrived */
    uint32_t hash;
    uint16_t len;
    uint8_t copies; /* times it was delivered */
};

struct stream { /* one lane's packets, in the order they were sent */
    struct sample *sample;
    uint32_t room;
    uint32_t low; /* everything before it has arrived */
    _Atomic uint32_t sent;
    _Atomic uint32_t arrived;
    _Atomic uint32_t strange; /* deliveries that match nothing sent */
};

struct traffic {
    uint16_t video_in, telemetry_in, logs_in; /* ports of the link */
    uint16_t rtp_port;                        /* where ffmpeg sends to */
    int rtp_fd, out_fd, video_fd, telemetry_fd, logs_fd;
    int received; /* where the video goes, for ffmpeg to decode */
    struct stream video, telemetry, logs, burst;
    struct gpx_path *path;
    FILE *spray; /* the log as it was sent */
    _Atomic bool stop_video, stop_telemetry, stop_all;
    pthread_t video_thread, telemetry_thread, sink_thread;
    double began;
};

bool traffic_open(struct traffic *t);
bool traffic_start(struct traffic *t);
void traffic_burst(struct traffic *t);
void traffic_join(struct traffic *t);
void traffic_close(struct traffic *t);

/* ---- rtp.c ---- */

struct rtp_h264 {
    bool in_fragment;
};

/* Take one RTP packet of an H.264 stream (RFC 6184) apart and write its NAL units, in Annex B form,
 * to fd. False when the packet is not one. */
bool rtp_h264_write(struct rtp_h264 *r, int fd, const uint8_t *packet, size_t len);

/* ---- video.c ---- */

bool video_make(const char *dir);
pid_t video_stream(const char *dir, uint16_t port);
/* The file that the far end writes the stream to, and its decoding when the flight is over: on one
 * machine a decoder beside the link would be measured as the link's delay. */
int video_receive(const char *dir);
bool video_decode(const char *dir);
/* Compare frame hashes of what was sent and what was decoded. */
void video_compare(const char *dir, unsigned *sent, unsigned *decoded, unsigned *same);

/* ---- report.c ---- */

struct moments {
    double median, p99, worst;
    uint32_t n;
};

struct moments moments_of(double *values, uint32_t n);
void report_title(const char *text);
/* One row: what, the figure, the seed's figure (NULL: it has none), and whether it is met. */
void report(bool met, const char *what, const char *seed, const char *fmt, ...) HEAD2_PRINTF(4, 5);
/* The same for a time: shown and, while other work runs on this machine, not judged. */
void report_time(bool met, const char *what, const char *seed, const char *fmt, ...)
    HEAD2_PRINTF(4, 5);
/* A figure that is not judged, and why. */
void report_noted(const char *what, const char *seed, const char *note, const char *fmt, ...)
    HEAD2_PRINTF(4, 5);
void report_busy(void);
unsigned report_failures(void);
void progress(const char *fmt, ...) HEAD2_PRINTF(1, 2);

#endif
