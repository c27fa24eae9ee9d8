/* see wire.h */
#include "keeper/wire.h"

#include "artifact/mu.h"

#define MAGIC        0x484b
#define VERSION      1
#define POLICY_BYTES 42
#define INFO_BYTES   35
#define ABOUT_BYTES  17
#define ENTRY_FIXED  29

enum field {
    END,
    KEY,
    ALG,
    FLAGS,
    COUNT,
    HANDLE,
    UNTIL,
    POLICY,
    LABEL,
    NONCE,
    AAD,
    CONTEXT,
    DATA,
    SIG,
    ABOUT,
    INFO
};

#define FIELDS 7 /* at most, with END */

/* clang-format off */
static const struct shape {
    uint8_t ask[FIELDS], answer[FIELDS]; /* enum field */
    uint8_t flags;                       /* that a request may have */
} shapes[KEEPER_TYPES] = {
    [KEEPER_STATUS] = {{END},                         {INFO},               0                   },
    [KEEPER_GENERATE] = {{ALG, POLICY, LABEL},          {KEY, ALG, DATA},     0                   },
    [KEEPER_SIGN] = {{KEY, FLAGS, CONTEXT, DATA},
                       {SIG},
                       KEEPER_SIGN_MU | KEEPER_SIGN_DETERMINISTIC                               },
    [KEEPER_VERIFY] = {{KEY, CONTEXT, DATA, SIG},     {END},                0                   },
    [KEEPER_ENCAPSULATE] = {{KEY, DATA},                   {HANDLE, DATA},       0                   },
    [KEEPER_DECAPSULATE] = {{KEY, DATA},                   {HANDLE},             0                   },
    [KEEPER_DERIVE] = {{HANDLE, FLAGS, COUNT, LABEL, CONTEXT, DATA},
                       {HANDLE, DATA},
                       KEEPER_DERIVE_OUTPUT | KEEPER_DERIVE_HASH                                },
    [KEEPER_SEAL] = {{HANDLE, LABEL, DATA},         {DATA},               0                   },
    [KEEPER_UNSEAL] = {{HANDLE, LABEL, DATA},         {DATA},               0                   },
    [KEEPER_LIST] = {{KEY, COUNT},                  {FLAGS, COUNT, DATA}, 0                   },
    [KEEPER_ROTATE] = {{KEY},                         {KEY, ALG, DATA},     0                   },
    [KEEPER_REVOKE] = {{KEY},                         {END},                0                   },
    [KEEPER_DESTROY] = {{KEY},                         {END},                0                   },
    [KEEPER_EXPORT] = {{KEY},                         {ALG, DATA},          0                   },
    [KEEPER_RANDOM] = {{COUNT},                       {DATA},               0                   },
    [KEEPER_FORGET] = {{HANDLE},                      {END},                0                   },
    [KEEPER_FIND] = {{LABEL},                       {KEY, ALG},           0                   },
    [KEEPER_CHALLENGE] = {{KEY},                         {DATA},               0                   },
    [KEEPER_APPROVE] = {{KEY, ALG, COUNT, UNTIL, DATA, SIG}, {END},             0                   },
    [KEEPER_ABOUT] = {{KEY},                         {ALG, POLICY, LABEL, ABOUT}, 0            },
    [KEEPER_LOGIN] = {{FLAGS, DATA},                 {END},                KEEPER_LOGIN_OUT    },
    [KEEPER_REVEAL] = {{KEY, HANDLE, FLAGS},          {DATA},               KEEPER_REVEAL_SEED  },
    [KEEPER_ENCRYPT] = {{HANDLE, FLAGS, NONCE, AAD, DATA}, {NONCE, DATA},   KEEPER_ENCRYPT_NONCE},
    [KEEPER_DECRYPT] = {{HANDLE, NONCE, AAD, DATA},   {DATA},               0                   },
};
/* clang-format on */
static const uint8_t refusal[] = {DATA, END};

static const uint8_t *fields_of(const struct keeper_message *m)
{
    if (!m->answer)
        return shapes[m->type].ask;
    return m->status == HEAD2_OK ? shapes[m->type].answer : refusal;
}

/* ---- rules that hold for what is written and what is read ---- */

bool keeper_label_ok(struct keeper_bytes label)
{
    size_t bad;

    if (label.len == 0 || label.len > KEEPER_LABEL_MAX)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (label.at[i] < 0x20 || label.at[i] == 0x7f)
            return false;
    return mu_check_utf8(label.at, label.len, &bad) == HEAD2_OK;
}

