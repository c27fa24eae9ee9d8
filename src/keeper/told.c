/* see told.h */
#include "keeper/told.h"

#define VERSION 1
#define ANCHOR  255

static const char *const names[KEEPER_TYPES] = {
    [KEEPER_USES] = "uses",
    [KEEPER_STATUS] = "connect", /* of this one only refusals are told */
    [KEEPER_GENERATE] = "generate",
    [KEEPER_SIGN] = "sign",
    [KEEPER_VERIFY] = "verify",
    [KEEPER_ENCAPSULATE] = "encapsulate",
    [KEEPER_DECAPSULATE] = "decapsulate",
    [KEEPER_ROTATE] = "rotate",
    [KEEPER_REVOKE] = "revoke",
    [KEEPER_DESTROY] = "destroy",
    [KEEPER_EXPORT] = "export",
    [KEEPER_APPROVE] = "approve",
    [KEEPER_REVEAL] = "reveal",
    [KEEPER_LOGIN] = "login",
};

const char *told_name(enum keeper_type type)
{
    return type < KEEPER_TYPES && names[type] != NULL ? names[type] : "other";
}

bool told_is_change(const struct keeper_event *e)
{
    switch (e->type) {
    case KEEPER_GENERATE:
    case KEEPER_ROTATE:
    case KEEPER_REVOKE:
    case KEEPER_DESTROY:
    case KEEPER_APPROVE:
    case KEEPER_REVEAL:
    case KEEPER_USES:
        return true;
    case KEEPER_STATUS:
    case KEEPER_LOGIN:
        return e->status != HEAD2_OK;
    default:
        return false;
    }
}

void told_write(uint8_t out[TOLD_BYTES], const struct keeper_event *e, uint64_t time_ms)
{
    memset(out, 0, TOLD_BYTES);
    out[0] = VERSION;
    out[1] = (uint8_t)e->type;
    put_be16(out + 2, (uint16_t)e->status);
    put_be64(out + 8, time_ms);
    if (e->meta == NULL)
        return;
    out[4] = (uint8_t)e->meta->alg;
    put_be64(out + 16, e->meta->uses);
    memcpy(out + 24, e->meta->id, HEAD2_KEY_ID_BYTES);
    memcpy(out + 40, e->meta->label, sizeof e->meta->label);
}

void told_write_anchor(uint8_t out[TOLD_BYTES], const struct store_anchor *anchor)
{
    memset(out, 0, TOLD_BYTES);
    out[0] = VERSION;
    out[1] = ANCHOR;
    put_be64(out + 16, anchor->revision);
    memcpy(out + 24, anchor->id, STORE_ID_BYTES);
    memcpy(out + 40, anchor->digest, STORE_DIGEST_BYTES);
}

bool told_read_anchor(struct store_anchor *out, const uint8_t in[TOLD_BYTES])
{
    if (in[0] != VERSION || in[1] != ANCHOR)
        return false;
    out->revision = be64(in + 16);
    memcpy(out->id, in + 24, STORE_ID_BYTES);
    memcpy(out->digest, in + 40, STORE_DIGEST_BYTES);
    return true;
}

enum head2_status told_read(struct told *out, const uint8_t in[TOLD_BYTES])
{
    *out = (struct told){.type = (enum keeper_type)in[1],
                         .status = (enum head2_status)(int16_t)be16(in + 2),
                         .alg = (enum head2_alg)in[4],
                         .time_ms = be64(in + 8),
                         .uses = be64(in + 16)};
    memcpy(out->key, in + 24, sizeof out->key);
    memcpy(out->label, in + 40, sizeof out->label);
    const bool good = in[0] == VERSION && in[1] < KEEPER_TYPES && in[4] <= HEAD2_MLDSA_87 &&
                      in[TOLD_BYTES - 1] == 0;
    return good ? HEAD2_OK : HEAD2_E_MALFORMED;
}
