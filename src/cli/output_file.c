/* output_file.c - temporary name, sync, rename. */
#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interruption.h"

static const char *name_of(const output_file *file) {
    return file->path[0] == '\0' ? "standard output" : file->path;
}

static tw_status cannot(const output_file *file, int os_errno, tw_error *error) {
    if (os_errno == EPIPE) /* not a remote that failed: somebody like `head` has seen enough */
        return tw_error_set(error, TW_CANCELLED, "the reader of %s went away before the end",
                            name_of(file));
    return tw_error_set_errno(error, os_errno == 0 ? EIO : os_errno, "%s cannot be written",
                              name_of(file));
}

/* A path without links, whether its file is there or not; false if not even its folder is. */
static bool name_whole(const char *path, char real[PATH_MAX]) {
    char folder[PATH_MAX];
    if (realpath(path, real) != NULL)
        return true;
    const char *slash = strrchr(path, '/');
    const char *base = slash == NULL ? path : slash + 1;
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (size >= sizeof folder)
        return false;
    memcpy(folder, size == 0 ? "." : path, size == 0 ? 1 : size);
    folder[size == 0 ? 1 : size] = '\0';
    if (realpath(folder, real) == NULL)
        return false;
    size_t used = strlen(real);
    return (size_t)snprintf(real + used, PATH_MAX - used, "/%s", base) < PATH_MAX - used;
}

bool output_is_same_file(const char *a, const char *b) {
    char first[PATH_MAX];
    char second[PATH_MAX];
    struct stat one;
    struct stat other;
    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    if (stat(a, &one) == 0 && stat(b, &other) == 0)
        return one.st_dev == other.st_dev && one.st_ino == other.st_ino && S_ISREG(one.st_mode);
    return name_whole(a, first) && name_whole(b, second) && strcmp(first, second) == 0;
}

