/* What the tests of the program's entropy sources share: a temporary folder, random bytes, and how
 * a source stands. */
#ifndef HEAD2_TESTS_ENTROPY_PLACE_H
#define HEAD2_TESTS_ENTROPY_PLACE_H

#include "check.h"
#include "entropy/feeder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#define UNUSED __attribute__((unused))

static char place[PATH_MAX - 256];

UNUSED static void place_make(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(place, sizeof place, "%s/head2-entropy-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(place) == NULL)
        exit(2);
}

UNUSED static void place_remove(void)
{
    char command[PATH_MAX];

    snprintf(command, sizeof command, "rm -rf '%s'", place);
    if (system(command) != 0)
        exit(2);
}

/* A name in the folder; four of them live at a time. */
UNUSED static const char *at(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, PATH_MAX, "%s/%s", place, name);
    return path;
}

UNUSED static void put_file(const char *name, const void *bytes, size_t n)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s", at(name));
    for (char *p = path + strlen(place) + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
        *p = 0;
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    CHECK(fwrite(bytes, 1, n, f) == n);
    CHECK(fclose(f) == 0);
}

UNUSED static void random_bytes(uint8_t *out, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t more = getrandom(out + done, n - done, 0);
        CHECK(more > 0);
        done += (size_t)more;
    }
}

UNUSED static struct head2_entropy_source_info standing(const char *name)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    for (unsigned i = 0; i < info.n; i++)
        if (strcmp(info.source[i].name, name) == 0)
            return info.source[i];
    check_fail(__FILE__, __LINE__, "no source %s", name);
}

UNUSED static void pause_ms(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, (long)(ms % 1000) * 1000000}, NULL);
}

/* Let a source work at a time of the test's own clock. */
UNUSED static void run_at(struct feeder_source *s, uint64_t now)
{
    struct feeder_level level;

    feeder_level(&level, s);
    s->ops->run(s, now, &level);
}

#endif
