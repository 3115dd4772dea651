/* SPDX-License-Identifier: Apache-2.0 */
/* What wpa_supplicant says, rows of it, and what is said to it; then the role's lines to a control socket that the test plays. */
#include "device/wifi/line.h"

#include "base/mem.h"
#include "check.h"
#include "oom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- Events --- */

static void test_events(void **state)
{
	static const struct {
		const char *said;
		enum tw_wifi_event event;
		const char *words;
	} rows[] = {
		{ "<3>CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:00 completed [id=0 id_str=]", TW_WIFI_OTHER, "" },
		{ "<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=3 locally_generated=1", TW_WIFI_LOST,
			"this device left it, reason 3" },
		{ "<3>CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:00 reason=7", TW_WIFI_LOST, "the access point ended it, reason 7" },
		{ "<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid=\"x reason=AUTH_FAILED y\" auth_failures=1 duration=10 reason=WRONG_KEY",
			TW_WIFI_REFUSED, "the passphrase may be wrong" },
		{ "<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 ssid=\"x\" auth_failures=1 duration=10 reason=CONN_FAILED", TW_WIFI_VAGUE,
			"it is not tried for a while: CONN_FAILED" },
		{ "<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 reason=\x1b[2J", TW_WIFI_VAGUE, "it is not tried for a while: ?[2J" },
		{ "<3>CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=3 auth_transaction=2 status_code=15", TW_WIFI_REFUSED,
			"the passphrase may be wrong" },
		{ "<3>CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=3 auth_transaction=2 status_code=1", TW_WIFI_REFUSED,
			"the passphrase may be wrong" },
		{ "<3>CTRL-EVENT-AUTH-REJECT 02:00:00:00:00:00 auth_type=3 auth_transaction=1 status_code=1", TW_WIFI_REFUSED,
			"the access point refused it, status 1" },
		{ "<3>CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:00 status_code=17", TW_WIFI_REFUSED,
			"the access point refused it, status 17" },
		{ "<3>CTRL-EVENT-EAP-TLS-CERT-ERROR reason=1 depth=0 subject='/CN=reason=7 x' err='self-signed'", TW_WIFI_REFUSED,
			"the server's certificate was refused: no authority of its is trusted" },
		{ "<3>CTRL-EVENT-EAP-TLS-CERT-ERROR depth=0 subject='/CN= reason=7 x' reason=10", TW_WIFI_REFUSED,
			"the server's certificate was refused: it is for another domain" },
		{ "<3>CTRL-EVENT-EAP-TLS-CERT-ERROR reason=99", TW_WIFI_REFUSED, "the server's certificate was refused, reason 99" },
		{ "<3>CTRL-EVENT-EAP-FAILURE EAP authentication failed", TW_WIFI_VAGUE, "EAP authentication failed" },
		{ "<3>CTRL-EVENT-NETWORK-NOT-FOUND ", TW_WIFI_VAGUE, "no such network is heard" },
		{ "<3>CTRL-EVENT-TERMINATING ", TW_WIFI_ENDS, "" },
		{ "<3>CTRL-EVENT-SCAN-RESULTS ", TW_WIFI_OTHER, "" },
		{ "<3>", TW_WIFI_OTHER, "" },
	};
	struct tw_wpa_event e;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		CHECK_OK(tw_wpa_event_read(tw_slice_of(rows[i].said), &e));
		CHECK_INT(e.event, rows[i].event);
		CHECK_TEXT(e.words, rows[i].words);
	}
	CHECK_ERR(tw_wpa_event_read(tw_slice_of("OK\n"), &e), SYNTAX);
	CHECK_ERR(tw_wpa_event_read(tw_slice_of("<x>CTRL-EVENT-EAP-FAILURE "), &e), SYNTAX);
	CHECK_ERR(tw_wpa_event_read(tw_slice_of(""), &e), SYNTAX);
}

/* --- Answers --- */

