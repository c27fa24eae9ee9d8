/*
 * The highest incarnation of the gateway that a link has seen, kept off the loop; see runtime.h.
 */
#include "gateway/runtime.h"

#include <errno.h>
#include <stdlib.h>

struct keeping {
    uv_work_t request;
    struct runtime *runtime;
    uint8_t key_id[HEAD2_KEY_ID_BYTES]; /* a copy: the configuration may be replaced meanwhile */
    uint64_t incarnation;
    enum head2_status st;
    int error;
};

static void on_keep(uv_work_t *request)
{
    struct keeping *k = request->data;

    k->st = state_gateway_keep(k->runtime->state.folder, k->key_id, k->incarnation);
    k->error = errno;
}

static void keep_seen(struct runtime *r);

static void on_kept(uv_work_t *request, int status)
{
    struct keeping *k = request->data;
    struct runtime *r = k->runtime;

    (void)status;
    r->work--;
    r->keeping = false;
    if (k->st != HEAD2_OK)
        journal_say(JOURNAL_WARNING, "state", "cannot keep the gateway's incarnation in %s: %s",
                    r->state.folder, strerror(k->error));
    const bool newer = r->seen > k->incarnation;
    free(k);
    if (newer)
        keep_seen(r);
}

/* Two jobs could end in the wrong order and leave the smaller number: while one runs, the next
 * waits for its end, and then writes what is the newest. */
static void keep_seen(struct runtime *r)
{
    struct keeping *k;

    if (r->keeping)
        return;
    k = malloc(sizeof *k);
    if (k == NULL)
        return;
    *k = (struct keeping){.runtime = r, .incarnation = r->seen};
    memcpy(k->key_id, r->config->peers[0].key_id, sizeof k->key_id);
    k->request.data = k;
    r->keeping = uv_queue_work(&r->loop, &k->request, on_keep, on_kept) == 0;
    if (r->keeping)
        r->work++;
    else
        free(k);
}

void runtime_keep_seen(struct runtime *r, uint64_t incarnation)
{
    if (incarnation <= r->seen)
        return;
    r->seen = incarnation;
    keep_seen(r);
}
