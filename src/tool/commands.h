/* SPDX-License-Identifier: Apache-2.0 */
/* The functions behind the rows of main.c, one file each. */
#ifndef TW_TOOL_COMMANDS_H
#define TW_TOOL_COMMANDS_H
#include "tool/tool.h"

tw_err tw_cmd_product_init(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_product_check(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_product_compile(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_product_export(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_product_inventory(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_ca_init(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_ca_protect(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_ca_revoke(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_ca_crl(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision_request(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision_sign(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision_install(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision_batch(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_provision_verify(struct tw_tool *t, const struct tw_args *a);
/* `device` and `desk` parse themselves: their subcommands are operation rows. */
bool tw_is_rows(const char *word);
tw_err tw_cmd_rows(struct tw_tool *t, int argc, char **argv);
tw_err tw_help_rows(struct tw_tool *t, const char *word, json_t *list); /* tw_help_row() of each of them */
tw_err tw_cmd_takeover(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_assess(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_assess_outside(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_assess_compare(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_assess_support(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_assess_gate(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_evidence_verify(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_report(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_docs(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_log_verify(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_export_open(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_label(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_units(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_cvss(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_csaf_validate(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_triage_import(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_triage_check(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_triage_decide(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_triage_vex(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_csaf_new(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_csaf_publish(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_csaf_withdraw(struct tw_tool *t, const struct tw_args *a);
tw_err tw_cmd_csaf_tree_check(struct tw_tool *t, const struct tw_args *a);
extern const struct tw_command tw_commands_device_log[], tw_commands_device_report[], tw_commands_device_login[],
	tw_commands_device_password[], tw_commands_device_totp[], tw_commands_desk_journal[], tw_commands_desk_file[],
	tw_commands_desk_import[]; /* each ends with a row without words */
extern const struct tw_option tw_options_product_init[], tw_options_product_compile[], tw_options_product_export[],
	tw_options_product_inventory[], tw_options_ca_init[], tw_options_ca_protect[], tw_options_ca_revoke[], tw_options_ca_crl[],
	tw_options_provision_request[], tw_options_provision_sign[], tw_options_provision_install[], tw_options_provision[],
	tw_options_provision_batch[], tw_options_provision_verify[], tw_options_takeover[], tw_options_evidence_verify[],
	tw_options_assess[], tw_options_report[], tw_options_docs[], tw_options_log_verify[], tw_options_units[],
	tw_options_label[], tw_options_export_open[], tw_options_csaf_validate[], tw_options_assess_compare[],
	tw_options_assess_gate[], tw_options_triage[], tw_options_triage_decide[], tw_options_triage_vex[],
	tw_options_csaf_publish[], tw_options_csaf_withdraw[], tw_options_csaf_tree_check[], tw_options_csaf_new[],
	tw_options_assess_outside[], tw_options_assess_support[];

/* product.yaml in a directory, read without a problem; STATE after its problems were printed. */
tw_err tw_product_load(struct tw_tool *t, const char *dir, json_t **ret);

#endif
