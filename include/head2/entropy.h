/*
 * Where randomness comes from: sources, what each is credited, and what is asked of them.
 *
 * A source gives raw samples. Each sample goes through health tests (SP 800-90B, 4.4: repetition
 * count and adaptive proportion, with cutoffs from the entropy that the source claims), and counts
 * for the entropy that it is credited: at most what it claims, and 0 for a source that others know
 * or could know. A sample is spent once. Samples of all sources, each with its name and length
 * before it, go through SHA3-512; what comes out seeds the generators (SP 800-90A, CTR_DRBG with
 * AES-256, one for each thread).
 *
 * The library brings three sources: "rdseed" (the processor's, credited half of its bits), "jitter"
 * (time that memory takes, a third of a bit a sample) and "getrandom" (the kernel's generator,
 * always mixed in, credited nothing but under HEAD2_ENTROPY_COMPAT). A board's own generator joins
 * through head2_entropy_add.
 *
 * It fails closed: a source whose samples fail a test is put aside, what is unspent of it is void
 * and all generators forget their state; when the sources that are left do not satisfy the policy,
 * head2_random returns HEAD2_E_ENTROPY until they do again.
 *
 *     static enum head2_status read_adc(void *arg, uint8_t *samples, size_t *n);
 *     struct head2_entropy_source adc = {.name = "adc", .kind = HEAD2_ENTROPY_PHYSICAL,
 *                                        .h = 1.5, .credit = 0.75, .read = read_adc};
 *     if (head2_entropy_add(&adc, NULL) != HEAD2_OK) ...
 */
#ifndef HEAD2_ENTROPY_H
#define HEAD2_ENTROPY_H

#include <head2/status.h>

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAD2_ENTROPY_SOURCES 16 /* at most, the library's own three included */
#define HEAD2_ENTROPY_NAME    24 /* bytes of a name with its end */

/* The terms of SP 800-90C. */
enum head2_entropy_kind {
    HEAD2_ENTROPY_PHYSICAL,     /* dedicated hardware */
    HEAD2_ENTROPY_NON_PHYSICAL, /* of a system that was made for something else */
    HEAD2_ENTROPY_ADDITIONAL    /* mixed in and credited nothing */
};

/* How many sources must vouch for a generator before its first output. */
enum head2_entropy_policy {
    /* two independent ones with 240 bits each; one alone, and an event that says so, on a machine
     * that has no more. A source that is there and fails still counts as being there. */
    HEAD2_ENTROPY_AUTO,
    HEAD2_ENTROPY_TWO,    /* two, and nothing less */
    HEAD2_ENTROPY_SINGLE, /* one: 448 bits */
    /* one that answers at once: what takes longer (jitter) stands by for its failure */
    HEAD2_ENTROPY_FAST,
    HEAD2_ENTROPY_COMPAT /* as SINGLE, and the kernel's generator is credited half */
};

/* When a generator must be reseeded: after 2^17 bits of output (SP 800-90C), or after 2^48 requests
 * or 100 MB (SP 800-90A). In both after 60 s. */
enum head2_entropy_reseed { HEAD2_RESEED_STRICT, HEAD2_RESEED_90A };

/* What computes the output. XDRBG-256 (SHAKE256) is not in SP 800-90A: an alternative of another
 * design, at a tenth of the speed. */
enum head2_generator { HEAD2_GENERATOR_CTR_DRBG, HEAD2_GENERATOR_XDRBG };

enum head2_entropy_state {
    HEAD2_ENTROPY_UNTESTED,    /* not used so far, or only mixed in */
    HEAD2_ENTROPY_GOOD,        /* start-up tests passed */
    HEAD2_ENTROPY_QUARANTINED, /* a test failed; start-up tests come before it is used again */
    HEAD2_ENTROPY_FAILED,      /* failed for good: until the process ends */
    HEAD2_ENTROPY_ABSENT       /* this machine does not have it, or it has ended */
};

