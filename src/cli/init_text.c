/* see init.h */
#include "cli/init.h"

#include <stdio.h>
#include <stdlib.h>

struct ports {
    unsigned telemetry, video, logs;
};

/* Where a drone's lanes come out at the gateway; where a link listens is one higher. The first
 * drone has the ports that ground stations expect, the others ten each from 30000 on, below the
 * ports that systems give out by themselves. */
static struct ports ports_of(unsigned drone)
{
    const unsigned base = 30000 + 10 * (drone - 2);

    return drone == 1 ? (struct ports){14550, 5600, 5514}
                      : (struct ports){base, base + 2, base + 4};
}

char *init_gateway_text(const struct init_plan *plan, unsigned unused)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    (void)unused;
    if (f == NULL)
        return NULL;
    fprintf(f,
            "# The gateway. 'head2 config check FILE' checks this file; SIGHUP reads it again.\n"
            "identity: { key: gateway.pem, name: CHIMERA-HEAD-2 }\n"
            "listen:   { udp: \"%s\", control: run/head2.sock }   # control: in the state folder\n"
            "rotate:   { seconds: 60, bytes: 100000000, overlap: 5 }\n"
            "suites:   [CH2-L5]\n"
            "state:    state\n"
            "peers:    # lanes: where the datagrams of each lane are sent\n",
            plan->listen);
    for (unsigned i = 1; i <= plan->drones; i++) {
        const struct ports p = ports_of(i);
        fprintf(f,
                "  - { name: drone-%u, key: drone-%u.pub.pem, lanes: { telemetry: "
                "\"127.0.0.1:%u\", video: \"127.0.0.1:%u\", logs: \"127.0.0.1:%u\" } }\n",
                i, i, p.telemetry, p.video, p.logs);
    }
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}

char *init_link_text(const struct init_plan *plan, unsigned drone)
{
    const struct ports p = ports_of(drone);
    char *text = NULL;

    int n =
        asprintf(&text,
                 "# Drone %u. This file, drone-%u.pem and gateway.pub.pem belong on the drone.\n"
                 "identity: { key: drone-%u.pem, name: drone-%u }\n"
                 "gateway:  { key: gateway.pub.pem, endpoints: [\"%s\"] }\n"
                 "lanes:    # local programs send here, and get back what comes from the gateway\n"
                 "  telemetry: { listen: \"127.0.0.1:%u\", late: drop }\n"
                 "  video:     { listen: \"127.0.0.1:%u\" }\n"
                 "  logs:      { listen: \"127.0.0.1:%u\" }\n"
                 "rotate:   { seconds: 60, bytes: 100000000, overlap: 5 }\n"
                 "suites:   [CH2-L5]\n"
                 "state:    drone-%u-state\n",
                 drone, drone, drone, drone, plan->endpoint, p.telemetry + 1, p.video + 1,
                 p.logs + 1, drone);
    return n > 0 ? text : NULL;
}

char *init_trust_text(const struct init_plan *plan, unsigned unused)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);

    (void)unused;
    if (f == NULL)
        return NULL;
    fprintf(f, "# who may sign: name, key file or hash, valid-after, valid-before, revoked-at\n"
               "CHIMERA-HEAD-2  gateway.pub.pem\n");
    for (unsigned i = 1; i <= plan->drones; i++)
        fprintf(f, "drone-%u  drone-%u.pub.pem\n", i, i);
    bool bad = ferror(f) != 0;
    if (fclose(f) != 0 || bad) {
        free(text);
        return NULL;
    }
    return text;
}
