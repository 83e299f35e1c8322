/*
 * crash_dump.c - a dump read back. It may have been cut or changed on its way: sizes are checked
 * before they are believed, and texts end where they must.
 */
#include "crash_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static tw_status read_head(FILE *file, const char *path, crash_head *ret_head, tw_error *error) {
    if (fread(ret_head, sizeof *ret_head, 1, file) != 1) {
        if (ferror(file) != 0)
            return tw_error_set_errno(error, errno, "%s cannot be read", path);
        return tw_error_set(error, TW_CORRUPT, "%s is no dump of a flight recorder", path);
    }
    if (memcmp(ret_head->magic, CRASH_MAGIC, sizeof ret_head->magic) != 0)
        return tw_error_set(error, TW_CORRUPT, "%s is no dump of a flight recorder", path);
    if (ret_head->version != CRASH_VERSION || ret_head->event_size != sizeof(tw_flight_event))
        return tw_error_set(error, TW_VERSION, "%s is a dump of another version of Tradewind",
                            path);
    ret_head->summary.program[TW_CRASH_PROGRAM_SIZE - 1] = '\0';
    return TW_OK;
}

/* Events of one file: by its size, which no recorder makes larger than its most places. */
static tw_status count_events(FILE *file, const char *path, size_t *ret_count, tw_error *error) {
    struct stat status;
    if (fstat(fileno(file), &status) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be read", path);
    uint64_t size = (uint64_t)status.st_size;
    uint64_t count =
        size > sizeof(crash_head) ? (size - sizeof(crash_head)) / sizeof(tw_flight_event) : 0;
    if (!S_ISREG(status.st_mode) || count > TW_FLIGHT_COUNT_MAX)
        return tw_error_set(error, TW_CORRUPT, "%s is no dump of a flight recorder", path);
    *ret_count = (size_t)count;
    return TW_OK;
}

static void end_text(char *text, size_t size) {
    text[size - 1] = '\0';
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            *text = ' ';
    }
}

static tw_status read_events(FILE *file, const char *path, tw_crash_dump *dump, size_t count,
                             tw_error *error) {
    size_t had = count > 0 ? fread(dump->events, sizeof dump->events[0], count, file) : 0;
    if (ferror(file) != 0)
        return tw_error_set_errno(error, errno, "%s cannot be read", path);
    for (size_t i = 0; i < had; i++) {
        end_text(dump->events[i].name, sizeof dump->events[i].name);
        end_text(dump->events[i].text, sizeof dump->events[i].text);
    }
    dump->cut = had < count || fgetc(file) != EOF;
    dump->count = had;
    return TW_OK;
}

static tw_status read_file(FILE *file, const char *path, tw_crash_dump *dump, tw_error *error) {
    crash_head head;
    size_t count = 0;
    tw_status status = count_events(file, path, &count, error);
    if (status == TW_OK)
        status = read_head(file, path, &head, error);
    if (status != TW_OK)
        return status;
    dump->summary = head.summary;
    /* One place more: a dump without events is a dump, and no memory of size zero is asked for. */
    dump->room = count + 1;
    dump->events = TW_NEW(dump->allocator, dump->room, tw_flight_event);
    if (dump->events == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for %zu events", count);
    return read_events(file, path, dump, count, error);
}

tw_status tw_crash_dump_read(const tw_allocator *allocator, const char *path,
                             tw_crash_dump *ret_dump, tw_error *error) {
    FILE *file = fopen(path, "rbe");
    if (file == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be opened", path);
    tw_crash_dump dump = {.allocator = allocator};
    tw_status status = read_file(file, path, &dump, error);
    fclose(file);
    if (status == TW_OK)
        *ret_dump = dump;
    else
        tw_crash_dump_done(&dump);
    return status;
}

void tw_crash_dump_done(tw_crash_dump *dump) {
    TW_DELETE(dump->allocator, dump->events, dump->room, tw_flight_event);
    dump->events = NULL;
    dump->count = 0;
}