/* A source of the caller's. */
struct head2_entropy_source {
    const char *name; /* lower-case letters, digits and '-'; must stay valid */
    enum head2_entropy_kind kind;
    bool binary; /* samples are 0 or 1, not bytes */
    /* of a binary source: after the tests, pairs of equal samples are left out and of others the
     * first is kept, which takes away a bias. Each that is kept has the credit of one sample, so
     * that all together have half of what they had before at most. */
    bool von_neumann;
    double h;      /* claimed min-entropy of a sample, for the health tests; from 0.12 (bits: 0.06)
                      to its width. 0: no tests; for additional input alone */
    double credit; /* bits that a sample counts for; at most h, and 0 for additional input */
    /* Sources with one group are not independent: the best of them counts, not their sum. NULL: the
     * source stands alone. "rdseed" is of group "processor", "jitter" of "time", "getrandom" of
     * "kernel". */
    const char *group;
    /* Takes up to *n new samples without waiting for long (2 ms), and sets *n to their number. 0 of
     * them: none at present. Called by one thread at a time, whichever needs a seed. NULL for a
     * source that offers its samples (head2_entropy_offer).
     * Returns HEAD2_OK; HEAD2_E_HEALTH when a test of its own failed: as if one of the health tests
     * had; HEAD2_E_IO when it is gone: absent from then on. */
    enum head2_status (*read)(void *arg, uint8_t *samples, size_t *n);
    void *arg;
};

/**
 * head2_entropy_add - let a source take part. At best before the first random byte is asked for;
 * later, generators take it up at their next reseed.
 *
 * source  copied, but for the strings
 * id      receives its number; may be NULL
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (a value out of its range), HEAD2_E_STATE (the name is taken) or
 * HEAD2_E_SPACE.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_entropy_add(const struct head2_entropy_source *source,
                                                          unsigned *id);

/**
 * head2_entropy_offer - give n samples of a source that is not read. They are tested, and wait in a
 * ring of 2,048; the oldest untaken ones make room for new ones. Any thread.
 *
 * Returns HEAD2_OK, HEAD2_E_HEALTH when they failed a test, or HEAD2_E_ARG.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_entropy_offer(unsigned id, const uint8_t *samples,
                                                            size_t n);

/**
 * head2_entropy_report - what a source's owner has found out about it: HEAD2_E_HEALTH (a test of
 * its own failed: quarantine), HEAD2_E_IO (gone, until samples are offered again).
 *
 * why  a short phrase for events and status; copied, at most 63 bytes
 */
HEAD2_API void head2_entropy_report(unsigned id, enum head2_status what, const char *why);

struct head2_entropy_config {
    enum head2_entropy_policy policy;
    enum head2_entropy_reseed reseed;
    enum head2_generator generator;
    bool physical_only; /* credit physical sources alone (SP 800-90C, Method 1) */
    /* names of the sources that may be credited, NULL at the end; others are mixed in at 0. NULL:
     * all. Names that nobody has added yet are allowed. Copied. */
    const char *const *sources;
    /* a number that changes when this machine is restored or cloned from a snapshot, read before
     * and after each request; false when it cannot be had. NULL: 32 bytes of the kernel's generator
     * go into each request for keys instead. */
    bool (*generation)(void *arg, uint64_t *number);
    void *generation_arg;
};

/**
 * head2_entropy_configure - change what is asked of sources. All generators are seeded anew.
 *
 * config  NULL for the defaults: AUTO, STRICT, CTR_DRBG, all sources, no generation. Copied.
 *
 * Returns HEAD2_OK or HEAD2_E_ARG (a value out of its range, or more than HEAD2_ENTROPY_SOURCES
 * names).
 */
HEAD2_API HEAD2_CHECK enum head2_status
head2_entropy_configure(const struct head2_entropy_config *config);

enum head2_entropy_event_kind {
    HEAD2_ENTROPY_EVENT_SINGLE,      /* AUTO makes do with one source */
    HEAD2_ENTROPY_EVENT_QUARANTINED, /* why says which test */
    HEAD2_ENTROPY_EVENT_FAILED,      /* for good */
    HEAD2_ENTROPY_EVENT_ABSENT,      /* a source that was there is gone */
    HEAD2_ENTROPY_EVENT_RECOVERED,   /* start-up tests passed after quarantine or absence */
    HEAD2_ENTROPY_EVENT_CLOSED,      /* the policy cannot be met: no random bytes from here on */
    HEAD2_ENTROPY_EVENT_OPEN         /* it is met again */
};

