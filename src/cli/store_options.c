/* What the verbs of the sealed store take, and what is said of them: see stores.h. */
#include "cli/stores.h"

#include "cli/ledgers.h"

#define STORE                                                                                      \
    {                                                                                              \
        "store", 0, CLI_DIR, "DIR", "the store's folder (default: in the state folder)", 0, 0      \
    }
#define UNLOCK                                                                                       \
    {"passphrase-file",                                                                              \
     0,                                                                                              \
     CLI_FILE,                                                                                       \
     "FILE",                                                                                         \
     "file whose first line is the store's passphrase (default: ask the terminal)",                  \
     0,                                                                                              \
     0},                                                                                             \
        {"key-file", 0, CLI_FILE, "FILE", "a key file, 32 bytes or more, mode 0600", 0, 0},          \
        {"credential", 0, CLI_STRING, "NAME", "a credential of the service manager", 0, 0},          \
        {"tpm", 0, CLI_FLAG, NULL, "the TPM 2.0 at $HEAD2_TPM (default: device:/dev/tpmrm0)", 0, 0}, \
    {                                                                                                \
        "tpm-pin-file", 0, CLI_FILE, "FILE",                                                         \
            "file whose first line is its PIN (default: ask the terminal, where it has one)", 0, 0   \
    }
#define IN_LEDGER                                                                                  \
    {                                                                                              \
        "ledger", 0, CLI_DIR, "DIR",                                                               \
            "compare the store with its anchors in this ledger, and anchor what is changed", 0, 0  \
    }
#define ANCHORS                                                                                    \
    IN_LEDGER,                                                                                     \
    {                                                                                              \
        "anchor", 0, CLI_FILE, "FILE", "compare it with what 'store check --json' has printed", 0, \
            0                                                                                      \
    }
#define POLICY                                                                                     \
    {"purposes",                                                                                   \
     0,                                                                                            \
     CLI_STRING,                                                                                   \
     "WORDS",                                                                                      \
     "what it may be used for: sign,verify or encapsulate,decapsulate,derive,seal,output; or "     \
     "none",                                                                                       \
     0,                                                                                            \
     0},                                                                                           \
        {"rate", 0, CLI_STRING, "N/SECONDS", "at most so many uses in so many seconds, or none",   \
         0,      0},                                                                               \
        {"valid",                                                                                  \
         0,                                                                                        \
         CLI_STRING,                                                                               \
         "FROM..TO",                                                                               \
         "when it may be used: days or times, one may be left out, or none",                       \
         0,                                                                                        \
         0},                                                                                       \
    {                                                                                              \
        "approver", 0, CLI_FILE, "PUBFILE",                                                        \
            "each use of it needs the approval of this ML-DSA key's owner, or none", 0, 0          \
    }
#define NEW_WAYS                                                                                   \
    {"new-passphrase-file", 0, CLI_FILE, "FILE", "wrap with this passphrase from now on", 0, 0},   \
        {"new-key-file", 0, CLI_FILE, "FILE", "wrap with this key file from now on", 0, 0},        \
        {"new-credential", 0, CLI_STRING, "NAME", "wrap with this credential from now on", 0, 0},  \
        {"new-tpm", 0, CLI_FLAG, NULL, "wrap with the TPM 2.0 at $HEAD2_TPM from now on", 0, 0},   \
        {"new-tpm-pin", 0, CLI_FLAG, NULL, "let the TPM ask for a PIN of up to 32 bytes", 0, 0},   \
        {"new-tpm-pin-file", 0, CLI_FILE, "FILE", "a PIN that is in a file", 0, 0},                \
    {                                                                                              \
        "new-tpm-pcrs", 0, CLI_STRING, "BANK:N,...",                                               \
            "only while these registers are as they are now, as in sha256:7", 0, 0                 \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, NULL, 0, 0                                                        \
    }

/* clang-format off */
const struct cli_option cli_store_init_options[] = {
    STORE, UNLOCK, IN_LEDGER,
    {"tpm-pin", 0, CLI_FLAG, NULL, "let the TPM ask for a PIN of up to 32 bytes", 0, 0},
    {"tpm-pcrs", 0, CLI_STRING, "BANK:N,...", "only while these registers are as they are now, as in sha256:7", 0, 0},
    END
};
const struct cli_option cli_store_anchor_options[] = {STORE, UNLOCK, CLI_LEDGER_OPTION, END};
const struct cli_option cli_store_list_options[] = {STORE, END};
const struct cli_option cli_store_unlock_options[] = {STORE, UNLOCK, ANCHORS, END};

const struct cli_option cli_store_import_options[] = {
    STORE, UNLOCK, ANCHORS,
    {"label", 0, CLI_STRING, "TEXT", "what it is called (default: the file's name)", 0, 0},
    {"extractable", 0, CLI_FLAG, NULL, "let 'store export --private' give it out again", 0, 0},
    POLICY,
    {"key-passphrase-file", 0, CLI_FILE, "FILE", "the passphrase of KEYFILE (default: ask the terminal)", 0, 0},
    END
};

const struct cli_option cli_store_export_options[] = {
    STORE, UNLOCK, ANCHORS,
    {"private", 0, CLI_FLAG, NULL, "the private key, which must be extractable", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "where it goes (default: standard output; required with --private)", 0, 0},
    {"format", 0, CLI_ENUM, "pem|der", "encoding of what is written (default: pem)", 0, 0},
    {"new-passphrase-file", 0, CLI_FILE, "FILE", "the passphrase of what is written (default: ask the terminal)", 0, 0},
    {"no-passphrase", 0, CLI_FLAG, NULL, "leave the private key unencrypted (mode 0600)", 0, 0},
    END
};

