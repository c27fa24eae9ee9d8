/* A document as one HTML page: no script, nothing from elsewhere, light and dark, and on paper. */
#include "artifact/doc.h"
#include "artifact/mu.h"
#include "artifact/plain.h"
#include "artifact/plot.h"

#include <math.h>
#include <stdlib.h>

static const char style[] =
    ":root{--ink:#1d2430;--soft:#5b6676;--line:#d9dee6;--paper:#fff;--tint:#f5f7fa;--bar:#2f6690;"
    "--alarm:#a8321a;--alarm-tint:#fdf0ec}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e3e7ee;--soft:#9aa5b5;--line:#343c49;"
    "--paper:#14181f;--tint:#1c222b;--bar:#6fa8d0;--alarm:#f0957b;--alarm-tint:#3a211b}}"
    "@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--tint:#fff;--bar:#2f6690;"
    "--alarm:#a8321a;--alarm-tint:#fff}}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
    "color:var(--ink);background:var(--paper);max-width:68rem;margin:0 auto;padding:2.5rem 1.5rem}"
    "header{border-bottom:3px solid var(--bar);padding-bottom:1rem;margin-bottom:1rem}"
    "h1{font-size:1.75rem;line-height:1.2;margin:0 0 .4rem}header p{margin:0;color:var(--soft)}"
    "nav{margin:0 0 1.2rem;font-size:.9rem}nav a{color:var(--bar);margin-right:1.2rem;"
    "white-space:nowrap}"
    ".figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(6rem,1fr));gap:.7rem}"
    ".figures div{border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem;"
    "background:var(--tint)}.figures b{display:block;font-size:1.45rem;line-height:1.2;"
    "font-variant-numeric:tabular-nums}.figures span{font-size:.78rem;color:var(--soft)}"
    ".figures .alarm b{color:var(--alarm)}"
    "h2{font-size:1.25rem;margin:2.4rem 0 .6rem;padding-bottom:.3rem;border-bottom:1px solid "
    "var(--line)}h3{font-size:1rem;margin:1.5rem 0 .5rem}"
    "p.note{margin:.35rem 0;color:var(--soft);max-width:52rem}"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.86rem}"
    "th{text-align:left;font-weight:600;color:var(--soft);background:var(--tint)}"
    "td,th{padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}"
    "time "
    "span{white-space:nowrap}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-"
    "space:nowrap}"
    "td{overflow-wrap:break-word}"
    ".rec{border:1px solid var(--line);border-radius:6px;margin:.8rem 0;break-inside:avoid}"
    ".rec h4{margin:0;padding:.4rem .8rem;background:var(--tint);font-size:.9rem;"
    "border-bottom:1px solid var(--line);border-radius:6px 6px 0 0}"
    ".rec dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.5rem "
    "1rem;margin:0;padding:.7rem .8rem}.rec dl div{min-width:0}"
    "dt{font-size:.74rem;color:var(--soft)}dd{margin:0;overflow-wrap:anywhere;font-size:.88rem}"
    ".missing{color:var(--alarm);background:var(--alarm-tint);border:1px solid "
    "currentColor;border-radius:3px;padding:0 .35em;font-size:.8rem;font-weight:600}"
    ".none{color:var(--soft)}"
    "figure{margin:1.2rem 0;break-inside:avoid}figcaption{font-weight:600;margin-bottom:.3rem}"
    "svg{width:100%;height:auto;display:block}svg text{font:12px system-ui,'DejaVu "
    "Sans',sans-serif;fill:var(--soft)}.axis{stroke:var(--soft)}.grid{stroke:var(--line)}"
    ".bar{fill:var(--bar)}.mark{fill:var(--alarm)}"
    "footer{margin-top:3rem;padding-top:.8rem;border-top:1px solid var(--line);color:var(--soft);"
    "font-size:.85rem}"
    "@page{size:A4;margin:16mm 14mm}@media print{body{max-width:none;padding:0;font-size:10pt}"
    "nav{display:none}h2,h3{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-"
    "group}.scroll{overflow:visible}a{color:inherit}}";

static void text_of(FILE *f, const char *text)
{
    const size_t len = strlen(text);

    for (size_t at = 0; at < len;) {
        const size_t n = mu_code_point((const uint8_t *)text + at, len - at);
        const char c = text[at];
        if (n == 0 || plain_hidden((const uint8_t *)text + at, n))
            fputc('?', f);
        else if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
            fprintf(f, "&#%d;", c);
        else
            fwrite(text + at, 1, n, f);
        at += n != 0 ? n : 1;
    }
}

/* 2026-06-01 05:40:00: a table has no room for more. */
static void time_of(FILE *f, const char *text)
{
    fprintf(f, "<time datetime=\"%.24s\"><span>%.10s</span> <span>%.8s</span></time>", text, text,
            text + 11);
}

static void cell_of(FILE *f, const struct doc_table *t, const struct doc_row *row, size_t i)
{
    if (row->cell[i] == NULL) {
        fputs(row->missing >> i & 1 ? "<span class=\"missing\">missing</span>"
                                    : "<span class=\"none\">–</span>",
              f);
        return;
    }
    if (!t->wide && t->columns[i].kind == DOC_TIME) {
        time_of(f, row->cell[i]);
        return;
    }
    fputs("<bdi>", f);
    text_of(f, row->cell[i]);
    fputs("</bdi>", f);
}

static void wide_row(FILE *f, const struct doc_table *t, const struct doc_row *row)
{
    fputs("<article class=\"rec\"><h4>Entry ", f);
    cell_of(f, t, row, 0);
    fputs("</h4><dl>", f);
    for (size_t i = 1; i < t->n_columns; i++) {
        if (doc_left_out(t, row, i))
            continue;
        fprintf(f, "<div><dt>%s</dt><dd>", t->columns[i].title);
        cell_of(f, t, row, i);
        fputs("</dd></div>", f);
    }
    fputs("</dl></article>\n", f);
}

