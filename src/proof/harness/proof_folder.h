/* proof_folder.h - a folder that is there while something is measured. */
#ifndef TRADEWIND_PROOF_PROOF_FOLDER_H
#define TRADEWIND_PROOF_PROOF_FOLDER_H

#include "tradewind/error.h"

enum { PROOF_FOLDER_SIZE = 1024 };

/* Makes an empty folder within `parent`. */
tw_status proof_folder_make(const char *parent, char ret_path[PROOF_FOLDER_SIZE],
                            tw_error *error) TW_MUST_CHECK;

/* Removes it and all that is in it. What cannot be removed stays, and the error says so. */
tw_status proof_folder_remove(const char *path, tw_error *error) TW_MUST_CHECK;

#endif
