/* see doc.h; Markdown, CSV and JSON are here, HTML is in doc_html.c */
#include "artifact/doc.h"

#include "artifact/mu.h"
#include "artifact/plain.h"
#include "artifact/utc.h"

#include <stdarg.h>
#include <stdlib.h>

const char *doc_keep(struct doc_row *row, const char *fmt, ...)
{
    char *const at = row->room + row->used;
    const size_t room = sizeof row->room - row->used;
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(at, room, fmt, args);
    va_end(args);
    if (n >= 0)
        row->used += (size_t)n < room ? (size_t)n + 1 : room;
    return room != 0 ? at : "";
}

void doc_make_row(struct doc_row *row, const struct doc_table *t, size_t n)
{
    memset(row->cell, 0, sizeof row->cell);
    row->missing = 0;
    row->used = 0;
    t->row(t->arg, n, row);
}

bool doc_left_out(const struct doc_table *t, const struct doc_row *row, size_t i)
{
    return row->cell[i] == NULL && (row->missing >> i & 1) == 0 && t->columns[i].kind != DOC_AMOUNT;
}

void doc_label(char out[DOC_LABEL], uint64_t ms, bool days)
{
    char when[UTC_BYTES + 1];

    utc_format(when, ms);
    if (days)
        snprintf(out, DOC_LABEL, "%.10s", when);
    else
        snprintf(out, DOC_LABEL, "%.5s %.5s", when + 5, when + 11);
}

/* ---- Markdown ---- */

/* One code point at a time; hidden ones become '?'. */
static size_t shown(const char *p, size_t left, const char **as)
{
    const size_t n = mu_code_point((const uint8_t *)p, left);

    *as = n == 0 || plain_hidden((const uint8_t *)p, n) ? "?" : NULL;
    return n != 0 ? n : 1;
}

static void md_text(FILE *f, const char *text)
{
    const size_t len = strlen(text);
    const char *as;

    for (size_t at = 0, n; at < len; at += n) {
        n = shown(text + at, len - at, &as);
        const char c = text[at];
        const bool link = (c == ':' && text[at + 1] == '/') ||
                          (c == '.' && at > 0 && (text[at - 1] == 'w' || text[at - 1] == 'W'));
        if (as != NULL)
            fputs(as, f);
        else
            fprintf(f, "%s%.*s", link || strchr("\\`*_{}[]<>#|~&!@$^", c) != NULL ? "\\" : "",
                    (int)n, text + at);
    }
}

static void md_cell(FILE *f, const struct doc_row *row, size_t i)
{
    if (row->cell[i] != NULL)
        md_text(f, row->cell[i]);
    else
        fputs(row->missing >> i & 1 ? "**missing**" : "–", f);
}

static void md_wide(FILE *f, const struct doc_table *t, const struct doc_row *row)
{
    fputs("#### Entry ", f);
    md_cell(f, row, 0);
    fputs("\n\n| | |\n|---|---|\n", f);
    for (size_t i = 1; i < t->n_columns; i++) {
        if (doc_left_out(t, row, i))
            continue;
        fprintf(f, "| %s | ", t->columns[i].title);
        md_cell(f, row, i);
        fputs(" |\n", f);
    }
    fputs("\n", f);
}

static void md_table(FILE *f, const struct doc_table *t, struct doc_row *row)
{
    if (t->title != NULL)
        fprintf(f, "### %s\n\n", t->title);
    if (t->n_rows == 0) {
        fprintf(f, "%s\n\n", t->empty);
        return;
    }
    for (size_t i = 0; !t->wide && i < t->n_columns; i++)
        fprintf(f, "| %s ", t->columns[i].title);
    for (size_t i = 0; !t->wide && i < t->n_columns; i++)
        fprintf(f, "%s%s", i == 0 ? "|\n|" : "",
                doc_is_number(t->columns[i].kind) ? "---:|" : "---|");
    fputs(t->wide ? "" : "\n", f);
    for (size_t n = 0; n < t->n_rows; n++) {
        doc_make_row(row, t, n);
        if (t->wide) {
            md_wide(f, t, row);
            continue;
        }
        for (size_t i = 0; i < t->n_columns; i++) {
            fputs("| ", f);
            md_cell(f, row, i);
            fputs(i + 1 < t->n_columns ? " " : " |\n", f);
        }
    }
    fputs(t->wide ? "" : "\n", f);
}

