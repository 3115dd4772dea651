/* SPDX-License-Identifier: Apache-2.0 */
#include "support/customers/customers.h"

#include "base/mem.h"
#include "base/text.h"
#include "support/sql-support.h"

#include <stdio.h>
#include <string.h>

#define BETWEEN " ,;\t\r\n" /* serial numbers */
#define AGAIN_MS (24LL * 3600 * 1000)

static tw_err take_number(void *user, const tw_row *row)
{
	*(int64_t *)user = tw_row_int(row, 0);
	return TW_OK;
}

/* --- Accounts --- */

struct making {
	const struct tw_receipt *key;
	int64_t now_ms, id;
};

static tw_err make(tw_store *s, void *user)
{
	struct making *m = user;
	const struct tw_value v[] = { TW_V_BLOB(m->key->hash, TW_RECEIPT_HASH), TW_V_INT(m->now_ms) };
	int64_t count = 0;

	TW_TRY(tw_store_run(s, tw_sql_customer_count, NULL, 0, take_number, &count));
	return count < TW_CUSTOMERS_MAX ? tw_store_run(s, tw_sql_customer_add, v, TW_COUNT(v), take_number, &m->id) : TW_OK;
}

tw_err tw_customer_make(tw_store *s, const struct tw_sys *sys, int64_t now_ms, struct tw_receipt *ret_key, int64_t *ret)
{
	struct making m = { ret_key, now_ms, 0 };

	TW_TRY(tw_receipt_make(sys, ret_key));
	TW_TRY(tw_store_transaction(s, make, &m));
	*ret = m.id;
	return TW_OK;
}

tw_err tw_customer_find(tw_store *s, const struct tw_receipt *key, int64_t *ret)
{
	*ret = 0;
	return tw_store_run(s, tw_sql_customer_by_key, &TW_V_BLOB(key->hash, TW_RECEIPT_HASH), 1, take_number, ret);
}

tw_err tw_customer_case_add(tw_store *s, int64_t customer, int64_t report)
{
	const struct tw_value v[] = { TW_V_INT(report), TW_V_INT(customer) };

	return tw_store_run(s, tw_sql_customer_case_add, v, TW_COUNT(v), NULL, NULL);
}

struct device {
	int64_t customer, now_ms;
	const char *product, *serial;
	bool added;
};

static tw_err add_device(tw_store *s, void *user)
{
	struct device *d = user;
	const struct tw_value v[] = { TW_V_INT(d->customer), TW_V_TEXT(d->product), TW_V_TEXT(d->serial), TW_V_INT(d->now_ms) };
	int64_t count = 0;

	TW_TRY(tw_store_run(s, tw_sql_customer_devices_count, v, 1, take_number, &count));
	d->added = count < TW_CUSTOMER_DEVICES_MAX;
	return d->added ? tw_store_run(s, tw_sql_customer_device_add, v, TW_COUNT(v), NULL, NULL) : TW_OK;
}

tw_err tw_customer_device_add(tw_store *s, int64_t customer, const char *product, const char *serial, int64_t now_ms, bool *ret)
{
	struct device d = { customer, now_ms, product, serial, false };

	TW_TRY(tw_store_transaction(s, add_device, &d));
	*ret = d.added;
	return TW_OK;
}

/* --- Incidents --- */

struct telling {
	const struct tw_incident *n;
	struct tw_incident_told *told;
};

static tw_err add_devices(tw_store *s, int64_t incident, const char *list)
{
	size_t count = 0;

	for (const char *at = list + strspn(list, BETWEEN); *at; at += strspn(at, BETWEEN)) {
		const struct tw_slice one = { at, strcspn(at, BETWEEN) };
		const struct tw_value v[] = { TW_V_INT(incident), TW_V_SLICE(one) };

		if (!tw_serial_valid(one))
			return TW_RAISE(SYNTAX, "'%.*s' is no serial number", (int)(one.size < 40 ? one.size : 40), one.at);
		if (count++ == TW_INCIDENT_DEVICES_MAX)
			return TW_RAISE(LIMIT, "more than %d devices", TW_INCIDENT_DEVICES_MAX);
		TW_TRY(tw_store_run(s, tw_sql_incident_device_add, v, TW_COUNT(v), NULL, NULL));
		at += one.size;
	}
	return count ? TW_OK : TW_RAISE(SYNTAX, "no device is named");
}

