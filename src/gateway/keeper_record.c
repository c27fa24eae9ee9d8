/* see keeper_record.h */
#include "gateway/keeper_record.h"

#include "artifact/base64.h"
#include "artifact/receipt_text.h"
#include "artifact/utc.h"
#include "gateway/ledger_writer.h"
#include "keeper/store_ledger.h"
#include "keeper/told.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE    32
#define PATIENCE_S 5

struct recorder {
    int events;
    bool ended; /* the pipe's other end is closed */
    const char *folder;
    struct ledger_writer *writer;
    uint64_t number;
    struct ledger_entry entries[AT_ONCE + 1]; /* and an anchor */
    char texts[AT_ONCE][RECEIPT_FORWARD_MAX], subjects[AT_ONCE][2 * HEAD2_KEY_ID_BYTES + 1];
    size_t n;
    size_t seen;                /* bytes that are in the entries, and not taken yet */
    struct store_anchor anchor; /* the last one; to be written where is_due, from due_ms on */
    bool is_due;
    uint64_t due_ms;
    struct store_anchor_entry anchor_entry;
};

static uint64_t now_ms(void)
{
    struct timespec t = {0};

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- events ---- */

static enum head2_status add(struct recorder *r, const uint8_t bytes[TOLD_BYTES])
{
    char uses[24], *const subject = r->subjects[r->n];
    size_t len = sizeof r->texts[0];
    struct told t;
    enum head2_status st = HEAD2_OK;

    if (told_read_anchor(&r->anchor, bytes)) {
        r->is_due = true;
        goto done;
    }
    HEAD2_TRY(told_read(&t, bytes));
    const bool of_key = t.alg != HEAD2_ALG_NONE;
    hex_encode(subject, t.key, sizeof t.key);
    subject[2 * HEAD2_KEY_ID_BYTES] = 0;
    if (!of_key)
        snprintf(subject, sizeof r->subjects[0], "keeper");
    snprintf(uses, sizeof uses, "%llu", (unsigned long long)t.uses);
    const struct receipt_field fields[] = {
        {"Event",     told_name(t.type)                                            },
        {"Result",    t.status == HEAD2_OK ? "done" : head2_status_string(t.status)},
        {"Key ID",    of_key ? subject : NULL                                      },
        {"Algorithm", of_key ? head2_alg_name(t.alg) : NULL                        },
        {"Label",     of_key ? t.label : NULL                                      },
        {"Uses",      of_key ? uses : NULL                                         },
    };
    const struct receipt_event e = {RECEIPT_KEEPER, ++r->number, t.time_ms,
                                    subject,        fields,      HEAD2_LEN(fields)};
    HEAD2_TRY(receipt_text(&e, r->texts[r->n], &len));
    r->entries[r->n] = (struct ledger_entry){.kind = RECEIPT_KEEPER,
                                             .subject = subject,
                                             .number = r->number,
                                             .text = r->texts[r->n],
                                             .text_len = len};
    r->n++;
done:
    return st;
}

/* Whether something is there to be read, within timeout_ms (-1: whenever it comes). */
static bool is_there(const struct recorder *r, int timeout_ms)
{
    struct pollfd p = {.fd = r->events, .events = POLLIN};

    return poll(&p, 1, timeout_ms) > 0;
}

/* How long to wait: until an anchor is due, or for ever. */
static int patience(const struct recorder *r)
{
    const uint64_t now = now_ms();

    if (!r->is_due)
        return -1;
    return now < r->due_ms ? (int)(r->due_ms - now) : 0;
}

/* Wait, and look at the events that are there. They are taken when they are in the ledger: whoever
 * is killed before that leaves them to the next. */
static enum head2_status look(struct recorder *r)
{
    uint8_t bytes[AT_ONCE * TOLD_BYTES];
    enum head2_status st = HEAD2_OK;

    r->n = r->seen = 0;
    if (!is_there(r, patience(r)))
        return HEAD2_OK;
    const ssize_t got = recv(r->events, bytes, sizeof bytes, MSG_PEEK);
    r->ended = got == 0;
    if (got < 0)
        return errno == EINTR ? HEAD2_OK : HEAD2_E_IO;
    for (; r->seen + TOLD_BYTES <= (size_t)got; r->seen += TOLD_BYTES)
        HEAD2_TRY(add(r, bytes + r->seen));
done:
    return st;
}

static enum head2_status take(struct recorder *r)
{
    uint8_t bytes[TOLD_BYTES];

    for (; r->seen > 0; r->seen -= TOLD_BYTES)
        if (recv(r->events, bytes, sizeof bytes, MSG_WAITALL) != (ssize_t)sizeof bytes)
            return HEAD2_E_MALFORMED;
    return HEAD2_OK;
}

static enum head2_status add_anchor(struct recorder *r)
{
    enum head2_status st = HEAD2_OK;

    if (!r->is_due || now_ms() < r->due_ms)
        goto done;
    HEAD2_TRY(store_anchor_write(&r->anchor_entry, &r->anchor, utc_now()));
    r->entries[r->n++] = r->anchor_entry.entry;
    r->is_due = false;
    r->due_ms = now_ms() + UINT64_C(1000) * KEEPER_ANCHOR_S;
done:
    return st;
}

/* ---- the ledger ---- */

static enum head2_status append(struct recorder *r, struct ledger_fault *fault)
{
    enum ledger_sealed sealed;
    enum head2_status st = HEAD2_OK;

    if (r->writer == NULL)
        HEAD2_TRY(ledger_writer_open(&r->writer, r->folder, NULL, fault));
    HEAD2_TRY(ledger_writer_append(r->writer, r->entries, r->n, &sealed, fault));
done:
    if (st != HEAD2_OK) { /* the next time everything is looked at anew */
        ledger_writer_close(r->writer);
        r->writer = NULL;
    }
    return st;
}

static enum head2_status begin(struct recorder *r, struct ledger_fault *fault)
{
    struct ledger *l;
    enum head2_status st = HEAD2_OK;

    if (r->writer == NULL) /* makes a ledger, if need be */
        HEAD2_TRY(ledger_writer_open(&r->writer, r->folder, NULL, fault));
    HEAD2_TRY(ledger_open(&l, r->folder, LEDGER_READ, NULL, fault));
    r->number = ledger_size(l);
    ledger_close(l);
done:
    return st;
}

typedef enum head2_status step_fn(struct recorder *r, struct ledger_fault *fault);

/* Until it is done, however long that takes; once nothing more can come, not for ever. */
static enum head2_status insist(struct recorder *r, step_fn *step, keeper_record_fn *say, void *arg,
                                struct ledger_fault *fault)
{
    enum head2_status st;
    bool said = false;

    for (int tries = 0; (st = step(r, fault)) != HEAD2_OK; tries++) {
        struct pollfd p = {.fd = r->events};
        if (!said)
            say(arg, fault);
        said = true;
        const bool over = poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) != 0;
        tries = over ? tries : 0;
        if (tries == PATIENCE_S)
            return st;
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    }
    if (said)
        say(arg, NULL);
    return HEAD2_OK;
}

enum head2_status keeper_record_run(int events, const char *folder, keeper_record_fn *say,
                                    void *arg, struct ledger_fault *fault)
{
    static struct recorder r;
    enum head2_status st;

    r = (struct recorder){.events = events, .folder = folder};
    *fault = (struct ledger_fault){0};
    HEAD2_TRY(insist(&r, begin, say, arg, fault));
    while (!r.ended) {
        HEAD2_TRY(look(&r));
        HEAD2_TRY(add_anchor(&r));
        if (r.n > 0)
            HEAD2_TRY(insist(&r, append, say, arg, fault));
        HEAD2_TRY(take(&r));
    }
done:
    ledger_writer_close(r.writer);
    return st;
}
