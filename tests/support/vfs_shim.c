/*
 * vfs_shim.c - every method asks the hook, then forwards to the file behind.
 */
#include "vfs_shim.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/api.h"

/* The file that SQLite sees; the real one stands behind it. */
typedef struct shim_file {
    sqlite3_file base;
    const char *path; /* SQLite keeps it for as long as the file is open */
    sqlite3_file *real;
} shim_file;

static struct {
    sqlite3_vfs *base;
    sqlite3_vfs vfs;
    vfs_hook hook;
} shim;

static int ask(vfs_event event) {
    return shim.hook == NULL ? SQLITE_OK : shim.hook(&event);
}

static const char *path_of(sqlite3_file *file) {
    return ((shim_file *)file)->path;
}

static sqlite3_file *real_of(sqlite3_file *file) {
    return ((shim_file *)file)->real;
}

static int shim_close(sqlite3_file *file) {
    sqlite3_file *real = real_of(file);
    int code = real->pMethods->xClose(real);
    free(real);
    return code;
}

static int shim_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset) {
    sqlite3_file *real = real_of(file);
    int code =
        ask((vfs_event){.call = VFS_READ, .path = path_of(file), .size = size, .offset = offset});
    return code == SQLITE_OK ? real->pMethods->xRead(real, data, size, offset) : code;
}

static int shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
    sqlite3_file *real = real_of(file);
    int code = ask((vfs_event){
        .call = VFS_WRITE, .path = path_of(file), .data = data, .size = size, .offset = offset});
    bool makes = code == SQLITE_OK || (code & VFS_MADE_ALL_THE_SAME) != 0;
    int result = makes ? real->pMethods->xWrite(real, data, size, offset) : SQLITE_OK;
    return code == SQLITE_OK ? result : code & ~VFS_MADE_ALL_THE_SAME;
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
    sqlite3_file *real = real_of(file);
    int code = ask((vfs_event){.call = VFS_TRUNCATE, .path = path_of(file), .offset = size});
    return code == SQLITE_OK ? real->pMethods->xTruncate(real, size) : code;
}

static int shim_sync(sqlite3_file *file, int flags) {
    (void)flags;
    return ask((vfs_event){.call = VFS_SYNC, .path = path_of(file)});
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret_size) {
    sqlite3_file *real = real_of(file);
    int code = ask((vfs_event){.call = VFS_SIZE, .path = path_of(file)});
    return code == SQLITE_OK ? real->pMethods->xFileSize(real, ret_size) : code;
}

static int shim_lock(sqlite3_file *file, int level) {
    sqlite3_file *real = real_of(file);
    int code = ask((vfs_event){.call = VFS_LOCK, .path = path_of(file)});
    return code == SQLITE_OK ? real->pMethods->xLock(real, level) : code;
}

static int shim_unlock(sqlite3_file *file, int level) {
    sqlite3_file *real = real_of(file);
    return real->pMethods->xUnlock(real, level);
}

static int shim_is_reserved(sqlite3_file *file, int *ret_result) {
    sqlite3_file *real = real_of(file);
    return real->pMethods->xCheckReservedLock(real, ret_result);
}

/* A hint about the size would make the file longer behind the hook's back; it is only a hint. */
static int shim_control(sqlite3_file *file, int op, void *argument) {
    sqlite3_file *real = real_of(file);
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return real->pMethods->xFileControl(real, op, argument);
}

static int shim_sector_size(sqlite3_file *file) {
    sqlite3_file *real = real_of(file);
    return real->pMethods->xSectorSize(real);
}

static int shim_traits(sqlite3_file *file) {
    sqlite3_file *real = real_of(file);
    return real->pMethods->xDeviceCharacteristics(real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **data) {
    sqlite3_file *real = real_of(file);
    int code = ask((vfs_event){.call = VFS_SHM_MAP, .path = path_of(file)});
    return code == SQLITE_OK ? real->pMethods->xShmMap(real, page, size, extend, data) : code;
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    sqlite3_file *real = real_of(file);
    int code = SQLITE_OK;
    if ((flags & SQLITE_SHM_LOCK) != 0)
        code = ask((vfs_event){.call = VFS_SHM_LOCK,
                               .path = path_of(file),
                               .flags = flags,
                               .size = count,
                               .offset = offset});
    return code == SQLITE_OK ? real->pMethods->xShmLock(real, offset, count, flags) : code;
}

static void shim_shm_barrier(sqlite3_file *file) {
    sqlite3_file *real = real_of(file);
    real->pMethods->xShmBarrier(real);
}

static int shim_shm_unmap(sqlite3_file *file, int remove) {
    sqlite3_file *real = real_of(file);
    return real->pMethods->xShmUnmap(real, remove);
}

/* Version 2: nothing is read or written through mapped memory. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_is_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
};

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags) {
    (void)vfs;
    shim_file *mine = (shim_file *)file;
    memset(mine, 0, sizeof *mine);
    int code = ask((vfs_event){.call = VFS_OPEN, .path = path, .flags = flags});
    if (code != SQLITE_OK)
        return code;
    mine->real = calloc(1, (size_t)shim.base->szOsFile);
    TW_ASSERT(mine->real != NULL);
    code = shim.base->xOpen(shim.base, path, mine->real, flags, ret_flags);
    if (code != SQLITE_OK) {
        free(mine->real);
        return code;
    }
    mine->path = path;
    mine->base.pMethods = &methods;
    ask((vfs_event){.call = VFS_OPENED, .path = path, .flags = flags});
    return SQLITE_OK;
}

static int shim_remove(sqlite3_vfs *vfs, const char *path, int sync_directory) {
    (void)vfs;
    int code = ask((vfs_event){.call = VFS_REMOVE, .path = path, .flags = sync_directory});
    return code == SQLITE_OK ? shim.base->xDelete(shim.base, path, 0) : code;
}

void vfs_shim_install(vfs_hook hook) {
    TW_ASSERT(shim.base == NULL);
    shim.base = sqlite3_vfs_find(NULL);
    TW_ASSERT(shim.base != NULL);
    shim.hook = hook;
    shim.vfs = *shim.base;
    shim.vfs.zName = "shim";
    shim.vfs.szOsFile = (int)sizeof(shim_file);
    shim.vfs.xOpen = shim_open;
    shim.vfs.xDelete = shim_remove;
    TW_ASSERT(sqlite3_vfs_register(&shim.vfs, 1) == SQLITE_OK);
}

void vfs_shim_remove(void) {
    TW_ASSERT(shim.base != NULL);
    TW_ASSERT(sqlite3_vfs_unregister(&shim.vfs) == SQLITE_OK);
    TW_ASSERT(sqlite3_vfs_register(shim.base, 1) == SQLITE_OK);
    shim.base = NULL;
}

const char *vfs_call_name(vfs_call call) {
    static const char *const names[] = {"open",  "opened",   "remove",  "read",
                                        "write", "truncate", "sync",    "size",
                                        "lock",  "shm_map",  "shm_lock"};
    TW_ASSERT((size_t)call < sizeof names / sizeof names[0]);
    return names[call];
}
