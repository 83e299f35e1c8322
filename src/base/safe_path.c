/* safe_path.c - see safe_path.h. */
#include "safe_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

/* A file or folder that only root and the caller can change. A sticky folder lets others add to it,
 * but not take away or replace what is not theirs. */
static bool is_safe(const struct stat *found) {
    bool sticky = S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX) != 0;
    bool ours = found->st_uid == 0 || found->st_uid == geteuid();
    bool own_group = found->st_gid == 0 || found->st_gid == getegid();
    bool others = (found->st_mode & S_IWOTH) != 0;
    bool group = (found->st_mode & S_IWGRP) != 0 && !own_group;
    return ours && (sticky || (!others && !group));
}

tw_status safe_path_check(const char *subject, const char *path, tw_error *error) {
    char part[PATH_SIZE];
    size_t whole = strlen(path);
    if (whole >= sizeof part)
        return tw_error_set(error, TW_RANGE, "%s: its path is too long", subject);
    memcpy(part, path, whole + 1);
    for (size_t size = whole; size > 0; size--) {
        if (size != whole && path[size - 1] != '/')
            continue;
        part[size > 1 && part[size - 1] == '/' ? size - 1 : size] = 0;
        struct stat found;
        if (stat(part, &found) != 0)
            return tw_error_set_errno(error, errno, "%s: %s cannot be looked at", subject, part);
        if (!is_safe(&found))
            return tw_error_set(error, TW_PERMISSION,
                                "%s: others may change %s (see who owns it, and chmod go-w)",
                                subject, part);
    }
    return TW_OK;
}
