/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report page as a stranger has it: its form is asked for at the site's public name, filled in and sent, and the receipt has to be shown; each over a
 * connection of its own, with a certificate that is verified. SENT says no more than that: whether the report arrived is for whoever asked.
 */
#ifndef TW_SUPPORT_MAIL_VISIT_H
#define TW_SUPPORT_MAIL_VISIT_H
#include "support/mail/run.h"

void tw_visit(struct tw_mail_run *r); /* of a job of kind TW_MAIL_FORM; concludes it */
#endif
