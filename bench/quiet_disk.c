/*
 * quiet_disk.c - see quiet_disk.h. The thread waits for work as that of `tradewind run` does: until
 * it is woken, or the delay of a commit is over.
 */
#include "quiet_disk.h"
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "quiet_venue.h"
#include "tradewind/time.h"

static void on_work(void *context) {
    sem_post(&((quiet_disk *)context)->work);
}

static void wait_for_work(quiet_disk *disk) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 50 * TW_NS_PER_MS;
    until.tv_sec += until.tv_nsec / TW_NS_PER_SECOND;
    until.tv_nsec %= TW_NS_PER_SECOND;
    (void)sem_timedwait(&disk->work, &until);
    while (sem_trywait(&disk->work) == 0)
        continue;
}

static void *record(void *context) {
    quiet_disk *disk = context;
    uint64_t work = 0;
    while (!atomic_load(&disk->ending)) {
        if (work == 0)
            wait_for_work(disk);
        tw_error error = {0};
        if (tw_recorder_turn(disk->recorder, tw_time_monotonic_ns(), &work, &error) != TW_OK)
            require(false, error.message);
    }
    tw_error error = {0};
    if (tw_recorder_flush(disk->recorder, &error) != TW_OK)
        require(false, error.message);
    struct timespec busy;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &busy);
    disk->busy_ns = (int64_t)busy.tv_sec * TW_NS_PER_SECOND + busy.tv_nsec;
    return NULL;
}

static char *in_folder(const quiet_disk *disk, const char *end, char path[96]) {
    snprintf(path, 96, "%s/bench.db%s", disk->folder, end);
    return path;
}

void quiet_disk_open(quiet_disk *disk, tw_symbols *symbols, uint32_t symbol_count,
                     tw_store_port *ret_port) {
    char path[96];
    tw_error error = {0};
    *disk = (quiet_disk){.folder = "/tmp/tradewind-bench-XXXXXX"};
    require(mkdtemp(disk->folder) != NULL, "a folder");
    tw_store_config config = {.path = in_folder(disk, "", path),
                              .mode = TW_STORE_WRITE,
                              .symbols = symbols,
                              .symbol_count_max = symbol_count};
    if (tw_store_open(&config, &disk->store, &error) != TW_OK)
        require(false, error.message);
    tw_recorder_config recording = {.on_work = on_work, .context = disk};
    require(tw_recorder_new(NULL, &recording, disk->store, 0, &disk->recorder) == TW_OK &&
                sem_init(&disk->work, 0, 0) == 0 &&
                pthread_create(&disk->thread, NULL, record, disk) == 0,
            "a recorder");
    tw_recorder_port(disk->recorder, ret_port);
}

void quiet_disk_finish(quiet_disk *disk) {
    if (disk->finished)
        return;
    atomic_store(&disk->ending, true);
    sem_post(&disk->work);
    pthread_join(disk->thread, NULL);
    disk->finished = true;
}

void quiet_disk_close(quiet_disk *disk) {
    static const char *const ends[] = {"", "-wal", "-shm"};
    char path[96];
    tw_error error = {0};
    quiet_disk_finish(disk);
    tw_recorder_free(disk->recorder);
    if (tw_store_close(disk->store, &error) != TW_OK)
        require(false, error.message);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        unlink(in_folder(disk, ends[i], path));
    rmdir(disk->folder);
    sem_destroy(&disk->work);
}