bool keeper_policy_ok(const struct keeper_policy *p)
{
    return p->purposes != 0 &&
           (p->purposes & ~(KEEPER_MAY_ALL | KEEPER_MAY_REVEAL | KEEPER_MADE_HERE)) == 0 &&
           (p->rate_count == 0) == (p->rate_seconds == 0) && p->rate_count <= KEEPER_RATE_MAX &&
           p->rate_seconds <= KEEPER_RATE_SECONDS_MAX &&
           (p->not_after_ms == 0 || p->not_before_ms < p->not_after_ms);
}

static size_t data_max(const struct keeper_message *m)
{
    if (m->answer && m->status != HEAD2_OK)
        return KEEPER_PHRASE_MAX;
    if (m->type == KEEPER_SEAL ? m->answer : m->type == KEEPER_UNSEAL && !m->answer)
        return KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA;
    if (m->type == KEEPER_ENCRYPT ? m->answer : m->type == KEEPER_DECRYPT && !m->answer)
        return KEEPER_DATA_MAX + KEEPER_TAG;
    return KEEPER_DATA_MAX;
}

/* A plain HKDF has a context and data; the keeper's own a label. */
static bool label_ok(const struct keeper_message *m)
{
    if (m->type == KEEPER_DERIVE && (m->flags & KEEPER_DERIVE_HASH) != 0)
        return m->label.len == 0;
    return keeper_label_ok(m->label);
}

static bool field_ok(enum field f, const struct keeper_message *m)
{
    switch (f) {
    case ALG:
        return m->alg > HEAD2_ALG_NONE && m->alg <= HEAD2_MLDSA_87;
    case FLAGS:
        return m->answer ? m->flags <= KEEPER_LIST_MORE : (m->flags & ~shapes[m->type].flags) == 0;
    case POLICY:
        return keeper_policy_ok(&m->policy) &&
               (m->answer || (m->policy.purposes & KEEPER_MADE_HERE) == 0);
    case LABEL:
        return label_ok(m);
    case AAD:
        return m->aad.len <= KEEPER_AAD_MAX;
    case ABOUT:
        return m->about.state >= KEEPER_PREACTIVE && m->about.state <= KEEPER_REVOKED;
    case CONTEXT:
        return m->context.len <= KEEPER_CONTEXT_MAX;
    case DATA:
        return m->data.len <= data_max(m);
    case SIG:
        return m->sig.len <= HEAD2_KEY_MAX_SIG;
    default:
        return true;
    }
}

/* ---- reading ---- */

struct reader {
    const uint8_t *at;
    size_t left;
    bool bad;
};

static const uint8_t *take(struct reader *r, size_t n)
{
    static const uint8_t zeros[64];

    if (r->bad || n > r->left) {
        r->bad = true;
        return zeros;
    }
    const uint8_t *const p = r->at;
    r->at += n;
    r->left -= n;
    return p;
}

static struct keeper_bytes take_bytes(struct reader *r)
{
    const size_t len = be16(take(r, 2));
    const uint8_t *const at = take(r, len);

    return (struct keeper_bytes){at, r->bad ? 0 : len};
}

static void take_policy(struct reader *r, struct keeper_policy *p)
{
    const uint8_t *const b = take(r, POLICY_BYTES);

    *p = (struct keeper_policy){be16(b), be32(b + 2), be32(b + 6), be64(b + 10), be64(b + 18), {0}};
    memcpy(p->approver, b + 26, sizeof p->approver);
}

static void take_info(struct reader *r, struct keeper_info *i)
{
    const uint8_t *const b = take(r, INFO_BYTES);

    *i = (struct keeper_info){be32(b),      be32(b + 4), be64(b + 8), be64(b + 16),
                              be64(b + 24), b[32],       b[33],       b[34]};
}

static void take_about(struct reader *r, struct keeper_about *a)
{
    const uint8_t *const b = take(r, ABOUT_BYTES);

    *a = (struct keeper_about){(enum keeper_state)b[0], be64(b + 1), be64(b + 9)};
}

