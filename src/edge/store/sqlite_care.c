/*
 * sqlite_care.c - looking after a file: check, describe, copy, tidy up.
 *
 * A copy is made with SQLite's own backup, page by page from one state of the file, into a new file
 * that gets its name only when it is whole and on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_priv.h"

/* The check words a page that could not be read as a finding; a read that failed is no damage. */
static bool is_read_failure(const char *finding) {
    static const char with_code[] = "unable to get the page. error code=";
    const char *found = strstr(finding, with_code);
    if (found == NULL)
        return strstr(finding, "failed to get page") != NULL;
    long code = strtol(found + sizeof with_code - 1, NULL, 10);
    return (code & 0xff) == SQLITE_IOERR;
}

static tw_status judge(tw_store *store, const char *finding, tw_error *error) {
    if (finding == NULL)
        return tw_error_set(error, TW_CORRUPT, "%s is damaged, the check could not say where",
                            store->path);
    if (sqlite3_stricmp(finding, "ok") == 0)
        return TW_OK;
    if (is_read_failure(finding))
        return tw_error_set(error, TW_IO, "%s could not be read to its end: %s", store->path,
                            finding);
    return tw_error_set(error, TW_CORRUPT, "%s is damaged: %s", store->path, finding);
}

tw_status sqlite_verify(tw_store *store, tw_error *error) {
    int code;
    sqlite3_stmt *statement = sqlite_statement(store, SQLITE_INTEGRITY_STATEMENT, &code);
    if (statement == NULL)
        return sqlite_failed(store, code, "checking it failed", error);
    tw_status status = TW_OK;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        status = judge(store, (const char *)sqlite3_column_text(statement, 0), error);
    else
        status = sqlite_failed(store, code, "checking it failed", error);
    sqlite3_reset(statement);
    return status;
}

/* One pragma that gives a number. */
static tw_status pragma(tw_store *store, const char *text, int64_t *ret_value, tw_error *error) {
    sqlite3 *db = sqlite_of(store)->db;
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(db, text, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    tw_status status =
        code == SQLITE_ROW || code == SQLITE_DONE ? TW_OK : sqlite_failed(store, code, text, error);
    sqlite3_finalize(statement);
    return status;
}

static uint64_t size_of(const char *path, const char *suffix) {
    char name[PATH_MAX];
    struct stat facts;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &facts) == 0 ? (uint64_t)facts.st_size : 0; /* no such file: no bytes */
}

tw_status sqlite_describe(tw_store *store, tw_store_description *ret_description, tw_error *error) {
    int64_t page_size = 0;
    int64_t free_pages = 0;
    tw_status status = pragma(store, "PRAGMA page_size", &page_size, error);
    if (status == TW_OK)
        status = pragma(store, "PRAGMA freelist_count", &free_pages, error);
    if (status != TW_OK)
        return status;
    ret_description->size = size_of(store->path, "");
    ret_description->log_size = size_of(store->path, "-wal");
    ret_description->free_size = (uint64_t)(free_pages * page_size);
    return TW_OK;
}

/* ---- copies ---- */

static tw_status copy_failed(tw_store *store, sqlite3 *copy, int code, const char *path,
                             tw_error *error) {
    int os_errno =
        copy == NULL || sqlite3_system_errno(copy) == 0 ? errno : sqlite3_system_errno(copy);
    tw_status status = sqlite_status(code, os_errno);
    return tw_error_set(error, status, "%s could not be copied to %s: %s (%s)", store->path, path,
                        status == TW_NO_SPACE ? "the disk or a quota is full" : "SQLite failed",
                        copy == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(copy));
}

/* All pages in one step: one state of the file, whatever a writer does meanwhile. */
static tw_status copy_pages(tw_store *store, const char *path, tw_error *error) {
    sqlite3 *copy = NULL;
    int code = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *backup = NULL;
    if (code == SQLITE_OK) {
        backup = sqlite3_backup_init(copy, "main", sqlite_of(store)->db, "main");
        code = backup == NULL ? sqlite3_errcode(copy) : sqlite3_backup_step(backup, -1);
    }
    if (backup != NULL)
        sqlite3_backup_finish(backup); /* repeats the code of the step */
    tw_status status = code == SQLITE_DONE ? TW_OK : copy_failed(store, copy, code, path, error);
    sqlite3_close(copy);
    return status;
}

/* Puts a file on the disk, or with O_DIRECTORY the names in it. */
static tw_status sync_path(const char *path, int flags, tw_error *error) {
    int fd = open(path, flags | O_CLOEXEC);
    tw_status status = TW_OK;
    if (fd < 0 || fsync(fd) != 0)
        status = tw_error_set_errno(error, errno, "%s could not be put on the disk", path);
    if (fd >= 0)
        close(fd);
    return status;
}

/* `path` is shorter than PATH_MAX. */
static tw_status sync_name(const char *path, tw_error *error) {
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    TW_ASSERT(size < sizeof directory);
    memcpy(directory, path, size);
    directory[size] = '\0';
    return sync_path(size == 0 ? "." : directory, O_RDONLY | O_DIRECTORY, error);
}

tw_status sqlite_backup(tw_store *store, const char *path, tw_error *error) {
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.part-%ld", path, (long)getpid()) >=
        (int)sizeof temporary)
        return tw_error_set_errno(error, ENAMETOOLONG, "%s cannot be written", path);
    int fd = open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "%s cannot be written", path);
    close(fd);
    tw_status status = copy_pages(store, temporary, error);
    if (status == TW_OK)
        status = sync_path(temporary, O_RDWR, error);
    /* link, and not rename: what has the name already is not replaced. */
    if (status == TW_OK && link(temporary, path) != 0)
        status = errno == EEXIST
                     ? tw_error_set(error, TW_EXISTS, "%s exists already; name a new file", path)
                     : tw_error_set_errno(error, errno, "%s cannot be written", path);
    if (unlink(temporary) != 0 && status == TW_OK)
        status = tw_error_set_errno(error, errno, "%s cannot be removed", temporary);
    return status == TW_OK ? sync_name(path, error) : status;
}

/* It writes like a batch does, and ends writing like one when the disk fails. */
tw_status sqlite_vacuum(tw_store *store, tw_error *error) {
    tw_error own = {0};
    int code = sqlite3_exec(sqlite_of(store)->db, "VACUUM; PRAGMA optimize", NULL, NULL, NULL);
    store->unsynced = true;
    if (code == SQLITE_OK)
        return TW_OK;
    tw_status status = sqlite_failed(store, code, "tidying up failed", &own);
    if (status == TW_IO || status == TW_CORRUPT)
        store_fail(store, &own);
    if (error != NULL)
        *error = own;
    return status;
}
