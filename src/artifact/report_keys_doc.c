/* The sections on NIS2 and CNSA 2.0. See report.h. */
#include "artifact/report_model.h"

#include <stdio.h>

static const char *time_text(struct doc_row *row, uint64_t ms)
{
    char text[UTC_BYTES + 1];

    utc_format(text, ms < UTC_MAX ? ms : UTC_MAX);
    return doc_keep(row, "%s", text);
}

void report_span_cells(struct doc_row *row, size_t at, const struct report_span *s, bool times)
{
    row->cell[at++] = doc_keep(row, "%llu", (unsigned long long)s->count);
    if (s->count == 0)
        return;
    row->cell[at++] = doc_keep(row, "%llu", (unsigned long long)s->first);
    if (times)
        row->cell[at++] = time_text(row, s->first_ms);
    row->cell[at++] = doc_keep(row, "%llu", (unsigned long long)s->last);
    if (times)
        row->cell[at] = time_text(row, s->last_ms);
}

/* ---- the life of keys ---- */

static const struct {
    const char *number, *what, *receipts; /* receipts: NULL where there is no kind of them */
} points[POINTS] = {
    [POINT_GENERATE] = {"(i)",    "generating keys",                               "keygen"                  },
    [POINT_CERTIFICATES] = {"(ii)",   "issuing and obtaining public key certificates", NULL                      },
    [POINT_DISTRIBUTE] = {"(iii)",  "distributing keys",                             "provisioning"            },
    [POINT_STORE] = {"(iv)",   "storing keys",                                  "keygen that names a file"},
    [POINT_CHANGE] = {"(v)",    "changing or updating keys",                     "rotation"                },
    [POINT_COMPROMISED] = {"(vi)",   "compromised keys",                              NULL                      },
    [POINT_REVOKE] = {"(vii)",  "revoking keys",                                 "revocation"              },
    [POINT_RECOVER] = {"(viii)", "recovering lost or corrupted keys",             NULL                      },
    [POINT_BACKUP] = {"(ix)",   "backing up or archiving keys",                  NULL                      },
    [POINT_DESTROY] = {"(x)",    "destroying keys",                               NULL                      },
    [POINT_LOGGED] = {"(xi)",   "logging of these activities",                   "all receipts"            },
    [POINT_DATES] = {"(xii)",  "activation and deactivation dates",
                        "keygen of a session, rotation, fallback-entered, fallback-left"                     },
};

static const struct doc_column point_columns[] = {
    {"point",       "9.2(c)",      DOC_TEXT  },
    {"what",        "What",        DOC_TEXT  },
    {"status",      "Status",      DOC_TEXT  },
    {"receipts",    "Receipts",    DOC_TEXT  },
    {"entries",     "Entries",     DOC_NUMBER},
    {"first_entry", "First",       DOC_NUMBER},
    {"first_time",  "Time of it",  DOC_TIME  },
    {"last_entry",  "Last",        DOC_NUMBER},
    {"last_time",   "Time of it",  DOC_TIME  },
    {"records",     "Job records", DOC_NUMBER}
};

static void point_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct report *const r = arg;
    const bool any = r->points[n].count + r->point_jobs[n].count != 0;

    row->cell[0] = points[n].number;
    row->cell[1] = points[n].what;
    row->cell[2] = any                          ? "recorded"
                   : points[n].receipts != NULL ? "none in the period"
                                                : "not recorded";
    row->cell[3] = points[n].receipts;
    if (points[n].receipts != NULL)
        report_span_cells(row, 4, &r->points[n], true);
    row->cell[9] = doc_keep(row, "%llu", (unsigned long long)r->point_jobs[n].count);
}

/* ---- incidents ---- */

static const struct doc_column incident_columns[] = {
    {"kind",             "Alarm",              DOC_TEXT  },
    {"entries",          "Entries",            DOC_NUMBER},
    {"first_entry",      "First",              DOC_NUMBER},
    {"last_entry",       "Last",               DOC_NUMBER},
    {"first_time",       "First at",           DOC_TIME  },
    {"early_warning_by", "24 hours",           DOC_TIME  },
    {"notification_by",  "72 hours",           DOC_TIME  },
    {"final_report_by",  "One month after it", DOC_TIME  }
};

static void incident_row(const void *arg, size_t n, struct doc_row *row)
{
    static const char *const kinds[] = {"failed verification", "entropy alarm",
                                        "incident (record)"};
    const struct report_incident *i = &((const struct report *)arg)->incidents[n];
    const uint64_t first = i->span.first_ms;

    row->cell[0] = kinds[i->kind];
    report_span_cells(row, 1, &i->span, false);
    row->cell[4] = time_text(row, first);
    row->cell[5] = time_text(row, first + REPORT_DAY_MS);
    row->cell[6] = time_text(row, first + (uint64_t)3 * REPORT_DAY_MS);
    row->cell[7] = time_text(row, report_months_later(first + (uint64_t)3 * REPORT_DAY_MS, 1));
}

