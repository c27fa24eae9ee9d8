/*
 * Counting; see tally.h.
 */
#include "relay/tally.h"

#include <inttypes.h>

struct tally_tag *tally_tag(struct tally *t, const uint8_t *bytes, size_t len)
{
    uint64_t tag = 0;

    if (len < 6)
        return &t->other;
    for (unsigned i = 0; i < 6; i++)
        tag = tag << 8 | bytes[i];
    for (size_t i = 0; i < 64; i++) { /* tags are as good as random: full long before this fails */
        struct tally_tag *place = &t->tags[(tag + i) % TALLY_TAGS];
        if (place->tag == 0)
            place->tag = tag;
        if (place->tag == tag)
            return place;
    }
    return &t->other;
}

void tally_print(FILE *f, const char *name, const struct tally *t)
{
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"in",             t->in            },
        {"in_bytes",       t->in_bytes      },
        {"lost",           t->lost          },
        {"lost_in_bursts", t->lost_in_bursts},
        {"overflow",       t->overflow      },
        {"duplicated",     t->duplicated    },
        {"held",           t->held          },
        {"reordered",      t->reordered     },
        {"out",            t->out           },
        {"out_bytes",      t->out_bytes     },
        {"unsent",         t->unsent        },
        {"kernel",         t->kernel        },
        {"late_us_max",    t->late_max      },
        {"late_us",        t->late_us       },
    };

    fprintf(f, "\"%s\":{", name);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        fprintf(f, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", fields[i].name, fields[i].value);
    fprintf(f, "}");
}

void tally_print_tags(FILE *f, const char *name, const struct tally *t, int *first)
{
    for (size_t i = 0; i < TALLY_TAGS; i++) {
        const struct tally_tag *p = &t->tags[i];
        if (p->tag == 0)
            continue;
        fprintf(f,
                "%s{\"tag\":\"%012" PRIx64 "\",\"direction\":\"%s\",\"in\":%" PRIu64
                ",\"lost\":%" PRIu64 ",\"out\":%" PRIu64 "}",
                *first ? "" : ",", p->tag, name, p->in, p->lost, p->out);
        *first = 0;
    }
}
