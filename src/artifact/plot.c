/* see artifact/plot.h */
#include "artifact/plot.h"

#include <math.h>
#include <stdlib.h>

enum { WIDTH = 720, HEIGHT = 260, LEFT = 84, RIGHT = 16, TOP = 16, BOTTOM = 56, TICKS = 5 };

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1b1b;background:#fff}table{border-collapse:collapse}td,th{padding:.2rem .8rem .2rem "
    "0;"
    "text-align:left;border-bottom:1px solid #ccc}td.n,th.n{text-align:right}"
    "figure{margin:2rem 0}figcaption{font-weight:600}svg{width:100%;height:auto}"
    "svg text{font:12px system-ui,sans-serif;fill:#444}.axis{stroke:#888}.grid{stroke:#e4e4e4}"
    ".mark{fill:#b3471d}.bar{fill:#2f6690}.line{fill:none;stroke:#2f6690;stroke-width:1.5}"
    ".bound{stroke:#b3471d;stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}td,th{border-color:#444}"
    "svg text{fill:#aaa}.grid{stroke:#333}.bar{fill:#6fa8d0}.line{stroke:#6fa8d0}"
    ".mark{fill:#e08a5f}.bound{stroke:#e08a5f}}";

bool page_begin(struct page *p, const char *title)
{
    *p = (struct page){NULL, 0, NULL};
    p->f = open_memstream(&p->text, &p->len);
    if (p->f == NULL)
        return false;
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          "<meta name=\"viewport\" content=\"width=device-width\"><title>",
          p->f);
    page_text(p, title);
    fprintf(p->f, "</title><style>%s</style></head><body>\n<h1>", style);
    page_text(p, title);
    fputs("</h1>\n", p->f);
    return true;
}

bool page_end(struct page *p)
{
    fputs("</body></html>\n", p->f);
    const bool bad = ferror(p->f) != 0;
    return fclose(p->f) == 0 && !bad;
}

void page_text(struct page *p, const char *text)
{
    for (; *text != 0; text++) {
        const char *as = *text == '&'   ? "&amp;"
                         : *text == '<' ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as != NULL)
            fputs(as, p->f);
        else
            fputc(*text, p->f);
    }
}

/* ---- one plot ---- */

static double y_of(const struct plot *plot, double v)
{
    const double share = (v - plot->low) / (plot->high - plot->low);

    return TOP + (1 - fmin(fmax(share, 0), 1)) * (HEIGHT - TOP - BOTTOM);
}

static double x_of(const struct plot *plot, double i)
{
    return LEFT + i / (double)plot->n * (WIDTH - LEFT - RIGHT);
}

/* 1, 2 or 5 times a power of ten, so that some five of them fill a span. */
static double round_step(double span)
{
    const double rough = span / TICKS, power = pow(10, floor(log10(rough)));
    const double times = rough / power;

    return power * (times < 1.5 ? 1 : times < 3.5 ? 2 : times < 7.5 ? 5 : 10);
}

/* Without the zeros and the exponent of %g, as people write numbers. */
static void number_text(char out[32], double v, double step)
{
    const double digits = -floor(log10(step) + 1e-9);

    snprintf(out, 32, "%.*f", digits > 0 ? (int)digits : 0, fabs(v) < step * 1e-6 ? 0 : v);
}

static void y_axis(struct page *p, const struct plot *plot)
{
    const double step = round_step(plot->high - plot->low);
    char text[32];

    for (double v = ceil(plot->low / step - 1e-9) * step; v <= plot->high + step / 1e6; v += step) {
        const double y = y_of(plot, v);
        number_text(text, v, step);
        fprintf(p->f,
                "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                LEFT, WIDTH - RIGHT, y, y, LEFT - 6, y + 4, text);
    }
}

static void x_axis(struct page *p, const struct plot *plot)
{
    const double span = plot->x_last - plot->x_first, step = round_step(span);
    char text[32];

    for (double v = plot->x_first; v <= plot->x_last + step / 1e6;
         v = (floor(v / step) + 1) * step) {
        number_text(text, v, step);
        fprintf(p->f, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                x_of(plot, (v - plot->x_first) / span * (double)(plot->n - 1) + 0.5),
                HEIGHT - BOTTOM + 18, text);
    }
}

static void bar_names(struct page *p, const struct plot *plot)
{
    for (size_t i = 0; i < plot->n; i++) {
        if (plot->names[i] == NULL)
            continue;
        if (plot->level)
            fprintf(p->f,
                    "<line class=\"axis\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>"
                    "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
                    x_of(plot, (double)i), x_of(plot, (double)i), HEIGHT - BOTTOM,
                    HEIGHT - BOTTOM + 6, x_of(plot, (double)i), HEIGHT - BOTTOM + 20,
                    plot->names[i]);
        else
            fprintf(p->f,
                    "<text transform=\"translate(%.1f %d) rotate(-20)\" "
                    "text-anchor=\"end\">%s</text>\n",
                    x_of(plot, (double)i + 0.65), HEIGHT - BOTTOM + 14, plot->names[i]);
    }
}

static void axes(struct page *p, const struct plot *plot)
{
    y_axis(p, plot);
    if (plot->names == NULL)
        x_axis(p, plot);
    else
        bar_names(p, plot);
    fprintf(p->f, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n", LEFT,
            WIDTH - RIGHT, HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    if (plot->x_label != NULL)
        fprintf(p->f, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                (LEFT + WIDTH - RIGHT) / 2, HEIGHT - BOTTOM + 38, plot->x_label);
    fprintf(p->f,
            "<text transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
            (TOP + HEIGHT - BOTTOM) / 2, plot->y_label);
}

static void bars(struct page *p, const struct plot *plot)
{
    const double base = y_of(plot, fmax(plot->low, 0)), w = x_of(plot, 1) - x_of(plot, 0);

    for (size_t i = 0; i < plot->n; i++) {
        const double y = y_of(plot, plot->y[i]);
        fprintf(p->f, "<rect class=\"%s\" x=\"%.1f\" width=\"%.2f\" y=\"%.1f\" height=\"%.1f\"/>\n",
                i == plot->marked ? "mark" : "bar", x_of(plot, (double)i) + 0.1 * w, 0.8 * w,
                fmin(y, base), fabs(y - base));
    }
}

static void polyline(struct page *p, const struct plot *plot)
{
    fputs("<polyline class=\"line\" points=\"", p->f);
    for (size_t i = 0; i < plot->n; i++)
        fprintf(p->f, "%.1f,%.1f ", x_of(plot, (double)i + 0.5), y_of(plot, plot->y[i]));
    fputs("\"/>\n", p->f);
}

void plot_draw(struct page *p, const struct plot *plot)
{
    fputs("<figure><figcaption>", p->f);
    page_text(p, plot->title);
    fprintf(p->f, "</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\">\n", WIDTH, HEIGHT);
    axes(p, plot);
    if (plot->bars)
        bars(p, plot);
    else
        polyline(p, plot);
    for (unsigned i = 0; i < plot->n_lines; i++) {
        const double y = y_of(plot, plot->lines[i].at);
        fprintf(p->f, "<line class=\"bound\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>\n", LEFT,
                WIDTH - RIGHT, y, y);
        if (plot->lines[i].label != NULL)
            fprintf(p->f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    WIDTH - RIGHT - 2, y - 4, plot->lines[i].label);
    }
    fputs("</svg></figure>\n", p->f);
}
