/* proof_file.h - inputs for a peer that is another program. */
#ifndef TRADEWIND_PROOF_PROOF_FILE_H
#define TRADEWIND_PROOF_PROOF_FILE_H

#include <stddef.h>

#include "tradewind/error.h"

/* Writes `size` bytes as folder/name. TW_NO_SPACE, TW_IO and the like. */
tw_status proof_file_write(const char *folder, const char *name, const void *bytes, size_t size,
                           tw_error *error) TW_MUST_CHECK;

#endif
