/* SPDX-License-Identifier: Apache-2.0 */
/* @nist QR.1.a.1.4: what has become of a report by now, for whoever sent it: each state of its case has words of its own. */
#ifndef TW_SUPPORT_QUERY_RECEPTION_PROGRESS_H
#define TW_SUPPORT_QUERY_RECEPTION_PROGRESS_H
#include "service/store/store.h"
#include "support/page/words.h"

struct tw_progress {
	bool published, embargo, erased; /* embargo: of its case, now */
	struct tw_slice verdict, state;  /* as the desk names them; state of its case, "" without one */
};
enum tw_word tw_progress_of(const struct tw_progress *p); /* pure */
tw_err tw_report_progress(tw_store *s, int64_t report, int64_t now_ms, enum tw_word *ret);
#endif
