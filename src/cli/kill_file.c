/* kill_file.c - see kill_file.h. */
#include "kill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "tradewind/store.h"
#include "tradewind/time.h"

#define KILL_SUFFIX ".kill"
#define LOCK_SUFFIX "-lock"

enum { LOCK_PAUSE_MS = 5 };

bool kill_file_path(const char *database, char ret_path[KILL_FILE_PATH_SIZE]) {
    if (tw_store_is_server(database) || strcmp(database, ":memory:") == 0)
        return false;
    int size = snprintf(ret_path, KILL_FILE_PATH_SIZE, "%s" KILL_SUFFIX, database);
    return size > 0 && size < KILL_FILE_PATH_SIZE;
}

static tw_kill_level level_of(const char *text) {
    tw_slice rest = tw_slice_of(text);
    tw_slice line = tw_slice_split(&rest, '\n');
    tw_slice word = tw_slice_split(&line, ' ');
    for (int level = TW_KILL_NEW; level <= TW_KILL_FLATTEN; level++) {
        if (tw_slice_equal_string(word, tw_kill_level_name((tw_kill_level)level)))
            return (tw_kill_level)level;
    }
    return TW_KILL_CANCEL; /* not understood: in doubt nothing is sent */
}

kill_mark kill_file_look(const char *path) {
    kill_mark mark = {.level = TW_KILL_CANCEL};
    struct stat place = {0};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        mark.level = errno == ENOENT ? TW_KILL_NONE : TW_KILL_CANCEL;
        return mark;
    }
    ssize_t size = read(fd, mark.text, sizeof mark.text - 1);
    if (fstat(fd, &place) == 0) {
        mark.inode = place.st_ino;
        mark.changed_ns = place.st_ctim.tv_sec * (int64_t)TW_NS_PER_SECOND + place.st_ctim.tv_nsec;
    }
    close(fd);
    if (size >= 0)
        mark.level = level_of(mark.text);
    return mark;
}

bool kill_mark_equal(const kill_mark *a, const kill_mark *b) {
    return a->level == b->level && a->inode == b->inode && a->changed_ns == b->changed_ns &&
           strcmp(a->text, b->text) == 0;
}

const char *kill_file_folder(const char *path, char *ret_folder) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(ret_folder, ".", 2);
        return path;
    }
    size_t size = slash == path ? 1 : (size_t)(slash - path);
    memcpy(ret_folder, path, size);
    ret_folder[size] = '\0';
    return slash + 1;
}

/* ---- the lock ------------------------------------------------------------------------------ */

/* What is made or removed in a folder stays so after a power cut. */
static tw_status sync_folder(const char *path, tw_error *error) {
    char folder[KILL_FILE_PATH_SIZE];
    kill_file_folder(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = fd >= 0 && fsync(fd) == 0;
    int failure = errno;
    if (fd >= 0)
        close(fd);
    return synced ? TW_OK
                  : tw_error_set_errno(error, failure, "the folder of %s cannot be synced", path);
}

/* A new lock belongs to whom the store belongs to, and to the group that may write in the folder.
 * What is not allowed here leaves it to its maker alone. */
static void share_lock(int fd, const char *path) {
    char name[KILL_FILE_PATH_SIZE];
    struct stat folder;
    struct stat store;
    kill_file_folder(path, name);
    bool shared = stat(name, &folder) == 0 && (folder.st_mode & S_IWGRP) != 0;
    size_t size = strlen(path) - strlen(KILL_SUFFIX);
    memcpy(name, path, size);
    name[size] = '\0';
    bool given = geteuid() == 0 && stat(name, &store) == 0;
    if (fchown(fd, given ? store.st_uid : (uid_t)-1, shared ? folder.st_gid : (gid_t)-1) == 0 &&
        shared)
        (void)fchmod(fd, 0660);
}

static int open_lock(const char *path, tw_error *error) {
    static const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    char name[KILL_FILE_PATH_SIZE + sizeof LOCK_SUFFIX];
    snprintf(name, sizeof name, "%s" LOCK_SUFFIX, path);
    int fd = open(name, flags | O_CREAT | O_EXCL, 0600);
    if (fd >= 0)
        share_lock(fd, path);
    else if (errno == EEXIST)
        fd = open(name, flags);
    if (fd < 0)
        (void)tw_error_set_errno(error, errno, "%s cannot be opened", name);
    return fd;
}

/* Until it is closed; -1, with an error: not in time, or it cannot be had. */
static int take_lock(const char *path, int64_t patience_ns, tw_error *error) {
    tw_error unheard = {0};
    error = error == NULL ? &unheard : error;
    int fd = open_lock(path, error);
    int64_t end_ns = tw_time_monotonic_ns() + patience_ns;
    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if ((errno == EWOULDBLOCK || errno == EINTR) && tw_time_monotonic_ns() < end_ns) {
            (void)poll(NULL, 0, LOCK_PAUSE_MS);
            continue;
        }
        (void)tw_error_set(error, TW_BUSY, "%s" LOCK_SUFFIX " is locked by another process", path);
        close(fd);
        return -1;
    }
    return fd;
}

