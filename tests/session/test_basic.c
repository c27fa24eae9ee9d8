/*
 * A session between one drone and one gateway on a good link: handshake, data both ways, rotation,
 * close.
 */
#include "session/net.h"

static struct net net;

static void handshake_and_data(void)
{
    net_start(&net, 1, 1);
    NET_UNTIL(&net, 1000000, net_both_up(&net, 0));
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_UP], 1);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_UP], 1);
    CHECK_MEM(net.end[0].last_up.pseudonym, net.end[NET_GATEWAY].last_up.pseudonym, 16);
    CHECK_MEM(net.end[0].last_up.transcript, net.end[NET_GATEWAY].last_up.transcript, 64);
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, (uint8_t)(i % 4), "hello gateway", 13), HEAD2_OK);
        CHECK_EQ(net_say(&net, NET_GATEWAY, 0, (uint8_t)(i % 4), "hello drone", 11), HEAD2_OK);
        net_run(&net, net.now + 1000);
    }
    net_run(&net, net.now + 10000);
    for (int lane = 0; lane < 4; lane++) {
        CHECK_EQ(net.end[0].received[lane], 25);
        CHECK_EQ(net.end[NET_GATEWAY].received[lane], 25);
    }
    net_stop(&net);
}

static void rotation_by_time(void)
{
    net_start(&net, 2, 1);
    NET_UNTIL(&net, 1000000, net_both_up(&net, 0));
    for (int i = 0; i < 2000; i++) { /* 200 seconds, ten packets a second each way */
        CHECK_EQ(net_say(&net, 0, NET_GATEWAY, 0, &i, sizeof i), HEAD2_OK);
        CHECK_EQ(net_say(&net, NET_GATEWAY, 0, 0, &i, sizeof i), HEAD2_OK);
        net_run(&net, net.now + 100000);
    }
    CHECK_EQ(net.end[0].received[0], 2000);
    CHECK_EQ(net.end[NET_GATEWAY].received[0], 2000);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ROTATED], 3);
    CHECK_EQ(net.end[NET_GATEWAY].events[HEAD2_EVENT_ROTATED], 3);
    CHECK_EQ(net.end[0].ratchets, 0);
    CHECK_MEM(net.end[0].last_rotation.transcript, net.end[NET_GATEWAY].last_rotation.transcript,
              64);
    CHECK_EQ(net.end[0].events[HEAD2_EVENT_ALARM], 0);
    net_stop(&net);
}

int main(void)
{
    RUN(handshake_and_data);
    RUN(rotation_by_time);
    CHECK_EXIT();
}