static tw_err take_told(void *user, const tw_row *row)
{
	struct tw_incident_told *t = user;

	t->customers = tw_row_int(row, 0);
	t->devices = tw_row_int(row, 1);
	return TW_OK;
}

static tw_err take_untold(void *user, const tw_row *row)
{
	struct tw_incident_told *t = user;

	t->waiting = tw_row_int(row, 0);
	t->unknown = tw_row_int(row, 1);
	return TW_OK;
}

/* A form that was sent twice, or a request whose answer was lost: the same words of the same devices are the same incident, and nobody is told again. */
struct comparing {
	const char *devices;
	bool same;
};

static bool named(const char *list, struct tw_slice serial)
{
	for (const char *at = list + strspn(list, BETWEEN); *at; at += strspn(at, BETWEEN)) {
		const struct tw_slice one = { at, strcspn(at, BETWEEN) };

		if (one.size == serial.size && memcmp(one.at, serial.at, one.size) == 0)
			return true;
		at += one.size;
	}
	return false;
}

static tw_err compare_device(void *user, const tw_row *row)
{
	struct comparing *o = user;

	o->same = o->same && named(o->devices, tw_row_bytes(row, 0));
	return TW_OK;
}

static tw_err compare_devices(tw_store *s, int64_t incident, const char *list, bool *ret)
{
	struct comparing o = { list, true };

	TW_TRY(tw_store_run(s, tw_sql_incident_devices, &TW_V_INT(incident), 1, compare_device, &o));
	for (const char *at = list + strspn(list, BETWEEN); o.same && *at; at += strspn(at, BETWEEN)) {
		const struct tw_value v[] = { TW_V_INT(incident), TW_V_SLICE(((struct tw_slice){ at, strcspn(at, BETWEEN) })) };
		int64_t count = 0;

		TW_TRY(tw_store_run(s, tw_sql_incident_device_count, v, TW_COUNT(v), take_number, &count));
		o.same = count > 0;
		at += v[1].bytes.size;
	}
	*ret = o.same;
	return TW_OK;
}

static tw_err find_same(tw_store *s, const struct tw_incident *n, int64_t *ret)
{
	const struct tw_value v[] = { TW_V_TEXT(n->product), TW_V_TEXT(n->title), TW_V_TEXT(n->happened), TW_V_TEXT(n->concerned),
		TW_V_TEXT(n->done), TW_V_TEXT(n->todo), TW_V_TEXT(n->by), TW_V_INT(n->made_ms - AGAIN_MS) };
	bool same = false;

	*ret = 0;
	TW_TRY(tw_store_run(s, tw_sql_incident_same, v, TW_COUNT(v), take_number, ret));
	if (*ret)
		TW_TRY(compare_devices(s, *ret, n->devices, &same));
	*ret = same ? *ret : 0;
	return TW_OK;
}

static tw_err tell_now(tw_store *s, const struct telling *w)
{
	const struct tw_incident *n = w->n;
	const struct tw_value v[] = { TW_V_TEXT(n->product), TW_V_TEXT(n->title), TW_V_TEXT(n->happened), TW_V_TEXT(n->concerned),
		TW_V_TEXT(n->done), TW_V_TEXT(n->todo), TW_V_INT(n->made_ms), TW_V_TEXT(n->by) };

	TW_TRY(tw_store_run(s, tw_sql_incident_add, v, TW_COUNT(v), take_number, &w->told->id));
	TW_TRY(add_devices(s, w->told->id, n->devices));
	const struct tw_value of[] = { TW_V_INT(w->told->id), TW_V_TEXT(n->product), TW_V_INT(n->made_ms) };
	TW_TRY(tw_store_run(s, tw_sql_incident_tell, of, TW_COUNT(of), NULL, NULL));
	return tw_store_run(s, tw_sql_incident_waits, of, 1, NULL, NULL);
}

