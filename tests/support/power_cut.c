/*
 * power_cut.c - the recording VFS, and the disk that is made from its record.
 *
 * Idea: the record is a list of operations on nodes (what a name leads to; a file that is removed
 * and made again is another node). Playing it up to a boundary gives, for each node, the bytes that
 * are synced and the operations that are not, and for each name, the node that the synced directory
 * has and those that it led to since. A cut chooses among them.
 *
 * Invariants:
 *   1. `pending` of a node holds its operations since its last sync, in their order.
 *   2. A name's `bindings[0]` is what the synced directory says; the last one is how it is now.
 */
#include "power_cut.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tradewind/api.h"

#define NAME_SIZE 64
#define NAME_COUNT_MAX 16
#define SECTOR_SIZE 512
#define NO_NODE (-1)

typedef enum op_kind { OP_MAKE, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_REMOVE } op_kind;

typedef struct operation {
    op_kind kind;
    int name;
    int node;
    bool syncs_directory;
    size_t offset; /* of a write; the size that a truncation leaves */
    size_t size;
    unsigned char *data;
} operation;

typedef struct bytes {
    unsigned char *data;
    size_t size;
    size_t capacity;
} bytes;

typedef struct disk_node {
    bytes synced;
    size_t *pending; /* indexes of operations */
    size_t pending_count;
    size_t pending_capacity;
} disk_node;

typedef struct disk_name {
    char text[NAME_SIZE];
    int *bindings;
    size_t binding_count;
    size_t binding_capacity;
    int first; /* the node before the record began */
    int now;   /* while recording */
} disk_name;

struct power_cut {
    char directory[256];
    operation *operations;
    size_t operation_count;
    size_t operation_capacity;
    bytes *first_contents; /* of the nodes that were there */
    int first_node_count;
    disk_name names[NAME_COUNT_MAX];
    int name_count;
    disk_node *nodes;
    int node_count;
    size_t cursor; /* operations played */
};

/* ---- memory ---- */

/* Room for one more element. */
static void *room_for_one(void *array, size_t count, size_t *capacity, size_t element_size) {
    if (count < *capacity)
        return array;
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    array = realloc(array, *capacity * element_size);
    TW_ASSERT(array != NULL);
    return array;
}

static void set_size(bytes *content, size_t size) {
    if (size > content->capacity) {
        content->capacity = size * 2;
        content->data = realloc(content->data, content->capacity);
        TW_ASSERT(content->data != NULL);
    }
    if (size > content->size)
        memset(content->data + content->size, 0, size - content->size);
    content->size = size;
}

