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
 * is FILE.kill-lock, which nobody can open but who may write in the folder (the owner of the store,
 * and the group of a folder that it may write to): whoever can only read cannot hold it. It is held
 * for a look and a change of name, never while the disk is waited for; it stays when it is not
 * held. A kill that does not get it in time writes all the same, a lift is refused.
 */
#ifndef TRADEWIND_CLI_KILL_FILE_H
#define TRADEWIND_CLI_KILL_FILE_H

#include "tradewind/config.h"
#include "tradewind/engine.h"
#include "tradewind/time.h"

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

/* How long a command waits for the lock. A run does not: it has orders to cancel. */
#define KILL_FILE_PATIENCE_NS (300 * TW_NS_PER_MS)

/* Writes the file as a whole, with this level or that of the file that is there if it is higher,
 * and syncs it and its folder. Statuses as of output_file.h. */
tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          int64_t patience_ns, tw_error *error) TW_MUST_CHECK;

/* The same with this level, be it lower, if the file is the one that was `seen`; `ret_mark` is what
 * it is then. TW_STATE: it is another, and stays. TW_BUSY: the lock is somebody else's; nothing was
 * written. Waits for nobody. */
tw_status kill_file_replace(const char *path, const kill_mark *seen, tw_kill_level level,
                            const char *writer, kill_mark *ret_mark, tw_error *error) TW_MUST_CHECK;

/* Removes the file if it is the one that was `seen`. TW_STATE: it is another, and stays. TW_BUSY:
 * the lock is somebody else's for too long, TW_PERMISSION: it cannot be had. Nothing is removed if
 * there was none. */
tw_status kill_file_remove(const char *path, const kill_mark *seen, int64_t patience_ns,
                           tw_error *error) TW_MUST_CHECK;

/* Splits a path into its folder ("." if it names none) and its name. `folder` has
 * KILL_FILE_PATH_SIZE bytes; the name is borrowed from the path. */
const char *kill_file_folder(const char *path, char *ret_folder);

#endif
