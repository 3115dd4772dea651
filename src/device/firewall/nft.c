/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its input is sealed memory and its output a socket, so that no file is made; it has no environment, and no shell is near.
 */
#include "device/firewall/nft.h"

#include "base/fd.h"
#include "base/mem.h"
#include "sys/program.h"

#include <string.h>

#define SAID_MAX 160

static tw_err refused(const struct tw_buf *said)
{
	char line[SAID_MAX];
	const size_t size = strcspn(tw_buf_cstr(said), "\n");

	(void)snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), tw_buf_cstr(said));
	return TW_RAISE(DENIED, "nft says: %s", line[0] ? line : "nothing");
}

tw_err tw_nft_run(const struct tw_sys *sys, const char *const *words, struct tw_slice input, struct tw_buf *ret)
{
	TW_CLEANUP(tw_closep) int in = sys->memfd(sys, "rules", input.size ? input.at : "\n", input.size ? input.size : 1);
	char *argv[8] = { (char *)(uintptr_t) "nft" }, *envp[] = { NULL };
	const struct tw_program nft = { TW_NFT_PROGRAM, argv, envp, in, TW_NFT_MS };
	int status = 0;

	if (in < 0)
		return TW_RAISE_ERRNO("memory for rules");
	for (size_t i = 0; words[i] && i < TW_COUNT(argv) - 2; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	TW_TRY(tw_program_run(sys, &nft, ret, &status));
	return status == 0 ? TW_OK : refused(ret);
}

static tw_err pass(const struct tw_sys *sys, const struct tw_ruleset *r, tw_err (*emit)(const struct tw_ruleset *r, struct tw_buf *b))
{
	static const char *const words[] = { "-j", "-f", "-", NULL };
	TW_CLEANUP(tw_buf_done) struct tw_buf text = { 0 }, said = { 0 };

	tw_buf_init(&text, sys, TW_RULESET_MAX);
	tw_buf_init(&said, sys, TW_RULESET_MAX);
	TW_TRY(emit(r, &text));
	return tw_nft_run(sys, words, tw_buf_slice(&text), &said);
}

tw_err tw_nft_apply(const struct tw_sys *sys, const struct tw_ruleset *r)
{
	return pass(sys, r, tw_ruleset_commands);
}

tw_err tw_nft_renew(const struct tw_sys *sys, const struct tw_ruleset *r)
{
	return pass(sys, r, tw_ruleset_renewal);
}

tw_err tw_nft_check(const struct tw_sys *sys, const struct tw_ruleset *r, struct tw_ruleset_counts *ret_counts, bool *ret_holds)
{
	static const char *const words[] = { "-j", "-p", "list", "table", "inet", "thingward", NULL };
	TW_CLEANUP(tw_buf_done) struct tw_buf said = { 0 };

	tw_buf_init(&said, sys, TW_RULESET_MAX);
	*ret_counts = (struct tw_ruleset_counts){ 0 };
	tw_err e = tw_nft_run(sys, words, (struct tw_slice){ 0 }, &said);

	if (tw_is(e, TW_CODE_DENIED) && strstr(tw_buf_cstr(&said), "No such file or directory")) {
		*ret_holds = !r->enforce;
		return TW_OK;
	}
	TW_TRY(e);
	*ret_holds = false;
	return r->enforce ? tw_ruleset_holds(r, sys, tw_buf_slice(&said), ret_counts, ret_holds) : TW_OK;
}
