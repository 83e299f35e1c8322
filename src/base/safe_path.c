/*
 * safe_path.c - see safe_path.h.
 *
 * The way is walked as the kernel walks it, one name after the other from the root, and each link
 * is read and followed here. Invariant: a name is looked up only in a folder that was checked, and
 * a link is read only after it was; so nobody else can change between two steps what the first
 * found.
 */
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

/* As many links as Linux follows. */
enum { NAMES_SIZE = 4096, LINK_COUNT_MAX = 40 };

/* How far we are: what was walked, without links in it, and what is to come. */
typedef struct walker {
    const char *subject;
    char done[SAFE_PATH_SIZE]; /* begins with '/', which is all of it at the root */
    char rest[SAFE_PATH_SIZE]; /* what a checked link leads to is put before it */
    int link_count;
} walker;

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

static tw_status too_long(const walker *walk, tw_error *error) {
    return tw_error_set(error, TW_RANGE, "%s: its path is too long", walk->subject);
}

static tw_status not_looked_at(const walker *walk, int number, tw_error *error) {
    return tw_error_set_errno(error, number, "%s: %s cannot be looked at", walk->subject,
                              walk->done);
}

/* The mode of a link says nothing. */
static tw_status check_part(const walker *walk, const struct stat *found, tw_error *error) {
    if (!is_ours(found))
        return tell_owner(walk->subject, walk->done, found->st_uid, error);
    if (!S_ISLNK(found->st_mode) && is_open(found))
        return tw_error_set(error, TW_PERMISSION, "%s: others may change %s: chmod go-w %s",
                            walk->subject, walk->done, walk->done);
    return TW_OK;
}

static void go_up(walker *walk) {
    char *last = strrchr(walk->done, '/');
    *(last == walk->done ? last + 1 : last) = 0;
}

/* False if there is no room for the name. */
static bool go_down(walker *walk, const char *name, size_t size) {
    size_t before = strlen(walk->done);
    size_t slash = before > 1 ? 1 : 0;
    if (before + slash + size >= sizeof walk->done)
        return false;
    memcpy(walk->done + before, "/", slash);
    memcpy(walk->done + before + slash, name, size);
    walk->done[before + slash + size] = 0;
    return true;
}

/* What the link leads to stands before the rest, and begins where the link stands or at the root.
 */
static tw_status follow(walker *walk, tw_error *error) {
    char target[SAFE_PATH_SIZE];
    ssize_t size = readlink(walk->done, target, sizeof target);
    size_t rest = strlen(walk->rest);
    if (size < 0 || ++walk->link_count > LINK_COUNT_MAX)
        return not_looked_at(walk, size < 0 ? errno : ELOOP, error);
    if ((size_t)size + rest >= sizeof walk->rest)
        return too_long(walk, error);
    memmove(walk->rest + size, walk->rest, rest + 1);
    memcpy(walk->rest, target, (size_t)size);
    if (target[0] == '/')
        walk->done[1] = 0;
    else
        go_up(walk);
    return TW_OK;
}

/* Takes the next name off the rest and goes there; none is left behind a last slash. */
static tw_status enter(walker *walk, tw_error *error) {
    const char *name = walk->rest + strspn(walk->rest, "/");
    size_t size = strcspn(name, "/");
    if (size == 2 && memcmp(name, "..", 2) == 0)
        go_up(walk);
    else if (size > 0 && !(size == 1 && name[0] == '.') && !go_down(walk, name, size))
        return too_long(walk, error);
    memmove(walk->rest, name + size, strlen(name + size) + 1);
    return TW_OK;
}

/* `found` is what stands where we are, and then where we went. */
static tw_status step(walker *walk, struct stat *found, tw_error *error) {
    if (!S_ISDIR(found->st_mode))
        return not_looked_at(walk, ENOTDIR, error);
    tw_status status = enter(walk, error);
    if (status == TW_OK && lstat(walk->done, found) != 0)
        return not_looked_at(walk, errno, error);
    if (status == TW_OK)
        status = check_part(walk, found, error);
    if (status != TW_OK || !S_ISLNK(found->st_mode))
        return status;
    found->st_mode = S_IFDIR; /* where we stand again */
    return follow(walk, error);
}

/* At the root, with all of the way before us. */
static tw_status begin(walker *walk, const char *name, tw_error *error) {
    char folder[SAFE_PATH_SIZE] = "";
    walk->done[0] = '/';
    walk->done[1] = 0;
    if (name[0] == 0)
        return tw_error_set_errno(error, ENOENT, "%s: it has no name", walk->subject);
    if (name[0] != '/' && getcwd(folder, sizeof folder) == NULL)
        return tw_error_set_errno(error, errno, "the current folder cannot be told");
    int size = snprintf(walk->rest, sizeof walk->rest, "%s/%s", folder, name);
    return size < 0 || (size_t)size >= sizeof walk->rest ? too_long(walk, error) : TW_OK;
}

tw_status safe_path_check(const char *subject, const char *name, char ret_real[SAFE_PATH_SIZE],
                          tw_error *error) {
    walker walk = {.subject = subject};
    struct stat found;
    tw_status status = begin(&walk, name, error);
    if (status == TW_OK && lstat("/", &found) != 0)
        status = not_looked_at(&walk, errno, error);
    if (status == TW_OK)
        status = check_part(&walk, &found, error);
    while (status == TW_OK && walk.rest[0] != 0)
        status = step(&walk, &found, error);
    if (status == TW_OK && ret_real != NULL)
        memcpy(ret_real, walk.done, strlen(walk.done) + 1);
    return status;
}
