/* bars_writer.c - rows of bars, and the folder they go to. */
#include "bars_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536 }; /* of each file */

/* ---- timeframes ---------------------------------------------------------------------------- */

static tw_status add_timeframe(bars_timeframes *timeframes, tw_slice word, tw_error *error) {
    int64_t ns = 0;
    if (tw_timeframe_parse(word, &ns) != TW_OK)
        return tw_error_set(error, TW_USAGE,
                            "--timeframes: \"%.*s\" is none; write for instance 1s, 5m, 1h, 1d or "
                            "1w, separated by commas",
                            (int)word.size, word.data);
    for (uint32_t i = 0; i < timeframes->count; i++) {
        if (timeframes->ns[i] == ns)
            return tw_error_set(error, TW_USAGE, "--timeframes: %.*s is there twice",
                                (int)word.size, word.data);
    }
    if (timeframes->count == TW_BARS_FRAME_COUNT_MAX)
        return tw_error_set(error, TW_USAGE, "--timeframes: at most %d at once",
                            TW_BARS_FRAME_COUNT_MAX);
    timeframes->ns[timeframes->count++] = ns;
    return TW_OK;
}

tw_status bars_timeframes_parse(const char *list, bars_timeframes *ret_timeframes,
                                tw_error *error) {
    bars_timeframes timeframes = {.count = 0};
    tw_slice rest = tw_slice_of(list);
    tw_status status = TW_OK;
    do
        status = add_timeframe(&timeframes, tw_slice_trim(tw_slice_split(&rest, ',')), error);
    while (status == TW_OK && rest.data != NULL);
    if (status == TW_OK)
        *ret_timeframes = timeframes;
    return status;
}

/* ---- files --------------------------------------------------------------------------------- */

static tw_status make_folder(bars_writer *writer, const char *folder, tw_error *error) {
    struct stat found;
    if (mkdir(folder, 0777) == 0) {
        writer->made = folder;
        return TW_OK;
    }
    int os_errno = errno;
    if (os_errno == EEXIST && stat(folder, &found) == 0) {
        if (S_ISDIR(found.st_mode))
            return TW_OK;
        return tw_error_set(error, TW_INVALID, "--out %s: that is a file, not a folder", folder);
    }
    return tw_error_set_errno(error, os_errno, "--out %s: the folder cannot be made", folder);
}

static tw_status into_file(void *context, tw_slice bytes, tw_error *error) {
    return output_file_write(context, bytes, error);
}

static tw_status open_one(bars_writer *writer, const char *folder, const char *name,
                          tw_error *error) {
    char path[OUTPUT_PATH_SIZE] = "-";
    if (name != NULL &&
        (size_t)snprintf(path, sizeof path, "%s/%s.csv", folder, name) >= sizeof path)
        return tw_error_set(error, TW_INVALID, "--out %.64s...: the path is too long", folder);
    output_file *file = &writer->files[writer->file_count];
    tw_status status = output_file_open(file, path, error);
    if (status != TW_OK)
        return status;
    tw_tape_writer_config config = {
        .sink = into_file, .context = file, .buffer_size = BUFFER_SIZE, .format = TW_TAPE_BARS};
    return tw_tape_writer_new(&config, &writer->tapes[writer->file_count++], error);
}

tw_status bars_writer_open(bars_writer *writer, const bars_timeframes *timeframes,
                           const char *folder, tw_error *error) {
    TW_ASSERT(timeframes->count >= 1 && timeframes->count <= TW_BARS_FRAME_COUNT_MAX);
    *writer = (bars_writer){.timeframes = *timeframes};
    for (uint32_t i = 0; i < timeframes->count; i++)
        tw_timeframe_format(timeframes->ns[i], writer->names[i]);
    bool one = strcmp(folder, "-") == 0;
    tw_status status =
        one ? open_one(writer, NULL, NULL, error) : make_folder(writer, folder, error);
    for (uint32_t i = 0; !one && i < timeframes->count && status == TW_OK; i++)
        status = open_one(writer, folder, writer->names[i], error);
    if (status != TW_OK)
        bars_writer_drop(writer);
    return status;
}

tw_status bars_writer_finish(bars_writer *writer, tw_error *error) {
    tw_status status = writer->error.status;
    if (status != TW_OK && error != NULL)
        *error = writer->error;
    for (uint32_t i = 0; i < writer->file_count && status == TW_OK; i++)
        status = tw_tape_writer_flush(writer->tapes[i], error);
    for (uint32_t i = 0; i < writer->file_count && status == TW_OK; i++)
        status = output_file_finish(&writer->files[i], error);
    for (uint32_t i = 0; i < writer->file_count && status == TW_OK; i++)
        status = output_file_publish(&writer->files[i], error);
    if (status == TW_OK)
        writer->made = NULL;
    return status;
}

void bars_writer_drop(bars_writer *writer) {
    for (uint32_t i = 0; i < writer->file_count; i++) {
        tw_tape_writer_free(writer->tapes[i]);
        writer->tapes[i] = NULL;
        output_file_drop(&writer->files[i]);
    }
    if (writer->made != NULL)
        rmdir(writer->made); /* if somebody has put something into it meanwhile it stays */
    writer->made = NULL;
    writer->file_count = 0;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static uint32_t timeframe_index(const bars_writer *writer, int64_t timeframe_ns) {
    uint32_t index = 0;
    while (index < writer->timeframes.count && writer->timeframes.ns[index] != timeframe_ns)
        index++;
    TW_ASSERT(index < writer->timeframes.count);
    return index;
}

void bars_writer_put(bars_writer *writer, const tw_bar *bar, const tw_symbols *symbols) {
    if (writer->error.status != TW_OK)
        return;
    uint32_t index = timeframe_index(writer, bar->timeframe_ns);
    tw_tape_writer *tape = writer->tapes[writer->file_count == 1 ? 0 : index];
    tw_status status = tw_tape_writer_put_bars(tape, symbols, bar, 1, &writer->error);
    if (status == TW_OK)
        writer->rows[index]++;
}
