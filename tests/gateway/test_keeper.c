/*
 * A keeper in a process of its own: every request, policies, limits, 64 clients at once, clients
 * that talk nonsense or die, and a keeper that is killed.
 */
#include "check.h"

#include "keeper/approval.h"
#include "keeper_fixture.h"

#include <errno.h>
#include <head2/mldsa.h>
#include <pthread.h>

#define CLIENTS 64
#define EACH    6

static void a_signature_is_good(struct keeper_client *c, const uint8_t id[16], const char *msg,
                                const char *ctx, uint8_t flags)
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t len;
    struct head2_key *const key = public_key(c, id);

    CHECK_EQ(keeper_sign(c, sig, &len, id, text(msg), text(ctx), flags), HEAD2_OK);
    CHECK_EQ(head2_key_verify(key, (const uint8_t *)msg, strlen(msg), ctx, strlen(ctx), sig, len),
             HEAD2_OK);
    struct keeper_message ask = of_key(KEEPER_VERIFY, id);
    struct keeper_reply reply;
    ask.data = text(msg);
    ask.context = text(ctx);
    ask.sig = (struct keeper_bytes){sig, len};
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    sig[100] ^= 1;
    ASK(c, &ask, &reply, HEAD2_E_VERIFY);
    keeper_reply_free(&reply);
    head2_key_free(key);
}