struct head2_entropy_event {
    enum head2_entropy_event_kind kind;
    char source[HEAD2_ENTROPY_NAME]; /* empty for SINGLE, CLOSED and OPEN */
    char why[64];
    uint64_t voided; /* credited bits that are void now */
};

/* The callback may come on any thread that asks for randomness or offers samples, after the fact
 * and without a lock held; it may ask for randomness itself. NULL: none. */
typedef void head2_entropy_event_fn(void *arg, const struct head2_entropy_event *event);
HEAD2_API void head2_entropy_on_event(head2_entropy_event_fn *fn, void *arg);

/* What is known of one source. Samples and bits are since the process began. */
struct head2_entropy_source_info {
    char name[HEAD2_ENTROPY_NAME];
    char why[64]; /* for the last failure or for absence; empty when there is none */
    enum head2_entropy_kind kind;
    enum head2_entropy_state state;
    bool binary;
    bool credited;          /* may be, under the present configuration */
    double h, credit;       /* of a sample */
    uint64_t samples;       /* taken */
    uint64_t tested;        /* of them, in start-up tests: used for nothing else */
    double credited_bits;   /* of samples that passed */
    double spent_bits;      /* that went into seeds */
    double voided_bits;     /* lost by failures */
    double waiting_bits;    /* in the ring */
    uint64_t busy_ns;       /* time that taking samples took */
    uint32_t rct_cutoff[2]; /* intermittent and permanent, of the repetition count test */
    uint32_t apt_cutoff[2]; /* the same of the adaptive proportion test */
    uint32_t longest_run;   /* closest that samples came to them */
    uint32_t most_in_window;
    uint32_t startups; /* start-up tests begun */
    uint32_t failures; /* intermittent ones */
};

struct head2_entropy_info {
    enum head2_entropy_policy policy;
    enum head2_entropy_reseed reseed;
    enum head2_generator generator;
    bool physical_only;
    bool open;          /* false: the policy could not be met when last asked */
    bool single;        /* AUTO makes do with one source */
    bool generation;    /* clones are told by a number */
    uint64_t instances; /* generators alive: one a thread that has asked */
    uint64_t seeds;     /* instantiations and reseeds, of all threads */
    uint64_t forks;     /* generators that found themselves in a child or a clone */
    unsigned n;
    struct head2_entropy_source_info source[HEAD2_ENTROPY_SOURCES];
};

/* Fill *info with the present state. Takes no samples. */
HEAD2_API void head2_entropy_info(struct head2_entropy_info *info);

/* What the calling thread's generator was made from. */
struct head2_entropy_provenance {
    enum head2_generator generator;
    enum head2_entropy_reseed reseed;
    enum head2_entropy_policy policy;
    bool fresh; /* prediction resistance: the last request began with a reseed */
    /* of the instantiation, and of the last reseed after it (all 0 when there was none): bits that
     * each source was credited */
    unsigned n;
    char name[HEAD2_ENTROPY_SOURCES][HEAD2_ENTROPY_NAME];
    double seeded[HEAD2_ENTROPY_SOURCES];
    double reseeded[HEAD2_ENTROPY_SOURCES];
};

/**
 * head2_random_provenance - for the record of a key that this thread has just made.
 *
 * Returns HEAD2_OK, or HEAD2_E_STATE when the thread has no generator.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_random_provenance(struct head2_entropy_provenance *p);

/**
 * head2_entropy_read - take samples of one source past the generators, to measure it: they are
 * tested and counted as taken, and spent for nothing.
 *
 * n  room for samples on entry, samples on return; fewer when a source has no more at present
 *
 * Returns HEAD2_OK, HEAD2_E_ARG (no such source), HEAD2_E_STATE (absent, or failed for good), or
 * HEAD2_E_HEALTH (they failed a test; what was taken is in samples all the same).
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_entropy_read(const char *name, uint8_t *samples,
                                                           size_t *n);

/**
 * head2_entropy_selftest - known answers of the conditioner and the generators, and the start-up
 * tests of every source that is present and read, again.
 *
 * Returns HEAD2_OK; HEAD2_E_HEALTH when an answer is wrong, after which no random bytes leave;
 * HEAD2_E_ENTROPY when the policy cannot be met afterwards.
 */
HEAD2_API HEAD2_CHECK enum head2_status head2_entropy_selftest(void);

#ifdef __cplusplus
}
#endif

#endif