void report_nis2(struct doc_section *s, const struct report *r, const struct report_table *jobs)
{
    s->name = "nis2";
    s->brief = "NIS2";
    s->title = "NIS2: keys and incidents";
    s->notes[s->n_notes++] =
        "The points are those of Implementing Regulation (EU) 2024/2690, Annex, 9.2(c). A receipt "
        "is counted at each point that it says something of. A point without "
        "receipts has no kind of them: it is not recorded, unless an operator has appended a job "
        "record of that event.";
    s->notes[s->n_notes++] =
        "Alarms: one row for those of one kind and one day. Whether one is a significant incident, "
        "when somebody became aware of it, and whether anything was reported to anybody is not in "
        "the ledger. The dates are those of Directive (EU) 2022/2555, Article 23(4), counted from "
        "the first alarm: early warning, notification, and the final report one month after the "
        "latest date of the notification.";
    s->tables[s->n_tables++] = (struct doc_table){.name = "life_cycle",
                                                  .title = "Life cycle of keys",
                                                  .columns = point_columns,
                                                  .n_columns = HEAD2_LEN(point_columns),
                                                  .n_rows = POINTS,
                                                  .row = point_row,
                                                  .arg = r};
    s->tables[s->n_tables++] = (struct doc_table){.name = "incidents",
                                                  .title = "Alarms, and the dates that follow",
                                                  .empty = "No alarm in the period.",
                                                  .columns = incident_columns,
                                                  .n_columns = HEAD2_LEN(incident_columns),
                                                  .n_rows = r->n_incidents,
                                                  .row = incident_row,
                                                  .arg = r};
    s->tables[s->n_tables++] = (struct doc_table){.name = "nis2_records",
                                                  .title = "Job records of events with keys",
                                                  .empty = "None in the period.",
                                                  .columns = jobs->columns,
                                                  .n_columns = jobs->n_columns,
                                                  .n_rows = jobs->n_rows,
                                                  .wide = true,
                                                  .row = report_job_row,
                                                  .arg = jobs};
}

/* ---- CNSA 2.0 ---- */

static const struct doc_column use_columns[] = {
    {"place",       "Where",    DOC_TEXT  },
    {"value",       "What",     DOC_TEXT  },
    {"cnsa",        "CNSA 2.0", DOC_TEXT  },
    {"why",         "Why",      DOC_TEXT  },
    {"entries",     "Entries",  DOC_NUMBER},
    {"first_entry", "First",    DOC_NUMBER},
    {"last_entry",  "Last",     DOC_NUMBER}
};

static void use_row(const void *arg, size_t n, struct doc_row *row)
{
    const struct report_use *u = &((const struct report_uses *)arg)->list[n];

    row->cell[0] = u->place;
    row->cell[1] = u->value;
    row->cell[2] = u->exception ? "exception" : "as asked for";
    row->cell[3] = u->what;
    report_span_cells(row, 4, &u->span, false);
}

void report_all_uses(struct report_uses *uses, const struct report *r, const struct report_basis *b)
{
    const bool is_87 = b->alg == HEAD2_MLDSA_87;
    struct report_use own[] = {
        {"Entries of the ledger", "SHA3-512", "SHA-3 as a general hash",                     true,   r->period},
        {"Tree of the ledger",    "SHA-256",  "SHA-384 or SHA-512 is asked for",             true,   r->period},
        {"Checkpoints",           "",         is_87 ? "approved" : "ML-DSA-87 is asked for", !is_87, r->period},
    };

    uses->n = report_uses(r, uses->list);
    snprintf(own[2].value, sizeof own[2].value, "%s", head2_alg_name(b->alg));
    for (size_t i = 0; i < HEAD2_LEN(own) && r->period.count != 0; i++)
        uses->list[uses->n++] = own[i];
}

void report_cnsa(struct doc_section *s, const struct report_uses *uses)
{
    s->name = "cnsa";
    s->brief = "CNSA 2.0";
    s->title = "CNSA 2.0: algorithms in use";
    s->notes[s->n_notes++] =
        "CNSA 2.0 asks for ML-KEM-1024, ML-DSA-87, AES-256, and SHA-384 or SHA-512. Listed is what "
        "the receipts and records of the period, and the ledger itself, say was used, and in how "
        "many entries; what is not as asked for is an exception. The transition to post-quantum "
        "algorithms is the subject of NIST IR 8547 (IR 8420 is about awareness programmes).";
    s->tables[s->n_tables++] = (struct doc_table){.name = "algorithms",
                                                  .title = NULL,
                                                  .empty = "Nothing was recorded in the period.",
                                                  .columns = use_columns,
                                                  .n_columns = HEAD2_LEN(use_columns),
                                                  .n_rows = uses->n,
                                                  .row = use_row,
                                                  .arg = uses};
}