static void signatures(void)
{
    static const enum head2_alg algs[] = {HEAD2_MLDSA_44, HEAD2_MLDSA_65, HEAD2_MLDSA_87};
    uint8_t id[16], mu[64], sig[2][HEAD2_KEY_MAX_SIG];
    size_t len;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    for (size_t i = 0; i < HEAD2_LEN(algs); i++) {
        generate_key(c, id, algs[i], "signer", (struct keeper_policy)EVERY_USE);
        a_signature_is_good(c, id, "a message", "a context", 0);
        a_signature_is_good(c, id, "", "", KEEPER_SIGN_DETERMINISTIC);
    }
    struct head2_key *const key = public_key(c, id);
    CHECK_EQ(head2_mldsa87_mu(mu, head2_key_public(key), (const uint8_t *)"m", 1,
                              (const uint8_t *)"c", 1),
             HEAD2_OK);
    const struct keeper_bytes in = {mu, sizeof mu};
    CHECK_EQ(keeper_sign(c, sig[0], &len, id, in, text(""), KEEPER_SIGN_MU), HEAD2_OK);
    CHECK_EQ(head2_key_verify(key, (const uint8_t *)"m", 1, "c", 1, sig[0], len), HEAD2_OK);
    CHECK_EQ(keeper_sign(c, sig[0], &len, id, in, text("c"), KEEPER_SIGN_MU), HEAD2_E_ARG);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(keeper_sign(c, sig[i], &len, id, in, text(""), KEEPER_SIGN_DETERMINISTIC),
                 HEAD2_OK);
    CHECK_MEM(sig[0], sig[1], len);
    head2_key_free(key);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static uint64_t encaps(struct keeper_client *c, const uint8_t id[16], uint8_t *ct, size_t *len)
{
    struct keeper_message ask = of_key(KEEPER_ENCAPSULATE, id);
    struct keeper_reply reply;

    ASK(c, &ask, &reply, HEAD2_OK);
    memcpy(ct, reply.m.data.at, reply.m.data.len);
    *len = reply.m.data.len;
    const uint64_t handle = reply.m.handle;
    keeper_reply_free(&reply);
    return handle;
}

static uint64_t decaps(struct keeper_client *c, const uint8_t id[16], const uint8_t *ct, size_t len)
{
    struct keeper_message ask = of_key(KEEPER_DECAPSULATE, id);
    struct keeper_reply reply;

    ask.data = (struct keeper_bytes){ct, len};
    ASK(c, &ask, &reply, HEAD2_OK);
    const uint64_t handle = reply.m.handle;
    keeper_reply_free(&reply);
    return handle;
}

static void derive(struct keeper_client *c, uint64_t handle, uint8_t out[32], uint64_t *next,
                   const char *label, enum head2_status st)
{
    struct keeper_message ask = {.type = KEEPER_DERIVE,
                                 .handle = handle,
                                 .flags = next == NULL ? KEEPER_DERIVE_OUTPUT : 0,
                                 .count = next == NULL ? 32 : 0,
                                 .label = text(label)};
    struct keeper_reply reply;

    ASK(c, &ask, &reply, st);
    if (st == HEAD2_OK && next != NULL) {
        CHECK_EQ(reply.m.data.len, 0);
        *next = reply.m.handle;
    } else if (st == HEAD2_OK) {
        CHECK_EQ(reply.m.data.len, 32);
        memcpy(out, reply.m.data.at, 32);
    }
    keeper_reply_free(&reply);
}

static void secrets_stay_inside(void)
{
    uint8_t id[16], ct[HEAD2_KEY_MAX_CT], a[32], b[32], other[32];
    uint64_t next[2];
    size_t len;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    generate_key(c, id, HEAD2_MLKEM_1024, "kem", (struct keeper_policy)EVERY_USE);
    const uint64_t sent = encaps(c, id, ct, &len), got = decaps(c, id, ct, len);
    CHECK(sent != got);
    derive(c, sent, a, NULL, "for", HEAD2_OK);
    derive(c, got, b, NULL, "for", HEAD2_OK);
    derive(c, got, other, NULL, "for others", HEAD2_OK);
    CHECK_MEM(a, b, 32);
    CHECK(memcmp(a, other, 32) != 0);
    derive(c, sent, NULL, &next[0], "for", HEAD2_OK);
    derive(c, got, NULL, &next[1], "for", HEAD2_OK);
    derive(c, next[0], b, NULL, "for", HEAD2_OK);
    CHECK(memcmp(a, b, 32) != 0); /* what is derived once is not what is derived twice */
    derive(c, next[1], other, NULL, "for", HEAD2_OK);
    CHECK_MEM(b, other, 32);
    /* one of another connection */
    struct keeper_client *const d = connect_client();
    derive(d, sent, a, NULL, "for", HEAD2_E_STATE);
    keeper_client_close(d);
    /* a key that lets nothing out, and then one that is revoked */
    generate_key(c, id, HEAD2_MLKEM_768, "closed",
                 (struct keeper_policy){.purposes = KEEPER_MAY_ALL & ~KEEPER_MAY_OUTPUT});
    const uint64_t closed = encaps(c, id, ct, &len);
    derive(c, closed, a, NULL, "for", HEAD2_E_POLICY);
    derive(c, closed, NULL, &next[0], "for", HEAD2_OK);
    derive(c, next[0], a, NULL, "for", HEAD2_E_POLICY);
    struct keeper_message ask = of_key(KEEPER_REVOKE, id);
    struct keeper_reply reply;
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    derive(c, closed, NULL, &next[0], "for", HEAD2_E_STATE);
    ask = of_key(KEEPER_DESTROY, id);
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    derive(c, closed, NULL, &next[0], "for", HEAD2_E_STATE);
    /* as many handles as there may be, and no more */
    find_key(c, id, "kem");
    for (int i = 0; i < HANDLES_MAX - 6; i++)
        encaps(c, id, ct, &len);
    ask = of_key(KEEPER_ENCAPSULATE, id);
    ASK(c, &ask, &reply, HEAD2_E_LIMIT);
    keeper_reply_free(&reply);
    ask = (struct keeper_message){.type = KEEPER_FORGET, .handle = sent};
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    ASK(c, &ask, &reply, HEAD2_E_STATE);
    keeper_reply_free(&reply);
    encaps(c, id, ct, &len);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void seals(void)
{
    static uint8_t plain[KEEPER_DATA_MAX], sealed[KEEPER_DATA_MAX + KEEPER_SEAL_EXTRA];
    uint8_t id[16], ct[HEAD2_KEY_MAX_CT];
    struct keeper_reply reply;
    size_t len;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    generate_key(c, id, HEAD2_MLKEM_512, "kem", (struct keeper_policy)EVERY_USE);
    const uint64_t handles[] = {0, encaps(c, id, ct, &len)};
    memset(plain, 'p', sizeof plain);
    for (size_t i = 0; i < 2; i++) {
        struct keeper_message ask = {
            .type = KEEPER_SEAL,
            .handle = handles[i],
            .label = text("purpose"),
            .data = {plain, sizeof plain}
        };
        ASK(c, &ask, &reply, HEAD2_OK);
        CHECK_EQ(reply.m.data.len, sizeof sealed);
        memcpy(sealed, reply.m.data.at, sizeof sealed);
        keeper_reply_free(&reply);
        ask.type = KEEPER_UNSEAL;
        ask.data = (struct keeper_bytes){sealed, sizeof sealed};
        ASK(c, &ask, &reply, HEAD2_OK);
        CHECK_EQ(reply.m.data.len, sizeof plain);
        CHECK_MEM(reply.m.data.at, plain, sizeof plain);
        keeper_reply_free(&reply);
        ask.label = text("another");
        ASK(c, &ask, &reply, HEAD2_E_VERIFY);
        keeper_reply_free(&reply);
        ask.label = text("purpose");
        ask.handle = handles[1 - i];
        ASK(c, &ask, &reply, HEAD2_E_VERIFY);
        keeper_reply_free(&reply);
        ask.handle = handles[i];
        sealed[1000] ^= 4;
        ASK(c, &ask, &reply, HEAD2_E_VERIFY);
        keeper_reply_free(&reply);
        ask.data.len = 20;
        ASK(c, &ask, &reply, HEAD2_E_MALFORMED);
        keeper_reply_free(&reply);
    }
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- the life of a key, and its policy ---- */

static enum head2_status try_sign(struct keeper_client *c, const uint8_t id[16])
{
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    size_t len;

    return keeper_sign(c, sig, &len, id, text("m"), text(""), 0);
}

static void keys_are_rotated_revoked_and_destroyed(void)
{
    uint8_t id[16], next[16], found[16];
    struct keeper_reply reply;
    struct keeper_entry e;
    size_t n = 0;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    generate_key(c, id, HEAD2_MLDSA_44, "turns", (struct keeper_policy)EVERY_USE);
    struct keeper_message ask = of_key(KEEPER_ROTATE, id);
    ASK(c, &ask, &reply, HEAD2_OK);
    memcpy(next, reply.m.key, 16);
    keeper_reply_free(&reply);
    CHECK(memcmp(id, next, 16) != 0);
    find_key(c, found, "turns");
    CHECK_MEM(found, next, 16);
    CHECK_EQ(try_sign(c, id), HEAD2_E_STATE);
    CHECK_EQ(try_sign(c, next), HEAD2_OK);
    ASK(c, &ask, &reply, HEAD2_E_STATE); /* the old one again */
    keeper_reply_free(&reply);
    ask = of_key(KEEPER_REVOKE, next);
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    CHECK_EQ(try_sign(c, next), HEAD2_E_STATE);
    head2_key_free(public_key(c, next));
    ask = of_key(KEEPER_DESTROY, id);
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    ASK(c, &ask, &reply, HEAD2_E_STATE);
    CHECK(strstr(reply.why, "no such key") != NULL);
    keeper_reply_free(&reply);
    ask = (struct keeper_message){.type = KEEPER_LIST};
    ASK(c, &ask, &reply, HEAD2_OK);
    CHECK_EQ(reply.m.count, 2);
    while (keeper_entry_next(&e, &reply.m.data) == HEAD2_OK)
        n += memcmp(e.key, next, 16) == 0 && e.state == KEEPER_REVOKED && e.uses == 1;
    CHECK_EQ(n, 1);
    keeper_reply_free(&reply);
    ask = (struct keeper_message){.type = KEEPER_GENERATE,
                                  .alg = HEAD2_MLDSA_44,
                                  .label = text("head2/sealing"),
                                  .policy = EVERY_USE};
    ASK(c, &ask, &reply, HEAD2_E_POLICY);
    keeper_reply_free(&reply);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

static void policies_hold(void)
{
    const uint64_t now = (uint64_t)time(NULL) * 1000;
    uint8_t id[16];

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    generate_key(c, id, HEAD2_MLDSA_44, "verifies",
                 (struct keeper_policy){.purposes = KEEPER_MAY_VERIFY});
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    generate_key(
        c, id, HEAD2_MLDSA_44, "later",
        (struct keeper_policy){.purposes = KEEPER_MAY_SIGN, .not_before_ms = now + 3600000});
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    generate_key(c, id, HEAD2_MLDSA_44, "before",
                 (struct keeper_policy){.purposes = KEEPER_MAY_SIGN, .not_after_ms = now - 1000});
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    generate_key(c, id, HEAD2_MLDSA_44, "now",
                 (struct keeper_policy){.purposes = KEEPER_MAY_SIGN,
                                        .not_before_ms = now - 10000,
                                        .not_after_ms = now + 3600000});
    CHECK_EQ(try_sign(c, id), HEAD2_OK);
    generate_key(
        c, id, HEAD2_MLDSA_44, "seldom",
        (struct keeper_policy){.purposes = KEEPER_MAY_SIGN, .rate_count = 3, .rate_seconds = 60});
    for (int i = 0; i < 3; i++)
        CHECK_EQ(try_sign(c, id), HEAD2_OK);
    CHECK_EQ(try_sign(c, id), HEAD2_E_LIMIT);
    generate_key(
        c, id, HEAD2_MLDSA_44, "often",
        (struct keeper_policy){.purposes = KEEPER_MAY_SIGN, .rate_count = 20, .rate_seconds = 1});
    unsigned good = 0;
    for (int i = 0; i < 60; i++)
        good += try_sign(c, id) == HEAD2_OK;
    CHECK_SAY(good >= 20 && good < 40, "%u of 60", good);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    CHECK_EQ(try_sign(c, id), HEAD2_OK);
    generate_key(c, id, HEAD2_MLKEM_512, "kem", (struct keeper_policy)EVERY_USE);
    CHECK_EQ(try_sign(c, id), HEAD2_E_ARG);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- approval ---- */

static enum head2_status approve(struct keeper_client *c, const uint8_t id[16],
                                 const uint8_t *challenge, const struct head2_key *by,
                                 uint16_t uses, uint64_t until_ms)
{
    struct keeper_message ask = of_key(KEEPER_CHALLENGE, id);
    uint8_t sig[HEAD2_KEY_MAX_SIG], fresh[APPROVAL_CHALLENGE];
    struct keeper_reply reply;

    ASK(c, &ask, &reply, HEAD2_OK);
    CHECK_EQ(reply.m.data.len, APPROVAL_CHALLENGE);
    memcpy(fresh, reply.m.data.at, sizeof fresh);
    keeper_reply_free(&reply);
    ask = of_key(KEEPER_APPROVE, id);
    ask.count = uses;
    ask.until_ms = until_ms;
    CHECK_EQ(approval_sign(&ask, sig, challenge != NULL ? challenge : fresh, by), HEAD2_OK);
    const enum head2_status st = keeper_call(c, &ask, &reply);
    keeper_reply_free(&reply);
    return st;
}

static void only_what_is_approved_is_signed(void)
{
    const uint64_t now = (uint64_t)time(NULL) * 1000, later = now + 60000;
    static const uint8_t zeros[APPROVAL_CHALLENGE];
    struct head2_key *approver, *other;
    struct keeper_policy policy = EVERY_USE;
    uint8_t id[16], free_id[16], ct[HEAD2_KEY_MAX_CT];
    struct keeper_reply reply;
    size_t len;

    CHECK_EQ(head2_key_generate(&approver, HEAD2_MLDSA_87), HEAD2_OK);
    CHECK_EQ(head2_key_generate(&other, HEAD2_MLDSA_87), HEAD2_OK);
    head2_key_id(approver, policy.approver);
    start_keeper(true);
    struct keeper_client *c = connect_client(), *const d = connect_client();
    generate_key(c, free_id, HEAD2_MLDSA_44, "free", (struct keeper_policy)EVERY_USE);
    generate_key(c, id, HEAD2_MLDSA_44, "by two", policy);
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    /* not without a challenge, nor for another, another's key, too long, or no use at all */
    struct keeper_message ask = of_key(KEEPER_APPROVE, id);
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    ask.count = 1;
    ask.until_ms = later;
    CHECK_EQ(approval_sign(&ask, sig, zeros, approver), HEAD2_OK);
    ASK(c, &ask, &reply, HEAD2_E_STATE);
    keeper_reply_free(&reply);
    CHECK_EQ(approve(c, id, zeros, approver, 1, later), HEAD2_E_VERIFY);
    CHECK_EQ(approve(c, id, NULL, other, 1, later), HEAD2_E_POLICY);
    CHECK_EQ(approve(c, id, NULL, approver, 0, later), HEAD2_E_POLICY);
    CHECK_EQ(approve(c, id, NULL, approver, 1, now - 1000), HEAD2_E_POLICY);
    CHECK_EQ(approve(c, id, NULL, approver, 1, now + 2 * APPROVAL_MAX_MS), HEAD2_E_POLICY);
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    /* nor more uses, or longer, than were signed for */
    for (int i = 0; i < 2; i++) {
        ask = of_key(KEEPER_CHALLENGE, id);
        ASK(c, &ask, &reply, HEAD2_OK);
        ask = of_key(KEEPER_APPROVE, id);
        ask.count = 1;
        ask.until_ms = later;
        CHECK_EQ(approval_sign(&ask, sig, reply.m.data.at, approver), HEAD2_OK);
        keeper_reply_free(&reply);
        ask.count = i == 0 ? 2 : 1;
        ask.until_ms += i == 1;
        ASK(c, &ask, &reply, HEAD2_E_VERIFY);
        keeper_reply_free(&reply);
    }
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    /* two uses, whoever asks; then no more */
    CHECK_EQ(approve(d, id, NULL, approver, 2, later), HEAD2_OK);
    CHECK_EQ(try_sign(c, id), HEAD2_OK);
    CHECK_EQ(try_sign(d, id), HEAD2_OK);
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    /* the same approval is not good twice; nor is a challenge, for the same or another key */
    ask = of_key(KEEPER_CHALLENGE, id);
    ASK(c, &ask, &reply, HEAD2_OK);
    ask = of_key(KEEPER_APPROVE, id);
    ask.count = 1;
    ask.until_ms = later;
    CHECK_EQ(approval_sign(&ask, sig, reply.m.data.at, approver), HEAD2_OK);
    keeper_reply_free(&reply);
    ASK(d, &ask, &reply, HEAD2_E_STATE); /* drawn for another connection */
    keeper_reply_free(&reply);
    ASK(c, &ask, &reply, HEAD2_OK);
    keeper_reply_free(&reply);
    ASK(c, &ask, &reply, HEAD2_E_STATE);
    keeper_reply_free(&reply);
    ask = of_key(KEEPER_CHALLENGE, free_id);
    ASK(c, &ask, &reply, HEAD2_E_STATE);
    keeper_reply_free(&reply);
    /* it ends with its time */
    CHECK_EQ(approve(c, id, NULL, approver, 9, (uint64_t)time(NULL) * 1000 + 1100), HEAD2_OK);
    CHECK_EQ(try_sign(c, id), HEAD2_OK);
    nanosleep(&(struct timespec){1, 300000000}, NULL);
    CHECK_EQ(try_sign(c, id), HEAD2_E_POLICY);
    /* of a KEM key decapsulation needs it, and what is public does not */
    generate_key(c, id, HEAD2_MLKEM_512, "kem by two", policy);
    encaps(c, id, ct, &len);
    ask = of_key(KEEPER_DECAPSULATE, id);
    ask.data = (struct keeper_bytes){ct, len};
    ASK(c, &ask, &reply, HEAD2_E_POLICY);
    keeper_reply_free(&reply);
    CHECK_EQ(approve(c, id, NULL, approver, 1, later), HEAD2_OK);
    decaps(c, id, ct, len);
    ASK(c, &ask, &reply, HEAD2_E_POLICY);
    keeper_reply_free(&reply);
    /* the key that takes its place needs it too */
    ask = of_key(KEEPER_ROTATE, id);
    ASK(c, &ask, &reply, HEAD2_OK);
    ask = of_key(KEEPER_DECAPSULATE, reply.m.key);
    keeper_reply_free(&reply);
    ask.data = (struct keeper_bytes){ct, len};
    ASK(c, &ask, &reply, HEAD2_E_POLICY);
    keeper_reply_free(&reply);
    head2_key_free(approver);
    head2_key_free(other);
    keeper_client_close(c);
    keeper_client_close(d);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- many at once ---- */

struct client {
    pthread_t thread;
    unsigned number, wrong;
    const uint8_t *id;
    struct head2_key *key;
    pthread_barrier_t *barrier;
};

static void *ask_often(void *arg)
{
    struct client *const a = arg;
    struct keeper_client *c = NULL;
    uint8_t sig[HEAD2_KEY_MAX_SIG];
    char msg[32];
    size_t len;

    a->wrong += keeper_client_open(&c, socket_path) != HEAD2_OK;
    pthread_barrier_wait(a->barrier);
    for (unsigned i = 0; c != NULL && i < EACH; i++) {
        const char *const ctx = a->number % 8 == 0 ? "of its own" : "";
        snprintf(msg, sizeof msg, "%u %u", a->number, i);
        a->wrong += keeper_sign(c, sig, &len, a->id, text(msg), text(ctx), 0) != HEAD2_OK ||
                    head2_key_verify(a->key, (const uint8_t *)msg, strlen(msg), ctx, strlen(ctx),
                                     sig, len) != HEAD2_OK;
    }
    keeper_client_close(c);
    return NULL;
}

static void many_clients_have_each_its_own_answer(void)
{
    static struct client clients[CLIENTS];
    pthread_barrier_t barrier;
    uint8_t id[16];

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    struct head2_key *const key = public_key(c, id);
    pthread_barrier_init(&barrier, NULL, CLIENTS);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){0, i, 0, id, key, &barrier};
        CHECK_EQ(pthread_create(&clients[i].thread, NULL, ask_often, &clients[i]), 0);
    }
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(clients[i].thread, NULL);
    pthread_barrier_destroy(&barrier);
    for (unsigned i = 0; i < CLIENTS; i++)
        CHECK_SAY(clients[i].wrong == 0, "client %u: %u wrong", i, clients[i].wrong);
    const struct keeper_info info = keeper_status(c);
    CHECK_EQ(info.uses, CLIENTS * EACH);
    CHECK_SAY(info.batched >= CLIENTS, "%llu of %llu signatures in %llu batches",
              (unsigned long long)info.batched, (unsigned long long)info.uses,
              (unsigned long long)info.batches);
    head2_key_free(key);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* One client of several threads: one lock, one connection. */
static void *ask_for_bytes(void *arg)
{
    struct keeper_message ask = {.type = KEEPER_RANDOM};
    struct keeper_reply reply;
    uintptr_t wrong = 0;

    for (uint16_t i = 1; i < 200; i++) {
        ask.count = i;
        wrong += keeper_call(arg, &ask, &reply) != HEAD2_OK || reply.m.data.len != i;
        keeper_reply_free(&reply);
    }
    return (void *)wrong;
}

static void threads_share_a_client(void)
{
    pthread_t threads[8];
    void *wrong;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    for (size_t i = 0; i < HEAD2_LEN(threads); i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, ask_for_bytes, c), 0);
    for (size_t i = 0; i < HEAD2_LEN(threads); i++) {
        pthread_join(threads[i], &wrong);
        CHECK(wrong == NULL);
    }
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- bad company ---- */

static bool is_closed(int fd)
{
    const struct timeval limit = {5, 0};
    uint8_t byte;

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
}

/* Who answers is not believed to mean this question. */
static void an_answer_to_something_else_is_none(void)
{
    static const struct {
        uint32_t id; /* the first question of a client has 1 */
        enum keeper_type type;
        enum head2_status st;
    } answers[] = {
        {1, KEEPER_DESTROY, HEAD2_OK         },
        {2, KEEPER_DESTROY, HEAD2_E_MALFORMED},
        {1, KEEPER_REVOKE,  HEAD2_E_MALFORMED}
    };

    for (size_t i = 0; i < HEAD2_LEN(answers); i++) {
        const struct keeper_message m = {
            .type = answers[i].type, .answer = true, .id = answers[i].id};
        struct keeper_message ask = {.type = KEEPER_DESTROY};
        struct keeper_client *c;
        struct keeper_reply reply;
        uint8_t bytes[KEEPER_HEADER];
        size_t len;
        int ends[2];
        CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        CHECK_EQ(keeper_client_of(&c, ends[0]), HEAD2_OK);
        CHECK_EQ(keeper_encode(bytes, sizeof bytes, &len, &m), HEAD2_OK);
        CHECK_EQ(send(ends[1], bytes, len, 0), (ssize_t)len);
        ASK(c, &ask, &reply, answers[i].st);
        keeper_reply_free(&reply);
        keeper_client_close(c);
        close(ends[1]);
    }
}

static void nonsense_is_not_listened_to(void)
{
    uint8_t raw[KEEPER_HEADER + 8] = {'H', 'K', 1, KEEPER_DESTROY, 0, 0, 0, 9};
    uint8_t answer[512], noise[256];
    struct keeper_message m;
    uint32_t seed = 1;
    bool header;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    /* a header that is good, and a body that is not: refused, and the connection lives */
    int fd = unixsock_connect(socket_path);
    raw[15] = 8;
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(send(fd, raw, sizeof raw, 0), sizeof raw);
        const ssize_t n = recv(fd, answer, sizeof answer, 0);
        CHECK(n > 0);
        CHECK_EQ(keeper_decode(&m, answer, (size_t)n, &header), HEAD2_OK);
        CHECK(m.answer && m.id == 9 && m.status == HEAD2_E_MALFORMED);
    }
    /* an answer where a request belongs */
    raw[3] = KEEPER_RANDOM | KEEPER_ANSWER;
    CHECK_EQ(send(fd, raw, sizeof raw, 0), sizeof raw);
    CHECK(recv(fd, answer, sizeof answer, 0) > 0);
    close(fd);
    /* every byte of a header wrong, each on a connection of its own */
    for (size_t at = 0; at < 4; at++) {
        fd = unixsock_connect(socket_path);
        raw[3] = KEEPER_STATUS;
        raw[at] ^= 0x55;
        CHECK_EQ(send(fd, raw, sizeof raw, 0), sizeof raw);
        raw[at] ^= 0x55;
        CHECK(is_closed(fd));
        close(fd);
    }
    for (int i = 0; i < 200; i++) {
        fd = unixsock_connect(socket_path);
        for (size_t k = 0; k < sizeof noise; k++) {
            seed = seed * 1664525 + 1013904223;
            noise[k] = (uint8_t)(seed >> 24);
        }
        if (i % 2 != 0) /* a good header before it, of any type */
            memcpy(noise,
                   (uint8_t[]){'H', 'K', 1, (uint8_t)(1 + i / 2 % 17), 0, 0, 0, 1, 0, 0, 0, 0, 0, 0,
                               0, 240},
                   16);
        CHECK(send(fd, noise, sizeof noise, MSG_NOSIGNAL) > 0);
        close(fd);
    }
    CHECK_EQ(keeper_status(c).keys, 1);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* In the middle of a request, with an answer that nobody takes, and with many of them. */
static void clients_may_die(void)
{
    uint8_t id[16], buf[512];
    size_t len;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    struct keeper_message ask = of_key(KEEPER_SIGN, id);
    ask.data = text("m");
    CHECK_EQ(keeper_encode(buf, sizeof buf, &len, &ask), HEAD2_OK);
    for (size_t cut = 1; cut <= len; cut++) {
        const int fd = unixsock_connect(socket_path);
        CHECK_EQ(send(fd, buf, cut, 0), cut);
        close(fd);
    }
    /* who asks and asks, and takes nothing, is not worked for without end */
    const int fd = unixsock_connect(socket_path);
    size_t asked = 0;
    while (send(fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len && asked < 5000)
        asked++;
    a_signature_is_good(c, id, "another's", "", 0);
    const uint64_t uses = keeper_status(c).uses;
    CHECK_SAY(uses < 600, "%llu uses", (unsigned long long)uses);
    close(fd);
    a_signature_is_good(c, id, "another's", "", 0);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* ---- a keeper that is killed ---- */

static void a_killed_keeper_is_found_again(void)
{
    uint8_t id[16], ct[HEAD2_KEY_MAX_CT], out[32];
    size_t len;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    a_signature_is_good(c, id, "before", "", 0);
    uint8_t kem[16];
    generate_key(c, kem, HEAD2_MLKEM_512, "kem", (struct keeper_policy)EVERY_USE);
    const uint64_t handle = encaps(c, kem, ct, &len);
    CHECK(WIFSIGNALED(stop_keeper(SIGKILL)));
    start_keeper(true);
    derive(c, handle, out, NULL, "for", HEAD2_E_STATE); /* it went with the connection */
    a_signature_is_good(c, id, "after", "", 0);
    derive(c, handle, out, NULL, "for", HEAD2_E_STATE); /* and means nothing on another */
    CHECK_EQ(unixsock_listen(socket_path), -1);
    CHECK_EQ(errno, EADDRINUSE);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

/* A call that is made while nobody answers waits, and is answered once. */
struct meanwhile {
    struct keeper_client *c;
    const uint8_t *id;
    enum head2_status st;
};

static void *sign_meanwhile(void *arg)
{
    struct meanwhile *const m = arg;

    m->st = try_sign(m->c, m->id);
    return NULL;
}

static void a_call_waits_for_the_next_keeper(void)
{
    uint8_t id[16];
    pthread_t thread;

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    CHECK(WIFSIGNALED(stop_keeper(SIGKILL)));
    struct meanwhile m = {c, id, HEAD2_E_IO};
    CHECK_EQ(pthread_create(&thread, NULL, sign_meanwhile, &m), 0);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    start_keeper(true);
    pthread_join(thread, NULL);
    CHECK_EQ(m.st, HEAD2_OK);
    CHECK_EQ(keeper_status(c).uses, 1);
    /* what changes keys is not asked twice: it is said that nobody knows */
    kill(keeper_pid, SIGSTOP);
    struct keeper_message ask = {
        .type = KEEPER_GENERATE, .alg = HEAD2_MLDSA_44, .label = text("once"), .policy = EVERY_USE};
    const pid_t killer = fork();
    if (killer == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        kill(keeper_pid, SIGKILL);
        _exit(0);
    }
    struct keeper_reply reply;
    ASK(c, &ask, &reply, HEAD2_E_IO);
    keeper_reply_free(&reply);
    waitpid(killer, NULL, 0);
    stop_keeper(SIGKILL);
    keeper_client_close(c);
}

static void the_end_of_a_pair_is_the_keepers_end(void)
{
    int ends[2], status;
    struct keeper_client *c;
    uint8_t id[16];

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        _exit(keeper_main(-1, ends[1], true));
    }
    close(ends[1]);
    CHECK_EQ(keeper_client_of(&c, ends[0]), HEAD2_OK);
    find_key(c, id, "known");
    a_signature_is_good(c, id, "m", "", 0);
    keeper_client_close(c);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
}

static void idle_keys_are_shielded(void)
{
    uint8_t id[16];

    start_keeper(true);
    struct keeper_client *const c = connect_client();
    find_key(c, id, "known");
    CHECK_EQ(keeper_status(c).hot, 0);
    a_signature_is_good(c, id, "m", "", 0);
    CHECK_EQ(keeper_status(c).hot, 1);
    for (int i = 0; i < 50 && keeper_status(c).hot != 0; i++)
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    CHECK_EQ(keeper_status(c).hot, 0);
    a_signature_is_good(c, id, "m", "", 0);
    /* more keys in use than may be hot */
    for (int i = 0; i < RING_HOT + 4; i++) {
        char label[16];
        snprintf(label, sizeof label, "key %d", i);
        generate_key(c, id, HEAD2_MLDSA_44, label, (struct keeper_policy)EVERY_USE);
        CHECK_EQ(try_sign(c, id), HEAD2_OK);
    }
    CHECK_EQ(keeper_status(c).hot, RING_HOT);
    find_key(c, id, "known");
    a_signature_is_good(c, id, "m", "", 0);
    keeper_client_close(c);
    CHECK_EQ(stop_keeper(SIGTERM), 0);
}

int main(void)
{
    RUN(signatures);
    RUN(secrets_stay_inside);
    RUN(seals);
    RUN(keys_are_rotated_revoked_and_destroyed);
    RUN(policies_hold);
    RUN(only_what_is_approved_is_signed);
    RUN(many_clients_have_each_its_own_answer);
    RUN(threads_share_a_client);
    RUN(an_answer_to_something_else_is_none);
    RUN(nonsense_is_not_listened_to);
    RUN(clients_may_die);
    RUN(a_killed_keeper_is_found_again);
    RUN(a_call_waits_for_the_next_keeper);
    RUN(the_end_of_a_pair_is_the_keepers_end);
    RUN(idle_keys_are_shielded);
    if (keeper_pid > 0)
        kill(keeper_pid, SIGKILL);
    remove_folder();
    CHECK_EXIT();
}
