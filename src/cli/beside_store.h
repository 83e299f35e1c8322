/* beside_store.h - files that belong to a store and lie beside it. */
#ifndef TRADEWIND_CLI_BESIDE_STORE_H
#define TRADEWIND_CLI_BESIDE_STORE_H

#include <stddef.h>

#include "tradewind/config.h"

enum { BESIDE_PATH_SIZE = TW_CONFIG_TEXT_SIZE + 16 };

/* "FILE-what"; a store on a server has no beside: "tradewind-what" in the folder of the program.
 * Returns `buffer`. */
const char *beside_store(const char *database, const char *what, char *buffer, size_t capacity);

#endif
