/* zone_file.c - see zone_file.h. */
#include "zone_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ZONE_SIZE_MAX = 262144, ZONE_PATH_SIZE = 1024 };

static tw_status read_bytes(const char *path, char *buffer, size_t *ret_size, tw_error *error) {
    FILE *file = fopen(path, "rb");
    if (file == NULL && errno == ENOENT)
        return tw_error_set(error, TW_NOT_FOUND,
                            "there is no zone data at %s, which the calendar needs (Debian: apt "
                            "install tzdata)",
                            path);
    if (file == NULL)
        return tw_error_set_errno(error, errno, "the zone data at %s cannot be read", path);
    size_t size = fread(buffer, 1, ZONE_SIZE_MAX, file);
    int os_errno = ferror(file) ? errno : 0;
    fclose(file);
    if (os_errno != 0)
        return tw_error_set_errno(error, os_errno, "the zone data at %s cannot be read", path);
    if (size == ZONE_SIZE_MAX)
        return tw_error_set(error, TW_RANGE, "%s is too large to be zone data", path);
    *ret_size = size;
    return TW_OK;
}

static void path_of(const char *name, char path[ZONE_PATH_SIZE]) {
    const char *folder = secure_getenv("TZDIR");
    snprintf(path, ZONE_PATH_SIZE, "%s/%s", folder != NULL ? folder : "/usr/share/zoneinfo", name);
}

tw_status zone_file_bytes(const char *name, char **ret_bytes, size_t *ret_size, tw_error *error) {
    char path[ZONE_PATH_SIZE];
    path_of(name, path);
    char *buffer = malloc(ZONE_SIZE_MAX);
    if (buffer == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for a time zone");
    tw_status status = read_bytes(path, buffer, ret_size, error);
    if (status != TW_OK) {
        free(buffer);
        return status;
    }
    *ret_bytes = buffer;
    return TW_OK;
}

tw_status zone_file_read(const char *name, tw_zone **ret_zone, tw_error *error) {
    char *bytes = NULL;
    size_t size = 0;
    tw_error why = {0};
    tw_status status = zone_file_bytes(name, &bytes, &size, error);
    if (status != TW_OK)
        return status;
    status = tw_zone_new(NULL, (tw_slice){bytes, size}, ret_zone, &why);
    free(bytes);
    if (status == TW_OK)
        return TW_OK;
    char path[ZONE_PATH_SIZE];
    path_of(name, path);
    return tw_error_set(error, status, "%s: %s", path, why.message);
}
