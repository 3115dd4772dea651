/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a package manager says is installed: the status file of dpkg and of opkg, the installed file of apk. Or, on an image without
 * one, what the manufacturer's tool wrote when the image was made, in the same form (doc/spec/image-inventory.md). One list in one
 * order (name, then architecture), whatever order the file has.
 *
 * Closed where it counts: a field that is read stands once in its paragraph and on one line, and is of its form; a package that is
 * there twice is an error, since one of the two would be a lie. Fields that nothing here reads are passed over, as every reader of
 * these files does. Pure; everything borrows from the text.
 */
#ifndef TW_FORMATS_PACKAGES_H
#define TW_FORMATS_PACKAGES_H
#include "base/buf.h"
#include "base/mem.h"

#define TW_PACKAGES_TEXT_MAX (8 * 1024 * 1024) /* three times a desktop's */
#define TW_PACKAGES_MAX 4000                   /* more than one signed answer could carry */
#define TW_PACKAGE_NAME_MAX 79
#define TW_PACKAGE_VERSION_MAX 127
#define TW_PACKAGE_ARCHITECTURE_MAX 31
#define TW_PACKAGE_WORDS_MAX 255 /* supplier, licence, package URL */

struct tw_package_system {
	const char *word; /* as hands is told it, and for people: "debian" */
	const char *file; /* in the directory of the database */
	const char *purl; /* what a package URL of it begins with */
	bool apk;         /* one letter and a colon */
	bool stateless;   /* what is there is installed */
};
#define TW_PACKAGES_IMAGE "image"
#define TW_PACKAGES_IMAGE_LIST "packages"
#define TW_PACKAGES_IMAGE_FILES "files.sha256"
extern const struct tw_package_system tw_package_systems[];          /* ends with word NULL */
const struct tw_package_system *tw_package_system(const char *word); /* NULL: no such */

struct tw_package {
	struct tw_slice name, version, architecture;
	struct tw_slice supplier, licence; /* empty when the database does not say */
	struct tw_slice depends;           /* as the database has it; tw_packages_needs reads it */
	struct tw_slice purl;              /* where the database states it; else tw_package_purl makes one */
};
struct tw_packages {
	struct tw_package *of;
	size_t count;
	bool blanks; /* between what a package depends on; else commas */
};
/* SYNTAX names the line, LIMIT: too much of something. */
tw_err tw_packages_read(const struct tw_sys *sys, const struct tw_package_system *system, struct tw_slice text, struct tw_packages *ret);
void tw_packages_done(struct tw_packages *p);
/* The next installed package that p needs by its name: at is 0 at first and goes on by itself. NULL: no more. */
const struct tw_package *tw_packages_needs(const struct tw_packages *all, const struct tw_package *p, size_t *at);
int tw_package_compare(const struct tw_package *a, const struct tw_package *b);
/* pkg:deb/debian/curl@8.0-1?arch=arm64 */
tw_err tw_package_purl(const struct tw_package_system *system, const struct tw_package *p, struct tw_buf *ret);
#endif
