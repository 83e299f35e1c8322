/*
 * credential_file.h - a secret that the manager of a service hands over as a file.
 *
 * systemd's LoadCredential= and LoadCredentialEncrypted= put each into a folder that only the
 * service can read, and name the folder in CREDENTIALS_DIRECTORY. A secret is looked for there
 * under the name of its environment variable.
 */
#ifndef TRADEWIND_CLI_CREDENTIAL_FILE_H
#define TRADEWIND_CLI_CREDENTIAL_FILE_H

#include <stddef.h>

#include "tradewind/error.h"

/* The one line of `directory`/`name`. TW_NOT_FOUND: there is none (no message); TW_PERMISSION:
 * anybody may read it; TW_PARSE: it is empty, too long, or more than a line; TW_IO and others. */
tw_status credential_file_read(const char *directory, const char *name, char *buffer,
                               size_t capacity, tw_error *error) TW_MUST_CHECK;

#endif
