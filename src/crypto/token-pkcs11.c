/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 token (OASIS, version 2.40). Keys are made in it or taken into it, and are sensitive and not extractable; that they are is read
 * back. A key's handle is its CKA_ID, 16 random bytes; CKA_LABEL says whose keystore it belongs to. A storage key is sealed by AES-GCM
 * under an AES key of its own on the token: forgetting destroys that, and with it every copy of what it sealed.
 *
 * The module runs in the worker only (token.h). It is opened once by each worker, and after anything unexpected the worker ends.
 *
 * @nist DP.CKM.1, DP.CKM.2, DP.CKM.3
 */
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/token.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SIZE 16
#define IV_SIZE 12
#define TAG_SIZE 16
#define SECRET_SIZE 32
#define SLOTS_MAX 32
#define SWEEP_MAX 128
#define OWNED_LABEL (10 + 2 * TW_TOKEN_OWNER) /* "thingward-" and the owner in hexadecimal digits */
/* OBJECT IDENTIFIER prime256v1 */
static CK_BYTE p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* The worker has one; it ends with it. */
static struct {
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;
	bool open;
	CK_SLOT_ID slot;
} p11;

/* --- Errors --- */

static const struct {
	CK_RV rv;
	enum tw_code code;
	const char *text;
} reasons[] = {
	{ CKR_PIN_INCORRECT, TW_CODE_DENIED, "the PIN is wrong; it is not said again" },
	{ CKR_PIN_INVALID, TW_CODE_DENIED, "the PIN is not of a form the token takes; it is not said again" },
	{ CKR_PIN_LEN_RANGE, TW_CODE_DENIED, "the PIN is too short or too long for the token; it is not said again" },
	{ CKR_PIN_EXPIRED, TW_CODE_STATE, "the PIN has expired: give the token a new one" },
	{ CKR_PIN_LOCKED, TW_CODE_STATE, "the PIN is locked: unlock the token with its security officer's PIN" },
	{ CKR_USER_PIN_NOT_INITIALIZED, TW_CODE_STATE, "the token has no PIN yet: make it ready first" },
	{ CKR_TOKEN_NOT_PRESENT, TW_CODE_CLOSED, "the token is not there" },
	{ CKR_TOKEN_NOT_RECOGNIZED, TW_CODE_CLOSED, "the token is not there, or is of another kind" },
	{ CKR_DEVICE_REMOVED, TW_CODE_CLOSED, "the token was taken out" },
	{ CKR_TOKEN_WRITE_PROTECTED, TW_CODE_STATE, "the token cannot be written" },
	{ CKR_DEVICE_MEMORY, TW_CODE_LIMIT, "the token has no room for another key" },
	{ CKR_HOST_MEMORY, TW_CODE_NOMEM, "the token's module is out of memory" },
	{ CKR_MECHANISM_INVALID, TW_CODE_UNSUPPORTED, "the token cannot do this: it has to have P-256, ECDSA, AES-256 and AES-GCM" },
	{ CKR_ATTRIBUTE_TYPE_INVALID, TW_CODE_UNSUPPORTED, "the token does not know an attribute that keys of ours have" },
	{ CKR_TEMPLATE_INCONSISTENT, TW_CODE_UNSUPPORTED, "the token does not take a key of this kind" },
	{ CKR_ENCRYPTED_DATA_INVALID, TW_CODE_STATE, "what this token should open was sealed by another one" },
};

static tw_err raise(CK_RV rv, const char *what)
{
	for (size_t i = 0; i < TW_COUNT(reasons); i++) {
		if (reasons[i].rv == rv)
			return tw_raise(reasons[i].code, __func__, __LINE__, "PKCS#11 token: %s (%s, 0x%lx)", reasons[i].text, what, rv);
	}
	/* Sessions that ended, devices that fail, modules that lost themselves: begun anew, which finds out what is so. */
	return TW_RAISE(CLOSED, "PKCS#11 token: %s failed with 0x%lx", what, rv);
}