#define STATUS                                                                                                  \
	"bssid=02:00:00:00:00:00\nfreq=2412\nssid=te=st\nid=0\nid_str=0123456789abcdef\npairwise_cipher=CCMP\n" \
	"key_mgmt=WPA2/IEEE 802.1X/EAP\npmf=2\nwpa_state=COMPLETED\n"

static const struct tw_wpa_ours ours[] = { { TW_WIFI_PEAP, "0123456789abcdef" }, { TW_WIFI_SAE, "0123456789abcdef" },
	{ TW_WIFI_PSK, "0123456789abcdef" } };

/* Joined is what has our mark and what the kind of network is joined by. */
static void test_whose_network_it_is(void **state)
{
	static const struct {
		const char *said;
		enum tw_wifi_kind kind;
		bool joined;
	} rows[] = {
		{ "WPA2/IEEE 802.1X/EAP\nid_str=0123456789abcdef", TW_WIFI_PEAP, true },
		{ "WPA2-EAP-SHA256\nid_str=0123456789abcdef", TW_WIFI_EAP_TLS, true },
		{ "SAE\nid_str=0123456789abcdef", TW_WIFI_SAE, true },
		{ "WPA2-PSK\nid_str=0123456789abcdef", TW_WIFI_PSK, true },
		{ "WPA2-PSK-SHA256\nid_str=0123456789abcdef", TW_WIFI_PSK, true },
		{ "SAE", TW_WIFI_SAE, false },
		{ "SAE\nid_str=", TW_WIFI_SAE, false },
		{ "SAE\nid_str=0123456789abcdee", TW_WIFI_SAE, false },
		{ "SAE\nid_str=0123456789abcdef0", TW_WIFI_SAE, false },
		{ "SAE\nid_str=0123456789abcdef\nid_str=\xff", TW_WIFI_SAE, false },
		{ "NONE\nid_str=0123456789abcdef", TW_WIFI_SAE, false },
		{ "WPA2-PSK\nid_str=0123456789abcdef", TW_WIFI_SAE, false },
		{ "NONE\nid_str=0123456789abcdef", TW_WIFI_PSK, false },
		{ "WPA-PSK\nid_str=0123456789abcdef", TW_WIFI_PSK, false },
		{ "SAE\nid_str=0123456789abcdef", TW_WIFI_PSK, false },
		{ "IEEE 802.1X (no WPA)\nid_str=0123456789abcdef", TW_WIFI_EAP_TLS, false },
		{ "WPA2-PSK\nid_str=0123456789abcdef", TW_WIFI_PEAP, false },
	};
	struct tw_wifi_state s;

	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		const struct tw_wpa_ours one = { rows[i].kind, "0123456789abcdef" };
		char text[160];

		(void)snprintf(text, sizeof text, "wpa_state=COMPLETED\nkey_mgmt=%s\n", rows[i].said);
		CHECK_OK(tw_wpa_status_read(tw_slice_of(text), &one, &s));
		if (s.joined != rows[i].joined)
			fail_msg("row %zu: joined %d", i, s.joined);
		CHECK_TEXT(s.state, TW_WIFI_COMPLETED);
	}
	CHECK_OK(tw_wpa_status_read(tw_slice_of("wpa_state=COMPLETED\nid_str=0123456789abcdef\n"), &ours[1], &s));
	CHECK(!s.joined);
	CHECK_OK(tw_wpa_status_read(tw_slice_of("wpa_state=4WAY_HANDSHAKE\nkey_mgmt=SAE\nid_str=0123456789abcdef\n"), &ours[1], &s));
	CHECK(!s.joined);
}

