/*
 * The key schedule of the CH2 protocol: every secret that a session derives, in the order in which
 * it is derived. Pure functions of their arguments.
 */
#ifndef HEAD2_SESSION_SCHEDULE_H
#define HEAD2_SESSION_SCHEDULE_H

#include "base/base.h"
#include "cipher/p384.h"

#include <head2/session.h>

enum { D2G = 0, G2D = 1 }; /* directions */

#define LANES        5 /* four data lanes and the control lane */
#define LANE_URGENT  0 /* telemetry and commands */
#define LANE_VIDEO   1
#define LANE_LOGS    2
#define LANE_CONTROL 4

/* One 64-byte link of the chain of secrets. */
struct chain {
    uint8_t b[64];
};

/* What the owner of a key pair keeps of it: the seed of ML-KEM, and the scalar of P-384 in a hybrid
 * suite. */
struct kx_secret {
    struct head2_secret64 kem;
    struct p384_secret p384;
    bool hybrid;
};

/* What both ends get from an exchange: ss of ML-KEM, and behind it, in a hybrid suite, Z of P-384.
 */
struct shared_secret {
    uint8_t b[32 + P384_SECRET_BYTES];
    size_t len;
};

/* Whether P-384 stands beside ML-KEM. */
bool suite_hybrid(uint16_t suite);

/* What protects one direction under one epoch: five keys and the five nonce bases. */
struct lane_keys {
    uint8_t key[LANES][32]; /* the first 16 bytes of a data lane's are its key under CH2-L1X4 */
    uint8_t base[LANES][12];
};

/* Key material of a handshake, from the KEM's shared secret on. */
struct hs_keys {
    uint8_t key[2][32]; /* by direction: AES-256-GCM keys of the boxes */
    uint8_t iv[2][12];
    uint8_t frag[2][32]; /* frame keys from AUTH on */
    uint8_t fin_g[64];
    uint8_t fin_d[64];
    struct chain master;
};

/* XL(secret, label, ctx, len): HKDF-Expand with a length-prefixed label, out_len <= 128. */
void xl(uint8_t *out, size_t out_len, const struct chain *secret, const char *label,
        const void *ctx, size_t ctx_len);

/* TH(prev, type, data): one step of a transcript chain; next may be prev. */
void transcript(uint8_t next[64], const uint8_t prev[64], uint8_t type, const void *data,
                size_t len);

/* TH0, the start of every handshake transcript. */
void transcript_start(uint8_t th0[64]);

/* id = SHA3-256("ch2v1 identity" || role || pk); role is 'D', 'F' or 'G'. */
void identity(uint8_t id[32], char role, const uint8_t pk[HEAD2_SESSION_PK_BYTES]);

/* The early secret of an unsigned-psk handshake (psk = 64 zero bytes) or of a psk. */
void derive_early(struct chain *early, const uint8_t psk[64]);

/* binder = HMAC(bk, SHA3-512(INIT without its last 64 bytes)); label "binder res" or "binder fbk"
 */
void derive_binder(uint8_t binder[64], const struct chain *early, const char *label,
                   const uint8_t *init, size_t init_len);

/* Everything between ss and master. */
void derive_handshake(struct hs_keys *keys, const struct chain *early,
                      const struct shared_secret *ss, const uint8_t th2[64]);

/* root_0 and the resumption secret RS_0 with its identifier. */
void derive_root(struct chain *root, const struct chain *master, const uint8_t th8[64]);
void derive_resume(struct chain *rs, uint8_t rs_id[16], const struct chain *master,
                   const uint8_t th8[64]);

/* SK_{g,0} from root_g. */
void derive_session_key(struct chain *sk, const struct chain *root, const uint8_t session_id[8],
                        uint32_t gen);
/* rk_g and rb_g from root_g. */
void derive_rotation_keys(struct chain *rk, struct chain *rb, const struct chain *root);
/* SK_{g,r+1} from SK_{g,r}; step is r + 1. next may be sk. */
void derive_ratchet(struct chain *next, const struct chain *sk, uint32_t gen, uint8_t step);

/* Lane keys and nonce bases of (gen, step) in one direction. Bases whose tags equal MAGIC or each
 * other are drawn again. */
void derive_lanes(struct lane_keys *lanes, const struct chain *sk, uint16_t suite, unsigned dir,
                  uint32_t gen, uint8_t step);

/* The rotation exchange: rth0, then the secrets that ss gives with rk_g and rth3. */
void rotation_start(uint8_t rth0[64], const uint8_t session_id[8], uint32_t gen_next,
                    const struct chain *rb);
struct rotation_secrets {
    struct chain root, rs;
    uint8_t rs_id[16];
    uint8_t conf_g[32];
    uint8_t conf_d[32];
};
void derive_rotation(struct rotation_secrets *out, const struct chain *rk,
                     const struct shared_secret *ss, const uint8_t rth3[64]);

/* Frame keys from the gateway's public key: mkey[D2G], mkey[G2D]. */
void derive_mac1_keys(uint8_t mkey[2][32], const uint8_t pk_g[HEAD2_SESSION_PK_BYTES]);

#endif
