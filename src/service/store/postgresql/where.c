/* SPDX-License-Identifier: Apache-2.0 */
#include "service/store/postgresql/where.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

#define SCHEME "postgresql://"
#define DIRECTORY_MAX 103 /* with the socket's own part as long as the name of a socket may be */

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

static tw_err take_port(struct tw_pg_where *w, struct tw_slice value)
{
	uint64_t port = 0;

	if (tw_failed(tw_parse_u64(value, 65535, &port)) || !port)
		return TW_RAISE(SYNTAX, "store: port is a number up to 65535");
	return keep("port", value, "", w->port, sizeof w->port);
}

static tw_err take_directory(struct tw_pg_where *w, struct tw_slice value)
{
	if (w->network)
		return TW_RAISE(SYNTAX, "store: a server of the network is named between // and /, and nowhere else");
	if (!value.size || value.at[0] != '/')
		return TW_RAISE(SYNTAX,
			"store: host is the directory of the server's socket, with / at its start; one of the network is postgresql://HOST/DATABASE?user=NAME");
	if (value.size > DIRECTORY_MAX)
		return TW_RAISE(SYNTAX, "store: host has more than %d bytes", DIRECTORY_MAX);
	return keep("host", value, "/._-", w->host, sizeof w->host);
}

/* What libpq would take, and what it would do to the line. */
static tw_err refuse(struct tw_slice name)
{
	if (tw_slice_is(name, "password"))
		return TW_RAISE(UNSUPPORTED,
			"store.password: a password does not stand in an address, which others may read; it has a file of its own");
	if (name.size >= 3 && memcmp(name.at, "ssl", 3) == 0)
		return TW_RAISE(UNSUPPORTED,
			"store.tls: to a server of the network there is TLS with its name and authority verified, and nothing to choose");
	return TW_RAISE(SYNTAX, "store: '" TW_SLICE_FMT "' is none of host, user, port and schema", TW_SLICE_ARG(name));
}

static tw_err take(struct tw_pg_where *w, struct tw_slice name, struct tw_slice value)
{
	if (tw_slice_is(name, "host"))
		return take_directory(w, value);
	if (tw_slice_is(name, "user"))
		return keep("user", value, "_-", w->user, sizeof w->user);
	if (tw_slice_is(name, "schema"))
		return keep("schema", value, "_", w->schema, sizeof w->schema);
	return tw_slice_is(name, "port") && !w->network ? take_port(w, value) : refuse(name);
}

/* HOST, HOST:PORT, [ADDRESS] or [ADDRESS]:PORT. */
static tw_err take_server(struct tw_pg_where *w, struct tw_slice server)
{
	struct tw_slice rest = server, host;
	const bool number = rest.size && rest.at[0] == '[';

	w->network = rest.size > 0;
	if (!w->network)
		return TW_OK;
	if (number) {
		if (!memchr(rest.at, ']', rest.size))
			return TW_RAISE(SYNTAX, "store: behind [ an address and ] are wanted");
		(void)cut(&rest, '[');
		host = cut(&rest, ']');
		if (rest.size && rest.at[0] != ':')
			return TW_RAISE(SYNTAX, "store: behind ] only :PORT may come");
		if (rest.size)
			(void)cut(&rest, ':');
	} else {
		host = cut(&rest, ':');
	}
	TW_TRY(keep("the server's name", host, number ? ":." : ".-", w->host, sizeof w->host));
	return rest.size || (server.size && server.at[server.size - 1] == ':') ? take_port(w, rest) : TW_OK;
}

tw_err tw_pg_where_parse(struct tw_slice line, struct tw_pg_where *ret)
{
	struct tw_pg_where w = { .port = "5432", .schema = "thingward" };
	struct tw_slice rest = line;

	if (rest.size && rest.at[rest.size - 1] == '\n')
		rest.size--;
	if (rest.size > TW_PG_WHERE_MAX)
		return TW_RAISE(SYNTAX, "store: its address has more than %d bytes", TW_PG_WHERE_MAX);
	if (rest.size < sizeof SCHEME - 1 || memcmp(rest.at, SCHEME, sizeof SCHEME - 1) != 0)
		return TW_RAISE(SYNTAX,
			"store: its address is postgresql:///DATABASE?host=/DIRECTORY&user=NAME, or postgresql://HOST/DATABASE?user=NAME");
	rest.at += sizeof SCHEME - 1;
	rest.size -= sizeof SCHEME - 1;
	TW_TRY(take_server(&w, cut(&rest, '/')));
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
