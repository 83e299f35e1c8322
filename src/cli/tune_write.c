/*
 * tune_write.c - settings into a configuration file, which appears whole or stays as it was.
 *
 * A link is followed: the file it names is replaced. Owner and mode stay those of the file; a new
 * one is not for others to write, or no command would read it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output_file.h"
#include "tradewind/alloc.h"
#include "tune_results.h"

enum { FILE_SIZE_MAX = 1 << 20 };

static const char *follow(const char *path, char buffer[PATH_MAX]) {
    return realpath(path, buffer) != NULL ? buffer : path;
}

tw_status tune_write_check(const char *path, const tune_results *results, tw_error *error) {
    char buffer[PATH_MAX];
    output_file file;
    if (strcmp(path, "-") == 0)
        return tw_error_set(error, TW_USAGE, "--write needs a file, not standard output");
    if (output_is_store(path, results->database) || output_is_same_file(path, results->tape))
        return tw_error_set(error, TW_USAGE, "--write %s: that file is read", path);
    tw_status status = output_file_open(&file, follow(path, buffer), error);
    output_file_drop(&file);
    return status;
}

/* The text of the file; empty when it is not there. */
static tw_status read_text(const char *path, char *bytes, tw_slice *ret_text, tw_error *error) {
    *ret_text = (tw_slice){bytes, 0};
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return TW_OK;
    if (file == NULL)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    ret_text->size = fread(bytes, 1, FILE_SIZE_MAX, file);
    tw_status status = TW_OK;
    if (ferror(file) != 0)
        status = tw_error_set(error, TW_IO, "cannot read %s", path);
    else if (ret_text->size == FILE_SIZE_MAX)
        status = tw_error_set(error, TW_RANGE, "%s is larger than a megabyte", path);
    fclose(file);
    return status;
}

/* Each change is made in the outcome of the one before it. */
static tw_status change_text(tune_results *results, char *const *memory, size_t capacity,
                             tw_slice *text, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t i = 0; i < results->change_count && status == TW_OK; i++) {
        tw_text changed = tw_text_over(memory[(i + 1) % 2], capacity);
        status = config_edit(*text, &results->changes[i], &changed, error);
        *text = tw_text_slice(&changed);
    }
    return status;
}

static tw_status keep_mode(const char *path, output_file *file, tw_error *error) {
    struct stat old;
    struct stat own;
    int descriptor = fileno(file->stream);
    if (fstat(descriptor, &own) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be examined", file->temporary);
    if (stat(path, &old) != 0)
        old = (struct stat){
            .st_mode = own.st_mode & ~022U, .st_uid = own.st_uid, .st_gid = own.st_gid};
    bool same = old.st_uid == own.st_uid && old.st_gid == own.st_gid;
    if ((same || fchown(descriptor, old.st_uid, old.st_gid) == 0) &&
        fchmod(descriptor, old.st_mode & 07777U) == 0)
        return TW_OK;
    return tw_error_set_errno(error, errno, "%s: owner and mode cannot be kept", path);
}

static tw_status replace_file(const char *path, tw_slice text, config_rows *rows, tw_error *error) {
    output_file file;
    tw_status status = output_file_open(&file, path, error);
    if (status == TW_OK)
        status = keep_mode(path, &file, error);
    if (status == TW_OK)
        status = output_file_write(&file, text, error);
    if (status == TW_OK)
        status = output_file_finish(&file, error);
    if (status == TW_OK && config_rows_read(rows, file.temporary, error) != TW_OK)
        status = tw_error_set(error, error->status, "%s would not be understood: %s", path,
                              error->message);
    if (status == TW_OK)
        status = output_file_publish(&file, error);
    output_file_drop(&file);
    return status;
}

tw_status tune_write(const char *path, tune_results *results, config_rows *rows, tw_error *error) {
    char buffer[PATH_MAX];
    const char *real = follow(path, buffer);
    size_t capacity = FILE_SIZE_MAX + config_edit_room(results->changes, results->change_count) + 1;
    char *memory[2] = {TW_NEW(NULL, capacity, char), TW_NEW(NULL, capacity, char)};
    tw_slice text;
    tw_status status = TW_OK;
    if (memory[0] == NULL || memory[1] == NULL)
        status = tw_error_set(error, TW_NO_MEMORY, "there is no memory for %s", path);
    if (status == TW_OK)
        status = read_text(real, memory[0], &text, error);
    if (status == TW_OK)
        status = change_text(results, memory, capacity, &text, error);
    if (status == TW_OK && results->change_count > 0)
        status = replace_file(real, text, rows, error);
    for (int i = 0; i < 2; i++)
        TW_DELETE(NULL, memory[i], capacity, char);
    if (status == TW_OK)
        results->written = path;
    return status;
}
