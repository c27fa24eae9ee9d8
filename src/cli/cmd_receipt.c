/*
 * head2 receipt show: a receipt turned back into the text it reverses, or a list of a folder's.
 * head2 receipt verify: a folder's whole chain, or one receipt, checked offline.
 */
#include "artifact/base64.h"
#include "artifact/file.h"
#include "artifact/mu.h"
#include "artifact/receipt_verify.h"
#include "cli/files.h"
#include "cli/keys.h"
#include "cli/verbs.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* A fault of one file is an invalid one when it is a receipt at all, else malformed input. */
static int read_receipt(const struct cli *cli, const char *path, struct receipt *r)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    const char *why = NULL;

    int code = cli_read_file(cli, path, RECEIPT_FILE_MAX, &bytes, &len);
    if (code != CLI_DONE)
        return code;
    enum head2_status st = receipt_parse(r, bytes, len, &why);
    free(bytes);
    if (st == HEAD2_E_VERIFY)
        return cli_fail(cli, CLI_FAILED, path, "find an unchanged copy", "changed: %s", why);
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INPUT, path, "give a .mu receipt file",
                        "not a receipt, or changed: %s", why);
    return CLI_DONE;
}

/* ---- show ---- */

static int by_index(const struct dirent **a, const struct dirent **b)
{
    struct receipt_name x, y;

    if (!receipt_name_parse(&x, (*a)->d_name) || !receipt_name_parse(&y, (*b)->d_name))
        return 0;
    return x.index < y.index ? -1 : x.index > y.index;
}

static int is_receipt(const struct dirent *entry)
{
    struct receipt_name name;
    return receipt_name_parse(&name, entry->d_name);
}

/* A folder without a receipt and without the key of a folder of receipts: mostly the state folder,
 * whose receipts are one step down. */
static int check_folder(const struct cli *cli, const char *path)
{
    char inside[PATH_MAX], hint[PATH_MAX + 64] = "name the receipts folder";
    struct dirent *entry;
    bool found = false;
    DIR *dir = opendir(path);

    if (dir == NULL)
        return cli_fail_errno(cli, path, errno, "cannot read the folder");
    while (!found && (entry = readdir(dir)) != NULL)
        found = is_receipt(entry) || strcmp(entry->d_name, RECEIPT_PUBLIC_FILE) == 0;
    closedir(dir);
    if (found)
        return CLI_DONE;
    const char *slash = path[strlen(path) - 1] == '/' ? "" : "/";
    int n = snprintf(inside, sizeof inside, "%s%sreceipts", path, slash);
    if (n < (int)sizeof inside && is_folder(inside))
        snprintf(hint, sizeof hint, "name the receipts folder, %s", inside);
    return cli_fail(cli, CLI_INPUT, path, hint, "no receipts here");
}

