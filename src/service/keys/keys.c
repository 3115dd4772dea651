/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys role: what it may be asked, and nothing more.
 *
 * It does not sign what it is given: each purpose demands bytes of its own form, so that a core taken over cannot have a
 * manifest, a certificate or another device's statement signed here. It signs checkpoints of the log only for the epoch it gave
 * a key to in this run, and never backwards. Every key of an epoch is given out once; that it was, is on disk before the key is.
 */
#include "service/keys/keys-inside.h"

#include "base/cursor.h"
#include "base/log.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/selftest.h"
#include "formats/auditlog.h"
#include "formats/export.h"
#include "formats/journal.h"
#include "formats/jws.h"
#include "formats/report.h"
#include "formats/sbom.h"
#include "formats/takeover.h"
#include "service/fetch/fetch-wire.h"
#include "sys/durable.h"

#include <string.h>

#define ANSWER_MAX 2048 /* of the secret ones; as the channel's rows say */
#define MASTER_SIZE 32
#define SIGNATURE_DER_MAX 80
static const char EPOCH_LABEL[] = "thingward-log-epoch-1";
static const char SEAL_LABEL[] = "thingward-seal-1";

tw_keys *tw_keys_free(tw_keys *k)
{
	if (k) {
		(void)tw_key_free(k->identity);
		(void)tw_key_free(k->listener);
		(void)tw_cert_free(k->identity_cert);
		(void)tw_key_free(k->listener_before);
		tw_site_chain_done(&k->listener_chain);
		(void)tw_secret_free(k->secret);
		(void)tw_secret_free(k->master);
		(void)tw_keystore_close(k->store);
		tw_buf_done(&k->paused.in);
		tw_buf_done(&k->statement_head);
		tw_buf_done(&k->inventory_head);
		tw_buf_done(&k->export_head);
	}
	free(k);
	return NULL;
}

/* --- Opening --- */

static tw_err read_file(const tw_keys *k, const char *name, struct tw_buf *b)
{
	tw_buf_init(b, k->sys, TW_KEYS_FILE_MAX);
	return tw_durable_read(k->sys, k->dir, name, TW_KEYS_FILE_MAX, b);
}

static tw_err read_secret(tw_keys *k, enum tw_keys_secret which, size_t size, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	TW_TRY(tw_keys_secret_read(k, which, &s));
	if (tw_secret_size(s) != size)
		return TW_RAISE(SYNTAX, "a secret has %zu bytes, wanted %zu", tw_secret_size(s), size);
	*ret = TW_STEAL(s);
	return TW_OK;
}

static tw_err read_head(const tw_keys *k, const char *typ, struct tw_buf *ret)
{
	tw_buf_init(ret, k->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_jws_protected(k->sys, typ, k->identity_cert, ret));
	return tw_buf_u8(ret, '.');
}

/* @nist DI.IMS.1: a key, and a certificate for exactly that key, or no identity at all */
static tw_err read_identity(tw_keys *k)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf cert = { 0 };
	TW_CLEANUP(tw_key_freep) tw_key *certified = NULL;
	uint8_t point[TW_POINT_SIZE], of_cert[TW_POINT_SIZE];
	TW_TRY(tw_keys_identity_open(k, point));
	TW_TRY(read_file(k, TW_KEYS_IDENTITY_CERT, &cert));
	TW_TRY(tw_cert_load(k->sys, tw_buf_slice(&cert), &k->identity_cert));
	TW_TRY(tw_cert_key(k->identity_cert, &certified));
	TW_TRY(tw_key_point(certified, of_cert));
	if (memcmp(point, of_cert, sizeof of_cert) != 0)
		return TW_RAISE(UNTRUSTED, "%s is not for the device's key", TW_KEYS_IDENTITY_CERT);
	TW_TRY(tw_key_fingerprint(certified, k->device));
	TW_TRY(read_head(k, TW_JWS_STATEMENT, &k->statement_head));
	TW_TRY(read_head(k, TW_JWS_INVENTORY, &k->inventory_head));
	return read_head(k, TW_JWS_EXPORT, &k->export_head);
}

static tw_err read_listener(tw_keys *k)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *s = NULL;
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	struct tw_site_chain chain;
	TW_TRY(tw_keys_secret_read(k, TW_KEYS_OF_LISTENER, &s));
	TW_TRY(tw_listener_read_chain(k->sys, (struct tw_slice){ (const char *)tw_secret_bytes(s), tw_secret_size(s) }, &key, &chain));
	(void)tw_key_free(k->listener_before);
	tw_site_chain_done(&k->listener_chain);
	k->listener_before = TW_STEAL(k->listener);
	k->listener = TW_STEAL(key);
	k->listener_chain = chain;
	return TW_OK;
}

