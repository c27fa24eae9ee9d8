/* Objects: the keeper's keys, and what ends with sessions; see module.h */
#include "pkcs11/module.h"

#include <stdlib.h>

#define OWN_LABELS "head2/" /* the keeper's own keys are not shown */

CK_OBJECT_HANDLE object_handle(const uint8_t id[HEAD2_KEY_ID_BYTES], CK_OBJECT_CLASS class)
{
    return (be64(id) >> 2) << 1 | (class == CKO_PRIVATE_KEY);
}

/* ---- the keeper's keys ---- */

static bool is_own(struct keeper_bytes label)
{
    const size_t len = strlen(OWN_LABELS);

    return label.len >= len && memcmp(label.at, OWN_LABELS, len) == 0;
}

static void of_entry(struct object *o, const struct keeper_entry *e, CK_OBJECT_CLASS class)
{
    memset(o, 0, sizeof *o);
    o->handle = object_handle(e->key, class);
    o->class = class;
    memcpy(o->id, e->key, sizeof o->id);
    memcpy(o->label, e->label.at, e->label.len);
    o->alg = e->alg;
    o->policy.purposes = e->purposes;
    o->about.state = e->state;
}

CK_RV object_about(struct slot *slot, struct object *o)
{
    struct keeper_message ask = {.type = KEEPER_ABOUT};
    struct keeper_reply reply;

    if (o->has_about || o->owner != 0)
        return CKR_OK;
    memcpy(ask.key, o->id, sizeof ask.key);
    const CK_RV rv = slot_ask(slot, &ask, &reply);
    if (rv == CKR_OK) {
        o->policy = reply.m.policy;
        o->about = reply.m.about;
        o->has_about = true;
    }
    keeper_reply_free(&reply);
    return rv;
}

CK_RV object_public(struct slot *slot, struct object *o)
{
    struct keeper_message ask = {.type = KEEPER_EXPORT};
    struct keeper_reply reply;

    if (o->has_public)
        return CKR_OK;
    memcpy(ask.key, o->id, sizeof ask.key);
    CK_RV rv = slot_ask(slot, &ask, &reply);
    if (rv == CKR_OK &&
        (reply.m.alg != o->alg || reply.m.data.len != head2_alg_public_bytes(o->alg)))
        rv = CKR_DEVICE_ERROR;
    if (rv == CKR_OK) {
        memcpy(o->public_key, reply.m.data.at, reply.m.data.len);
        o->has_public = true;
    }
    keeper_reply_free(&reply);
    return rv;
}

/* The keeper lists what is behind a key: here behind the last one whose id is below the handle's.
 * Two keys of one handle would be neither. */
