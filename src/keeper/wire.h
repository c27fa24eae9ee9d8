/*
 * What is said between a keeper and those who use its keys. Every message, request or answer, is a
 * header of 16 bytes and a body; integers are big-endian:
 *
 *      0  magic    2   "HK"
 *      2  version  1   1
 *      3  type     1   enum keeper_type; of an answer with bit 7 set
 *      4  id       4   the asker's number of the request, given back in the answer
 *      8  status   2   of an answer: 0, or an enum head2_status; of a request 0
 *     10  zero     2
 *     12  length   4   of the body, at most KEEPER_BODY_MAX
 *
 * A body is the fields of its type, one after the other and nothing behind them; docs/formats.md
 * has the table. Bytes of variable length have their length, 2 bytes, before them. The body of an
 * answer that refuses is a phrase. No message takes a private key; one gives a private key, where
 * its policy says that it may leave.
 *
 * Here are pure functions over buffers: no socket, no allocation.
 */
#ifndef HEAD2_KEEPER_WIRE_H
#define HEAD2_KEEPER_WIRE_H

#include "base/base.h"

#include <head2/keys.h>

#define KEEPER_HEADER      16
#define KEEPER_MESSAGE_MAX 65536
#define KEEPER_BODY_MAX    (KEEPER_MESSAGE_MAX - KEEPER_HEADER)
#define KEEPER_DATA_MAX    57344 /* longer messages are signed by their mu */
#define KEEPER_LABEL_MAX   63
#define KEEPER_CONTEXT_MAX 255
#define KEEPER_PHRASE_MAX  200
#define KEEPER_SEAL_EXTRA  49 /* bytes by which a sealed text is longer */
#define KEEPER_AAD_MAX     4096
#define KEEPER_TAG         16 /* bytes by which an encrypted text is longer */
#define KEEPER_NONCE       12
#define KEEPER_PIN_MIN     4
#define KEEPER_PIN_MAX     255

enum keeper_type {
    KEEPER_USES, /* no message: an event, which says how often a key was used */
    KEEPER_STATUS,
    KEEPER_GENERATE,
    KEEPER_SIGN,
    KEEPER_VERIFY,
    KEEPER_ENCAPSULATE,
    KEEPER_DECAPSULATE,
    KEEPER_DERIVE,
    KEEPER_SEAL,
    KEEPER_UNSEAL,
    KEEPER_LIST,
    KEEPER_ROTATE,
    KEEPER_REVOKE,
    KEEPER_DESTROY,
    KEEPER_EXPORT, /* the public key */
    KEEPER_RANDOM,
    KEEPER_FORGET,    /* a handle */
    KEEPER_FIND,      /* the newest active key of a label */
    KEEPER_CHALLENGE, /* for the next approval on this connection */
    KEEPER_APPROVE,   /* uses of a key that needs it: see approval.h */
    KEEPER_ABOUT,     /* all that is known of a key */
    KEEPER_LOGIN,     /* show the PIN, where the keeper has one */
    KEEPER_REVEAL,    /* a private key, or a handle's secret, where it may leave */
    KEEPER_ENCRYPT,   /* AES-GCM under a handle */
    KEEPER_DECRYPT,
    KEEPER_TYPES
};
#define KEEPER_ANSWER 0x80

/* Flags, by type. */
#define KEEPER_SIGN_MU            1 /* data is mu, 64 bytes, without a context */
#define KEEPER_SIGN_DETERMINISTIC 2
#define KEEPER_DERIVE_OUTPUT      1 /* the derived bytes leave; else they become a handle */
#define KEEPER_DERIVE_SHA256      2 /* HKDF of RFC 5869: context is the salt, data the info */
#define KEEPER_DERIVE_SHA384      4
#define KEEPER_DERIVE_SHA512      6
#define KEEPER_DERIVE_HASH        6 /* these bits; 0: the keeper's own derivation, for a label */
#define KEEPER_LIST_MORE          1 /* there are keys behind the last one */
#define KEEPER_LOGIN_OUT          1 /* log out */
#define KEEPER_REVEAL_SEED        1 /* the seed, else the expanded key */
#define KEEPER_ENCRYPT_NONCE      1 /* the keeper draws the nonce, else the asker gives it */

/* What a key may be used for; those of a KEM key pass on to the handles that come of it. */
#define KEEPER_MAY_SIGN         1
#define KEEPER_MAY_VERIFY       2
#define KEEPER_MAY_ENCAPSULATE  4
#define KEEPER_MAY_DECAPSULATE  8
#define KEEPER_MAY_DERIVE       16 /* from a handle */
#define KEEPER_MAY_SEAL         32 /* seal and unseal under a handle */
#define KEEPER_MAY_OUTPUT       64 /* what is derived may leave */
#define KEEPER_MAY_ALL          127
#define KEEPER_MAY_REVEAL       128 /* the private key may leave: not a use, and not in all uses */
#define KEEPER_MADE_HERE        256 /* the keeper made it: told, not asked for */

