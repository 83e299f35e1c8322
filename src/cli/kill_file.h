/*
 * kill_file.h - the kill switch of a store, as a file beside it.
 *
 * FILE.kill holds one line: the level, and who wrote it. While it is there every run of the store
 * is killed, from its first turn on; when it goes, trading goes on. A file that cannot be read
 * kills: in doubt nothing is sent. A store on a server has no such file.
 *
 * Of a kill and a lift at one moment the kill wins. Each kill writes the file anew, also when it
 * says the same, and a lift takes away only the very file that it has looked at:
 *
 *     lift:  look ............... lock, look again: the same? remove : refuse, unlock
 *     kill:        lock, write anew, unlock
 *
 * Whatever the order of the two locks, a kill behind the lift's look is there at the end. The lock
 * is that of the folder (flock), and nobody holds it while waiting for anything but the disk. A
 * kill that does not get it in time writes all the same, a lift is refused.
 */
#ifndef TRADEWIND_CLI_KILL_FILE_H
#define TRADEWIND_CLI_KILL_FILE_H

#include "tradewind/config.h"
#include "tradewind/engine.h"

#define KILL_FILE_PATH_SIZE (TW_CONFIG_TEXT_SIZE + 8)

/* One kill file, as it stood at a moment; two that are equal are the same file with the same text.
 */
typedef struct kill_mark {
    tw_kill_level level; /* NONE: there is no file */
    uint64_t inode;
    int64_t changed_ns;
    char text[128];
} kill_mark;

/* False for a store that is not a file. */
bool kill_file_path(const char *database, char ret_path[KILL_FILE_PATH_SIZE]);

kill_mark kill_file_look(const char *path);
bool kill_mark_equal(const kill_mark *a, const kill_mark *b);

/* Writes the file as a whole, with this level or that of the file that is there if it is higher,
 * and syncs it and its folder; `ret_mark` (or NULL) is what it is then. Statuses as of
 * output_file.h. */
tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          kill_mark *ret_mark, tw_error *error) TW_MUST_CHECK;

/* Removes the file if it is the one that was `seen`. TW_STATE: it is another, and stays. TW_BUSY:
 * its folder is locked by somebody else for too long. Nothing is removed if there was none. */
tw_status kill_file_remove(const char *path, const kill_mark *seen, tw_error *error) TW_MUST_CHECK;

/* Splits a path into its folder ("." if it names none) and its name. `folder` has
 * KILL_FILE_PATH_SIZE bytes; the name is borrowed from the path. */
const char *kill_file_folder(const char *path, char *ret_folder);

#endif
