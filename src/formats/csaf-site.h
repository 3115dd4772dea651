/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands around published CSAF documents (CSAF 2.0 section 7): file names, hashes, lists, feeds, the provider's metadata, and pages
 * for people. Pure: documents in, bytes out, the same bytes each time, so that a tree can be checked by writing it again.
 *
 * The tree, beneath the site's address:
 *
 *     provider-metadata.json  service.json  security.txt  advisory.css
 *     openpgp/FINGERPRINT.asc
 *     white/csaf-feed-tlp-white.json  index.txt  changes.csv  atom.xml  index.html
 *     white/2026/NAME.json  NAME.json.sha256  NAME.json.sha512  NAME.json.asc  NAME.html  index.html
 *
 * Only what is labelled TLP:WHITE has a place in it: everything here is for everybody.
 */
#ifndef TW_FORMATS_CSAF_SITE_H
#define TW_FORMATS_CSAF_SITE_H
#include "base/buf.h"
#include "base/json.h"

#define TW_CSAF_NAME_MAX 200      /* of a file's name with ".json": with what is put behind it, below what file systems take */
#define TW_CSAF_PATH_MAX 256      /* "white/2026/NAME.json.sha256" */
#define TW_CSAF_ENTRIES_MAX 20000 /* of a tree; all lists are written whole each time */
#define TW_CSAF_LIST_MAX (64 * 1024 * 1024)
#define TW_CSAF_KEYS_MAX 16
#define TW_CSAF_URL_MAX 512
#define TW_CSAF_FOLDER "white"
#define TW_CSAF_PROVIDER "provider-metadata.json"
#define TW_CSAF_SECURITYTXT "security.txt"

/* Section 5.1: of a document's id. LIMIT: longer than TW_CSAF_NAME_MAX. */
tw_err tw_csaf_file_name(const char *id, char ret[TW_CSAF_NAME_MAX + 1]);

/*
 * What lists say of a document: an object with id, title, summary, version, status, published, updated, and file ("2026/lamps-1.json").
 * Of documents that tw_csaf_check found valid. DENIED: it may not be published for everybody, or its page would be
 * a list's; the detail names the rule.
 */
tw_err tw_csaf_entry(const json_t *document, json_t **ret);
/* Whether a document may take the place of the published one with the same id. DENIED, with the rule. */
tw_err tw_csaf_follows(const json_t *published, const json_t *next);
tw_err tw_csaf_entries_sort(const struct tw_sys *sys, json_t *entries); /* newest first, then by file */

struct tw_csaf_site {
	char url[TW_CSAF_URL_MAX];                  /* https, without a slash at its end */
	json_t *publisher;                          /* as documents have it */
	char updated[64];                           /* of the provider's metadata */
	char contact[TW_CSAF_URL_MAX], expires[64]; /* of security.txt; "": none is written */
	bool listed, mirrored;                      /* what aggregators may do */
	struct {
		char of[TW_CSAF_KEYS_MAX][65]; /* fingerprints, in capitals, the newest first */
		size_t count;                  /* 0: nothing is signed, and the provider is none that is trusted */
	} keys;
	json_t *entries; /* sorted */
};
void tw_csaf_site_done(struct tw_csaf_site *s);
/* SYNTAX: no address that a site can have. Cuts a slash at its end. */
tw_err tw_csaf_site_url(struct tw_csaf_site *s, const char *url);
/* Of what tw_csaf_site_write has written: all but the entries and security.txt. */
tw_err tw_csaf_provider_read(const struct tw_sys *sys, struct tw_slice text, struct tw_csaf_site *ret);
/* Contact and Expires of what tw_csaf_site_write has written. SYNTAX: it has none. */
tw_err tw_csaf_securitytxt_read(struct tw_slice text, struct tw_csaf_site *ret);
bool tw_csaf_fingerprint(struct tw_slice text); /* 40 or 64 hexadecimal digits */

/* Takes the bytes of one file; path is beneath the site's address. */
typedef tw_err (*tw_csaf_put)(void *user, const char *path, struct tw_slice bytes);
/* Everything that belongs to no one document. */
tw_err tw_csaf_site_write(const struct tw_sys *sys, const struct tw_csaf_site *s, tw_csaf_put put, void *user);
/* The neighbours of one document: both hashes and the page. */
struct tw_csaf_published {
	const json_t *entry;
	struct tw_slice text; /* its exact bytes */
	const json_t *document;
};
tw_err tw_csaf_beside(
	const struct tw_sys *sys, const struct tw_csaf_site *s, const struct tw_csaf_published *p, tw_csaf_put put, void *user);

/* The parts of the two above. */
tw_err tw_csaf_provider(const struct tw_csaf_site *s, struct tw_buf *b);
tw_err tw_csaf_rolie(const struct tw_csaf_site *s, struct tw_buf *b);
tw_err tw_csaf_service(const struct tw_csaf_site *s, struct tw_buf *b);
tw_err tw_csaf_index(const struct tw_csaf_site *s, struct tw_buf *b);
tw_err tw_csaf_changes(const struct tw_csaf_site *s, struct tw_buf *b);
tw_err tw_csaf_atom(const struct tw_csaf_site *s, struct tw_buf *b); /* RFC 4287 */
/* Another feed of some of the site's entries, which need no published and no summary. title: behind the publisher's name. */
struct tw_csaf_feed {
	const char *self, *page, *title; /* self and page: addresses */
	const json_t *entries;           /* the newest first */
};
tw_err tw_csaf_atom_of(const struct tw_csaf_site *s, const struct tw_csaf_feed *f, struct tw_buf *b);
tw_err tw_csaf_hash(const struct tw_sys *sys, const char *algorithm, const char *file, struct tw_slice text, struct tw_buf *b);
tw_err tw_csaf_page(const struct tw_sys *sys, const struct tw_csaf_site *s, const json_t *entry, const json_t *document, struct tw_buf *b);
struct tw_html;
/* What it says, in a page of the caller's: notes, vulnerabilities, products, references and thanks; of any JSON, valid or not. */
tw_err tw_csaf_said(const struct tw_sys *sys, const json_t *document, struct tw_html *h);
/* Of its /document: who publishes it, how grave it is, for whom it is and of what kind; terms and what they say, in a list of the caller's. */
void tw_csaf_head_said(const json_t *head, struct tw_html *h);
tw_err tw_csaf_listing(const struct tw_csaf_site *s, struct tw_buf *b);                        /* of all, for people */
tw_err tw_csaf_year_listing(const struct tw_csaf_site *s, const char *year, struct tw_buf *b); /* every file of one folder */
extern const char tw_csaf_css[];

#endif