static void copy_bytes(bytes *to, const bytes *from) {
    to->size = 0;
    set_size(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

static uint64_t draw(uint64_t *state, uint64_t bound) {
    *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

/* ---- recording ---- */

static struct {
    sqlite3_vfs *base;
    sqlite3_vfs vfs;
    sqlite3_io_methods methods;
    power_cut *disk; /* that records, or NULL */
} shim;

/* The file that SQLite sees; the real one stands behind it. */
typedef struct shim_file {
    sqlite3_file base;
    power_cut *disk; /* NULL: not recorded */
    int name;
    int node;
    bool syncs_directory; /* with its first sync */
    sqlite3_file *real;
} shim_file;

static shim_file *shim_of(sqlite3_file *file) {
    return (shim_file *)file;
}

static operation *note(power_cut *disk, op_kind kind, int name, int node) {
    disk->operations = room_for_one(disk->operations, disk->operation_count,
                                    &disk->operation_capacity, sizeof(operation));
    operation *op = &disk->operations[disk->operation_count++];
    *op = (operation){.kind = kind, .name = name, .node = node};
    return op;
}

static bool is_recording(const shim_file *file) {
    return file->disk != NULL && file->disk == shim.disk;
}

/* The index of a path's name if it is in the recorded directory, else -1. */
static int name_of(power_cut *disk, const char *path) {
    size_t length = strlen(disk->directory);
    if (path == NULL || strncmp(path, disk->directory, length) != 0 || path[length] != '/')
        return -1;
    const char *text = path + length + 1;
    for (int i = 0; i < disk->name_count; i++) {
        if (strcmp(disk->names[i].text, text) == 0)
            return i;
    }
    TW_ASSERT(disk->name_count < NAME_COUNT_MAX && strlen(text) < NAME_SIZE);
    disk_name *added = &disk->names[disk->name_count];
    snprintf(added->text, sizeof added->text, "%s", text);
    added->first = added->now = NO_NODE;
    return disk->name_count++;
}

static int shim_close(sqlite3_file *file) {
    shim_file *mine = shim_of(file);
    int code = mine->real->pMethods->xClose(mine->real);
    free(mine->real);
    return code;
}

static int shim_read(sqlite3_file *file, void *data, int size, sqlite3_int64 offset) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xRead(real, data, size, offset);
}

static int shim_write(sqlite3_file *file, const void *data, int size, sqlite3_int64 offset) {
    shim_file *mine = shim_of(file);
    if (is_recording(mine)) {
        operation *op = note(mine->disk, OP_WRITE, mine->name, mine->node);
        op->offset = (size_t)offset;
        op->size = (size_t)size;
        op->data = malloc(op->size);
        TW_ASSERT(op->data != NULL);
        memcpy(op->data, data, op->size);
    }
    return mine->real->pMethods->xWrite(mine->real, data, size, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size) {
    shim_file *mine = shim_of(file);
    if (is_recording(mine))
        note(mine->disk, OP_TRUNCATE, mine->name, mine->node)->offset = (size_t)size;
    return mine->real->pMethods->xTruncate(mine->real, size);
}

static int shim_sync(sqlite3_file *file, int flags) {
    (void)flags;
    shim_file *mine = shim_of(file);
    if (is_recording(mine))
        note(mine->disk, OP_SYNC, mine->name, mine->node)->syncs_directory = mine->syncs_directory;
    mine->syncs_directory = false;
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *ret_size) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xFileSize(real, ret_size);
}

static int shim_lock(sqlite3_file *file, int level) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xLock(real, level);
}

static int shim_unlock(sqlite3_file *file, int level) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int shim_is_reserved(sqlite3_file *file, int *ret_result) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xCheckReservedLock(real, ret_result);
}

/* A hint about the size may make the file longer behind the record's back; it is only a hint. */
static int shim_control(sqlite3_file *file, int op, void *argument) {
    sqlite3_file *real = shim_of(file)->real;
    if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
        return SQLITE_OK;
    return real->pMethods->xFileControl(real, op, argument);
}

static int shim_sector_size(sqlite3_file *file) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int shim_traits(sqlite3_file *file) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

static int shim_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **data) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xShmMap(real, page, size, extend, data);
}

static int shim_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xShmLock(real, offset, count, flags);
}

static void shim_shm_barrier(sqlite3_file *file) {
    sqlite3_file *real = shim_of(file)->real;
    real->pMethods->xShmBarrier(real);
}

static int shim_shm_unmap(sqlite3_file *file, int remove) {
    sqlite3_file *real = shim_of(file)->real;
    return real->pMethods->xShmUnmap(real, remove);
}

/* Notes that a file is used, and that it was made if its name led to nothing. */
static void follow(shim_file *mine, power_cut *disk, int index, int flags) {
    disk_name *named = &disk->names[index];
    mine->disk = disk;
    mine->name = index;
    if (named->now == NO_NODE) {
        named->now = disk->node_count++;
        note(disk, OP_MAKE, index, named->now);
        mine->syncs_directory =
            (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
    }
    mine->node = named->now;
}

static int shim_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                     int *ret_flags) {
    (void)vfs;
    shim_file *mine = shim_of(file);
    memset(mine, 0, sizeof *mine);
    mine->real = calloc(1, (size_t)shim.base->szOsFile);
    TW_ASSERT(mine->real != NULL);
    int code = shim.base->xOpen(shim.base, path, mine->real, flags, ret_flags);
    if (code != SQLITE_OK) {
        free(mine->real);
        return code;
    }
    mine->base.pMethods = &shim.methods;
    int index = shim.disk == NULL ? -1 : name_of(shim.disk, path);
    if (index >= 0)
        follow(mine, shim.disk, index, flags);
    return SQLITE_OK;
}

