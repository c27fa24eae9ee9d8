/*
 * A file of entries of an export, through a folder of its own; and the same bytes as a proof.
 */
#include "artifact/ledger_export.h"
#include "artifact/ledger_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char folder[] = "/tmp/head2-fuzz-XXXXXX", path[64];
static struct head2_key *key;

static void prepare(void)
{
    static const uint8_t seed[32] = {1};
    char name[64];

    if (mkdtemp(folder) == NULL || head2_key_from_seed(&key, HEAD2_MLDSA_44, seed, 32) != HEAD2_OK)
        abort();
    snprintf(name, sizeof name, "%s/entries", folder);
    snprintf(path, sizeof path, "%s/entries/000000.jsonl", folder);
    if (mkdir(name, 0700) != 0)
        abort();
    snprintf(name, sizeof name, "%s/checkpoints", folder);
    if (mkdir(name, 0700) != 0)
        abort();
}

static void count(void *arg, const struct ledger_finding *f)
{
    char text[LEDGER_FINDING_TEXT];

    ledger_finding_text(text, f);
    *(uint64_t *)arg += f->kind != LEDGER_UNSIGNED;
}

static void no_progress(void *arg, uint64_t done)
{
    (void)arg;
    (void)done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ledger_proven proven;
    struct ledger_summary sum;
    struct ledger_fault fault;
    struct ledger_check *c;
    uint64_t faults = 0;
    const char *why;

    if (path[0] == 0)
        prepare();
    FILE *f = fopen(path, "wb");
    if (f == NULL || (len > 0 && fwrite(data, 1, len, f) != len) || fclose(f) != 0)
        abort();
    if (ledger_check_new(&c, key, count, &faults) != HEAD2_OK ||
        ledger_export_read(c, folder, no_progress, NULL, &fault) != HEAD2_OK)
        abort();
    ledger_check_end(c, &sum);
    ledger_check_free(c);
    if (sum.faults != faults || sum.entries > LEDGER_TILE || sum.is_signed != 0 || faults == 0)
        abort(); /* the checkpoint is missing */
    json_t *o = ledger_proof_load((const char *)data, len, &why);
    if (o != NULL && ledger_proof_check(&proven, o, key, &why) == HEAD2_OK)
        abort(); /* nobody has signed one */
    json_decref(o);
    return 0;
}
