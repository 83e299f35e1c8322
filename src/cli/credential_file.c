/* credential_file.c - see credential_file.h. */
#include "credential_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* A manager may own the file and let the service's group in; anybody else is one too many. */
static tw_status check_mode(int fd, const char *path, tw_error *error) {
    struct stat attributes;
    if (fstat(fd, &attributes) != 0)
        return tw_error_set_errno(error, errno, "cannot examine %s", path);
    if (!S_ISREG(attributes.st_mode))
        return tw_error_set(error, TW_PARSE, "%s is no file", path);
    if ((attributes.st_mode & 07) != 0)
        return tw_error_set(error, TW_PERMISSION,
                            "%s is a secret and anybody may read it; run: chmod 600 %s", path,
                            path);
    return TW_OK;
}

static tw_status read_line(int fd, const char *path, char *buffer, size_t capacity,
                           tw_error *error) {
    ssize_t size = read(fd, buffer, capacity);
    if (size < 0)
        return tw_error_set_errno(error, errno, "cannot read %s", path);
    if (size > 0 && buffer[size - 1] == '\n')
        size--;
    bool fits = size > 0 && (size_t)size < capacity;
    if (!fits || memchr(buffer, '\n', (size_t)size) != NULL ||
        memchr(buffer, '\0', (size_t)size) != NULL) {
        explicit_bzero(buffer, capacity);
        return tw_error_set(error, TW_PARSE, "%s must be one line of at most %zu characters", path,
                            capacity - 1);
    }
    buffer[size] = '\0';
    return TW_OK;
}

tw_status credential_file_read(const char *directory, const char *name, char *buffer,
                               size_t capacity, tw_error *error) {
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (size < 0 || size >= (int)sizeof path)
        return tw_error_set(error, TW_USAGE, "CREDENTIALS_DIRECTORY is too long");
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return TW_NOT_FOUND;
    if (fd < 0)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    tw_status status = check_mode(fd, path, error);
    if (status == TW_OK)
        status = read_line(fd, path, buffer, capacity, error);
    close(fd);
    return status;
}
