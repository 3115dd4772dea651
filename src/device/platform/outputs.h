/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the owner withholds of what the device gives out (outputs.withheld): from whom, of which operations' answers, which fields.
 *
 * Whom a role's word concerns: whoever has that role, under whatever conditions, and whoever may do nothing that the role may not, so that nobody comes
 * to a field by an account of less rights; strangers, who have proven nothing; and where the role is gone, everybody. It never concerns an
 * owner, who says it, nor programs of the device's own. Of the operations that anybody may do who has yet to come in, nothing is withheld: nobody is shut out
 * by it.
 */
#ifndef TW_DEVICE_PLATFORM_OUTPUTS_H
#define TW_DEVICE_PLATFORM_OUTPUTS_H
#include "device/platform/device.h"

#define TW_OUTPUTS_WITHHELD "outputs.withheld"

void tw_outputs_start(struct tw_device *d); /* the path asks from now on */
/* The words as they are now. seen: where they are counted, which is emptied when they are others than before. */
tw_err tw_outputs_read(struct tw_device *d, struct tw_withheld *ret);
/* Has its answer a member of that name, as far as rows say? */
bool tw_outputs_has(const struct tw_context *c, const struct tw_operation_row *o, struct tw_slice field);
/* Could a word about this operation ever take something out of its answers? */
bool tw_outputs_of(const struct tw_context *c, const struct tw_operation_row *o);
/* What a party outside is given of o's answer, without what is withheld from it, and from s, who gives it (NULL: the device by itself). */
tw_err tw_outputs_for_party(
	struct tw_context *c, const struct tw_subject *s, const char *party, const struct tw_operation_row *o, json_t **body);
/* Does what this role holds say whom a word concerns? Then only an owner changes it. */
tw_err tw_outputs_names(struct tw_context *c, const char *role, bool *ret);
#endif