static CK_RV find_key(struct slot *slot, CK_OBJECT_HANDLE handle, struct object *out)
{
    struct keeper_message ask = {.type = KEEPER_LIST, .count = 2};
    const CK_OBJECT_CLASS class = (handle & 1) != 0 ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
    const uint64_t first = (handle >> 1) << 2;
    struct keeper_reply reply;
    struct keeper_entry e;
    size_t n = 0;

    if (first != 0) {
        put_be64(ask.key, first - 1);
        memset(ask.key + 8, 0xff, 8);
    }
    const CK_RV rv = slot_ask(slot, &ask, &reply);
    while (rv == CKR_OK && keeper_entry_next(&e, &reply.m.data) == HEAD2_OK)
        if (object_handle(e.key, class) == handle && !is_own(e.label)) {
            of_entry(out, &e, class);
            n++;
        }
    keeper_reply_free(&reply);
    return rv != CKR_OK ? rv : n == 1 ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

CK_RV object_find(struct session *s, CK_OBJECT_HANDLE handle, struct object *out)
{
    bool found = false;

    if ((handle & SESSION_OBJECT) == 0)
        return handle == CK_INVALID_HANDLE ? CKR_OBJECT_HANDLE_INVALID
                                           : find_key(s->slot, handle, out);
    module_lock();
    for (size_t i = 0; i < OBJECTS_MAX && !found; i++) {
        const struct object *const o = s->slot->objects[i];
        found = o != NULL && o->handle == handle;
        if (found)
            *out = *o;
    }
    module_unlock();
    return found ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

/* ---- objects that end with their session ---- */

CK_RV object_keep(struct session *s, struct object *o, CK_OBJECT_HANDLE *out)
{
    struct object *const copy = malloc(sizeof *copy);
    CK_RV rv = CKR_DEVICE_MEMORY;

    if (copy == NULL)
        return CKR_HOST_MEMORY;
    module_lock();
    for (size_t i = 0; i < OBJECTS_MAX && rv != CKR_OK; i++)
        if (s->slot->objects[i] == NULL) {
            o->handle = SESSION_OBJECT | ++module.numbers;
            o->owner = s->handle;
            *copy = *o;
            s->slot->objects[i] = copy;
            *out = o->handle;
            rv = CKR_OK;
        }
    module_unlock();
    if (rv != CKR_OK)
        free(copy);
    return rv;
}

void secret_forget(struct slot *slot, uint64_t secret)
{
    struct keeper_message ask = {.type = KEEPER_FORGET, .handle = secret};
    struct keeper_reply reply;

    if (secret == 0)
        return;
    (void)slot_ask(slot, &ask, &reply); /* a keeper that is gone has no secret left */
    keeper_reply_free(&reply);
}

static bool is_meant(const struct object *o, CK_OBJECT_HANDLE handle, CK_SESSION_HANDLE owner)
{
    if (handle != 0)
        return o->handle == handle;
    return owner != 0 ? o->owner == owner : o->class == CKO_SECRET_KEY;
}

/* Take an object out; handle 0: any of the owner's, or any secret. NULL: there is none. */
static struct object *take(struct slot *slot, CK_OBJECT_HANDLE handle, CK_SESSION_HANDLE owner)
{
    struct object *found = NULL;

    module_lock();
    for (size_t i = 0; i < OBJECTS_MAX && found == NULL; i++) {
        struct object *const o = slot->objects[i];
        if (o != NULL && is_meant(o, handle, owner)) {
            found = o;
            slot->objects[i] = NULL;
        }
    }
    module_unlock();
    return found;
}

static bool drop_one(struct slot *slot, CK_OBJECT_HANDLE handle, CK_SESSION_HANDLE owner)
{
    struct object *const o = take(slot, handle, owner);

    if (o != NULL)
        secret_forget(slot, o->secret);
    free(o);
    return o != NULL;
}

void objects_drop(struct slot *slot, CK_SESSION_HANDLE owner)
{
    while (drop_one(slot, 0, owner))
        ;
}

static CK_RV destroy_key(struct session *s, const struct object *o)
{
    struct keeper_message ask = {.type = KEEPER_DESTROY};
    struct keeper_reply reply;

    if ((s->flags & CKF_RW_SESSION) == 0)
        return CKR_SESSION_READ_ONLY;
    if (o->class != CKO_PRIVATE_KEY) /* the public key is there as long as the private one is */
        return CKR_ACTION_PROHIBITED;
    memcpy(ask.key, o->id, sizeof ask.key);
    const CK_RV rv = slot_ask(s->slot, &ask, &reply);
    keeper_reply_free(&reply);
    return rv;
}

CK_RV C_DestroyObject(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct session *s;
    struct object o;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    rv = object_find(s, object, &o);
    if (rv == CKR_OK && o.owner == 0)
        rv = destroy_key(s, &o);
    else if (rv == CKR_OK && !drop_one(s->slot, object, 0))
        rv = CKR_OBJECT_HANDLE_INVALID; /* another thread was faster */
    return call_end(s, rv);
}

/* ---- finding ---- */

struct finding {
    struct session *s;
    const CK_ATTRIBUTE *template;
    CK_ULONG count;
    size_t cap;
};

static CK_RV consider(struct finding *f, struct object *o)
{
    struct session *const s = f->s;
    bool match;
    const CK_RV rv = attributes_match(s->slot, o, f->template, f->count, &match);

    if (rv != CKR_OK || !match)
        return rv;
    if (s->found_n == f->cap) {
        const size_t cap = f->cap == 0 ? 64 : 2 * f->cap;
        CK_OBJECT_HANDLE *const more = realloc(s->found, cap * sizeof *more);
        if (more == NULL)
            return CKR_HOST_MEMORY;
        s->found = more;
        f->cap = cap;
    }
    s->found[s->found_n++] = o->handle;
    return CKR_OK;
}

static CK_RV find_keys(struct finding *f, bool open)
{
    struct keeper_message ask = {.type = KEEPER_LIST};
    struct keeper_reply reply;
    struct keeper_entry e;
    struct object o;
    bool more = true;
    CK_RV rv = CKR_OK;

    while (rv == CKR_OK && more) {
        rv = slot_ask(f->s->slot, &ask, &reply);
        more = rv == CKR_OK && (reply.m.flags & KEEPER_LIST_MORE) != 0;
        while (rv == CKR_OK && keeper_entry_next(&e, &reply.m.data) == HEAD2_OK) {
            memcpy(ask.key, e.key, sizeof ask.key);
            if (is_own(e.label))
                continue;
            of_entry(&o, &e, CKO_PUBLIC_KEY);
            rv = consider(f, &o);
            of_entry(&o, &e, CKO_PRIVATE_KEY);
            if (rv == CKR_OK && open)
                rv = consider(f, &o);
        }
        keeper_reply_free(&reply);
    }
    return rv;
}

/* Those of all sessions, as the standard has it. */
static CK_RV find_session_objects(struct finding *f)
{
    struct slot *const slot = f->s->slot;
    CK_OBJECT_HANDLE handles[OBJECTS_MAX];
    size_t n = 0;
    struct object o;
    CK_RV rv = CKR_OK;

    module_lock();
    for (size_t i = 0; i < OBJECTS_MAX; i++)
        if (slot->objects[i] != NULL)
            handles[n++] = slot->objects[i]->handle;
    module_unlock();
    for (size_t i = 0; i < n && rv == CKR_OK; i++)
        if (object_find(f->s, handles[i], &o) == CKR_OK)
            rv = consider(f, &o);
    return rv;
}

CK_RV C_FindObjectsInit(CK_SESSION_HANDLE session, const CK_ATTRIBUTE *template, CK_ULONG count)
{
    struct session *s;
    CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (!template_ok(template, count))
        return call_end(s, CKR_ARGUMENTS_BAD);
    if (s->finding)
        return call_end(s, CKR_OPERATION_ACTIVE);
    struct finding f = {s, template, count, 0};
    s->found_n = s->found_at = 0;
    rv = find_keys(&f, slot_is_open(s->slot));
    if (rv == CKR_OK)
        rv = find_session_objects(&f);
    s->finding = rv == CKR_OK;
    if (rv != CKR_OK) {
        free(s->found);
        s->found = NULL;
    }
    return call_end(s, rv);
}

CK_RV C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG room,
                    CK_ULONG *count)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    if (!s->finding)
        return call_end(s, CKR_OPERATION_NOT_INITIALIZED);
    if (count == NULL || (out == NULL && room != 0))
        return call_end(s, CKR_ARGUMENTS_BAD);
    const size_t left = s->found_n - s->found_at;
    *count = left < room ? left : room;
    if (*count != 0)
        memcpy(out, s->found + s->found_at, *count * sizeof *out);
    s->found_at += *count;
    return call_end(s, CKR_OK);
}

CK_RV C_FindObjectsFinal(CK_SESSION_HANDLE session)
{
    struct session *s;
    const CK_RV rv = call_session(session, &s);

    if (rv != CKR_OK)
        return rv;
    const bool was = s->finding;
    free(s->found);
    s->found = NULL;
    s->finding = false;
    return call_end(s, was ? CKR_OK : CKR_OPERATION_NOT_INITIALIZED);
}
