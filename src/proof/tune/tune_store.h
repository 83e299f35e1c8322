/* tune_store.h - a store that is there while something is measured. */
#ifndef TRADEWIND_PROOF_TUNE_STORE_H
#define TRADEWIND_PROOF_TUNE_STORE_H

#include "proof_folder.h"
#include "tradewind/store.h"

enum { TUNE_STORE_PATH_SIZE = PROOF_FOLDER_SIZE + 16 };

/* folder/tune.db; files of an earlier one that have the name are removed. */
void tune_store_name(const char *folder, char ret_path[TUNE_STORE_PATH_SIZE]);

/* Opens a new one at the path, with batches of so many rows at most. */
tw_status tune_store_make(const char *path, tw_symbols *symbols, uint32_t batch_rows,
                          tw_store **ret_store, tw_error *error) TW_MUST_CHECK;

#endif