static int shim_delete(sqlite3_vfs *vfs, const char *path, int sync_directory) {
    (void)vfs;
    int code = shim.base->xDelete(shim.base, path, 0);
    int index = shim.disk == NULL || code != SQLITE_OK ? -1 : name_of(shim.disk, path);
    if (index >= 0 && shim.disk->names[index].now != NO_NODE) {
        note(shim.disk, OP_REMOVE, index, NO_NODE)->syncs_directory = sync_directory != 0;
        shim.disk->names[index].now = NO_NODE;
    }
    return code;
}

void power_cut_install(void) {
    shim.base = sqlite3_vfs_find(NULL);
    TW_ASSERT(shim.base != NULL && shim.disk == NULL);
    shim.vfs = *shim.base;
    shim.vfs.zName = "power-cut";
    shim.vfs.szOsFile = (int)sizeof(shim_file);
    shim.vfs.xOpen = shim_open;
    shim.vfs.xDelete = shim_delete;
    /* Version 2: no reads and writes through mapped memory. */
    shim.methods = (sqlite3_io_methods){2,
                                        shim_close,
                                        shim_read,
                                        shim_write,
                                        shim_truncate,
                                        shim_sync,
                                        shim_size,
                                        shim_lock,
                                        shim_unlock,
                                        shim_is_reserved,
                                        shim_control,
                                        shim_sector_size,
                                        shim_traits,
                                        shim_shm_map,
                                        shim_shm_lock,
                                        shim_shm_barrier,
                                        shim_shm_unmap,
                                        NULL,
                                        NULL};
    TW_ASSERT(sqlite3_vfs_register(&shim.vfs, 1) == SQLITE_OK);
}

void power_cut_remove(void) {
    TW_ASSERT(sqlite3_vfs_unregister(&shim.vfs) == SQLITE_OK);
    TW_ASSERT(sqlite3_vfs_register(shim.base, 1) == SQLITE_OK);
}

/* ---- the record's begin and end ---- */

static void read_file(const char *directory, const char *text, bytes *ret_content) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, text);
    FILE *file = fopen(path, "rb");
    TW_ASSERT(file != NULL);
    char chunk[4096];
    size_t size;
    while ((size = fread(chunk, 1, sizeof chunk, file)) > 0) {
        size_t before = ret_content->size;
        set_size(ret_content, before + size);
        memcpy(ret_content->data + before, chunk, size);
    }
    fclose(file);
}

/* The shared memory and the lock are nobody's data. */
static bool is_data(const char *text) {
    const char *dash = strrchr(text, '-');
    return text[0] != '.' &&
           (dash == NULL || (strcmp(dash, "-shm") != 0 && strcmp(dash, "-lock") != 0));
}

power_cut *power_cut_new(const char *directory) {
    TW_ASSERT(shim.disk == NULL && shim.base != NULL);
    power_cut *disk = calloc(1, sizeof *disk);
    TW_ASSERT(disk != NULL);
    TW_ASSERT(snprintf(disk->directory, sizeof disk->directory, "%s", directory) <
              (int)sizeof disk->directory);
    disk->first_contents = calloc(NAME_COUNT_MAX, sizeof *disk->first_contents);
    DIR *entries = opendir(directory);
    TW_ASSERT(entries != NULL && disk->first_contents != NULL);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        if (!is_data(entry->d_name))
            continue;
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        disk_name *named = &disk->names[name_of(disk, path)];
        named->first = named->now = disk->node_count++;
        read_file(directory, entry->d_name, &disk->first_contents[named->first]);
    }
    closedir(entries);
    disk->first_node_count = disk->node_count;
    shim.disk = disk;
    return disk;
}

size_t power_cut_boundary(const power_cut *disk) {
    return disk->operation_count;
}

static void free_nodes(power_cut *disk) {
    for (int i = 0; disk->nodes != NULL && i < disk->node_count; i++) {
        free(disk->nodes[i].synced.data);
        free(disk->nodes[i].pending);
    }
    free(disk->nodes);
    disk->nodes = NULL;
}

