/*
 * sqlite_file.c - the path before SQLite touches it, and the lock of the one writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_priv.h"

#define LOCK_SUFFIX "-lock"
#define PROCESS_SIZE 24

tw_status sqlite_look_at_path(tw_store *store, bool *ret_there, tw_error *error) {
    struct stat facts;
    *ret_there = stat(store->path, &facts) == 0;
    if (!*ret_there && errno != ENOENT)
        return tw_error_set_errno(error, errno, "%s cannot be opened", store->path);
    if (!*ret_there && store->mode == TW_STORE_READ)
        return tw_error_set(error, TW_NOT_FOUND, "%s does not exist; nothing was stored yet",
                            store->path);
    if (*ret_there && S_ISDIR(facts.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is a directory; name a file in it", store->path);
    if (*ret_there && !S_ISREG(facts.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is not a regular file", store->path);
    if (*ret_there && access(store->path, store->mode == TW_STORE_READ ? R_OK : R_OK | W_OK) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be %s", store->path,
                                  store->mode == TW_STORE_READ ? "read" : "written");
    return TW_OK;
}

/* The one name of the file whatever links lead to it, with the suffix of the lock. */
tw_status sqlite_name_lock(tw_store *store, bool there, tw_error *error) {
    char *name = sqlite_of(store)->lock_name;
    char directory[PATH_MAX];
    char real[PATH_MAX];
    const char *slash = strrchr(store->path, '/');
    const char *base = slash == NULL ? store->path : slash + 1;
    size_t size = slash == NULL ? 0 : (size_t)(slash - store->path) + 1;
    if (size >= sizeof directory)
        return tw_error_set_errno(error, ENAMETOOLONG, "%s cannot be opened", store->path);
    memcpy(directory, size == 0 ? "." : store->path, size == 0 ? 1 : size);
    directory[size == 0 ? 1 : size] = '\0';
    const char *found = realpath(there ? store->path : directory, real);
    if (found == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be made: its directory %s", store->path,
                                  directory);
    int length =
        snprintf(name, PATH_MAX, "%s%s%s" LOCK_SUFFIX, real, there ? "" : "/", there ? "" : base);
    if (length >= PATH_MAX)
        return tw_error_set_errno(error, ENAMETOOLONG, "%s cannot be opened", store->path);
    return TW_OK;
}

static tw_status busy_sentence(const tw_store *store, tw_error *error) {
    const sqlite_connection *connection = sqlite_of(store);
    char holder[PROCESS_SIZE] = "";
    ssize_t size = pread(connection->lock_fd, holder, sizeof holder - 1, 0);
    size_t digits = size > 0 ? strspn(holder, "0123456789") : 0;
    holder[digits] = '\0';
    return tw_error_set(error, TW_BUSY,
                        "%s is being written by %s%s; a store has one writer at a time",
                        store->path, digits > 0 ? "process " : "another process", holder);
}

/* The lock is never removed by a writer that has it in use: a name that comes and goes would let
 * two writers lock two files. */
tw_status sqlite_take_lock(tw_store *store, bool *ret_made, tw_error *error) {
    sqlite_connection *connection = sqlite_of(store);
    const char *name = connection->lock_name;
    connection->lock_fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    *ret_made = connection->lock_fd >= 0;
    if (connection->lock_fd < 0 && errno == EEXIST)
        connection->lock_fd = open(name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (connection->lock_fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be written: its lock %s", store->path,
                                  name);
    if (flock(connection->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return busy_sentence(store, error);
        return tw_error_set_errno(error, errno, "%s cannot be locked", name);
    }
    /* The number only serves the sentence above; a full disk must not keep the lock from us. It is
     * as long as any other, because counters stand behind it and the file is never cut. */
    char text[PROCESS_SIZE + 1];
    snprintf(text, sizeof text, "%-*ld\n", PROCESS_SIZE - 1, (long)getpid());
    bool named = pwrite(connection->lock_fd, text, PROCESS_SIZE, 0) == PROCESS_SIZE;
    (void)named;
    return TW_OK;
}
