/*
 * What head2 bench shows: the table on a terminal, JSON, the comparison with an earlier run, and
 * the page with its plot.
 */
#include "artifact/file.h"
#include "artifact/utc.h"
#include "cli/bench.h"

#include <head2/cpu.h>
#include <head2/version.h>

#include <limits.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* ---- the table ---- */

static void head_line(struct bench *b)
{
    if (b->headed)
        return;
    b->headed = true;
    cli_print(b->cli, "head2 %s, one core, up to %s; yardstick: libcrypto %s; AES-GCM: %s\n",
              head2_version(), b->highest, OpenSSL_version(OPENSSL_VERSION_STRING), b->aead);
    cli_print(b->cli, "%-42s %-8s %10s %10s %10s %11s %10s %9s\n", "", "isa", "us", "p50 us",
              "p99 us", "per second", "cycles", "yardstick");
}

void bench_print(struct bench *b, const struct bench_result *r)
{
    if (b->cli->json)
        return;
    head_line(b);
    cli_print(b->cli, "%-42s %-8s %10.2f %10.2f %10.2f %11.0f %10.0f %9.3f", r->name, r->isa, r->us,
              r->p50, r->p99, 1e6 / r->us, r->cycles, r->yardsticks);
    if (r->unit != NULL)
        cli_print(b->cli, "   %.1f %s", r->extra, r->unit);
    else if (r->bytes > 0)
        cli_print(b->cli, "   %.2f cycles/byte", r->cycles / r->bytes);
    cli_print(b->cli, "\n");
}

/* ---- JSON and comparison ---- */

json_t *bench_json(const struct bench *b)
{
    json_t *rows = json_array();

    for (uint32_t i = 0; i < b->n_results; i++) {
        const struct bench_result *r = &b->results[i];
        json_t *o =
            json_pack("{s:s,s:s,s:I,s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:f}", "name", r->name, "isa",
                      r->isa, "samples", (json_int_t)r->samples, "us", r->us, "median_us", r->p50,
                      "p90_us", r->p90, "p99_us", r->p99, "mean_us", r->mean, "per_second",
                      1e6 / r->us, "cycles", r->cycles, "yardsticks", r->yardsticks);
        if (r->bytes > 0)
            json_object_set_new(o, "bytes", json_real(r->bytes));
        if (r->unit != NULL)
            json_object_set_new(o, r->unit, json_real(r->extra));
        json_array_append_new(rows, o);
    }
    return json_pack("{s:s,s:s,s:s,s:o}", "isa", b->highest, "version", head2_version(),
                     "libcrypto", OpenSSL_version(OPENSSL_VERSION_STRING), "rows", rows);
}

/* The yardsticks of a row of an earlier run; 0 when it has no such row. */
static double earlier(const json_t *rows, const struct bench_result *r)
{
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        const char *isa = json_string_value(json_object_get(row, "isa"));
        if (name != NULL && isa != NULL && strcmp(name, r->name) == 0 && strcmp(isa, r->isa) == 0)
            return json_number_value(json_object_get(row, "yardsticks"));
    }
    return 0;
}

int bench_read_earlier(struct bench *b, const char *file)
{
    json_error_t error;

    b->earlier = json_load_file(file, 0, &error);
    if (json_is_array(json_object_get(b->earlier, "rows")))
        return CLI_DONE;
    if (b->earlier == NULL && error.line > 0)
        return cli_fail(b->cli, CLI_INPUT, file, "give what 'head2 bench --json' printed",
                        "line %d: %s", error.line, error.text);
    return cli_fail(b->cli, CLI_INPUT, file, "give what 'head2 bench --json' printed", "%s",
                    b->earlier == NULL ? "it cannot be read" : "it has no rows");
}

int bench_compare(struct bench *b, const char *file, double tolerance)
{
    const json_t *rows = json_object_get(b->earlier, "rows");
    unsigned slower = 0, compared = 0;

    if (!b->cli->json)
        cli_print(b->cli, "\n%-42s %-8s %9s %9s\n", "compared with the earlier run", "isa",
                  "yardstick", "change");
    for (uint32_t i = 0; i < b->n_results; i++) {
        const struct bench_result *r = &b->results[i];
        const double before = earlier(rows, r);
        if (!(before > 0) || !(r->yardsticks > 0))
            continue;
        const double change = 100 * (r->yardsticks / before - 1);
        compared++;
        slower += change > tolerance;
        if (!b->cli->json)
            cli_print(b->cli, "%-42s %-8s %9.3f %+8.1f%%%s\n", r->name, r->isa, r->yardsticks,
                      change, change > tolerance ? "  slower" : "");
    }
    if (compared == 0)
        return cli_fail(b->cli, CLI_INPUT, file, "compare runs of the same rows",
                        "it has no row in common with this run");
    if (slower != 0)
        return cli_fail(b->cli, CLI_FAILED, "bench",
                        "look at the rows marked slower, or permit it with --tolerance",
                        "%u of %u rows are slower than in %s by more than %.0f %%", slower,
                        compared, file, tolerance);
    return CLI_DONE;
}

