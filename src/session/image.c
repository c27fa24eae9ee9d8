/*
 * Restored memory images: a snapshot that runs twice, a live clone. Its copy holds the same keys
 * and the same record numbers, so both would seal different plaintexts under one nonce. A number
 * that the machine below changes tells them (head2/session.h, generation); where there is none,
 * nothing can, and nothing here has an effect.
 */
#include "session/responder.h"

void image_note(struct head2_session *s)
{
    s->image = 0;
    s->imaged =
        s->config.generation != NULL && s->config.generation(s->config.generation_arg, &s->image);
}

static void erase_handshakes(struct head2_session *s)
{
    initiator_abort_all(s);
    for (uint32_t i = 0; i < s->half_top; i++)
        if (s->half[i].state != HALF_FREE)
            half_drop(s, &s->half[i]);
    for (uint32_t i = 0; i < s->init_top; i++)
        if (s->inits[i].used)
            init_drop(s, &s->inits[i]);
    head2_wipe(&s->cookies, sizeof s->cookies);
}

static void erase_all(struct head2_session *s)
{
    for (uint32_t i = 0; i < s->tunnel_top; i++)
        if (s->tunnels[i].used)
            tunnel_erase(s, i, 0);
    erase_handshakes(s);
    job_forget_ready(s); /* those that are out find nobody who waits for them */
    s->reply_n = 0;
    s->copy.len = 0;
    head2_wipe(s->plain, sizeof s->plain);
}

bool image_changed(struct head2_session *s)
{
    uint64_t number = 0;

    if (s->config.generation == NULL)
        return false;
    const bool imaged = s->config.generation(s->config.generation_arg, &number);
    if (imaged == s->imaged && (!imaged || number == s->image))
        return false;
    s->imaged = imaged;
    s->image = number;
    count(s, HEAD2_COUNT_IMAGE);
    event_new(s, HEAD2_EVENT_IMAGE, HEAD2_SESSION_NO_PEER);
    erase_all(s);
    if (s->config.role != HEAD2_ROLE_DRONE)
        responder_tick(s); /* cookies again, under another key */
    return true;
}
