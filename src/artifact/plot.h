/*
 * Plots as SVG inside an HTML page: no script, no font, nothing from elsewhere. Colours come from
 * the page's style sheet, which knows light and dark.
 */
#ifndef HEAD2_ARTIFACT_PLOT_H
#define HEAD2_ARTIFACT_PLOT_H

#include "base/base.h"

#include <stdio.h>

/* A page being written; what could not be had in memory is seen at the end. */
struct page {
    char *text;
    size_t len;
    FILE *f;
};

HEAD2_CHECK bool page_begin(struct page *p, const char *title);
/* Ends the page: false when memory ran out. Free p->text. */
HEAD2_CHECK bool page_end(struct page *p);
/* Text with what HTML reserves replaced. */
void page_text(struct page *p, const char *text);

struct plot_line {
    double at;
    const char *label; /* may be NULL */
};

struct plot {
    const char *title, *x_label, *y_label;
    const double *y;
    size_t n;
    double low, high; /* of the y axis */
    double x_first, x_last;
    const char *const *names;  /* under each bar, instead of numbers; may be NULL, or hold NULLs */
    bool level;                /* names stand level where their bar begins, else they are turned */
    struct plot_line lines[3]; /* horizontal ones, for bounds and cutoffs */
    unsigned n_lines;
    size_t marked; /* a bar that stands out; n for none */
    bool bars;     /* else a polyline */
};

void plot_draw(struct page *p, const struct plot *plot);

#endif