static void narrow_row(FILE *f, const struct doc_table *t, const struct doc_row *row)
{
    fputs("<tr>", f);
    for (size_t i = 0; i < t->n_columns; i++) {
        fputs(doc_is_number(t->columns[i].kind) ? "<td class=\"n\">" : "<td>", f);
        cell_of(f, t, row, i);
        fputs("</td>", f);
    }
    fputs("</tr>\n", f);
}

static void table_of(FILE *f, const struct doc_table *t, struct doc_row *row)
{
    if (t->title != NULL)
        fprintf(f, "<h3>%s</h3>\n", t->title);
    if (t->n_rows == 0) {
        fprintf(f, "<p class=\"note\">%s</p>\n", t->empty);
        return;
    }
    if (!t->wide) {
        fputs("<div class=\"scroll\"><table><thead><tr>", f);
        for (size_t i = 0; i < t->n_columns; i++)
            fprintf(f, "<th%s>%s</th>", doc_is_number(t->columns[i].kind) ? " class=\"n\"" : "",
                    t->columns[i].title);
        fputs("</tr></thead><tbody>\n", f);
    }
    for (size_t n = 0; n < t->n_rows; n++) {
        doc_make_row(row, t, n);
        if (t->wide)
            wide_row(f, t, row);
        else
            narrow_row(f, t, row);
    }
    if (!t->wide)
        fputs("</tbody></table></div>\n", f);
}

/* ---- plots ---- */

/* Between two labels: at least a seventh of the plot, and a round time. */
static uint64_t label_step(const struct doc_plot *p)
{
    static const uint64_t minutes[] = {1,   2,   5,   10,   15,   30,   60,   120,
                                       180, 360, 720, 1440, 2880, 5760, 10080};
    const uint64_t least = p->n * p->width_ms / 7;
    uint64_t step = 0;

    for (size_t i = 0; i < HEAD2_LEN(minutes) && (step < least || step % p->width_ms != 0); i++)
        step = 60000 * minutes[i];
    while (step < least || step % p->width_ms != 0)
        step = step < p->width_ms ? p->width_ms : 2 * step;
    return step;
}

static void label_bars(const struct doc_plot *p, const char **names, char (*labels)[DOC_LABEL])
{
    const uint64_t step = label_step(p);

    for (size_t i = 0; i < p->n; i++) {
        const uint64_t at = p->start_ms + i * p->width_ms;
        if (at % step != 0 || (p->n - i) * 9 < p->n) /* no room at the right edge */
            continue;
        doc_label(labels[i], at, step % 86400000 == 0);
        names[i] = labels[i];
    }
}

static void plot_of(FILE *f, const struct doc_plot *p)
{
    const char **names = calloc(p->n, sizeof *names);
    char(*labels)[DOC_LABEL] = calloc(p->n, sizeof *labels);
    struct page page = {NULL, 0, f};
    double most = 0;

    for (size_t i = 0; i < p->n; i++)
        most = fmax(most, p->y[i]);
    const struct plot plot = {.title = p->title,
                              .y_label = p->y_label,
                              .y = p->y,
                              .n = p->n,
                              .high = fmax(1.1 * most, p->whole ? 4 : 1),
                              .names = names,
                              .level = true,
                              .marked = p->n,
                              .bars = true};
    if (most <= 0) {
        fprintf(f, "<h3>%s</h3><p class=\"note\">None in the period.</p>\n", p->title);
    } else if (names != NULL && labels != NULL) {
        label_bars(p, names, labels);
        plot_draw(&page, &plot);
    }
    free(names);
    free(labels);
}

/* ---- the page ---- */

static void section_of(FILE *f, const struct doc_section *s, struct doc_row *row)
{
    fprintf(f, "<section id=\"%s\"><h2>%s</h2>\n", s->name, s->title);
    for (size_t i = 0; i < s->n_notes; i++) {
        fputs("<p class=\"note\">", f);
        text_of(f, s->notes[i]);
        fputs("</p>\n", f);
    }
    for (size_t i = 0; i < s->n_plots; i++)
        plot_of(f, &s->plots[i]);
    for (size_t i = 0; i < s->n_tables; i++)
        table_of(f, &s->tables[i], row);
    fputs("</section>\n", f);
}

void doc_write_html(const struct doc *d, FILE *f)
{
    struct doc_row row;

    fprintf(f,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
            "style-src 'unsafe-inline'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n"
            "<title>%s</title>\n<style>%s</style></head>\n<body><header><h1>%s</h1><p>%s</p>"
            "</header>\n<nav>",
            d->title, style, d->title, d->subtitle);
    for (size_t s = 0; s < d->n_sections; s++)
        fprintf(f, "<a href=\"#%s\">%s</a> ", d->sections[s].name, d->sections[s].brief);
    fputs("</nav>\n<main>\n<div class=\"figures\">", f);
    for (size_t i = 0; i < d->n_figures; i++)
        fprintf(f, "<div%s><b>%llu</b><span>%s</span></div>",
                d->figures[i].alarm && d->figures[i].value != 0 ? " class=\"alarm\"" : "",
                (unsigned long long)d->figures[i].value, d->figures[i].title);
    fputs("</div>\n", f);
    for (size_t s = 0; s < d->n_sections; s++)
        section_of(f, &d->sections[s], &row);
    fprintf(f, "</main>\n<footer>%s</footer>\n</body></html>\n", d->footer);
}