const struct cli_option cli_store_rewrap_options[] = {
    STORE, UNLOCK, ANCHORS, NEW_WAYS, END
};

const struct cli_option cli_store_policy_options[] = {STORE, UNLOCK, ANCHORS, POLICY, END};

const struct cli_option cli_store_restore_options[] = {
    STORE, UNLOCK, IN_LEDGER,
    {"replace", 0, CLI_FLAG, NULL, "in the place of the store that is there", 0, 0},
    END
};

/* of the verbs that ask a keeper */
#define ASK                                                                                        \
    {"keeper", 0, CLI_FILE, "PATH",                                                                \
     "where the keeper answers (default: $HEAD2_KEEPER, else keeper.sock in the store)", 0, 0},    \
    {"store", 0, CLI_DIR, "DIR", "the store's folder (default: in the state folder)", 0, 0},       \
    {"pin-file", 0, CLI_FILE, "FILE", "the keeper's PIN (default: ask the terminal, where it has one)", 0, 0}
#define PUBLIC_OUT                                                                                 \
    {"public-out", 0, CLI_FILE, "FILE", "where the public key goes too", 0, 0}

const struct cli_option cli_keeper_ask_options[] = {ASK, END};
const struct cli_option cli_keeper_export_options[] = {
    ASK,
    {"out", 0, CLI_FILE, "FILE", "where it goes (default: standard output)", 0, 0},
    {"format", 0, CLI_ENUM, "pem|der", "encoding of what is written (default: pem)", 0, 0},
    END
};
const struct cli_option cli_keeper_rotate_options[] = {ASK, PUBLIC_OUT, END};
const struct cli_option cli_keeper_generate_options[] = {
    ASK,
    {"type", 0, CLI_ENUM, "ML-DSA-87|ML-DSA-65|ML-DSA-44|ML-KEM-1024|ML-KEM-768|ML-KEM-512",
     "algorithm and parameter set (default: ML-DSA-87)", 0, 0},
    PUBLIC_OUT, POLICY, END
};

const struct cli_option cli_keeper_approve_options[] = {
    ASK,
    {"key", 0, CLI_FILE, "FILE", "the approver's private key (required)", 0, 0},
    {"uses", 0, CLI_NUMBER, "N", "how many uses (default: 1)", 1, 65535},
    {"minutes", 0, CLI_NUMBER, "N", "for how long (default: 10)", 1, 1440},
    {"passphrase-file", 0, CLI_FILE, "FILE", "the key's passphrase (default: ask the terminal)", 0, 0},
    END
};

const char cli_keeper_approve_about[] =
    "A key with an approver signs and decapsulates as often, and as long, as its approver has allowed. "
    "What is allowed takes the place of what was before, is for whoever asks, and is gone when the "
    "keeper ends. KEY is an id, at least eight digits of one, or the label of an active key.";
const char cli_keeper_generate_about[] =
    "LABEL is what it is called. The key is made in the keeper and does not leave it. Unless "
    "--purposes says otherwise it may do all that its algorithm does, but give nothing derived away.";
const char cli_store_init_about[] =
    "The store's key is random, and wrapped by each of --passphrase-file, --key-file, --credential "
    "and --tpm that is given; any one of them opens it later. Without them a passphrase is asked for.";
const char cli_store_import_about[] =
    "KEYFILE is an ML-DSA or ML-KEM private key, PEM or DER; it stays where it is. Unless "
    "--extractable is given the key does not leave the store again, and that cannot be changed later.";
const char cli_store_export_about[] =
    "KEY is an id, at least eight digits of one, or a label. The public key needs no unlocking. A "
    "private key comes out only where it was imported with --extractable.";
const char cli_store_destroy_about[] =
    "ID is the whole key id, as this cannot be undone. The sealed part is overwritten with zeros and "
    "removed; backups still have it.";
const char cli_store_rewrap_about[] =
    "A fresh key for the store, under which every object is sealed anew: all or nothing, whenever it "
    "is interrupted. It is wrapped by the --new- options that are given, each of which opens it, and "
    "by nothing else; without any by what has unlocked it. Copies of the old file still open with "
    "the old secrets.";
const char cli_store_policy_about[] =
    "KEY as for export. What is not given stays as it is. Nothing makes a "
    "key extractable. While a keeper has the store open this is refused.";
const char cli_store_wrap_add_about[] =
    "One or more of the --new- options, else a passphrase that the terminal is asked for; each opens "
    "the store from now on, beside what does already.";
const char cli_store_wrap_remove_about[] =
    "NUMBER as wrap-list shows it. The last one cannot be removed. The store's key stays the same: a "
    "copy of the store from before still opens with what was removed, and who had opened one has the "
    "key; after a leak say rewrap, and destroy the copies.";
const char cli_store_backup_about[] =
    "FILE must not exist. It has everything, sealed, and opens with what opens the store now.";
const char cli_store_restore_about[] =
    "FILE is checked whole before anything is changed. Without --replace there must not be a store "
    "in its place. The restored store has a higher revision than either: what was put back by "
    "anybody else is told from it. With --ledger it is higher than all that is anchored there, too.";
const char cli_store_check_about[] =
    "Everything: the header, each object's seal and metadata, that none is missing or put back, the "
    "private part against its public key, the database; of the store, or of a backup. Prints revision "
    "and digest. With --ledger or --anchor they are compared: a store that is older than its newest anchor, "
    "or another one of its number, was put back. Exit code 1 when something does not hold.";
const char cli_store_anchor_about[] =
    "An entry of the kind store, with the store's id, revision and digest. It tells a store that was "
    "put back together with its store.revision, as long as the ledger was not: keep its checkpoints "
    "elsewhere. 'head2 keeper --ledger' does it by itself.";
/* clang-format on */
