/* see entropy_watch.h */
#include "gateway/entropy_watch.h"

#include <pthread.h>
#include <stdlib.h>

struct entropy_watch {
    pthread_mutex_t mutex;
    struct head2_entropy_event queue[ENTROPY_WATCH_QUEUE];
    unsigned n;
    uint64_t lost;
    bool closed; /* the handle is gone, or going */
    uv_async_t async;
    entropy_event_fn *fn;
    void *arg;
};

/* Any thread. */
static void on_event(void *arg, const struct head2_entropy_event *event)
{
    struct entropy_watch *w = arg;

    pthread_mutex_lock(&w->mutex);
    if (w->n < ENTROPY_WATCH_QUEUE)
        w->queue[w->n++] = *event;
    else
        w->lost++;
    if (!w->closed)
        uv_async_send(&w->async);
    pthread_mutex_unlock(&w->mutex);
}

void entropy_watch_flush(struct entropy_watch *w)
{
    struct head2_entropy_event queue[ENTROPY_WATCH_QUEUE];

    pthread_mutex_lock(&w->mutex);
    const unsigned n = w->n;
    uint64_t lost = w->lost;
    memcpy(queue, w->queue, n * sizeof *queue);
    w->n = 0;
    w->lost = 0;
    pthread_mutex_unlock(&w->mutex);
    for (unsigned i = 0; i < n; i++) { /* without the lock: what is done may draw randomness */
        w->fn(w->arg, &queue[i], lost);
        lost = 0;
    }
}

static void on_async(uv_async_t *handle)
{
    entropy_watch_flush(handle->data);
}

enum head2_status entropy_watch_start(struct entropy_watch **out, uv_loop_t *loop,
                                      entropy_event_fn *fn, void *arg)
{
    struct entropy_watch *w = calloc(1, sizeof *w);

    *out = NULL;
    if (w == NULL)
        return HEAD2_E_MEMORY;
    w->fn = fn;
    w->arg = arg;
    w->async.data = w;
    if (uv_async_init(loop, &w->async, on_async) != 0) {
        free(w);
        return HEAD2_E_MEMORY;
    }
    uv_unref((uv_handle_t *)&w->async);
    pthread_mutex_init(&w->mutex, NULL);
    head2_entropy_on_event(on_event, w);
    *out = w;
    return HEAD2_OK;
}

void entropy_watch_stop(struct entropy_watch *w)
{
    if (w == NULL)
        return;
    head2_entropy_on_event(NULL, NULL);
    pthread_mutex_lock(&w->mutex);
    const bool closed = w->closed;
    w->closed = true;
    pthread_mutex_unlock(&w->mutex);
    if (!closed)
        uv_close((uv_handle_t *)&w->async, NULL);
}

/* An event that was on its way when the watch ended is over by now: all other threads have come
 * home. */
void entropy_watch_free(struct entropy_watch *w)
{
    if (w != NULL)
        pthread_mutex_destroy(&w->mutex);
    free(w);
}
