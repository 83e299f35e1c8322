/*
 * power_cut.c - the record of what reaches a disk, and the disk that is made from its record.
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
#include "vfs_shim.h"

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
    int first;            /* the node before the record began */
    int now;              /* while recording */
    bool syncs_directory; /* with its first sync */
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

static power_cut *recorder;  /* the disk that records, or NULL */
static vfs_hook asked_first; /* asked before anything is recorded, or NULL */

static operation *note(power_cut *disk, op_kind kind, int name, int node) {
    disk->operations = room_for_one(disk->operations, disk->operation_count,
                                    &disk->operation_capacity, sizeof(operation));
    operation *op = &disk->operations[disk->operation_count++];
    *op = (operation){.kind = kind, .name = name, .node = node};
    return op;
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

/* Notes that a file is used, and that it was made if its name led to nothing. SQLite syncs the
 * directory with the first sync of a journal or log that it has made. */
static void note_open(power_cut *disk, int index, int flags) {
    disk_name *named = &disk->names[index];
    if (named->now != NO_NODE)
        return;
    named->now = disk->node_count++;
    note(disk, OP_MAKE, index, named->now);
    named->syncs_directory =
        (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
}

static void note_write(power_cut *disk, int index, const vfs_event *event) {
    operation *op = note(disk, OP_WRITE, index, disk->names[index].now);
    op->offset = (size_t)event->offset;
    op->size = (size_t)event->size;
    op->data = malloc(op->size);
    TW_ASSERT(op->data != NULL);
    memcpy(op->data, event->data, op->size);
}

static void note_sync(power_cut *disk, int index) {
    disk_name *named = &disk->names[index];
    note(disk, OP_SYNC, index, named->now)->syncs_directory = named->syncs_directory;
    named->syncs_directory = false;
}

static void note_remove(power_cut *disk, int index, bool syncs_directory) {
    disk_name *named = &disk->names[index];
    if (named->now == NO_NODE)
        return;
    note(disk, OP_REMOVE, index, NO_NODE)->syncs_directory = syncs_directory;
    named->now = NO_NODE;
}

static int record(const vfs_event *event) {
    power_cut *disk = recorder;
    int refused = asked_first == NULL ? SQLITE_OK : asked_first(event);
    if (refused != SQLITE_OK)
        return refused;
    int index = disk == NULL ? -1 : name_of(disk, event->path);
    if (index < 0)
        return SQLITE_OK;
    if (event->call == VFS_OPENED)
        note_open(disk, index, event->flags);
    else if (event->call == VFS_WRITE)
        note_write(disk, index, event);
    else if (event->call == VFS_TRUNCATE)
        note(disk, OP_TRUNCATE, index, disk->names[index].now)->offset = (size_t)event->offset;
    else if (event->call == VFS_SYNC)
        note_sync(disk, index);
    else if (event->call == VFS_REMOVE)
        note_remove(disk, index, event->flags != 0);
    return SQLITE_OK;
}

void power_cut_install(void) {
    power_cut_install_behind(NULL);
}

void power_cut_install_behind(vfs_hook hook) {
    TW_ASSERT(recorder == NULL);
    asked_first = hook;
    vfs_shim_install(record);
}

void power_cut_remove(void) {
    TW_ASSERT(recorder == NULL);
    vfs_shim_remove();
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
    TW_ASSERT(recorder == NULL);
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
    recorder = disk;
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
    TW_ASSERT(recorder == disk);
    recorder = NULL;
}

void power_cut_free(power_cut *disk) {
    TW_ASSERT(recorder != disk);
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

/* Plays up to a boundary. */
static void play_to(power_cut *disk, size_t boundary) {
    TW_ASSERT(recorder != disk && boundary <= disk->operation_count);
    if (disk->nodes == NULL || boundary < disk->cursor)
        rewind_disk(disk);
    while (disk->cursor < boundary)
        play(disk, disk->cursor++);
}

void power_cut_restore(power_cut *disk, size_t boundary, uint64_t seed) {
    play_to(disk, boundary);
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

void power_cut_keep(power_cut *disk, size_t boundary) {
    play_to(disk, boundary);
    remove_all(disk);
    bytes content = {0};
    for (int i = 0; i < disk->name_count; i++) {
        const disk_name *named = &disk->names[i];
        char path[512];
        int node = named->bindings[named->binding_count - 1];
        if (node == NO_NODE)
            continue;
        const disk_node *of = &disk->nodes[node];
        copy_bytes(&content, &of->synced);
        for (size_t p = 0; p < of->pending_count; p++)
            apply(&content, &disk->operations[of->pending[p]]);
        snprintf(path, sizeof path, "%s/%s", disk->directory, named->text);
        write_file(path, content.data, content.size);
    }
    free(content.data);
}
