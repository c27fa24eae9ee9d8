/*
 * The table of verbs: the one place from which parsing, help, the man page and the completions
 * come.
 *
 * To add a verb: write src/cli/cmd_NAME.c with `int cmd_NAME(struct cli *cli)`, declare it in
 * verbs.h, and add a row here, with its options in an array above. Rows of one group (key, kem,
 * receipt) stand together, and the table is in alphabetical order.
 */
#include "cli/verbs.h"

#include "cli/daemons.h"
#include "cli/forms.h"
#include "cli/init.h"
#include "cli/keepers.h"
#include "cli/ledgers.h"
#include "cli/maml.h"
#include "cli/receipts.h"
#include "cli/recorded.h"
#include "cli/stores.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, 0, CLI_FLAG, NULL, NULL, 0, 0                                                        \
    }

const struct cli_option cli_common[] = {
    {"json", 0,   CLI_FLAG, NULL, "print JSON objects, errors too", 0, 0},
    {"help", 'h', CLI_FLAG, NULL, "explain this verb",              0, 0},
    END
};

#define KEY_TYPES "ML-DSA-87|ML-DSA-65|ML-DSA-44|ML-KEM-1024|ML-KEM-768|ML-KEM-512"
#define PASSPHRASE_FILE                                                                            \
    {                                                                                              \
        "passphrase-file", 0, CLI_FILE, "FILE",                                                    \
            "file whose first line is the passphrase (default: ask the terminal)", 0, 0            \
    }
#define FORMAT                                                                                     \
    {                                                                                              \
        "format", 0, CLI_ENUM, "pem|der", "encoding of what is written (default: pem)", 0, 0       \
    }
#define PRIVATE_FORM                                                                               \
    {                                                                                              \
        "form", 0, CLI_ENUM, "default|seed|expanded|both",                                         \
            "how a private key is stored (default: the seed where it is known)", 0, 0              \
    }
#define NO_PASSPHRASE                                                                              \
    {                                                                                              \
        "no-passphrase", 0, CLI_FLAG, NULL, "leave the private key unencrypted (mode 0600)", 0, 0  \
    }

/* clang-format off */
static const struct cli_option acvp_options[] = {
    {"check", 0, CLI_FILE, "FILE", "compare with these expected results instead of printing", 0, 0},
    END
};

static const struct cli_option doctor_options[] = {
    {"config", 'c', CLI_FILE, "FILE", "look at what this configuration needs too (default: $HEAD2_CONFIG)", 0, 0},
    {"state", 0, CLI_DIR, "DIR", "look at this state folder too (default: $HEAD2_STATE)", 0, 0},
    END
};

static const struct cli_option help_options[] = {
    {"man", 0, CLI_FLAG, NULL, "print the manual page (roff)", 0, 0},
    END
};

static const struct cli_option bench_options[] = {
    {"ms", 0, CLI_NUMBER, "N", "milliseconds for each row (default 300)", 1, 60000},
    {"only", 0, CLI_STRING, "NAME", "only rows whose name begins so (\"ML-KEM\", \"packet\")", 0,
     0},
    {"isa", 0, CLI_ENUM, "portable|avx2|avx512|all",
     "instructions to measure (default the highest that there are)", 0, 0},
    {"compare", 0, CLI_FILE, "FILE", "compare with what an earlier run printed with --json", 0, 0},
    {"tolerance", 0, CLI_NUMBER, "PERCENT",
     "with --compare: a row slower by more fails (default 10)", 0, 1000},
    {"report", 0, CLI_DIR, "DIR", "write DIR/performance.md and its plot, performance.svg", 0, 0},
    END
};

static const struct cli_option daemon_options[] = {CLI_CONFIG_OPTION, PASSPHRASE_FILE, END};

static const struct cli_option gateway_options[] = {
    CLI_CONFIG_OPTION,
    {"fallback", 0, CLI_FLAG, NULL, "run a fallback node: the file says whom it stands in for", 0, 0},
    CLI_USER_OPTION, PASSPHRASE_FILE, END
};

static const struct cli_option fallback_options[] = {CLI_CONFIG_OPTION, END};

static const struct cli_option fallback_import_options[] = {CLI_CONFIG_OPTION, PASSPHRASE_FILE, END};

static const struct cli_option fallback_export_options[] = {
    CLI_CONFIG_OPTION,
    {"to", 0, CLI_FILE, "FILE", "the node's ML-KEM-1024 public key (required)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "where to write (default: standard output)", 0, 0},
    PASSPHRASE_FILE, END
};

static const struct cli_option fallback_used_options[] = {
    CLI_CONFIG_OPTION,
    {"out", 0, CLI_FILE, "FILE", "where to write (default: standard output)", 0, 0},
    PASSPHRASE_FILE, END
};

static const struct cli_option status_options[] = {
    CLI_CONFIG_OPTION,
    {"socket", 0, CLI_FILE, "PATH", "the daemon's control socket (default: the configuration's)", 0, 0},
    {"watch", 0, CLI_FLAG, NULL, "again every second", 0, 0},
    {"tags", 0, CLI_FLAG, NULL, "the tags that packets begin with, and whose they are, to read captures", 0, 0},
    END
};

static const struct cli_option init_options[] = {
    {"drones", 0, CLI_NUMBER, "N", "how many drones (default: 1)", 1, INIT_DRONES_MAX},
    {"listen", 0, CLI_STRING, "ADDR:PORT", "the gateway's UDP address (default: 0.0.0.0:5710)", 0, 0},
    PASSPHRASE_FILE, NO_PASSPHRASE, END
};

static const struct cli_option keeper_options[] = {
    {"store", 0, CLI_DIR, "DIR", "the store's folder (default: in the state folder)", 0, 0},
    {"socket", 0, CLI_FILE, "PATH", "where it answers (default: keeper.sock in the store's folder)", 0, 0},
    {"key-file", 0, CLI_FILE, "FILE", "unlock the store with this key file", 0, 0},
    {"credential", 0, CLI_STRING, "NAME", "unlock it with a credential of the service manager", 0, 0},
    {"tpm", 0, CLI_FLAG, NULL, "unlock it with the TPM 2.0 at $HEAD2_TPM (default: device:/dev/tpmrm0)", 0, 0},
    {"tpm-pin-file", 0, CLI_FILE, "FILE", "file whose first line is its PIN (default: ask the terminal, where it has one)", 0, 0},
    {"pin-file", 0, CLI_FILE, "FILE", "private uses need this PIN (its first line)", 0, 0},
    {"ledger", 0, CLI_DIR, "DIR", "compare the store with its anchors in this ledger, anchor it, and record changes and uses of keys", 0, 0},
    {"each-use", 0, CLI_FLAG, NULL, "record each use too", 0, 0},
    CLI_USER_OPTION,
    PASSPHRASE_FILE, END
};

#define KEM_EXISTING                                                                               \
    {                                                                                              \
        "existing", 0, CLI_ENUM, "refuse|replace",                                                 \
            "when there is a file of an output's name (default: refuse)", 0, 0                     \
    }

static const struct cli_option kem_encaps_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the receiver's public key", 0, 0},
    {"ct", 0, CLI_FILE, "FILE", "where the ciphertext goes", 0, 0},
    {"secret", 0, CLI_FILE, "FILE", "where the 32-byte secret goes (mode 0600)", 0, 0},
    KEM_EXISTING, END
};

