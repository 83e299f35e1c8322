/*
 * sqlite_generations.c - how a reader knows at once, in any process, that trades have changed.
 *
 * Idea: beside the file stands PATH-lock, which the writer holds. Behind the number of its process
 * it has a page of counters, shared by mapping it: one a group of symbols, and one for openings.
 * The writer raises the counters of what a batch touched after the commit and before it is
 * acknowledged; a reader that finds the counters as they were knows that nothing was acknowledged
 * since. Looking costs a call of
 * fstat and two loads.
 *
 *     offset 0     the writer's process, as text (sqlite_file.c)
 *     offset 64    MARK, then how often a writer has opened the file
 *     offset 4096  STORE_GROUP_COUNT counters
 *
 * Invariants:
 *   1. Counters only rise. A reader that reads a counter before its snapshot of the file may see
 *      newer rows under an older number, never older rows under a newer one.
 *   2. A writer that died between commit and counter acknowledged nothing; the next one raises the
 *      openings, which are part of every generation.
 *   3. The room is allocated before it is mapped for writing, so that a full disk is found out here
 *      and not by a signal. Without it nothing is announced, and the page has no MARK: readers
 *      then know that they cannot know.
 *   4. A file that was removed or cut is not looked at any more. A writer whose lock that is
 *      writes nothing more (sqlite_store.c), since another may hold the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_priv.h"
#include "tradewind/time.h"

#define MARK UINT64_C(0x316e656777547754) /* "TwTwgen1" */

typedef struct generation_page {
    char process[64];
    uint64_t mark;
    uint64_t openings;
    char unused[4096 - 80];
    uint64_t counters[STORE_GROUP_COUNT];
} generation_page;
_Static_assert(sizeof(generation_page) == 4096 + 8 * STORE_GROUP_COUNT, "a page and the counters");

static void *map_page(int fd, int protection) {
    void *page = mmap(NULL, sizeof(generation_page), protection, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? NULL : page;
}

/* The file that is mapped still has its name and its size: what is counted in it is counted for
 * everybody, and looking at it is safe. */
static bool is_in_place(int fd) {
    struct stat facts;
    return fstat(fd, &facts) == 0 && facts.st_nlink > 0 &&
           facts.st_size >= (off_t)sizeof(generation_page);
}

/* A page that cannot be kept up must not look as if it were (invariant 3). */
static tw_status disown_page(tw_store *store, tw_error *error) {
    const sqlite_connection *connection = sqlite_of(store);
    const uint64_t none = 0;
    struct stat facts;
    if (fstat(connection->lock_fd, &facts) == 0 &&
        facts.st_size <= (off_t)offsetof(generation_page, mark))
        return TW_OK; /* it has no mark */
    if (pwrite(connection->lock_fd, &none, sizeof none, offsetof(generation_page, mark)) ==
        (ssize_t)sizeof none)
        return TW_OK;
    return tw_error_set_errno(error, errno, "%s cannot be written", connection->lock_name);
}

tw_status sqlite_begin_announcing(tw_store *store, tw_error *error) {
    sqlite_connection *connection = sqlite_of(store);
    generation_page *page = NULL;
    if (posix_fallocate(connection->lock_fd, 0, sizeof(generation_page)) == 0)
        page = map_page(connection->lock_fd, PROT_READ | PROT_WRITE);
    if (page == NULL)
        return disown_page(store, error);
    connection->generations = page;
    /* A new page begins at the time of day: no number of one that was here before comes again. */
    uint64_t openings = __atomic_load_n(&page->openings, __ATOMIC_ACQUIRE);
    openings = openings == 0 ? (uint64_t)tw_time_wall_ns() : openings + 1;
    __atomic_store_n(&page->openings, openings, __ATOMIC_RELEASE);
    __atomic_store_n(&page->mark, MARK, __ATOMIC_RELEASE);
    return TW_OK;
}

bool sqlite_lock_is_whole(const tw_store *store) {
    const sqlite_connection *connection = sqlite_of(store);
    struct stat facts;
    if (connection->generations != NULL)
        return is_in_place(connection->lock_fd);
    return fstat(connection->lock_fd, &facts) == 0 && facts.st_nlink > 0;
}

void sqlite_end_generations(tw_store *store) {
    sqlite_connection *connection = sqlite_of(store);
    if (connection->generations != NULL)
        munmap(connection->generations, sizeof(generation_page));
    if (connection->generations_fd >= 0)
        close(connection->generations_fd);
    connection->generations = NULL;
    connection->generations_fd = -1;
}

void sqlite_announce(tw_store *store, const uint64_t *touched) {
    generation_page *page = sqlite_of(store)->generations;
    if (page == NULL)
        return;
    for (uint32_t word = 0; word < STORE_GROUP_COUNT / 64; word++) {
        for (uint64_t left = touched[word]; left != 0; left &= left - 1) {
            uint32_t group = word * 64 + (uint32_t)__builtin_ctzll(left);
            __atomic_fetch_add(&page->counters[group], 1, __ATOMIC_ACQ_REL);
        }
    }
}

/* A reader maps the page when it is there, and again when another is. *ret_absent: there is no
 * file, so no writer has been here since it was removed. */
static generation_page *find_page(tw_store *store, bool *ret_absent) {
    sqlite_connection *connection = sqlite_of(store);
    *ret_absent = false;
    if (connection->lock_fd >= 0) /* the writer's own */
        return connection->generations;
    if (connection->generations != NULL && is_in_place(connection->generations_fd))
        return connection->generations;
    sqlite_end_generations(store);
    int fd = open(connection->lock_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    *ret_absent = fd < 0 && errno == ENOENT;
    connection->generations_fd = fd;
    if (fd >= 0 && is_in_place(fd))
        connection->generations = map_page(fd, PROT_READ);
    if (connection->generations == NULL)
        sqlite_end_generations(store);
    return connection->generations;
}

bool sqlite_generation(tw_store *store, uint32_t group, uint64_t *ret_generation) {
    TW_ASSERT(group < STORE_GROUP_COUNT);
    bool absent;
    const generation_page *page = find_page(store, &absent);
    if (page == NULL) {
        *ret_generation = 0; /* openings are at least 1 once there is a writer */
        return absent;
    }
    if (__atomic_load_n(&page->mark, __ATOMIC_ACQUIRE) != MARK)
        return false;
    uint64_t openings = __atomic_load_n(&page->openings, __ATOMIC_ACQUIRE);
    *ret_generation = openings + __atomic_load_n(&page->counters[group], __ATOMIC_ACQUIRE);
    return true;
}