static int show_folder(struct cli *cli, const char *path)
{
    struct dirent **entries = NULL;
    int code = check_folder(cli, path);

    if (code != CLI_DONE)
        return code;
    int count = scandir(path, &entries, is_receipt, by_index);

    if (count < 0)
        return cli_fail_errno(cli, path, errno, "cannot read the folder");
    for (int i = 0; i < count; i++) {
        struct receipt_name n;
        if (receipt_name_parse(&n, entries[i]->d_name) && cli->json)
            cli_print_json(cli, json_pack("{s:I, s:s, s:s, s:I, s:s}", "index", (json_int_t)n.index,
                                          "kind", n.kind, "subject", n.subject, "number",
                                          (json_int_t)n.number, "file", entries[i]->d_name));
        else if (!cli->json)
            cli_print(cli, "%s\n", entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return CLI_DONE;
}

static void show_json(struct cli *cli, const char *path, const struct receipt *r,
                      const char *reverse)
{
    char prev[65] = {0}, hash[65] = {0}, id[CLI_KEY_ID_TEXT] = {0};

    hex_encode(prev, r->prev, sizeof r->prev);
    hex_encode(hash, r->forward_hash, sizeof r->forward_hash);
    hex_encode(id, r->key_id, sizeof r->key_id);
    json_t *o = json_pack("{s:s, s:I, s:o, s:s, s:s, s:s}", "file", path, "index",
                          (json_int_t)r->index, "forward", json_stringn(r->forward, r->forward_len),
                          "prev", prev, "forward_hash", hash, "key_id", id);
    if (o != NULL && reverse != NULL)
        json_object_set_new(o, "reverse", json_stringn(reverse, r->forward_len));
    cli_print_json(cli, o);
}

/* Length of the line at p, without its end; its width in code points to *width. */
static size_t line_at(const char *p, size_t len, size_t *width)
{
    size_t n = 0;

    for (*width = 0; n < len && p[n] != '\n'; ++*width) {
        size_t step = mu_code_point((const uint8_t *)p + n, len - n);
        n += step != 0 ? step : 1;
    }
    return n;
}

/* Forward on the left, reverse on the right, line by line. */
static void show_both(struct cli *cli, const char *forward, const char *reverse, size_t len)
{
    size_t widest = 0, width, left = 0, right = 0;

    for (size_t at = 0; at < len;) {
        at += line_at(forward + at, len - at, &width) + 1;
        widest = width > widest ? width : widest;
    }
    while (left < len || right < len) {
        size_t n = left < len ? line_at(forward + left, len - left, &width) : (width = 0);
        cli_write(cli, forward + left, n);
        cli_print(cli, "%*s | ", (int)(widest - width), "");
        left += n + 1;
        n = right < len ? line_at(reverse + right, len - right, &width) : 0;
        cli_write(cli, reverse + right, n);
        cli_print(cli, "\n");
        right += n + 1;
    }
}

/* A folder, or a file of version 1. */
bool cli_receipt_is_old(const char *path)
{
    static const char version[] = "\n---\ntype: mu_receipt\nversion: 1\n";
    uint8_t *bytes = NULL;
    size_t len = 0;

    if (is_folder(path))
        return true;
    if (strcmp(path, "-") == 0 || file_read(path, RECEIPT_FILE_MAX, &bytes, &len) != HEAD2_OK)
        return false;
    const bool is_old = memmem(bytes, len, version, sizeof version - 1) != NULL;
    free(bytes);
    return is_old;
}

int cmd_receipt_show_old(struct cli *cli)
{
    const char *path = cli->args[0];
    char reverse[RECEIPT_FORWARD_MAX];
    size_t bad;

    if (is_folder(path))
        return show_folder(cli, path);
    struct receipt *r = malloc(sizeof *r);
    if (r == NULL)
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = read_receipt(cli, path, r);
    const bool both = cli_flag(cli, "both");
    if (code == CLI_DONE && mu_reverse((uint8_t *)reverse, (const uint8_t *)r->forward,
                                       r->forward_len, &bad) != HEAD2_OK)
        code = cli_fail(cli, CLI_INPUT, path, NULL, "not UTF-8");
    if (code == CLI_DONE && cli->json) {
        show_json(cli, path, r, both ? reverse : NULL);
    } else if (code == CLI_DONE && both) {
        show_both(cli, r->forward, reverse, r->forward_len);
    } else if (code == CLI_DONE) {
        cli_write(cli, r->forward, r->forward_len);
        cli_print(cli, "\n");
    }
    free(r);
    return code;
}

/* ---- verify ---- */

/* --key, else receipts.pub.pem of the folder that path is or lies in. */
static int read_checking_key(const struct cli *cli, const char *path, struct head2_key **key,
                             bool *own)
{
    char beside[PATH_MAX];
    const char *given = cli_string(cli, "key");
    const int folder = is_folder(path) ? (int)strlen(path) : (int)(base_name(path) - path);
    const char *slash = folder > 0 && path[folder - 1] != '/' ? "/" : "";

    *own = given == NULL;
    int n = snprintf(beside, sizeof beside, "%.*s%s%s", folder, path, slash, RECEIPT_PUBLIC_FILE);
    if (n >= (int)sizeof beside)
        return cli_fail(cli, CLI_INPUT, path, "use a shorter name", "the name is too long");
    return cli_read_key(cli, given != NULL ? given : beside, CLI_KEY_VERIFY, key);
}

static int verify_one(struct cli *cli, const char *path, const struct head2_key *key)
{
    struct receipt_name name;
    struct receipt *r = malloc(sizeof *r);

    if (r == NULL)
        return cli_fail(cli, CLI_INTERNAL, path, NULL, "out of memory");
    int code = read_receipt(cli, path, r);
    if (code == CLI_DONE && receipt_check_signature(r, key) != HEAD2_OK)
        code = cli_fail(cli, CLI_FAILED, path, "check the key; do not rely on the receipt",
                        "invalid: the signature does not hold");
    if (code == CLI_DONE && receipt_name_parse(&name, base_name(path)) &&
        !receipt_name_fits(&name, r))
        code = cli_fail(cli, CLI_FAILED, path, "give it its name back",
                        "invalid: its text is of another receipt than its name");
    if (code == CLI_DONE && cli->json)
        cli_print_json(cli, json_pack("{s:s, s:s, s:I}", "file", path, "verdict", "valid", "index",
                                      (json_int_t)r->index));
    else if (code == CLI_DONE)
        cli_print(cli, "valid %s: receipt %llu\n", path, (unsigned long long)r->index);
    free(r);
    return code;
}

struct findings {
    struct cli *cli;
    char first[400]; /* the first fault, for the error line */
};

static void tell(void *arg, const char *file, const char *what)
{
    struct findings *f = arg;

    if (f->first[0] == 0)
        snprintf(f->first, sizeof f->first, "%s: %s", file, what);
    if (f->cli->json)
        cli_print_json(
            f->cli, json_pack("{s:s, s:s, s:s}", "file", file, "verdict", "invalid", "part", what));
    else
        cli_print(f->cli, "invalid %s: %s\n", file, what);
}

static void report(struct cli *cli, const char *path, const struct receipt_report *r, bool own)
{
    char head[65] = {0};

    hex_encode(head, r->head, sizeof r->head);
    if (cli->json) {
        cli_print_json(cli, json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:b}", "folder", path,
                                      "verdict", r->faults == 0 ? "valid" : "invalid", "receipts",
                                      (json_int_t)r->count, "faults", (json_int_t)r->faults,
                                      "newest", (json_int_t)r->last, "newest_hash", head,
                                      "other_files", (json_int_t)r->others, "own_key", own));
        return;
    }
    cli_print(cli, "%llu receipts, %llu faults\n", (unsigned long long)r->count,
              (unsigned long long)r->faults);
    if (r->count > 0)
        cli_print(cli, "newest: %llu, blake3:%s\n", (unsigned long long)r->last, head);
    if (own)
        cli_print(cli, "checked with the folder's own " RECEIPT_PUBLIC_FILE
                       ": give --key with a copy kept elsewhere to exclude a rewritten folder\n");
}

