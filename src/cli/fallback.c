/* see fallback.h */
#include "cli/fallback.h"

#include "session/schedule.h"

#include <errno.h>
#include <stdlib.h>

int cli_fallback_config(const struct cli *cli, enum cli_end end, struct config **out)
{
    const char *file = cli_config_file(cli, end == CLI_END_NODE ? "/etc/head2/fallback.yaml"
                                                                : "/etc/head2/head2.yaml");
    struct config_error err;
    const enum head2_status st = config_read(out, file, CONFIG_ANY, &err);
    int code = CLI_DONE;

    if (st != HEAD2_OK)
        return cli_config_fail(cli, st, &err);
    if (end == CLI_END_NODE && !(*out)->fallback.node)
        code = cli_fail(cli, CLI_INPUT, file, "name a node's file with -c",
                        "this is not the file of a fallback node");
    if (end == CLI_END_GATEWAY && ((*out)->role != CONFIG_GATEWAY || (*out)->fallback.node))
        code = cli_fail(cli, CLI_INPUT, file, "name a gateway's file with -c",
                        "this is not the file of a gateway");
    if (code != CLI_DONE) {
        config_free(*out);
        *out = NULL;
    }
    return code;
}

int cli_fallback_unreadable(const struct cli *cli, const struct config *c,
                            const uint8_t id[HEAD2_FALLBACK_ID_BYTES], enum head2_status st)
{
    char path[PATH_MAX + 64];
    const int error = errno;

    fallback_store_path(path, sizeof path, c->state, id);
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, path, error, "cannot read the key");
    if (st == HEAD2_E_UNSUPPORTED)
        return cli_fail(cli, CLI_INPUT, path, "use that version", "written by a newer version");
    return cli_fail(cli, cli_status_exit(st), path,
                    "move it away: a new key comes with the next one that is issued", "%s",
                    st == HEAD2_E_MALFORMED ? "the file is damaged" : head2_status_string(st));
}

int cli_fallback_each(const struct cli *cli, const struct config *c, cli_fallback_fn *fn, void *arg)
{
    uint8_t(*ids)[HEAD2_FALLBACK_ID_BYTES];
    struct fallback_entry entry;
    size_t n;
    int code = CLI_DONE;

    enum head2_status st = fallback_store_list(c->state, &ids, &n);
    if (st == HEAD2_E_IO)
        return cli_fail_errno(cli, c->state, errno, "cannot read the folder of fallback keys");
    if (st != HEAD2_OK)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "%s", head2_status_string(st));
    for (size_t i = 0; code == CLI_DONE && i < n; i++) {
        st = fallback_store_read(c->state, ids[i], &entry);
        if (st == HEAD2_E_IO && errno == ENOENT)
            continue; /* the daemon has removed it meanwhile */
        code = st == HEAD2_OK ? fn(arg, &entry) : cli_fallback_unreadable(cli, c, ids[i], st);
        head2_wipe(&entry, sizeof entry);
    }
    free(ids);
    return code;
}

int cli_drones_make(const struct cli *cli, struct cli_drones *d, const struct config *c)
{
    *d = (struct cli_drones){.config = c, .ids = calloc((size_t)c->n_peers + 1, sizeof *d->ids)};
    if (d->ids == NULL)
        return cli_fail(cli, CLI_INTERNAL, NULL, NULL, "out of memory");
    for (; c->role == CONFIG_GATEWAY && d->n < c->n_peers; d->n++)
        identity(d->ids[d->n], 'D', c->peers[d->n].pk);
    return CLI_DONE;
}

void cli_drones_free(struct cli_drones *d)
{
    free(d->ids);
}

const char *cli_drones_name(const struct cli_drones *d, const uint8_t id[32])
{
    for (uint32_t i = 0; i < d->n; i++)
        if (memcmp(d->ids[i], id, sizeof d->ids[i]) == 0)
            return d->config->peers[i].name;
    return d->config->role == CONFIG_LINK ? d->config->name : NULL;
}