void power_cut_stop(power_cut *disk) {
    TW_ASSERT(shim.disk == disk);
    shim.disk = NULL;
}

void power_cut_free(power_cut *disk) {
    TW_ASSERT(shim.disk != disk);
    free_nodes(disk);
    for (size_t i = 0; i < disk->operation_count; i++)
        free(disk->operations[i].data);
    for (int i = 0; i < disk->first_node_count; i++)
        free(disk->first_contents[i].data);
    for (int i = 0; i < disk->name_count; i++)
        free(disk->names[i].bindings);
    free(disk->first_contents);
    free(disk->operations);
    free(disk);
}

/* ---- playing it ---- */

static void bind_name(disk_name *named, int node) {
    named->bindings =
        room_for_one(named->bindings, named->binding_count, &named->binding_capacity, sizeof(int));
    named->bindings[named->binding_count++] = node;
}

static void rewind_disk(power_cut *disk) {
    free_nodes(disk);
    disk->nodes = calloc((size_t)disk->node_count + 1, sizeof *disk->nodes);
    TW_ASSERT(disk->nodes != NULL);
    for (int i = 0; i < disk->first_node_count; i++)
        copy_bytes(&disk->nodes[i].synced, &disk->first_contents[i]);
    for (int i = 0; i < disk->name_count; i++) {
        disk->names[i].binding_count = 0;
        bind_name(&disk->names[i], disk->names[i].first);
    }
    disk->cursor = 0;
}

static void write_into(bytes *content, size_t offset, const unsigned char *data, size_t size) {
    if (offset + size > content->size)
        set_size(content, offset + size);
    memcpy(content->data + offset, data, size);
}

static void apply(bytes *content, const operation *op) {
    if (op->kind == OP_TRUNCATE)
        set_size(content, op->offset);
    else
        write_into(content, op->offset, op->data, op->size);
}

static void sync_directory(power_cut *disk) {
    for (int i = 0; i < disk->name_count; i++) {
        disk_name *named = &disk->names[i];
        named->bindings[0] = named->bindings[named->binding_count - 1];
        named->binding_count = 1;
    }
}

static void play(power_cut *disk, size_t index) {
    const operation *op = &disk->operations[index];
    if (op->kind == OP_MAKE || op->kind == OP_REMOVE) {
        bind_name(&disk->names[op->name], op->node);
    } else if (op->kind == OP_SYNC) {
        disk_node *synced = &disk->nodes[op->node];
        for (size_t i = 0; i < synced->pending_count; i++)
            apply(&synced->synced, &disk->operations[synced->pending[i]]);
        synced->pending_count = 0;
    } else {
        disk_node *written = &disk->nodes[op->node];
        written->pending = room_for_one(written->pending, written->pending_count,
                                        &written->pending_capacity, sizeof(size_t));
        written->pending[written->pending_count++] = index;
    }
    if (op->syncs_directory)
        sync_directory(disk);
}

/* ---- the cut ---- */

/* What becomes of the operations of a file that were not synced. */
typedef enum fate { FATE_NONE, FATE_ALL, FATE_PREFIX, FATE_ALL_BUT_ONE, FATE_ANY } fate;
#define FATE_COUNT 5

/* Each sector of the write is new, old or garbage. */
static void apply_torn(bytes *content, const operation *op, uint64_t *state) {
    size_t at = op->offset;
    size_t end = op->offset + op->size;
    while (at < end) {
        size_t next = (at / SECTOR_SIZE + 1) * SECTOR_SIZE;
        size_t size = (next < end ? next : end) - at;
        uint64_t choice = draw(state, 5);
        if (choice <= 1)
            write_into(content, at, op->data + (at - op->offset), size);
        unsigned char garbage[SECTOR_SIZE];
        for (size_t i = 0; choice == 2 && i < size; i++)
            garbage[i] = (unsigned char)draw(state, 256);
        if (choice == 2)
            write_into(content, at, garbage, size);
        at = next;
    }
}