#define KEEPER_RATE_MAX         1000000
#define KEEPER_RATE_SECONDS_MAX 86400

struct keeper_policy {
    uint16_t purposes;                    /* KEEPER_MAY_ bits */
    uint32_t rate_count, rate_seconds;    /* a bucket of so many uses, which fills in so many
                                           seconds; 0, 0: no limit */
    uint64_t not_before_ms, not_after_ms; /* since 1970; 0: no bound */
    uint8_t approver[HEAD2_KEY_ID_BYTES]; /* whose approval signing and decapsulating needs;
                                           zeros: nobody's */
};

enum keeper_state {
    KEEPER_PREACTIVE = 1, /* not used yet */
    KEEPER_ACTIVE,
    KEEPER_DEACTIVATED, /* rotated: signs and encapsulates no more */
    KEEPER_REVOKED      /* its private part is not used any more */
};

struct keeper_bytes {
    const uint8_t *at;
    size_t len;
};

/* What KEEPER_STATUS answers. */
struct keeper_info {
    uint32_t keys, hot; /* hot: their private parts are not encrypted just now */
    uint64_t uses, batches,
        batched;     /* signatures that were made several at a time, and how often */
    uint8_t memory;  /* enum secmem_kind of the prekey */
    uint8_t sandbox; /* SANDBOX_ bits of sandbox.h */
    uint8_t login;   /* KEEPER_PIN_ bits */
};
#define KEEPER_PIN_SET    1 /* there is one */
#define KEEPER_PIN_SHOWN  2 /* this connection has shown it */
#define KEEPER_PIN_MISSED 4 /* the last one that somebody showed was wrong */
#define KEEPER_PIN_LOCKED 8 /* too many were */

/* What KEEPER_ABOUT answers beside policy and label. */
struct keeper_about {
    enum keeper_state state;
    uint64_t created_ms, uses;
};

struct keeper_message {
    enum keeper_type type;
    bool answer;
    uint32_t id;
    enum head2_status status;
    /* the fields; which, says the type. Bytes are the buffer's or the caller's. */
    uint8_t key[HEAD2_KEY_ID_BYTES];
    enum head2_alg alg;
    uint8_t flags;
    uint16_t count;
    uint64_t handle, until_ms;
    struct keeper_policy policy;
    struct keeper_bytes label; /* of a key, or what is derived or sealed for */
    struct keeper_bytes context, data, sig, aad;
    uint8_t nonce[KEEPER_NONCE];
    struct keeper_about about;
    struct keeper_info info;
};

/* How long the message at the front of a buffer is: HEAD2_OK with *whole (which may be more than
 * len), HEAD2_E_SPACE (the header is not there yet), HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status keeper_frame(const uint8_t *buf, size_t len, size_t *whole);
/* A whole message. HEAD2_OK or HEAD2_E_MALFORMED; then type, answer and id are set where the header
 * is good, which *header tells. */
HEAD2_CHECK enum head2_status keeper_decode(struct keeper_message *out, const uint8_t *buf,
                                            size_t len, bool *header);
/* HEAD2_OK with *len; HEAD2_E_ARG where a field breaks its rules, HEAD2_E_SPACE. */
HEAD2_CHECK enum head2_status keeper_encode(uint8_t *buf, size_t room, size_t *len,
                                            const struct keeper_message *m);

/* One key in the data of an answer to KEEPER_LIST. */
struct keeper_entry {
    uint8_t key[HEAD2_KEY_ID_BYTES];
    enum head2_alg alg;
    enum keeper_state state;
    uint16_t purposes;
    uint64_t uses;
    struct keeper_bytes label;
};
/* Append to out[*len]; false: no room. */
HEAD2_CHECK bool keeper_entry_put(uint8_t *out, size_t room, size_t *len,
                                  const struct keeper_entry *e);
/* Take the first one off the list. HEAD2_OK, HEAD2_E_STATE at the end, or HEAD2_E_MALFORMED. */
HEAD2_CHECK enum head2_status keeper_entry_next(struct keeper_entry *out,
                                                struct keeper_bytes *list);

/* Whether bytes may be a label: 1 to KEEPER_LABEL_MAX, UTF-8, no control characters. */
bool keeper_label_ok(struct keeper_bytes label);
bool keeper_policy_ok(const struct keeper_policy *p);

#endif