static void test_status(void **state)
{
	static const char *const bad[] = { "", "bssid=02:00:00:00:00:00\n", "wpa_state=", "wpa_state=COMPLETED\nnothing\n",
		"wpa_state=A\nwpa_state=B\n", "wpa_state=\x1b[2J\n", "wpa_state=A\nfreq=65536\n", "wpa_state=A\npmf=3\n",
		"wpa_state=A\npmf=\n", "wpa_state=A\nbssid=02:00:00:00:00:0\n", "wpa_state=A\nbssid=02-00:00:00:00:00\n",
		"wpa_state=123456789012345678901234\n" };
	struct tw_wifi_state s;

	CHECK_OK(tw_wpa_status_read(tw_slice_of(STATUS), ours, &s));
	CHECK(s.joined);
	CHECK_TEXT(s.state, "COMPLETED");
	CHECK_TEXT(s.bssid, "02:00:00:00:00:00");
	CHECK_TEXT(s.authentication, "WPA2/IEEE 802.1X/EAP");
	CHECK_TEXT(s.cipher, "CCMP");
	CHECK_INT(s.protects, 2);
	CHECK_INT(s.mhz, 2412);
	CHECK_OK(tw_wpa_status_read(tw_slice_of("wpa_state=SCANNING"), ours, &s));
	CHECK(!s.joined);
	for (size_t i = 0; i < TW_COUNT(bad); i++)
		CHECK_ERR(tw_wpa_status_read(tw_slice_of(bad[i]), ours, &s), SYNTAX);

	char many[(TW_WPA_LINES_MAX + 1) * 4 + 1] = "";
	for (size_t i = 0; i <= TW_WPA_LINES_MAX; i++)
		memcpy(many + 4 * i, "a=b\n", 5);
	CHECK_ERR(tw_wpa_status_read(tw_slice_of(many), ours, &s), LIMIT);
}

static void test_signal_and_number(void **state)
{
	int16_t dbm = 0;
	unsigned id = 7;

	CHECK_OK(tw_wpa_signal_read(tw_slice_of("LINKSPEED=12\nRSSI=-30\n"), &dbm));
	CHECK_INT(dbm, -30);
	CHECK_ERR(tw_wpa_signal_read(tw_slice_of("RSSI=-128\n"), &dbm), SYNTAX);
	CHECK_ERR(tw_wpa_signal_read(tw_slice_of("RSSI=-\n"), &dbm), SYNTAX);
	CHECK_ERR(tw_wpa_signal_read(tw_slice_of("FAIL\n"), &dbm), SYNTAX);
	CHECK_OK(tw_wpa_id_read(tw_slice_of("3\n"), &id));
	CHECK_INT(id, 3);
	CHECK_ERR(tw_wpa_id_read(tw_slice_of("FAIL\n"), &id), SYNTAX);
	CHECK_ERR(tw_wpa_id_read(tw_slice_of("3\n4\n"), &id), SYNTAX);
}

/* --- Commands --- */

static const struct tw_wifi_network sae = {
	.kind = TW_WIFI_SAE, .mark = { "0123456789abcdef", 16 }, .ssid = { "a\n\"b", 4 }, .secret = { "correct \"horse", 14 }
};
static const struct tw_wifi_network psk = {
	.kind = TW_WIFI_PSK, .mark = { "0123456789abcdef", 16 }, .ssid = { "x", 1 }, .secret = { "12345678", 8 }
};
static const struct tw_wifi_network tls = { .kind = TW_WIFI_EAP_TLS,
	.mark = { "0123456789abcdef", 16 },
	.ssid = { "x", 1 },
	.identity = { "unit", 4 },
	.domain = { "radius.example", 14 },
	.authority = { "\x30\x01", 2 },
	.certificate = { "\x30\x02", 2 },
	.key = { "\x30\x03", 2 } };
static const struct tw_wifi_network peap = { .kind = TW_WIFI_PEAP,
	.mark = { "0123456789abcdef", 16 },
	.ssid = { "x", 1 },
	.secret = { "pa\"ss", 5 },
	.identity = { "user", 4 },
	.outer = { "anonymous", 9 },
	.domain = { "radius.example", 14 },
	.authority = { "\x30\x01", 2 } };