static tw_err tell(tw_store *s, void *user)
{
	const struct telling *w = user;

	TW_TRY(find_same(s, w->n, &w->told->id));
	if (!w->told->id)
		TW_TRY(tell_now(s, w));
	const struct tw_value of[] = { TW_V_INT(w->told->id), TW_V_TEXT(w->n->product) };
	TW_TRY(tw_store_run(s, tw_sql_incident_counts, of, 1, take_told, w->told));
	return tw_store_run(s, tw_sql_incident_untold, of, 2, take_untold, w->told);
}

tw_err tw_incident_tell(tw_store *s, const struct tw_incident *n, struct tw_incident_told *ret)
{
	struct telling w = { n, ret };

	*ret = (struct tw_incident_told){ .id = 0 };
	return tw_store_transaction(s, tell, &w);
}

/* --- Whose a device is --- */

struct judging {
	const struct tw_device_verdict *v;
	int64_t id, customer;
	char product[TW_SERIAL_MAX + 1], serial[TW_SERIAL_MAX + 1];
	enum tw_device_judged said;
};

static tw_err take_device(void *user, const tw_row *row)
{
	struct judging *j = user;

	j->id = tw_row_int(row, 0);
	j->customer = tw_row_int(row, 1);
	(void)snprintf(j->product, sizeof j->product, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 2)));
	(void)snprintf(j->serial, sizeof j->serial, TW_SLICE_FMT, TW_SLICE_ARG(tw_row_bytes(row, 3)));
	return TW_OK;
}

static tw_err judge(tw_store *s, void *user)
{
	struct judging *j = user;
	const struct tw_device_verdict *v = j->v;
	int64_t others = 0;

	TW_TRY(tw_store_run(s, tw_sql_customer_device_one, &TW_V_INT(v->id), 1, take_device, j));
	const struct tw_value named[] = { TW_V_TEXT(j->product), TW_V_TEXT(j->serial), TW_V_INT(j->id) };
	TW_TRY(tw_store_run(s, tw_sql_customer_device_of_another, named, TW_COUNT(named), take_number, &others));
	j->said = !j->id ? TW_DEVICE_UNKNOWN : v->confirmed && others ? TW_DEVICE_OF_ANOTHER : TW_DEVICE_JUDGED;
	if (j->said != TW_DEVICE_JUDGED)
		return TW_OK;
	const struct tw_value said[] = { TW_V_INT(j->id), TW_V_TEXT(v->confirmed ? "confirmed" : "refused"), TW_V_TEXT(v->by),
		TW_V_TEXT(v->how), TW_V_INT(v->now_ms) };
	const struct tw_value later[] = { TW_V_INT(j->customer), named[0], named[1], TW_V_INT(v->now_ms) };
	TW_TRY(tw_store_run(s, tw_sql_customer_device_judge, said, TW_COUNT(said), NULL, NULL));
	if (!v->confirmed)
		return TW_OK;
	const struct tw_value waits[] = { later[0], later[2], later[3] };
	TW_TRY(tw_store_run(s, tw_sql_incident_tell_later, later, TW_COUNT(later), NULL, NULL));
	return tw_store_run(s, tw_sql_incident_waits_later, waits, TW_COUNT(waits), NULL, NULL);
}

tw_err tw_customer_device_judge(tw_store *s, const struct tw_device_verdict *v, enum tw_device_judged *ret)
{
	struct judging j = { .v = v };

	TW_TRY(tw_store_transaction(s, judge, &j));
	*ret = j.said;
	return TW_OK;
}
