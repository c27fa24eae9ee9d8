/*
 * Telling the service manager how the daemon does: the datagrams of sd_notify(3), to the socket
 * that NOTIFY_SOCKET names. Without that variable nothing happens.
 */
#ifndef HEAD2_GATEWAY_NOTIFY_H
#define HEAD2_GATEWAY_NOTIFY_H

#include "base/base.h"

#include <sys/types.h>
#include <uv.h>

struct notify {
    uv_timer_t watchdog; /* beats while the loop turns, when WATCHDOG_USEC asks for that */
    bool beating;
};

/* The process that the service manager and people know, which is the one above a gateway's own;
 * without notify_for it is this one. */
void notify_for(pid_t main_process);
pid_t notify_main(void);

/* Send state, lines of NAME=VALUE. False when it could not be sent, though somebody listens. */
bool notify_send(const char *state);

/* Ready: the sockets are open. address is shown by systemctl status. Starts the watchdog's beat. */
void notify_ready(struct notify *n, uv_loop_t *loop, const char *address);
/* The configuration is being read again; notify_reloaded ends that. */
void notify_reloading(void);
void notify_reloaded(void);
void notify_stopping(struct notify *n);

#endif
