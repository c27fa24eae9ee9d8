/*
 * Fallback in the log and in receipts: entered and left is never silent; see runtime.h.
 */
#include "gateway/fallback.h"

#include "artifact/base64.h"

static void id_text(char out[33], const uint8_t id[16])
{
    hex_encode(out, id, 16);
    out[32] = 0;
}

static void put_key(json_t *detail, const struct head2_event *e)
{
    char key[33];

    id_text(key, e->fallback_id);
    json_object_set_new(detail, "fallback_key", json_string(key));
}

/* Only a node writes receipts of it: a link has none, and a gateway is not there. */
static void receipt(struct runtime *r, enum receipt_kind kind, const struct head2_event *e,
                    const struct member *m, const char *uses)
{
    char key[33], subject[33];

    id_text(key, e->fallback_id);
    id_text(subject, e->pseudonym);
    const bool left = kind == RECEIPT_FALLBACK_LEFT;
    const struct receipt_field fields[] = {
        {"Peer",          m->name                                                       },
        {"Fallback Key",  key                                                           },
        {"Uses",          uses                                                          },
        {"Key Agreement", left ? NULL : "ML-KEM-1024 under the fallback key, not signed"},
        {"Restricted To", left ? NULL : FALLBACK_RESTRICTED                             },
        {"Reason",        left ? head2_close_reason_name(e->reason) : NULL              },
    };
    record_receipt(r, kind, 1, subject, fields, HEAD2_LEN(fields));
}

void record_fallback_up(struct runtime *r, const struct head2_event *e, const struct member *m,
                        json_t *detail)
{
    struct head2_peer_info info;
    char uses[32];

    put_key(detail, e);
    json_object_set_new(detail, "uses", json_integer(e->fb_counter));
    json_object_set_new(detail, "text", json_string("restricted to " FALLBACK_RESTRICTED));
    if (head2_session_peer_info(r->session, runtime_now(), e->peer, &info) == HEAD2_OK)
        json_object_set_new(detail, "left_us", json_integer((json_int_t)info.fallback_left_us));
    snprintf(uses, sizeof uses, "%u", e->fb_counter);
    receipt(r, RECEIPT_FALLBACK_ENTERED, e, m, uses);
}

void record_fallback_down(struct runtime *r, const struct head2_event *e, const struct member *m,
                          json_t *detail)
{
    put_key(detail, e);
    receipt(r, RECEIPT_FALLBACK_LEFT, e, m, NULL);
}

/* A drone that is back says how often it has used its key; more than it said before is news. */
void record_signed_up(struct runtime *r, const struct head2_event *e, struct member *m,
                      json_t *detail)
{
    if (r->config->role == CONFIG_LINK || !r->config->fallback.on)
        return;
    if (e->fb_counter > m->fallback[0].counter) {
        json_object_set_new(detail, "fallback_uses", json_integer(e->fb_counter));
        journal_say(JOURNAL_WARNING, "fallback-used", "%s has used its fallback key %u times",
                    m->name, e->fb_counter);
    }
    m->fallback[0].counter = e->fb_counter;
    fallback_reported(r, e);
}

void record_fallback_key(struct runtime *r, const struct head2_event *e, json_t *detail)
{
    put_key(detail, e);
    if (r->config->role != CONFIG_LINK)
        fallback_acknowledged(r, e);
}

void record_fallback_rejected(const struct runtime *r, const struct head2_event *e, json_t *detail)
{
    put_key(detail, e);
    if (r->config->role != CONFIG_LINK)
        json_object_set_new(detail, "reason",
                            json_string(head2_counter_name((enum head2_counter)e->counter)));
    json_object_set_new(
        detail, "text",
        json_string(r->config->role == CONFIG_LINK
                        ? "a node does not accept this use of the key: if it has seen this use or "
                          "a later one, somebody else has the key"
                        : "somebody who has the key, and is not accepted"));
}
