/*
 * What happens becomes log lines and, at a gateway, receipts; see runtime.h.
 */
#include "gateway/runtime.h"

#include "artifact/base64.h"
#include "artifact/entropy_text.h"
#include "artifact/utc.h"

#include <head2/cpu.h>
#include <head2/version.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ALARMS_PER_SECOND_MILLI 5000 /* of log lines that a stranger can cause */
#define ALARMS_BURST            50
#define PROOFS_PER_SECOND_MILLI 100 /* of receipts for failed proofs: six a minute */
#define PROOFS_BURST            10

void record_key_name(char out[32], uint32_t gen, uint8_t step)
{
    if (step == 0)
        snprintf(out, 32, "kyber-%u", gen);
    else
        snprintf(out, 32, "kyber-%u.%u", gen, step);
}

static const struct member *member_of(const struct runtime *r, uint32_t peer)
{
    return peer < r->max_members && r->members[peer].used ? &r->members[peer] : NULL;
}

static void put(json_t *o, const char *key, json_t *value)
{
    if (json_object_set_new(o, key, value) != 0)
        json_object_del(o, key); /* memory is short; the rest of the line still goes out */
}

static void put_number(json_t *o, const char *key, uint64_t value)
{
    put(o, key, json_integer((json_int_t)value));
}

static void hex_text(char out[33], const uint8_t bytes[16])
{
    hex_encode(out, bytes, 16);
    out[32] = 0;
}

/* ---- receipts ---- */

void record_receipt(struct runtime *r, enum receipt_kind kind, uint64_t number, const char *subject,
                    const struct receipt_field *fields, size_t count)
{
    const struct receipt_event e = {kind, number, utc_now(), subject, fields, count};

    if (r->notary != NULL)
        notary_write(r->notary, &e);
}

static void receipt_up(struct runtime *r, const struct head2_event *e, const struct member *m)
{
    char subject[33];
    struct entropy_text entropy;

    entropy_text_now(&entropy); /* the session draws on this thread */
    hex_text(subject, e->pseudonym);
    const struct receipt_field fields[] = {
        {"Key ID",              "kyber-0"                 },
        {"Peer",                m->name                   },
        {"Profile",             head2_suite_name(e->suite)},
        {"Key Agreement",       "ML-KEM-1024, handshake"  },
        {"Entropy Sources",     entropy.sources           },
        {"Entropy Credited",    entropy.credited          },
        {"Entropy Health",      entropy.health            },
        {"Random Generator",    entropy.generator         },
        {"Dilithium Signature", "verified"                },
    };
    record_receipt(r, RECEIPT_KEYGEN, 0, subject, fields, HEAD2_LEN(fields));
}

static void receipt_rotation(struct runtime *r, const struct head2_event *e, const struct member *m)
{
    static const char *const reasons[] = {"time", "bytes", "peer", "operator", "path"};
    static const char none[] = "none (ratchet step)";
    static const char mac_only[] = "none (MAC-only rotation)";
    char subject[33], old_key[32], new_key[32];
    struct entropy_text entropy;

    if (m->next_entropy != NULL)
        entropy_text_take(&entropy, m->next_entropy);
    else
        entropy_text_now(&entropy);
    hex_text(subject, e->pseudonym);
    record_key_name(old_key, e->old_gen, e->old_step);
    record_key_name(new_key, e->new_gen, e->new_step);
    const struct receipt_field fields[] = {
        {"Old Key ID",          old_key                                                          },
        {"New Key ID",          new_key                                                          },
        {"Reason",              (unsigned)e->cause < HEAD2_CAUSES ? reasons[e->cause] : "unknown"},
        {"Peer",                m->name                                                          },
        {"Profile",             head2_suite_name(e->suite)                                       },
        {"Entropy Sources",     e->fresh ? entropy.sources : none                                },
        {"Entropy Credited",    e->fresh ? entropy.credited : NULL                               },
        {"Entropy Health",      e->fresh ? entropy.health : NULL                                 },
        {"Random Generator",    e->fresh ? entropy.generator : NULL                              },
        {"Dilithium Signature", e->verified ? "verified"
                                : e->fresh  ? mac_only
                                            : none                },
    };
    record_receipt(r, RECEIPT_ROTATION, m->rotation, subject, fields, HEAD2_LEN(fields));
}

