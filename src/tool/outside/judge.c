/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/outside/judge.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <string.h>

#define STRENGTH_MIN 112 /* bits, NIST SP 800-57 part 1: RSA of 2048, curves of 224 */
#define LIST_MAX 400

static void add(char *list, const char *word)
{
	size_t used = strlen(list);

	if (used + strlen(word) + 8 < LIST_MAX)
		(void)snprintf(list + used, LIST_MAX - used, "%s%s", used ? ", " : "", word);
	else if (used + 6 < LIST_MAX && strcmp(list + used - 3, "...") != 0)
		(void)snprintf(list + used, LIST_MAX - used, ", ...");
}

static void add_port(char *list, unsigned port, const char *word)
{
	char text[128];

	(void)snprintf(text, sizeof text, *word ? "%u (%s)" : "%u", port, word);
	add(list, text);
}

/* Of a host that answers nothing there is nothing to say. */
static bool is_dark(const struct tw_outside *o)
{
	return !o->seen.scan.opened && !o->seen.scan.closed;
}

static tw_err found_dark(const struct tw_outside *o, struct tw_finding *f)
{
	return tw_found(f, TW_VERDICT_INCONCLUSIVE,
		"Nothing of %s answered, open or closed: it is off, or something stands between.", o->seen.host.text);
}

/* LA.IC.3: what takes a connection is what the product needs */
static tw_err judge_ports(const struct tw_outside *o, struct tw_finding *f)
{
	const struct tw_scan *s = &o->seen.scan;
	char open[LIST_MAX] = "", undeclared[LIST_MAX] = "";

	for (uint32_t p = 1; p < TW_PORTS; p++) {
		if (tw_port_has(&s->open, (uint16_t)p))
			add_port(open, p, "");
		if (tw_port_has(&s->open, (uint16_t)p) && !tw_port_has(&o->declared, (uint16_t)p))
			add_port(undeclared, p, "");
	}
	TW_TRY(tw_saw(f, "open", open));
	if (is_dark(o))
		return found_dark(o, f);
	if (!o->has_declared)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Of %zu TCP ports, %zu take a connection: %s. Say with --declared which of them the product needs.",
			s->asked, s->opened, *open ? open : "none");
	if (*undeclared)
		return tw_found(f, TW_VERDICT_FAIL, "These TCP ports take a connection, and are not declared: %s.", undeclared);
	if (s->asked < TW_PORTS - 1)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"Of the %zu TCP ports that were asked, only declared ones take a connection: %s; without --ports all are asked.",
			s->asked, *open ? open : "none");
	return tw_found(f, TW_VERDICT_PASS,
		"Of %zu TCP ports, only declared ones take a connection: %s; %zu refuse, %zu are silent, asked twice.", s->asked,
		*open ? open : "none", s->closed, s->silent);
}

/* LA.AS.1: names and passwords that everybody knows open nothing */
static tw_err judge_logins(const struct tw_outside *o, struct tw_finding *f)
{
	const struct tw_logins *l = &o->logins;

	if (is_dark(o))
		return found_dark(o, f);
	if (!l->tried)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "Not tried: a device may count wrong logins. Without --not-intrusive it is.");
	if (*l->opened)
		return tw_found(f, TW_VERDICT_FAIL, "Somebody who knows nothing of this device was let in: %s.", l->opened);
	if (l->unsure || *l->unreached)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"%zu doors refused all %zu published pairs of name and password; %zu gave no clear answer; this tool does not try these: %s.",
			l->refused, tw_known_pairs_count, l->unsure, *l->unreached ? l->unreached : "none");
	if (o->seen.scan.opened > o->seen.port_count)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "%zu of its ports were not spoken to.", o->seen.scan.opened - o->seen.port_count);
	if (!l->doors)
		return tw_found(f, TW_VERDICT_NOT_APPLICABLE, "No port that was spoken to asks for a name and a password.");
	return tw_found(f, TW_VERDICT_PASS, "%zu doors that ask for name and password refused all %zu published pairs.", l->refused,
		tw_known_pairs_count);
}

/* NULL: protected. Empty: it cannot be told. */
static const char *plain_words(const struct tw_port_seen *p)
{
	if (p->gone)
		return "";
	if (p->tls.spoken || p->speech == TW_SPEECH_SSH || (p->speech == TW_SPEECH_HTTP && p->goes_to_https))
		return NULL;
	return p->speech == TW_SPEECH_HTTP      ? "HTTP"
		: p->speech == TW_SPEECH_TELNET ? "Telnet"
		: p->speech == TW_SPEECH_FTP    ? "FTP"
						: "";
}