static void drop_lock(int fd) {
    if (fd >= 0)
        close(fd);
}

/* ---- writing and removing ------------------------------------------------------------------ */

/* The file whole on the disk, but for its name. */
static tw_status prepare(output_file *file, const char *path, tw_kill_level level,
                         const char *writer, tw_error *error) {
    char text[sizeof((kill_mark *)NULL)->text];
    char time[TW_TIME_TEXT_SIZE];
    tw_time_format(tw_time_wall_ns(), 9, time);
    snprintf(text, sizeof text, "%s %.48s, %s\n", tw_kill_level_name(level), writer, time);
    tw_status status = output_file_open(file, path, error);
    /* Whoever the run belongs to must be able to read it, whoever writes it. */
    if (status == TW_OK && fchmod(fileno(file->stream), 0644) != 0)
        status = tw_error_set_errno(error, errno, "%s cannot be made readable", path);
    if (status == TW_OK)
        status = output_file_write(file, tw_slice_of(text), error);
    if (status == TW_OK)
        status = output_file_finish(file, error);
    return status;
}

/* Without the lock, too: a kill waits for nobody. Levels rise, so this ends. */
tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          int64_t patience_ns, tw_error *error) {
    tw_status status = TW_OK;
    bool named = false;
    int lock = -1;
    while (status == TW_OK && !named) {
        output_file file = {0};
        status = prepare(&file, path, level, writer, error);
        if (lock < 0 && status == TW_OK)
            lock = take_lock(path, patience_ns, NULL);
        tw_kill_level before = kill_file_look(path).level;
        named = before <= level;
        if (status == TW_OK && named)
            status = output_file_publish(&file, error);
        output_file_drop(&file);
        level = named ? level : before;
    }
    drop_lock(lock);
    return status == TW_OK ? sync_folder(path, error) : status;
}

/* Of a file that must be the one that was seen. */
static tw_status check_seen(const char *path, const kill_mark *seen, const kill_mark *now,
                            tw_error *error) {
    if (kill_mark_equal(now, seen))
        return TW_OK;
    return tw_error_set(error, TW_STATE, "%s was written anew meanwhile: that kill is not lifted",
                        path);
}

tw_status kill_file_replace(const char *path, const kill_mark *seen, tw_kill_level level,
                            const char *writer, kill_mark *ret_mark, tw_error *error) {
    output_file file = {0};
    int lock = -1;
    tw_status status = prepare(&file, path, level, writer, error);
    if (status == TW_OK) {
        lock = take_lock(path, 0, error);
        status = lock < 0 ? TW_BUSY : TW_OK;
    }
    if (status == TW_OK) {
        kill_mark now = kill_file_look(path);
        status = check_seen(path, seen, &now, error);
    }
    if (status == TW_OK)
        status = output_file_publish(&file, error);
    if (status == TW_OK)
        *ret_mark = kill_file_look(path);
    drop_lock(lock);
    output_file_drop(&file);
    return status == TW_OK ? sync_folder(path, error) : status;
}

tw_status kill_file_remove(const char *path, const kill_mark *seen, int64_t patience_ns,
                           tw_error *error) {
    tw_error unlocked = {0};
    int lock = take_lock(path, patience_ns, &unlocked);
    if (lock < 0)
        return tw_error_set(error, unlocked.status, "%s, so nothing is lifted", unlocked.message);
    kill_mark now = kill_file_look(path);
    bool gone = now.level == TW_KILL_NONE;
    tw_status status = gone ? TW_OK : check_seen(path, seen, &now, error);
    if (status == TW_OK && !gone && unlink(path) != 0)
        status = tw_error_set_errno(error, errno, "%s cannot be removed", path);
    drop_lock(lock);
    return status == TW_OK && !gone ? sync_folder(path, error) : status;
}
