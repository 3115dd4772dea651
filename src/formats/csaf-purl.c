/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Package URLs (6.1.13): the parts between their signs, encoded right, and what some types ask for besides. As strict as packageurl-js, by which
 * BSI's library judges; so a value of a qualifier has to be one also after it was decoded.
 */
#include "base/mem.h"
#include "base/text.h"
#include "formats/csaf-text.h"
#include "formats/purl-inside.h"

#include <string.h>
#include <strings.h>

struct purl {
	struct tw_purl_parts parts;
	struct tw_buf decoded, run; /* of one part at a time; of what is encoded in it, one piece after another */
	bool has_qualifiers, has_channel;
};

static void purl_done(struct purl *p)
{
	tw_buf_done(&p->decoded);
	tw_buf_done(&p->run);
}

/* What is percent-encoded in the part, decoded. plus: '+' stands for a space. */
static tw_err decode(struct purl *p, struct tw_slice part, bool plus)
{
	tw_buf_clear(&p->decoded);
	for (size_t i = 0; i < part.size; i++) {
		char c = plus && part.at[i] == '+' ? ' ' : part.at[i];

		if (tw_purl_encoded((struct tw_slice){ part.at + i, part.size - i })) {
			c = (char)(tw_hex_value(part.at[i + 1]) << 4 | tw_hex_value(part.at[i + 2]));
			i += 2;
		}
		TW_TRY(tw_buf_add(&p->decoded, &c, 1));
	}
	return TW_OK;
}

/* UTF-8, where NUL is a character like others. */
static bool is_text(struct tw_slice s)
{
	while (s.size) {
		size_t size = *s.at ? tw_utf8_size(s) : 1;

		if (!size)
			return false;
		s = (struct tw_slice){ s.at + size, s.size - size };
	}
	return true;
}

/* Whether each '%' encodes something, and each piece that is encoded is UTF-8. */
static tw_err encoded_right(struct purl *p, struct tw_slice s, bool *ret)
{
	*ret = true;
	while (*ret && s.size) {
		tw_buf_clear(&p->run);
		for (; tw_purl_encoded(s); s = (struct tw_slice){ s.at + 3, s.size - 3 })
			TW_TRY(tw_buf_u8(&p->run, (uint8_t)(tw_hex_value(s.at[1]) << 4 | tw_hex_value(s.at[2]))));
		*ret = is_text(tw_buf_slice(&p->run)) && (!s.size || *s.at != '%');
		if (s.size)
			s = (struct tw_slice){ s.at + 1, s.size - 1 };
	}
	return TW_OK;
}

static bool is_blank(struct tw_slice s)
{
	while (s.size) {
		size_t size = *s.at ? tw_csaf_space(s.at) : 0;

		if (!size)
			return false;
		s = (struct tw_slice){ s.at + size, s.size - size };
	}
	return true;
}

static bool is_key(struct tw_slice key)
{
	for (size_t i = 0; i < key.size; i++) {
		char c = key.at[i];
		bool digit = c >= '0' && c <= '9';

		if (!(digit && i) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c && strchr(".-_", c)))
			return false;
	}
	return true;
}

static tw_err check_qualifier(struct purl *p, struct tw_slice one, const char **ret)
{
	struct tw_slice key, value = one;
	bool right;

	key = tw_purl_before(&value, '=');
	TW_TRY(decode(p, value, true));
	TW_TRY(encoded_right(p, tw_buf_slice(&p->decoded), &right)); /* decoded once more, as said above */
	if (!right)
		*ret = "the value of a qualifier has a '%' too many, or what it encodes is not UTF-8";
	if (!right || is_blank(tw_buf_slice(&p->decoded)))
		return TW_OK; /* without a value it is the same as no qualifier */
	TW_TRY(decode(p, key, true));
	key = tw_buf_slice(&p->decoded);
	p->has_qualifiers = true;
	p->has_channel = p->has_channel || tw_slice_is_nocase(key, "channel");
	if (!is_key(key))
		*ret = "the key of a qualifier has other characters than letters, digits, '.', '-' and '_', or begins with a digit";
	return TW_OK;
}