static const struct cli_option kem_decaps_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the receiver's private key", 0, 0},
    {"ct", 0, CLI_FILE, "FILE", "the ciphertext", 0, 0},
    {"secret", 0, CLI_FILE, "FILE", "where the 32-byte secret goes (mode 0600)", 0, 0},
    KEM_EXISTING, PASSPHRASE_FILE, END
};

static const struct cli_option key_generate_options[] = {
    {"type", 0, CLI_ENUM, KEY_TYPES, "algorithm and parameter set (default: ML-DSA-87)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "where the private key goes; never overwrites", 0, 0},
    {"public-out", 0, CLI_FILE, "FILE", "where the public key goes too", 0, 0},
    FORMAT, PRIVATE_FORM, PASSPHRASE_FILE, NO_PASSPHRASE, CLI_RECEIPT_OPTIONS, END
};

static const struct cli_option key_show_options[] = {PASSPHRASE_FILE, END};

static const struct cli_option key_export_options[] = {
    {"out", 0, CLI_FILE, "FILE", "where the public key goes (default: standard output)", 0, 0},
    FORMAT, PASSPHRASE_FILE, END
};

static const struct cli_option key_convert_options[] = {
    {"out", 0, CLI_FILE, "FILE", "where the key goes; never overwrites a private key", 0, 0},
    FORMAT, PRIVATE_FORM, PASSPHRASE_FILE,
    {"new-passphrase-file", 0, CLI_FILE, "FILE",
     "file with the new passphrase (default: ask the terminal)", 0, 0},
    NO_PASSPHRASE, END
};

static const struct cli_option ledger_options[] = {CLI_LEDGER_OPTION, END};

static const struct cli_option ledger_append_options[] = {
    {"kind", 0, CLI_ENUM, "text|job", "job: the files are job records, in JSON (default: text)", 0, 0},
    {"signature", 0, CLI_FILE, "FILE", "of a job: its signature, FILE.sig.maml, which goes into the ledger too", 0, 0},
    {"trust", 0, CLI_FILE, "FILE", "with --signature: trust file, as for verify", 0, 0},
    CLI_LEDGER_OPTION,
    {"key", 0, CLI_FILE, "FILE", "ML-DSA key that signs, a file or keeper:LABEL (default: ledger.key.pem of the folder)", 0, 0},
    CLI_KEEPER_OPTIONS,
    PASSPHRASE_FILE, END
};

static const struct cli_option ledger_cosign_options[] = {
    {"of", 0, CLI_FILE, "FILE", "the public key of the ledger that is looked at", 0, 0},
    {"key", 0, CLI_FILE, "FILE", "the witness's ML-DSA key, a file or keeper:LABEL", 0, 0},
    CLI_KEEPER_OPTIONS,
    {"witness", 0, CLI_DIR, "DIR", "where the witness keeps what it has cosigned; made if there is none", 0, 0},
    {"name", 0, CLI_STRING, "NAME", "what the witness is called (default: head2/witness/ and its key id)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "where the cosigned checkpoint goes (default: standard output)", 0, 0},
    PASSPHRASE_FILE, END
};

static const struct cli_option ledger_import_options[] = {
    {"ledger", 0, CLI_DIR, "DIR", "the new ledger's folder (default: in the state folder)", 0, 0},
    {"key", 0, CLI_FILE, "FILE", "the ledger's public key (default: the one that lies in EXPORT)", 0, 0},
    END
};

static const struct cli_option ledger_judge_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the public key of the ledger", 0, 0},
    END
};

static const struct cli_option ledger_show_options[] = {
    CLI_LEDGER_OPTION,
    {"from", 0, CLI_NUMBER, "N", "the first entry (default: 0)", 0, UINT32_MAX},
    {"count", 0, CLI_NUMBER, "N", "how many (default: all)", 1, UINT32_MAX},
    END
};

static const struct cli_option ledger_verify_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the ledger's public key (default: the one that lies in PATH)", 0, 0},
    {"against", 0, CLI_STRING, "FILE|DIR",
     "a checkpoint, proof or whole receipt that was kept elsewhere, or an earlier export", 0, 0},
    {"evidence", 0, CLI_FILE, "FILE", "where to put what proves that the signer has signed two histories", 0, 0},
    {"witness", 0, CLI_STRING, "FILE|DIR",
     "the public key of a witness that must have cosigned the newest checkpoint (or a folder of some)", 0, 0},
    END
};

static const struct cli_option maml_check_options[] = {CLI_MAML_MODE_OPTION, END};

static const struct cli_option maml_history_options[] = {
    {"verify", 0, CLI_FLAG, NULL, "judge every signature and ticket in it", 0, 0},
    {"key", 0, CLI_FILE, "FILE", "the signer's public key", 0, 0},
    {"trust", 0, CLI_FILE, "FILE", "trust file, as for verify", 0, 0},
    {"earlier", 0, CLI_FILE, "FILE", "a copy from before: the document must begin with it", 0, 0},
    PASSPHRASE_FILE, END
};

#define SIGNING                                                                                    \
    {"key", 0, CLI_FILE, "FILE", "the signing key, a file or keeper:LABEL (default: $HEAD2_KEY)",  \
     0, 0},                                                                                        \
    CLI_KEEPER_OPTIONS,                                                                            \
    {"signer", 0, CLI_STRING, "NAME", "who signs (default: CHIMERA-HEAD-2)", 0, 0}
#define SIGNATURE                                                                                  \
    {"hash", 0, CLI_ENUM, "blake3|sha3-512",                                                       \
     "digest in the block (default: blake3; for CNSA: sha3-512)", 0, 0},                           \
    {"proof", 0, CLI_FILE, "FILE", "evidence record to carry in the block, at most 64 KiB", 0, 0}, \
    {"deterministic", 0, CLI_FLAG, NULL, "without fresh randomness, for reproducible builds", 0,   \
     0},                                                                                           \
    {"out", 0, CLI_FILE, "FILE", "where the result goes (one file only)", 0, 0}