/* ---- the page ---- */

struct text {
    char *p;
    size_t len, cap;
    bool failed;
};

HEAD2_PRINTF(2, 3)
static void put(struct text *t, const char *fmt, ...)
{
    for (unsigned attempt = 0; attempt < 2 && !t->failed; attempt++) {
        va_list ap;
        va_start(ap, fmt);
        const int n = vsnprintf(t->p + t->len, t->cap - t->len, fmt, ap);
        va_end(ap);
        if (n < 0) {
            t->failed = true;
        } else if (t->len + (size_t)n < t->cap) {
            t->len += (size_t)n;
            return;
        } else {
            const size_t cap = t->cap + (size_t)n + 65536;
            char *p = realloc(t->p, cap);
            t->failed = p == NULL;
            t->p = p != NULL ? p : t->p;
            t->cap = p != NULL ? cap : t->cap;
        }
    }
}

static void processor(char *out, size_t cap)
{
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];

    snprintf(out, cap, "unknown processor");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        snprintf(out, cap, "%s", colon + 1 + (colon[1] == ' '));
        out[strcspn(out, "\n")] = 0;
        break;
    }
    if (f != NULL)
        fclose(f);
}

static const struct bench_result *find(const struct bench *b, const char *name, const char *isa)
{
    for (uint32_t i = 0; i < b->n_results; i++)
        if (strcmp(b->results[i].name, name) == 0 &&
            (isa == NULL || strcmp(b->results[i].isa, isa) == 0))
            return &b->results[i];
    return NULL;
}

static void table(struct text *t, const struct bench *b)
{
    char cpu[128], now[UTC_BYTES + 1];
    struct utsname system;

    processor(cpu, sizeof cpu);
    utc_format(now, utc_now());
    if (uname(&system) != 0)
        memset(&system, 0, sizeof system);
    put(t,
        "Measured on %.10s by `make bench`: %s (%s), %s %s, one core, head2 %s built with %s, "
        "libcrypto %s, AES-GCM by %s.\n\n",
        now, cpu, b->highest, system.sysname, system.machine, head2_version(), __VERSION__,
        OpenSSL_version(OPENSSL_VERSION_STRING), b->aead);
    put(t, "| operation | instructions | µs | p99 µs | a second | cycles | yardsticks | |\n"
           "|---|---|---:|---:|---:|---:|---:|---|\n");
    for (uint32_t i = 0; i < b->n_results; i++) {
        const struct bench_result *r = &b->results[i];
        put(t, "| %s | %s | %.2f | %.2f | %.0f | %.0f | %.3f | ", r->name, r->isa, r->us, r->p99,
            1e6 / r->us, r->cycles, r->yardsticks);
        if (r->unit != NULL)
            put(t, "%.1f %s", r->extra, r->unit);
        else if (r->bytes > 0)
            put(t, "%.2f cycles/byte", r->cycles / r->bytes);
        put(t, " |\n");
    }
}

