/* see source_http.h */
#include "entropy/source_http.h"

#include "entropy/replay.h"

#include <jansson.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- URLs and answers ---- */

static bool this_machine(const char *host)
{
    struct in_addr v4;

    if (strcmp(host, "[::1]") == 0 || strcasecmp(host, "localhost") == 0)
        return true;
    return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

bool source_http_url(const char *url)
{
    const bool secure = strncasecmp(url, "https://", 8) == 0;
    const char *host = url + (secure ? 8 : 7);
    char text[256];

    if (strlen(url) > HTTP_URL_MAX || (!secure && strncasecmp(url, "http://", 7) != 0))
        return false;
    for (const char *p = url; *p != 0; p++)
        if (*p <= ' ' || *p > '~' || *p == '\\')
            return false;
    const size_t len = strcspn(host, "/?#");
    if (len == 0 || len >= sizeof text || memchr(host, '@', len) != NULL)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)len, host);
    char *port = strrchr(text, ':'), *bracket = strrchr(text, ']');
    if (port != NULL && (bracket == NULL || port > bracket)) {
        const size_t digits = strspn(port + 1, "0123456789");
        if (digits == 0 || digits > 5 || port[1 + digits] != 0)
            return false;
        *port = 0;
    }
    return text[0] != 0 && (secure || this_machine(text));
}

static bool length_is(const json_t *length, size_t n)
{
    char text[24];

    if (json_is_integer(length))
        return json_integer_value(length) == (json_int_t)n;
    snprintf(text, sizeof text, "%zu", n);
    return json_is_string(length) && strcmp(json_string_value(length), text) == 0;
}

static bool take_data(uint8_t *data, size_t room, const json_t *list)
{
    if (json_array_size(list) == 0 || json_array_size(list) > room)
        return false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *number = json_array_get(list, i);
        const json_int_t value = json_integer_value(number);
        if (!json_is_integer(number) || value < 0 || value > 255)
            return false;
        data[i] = (uint8_t)value;
    }
    return true;
}

enum head2_status source_http_parse(uint8_t *data, size_t *n, const char *body, size_t len)
{
    json_t *o = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(o, "data");
    const char *type = json_string_value(json_object_get(o, "type"));
    const bool good = json_object_size(o) == 4 && json_is_true(json_object_get(o, "success")) &&
                      type != NULL && strcmp(type, "uint8") == 0 &&
                      length_is(json_object_get(o, "length"), json_array_size(list)) &&
                      take_data(data, *n, list);

    *n = good ? json_array_size(list) : 0;
    json_decref(o);
    return good ? HEAD2_OK : HEAD2_E_MALFORMED;
}

#ifndef HEAD2_CURL

bool source_http_built(void)
{
    return false;
}

enum head2_status source_http_new(struct feeder_source **out,
                                  const struct source_http_config *config)
{
    (void)config;
    *out = NULL;
    return HEAD2_E_UNSUPPORTED;
}

#else

#include <curl/curl.h>

bool source_http_built(void)
{
    return true;
}

enum {
    EVERY_MS = 300000,
    RETRY_FIRST_MS = 5000,
    RETRY_MAX_MS = 3600000,
    TIMEOUT_MS = 15000, /* of a request from name to last byte */
    WHY = 48,
};

struct http_source {
    struct feeder_source base;
    char url[HTTP_URL_MAX + 1];
    char ca_file[PATH_MAX];
    unsigned every_ms, first_ms, retry_ms, timeout_ms;
    struct curl_slist *headers;
    CURLM *multi;
    CURL *request; /* NULL: none at present */
    uint64_t next; /* when the next one is due */
    char *body;
    size_t body_len;
    bool too_long, failing;
    struct replay *replay;
};

/* ---- what libcurl waits for ---- */

static int on_socket(CURL *request, curl_socket_t fd, int what, void *arg, void *ignored)
{
    struct http_source *h = arg;
    struct feeder_source *s = &h->base;
    unsigned i = 0;

    (void)request;
    (void)ignored;
    while (i < s->n_wait && s->wait[i].fd != fd)
        i++;
    if (what == CURL_POLL_REMOVE) {
        if (i < s->n_wait)
            s->wait[i] = s->wait[--s->n_wait];
        return 0;
    }
    if (i == FEEDER_FDS)
        return 0; /* its timeouts go on; more than a few sockets are not in use at once */
    const int events =
        ((what & CURL_POLL_IN) != 0 ? POLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? POLLOUT : 0);
    s->wait[i] = (struct pollfd){fd, (short)events, 0};
    if (i == s->n_wait)
        s->n_wait++;
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    struct http_source *h = arg;

    (void)multi;
    h->base.at = ms < 0 ? FEEDER_NEVER : feeder_now() + (uint64_t)ms;
    return 0;
}

