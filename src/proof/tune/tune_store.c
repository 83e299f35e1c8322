/* tune_store.c - see tune_store.h. */
#include "tune_store.h"

#include <stdio.h>
#include <unistd.h>

void tune_store_name(const char *folder, char ret_path[TUNE_STORE_PATH_SIZE]) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    char path[TUNE_STORE_PATH_SIZE + 8];
    snprintf(ret_path, TUNE_STORE_PATH_SIZE, "%s/tune.db", folder);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", ret_path, suffixes[i]);
        (void)unlink(path); /* may not be there */
    }
}

tw_status tune_store_make(const char *path, tw_symbols *symbols, uint32_t batch_rows,
                          tw_store **ret_store, tw_error *error) {
    const tw_store_config config = {
        .path = path, .symbols = symbols, .batch_rows = batch_rows, .mode = TW_STORE_WRITE};
    return tw_store_open(&config, ret_store, error);
}