static tw_err all_commands(const struct tw_sys *sys, const struct tw_wifi_network *n, struct tw_buf *ret)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf one = { 0 };
	bool any = true;

	tw_buf_init(ret, sys, 8192);
	tw_buf_init(&one, sys, TW_WPA_MAX);
	for (size_t place = 0; any; place++) {
		tw_buf_clear(&one);
		TW_TRY(tw_wpa_command(n, 2, place, &one, &any));
		if (one.size)
			TW_TRY(tw_buf_format(ret, "%s\n", tw_buf_cstr(&one)));
	}
	return TW_OK;
}

#define MARK "SET_NETWORK 2 id_str \"0123456789abcdef\"\n"
#define FIRST(ssid)                                                                         \
	"SET_NETWORK 2 ssid " ssid "\nSET_NETWORK 2 scan_ssid 1\nSET_NETWORK 2 proto RSN\n" \
	"SET_NETWORK 2 pairwise CCMP GCMP GCMP-256 CCMP-256\nSET_NETWORK 2 group CCMP GCMP GCMP-256 CCMP-256\n"
#define EAP                                                                           \
	"SET_NETWORK 2 key_mgmt WPA-EAP WPA-EAP-SHA256\nSET_NETWORK 2 ieee80211w 1\n" \
	"SET_NETWORK 2 identity \"%s\"\nSET_NETWORK 2 ca_cert \"blob://tw-authority\"\nSET_NETWORK 2 domain_match \"radius.example\"\n"
#define NEW_TLS "SET_NETWORK 2 phase1 \"tls_disable_tlsv1_0=1 tls_disable_tlsv1_1=1\"\n"

/* @nist LA.IC.15: with EAP the server is judged by its authority and its name, always; WPA3 has its management frames protected */
static void test_commands(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	char want[2048];

	CHECK_OK(all_commands(tw_sys_real(), &sae, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		FIRST("610a2262") "SET_NETWORK 2 key_mgmt SAE\nSET_NETWORK 2 ieee80211w 2\n"
				  "SET_NETWORK 2 sae_password \"correct \"horse\"\n" MARK);
	tw_buf_done(&b);
	CHECK_OK(all_commands(tw_sys_real(), &psk, &b));
	CHECK_TEXT(tw_buf_cstr(&b),
		FIRST("78") "SET_NETWORK 2 key_mgmt WPA-PSK WPA-PSK-SHA256\nSET_NETWORK 2 ieee80211w 1\n"
			    "SET_NETWORK 2 psk \"12345678\"\n" MARK);
	tw_buf_done(&b);
	CHECK_OK(all_commands(tw_sys_real(), &tls, &b));
	(void)snprintf(want, sizeof want,
		"SET blob tw-authority 3001\nSET blob tw-certificate 3002\nSET blob tw-key 3003\n" FIRST("78") EAP
		"SET_NETWORK 2 eap TLS\n" NEW_TLS
		"SET_NETWORK 2 client_cert \"blob://tw-certificate\"\nSET_NETWORK 2 private_key \"blob://tw-key\"\n" MARK,
		"unit");
	CHECK_TEXT(tw_buf_cstr(&b), want);
	tw_buf_done(&b);
	CHECK_OK(all_commands(tw_sys_real(), &peap, &b));
	(void)snprintf(want, sizeof want,
		"SET blob tw-authority 3001\n" FIRST("78") EAP
		"SET_NETWORK 2 eap PEAP\n" NEW_TLS "SET_NETWORK 2 phase2 \"auth=MSCHAPV2\"\nSET_NETWORK 2 anonymous_identity \"anonymous\"\n"
		"SET_NETWORK 2 password 7061227373\n" MARK,
		"user");
	CHECK_TEXT(tw_buf_cstr(&b), want);
}

static tw_err commands_of_tls(const struct tw_sys *sys, void *user)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };

	return all_commands(sys, &tls, &b);
}

static void test_commands_without_memory(void **state)
{
	CHECK(told_sweep(ENOMEM, commands_of_tls, NULL, "") > 0);
}

