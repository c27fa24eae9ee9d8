/*
 * The answer to `head2 status`: one JSON object with stable field names, sizes in bytes, durations
 * in microseconds.
 */
#include "gateway/runtime.h"

#include "artifact/base64.h"
#include "artifact/utc.h"
#include "gateway/report_entropy.h"

#include <head2/version.h>

#include <unistd.h>

const char *local_counter_name(unsigned counter)
{
    static const char *const names[LOCAL_COUNTERS] = {
        "LATE",          "NO_RECEIVER", "STRANGER",     "SEND_FULL", "SEND_TOO_LONG",
        "SEND_NO_ROUTE", "SEND_FAILED", "RECEIVE_FULL", "NO_PORT",   "NO_ROUTE",
        "BAD_SOURCE",    "NOT_IP",      "NO_IPV6",      "DEVICE",    "EVENTS_DROPPED"};

    return counter < LOCAL_COUNTERS ? names[counter] : "?";
}

/* What net.h has counted for the reason, both towards the network and towards applications. */
static uint64_t unsent(const struct runtime *r, enum local_counter why, unsigned lane)
{
    const enum net_cause cause = why == LOCAL_SEND_FULL       ? NET_FULL
                                 : why == LOCAL_SEND_TOO_LONG ? NET_TOO_LONG
                                 : why == LOCAL_SEND_NO_ROUTE ? NET_NO_ROUTE
                                 : why == LOCAL_SEND_FAILED   ? NET_REFUSED
                                                              : NET_CAUSES;

    if (cause == NET_CAUSES)
        return 0;
    return r->out_wan.drops[cause][lane] + r->out_local.drops[cause][lane];
}

static uint64_t unread(const struct runtime *r, unsigned lane)
{
    uint64_t lost = 0;

    if (lane == NET_CONTROL)
        return r->wan.lost; /* whose they were nobody can know */
    for (uint32_t i = 0; i < r->max_members; i++)
        if (r->members[i].ports[lane] != NULL)
            lost += r->members[i].ports[lane]->socket.lost;
    return lost;
}

uint64_t local_drops(const struct runtime *r, enum local_counter why, unsigned lane)
{
    return r->drops[why][lane] + unsent(r, why, lane) +
           (why == LOCAL_RECEIVE_FULL ? unread(r, lane) : 0);
}

