/*
 * Fallback keys on disk: one file a key, state/fallback/ID.key, mode 0600, written whole and made
 * durable before the call returns, so that no crash lets a counter go back.
 *
 *     "head2-fallback-key 1\n"
 *     counter(2) flags(1) boots(1) boot_id(16) age_ms(8) saved_us(8) counted_ms(8)
 *     length(2) and the key as head2_fallback_encode writes it
 *     SHA3-256 of all of it
 *
 * A gateway, a link and a node keep the same file; each uses what it needs.
 */
#ifndef HEAD2_GATEWAY_FALLBACK_STORE_H
#define HEAD2_GATEWAY_FALLBACK_STORE_H

#include "gateway/tree.h"

#include <head2/fallback.h>

#define FALLBACK_BOOTS 2 /* starts of a drone's machine that a key outlives */

struct fallback_entry {
    struct head2_fallback_key key;
    uint16_t
        counter; /* gateway: the drone's last word; link: highest used; node: highest accepted */
    bool acknowledged; /* gateway: the drone has it */
    bool scrubbed;     /* it has ended: the key itself is zeros */
    uint8_t boots;     /* link: starts of the machine since it came */
    union {
        uint8_t boot_id[16];                     /* link: the start in which age_ms was written */
        uint8_t beside[HEAD2_FALLBACK_ID_BYTES]; /* node: the older key of the drone that came with
                                                    it, or zeros */
    };
    uint64_t age_ms; /* link: its age at saved_us of that start's clock */
    uint64_t saved_us;
    uint64_t counted_ms; /* Unix time of the counter; 0: never */
};

/* The file of a key in a state folder. */
void fallback_store_path(char *out, size_t cap, const char *state,
                         const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);

/* Make the folder, durably. HEAD2_OK, also when it is there, or HEAD2_E_IO with errno. */
HEAD2_CHECK enum head2_status fallback_store_prepare(const char *state);

/* Write or replace. HEAD2_OK, HEAD2_E_ARG (a key out of its ranges) or HEAD2_E_IO with errno. Any
 * thread. */
HEAD2_CHECK enum head2_status fallback_store_write(const char *state,
                                                   const struct fallback_entry *entry);
/* The same for a key that is not there yet: HEAD2_E_IO with EEXIST when it is. */
HEAD2_CHECK enum head2_status fallback_store_add(const char *state,
                                                 const struct fallback_entry *entry);
/* HEAD2_OK; HEAD2_E_IO with errno, HEAD2_E_MALFORMED, HEAD2_E_UNSUPPORTED (a newer version). The
 * entry holds a secret: wipe it. */
HEAD2_CHECK enum head2_status fallback_store_read(const char *state,
                                                  const uint8_t id[HEAD2_FALLBACK_ID_BYTES],
                                                  struct fallback_entry *entry);
/* HEAD2_OK, also when there is none; or HEAD2_E_IO. */
HEAD2_CHECK enum head2_status fallback_store_remove(const char *state,
                                                    const uint8_t id[HEAD2_FALLBACK_ID_BYTES]);

/* The ids of all files, in their order; free *ids. HEAD2_OK, also when there is no folder;
 * HEAD2_E_IO or HEAD2_E_MEMORY. */
HEAD2_CHECK enum head2_status
fallback_store_list(const char *state, uint8_t (**ids)[HEAD2_FALLBACK_ID_BYTES], size_t *n);

/* Remove what a write left that was killed, when it is an hour old. */
void fallback_store_sweep(const char *state, uint64_t wall_ms);

/* Whether it has ended by this clock. One that is yet to be issued has not. */
bool fallback_ended(const struct head2_fallback_key *key, uint64_t wall_ms);

/* ---- at a drone: 24 hours by a clock that runs while the machine does ---- */

/* Where the drone's machine is in time. */
struct fallback_clock {
    uint8_t boot_id[16]; /* of this start of the machine */
    uint64_t now_us;     /* since then, suspended time too */
    uint64_t wall_ms;    /* not trusted: after a start it can end a key; it never prolongs one */
};

/* What this machine's clocks say; false when the start has no name (/proc is missing). */
bool fallback_clock_read(struct fallback_clock *clock);

/* A key that has just come. */
void fallback_entry_begin(struct fallback_entry *entry, const struct fallback_clock *clock);
/* When a daemon begins. True when the machine has been started anew since: the entry then says so,
 * and must be written before the key is used. */
HEAD2_CHECK bool fallback_entry_start(struct fallback_entry *entry,
                                      const struct fallback_clock *clock);
/* Before any write. */
void fallback_entry_save_age(struct fallback_entry *entry, const struct fallback_clock *clock);
/* How much longer a drone may use it, microseconds; 0: no longer. */
uint64_t fallback_entry_left(const struct fallback_entry *entry,
                             const struct fallback_clock *clock);

#endif