/* --- The wire --- */

static void test_networks_travel(void **state)
{
	static const struct tw_wifi_network *const good[] = { &sae, &psk, &tls, &peap };
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_wifi_network n;

	for (size_t i = 0; i < TW_COUNT(good); i++) {
		tw_buf_init(&b, tw_sys_real(), TW_WIFI_NETWORK_MAX);
		CHECK_OK(tw_wifi_network_write(good[i], &b));
		CHECK_OK(tw_wifi_network_read(tw_buf_slice(&b), &n));
		CHECK_INT(n.kind, good[i]->kind);
		CHECK(n.secret.size == good[i]->secret.size &&
			memcmp(n.secret.at, good[i]->secret.at ? good[i]->secret.at : "", n.secret.size) == 0);
		for (size_t cut = 0; cut < b.size; cut++)
			CHECK_ERR(tw_wifi_network_read((struct tw_slice){ b.data, cut }, &n), SYNTAX);
		CHECK_OK(tw_buf_u8(&b, 0));
		CHECK_ERR(tw_wifi_network_read(tw_buf_slice(&b), &n), SYNTAX);
		tw_buf_done(&b);
	}
}

#define CHECK_REFUSED(of, ...)                                 \
	do {                                                   \
		struct tw_wifi_network n_ = of;                \
		__VA_ARGS__;                                   \
		CHECK_ERR(tw_wifi_network_check(&n_), SYNTAX); \
	} while (0)

/* What would end a command, or is no network of its kind. */
static void test_unfit_networks(void **state)
{
	static char long_text[300];

	memset(long_text, 'x', sizeof long_text);
	CHECK_REFUSED(sae, n_.kind = 0);
	CHECK_REFUSED(sae, n_.kind = TW_WIFI_KINDS);
	CHECK_REFUSED(sae, n_.secret = tw_slice_of("two\nlines and more"));
	CHECK_REFUSED(sae, n_.secret = tw_slice_of("short"));
	CHECK_REFUSED(sae, n_.ssid.size = 0);
	CHECK_REFUSED(sae, n_.ssid = ((struct tw_slice){ long_text, 33 }));
	CHECK_REFUSED(sae, n_.mark.size = 15);
	CHECK_REFUSED(sae, n_.identity = tw_slice_of("x"));
	CHECK_REFUSED(sae, n_.key = tw_slice_of("x"));
	CHECK_REFUSED(psk, n_.secret = ((struct tw_slice){ long_text, 64 }));
	CHECK_REFUSED(psk, n_.secret = tw_slice_of("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"));
	CHECK_REFUSED(tls, n_.authority.size = 0);
	CHECK_REFUSED(tls, n_.domain.size = 0);
	CHECK_REFUSED(tls, n_.domain = tw_slice_of("a\nSET x"));
	CHECK_REFUSED(tls, n_.identity = tw_slice_of("a\"\nb"));
	CHECK_REFUSED(tls, n_.key.size = 0);
	CHECK_REFUSED(tls, n_.secret = tw_slice_of("x"));
	CHECK_REFUSED(peap, n_.secret.size = 0);
	CHECK_REFUSED(peap, n_.authority.size = 0);
	CHECK_REFUSED(peap, n_.domain.size = 0);
	CHECK_REFUSED(peap, n_.certificate = tw_slice_of("x"));
	CHECK_REFUSED(peap, n_.outer = tw_slice_of("\x7f"));
}

static void test_states_travel(void **state)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	struct tw_wifi_state s, got;

	CHECK_OK(tw_wpa_status_read(tw_slice_of(STATUS), ours, &s));
	s.dbm = -70;
	tw_buf_init(&b, tw_sys_real(), 256);
	CHECK_OK(tw_wifi_state_write(&s, &b));
	CHECK_OK(tw_wifi_state_read(tw_buf_slice(&b), &got));
	CHECK_BYTES(&got, &s, sizeof s);
	for (size_t cut = 0; cut < b.size; cut++)
		CHECK_ERR(tw_wifi_state_read((struct tw_slice){ b.data, cut }, &got), SYNTAX);
	b.data[0] = 2;
	CHECK_ERR(tw_wifi_state_read(tw_buf_slice(&b), &got), SYNTAX);
	b.data[0] = 1;
	b.data[3] = '\n';
	CHECK_ERR(tw_wifi_state_read(tw_buf_slice(&b), &got), SYNTAX);
}