static size_t on_body(char *piece, size_t one, size_t len, void *arg)
{
    struct http_source *h = arg;

    (void)one; /* always 1 */
    if (len > HTTP_BODY_MAX - h->body_len) {
        h->too_long = true;
        return 0;
    }
    memcpy(h->body + h->body_len, piece, len);
    h->body_len += len;
    return len;
}

/* ---- requests ---- */

static bool set_up(struct http_source *h)
{
    CURL *c = h->request;
    const bool secure = strncasecmp(h->url, "https", 5) == 0;
    bool ok = curl_easy_setopt(c, CURLOPT_URL, h->url) == CURLE_OK;

    ok = ok && curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, secure ? "https" : "http") == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)h->timeout_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_MAXFILESIZE, (long)HTTP_BODY_MAX) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(c, CURLOPT_WRITEDATA, h) == CURLE_OK;
    if (!secure) /* to this machine, and by no other */
        ok = ok && curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK;
    if (h->ca_file[0] != 0)
        ok = ok && curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_CAPATH, NULL) == CURLE_OK;
    return ok;
}

static void end_request(struct http_source *h)
{
    if (h->request != NULL) {
        (void)curl_multi_remove_handle(h->multi, h->request);
        curl_easy_cleanup(h->request);
    }
    h->request = NULL;
    h->base.n_wait = 0;
    head2_wipe(h->body, h->body_len);
    h->body_len = 0;
    h->too_long = false;
}

/* So that many that failed together do not come back together. Not worth a random byte. */
static unsigned spread(unsigned ms)
{
    const uint64_t now = feeder_now() * UINT64_C(0x9e3779b97f4a7c15);

    return ms / 2 + (unsigned)((now >> 32) * (ms / 2 + 1) >> 32);
}

static void failed(struct http_source *h, uint64_t now, const char *why)
{
    end_request(h);
    if (!h->failing)
        head2_entropy_report(h->base.id, HEAD2_E_IO, why);
    h->failing = true;
    h->next = now + spread(h->retry_ms);
    h->retry_ms = 2 * h->retry_ms < RETRY_MAX_MS ? 2 * h->retry_ms : RETRY_MAX_MS;
    h->base.at = h->next;
}

static void begin_request(struct http_source *h, uint64_t now)
{
    h->request = curl_easy_init();
    if (h->request == NULL || !set_up(h) || curl_multi_add_handle(h->multi, h->request) != CURLM_OK)
        failed(h, now, "libcurl refuses the request");
}

static void take_answer(struct http_source *h, uint64_t now)
{
    uint8_t data[HTTP_DATA_MAX];
    size_t n = sizeof data;

    if (source_http_parse(data, &n, h->body, h->body_len) != HEAD2_OK) {
        failed(h, now, "the answer is not as it should be");
    } else if (replay_seen(h->replay, data, n)) {
        head2_entropy_report(h->base.id, HEAD2_E_HEALTH, "a block came again");
        failed(h, now, "a block came again");
    } else if (head2_entropy_offer(h->base.id, data, n) != HEAD2_OK) {
        failed(h, now, "the samples failed a test");
    } else {
        end_request(h);
        h->failing = false;
        h->retry_ms = h->first_ms;
        h->next = h->base.at = now + h->every_ms;
    }
    head2_wipe(data, sizeof data);
}

