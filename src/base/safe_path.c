/* safe_path.c - see safe_path.h. */
#include "safe_path.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, NAMES_SIZE = 4096 };

/* The group that a user was made with: it has his name and no other member. */
static bool is_private(gid_t group) {
    char user_bytes[NAMES_SIZE];
    char group_bytes[NAMES_SIZE];
    struct passwd user;
    struct passwd *us = NULL;
    struct group found;
    struct group *ours = NULL;
    if (getpwuid_r(geteuid(), &user, user_bytes, sizeof user_bytes, &us) != 0 || us == NULL ||
        getgrgid_r(group, &found, group_bytes, sizeof group_bytes, &ours) != 0 || ours == NULL)
        return false;
    const char *member = ours->gr_mem[0];
    bool alone = member == NULL || (strcmp(member, us->pw_name) == 0 && ours->gr_mem[1] == NULL);
    return alone && us->pw_gid == group && strcmp(us->pw_name, ours->gr_name) == 0;
}

static bool is_ours(const struct stat *found) {
    return found->st_uid == 0 || found->st_uid == geteuid();
}

/* A sticky folder lets others add to it, but not take away or replace what is not theirs. */
static bool is_open(const struct stat *found) {
    bool sticky = S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX) != 0;
    bool others = (found->st_mode & S_IWOTH) != 0;
    bool group = (found->st_mode & S_IWGRP) != 0 && found->st_gid != 0;
    return !sticky && (others || (group && !is_private(found->st_gid)));
}

static tw_status tell_owner(const char *subject, const char *path, uid_t owner, tw_error *error) {
    char bytes[NAMES_SIZE];
    struct passwd user;
    struct passwd *known = NULL;
    const char *name = "no name";
    if (getpwuid_r(owner, &user, bytes, sizeof bytes, &known) == 0 && known != NULL)
        name = known->pw_name;
    return tw_error_set(error, TW_PERMISSION,
                        "%s: %s belongs to user %u (%s) and not to you or root: chown it, or move "
                        "it to a folder of your own",
                        subject, path, (unsigned)owner, name);
}

/* One step of the way: what has this name, which may be a link, and what that leads to. */
static tw_status check_part(const char *subject, const char *path, tw_error *error) {
    struct stat named;
    struct stat found;
    if (lstat(path, &named) != 0 || stat(path, &found) != 0)
        return tw_error_set_errno(error, errno, "%s: %s cannot be looked at", subject, path);
    if (!is_ours(&named))
        return tell_owner(subject, path, named.st_uid, error);
    if (!is_ours(&found))
        return tell_owner(subject, path, found.st_uid, error);
    if (is_open(&found))
        return tw_error_set(error, TW_PERMISSION, "%s: others may change %s: chmod go-w %s",
                            subject, path, path);
    return TW_OK;
}

tw_status safe_path_check(const char *subject, const char *path, tw_error *error) {
    char part[PATH_SIZE];
    size_t whole = strlen(path);
    tw_status status = TW_OK;
    if (whole >= sizeof part)
        return tw_error_set(error, TW_RANGE, "%s: its path is too long", subject);
    memcpy(part, path, whole + 1);
    for (size_t size = whole; size > 0 && status == TW_OK; size--) {
        if (size != whole && path[size - 1] != '/')
            continue;
        part[size > 1 && part[size - 1] == '/' ? size - 1 : size] = 0;
        status = check_part(subject, part, error);
    }
    return status;
}

tw_status safe_path_check_file(const char *subject, const char *name, tw_error *error) {
    char real[PATH_SIZE];
    char folder[PATH_SIZE];
    char whole[PATH_SIZE];
    if (realpath(name, real) == NULL)
        return tw_error_set_errno(error, errno, "%s: %s cannot be looked at", subject, name);
    tw_status status = safe_path_check(subject, real, error);
    if (status != TW_OK)
        return status;
    if (name[0] == '/')
        return safe_path_check(subject, name, error);
    if (getcwd(folder, sizeof folder) == NULL)
        return tw_error_set_errno(error, errno, "the current folder cannot be told");
    int size = snprintf(whole, sizeof whole, "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof whole)
        return tw_error_set(error, TW_RANGE, "%s: its path is too long", subject);
    return safe_path_check(subject, whole, error);
}
