/*
 * UNIX sockets by path, also by one that is longer than struct sockaddr_un allows: the folder is
 * then reached through /proc/self/fd.
 */
#ifndef HEAD2_KEEPER_UNIXSOCK_H
#define HEAD2_KEEPER_UNIXSOCK_H

#include "base/base.h"

/* A listening socket of mode 0600 at path; what stood there before is removed. -1 with errno. */
int unixsock_listen(const char *path);
/* A connected socket; -1 with errno. */
int unixsock_connect(const char *path);

#endif