static tw_err read_epoch(tw_keys *k)
{
	TW_CLEANUP(tw_buf_done) struct tw_buf b = { 0 };
	tw_err e = read_file(k, TW_KEYS_EPOCH, &b);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	if (b.size == 0 || b.data[b.size - 1] != '\n')
		return TW_RAISE(SYNTAX, "%s is not a number and a newline", TW_KEYS_EPOCH);
	return tw_parse_u64((struct tw_slice){ b.data, b.size - 1 }, UINT64_MAX - 1, &k->epoch);
}

/* A token that may yet come or answer, or whose PIN somebody may yet put right. */
static bool may_pass(const tw_keys *k, tw_err e)
{
	return k->words && k->words->token &&
		(tw_is(e, TW_CODE_CLOSED) || tw_is(e, TW_CODE_DENIED) || tw_is(e, TW_CODE_STATE) || tw_is(e, TW_CODE_TIMEOUT));
}

/*
 * What somebody configured has to hold from the start; but a unit whose own keys are not in the token yet serves without it. (Where they are,
 * it is open by now.)
 */
static tw_err open_configured(tw_keys *k)
{
	if (!k->root && !(k->words && tw_role_word(k->words, "keystore")))
		return TW_OK;
	tw_err e = tw_keys_need_store(k);
	if (may_pass(k, e)) {
		tw_log_err(e, "the keystore does not open, so there are no keys for anybody else yet; it is tried again when one is asked for");
		return TW_OK;
	}
	return e;
}

tw_err tw_keys_open(const struct tw_sys *sys, int dir, const tw_secret *root, const struct tw_role_start *words, tw_keys **ret)
{
	TW_CLEANUP(tw_keys_freep) tw_keys *k = TW_NEW(sys, tw_keys);
	if (!k)
		return TW_RAISE(NOMEM, "the keys");
	k->sys = sys;
	k->dir = dir;
	k->root = root;
	k->words = words;
	TW_TRY(read_identity(k));
	TW_TRY(read_listener(k));
	TW_TRY(read_secret(k, TW_KEYS_OF_TAKEOVER, TW_TAKEOVER_SECRET, &k->secret));
	TW_TRY(read_secret(k, TW_KEYS_OF_LOG, MASTER_SIZE, &k->master));
	TW_TRY(read_epoch(k));
	TW_TRY(open_configured(k));
	tw_keys_tidy(k);
	*ret = TW_STEAL(k);
	return TW_OK;
}

/* --- Signing --- */

static tw_err attack(const char *what)
{
	return TW_RAISE(UNTRUSTED, "core asks for %s", what);
}

static tw_err jws_valid(const struct tw_buf *wanted, struct tw_slice m)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t head = wanted->size;
	if (m.size <= head || memcmp(m.at, wanted->data, head) != 0)
		return attack("a statement or inventory whose header is not this device's");
	for (size_t i = head; i < m.size; i++) {
		if (!memchr(digits, m.at[i], sizeof digits - 1))
			return attack("a statement or inventory that is not base64url");
	}
	return TW_OK;
}

/* Envelope and form; what it claims is core's word, as with a statement. */
static tw_err report_valid(const tw_keys *k, struct tw_slice m)
{
	tw_err e = tw_report_signed_check(k->sys, k->identity_cert, m);
	return tw_is(e, TW_CODE_UNTRUSTED) ? attack("a report that is not this device's") : e;
}

static tw_err checkpoint_valid(tw_keys *k, struct tw_slice m)
{
	struct tw_log_checkpoint c;
	if (tw_failed(tw_log_checkpoint_parse(m, &c)))
		return attack("a checkpoint that is none");
	if (memcmp(c.device, k->device, sizeof c.device) != 0)
		return attack("another device's checkpoint");
	if (!k->given || c.epoch != k->given)
		return TW_RAISE(DENIED, "epoch %llu is not the one being written", (unsigned long long)c.epoch);
	/* The same once more is how a writer tries again. */
	bool again = c.seq == k->signed_seq && memcmp(c.chain, k->signed_chain, sizeof c.chain) == 0;
	if (c.seq <= k->signed_seq && !again)
		return TW_RAISE(DENIED, "record %llu lies before the last checkpoint", (unsigned long long)c.seq);
	k->signed_seq = c.seq;
	memcpy(k->signed_chain, c.chain, sizeof c.chain);
	return TW_OK;
}