static void take_field(struct reader *r, enum field f, struct keeper_message *m)
{
    switch (f) {
    case KEY:
        memcpy(m->key, take(r, sizeof m->key), sizeof m->key);
        break;
    case ALG:
        m->alg = (enum head2_alg)take(r, 1)[0];
        break;
    case FLAGS:
        m->flags = take(r, 1)[0];
        break;
    case COUNT:
        m->count = be16(take(r, 2));
        break;
    case HANDLE:
        m->handle = be64(take(r, 8));
        break;
    case UNTIL:
        m->until_ms = be64(take(r, 8));
        break;
    case POLICY:
        take_policy(r, &m->policy);
        break;
    case LABEL:
        m->label = take_bytes(r);
        break;
    case CONTEXT:
        m->context = take_bytes(r);
        break;
    case DATA:
        m->data = take_bytes(r);
        break;
    case SIG:
        m->sig = take_bytes(r);
        break;
    case NONCE:
        memcpy(m->nonce, take(r, sizeof m->nonce), sizeof m->nonce);
        break;
    case AAD:
        m->aad = take_bytes(r);
        break;
    case ABOUT:
        take_about(r, &m->about);
        break;
    case INFO:
        take_info(r, &m->info);
        break;
    case END:
        break;
    }
}

static bool header_ok(const uint8_t *b)
{
    const uint8_t type = b[3] & (KEEPER_ANSWER - 1);
    const int16_t status = (int16_t)be16(b + 8);

    return be16(b) == MAGIC && b[2] == VERSION && type > 0 && type < KEEPER_TYPES &&
           status <= HEAD2_OK && status >= HEAD2_E_HEALTH &&
           ((b[3] & KEEPER_ANSWER) != 0 || status == HEAD2_OK) && be16(b + 10) == 0 &&
           be32(b + 12) <= KEEPER_BODY_MAX;
}

enum head2_status keeper_frame(const uint8_t *buf, size_t len, size_t *whole)
{
    *whole = KEEPER_HEADER;
    if (len < KEEPER_HEADER)
        return HEAD2_E_SPACE;
    if (!header_ok(buf))
        return HEAD2_E_MALFORMED;
    *whole += be32(buf + 12);
    return HEAD2_OK;
}

enum head2_status keeper_decode(struct keeper_message *out, const uint8_t *buf, size_t len,
                                bool *header)
{
    size_t whole;

    memset(out, 0, sizeof *out);
    *header = keeper_frame(buf, len, &whole) == HEAD2_OK && whole == len;
    if (!*header)
        return HEAD2_E_MALFORMED;
    out->type = (enum keeper_type)(buf[3] & (KEEPER_ANSWER - 1));
    out->answer = (buf[3] & KEEPER_ANSWER) != 0;
    out->id = be32(buf + 4);
    out->status = (enum head2_status)(int16_t)be16(buf + 8);
    struct reader r = {buf + KEEPER_HEADER, len - KEEPER_HEADER, false};
    for (const uint8_t *f = fields_of(out); *f != END; f++) {
        take_field(&r, *f, out);
        r.bad = r.bad || !field_ok(*f, out);
    }
    return r.bad || r.left != 0 ? HEAD2_E_MALFORMED : HEAD2_OK;
}

/* ---- writing ---- */

struct writer {
    uint8_t *at;
    size_t left;
    bool full;
    uint8_t nowhere[64]; /* where fixed fields go once it is full */
};

static uint8_t *give(struct writer *w, size_t n)
{
    if (w->full || n > w->left) {
        w->full = true;
        return w->nowhere;
    }
    uint8_t *const p = w->at;
    w->at += n;
    w->left -= n;
    return p;
}

static void give_bytes(struct writer *w, struct keeper_bytes b)
{
    put_be16(give(w, 2), (uint16_t)b.len);
    uint8_t *const to = give(w, b.len);
    if (!w->full)
        copy_bytes(to, b.at, b.len);
}

static void give_policy(struct writer *w, const struct keeper_policy *p)
{
    uint8_t *const b = give(w, POLICY_BYTES);

    put_be16(b, p->purposes);
    put_be32(b + 2, p->rate_count);
    put_be32(b + 6, p->rate_seconds);
    put_be64(b + 10, p->not_before_ms);
    put_be64(b + 18, p->not_after_ms);
    memcpy(b + 26, p->approver, sizeof p->approver);
}

static void give_info(struct writer *w, const struct keeper_info *i)
{
    uint8_t *const b = give(w, INFO_BYTES);

    put_be32(b, i->keys);
    put_be32(b + 4, i->hot);
    put_be64(b + 8, i->uses);
    put_be64(b + 16, i->batches);
    put_be64(b + 24, i->batched);
    b[32] = i->memory;
    b[33] = i->sandbox;
    b[34] = i->login;
}