/* DP.ST.2: nothing is sent that others can read or change */
static tw_err judge_plain(const struct tw_outside *o, struct tw_finding *f)
{
	char plain[LIST_MAX] = "", unknown[LIST_MAX] = "";

	for (size_t i = 0; i < o->seen.port_count; i++) {
		const char *words = plain_words(&o->seen.port[i]);
		if (words)
			add_port(*words ? plain : unknown, o->seen.port[i].number, words);
	}
	if (is_dark(o))
		return found_dark(o, f);
	if (*plain)
		return tw_found(f, TW_VERDICT_FAIL, "These ports speak without encryption: %s.", plain);
	if (*unknown || o->seen.scan.opened > o->seen.port_count)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "What these ports speak was not recognized: %s; %zu more were not spoken to.",
			*unknown ? unknown : "none", o->seen.scan.opened - o->seen.port_count);
	if (!o->seen.port_count)
		return tw_found(f, TW_VERDICT_NOT_APPLICABLE, "No TCP port takes a connection.");
	return tw_found(f, TW_VERDICT_PASS, "All %zu open ports speak TLS or SSH, or send who asks for / there.", o->seen.port_count);
}

/* What is wrong with the protocol of one port, or "". */
static void weak_words(const struct tw_tls_seen *t, char *ret, size_t size)
{
	(void)snprintf(ret, size, "%s%s%s%s", t->accepts[0] ? "TLS 1.0 " : "", t->accepts[1] ? "TLS 1.1 " : "",
		*t->weak ? "suite " : "", t->weak);
	while (*ret && ret[strlen(ret) - 1] == ' ')
		ret[strlen(ret) - 1] = '\0';
}

static void wrong_certificate(const struct tw_outside *o, const struct tw_tls_seen *t, char *ret, size_t size)
{
	ret[0] = '\0';
	if (!t->strength)
		(void)snprintf(ret, size, "no certificate");
	else if (t->strength < STRENGTH_MIN)
		(void)snprintf(ret, size, "a key of %d bits of security", t->strength);
	else if (strstr(t->signature, "SHA1") || strstr(t->signature, "MD5"))
		(void)snprintf(ret, size, "signed with %s", t->signature);
	else if (t->not_after_s < o->now_s)
		(void)snprintf(ret, size, "out of date");
	else if (t->not_before_s > o->now_s)
		(void)snprintf(ret, size, "not valid yet");
}

/* Ports of which it is not known how they speak TLS: not spoken to, or with an offer that had no clear answer. */
static size_t tls_unknown(const struct tw_outside *o)
{
	size_t n = o->seen.scan.opened - o->seen.port_count;

	for (size_t i = 0; i < o->seen.port_count; i++) {
		const struct tw_port_seen *p = &o->seen.port[i];
		n += p->gone || (p->tls.spoken && (p->tls.unknown[0] || p->tls.unknown[1]));
	}
	return n;
}

/* One verdict over all ports that speak TLS. */
static tw_err over_tls(const struct tw_outside *o, bool certificate, const char *good, struct tw_finding *f)
{
	char wrong[LIST_MAX] = "";
	size_t spoken = 0;

	for (size_t i = 0; i < o->seen.port_count; i++) {
		const struct tw_port_seen *p = &o->seen.port[i];
		char words[128];

		if (!p->tls.spoken)
			continue;
		spoken++;
		if (certificate)
			wrong_certificate(o, &p->tls, words, sizeof words);
		else
			weak_words(&p->tls, words, sizeof words);
		if (*words)
			add_port(wrong, p->number, words);
	}
	if (is_dark(o))
		return found_dark(o, f);
	if (*wrong)
		return tw_found(f, TW_VERDICT_FAIL,
			certificate ? "Certificates that protect little: port %s." : "Weak TLS is accepted: port %s.", wrong);
	if (tls_unknown(o))
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"%zu ports gave no clear answer to what was offered, or were not spoken to.", tls_unknown(o));
	if (!spoken)
		return tw_found(f, TW_VERDICT_NOT_APPLICABLE, "No port that was spoken to speaks TLS.");
	return tw_found(f, TW_VERDICT_PASS, "%zu ports speak TLS, and each %s.", spoken, good);
}

/* DP.ST.1.1: weaker protocols than TLS 1.2, and suites that protect nothing, are refused */
static tw_err judge_tls(const struct tw_outside *o, struct tw_finding *f)
{
	return over_tls(o, false, "refuses 1.0, 1.1 and suites without encryption or authentication", f);
}