#define SIGN_EXISTING                                                                              \
    {"existing", 0, CLI_ENUM, "refuse|replace|skip",                                               \
     "when there is a signature already (default: refuse)", 0, 0}

static const struct cli_option maml_sign_options[] = {
    SIGNING, SIGNATURE, SIGN_EXISTING, CLI_MAML_MODE_OPTION, PASSPHRASE_FILE, CLI_RECEIPT_OPTIONS, END
};

static const struct cli_option maml_ticket_options[] = {
    SIGNING,
    {"input", 0, CLI_FILE, "FILE", "what was run on (required)", 0, 0},
    {"output", 0, CLI_FILE, "FILE", "what came of it (required)", 0, 0},
    {"duration-ms", 0, CLI_NUMBER, "N", "how long it ran, in milliseconds (default: 0)", 0, 999999999999},
    {"head", 0, CLI_STRING, "ID", "who ran it (default: CHIMERA-HEAD-2)", 0, 0},
    {"trust", 0, CLI_FILE, "FILE", "for a present signature by another key: trust file, as for verify", 0, 0},
    SIGNATURE, CLI_MAML_MODE_OPTION, PASSPHRASE_FILE, CLI_RECEIPT_OPTIONS, END
};

static const struct cli_option maml_verify_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the signer's public key", 0, 0},
    {"trust", 0, CLI_FILE, "FILE", "trust file, as for verify", 0, 0},
    {"signer", 0, CLI_STRING, "NAME", "demand this signer", 0, 0},
    {"proof", 0, CLI_FILE, "FILE", "demand this evidence record", 0, 0},
    CLI_RECORDED_OPTIONS, CLI_MAML_MODE_OPTION, PASSPHRASE_FILE, END
};

static const struct cli_option maml_may_options[] = {
    {"agent", 0, CLI_STRING, "URI", "who asks (required)", 0, 0},
    {"action", 0, CLI_ENUM, "read|write|execute", "what for (required)", 0, 0},
    END
};

static const struct cli_option maml_show_options[] = {
    {"section", 0, CLI_STRING, "NAME", "print this section as it is", 0, 0},
    {"proof", 0, CLI_FILE, "FILE", "write the signature block's evidence record there", 0, 0},
    END
};

static const struct cli_option mu_options[] = {
    {"of", 0, CLI_FILE, "FILE", "check that the argument is the reverse of this text", 0, 0},
    END
};

static const struct cli_option receipt_check_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the ledger's public key (default: the one that lies in the ledger)", 0, 0},
    CLI_LEDGER_OPTION,
    {"checkpoint", 0, CLI_STRING, "FILE|DIR",
     "for short receipts: their checkpoint, or an export that has it (default: the ledger)", 0, 0},
    END
};

static const struct cli_option receipt_get_options[] = {
    {"out", 0, CLI_FILE, "FILE", "where the receipt goes (default: standard output)", 0, 0},
    {"proof", 0, CLI_ENUM, "whole|short",
     "whole: with the checkpoint, checked by the key alone; short: with its hash (default: whole)", 0, 0},
    CLI_LEDGER_OPTION, END
};

static const struct cli_option receipt_search_options[] = {
    {"kind", 0, CLI_STRING, "KIND", "of this kind: rotation, signature, job, ... (default: all)", 0, 0},
    {"from", 0, CLI_STRING, "TIME", "not before this day, or this time in UTC", 0, 0},
    {"to", 0, CLI_STRING, "TIME", "before this day, or this time in UTC", 0, 0},
    {"peer", 0, CLI_STRING, "NAME", "whose text has the line 'Peer: NAME'", 0, 0},
    {"key-id", 0, CLI_STRING, "ID", "whose text names this key: Key ID, Old or New Key ID, Subject", 0, 0},
    {"subject", 0, CLI_STRING, "ID", "whose text has the line 'Subject: ID'", 0, 0},
    {"count", 0, CLI_NUMBER, "N", "the newest N of them (default: all)", 1, 1000000},
    CLI_LEDGER_OPTION, END
};

static const struct cli_option receipt_show_options[] = {
    {"both", 0, CLI_FLAG, NULL, "forward and reverse beside each other", 0, 0},
    CLI_LEDGER_OPTION, END
};

