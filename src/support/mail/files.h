/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent hands to the roles for mail out of DIR, and reads nothing of. */
#ifndef TW_SUPPORT_MAIL_FILES_H
#define TW_SUPPORT_MAIL_FILES_H

#define TW_MAIL_CONFIG_FILE "mail.json"
#define TW_MAIL_PASSWORD_FILE "mail-password"
#define TW_INMAIL_CONFIG_FILE "inmail.json"
#define TW_INMAIL_PASSWORD_FILE "inmail-password"
#define TW_MAIL_TRUST_FILE "mail-trust.pem"
#endif