static tw_status check_option(const output_option *options, size_t index, const char *const *read,
                              size_t read_count, tw_error *error) {
    const output_option *own = &options[index];
    if (own->path[0] == '\0')
        return TW_OK;
    if (!own->streams && strcmp(own->path, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--%s needs a file, not standard output", own->name);
    for (size_t i = 0; i < read_count; i++) {
        if (output_is_same_file(own->path, read[i]))
            return tw_error_set(error, TW_USAGE, "--%s %s: that file is read", own->name,
                                own->path);
    }
    for (size_t i = 0; i < index; i++) {
        if (options[i].path[0] != '\0' && output_is_same_file(own->path, options[i].path))
            return tw_error_set(error, TW_USAGE, "--%s %s: that file is --%s", own->name, own->path,
                                options[i].name);
    }
    return TW_OK;
}

tw_status output_options_check(const output_option *options, size_t count, const char *const *read,
                               size_t read_count, tw_error *error) {
    tw_status status = TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = check_option(options, i, read, read_count, error);
    return status;
}

bool output_is_store(const char *path, const char *store) {
    static const char *const suffixes[] = {"", "-wal", "-shm", "-lock"};
    char name[PATH_MAX];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        int size = snprintf(name, sizeof name, "%s%s", store, suffixes[i]);
        if (size > 0 && (size_t)size < sizeof name && output_is_same_file(path, name))
            return true;
    }
    return false;
}

/* "folder/.name.PID" beside the path: the rename must stay on one file system. */
static bool name_temporary(output_file *file) {
    const char *slash = strrchr(file->path, '/');
    int folder_size = slash == NULL ? 0 : (int)(slash - file->path) + 1;
    int size = snprintf(file->temporary, sizeof file->temporary, "%.*s.%s.%ld", folder_size,
                        file->path, file->path + folder_size, (long)getpid());
    return size > 0 && (size_t)size < sizeof file->temporary;
}

static tw_status open_temporary(output_file *file, tw_error *error) {
    struct stat found;
    if (stat(file->path, &found) == 0 && !S_ISREG(found.st_mode))
        return tw_error_set(error, TW_INVALID, "%s is a %s; name a file", file->path,
                            S_ISDIR(found.st_mode) ? "folder" : "pipe or a device");
    if (!name_temporary(file))
        return tw_error_set(error, TW_INVALID, "the path %.64s... is too long", file->path);
    int fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return cannot(file, errno, error);
    file->stream = fdopen(fd, "w");
    if (file->stream == NULL || interruption_put(file->temporary) != TW_OK) {
        tw_status status = tw_error_set(error, TW_FULL, "%s: too many files are open", file->path);
        unlink(file->temporary);
        if (file->stream == NULL)
            close(fd);
        return status;
    }
    return TW_OK;
}

tw_status output_file_open(output_file *file, const char *path, tw_error *error) {
    *file = (output_file){0};
    if (strcmp(path, "-") == 0) {
        file->stream = stdout;
        return TW_OK;
    }
    if (tw_slice_copy(tw_slice_of(path), file->path, sizeof file->path) != TW_OK)
        return tw_error_set(error, TW_INVALID, "the path %.64s... is too long", path);
    tw_status status = open_temporary(file, error);
    if (status != TW_OK) {
        if (file->stream != NULL)
            fclose(file->stream);
        *file = (output_file){0};
    }
    return status;
}

tw_status output_file_write(output_file *file, tw_slice piece, tw_error *error) {
    TW_ASSERT(file->stream != NULL);
    errno = 0;
    if (fwrite(piece.data, 1, piece.size, file->stream) == piece.size)
        return TW_OK;
    return cannot(file, errno, error);
}

tw_status output_file_tell(output_file *file, int64_t *ret_size, tw_error *error) {
    TW_ASSERT(file->stream != NULL && file->stream != stdout);
    *ret_size = ftello(file->stream);
    return *ret_size >= 0 ? TW_OK : cannot(file, errno, error);
}

tw_status output_file_cut(output_file *file, int64_t size, tw_error *error) {
    TW_ASSERT(file->stream != NULL && file->stream != stdout);
    TW_ASSERT(size >= 0);
    if (fflush(file->stream) == 0 && ftruncate(fileno(file->stream), size) == 0 &&
        fseeko(file->stream, size, SEEK_SET) == 0)
        return TW_OK;
    return cannot(file, errno, error);
}

tw_status output_file_finish(output_file *file, tw_error *error) {
    TW_ASSERT(file->stream != NULL);
    FILE *stream = file->stream;
    errno = 0;
    bool written = fflush(stream) == 0 && !ferror(stream);
    if (stream == stdout)
        return written ? TW_OK : cannot(file, errno, error);
    written = written && fsync(fileno(stream)) == 0;
    int os_errno = errno;
    file->stream = NULL;
    if (fclose(stream) != 0 && written) {
        os_errno = errno;
        written = false;
    }
    return written ? TW_OK : cannot(file, os_errno, error);
}

tw_status output_printed(tw_error *error) {
    output_file out = {.stream = stdout};
    return output_file_finish(&out, error);
}

tw_status output_print(tw_slice text, tw_error *error) {
    output_file out = {.stream = stdout};
    tw_status status = output_file_write(&out, text, error);
    return status == TW_OK ? output_file_finish(&out, error) : status;
}

tw_status output_file_publish(output_file *file, tw_error *error) {
    if (file->temporary[0] == '\0')
        return TW_OK;
    TW_ASSERT(file->stream == NULL);
    if (rename(file->temporary, file->path) != 0)
        return cannot(file, errno, error);
    interruption_drop(file->temporary);
    file->temporary[0] = '\0';
    return TW_OK;
}

tw_status output_file_keep(output_file *file, tw_error *error) {
    tw_status status = output_file_finish(file, error);
    return status == TW_OK ? output_file_publish(file, error) : status;
}

tw_status output_files_keep(output_file *const *files, size_t count, tw_error *error) {
    tw_status status = TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = files[i]->stream != NULL ? output_file_finish(files[i], error) : TW_OK;
    for (size_t i = 0; i < count && status == TW_OK; i++)
        status = output_file_publish(files[i], error);
    return status;
}

void output_file_drop(output_file *file) {
    if (file->temporary[0] != '\0') {
        if (file->stream != NULL)
            fclose(file->stream); /* what it says does not matter: the file goes */
        unlink(file->temporary);
        interruption_drop(file->temporary);
    }
    *file = (output_file){0};
}
