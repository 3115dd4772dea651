/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM 2.0, through the enhanced system API of libtss2, which is loaded when a TPM is configured. Keys are made in the TPM, or taken into it,
 * under one storage key of its owner hierarchy that is made anew from the TPM's own seed at each start; what lies on the disk are blobs that
 * only this TPM opens. A storage key of ours is a sealed object of 32 bytes.
 *
 * The way to the TPM is a descriptor that hands opened. What carries commands over it (TCTI) is ours, because then every command ends in
 * time, and an answer that came too late is known for what it is. A blob is never destroyed in the TPM, which keeps none: what was removed here
 * and is still somewhere on a copy of this disk opens again in this TPM.
 *
 * @nist DP.CKM.1, DP.CKM.2, DP.CKM.3
 */
#include "base/cursor.h"
#include "base/mem.h"
#include "crypto/hash.h"
#include "crypto/token.h"

#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

#define ESYS "libtss2-esys.so.0"
#define MU "libtss2-mu.so.0"
#define COMMAND_MS 1500 /* for one question, which may be several commands; below TW_TOKEN_LIMIT_MS */
#define SECRET_SIZE 32
#define ANSWER_MAX 4096
#define LIST_MAX 32
#define TRANSIENT_FIRST 0x80000000U /* the header's own spelling shifts into the sign */

/* --- The library --- */

static struct {
	TSS2_RC (*Initialize)(ESYS_CONTEXT **, TSS2_TCTI_CONTEXT *, TSS2_ABI_VERSION *);
	void (*Finalize)(ESYS_CONTEXT **);
	void (*Free)(void *);
	__typeof__(&Esys_CreatePrimary) CreatePrimary;
	__typeof__(&Esys_Create) Create;
	__typeof__(&Esys_Load) Load;
	__typeof__(&Esys_Import) Import;
	__typeof__(&Esys_Sign) Sign;
	__typeof__(&Esys_Unseal) Unseal;
	__typeof__(&Esys_FlushContext) FlushContext;
	__typeof__(&Esys_GetCapability) GetCapability;
	__typeof__(&Esys_Startup) Startup;
	__typeof__(&Esys_TR_FromTPMPublic) FromTPMPublic;
} esys;
static struct {
	__typeof__(&Tss2_MU_TPM2B_PUBLIC_Marshal) PublicMarshal;
	__typeof__(&Tss2_MU_TPM2B_PRIVATE_Marshal) PrivateMarshal;
	__typeof__(&Tss2_MU_TPM2B_PUBLIC_Unmarshal) PublicUnmarshal;
	__typeof__(&Tss2_MU_TPM2B_PRIVATE_Unmarshal) PrivateUnmarshal;
} mu;

static const struct symbol {
	const char *name;
	void *at;
} esys_symbols[] = { { "Esys_Initialize", &esys.Initialize }, { "Esys_Finalize", &esys.Finalize }, { "Esys_Free", &esys.Free },
	{ "Esys_CreatePrimary", &esys.CreatePrimary }, { "Esys_Create", &esys.Create }, { "Esys_Load", &esys.Load },
	{ "Esys_Import", &esys.Import }, { "Esys_Sign", &esys.Sign }, { "Esys_Unseal", &esys.Unseal },
	{ "Esys_FlushContext", &esys.FlushContext }, { "Esys_GetCapability", &esys.GetCapability },
	{ "Esys_Startup", &esys.Startup }, { "Esys_TR_FromTPMPublic", &esys.FromTPMPublic }, { NULL, NULL } };
static const struct symbol mu_symbols[] = { { "Tss2_MU_TPM2B_PUBLIC_Marshal", &mu.PublicMarshal },
	{ "Tss2_MU_TPM2B_PRIVATE_Marshal", &mu.PrivateMarshal }, { "Tss2_MU_TPM2B_PUBLIC_Unmarshal", &mu.PublicUnmarshal },
	{ "Tss2_MU_TPM2B_PRIVATE_Unmarshal", &mu.PrivateUnmarshal }, { NULL, NULL } };

static tw_err load(const char *library, const struct symbol *symbols)
{
	void *l = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	if (!l)
		return TW_RAISE(
			UNSUPPORTED, "%s does not load (%.100s); install libtss2-esys-3.0.2-0 and libtss2-mu0", library, dlerror());
	for (; symbols->name; symbols++) {
		void *found = dlsym(l, symbols->name);
		if (!found)
			return TW_RAISE(UNSUPPORTED, "%s has no %s; it is too old", library, symbols->name);
		memcpy(symbols->at, &found, sizeof found);
	}
	return TW_OK;
}