/* --- Lines, to a control socket of the test's --- */

static char place[64];
static int far = -1; /* its end */
static pid_t pid = -1;

static int set_up(void **state)
{
	(void)snprintf(place, sizeof place, "/dev/shm/tw-test-XXXXXX");
	return mkdtemp(place) ? 0 : -1;
}

static void remove_socket(const char *name)
{
	char path[96];

	(void)snprintf(path, sizeof path, "%s/%s", place, name);
	(void)unlink(path);
}

static int tear_down(void **state)
{
	remove_socket("wlan7");
	return rmdir(place);
}

static int listen_at(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/%s", place, name);
	(void)unlink(a.sun_path);
	CHECK(fd >= 0 && bind(fd, (const struct sockaddr *)(const void *)&a, sizeof a) == 0);
	return fd;
}

/* Plays wpa_supplicant: what is asked, in order, and what it answers, an event before it where there is one. NULL: it says nothing. */
struct scene {
	const char *asks, *event, *answer;
};

static void play(const struct scene *scenes, size_t count)
{
	pid = fork();
	if (pid)
		return;
	for (size_t i = 0; i < count; i++) {
		char got[TW_WPA_MAX];
		struct sockaddr_un from;
		socklen_t size = sizeof from;
		const ssize_t n = recvfrom(far, got, sizeof got, 0, (struct sockaddr *)(void *)&from, &size);

		if (n < 0 || (size_t)n != strlen(scenes[i].asks) || memcmp(got, scenes[i].asks, (size_t)n) != 0) {
			(void)fprintf(stderr, "# asked: %.*s\n", (int)n, got);
			_exit(1);
		}
		const char *const says[] = { scenes[i].event, scenes[i].answer };
		for (size_t s = 0; s < TW_COUNT(says); s++)
			if (says[s] && sendto(far, says[s], strlen(says[s]), 0, (const struct sockaddr *)(const void *)&from, size) < 0)
				_exit(2);
	}
	_exit(0);
}

static void played(void)
{
	int status = -1;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK_INT(status, 0);
}

static char last[128];
static size_t heard_count;

static void on_heard(void *user, struct tw_slice event)
{
	heard_count++;
	(void)snprintf(last, sizeof last, TW_SLICE_FMT, TW_SLICE_ARG(event));
}

static struct tw_wifi_talk open_one(struct tw_wifi_lines *l)
{
	const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int probe = dup(next);

	(void)close(probe);
	(void)close(next);
	/* The directory is opened and closed before, so that the first line has the next number. */
	CHECK_OK(tw_wifi_lines_open(tw_sys_real(), place, next, l));
	CHECK_INT(l->count, 1);
	heard_count = 0;
	return (struct tw_wifi_talk){ tw_sys_real(), l->of[0].fd, on_heard, NULL };
}