/* One panel of the plot: an operation, with a bar for each way to do it. */
static void panel(struct text *t, const struct bench *b, const char *operation, double x, double y)
{
    static const struct {
        const char *label, *suffix, *isa, *colour;
    } bars[] = {
        {"portable C",        "",                        "portable", "#9aa5b1"},
        {"AVX2",              "",                        "avx2",     "#5b8db8"},
        {"AVX-512",           "",                        "avx512",   "#1f6f8b"},
        {"AVX-512, prepared", ", prepared",              "avx512",   "#2a9d8f"},
        {"AVX-512, batched",  ", batch of 64",           "avx512",   "#e08e45"},
        {"both",              ", prepared, batch of 64", "avx512",   "#c8553d"},
    };
    const double width = 210;
    double most = 0;
    unsigned line = 0;
    char name[BENCH_NAME + 32];

    for (size_t i = 0; i < HEAD2_LEN(bars); i++) {
        snprintf(name, sizeof name, "%s%s", operation, bars[i].suffix);
        const struct bench_result *r = find(b, name, bars[i].isa);
        most = r != NULL && r->yardsticks > most ? r->yardsticks : most;
    }
    if (!(most > 0))
        return;
    put(t, "<text x=\"%.0f\" y=\"%.0f\" class=\"h\">%s</text>\n", x, y, operation);
    for (size_t i = 0; i < HEAD2_LEN(bars); i++) {
        snprintf(name, sizeof name, "%s%s", operation, bars[i].suffix);
        const struct bench_result *r = find(b, name, bars[i].isa);
        if (r == NULL)
            continue;
        const double top = y + 10 + 19 * line++, bar = r->yardsticks / most * width;
        put(t, "<text x=\"%.0f\" y=\"%.0f\" class=\"l\">%s</text>\n", x + 122, top + 12,
            bars[i].label);
        put(t, "<rect x=\"%.0f\" y=\"%.0f\" width=\"%.1f\" height=\"15\" fill=\"%s\"/>\n", x + 128,
            top, bar, bars[i].colour);
        put(t, "<text x=\"%.1f\" y=\"%.0f\">%.2f (%.1f µs)</text>\n", x + 133 + bar, top + 12,
            r->yardsticks, r->us);
    }
}

static void plot(struct text *t, const struct bench *b)
{
    static const char *const operations[2][3] = {
        {"ML-KEM-1024 keygen", "ML-KEM-1024 encaps", "ML-KEM-1024 decaps"},
        {"ML-DSA-87 keygen",   "ML-DSA-87 sign",     "ML-DSA-87 verify"  },
    };

    put(t, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 560\" "
           "font-family=\"sans-serif\" font-size=\"12\" fill=\"#223\">\n"
           "<style>.h{font-weight:bold;font-size:14px}.l{text-anchor:end}</style>\n"
           "<rect width=\"960\" height=\"560\" fill=\"#ffffff\"/>\n"
           "<text x=\"20\" y=\"28\" font-size=\"16\">Time of one operation on one core, in "
           "yardsticks (shorter is faster)</text>\n"
           "<text x=\"20\" y=\"46\" fill=\"#556\">A yardstick is libcrypto's SHAKE128 of 16 KiB in "
           "the same run. Each panel has its own scale.</text>\n");
    for (unsigned column = 0; column < 2; column++)
        for (unsigned row = 0; row < 3; row++)
            panel(t, b, operations[column][row], 20 + 470 * column, 80 + 160 * row);
    put(t, "</svg>\n");
}

/* The page with what stands between its marks replaced; a page of its own when there is none. */
static void page(struct text *t, const char *old, const char *inner)
{
    static const char from[] = "<!-- measured: begin -->\n", to[] = "<!-- measured: end -->\n";
    const char *begin = old != NULL ? strstr(old, from) : NULL;
    const char *end = begin != NULL ? strstr(begin, to) : NULL;

    if (end == NULL)
        put(t, "# Performance\n\n%s%s\n![Time of one operation](performance.svg)\n%s", from, inner,
            to);
    else
        put(t, "%.*s%s%s\n![Time of one operation](performance.svg)\n%s", (int)(begin - old), old,
            from, inner, end);
}

static int write_text(struct bench *b, const char *folder, const char *name, const struct text *t)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (t->failed)
        return cli_fail(b->cli, CLI_INTERNAL, path, NULL, "out of memory");
    enum head2_status st = file_write(path, t->p, t->len, 0644, FILE_REPLACE);
    if (st != HEAD2_OK)
        return cli_fail(b->cli, cli_status_exit(st), path, "name a folder that can be written",
                        "%s", head2_status_string(st));
    return CLI_DONE;
}

int bench_report(struct bench *b, const char *folder)
{
    struct text inner = {0}, whole = {0}, svg = {0};
    char path[PATH_MAX];
    uint8_t *old = NULL;
    size_t len = 0;
    int code;

    snprintf(path, sizeof path, "%s/performance.md", folder);
    if (file_read(path, 1 << 20, &old, &len) != HEAD2_OK)
        old = NULL; /* there is none yet */
    table(&inner, b);
    page(&whole, (const char *)old, inner.failed ? "" : inner.p);
    plot(&svg, b);
    whole.failed = whole.failed || inner.failed;
    code = write_text(b, folder, "performance.md", &whole);
    if (code == CLI_DONE)
        code = write_text(b, folder, "performance.svg", &svg);
    free(old);
    free(inner.p);
    free(whole.p);
    free(svg.p);
    return code;
}
