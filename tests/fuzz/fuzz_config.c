/*
 * Configuration files: edits of the ones that `head2 init` writes, of lists and quotes and long
 * keys, and any bytes; read as either role. A configuration that is refused names where and what.
 */
#include "fuzz/edit.h"

#include "gateway/config.h"

static const char *const bases[] = {
    "identity: { key: gateway.pem, name: CHIMERA-HEAD-2 }\n"
    "listen:   { udp: \"0.0.0.0:5710\", control: run/head2.sock }\n"
    "rotate:   { seconds: 60, bytes: 100000000, overlap: 5 }\n"
    "suites:   [CH2-L5]\n"
    "state:    state\n"
    "limits:   { handshakes_per_prefix: 5, handshakes_global: 400, half_open: 4096 }\n"
    "peers:\n"
    "  - { name: drone-1, key: d.pem, lanes: { telemetry: \"127.0.0.1:14550\", video: "
    "\"127.0.0.1:5600\" } }\n"
    "  - name: drone-2\n"
    "    key: e.pem\n"
    "    lanes:\n"
    "      logs: \"[::1]:5514\"\n"
    "fallback: { nodes: [d.pem, e.pem], lifetime: 3600 }\n",
    "identity: { key: drone-1.pem, name: drone-1 }\n"
    "gateway:  { key: d.pem, endpoints: [\"127.0.0.1:5710\", 'host.example:1'] }\n"
    "lanes:\n"
    "  telemetry: { listen: \"127.0.0.1:14551\", late: drop }\n"
    "  video:     { listen: \"127.0.0.1:5601\" }\n"
    "rotate:   { seconds: 60, bytes: 100000000, overlap: 0 }\n"
    "suites:   [CH2-L5, CH2-L1X4]\n"
    "state:    drone-1-state\n"
    "fallback:\n"
    "  enabled: true\n"
    "  gateways: [{ key: e.pem, endpoints: [\"f.example:5711\"] }]\n",
    "identity: { key: gateway.pem }\nlisten: { udp: \"0.0.0.0:5710\" }\npeers: folder\n",
    "identity: { key: node.pem }\n"
    "listen:   { udp: \"0.0.0.0:5711\" }\n"
    "peers:    [{ name: a, key: e.pem, lanes: { aggregates: \"127.0.0.1:1\" } }]\n"
    "fallback: { issuer: d.pem, kem: kem.pem }\n",
    "identity: { key: gateway.pem }\n"
    "listen:   { udp: \"0.0.0.0:5710\" }\n"
    "peers:    []\n"
    "entropy:\n"
    "  policy: two\n"
    "  reseed: 90a\n"
    "  generator: xdrbg-256\n"
    "  method: 2\n"
    "  sources:\n"
    "    - rdseed\n"
    "    - jitter\n"
    "    - hwmon\n"
    "    - { name: q, device: /dev/q, h: 6.25, physical: true }\n"
    "    - { name: s, url: \"https://q.example:443/a?b=1\", api-key-file: k, ca-file: c }\n",
};

/* Public keys that the files may name; small to read. */
static void make_keys(void)
{
    static uint8_t pem[HEAD2_KEY_MAX_FILE], seed[32];
    struct head2_key *key;

    fuzz_enter_folder();
    for (char name[] = "d.pem"; name[0] <= 'e'; name[0]++) {
        size_t len = sizeof pem;
        seed[0] = (uint8_t)name[0];
        FUZZ_ASSERT(head2_key_from_seed(&key, HEAD2_MLDSA_87, seed, sizeof seed) == HEAD2_OK);
        FUZZ_ASSERT(head2_key_write_public(key, HEAD2_KEY_PEM, pem, &len) == HEAD2_OK);
        fuzz_put(name, pem, len);
        head2_key_free(key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t text[65536];
    struct input in = {data, size};
    struct config *config = NULL;
    struct config_error err = {0};

    if (fuzz_folder[0] == 0)
        make_keys();
    const uint8_t how = take8(&in);
    size_t len = 0;
    if ((how & 8) != 0 || how == '#') { /* a file as it is; so the seeds begin */
        in = (struct input){data, size};
        len = take_bytes(&in, text, sizeof text);
    } else {
        const char *base = bases[how % HEAD2_LEN(bases)];
        len = strlen(base);
        memcpy(text, base, len);
        edit(&in, text, &len, sizeof text);
    }
    fuzz_put("c.yaml", text, len);
    const enum config_role role = (how & 16) != 0   ? CONFIG_ANY
                                  : (how & 32) != 0 ? CONFIG_LINK
                                                    : CONFIG_GATEWAY;
    enum head2_status st = config_read(&config, "c.yaml", role, &err);
    FUZZ_ASSERT((st == HEAD2_OK) == (config != NULL));
    if (st != HEAD2_OK)
        FUZZ_ASSERT(err.where[0] != 0 && err.what[0] != 0);
    else {
        FUZZ_ASSERT(config->n_peers <= CONFIG_PEERS);
        FUZZ_ASSERT(config->fallback.n_nodes <= HEAD2_FALLBACK_NODES);
        FUZZ_ASSERT(config->endpoints.n <= HEAD2_SESSION_MAX_ADDRS);
        FUZZ_ASSERT(config->entropy.n_sources <= HEAD2_ENTROPY_SOURCES);
    }
    config_free(config);
    return 0;
}
