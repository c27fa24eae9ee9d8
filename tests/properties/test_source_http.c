/*
 * A service as a source of entropy: answers that are right and all that can be wrong with one, and
 * a small server that is slow, fails, sends elsewhere, lies or says nothing. TLS is tested with
 * real processes: tests/e2e/entropy.mjs.
 */
#include "properties/entropy_place.h"

#include "entropy/source_http.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>

/* ---- answers ---- */

static enum head2_status parse(const char *body, size_t *n)
{
    static uint8_t data[HTTP_DATA_MAX];

    *n = sizeof data;
    return source_http_parse(data, n, body, strlen(body));
}

static void a_right_answer_is_read(void)
{
    uint8_t data[4];
    size_t n = sizeof data;
    const char body[] =
        "{\"type\":\"uint8\", \"length\": 3, \"data\":[0, 7, 255], \"success\":true}";

    CHECK(source_http_parse(data, &n, body, strlen(body)) == HEAD2_OK);
    CHECK_EQ(n, 3);
    CHECK(data[0] == 0 && data[1] == 7 && data[2] == 255);
    CHECK(parse("{\"success\":true,\"type\":\"uint8\",\"length\":\"1\",\"data\":[9]}", &n) ==
          HEAD2_OK);
    CHECK_EQ(n, 1);
}

static void a_wrong_answer_is_malformed(void)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "{}",
        "null",
        "{\"success\":true,\"type\":\"uint8\",\"length\":3,\"data\":[1,2,", /* cut off */
        "{\"success\":false,\"type\":\"uint8\",\"length\":1,\"data\":[1]}",
        "{\"success\":\"true\",\"type\":\"uint8\",\"length\":1,\"data\":[1]}",
        "{\"type\":\"uint8\",\"length\":1,\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint16\",\"length\":1,\"data\":[1]}",
        "{\"success\":true,\"type\":\"hex8\",\"length\":1,\"data\":[\"ff\"]}",
        "{\"success\":true,\"type\":8,\"length\":1,\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":2,\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[1,2]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1.0,\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":\"01\",\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":0,\"data\":[]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":1}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[256]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[-1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[1.5]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[\"1\"]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[null]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[1],\"more\":1}",
        "{\"success\":true,\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[1]}",
        "{\"success\":true,\"type\":\"uint8\",\"length\":1,\"data\":[1]} x",
    };
    size_t n;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_SAY(parse(wrong[i], &n) == HEAD2_E_MALFORMED, "taken: %s", wrong[i]);
        CHECK_EQ(n, 0);
    }
    uint8_t two[2];
    n = sizeof two; /* no room */
    const char three[] = "{\"success\":true,\"type\":\"uint8\",\"length\":3,\"data\":[1,2,3]}";
    CHECK(source_http_parse(two, &n, three, strlen(three)) == HEAD2_E_MALFORMED);
}

