/*
 * What a keeper gives up before it listens: privileges it does not need, files that are not its
 * store's, the network, and every system call that its work does not take. A call that is not on
 * the list ends the process (SIGSYS); one that is, but leads outside of the folder, fails.
 *
 * What the machine or the build does not have is left out, and the bits that come back say so.
 */
#ifndef HEAD2_KEEPER_SANDBOX_H
#define HEAD2_KEEPER_SANDBOX_H

#include "base/base.h"

#include <sys/types.h>

#define SANDBOX_NO_NEW_PRIVS 1
#define SANDBOX_USER         2 /* is not root, or is root no more */
#define SANDBOX_SECCOMP      4
#define SANDBOX_FILES        8  /* Landlock: nothing but the folder */
#define SANDBOX_NETWORK      16 /* Landlock: neither bind nor connect with TCP */
#define SANDBOX_SCOPE        32 /* Landlock: no signals to, no abstract sockets of, others */
#define SANDBOX_ALL          63

struct sandbox {
    const char *folder; /* NULL: no file at all */
    uid_t uid;          /* drop to these when root; 0: stay */
    gid_t gid;
};

/* Whether this build has a list of system calls, and which Landlock the kernel has (0: none). */
bool sandbox_has_seccomp(void);
int sandbox_landlock_abi(void);

/*
 * From here on there is no way back. The randomness of the process must have been used before: its
 * sources open what they need. HEAD2_OK with *bits, or HEAD2_E_STATE with errno and *what, a
 * phrase: then the process must end.
 */
HEAD2_CHECK enum head2_status sandbox_enter(const struct sandbox *s, uint8_t *bits,
                                            const char **what);

/* The names of what is not in force, separated by commas; "" when nothing is missing. */
#define SANDBOX_TEXT 160
void sandbox_missing(char out[SANDBOX_TEXT], uint8_t bits);

#endif