static const struct cli_option report_options[] = {
    {"from", 0, CLI_STRING, "T", "the period's beginning: a day or a time, in UTC (required)", 0, 0},
    {"to", 0, CLI_STRING, "T", "its end, which is not in it (required)", 0, 0},
    {"format", 0, CLI_ENUM, "md|csv|html|json", "Markdown, CSV, one HTML page, or JSON (default: md)", 0, 0},
    {"regime", 0, CLI_ENUM, "137.71|7cfr110|eu2023-564|nis2|cnsa|all",
     "by whose rules (default: all; of CSV one must be named)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "where it goes (default: standard output)", 0, 0},
    {"existing", 0, CLI_ENUM, "refuse|replace",
     "when there is a report or signature of that name (default: refuse)", 0, 0},
    {"ledger", 0, CLI_DIR, "DIR", "the ledger's folder, or an export (default: in the state folder)", 0, 0},
    {"ledger-key", 0, CLI_FILE, "FILE", "the ledger's public key (default: the one that lies in it)", 0, 0},
    {"trust", 0, CLI_FILE, "FILE", "whose signatures of job records are trusted, as for verify", 0, 0},
    {"key", 0, CLI_FILE, "FILE", "sign the report, with this file's key or keeper:LABEL (default: it is not signed)", 0, 0},
    CLI_KEEPER_OPTIONS,
    {"signer", 0, CLI_STRING, "NAME", "who signs it (default: CHIMERA-HEAD-2)", 0, 0},
    {"hash", 0, CLI_ENUM, "blake3|sha3-512", "digest in its signature block (default: blake3)", 0, 0},
    {"no-receipt", 0, CLI_FLAG, NULL, "do not record its signature in the ledger", 0, 0},
    PASSPHRASE_FILE, END
};

#define RNG_CONFIG                                                                                 \
    {"config", 'c', CLI_FILE, "FILE",                                                              \
     "with the sources and settings of a daemon's configuration (default: none)", 0, 0}
#define RNG_OPTIONS                                                                                \
    RNG_CONFIG,                                                                                    \
    {"policy", 0, CLI_ENUM, "auto|two|single|fast|compat",                                         \
     "how many sources must vouch for a generator (default: auto)", 0, 0},                         \
    {"reseed", 0, CLI_ENUM, "strict|90a",                                                          \
     "every 2^17 bits, or every 100 MB; and every 60 s (default: strict)", 0, 0},                  \
    {"generator", 0, CLI_ENUM, "ctr-drbg|xdrbg-256",                                               \
     "what computes the output (default: ctr-drbg)", 0, 0}

static const struct cli_option rng_assess_options[] = {
    {"bits", 0, CLI_NUMBER, "N", "bits of a sample (default: as many as the largest has)", 1, 8},
    {"iid", 0, CLI_FLAG, NULL, "test whether the samples are IID, and estimate as if", 0, 0},
    {"non-iid", 0, CLI_FLAG, NULL, "the ten estimators (this is the default)", 0, 0},
    {"restart", 0, CLI_FLAG, NULL, "FILE has 1000 restarts of 1000 samples each; needs --initial", 0, 0},
    {"initial", 0, CLI_STRING, "H", "entropy of a sample as it was submitted or assessed before", 0, 0},
    {"seed", 0, CLI_STRING, "HEX", "of the permutations, 64 digits (default: zeros)", 0, 0},
    {"samples", 0, CLI_NUMBER, "N", "of a SOURCE: how many to take (default: 1000000)", 1000, 1 << 26},
    {"keep", 0, CLI_FILE, "FILE", "of a SOURCE: write the samples there too", 0, 0},
    RNG_CONFIG, END
};

static const struct cli_option rng_bytes_options[] = {
    {"hex", 0, CLI_FLAG, NULL, "as lines of hexadecimal digits", 0, 0},
    {"fresh", 0, CLI_FLAG, NULL, "prediction resistance: a reseed before every 64 KiB", 0, 0},
    RNG_OPTIONS, END
};

static const struct cli_option rng_conditioning_options[] = {
    {"in", 0, CLI_NUMBER, "BITS", "length of the input (default: 1024)", 1, 1 << 20},
    {"h-in", 0, CLI_STRING, "BITS", "its entropy (default: a table)", 0, 0},
    {"out-bits", 0, CLI_NUMBER, "BITS", "length of the output (default: 512)", 1, 1 << 16},
    {"nw", 0, CLI_NUMBER, "BITS", "narrowest internal width (default: 512)", 1, 1 << 16},
    END
};

static const struct cli_option rng_monitor_options[] = {
    {"count", 0, CLI_NUMBER, "N", "end after so many (default: never)", 1, 1000000000},
    RNG_OPTIONS, END
};

static const struct cli_option rng_report_options[] = {
    {"out", 0, CLI_FILE, "FILE", "where the page goes", 0, 0},
    {"bits", 0, CLI_NUMBER, "N", "of a FILE: bits of a sample (default: as many as the largest has)", 1, 8},
    {"samples", 0, CLI_NUMBER, "N", "of a SOURCE: how many to take (default: 1000000)", 1000, 1 << 26},
    {"claim", 0, CLI_STRING, "H", "entropy of a sample that the health tests go by (default: the "
     "source's, of a file half of what is assessed)", 0, 0},
    RNG_CONFIG, END
};

static const struct cli_option rng_restart_options[] = {
    {"initial", 0, CLI_STRING, "H", "what a sample was assessed at (default: what the source claims)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "write the samples there too, a restart after the other", 0, 0},
    END
};

static const struct cli_option rng_seed_options[] = {
    {"bits", 0, CLI_NUMBER, "N", "length of the seed (default: 256)", 128, 512},
    {"out", 0, CLI_FILE, "FILE", "write it there, raw, mode 0600 (default: print digits)", 0, 0},
    RNG_OPTIONS, END
};

static const struct cli_option rng_selftest_options[] = {
    {"induce", 0, CLI_STRING, "FAULT",
     "then feed a fault to the health tests: stuck, biased, periodic, all, or a FILE of samples", 0, 0},
    RNG_OPTIONS, END
};

static const struct cli_option rng_status_options[] = {RNG_OPTIONS, END};

static const struct cli_option rng_demo_options[] = {
    {"bits", 0, CLI_NUMBER, "N", "of the provider's seed (default 22; Qiskit Aer's have 32)", 8, 32},
    {"seed", 0, CLI_NUMBER, "N", "of the provider (default: a random one)", 0, UINT32_MAX},
    END
};

static const struct cli_option rng_simulate_options[] = {
    {"shots", 0, CLI_NUMBER, "N", "how often the circuit is run (default 1024)", 1, 1 << 26},
    {"seed", 0, CLI_NUMBER, "N", "the same shots each time (default: from the library's generator)", 0, UINT64_MAX},
    {"readout-error", 0, CLI_STRING, "P|P01,P10", "chances that a 0 is read as 1, and a 1 as 0 (default 0)", 0, 0},
    {"out", 0, CLI_FILE, "FILE", "raw shots go here, each a byte (above 8 bits: two or three)", 0, 0},
    {"counts", 0, CLI_FLAG, NULL, "print how often each outcome came, not the most frequent alone", 0, 0},
    {"existing", 0, CLI_ENUM, "refuse|replace",
     "when there is a file of the output's name (default: refuse)", 0, 0},
    END
};

#define FORM                                                                                       \
    {"form", 0, CLI_ENUM, CLI_FORM_VALUES,                                                         \
     "form of the signature (default auto: maml for .maml.md, else detached)", 0, 0},              \
    {"raw", 0, CLI_FLAG, NULL, "bare ML-DSA signature in FILE.sig (same as --form raw)", 0, 0},    \
    {"context", 0, CLI_STRING, "STR", "context string of a raw signature (default: empty)", 0, 0}

static const struct cli_option sign_options[] = {
    SIGNING, FORM, SIGNATURE,
    {"media-type", 0, CLI_STRING, "TYPE", "media type (default: from the name)", 0, 0},
    SIGN_EXISTING, PASSPHRASE_FILE, CLI_RECEIPT_OPTIONS, END
};

static const struct cli_option verify_options[] = {
    {"key", 0, CLI_FILE, "FILE", "the signer's public key", 0, 0},
    {"trust", 0, CLI_FILE, "FILE",
     "trust file, a line: NAME KEY [VALID-AFTER] [VALID-BEFORE] [REVOKED-AT]", 0, 0},
    {"signer", 0, CLI_STRING, "NAME", "demand this signer", 0, 0},
    FORM,
    {"signature", 0, CLI_FILE, "FILE", "where the signature is (default: from the name)", 0, 0},
    CLI_RECORDED_OPTIONS, PASSPHRASE_FILE, END
};

#define FILES (CLI_EXIT(CLI_INPUT) | CLI_EXIT(CLI_REFUSED))
#define CHECKS (FILES | CLI_EXIT(CLI_FAILED))
#define RANDOM CLI_EXIT(CLI_HEALTH)
#define ASKS   (CHECKS | CLI_EXIT(CLI_UNREACHABLE)) /* a keeper */

const struct cli_verb cli_verbs[] = {
    {"acvp", NULL, "PROMPT.json", 1, 1, "answer an ACVP prompt, to check the primitives",
     "Reads a prompt of NIST's ACVP and prints the response: ML-KEM keyGen and encapDecap, ML-DSA "
     "keyGen, sigGen and sigVer (contexts, pre-hash, external mu, internal interface), SHA3, SHAKE, "
     "AES-GCM. With --check the results are compared with the expected ones instead.",
     acvp_options, CHECKS, cmd_acvp},
    {"bench", NULL, "", 0, 0, "measure this machine",
     "Hashes, keys, signatures, packets, handshakes, and streams at 32 and 48 Mbit/s, on one core. "
     "A row shows the median time of an operation (of signing: the mean), in microseconds, in "
     "cycles and in yardsticks. A yardstick is the time that libcrypto's SHAKE128 takes for 16 KiB, "
     "measured in the same run: its quotients can be compared between machines.",
     bench_options, CLI_EXIT(CLI_FAILED) | CLI_EXIT(CLI_INPUT) | CLI_EXIT(CLI_REFUSED) | CLI_EXIT(CLI_HEALTH), cmd_bench},
    {"completion", NULL, "bash|zsh|fish", 1, 1, "print the completion script of a shell",
     "For bash: head2 completion bash > /etc/bash_completion.d/head2", NULL,
     CLI_EXIT(CLI_REFUSED), cmd_completion},
    {"config", "check", "FILE", 1, 1, "check a gateway's or a link's configuration",
     "An error names file, line, column and key. Keys that are named are read too; of an "
     "encrypted identity only that it is one.", NULL, FILES,
     cmd_config_check},
    {"doctor", NULL, "", 0, 0, "look at this machine and test the primitives",
     "One line for each thing looked at: ok, warn or fail, and what to do. With a configuration: its "
     "keys, state folder, ports and TUN device; of a link also the path to its gateway, to which two "
     "datagrams are sent that may not be cut up. Exit code 6 when a self-test or the randomness "
     "fails, 1 when something else does.",
     doctor_options, FILES | CLI_EXIT(CLI_FAILED) | CLI_EXIT(CLI_HEALTH), cmd_doctor},
    {"fallback", "check", "FILE", 1, 1, "at the gateway: compare a node's count with the drones'",
     "FILE is what 'head2 fallback used' wrote at a node of fallback.nodes. A key that the node has "
     "accepted more often than its drone says it has used it is an alarm, and exit code 1: somebody "
     "else has it.", fallback_options, CHECKS, cmd_fallback_check},
    {"fallback", "export", "", 0, 0, "at the gateway: the keys in force, for a node",
     "Sealed to the node's ML-KEM-1024 key and signed by the gateway. Each drone gets a new key now and "
     "then: export again after each, or every few minutes.", fallback_export_options,
     FILES | RANDOM | CLI_EXIT(CLI_FAILED), cmd_fallback_export},
    {"fallback", "import", "FILE", 1, 1, "at a node: take what the gateway exported",
     "Nothing is taken unless the gateway's signatures hold. Keys that do not name this node are left "
     "out; one that is there already stays as it is, with its count. A running node sees new keys at "
     "once.",
     fallback_import_options, CHECKS, cmd_fallback_import},
    {"fallback", "list", "", 0, 0, "the fallback keys that this end keeps",
     "At a gateway, a link or a node: as the configuration says. With --json, an object for each.",
     fallback_options, FILES, cmd_fallback_list},
    {"fallback", "show", "ID", 1, 1, "all about a fallback key but the key",
     "ID is a key's, or what it begins with.", fallback_options, FILES, cmd_fallback_show},
    {"fallback", "used", "", 0, 0, "at a node: how often each key was used, signed",
     "For 'head2 fallback check' at the gateway.", fallback_used_options, FILES | RANDOM,
     cmd_fallback_used},
    {"gateway", NULL, "", 0, 0, "run the gateway: sessions of many drones on one UDP port",
     "Events are JSON lines on standard error. SIGTERM closes the sessions and ends; SIGHUP reads "
     "the configuration again and keeps the sessions. With --fallback, an edge node that drones turn "
     "to when their gateway is lost: see docs/operating.md.\n"
     "There are three processes: this one starts a keeper, which has the private key and signs, and a "
     "front, which has the network; either is started again when it was killed. identity.key of the "
     "configuration may be keeper:LABEL, a key of a sealed store.", gateway_options,
     FILES | RANDOM, cmd_gateway},
    {"help", NULL, "[VERB [SUBVERB]]", 0, 2, "list the verbs, or explain one", NULL, help_options,
     CLI_EXIT(CLI_REFUSED), cmd_help},
    {"init", NULL, "DIR", 1, 1, "make a gateway and its drones: keys and configuration",
     "DIR gets head2.yaml, gateway.pem, a trust file, the state folder with the receipts of the new "
     "keys, and links/ with a file and a key for each drone. DIR must be new or empty.",
     init_options, FILES | RANDOM, cmd_init},
    {"keeper", NULL, "", 0, 0, "run the keeper: it has the store's private keys, and works with them",
     "Programs of the same user, and root, ask at a unix socket for signatures, decapsulation, new keys "
     "and the like (docs/formats.md); a private key leaves only where it was made or imported to be extractable. "
     "PKCS#11 clients ask through libhead2-pkcs11.so (docs/pkcs11.md). "
     "The keeper has no network, no files but the store's and only the system calls that it needs, as "
     "far as this machine offers that; it says what is not in force. Should it die, it is started again "
     "without a person. Changes of keys are JSON lines on standard error. SIGTERM ends it.",
     keeper_options, CHECKS | RANDOM, cmd_keeper},
    {"keeper", "approve", "KEY", 1, 1, "let a key that has an approver be used, as its approver",
     cli_keeper_approve_about, cli_keeper_approve_options, ASKS, cmd_keeper_approve},
    {"keeper", "destroy", "ID", 1, 1, "destroy a key of a keeper that runs",
     "ID is the whole key id, as this cannot be undone.", cli_keeper_ask_options, ASKS,
     cmd_keeper_destroy},
    {"keeper", "export", "KEY", 1, 1, "write the public part of a keeper's key",
     "KEY is an id, at least eight digits of one, or the label of an active key.",
     cli_keeper_export_options, ASKS, cmd_keeper_export},
    {"keeper", "generate", "LABEL", 1, 1, "make a key pair in a keeper that runs",
     cli_keeper_generate_about, cli_keeper_generate_options, ASKS | RANDOM,
     cmd_keeper_generate},
    {"keeper", "list", "", 0, 0, "list the keys of a keeper that runs", NULL, cli_keeper_ask_options,
     ASKS, cmd_keeper_list},
    {"keeper", "revoke", "ID", 1, 1, "revoke a key of a keeper: nothing private is used any more",
     "ID is the whole key id, as this cannot be undone. Signatures can still be verified.",
     cli_keeper_ask_options, ASKS, cmd_keeper_revoke},
    {"keeper", "rotate", "KEY", 1, 1, "put a new key pair in the place of a keeper's key",
     "The new one has the label and the policy of the old one, which signs and encapsulates no more. "
     "KEY is an id, at least eight digits of one, or the label of an active key.",
     cli_keeper_rotate_options, ASKS | RANDOM, cmd_keeper_rotate},
    {"keeper", "show", "KEY", 1, 1, "tell everything of a keeper's key but the key",
     "KEY is an id, at least eight digits of one, or the label of an active key.",
     cli_keeper_ask_options, ASKS, cmd_keeper_show},
    {"keeper", "status", "", 0, 0, "tell how a keeper does, and what of its confinement is in force",
     NULL, cli_keeper_ask_options, ASKS, cmd_keeper_status},
    {"kem", "decaps", "", 0, 0, "recover the shared secret of a ciphertext",
     "A ciphertext of the right length always gives a secret: one that was not made for this key "
     "gives a secret that nobody else knows (FIPS 203).", kem_decaps_options, FILES,
     cmd_kem_decaps},
    {"kem", "encaps", "", 0, 0, "make a shared secret and its ciphertext for a public key", NULL,
     kem_encaps_options, FILES | RANDOM, cmd_kem_encaps},
    {"key", "convert", "FILE", 1, 1, "write a key in another encoding, form or passphrase", NULL,
     key_convert_options, FILES, cmd_key_convert},
    {"key", "export", "FILE", 1, 1, "write the public part of a key", NULL, key_export_options,
     FILES, cmd_key_export},
    {"key", "generate", "", 0, 0, "make a key pair",
     "The private key is encrypted with a passphrase unless --no-passphrase is said, its file has "
     "mode 0600, and a .mu receipt is written.", key_generate_options, FILES | RANDOM,
     cmd_key_generate},
    {"key", "show", "FILE", 1, 1, "print a key's algorithm, id and hash; nothing secret", NULL,
     key_show_options, FILES, cmd_key_show},
    {"ledger", "append", "FILE...", 1, -1, "append files to the ledger, and sign a checkpoint",
     "Each file becomes one entry, UTF-8 of at most 64 KiB: all of them or none, durable when their "
     "numbers are printed. The first append makes the ledger and its key. One process at a time; "
     "others wait for up to 5 s. A job record is checked: all that is wrong is listed, and what a "
     "report would lack is said. One with an invalid signature is refused.", ledger_append_options,
     CHECKS | RANDOM, cmd_ledger_append},
    {"ledger", "cosign", "PATH", 1, 1, "sign another ledger's checkpoint, as its witness",
     "PATH is an export, a ledger's folder or a checkpoint, of which the newest is cosigned. Its "
     "signature must hold, and it must go on from the last that this witness has cosigned of that "
     "ledger (the first is trusted), which the tiles of PATH show; a smaller one is a rollback. Of a "
     "fork the evidence is kept in DIR. 'head2 ledger verify --witness' asks for the cosignature.",
     ledger_cosign_options, CHECKS | RANDOM, cmd_ledger_cosign},
    {"ledger", "export", "DIR", 1, 1, "write the ledger as plain files, for an auditor",
     "DIR must not exist. It gets the entries as JSON lines, the tree as tiles, every checkpoint and "
     "the public key: docs/formats.md says how they can be checked without this program. Of a damaged "
     "ledger what can still be read is written, marked as incomplete, with exit code 3.",
     ledger_options, FILES, cmd_ledger_export},
    {"ledger", "import", "EXPORT", 1, 1, "make a ledger of an export",
     "The export is checked as 'head2 ledger verify' does it, and refused for any fault. The ledger "
     "has the same entries and checkpoints: whoever holds its private key appends to it with 'ledger "
     "append --key'. Entries that no checkpoint signs are left out, as nobody vouches for them. "
     "There must not be a ledger in its place yet.", ledger_import_options,
     CHECKS, cmd_ledger_import},
    {"ledger", "judge", "FILE", 1, 1, "check evidence that a ledger's signer has signed two histories",
     "Takes what 'ledger verify --evidence' or a witness wrote, and the ledger's public key; no "
     "ledger and no network. Exit code 0: it is proven. 1: the file proves nothing.",
     ledger_judge_options, CHECKS, cmd_ledger_judge},
    {"ledger", "prove", "INDEX", 1, 1, "prove that an entry is in the ledger",
     "Prints one JSON object: the entry, its place in the tree, and a signed checkpoint. 'head2 "
     "ledger verify' checks it with the public key alone.", ledger_options, FILES,
     cmd_ledger_prove},
    {"ledger", "show", "", 0, 0, "list the entries", "With --json an object for each, with its text.",
     ledger_show_options, FILES, cmd_ledger_show},
    {"ledger", "stats", "", 0, 0, "how much the ledger holds, of which kinds", NULL, ledger_options,
     FILES, cmd_ledger_stats},
    {"ledger", "verify", "PATH", 1, 1, "check a ledger, an export or a proof, offline",
     "Every entry, hash and signature is checked; what is changed, missing, doubled or cut off is "
     "named. One copy by itself cannot show that somebody else was shown another history, or that "
     "the end was cut off with its checkpoints: --against does, and the output says which was the "
     "case. Exit code 1 when something does not hold.", ledger_verify_options, CHECKS,
     cmd_ledger_verify},
    {"link", NULL, "", 0, 0, "run a drone's end: local UDP ports to lanes of a session",
     "A lane's port takes datagrams from local programs and gives what arrives to the one that sent "
     "last. Events and signals as with the gateway.", daemon_options,
     FILES | RANDOM | CLI_EXIT(CLI_UNREACHABLE), cmd_link},
    {"maml", "check", "FILE...", 1, -1, "check MAML documents",
     "Front matter, sections, History and the form of the signature block. Each finding is a line "
     "with its place, what is wrong and how to mend it. A good document need not be signed, and a "
     "signature is not verified: that is 'head2 maml verify'.", maml_check_options, FILES,
     cmd_maml_check},
    {"maml", "history", "FILE", 1, 1, "list or verify the History of a MAML document",
     "With --verify: every signature that the document carried before, and every ticket, up to the "
     "present signature. A line of History that was changed or removed breaks the signature after "
     "it. Entries cut off at the end, with the signature that stood there put back, are seen only "
     "with --earlier.", maml_history_options, CHECKS, cmd_maml_history},
    {"maml", "may", "FILE", 1, 1, "whether a MAML document lets an agent do something",
     "Exit code 5 when its permissions do not name the agent for the action. In a pattern * stands "
     "for any characters. The answer is what the document says: verify it first.",
     maml_may_options, FILES, cmd_maml_may},
    {"maml", "show", "FILE...", 1, -1, "print what MAML documents say",
     "Front matter, sections with their places, History, and who signed; nothing is verified.",
     maml_show_options, FILES, cmd_maml_show},
    {"maml", "sign", "FILE...", 1, -1, "check and sign MAML documents",
     "As sign does; a document that 'head2 maml check' finds an error in is not signed.",
     maml_sign_options, FILES | RANDOM, cmd_maml_sign},
    {"maml", "ticket", "FILE", 1, 1, "append a signed execution ticket to a MAML document",
     "One line of History says, signed, that something was run on an input and gave an output. The "
     "document is signed anew; the signature that it had must be valid, by the same key or one of "
     "the trust file, and stays in History.", maml_ticket_options, CHECKS | RANDOM, cmd_maml_ticket},
    {"maml", "verify", "FILE...", 1, -1, "check and verify MAML documents",
     "As verify does; a document that 'head2 maml check' finds an error in is malformed, whatever "
     "its signature.", maml_verify_options, CHECKS, cmd_maml_verify},
    {"mu", NULL, "FILE", 1, 1, "print a text reversed, code point by code point",
     "The rule of .mu receipts: the whole UTF-8 text reversed by code point, which is each line "
     "reversed and the order of lines reversed. Doing it twice gives the text back. With --of, "
     "nothing is reversed: FILE is compared with what the reverse of that text is, and the first "
     "difference is named.", mu_options, CHECKS, cmd_mu},
    {"receipt", "check", "FILE...", 1, -1, "check .mu receipts, offline",
     "Whether the text is the one that was hashed, and a checkpoint signed by the ledger's key holds "
     "it. A whole receipt carries its checkpoint and needs the key alone; that of a short one comes "
     "from the ledger, an export, or a file. Without --key it is shown no more than that receipt "
     "and ledger agree. Exit code 1 when one is invalid.", receipt_check_options, CHECKS,
     cmd_receipt_check},
    {"receipt", "get", "NUMBER", 1, 1, "write the .mu receipt of an entry of the ledger",
     "The entry's text reversed, and the proof that the ledger holds it: about 2 KB, and with its "
     "checkpoint 8 KB. An entry that no checkpoint has yet is refused, and so is a text above "
     "4,096 bytes, for which there is 'head2 ledger prove'.", receipt_get_options, FILES,
     cmd_receipt_get},
    {"receipt", "search", "", 0, 0, "list entries of the ledger by kind, time, peer, key",
     "One line each, the newest last; with --json an object for each, with its text. Names and keys "
     "are compared with whole lines of the text.", receipt_search_options, FILES,
     cmd_receipt_search},
    {"receipt", "show", "WHAT...", 1, -1, "print what receipts say",
     "WHAT is an entry's number, or a .mu file (./5 for a file of that name). Nothing is verified "
     "but that a file's text has its hash: that is 'head2 receipt check'.", receipt_show_options,
     CHECKS, cmd_receipt_show},
    {"report", NULL, "", 0, 0, "a compliance report for a period, from the ledger",
     "Verifies the ledger, or an export given in its place, and lists what it holds for the period: "
     "job records as 14 CFR 137.71, 7 CFR 110.3 and EU 2023/564 ask for them, the life cycle of keys "
     "and alarms for NIS2, and exceptions from CNSA 2.0. What is missing is listed as missing. "
     "Receipts belong to the period by the time of their entry, job records by their start. With --key "
     "the report is signed, in FILE.sig.maml, and its signature recorded in the ledger; one that goes "
     "to standard output is not.",
     report_options, CHECKS | RANDOM, cmd_report},
    {"rng", "assess", "FILE|SOURCE", 1, 1,
     "how much entropy samples of a noise source show (SP 800-90B)",
     "A FILE has one sample a byte, in the low bits; the standard asks for 1,000,000. A SOURCE is one "
     "that 'head2 rng status' lists, whose samples are taken now (a file of that name is ./NAME). "
     "Estimates are "
     "those of NIST's tool. A statistical test sees patterns, not causes: the output of a generator "
     "with a known seed passes too. With --iid exit code 1 says that the samples are not IID; the "
     "same seed gives the same verdict.",
     rng_assess_options, CHECKS | RANDOM | CLI_EXIT(CLI_UNREACHABLE), cmd_rng_assess},
    {"rng", "bytes", "N", 1, 1, "random bytes, for other programs",
     "N is a number of bytes, or one with k, M, G or T (powers of 1024). Raw bytes are not written "
     "to a terminal.", rng_bytes_options, CLI_EXIT(CLI_REFUSED) | RANDOM, cmd_rng_bytes},
    {"rng", "conditioning", "", 0, 0, "how much entropy conditioning leaves (SP 800-90B, 3.1.5.1.2)",
     "Output_Entropy of a vetted conditioner. As many bits in as come out do not give full entropy; "
     "64 more do.", rng_conditioning_options, CLI_EXIT(CLI_REFUSED), cmd_rng_conditioning},
    {"rng", "demo-sim-attack", "", 0, 0, "find the seed of a simulated quantum generator",
     "Plays a provider of \"quantum\" randomness that simulates Hadamard gates as Qiskit Aer does, and "
     "finds its seed from its shots; then says what it will hand out next. See docs/simulator.md.",
     rng_demo_options, FILES | RANDOM | CLI_EXIT(CLI_FAILED), cmd_rng_demo_sim_attack},
    {"rng", "monitor", "", 0, 0, "watch the sources of this machine",
     "Makes a key each second, looks at 512 samples of each source, and shows how near they came to "
     "the cutoffs of the health tests. With --json one object each second.", rng_monitor_options,
     CLI_EXIT(CLI_REFUSED) | RANDOM, cmd_rng_monitor},
    {"rng", "report", "FILE|SOURCE", 1, 1, "a page about a source's samples, with plots",
     "One HTML file that needs nothing else: estimators, bias of bits, autocorrelation, values, and "
     "the health tests over time.", rng_report_options,
     FILES | RANDOM | CLI_EXIT(CLI_UNREACHABLE), cmd_rng_report},
    {"rng", "restart", "SOURCE", 1, 1, "restart a source 1000 times and compare (SP 800-90B, 3.1.4)",
     "A restart is a new process that opens the source and takes its first 1000 samples, through the "
     "health tests.", rng_restart_options, CHECKS | RANDOM, cmd_rng_restart},
    {"rng", "seed", "", 0, 0, "a seed of fresh entropy, for another generator",
     "At least 320 bits of a source, freshly credited, go into it. With --json, what it was made "
     "from.", rng_seed_options, FILES | RANDOM, cmd_rng_seed},
    {"rng", "selftest", "", 0, 0, "known answers, start-up tests, and faults on purpose",
     "With --induce, a source that has passed its start-up tests turns bad, and must be found by the "
     "same code that watches the others.", rng_selftest_options, FILES | RANDOM, cmd_rng_selftest},
    {"rng", "simulate", "FILE.qasm", 1, 1, "run a quantum circuit in a simulator (0 bits credited)",
     "FILE is in a subset of OpenQASM 2 or 3: up to 20 qubits; examples are in examples/circuits. "
     "Prints counts, and the exact min-entropy that the outcomes would have if nature made them. What "
     "a simulator makes has the entropy of its seed and no more: it is credited nothing, and serves "
     "to test assessors (head2 rng assess) and devices. See docs/simulator.md.",
     rng_simulate_options, FILES | RANDOM, cmd_rng_simulate},
    {"rng", "status", "", 0, 0, "what the sources of this machine give",
     "Makes a key and shows for each source: what it is credited for a sample, how many it gave, "
     "bits credited and spent, its supply while it works, and how near it came to the cutoffs of the "
     "health tests. Both rates are shown: the generator's output and the entropy that it rests on.",
     rng_status_options, FILES | RANDOM, cmd_rng_status},
    {"sign", NULL, "FILE|DIR...", 1, -1, "sign files",
     "A MAML document (.maml.md) gets the signature block at its end; any other file gets it in "
     "FILE.sig.maml; --raw writes a bare ML-DSA signature to FILE.sig. Of a folder its files are "
     "signed, but hidden ones and signatures. Each signature is recorded in the ledger before it is "
     "written. The first file that cannot be signed ends the run.",
     sign_options, FILES | RANDOM, cmd_sign},
    {"status", NULL, "", 0, 0, "show a running gateway or link on one screen",
     "With --json it is one object: docs/configuration.md lists its "
     "fields. With --watch, one each second.",
     status_options, FILES | CLI_EXIT(CLI_UNREACHABLE), cmd_status},
    {"store", "anchor", "", 0, 0, "write into a ledger what the store is like now", cli_store_anchor_about,
     cli_store_anchor_options, CHECKS | RANDOM, cmd_store_anchor},
    {"store", "backup", "FILE", 1, 1, "write the store to one file, sealed", cli_store_backup_about,
     cli_store_unlock_options, CHECKS, cmd_store_backup},
    {"store", "check", "[BACKUP]", 0, 1, "check the sealed store, or a backup of it",
     cli_store_check_about, cli_store_unlock_options, CHECKS, cmd_store_check},
    {"store", "destroy", "ID", 1, 1, "destroy a private key in the store", cli_store_destroy_about,
     cli_store_unlock_options, CHECKS | RANDOM, cmd_store_destroy},
    {"store", "export", "KEY", 1, 1, "write a key of the store to a file", cli_store_export_about,
     cli_store_export_options, CHECKS, cmd_store_export},
    {"store", "import", "KEYFILE", 1, 1, "seal a private key into the store",
     cli_store_import_about, cli_store_import_options, CHECKS | RANDOM, cmd_store_import},
    {"store", "init", "", 0, 0, "make a sealed store for private keys", cli_store_init_about,
     cli_store_init_options, FILES | RANDOM, cmd_store_init},
    {"store", "list", "", 0, 0, "list the keys in the store, without unlocking or checking it",
     NULL, cli_store_list_options, FILES, cmd_store_list},
    {"store", "policy", "KEY", 1, 1, "change what a key of the store may be used for",
     cli_store_policy_about, cli_store_policy_options, CHECKS | RANDOM, cmd_store_policy},
    {"store", "restore", "FILE", 1, 1, "put a backup of the store in its place",
     cli_store_restore_about, cli_store_restore_options, CHECKS | RANDOM, cmd_store_restore},
    {"store", "rewrap", "", 0, 0, "a new key for the store", cli_store_rewrap_about,
     cli_store_rewrap_options, CHECKS | RANDOM, cmd_store_rewrap},
    {"store", "show", "KEY", 1, 1, "show all that is known of a key, without unlocking or checking it",
     NULL, cli_store_list_options, FILES, cmd_store_show},
    {"store", "wrap-add", "", 0, 0, "one more way to open the store", cli_store_wrap_add_about,
     cli_store_rewrap_options, CHECKS | RANDOM, cmd_store_wrap_add},
    {"store", "wrap-list", "", 0, 0, "list the ways to open the store, without opening it", NULL,
     cli_store_list_options, FILES, cmd_store_wrap_list},
    {"store", "wrap-remove", "NUMBER", 1, 1, "one way less to open the store",
     cli_store_wrap_remove_about, cli_store_unlock_options, CHECKS | RANDOM, cmd_store_wrap_remove},
    {"verify", NULL, "FILE|DIR...", 1, -1, "verify signatures",
     "Says for each file, of a folder for each that sign would sign, whether it is valid, invalid (and which part) or malformed. The key comes "
     "from --key or --trust, never from the document. With both, --key is the key of a line that "
     "has only a hash. A key that the trust file calls revoked, or outside its validity, is judged "
     "by the time at which a ledger had recorded the signature, where --receipt and --ledger-key "
     "show that.", verify_options, CHECKS, cmd_verify},
    {"version", NULL, "", 0, 0, "print the version", NULL, NULL, CLI_EXIT(CLI_REFUSED),
     cmd_version},
};
/* clang-format on */

const size_t cli_verb_count = HEAD2_LEN(cli_verbs);
