/*
 * What the files of a report share: what is kept of a ledger.
 */
#ifndef HEAD2_ARTIFACT_REPORT_MODEL_H
#define HEAD2_ARTIFACT_REPORT_MODEL_H

#include "artifact/report.h"
#include "artifact/utc.h"

#define REPORT_DAY_MS 86400000u

/* Entries of some sort: how many, and the first and last of them. */
struct report_span {
    uint64_t count, first, last, first_ms, last_ms;
};
void report_count(struct report_span *s, uint64_t index, uint64_t ms);

/* ---- job records ---- */

struct report_signature {
    enum verdict verdict; /* by the trust file, where there is one */
    bool judged;
    uint64_t then_ms; /* 0, or by which time the verdict is, as it would be `now` by the present */
    enum verdict now;
    uint64_t ms;
    enum head2_alg alg;
    enum sigblock_hash hash;
    char key_id[2 * HEAD2_KEY_ID_BYTES + 1];
    char signer[SIGBLOCK_TEXT_MAX + 1];
};

struct report_job {
    uint64_t index, ms; /* of its entry */
    struct job *job;    /* NULL: not a record at all */
    struct report_signature *signature;
    char *findings; /* NULL: none */
    uint8_t digest[64], blake3[32];
};

#define REPORT_RECENT 4096 /* job records that a signature may be of */

struct report_jobs {
    struct report_job *list;
    size_t n, room;
    uint64_t total;      /* in the ledger */
    uint64_t recorded;   /* in the period by the time of their entries */
    uint64_t outside;    /* of the period, and recorded outside it */
    uint64_t elsewhere;  /* recorded in it, and of another time */
    uint64_t unreadable; /* of the period */
    uint64_t stray;      /* signatures of no record that is known, or that are none */
    struct recent {
        uint8_t hash[JOB_HASH_BYTES];
        size_t at; /* in list; SIZE_MAX: not of the period */
        bool is_signed;
    } * recent;
};

/* ---- keys ---- */

/* The points of Implementing Regulation (EU) 2024/2690, Annex, 9.2(c), in their order. */
enum report_point {
    POINT_GENERATE,
    POINT_CERTIFICATES,
    POINT_DISTRIBUTE,
    POINT_STORE,
    POINT_CHANGE,
    POINT_COMPROMISED,
    POINT_REVOKE,
    POINT_RECOVER,
    POINT_BACKUP,
    POINT_DESTROY,
    POINT_LOGGED,
    POINT_DATES,
    POINTS
};

enum report_alarm { ALARM_VERIFICATION, ALARM_ENTROPY, ALARM_INCIDENT };

/* The alarms of one kind and one day. */
struct report_incident {
    uint64_t day; /* since 1970 */
    enum report_alarm kind;
    struct report_span span;
};
#define REPORT_INCIDENTS 4096

/* ---- algorithms ---- */

struct report_use {
    const char *place;
    char value[64];
    const char *what;
    bool exception;
    struct report_span span;
};
#define REPORT_KNOWN   32
#define REPORT_UNKNOWN 16 /* different values */
#define REPORT_USES    (REPORT_KNOWN + REPORT_UNKNOWN + 1)

/* ---- activity ---- */

enum report_series { SERIES_ROTATIONS, SERIES_SIGNATURES, SERIES_FAILURES, REPORT_SERIES };
#define REPORT_BARS 100

struct report {
    struct report_options options;
    struct merkle_edge edge;
    struct report_span period; /* entries in it */
    struct report_span kinds[256];
    uint64_t all_kinds[256]; /* in the ledger */
    uint64_t last_ms, back_count, back_first, back_most_ms;
    struct report_jobs jobs;
    struct report_span points[POINTS], point_jobs[POINTS];
    struct report_incident incidents[REPORT_INCIDENTS];
    size_t n_incidents;
    struct report_span more_incidents;
    struct report_span known[REPORT_KNOWN], more_unknown;
    struct report_use unknown[REPORT_UNKNOWN];
    size_t n_unknown;
    uint64_t bar_start, bar_width;
    size_t bars;
    double series[REPORT_SERIES][REPORT_BARS];
};

bool report_in_period(const struct report *r, uint64_t ms);

/* report_jobs.c */
HEAD2_CHECK enum head2_status report_take_job(struct report *r, const struct ledger_entry *e,
                                              const uint8_t hash[JOB_HASH_BYTES]);
HEAD2_CHECK enum head2_status report_take_text(struct report *r, const struct ledger_entry *e);
void report_jobs_free(struct report_jobs *jobs);
/* The day that a record is of: its start, or where that is missing its entry's time. */
uint64_t report_job_time(const struct report_job *j);

/* report_keys.c */
void report_take_receipt(struct report *r, const struct ledger_entry *e);
void report_take_event(struct report *r, const struct report_job *j);
void report_alarm(struct report *r, enum report_alarm kind, uint64_t index, uint64_t ms);

/* report_uses.c: the value of a line "place: value" of a receipt, or of something else that says
 * which algorithm was used. */
void report_use(struct report *r, const char *place, const char *value, size_t len, uint64_t index,
                uint64_t ms);
/* Those that there are. */
size_t report_uses(const struct report *r, struct report_use list[REPORT_USES]);

/* report_jobs_doc.c */
struct report_table {
    const struct report *report;
    unsigned regime; /* one bit; 0: of entries that are no records */
    struct doc_column columns[DOC_COLUMNS];
    size_t n_columns, n_rows;
    uint32_t *rows;  /* in report->jobs.list */
    uint32_t *later; /* for each: the next one with its record_id; REPORT_NONE: none */
};
#define REPORT_NONE UINT32_MAX
void report_job_table_free(struct report_table *t);
HEAD2_CHECK enum head2_status report_job_table(struct report_table *t, const struct report *r,
                                               unsigned regime);
doc_row_fn report_job_row, report_unreadable_row;

/* report_keys_doc.c: the sections of NIS2 and CNSA 2.0. Tables refer to the arguments. */
struct report_uses {
    struct report_use list[REPORT_USES + 3];
    size_t n;
};
void report_nis2(struct doc_section *s, const struct report *r, const struct report_table *jobs);
void report_all_uses(struct report_uses *uses, const struct report *r,
                     const struct report_basis *b); /* and the ledger's own */
void report_cnsa(struct doc_section *s, const struct report_uses *uses);
/* Entries and times of a span, from a cell on: five cells, or three without times. */
void report_span_cells(struct doc_row *row, size_t at, const struct report_span *s, bool times);

/* The same day some months later, or the last one of that month. */
uint64_t report_months_later(uint64_t ms, unsigned months);

#endif