static void on_done(struct http_source *h, uint64_t now, CURLcode result)
{
    char why[WHY];
    long code = 0;

    if (h->too_long || result == CURLE_FILESIZE_EXCEEDED) {
        failed(h, now, "the answer is too long");
    } else if (result != CURLE_OK) {
        snprintf(why, sizeof why, "%s", curl_easy_strerror(result));
        failed(h, now, why);
    } else if (curl_easy_getinfo(h->request, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK ||
               code != 200) {
        snprintf(why, sizeof why, "HTTP %ld%s", code,
                 code >= 300 && code < 400 ? ", a redirect, not followed" : "");
        failed(h, now, why);
    } else {
        take_answer(h, now);
    }
}

/* Give libcurl what happened; the list of sockets changes meanwhile. */
static void let_curl_work(struct http_source *h, uint64_t now)
{
    struct pollfd wait[FEEDER_FDS];
    const unsigned n = h->base.n_wait;
    int running = 0, left;
    CURLMsg *m;

    memcpy(wait, h->base.wait, sizeof wait);
    for (unsigned i = 0; i < n; i++) {
        const int events = ((wait[i].revents & (POLLIN | POLLHUP)) != 0 ? CURL_CSELECT_IN : 0) |
                           ((wait[i].revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                           ((wait[i].revents & (POLLERR | POLLNVAL)) != 0 ? CURL_CSELECT_ERR : 0);
        if (events != 0)
            (void)curl_multi_socket_action(h->multi, wait[i].fd, events, &running);
    }
    if (h->base.at <= now) {
        h->base.at = FEEDER_NEVER;
        (void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
        if (m->msg != CURLMSG_DONE)
            continue;
        on_done(h, now, m->data.result);
        return; /* one request at a time, and m is gone with it */
    }
}

static void run(struct feeder_source *s, uint64_t now, const struct feeder_level *level)
{
    struct http_source *h = (struct http_source *)s;

    if (level->state == HEAD2_ENTROPY_FAILED) {
        end_request(h);
        h->base.at = FEEDER_NEVER;
    } else if (h->request == NULL && now >= h->next) {
        begin_request(h, now);
    } else if (h->request != NULL) {
        let_curl_work(h, now);
    } else {
        h->base.at = h->next;
    }
}

/* ---- making one ---- */

/* The file of the key as text: HTTP_KEY_MAX bytes and an end of line at most. */
static enum head2_status read_private(const char *path, char *text, size_t room, size_t *len)
{
    struct stat s;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    enum head2_status st = HEAD2_E_IO;

    if (fd < 0)
        return HEAD2_E_IO;
    const ssize_t n = fstat(fd, &s) == 0 ? read(fd, text, room) : -1;
    const int error = errno;
    if (n >= 0)
        st = S_ISREG(s.st_mode) && (s.st_mode & 077) != 0 ? HEAD2_E_POLICY : HEAD2_OK;
    *len = n >= 0 ? (size_t)n : 0;
    close(fd);
    errno = error;
    return st;
}

static bool is_key(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    return len > 0 && len <= HTTP_KEY_MAX;
}

static bool add_header(struct http_source *h, const char *line)
{
    struct curl_slist *more = curl_slist_append(h->headers, line);

    if (more != NULL)
        h->headers = more;
    return more != NULL;
}

static enum head2_status add_key(struct http_source *h, const char *path)
{
    char text[HTTP_KEY_MAX + 3], line[HTTP_KEY_MAX + 32];
    size_t len;
    enum head2_status st;

    HEAD2_TRY(read_private(path, text, sizeof text, &len));
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    if (!is_key(text, len))
        HEAD2_TRY(HEAD2_E_MALFORMED);
    snprintf(line, sizeof line, "x-api-key: %.*s", (int)len, text);
    st = add_header(h, line) ? HEAD2_OK : HEAD2_E_MEMORY;
done:
    head2_wipe(text, sizeof text);
    head2_wipe(line, sizeof line);
    return st;
}

static void free_source(struct feeder_source *s)
{
    struct http_source *h = (struct http_source *)s;

    if (h->body != NULL)
        end_request(h);
    if (h->multi != NULL)
        (void)curl_multi_cleanup(h->multi);
    for (struct curl_slist *i = h->headers; i != NULL; i = i->next)
        head2_wipe(i->data, strlen(i->data)); /* one of them is the key */
    curl_slist_free_all(h->headers);
    replay_free(h->replay);
    free(h->body);
    free(h);
}

static const struct feeder_ops ops = {run, free_source};

static enum head2_status prepare(struct http_source *h, const struct source_http_config *config)
{
    const struct head2_entropy_source source = {.name = config->name,
                                                .kind = HEAD2_ENTROPY_ADDITIONAL};

    snprintf(h->url, sizeof h->url, "%s", config->url);
    snprintf(h->ca_file, sizeof h->ca_file, "%s", config->ca_file != NULL ? config->ca_file : "");
    h->every_ms = config->every_ms != 0 ? config->every_ms : EVERY_MS;
    h->first_ms = h->retry_ms = config->retry_ms != 0 ? config->retry_ms : RETRY_FIRST_MS;
    h->timeout_ms = config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_MS;
    h->body = malloc(HTTP_BODY_MAX);
    h->replay = replay_new(0);
    h->multi = curl_multi_init();
    if (h->body == NULL || h->replay == NULL || h->multi == NULL ||
        !add_header(h, "Accept: application/json") || !add_header(h, "Cache-Control: no-store"))
        return HEAD2_E_MEMORY;
    if (curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer) != CURLM_OK ||
        curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK)
        return HEAD2_E_UNSUPPORTED;
    if (config->api_key_file != NULL) {
        const enum head2_status st = add_key(h, config->api_key_file);
        if (st != HEAD2_OK)
            return st;
    }
    return feeder_register(&h->base, &source);
}

enum head2_status source_http_new(struct feeder_source **out,
                                  const struct source_http_config *config)
{
    *out = NULL;
    if (!source_http_url(config->url))
        return HEAD2_E_ARG;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return HEAD2_E_UNSUPPORTED;
    struct http_source *h = calloc(1, sizeof *h);
    if (h == NULL)
        return HEAD2_E_MEMORY;
    h->base.ops = &ops;
    const enum head2_status st = prepare(h, config);
    const int error = errno;
    if (st == HEAD2_OK)
        *out = &h->base;
    else
        free_source(&h->base);
    errno = error;
    return st;
}

#endif