/* DP.CCS.1: keys and signatures are strong enough */
static tw_err judge_certificates(const struct tw_outside *o, struct tw_finding *f)
{
	return over_tls(o, true, "shows a certificate in time, with a key of 112 bits of security or more and no broken signature", f);
}

/* Whether s begins with word, however either is divided: 4F2A-0017 is 4f:2a:00:17, too. */
static bool matches(struct tw_slice s, const char *word)
{
	static const char between[] = ":-. ";
	size_t i = 0, same = 0;

	for (; *word; word++) {
		if (strchr(between, *word))
			continue;
		while (same && i < s.size && s.at[i] && strchr(between, s.at[i]))
			i++;
		if (i == s.size || tolower((unsigned char)s.at[i++]) != tolower((unsigned char)*word))
			return false;
		same++;
	}
	return same > 0;
}

static bool holds(struct tw_slice s, const char *word)
{
	for (size_t i = 0; i < s.size; i++)
		if (matches((struct tw_slice){ s.at + i, s.size - i }, word))
			return true;
	return false;
}

static bool in_row(struct tw_slice s, size_t at)
{
	return at < s.size && (tw_hex_value(s.at[at]) >= 0 || s.at[at] == ':' || s.at[at] == '-');
}

/* XX:XX:XX:XX:XX:XX, or with dashes, and no more of it: an address of hardware, which follows its unit everywhere. A longer row is a digest. */
static bool holds_mac(struct tw_slice s)
{
	for (size_t i = 0; i + 17 <= s.size; i++) {
		size_t k = 0;
		while (k < 17 && (k % 3 == 2 ? s.at[i + k] == s.at[i + 2] && strchr(":-", s.at[i + k]) : tw_hex_value(s.at[i + k]) >= 0))
			k++;
		if (k == 17 && !in_row(s, i + 17) && !(i && in_row(s, i - 1)))
			return true;
	}
	return false;
}

static void search(const struct tw_outside *o, struct tw_slice said, const char *where, char *found)
{
	bool shown = holds_mac(said);

	for (size_t i = 0; i < o->own_count; i++)
		shown |= holds(said, o->own[i]);
	if (shown)
		add(found, where);
}

/* DI.ABI.1.1: whoever is not cleared learns no identity: by greetings, pages, certificates, mDNS and UPnP */
static tw_err judge_identity(const struct tw_outside *o, struct tw_finding *f)
{
	char found[LIST_MAX] = "";
	size_t unread = o->seen.scan.opened - o->seen.port_count + o->seen.told_cut;

	for (size_t i = 0; i < o->seen.port_count; i++) {
		const struct tw_port_seen *p = &o->seen.port[i];
		char where[64];

		(void)snprintf(where, sizeof where, "port %u", p->number);
		search(o, (struct tw_slice){ p->said, p->said_size }, where, found);
		(void)snprintf(where, sizeof where, "the certificate of port %u", p->number);
		search(o, tw_slice_of(p->tls.certificate), where, found);
		unread += p->cut || p->gone;
	}
	search(o, tw_buf_slice(&o->seen.told), "what it answers to mDNS or SSDP", found);
	if (is_dark(o) && !o->seen.told.size)
		return found_dark(o, f);
	if (*found)
		return tw_found(f, TW_VERDICT_FAIL, "A stranger learns which unit this is, from: %s.", found);
	if (unread)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE, "%zu of its ports were not heard out, or it told more than was read.", unread);
	if (!o->own_count)
		return tw_found(f, TW_VERDICT_INCONCLUSIVE,
			"No address of hardware was told. What else names the unit, this tool does not know: give it with --own, as its label has it.");
	return tw_found(f, TW_VERDICT_PASS,
		"Neither what was named with --own nor an address of hardware was told by its %zu ports, mDNS or SSDP.",
		o->seen.port_count);
}

const struct tw_outside_check tw_outside_checks[] = {
	{ "DI.ABI.1.1", "outside-identity", "Does a stranger learn which unit this is?", NULL, judge_identity, false },
	{ "DP.CCS.1", "outside-certificates", "Are the certificates it shows strong and in time?", "tls", judge_certificates, false },
	{ "DP.ST.1.1", "outside-tls", "Is weak TLS refused?", "tls", judge_tls, false },
	{ "DP.ST.2", "outside-plain", "Is everything that it speaks encrypted?", "services", judge_plain, false },
	{ "LA.AS.1", "outside-logins", "Do names and passwords that everybody knows open nothing?", "logins", judge_logins, true },
	{ "LA.IC.3", "outside-ports", "Do only declared ports take a connection?", "ports", judge_ports, false },
	{ .element = NULL },
};