void record_peer(struct runtime *r, enum receipt_kind kind, const struct member *m)
{
    char subject[33];

    hex_text(subject, m->key_id);
    const struct receipt_field fields[] = {
        {"Peer",      m->name    },
        {"Key ID",    subject    },
        {"Algorithm", "ML-DSA-87"},
    };
    record_receipt(r, kind, 1, subject, fields, HEAD2_LEN(fields));
    journal_write(
        &(struct journal_line){JOURNAL_INFO, receipt_kind_name(kind), m->name, subject, NULL});
}

static void receipt_failed_proof(struct runtime *r, const char *what, const struct member *m)
{
    char subject[33];

    if (!meter_take(&r->failed_proofs, runtime_now(), PROOFS_PER_SECOND_MILLI, PROOFS_BURST))
        return;
    hex_text(subject, r->key_id);
    const struct receipt_field fields[] = {
        {"Reason", what                             },
        {"Peer",   m != NULL ? m->name : "not known"},
    };
    record_receipt(r, RECEIPT_VERIFICATION_FAILED, 1, subject, fields, HEAD2_LEN(fields));
}

/* ---- events of the session ---- */

static void forget_next(struct member *m)
{
    free(m->next_entropy);
    m->next_entropy = NULL;
}

static void on_up(struct runtime *r, const struct head2_event *e, struct member *m, json_t *detail)
{
    struct head2_peer_info info;
    char at[ADDRESS_TEXT];

    memcpy(m->pseudonym, e->pseudonym, sizeof m->pseudonym);
    m->rotation = 0;
    forget_next(m);
    if (r->config->role == CONFIG_LINK && !e->fallback) /* a node counts its own starts */
        runtime_keep_seen(r, e->incarnation);
    if (e->fallback) {
        record_fallback_up(r, e, m, detail);
    } else {
        receipt_up(r, e, m);
        record_signed_up(r, e, m, detail);
    }
    put(detail, "suite", json_string(head2_suite_name(e->suite)));
    put_number(detail, "handshake_us", e->handshake_us);
    put_number(detail, "handshake_bytes", e->handshake_bytes);
    put(detail, "replaced", json_boolean(e->replaced));
    if (head2_session_peer_info(r->session, runtime_now(), e->peer, &info) != HEAD2_OK || !info.up)
        return;
    address_text(at, &info.address);
    put(detail, "address", json_string(at));
}

/* Both ends have drawn for the next key, this one on this thread: where from is told when the key
 * is used, by when the generator may have been seeded anew, or be gone. */
static void on_next_key(struct runtime *r, struct member *m)
{
    struct entropy_text entropy;

    forget_next(m);
    if (r->notary == NULL)
        return;
    entropy_text_now(&entropy);
    m->next_entropy = entropy_text_keep(&entropy);
}

static void on_rotated(struct runtime *r, const struct head2_event *e, struct member *m,
                       json_t *detail)
{
    char old_key[32];

    m->rotation++;
    m->last_cause = e->cause;
    m->last_fresh = e->fresh;
    m->last_signed = e->verified;
    receipt_rotation(r, e, m);
    if (e->fresh)
        forget_next(m);
    record_key_name(old_key, e->old_gen, e->old_step);
    put(detail, "old_key_id", json_string(old_key));
    put(detail, "cause", json_string(head2_cause_name(e->cause)));
    put(detail, "fresh", json_boolean(e->fresh));
    put(detail, "signed", json_boolean(e->verified));
    put_number(detail, "epoch_us", e->epoch_us);
    put_number(detail, "epoch_bytes", e->epoch_bytes);
}

