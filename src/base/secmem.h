/*
 * Memory for secrets that live long: private keys, the keys that seal them.
 *
 * Each piece has pages of its own between two guard pages, ends where its last page ends, and has
 * canaries around it; a free that finds one changed ends the process. The pages are, as far as the
 * machine allows,
 *
 *     secret    memfd_secret(2): no other process, not even root with a debugger, and no part of
 *               the kernel that does not go through this process's own page table reads them; they
 *               are never swapped. A child does not have them (MADV_DONTFORK): touching them there
 *               ends it.
 *     locked    private pages, mlock(2): not swapped. A child finds zeros (MADV_WIPEONFORK).
 *     plain     the same without the lock, where RLIMIT_MEMLOCK does not allow it: may be swapped.
 *
 * None of them is in a core dump. The lock limit is shared: SECMEM_SESSION pieces leave
 * SECMEM_RESERVE bytes of it for SECMEM_LONG_TERM ones. secmem_report tells what is in force.
 *
 * Any thread may call these. Descriptors are not kept open. Small: allocation is some 20 us, for
 * keys and not for packets.
 */
#ifndef HEAD2_BASE_SECMEM_H
#define HEAD2_BASE_SECMEM_H

#include "base/base.h"

#define SECMEM_MAX     ((size_t)1 << 24)
#define SECMEM_RESERVE ((size_t)1 << 18) /* of RLIMIT_MEMLOCK */

enum secmem_rank { SECMEM_SESSION, SECMEM_LONG_TERM };

enum secmem_kind { SECMEM_SECRET, SECMEM_LOCKED, SECMEM_PLAIN, SECMEM_KINDS };

/* len bytes of zeros, aligned to 64 bytes where len is a multiple of 64, else to 16 where it is one
 * of that. HEAD2_OK, HEAD2_E_ARG (len is 0 or above SECMEM_MAX) or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status secmem_new(void **out, size_t len, enum secmem_rank rank);
/* Wipe and give back; p may be NULL. Ends the process where something was written around it. */
void secmem_free(void *p);
/* What kind of pages a piece has. */
enum secmem_kind secmem_kind_of(const void *p);
const char *secmem_kind_name(enum secmem_kind kind);

/* What is in use. */
struct secmem_report {
    size_t pieces[SECMEM_KINDS], bytes[SECMEM_KINDS]; /* bytes: whole pages */
    size_t limit;                                     /* RLIMIT_MEMLOCK; SIZE_MAX: none */
    bool has_memfd_secret;
};
void secmem_report(struct secmem_report *out);

/* For a process that holds such memory: no core dump, not to be traced or read by others of its
 * user (PR_SET_DUMPABLE 0, RLIMIT_CORE 0). Not for programs that somebody debugs. HEAD2_OK or
 * HEAD2_E_STATE. */
HEAD2_CHECK enum head2_status secmem_harden_process(void);

#endif
