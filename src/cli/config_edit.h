/*
 * config_edit.h - changes values in the text of a configuration file and leaves all else as it is.
 *
 * A line that sets the key keeps its place, its comment and its white space; only the value is
 * another. A key that is not there goes behind the last setting under its heading, or under a new
 * heading at the end. Line ends are those of the file. Pure.
 */
#ifndef TRADEWIND_CLI_CONFIG_EDIT_H
#define TRADEWIND_CLI_CONFIG_EDIT_H

#include "tradewind/error.h"
#include "tradewind/text.h"

enum { CONFIG_EDIT_OLD_SIZE = 128 };

typedef struct config_change {
    const char *section;
    const char *name;
    const char *value;              /* of letters, digits and the like: it needs no quotes */
    char old[CONFIG_EDIT_OLD_SIZE]; /* out: what stood there (cut); empty: nothing did */
} config_change;

/* Bytes that `count` changes can add to a file. */
size_t config_edit_room(const config_change *changes, size_t count);

/*
 * Writes `file` (data not NULL, if empty) with one change into `ret_text`, which has room for it
 * and config_edit_room more. TW_EXISTS: the key is set twice, and the sentence has both lines.
 * TW_PARSE: the text has a NUL byte.
 */
tw_status config_edit(tw_slice file, config_change *change, tw_text *ret_text,
                      tw_error *error) TW_MUST_CHECK;

#endif