static void on_moved(const struct head2_event *e, json_t *detail)
{
    char at[ADDRESS_TEXT];

    address_text(at, &e->from);
    put(detail, "from", json_string(at));
    address_text(at, &e->to);
    put(detail, "address", json_string(at));
}

struct wording {
    const char *event;
    enum journal_level level;
};

static struct wording wording_of(const struct head2_event *e)
{
    switch (e->kind) {
    case HEAD2_EVENT_UP:
        return e->fallback ? (struct wording){"fallback-entered", JOURNAL_ALARM}
                           : (struct wording){"session-up", JOURNAL_INFO};
    case HEAD2_EVENT_DOWN:
        return e->fallback ? (struct wording){"fallback-left", JOURNAL_WARNING}
                           : (struct wording){"session-down", JOURNAL_INFO};
    case HEAD2_EVENT_ROTATED:
        return (struct wording){"rotation", JOURNAL_INFO};
    case HEAD2_EVENT_SUSPECT:
        return (struct wording){"suspect", JOURNAL_WARNING};
    case HEAD2_EVENT_REJECTED:
        return (struct wording){"REJECTED", JOURNAL_ERROR};
    case HEAD2_EVENT_NEXT_KEY:
        return (struct wording){"next-key", JOURNAL_INFO};
    case HEAD2_EVENT_MOVED:
        return (struct wording){"path-moved", JOURNAL_INFO};
    case HEAD2_EVENT_IMAGE:
        return (struct wording){"image-changed", JOURNAL_WARNING};
    case HEAD2_EVENT_FALLBACK_KEY:
        return (struct wording){"fallback-key", JOURNAL_INFO};
    case HEAD2_EVENT_ALARM:
        break;
    }
    return (struct wording){head2_counter_name((enum head2_counter)e->counter), JOURNAL_ERROR};
}

static bool from_stranger(const struct head2_event *e)
{
    return e->kind == HEAD2_EVENT_REJECTED || e->kind == HEAD2_EVENT_ALARM;
}

void record_event(struct runtime *r, const struct head2_event *e)
{
    struct member *m =
        e->peer < r->max_members && r->members[e->peer].used ? &r->members[e->peer] : NULL;
    const struct wording w = wording_of(e);
    char key[32] = "", pseudonym[33];

    if (from_stranger(e)) {
        receipt_failed_proof(r, w.event, m);
        if (!meter_take(&r->alarms, runtime_now(), ALARMS_PER_SECOND_MILLI, ALARMS_BURST)) {
            r->drops[LOCAL_EVENTS][NET_CONTROL]++;
            return;
        }
    }
    json_t *detail = json_object();
    if (e->kind == HEAD2_EVENT_UP && m != NULL)
        on_up(r, e, m, detail);
    if (e->kind == HEAD2_EVENT_NEXT_KEY && m != NULL)
        on_next_key(r, m);
    if (e->kind == HEAD2_EVENT_ROTATED && m != NULL)
        on_rotated(r, e, m, detail);
    if (e->kind == HEAD2_EVENT_IMAGE)
        put(detail, "text",
            json_string("this machine was restored or copied: all sessions begin anew"));
    if (e->kind == HEAD2_EVENT_MOVED)
        on_moved(e, detail);
    if (e->kind == HEAD2_EVENT_DOWN)
        put(detail, "reason", json_string(head2_close_reason_name(e->reason)));
    if (e->kind == HEAD2_EVENT_DOWN && e->fallback && m != NULL)
        record_fallback_down(r, e, m, detail);
    if (e->kind == HEAD2_EVENT_FALLBACK_KEY && m != NULL)
        record_fallback_key(r, e, detail);
    if (e->kind == HEAD2_EVENT_REJECTED && e->fallback)
        record_fallback_rejected(r, e, detail);
    else if (e->kind == HEAD2_EVENT_REJECTED && r->config->role == CONFIG_LINK)
        put(detail, "text",
            json_string("the gateway does not accept this drone's key: register it there"));
    if (e->kind == HEAD2_EVENT_UP || e->kind == HEAD2_EVENT_ROTATED) {
        record_key_name(key, e->new_gen, e->new_step);
        hex_text(pseudonym, e->pseudonym);
        put(detail, "session", json_string(pseudonym));
    }
    journal_write(&(struct journal_line){w.level, w.event, m != NULL ? m->name : NULL,
                                         key[0] != 0 ? key : NULL, detail});
    if (r->endpoints_new && (e->kind == HEAD2_EVENT_DOWN || e->kind == HEAD2_EVENT_SUSPECT))
        runtime_use_endpoints(r);
}

