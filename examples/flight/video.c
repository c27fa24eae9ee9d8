/*
 * The video: made, streamed and decoded by ffmpeg. What is compared is the hash of every decoded
 * frame, of the file that was sent and of what came out at the far end.
 */
#include "flight.h"

#include <fcntl.h>
#include <stdlib.h>

static void path_in(char out[512], const char *dir, const char *name)
{
    snprintf(out, 512, "%s/%s", dir, name);
}

bool video_make(const char *dir)
{
    char mp4[512], log[512], md5[512], seconds[16];
    path_in(mp4, dir, "video.h264");
    path_in(log, dir, "ffmpeg.log");
    path_in(md5, dir, "sent.framemd5");
    snprintf(seconds, sizeof seconds, "%d", VIDEO_SECONDS);
    const char *const encode[] = {"ffmpeg",
                                  "-nostdin",
                                  "-y",
                                  "-loglevel",
                                  "error",
                                  "-f",
                                  "lavfi",
                                  "-i",
                                  "testsrc2=size=1920x1080:rate=30",
                                  "-f",
                                  "lavfi",
                                  "-i",
                                  "mandelbrot=size=480x270:rate=30",
                                  "-filter_complex",
                                  "[0][1]overlay=W-w-40:H-h-40,noise=alls=6:allf=t",
                                  "-t",
                                  seconds,
                                  "-c:v",
                                  "libx264",
                                  "-preset",
                                  "ultrafast",
                                  "-tune",
                                  "zerolatency",
                                  "-pix_fmt",
                                  "yuv420p",
                                  "-g",
                                  "30",
                                  "-b:v",
                                  "6M",
                                  "-maxrate",
                                  "6M",
                                  "-bufsize",
                                  "1M",
                                  "-f",
                                  "h264",
                                  mp4,
                                  NULL};
    const char *const hash[] = {"ffmpeg", "-nostdin", "-y",       "-loglevel", "error", "-i",
                                mp4,      "-f",       "framemd5", md5,         NULL};

    return process_run(encode, log, log) == 0 && process_run(hash, log, log) == 0;
}

pid_t video_stream(const char *dir, uint16_t port)
{
    char mp4[512], log[512], url[64], sdp[512];
    path_in(mp4, dir, "video.h264");
    path_in(log, dir, "ffmpeg.log");
    path_in(sdp, dir, "video.sdp");
    snprintf(url, sizeof url, "rtp://127.0.0.1:%u?pkt_size=%d", port, PAYLOAD_MAX);
    const char *const argv[] = {"ffmpeg",     "-nostdin", "-loglevel", "error", "-re",
                                "-framerate", "30",       "-i",        mp4,     "-c",
                                "copy",       "-f",       "rtp",       url,     NULL};

    return process_start(argv, sdp, log);
}

int video_receive(const char *dir)
{
    char path[512];
    path_in(path, dir, "received.h264");
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

bool video_decode(const char *dir)
{
    char received[512], md5[512], log[512];
    path_in(received, dir, "received.h264");
    path_in(md5, dir, "decoded.framemd5");
    path_in(log, dir, "ffmpeg.log");
    const char *const argv[] = {"ffmpeg", "-nostdin", "-y", "-loglevel", "error", "-f", "h264",
                                "-i",     received,   "-f", "framemd5",  md5,     NULL};

    return process_run(argv, log, log) == 0;
}

/* The next frame's hash in a framemd5 file: the last field of a line that is no comment. */
static bool next_hash(const char **at, char out[33])
{
    while (**at != 0) {
        const char *end = *at + strcspn(*at, "\n");
        const char *from = end;
        bool frame = **at != '#' && end > *at;
        while (from > *at && from[-1] != ' ' && from[-1] != ',')
            from--;
        bool hash = frame && end - from == 32;
        if (hash) {
            memcpy(out, from, 32);
            out[32] = 0;
        }
        *at = *end == 0 ? end : end + 1;
        if (hash)
            return true;
    }
    return false;
}

void video_compare(const char *dir, unsigned *sent, unsigned *decoded, unsigned *same)
{
    char path[512], a[33], b[33];
    path_in(path, dir, "sent.framemd5");
    char *first = read_text(path, NULL);
    path_in(path, dir, "decoded.framemd5");
    char *second = read_text(path, NULL);
    const char *x = first != NULL ? first : "", *y = second != NULL ? second : "";
    bool more_a, more_b;

    *sent = *decoded = *same = 0;
    do {
        more_a = next_hash(&x, a);
        more_b = next_hash(&y, b);
        *sent += more_a;
        *decoded += more_b;
        *same += more_a && more_b && strcmp(a, b) == 0;
    } while (more_a || more_b);
    free(first);
    free(second);
}