#define CALL(function, ...)                                        \
	do {                                                       \
		CK_RV call_rv_ = p11.f->C_##function(__VA_ARGS__); \
		if (call_rv_ != CKR_OK)                            \
			return raise(call_rv_, "C_" #function);    \
	} while (0)

/* --- Opening --- */

static tw_err set_environment(const struct tw_token_plan *plan)
{
	char name[TW_TOKEN_PATH_MAX + 1];
	size_t size = strcspn(plan->env, "=");
	if (!*plan->env)
		return TW_OK;
	(void)snprintf(name, sizeof name, "%.*s", (int)size, plan->env);
	return setenv(name, plan->env + size + 1, 1) ? TW_RAISE(NOMEM, "the module's environment") : TW_OK;
}

static tw_err load(const struct tw_token_plan *plan)
{
	CK_C_GetFunctionList list;
	TW_TRY(set_environment(plan));
	void *module = dlopen(plan->path, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return TW_RAISE(UNSUPPORTED,
			"the PKCS#11 module does not load (%.120s); install the package of your token, softhsm2 or opensc-pkcs11",
			dlerror());
	*(void **)&list = dlsym(module, "C_GetFunctionList");
	if (!list || list(&p11.f) != CKR_OK || !p11.f)
		return TW_RAISE(UNSUPPORTED, "%.150s is no PKCS#11 module", plan->path);
	CALL(Initialize, NULL);
	return TW_OK;
}

/* Fixed fields are padded by blanks. */
static bool is_padded(const CK_BYTE *field, size_t size, const char *want)
{
	size_t n = strlen(want);
	if (memcmp(field, want, n) != 0)
		return false;
	for (; n < size; n++) {
		if (field[n] != ' ' && field[n] != '\0')
			return false;
	}
	return true;
}

/* What is wanted is never longer than the field it is looked for in. */
_Static_assert(sizeof((struct tw_token_plan *)0)->label - 1 <= sizeof((CK_TOKEN_INFO *)0)->label, "a label fits");
_Static_assert(sizeof((struct tw_token_plan *)0)->serial - 1 <= sizeof((CK_TOKEN_INFO *)0)->serialNumber, "a serial number fits");

static bool is_meant(const struct tw_token_plan *plan, const CK_TOKEN_INFO *t)
{
	return (!*plan->label || is_padded(t->label, sizeof t->label, plan->label)) &&
		(!*plan->serial || is_padded(t->serialNumber, sizeof t->serialNumber, plan->serial));
}

/* Two that are alike are none: keys would be looked for in one and made in the other. */
static tw_err find_token(const struct tw_token_plan *plan, CK_TOKEN_INFO *ret)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, found = 0;
	CALL(GetSlotList, CK_TRUE, slots, &count);
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO t;
		if (p11.f->C_GetTokenInfo(slots[i], &t) != CKR_OK || !(t.flags & CKF_TOKEN_INITIALIZED) || !is_meant(plan, &t))
			continue;
		p11.slot = slots[i];
		*ret = t;
		found++;
	}
	if (found > 1)
		return TW_RAISE(STATE, "PKCS#11 token: %lu are named '%s'; say which one by serial=", found, plan->label);
	return found ? TW_OK
		     : TW_RAISE(CLOSED, "PKCS#11 token: '%s%s' is not there; put it in", plan->label, *plan->label ? "" : plan->serial);
}

static tw_err read_pin(const struct tw_sys *sys, const struct tw_token_plan *plan, tw_secret **ret)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *room = NULL;
	TW_TRY(tw_secret_new(sys, NULL, TW_TOKEN_PIN_MAX + 2, &room));
	ssize_t size = plan->fd < 0 ? 0 : sys->pread(sys, plan->fd, tw_secret_mutable(room), TW_TOKEN_PIN_MAX + 2, 0);
	if (size > 0 && tw_secret_bytes(room)[size - 1] == '\n')
		size--;
	if (size < TW_TOKEN_PIN_MIN || size > TW_TOKEN_PIN_MAX)
		return TW_RAISE(STATE, "the file with the token's PIN wants %d to %d characters: name it by --keystore-pin FILE",
			TW_TOKEN_PIN_MIN, TW_TOKEN_PIN_MAX);
	return tw_secret_new(sys, tw_secret_bytes(room), (size_t)size, ret);
}

