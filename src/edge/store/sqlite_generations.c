/*
 * sqlite_generations.c - how a reader knows at once, in any process, that trades have changed.
 *
 * Idea: beside the file stands PATH-lock, which the writer holds. Behind the number of its process
 * it has a page of counters, shared by mapping it: one a group of symbols, and one for openings.
 * The writer raises the counters of what a batch touched after the commit and before it is
 * acknowledged; a reader that finds the counters as they were knows that nothing was acknowledged
 * since. Looking costs two loads.
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
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sqlite_priv.h"

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

void sqlite_begin_announcing(tw_store *store) {
    sqlite_connection *connection = sqlite_of(store);
    if (posix_fallocate(connection->lock_fd, 0, sizeof(generation_page)) != 0)
        return; /* invariant 3 */
    generation_page *page = map_page(connection->lock_fd, PROT_READ | PROT_WRITE);
    if (page == NULL)
        return;
    connection->generations = page;
    __atomic_fetch_add(&page->openings, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(&page->mark, MARK, __ATOMIC_RELEASE);
}

void sqlite_end_generations(tw_store *store) {
    sqlite_connection *connection = sqlite_of(store);
    if (connection->generations != NULL)
        munmap(connection->generations, sizeof(generation_page));
    connection->generations = NULL;
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

/* A reader maps the page when it is there. *ret_absent: there is no file, so no writer has been
 * here since it was removed. */
static generation_page *find_page(tw_store *store, bool *ret_absent) {
    sqlite_connection *connection = sqlite_of(store);
    *ret_absent = false;
    if (connection->generations != NULL)
        return connection->generations;
    int fd = open(connection->lock_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        *ret_absent = errno == ENOENT;
        return NULL;
    }
    struct stat facts;
    if (fstat(fd, &facts) == 0 && facts.st_size >= (off_t)sizeof(generation_page))
        connection->generations = map_page(fd, PROT_READ);
    close(fd);
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
