/*
 * The checkpoint's parser: what it accepts is written again as the same text. Lines of witnesses
 * are read, and no key is found in them that did not cosign; evidence of two histories is none.
 */
#include "artifact/checkpoint.h"

#include "artifact/cosignature.h"
#include "artifact/evidence.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct head2_key *some_key(void)
{
    static struct head2_key *key;
    static const uint8_t seed[32] = {0x77};

    if (key == NULL && head2_key_from_seed(&key, HEAD2_MLDSA_44, seed, sizeof seed) != HEAD2_OK)
        abort();
    return key;
}

static void lines(const char *note, size_t len)
{
    struct cosignature c;
    size_t at = 0, before = 0;

    while (cosignature_next(&c, note, len, &at)) {
        if (at <= before || at > len || !cosignature_name_ok(c.name))
            abort();
        before = at;
    }
    if (cosignature_check(&c, note, len, some_key()) == HEAD2_OK)
        abort();
}

static void judge(const char *text, size_t len)
{
    struct evidence e;
    const char *why;
    json_t *o = evidence_load(text, len);

    if (o != NULL && evidence_judge(&e, o, some_key(), &why) == HEAD2_OK)
        abort();
    json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char back[CHECKPOINT_NOTE_MAX + 1];
    struct checkpoint c, again;
    size_t n = sizeof back;
    const char *why;

    if (len != 0 && data[0] == '{')
        judge((const char *)data, len);
    else
        lines((const char *)data, len);
    if (checkpoint_parse(&c, (const char *)data, len, &why) != HEAD2_OK) {
        if (why == NULL)
            abort();
        return 0;
    }
    if (checkpoint_write(&c, back, &n) != HEAD2_OK || n > len ||
        checkpoint_parse(&again, back, n, &why) != HEAD2_OK || memcmp(&c, &again, sizeof c) != 0)
        abort();
    const char *const text_end = strstr(back, "\n\n"); /* lines of witnesses come after it */
    if (memcmp(back, data, (size_t)(text_end - back)) != 0)
        abort();
    return 0;
}
