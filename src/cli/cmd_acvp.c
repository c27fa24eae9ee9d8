/*
 * head2 acvp PROMPT.json: the response, or with --check whether it is the expected one.
 *
 * A prompt is an object, or an array whose last element is one (as the ACVP servers send it). A
 * group that asks for something that is not here ends the run with its number: a response is whole
 * or none.
 */
#include "cli/acvp.h"
#include "cli/files.h"
#include "cli/verbs.h"

#include <stdlib.h>

#define PROMPT_MAX ((size_t)256 << 20)

static const struct {
    const char *algorithm, *mode; /* mode NULL: the algorithm has none */
    acvp_handler *handler;
} handlers[] = {
    {"ML-KEM",       "keyGen",     acvp_mlkem_keygen     },
    {"ML-KEM",       "encapDecap", acvp_mlkem_encap_decap},
    {"ML-DSA",       "keyGen",     acvp_mldsa_keygen     },
    {"ML-DSA",       "sigGen",     acvp_mldsa_siggen     },
    {"ML-DSA",       "sigVer",     acvp_mldsa_sigver     },
    {"SHA3-256",     NULL,         acvp_sha3             },
    {"SHA3-512",     NULL,         acvp_sha3             },
    {"SHAKE-128",    NULL,         acvp_shake            },
    {"SHAKE-256",    NULL,         acvp_shake            },
    {"ACVP-AES-GCM", NULL,         acvp_aes_gcm          },
};

static int load(const struct cli *cli, const char *path, json_t **out)
{
    uint8_t *text = NULL;
    size_t len = 0;
    json_error_t error;

    int code = cli_read_file(cli, path, PROMPT_MAX, &text, &len);
    if (code != CLI_DONE)
        return code;
    *out = json_loadb((const char *)text, len, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (*out == NULL)
        return cli_fail(cli, CLI_INPUT, path, "give an ACVP file", "line %d, column %d: %s",
                        error.line, error.column, error.text);
    if (json_is_array(*out) && json_array_size(*out) > 0) {
        json_t *last = json_incref(json_array_get(*out, json_array_size(*out) - 1));
        json_decref(*out);
        *out = last;
    }
    if (json_is_array(json_object_get(*out, "testGroups")))
        return CLI_DONE;
    json_decref(*out);
    *out = NULL;
    return cli_fail(cli, CLI_INPUT, path, "give an ACVP file", "it has no testGroups");
}

static acvp_handler *find_handler(const char *algorithm, const char *mode)
{
    for (size_t i = 0; i < HEAD2_LEN(handlers); i++)
        if (strcmp(handlers[i].algorithm, algorithm) == 0 &&
            (handlers[i].mode == NULL || strcmp(handlers[i].mode, mode) == 0))
            return handlers[i].handler;
    return NULL;
}

/* What all tests of a prompt share. */
struct run {
    struct cli *cli;
    const char *path, *algorithm, *mode;
    acvp_handler *handler;
    uint64_t tests;
};

static int answer_test(struct run *run, const json_t *group, const json_t *test, json_t *answers)
{
    struct acvp_case c = {.group = group,
                          .test = test,
                          .mode = run->mode,
                          .algorithm = run->algorithm,
                          .out = json_object()};
    enum head2_status st = HEAD2_E_MEMORY;

    json_t *id = json_object_get(test, "tcId");
    if (!json_is_integer(id))
        st = acvp_bad(&c, HEAD2_E_MALFORMED, "a test has no tcId");
    else if (json_object_set(c.out, "tcId", id) == 0)
        st = run->handler(&c);
    for (size_t i = 0; i < c.blob_count; i++)
        free(c.blobs[i]);
    if (json_array_append_new(answers, c.out) != 0)
        st = HEAD2_E_MEMORY;
    run->tests++;
    if (st == HEAD2_OK)
        return CLI_DONE;
    return cli_fail(
        run->cli, cli_status_exit(st), run->path, "leave that group out",
        "group %lld, test %lld: %s", (long long)json_integer_value(json_object_get(group, "tgId")),
        (long long)json_integer_value(id), c.why[0] != 0 ? c.why : head2_status_string(st));
}

static int answer_group(struct run *run, const json_t *group, json_t *groups)
{
    json_t *answer = json_object(), *answers = json_array();
    json_t *tests = json_object_get(group, "tests"), *test;
    size_t i;
    int code = CLI_DONE;

    json_object_set(answer, "tgId", json_object_get(group, "tgId"));
    json_object_set_new(answer, "tests", answers);
    if (json_array_append_new(groups, answer) != 0)
        return cli_fail(run->cli, CLI_INTERNAL, run->path, NULL, "out of memory");
    if (!json_is_array(tests))
        return cli_fail(run->cli, CLI_INPUT, run->path, "give an ACVP prompt",
                        "a group has no tests");
    json_array_foreach(tests, i, test)
    {
        if (code == CLI_DONE)
            code = answer_test(run, group, test, answers);
    }
    return code;
}

static int answer(struct run *run, const json_t *prompt, json_t **out)
{
    static const char *const kept[] = {"vsId", "algorithm", "mode", "revision", "isSample"};
    json_t *groups = json_array(), *group;
    size_t i;
    int code = CLI_DONE;

    *out = json_object();
    run->algorithm = json_string_value(json_object_get(prompt, "algorithm"));
    run->mode = json_string_value(json_object_get(prompt, "mode"));
    run->mode = run->mode != NULL ? run->mode : "";
    for (i = 0; i < HEAD2_LEN(kept); i++)
        json_object_set(*out, kept[i], json_object_get(prompt, kept[i]));
    json_object_set_new(*out, "testGroups", groups);
    if (run->algorithm != NULL)
        run->handler = find_handler(run->algorithm, run->mode);
    if (run->handler == NULL)
        return cli_fail(run->cli, CLI_INPUT, run->path, "'head2 acvp --help' lists what is known",
                        "no answers for algorithm '%s', mode '%s'",
                        run->algorithm != NULL ? run->algorithm : "", run->mode);
    json_array_foreach(json_object_get(prompt, "testGroups"), i, group)
    {
        if (code == CLI_DONE)
            code = answer_group(run, group, groups);
    }
    return code;
}

/* ---- comparing ---- */

static json_t *find_by_id(const json_t *list, const char *name, json_int_t id)
{
    json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (json_integer_value(json_object_get(item, name)) == id)
            return item;
    }
    return NULL;
}

