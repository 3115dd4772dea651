/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that is SoftHSM, but for what the file named by ODD_MODULE says: slow, crash, wrong, locked, final, out, keep,
 * leaky, bare (says so of "sensitive"), slow-login, crash-login, once (crashes in one login and is well from then on), once-low (says
 * from then on that a wrong PIN was counted), once-out (is gone from then on), wrong-gone (says that it is wrong, and crashes), stuck (destroys
 * nothing and says so), made (makes a key and crashes), lag (takes its time, but does it), no-list and null-list (has no functions), unready,
 * zeros (pads by NUL), blank (has no model), short-id, many (the same object 128 times), point-bare, -long, -head, -size (a public half of
 * another form); or FUNCTION=CODE in hexadecimal digits, which is done and said to have failed with that. A module's misfortunes cannot be had
 * from SoftHSM itself. Looks at tokens, logins, destroyed objects and what lagged are counted by lines in ODD_MODULE.log.
 */
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REAL "/usr/lib/softhsm/libsofthsm2.so"

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ret);
static CK_FUNCTION_LIST *real, ours;

static void read_word(char ret[32])
{
	const char *name = getenv("ODD_MODULE");
	FILE *f = name ? fopen(name, "r") : NULL;
	if (!f || !fgets(ret, 32, f))
		ret[0] = '\0';
	if (f)
		(void)fclose(f);
}

static void write_word(const char *what)
{
	FILE *f = fopen(getenv("ODD_MODULE"), "w");
	if (f) {
		(void)fputs(what, f);
		(void)fclose(f);
	}
}

static int is(const char *what)
{
	char text[32];
	read_word(text);
	return strcmp(text, what) == 0;
}

/* What this function is to say, whatever came of it. */
static CK_RV told(const char *function, CK_RV rv)
{
	char text[32];
	size_t size = strlen(function);
	read_word(text);
	if (strncmp(text, function, size) != 0 || text[size] != '=')
		return rv;
	CK_RV code = 0;
	for (const char *at = text + size + 1; *at; at++)
		code = code * 16 + (CK_RV)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
	return code;
}

static void count(const char *what)
{
	char name[256];
	(void)snprintf(name, sizeof name, "%s.log", getenv("ODD_MODULE"));
	FILE *f = fopen(name, "a");
	if (f) {
		(void)fprintf(f, "%s\n", what);
		(void)fclose(f);
	}
}

/* Longer than TW_TOKEN_QUICK_MS, so that nothing more fits into the turn; shorter than any limit. */
static void lag(void)
{
	if (!is("lag"))
		return;
	count("lag");
	(void)usleep(210000);
}

static void pad_by_zeros(CK_BYTE *field, size_t size)
{
	while (size && field[size - 1] == ' ')
		field[--size] = '\0';
}

static CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO_PTR ret)
{
	CK_RV rv = real->C_GetTokenInfo(slot, ret);
	count("look");
	lag();
	if (is("out"))
		return CKR_TOKEN_NOT_PRESENT;
	ret->flags |= is("locked") ? CKF_USER_PIN_LOCKED
		: is("final")      ? CKF_USER_PIN_FINAL_TRY
		: is("low")        ? CKF_USER_PIN_COUNT_LOW
				   : 0;
	if (is("unready"))
		ret->flags &= ~(CK_FLAGS)CKF_TOKEN_INITIALIZED;
	if (is("blank"))
		memset(ret->model, ' ', sizeof ret->model);
	if (is("zeros")) {
		pad_by_zeros(ret->label, sizeof ret->label);
		ret->model[sizeof ret->model - 1] = '\0'; /* behind blanks */
		pad_by_zeros(ret->manufacturerID, sizeof ret->manufacturerID);
	}
	return rv;
}

static CK_RV get_session_info(CK_SESSION_HANDLE s, CK_SESSION_INFO_PTR ret)
{
	return is("out") ? CKR_DEVICE_REMOVED : real->C_GetSessionInfo(s, ret);
}

static CK_RV login(CK_SESSION_HANDLE s, CK_USER_TYPE who, CK_UTF8CHAR_PTR pin, CK_ULONG size)
{
	count("login");
	if (is("slow-login"))
		(void)sleep(60);
	if (is("once") || is("once-low") || is("once-out"))
		write_word(is("once") ? "" : is("once-low") ? "low" : "out");
	else if (!is("crash-login"))
		return is("wrong") || is("wrong-gone") ? CKR_PIN_INCORRECT : told("Login", real->C_Login(s, who, pin, size));
	_exit(9);
}