/* @nist DP.CKM.2: one wrong PIN is one of the few the token forgives, so it is said once; its last try is for a person. */
static tw_err log_in(const struct tw_sys *sys, struct tw_token_plan *plan, CK_FLAGS flags)
{
	TW_CLEANUP(tw_secret_freep) tw_secret *pin = NULL;
	if (flags & CKF_USER_PIN_LOCKED)
		return raise(CKR_PIN_LOCKED, "its flags");
	if (flags & CKF_USER_PIN_FINAL_TRY)
		return TW_RAISE(STATE, "PKCS#11 token: one try is left before its PIN locks; log in by hand with the right one first");
	/* Whether the one who ended had said a wrong one is the token's to tell: it forgets its count with a right one alone. */
	if (plan->refused || (plan->doubt && (flags & CKF_USER_PIN_COUNT_LOW)))
		return raise(CKR_PIN_INCORRECT, "said before");
	TW_TRY(read_pin(sys, plan, &pin));
	*plan->pin = TW_PIN_TRYING;
	CK_RV rv = p11.f->C_Login(p11.session, CKU_USER, (CK_UTF8CHAR_PTR)tw_secret_mutable(pin), tw_secret_size(pin));
	plan->refused = rv == CKR_PIN_INCORRECT || rv == CKR_PIN_INVALID || rv == CKR_PIN_LEN_RANGE;
	const bool in = rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN;
	*plan->pin = plan->refused ? TW_PIN_REFUSED : in ? TW_PIN_TAKEN : TW_PIN_UNSAID;
	return in ? TW_OK : raise(rv, "C_Login");
}

static tw_err need_session(const struct tw_sys *sys, struct tw_token_plan *plan)
{
	CK_TOKEN_INFO t = { 0 };
	CK_SESSION_INFO s;
	if (p11.open) {
		/* One that another token has taken the place of would answer for the wrong keys; a session ends with its token. */
		CALL(GetSessionInfo, p11.session, &s);
		return s.state == CKS_RW_USER_FUNCTIONS ? TW_OK : raise(CKR_TOKEN_NOT_PRESENT, "the session's state");
	}
	if (!p11.f)
		TW_TRY(load(plan));
	TW_TRY(find_token(plan, &t));
	CALL(OpenSession, p11.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &p11.session);
	tw_err e = log_in(sys, plan, t.flags);
	if (tw_failed(e))
		(void)p11.f->C_CloseSession(p11.session);
	p11.open = !tw_failed(e);
	return e;
}

/* --- Objects --- */

static void label_of(const struct tw_token_question *q, char ret[OWNED_LABEL + 1])
{
	size_t n = (size_t)snprintf(ret, OWNED_LABEL + 1, "thingward-");
	for (size_t i = 0; i < sizeof q->owner; i++)
		n += (size_t)snprintf(ret + n, OWNED_LABEL + 1 - n, "%02x", q->owner[i]);
}

/* By its id and owner; NOTFOUND. */
static tw_err look_for(const struct tw_token_question *q, CK_OBJECT_HANDLE *ret)
{
	char label[OWNED_LABEL + 1];
	CK_ATTRIBUTE want[] = { { CKA_ID, (void *)(uintptr_t)q->handle.at, ID_SIZE }, { CKA_LABEL, label, OWNED_LABEL } };
	CK_ULONG count = 0;
	if (q->handle.size < ID_SIZE)
		return TW_RAISE(SYNTAX, "a handle of %zu bytes", q->handle.size);
	label_of(q, label);
	CALL(FindObjectsInit, p11.session, want, TW_COUNT(want));
	CK_RV rv = p11.f->C_FindObjects(p11.session, ret, 1, &count);
	CALL(FindObjectsFinal, p11.session);
	if (rv != CKR_OK)
		return raise(rv, "C_FindObjects");
	return count ? TW_OK : TW_RAISE(NOTFOUND, "PKCS#11 token: it does not hold the key any more; somebody has removed it there");
}

