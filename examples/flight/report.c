/*
 * Figures and the table in which they are shown.
 */
#include "flight.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned failures;
static bool busy;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct moments moments_of(double *values, uint32_t n)
{
    struct moments m = {0, 0, 0, n};

    if (n == 0)
        return m;
    qsort(values, n, sizeof *values, by_value);
    m.median = values[n / 2];
    m.p99 = values[(uint64_t)n * 99 / 100];
    m.worst = values[n - 1];
    return m;
}

static const char *colour(const char *code)
{
    return isatty(1) && getenv("NO_COLOR") == NULL ? code : "";
}

void report_title(const char *text)
{
    printf("\n%s%s%s\n", colour("\033[1m"), text, colour("\033[0m"));
}

static void row(const char *what, const char *seed, const char *verdict, const char *code,
                const char *fmt, va_list ap)
{
    char figure[128];

    vsnprintf(figure, sizeof figure, fmt, ap);
    printf("  %-37s %-36s %-24s %s%s%s\n", what, figure, seed != NULL ? seed : "", colour(code),
           verdict, colour("\033[0m"));
}

static void judged(bool met, const char *what, const char *seed, const char *fmt, va_list ap)
{
    row(what, seed, met ? "met" : "NOT MET", met ? "\033[32m" : "\033[31m", fmt, ap);
    failures += !met;
}

void report(bool met, const char *what, const char *seed, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    judged(met, what, seed, fmt, ap);
    va_end(ap);
}

void report_time(bool met, const char *what, const char *seed, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    if (busy)
        row(what, seed, "not judged", "", fmt, ap);
    else
        judged(met, what, seed, fmt, ap);
    va_end(ap);
}

void report_noted(const char *what, const char *seed, const char *note, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    row(what, seed, note, "", fmt, ap);
    va_end(ap);
}

void report_busy(void)
{
    busy = true;
}

unsigned report_failures(void)
{
    return failures;
}

void progress(const char *fmt, ...)
{
    va_list ap;

    if (!isatty(2))
        return;
    fputs("\r\033[K", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fflush(stderr);
}
