/* see receipt_text.h */
#include "artifact/receipt_text.h"

#include "artifact/mu.h"
#include "artifact/utc.h"

#include <stdio.h>

static const struct {
    const char *name, *title;
} kinds[RECEIPT_KINDS] = {
    [RECEIPT_ROTATION] = {"rotation",            "Key Rotation Event" },
    [RECEIPT_KEYGEN] = {"keygen",              "Key Generation"     },
    [RECEIPT_SIGNATURE] = {"signature",           "Artifact Signature" },
    [RECEIPT_REVOCATION] = {"revocation",          "Key Revocation"     },
    [RECEIPT_PROVISIONING] = {"provisioning",        "Peer Provisioning"  },
    [RECEIPT_FALLBACK_ENTERED] = {"fallback-entered",    "Fallback Entered"   },
    [RECEIPT_FALLBACK_LEFT] = {"fallback-left",       "Fallback Left"      },
    [RECEIPT_TAKEOVER] = {"takeover",            "Takeover"           },
    [RECEIPT_VERIFICATION_FAILED] = {"verification-failed", "Failed Verification"},
    [RECEIPT_ENTROPY_ALARM] = {"entropy-alarm",       "Entropy Alarm"      },
    [RECEIPT_RESTART] = {"restart",             "Restart"            },
    [RECEIPT_STORE] = {"store",               "Store Anchor"       },
    [RECEIPT_KEEPER] = {"keeper",              "Keeper Event"       },
};

const char *receipt_kind_name(enum receipt_kind kind)
{
    return kind < RECEIPT_KINDS ? kinds[kind].name : NULL;
}

bool receipt_subject_ok(const char *subject)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    const size_t len = strlen(subject);

    return len > 0 && len <= RECEIPT_SUBJECT_MAX && strspn(subject, allowed) == len;
}

struct text {
    char *p;
    size_t len, cap;
    bool full;
};

static void add(struct text *t, const char *p, size_t len)
{
    if (len > t->cap - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->p + t->len, p, len);
    t->len += len;
}

/* A value on one line of UTF-8 whatever it holds: file names can be anything. */
static void add_value(struct text *t, const char *value)
{
    const size_t len = strlen(value);

    for (size_t at = 0; at < len;) {
        const size_t n = mu_code_point((const uint8_t *)value + at, len - at);
        const unsigned char c = (unsigned char)value[at];
        if (n == 0 || c < 0x20 || c == 0x7f)
            add(t, "?", 1);
        else
            add(t, value + at, n);
        at += n != 0 ? n : 1;
    }
}

static void add_line(struct text *t, const char *label, const char *value)
{
    add(t, label, strlen(label));
    add(t, ": ", 2);
    add_value(t, value);
    add(t, "\n", 1);
}

enum head2_status receipt_text(const struct receipt_event *event, char *out, size_t *len)
{
    struct text t = {out, 0, *len, false};
    char line[160], when[UTC_BYTES + 1];

    if (event->kind >= RECEIPT_KINDS || !receipt_subject_ok(event->subject) ||
        event->time_ms > UTC_MAX)
        return HEAD2_E_ARG;
    const unsigned long long number = event->number;
    snprintf(line, sizeof line, "# %s %llu\n", kinds[event->kind].title, number);
    add(&t, line, strlen(line));
    utc_format(when, event->time_ms);
    add_line(&t, "Timestamp", when);
    for (size_t i = 0; i < event->field_count; i++)
        if (event->fields[i].value != NULL)
            add_line(&t, event->fields[i].label, event->fields[i].value);
    add_line(&t, "Subject", event->subject);
    snprintf(line, sizeof line, ".mu: %s_%llu.mu", kinds[event->kind].name, number);
    add(&t, line, strlen(line));
    *len = t.len;
    return t.full ? HEAD2_E_SPACE : HEAD2_OK;
}

enum head2_status receipt_text_keygen(const struct receipt_keygen *k, char *out, size_t *len)
{
    const struct receipt_field fields[] = {
        {"Key ID",           k->key_id                                       },
        {"Algorithm",        k->alg                                          },
        {"File",             k->file                                         },
        {"Protection",       k->encrypted ? "passphrase" : "file permissions"},
        {"Entropy Sources",  k->entropy->sources                             },
        {"Entropy Credited", k->entropy->credited                            },
        {"Entropy Health",   k->entropy->health                              },
        {"Random Generator", k->entropy->generator                           },
    };
    const struct receipt_event e = {RECEIPT_KEYGEN, k->number, k->time_ms,
                                    k->key_id,      fields,    HEAD2_LEN(fields)};
    return receipt_text(&e, out, len);
}

enum head2_status receipt_text_signature(const struct receipt_signature *s, char *out, size_t *len)
{
    const struct receipt_field fields[] = {
        {"Artifact",            s->artifact  },
        {"Form",                s->form      },
        {"Hash",                s->hash      },
        {"Media Type",          s->media_type},
        {"Signer",              s->signer    },
        {"Algorithm",           s->alg       },
        {"Key ID",              s->key_id    },
        {"Evidence",            s->evidence  },
        {"Dilithium Signature", "made"       },
    };
    const struct receipt_event e = {RECEIPT_SIGNATURE, s->number, s->time_ms,
                                    s->key_id,         fields,    HEAD2_LEN(fields)};
    return receipt_text(&e, out, len);
}
