/* What the verbs of a keeper take, and what is said of them: see keepers.h. */
#include "cli/keepers.h"
#include "cli/stores.h"

#define KEEPER                                                                                     \
    {"socket",                                                                                     \
     0,                                                                                            \
     CLI_FILE,                                                                                     \
     "PATH",                                                                                       \
     "where the keeper answers (default: $HEAD2_KEEPER, else keeper.sock in the store's folder)",  \
     0,                                                                                            \
     0},                                                                                           \
        {"store", 0, CLI_DIR, "DIR", "the store's folder (default: in the state folder)", 0, 0},   \
    {                                                                                              \
        "pin-file", 0, CLI_FILE, "FILE", "the keeper's PIN (its first line), where it has one", 0, \
            0                                                                                      \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, NULL, 0, 0                                                        \
    }

/* clang-format off */
const struct cli_option cli_keeper_options[] = {
    {"store", 0, CLI_DIR, "DIR", "the store's folder (default: in the state folder)", 0, 0},
    {"socket", 0, CLI_FILE, "PATH", "where it answers (default: keeper.sock in the store's folder)", 0, 0},
    {"passphrase-file", 0, CLI_FILE, "FILE", "unlock the store with the first line of this file (default: ask the terminal)", 0, 0},
    {"key-file", 0, CLI_FILE, "FILE", "unlock the store with this key file", 0, 0},
    {"credential", 0, CLI_STRING, "NAME", "unlock it with a credential of the service manager", 0, 0},
    {"tpm", 0, CLI_FLAG, NULL, "unlock it with the TPM 2.0 at $HEAD2_TPM (default: device:/dev/tpmrm0)", 0, 0},
    {"tpm-pin-file", 0, CLI_FILE, "FILE", "file whose first line is its PIN (default: ask the terminal, where it has one)", 0, 0},
    {"pin-file", 0, CLI_FILE, "FILE", "private uses need this PIN (its first line)", 0, 0},
    {"ledger", 0, CLI_DIR, "DIR", "compare the store with its anchors in this ledger, anchor it, and record changes and uses of keys", 0, 0},
    {"each-use", 0, CLI_FLAG, NULL, "record each use too", 0, 0},
    END
};

const struct cli_option cli_keeper_ask_options[] = {KEEPER, END};

const struct cli_option cli_keeper_generate_options[] = {
    KEEPER,
    {"type", 0, CLI_ENUM, "ML-DSA-44|ML-DSA-65|ML-DSA-87|ML-KEM-512|ML-KEM-768|ML-KEM-1024", "algorithm and parameter set (default: ML-DSA-87)", 0, 0},
    CLI_STORE_POLICY_OPTIONS,
    {"extractable", 0, CLI_FLAG, NULL, "the private key may leave the keeper and the store", 0, 0},
    {"public-out", 0, CLI_FILE, "FILE", "write the public key here too", 0, 0},
    END
};

const struct cli_option cli_keeper_export_options[] = {
    KEEPER,
    {"out", 0, CLI_FILE, "FILE", "where it goes (default: standard output)", 0, 0},
    {"format", 0, CLI_ENUM, "pem|der", "encoding of what is written (default: pem)", 0, 0},
    END
};

const struct cli_option cli_keeper_approve_options[] = {
    KEEPER,
    {"key", 0, CLI_FILE, "FILE", "the approver's private key (required)", 0, 0},
    {"uses", 0, CLI_NUMBER, "N", "how many uses (default: 1)", 1, 65535},
    {"minutes", 0, CLI_NUMBER, "N", "for how long (default: 10)", 1, 1440},
    {"passphrase-file", 0, CLI_FILE, "FILE", "file whose first line is the key's passphrase (default: ask the terminal)", 0, 0},
    END
};

const char cli_keeper_about[] =
    "Programs of the same user, and root, ask at a unix socket for signatures, decapsulation, new keys "
    "and the like (docs/formats.md); a private key leaves only where its policy says so, and none is "
    "taken. The keeper has no network, no files but the store's and only the system calls that it "
    "needs, as far as this machine offers that; it says what is not in force. Should it die, it is "
    "started again without a person. Changes of keys are JSON lines on standard error. SIGTERM ends it.";
const char cli_keeper_generate_about[] =
    "The key is made in the keeper, and lasts in its store. A signature key signs and verifies, a KEM "
    "key does the rest, unless --purposes says less.";
const char cli_keeper_rotate_about[] =
    "A new key of the same label and policy takes its place; the old one stays, to verify and to "
    "decapsulate.";
const char cli_keeper_approve_about[] =
    "A key with an approver signs and decapsulates as often, and as long, as its approver has allowed. "
    "What is allowed takes the place of what was before, is for whoever asks, and is gone when the "
    "keeper ends.";
/* clang-format on */
