/* SPDX-License-Identifier: Apache-2.0 */
/* What of a kernel is certainly not compiled: rows of Makefiles, options, a file, and the answer with its reason. */
#include "formats/kbuild.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

static const struct {
	const char *dir, *text;
} makefiles[] = {
	{ "", "obj-y += fs/ drivers/ kernel/ twisted/ named/" },
	{ "fs", "obj-$(CONFIG_NFSD)\t+= nfsd/\nobj-y += inode.o \\\n\topen.o # remark.o\nobj-$(CONFIG_DEEP) += deep/down/\nobj-$(CONFIG_OFF) += deep/" },
	{ "fs/nfsd", "obj-$(CONFIG_NFSD) := nfsd.o\nnfsd-y := export.o auth.o\nnfsd-$(CONFIG_NFSD_V4) += nfs4.o\nnfsd-objs += more.o\n" },
	{ "fs/deep", "obj-y += file.o" },
	{ "fs/deep/down", "obj-y += low.o" },
	{ "drivers",
		"obj-$(CONFIG_OFF) += a.o\nobj-$(CONFIG_EXT4) += a.o\nifdef CONFIG_OFF\nobj-y += b.o\nendif\nobj-$(subst m,y,$(CONFIG_OFF)) += c.o\n"
		"obj-$(CONFIG_OFF) += d.o\nccflags-y += -DX\n$(foo)-y += d.o" },
	{ "kernel", "include other.mk\nobj-$(CONFIG_OFF) += a.o" },
	{ "twisted", "obj-$(CONFIG_OFF) += a.o $(patsubst %,%.o,b)" },
	{ "named", "obj-$(CONFIG_OFF) += self.o\nself-y += self.o loop.o\nloop-y += self.o" },
};

static tw_err makefile(void *user, const char *dir, struct tw_buf *ret)
{
	for (size_t i = 0; i < TW_COUNT(makefiles); i++)
		if (!strcmp(makefiles[i].dir, dir))
			return tw_buf_text(ret, makefiles[i].text);
	return TW_RAISE(NOTFOUND, "no Makefile");
}

#define CONFIG \
	"# Linux/arm64 6.6.1 Kernel Configuration\n# CONFIG_OFF is not set\nCONFIG_EXT4=m\nCONFIG_NFSD=y\nCONFIG_DEEP=y\nCONFIG_NO=n\nCONFIG_TEXT=\"a=b\"\n"

static const struct {
	const char *file;
	enum tw_compiled want;
	const char *why;
} asked[] = {
	{ "fs/inode.c", TW_COMPILED_MAYBE, "" },
	{ "fs/open.c", TW_COMPILED_MAYBE, "" },
	{ "fs/remark.c", TW_COMPILED_MAYBE, "" },
	{ "./fs/nfsd/export.c", TW_COMPILED_MAYBE, "" },
	{ "fs/nfsd/more.c", TW_COMPILED_MAYBE, "" },
	{ "fs/nfsd/nfs4.c", TW_COMPILED_NOT, "CONFIG_NFSD_V4 is off (fs/nfsd/Makefile)" },
	{ "fs/nfsd/nfs4.h", TW_COMPILED_MAYBE, "" },
	{ "fs/deep/file.c", TW_COMPILED_NOT, "CONFIG_OFF is off (fs/Makefile)" },
	{ "fs/deep/down/low.c", TW_COMPILED_MAYBE, "" }, /* named from further up, by an option that is on */
	{ "drivers/a.c", TW_COMPILED_MAYBE, "" },
	{ "drivers/b.c", TW_COMPILED_MAYBE, "" },
	{ "drivers/c.c", TW_COMPILED_MAYBE, "" },
	{ "drivers/d.c", TW_COMPILED_MAYBE, "" },
	{ "kernel/a.c", TW_COMPILED_MAYBE, "" },
	{ "twisted/a.c", TW_COMPILED_MAYBE, "" },
	{ "named/self.c", TW_COMPILED_MAYBE, "" },
	{ "none/here.c", TW_COMPILED_MAYBE, "" },
	{ "arch/x86/kernel/setup.c", TW_COMPILED_NOT, "the configuration is for the architecture arm64" },
	{ "arch/arm64/kernel/setup.c", TW_COMPILED_MAYBE, "" },
	{ "arch/arm/xen/p2m.c", TW_COMPILED_MAYBE, "" },
	{ "arch/Kconfig", TW_COMPILED_MAYBE, "" },
	{ "Documentation/admin-guide/x.c", TW_COMPILED_NEVER, "" },
	{ "../fs/deep/file.c", TW_COMPILED_MAYBE, "" },
	{ "/fs/deep/file.c", TW_COMPILED_MAYBE, "" },
	{ "", TW_COMPILED_MAYBE, "" },
	{ "fs//x.c", TW_COMPILED_MAYBE, "" },
};

static void test_asked(void **state)
{
	struct tw_built b = { .makefile = makefile };

	CHECK_OK(tw_built_config(TW_SLICE(CONFIG), &b));
	CHECK_TEXT(b.arch, "arm64");
	for (size_t i = 0; i < TW_COUNT(asked); i++) {
		enum tw_compiled got;
		char why[TW_DETAIL_MAX];

		CHECK_OK(tw_built_ask(tw_sys_real(), &b, asked[i].file, &got, why));
		if (got != asked[i].want)
			fail_msg("%s: got %d, want %d (%s)", asked[i].file, (int)got, (int)asked[i].want, why);
		if (asked[i].want == TW_COMPILED_NOT)
			CHECK_TEXT(why, asked[i].why);
	}
	tw_built_done(&b);
}