/* The head of a journal of our own, which never becomes shorter while we run: who asks for that has lost some of it, or hides it. */
static tw_err journal_valid(tw_keys *k, struct tw_slice m)
{
	struct tw_journal_head h;

	if (tw_failed(tw_journal_message_parse(m, &h)))
		return attack("the head of a journal that is none");
	if (memcmp(h.service, k->device, sizeof h.service) != 0)
		return attack("the head of another service's journal");
	if (h.size < k->journal_size)
		return TW_RAISE(DENIED, "a journal of %llu entries was signed before", (unsigned long long)k->journal_size);
	k->journal_size = h.size;
	return TW_OK;
}

/* A handshake of this device as TLS client, with whom is core's word: its text is never that of a server, or of another purpose here. */
static tw_err client_valid(struct tw_slice m)
{
	return tw_fetch_sign_valid(m) ? TW_OK : attack("the handshake of something other than a TLS 1.3 client");
}

/* @nist DI.IMS.2: the device key signs statements, inventories, reports and exports of this device, checkpoints of its log, heads of its journal and its
   handshakes as client, nothing else */
static tw_err do_sign(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	uint8_t signature[TW_SIGNATURE_SIZE];
	const struct tw_slice m = { in.at + 1, in.size - 1 };
	switch ((uint8_t)in.at[0]) {
	case TW_SIGN_STATEMENT:
		TW_TRY(jws_valid(&k->statement_head, m));
		break;
	case TW_SIGN_INVENTORY:
		TW_TRY(jws_valid(&k->inventory_head, m));
		break;
	case TW_SIGN_EXPORT: /* @nist LA.RSM.8: it sees the digest of what is shared, and for which key */
		TW_TRY(jws_valid(&k->export_head, m));
		break;
	case TW_SIGN_REPORT:
		TW_TRY(report_valid(k, m));
		break;
	case TW_SIGN_CHECKPOINT:
		TW_TRY(checkpoint_valid(k, m));
		break;
	case TW_SIGN_TLS_CLIENT:
		TW_TRY(client_valid(m));
		break;
	case TW_SIGN_JOURNAL:
		TW_TRY(journal_valid(k, m));
		break;
	default:
		return attack("a signature for no known purpose");
	}
	TW_TRY(tw_keys_identity_sign(k, m, signature));
	return tw_buf_add(out, signature, sizeof signature);
}

/* --- The log's keys --- */

static uint64_t number_of(struct tw_slice in)
{
	uint64_t v = 0;
	for (size_t i = 0; i < in.size; i++)
		v = v << 8 | (uint8_t)in.at[i];
	return v;
}

static tw_err epoch_key(const tw_keys *k, struct tw_slice epoch, struct tw_buf *out)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_TRY(tw_hkdf_sha256(k->master, EPOCH_LABEL, epoch.at, epoch.size, 32, k->sys, &key));
	return tw_buf_add(out, tw_secret_bytes(key), tw_secret_size(key));
}

static tw_err do_epoch(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	char text[32];
	uint64_t wanted = number_of(in);
	if (wanted <= k->epoch || wanted == UINT64_MAX)
		return TW_RAISE(STATE, "the key of epoch %llu was given out before", (unsigned long long)k->epoch);
	int n = snprintf(text, sizeof text, "%llu\n", (unsigned long long)wanted);
	/* Raised first: if the file cannot be written, nobody can say which number it holds, and both must stay used. The epoch that is
	   being written goes on, and so do its checkpoints. */
	k->epoch = wanted;
	TW_TRY(tw_durable_replace(k->sys, k->dir, TW_KEYS_EPOCH, text, (size_t)n, 0600));
	TW_TRY(epoch_key(k, in, out));
	k->given = wanted;
	return TW_OK;
}

static tw_err do_old_epoch(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	uint64_t wanted = number_of(in);
	if (wanted == 0 || wanted >= k->epoch || wanted == k->given)
		return TW_RAISE(DENIED, "epoch %llu is not closed", (unsigned long long)wanted);
	return epoch_key(k, in, out);
}

/* --- Listener, secret, identity --- */