/* --- The way to the TPM --- */

static struct tpm {
	TSS2_TCTI_CONTEXT_COMMON_V1 tcti; /* first: what libtss2 is given */
	const struct tw_sys *sys;
	int fd;
	int64_t deadline; /* of the question being answered */
	bool owed;        /* an answer to a command that was given up is still to come */
	bool gone, late;  /* in this question */
	bool broken;      /* a command was given up half way, and libtss2 would go on with it */
	uint8_t answer[ANSWER_MAX];
	ESYS_CONTEXT *context;
	ESYS_TR primary;
	uint8_t name[TW_SHA256_SIZE]; /* of the primary's public half: the same for the TPM's life */
	bool hardware;
	char maker[32];
} tpm;

static int64_t now_ms(const struct tw_sys *sys)
{
	struct timespec t = { 0 };
	(void)sys->clock(sys, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False: not in time, or never. */
static bool wait_for(short events)
{
	struct pollfd p = { .fd = tpm.fd, .events = events };
	for (;;) {
		int64_t left = tpm.deadline - now_ms(tpm.sys);
		int n = left > 0 ? tpm.sys->poll(tpm.sys, &p, 1, (int)left) : 0;
		if (n > 0 && p.revents & events)
			return true;
		if (n < 0 && errno == EINTR)
			continue;
		tpm.late = n == 0;
		tpm.gone = n != 0;
		return false;
	}
}

static bool take(uint8_t *to, size_t size)
{
	for (size_t got = 0; got < size;) {
		if (!wait_for(POLLIN))
			return false;
		ssize_t n = tpm.sys->read(tpm.sys, tpm.fd, to + got, size - got);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		tpm.gone = n <= 0;
		if (tpm.gone)
			return false;
		got += (size_t)n;
	}
	return true;
}

/* A device gives one answer for one read; a socket may give it in pieces. The size stands in its head. */
static TSS2_RC read_answer(size_t *ret_size)
{
	uint8_t *a = tpm.answer;
	if (!wait_for(POLLIN))
		return TSS2_TCTI_RC_IO_ERROR;
	ssize_t n = tpm.sys->read(tpm.sys, tpm.fd, a, ANSWER_MAX);
	size_t size = n >= 10 ? (size_t)a[2] << 24 | (size_t)a[3] << 16 | (size_t)a[4] << 8 | a[5] : 0;
	tpm.gone = n < 10 || size < (size_t)n || size > ANSWER_MAX;
	if (tpm.gone || !take(a + n, size - (size_t)n))
		return TSS2_TCTI_RC_IO_ERROR;
	*ret_size = size;
	tpm.owed = false;
	return TSS2_RC_SUCCESS;
}

/* What was given up is waited for first, and thrown away: its answer would pass for the next one's. */
static TSS2_RC transmit(TSS2_TCTI_CONTEXT *c, size_t size, const uint8_t *command)
{
	size_t ignored;
	if (tpm.owed && read_answer(&ignored) != TSS2_RC_SUCCESS)
		return TSS2_TCTI_RC_IO_ERROR;
	if (!wait_for(POLLOUT))
		return TSS2_TCTI_RC_IO_ERROR;
	tpm.gone = tpm.sys->write(tpm.sys, tpm.fd, command, size) != (ssize_t)size;
	if (tpm.gone)
		return TSS2_TCTI_RC_IO_ERROR;
	tpm.owed = true;
	return TSS2_RC_SUCCESS;
}

/* The process before us may have been ended between a command and its answer, which waits on the same descriptor. */
static void drop_old_answer(void)
{
	struct pollfd p = { .fd = tpm.fd, .events = POLLIN };
	while (tpm.sys->poll(tpm.sys, &p, 1, 0) > 0 && tpm.sys->read(tpm.sys, tpm.fd, tpm.answer, ANSWER_MAX) > 0)
		;
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *c, size_t *size, uint8_t *answer, int32_t timeout)
{
	size_t waiting = 0;
	if (!answer) { /* libtss2 asks how much there is, then for it */
		*size = ANSWER_MAX;
		return TSS2_RC_SUCCESS;
	}
	TSS2_RC rc = read_answer(&waiting);
	if (rc != TSS2_RC_SUCCESS)
		return rc;
	if (waiting > *size)
		return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
	memcpy(answer, tpm.answer, waiting);
	*size = waiting;
	tw_wipe(tpm.answer, waiting);
	return TSS2_RC_SUCCESS;
}

/* --- Errors --- */

static tw_err raise(TSS2_RC rc, const char *what)
{
	TSS2_RC format1 = rc & 0xbf; /* of those that name a parameter, handle or session */
	tpm.broken = tpm.late || tpm.gone || (rc & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER; /* else the TPM itself has refused */
	if (tpm.late)
		return TW_RAISE(TIMEOUT, "the TPM does not answer in %d ms", COMMAND_MS);
	if (tpm.gone)
		return TW_RAISE(CLOSED, "the TPM has gone; connect it, and start the device's software again");
	if (format1 == TPM2_RC_INTEGRITY)
		return TW_RAISE(STATE, "TPM: a key that was made by another TPM, or before this one was cleared (%s, 0x%x)", what, rc);
	if (rc == TPM2_RC_LOCKOUT)
		return TW_RAISE(STATE, "TPM: locked, after wrong authorizations by others; wait, or clear the lockout");
	if (format1 == TPM2_RC_BAD_AUTH || format1 == TPM2_RC_AUTH_FAIL)
		return TW_RAISE(STATE, "TPM: its owner hierarchy has a password; keys of the device are made there, so it has to be empty");
	if (rc == TPM2_RC_INITIALIZE)
		return TW_RAISE(STATE, "TPM: not started; the firmware, or swtpm's --flags startup-clear, has to");
	return TW_RAISE(CRYPTO, "TPM: %s failed with 0x%x", what, rc);
}

#define CALL(function, ...)                                                 \
	do {                                                                \
		TSS2_RC call_rc_ = esys.function(tpm.context, __VA_ARGS__); \
		if (call_rc_ != TSS2_RC_SUCCESS)                            \
			return raise(call_rc_, #function);                  \
	} while (0)
#define NONE ESYS_TR_NONE, ESYS_TR_NONE
#define NO_SESSIONS ESYS_TR_NONE, NONE
#define BY_PASSWORD ESYS_TR_PASSWORD, NONE /* the empty one: the TPM is for whoever may open it */

static void free_esys(void *p)
{
	if (*(void **)p)
		esys.Free(*(void **)p);
}

static void flush(const ESYS_TR *handle)
{
	if (*handle != ESYS_TR_NONE && !tpm.broken) /* else it goes with the leftovers */
		tpm.broken = esys.FlushContext(tpm.context, *handle) != TSS2_RC_SUCCESS;
}

/* --- Templates --- */

#define KEPT (TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)
#define INSIDE (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT)

static TPM2B_PUBLIC ecc_template(TPMA_OBJECT attributes)
{
	TPM2B_PUBLIC p = { .publicArea = { .type = TPM2_ALG_ECC, .nameAlg = TPM2_ALG_SHA256, .objectAttributes = KEPT | attributes } };
	TPMS_ECC_PARMS *ecc = &p.publicArea.parameters.eccDetail;
	ecc->symmetric.algorithm = TPM2_ALG_NULL;
	ecc->scheme.scheme = TPM2_ALG_NULL;
	ecc->kdf.scheme = TPM2_ALG_NULL;
	ecc->curveID = TPM2_ECC_NIST_P256;
	return p;
}

static TPM2B_PUBLIC primary_template(void)
{
	TPM2B_PUBLIC p = ecc_template(INSIDE | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT);
	TPMT_SYM_DEF_OBJECT *s = &p.publicArea.parameters.eccDetail.symmetric;
	s->algorithm = TPM2_ALG_AES;
	s->keyBits.aes = 128;
	s->mode.aes = TPM2_ALG_CFB;
	return p;
}

/* --- Starting --- */

/* A stand-in without a resource manager keeps what the process before us had loaded, and has room for three. */
static tw_err flush_leftovers(void)
{
	TW_CLEANUP(free_esys) TPMS_CAPABILITY_DATA *list = NULL;
	TPMI_YES_NO more;
	CALL(GetCapability, NO_SESSIONS, TPM2_CAP_HANDLES, TRANSIENT_FIRST, LIST_MAX, &more, &list);
	for (uint32_t i = 0; i < list->data.handles.count && i < LIST_MAX; i++) {
		ESYS_TR handle;
		CALL(FromTPMPublic, list->data.handles.handle[i], NO_SESSIONS, &handle);
		CALL(FlushContext, handle);
	}
	return TW_OK;
}

static tw_err make_primary(void)
{
	TW_CLEANUP(flush)
	ESYS_TR made = ESYS_TR_NONE; /* ours when all is known of it: a failed command writes ESYS_TR_NONE, which is not 0 */
	TW_CLEANUP(free_esys) TPM2B_PUBLIC *public = NULL;
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPM2B_PUBLIC template = primary_template();
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	CALL(CreatePrimary, ESYS_TR_RH_OWNER, BY_PASSWORD, &sensitive, &template, &outside, &pcrs, &made, &public, NULL, NULL, NULL);
	const TPMS_ECC_POINT *q = &public->publicArea.unique.ecc;
	const struct tw_slice parts[] = { { (const char *)q->x.buffer, q->x.size }, { (const char *)q->y.buffer, q->y.size } };
	TW_TRY(tw_sha256_of(parts, TW_COUNT(parts), tpm.name));
	tpm.primary = made;
	made = ESYS_TR_NONE;
	return TW_OK;
}

static void add_word(uint32_t value, char *to)
{
	size_t n = strlen(to);
	for (unsigned i = 0; i < 4; i++) {
		char c = (char)(value >> (24 - 8 * i));
		if (c > ' ' && c < 0x7f)
			to[n++] = c;
	}
	to[n] = '\0';
}

/* Manufacturer and vendor strings; a simulator says SW there, and behind a socket there is nothing else. */
static tw_err read_maker(bool is_socket)
{
	TW_CLEANUP(free_esys) TPMS_CAPABILITY_DATA *list = NULL;
	TPMI_YES_NO more;
	CALL(GetCapability, NO_SESSIONS, TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER, 5, &more, &list);
	tpm.maker[0] = '\0';
	for (uint32_t i = 0; i < list->data.tpmProperties.count && i < 5; i++)
		add_word(list->data.tpmProperties.tpmProperty[i].value, tpm.maker);
	tpm.hardware = !is_socket && !strstr(tpm.maker, "SW");
	return TW_OK;
}

static tw_err begin(const struct tw_sys *sys, const struct tw_token_plan *plan)
{
	TSS2_TCTI_CONTEXT_COMMON_V1 *t = &tpm.tcti;
	if (setenv("TSS2_LOG", "all+none", 1)) /* what failed is told by us */
		return TW_RAISE(NOMEM, "the library's environment");
	if (!esys.Initialize)
		TW_TRY(load(ESYS, esys_symbols));
	if (!mu.PublicMarshal)
		TW_TRY(load(MU, mu_symbols));
	TSS2_TCTI_MAGIC(t) = 0x7477617264;
	TSS2_TCTI_VERSION(t) = 1;
	TSS2_TCTI_TRANSMIT(t) = transmit;
	TSS2_TCTI_RECEIVE(t) = receive;
	tpm.fd = plan->fd;
	if (!tpm.owed)
		drop_old_answer();
	TSS2_RC rc = esys.Initialize(&tpm.context, (TSS2_TCTI_CONTEXT *)t, NULL);
	return rc == TSS2_RC_SUCCESS ? TW_OK : raise(rc, "Initialize");
}

static tw_err need_tpm(const struct tw_sys *sys, const struct tw_token_plan *plan)
{
	tpm.sys = sys;
	tpm.deadline = now_ms(sys) + COMMAND_MS;
	tpm.late = tpm.gone = false;
	if (tpm.broken) {
		esys.Finalize(&tpm.context);
		tpm.primary = 0;
		tpm.broken = false;
	}
	if (!tpm.context)
		TW_TRY(begin(sys, plan));
	if (tpm.primary != 0)
		return TW_OK;
	TW_TRY(flush_leftovers());
	TW_TRY(read_maker(plan->is_socket));
	return make_primary();
}

/* --- Blobs --- */

static tw_err write_blob(const TPM2B_PUBLIC *public, const TPM2B_PRIVATE *private, struct tw_buf *ret)
{
	uint8_t bytes[sizeof *public + sizeof *private];
	size_t n = 0;
	if (mu.PublicMarshal(public, bytes, sizeof bytes, &n) != TSS2_RC_SUCCESS ||
		mu.PrivateMarshal(private, bytes, sizeof bytes, &n) != TSS2_RC_SUCCESS)
		return TW_RAISE(CRYPTO, "TPM: a blob that cannot be written down");
	return tw_buf_add(ret, bytes, n);
}

static tw_err load_blob(struct tw_slice blob, ESYS_TR *ret)
{
	TPM2B_PUBLIC public = { 0 };
	TPM2B_PRIVATE private = { 0 };
	size_t n = 0;
	const uint8_t *at = (const uint8_t *)blob.at;
	if (mu.PublicUnmarshal(at, blob.size, &n, &public) != TSS2_RC_SUCCESS ||
		mu.PrivateUnmarshal(at, blob.size, &n, &private) != TSS2_RC_SUCCESS || n != blob.size)
		return TW_RAISE(SYNTAX, "TPM: %zu bytes that are no blob", blob.size);
	CALL(Load, tpm.primary, BY_PASSWORD, &private, &public, ret);
	return TW_OK;
}

static tw_err add_padded(const uint8_t *bytes, size_t size, struct tw_buf *ret)
{
	static const uint8_t zeros[SECRET_SIZE];
	if (size > SECRET_SIZE)
		return TW_RAISE(CRYPTO, "TPM: a number of %zu bytes", size);
	TW_TRY(tw_buf_add(ret, zeros, SECRET_SIZE - size));
	return tw_buf_add(ret, bytes, size);
}

/* --- Questions --- */

static tw_err create(const TPM2B_SENSITIVE_CREATE *sensitive, const TPM2B_PUBLIC *template, struct tw_buf *ret_blob, struct tw_buf *ret_point)
{
	TW_CLEANUP(free_esys) TPM2B_PRIVATE *private = NULL;
	TW_CLEANUP(free_esys) TPM2B_PUBLIC *public = NULL;
	const TPM2B_DATA outside = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	CALL(Create, tpm.primary, BY_PASSWORD, sensitive, template, &outside, &pcrs, &private, &public, NULL, NULL, NULL);
	TW_TRY(write_blob(public, private, ret_blob));
	if (!ret_point)
		return TW_OK;
	const TPMS_ECC_POINT *q = &public->publicArea.unique.ecc;
	TW_TRY(tw_buf_u8(ret_point, 0x04));
	TW_TRY(add_padded(q->x.buffer, q->x.size, ret_point));
	return add_padded(q->y.buffer, q->y.size, ret_point);
}

static tw_err generate(struct tw_token_answer *ret)
{
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPM2B_PUBLIC template = ecc_template(INSIDE | TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_SIGN_ENCRYPT);
	return create(&sensitive, &template, &ret->more, &ret->out);
}

/* TPM2B_SENSITIVE of an ECC key, without authorization or seed: what TPM2_Import takes when nothing wraps it. */
static TPM2B_PRIVATE plain_sensitive(const uint8_t *scalar)
{
	static const uint8_t head[] = { 0, 40, TPM2_ALG_ECC >> 8, TPM2_ALG_ECC & 0xff, 0, 0, 0, 0, 0, SECRET_SIZE };
	TPM2B_PRIVATE p = { .size = sizeof head + SECRET_SIZE };
	memcpy(p.buffer, head, sizeof head);
	memcpy(p.buffer + sizeof head, scalar, SECRET_SIZE);
	return p;
}

/* A key from the workshop cannot be said to have always been inside (fixedTPM); from here on it does not come out, as there is no policy for it. */
static tw_err take_in(struct tw_slice key, struct tw_token_answer *ret)
{
	TW_CLEANUP(free_esys) TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC public = ecc_template(TPMA_OBJECT_SIGN_ENCRYPT);
	TPMS_ECC_POINT *q = &public.publicArea.unique.ecc;
	const TPM2B_ENCRYPTED_SECRET seed = { 0 };
	const TPM2B_DATA encryption = { 0 };
	const TPMT_SYM_DEF_OBJECT none = { .algorithm = TPM2_ALG_NULL };
	if (key.size != SECRET_SIZE + TW_POINT_SIZE)
		return TW_RAISE(INTERNAL, "a key of %zu bytes to be taken in", key.size);
	q->x.size = q->y.size = SECRET_SIZE;
	memcpy(q->x.buffer, key.at + SECRET_SIZE + 1, SECRET_SIZE);
	memcpy(q->y.buffer, key.at + 2 * SECRET_SIZE + 1, SECRET_SIZE);
	TPM2B_PRIVATE sensitive = plain_sensitive((const uint8_t *)key.at);
	TSS2_RC rc = esys.Import(tpm.context, tpm.primary, BY_PASSWORD, &encryption, &public, &sensitive, &seed, &none, &private);
	tw_wipe(&sensitive, sizeof sensitive);
	if (rc != TSS2_RC_SUCCESS)
		return raise(rc, "Import");
	TW_TRY(write_blob(&public, private, &ret->more));
	return tw_buf_add(&ret->out, key.at + SECRET_SIZE, TW_POINT_SIZE);
}

static tw_err do_make(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	return q->in.size ? take_in(q->in, ret) : generate(ret);
}

static tw_err do_sign(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	TW_CLEANUP(flush) ESYS_TR key = ESYS_TR_NONE;
	TW_CLEANUP(free_esys) TPMT_SIGNATURE *signature = NULL;
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256 };
	const TPMT_TK_HASHCHECK ticket = { .tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL };
	TPM2B_DIGEST digest = { .size = TW_SHA256_SIZE };
	if (q->in.size != TW_SHA256_SIZE)
		return TW_RAISE(INTERNAL, "a digest of %zu bytes", q->in.size);
	memcpy(digest.buffer, q->in.at, q->in.size);
	TW_TRY(load_blob(q->handle, &key));
	CALL(Sign, key, BY_PASSWORD, &digest, &scheme, &ticket, &signature);
	const TPMS_SIGNATURE_ECDSA *s = &signature->signature.ecdsa;
	TW_TRY(add_padded(s->signatureR.buffer, s->signatureR.size, &ret->out));
	return add_padded(s->signatureS.buffer, s->signatureS.size, &ret->out);
}

static tw_err do_wrap(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	TPM2B_SENSITIVE_CREATE sensitive = { .sensitive.data.size = SECRET_SIZE };
	TPM2B_PUBLIC template = { .publicArea = { .type = TPM2_ALG_KEYEDHASH, .nameAlg = TPM2_ALG_SHA256, .objectAttributes = KEPT | INSIDE } };
	template.publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
	if (q->in.size != SECRET_SIZE)
		return TW_RAISE(INTERNAL, "a storage key of %zu bytes", q->in.size);
	memcpy(sensitive.sensitive.data.buffer, q->in.at, SECRET_SIZE);
	tw_err e = create(&sensitive, &template, &ret->out, NULL);
	tw_wipe(&sensitive, sizeof sensitive);
	return e;
}

static tw_err do_unwrap(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	TW_CLEANUP(flush) ESYS_TR key = ESYS_TR_NONE;
	TW_CLEANUP(free_esys) TPM2B_SENSITIVE_DATA *plain = NULL;
	TW_TRY(load_blob(q->handle, &key));
	CALL(Unseal, key, BY_PASSWORD, &plain);
	tw_err e = tw_buf_reserve(&ret->out, plain->size + 1);
	if (!tw_failed(e))
		e = tw_buf_add(&ret->out, plain->buffer, plain->size);
	tw_wipe(plain, sizeof *plain);
	return e;
}

static tw_err do_nothing(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	return TW_OK;
}

/* A question to the TPM itself, so that one that is gone is seen. */
static tw_err do_describe(const struct tw_token_question *q, struct tw_token_answer *ret)
{
	TW_TRY(read_maker(!tpm.hardware));
	TW_TRY(tw_buf_u8(&ret->out, tpm.hardware ? 1 : 0));
	TW_TRY(tw_buf_add(&ret->out, tpm.name, sizeof tpm.name));
	return tw_buf_format(&ret->more, "A TPM 2.0 (%s)", tpm.maker);
}

static tw_err (*const rows[TW_TOKEN_OPS])(const struct tw_token_question *q, struct tw_token_answer *ret) = {
	[TW_TOKEN_MAKE] = do_make,
	[TW_TOKEN_SIGN] = do_sign,
	[TW_TOKEN_DESTROY] = do_nothing,
	[TW_TOKEN_WRAP] = do_wrap,
	[TW_TOKEN_UNWRAP] = do_unwrap,
	[TW_TOKEN_SWEEP] = do_nothing,
	[TW_TOKEN_DESCRIBE] = do_describe,
};

static tw_err tpm_ask(const struct tw_sys *sys, struct tw_token_plan *plan, const struct tw_token_question *q, struct tw_token_answer *ret)
{
	if (q->op >= TW_TOKEN_OPS || !rows[q->op])
		return TW_RAISE(INTERNAL, "a token is not asked for %u", q->op);
	TW_TRY(need_tpm(sys, plan));
	return rows[q->op](q, ret);
}

const struct tw_token_kind_row tw_token_tpm = { "tpm", "tpm", tpm_ask };
