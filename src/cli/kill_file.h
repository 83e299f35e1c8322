/*
 * kill_file.h - the kill switch of a store, as a file beside it.
 *
 * FILE.kill holds one line: the level, and who wrote it. While it is there every run of the store
 * is killed, from its first turn on; when it goes, trading goes on. A file that cannot be read
 * kills: in doubt nothing is sent. A store on a server has no such file.
 */
#ifndef TRADEWIND_CLI_KILL_FILE_H
#define TRADEWIND_CLI_KILL_FILE_H

#include "tradewind/config.h"
#include "tradewind/engine.h"

#define KILL_FILE_PATH_SIZE (TW_CONFIG_TEXT_SIZE + 8)

/* False for a store that is not a file. */
bool kill_file_path(const char *database, char ret_path[KILL_FILE_PATH_SIZE]);

/* The level that the file asks for; NONE when there is no file. */
tw_kill_level kill_file_read(const char *path);

/* Writes the file as a whole and syncs it and its folder. Statuses as of output_file.h. */
tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          tw_error *error) TW_MUST_CHECK;

/* Removes the file; `*ret_was_there` tells whether there was one. */
tw_status kill_file_remove(const char *path, bool *ret_was_there, tw_error *error) TW_MUST_CHECK;

/* Splits a path into its folder ("." if it names none) and its name. `folder` has
 * KILL_FILE_PATH_SIZE bytes; the name is borrowed from the path. */
const char *kill_file_folder(const char *path, char *ret_folder);

#endif