/* Equal, where hexadecimal may be written in either case. */
static bool same_value(const json_t *a, const json_t *b)
{
    if (json_is_string(a) && json_is_string(b))
        return strcasecmp(json_string_value(a), json_string_value(b)) == 0;
    return json_equal(a, b);
}

static const char *first_difference(const json_t *got, json_t *expected)
{
    const char *name;
    json_t *value;

    if (expected == NULL || json_object_size(expected) < 2)
        return "no result is expected for it";
    json_object_foreach(expected, name, value)
    {
        if (!same_value(json_object_get(got, name), value))
            return name;
    }
    return NULL;
}

static int compare(struct run *run, const json_t *response, const char *path)
{
    json_t *expected = NULL, *group, *test;
    size_t i, j;
    uint64_t wrong = 0;
    char first[160] = "";

    int code = load(run->cli, path, &expected);
    if (code != CLI_DONE)
        return code;
    json_array_foreach(json_object_get(response, "testGroups"), i, group)
    {
        const json_int_t group_id = json_integer_value(json_object_get(group, "tgId"));
        json_t *want = find_by_id(json_object_get(expected, "testGroups"), "tgId", group_id);
        json_array_foreach(json_object_get(group, "tests"), j, test)
        {
            const json_int_t id = json_integer_value(json_object_get(test, "tcId"));
            json_t *right = find_by_id(json_object_get(want, "tests"), "tcId", id);
            const char *name = first_difference(test, right);
            if (name == NULL)
                continue;
            if (wrong++ == 0)
                snprintf(first, sizeof first, "group %lld, test %lld: %s", (long long)group_id,
                         (long long)id, name);
        }
    }
    json_decref(expected);
    if (run->tests == 0)
        return cli_fail(run->cli, CLI_INPUT, run->path, "give a prompt with tests", "it has none");
    if (wrong > 0)
        return cli_fail(run->cli, CLI_FAILED, path, "check that it belongs to this prompt",
                        "%llu of %llu tests differ, first %s", (unsigned long long)wrong,
                        (unsigned long long)run->tests, first);
    if (run->cli->json)
        cli_print_json(run->cli, json_pack("{s:s, s:I, s:I}", "file", run->path, "tests",
                                           (json_int_t)run->tests, "differing", (json_int_t)0));
    else
        cli_print(run->cli, "%s %s: all %llu tests agree\n", run->algorithm, run->mode,
                  (unsigned long long)run->tests);
    return CLI_DONE;
}

int cmd_acvp(struct cli *cli)
{
    struct run run = {.cli = cli, .path = cli->args[0]};
    const char *check = cli_string(cli, "check");
    json_t *prompt = NULL, *response = NULL;

    int code = load(cli, run.path, &prompt);
    if (code == CLI_DONE)
        code = answer(&run, prompt, &response);
    if (code == CLI_DONE && check != NULL) {
        code = compare(&run, response, check);
    } else if (code == CLI_DONE) {
        char *text = json_dumps(response, JSON_INDENT(2));
        if (text == NULL)
            code = cli_fail(cli, CLI_INTERNAL, run.path, NULL, "out of memory");
        else
            cli_print(cli, "%s\n", text);
        free(text);
    }
    json_decref(prompt);
    json_decref(response);
    return code;
}
