/* see witnesses.h */
#include "cli/witnesses.h"

#include "artifact/utc.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

static int read_one(const struct cli *cli, struct cli_witnesses *w, const char *path)
{
    struct cli_witness *const one = &w->list[w->n];

    if (w->n == HEAD2_LEN(w->list))
        return cli_fail(cli, CLI_INPUT, path, "give fewer", "more than %u witnesses",
                        (unsigned)HEAD2_LEN(w->list));
    const int code = cli_read_key(cli, path, CLI_KEY_VERIFY, &one->key);
    if (code != CLI_DONE)
        return code;
    cli_key_id(one->id, one->key);
    w->n++;
    return CLI_DONE;
}

static int is_key(const struct dirent *e)
{
    const size_t len = strlen(e->d_name);

    return e->d_name[0] != '.' && len > 4 && strcmp(e->d_name + len - 4, ".pem") == 0;
}

static int read_folder(const struct cli *cli, struct cli_witnesses *w, const char *folder)
{
    char path[PATH_MAX];
    struct dirent **names = NULL;
    int code = CLI_DONE;

    const int n = scandir(folder, &names, is_key, alphasort);
    if (n < 0)
        return cli_fail_errno(cli, folder, errno, "cannot read");
    for (int i = 0; i < n; i++) {
        if (code == CLI_DONE &&
            snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name) < (int)sizeof path)
            code = read_one(cli, w, path);
        free(names[i]);
    }
    free(names);
    if (code == CLI_DONE && w->n == 0)
        code = cli_fail(cli, CLI_INPUT, folder, "put the witnesses' public keys there, or name one",
                        "no *.pem: no witness would be asked for");
    return code;
}

int cli_witnesses_read(const struct cli *cli, struct cli_witnesses *w)
{
    const char *const path = cli_string(cli, "witness");
    struct stat info = {0};

    if (path == NULL)
        return CLI_DONE;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return read_folder(cli, w, path);
    return read_one(cli, w, path);
}

void cli_witnesses_free(struct cli_witnesses *w)
{
    for (unsigned i = 0; i < w->n; i++)
        head2_key_free(w->list[i].key);
}

static void take(struct cli_witness *one, const struct cosignature *c, uint64_t size)
{
    one->good = true;
    one->ms = c->ms;
    one->size = size;
    memcpy(one->name, c->name, sizeof one->name);
}

void cli_witnesses_check(struct cli_witnesses *w, struct ledger_check *c)
{
    struct cosignature found;
    uint64_t size;

    for (unsigned i = 0; i < w->n; i++)
        if (ledger_check_witness(c, w->list[i].key, &found, &size))
            take(&w->list[i], &found, size);
}

const char *cli_witnesses_note(struct cli_witnesses *w, const char *note, size_t len)
{
    struct cosignature found;

    for (unsigned i = 0; i < w->n; i++) {
        if (cosignature_check(&found, note, len, w->list[i].key) != HEAD2_OK)
            return w->list[i].id;
        take(&w->list[i], &found, 0);
    }
    return NULL;
}

void cli_witnesses_say(struct cli *cli, const struct cli_witnesses *w, uint64_t entries)
{
    char when[UTC_BYTES + 1];

    for (unsigned i = 0; i < w->n; i++) {
        const struct cli_witness *const one = &w->list[i];
        utc_format(when, one->ms);
        if (one->good)
            cli_print(cli, "cosigned by %s at %s: %llu of %llu entries\n", one->name, when,
                      (unsigned long long)one->size, (unsigned long long)entries);
    }
}

json_t *cli_witnesses_json(const struct cli_witnesses *w)
{
    json_t *list = json_array();
    char when[UTC_BYTES + 1];

    for (unsigned i = 0; i < w->n; i++) {
        const struct cli_witness *const one = &w->list[i];
        utc_format(when, one->ms);
        json_t *const o = one->good
                              ? json_pack("{s:s, s:s, s:s, s:I}", "key_id", one->id, "name",
                                          one->name, "time", when, "entries", (json_int_t)one->size)
                              : NULL;
        if (o != NULL && json_array_append_new(list, o) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}
