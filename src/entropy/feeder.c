/* see feeder.h */
#include "entropy/feeder.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct feeder {
    pthread_t thread;
    pthread_mutex_t mutex;
    int wake; /* eventfd */
    bool running, stop;
    bool changed; /* sources came or went while the thread slept */
    struct feeder_source *first;
};

uint64_t feeder_now(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- what the library knows: for as long as the process lives, strings included ---- */

struct known {
    char name[HEAD2_ENTROPY_NAME], group[HEAD2_ENTROPY_NAME];
    struct head2_entropy_source source;
    unsigned id;
};

static struct known known[HEAD2_ENTROPY_SOURCES];
static unsigned n_known;
static pthread_mutex_t known_mutex = PTHREAD_MUTEX_INITIALIZER;

static bool same_values(const struct known *k, const struct head2_entropy_source *s)
{
    return k->source.kind == s->kind && k->source.binary == s->binary &&
           k->source.von_neumann == s->von_neumann && !(k->source.h < s->h || k->source.h > s->h) &&
           !(k->source.credit < s->credit || k->source.credit > s->credit) &&
           strcmp(k->group, s->group != NULL ? s->group : "") == 0;
}

static enum head2_status make_known(const struct head2_entropy_source *source, unsigned *id)
{
    for (unsigned i = 0; i < n_known; i++) {
        if (strcmp(known[i].name, source->name) != 0)
            continue;
        *id = known[i].id;
        return same_values(&known[i], source) ? HEAD2_OK : HEAD2_E_STATE;
    }
    if (n_known == HEAD2_ENTROPY_SOURCES)
        return HEAD2_E_SPACE;
    struct known *k = &known[n_known];
    k->source = *source;
    snprintf(k->name, sizeof k->name, "%s", source->name);
    snprintf(k->group, sizeof k->group, "%s", source->group != NULL ? source->group : "");
    k->source.name = k->name;
    k->source.group = source->group != NULL ? k->group : NULL;
    enum head2_status st = head2_entropy_add(&k->source, &k->id);
    *id = k->id;
    n_known += st == HEAD2_OK;
    return st;
}

enum head2_status feeder_register(struct feeder_source *s,
                                  const struct head2_entropy_source *source)
{
    if (strlen(source->name) >= sizeof s->name)
        return HEAD2_E_ARG;
    snprintf(s->name, sizeof s->name, "%s", source->name);
    pthread_mutex_lock(&known_mutex);
    enum head2_status st = make_known(source, &s->id);
    pthread_mutex_unlock(&known_mutex);
    return st;
}

/* ---- levels ---- */

#define HALF_A_RING 1024 /* samples of the 2,048 that wait at most */

static void level_of(struct feeder_level *level, const struct head2_entropy_info *info,
                     const struct feeder_source *s)
{
    *level = (struct feeder_level){HEAD2_ENTROPY_UNTESTED, true};
    for (unsigned i = 0; i < info->n; i++) {
        const struct head2_entropy_source_info *x = &info->source[i];
        if (strcmp(x->name, s->name) != 0)
            continue;
        level->state = x->state;
        if (x->h > 0 && x->state != HEAD2_ENTROPY_GOOD)
            level->full = false; /* start-up tests want samples */
        else
            level->full =
                !x->credited || !(x->credit > 0) || x->waiting_bits >= HALF_A_RING * x->credit;
    }
}

void feeder_level(struct feeder_level *level, const struct feeder_source *s)
{
    struct head2_entropy_info info;

    head2_entropy_info(&info);
    level_of(level, &info, s);
}

/* ---- the thread ---- */

#define POLL_MAX (1 + HEAD2_ENTROPY_SOURCES * FEEDER_FDS)

/* What all sources wait for; the time in milliseconds, -1 for no limit. */
static nfds_t gather(const struct feeder *f, struct pollfd *fds, int *timeout)
{
    uint64_t at = FEEDER_NEVER;
    const uint64_t now = feeder_now();
    nfds_t n = 0;

    fds[n++] = (struct pollfd){f->wake, POLLIN, 0};
    for (const struct feeder_source *s = f->first; s != NULL; s = s->next) {
        at = s->at < at ? s->at : at;
        for (unsigned i = 0; i < s->n_wait; i++)
            fds[n++] = s->wait[i];
    }
    *timeout = -1;
    if (at != FEEDER_NEVER)
        *timeout = at <= now ? 0 : at - now < 60000 ? (int)(at - now) : 60000;
    return n;
}

/* Hand out what poll found, in the order in which gather asked. */
static void visit(const struct feeder *f, const struct pollfd *fds)
{
    const uint64_t now = feeder_now();
    struct head2_entropy_info info;
    bool have_info = false;
    nfds_t n = 1;

    for (struct feeder_source *s = f->first; s != NULL; s = s->next) {
        bool due = s->at <= now;
        for (unsigned i = 0; i < s->n_wait; i++) {
            s->wait[i].revents = fds[n++].revents;
            due = due || s->wait[i].revents != 0;
        }
        if (!due)
            continue;
        if (!have_info)
            head2_entropy_info(&info);
        have_info = true;
        struct feeder_level level;
        level_of(&level, &info, s);
        s->ops->run(s, now, &level);
    }
}

static void *work(void *arg)
{
    struct feeder *f = arg;
    struct pollfd fds[POLL_MAX];

    pthread_mutex_lock(&f->mutex);
    while (!f->stop) {
        int timeout;
        uint64_t count;
        const nfds_t n = gather(f, fds, &timeout);
        f->changed = false;
        pthread_mutex_unlock(&f->mutex);
        const int ready = poll(fds, n, timeout);
        if (ready > 0 && fds[0].revents != 0 && read(f->wake, &count, sizeof count) < 0)
            count = 0; /* another wake has taken it */
        pthread_mutex_lock(&f->mutex);
        if (!f->stop && !f->changed && ready >= 0)
            visit(f, fds);
    }
    pthread_mutex_unlock(&f->mutex);
    return NULL;
}

static void wake(struct feeder *f)
{
    const uint64_t one = 1;

    if (write(f->wake, &one, sizeof one) < 0)
        return; /* the counter is full: it is awake */
}

/* Signals are the business of the program's own threads. */
static bool begin(struct feeder *f)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    f->running = pthread_create(&f->thread, NULL, work, f) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (f->running)
        pthread_setname_np(f->thread, "head2-entropy");
    return f->running;
}

