/*
 * solver_program.c - which program is run: found once, and one that nobody else can put there.
 *
 * The caller's PATH is not asked: a folder in it that others may write to would let them choose
 * what runs in the caller's name. A bare name is looked for where the system installs programs; any
 * other place has to be said in full. And what is found there has to be safe from others all the
 * way: the file, and every folder and link on the way to it. The path that was checked is the one
 * that is started.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safe_path.h"
#include "solver_priv.h"

_Static_assert(TW_SOLVER_PATH_SIZE >= SAFE_PATH_SIZE, "a checked path is that long");

static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};

static tw_status no_solver(const char *program, tw_error *error) {
    return tw_error_set(error, TW_NOT_FOUND,
                        "there is no solver %s%s; the package coinor-cbc has cbc (apt-get install "
                        "coinor-cbc)",
                        program,
                        strchr(program, '/') == NULL
                            ? " in /usr/local/bin, /usr/bin or /bin; elsewhere, give its whole path"
                            : "");
}

/* The first of the folders that has the name. */
static tw_status look_up(const char *name, char path[TW_SOLVER_PATH_SIZE], tw_error *error) {
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        int size = snprintf(path, TW_SOLVER_PATH_SIZE, "%s/%s", folders[i], name);
        if (size > 0 && (size_t)size < TW_SOLVER_PATH_SIZE && access(path, F_OK) == 0)
            return TW_OK;
    }
    return no_solver(name, error);
}

/* What the path leads to is a program, and nobody else can change which. */
static tw_status resolve(const char *program, const char *path, char ret_path[TW_SOLVER_PATH_SIZE],
                         tw_error *error) {
    struct stat found;
    char real[TW_SOLVER_PATH_SIZE];
    char subject[TW_SOLVER_PATH_SIZE + 32];
    snprintf(subject, sizeof subject, "the solver %s is not run", program);
    tw_status status = safe_path_check(subject, path, real, error);
    if (status == TW_NOT_FOUND)
        return no_solver(program, error);
    if (status != TW_OK)
        return status;
    if (stat(real, &found) != 0)
        return tw_error_set_errno(error, errno, "cannot look at the solver %s", program);
    if (!S_ISREG(found.st_mode) || access(real, X_OK) != 0)
        return tw_error_set(error, TW_PERMISSION, "the solver %s is not a program that may be run",
                            program);
    memcpy(ret_path, real, strlen(real) + 1);
    return TW_OK;
}

tw_status tw_solver_find(const char *program, char ret_path[TW_SOLVER_PATH_SIZE], tw_error *error) {
    TW_ASSERT(program != NULL && ret_path != NULL);
    char path[TW_SOLVER_PATH_SIZE];
    bool named = strchr(program, '/') == NULL;
    if (program[0] == 0 || (!named && program[0] != '/'))
        return tw_error_set(error, TW_INVALID,
                            "the solver \"%s\" must be a name or an absolute path", program);
    if (strlen(program) >= sizeof path)
        return tw_error_set(error, TW_RANGE, "the path of the solver is too long");
    if (!named)
        memcpy(path, program, strlen(program) + 1);
    tw_status status = named ? look_up(program, path, error) : TW_OK;
    return status == TW_OK ? resolve(program, path, ret_path, error) : status;
}
