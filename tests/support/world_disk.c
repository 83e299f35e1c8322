/*
 * world_disk.c - the directory of a world, and what its disk does: full, locked, forgetful.
 *
 * Faults strike files of the store alone; the exchange's state is on another machine.
 */
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vfs_shim.h"
#include "world_priv.h"

static world *striking; /* whose disk has faults, or NULL */

static bool is_of_store(const world *w, const char *path) {
    return path != NULL &&
           strncmp(path, w->disk.store_directory, strlen(w->disk.store_directory)) == 0;
}

/* The write lock of the log is the first of its locks, and taken alone. */
static bool is_write_lock(const vfs_event *event) {
    return event->call == VFS_SHM_LOCK && (event->flags & SQLITE_SHM_EXCLUSIVE) != 0 &&
           event->offset == 0 && event->size == 1;
}

static int strike(const vfs_event *event) {
    world *w = striking;
    if (w == NULL || !is_of_store(w, event->path))
        return SQLITE_OK;
    if (event->call == VFS_WRITE && w->disk.full)
        return SQLITE_FULL;
    if (event->call == VFS_SYNC && w->disk.broken)
        return SQLITE_IOERR_FSYNC;
    if (is_write_lock(event) && w->disk.locked > 0) {
        w->disk.locked--;
        return SQLITE_BUSY;
    }
    return SQLITE_OK;
}

static void remove_directory(const world *w, const char *name) {
    char path[352];
    DIR *entries = opendir(name);
    WORLD_REQUIRE(w, entries != NULL, "%s is gone", name);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    closedir(entries);
    WORLD_REQUIRE(w, rmdir(name) == 0, "%s is not empty", name);
}

void world_disk_open(world *w) {
    world_disk *disk = &w->disk;
    snprintf(disk->directory, sizeof disk->directory, "/tmp/tradewind-world-XXXXXX");
    WORLD_REQUIRE(w, mkdtemp(disk->directory) != NULL, "no directory in /tmp");
    snprintf(disk->store_directory, sizeof disk->store_directory, "%s/store", disk->directory);
    snprintf(disk->path, sizeof disk->path, "%s/w.db", disk->store_directory);
    WORLD_REQUIRE(w, mkdir(disk->store_directory, 0700) == 0, "no directory in %s",
                  disk->directory);
    power_cut_install_behind(strike);
    striking = w;
}

void world_disk_close(world *w) {
    striking = NULL;
    power_cut_remove();
    remove_directory(w, w->disk.store_directory);
    remove_directory(w, w->disk.directory);
}

void world_disk_begin(world *w) {
    w->disk.full = w->disk.broken = false;
    w->disk.locked = 0;
    w->disk.stalled_turns = 0;
    w->disk.record = power_cut_new(w->disk.store_directory);
}

void world_disk_crash(world *w, size_t boundary, bool power_goes) {
    if (power_goes)
        power_cut_restore(w->disk.record, boundary, w->seed);
    else
        power_cut_keep(w->disk.record, boundary);
    power_cut_free(w->disk.record);
    w->disk.record = NULL;
}

void world_disk_end(world *w) {
    power_cut_free(w->disk.record);
    w->disk.record = NULL;
}

void world_disk_turn(world *w) {
    world_disk *disk = &w->disk;
    if (world_strikes_now(w, WORLD_DISK_FULL))
        disk->full = true;
    if (world_strikes_now(w, WORLD_DISK_BROKEN))
        disk->broken = true;
    if (world_strikes_now(w, WORLD_DISK_LOCKED))
        disk->locked = world_below(w, DRAW_STORY, 2) == 0 ? 1 : 1000;
    if (world_strikes_now(w, WORLD_DISK_SLOW))
        disk->stalled_turns = 1 + (uint32_t)world_below(w, DRAW_STORY, 20);
    else if (disk->stalled_turns > 0)
        disk->stalled_turns--;
    if (w->calm) {
        disk->full = disk->broken = false;
        disk->locked = 0;
        disk->stalled_turns = 0;
    }
}