static CK_RV close_session(CK_SESSION_HANDLE s)
{
	if (is("wrong-gone"))
		_exit(9);
	return real->C_CloseSession(s);
}

static CK_RV sign(CK_SESSION_HANDLE s, CK_BYTE_PTR data, CK_ULONG size, CK_BYTE_PTR ret, CK_ULONG_PTR ret_size)
{
	if (is("slow"))
		(void)sleep(60);
	if (is("crash"))
		_exit(9);
	lag();
	return real->C_Sign(s, data, size, ret, ret_size);
}

static CK_RV make_pair(CK_SESSION_HANDLE s, CK_MECHANISM_PTR how, CK_ATTRIBUTE_PTR public, CK_ULONG public_size,
	CK_ATTRIBUTE_PTR private, CK_ULONG private_size, CK_OBJECT_HANDLE_PTR ret_public, CK_OBJECT_HANDLE_PTR ret_private)
{
	CK_RV rv = real->C_GenerateKeyPair(s, how, public, public_size, private, private_size, ret_public, ret_private);
	if (is("made"))
		_exit(9);
	lag();
	return rv;
}

static CK_RV make_object(CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR list, CK_ULONG n, CK_OBJECT_HANDLE_PTR ret)
{
	lag();
	return real->C_CreateObject(s, list, n, ret);
}

static CK_RV encrypt(CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG size, CK_BYTE_PTR ret, CK_ULONG_PTR ret_size)
{
	lag();
	return real->C_Encrypt(s, in, size, ret, ret_size);
}

static CK_RV decrypt(CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG size, CK_BYTE_PTR ret, CK_ULONG_PTR ret_size)
{
	lag();
	return told("Decrypt", real->C_Decrypt(s, in, size, ret, ret_size));
}

static CK_RV destroy(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object)
{
	if (is("stuck"))
		return CKR_DEVICE_ERROR;
	count("destroy");
	lag();
	return is("keep") ? CKR_OK : real->C_DestroyObject(s, object);
}

/* It comes as an OCTET STRING: 04 41, and then the point's 04. */
static void change_point(CK_BYTE *bytes, CK_ULONG *size)
{
	if (is("point-bare"))
		memmove(bytes, bytes + 2, *size -= 2);
	if (is("point-long"))
		bytes[1]++;
	if (is("point-head"))
		bytes[0]++;
	if (is("point-size"))
		*size -= 1;
}

static CK_RV get_attributes(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_PTR list, CK_ULONG n)
{
	CK_RV rv = real->C_GetAttributeValue(s, object, list, n);
	for (CK_ULONG i = 0; i < n; i++) {
		if (list[i].type == CKA_EXTRACTABLE && is("leaky"))
			*(CK_BBOOL *)list[i].pValue = CK_TRUE;
		if (list[i].type == CKA_SENSITIVE && is("bare"))
			*(CK_BBOOL *)list[i].pValue = CK_FALSE;
		if (list[i].type == CKA_ID && is("short-id"))
			list[i].ulValueLen--;
		if (list[i].type == CKA_EC_POINT)
			change_point(list[i].pValue, &list[i].ulValueLen);
	}
	return told("GetAttributeValue", rv);
}

static CK_RV find_objects(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE_PTR ret, CK_ULONG max, CK_ULONG_PTR ret_count)
{
	CK_RV rv = real->C_FindObjects(s, ret, max, ret_count);
	if (is("many")) {
		for (CK_ULONG i = 1; i < max; i++)
			ret[i] = ret[0];
		*ret_count = max;
	}
	return told("FindObjects", rv);
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ret)
{
	CK_C_GetFunctionList get;
	void *module = dlopen(REAL, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(module, "C_GetFunctionList");
	if (!get || get(&real) != CKR_OK)
		return CKR_GENERAL_ERROR;
	ours = *real;
	ours.C_GetTokenInfo = get_token_info;
	ours.C_GetSessionInfo = get_session_info;
	ours.C_Login = login;
	ours.C_CloseSession = close_session;
	ours.C_Sign = sign;
	ours.C_GenerateKeyPair = make_pair;
	ours.C_CreateObject = make_object;
	ours.C_Encrypt = encrypt;
	ours.C_Decrypt = decrypt;
	ours.C_DestroyObject = destroy;
	ours.C_GetAttributeValue = get_attributes;
	ours.C_FindObjects = find_objects;
	*ret = is("null-list") ? NULL : &ours;
	return is("no-list") ? CKR_GENERAL_ERROR : CKR_OK;
}
