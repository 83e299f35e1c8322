/*
 * safe_path.h - that nobody else can choose what stands at a path.
 *
 * For what is run or loaded in the caller's name. Not under time-of-check rules of its own: what
 * only root and the caller can change stays what it is until one of these changes it.
 */
#ifndef TRADEWIND_BASE_SAFE_PATH_H
#define TRADEWIND_BASE_SAFE_PATH_H

#include "tradewind/error.h"

enum { SAFE_PATH_SIZE = 4096 };

/*
 * TW_OK when only root and the caller can change what the name stands for, which may be relative to
 * the current folder: the file, every folder on the way to it, and every link, those in between
 * too; a sticky folder may let others add to it, and the caller's group may write if it is the
 * private one that has his name and no other member. `ret_real` (unless it is NULL) is then the
 * path that was checked, absolute and without links: open that, if the name itself need not be.
 * Else TW_PERMISSION, with a sentence that begins with `subject` ("the solver cbc is not run"),
 * tells whose it is and says what to do. TW_NOT_FOUND if there is nothing; TW_RANGE for a path that
 * is too long; other statuses for one that cannot be looked at.
 */
tw_status safe_path_check(const char *subject, const char *name, char ret_real[SAFE_PATH_SIZE],
                          tw_error *error) TW_MUST_CHECK;

#endif
