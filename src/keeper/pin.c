/* see pin.h */
#include "keeper/pin.h"

#include <head2/random.h>
#include <openssl/evp.h>

#define LOG_N 12
#define R     8
#define P     1

static enum head2_status stretch(uint8_t out[32], const uint8_t salt[16], struct keeper_bytes text)
{
    return EVP_PBE_scrypt((const char *)text.at, text.len, salt, 16, UINT64_C(1) << LOG_N, R, P,
                          UINT64_C(1) << 24, out, 32) == 1
               ? HEAD2_OK
               : HEAD2_E_CRYPTO;
}

enum head2_status pin_make(struct pin *out, struct keeper_bytes text)
{
    enum head2_status st = HEAD2_E_ARG;

    if (text.len < KEEPER_PIN_MIN || text.len > KEEPER_PIN_MAX)
        goto done;
    HEAD2_TRY(head2_random(out->salt, sizeof out->salt));
    HEAD2_TRY(stretch(out->hash, out->salt, text));
done:
    if (st != HEAD2_OK)
        head2_wipe(out, sizeof *out);
    return st;
}

enum head2_status pin_try(struct pin_guard *g, struct keeper_bytes text, uint64_t now_ms,
                          const char **why)
{
    uint8_t hash[32];
    enum head2_status st = HEAD2_E_STATE;

    *why = "this keeper has no PIN";
    if (g->pin == NULL)
        return st;
    *why = "the PIN is locked: too many wrong ones";
    if (g->wrong >= PIN_TRIES)
        return st;
    *why = "wait: the last PIN was wrong";
    if (now_ms < g->until_ms)
        return HEAD2_E_LIMIT;
    *why = "this is not the PIN";
    HEAD2_TRY(stretch(hash, g->pin->salt, text));
    st = head2_equal(hash, g->pin->hash, sizeof hash) == HEAD2_OK ? HEAD2_OK : HEAD2_E_PASSPHRASE;
    g->until_ms = st == HEAD2_OK ? 0 : now_ms + ((uint64_t)PIN_WAIT_MS << g->wrong);
    g->wrong = st == HEAD2_OK ? 0 : g->wrong + 1;
done:
    head2_wipe(hash, sizeof hash);
    return st;
}

uint8_t pin_state(const struct pin_guard *g)
{
    return (uint8_t)((g->pin != NULL ? KEEPER_PIN_SET : 0) |
                     (g->wrong != 0 ? KEEPER_PIN_MISSED : 0) |
                     (g->wrong >= PIN_TRIES ? KEEPER_PIN_LOCKED : 0));
}