/* A plot as a table of the bars that are not empty. */
static void md_plot(FILE *f, const struct doc_plot *p)
{
    char when[UTC_BYTES + 1];
    size_t rows = 0;

    fprintf(f, "### %s\n\n", p->title);
    for (size_t i = 0; i < p->n; i++) {
        if (p->y[i] <= 0)
            continue;
        if (rows++ == 0)
            fprintf(f, "| from | %s |\n|---|---:|\n", p->y_label);
        utc_format(when, p->start_ms + i * p->width_ms);
        fprintf(f, "| %.16sZ | %.6g |\n", when, p->y[i]);
    }
    fputs(rows == 0 ? "None in the period.\n\n" : "\n", f);
}

void doc_write_md(const struct doc *d, FILE *f)
{
    struct doc_row row;

    fprintf(f, "# %s\n\n%s\n\n", d->title, d->subtitle);
    for (size_t i = 0; i < d->n_figures; i++)
        fprintf(f, "* %s: %llu\n", d->figures[i].title, (unsigned long long)d->figures[i].value);
    for (size_t s = 0; s < d->n_sections; s++) {
        const struct doc_section *sec = &d->sections[s];
        fprintf(f, "\n## %s\n\n", sec->title);
        for (size_t i = 0; i < sec->n_notes; i++)
            fprintf(f, "%s\n\n", sec->notes[i]);
        for (size_t i = 0; i < sec->n_tables; i++)
            md_table(f, &sec->tables[i], &row);
        for (size_t i = 0; i < sec->n_plots; i++)
            md_plot(f, &sec->plots[i]);
    }
    fprintf(f, "\n%s\n", d->footer);
}

/* ---- CSV ---- */

/* Whether a spreadsheet might compute it, or it begins as what was guarded does. */
static bool needs_guard(const char *text)
{
    static const char *const marks[] = {"=", "+", "-", "@", "'", "＝", "＋", "－", "＠"};

    while (*text == ' ')
        text++;
    for (size_t i = 0; i < HEAD2_LEN(marks); i++)
        if (strncmp(text, marks[i], strlen(marks[i])) == 0)
            return true;
    return strncmp(text, "\xc2\xa0", 2) == 0 || strncmp(text, "\xe3\x80\x80", 3) == 0;
}

static void csv_text(FILE *f, const char *text, bool guard)
{
    const size_t len = strlen(text);
    const char *as;

    fputs(guard && needs_guard(text) ? "\"'" : "\"", f);
    for (size_t at = 0, n; at < len; at += n) {
        n = shown(text + at, len - at, &as);
        if (as != NULL)
            fputs(as, f);
        else
            fprintf(f, "%s%.*s", text[at] == '"' ? "\"" : "", (int)n, text + at);
    }
    fputc('"', f);
}

#define CSV_COLUMNS 128

/* The columns of all tables, by name. */
static size_t csv_columns(const struct doc *d, const char *names[CSV_COLUMNS])
{
    size_t count = 0, k;

    for (size_t s = 0; s < d->n_sections; s++)
        for (size_t t = 0; t < d->sections[s].n_tables; t++)
            for (size_t i = 0; i < d->sections[s].tables[t].n_columns; i++) {
                const char *name = d->sections[s].tables[t].columns[i].name;
                for (k = 0; k < count && strcmp(names[k], name) != 0;)
                    k++;
                if (k == count && count < CSV_COLUMNS)
                    names[count++] = name;
            }
    return count;
}

static void csv_table(FILE *f, const struct doc_table *t, const char *const *names, size_t count)
{
    struct doc_row row;

    for (size_t n = 0; n < t->n_rows; n++) {
        doc_make_row(&row, t, n);
        csv_text(f, t->name, false);
        for (size_t k = 0; k < count; k++) {
            size_t i = 0;
            while (i < t->n_columns && strcmp(t->columns[i].name, names[k]) != 0)
                i++;
            fputc(',', f);
            if (i < t->n_columns && row.cell[i] != NULL)
                csv_text(f, row.cell[i], !doc_is_number(t->columns[i].kind));
            else
                fputs("\"\"", f);
        }
        fputs("\r\n", f);
    }
}

void doc_write_csv(const struct doc *d, FILE *f)
{
    const char *names[CSV_COLUMNS];
    const size_t count = csv_columns(d, names);

    fputs("\"table\"", f);
    for (size_t k = 0; k < count; k++)
        fprintf(f, ",\"%s\"", names[k]);
    fputs("\r\n", f);
    for (size_t s = 0; s < d->n_sections; s++)
        for (size_t t = 0; t < d->sections[s].n_tables; t++)
            csv_table(f, &d->sections[s].tables[t], names, count);
}

/* ---- JSON ---- */

