/*
 * CRC-16/MCRF4XX, the checksum of MAVLink frames. It finds accidents, and keeps nobody out.
 */
#ifndef HEAD2_BASE_CRC16_H
#define HEAD2_BASE_CRC16_H

#include "base/base.h"

#define CRC16_START 0xffff

static inline uint16_t crc16_add(uint16_t crc, uint8_t byte)
{
    uint8_t t = (uint8_t)(byte ^ (uint8_t)crc);

    t = (uint8_t)(t ^ (uint8_t)(t << 4));
    return (uint16_t)((crc >> 8) ^ (unsigned)t << 8 ^ (unsigned)t << 3 ^ t >> 4);
}

/* A MAVLink frame's checksum: everything behind the magic byte, then the message's CRC_EXTRA. */
static inline uint16_t crc16_mavlink(const uint8_t *frame, size_t len, uint8_t extra)
{
    uint16_t crc = CRC16_START;

    for (size_t i = 1; i < len; i++)
        crc = crc16_add(crc, frame[i]);
    return crc16_add(crc, extra);
}

#endif
