/* Which algorithms were used, and what CNSA 2.0 says of them. See report.h. */
#include "artifact/plain.h"
#include "artifact/report_model.h"

#define SCHEDULE "Key schedule"

/* In the order of the report. A value that ends in '*' is the beginning of one. The first row that
 * fits counts. */
static const struct known {
    const char *place, *value, *what;
    bool exception;
} known[] = {
    {"Profile",                      "CH2-L5",                "ML-KEM-1024, ML-DSA-87, AES-256-GCM",                  false},
    {"Profile",                      "CH2-L5-P384",           "P-384 beside ML-KEM-1024: a hybrid",                   true },
    {"Profile",                      "CH2-L1X4",              "AES-128: four keys have the strength of one, level 1", true },
    {"Key Agreement",                "ML-KEM-1024*",          "approved",                                             false},
    {SCHEDULE,                       "HKDF, HMAC-SHA3-512",   "SHA-3 as a general hash: in every session",            true },
    {"Random Generator",             "CTR_DRBG (AES-256)*",   "AES-256",                                              false},
    {"Random Generator",             "XDRBG-256 (SHAKE256)*", "SHA-3 as a general hash",                              true },
    {"Algorithm",                    "ML-DSA-87",             "approved",                                             false},
    {"Algorithm",                    "ML-DSA-65",             "ML-DSA-87 is asked for",                               true },
    {"Algorithm",                    "ML-DSA-44",             "ML-DSA-87 is asked for",                               true },
    {"Algorithm",                    "ML-KEM-1024",           "approved",                                             false},
    {"Algorithm",                    "ML-KEM-768",            "ML-KEM-1024 is asked for",                             true },
    {"Algorithm",                    "ML-KEM-512",            "ML-KEM-1024 is asked for",                             true },
    {"Hash",                         "blake3:*",              "BLAKE3: not an approved hash",                         true },
    {"Hash",                         "sha3-512:*",            "SHA-3 as a general hash",                              true },
    {"Signature of a record",        "ML-DSA-87",             "approved",                                             false},
    {"Signature of a record",        "ML-DSA-65",             "ML-DSA-87 is asked for",                               true },
    {"Signature of a record",        "ML-DSA-44",             "ML-DSA-87 is asked for",                               true },
    {"Hash in a record's signature", "blake3:*",              "BLAKE3: not an approved hash",                         true },
    {"Hash in a record's signature", "sha3-512:*",            "SHA-3 as a general hash",                              true },
    {"Hash in a record",             "blake3:*",              "BLAKE3: not an approved hash",                         true },
    {"Hash in a record",             "sha256:*",              "SHA-384 or SHA-512 is asked for",                      true },
    {"Hash in a record",             "sha3-256:*",            "SHA-3 as a general hash",                              true },
    {"Hash in a record",             "sha3-512:*",            "SHA-3 as a general hash",                              true },
    {"Hash in a record",             "sha384:*",              "approved",                                             false},
    {"Hash in a record",             "sha512:*",              "approved",                                             false},
};

static bool fits(const char *pattern, const char *value, size_t len)
{
    const size_t n = strlen(pattern);

    if (pattern[n - 1] == '*')
        return len >= n - 1 && memcmp(pattern, value, n - 1) == 0;
    return len == n && memcmp(pattern, value, n) == 0;
}

_Static_assert(HEAD2_LEN(known) <= REPORT_KNOWN, "a count for each row");

static void count_known(struct report *r, const char *place, const char *value, size_t len,
                        uint64_t index, uint64_t ms, bool *found)
{
    *found = false;
    for (size_t i = 0; i < HEAD2_LEN(known) && !*found; i++) {
        if (strcmp(known[i].place, place) != 0 || !fits(known[i].value, value, len))
            continue;
        report_count(&r->known[i], index, ms);
        *found = true;
    }
}

/* A value that is not in the table is shown, cut to fit; of many different ones only that there
 * are more. */
static void count_unknown(struct report *r, const char *place, const char *value, size_t len,
                          uint64_t index, uint64_t ms)
{
    struct report_use u = {.place = place, .what = "not known to this version", .exception = true};
    size_t i = 0;

    plain_copy(u.value, sizeof u.value, value, len);
    while (i < r->n_unknown &&
           (strcmp(r->unknown[i].place, u.place) != 0 || strcmp(r->unknown[i].value, u.value) != 0))
        i++;
    if (i == REPORT_UNKNOWN) {
        report_count(&r->more_unknown, index, ms);
        return;
    }
    if (i == r->n_unknown)
        r->unknown[r->n_unknown++] = u;
    report_count(&r->unknown[i].span, index, ms);
}

void report_use(struct report *r, const char *place, const char *value, size_t len, uint64_t index,
                uint64_t ms)
{
    static const char schedule[] = "HKDF, HMAC-SHA3-512";
    bool found;

    count_known(r, place, value, len, index, ms, &found);
    if (!found)
        count_unknown(r, place, value, len, index, ms);
    else if (strcmp(place, "Profile") == 0) /* every suite has it */
        count_known(r, SCHEDULE, schedule, strlen(schedule), index, ms, &found);
}

size_t report_uses(const struct report *r, struct report_use list[REPORT_USES])
{
    size_t n = 0;

    for (size_t i = 0; i < HEAD2_LEN(known); i++) {
        if (r->known[i].count == 0)
            continue;
        struct report_use *u = &list[n++];
        *u = (struct report_use){.place = known[i].place,
                                 .what = known[i].what,
                                 .exception = known[i].exception,
                                 .span = r->known[i]};
        plain_copy(u->value, sizeof u->value, known[i].value, strcspn(known[i].value, ":*"));
    }
    for (size_t i = 0; i < r->n_unknown; i++)
        list[n++] = r->unknown[i];
    if (r->more_unknown.count != 0)
        list[n++] = (struct report_use){.place = "Anything",
                                        .value = "further values",
                                        .what = "not known to this version",
                                        .exception = true,
                                        .span = r->more_unknown};
    return n;
}
