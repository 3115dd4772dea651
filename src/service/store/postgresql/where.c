/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/postgresql/where.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define SCHEME "postgresql:///"

/* Names go into statements and into the names of files: nothing that either would read as something else. */
static bool plain(struct tw_slice s, const char *more)
{
	for (size_t i = 0; i < s.size; i++) {
		const char c = s.at[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && !(c && strchr(more, c)))
			return false;
	}
	return s.size > 0;
}

static tw_err keep(const char *what, struct tw_slice value, const char *more, char *ret, size_t size)
{
	if (value.size >= size)
		return TW_RAISE(SYNTAX, "store: %s has more than %zu bytes", what, size - 1);
	if (!plain(value, more))
		return TW_RAISE(SYNTAX, "store: %s may have letters, digits and any of %s, and must not be empty", what, more);
	memcpy(ret, value.at, value.size);
	ret[value.size] = '\0';
	return TW_OK;
}

static struct tw_slice cut(struct tw_slice *rest, char at)
{
	const char *end = rest->size ? memchr(rest->at, at, rest->size) : NULL;
	const struct tw_slice first = { rest->at, end ? (size_t)(end - rest->at) : rest->size };
	const size_t gone = first.size + (end ? 1 : 0);

	*rest = (struct tw_slice){ rest->at + gone, rest->size - gone };
	return first;
}

static tw_err take(struct tw_pg_where *w, struct tw_slice name, struct tw_slice value)
{
	uint64_t port = 0;

	if (tw_slice_is(name, "host") && value.size && value.at[0] != '/')
		return TW_RAISE(UNSUPPORTED,
			"store: host is the directory of the server's socket, with / at its start; over the network PostgreSQL is not "
			"provided, since neither TLS nor a password is");
	if (tw_slice_is(name, "host"))
		return keep("host", value, "/._-", w->host, sizeof w->host);
	if (tw_slice_is(name, "user"))
		return keep("user", value, "_-", w->user, sizeof w->user);
	if (tw_slice_is(name, "schema"))
		return keep("schema", value, "_", w->schema, sizeof w->schema);
	if (!tw_slice_is(name, "port"))
		return TW_RAISE(SYNTAX, "store: '" TW_SLICE_FMT "' is none of host, user, port and schema", TW_SLICE_ARG(name));
	if (tw_failed(tw_parse_u64(value, 65535, &port)) || !port)
		return TW_RAISE(SYNTAX, "store: port is a number up to 65535");
	return keep("port", value, "", w->port, sizeof w->port);
}

tw_err tw_pg_where_parse(struct tw_slice line, struct tw_pg_where *ret)
{
	struct tw_pg_where w = { .port = "5432", .schema = "thingward" };
	struct tw_slice rest = line;

	if (rest.size && rest.at[rest.size - 1] == '\n')
		rest.size--;
	if (rest.size > TW_PG_WHERE_MAX)
		return TW_RAISE(SYNTAX, "store: its address has more than %d bytes", TW_PG_WHERE_MAX);
	if (rest.size >= 13 && memcmp(rest.at, SCHEME, 13) == 0 && (rest.size < 14 || rest.at[13] != '/'))
		return TW_RAISE(UNSUPPORTED,
			"store: a server of the network is not provided, since neither TLS nor a password is; "
			"say postgresql:///DATABASE?host=/DIRECTORY&user=NAME");
	if (rest.size < sizeof SCHEME - 1 || memcmp(rest.at, SCHEME, sizeof SCHEME - 1) != 0)
		return TW_RAISE(SYNTAX, "store: its address is postgresql:///DATABASE?host=/DIRECTORY&user=NAME");
	rest.at += sizeof SCHEME - 1;
	rest.size -= sizeof SCHEME - 1;
	TW_TRY(keep("the database", cut(&rest, '?'), "_-", w.database, sizeof w.database));
	while (rest.size) {
		struct tw_slice value = cut(&rest, '&'), name = cut(&value, '=');

		TW_TRY(take(&w, name, value));
	}
	if (!*w.host || !*w.user)
		return TW_RAISE(SYNTAX, "store: its address wants host=/DIRECTORY and user=NAME");
	*ret = w;
	return TW_OK;
}
