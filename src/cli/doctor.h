/*
 * What the parts of `head2 doctor` share. Each thing looked at is one line: ok, warn or fail, what
 * was found, and what to do about it.
 */
#ifndef HEAD2_CLI_DOCTOR_H
#define HEAD2_CLI_DOCTOR_H

#include "cli/cli.h"
#include "gateway/config.h"

enum grade { OK, WARN, FAIL };

struct doctor {
    struct cli *cli;
    unsigned failures; /* of the machine */
    bool unhealthy;    /* randomness or a self-test */
    char first[256];   /* the first failure, for the error line */
};

/* todo: what to do, said unless all is well; may be NULL. */
void doctor_note(struct doctor *d, enum grade grade, const char *name, const char *todo,
                 const char *fmt, ...) HEAD2_PRINTF(5, 6);

/* A state folder: mode, owner, space. given: it is named on purpose, and must be there. */
void doctor_state(struct doctor *d, const char *folder, bool given);

/* A configuration, and what a daemon with it needs of this machine. */
void doctor_config(struct doctor *d, const char *file);

/* The UDP address that a daemon is to listen on: free, its own, or somebody else's. daemon: the
 * process that runs with the configuration, 0 if none does. key: what names it in the file. */
void doctor_port(struct doctor *d, const char *name, const char *key,
                 const struct head2_address *at, long daemon);

/* The paths to a gateway and to the nodes that stand in for it: what size of datagrams passes it
 * unfragmented. */
void doctor_path(struct doctor *d, const struct config *c);

#endif