static tw_err replace_listener(tw_keys *k)
{
	TW_CLEANUP(tw_key_freep) tw_key *key = NULL;
	TW_CLEANUP(tw_cert_freep) tw_cert *cert = NULL;
	TW_CLEANUP(tw_buf_wipe) struct tw_buf b = { 0 };
	tw_buf_init(&b, k->sys, TW_KEYS_FILE_MAX);
	TW_TRY(tw_listener_make(k->sys, &key, &cert));
	TW_TRY(tw_listener_write(key, cert, &b));
	TW_TRY(tw_keys_secret_write(k, TW_KEYS_OF_LISTENER, tw_buf_slice(&b)));
	(void)tw_key_free(k->listener);
	k->listener_before = tw_key_free(k->listener_before); /* who had the device before is shown nothing of it any more */
	tw_site_chain_done(&k->listener_chain);
	k->listener = TW_STEAL(key);
	k->listener_chain = (struct tw_site_chain){ .leaf = TW_STEAL(cert), .count = 1 };
	return TW_OK;
}

/* Somebody has put another file there; one that cannot be read is not core's fault, and leaves all as it was. */
static tw_err read_again(tw_keys *k)
{
	tw_err e = read_listener(k);
	return tw_is(e, TW_CODE_UNTRUSTED) ? TW_RAISE(SYNTAX, "the listener's certificate is not for its key") : e;
}

static tw_err do_listener(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	if (in.size > 0 && in.at[0] != 1 && in.at[0] != 2)
		return attack("something unknown of the listener");
	if (in.size > 0)
		TW_TRY(in.at[0] == 1 ? replace_listener(k) : read_again(k));
	return tw_site_chain_write(&k->listener_chain, out);
}

static tw_err do_secret_mac(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	uint8_t mac[32];
	if (!tw_takeover_is_message(in))
		return attack("a proof that is not of a take-over");
	TW_TRY(tw_hmac_sha256(tw_secret_bytes(k->secret), tw_secret_size(k->secret), &in, 1, mac));
	tw_err e = tw_buf_add(out, mac, sizeof mac);
	tw_wipe(mac, sizeof mac);
	return e;
}

static tw_err do_secret_new(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *fresh = NULL;
	TW_TRY(tw_secret_random(k->sys, TW_TAKEOVER_SECRET, &fresh));
	const struct tw_slice bytes = { (const char *)tw_secret_bytes(fresh), tw_secret_size(fresh) };
	TW_TRY(tw_keys_secret_write(k, TW_KEYS_OF_TAKEOVER, bytes));
	(void)tw_secret_free(k->secret);
	k->secret = TW_STEAL(fresh);
	return tw_buf_add(out, tw_secret_bytes(k->secret), tw_secret_size(k->secret));
}

static tw_err do_identity(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	return tw_cert_der(k->identity_cert, out);
}

/* --- Trying --- */

static const struct tw_algorithm *own_algorithm(struct tw_slice name)
{
	const struct tw_algorithm *row = NULL;
	return !tw_failed(tw_algorithm_find(name, &row)) && row->in_keys ? row : NULL;
}

/* @nist DP.CCS.1: where it is used */
static tw_err do_try(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	const struct tw_algorithm *row = own_algorithm((struct tw_slice){ in.at + 1, in.size - 1 });
	uint64_t rate = 0;
	if (!row || (uint8_t)in.at[0] > 1)
		return attack("an algorithm that keys does not use");
	TW_TRY(tw_algorithm_try(k->sys, row));
	if (in.at[0])
		TW_TRY(tw_algorithm_rate(k->sys, row, &rate));
	return tw_buf_u64(out, rate);
}

/* Before the first text is sealed or opened: what does not give what it should seals nothing. */
static tw_err sealing_tried(const tw_keys *k)
{
	static bool tried;
	if (!tried) {
		TW_TRY(tw_algorithm_try(k->sys, own_algorithm(TW_SLICE("hkdf-sha-256"))));
		TW_TRY(tw_algorithm_try(k->sys, own_algorithm(TW_SLICE("aes-256-gcm"))));
	}
	tried = true;
	return TW_OK;
}

/* --- Sealing --- */

/* The key for whom it is, from the unit's master secret, and the text. Derived for each use and wiped: nothing more to keep. */
static tw_err seal_begin(tw_keys *k, struct tw_slice in, struct tw_slice *ret_whose, struct tw_slice *ret_text, tw_secret **ret_key)
{
	struct tw_cursor c = tw_cursor_of(in.at, in.size);
	if (tw_failed(tw_cursor_block16(&c, TW_KEYS_WHOSE_MAX, ret_whose)))
		return attack("a text to be sealed for nobody");
	TW_TRY(tw_cursor_slice(&c, tw_cursor_left(&c), ret_text));
	TW_TRY(sealing_tried(k));
	return tw_hkdf_sha256(k->master, SEAL_LABEL, ret_whose->at, ret_whose->size, TW_AEAD_KEY, k->sys, ret_key);
}

