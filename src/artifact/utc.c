/*
 * Calendar arithmetic on the proleptic Gregorian calendar, by whole days since 1970-01-01.
 */
#include "artifact/utc.h"

#include <stdio.h>
#include <time.h>

#define DAY_MS 86400000u

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

/* Days from 1970-01-01 to the first of January of year. */
static uint64_t days_before(unsigned year)
{
    const unsigned y = year - 1;
    return (uint64_t)y * 365 + y / 4 - y / 100 + y / 400 - 719162u;
}

void utc_format(char out[UTC_BYTES + 1], uint64_t ms)
{
    HEAD2_REQUIRES(ms <= UTC_MAX);
    uint64_t day = ms / DAY_MS;
    const unsigned in_day = (unsigned)(ms % DAY_MS);
    unsigned year = 1970 + (unsigned)(day / 366), month = 1;

    while (year < 9999 && days_before(year + 1) <= day)
        year++;
    day -= days_before(year);
    while (day >= month_days(year, month))
        day -= month_days(year, month++);
    char text[80];
    snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", year, month,
             (unsigned)day + 1, in_day / 3600000, in_day / 60000 % 60, in_day / 1000 % 60,
             in_day % 1000);
    memcpy(out, text, UTC_BYTES);
    out[UTC_BYTES] = 0;
}

/* The number that text holds where form has '#'; false when it differs from form elsewhere. */
static bool matches(const char *text, const char *form, unsigned numbers[7])
{
    size_t n = 0;

    for (size_t i = 0; form[i] != 0; i++) {
        if (form[i] != '#' && text[i] != form[i])
            return false;
        if (form[i] == '#' && (text[i] < '0' || text[i] > '9'))
            return false;
        if (form[i] == '#')
            numbers[n] = numbers[n] * 10 + (unsigned)(text[i] - '0');
        else
            n++;
    }
    return true;
}

static enum head2_status parse(uint64_t *ms, const char *text, size_t len, const char *form)
{
    unsigned v[8] = {0};

    if (len != strlen(form) || !matches(text, form, v))
        return HEAD2_E_MALFORMED;
    if (v[0] < 1970 || v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > month_days(v[0], v[1]) ||
        v[3] > 23 || v[4] > 59 || v[5] > 59)
        return HEAD2_E_MALFORMED;
    uint64_t day = days_before(v[0]) + v[2] - 1;
    for (unsigned m = 1; m < v[1]; m++)
        day += month_days(v[0], m);
    *ms = day * DAY_MS + ((v[3] * 60ull + v[4]) * 60 + v[5]) * 1000 + v[6];
    return HEAD2_OK;
}

enum head2_status utc_parse(uint64_t *ms, const char *text, size_t len)
{
    return parse(ms, text, len, "####-##-##T##:##:##.###Z");
}

enum head2_status utc_parse_human(uint64_t *ms, const char *text, size_t len)
{
    if (utc_parse(ms, text, len) == HEAD2_OK)
        return HEAD2_OK;
    if (parse(ms, text, len, "####-##-##T##:##:##Z") == HEAD2_OK)
        return HEAD2_OK;
    return parse(ms, text, len, "####-##-##");
}

uint64_t utc_now(void)
{
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
        return 0;
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    return ms < UTC_MAX ? ms : UTC_MAX;
}
