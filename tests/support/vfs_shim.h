/*
 * vfs_shim.h - stands between SQLite and its files, so that a test sees each call and may fail it.
 *
 * While it is installed it is SQLite's default VFS. Before each call it asks the hook: SQLITE_OK
 * lets the call through to the real files, anything else is what SQLite gets instead. Reads and
 * writes through mapped memory are switched off, and nothing is really synced: what a test does to
 * the disk, it does itself, and campaigns are quick. One at a time; no database may be open when it
 * comes or goes. Threads: none.
 */
#ifndef TRADEWIND_TESTS_VFS_SHIM_H
#define TRADEWIND_TESTS_VFS_SHIM_H

#include <stdint.h>

typedef enum vfs_call {
    VFS_OPEN,
    VFS_OPENED, /* after an open that went well; what the hook returns is ignored */
    VFS_REMOVE,
    VFS_READ,
    VFS_WRITE,
    VFS_TRUNCATE,
    VFS_SYNC,
    VFS_SIZE,
    VFS_LOCK,     /* of the file, not giving it up */
    VFS_SHM_MAP,  /* of the shared memory of the log */
    VFS_SHM_LOCK, /* not giving it up */
} vfs_call;
#define VFS_CALL_COUNT (VFS_SHM_LOCK + 1)

typedef struct vfs_event {
    vfs_call call;
    int flags;        /* of an open; of a removal: whether the directory is to be synced */
    const char *path; /* NULL: a temporary file */
    const void *data; /* of a write */
    int size;         /* of locks of the log: how many, */
    int64_t offset;   /* from which on; of a truncation: the size that it leaves */
} vfs_event;

/* Added to the answer to a write: it is made all the same, but SQLite is told that it was not. */
#define VFS_MADE_ALL_THE_SAME 0x40000000

typedef int (*vfs_hook)(const vfs_event *event);

/* The hook may be NULL. */
void vfs_shim_install(vfs_hook hook);
void vfs_shim_remove(void);

const char *vfs_call_name(vfs_call call);

#endif