static void test_joins(void **state)
{
	static const struct scene scenes[] = {
		{ "REMOVE_NETWORK all", NULL, "OK\n" },
		{ "SET blob tw-authority 00", NULL, "OK\n" },
		{ "SET blob tw-certificate 00", NULL, "OK\n" },
		{ "SET blob tw-key 00", NULL, "OK\n" },
		{ "SET sae_pwe 2", NULL, "OK\n" },
		{ "ADD_NETWORK", "<3>CTRL-EVENT-SCAN-RESULTS ", "0\n" },
		{ "SET_NETWORK 0 ssid 610a2262", NULL, "OK\n" },
		{ "SET_NETWORK 0 scan_ssid 1", NULL, "OK\n" },
		{ "SET_NETWORK 0 proto RSN", NULL, "OK\n" },
		{ "SET_NETWORK 0 pairwise CCMP GCMP GCMP-256 CCMP-256", NULL, "OK\n" },
		{ "SET_NETWORK 0 group CCMP GCMP GCMP-256 CCMP-256", NULL, "OK\n" },
		{ "SET_NETWORK 0 key_mgmt SAE", NULL, "OK\n" },
		{ "SET_NETWORK 0 ieee80211w 2", NULL, "OK\n" },
		{ "SET_NETWORK 0 sae_password \"correct \"horse\"", NULL, "OK\n" },
		{ "SET_NETWORK 0 id_str \"0123456789abcdef\"", NULL, "OK\n" },
		{ "SELECT_NETWORK 0", NULL, "OK\n" },
		{ "STATUS", NULL, STATUS },
		{ "SIGNAL_POLL", NULL, "RSSI=-42\n" },
		{ "GET_NETWORK 0 id_str", NULL, "\"0123456789abcdef\"" },
		{ "GET_NETWORK 0 id_str", NULL, "FAIL\n" },
		{ "REMOVE_NETWORK all", NULL, "OK\n" },
		{ "SET blob tw-authority 00", NULL, "OK\n" },
		{ "SET blob tw-certificate 00", NULL, "OK\n" },
		{ "SET blob tw-key 00", NULL, "FAIL\n" },
		{ "DISCONNECT", NULL, "OK\n" },
	};
	struct tw_wifi_lines l;
	struct tw_wifi_state s;
	bool stands = false;

	far = listen_at("wlan7");
	struct tw_wifi_talk t = open_one(&l);
	CHECK(tw_wifi_lines_find(&l, tw_slice_of("wlan7")) == &l.of[0]);
	CHECK(!tw_wifi_lines_find(&l, tw_slice_of("wlan")));
	play(scenes, TW_COUNT(scenes));
	CHECK_OK(tw_wifi_join(&t, &sae));
	CHECK_INT(heard_count, 1);
	CHECK_TEXT(last, "<3>CTRL-EVENT-SCAN-RESULTS ");
	CHECK_OK(tw_wifi_state(&t, &ours[0], &s));
	CHECK(s.joined);
	CHECK_INT(s.dbm, -42);
	CHECK_OK(tw_wifi_stands(&t, sae.mark, &stands));
	CHECK(stands);
	CHECK_OK(tw_wifi_stands(&t, sae.mark, &stands));
	CHECK(!stands);
	CHECK_OK(tw_wifi_leave(&t));
	played();
	(void)close(t.fd);
	(void)close(far);
}

/* A network of which one setting is refused is taken out again, before it has a mark by which it would count as standing. */
static void test_half_a_network(void **state)
{
	static const struct scene scenes[] = {
		{ "REMOVE_NETWORK all", NULL, "OK\n" },
		{ "SET blob tw-authority 00", NULL, "OK\n" },
		{ "SET blob tw-certificate 00", NULL, "OK\n" },
		{ "SET blob tw-key 00", NULL, "OK\n" },
		{ "ADD_NETWORK", NULL, "0\n" },
		{ "SET_NETWORK 0 ssid 78", NULL, "OK\n" },
		{ "SET_NETWORK 0 scan_ssid 1", NULL, "OK\n" },
		{ "SET_NETWORK 0 proto RSN", NULL, "FAIL\n" },
		{ "REMOVE_NETWORK all", NULL, "OK\n" },
		{ "SET blob tw-authority 00", NULL, "OK\n" },
		{ "SET blob tw-certificate 00", NULL, "OK\n" },
		{ "SET blob tw-key 00", NULL, "OK\n" },
		{ "REMOVE_NETWORK all", NULL, NULL },
	};
	struct tw_wifi_lines l;

	far = listen_at("wlan7");
	struct tw_wifi_talk t = open_one(&l);
	play(scenes, TW_COUNT(scenes));
	CHECK_ERR(tw_wifi_join(&t, &psk), DENIED);
	CHECK_TEXT(tw_err_detail(), "wpa_supplicant does not take SET_NETWORK 0 proto");
	CHECK_ERR(tw_wifi_join(&t, &psk), CLOSED);
	played();
	(void)close(t.fd);
	(void)close(far);
}

