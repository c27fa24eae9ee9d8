/* see gateway_record.h */
#include "cli/gateway_record.h"

#include "cli/ledgers.h"
#include "cli/stores.h"
#include "gateway/journal.h"
#include "gateway/keeper_record.h"
#include "gateway/ledger_door.h"
#include "keeper/store_ledger.h"

#include <poll.h>
#include <unistd.h>

/* ---- before it begins ---- */

static int compare(const struct cli *cli, const struct store *s, struct ledger *l)
{
    struct store_anchor now, anchored;
    struct ledger_fault fault = {0};
    struct store_fault said = {0};

    store_get_anchor(s, &now);
    enum head2_status st = store_anchor_find(&anchored, l, now.id, &fault);
    if (st == HEAD2_E_STATE) /* there is none yet */
        return CLI_DONE;
    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    st = store_anchor_check(s, &anchored, &said);
    return st == HEAD2_OK ? CLI_DONE : cli_store_fail(cli, st, &said);
}

int gateway_compare(const struct cli *cli, const char *store, const uint8_t *kek,
                    const char *ledger)
{
    const struct store_unlock unlock = {.type = STORE_WRAP_KEK, .kek = kek};
    struct store_fault said = {0};
    struct ledger_fault fault = {0};
    char path[PATH_MAX];
    struct ledger *l;
    struct store *s;

    if (snprintf(path, sizeof path, "%s/" LEDGER_FILE, ledger) >= (int)sizeof path ||
        access(path, F_OK) != 0) /* the front makes it, or says why not */
        return CLI_DONE;
    enum head2_status st = ledger_open(&l, ledger, LEDGER_READ, NULL, &fault);
    if (st != HEAD2_OK)
        return cli_ledger_fail(cli, st, &fault);
    st = store_open(&s, store, &unlock, &said);
    const int code = st == HEAD2_OK ? compare(cli, s, l) : cli_store_fail(cli, st, &said);
    store_close(s);
    ledger_close(l);
    return code;
}

/* ---- beside the keeper ---- */

static void on_trouble(void *arg, const struct ledger_fault *fault)
{
    (void)arg;
    if (fault == NULL)
        journal_say(JOURNAL_INFO, "keeper-receipts-resumed", "what waited is in the ledger");
    else
        journal_say(JOURNAL_ERROR, "keeper-receipts-failing",
                    "%s: %s; tried again until it is done", fault->where, fault->what);
}

int gateway_record(const struct cli *cli, int events, const char *ledger)
{
    struct pollfd end = {.fd = events};
    struct ledger_fault fault;

    /* the ledger is the front's, which makes it, too */
    while (!door_is_open(ledger))
        if (poll(&end, 1, 50) > 0)
            return CLI_DONE; /* the keeper has gone, and there is no front yet */
    const enum head2_status st = keeper_record_run(events, ledger, on_trouble, NULL, &fault);
    return st == HEAD2_OK ? CLI_DONE : cli_ledger_fail(cli, st, &fault);
}