static tw_err check_qualifiers(struct purl *p, const char **ret)
{
	struct tw_slice rest = p->parts.query;

	while (rest.size && !*ret) {
		struct tw_slice one = tw_purl_before(&rest, '&');

		if (one.size)
			TW_TRY(check_qualifier(p, one, ret));
	}
	return TW_OK;
}

/* Every part decodes; then decoded has the name. */
static tw_err check_parts(struct purl *p, const char **ret)
{
	const struct tw_slice parts[] = { p->parts.version, p->parts.namespace, p->parts.subpath, p->parts.name };
	bool right = true;

	for (size_t i = 0; i < TW_COUNT(parts) && right; i++)
		TW_TRY(encoded_right(p, parts[i], &right));
	TW_TRY(decode(p, p->parts.name, false));
	if (!right)
		*ret = "what is percent-encoded is not UTF-8";
	else if (is_blank(tw_buf_slice(&p->decoded)))
		*ret = "has no name";
	return TW_OK;
}

static bool is_nothing(struct tw_slice path)
{
	for (size_t i = 0; i < path.size; i++)
		if (path.at[i] != '/')
			return false;
	return true;
}

static tw_err check_golang(struct purl *p, const char **ret)
{
	struct tw_csaf_version version;

	TW_TRY(decode(p, p->parts.version, false));
	const char *text = tw_buf_cstr(&p->decoded), *end = text + p->decoded.size;
	while (*text && tw_csaf_space(text))
		text += tw_csaf_space(text);
	if (*text == 'v' && (text + strlen(text) != end || !tw_csaf_version_read(text + 1, &version)))
		*ret = "the version of a Go module begins with v, and is no semantic version";
	return TW_OK;
}

/* Of the name as it lies decoded; capitals and '-' are written otherwise in the normal form. */
static const char *pub_fault(const struct purl *p)
{
	for (size_t i = 0; i < p->decoded.size; i++) {
		char c = p->decoded.data[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '_' && c != '-')
			return "the name of a pub package has other characters than letters, digits and '_'";
	}
	return NULL;
}

static tw_err check_type(struct purl *p, const char **ret)
{
	if (tw_slice_is_nocase(p->parts.type, "pub"))
		*ret = pub_fault(p);
	TW_TRY(decode(p, p->parts.version, false));
	bool of_version = !is_blank(tw_buf_slice(&p->decoded));
	TW_TRY(decode(p, p->parts.namespace, false));
	bool of_namespace = !is_nothing(tw_buf_slice(&p->decoded));
	if (tw_slice_is_nocase(p->parts.type, "conan") && !of_namespace && p->has_channel)
		*ret = "a Conan package with a channel has a namespace";
	else if (tw_slice_is_nocase(p->parts.type, "conan") && of_namespace && !p->has_qualifiers)
		*ret = "a Conan package with a namespace has qualifiers";
	else if (tw_slice_is_nocase(p->parts.type, "cran") && !of_version)
		*ret = "a CRAN package has a version";
	else if (tw_slice_is_nocase(p->parts.type, "maven") && !of_namespace)
		*ret = "a Maven package has a namespace";
	else if ((tw_slice_is_nocase(p->parts.type, "mlflow") || tw_slice_is_nocase(p->parts.type, "oci")) && of_namespace)
		*ret = "a package of this type has no namespace";
	else if (tw_slice_is_nocase(p->parts.type, "swift") && (!of_namespace || !of_version))
		*ret = "a Swift package has a namespace and a version";
	return *ret || !tw_slice_is_nocase(p->parts.type, "golang") ? TW_OK : check_golang(p, ret);
}

tw_err tw_csaf_purl_fault(const struct tw_sys *sys, const char *s, const char **ret)
{
	TW_CLEANUP(purl_done) struct purl p = { 0 };

	*ret = NULL;
	tw_purl_split((struct tw_slice){ s + 4, strlen(s + 4) }, &p.parts);
	tw_buf_init(&p.decoded, sys, strlen(s) + 1);
	tw_buf_init(&p.run, sys, strlen(s) + 1);
	TW_TRY(check_qualifiers(&p, ret));
	if (!*ret)
		TW_TRY(check_parts(&p, ret));
	return *ret ? TW_OK : check_type(&p, ret);
}
