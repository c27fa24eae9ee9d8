/*
 * Prefixes against a plain definition of "longest prefix", their texts, and what is looked at of an
 * IP packet.
 */
#include "check.h"

#include "gateway/tun.h"

static uint64_t seed = 20261122;

static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % n;
}

static void texts(void)
{
    static const struct {
        const char *text, *as;
        bool host, good;
    } cases[] = {
        {"10.77.0.2/32",    "10.77.0.2/32", false, true },
        {"10.77.0.2",       "10.77.0.2/32", false, true },
        {"10.77.0.0/24",    "10.77.0.0/24", false, true },
        {"0.0.0.0/0",       "0.0.0.0/0",    false, true },
        {"fd77::/64",       "fd77::/64",    false, true },
        {"::/0",            "::/0",         false, true },
        {"fd77::1",         "fd77::1/128",  false, true },
        {"10.77.0.1/24",    "10.77.0.1/24", true,  true },
        {"fd77::1/64",      "fd77::1/64",   true,  true },
        {"10.77.0.1/24",    NULL,           false, false},
        {"fd77::1/64",      NULL,           false, false},
        {"10.77.0.0/33",    NULL,           false, false},
        {"fd77::/129",      NULL,           false, false},
        {"10.77.0.0/",      NULL,           false, false},
        {"10.77.0.0/08",    NULL,           false, false},
        {"10.77.0.0/-1",    NULL,           false, false},
        {"10.77.0.0/2 4",   NULL,           false, false},
        {"10.77.0/24",      NULL,           false, false},
        {"10.77.0.0.0/24",  NULL,           false, false},
        {"::ffff:10.0.0.1", NULL,           false, false},
        {"name/24",         NULL,           false, false},
        {"",                NULL,           false, false},
        {"/24",             NULL,           false, false},
    };

    for (size_t i = 0; i < HEAD2_LEN(cases); i++) {
        struct prefix p = {.peer = 0};
        char text[PREFIX_TEXT];
        CHECK_SAY(prefix_parse(&p, cases[i].text, cases[i].host) == cases[i].good, "%s",
                  cases[i].text);
        if (!cases[i].good)
            continue;
        prefix_text(text, &p);
        CHECK_SAY(strcmp(text, cases[i].as) == 0, "%s is %s", cases[i].text, text);
    }
}

static bool holds(const struct prefix *p, const uint8_t ip[16])
{
    for (unsigned bit = 0; bit < p->bits; bit++)
        if (((p->ip[bit / 8] ^ ip[bit / 8]) >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

static void longest_wins(void)
{
    for (unsigned round = 0; round < 200; round++) {
        const uint32_t n = below(60);
        struct prefix *list = calloc(n + 1, sizeof *list), plain[60];
        const struct prefix *twice;
        struct prefixes p;
        CHECK(list != NULL);
        for (uint32_t i = 0; i < n; i++) {
            /* few different bits, so that prefixes hold each other */
            struct prefix *x = &list[i];
            x->bits = (uint8_t)(below(8) * 16 + below(2));
            x->peer = i;
            for (unsigned bit = 0; bit < x->bits; bit++)
                if (below(8) == 0)
                    x->ip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
        }
        memcpy(plain, list, n * sizeof *list);
        (void)prefixes_build(&p, list, n, &twice);
        for (unsigned k = 0; k < 200; k++) {
            uint8_t ip[16] = {0};
            int bits = -1;
            for (unsigned bit = 0; bit < 128; bit++)
                if (below(8) == 0)
                    ip[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
            if (n != 0 && below(2) == 0)
                memcpy(ip, plain[below(n)].ip, 16);
            for (uint32_t i = 0; i < n; i++)
                if (holds(&plain[i], ip) && plain[i].bits > bits)
                    bits = plain[i].bits;
            const uint32_t found = prefixes_find(&p, ip);
            CHECK((found == PREFIX_NOBODY) == (bits < 0));
            if (bits >= 0)
                CHECK(plain[found].bits == bits && holds(&plain[found], ip));
        }
        prefixes_free(&p);
    }
}

static void twice(void)
{
    struct prefix *list = calloc(3, sizeof *list);
    const struct prefix *found;
    struct prefixes p;

    CHECK(list != NULL && prefix_parse(&list[0], "10.0.0.0/8", false) &&
          prefix_parse(&list[1], "10.0.0.0/9", false) &&
          prefix_parse(&list[2], "10.0.0.0/8", false));
    CHECK(!prefixes_build(&p, list, 3, &found) && found->bits == 104);
    prefixes_free(&p);
}

static void packets(void)
{
    static const uint8_t lanes[][2] = {
        {46, 0},
        {48, 0},
        {34, 1},
        {36, 1},
        {38, 1},
        {0,  2},
        {8,  2},
        {26, 2},
        {63, 2}
    };
    uint8_t v4[60] = {0x45, 0, 0, 60}, v6[80] = {0x60, 0, 0, 0, 0, 40};
    struct tun_packet p;

    memcpy(v4 + 12, "\x0a\x4d\x00\x01\x0a\x4d\x00\x02", 8);
    v6[8] = v6[24] = 0xfd;
    v6[23] = 1;
    v6[39] = 2;
    for (size_t i = 0; i < HEAD2_LEN(lanes); i++) {
        v4[1] = (uint8_t)(lanes[i][0] << 2 | 1);
        v6[0] = (uint8_t)(0x60 | lanes[i][0] >> 2);
        v6[1] = (uint8_t)(lanes[i][0] << 6 | 0x1f);
        CHECK(tun_look(&p, v4, 60) && !p.v6 && p.lane == lanes[i][1]);
        CHECK(memcmp(p.source + 10, "\xff\xff\x0a\x4d\x00\x01", 6) == 0 && p.destination[15] == 2);
        CHECK(tun_look(&p, v6, 80) && p.v6 && p.lane == lanes[i][1]);
        CHECK(p.source[0] == 0xfd && p.source[15] == 1 && p.destination[15] == 2);
    }
    for (size_t len = 0; len < 100; len++) {
        uint8_t longer[100] = {0};
        memcpy(longer, v4, len < 60 ? len : 60);
        CHECK(tun_look(&p, longer, len) == (len == 60)); /* cut short, or with something behind */
        memcpy(longer, v6, len < 80 ? len : 80);
        CHECK(tun_look(&p, longer, len) == (len == 80));
    }
    v4[0] = 0x44; /* a header of 16 bytes */
    CHECK(!tun_look(&p, v4, 60));
    v4[0] = 0x55;
    CHECK(!tun_look(&p, v4, 60));
}

int main(void)
{
    RUN(texts);
    RUN(longest_wins);
    RUN(twice);
    RUN(packets);
    return check_failures != 0;
}