static void shuffle(size_t *indexes, size_t count, uint64_t *state) {
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)draw(state, i);
        size_t kept = indexes[i - 1];
        indexes[i - 1] = indexes[j];
        indexes[j] = kept;
    }
}

static bool survives(fate chosen, size_t index, size_t pick, uint64_t *state) {
    switch (chosen) {
    case FATE_NONE:
        return false;
    case FATE_ALL:
        return true;
    case FATE_PREFIX:
        return index < pick;
    case FATE_ALL_BUT_ONE:
        return index != pick;
    case FATE_ANY:
        return draw(state, 2) == 0;
    }
    return false;
}

/* The content of a node after the cut. */
static void content_after(const power_cut *disk, const disk_node *of, uint64_t *state,
                          bytes *content) {
    copy_bytes(content, &of->synced);
    if (of->pending_count == 0)
        return;
    size_t *order = malloc(of->pending_count * sizeof *order);
    TW_ASSERT(order != NULL);
    memcpy(order, of->pending, of->pending_count * sizeof *order);
    fate chosen = (fate)draw(state, FATE_COUNT);
    if (chosen == FATE_ANY)
        shuffle(order, of->pending_count, state);
    size_t pick = (size_t)draw(state, of->pending_count);
    size_t torn = (size_t)draw(state, of->pending_count + 1); /* the last number: none */
    for (size_t i = 0; i < of->pending_count; i++) {
        const operation *op = &disk->operations[order[i]];
        bool kept = survives(chosen, i, pick, state);
        if (op->kind == OP_WRITE && (chosen == FATE_PREFIX ? i == pick : kept && i == torn))
            apply_torn(content, op, state);
        else if (kept)
            apply(content, op);
    }
    free(order);
}

static void write_file(const char *path, const unsigned char *data, size_t size) {
    FILE *file = fopen(path, "wb");
    TW_ASSERT(file != NULL);
    TW_ASSERT(size == 0 || fwrite(data, 1, size, file) == size);
    TW_ASSERT(fclose(file) == 0);
}

/* Shared memory is built anew by whoever opens first: it is gone, or holds anything. */
static void leave_shared_memory(const char *path, uint64_t *state) {
    unsigned char garbage[32768];
    if (draw(state, 2) == 0)
        return;
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (unsigned char)draw(state, 256);
    write_file(path, garbage, sizeof garbage);
}

static void remove_all(const power_cut *disk) {
    for (int i = 0; i < disk->name_count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", disk->directory, disk->names[i].text);
        unlink(path);
        snprintf(path, sizeof path, "%s/%s-shm", disk->directory, disk->names[i].text);
        unlink(path);
    }
}

void power_cut_restore(power_cut *disk, size_t boundary, uint64_t seed) {
    TW_ASSERT(shim.disk != disk && boundary <= disk->operation_count);
    if (disk->nodes == NULL || boundary < disk->cursor)
        rewind_disk(disk);
    while (disk->cursor < boundary)
        play(disk, disk->cursor++);
    /* The operation at the boundary had begun: some of it may be there. */
    bool begun =
        boundary < disk->operation_count && (disk->operations[boundary].kind == OP_WRITE ||
                                             disk->operations[boundary].kind == OP_TRUNCATE);
    if (begun)
        play(disk, boundary);
    remove_all(disk);
    uint64_t state = seed * UINT64_C(0xd1342543de82ef95) + boundary;
    bytes content = {0};
    for (int i = 0; i < disk->name_count; i++) {
        disk_name *named = &disk->names[i];
        char path[512];
        int chosen = named->bindings[draw(&state, named->binding_count)];
        if (chosen == NO_NODE)
            continue;
        content_after(disk, &disk->nodes[chosen], &state, &content);
        snprintf(path, sizeof path, "%s/%s", disk->directory, named->text);
        write_file(path, content.data, content.size);
        snprintf(path, sizeof path, "%s/%s-shm", disk->directory, named->text);
        if (strchr(named->text, '-') == NULL)
            leave_shared_memory(path, &state);
    }
    free(content.data);
    if (begun)
        disk->nodes[disk->operations[boundary].node].pending_count--;
}
