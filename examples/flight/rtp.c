/*
 * RTP packets of H.264 video back into a byte stream (RFC 3550, RFC 6184: single NAL units,
 * STAP-A and FU-A).
 */
#include "flight.h"

#include <unistd.h>

static const uint8_t start_code[4] = {0, 0, 0, 1};

static bool put(int fd, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;

    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool put_nal(int fd, const uint8_t *nal, size_t len)
{
    return put(fd, start_code, sizeof start_code) && put(fd, nal, len);
}

static bool put_stap(int fd, const uint8_t *p, size_t len)
{
    while (len >= 2) {
        size_t n = be16(p);
        if (n == 0 || n + 2 > len || !put_nal(fd, p + 2, n))
            return false;
        p += n + 2;
        len -= n + 2;
    }
    return len == 0;
}

bool rtp_h264_write(struct rtp_h264 *r, int fd, const uint8_t *packet, size_t len)
{
    if (len < 14 || packet[0] >> 6 != 2)
        return false;
    size_t head = 12 + 4 * (size_t)(packet[0] & 15);
    if ((packet[0] & 0x30) != 0 || len < head + 2) /* neither padding nor extensions are sent */
        return false;
    const uint8_t *nal = packet + head;
    size_t n = len - head;
    switch (nal[0] & 31) {
    case 24:
        return put_stap(fd, nal + 1, n - 1);
    case 28: {
        bool first = nal[1] & 0x80, last = nal[1] & 0x40;
        uint8_t type = (uint8_t)((nal[0] & 0xe0) | (nal[1] & 31));
        if (first != !r->in_fragment)
            return false;
        r->in_fragment = !last;
        if (first && !(put(fd, start_code, sizeof start_code) && put(fd, &type, 1)))
            return false;
        return put(fd, nal + 2, n - 2);
    }
    default:
        return put_nal(fd, nal, n);
    }
}
