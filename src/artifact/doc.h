/*
 * A report as a document: sections of notes, tables and plots, which are then written as Markdown,
 * CSV, HTML or JSON. Nothing is believed of the text in cells: each format has its own way of
 * keeping it text.
 *
 *     Markdown  what CommonMark and GFM take for something is escaped
 *     CSV       RFC 4180, every cell quoted. A text that begins, after blanks, with = + - @, their
 *               full-width forms or an apostrophe, gets an apostrophe in front, so that no
 *               spreadsheet computes it; taking one apostrophe away gives the text back
 *     HTML      one page without script and without anything from elsewhere
 *     JSON      the text as it is
 *
 * In all but JSON, control characters and those that turn the direction of writing become '?'.
 */
#ifndef HEAD2_ARTIFACT_DOC_H
#define HEAD2_ARTIFACT_DOC_H

#include "base/base.h"

#include <stdio.h>

#define DOC_COLUMNS  32
#define DOC_NOTES    12
#define DOC_TABLES   3
#define DOC_PLOTS    3
#define DOC_SECTIONS 8
#define DOC_FIGURES  8

enum doc_kind {
    DOC_TEXT,
    DOC_NUMBER, /* a JSON number, as text */
    DOC_AMOUNT, /* the same, of which people are told too that it is not there */
    DOC_TIME,   /* as utc_format writes it */
    DOC_LIST    /* names between ", " */
};

struct doc_column {
    const char *name, *title; /* for programs, for people */
    enum doc_kind kind;
};

/* What a row is made in. A NULL cell is not there; missing has a bit for each that should be. */
struct doc_row {
    const char *cell[DOC_COLUMNS];
    uint32_t missing;
    size_t used;
    char room[8192];
};
/* Put text that is made for a row into its room. */
const char *doc_keep(struct doc_row *row, const char *fmt, ...) HEAD2_PRINTF(2, 3);

typedef void doc_row_fn(const void *arg, size_t n, struct doc_row *row);

struct doc_table {
    const char *name, *title;
    const char *empty; /* what is said where there are no rows */
    const struct doc_column *columns;
    size_t n_columns, n_rows;
    bool wide; /* a row is a block of lines rather than a line */
    doc_row_fn *row;
    const void *arg;
};

/* Bars over time, each width_ms wide. */
struct doc_plot {
    const char *name, *title, *y_label;
    const double *y;
    size_t n;
    uint64_t start_ms, width_ms;
    bool whole; /* y counts something */
};

struct doc_section {
    const char *name, *title, *brief; /* brief: where there is little room */
    const char *notes[DOC_NOTES];
    struct doc_table tables[DOC_TABLES];
    struct doc_plot plots[DOC_PLOTS];
    size_t n_notes, n_tables, n_plots;
};

/* What matters most, as numbers. */
struct doc_figure {
    const char *name, *title;
    uint64_t value;
    bool alarm; /* stands out unless it is 0 */
};

struct doc {
    struct doc_figure figures[DOC_FIGURES];
    size_t n_figures;
    const char *title, *subtitle, *footer;
    uint64_t from_ms, to_ms, made_ms;
    struct doc_section sections[DOC_SECTIONS];
    size_t n_sections;
};

enum doc_format { DOC_MD, DOC_CSV, DOC_HTML, DOC_JSON };

/* *out from malloc, terminated. HEAD2_OK or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status doc_write(const struct doc *d, enum doc_format format, char **out,
                                        size_t *len);

/* What doc_write is made of. */
typedef void doc_writer(const struct doc *d, FILE *f);
doc_writer doc_write_md, doc_write_csv, doc_write_html, doc_write_json;

/* Make row n of a table: all empty before. */
void doc_make_row(struct doc_row *row, const struct doc_table *t, size_t n);
static inline bool doc_is_number(enum doc_kind kind)
{
    return kind == DOC_NUMBER || kind == DOC_AMOUNT;
}
/* Whether a wide row goes without this line. */
bool doc_left_out(const struct doc_table *t, const struct doc_row *row, size_t i);
/* A moment as a short label; days: without the time of day. */
#define DOC_LABEL 32
void doc_label(char out[DOC_LABEL], uint64_t ms, bool days);

#endif
