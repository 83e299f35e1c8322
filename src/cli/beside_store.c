/* beside_store.c - see beside_store.h. */
#include "beside_store.h"

#include <stdio.h>

#include "tradewind/store.h"

const char *beside_store(const char *database, const char *what, char *buffer, size_t capacity) {
    const char *name = tw_store_is_server(database) ? "tradewind" : database;
    snprintf(buffer, capacity, "%s-%s", name, what);
    return buffer;
}
