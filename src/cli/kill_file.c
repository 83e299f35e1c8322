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

enum { LOCK_PAUSE_MS = 5 };

static const int64_t LOCK_PATIENCE_NS = 300 * TW_NS_PER_MS;

bool kill_file_path(const char *database, char ret_path[KILL_FILE_PATH_SIZE]) {
    if (tw_store_is_server(database) || strcmp(database, ":memory:") == 0)
        return false;
    int size = snprintf(ret_path, KILL_FILE_PATH_SIZE, "%s.kill", database);
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

/* ---- the folder ---------------------------------------------------------------------------- */

static int open_folder(const char *path) {
    char folder[KILL_FILE_PATH_SIZE];
    kill_file_folder(path, folder);
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* The folder, locked: until it is closed. False: not in time, or there are no locks. */
static bool lock_folder(int folder) {
    int64_t end_ns = tw_time_monotonic_ns() + LOCK_PATIENCE_NS;
    while (flock(folder, LOCK_EX | LOCK_NB) != 0) {
        if ((errno != EWOULDBLOCK && errno != EINTR) || tw_time_monotonic_ns() >= end_ns)
            return false;
        (void)poll(NULL, 0, LOCK_PAUSE_MS);
    }
    return true;
}

/* ---- writing and removing ------------------------------------------------------------------ */

static tw_status write_text(const char *path, const char *text, tw_error *error) {
    output_file file = {0};
    tw_status status = output_file_open(&file, path, error);
    /* Whoever the run belongs to must be able to read it, whoever writes it. */
    if (status == TW_OK && fchmod(fileno(file.stream), 0644) != 0)
        status = tw_error_set_errno(error, errno, "%s cannot be made readable", path);
    if (status == TW_OK)
        status = output_file_write(&file, tw_slice_of(text), error);
    if (status == TW_OK)
        status = output_file_keep(&file, error);
    output_file_drop(&file);
    return status;
}

tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          kill_mark *ret_mark, tw_error *error) {
    char text[sizeof ret_mark->text];
    char time[TW_TIME_TEXT_SIZE];
    int folder = open_folder(path);
    if (folder < 0)
        return tw_error_set_errno(error, errno, "the folder of %s cannot be opened", path);
    (void)lock_folder(folder); /* without it, too: a kill waits for nobody */
    kill_mark before = kill_file_look(path);
    tw_time_format(tw_time_wall_ns(), 9, time);
    snprintf(text, sizeof text, "%s %.48s, %s\n",
             tw_kill_level_name(before.level > level ? before.level : level), writer, time);
    tw_status status = write_text(path, text, error);
    if (status == TW_OK && ret_mark != NULL)
        *ret_mark = kill_file_look(path);
    /* What was made or removed in a folder stays so after a power cut. */
    if (status == TW_OK && fsync(folder) != 0)
        status = tw_error_set_errno(error, errno, "the folder of %s cannot be synced", path);
    close(folder);
    return status;
}

static tw_status remove_seen(const char *path, const kill_mark *seen, int folder, tw_error *error) {
    kill_mark now = kill_file_look(path);
    if (now.level == TW_KILL_NONE)
        return TW_OK;
    if (!kill_mark_equal(&now, seen))
        return tw_error_set(error, TW_STATE,
                            "%s was written anew meanwhile: that kill is not lifted", path);
    if (unlink(path) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be removed", path);
    if (fsync(folder) != 0)
        return tw_error_set_errno(error, errno, "the removal of %s cannot be synced", path);
    return TW_OK;
}

tw_status kill_file_remove(const char *path, const kill_mark *seen, tw_error *error) {
    int folder = open_folder(path);
    if (folder < 0)
        return tw_error_set_errno(error, errno, "the folder of %s cannot be opened", path);
    tw_status status =
        lock_folder(folder)
            ? remove_seen(path, seen, folder, error)
            : tw_error_set(error, TW_BUSY,
                           "the folder of %s cannot be locked, so nothing is lifted", path);
    close(folder);
    return status;
}
