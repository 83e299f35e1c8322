/*
 * safe_path.h - that nobody else can choose what stands at a path.
 *
 * For what is run or loaded in the caller's name. Not under time-of-check rules of its own: what
 * only root and the caller can change stays what it is until one of these changes it.
 */
#ifndef TRADEWIND_BASE_SAFE_PATH_H
#define TRADEWIND_BASE_SAFE_PATH_H

#include "tradewind/error.h"

/*
 * TW_OK when only root and the caller can change the file at the absolute path, every folder above
 * it, and every link among them; a sticky folder may let others add to it, and the caller's group
 * may write if it is the private one that has his name and no other member. Else TW_PERMISSION,
 * with a sentence that begins with `subject` ("the solver cbc is not run"), tells whose it is and
 * says what to do. TW_RANGE for a path that is too long; other statuses for one that cannot be
 * looked at.
 */
tw_status safe_path_check(const char *subject, const char *path, tw_error *error) TW_MUST_CHECK;

/* The same of the file that a name stands for, which may be relative to the current folder: of the
 * name, since a link in a folder of others is theirs to turn, and of what it leads to. */
tw_status safe_path_check_file(const char *subject, const char *name,
                               tw_error *error) TW_MUST_CHECK;

#endif
