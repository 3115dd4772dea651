/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which source files a Linux kernel was built from: from the list of what was built, or from its .config and the kernel's own Makefiles
 * (Documentation/kbuild/makefiles.rst).
 *
 * Asked is only "certainly not compiled". Whatever is not understood counts as compiled: an option behind a variable, a conditional, an
 * object that no Makefile names, a header. So "not" can be wrong only where one .c file includes another that has an object of its own
 * too, or where a Makefile in another branch of the tree names it by "../": neither is looked for.
 */
#ifndef TW_FORMATS_KBUILD_H
#define TW_FORMATS_KBUILD_H
#include "base/json.h"

#define TW_KCONFIG_MAX (4 * 1024 * 1024) /* bytes; a distribution's has 300 KB */
#define TW_KBUILD_MAX (1024 * 1024)      /* of one Makefile; the largest has 30 KB */
#define TW_BUILT_MAX (64 * 1024 * 1024)  /* of a list of files; all of Linux 6.6 has 5 MB */
#define TW_BUILT_LINES_MAX 1000000

/* What is built of a source tree. Zeroed: nothing is known of it. */
struct tw_built {
	json_t *config; /* option without CONFIG_ -> its value; NULL: not given */
	char arch[32];  /* as the configuration's head has it: "x86"; "" when it does not say */
	json_t *files;  /* path -> true; NULL: not given */
	bool headers;   /* the list has headers too, so that one that is not in it was not used */
	bool sources;   /* the list has what is compiled */
	/* The text of DIR/Kbuild or DIR/Makefile, "" for the top; NOTFOUND. NULL: the Makefiles are not there. */
	tw_err (*makefile)(void *user, const char *dir, struct tw_buf *ret);
	void *user;
	json_t *dirs; /* Makefiles that were read */
};
/* SYNTAX names the line. An option that is not set, or not in it at all, is off. */
tw_err tw_built_config(struct tw_slice text, struct tw_built *b);
/* A path a line, from the root of the source tree; "./" in front is left out. SYNTAX: a path that leaves the tree, or no source file (.c, .S, .rs) at all. */
tw_err tw_built_files(struct tw_slice text, struct tw_built *b);
bool tw_built_source(const char *path); /* is compiled to an object of its own, where it is */
void tw_built_done(struct tw_built *b);

enum tw_compiled {
	TW_COMPILED_MAYBE, /* or it cannot be said */
	TW_COMPILED_NOT,   /* and why is said */
	TW_COMPILED_NEVER, /* documentation: compiled in no configuration, and so neither here nor there */
};
/* why: what decided: "CONFIG_NFSD is off (fs/Makefile)". */
tw_err tw_built_ask(const struct tw_sys *sys, struct tw_built *b, const char *file, enum tw_compiled *ret, char why[TW_DETAIL_MAX]);

#define TW_KBUILD_OPEN "?" /* a key: it builds more than can be told */
/*
 * A Makefile as {object or folder: [[owner, option]...]}: owner "" for what obj-, lib- and the like build, else the object that it is a
 * part of; option without CONFIG_, "y" for always, "?" for what is not understood. Conditionals count as taken.
 */
tw_err tw_kbuild_read(struct tw_slice text, json_t **ret);
#endif
