/*
 * Command lines: known words in any order, and unknown ones, over a folder with a file of each
 * kind. Every verb is run but those that serve or measure. It ends with a code from the table of
 * exit codes, never with that of a fault in the program, and leaves no temporary file.
 */
#include "fuzz/cli_quiet.h"

#include "cli/verbs.h"

#include <head2/keys.h>

#include <dirent.h>
#include <sys/stat.h>

#define WORDS 24

static const char *const values[] = {"k.pem",
                                     "e.pem",
                                     "g.csv",
                                     "g.csv.sig",
                                     "d.maml.md",
                                     "p.json",
                                     "trust",
                                     "c.yaml",
                                     "new",
                                     "-",
                                     "--",
                                     "ML-DSA-44",
                                     "ML-KEM-512",
                                     "raw",
                                     "maml",
                                     "detached",
                                     "der",
                                     "pem",
                                     "seed",
                                     "expanded",
                                     "both",
                                     "sha3-512",
                                     "replace",
                                     "refuse",
                                     "CHIMERA-HEAD-2",
                                     "",
                                     "--no-passphrase",
                                     "--no-receipt",
                                     "--json",
                                     "0",
                                     "1",
                                     "-1",
                                     "18446744073709551616",
                                     "state",
                                     "."};
/* these serve, measure or wait, or write as much as they are told to */
static const struct {
    const char *name, *sub;
} left_out[] = {
    {"gateway", NULL             },
    {"link",    NULL             },
    {"bench",   NULL             },
    {"status",  NULL             },
    {"doctor",  NULL             },
    {"init",    NULL             },
    {"keeper",  ""               }, /* the one without a subverb */
    {"rng",     "monitor"        },
    {"rng",     "restart"        },
    {"rng",     "bytes"          },
    {"rng",     "demo-sim-attack"},
};

static void make_files(void)
{
    static uint8_t pem[HEAD2_KEY_MAX_FILE], seed[64];
    static const struct {
        const char *name, *text;
    } files[] = {
        {"g.csv",     "time,nozzle,ml\n0,1,20\n"                                                 },
        {"d.maml.md", "---\nmaml_version: \"2.0.0\"\nid: x\n---\n# Flight\n"                     },
        {"p.json",    "{\"algorithm\":\"SHA3-256\",\"testGroups\":[{\"tgId\":1,\"testType\":\""
                   "AFT\",\"tests\":[{\"tcId\":1,\"msg\":\"00\",\"len\":8}]}]}"},
        {"trust",     "CHIMERA-HEAD-2 k.pem\n"                                                   },
        {"c.yaml",    "identity: { key: k.pem }\nlisten: { udp: \"127.0.0.1:1\" }\npeers: []\n"  },
    };

    for (unsigned i = 0; i < HEAD2_LEN(files); i++)
        fuzz_put(files[i].name, files[i].text, strlen(files[i].text));
    for (unsigned i = 0; i < 2; i++) {
        struct head2_key *key;
        size_t len = sizeof pem;
        FUZZ_ASSERT(head2_key_from_seed(&key, i == 0 ? HEAD2_MLDSA_44 : HEAD2_MLKEM_512, seed,
                                        i == 0 ? 32 : 64) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_write_private(key, HEAD2_KEY_PEM, HEAD2_PRIVATE_SEED, NULL, 0, pem,
                                            &len) == HEAD2_OK);
        fuzz_put(i == 0 ? "k.pem" : "e.pem", pem, len);
        FUZZ_ASSERT(chmod(i == 0 ? "k.pem" : "e.pem", 0600) == 0);
        head2_key_free(key);
    }
}

/* A fresh folder, so that a find repeats from its input alone. */
static void fresh_folder(void)
{
    static char first[sizeof fuzz_folder];

    if (first[0] == 0) {
        cli_quiet();
        memcpy(first, fuzz_folder, sizeof first);
    } else {
        fuzz_remove();
        FUZZ_ASSERT(mkdir(fuzz_folder, 0700) == 0 && chdir(fuzz_folder) == 0);
    }
    make_files();
}

static void no_temporary_files(void)
{
    DIR *d = opendir(".");
    FUZZ_ASSERT(d != NULL);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        FUZZ_ASSERT(strstr(e->d_name, ".tmp") == NULL);
    closedir(d);
}

static const char *next_word(struct input *in, const struct cli_verb *v, char *room)
{
    const uint8_t what = take8(in);

    if (what < 0x50) { /* an option of the verb, mostly */
        unsigned n = 0;
        while (v->options != NULL && v->options[n].name != NULL)
            n++;
        if (n == 0)
            return "--help";
        sprintf(room, "--%s", v->options[what % n].name);
        return room;
    }
    if (what < 0xf0)
        return values[what % HEAD2_LEN(values)];
    size_t len = take_bytes(in, (uint8_t *)room, take8(in) % 48u);
    for (size_t i = 0; i < len; i++)
        if (room[i] == '/' || room[i] == 0)
            room[i] = '_'; /* stays in the folder, and is one word */
    room[len] = 0;
    for (char *at; (at = strstr(room, ".tmp")) != NULL;)
        *at = '_'; /* the program's own are looked for afterwards */
    return room;
}

static bool is_left_out(const struct cli_verb *v)
{
    for (unsigned i = 0; i < HEAD2_LEN(left_out); i++)
        if (strcmp(left_out[i].name, v->name) == 0 &&
            (left_out[i].sub == NULL || strcmp(left_out[i].sub, v->sub != NULL ? v->sub : "") == 0))
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char rooms[WORDS][64];
    struct input in = {data, size};
    char *argv[WORDS + 1] = {0};
    int argc = 0;
    const struct cli_verb *v = &cli_verbs[take8(&in) % cli_verb_count];

    fresh_folder();
    snprintf(rooms[0], 64, "head2");
    snprintf(rooms[1], 64, "%s", v->name);
    argc = 2;
    if (v->sub != NULL)
        snprintf(rooms[argc++], 64, "%s", v->sub);
    if (is_left_out(v))
        snprintf(rooms[argc++], 64, "--help");
    else
        while (in.left > 0 && argc < WORDS) {
            char room[64];
            snprintf(rooms[argc++], 64, "%s", next_word(&in, v, room));
        }
    for (int i = 0; i < argc; i++)
        argv[i] = rooms[i];
    const int code = cli_main(argc, argv);
    FUZZ_ASSERT(code >= 0 && code <= (int)CLI_HEALTH);
    FUZZ_ASSERT(code == CLI_DONE || code == CLI_USAGE || (v->exits & CLI_EXIT(code)) != 0);
    FUZZ_ASSERT(code != CLI_HEALTH || strcmp(v->name, "rng") == 0);
    no_temporary_files();
    return 0;
}
