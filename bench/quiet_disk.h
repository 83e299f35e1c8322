/*
 * quiet_disk.h - a store of a real file for a bench, written by a recorder in a thread of its own.
 */
#ifndef QUIET_DISK_H
#define QUIET_DISK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "tradewind/recorder.h"

typedef struct quiet_disk {
    char folder[64];
    tw_store *store;
    tw_recorder *recorder;
    sem_t work;
    atomic_bool ending;
    pthread_t thread;
    int64_t busy_ns; /* processor time of the thread, when it has finished */
    bool finished;
} quiet_disk;

/* In a new folder under /tmp. The port is what the engine writes to. */
void quiet_disk_open(quiet_disk *disk, tw_symbols *symbols, uint32_t symbol_count,
                     tw_store_port *ret_port);

/* Commits what waits and ends the thread. */
void quiet_disk_finish(quiet_disk *disk);

/* The same if it was not done, and removes the folder. */
void quiet_disk_close(quiet_disk *disk);

#endif
