/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts of customers at the portal: what one sent and what was answered, which devices he has, and notices of what happened to these.
 *
 * An account has no name and no password. It is opened by a key of 130 random bits, made and shown once, of which the store has the SHA-256; it travels in
 * the body of forms and in no address. So nothing is kept of a person but what he writes, and an
 * address where he gives one (subscriptions/account.c).
 *
 * That a device is his, a customer says; nothing that concerns it is told to him before somebody of the staff has confirmed it.
 */
#ifndef TW_SUPPORT_CUSTOMERS_H
#define TW_SUPPORT_CUSTOMERS_H
#include "formats/identifier.h"
#include "support/query-reception/report.h"

#define TW_CUSTOMERS_MAX 20000
#define TW_CUSTOMER_DEVICES_MAX 50
#define TW_CUSTOMER_SHOWN_MAX 100 /* cases, and devices in notices, on the page */
#define TW_INCIDENT_DEVICES_MAX 5000

/* *ret 0: there are as many as are kept. The key is made here. */
tw_err tw_customer_make(tw_store *s, const struct tw_sys *sys, int64_t now_ms, struct tw_receipt *ret_key, int64_t *ret);
tw_err tw_customer_find(tw_store *s, const struct tw_receipt *key, int64_t *ret); /* 0: there is none */
/* A report's; one that is somebody's stays his. */
tw_err tw_customer_case_add(tw_store *s, int64_t customer, int64_t report);
/* false: he has as many as are kept. One that he has already is no other one. */
tw_err tw_customer_device_add(tw_store *s, int64_t customer, const char *product, const char *serial, int64_t now_ms, bool *ret);

struct tw_incident {
	const char *product, *title, *happened, *concerned, *done, *todo, *by;
	const char *devices; /* serial numbers with blanks, commas or lines between */
	int64_t made_ms;
};
struct tw_incident_told {
	int64_t id, customers, devices, waiting, unknown; /* waiting: said by a customer and not confirmed; unknown: nobody named them */
};
/* A notice to each customer who has one of the devices, with those of his. SYNTAX, LIMIT: the list of devices is none. One transaction. What the same
   person told in the same words of the same devices within a day is that one, and nobody is told again. */
tw_err tw_incident_tell(tw_store *s, const struct tw_incident *n, struct tw_incident_told *ret);

enum tw_device_judged { TW_DEVICE_JUDGED, TW_DEVICE_UNKNOWN, TW_DEVICE_OF_ANOTHER };
struct tw_device_verdict {
	int64_t id, now_ms;
	bool confirmed;
	const char *by, *how;
};
/* One that is confirmed is told what was told of it before; one transaction. */
tw_err tw_customer_device_judge(tw_store *s, const struct tw_device_verdict *v, enum tw_device_judged *ret);
#endif