/* A module whose token has gone may show it empty; so what is not found is looked for once more, from the beginning. */
static tw_err find(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, CK_OBJECT_HANDLE *ret)
{
	tw_err e = look_for(q, ret);
	if (!tw_is(e, TW_CODE_NOTFOUND))
		return e;
	p11.open = false;
	CALL(Finalize, NULL);
	CALL(Initialize, NULL);
	TW_TRY(need_session(sys, plan));
	return look_for(q, ret);
}

/* For what cannot do without it: a key that is gone there while its name is here. */
static tw_err need_key(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, CK_OBJECT_HANDLE *ret)
{
	tw_err e = find(sys, plan, q, ret);
	return tw_is(e, TW_CODE_NOTFOUND)
		? tw_raise(TW_CODE_STATE, __func__, __LINE__, "PKCS#11 token: it does not hold the key any more")
		: e;
}

static tw_err new_id(const struct tw_sys *sys, uint8_t ret[ID_SIZE])
{
	return sys->random(sys, ret, ID_SIZE) < 0 ? TW_RAISE_ERRNO("a key's id") : TW_OK;
}

/* @nist DP.CKM.2: as the token has it, not as it was asked for */
static tw_err check_kept_inside(CK_OBJECT_HANDLE key)
{
	CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
	CK_ATTRIBUTE is[] = { { CKA_SENSITIVE, &sensitive, sizeof sensitive }, { CKA_EXTRACTABLE, &extractable, sizeof extractable } };
	CK_RV rv = p11.f->C_GetAttributeValue(p11.session, key, is, TW_COUNT(is));
	if (rv == CKR_OK && sensitive && !extractable)
		return TW_OK;
	(void)p11.f->C_DestroyObject(p11.session, key);
	return TW_RAISE(UNSUPPORTED, "PKCS#11 token: it would give the key out again, so it was destroyed there");
}

/* --- Key pairs --- */

/* CKA_EC_POINT is a DER OCTET STRING; some tokens leave its head out. */
static tw_err read_point(CK_OBJECT_HANDLE public, struct tw_buf *ret)
{
	CK_BYTE bytes[TW_POINT_SIZE + 2];
	CK_ATTRIBUTE point = { CKA_EC_POINT, bytes, sizeof bytes };
	CALL(GetAttributeValue, p11.session, public, &point, 1);
	const CK_BYTE *at = bytes;
	if (point.ulValueLen == sizeof bytes && bytes[0] == 0x04 && bytes[1] == TW_POINT_SIZE)
		at += 2;
	else if (point.ulValueLen != TW_POINT_SIZE)
		return TW_RAISE(CRYPTO, "PKCS#11 token: a public half of %lu bytes", point.ulValueLen);
	return tw_buf_add(ret, at, TW_POINT_SIZE);
}

static tw_err generate(const char *label, uint8_t *id, struct tw_token_answer *ret)
{
	CK_MECHANISM how = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	/* The public half lasts as long as the session: the vault has it. */
	CK_ATTRIBUTE public[] = { { CKA_EC_PARAMS, p256, sizeof p256 }, { CKA_TOKEN, &no, sizeof no }, { CKA_VERIFY, &yes, sizeof yes } };
	CK_ATTRIBUTE private[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes },
		{ CKA_SENSITIVE, &yes, sizeof yes }, { CKA_EXTRACTABLE, &no, sizeof no }, { CKA_SIGN, &yes, sizeof yes },
		{ CKA_ID, id, ID_SIZE }, { CKA_LABEL, (void *)(uintptr_t)label, OWNED_LABEL } };
	CK_OBJECT_HANDLE public_half, private_half;
	CALL(GenerateKeyPair, p11.session, &how, public, TW_COUNT(public), private, TW_COUNT(private), &public_half, &private_half);
	TW_TRY(check_kept_inside(private_half));
	tw_err e = read_point(public_half, &ret->out);
	(void)p11.f->C_DestroyObject(p11.session, public_half);
	return e;
}