enum head2_status feeder_start(struct feeder **out)
{
    struct feeder *f = calloc(1, sizeof *f);

    *out = NULL;
    if (f == NULL)
        return HEAD2_E_MEMORY;
    f->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (f->wake < 0) {
        free(f);
        return HEAD2_E_MEMORY;
    }
    pthread_mutex_init(&f->mutex, NULL);
    *out = f;
    return HEAD2_OK;
}

enum head2_status feeder_add(struct feeder *f, struct feeder_source *s)
{
    pthread_mutex_lock(&f->mutex);
    const bool ok = f->running || begin(f);
    if (ok) {
        s->next = f->first;
        f->first = s;
        f->changed = true;
        wake(f);
    }
    pthread_mutex_unlock(&f->mutex);
    if (!ok)
        s->ops->free(s);
    return ok ? HEAD2_OK : HEAD2_E_MEMORY;
}

static struct feeder_source **find(struct feeder *f, const char *name)
{
    struct feeder_source **at = &f->first;

    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

bool feeder_has(struct feeder *f, const char *name)
{
    pthread_mutex_lock(&f->mutex);
    const bool has = *find(f, name) != NULL;
    pthread_mutex_unlock(&f->mutex);
    return has;
}

void feeder_remove(struct feeder *f, const char *name)
{
    pthread_mutex_lock(&f->mutex);
    struct feeder_source **at = find(f, name), *s = *at;
    if (s != NULL) {
        *at = s->next;
        f->changed = true;
        wake(f);
    }
    pthread_mutex_unlock(&f->mutex);
    if (s == NULL)
        return;
    head2_entropy_report(s->id, HEAD2_E_IO, "taken out of the configuration");
    s->ops->free(s);
}

void feeder_stop(struct feeder *f)
{
    if (f == NULL)
        return;
    pthread_mutex_lock(&f->mutex);
    f->stop = true;
    wake(f);
    pthread_mutex_unlock(&f->mutex);
    if (f->running)
        pthread_join(f->thread, NULL);
    while (f->first != NULL) {
        struct feeder_source *s = f->first;
        f->first = s->next;
        s->ops->free(s);
    }
    close(f->wake);
    pthread_mutex_destroy(&f->mutex);
    free(f);
}