static void urls_without_tls_stay_on_this_machine(void)
{
    static const char *const good[] = {"https://qrng.example/api?length=1024&type=uint8",
                                       "https://qrng.example:8443",
                                       "HTTPS://Q",
                                       "http://127.0.0.1:80/x",
                                       "http://127.9.9.9",
                                       "http://[::1]:8080/x",
                                       "http://localhost/"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "http://qrng.example/",
                                      "http://127.0.0.1.example/",
                                      "ftp://x",
                                      "x",
                                      "http://127.0.0.1@e.x/",
                                      "https://user:pw@e.x/",
                                      "http://",
                                      "file:///",
                                      "http://[::2]/",
                                      "http://localhost.e.x/",
                                      "http:///x",
                                      "https://a b/",
                                      "https://e.x\\@127.0.0.1/",
                                      "https://e.x:/",
                                      "https://e.x:1a/",
                                      "http://2130706433/",
                                      "http://10.0.0.1/"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK_SAY(source_http_url(good[i]), "refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_SAY(!source_http_url(bad[i]), "taken: %s", bad[i]);
}

/* ---- a server ---- */

static struct {
    int fd;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    char answer[1 << 18]; /* "" says nothing at all */
    size_t len;
    char asked[2048];
    unsigned requests;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void answer_one(int fd)
{
    char request[2048];
    static char answer[sizeof server.answer];
    size_t n = 0;

    while (n < sizeof request - 1) {
        const ssize_t more = read(fd, request + n, sizeof request - 1 - n);
        if (more <= 0)
            return;
        n += (size_t)more;
        request[n] = 0;
        if (strstr(request, "\r\n\r\n") != NULL)
            break;
    }
    pthread_mutex_lock(&server.lock);
    memcpy(server.asked, request, n + 1);
    server.requests++;
    const size_t len = server.len;
    memcpy(answer, server.answer, len);
    pthread_mutex_unlock(&server.lock);
    if (len == 0)
        pause_ms(1500); /* longer than the client waits */
    for (size_t done = 0; done < len;) {
        const ssize_t more = send(fd, answer + done, len - done, MSG_NOSIGNAL);
        if (more <= 0)
            return;
        done += (size_t)more;
    }
}

static void *serve(void *arg)
{
    (void)arg;
    for (;;) {
        const int fd = accept(server.fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        answer_one(fd);
        close(fd);
    }
}

static void start_server(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;

    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(server.fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(server.fd, 4) == 0);
    CHECK(getsockname(server.fd, (struct sockaddr *)&a, &len) == 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u/q?length=8", ntohs(a.sin_port));
    CHECK(pthread_create(&server.thread, NULL, serve, NULL) == 0);
}

static void set_answer(const char *head, const char *body)
{
    pthread_mutex_lock(&server.lock);
    server.len = 0;
    if (head != NULL)
        server.len =
            (size_t)snprintf(server.answer, sizeof server.answer,
                             "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                             head, strlen(body), body);
    pthread_mutex_unlock(&server.lock);
}

static void set_numbers(unsigned n)
{
    char body[32768];
    uint8_t bytes[4096];
    int len = snprintf(body, sizeof body,
                       "{\"success\":true,\"type\":\"uint8\",\"length\":%u,\"data\":[", n);

    random_bytes(bytes, n);
    for (unsigned i = 0; i < n; i++)
        len += snprintf(body + len, sizeof body - (size_t)len, "%s%u", i != 0 ? "," : "", bytes[i]);
    snprintf(body + len, sizeof body - (size_t)len, "]}");
    set_answer("200 OK", body);
}

static unsigned requests(void)
{
    pthread_mutex_lock(&server.lock);
    const unsigned n = server.requests;
    pthread_mutex_unlock(&server.lock);
    return n;
}

/* ---- the source ---- */

static struct feeder *feeder;

static void need_curl(void)
{
    if (!source_http_built())
        SKIP("built without libcurl");
}

/* One name: the values of a source cannot change, where it asks can. */
static void begin(const char *key_file)
{
    struct feeder_source *s;
    const struct source_http_config c = {.name = "service",
                                         .url = server.url,
                                         .api_key_file = key_file,
                                         .every_ms = 100000,
                                         .retry_ms = 400,
                                         .timeout_ms = 1000};

    need_curl();
    CHECK(source_http_new(&s, &c) == HEAD2_OK);
    CHECK(feeder_start(&feeder) == HEAD2_OK);
    CHECK(feeder_add(feeder, s) == HEAD2_OK);
}

static void end(void)
{
    const uint64_t from = feeder_now();

    feeder_stop(feeder);
    CHECK(feeder_now() - from < 200); /* whatever it was doing */
}

static void wait_for(enum head2_entropy_state state, uint64_t samples)
{
    for (unsigned i = 0; i < 300; i++) {
        const struct head2_entropy_source_info s = standing("service");
        if (s.state == state && s.samples >= samples)
            return;
        pause_ms(10);
    }
    const struct head2_entropy_source_info s = standing("service");
    check_fail(__FILE__, __LINE__, "state %u with %llu samples, %s", s.state,
               (unsigned long long)s.samples, s.why);
}

static void numbers_are_mixed_in_and_credited_nothing(void)
{
    const char key[] = "secret-of-mine\n";

    put_file("key", key, sizeof key - 1);
    chmod(at("key"), 0600);
    set_numbers(1024);
    begin(at("key"));
    wait_for(HEAD2_ENTROPY_GOOD, 1024);
    const struct head2_entropy_source_info s = standing("service");
    CHECK_EQ(s.samples, 1024);
    CHECK_EQ(s.kind, HEAD2_ENTROPY_ADDITIONAL);
    CHECK(!s.credited);
    CHECK_EQ(s.credited_bits, 0);
    pthread_mutex_lock(&server.lock);
    const bool keyed = strstr(server.asked, "\r\nx-api-key: secret-of-mine\r\n") != NULL;
    const bool asked = strncmp(server.asked, "GET /q?length=8 HTTP/1.1\r\n", 26) == 0;
    const bool fresh = strstr(server.asked, "\r\nCache-Control: no-store\r\n") != NULL;
    pthread_mutex_unlock(&server.lock);
    CHECK(keyed && asked && fresh);
    pause_ms(200);
    CHECK_EQ(requests(), 1); /* not before its time */
    end();
}

static void fails_with(const char *why)
{
    need_curl();
    const uint64_t before = standing("service").samples;
    begin(NULL);
    for (unsigned i = 0; i < 300 && strcmp(standing("service").why, why) != 0; i++)
        pause_ms(10);
    CHECK_SAY(strcmp(standing("service").why, why) == 0, "why: %s", standing("service").why);
    CHECK_EQ(standing("service").state, HEAD2_ENTROPY_ABSENT);
    CHECK_EQ(standing("service").samples, before);
    end();
}

/* It is asked again, and taken up. */
static void a_server_that_is_back_is_found(void)
{
    need_curl();
    const uint64_t before = standing("service").samples;
    const unsigned asked = requests();
    set_answer("503 Service Unavailable", "");
    begin(NULL);
    pause_ms(1100); /* two requests or three */
    CHECK(requests() - asked >= 2 && requests() - asked <= 3);
    set_numbers(64);
    wait_for(HEAD2_ENTROPY_GOOD, before + 64);
    end();
}

static void failures_of_a_server_are_told(void)
{
    set_answer("500 Internal Server Error", "{}");
    fails_with("HTTP 500");
    set_answer("429 Too Many Requests", "");
    fails_with("HTTP 429");
    set_answer("302 Found\r\nLocation: http://127.0.0.1:1/", "");
    fails_with("HTTP 302, a redirect, not followed");
}

static void answers_that_are_wrong_are_told(void)
{
    static char body[HTTP_BODY_MAX + 2];

    set_answer("200 OK", "{\"success\":true,\"type\":\"uint8\",\"length\":3,\"data\":[1,2,");
    fails_with("the answer is not as it should be");
    memset(body, ' ', sizeof body - 1);
    set_answer("200 OK", body);
    fails_with("the answer is too long");
    pthread_mutex_lock(&server.lock); /* the same without saying so before */
    server.len = (size_t)snprintf(server.answer, sizeof server.answer,
                                  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", body);
    pthread_mutex_unlock(&server.lock);
    fails_with("the answer is too long");
}

static void a_server_that_says_nothing_is_not_waited_for(void)
{
    set_answer(NULL, NULL);
    fails_with("Timeout was reached");
}

static void the_same_answer_twice_is_a_replay(void)
{
    struct feeder_source *s;
    const struct source_http_config c = {
        .name = "service", .url = server.url, .every_ms = 50, .retry_ms = 60000};

    need_curl();
    set_numbers(64);
    CHECK(source_http_new(&s, &c) == HEAD2_OK);
    const uint32_t failures = standing("service").failures;
    CHECK(feeder_start(&feeder) == HEAD2_OK && feeder_add(feeder, s) == HEAD2_OK);
    for (unsigned i = 0; i < 300 && standing("service").failures == failures; i++)
        pause_ms(10);
    CHECK_EQ(standing("service").failures, failures + 1);
    CHECK(strcmp(standing("service").why, "a block came again") == 0);
    end();
}

static void a_key_is_kept_from_others(void)
{
    struct feeder_source *s;
    struct source_http_config c = {.name = "service", .url = server.url};

    need_curl();
    c.api_key_file = at("nowhere");
    CHECK(source_http_new(&s, &c) == HEAD2_E_IO && errno == ENOENT && s == NULL);
    put_file("open", "key\n", 4);
    chmod(at("open"), 0644);
    c.api_key_file = at("open");
    CHECK(source_http_new(&s, &c) == HEAD2_E_POLICY && s == NULL);
    chmod(at("open"), 0600);
    CHECK(source_http_new(&s, &c) == HEAD2_OK);
    s->ops->free(s);
    static const char *const wrong[] = {"", "\n", "a b\n", "a\nb\n", "a\r\nx-y: z\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put_file("open", wrong[i], strlen(wrong[i]));
        CHECK(source_http_new(&s, &c) == HEAD2_E_MALFORMED && s == NULL);
    }
    char many[HTTP_KEY_MAX + 1];
    memset(many, 'k', sizeof many);
    put_file("open", many, sizeof many);
    CHECK(source_http_new(&s, &c) == HEAD2_E_MALFORMED);
    c.url = "http://qrng.example/";
    CHECK(source_http_new(&s, &c) == HEAD2_E_ARG);
}

int main(void)
{
    place_make();
    RUN(a_right_answer_is_read);
    RUN(a_wrong_answer_is_malformed);
    RUN(urls_without_tls_stay_on_this_machine);
    RUN(start_server);
    RUN(numbers_are_mixed_in_and_credited_nothing);
    RUN(failures_of_a_server_are_told);
    RUN(a_server_that_is_back_is_found);
    RUN(answers_that_are_wrong_are_told);
    RUN(a_server_that_says_nothing_is_not_waited_for);
    RUN(a_key_is_kept_from_others);
    RUN(the_same_answer_twice_is_a_replay);
    place_remove();
    CHECK_EXIT();
}
