/* kill_file.c - see kill_file.h. */
#include "kill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "tradewind/store.h"

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

tw_kill_level kill_file_read(const char *path) {
    char text[128] = "";
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? TW_KILL_NONE : TW_KILL_CANCEL;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    return size < 0 ? TW_KILL_CANCEL : level_of(text);
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

/* What was made or removed in a folder stays so after a power cut. */
static int sync_folder(const char *path) {
    char folder[KILL_FILE_PATH_SIZE];
    kill_file_folder(path, folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fsync(fd);
    close(fd);
    return result;
}

tw_status kill_file_write(const char *path, tw_kill_level level, const char *writer,
                          tw_error *error) {
    char text[128];
    output_file file = {0};
    snprintf(text, sizeof text, "%s %.64s\n", tw_kill_level_name(level), writer);
    tw_status status = output_file_open(&file, path, error);
    /* Whoever the run belongs to must be able to read it, whoever writes it. */
    if (status == TW_OK && fchmod(fileno(file.stream), 0644) != 0)
        status = tw_error_set_errno(error, errno, "%s cannot be made readable", path);
    if (status == TW_OK)
        status = output_file_write(&file, tw_slice_of(text), error);
    if (status == TW_OK)
        status = output_file_keep(&file, error);
    output_file_drop(&file);
    if (status == TW_OK && sync_folder(path) != 0)
        status = tw_error_set_errno(error, errno, "the folder of %s cannot be synced", path);
    return status;
}

tw_status kill_file_remove(const char *path, bool *ret_was_there, tw_error *error) {
    *ret_was_there = unlink(path) == 0;
    if (!*ret_was_there && errno != ENOENT)
        return tw_error_set_errno(error, errno, "%s cannot be removed", path);
    if (*ret_was_there && sync_folder(path) != 0)
        return tw_error_set_errno(error, errno, "the removal of %s cannot be synced", path);
    return TW_OK;
}