/* @nist DP.CCS.5: encrypted by an algorithm that authenticates as well */
static tw_err do_seal(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	struct tw_slice whose, text;
	TW_TRY(seal_begin(k, in, &whose, &text, &key));
	return tw_aead_seal(key, whose, text, out);
}

/* @nist DP.CCS.5: a changed byte is an error, and no text comes out */
static tw_err do_unseal(tw_keys *k, struct tw_slice in, struct tw_buf *out)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *key = NULL;
	TW_CLEANUP(tw_secret_freep) tw_secret *plain = NULL;
	struct tw_slice whose, text;
	TW_TRY(seal_begin(k, in, &whose, &text, &key));
	tw_err e = tw_aead_open(k->sys, key, whose, text, &plain);
	if (tw_is(e, TW_CODE_UNTRUSTED)) /* whoever asked core brought it: core broke no rule */
		return TW_RAISE(SYNTAX, "the sealed text was changed, or is not of here");
	TW_TRY(e);
	return tw_buf_add(out, tw_secret_bytes(plain), tw_secret_size(plain));
}

/* --- Serving --- */

static const struct row {
	uint16_t type, answer;
	tw_keys_answer *run;
} rows[] = {
	{ TW_WIRE_KEYS_SIGN, TW_WIRE_KEYS_SIGNED, do_sign },
	{ TW_WIRE_KEYS_EPOCH, TW_WIRE_KEYS_EPOCH_KEY, do_epoch },
	{ TW_WIRE_KEYS_OLD_EPOCH, TW_WIRE_KEYS_EPOCH_KEY, do_old_epoch },
	{ TW_WIRE_KEYS_LISTENER, TW_WIRE_KEYS_LISTENER_CERT, do_listener },
	{ TW_WIRE_KEYS_SECRET_MAC, TW_WIRE_KEYS_SECRET_MAC_IS, do_secret_mac },
	{ TW_WIRE_KEYS_SECRET_NEW, TW_WIRE_KEYS_SECRET_IS, do_secret_new },
	{ TW_WIRE_KEYS_IDENTITY, TW_WIRE_KEYS_IDENTITY_CERT, do_identity },
	{ TW_WIRE_KEYS_SLOT_NEW, TW_WIRE_KEYS_POINT_IS, tw_keys_slot_new },
	{ TW_WIRE_KEYS_SLOT_ROTATE, TW_WIRE_KEYS_POINT_IS, tw_keys_slot_rotate },
	{ TW_WIRE_KEYS_SLOT_POINT, TW_WIRE_KEYS_POINT_IS, tw_keys_slot_point },
	{ TW_WIRE_KEYS_SLOT_REMOVE, TW_WIRE_KEYS_DONE, tw_keys_slot_remove },
	{ TW_WIRE_KEYS_SLOT_SIGN, TW_WIRE_KEYS_SIGNED, tw_keys_slot_sign },
	{ TW_WIRE_KEYS_SLOTS, TW_WIRE_KEYS_SLOTS_ARE, tw_keys_slots },
	{ TW_WIRE_KEYS_STATE, TW_WIRE_KEYS_STATE_IS, tw_keys_state },
	{ TW_WIRE_KEYS_STORE_ROTATE, TW_WIRE_KEYS_DONE, tw_keys_store_rotate },
	{ TW_WIRE_KEYS_ADOPT, TW_WIRE_KEYS_DONE, tw_keys_adopt },
	{ TW_WIRE_KEYS_PURGE, TW_WIRE_KEYS_DONE, tw_keys_purge },
	{ TW_WIRE_KEYS_SEAL, TW_WIRE_KEYS_SEALED, do_seal },
	{ TW_WIRE_KEYS_UNSEAL, TW_WIRE_KEYS_UNSEALED, do_unseal },
	{ TW_WIRE_KEYS_TRY, TW_WIRE_KEYS_TRIED, do_try },
};

static tw_token *token_of(const tw_keys *k)
{
	return k->words ? k->words->token : NULL;
}

bool tw_keys_paused(const tw_keys *k)
{
	return token_of(k) && tw_token_paused(token_of(k));
}

