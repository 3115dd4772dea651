/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent hands to the store role out of DIR, beside store.url, and reads nothing of. */
#ifndef TW_SUPPORT_LINE_FILES_H
#define TW_SUPPORT_LINE_FILES_H

#define TW_LINE_PASSWORD_FILE "store-password"
#define TW_LINE_TRUST_FILE "store-trust.pem"
#define TW_LINE_CLIENT_FILE "store-client.pem"
#endif