/* Of more control sockets than are taken it is known that there are more; those of Wi-Fi Direct do not count. */
static void test_more_lines_than_are_taken(void **state)
{
	static const char *const names[] = { "p2p-dev-wlan1", "global", "wlan1", "wlan2", "wlan3", "wlan4", "wlan5" };
	int fds[TW_COUNT(names)];

	remove_socket("wlan7"); /* of the test before */
	for (size_t i = 0; i < TW_COUNT(names); i++)
		fds[i] = listen_at(names[i]);
	for (int round = 0; round < 2; round++) {
		const int next = dup(fds[0]);
		struct tw_wifi_lines l;

		(void)close(next);
		CHECK_OK(tw_wifi_lines_open(tw_sys_real(), place, next, &l));
		CHECK_INT(l.count, TW_WIFI_LINES_MAX);
		CHECK_INT(l.more, round == 0);
		for (size_t i = 0; i < l.count; i++)
			(void)close(l.of[i].fd);
		remove_socket("wlan5");
	}
	for (size_t i = 0; i < TW_COUNT(names); i++) {
		(void)close(fds[i]);
		remove_socket(names[i]);
	}
}

/* What is refused is said without what may be secret in it; and who has gone, or says nothing, is told apart. */
static void test_refusals(void **state)
{
	static const struct scene scenes[] = { { "SET_NETWORK 0 psk \"12345678\"", NULL, "FAIL\n" }, { "PING", NULL, NULL } };
	char buffer[TW_WPA_MAX];
	struct tw_slice answer;
	struct tw_wifi_lines l;

	far = listen_at("wlan7");
	struct tw_wifi_talk t = open_one(&l);
	play(scenes, TW_COUNT(scenes));
	CHECK_ERR(tw_wifi_order(&t, tw_slice_of("SET_NETWORK 0 psk \"12345678\"")), DENIED);
	CHECK_TEXT(tw_err_detail(), "wpa_supplicant does not take SET_NETWORK 0 psk");
	CHECK_ERR(tw_wifi_ask(&t, tw_slice_of("PING"), buffer, &answer), CLOSED);
	CHECK_TEXT(tw_err_detail(), "wpa_supplicant does not answer");
	played();
	(void)close(far);
	CHECK_ERR(tw_wifi_ask(&t, tw_slice_of("PING"), buffer, &answer), CLOSED);
	(void)close(t.fd);
	/* The socket that was left behind is nobody's. */
	CHECK_OK(tw_wifi_lines_open(tw_sys_real(), place, 99, &l));
	CHECK_INT(l.count, 0);
	CHECK_OK(tw_wifi_lines_open(tw_sys_real(), "/nowhere", 99, &l));
	CHECK_INT(l.count, 0);
	far = listen_at("wlan7");
	CHECK_ERR(tw_wifi_lines_open(tw_sys_real(), place, 99, &l), INTERNAL);
	(void)close(far);
}

CHECK_MAIN_IN(set_up, tear_down, cmocka_unit_test(test_events), cmocka_unit_test(test_status),
	cmocka_unit_test(test_whose_network_it_is), cmocka_unit_test(test_signal_and_number), cmocka_unit_test(test_commands),
	cmocka_unit_test(test_commands_without_memory), cmocka_unit_test(test_networks_travel),
	cmocka_unit_test(test_unfit_networks), cmocka_unit_test(test_states_travel), cmocka_unit_test(test_joins),
	cmocka_unit_test(test_half_a_network), cmocka_unit_test(test_more_lines_than_are_taken), cmocka_unit_test(test_refusals))