/* ---- entropy ---- */

static enum journal_level level_of(enum head2_entropy_event_kind kind)
{
    switch (kind) {
    case HEAD2_ENTROPY_EVENT_SINGLE:
    case HEAD2_ENTROPY_EVENT_ABSENT:
        return JOURNAL_WARNING;
    case HEAD2_ENTROPY_EVENT_QUARANTINED:
    case HEAD2_ENTROPY_EVENT_FAILED:
        return JOURNAL_ERROR;
    case HEAD2_ENTROPY_EVENT_CLOSED:
    case HEAD2_ENTROPY_EVENT_OPEN:
        return JOURNAL_ALARM;
    case HEAD2_ENTROPY_EVENT_RECOVERED:
        break;
    }
    return JOURNAL_INFO;
}

/* Failures of sources, and that no keys can be made or can be again. */
static bool wants_receipt(enum head2_entropy_event_kind kind)
{
    return kind == HEAD2_ENTROPY_EVENT_QUARANTINED || kind == HEAD2_ENTROPY_EVENT_FAILED ||
           kind == HEAD2_ENTROPY_EVENT_CLOSED || kind == HEAD2_ENTROPY_EVENT_OPEN;
}

static void receipt_entropy(struct runtime *r, const struct head2_entropy_event *e)
{
    char subject[33], voided[32];

    hex_text(subject, r->key_id);
    snprintf(voided, sizeof voided, "%llu bits", (unsigned long long)e->voided);
    const struct receipt_field fields[] = {
        {"Event",  entropy_event_name(e->kind)         },
        {"Source", e->source[0] != 0 ? e->source : NULL},
        {"Reason", e->why[0] != 0 ? e->why : NULL      },
        {"Voided", e->voided != 0 ? voided : NULL      },
    };
    record_receipt(r, RECEIPT_ENTROPY_ALARM, ++r->entropy_alarms, subject, fields,
                   HEAD2_LEN(fields));
}

void record_entropy(void *arg, const struct head2_entropy_event *e, uint64_t lost)
{
    struct runtime *r = arg;

    r->drops[LOCAL_EVENTS][NET_CONTROL] += lost;
    if (r->opening &&
        (e->kind == HEAD2_ENTROPY_EVENT_CLOSED || e->kind == HEAD2_ENTROPY_EVENT_OPEN))
        return;
    json_t *detail = json_object();
    if (e->source[0] != 0)
        put(detail, "source", json_string(e->source));
    if (e->why[0] != 0)
        put(detail, "text", json_string(e->why));
    if (e->voided != 0)
        put_number(detail, "voided_bits", e->voided);
    journal_write(
        &(struct journal_line){level_of(e->kind), entropy_event_name(e->kind), NULL, NULL, detail});
    if (wants_receipt(e->kind))
        receipt_entropy(r, e);
}

void record_entropy_note(void *arg, const char *source, const char *what)
{
    (void)arg;
    journal_say(JOURNAL_WARNING, "entropy-source", "entropy.sources: %s: %s", source, what);
}

/* ---- events of the daemon ---- */

