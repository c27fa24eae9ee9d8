/*
 * A service that gives random numbers as JSON, in the manner of the Australian National University:
 *
 *     {"success": true, "type": "uint8", "length": 3, "data": [7, 255, 0]}
 *
 * Whoever gives these bytes knows them, and so does whoever is on the way: they are mixed in and
 * credited nothing, whatever the provider says of their making. https alone, but for this machine;
 * the certificate is checked; nothing is cached, redirected or waited for. After a failure the next
 * request comes later each time, up to an hour.
 *
 * Needs libcurl: without it source_http_new returns HEAD2_E_UNSUPPORTED.
 */
#ifndef HEAD2_ENTROPY_SOURCE_HTTP_H
#define HEAD2_ENTROPY_SOURCE_HTTP_H

#include "entropy/feeder.h"

#define HTTP_URL_MAX  1023
#define HTTP_BODY_MAX 65536
#define HTTP_DATA_MAX 4096 /* numbers of one answer */
#define HTTP_KEY_MAX  256

struct source_http_config {
    const char *name, *url;
    const char *api_key_file; /* or NULL; sent as x-api-key */
    const char *ca_file;      /* or NULL for the system's authorities */
    /* milliseconds; 0 for the defaults: 300,000 between requests, 5,000 after the first failure */
    unsigned every_ms, retry_ms, timeout_ms;
};

/*
 * HEAD2_OK; HEAD2_E_ARG (the URL: see source_http_url); HEAD2_E_IO (the key file cannot be read,
 * errno says why); HEAD2_E_POLICY (others may read or write it); HEAD2_E_MALFORMED (it does not
 * hold one line of printable characters); HEAD2_E_UNSUPPORTED; HEAD2_E_MEMORY; or as
 * feeder_register.
 */
HEAD2_CHECK enum head2_status source_http_new(struct feeder_source **out,
                                              const struct source_http_config *config);

/* Whether a URL may be asked: https, or http on this machine (127.*, [::1], localhost), without a
 * user name. */
bool source_http_url(const char *url);

/* Whether this build has libcurl. */
bool source_http_built(void);

/*
 * Read an answer. *n: room in data on entry, numbers on return. HEAD2_OK, or HEAD2_E_MALFORMED for
 * anything but an answer as above, its keys in any order and no others; "length" may be a string of
 * digits.
 */
HEAD2_CHECK enum head2_status source_http_parse(uint8_t *data, size_t *n, const char *body,
                                                size_t len);

#endif