static tw_err take_in(const char *label, uint8_t *id, struct tw_slice key, struct tw_token_answer *ret)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE private[] = { { CKA_CLASS, &class, sizeof class }, { CKA_KEY_TYPE, &type, sizeof type },
		{ CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes }, { CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_EXTRACTABLE, &no, sizeof no }, { CKA_SIGN, &yes, sizeof yes }, { CKA_EC_PARAMS, p256, sizeof p256 },
		{ CKA_VALUE, (void *)(uintptr_t)key.at, SECRET_SIZE }, { CKA_ID, id, ID_SIZE },
		{ CKA_LABEL, (void *)(uintptr_t)label, OWNED_LABEL } };
	CK_OBJECT_HANDLE made;
	if (key.size != SECRET_SIZE + TW_POINT_SIZE)
		return TW_RAISE(INTERNAL, "a key of %zu bytes to be taken in", key.size);
	CALL(CreateObject, p11.session, private, TW_COUNT(private), &made);
	TW_TRY(check_kept_inside(made));
	return tw_buf_add(&ret->out, key.at + SECRET_SIZE, TW_POINT_SIZE);
}

static tw_err do_make(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	char label[OWNED_LABEL + 1];
	uint8_t id[ID_SIZE];
	label_of(q, label);
	TW_TRY(new_id(sys, id));
	TW_TRY(q->in.size ? take_in(label, id, q->in, ret) : generate(label, id, ret));
	return tw_buf_add(&ret->more, id, sizeof id);
}

static tw_err do_sign(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	CK_MECHANISM how = { CKM_ECDSA, NULL, 0 };
	CK_BYTE signature[TW_SIGNATURE_SIZE];
	CK_ULONG size = sizeof signature;
	CK_OBJECT_HANDLE key;
	TW_TRY(need_key(sys, plan, q, &key));
	CALL(SignInit, p11.session, &how, key);
	CALL(Sign, p11.session, (CK_BYTE_PTR)(uintptr_t)q->in.at, q->in.size, signature, &size);
	return tw_buf_add(&ret->out, signature, size);
}

/* --- Storage keys --- */

static tw_err make_wrapping_key(const struct tw_token_question *q, uint8_t *id, CK_OBJECT_HANDLE *ret)
{
	char label[OWNED_LABEL + 1];
	CK_MECHANISM how = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG size = SECRET_SIZE;
	CK_ATTRIBUTE key[] = { { CKA_TOKEN, &yes, sizeof yes }, { CKA_PRIVATE, &yes, sizeof yes }, { CKA_SENSITIVE, &yes, sizeof yes },
		{ CKA_EXTRACTABLE, &no, sizeof no }, { CKA_ENCRYPT, &yes, sizeof yes }, { CKA_DECRYPT, &yes, sizeof yes },
		{ CKA_VALUE_LEN, &size, sizeof size }, { CKA_ID, id, ID_SIZE }, { CKA_LABEL, label, OWNED_LABEL } };
	label_of(q, label);
	CALL(GenerateKey, p11.session, &how, key, TW_COUNT(key), ret);
	return check_kept_inside(*ret);
}

static CK_GCM_PARAMS gcm(uint8_t *iv)
{
	return (CK_GCM_PARAMS){ .iv_ptr = iv, .iv_len = IV_SIZE, .iv_bits = 8 * IV_SIZE, .tag_bits = 8 * TAG_SIZE };
}