static int verify_folder(struct cli *cli, const char *path, const struct head2_key *key, bool own)
{
    struct findings f = {.cli = cli};
    struct receipt_report r;

    enum head2_status st = receipt_verify_folder(path, key, tell, &f, &r);
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, path, errno, "cannot read the folder");
    if (st != HEAD2_OK && st != HEAD2_E_VERIFY)
        return cli_fail(cli, cli_status_exit(st), path, NULL, "%s", head2_status_string(st));
    report(cli, path, &r, own);
    if (st == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(cli, CLI_FAILED, path, "compare with a copy of the folder",
                    "%llu faults in the chain, first %s", (unsigned long long)r.faults, f.first);
}

int cmd_receipt_verify(struct cli *cli)
{
    const char *path = cli->args[0];
    struct head2_key *key = NULL;
    struct stat info;
    bool own;

    if (stat(path, &info) != 0)
        return cli_fail_errno(cli, path, errno, "cannot read");
    int code = S_ISDIR(info.st_mode) ? check_folder(cli, path) : CLI_DONE;
    if (code == CLI_DONE)
        code = read_checking_key(cli, path, &key, &own);
    if (code == CLI_DONE && S_ISDIR(info.st_mode))
        code = verify_folder(cli, path, key, own);
    else if (code == CLI_DONE)
        code = verify_one(cli, path, key);
    head2_key_free(key);
    return code;
}
