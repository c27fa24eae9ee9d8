/* see service.h */
#include "keeper/service.h"

#include "base/secmem.h"
#include "keeper/sandbox.h"
#include "keeper/store_backend.h"
#include "keeper/told.h"

#include <errno.h>
#include <head2/random.h>
#include <poll.h>
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
    fault->error = st == HEAD2_E_IO ? errno : 0;
    snprintf(fault->what, sizeof fault->what, "%s%s%.100s", what, st == HEAD2_E_IO ? ": " : "",
             st == HEAD2_E_IO ? strerror(fault->error) : "");
    snprintf(fault->hint, sizeof fault->hint, "%s", hint);
    return st;
}

/* ---- the secret ---- */

/* What the keys come from: a store, or the one key. */
struct source {
    struct store *store;
    struct head2_key *key;
};

/* It comes through a pipe, since protected pages are not inherited, and is wiped with that. */
static bool take_secret(int from, uint8_t *secret, size_t *len)
{
    uint8_t staged[MONITOR_SECRET_MAX];
    const ssize_t n = read(from, staged, sizeof staged);

    close(from);
    if (n > 0)
        memcpy(secret, staged, (size_t)n);
    head2_wipe(staged, sizeof staged);
    *len = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static enum head2_status open_store(const struct service *s, const uint8_t *kek, size_t len,
                                    struct store **out, struct store_fault *fault)
{
    const struct store_unlock unlock = {.type = STORE_WRAP_KEK, .kek = kek};

    if (len != STORE_KEK_BYTES)
        return fail(fault, HEAD2_E_STATE, "the secret is no store's key", "");
    return store_open(out, s->folder, &unlock, fault);
}

static enum head2_status open_key(const uint8_t *der, size_t len, struct head2_key **out,
                                  struct store_fault *fault)
{
    const char *why;
    enum head2_status st;

    HEAD2_TRY(head2_key_read(out, der, len, NULL, NULL, &why));
    HEAD2_TRY(head2_key_protect(*out));
done:
    return st == HEAD2_OK ? st : fail(fault, st, "the private key did not arrive", "");
}

static enum head2_status open_source(const struct service *s, int from, struct source *out,
                                     struct store_fault *fault)
{
    enum head2_status st;
    void *secret;
    size_t len;

    if (secmem_new(&secret, MONITOR_SECRET_MAX, SECMEM_LONG_TERM) != HEAD2_OK)
        return fail(fault, HEAD2_E_MEMORY, "out of memory", "");
    if (!take_secret(from, secret, &len))
        st = fail(fault, HEAD2_E_STATE, "the secret did not arrive", "");
    else if (s->folder != NULL)
        st = open_store(s, secret, len, &out->store, fault);
    else
        st = open_key(secret, len, &out->key, fault);
    secmem_free(secret);
    return st;
}

/* ---- serving ---- */

static struct keeper_bytes label_of(const struct service *s)
{
    return (struct keeper_bytes){(const uint8_t *)s->label, strlen(s->label)};
}

/* The one key becomes the keeper's, and the front's rules get the key that they are for. */
static enum head2_status give_key(const struct service *s, struct source *from, struct keeper *k,
                                  struct keeper_rules *rules, struct store_fault *fault)
{
    struct ring *const ring = keeper_ring(k);
    struct ring_key *key = NULL;

    if (from->key != NULL) {
        const enum head2_status st =
            ring_add(ring, &key, from->key, label_of(s), &s->policy, keeper_time(k));
        head2_key_free(from->key);
        from->key = NULL;
        if (st != HEAD2_OK)
            return fail(fault, st, "cannot take the private key", "");
    }
    if (s->contexts == NULL)
        return HEAD2_OK;
    key = ring_labelled(ring, label_of(s));
    snprintf(fault->where, sizeof fault->where, "%s", s->label);
    if (key == NULL)
        return fail(fault, HEAD2_E_STATE, "there is no active key of this label",
                    "'head2 store list' shows what there is");
    memcpy(rules->key, ring_meta(key)->id, sizeof rules->key);
    return HEAD2_OK;
}

/* Say that it serves, and do. */
static enum head2_status run(const struct service *s, struct keeper *k, uint8_t sandbox, int ready,
                             struct store_fault *fault)
{
    char missing[SANDBOX_TEXT];

    sandbox_missing(missing, sandbox);
    s->begun(s->arg, ring_count(keeper_ring(k)), missing);
    const bool said = write(ready, "", 1) == 1;
    close(ready);
    if (!said)
        return fail(fault, HEAD2_E_IO, "the monitor has gone", "");
    return keeper_run(k) == HEAD2_OK ? HEAD2_OK : fail(fault, HEAD2_E_IO, "cannot wait", "");
}

static enum head2_status confine(const struct service *s, uint8_t *bits, struct store_fault *fault)
{
    const struct sandbox box = {.folder = s->folder};
    const char *what;
    uint8_t byte;

    if (head2_random(&byte, 1) != HEAD2_OK) /* its sources open what they need */
        return fail(fault, HEAD2_E_HEALTH, "no randomness", "see 'head2 rng status'");
    return sandbox_enter(&box, bits, &what) == HEAD2_OK ? HEAD2_OK
                                                        : fail(fault, HEAD2_E_IO, what, "");
}

static enum head2_status serve(const struct service *s, struct source *from,
                               const struct monitor_start *start, struct store_fault *fault)
{
    struct store_backend b = {.store = from->store};
    const struct keeper_backend backend = store_backend_of(&b);
    struct keeper_rules rules = {.pair = start->pair, .contexts = s->contexts};
    struct keeper_options o = {.listener = s->listener,
                               .pair = -1,
                               .front = s->contexts != NULL ? &rules : NULL,
                               .backend = from->store != NULL ? &backend : NULL,
                               .pin = s->pin,
                               .on_event = s->on_event,
                               .arg = s->arg,
                               .stop = &stop};
    struct keeper *k = NULL;
    enum head2_status st;

    if (s->contexts != NULL)
        rules.label = label_of(s);
    HEAD2_TRY(confine(s, &o.sandbox, fault));
    st = keeper_new(&k, &o);
    if (st != HEAD2_OK)
        return fail(fault, st, "cannot begin", "");
    HEAD2_TRY(give_key(s, from, k, &rules, fault));
    st = run(s, k, o.sandbox, start->ready, fault);
done:
    keeper_free(k);
    return st;
}

/* Nobody waits for this: one that does not fit in is followed by a later one. */
static void tell_anchor(void *arg, const struct store_anchor *anchor)
{
    struct pollfd to = {.fd = *(const int *)arg, .events = POLLOUT};
    uint8_t bytes[TOLD_BYTES];

    told_write_anchor(bytes, anchor);
    if (poll(&to, 1, 0) > 0 && (to.revents & POLLOUT) != 0)
        (void)!write(to.fd, bytes, sizeof bytes);
}

enum head2_status service_run(const struct service *s, const struct monitor_start *start,
                              struct store_fault *fault)
{
    const struct sigaction act = {.sa_handler = on_signal};
    struct source from = {0};
    enum head2_status st;

    if (secmem_harden_process() != HEAD2_OK)
        return fail(fault, HEAD2_E_STATE, "cannot keep others from this process's memory",
                    "allow prctl(2) and setrlimit(2)");
    if (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0)
        return fail(fault, HEAD2_E_IO, "cannot await signals", "");
    HEAD2_TRY(open_source(s, start->secret, &from, fault));
    int events = start->events;
    if (events >= 0 && from.store != NULL)
        store_on_anchor(from.store, tell_anchor, &events);
    st = serve(s, &from, start, fault);
done:
    store_close(from.store);
    head2_key_free(from.key);
    return st;
}
