/* see receipt_verify.h */
#include "artifact/receipt_verify.h"

#include "artifact/base64.h"
#include "artifact/file.h"

#include <head2/hash.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct item {
    uint64_t index;
    char *name;
};

struct walk {
    const char *folder;
    const struct head2_key *key;
    uint8_t key_id[HEAD2_KEY_ID_BYTES];
    receipt_fault_fn *tell;
    void *arg;
    struct receipt_report *report;
    struct item *items;
    size_t count, cap;
    struct receipt r;
    bool before_ok; /* the file before was read and its own checks held */
};

static void fault(struct walk *w, const char *file, const char *what)
{
    w->report->faults++;
    w->tell(w->arg, file, what);
}

static enum head2_status remember(struct walk *w, uint64_t index, const char *name)
{
    if (w->count == w->cap) {
        const size_t cap = w->cap == 0 ? 256 : 2 * w->cap;
        struct item *more = realloc(w->items, cap * sizeof *more);
        if (more == NULL)
            return HEAD2_E_MEMORY;
        w->items = more;
        w->cap = cap;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return HEAD2_E_MEMORY;
    struct item *item = &w->items[w->count++];
    item->index = index;
    item->name = copy;
    return HEAD2_OK;
}

static bool is_own_file(const char *name)
{
    return name[0] == '.' || strcmp(name, "lock") == 0 || strcmp(name, RECEIPT_KEY_FILE) == 0 ||
           strcmp(name, RECEIPT_PUBLIC_FILE) == 0;
}

static bool ends_in_mu(const char *name)
{
    const size_t len = strlen(name);
    return len >= 3 && strcmp(name + len - 3, ".mu") == 0;
}

static enum head2_status list(struct walk *w)
{
    DIR *dir = opendir(w->folder);
    struct dirent *entry;
    struct receipt_name name;
    enum head2_status st = HEAD2_OK;

    if (dir == NULL)
        return HEAD2_E_IO;
    for (errno = 0; st == HEAD2_OK && (entry = readdir(dir)) != NULL; errno = 0) {
        if (receipt_name_parse(&name, entry->d_name))
            st = remember(w, name.index, entry->d_name);
        else if (ends_in_mu(entry->d_name))
            fault(w, entry->d_name, "its name is not INDEX_KIND_SUBJECT_NUMBER.mu");
        else if (!is_own_file(entry->d_name))
            w->report->others++;
    }
    int error = errno;
    closedir(dir);
    errno = error;
    return st != HEAD2_OK ? st : error != 0 ? HEAD2_E_IO : HEAD2_OK;
}

static int by_index(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* The checks that need this file alone. */
static bool check_alone(struct walk *w, const char *file, const uint8_t *bytes, size_t len)
{
    struct receipt_name name;
    const char *why;

    enum head2_status st = receipt_parse(&w->r, bytes, len, &why);
    if (st != HEAD2_OK) {
        char what[160];
        snprintf(what, sizeof what, "changed: %s", why);
        fault(w, file, what);
        return false;
    }
    if (memcmp(w->r.key_id, w->key_id, sizeof w->key_id) != 0) {
        char id[2 * HEAD2_KEY_ID_BYTES + 1] = {0}, what[160];
        hex_encode(id, w->r.key_id, sizeof w->r.key_id);
        snprintf(what, sizeof what, "signed by another key, %s", id);
        fault(w, file, what);
        return false;
    }
    if (receipt_check_signature(&w->r, w->key) != HEAD2_OK) {
        fault(w, file, "the signature does not hold: the receipt was changed or is not genuine");
        return false;
    }
    if (!receipt_name_parse(&name, file) || !receipt_name_fits(&name, &w->r)) {
        fault(w, file, "renamed: its text is of another receipt than its name");
        return false;
    }
    return true;
}

static void check_gap(struct walk *w, size_t n)
{
    const uint64_t want = n == 0 ? 0 : w->items[n - 1].index + 1;
    const uint64_t have = w->items[n].index;
    char missing[64];

    if (n > 0 && have == w->items[n - 1].index) {
        fault(w, w->items[n].name, "a second receipt of the same index");
        return;
    }
    if (have == want)
        return;
    if (have - want == 1)
        snprintf(missing, sizeof missing, "receipt %llu", (unsigned long long)want);
    else
        snprintf(missing, sizeof missing, "receipts %llu to %llu", (unsigned long long)want,
                 (unsigned long long)have - 1);
    fault(w, missing, "missing");
    w->before_ok = false;
}

static enum head2_status check_item(struct walk *w, size_t n)
{
    static const uint8_t zeros[32];
    char path[PATH_MAX];
    uint8_t *bytes;
    size_t len;
    const char *file = w->items[n].name;

    check_gap(w, n);
    snprintf(path, sizeof path, "%s/%s", w->folder, file);
    enum head2_status st = file_read(path, RECEIPT_FILE_MAX, &bytes, &len);
    if (st == HEAD2_E_MEMORY)
        return st;
    if (st != HEAD2_OK) {
        fault(w, file, st == HEAD2_E_LIMIT ? "changed: too long for a receipt" : strerror(errno));
        w->before_ok = false;
        return HEAD2_OK;
    }
    const bool alone = check_alone(w, file, bytes, len);
    const uint8_t *prev = w->items[n].index == 0 ? zeros : w->report->head;
    /* a broken link is told only where the file before it is not itself the one at fault */
    if (alone && (w->before_ok || w->items[n].index == 0) && memcmp(w->r.prev, prev, 32) != 0)
        fault(w, file, "the chain is broken: it names another receipt as the one before");
    head2_blake3(w->report->head, bytes, len);
    w->before_ok = alone;
    free(bytes);
    return HEAD2_OK;
}

enum head2_status receipt_verify_folder(const char *folder, const struct head2_key *key,
                                        receipt_fault_fn *tell, void *arg,
                                        struct receipt_report *report)
{
    struct walk *w = calloc(1, sizeof *w);
    enum head2_status st = HEAD2_OK;

    memset(report, 0, sizeof *report);
    if (w == NULL)
        return HEAD2_E_MEMORY;
    w->folder = folder;
    w->key = key;
    w->tell = tell;
    w->arg = arg;
    w->report = report;
    head2_key_id(key, w->key_id);
    HEAD2_TRY(list(w));
    if (w->count > 0) {
        qsort(w->items, w->count, sizeof *w->items, by_index);
        report->first = w->items[0].index;
        report->last = w->items[w->count - 1].index;
    }
    report->count = w->count;
    for (size_t n = 0; n < w->count; n++)
        HEAD2_TRY(check_item(w, n));
    st = report->faults == 0 ? HEAD2_OK : HEAD2_E_VERIFY;

done:
    for (size_t n = 0; n < w->count; n++)
        free(w->items[n].name);
    free(w->items);
    free(w);
    return st;
}