/* Handle: id, nonce, ciphertext and tag. */
static tw_err do_wrap(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	uint8_t id[ID_SIZE], iv[IV_SIZE];
	CK_GCM_PARAMS parameters = gcm(iv);
	CK_MECHANISM how = { CKM_AES_GCM, &parameters, sizeof parameters };
	CK_BYTE sealed[SECRET_SIZE + TAG_SIZE];
	CK_ULONG size = sizeof sealed;
	CK_OBJECT_HANDLE key;
	if (q->in.size != SECRET_SIZE)
		return TW_RAISE(INTERNAL, "a storage key of %zu bytes", q->in.size);
	TW_TRY(new_id(sys, id));
	if (sys->random(sys, iv, sizeof iv) < 0)
		return TW_RAISE_ERRNO("a nonce");
	TW_TRY(make_wrapping_key(q, id, &key));
	CALL(EncryptInit, p11.session, &how, key);
	CALL(Encrypt, p11.session, (CK_BYTE_PTR)(uintptr_t)q->in.at, q->in.size, sealed, &size);
	TW_TRY(tw_buf_add(&ret->out, id, sizeof id));
	TW_TRY(tw_buf_add(&ret->out, iv, sizeof iv));
	return tw_buf_add(&ret->out, sealed, size);
}

static tw_err do_unwrap(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	uint8_t iv[IV_SIZE];
	CK_GCM_PARAMS parameters = gcm(iv);
	CK_MECHANISM how = { CKM_AES_GCM, &parameters, sizeof parameters };
	CK_BYTE plain[SECRET_SIZE + TAG_SIZE];
	CK_ULONG size = sizeof plain;
	CK_OBJECT_HANDLE key;
	if (q->handle.size != ID_SIZE + IV_SIZE + SECRET_SIZE + TAG_SIZE)
		return TW_RAISE(SYNTAX, "a storage key's handle of %zu bytes", q->handle.size);
	memcpy(iv, q->handle.at + ID_SIZE, sizeof iv);
	TW_TRY(need_key(sys, plan, q, &key));
	CALL(DecryptInit, p11.session, &how, key);
	CK_RV rv = p11.f->C_Decrypt(
		p11.session, (CK_BYTE_PTR)(uintptr_t)q->handle.at + ID_SIZE + IV_SIZE, SECRET_SIZE + TAG_SIZE, plain, &size);
	if (rv != CKR_OK) /* a changed text has no code of its own that all modules use */
		return raise(rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED ? CKR_ENCRYPTED_DATA_INVALID : rv, "C_Decrypt");
	tw_err e = tw_buf_reserve(&ret->out, size);
	if (!tw_failed(e))
		e = tw_buf_add(&ret->out, plain, size);
	tw_wipe(plain, sizeof plain);
	return e;
}

/* --- Destroying --- */

static tw_err do_destroy(
	const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	CK_OBJECT_HANDLE key;
	tw_err e = find(sys, plan, q, &key);
	if (tw_is(e, TW_CODE_NOTFOUND))
		return TW_OK;
	TW_TRY(e);
	CALL(DestroyObject, p11.session, key);
	return TW_OK;
}

static bool is_known(struct tw_slice known, const uint8_t id[ID_SIZE])
{
	struct tw_cursor c = tw_cursor_of(known.at, known.size);
	struct tw_slice handle;
	while (!tw_failed(tw_cursor_block16(&c, TW_TOKEN_HANDLE_MAX, &handle))) {
		if (handle.size >= ID_SIZE && memcmp(handle.at, id, ID_SIZE) == 0)
			return true;
	}
	return false;
}