static void json_text(FILE *f, const char *text, size_t len)
{
    fputc('"', f);
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c == 0x7f)
            fprintf(f, "\\u%04x", c);
        else
            fprintf(f, "%s%c", c == '"' || c == '\\' ? "\\" : "", c);
    }
    fputc('"', f);
}

static void json_list(FILE *f, const char *list)
{
    fputc('[', f);
    for (const char *p = list; *p != 0;) {
        const char *end = strstr(p, ", ");
        const size_t len = end != NULL ? (size_t)(end - p) : strlen(p);
        fputs(p != list ? ", " : "", f);
        json_text(f, p, len);
        p += end != NULL ? len + 2 : len;
    }
    fputc(']', f);
}

static void json_cell(FILE *f, const struct doc_column *c, const char *cell)
{
    fprintf(f, "\"%s\": ", c->name);
    if (c->kind == DOC_LIST)
        json_list(f, cell != NULL ? cell : "");
    else if (cell == NULL)
        fputs("null", f);
    else if (doc_is_number(c->kind))
        fputs(cell, f);
    else
        json_text(f, cell, strlen(cell));
}

static void json_table(FILE *f, const struct doc_table *t)
{
    struct doc_row row;

    fprintf(f, "    \"%s\": [", t->name);
    for (size_t n = 0; n < t->n_rows; n++) {
        doc_make_row(&row, t, n);
        fputs(n != 0 ? ",\n      {" : "\n      {", f);
        for (size_t i = 0; i < t->n_columns; i++) {
            fputs(i != 0 ? ", " : "", f);
            json_cell(f, &t->columns[i], row.cell[i]);
        }
        fputc('}', f);
    }
    fputc(']', f);
}

static void json_plot(FILE *f, const struct doc_plot *p)
{
    char when[UTC_BYTES + 1];

    utc_format(when, p->start_ms);
    fprintf(f, "    \"%s\": {\"start\": \"%s\", \"seconds\": %llu, \"values\": [", p->name, when,
            (unsigned long long)(p->width_ms / 1000));
    for (size_t i = 0; i < p->n; i++)
        fprintf(f, "%s%.6g", i != 0 ? ", " : "", p->y[i]);
    fputs("]}", f);
}

static void json_section(FILE *f, const struct doc_section *s)
{
    fprintf(f, ",\n  \"%s\": {\n    \"title\": ", s->name);
    json_text(f, s->title, strlen(s->title));
    fputs(",\n    \"notes\": [", f);
    for (size_t i = 0; i < s->n_notes; i++) {
        fputs(i != 0 ? ",\n      " : "\n      ", f);
        json_text(f, s->notes[i], strlen(s->notes[i]));
    }
    fputc(']', f);
    for (size_t i = 0; i < s->n_tables; i++) {
        fputs(",\n", f);
        json_table(f, &s->tables[i]);
    }
    for (size_t i = 0; i < s->n_plots; i++) {
        fputs(",\n", f);
        json_plot(f, &s->plots[i]);
    }
    fputs("\n  }", f);
}

void doc_write_json(const struct doc *d, FILE *f)
{
    char from[UTC_BYTES + 1], to[UTC_BYTES + 1], made[UTC_BYTES + 1];

    utc_format(from, d->from_ms);
    utc_format(to, d->to_ms);
    utc_format(made, d->made_ms);
    fprintf(
        f, "{\n  \"head2_report\": 1,\n  \"from\": \"%s\",\n  \"to\": \"%s\",\n  \"as_of\": \"%s\"",
        from, to, made);
    fputs(",\n  \"figures\": {", f);
    for (size_t i = 0; i < d->n_figures; i++)
        fprintf(f, "%s\"%s\": %llu", i != 0 ? ", " : "", d->figures[i].name,
                (unsigned long long)d->figures[i].value);
    fputc('}', f);
    for (size_t s = 0; s < d->n_sections; s++)
        json_section(f, &d->sections[s]);
    fputs("\n}\n", f);
}

/* ---- all of them ---- */

enum head2_status doc_write(const struct doc *d, enum doc_format format, char **out, size_t *len)
{
    static doc_writer *const writers[] = {doc_write_md, doc_write_csv, doc_write_html,
                                          doc_write_json};
    FILE *f;

    *out = NULL;
    f = open_memstream(out, len);
    if (f == NULL)
        return HEAD2_E_MEMORY;
    writers[format](d, f);
    const bool bad = ferror(f) != 0;
    if (fclose(f) == 0 && !bad)
        return HEAD2_OK;
    free(*out);
    *out = NULL;
    return HEAD2_E_MEMORY;
}
