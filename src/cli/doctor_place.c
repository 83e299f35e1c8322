/*
 * doctor_place.c - where the store is or would be: room, and how long a sync takes, since an order
 * is sent only after its intent is on the disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "doctor.h"
#include "input.h"
#include "readable.h"
#include "tradewind/time.h"

enum { SYNC_COUNT = 15, BLOCK_SIZE = 4096 };

static int by_size(const void *a, const void *b) {
    int64_t first = *(const int64_t *)a;
    int64_t second = *(const int64_t *)b;
    return (first > second) - (first < second);
}

/* The median of a few writes with sync into a nameless file of the folder; below 0 if the folder
 * cannot be written to or its file system has no such files. */
static int64_t median_sync_ns(const char *folder) {
    static const char block[BLOCK_SIZE];
    int64_t spans_ns[SYNC_COUNT];
    int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    for (int i = 0; i < SYNC_COUNT; i++) {
        int64_t began_ns = tw_time_monotonic_ns();
        if (write(fd, block, sizeof block) != BLOCK_SIZE || fdatasync(fd) != 0) {
            close(fd);
            return -1;
        }
        spans_ns[i] = tw_time_monotonic_ns() - began_ns;
    }
    close(fd);
    qsort(spans_ns, SYNC_COUNT, sizeof spans_ns[0], by_size);
    return spans_ns[SYNC_COUNT / 2];
}

/* The folder a file would lie in, written over `path`: what dirname(3) says, safe with threads. */
static const char *folder_of(char *path) {
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return ".";
    slash[slash == path] = '\0';
    return path;
}

static void look_at_folder(doctor_list *list, const char *folder) {
    struct statvfs space;
    if (statvfs(folder, &space) != 0 || access(folder, W_OK) != 0) {
        char reason[128];
        doctor_advise(doctor_say(list, DOCTOR_BAD, "folder", "%s: %s", folder,
                                 strerror_r(errno, reason, sizeof reason)),
                      "name a folder that exists and that you may write to");
        return;
    }
    double room_gb = (double)space.f_bavail * (double)space.f_frsize / 1e9;
    doctor_finding *finding = doctor_say(list, room_gb >= 1.0 ? DOCTOR_GOOD : DOCTOR_NOTE, "folder",
                                         "%s: %.1f GB free", folder, room_gb);
    if (room_gb < 1.0)
        doctor_advise(finding, "a million trades or bars take about 80 MB");
    int64_t sync_ns = median_sync_ns(folder);
    if (sync_ns < 0)
        return;
    bool slow = sync_ns > 10 * TW_NS_PER_MS;
    finding = doctor_say(list, slow ? DOCTOR_NOTE : DOCTOR_GOOD, "sync to disk",
                         "%.2f ms, the median of %d", (double)sync_ns / 1e6, (int)SYNC_COUNT);
    if (slow)
        doctor_advise(finding,
                      "every order waits for one; put the store on a local solid-state disk");
}

/* What vacuum would give back is used before the file grows. A server's disk is not seen from here.
 */
static tw_status look_at_room(doctor_list *list, const char *folder, tw_store *store,
                              const tw_store_description *description, tw_error *error) {
    struct statvfs space;
    store_growth growth;
    if (folder == NULL || statvfs(folder, &space) != 0)
        return TW_OK; /* that there is no such folder was told */
    tw_status status = store_growth_measure(store, &growth, error);
    if (status == TW_OK)
        doctor_say_room(list, &growth,
                        (double)space.f_bavail * (double)space.f_frsize +
                            (double)description->free_size);
    return status;
}

static void look_inside(doctor_list *list, const char *path, const char *folder) {
    tw_symbols *symbols = NULL;
    tw_store *store = NULL;
    tw_error error = {0};
    tw_store_description description;
    char size[READABLE_SIZE];
    tw_status status = input_any_store_open(path, TW_STORE_READ, &symbols, &store, &error);
    if (status == TW_OK)
        status = tw_store_describe(store, &description, &error);
    if (status == TW_OK)
        status = tw_store_verify(store, &error);
    if (status == TW_OK)
        status = look_at_room(list, folder, store, &description, &error);
    if (status == TW_OK)
        doctor_say(list, DOCTOR_GOOD, "store", "%s: %s bytes, %u symbols, read whole and sound",
                   tw_store_path(store), readable_count(description.size, size),
                   tw_symbols_count(symbols));
    else if (status == TW_UNREACHABLE || status == TW_AUTH || status == TW_TIMEOUT)
        doctor_say(list, DOCTOR_UNREACHABLE, "store", "%s", error.message);
    else
        doctor_advise(
            doctor_say(list, DOCTOR_BAD, "store", "%s", error.message),
            "`tradewind db verify --db ...` says more; restore a backup if it is damaged");
    tw_store_free(store);
    tw_symbols_free(symbols);
}

void doctor_look_at_store(doctor_list *list, const char *path) {
    char copy[TW_CONFIG_TEXT_SIZE];
    struct stat there;
    const char *folder = NULL;
    bool server = tw_store_is_server(path);
    if (!server) {
        snprintf(copy, sizeof copy, "%s", path);
        folder = folder_of(copy);
        look_at_folder(list, folder);
    }
    if (server || stat(path, &there) == 0)
        look_inside(list, path, folder);
    else
        doctor_say(list, DOCTOR_GOOD, "store", "%s is not there yet; a run makes it", path);
}