static void check_file(struct tw_built *b, const char *file, enum tw_compiled want)
{
	enum tw_compiled got;
	char why[TW_DETAIL_MAX];

	CHECK_OK(tw_built_ask(tw_sys_real(), b, file, &got, why));
	CHECK_INT(got, want);
}

static void test_list(void **state)
{
	struct tw_built b = { 0 };

	CHECK_OK(tw_built_files(TW_SLICE("./fs/a.c\r\n# remark\n\nfs/b.S\n"), &b));
	check_file(&b, "fs/a.c", TW_COMPILED_MAYBE);
	check_file(&b, "./fs/b.S", TW_COMPILED_MAYBE);
	check_file(&b, "fs/c.c", TW_COMPILED_NOT);
	check_file(&b, "fs/c.h", TW_COMPILED_MAYBE); /* the list has no headers */
	check_file(&b, "fs/Kconfig", TW_COMPILED_MAYBE);
	CHECK_OK(tw_built_files(TW_SLICE("include/a.h\n"), &b));
	check_file(&b, "fs/c.h", TW_COMPILED_NOT);
	check_file(&b, "include/a.h", TW_COMPILED_MAYBE);
	tw_built_done(&b);
}

static void test_nothing_known(void **state)
{
	struct tw_built b = { 0 };

	check_file(&b, "fs/a.c", TW_COMPILED_MAYBE);
	CHECK_OK(tw_built_config(TW_SLICE(CONFIG), &b));
	check_file(&b, "fs/deep/file.c", TW_COMPILED_MAYBE); /* no Makefiles */
	tw_built_done(&b);
}

static void test_architectures(void **state)
{
	static const struct {
		const char *head, *file;
		enum tw_compiled want;
	} rows[] = {
		{ "# Linux/x86 6.1 x\nCONFIG_A=y\n", "arch/x86/a.c", TW_COMPILED_MAYBE },
		{ "# Linux/x86_64 6.1 x\nCONFIG_A=y\n", "arch/x86/a.c", TW_COMPILED_MAYBE },
		{ "# Linux/i386 6.1 x\nCONFIG_A=y\n", "arch/arm/a.c", TW_COMPILED_NOT },
		{ "# Linux/um 6.1 x\nCONFIG_A=y\n", "arch/x86/a.c", TW_COMPILED_MAYBE },
		{ "# Linux/arm 6.1 x\nCONFIG_A=y\n", "arch/arm64/a.c", TW_COMPILED_NOT },
		{ "# Linux/ 6.1 x\nCONFIG_A=y\n", "arch/arm64/a.c", TW_COMPILED_MAYBE },
		{ "CONFIG_A=y\n", "arch/arm64/a.c", TW_COMPILED_MAYBE },
	};

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		struct tw_built b = { 0 };

		CHECK_OK(tw_built_config(tw_slice_of(rows[i].head), &b));
		check_file(&b, rows[i].file, rows[i].want);
		tw_built_done(&b);
	}
}

static void test_refused(void **state)
{
	struct tw_built b = { 0 };

	CHECK_ERR(tw_built_config(TW_SLICE(""), &b), SYNTAX);
	CHECK_ERR(tw_built_config(TW_SLICE("# nothing\n"), &b), SYNTAX);
	CHECK_ERR(tw_built_config(TW_SLICE("CONFIG_A=y\nA=y\n"), &b), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "line 2: want CONFIG_NAME=value or a remark");
	CHECK_ERR(tw_built_config(TW_SLICE("CONFIG_A B=y\n"), &b), SYNTAX);
	CHECK_ERR(tw_built_config(TW_SLICE("CONFIG_=y\n"), &b), SYNTAX);
	CHECK_ERR(tw_built_config(TW_SLICE("CONFIG=y\n"), &b), SYNTAX);
	tw_built_done(&b);
	CHECK_ERR(tw_built_files(TW_SLICE("\n"), &b), SYNTAX);
	CHECK_ERR(tw_built_files(TW_SLICE("a.c\n/b.c\n"), &b), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "line 2: want a path from the root of the source tree");
	CHECK_ERR(tw_built_files(TW_SLICE("../b.c\n"), &b), SYNTAX);
	tw_built_done(&b);
	CHECK_ERR(tw_built_files(TW_SLICE("fs/a.o\nfs/b.h\n"), &b), SYNTAX);
	CHECK_TEXT(tw_err_detail(), "no source file (.c, .S, .rs) is in this list of what was built");
	tw_built_done(&b);
}

static tw_err sweep(const struct tw_sys *sys, void *user)
{
	struct tw_built b = { .makefile = makefile };
	enum tw_compiled got;
	char why[TW_DETAIL_MAX];
	tw_err e = tw_built_config(TW_SLICE(CONFIG), &b);

	if (!tw_failed(e))
		e = tw_built_ask(sys, &b, "fs/nfsd/nfs4.c", &got, why);
	if (!tw_failed(e))
		e = tw_built_files(TW_SLICE("a.c\n"), &b);
	tw_built_done(&b);
	return e;
}

static void test_out_of_memory(void **state)
{
	(void)told_sweep(ENOMEM, sweep, NULL, "");
}

CHECK_MAIN(cmocka_unit_test(test_asked), cmocka_unit_test(test_list), cmocka_unit_test(test_nothing_known),
	cmocka_unit_test(test_architectures), cmocka_unit_test(test_refused), cmocka_unit_test(test_out_of_memory))
