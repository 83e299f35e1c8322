/* beside_store.c - see beside_store.h. */
#include "beside_store.h"

#include <stdio.h>
#include <string.h>

const char *beside_store(const char *database, const char *what, char *buffer, size_t capacity) {
    bool server = strstr(database, "://") != NULL;
    snprintf(buffer, capacity, "%s-%s", server ? "tradewind" : database, what);
    return buffer;
}