static void give_about(struct writer *w, const struct keeper_about *a)
{
    uint8_t *const b = give(w, ABOUT_BYTES);

    b[0] = (uint8_t)a->state;
    put_be64(b + 1, a->created_ms);
    put_be64(b + 9, a->uses);
}

static void give_field(struct writer *w, enum field f, const struct keeper_message *m)
{
    switch (f) {
    case KEY:
        memcpy(give(w, sizeof m->key), m->key, sizeof m->key);
        break;
    case ALG:
        give(w, 1)[0] = (uint8_t)m->alg;
        break;
    case FLAGS:
        give(w, 1)[0] = m->flags;
        break;
    case COUNT:
        put_be16(give(w, 2), m->count);
        break;
    case HANDLE:
        put_be64(give(w, 8), m->handle);
        break;
    case UNTIL:
        put_be64(give(w, 8), m->until_ms);
        break;
    case POLICY:
        give_policy(w, &m->policy);
        break;
    case LABEL:
        give_bytes(w, m->label);
        break;
    case CONTEXT:
        give_bytes(w, m->context);
        break;
    case DATA:
        give_bytes(w, m->data);
        break;
    case SIG:
        give_bytes(w, m->sig);
        break;
    case NONCE:
        memcpy(give(w, sizeof m->nonce), m->nonce, sizeof m->nonce);
        break;
    case AAD:
        give_bytes(w, m->aad);
        break;
    case ABOUT:
        give_about(w, &m->about);
        break;
    case INFO:
        give_info(w, &m->info);
        break;
    case END:
        break;
    }
}

enum head2_status keeper_encode(uint8_t *buf, size_t room, size_t *len,
                                const struct keeper_message *m)
{
    struct writer w = {.at = buf, .left = room};

    *len = 0;
    if (m->type == 0 || m->type >= KEEPER_TYPES || (!m->answer && m->status != HEAD2_OK))
        return HEAD2_E_ARG;
    uint8_t *const head = give(&w, KEEPER_HEADER);
    for (const uint8_t *f = fields_of(m); *f != END; f++) {
        if (!field_ok(*f, m))
            return HEAD2_E_ARG;
        give_field(&w, *f, m);
    }
    if (w.full)
        return HEAD2_E_SPACE;
    *len = room - w.left;
    put_be16(head, MAGIC);
    head[2] = VERSION;
    head[3] = (uint8_t)((unsigned)m->type | (m->answer ? KEEPER_ANSWER : 0));
    put_be32(head + 4, m->id);
    put_be16(head + 8, (uint16_t)m->status);
    put_be16(head + 10, 0);
    put_be32(head + 12, (uint32_t)(*len - KEEPER_HEADER));
    return HEAD2_OK;
}

/* ---- lists ---- */

bool keeper_entry_put(uint8_t *out, size_t room, size_t *len, const struct keeper_entry *e)
{
    uint8_t *const b = out + *len;

    if (room - *len < ENTRY_FIXED + e->label.len || e->label.len > KEEPER_LABEL_MAX)
        return false;
    memcpy(b, e->key, sizeof e->key);
    b[16] = (uint8_t)e->alg;
    b[17] = (uint8_t)e->state;
    put_be16(b + 18, e->purposes);
    put_be64(b + 20, e->uses);
    b[28] = (uint8_t)e->label.len;
    copy_bytes(b + ENTRY_FIXED, e->label.at, e->label.len);
    *len += ENTRY_FIXED + e->label.len;
    return true;
}

enum head2_status keeper_entry_next(struct keeper_entry *out, struct keeper_bytes *list)
{
    const uint8_t *const b = list->at;

    if (list->len == 0)
        return HEAD2_E_STATE;
    if (list->len < ENTRY_FIXED || list->len < (size_t)ENTRY_FIXED + b[28])
        return HEAD2_E_MALFORMED;
    memcpy(out->key, b, sizeof out->key);
    out->alg = (enum head2_alg)b[16];
    out->state = (enum keeper_state)b[17];
    out->purposes = be16(b + 18);
    out->uses = be64(b + 20);
    out->label = (struct keeper_bytes){b + ENTRY_FIXED, b[28]};
    list->at += ENTRY_FIXED + out->label.len;
    list->len -= ENTRY_FIXED + out->label.len;
    return out->alg != HEAD2_ALG_NONE && out->alg <= HEAD2_MLDSA_87 &&
                   out->state >= KEEPER_PREACTIVE && out->state <= KEEPER_REVOKED &&
                   keeper_label_ok(out->label)
               ? HEAD2_OK
               : HEAD2_E_MALFORMED;
}
