/*
 * Plaintexts of the control lane from an authenticated peer, to either end of a live session, and
 * whole messages about fallback keys, which are too long to be put together by chance.
 */
#include "session/fallback_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned uses;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (net.queue == NULL)
        start(1, 0);
    while (size > 3) {
        int end = data[0] & 1 ? NET_GATEWAY : 0;
        const bool whole = (data[0] & 2) != 0;
        const uint8_t type = data[0] & 4 ? CTL_FBK_ACK : CTL_FBK_ISSUE;
        size_t len = be16(data + 1) % (whole ? 5000 : 1400);
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
                if (whole && len != 0)
                    issue_message(s, t, type, copy, len);
                else
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