static void put_number(json_t *o, const char *key, uint64_t value)
{
    json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void put_text(json_t *o, const char *key, const char *text)
{
    json_object_set_new(o, key, json_string(text));
}

static void put_hex(json_t *o, const char *key, const uint8_t bytes[16])
{
    char text[33] = {0};

    hex_encode(text, bytes, 16);
    put_text(o, key, text);
}

static void put_address(json_t *o, const char *key, const struct head2_address *a)
{
    char text[ADDRESS_TEXT];

    address_text(text, a);
    put_text(o, key, text);
}

static void put_time(json_t *o, const char *key, uint64_t ms)
{
    char text[UTC_BYTES + 1];

    utc_format(text, ms);
    put_text(o, key, text);
}

static void put_lanes(json_t *o, const char *key, const uint64_t *packets)
{
    json_t *lanes = json_object();

    for (unsigned i = 0; i <= HEAD2_SESSION_LANES; i++)
        put_number(lanes, config_lane_name(i), packets[i]);
    json_object_set_new(o, key, lanes);
}

static void put_local_lanes(json_t *o, const struct member *m)
{
    json_t *lanes = json_object();

    for (unsigned i = 0; i < HEAD2_SESSION_LANES; i++) {
        json_t *lane;
        struct head2_address at;
        if (!m->lanes[i].on)
            continue;
        lane = json_object();
        put_address(lane, "configured", &m->lanes[i].at);
        if (m->ports[i] != NULL) {
            net_local(&m->ports[i]->socket, &at);
            put_address(lane, "port", &at);
        }
        if (m->has_receiver[i])
            put_address(lane, "receiver", &m->receiver[i]);
        json_object_set_new(lanes, config_lane_name(i), lane);
    }
    json_object_set_new(o, "lanes", lanes);
}

static uint64_t left(uint64_t limit, uint64_t used)
{
    return used < limit ? limit - used : 0;
}

static void put_session(json_t *o, const struct head2_peer_info *i)
{
    char key[32];

    record_key_name(key, i->gen, i->step);
    put_text(o, "session_key_id", key);
    put_hex(o, "session", i->pseudonym);
    put_address(o, "address", &i->address);
    put_text(o, "suite", head2_suite_name(i->suite));
    put_text(o, "mode", i->fallback ? "FALLBACK" : "SIGNED");
    if (i->fallback)
        put_text(o, "restricted_to", FALLBACK_RESTRICTED);
    json_object_set_new(o, "suspect", json_boolean(i->suspect));
    put_number(o, "up_us", i->up_us);
    put_number(o, "epoch_age_us", i->epoch_us);
    put_number(o, "epoch_bytes", i->epoch_bytes);
    put_number(o, "rotate_us", i->rotate_us);
    put_number(o, "rotate_bytes", i->rotate_bytes);
    put_number(o, "us_to_rotation", left(i->rotate_us, i->epoch_us));
    put_number(o, "bytes_to_rotation", left(i->rotate_bytes, i->epoch_bytes));
    put_number(o, "heard_us", i->heard_us);
    put_number(o, "lag_us", i->lag_us);
    put_number(o, "handshake_us", i->handshake_us);
    put_number(o, "handshake_bytes", i->handshake_bytes);
}

/* When it was is epoch_age_us. */
static json_t *last_rotation(const struct member *m)
{
    if (m->rotation == 0)
        return json_null();
    return json_pack("{s:s, s:b, s:b}", "cause", head2_cause_name(m->last_cause), "fresh",
                     m->last_fresh, "signed", m->last_signed);
}

static json_t *peer_object(struct runtime *r, uint32_t number, uint64_t now)
{
    const struct member *m = &r->members[number];
    struct head2_peer_info i;
    json_t *o = json_object(), *rotations = json_object();

    put_text(o, "name", m->name);
    put_hex(o, "key_id", m->key_id);
    if (head2_session_peer_info(r->session, now, number, &i) != HEAD2_OK)
        memset(&i, 0, sizeof i);
    json_object_set_new(o, "up", json_boolean(i.up));
    if (i.up) {
        put_session(o, &i);
        json_object_set_new(o, "last_rotation", last_rotation(m));
    }
    if (i.fallback || (r->config->role == CONFIG_LINK && r->config->fallback.on))
        put_number(o, "fallback_left_us", i.fallback_left_us);
    put_lanes(o, "tx_packets", i.tx_packets);
    put_lanes(o, "rx_packets", i.rx_packets);
    put_lanes(o, "rx_missing", i.rx_missing);
    put_number(o, "tx_bytes", i.tx_bytes);
    put_number(o, "rx_bytes", i.rx_bytes);
    put_number(o, "twins", i.twins);
    for (unsigned c = 0; c < HEAD2_CAUSES; c++)
        put_number(rotations, head2_cause_name((enum head2_cause)c), i.rotations[c]);
    json_object_set_new(o, "rotations", rotations);
    put_number(o, "ratchets", i.ratchets);
    put_local_lanes(o, m);
    return o;
}

static json_t *drops_object(struct runtime *r)
{
    const uint64_t *counters = head2_session_counters(r->session);
    json_t *o = json_object();

    for (unsigned i = 0; i < HEAD2_COUNTERS; i++)
        if (counters[i] != 0)
            put_number(o, head2_counter_name((enum head2_counter)i), counters[i]);
    for (unsigned i = 0; i < LOCAL_COUNTERS; i++) {
        uint64_t value = i == LOCAL_EVENTS ? journal_dropped() : 0;
        for (unsigned lane = 0; lane < NET_LANES; lane++)
            value += local_drops(r, (enum local_counter)i, lane);
        if (value != 0)
            put_number(o, local_counter_name(i), value);
    }
    return o;
}

/* Of the drops at this end, those that one lane has had. */
static json_t *lane_drops_object(struct runtime *r)
{
    json_t *o = json_object();

    for (unsigned lane = 0; lane < HEAD2_SESSION_LANES; lane++) {
        json_t *causes = json_object();
        for (unsigned i = 0; i < LOCAL_COUNTERS; i++) {
            const uint64_t value = local_drops(r, (enum local_counter)i, lane);
            if (value != 0)
                put_number(causes, local_counter_name(i), value);
        }
        json_object_set_new(o, config_lane_name(lane), causes);
    }
    return o;
}

static json_t *receipts_object(struct runtime *r)
{
    struct notary_report n;
    json_t *o = json_object();

    notary_report(r->notary, &n);
    put_number(o, "count", n.written);
    put_number(o, "waiting", n.waiting);
    put_number(o, "lost", n.lost);
    put_number(o, "brought", n.brought);
    put_number(o, "entries", n.size);
    put_number(o, "signed", n.is_signed);
    json_object_set_new(o, "failing", n.failing ? json_string(n.why) : json_null());
    if (n.any) {
        put_text(o, "last", n.last_name);
        put_number(o, "last_index", n.last_index);
        put_time(o, "last_time", n.last_ms);
    }
    return o;
}

static void put_settings(json_t *o, const struct config *c)
{
    json_t *rotate = json_object(), *suites = json_array();

    put_number(rotate, "seconds", c->rotate_seconds);
    put_number(rotate, "bytes", c->rotate_bytes);
    put_number(rotate, "overlap", c->overlap);
    json_object_set_new(rotate, "mac_only", json_boolean(c->mac_only));
    json_object_set_new(o, "rotate", rotate);
    for (unsigned i = 0; i < HEAD2_SESSION_MAX_SUITES && c->suites[i] != 0; i++)
        json_array_append_new(suites, json_string(head2_suite_name(c->suites[i])));
    json_object_set_new(o, "suites", suites);
}

static json_t *keeper_object(const struct signatures *s)
{
    const struct signatures_report report = signatures_report(s);

    return json_pack("{s:I, s:I, s:I}", "waiting", (json_int_t)report.waiting, "again",
                     (json_int_t)report.again, "refused", (json_int_t)report.refused);
}

json_t *report_status(struct runtime *r)
{
    const uint64_t now = runtime_now();
    const bool gateway = r->config->role == CONFIG_GATEWAY;
    json_t *o = json_object(), *peers = json_array();
    struct head2_entropy_info entropy;
    struct head2_address at;

    net_local(&r->wan, &at);
    put_text(o, "role", config_role_name(r->config));
    put_text(o, "version", HEAD2_VERSION_STRING);
    put_text(o, "name", r->config->name);
    put_hex(o, "key_id", r->key_id);
    put_number(o, "pid", (uint64_t)notify_main());
    put_time(o, "time", utc_now());
    put_time(o, "started", r->started_ms);
    put_number(o, "uptime_us", now - r->started);
    put_address(o, "listen", &at);
    put_text(o, "config", r->config->file);
    if (gateway)
        put_number(o, "incarnation", r->incarnation);
    put_settings(o, r->config);
    for (uint32_t i = 0; i < r->max_members; i++)
        if (r->members[i].used)
            json_array_append_new(peers, peer_object(r, i, now));
    json_object_set_new(o, "peers", peers);
    json_object_set_new(o, "drops", drops_object(r));
    json_object_set_new(o, "lane_drops", lane_drops_object(r));
    head2_entropy_info(&entropy);
    json_object_set_new(o, "entropy", report_entropy(&entropy));
    json_object_set_new(o, "keeper",
                        r->signatures != NULL ? keeper_object(r->signatures) : json_null());
    json_object_set_new(o, "receipts", r->notary != NULL ? receipts_object(r) : json_null());
    return o;
}
