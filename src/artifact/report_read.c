/* Where a report's entries come from. See report.h. */
#include "artifact/file.h"
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"
#include "artifact/report.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* As ledger_import.c has it: JSON may write a character as \u0000 */
#define ENTRIES_MAX ((size_t)LEDGER_TILE * (6 * LEDGER_TEXT_MAX + 1024))

struct reading {
    struct report *report;
    uint64_t next, size;
    enum head2_status st;
    ledger_progress_fn *progress;
    void *arg;
};

static bool take(void *arg, const struct ledger_entry *e)
{
    struct reading *r = arg;

    if (r->next == r->size)
        return false;
    r->st = report_take(r->report, e);
    r->next++;
    if (r->next % 1024 == 0)
        r->progress(r->arg, r->next);
    return r->st == HEAD2_OK;
}

static enum head2_status told(enum head2_status st, const char *folder, uint64_t at,
                              struct ledger_fault *fault)
{
    if (fault->what[0] != 0 || st == HEAD2_OK)
        return st;
    snprintf(fault->where, sizeof fault->where, "%.400s", folder);
    if (st == HEAD2_E_LIMIT) {
        snprintf(fault->what, sizeof fault->what, "more than %d job records in this period",
                 REPORT_JOBS_MAX);
        snprintf(fault->hint, sizeof fault->hint, "report shorter periods");
    } else if (st == HEAD2_E_ARG || st == HEAD2_E_MALFORMED) {
        snprintf(fault->what, sizeof fault->what, "entry %llu is missing, or is none",
                 (unsigned long long)at);
        st = HEAD2_E_MALFORMED;
    }
    return st;
}

enum head2_status report_take_ledger(struct report *r, struct ledger *l, uint64_t size,
                                     ledger_progress_fn *progress, void *arg,
                                     struct ledger_fault *fault)
{
    struct reading reading = {r, 0, size, HEAD2_OK, progress, arg};
    enum head2_status st;

    memset(fault, 0, sizeof *fault);
    st = size != 0 ? ledger_each(l, 0, take, &reading, fault) : HEAD2_OK;
    if (st == HEAD2_OK)
        st = reading.st;
    if (st == HEAD2_OK && reading.next != size)
        st = HEAD2_E_MALFORMED;
    return told(st, LEDGER_FILE, reading.next, fault);
}

/* The lines of one file. */
static enum head2_status take_lines(struct reading *r, const uint8_t *bytes, size_t len)
{
    const uint8_t *const end = bytes + len;
    struct ledger_entry e;

    while (bytes < end && r->st == HEAD2_OK && r->next < r->size) {
        const uint8_t *lf = memchr(bytes, '\n', (size_t)(end - bytes));
        lf = lf != NULL ? lf : end;
        json_t *o = json_loadb((const char *)bytes, (size_t)(lf - bytes),
                               JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        if (!ledger_entry_parse(&e, o))
            r->st = HEAD2_E_MALFORMED;
        else
            (void)take(r, &e);
        json_decref(o);
        bytes = lf + 1;
    }
    return r->st;
}

enum head2_status report_take_export(struct report *r, const char *folder, uint64_t size,
                                     ledger_progress_fn *progress, void *arg,
                                     struct ledger_fault *fault)
{
    struct reading reading = {r, 0, size, HEAD2_OK, progress, arg};
    char name[LEDGER_EXPORT_NAME], path[PATH_MAX];
    enum head2_status st = HEAD2_OK;

    memset(fault, 0, sizeof *fault);
    while (st == HEAD2_OK && reading.next < size) {
        const uint64_t before = reading.next;
        uint8_t *bytes = NULL;
        size_t len;
        ledger_entries_name(name, before / LEDGER_TILE);
        errno = ENAMETOOLONG;
        st = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path
                 ? file_read(path, ENTRIES_MAX, &bytes, &len)
                 : HEAD2_E_IO;
        if (st == HEAD2_E_IO) {
            fault->error = errno;
            snprintf(fault->where, sizeof fault->where, "%.500s", path);
            snprintf(fault->what, sizeof fault->what, "%s", strerror(errno));
        }
        if (st == HEAD2_OK)
            st = take_lines(&reading, bytes, len);
        free(bytes);
        if (st == HEAD2_OK && reading.next < size && reading.next != before + LEDGER_TILE)
            st = HEAD2_E_MALFORMED;
    }
    return told(st, folder, reading.next, fault);
}