static tw_err answer_failed(const tw_keys *k, tw_channel *core, uint32_t tag, tw_err why)
{
	char payload[1 + TW_DETAIL_MAX];
	payload[0] = (char)(why.code | (token_of(k) ? TW_KEYS_OF_TOKEN : 0));
	int n = snprintf(payload + 1, TW_DETAIL_MAX, "%s", tw_err_detail());
	return tw_channel_send(core, TW_WIRE_KEYS_FAILED, tag, payload, 1 + (size_t)n, NULL, 0);
}

/* What was paused is over, done or not. */
static void rest(tw_keys *k)
{
	tw_buf_done(&k->paused.in);
	k->paused.type = 0;
	k->paused.stage = 0;
	if (k->store)
		tw_keystore_rest(k->store);
}

/* Notes what goes on with the next GO_ON. */
static tw_err note_pause(tw_keys *k, const struct tw_message *m)
{
	if (m->type == TW_WIRE_KEYS_GO_ON)
		return TW_OK;
	k->paused.type = m->type;
	tw_buf_init(&k->paused.in, k->sys, TW_CHANNEL_MAX);
	return tw_buf_add(&k->paused.in, m->payload.at, m->payload.size);
}

/* In one turn: whoever asks waits no longer than TW_KEYS_TIMEOUT_MS, however slow the token is. */
static tw_err take_turn(tw_keys *k, const struct row *row, struct tw_slice in, struct tw_buf *out, bool *ret_paused)
{
	tw_token *token = token_of(k);
	TW_TRY(tw_buf_reserve(out, ANSWER_MAX));
	if (token)
		tw_token_turn(token);
	tw_err e = row->run(k, in, out);
	*ret_paused = tw_keys_paused(k);
	if (token)
		tw_token_turn_end(token);
	return e;
}

static tw_err answer_of(tw_keys *k, tw_channel *core, const struct tw_message *m, const struct row *row)
{
	TW_CLEANUP(tw_buf_wipe) struct tw_buf out = { 0 };
	bool paused = false;
	tw_buf_init(&out, k->sys, TW_CHANNEL_MAX);
	tw_err e = take_turn(k, row, m->type == TW_WIRE_KEYS_GO_ON ? tw_buf_slice(&k->paused.in) : m->payload, &out, &paused);
	if (paused)
		e = note_pause(k, m);
	if (paused && !tw_failed(e))
		return tw_channel_send(core, TW_WIRE_KEYS_MORE, m->tag, NULL, 0, NULL, 0);
	rest(k);
	if (tw_is(e, TW_CODE_UNTRUSTED))
		return e;
	if (tw_failed(e))
		return answer_failed(k, core, m->tag, e);
	return tw_channel_send(core, row->answer, m->tag, out.data, out.size, NULL, 0);
}

tw_err tw_keys_serve_core(tw_keys *k, tw_channel *core, const struct tw_message *m)
{
	const uint16_t type = m->type == TW_WIRE_KEYS_GO_ON ? k->paused.type : m->type;
	if (m->type != TW_WIRE_KEYS_GO_ON)
		rest(k);
	for (size_t i = 0; i < TW_COUNT(rows); i++) {
		if (rows[i].type == type)
			return answer_of(k, core, m, &rows[i]);
	}
	return attack("something keys does not do");
}

/* A handshake that began under the certificate before the present one ends under it. */
static const tw_key *meant(const tw_keys *k, struct tw_slice payload)
{
	uint8_t before[32];
	if (payload.size == TW_SHA256_SIZE || !k->listener_before || tw_failed(tw_key_fingerprint(k->listener_before, before)) ||
		memcmp(before, payload.at + TW_SHA256_SIZE, sizeof before) != 0)
		return k->listener;
	return k->listener_before;
}

tw_err tw_keys_serve_front(tw_keys *k, tw_channel *front, const struct tw_message *m)
{
	uint8_t der[SIGNATURE_DER_MAX];
	size_t size = 0;
	if (m->type != TW_WIRE_TLS_SIGN || (m->payload.size != TW_SHA256_SIZE && m->payload.size != 2 * TW_SHA256_SIZE))
		return TW_RAISE(UNTRUSTED, "front asks for something other than a TLS signature");
	tw_err e = tw_key_sign_digest_der(meant(k, m->payload), (const uint8_t *)m->payload.at, der, sizeof der, &size);
	if (tw_failed(e)) {
		tw_log_err(e, "a TLS handshake will fail");
		size = 0;
	}
	return tw_channel_send(front, TW_WIRE_TLS_SIGNED, m->tag, der, size, NULL, 0);
}
