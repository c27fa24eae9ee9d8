/*
 * Plaintexts of the control lane from an authenticated peer, to either end of a live session.
 */
#include "session/net.h"
#include "session/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct net net;
static unsigned uses;

static void open_pair(void)
{
    net_start(&net, 1, 1);
    while (!net_both_up(&net, 0))
        net_run(&net, net.now + 5000);
    net_run(&net, net.now + 100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (net.queue == NULL)
        open_pair();
    while (size > 3) {
        int end = data[0] & 1 ? NET_GATEWAY : 0;
        size_t len = be16(data + 1) % 1400;
        data += 3;
        size -= 3;
        if (len > size)
            len = size;
        struct head2_session *s = net.end[end].s;
        struct tunnel *t = tunnel_of_peer(s, end == 0 ? 0 : net.peer_of[0]);
        if (t != NULL) {
            struct rx_epoch *rx = NULL;
            for (unsigned i = 0; i < RX_EPOCHS; i++)
                if (t->rx[i].used)
                    rx = &t->rx[i];
            uint8_t *copy = malloc(len + 1); /* exact size, so that a read past the end is seen */
            if (copy != NULL && rx != NULL) {
                memcpy(copy, data, len);
                control_input(s, t, rx, copy, len);
            }
            free(copy);
        }
        net_run(&net, net.now + 2000);
        data += len;
        size -= len;
    }
    struct head2_session *g = net.end[NET_GATEWAY].s;
    if (++uses % 64 == 0 || tunnel_of_peer(g, net.peer_of[0]) == NULL ||
        tunnel_of_peer(net.end[0].s, 0) == NULL)
        net_stop(&net);
    return 0;
}