static void warn_suites(const struct runtime *r)
{
    static const char text[] =
        "CH2-L1X4 is enabled: its four AES-128 keys have the strength of one, AES-128, NIST level "
        "1, not 512 bits; use CH2-L5 unless a peer can do nothing else";

    for (unsigned i = 0; i < HEAD2_SESSION_MAX_SUITES; i++) {
        if (r->config->suites[i] != HEAD2_SUITE_L1X4)
            continue;
        fprintf(stderr, "head2: %s: suites: warning: %s\n", r->config->file, text);
        journal_say(JOURNAL_WARNING, "weak-suite", "%s", text);
    }
}

/* That it runs again, since what its keys were until then is forgotten. */
static void receipt_start(struct runtime *r)
{
    char subject[33], incarnation[24];

    hex_text(subject, r->key_id);
    snprintf(incarnation, sizeof incarnation, "%llu", (unsigned long long)r->incarnation);
    struct entropy_text entropy;
    entropy_text_now(&entropy);
    const struct receipt_field fields[] = {
        {"Role",             config_role_name(r->config)},
        {"Version",          HEAD2_VERSION_STRING       },
        {"Key ID",           subject                    },
        {"Incarnation",      incarnation                },
        {"Entropy Sources",  entropy.sources            },
        {"Entropy Credited", entropy.credited           },
        {"Entropy Health",   entropy.health             },
        {"Random Generator", entropy.generator          },
    };
    record_receipt(r, RECEIPT_RESTART, r->incarnation, subject, fields, HEAD2_LEN(fields));
}

/* An earlier version kept receipts in a folder of their own. */
static void warn_old_receipts(const struct runtime *r)
{
    char path[PATH_MAX];

    if (r->notary != NULL &&
        snprintf(path, sizeof path, "%s/receipts", r->config->state) < (int)sizeof path &&
        access(path, F_OK) == 0)
        journal_say(JOURNAL_WARNING, "old-receipts",
                    "%s: receipts of an earlier version, which are not in the ledger: keep them, "
                    "and that version to check them",
                    path);
}

void record_start(struct runtime *r)
{
    struct head2_address at;
    char text[ADDRESS_TEXT], key[33];
    json_t *detail = json_object();

    warn_suites(r);
    warn_old_receipts(r);
    receipt_start(r);
    net_local(&r->wan, &at);
    address_text(text, &at);
    hex_text(key, r->key_id);
    put(detail, "version", json_string(HEAD2_VERSION_STRING));
    put(detail, "role", json_string(config_role_name(r->config)));
    put(detail, "isa", json_string(head2_isa()));
    put(detail, "listen", json_string(text));
    put_number(detail, "peers", r->config->n_peers);
    if (r->config->role == CONFIG_GATEWAY)
        put_number(detail, "incarnation", r->incarnation);
    if (r->config->role == CONFIG_GATEWAY)
        put_number(detail, "handshakes_per_second",
                   r->config->handshake_rate != 0 ? r->config->handshake_rate : r->capacity);
    put(detail, "control", json_string(r->config->control));
    put(detail, "udp_gso", json_boolean(r->wan.gso));
    put(detail, "udp_gro", json_boolean(r->wan.gro));
    journal_write(&(struct journal_line){JOURNAL_INFO, "start", NULL, key, detail});
    for (uint32_t i = 0; i < r->max_members && r->config->n_peers == 0; i++)
        if (member_of(r, i) == NULL) {
            journal_say(JOURNAL_WARNING, "no-peers", "no drone is registered: add one to peers");
            break;
        }
}

void record_stop(struct runtime *r)
{
    json_t *detail = json_object();

    put_number(detail, "uptime_us", runtime_now() - r->started);
    journal_write(&(struct journal_line){JOURNAL_INFO, "stop", NULL, NULL, detail});
}

void record_notary(void *arg, const struct notary_report *report)
{
    struct runtime *r = arg;

    (void)r;
    if (report->failing)
        journal_say(JOURNAL_ERROR, "receipts-failing",
                    "receipts cannot be recorded and wait in memory (%llu): %s",
                    (unsigned long long)report->waiting, report->why);
    else
        journal_say(JOURNAL_INFO, "receipts-resumed", "receipts are recorded again");
}