static tw_err list(const struct tw_token_question *q, CK_OBJECT_HANDLE ret[SWEEP_MAX], CK_ULONG *ret_count)
{
	char label[OWNED_LABEL + 1];
	CK_ATTRIBUTE want[] = { { CKA_LABEL, label, OWNED_LABEL } };
	label_of(q, label);
	CALL(FindObjectsInit, p11.session, want, TW_COUNT(want));
	CK_RV rv = p11.f->C_FindObjects(p11.session, ret, SWEEP_MAX, ret_count);
	CALL(FindObjectsFinal, p11.session);
	return rv == CKR_OK ? TW_OK : raise(rv, "C_FindObjects");
}

static int64_t now_ms(const struct tw_sys *sys)
{
	struct timespec t = { 0 };
	(void)sys->clock(sys, CLOCK_BOOTTIME, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* As many as there is time for; the next one finds the rest. */
static tw_err do_sweep(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	CK_OBJECT_HANDLE found[SWEEP_MAX];
	CK_ULONG count = 0;
	const int64_t from = now_ms(sys);
	bool destroyed = false;
	TW_TRY(list(q, found, &count));
	for (CK_ULONG i = 0; i < count; i++) {
		uint8_t id[ID_SIZE];
		CK_ATTRIBUTE is = { CKA_ID, id, sizeof id };
		CALL(GetAttributeValue, p11.session, found[i], &is, 1);
		if (is.ulValueLen == sizeof id && is_known(q->in, id))
			continue;
		CALL(DestroyObject, p11.session, found[i]);
		destroyed = true;
		if (now_ms(sys) - from > TW_TOKEN_SWEEP_MS)
			return tw_buf_u8(&ret->out, 1);
	}
	return destroyed && count == SWEEP_MAX ? tw_buf_u8(&ret->out, 1) : TW_OK;
}

/* --- What it is --- */

static struct tw_slice unpadded(const CK_BYTE *field, size_t size)
{
	while (size && (field[size - 1] == ' ' || field[size - 1] == '\0'))
		size--;
	return (struct tw_slice){ (const char *)field, size };
}

static tw_err do_describe(
	const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	CK_TOKEN_INFO t;
	CK_SLOT_INFO s;
	CALL(GetTokenInfo, p11.slot, &t);
	CALL(GetSlotInfo, p11.slot, &s);
	const struct tw_slice maker = unpadded(t.manufacturerID, sizeof t.manufacturerID),
			      model = unpadded(t.model, sizeof t.model), label = unpadded(t.label, sizeof t.label);
	TW_TRY(tw_buf_u8(&ret->out, s.flags & CKF_HW_SLOT ? 1 : 0));
	TW_TRY(tw_buf_add(&ret->out, t.manufacturerID, sizeof t.manufacturerID));
	TW_TRY(tw_buf_add(&ret->out, t.serialNumber, sizeof t.serialNumber));
	return tw_buf_format(&ret->more, "A PKCS#11 token '" TW_SLICE_FMT "' (" TW_SLICE_FMT " " TW_SLICE_FMT ")",
		TW_SLICE_ARG(label), TW_SLICE_ARG(maker), TW_SLICE_ARG(model));
}

static tw_err (*const rows[TW_TOKEN_OPS])(
	const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret) = {
	[TW_TOKEN_MAKE] = do_make,
	[TW_TOKEN_SIGN] = do_sign,
	[TW_TOKEN_DESTROY] = do_destroy,
	[TW_TOKEN_WRAP] = do_wrap,
	[TW_TOKEN_UNWRAP] = do_unwrap,
	[TW_TOKEN_SWEEP] = do_sweep,
	[TW_TOKEN_DESCRIBE] = do_describe,
};

static tw_err pkcs11_ask(
	const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	if (q->op >= TW_TOKEN_OPS || !rows[q->op])
		return TW_RAISE(INTERNAL, "a token is not asked for %u", q->op);
	TW_TRY(need_session(sys, plan));
	return rows[q->op](sys, plan, q, ret);
}

const struct tw_token_kind_row tw_token_pkcs11 = { "pkcs11", "pkcs11", pkcs11_ask };
