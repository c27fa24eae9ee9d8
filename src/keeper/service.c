/* see service.h */
#include "keeper/service.h"

#include "base/secmem.h"
#include "keeper/sandbox.h"
#include "keeper/store_backend.h"

#include <errno.h>
#include <head2/random.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

static enum head2_status fail(struct store_fault *fault, enum head2_status st, const char *what,
                              const char *hint)
{
    *fault = (struct store_fault){.error = st == HEAD2_E_IO ? errno : 0};
    snprintf(fault->what, sizeof fault->what, "%s%s%.100s", what, st == HEAD2_E_IO ? ": " : "",
             st == HEAD2_E_IO ? strerror(fault->error) : "");
    snprintf(fault->hint, sizeof fault->hint, "%s", hint);
    return st;
}

/* The secret comes through a pipe: protected pages are not inherited. */
static bool take_secret(int from, uint8_t *secret, size_t len)
{
    uint8_t staged[STORE_KEK_BYTES];
    const bool whole = read(from, staged, len) == (ssize_t)len;

    close(from);
    if (whole)
        memcpy(secret, staged, len);
    head2_wipe(staged, sizeof staged);
    return whole;
}

static enum head2_status open_store(const struct service *s, int from, struct store **out,
                                    struct store_fault *fault)
{
    struct store_unlock unlock = {.type = STORE_WRAP_KEK};
    enum head2_status st;
    void *kek;

    if (secmem_new(&kek, STORE_KEK_BYTES, SECMEM_LONG_TERM) != HEAD2_OK)
        return fail(fault, HEAD2_E_MEMORY, "out of memory", "");
    if (take_secret(from, kek, STORE_KEK_BYTES)) {
        unlock.kek = kek;
        st = store_open(out, s->folder, &unlock, fault);
    } else {
        st = fail(fault, HEAD2_E_IO, "the store's key did not arrive", "");
    }
    secmem_free(kek);
    return st;
}

/* Say that it serves, and do. */
static enum head2_status run(const struct service *s, const struct keeper_options *o, int ready,
                             struct store_fault *fault)
{
    char missing[SANDBOX_TEXT];
    struct keeper *k;
    enum head2_status st;

    st = keeper_new(&k, o);
    if (st != HEAD2_OK) {
        snprintf(fault->where, sizeof fault->where, "%s", s->folder);
        return fail(fault, st, "cannot begin", "");
    }
    sandbox_missing(missing, o->sandbox);
    s->begun(s->arg, ring_count(keeper_ring(k)), missing);
    if (write(ready, "", 1) != 1)
        st = fail(fault, HEAD2_E_IO, "the monitor has gone", "");
    close(ready);
    if (st == HEAD2_OK) {
        st = keeper_run(k);
        if (st != HEAD2_OK)
            st = fail(fault, HEAD2_E_IO, "cannot wait", "");
    }
    keeper_free(k);
    return st;
}

static enum head2_status serve(const struct service *s, struct store *store, int ready,
                               struct store_fault *fault)
{
    struct store_backend b = {.store = store};
    const struct keeper_backend backend = store_backend_of(&b);
    struct keeper_options o = {.listener = s->listener,
                               .pair = -1,
                               .backend = &backend,
                               .pin = s->pin,
                               .on_event = s->on_event,
                               .arg = s->arg,
                               .stop = &stop};
    const struct sandbox box = {.folder = s->folder};
    const char *what;
    uint8_t byte;

    if (head2_random(&byte, 1) != HEAD2_OK) /* its sources open what they need */
        return fail(fault, HEAD2_E_HEALTH, "no randomness", "see 'head2 rng status'");
    if (sandbox_enter(&box, &o.sandbox, &what) != HEAD2_OK)
        return fail(fault, HEAD2_E_IO, what, "");
    return run(s, &o, ready, fault);
}

/* One that does not fit in is followed by a later one. */
static void tell_anchor(void *arg, const struct store_anchor *anchor)
{
    const int *const to = arg;

    (void)!write(*to, anchor, sizeof *anchor);
}

enum head2_status service_run(const struct service *s, const struct monitor_start *start,
                              struct store_fault *fault)
{
    const struct sigaction act = {.sa_handler = on_signal};
    struct store *store;
    enum head2_status st;

    if (secmem_harden_process() != HEAD2_OK)
        return fail(fault, HEAD2_E_STATE, "cannot keep others from this process's memory",
                    "allow prctl(2) and setrlimit(2)");
    if (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0)
        return fail(fault, HEAD2_E_IO, "cannot await signals", "");
    HEAD2_TRY(open_store(s, start->secret, &store, fault));
    if (s->anchors != NULL)
        store_on_anchor(store, tell_anchor, s->anchors);
    st = serve(s, store, start->ready, fault);
    store_close(store);
done:
    return st;
}
