/*
 * The tags in use, for whoever looks at a capture: see head2_session_tags and examples/wireshark.
 */
#include "gateway/runtime.h"

#include "artifact/base64.h"

static json_t *tag_json(const struct head2_tag *t, const struct member *m)
{
    char hex[2 * sizeof t->tag + 1], key[32];

    hex_encode(hex, t->tag, sizeof t->tag);
    hex[sizeof hex - 1] = 0;
    record_key_name(key, t->gen, t->step);
    return json_pack("{s:s, s:i, s:s, s:s, s:s}", "tag", hex, "lane", (int)t->lane, "direction",
                     t->sent ? "sent" : "received", "peer", m->name, "key_id", key);
}

json_t *report_tags(struct runtime *r)
{
    struct head2_tag tags[HEAD2_SESSION_MAX_TAGS];
    json_t *list = json_array();

    for (uint32_t i = 0; i < r->max_members; i++) {
        const size_t n =
            r->members[i].used ? head2_session_tags(r->session, i, tags, HEAD2_LEN(tags)) : 0;
        for (size_t k = 0; k < n; k++)
            json_array_append_new(list, tag_json(&tags[k], &r->members[i]));
    }
    return json_pack("{s:o}", "tags", list);
}
