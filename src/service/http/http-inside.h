/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the parser: the rules and what breaking one answers, the classes of bytes, the head being read. */
#ifndef TW_SERVICE_HTTP_INSIDE_H
#define TW_SERVICE_HTTP_INSIDE_H
#include "service/http/http.h"

#define TW_HTTP_RULES(X)                                                                                       \
	X(BARE_LF, 400, SYNTAX, "RFC 9112 2.2: a line ends with CR LF")                                        \
	X(BARE_CR, 400, SYNTAX, "RFC 9112 2.2: CR without LF")                                                 \
	X(REQUEST_LINE, 400, SYNTAX, "RFC 9112 3: method SP target SP version, single blanks")                 \
	X(METHOD_TOKEN, 400, SYNTAX, "RFC 9110 9.1: a method is a token")                                      \
	X(METHOD, 501, UNSUPPORTED, "RFC 9110 15.6.2: a method nothing here implements")                       \
	X(VERSION_FORM, 400, SYNTAX, "RFC 9112 2.3: HTTP/DIGIT.DIGIT")                                         \
	X(VERSION, 505, UNSUPPORTED, "RFC 9110 15.6.6: we speak HTTP/1.1 only")                                \
	X(TARGET_FORM, 400, SYNTAX, "RFC 9112 3.2.1: we take origin-form only")                                \
	X(TARGET_LONG, 414, LIMIT, "RFC 9110 15.5.15: target over 1024 bytes")                                 \
	X(TARGET_CHARACTER, 400, SYNTAX, "RFC 3986 3.3: a byte that no path or query holds")                   \
	X(TARGET_PERCENT, 400, SYNTAX, "RFC 3986 2.1: % and two hexadecimal digits")                           \
	X(TARGET_TEXT, 400, SYNTAX, "RFC 3629 3: decoded, a target is UTF-8 without control characters")       \
	X(PATH_EMPTY, 400, SYNTAX, "RFC 3986 3.3: we take no empty segment")                                   \
	X(PATH_DOTS, 400, SYNTAX, "RFC 3986 6.2.2.3: a client removes dot segments before it asks")            \
	X(PATH_ENCODED, 400, SYNTAX, "RFC 3986 2.2: we take no encoded slash, backslash or percent in a path") \
	X(FIELD_FOLD, 400, SYNTAX, "RFC 9112 5.2: no folding")                                                 \
	X(FIELD_COLON, 400, SYNTAX, "RFC 9112 5: a field line has a colon")                                    \
	X(FIELD_BLANK, 400, SYNTAX, "RFC 9112 5.1: blank before the colon")                                    \
	X(FIELD_NAME, 400, SYNTAX, "RFC 9110 5.1: a field name is a token")                                    \
	X(FIELD_VALUE, 400, SYNTAX, "RFC 9110 5.5: control character in a field value")                        \
	X(FIELD_COUNT, 431, LIMIT, "RFC 6585 5: over 64 fields")                                               \
	X(HEAD_LONG, 431, LIMIT, "RFC 6585 5: head over 8192 bytes")                                           \
	X(HOST_MISSING, 400, SYNTAX, "RFC 9112 3.2: Host is missing")                                          \
	X(HOST_TWICE, 400, SYNTAX, "RFC 9112 3.2: more than one Host")                                         \
	X(HOST_VALUE, 400, SYNTAX, "RFC 9110 7.2: Host is a name or address, and a port")                      \
	X(LENGTH_TWICE, 400, SYNTAX, "RFC 9112 6.3: more than one Content-Length")                             \
	X(LENGTH_VALUE, 400, SYNTAX, "RFC 9110 8.6: Content-Length is digits")                                 \
	X(LENGTH_RANGE, 413, LIMIT, "RFC 9110 15.5.14: longer than anything we take")                          \
	X(CODING_TWICE, 400, SYNTAX, "RFC 9112 6.1: we take one Transfer-Encoding")                            \
	X(CODING_AND_LENGTH, 400, SYNTAX, "RFC 9112 6.1: Transfer-Encoding beside Content-Length")             \
	X(CODING_LAST, 400, SYNTAX, "RFC 9112 6.3: chunked is not the last coding, or not the only chunked")   \
	X(CODING, 501, UNSUPPORTED, "RFC 9112 6.1: a transfer coding other than chunked")                      \
	X(CONTENT, 400, SYNTAX, "RFC 9110 9.3.1: we take no content with GET, HEAD, DELETE")                   \
	X(EXPECT, 417, UNSUPPORTED, "RFC 9110 10.1.1: only 100-continue can be expected")                      \
	X(CONNECTION, 400, SYNTAX, "RFC 9110 7.6.1: Connection is a list of tokens")                           \
	X(UPGRADE, 400, UNSUPPORTED, "RFC 9110 7.8: we offer nothing to upgrade to")                           \
	X(CHUNK_SIZE, 400, SYNTAX, "RFC 9112 7.1: chunk-size is hexadecimal digits, then CR LF")               \
	X(CHUNK_EXTENSION, 400, SYNTAX, "RFC 9112 7.1.1: our limit for chunk extensions is none")              \
	X(CHUNK_RANGE, 413, LIMIT, "RFC 9110 15.5.14: body over its limit")                                    \
	X(CHUNK_END, 400, SYNTAX, "RFC 9112 7.1: chunk-data ends with CR LF")                                  \
	X(CHUNK_TRAILER, 400, SYNTAX, "RFC 9112 7.1.2: we take no trailer fields")

enum tw_http_rule {
#define TW_RULE_ENUM(name, status, code, rule) TW_RULE_##name,
	TW_HTTP_RULES(TW_RULE_ENUM)
#undef TW_RULE_ENUM
};
/* Fills ret and raises the rule's code. */
tw_err tw_http_fault_at(struct tw_http_fault *ret, enum tw_http_rule rule, size_t offset);

struct tw_slice tw_http_trim(struct tw_slice s); /* without blanks and tabs at both ends */
/* Takes the next element of a comma list, trimmed, off the front of rest; false when nothing is left. */
bool tw_http_next_element(struct tw_slice *rest, struct tw_slice *ret);

/* The head being read, and where its fault would be written. */
struct tw_http_reading {
	struct tw_slice bytes;
	struct tw_http_head *head;
	struct tw_http_fault *fault;
};

tw_err tw_http_refuse(const struct tw_http_reading *r, enum tw_http_rule rule, const char *at);
tw_err tw_http_request_line(const struct tw_http_reading *r, struct tw_slice line);

/* What each byte may be part of. */
enum { TW_BYTE_TOKEN = 1, TW_BYTE_PCHAR = 2, TW_BYTE_VALUE = 4, TW_BYTE_HOST = 8 };
extern const uint8_t tw_http_class[256];
const char *tw_http_outside(struct tw_slice s, uint8_t class); /* the first byte of s outside the class, NULL when there is none */
bool tw_http_digit(char c);
#endif
