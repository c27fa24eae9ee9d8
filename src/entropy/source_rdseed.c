/*
 * The processor's noise source. What RDSEED gives is conditioned already, so that no test of its
 * samples says much: half of its bits are credited, and what processors are known to have got wrong
 * is looked for. The 64-bit form alone: shorter ones give zeros too often on Zen 5.
 */
#include "entropy/source.h"

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

enum {
    EBX7_RDSEED = 1 << 18,
    RETRIES = 4096, /* most tries find it empty; with the pause some 200 us */
    WORD = 8,
};

static enum head2_status open_rdseed(void)
{
    static int present; /* CPUID takes microseconds under a hypervisor: 1 yes, -1 no */
    uint32_t a, b, c, d;

    if (present == 0)
        present = __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & EBX7_RDSEED) != 0 ? 1 : -1;
    entropy_rdseed.why = "the processor has no RDSEED";
    return present > 0 ? HEAD2_OK : HEAD2_E_IO;
}

__attribute__((target("rdseed"))) static enum head2_status draw(uint64_t *word)
{
    for (unsigned i = 0; i < RETRIES; i++) {
        unsigned long long drawn;
        const int ok = _rdseed64_step(&drawn);
        HEAD2_SECRET(&drawn, sizeof drawn);
        /* all zeros and all ones are failures that some processors report as success */
        bool bad = drawn + 1 < 2;
        HEAD2_PUBLIC(&bad, sizeof bad, "rdseed: that a word was empty, all ones or a repetition");
        *word = drawn;
        if (ok && !bad)
            return HEAD2_OK;
        _mm_pause();
    }
    entropy_rdseed.why = "RDSEED stays empty, or gives zeros or ones";
    return HEAD2_E_HEALTH;
}

/* The first word is there to be compared with alone: so none that goes into a seed is kept. */
static enum head2_status read_rdseed(void *arg, uint8_t *samples, size_t *n)
{
    enum head2_status st = HEAD2_OK;
    uint64_t last, word;

    (void)arg;
    HEAD2_TRY(draw(&last));
    for (size_t done = 0; done < *n; done += WORD) {
        HEAD2_TRY(draw(&word));
        bool repeated = word == last;
        HEAD2_PUBLIC(&repeated, sizeof repeated,
                     "rdseed: that a word was empty, all ones or a repetition");
        if (repeated) {
            entropy_rdseed.why = "RDSEED repeats itself";
            HEAD2_TRY(HEAD2_E_HEALTH);
        }
        last = word;
        memcpy(samples + done, &word, *n - done < WORD ? *n - done : WORD);
    }
done:
    if (st != HEAD2_OK)
        head2_wipe(samples, *n);
    head2_wipe(&last, sizeof last);
    head2_wipe(&word, sizeof word);
    return st;
}
#else
static enum head2_status open_rdseed(void)
{
    entropy_rdseed.why = "only x86-64 has RDSEED";
    return HEAD2_E_IO;
}

static enum head2_status read_rdseed(void *arg, uint8_t *samples, size_t *n)
{
    (void)arg;
    (void)samples;
    *n = 0;
    return HEAD2_E_IO;
}
#endif

struct entropy_builtin entropy_rdseed = {
    .source = {.name = "rdseed",
               .kind = HEAD2_ENTROPY_PHYSICAL,
               .h = 4,
               .credit = 4,
               .group = "processor",
               .read = read_rdseed},
    .at_once = true,
    .open = open_rdseed,
};
