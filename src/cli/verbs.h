/*
 * The functions of all verbs, one a file; verbs.c says what each takes. Add yours here and there.
 */
#ifndef HEAD2_CLI_VERBS_H
#define HEAD2_CLI_VERBS_H

#include "cli/cli.h"

cli_run cmd_acvp, cmd_bench, cmd_completion, cmd_config_check, cmd_doctor, cmd_gateway, cmd_help;
cli_run cmd_keeper_approve, cmd_keeper_destroy, cmd_keeper_export, cmd_keeper_generate,
    cmd_keeper_list;
cli_run cmd_keeper_revoke, cmd_keeper_rotate, cmd_keeper_show, cmd_keeper_status;
cli_run cmd_init, cmd_keeper, cmd_kem_decaps, cmd_kem_encaps, cmd_link, cmd_status;
cli_run cmd_key_convert, cmd_key_export, cmd_key_generate, cmd_key_show, cmd_mu;
cli_run cmd_receipt_check, cmd_receipt_get, cmd_receipt_search, cmd_receipt_show;
cli_run cmd_sign, cmd_verify, cmd_version;
cli_run cmd_maml_check, cmd_maml_history, cmd_maml_may, cmd_maml_show, cmd_maml_sign;
cli_run cmd_maml_ticket, cmd_maml_verify;
cli_run cmd_ledger_append, cmd_ledger_cosign, cmd_ledger_export, cmd_ledger_import,
    cmd_ledger_judge, cmd_ledger_prove, cmd_ledger_show, cmd_ledger_stats;
cli_run cmd_ledger_verify;
cli_run cmd_report;
cli_run cmd_rng_assess, cmd_rng_bytes, cmd_rng_conditioning, cmd_rng_monitor, cmd_rng_report;
cli_run cmd_rng_restart, cmd_rng_seed, cmd_rng_selftest, cmd_rng_status;
cli_run cmd_fallback_check, cmd_fallback_export, cmd_fallback_import, cmd_fallback_list;
cli_run cmd_fallback_show, cmd_fallback_used;
cli_run cmd_store_backup, cmd_store_check, cmd_store_destroy, cmd_store_export, cmd_store_import;
cli_run cmd_store_anchor, cmd_store_policy, cmd_store_show, cmd_store_wrap_add, cmd_store_wrap_list,
    cmd_store_wrap_remove;
cli_run cmd_store_init, cmd_store_list, cmd_store_restore, cmd_store_rewrap;
cli_run cmd_rng_demo_sim_attack, cmd_rng_simulate;

#endif
