/* The life of keys, and alarms, from receipts and records of events. See report.h. */
#include "artifact/report_model.h"

/* The lines of a receipt that a report looks at. */
enum line { PROFILE, ALGORITHM, HASH, AGREEMENT, GENERATOR, KEY_FILE, EVENT, LINES };
static const char *const labels[LINES] = {"Profile",          "Algorithm", "Hash", "Key Agreement",
                                          "Random Generator", "File",      "Event"};

struct value {
    const char *text; /* NULL: no such line */
    size_t len;
};

/* The first line with each label. */
static void read_lines(struct value values[LINES], const struct ledger_entry *e)
{
    const char *p = e->text, *const end = e->text + e->text_len;

    memset(values, 0, LINES * sizeof *values);
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        const size_t len = (size_t)((lf != NULL ? lf : end) - p);
        for (unsigned i = 0; i < LINES; i++) {
            const size_t n = strlen(labels[i]);
            if (values[i].text == NULL && len > n + 2 && memcmp(p, labels[i], n) == 0 &&
                memcmp(p + n, ": ", 2) == 0)
                values[i] = (struct value){p + n + 2, len - n - 2};
        }
        p += len + 1;
    }
}

static bool is(const struct value *v, const char *text)
{
    return v->text != NULL && v->len == strlen(text) && memcmp(v->text, text, v->len) == 0;
}

/* ---- alarms ---- */

void report_alarm(struct report *r, enum report_alarm kind, uint64_t index, uint64_t ms)
{
    const uint64_t day = ms / REPORT_DAY_MS;
    size_t low = 0, high = r->n_incidents;

    while (low < high) { /* in order of days, then kinds */
        const size_t mid = low + (high - low) / 2;
        const struct report_incident *i = &r->incidents[mid];
        if (i->day < day || (i->day == day && i->kind < kind))
            low = mid + 1;
        else
            high = mid;
    }
    struct report_incident *at = &r->incidents[low];
    if (low == r->n_incidents || at->day != day || at->kind != kind) {
        if (r->n_incidents == REPORT_INCIDENTS) {
            report_count(&r->more_incidents, index, ms);
            return;
        }
        memmove(at + 1, at, (r->n_incidents - low) * sizeof *at);
        *at = (struct report_incident){.day = day, .kind = kind};
        r->n_incidents++;
    }
    const bool earlier = at->span.count != 0 && ms < at->span.first_ms;
    report_count(&at->span, index, ms);
    if (earlier) /* the clock went back: the times begin with the earliest */
        at->span.first_ms = ms;
}

/* ---- receipts ---- */

static void point(struct report *r, enum report_point p, const struct ledger_entry *e)
{
    report_count(&r->points[p], e->index, e->ms);
}

static void life_cycle(struct report *r, const struct ledger_entry *e,
                       const struct value values[LINES])
{
    switch ((enum receipt_kind)e->kind) {
    case RECEIPT_KEYGEN:
        point(r, POINT_GENERATE, e);
        point(r, values[KEY_FILE].text != NULL ? POINT_STORE : POINT_DATES, e);
        break;
    case RECEIPT_PROVISIONING:
        point(r, POINT_DISTRIBUTE, e);
        break;
    case RECEIPT_ROTATION: /* the old key goes out of use, the new one into it */
        point(r, POINT_CHANGE, e);
        point(r, POINT_DATES, e);
        break;
    case RECEIPT_REVOCATION:
        point(r, POINT_REVOKE, e);
        break;
    case RECEIPT_FALLBACK_ENTERED:
    case RECEIPT_FALLBACK_LEFT:
        point(r, POINT_DATES, e);
        break;
    case RECEIPT_VERIFICATION_FAILED:
        report_alarm(r, ALARM_VERIFICATION, e->index, e->ms);
        break;
    case RECEIPT_ENTROPY_ALARM:
        if (!is(&values[EVENT], "entropy-open")) /* keys can be made again */
            report_alarm(r, ALARM_ENTROPY, e->index, e->ms);
        break;
    default:
        break;
    }
    point(r, POINT_LOGGED, e);
}

void report_take_receipt(struct report *r, const struct ledger_entry *e)
{
    struct value values[LINES];

    read_lines(values, e);
    life_cycle(r, e, values);
    for (unsigned i = PROFILE; i <= GENERATOR; i++)
        if (values[i].text != NULL)
            report_use(r, labels[i], values[i].text, values[i].len, e->index, e->ms);
}

/* ---- records ---- */

void report_take_event(struct report *r, const struct report_job *j)
{
    static const struct {
        const char *event;
        enum report_point point;
    } events[] = {
        {"generate",   POINT_GENERATE   },
        {"distribute", POINT_DISTRIBUTE },
        {"activate",   POINT_DATES      },
        {"deactivate", POINT_DATES      },
        {"store",      POINT_STORE      },
        {"change",     POINT_CHANGE     },
        {"compromise", POINT_COMPROMISED},
        {"revoke",     POINT_REVOKE     },
        {"recover",    POINT_RECOVER    },
        {"backup",     POINT_BACKUP     },
        {"destroy",    POINT_DESTROY    }
    };
    const char *event = j->job != NULL ? job_value(j->job, JOB_EVENT) : NULL;

    if (event == NULL || (job_regimes(j->job) & JOB_NIS2) == 0)
        return;
    report_count(&r->point_jobs[POINT_LOGGED], j->index, report_job_time(j));
    for (size_t i = 0; i < HEAD2_LEN(events); i++)
        if (strcmp(event, events[i].event) == 0)
            report_count(&r->point_jobs[events[i].point], j->index, report_job_time(j));
    if (strcmp(event, "incident") == 0)
        report_alarm(r, ALARM_INCIDENT, j->index, report_job_time(j));
}
