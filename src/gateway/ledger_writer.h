/*
 * Appending to a ledger from a verb: through the daemon that owns it, where one runs
 * (ledger_door.h), else with the ledger's lock held for this one append.
 *
 * Who signs: the key that is given, else FOLDER/ledger.key.pem (ML-DSA-87, mode 0600), which is
 * made together with a new ledger. A ledger of a key that is not there is appended to all the same:
 * its owner signs later.
 */
#ifndef HEAD2_GATEWAY_LEDGER_WRITER_H
#define HEAD2_GATEWAY_LEDGER_WRITER_H

#include "artifact/ledger.h"
#include "artifact/signer.h"

#define LEDGER_KEY_FILE "ledger.key.pem"

struct ledger_writer;

enum ledger_sealed {
    LEDGER_SEALED,       /* under a checkpoint */
    LEDGER_SEALED_SOON,  /* by the owner, which runs */
    LEDGER_SEALED_LATER, /* when its owner, or who else has the key, appends next */
    LEDGER_UNSEALED      /* signing has failed; the next append signs this too */
};

/*
 * ledger_writer_open - find out whether and how this ledger can be appended to; nothing is locked
 * when it returns. signer: NULL, or of an ML-DSA key, borrowed.
 *
 * HEAD2_OK; HEAD2_E_POLICY (of another identity; a key file that others may read), HEAD2_E_STATE
 * (locked by a process that is not its owner), or as ledger_open.
 */
HEAD2_CHECK enum head2_status ledger_writer_open(struct ledger_writer **out, const char *folder,
                                                 const struct artifact_signer *signer,
                                                 struct ledger_fault *fault);
void ledger_writer_close(struct ledger_writer *w);

/* The key id of the ledger's identity. */
const uint8_t *ledger_writer_id(const struct ledger_writer *w);

/* Append all of them or none, with the present time; durable when it returns, with each entry's
 * index. *sealed tells of the checkpoint; *fault says what is wrong also where that has failed. */
HEAD2_CHECK enum head2_status ledger_writer_append(struct ledger_writer *w,
                                                   struct ledger_entry *entries, size_t n,
                                                   enum ledger_sealed *sealed,
                                                   struct ledger_fault *fault);

/* Write the identity's public key beside the ledger, for those who check, unless it is there. */
HEAD2_CHECK enum head2_status ledger_write_public(const char *folder, const struct head2_key *key,
                                                  struct ledger_fault *fault);

#endif
