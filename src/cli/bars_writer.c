/* bars_writer.c - rows of bars, and the folder they go to. */
#include "bars_writer.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 65536 }; /* of each file */

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

static tw_status write_header(output_file *file, bool revised, tw_error *error) {
    return output_file_write(
        file,
        tw_slice_of(revised
                        ? "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap,revision\n"
                        : "ts_ns,symbol,timeframe,open,high,low,close,volume,count,vwap\n"),
        error);
}

static tw_status open_one(bars_writer *writer, const char *folder, const char *name, bool is_time,
                          tw_error *error) {
    char path[OUTPUT_PATH_SIZE] = "-";
    if (name != NULL && (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return tw_error_set(error, TW_INVALID, "--out %.64s...: the path is too long", folder);
    output_file *file = &writer->files[writer->file_count];
    tw_status status = output_file_open(file, path, error);
    if (status != TW_OK)
        return status;
    writer->file_count++;
    if (!is_time)
        return write_header(file, writer->revised, error);
    tw_tape_writer_config config = {.sink = into_file,
                                    .context = file,
                                    .buffer_size = BUFFER_SIZE,
                                    .format = TW_TAPE_BARS,
                                    .full = writer->revised};
    return tw_tape_writer_new(&config, &writer->tapes[writer->file_count - 1], error);
}

tw_status bars_writer_open(bars_writer *writer, const bars_frames *frames, const char *folder,
                           bool revised, tw_error *error) {
    TW_ASSERT(frames->count >= 1 && frames->count <= TW_BARS_FRAME_COUNT_MAX);
    *writer = (bars_writer){.frames = *frames, .revised = revised};
    bool one = strcmp(folder, "-") == 0;
    tw_status status = one ? open_one(writer, NULL, NULL, frames->only_time, error)
                           : make_folder(writer, folder, error);
    for (uint32_t i = 0; !one && i < frames->count && status == TW_OK; i++) {
        char name[BARS_NAME_SIZE + 8];
        bars_frames_file(frames, i, name);
        status = open_one(writer, folder, name, frames->frames[i].kind == TW_BARS_TIME, error);
    }
    if (status != TW_OK)
        bars_writer_drop(writer);
    return status;
}

tw_status bars_writer_finish(bars_writer *writer, tw_error *error) {
    tw_status status = writer->error.status;
    if (status != TW_OK && error != NULL)
        *error = writer->error;
    for (uint32_t i = 0; i < writer->file_count && status == TW_OK; i++)
        if (writer->tapes[i] != NULL)
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

static void put_decimal(tw_text *line, int64_t nano) {
    char number[TW_DECIMAL_TEXT_SIZE];
    tw_decimal_format(nano, number);
    tw_text_append_char(line, ',');
    tw_text_append_string(line, number);
}

/* A row as tw_tape_writer_put_bars writes it, with the name of the frame as it is. */
static tw_status put_row(bars_writer *writer, uint32_t at, const char *frame, const tw_bar *bar,
                         const tw_symbols *symbols) {
    char memory[1024];
    tw_text line = tw_text_over(memory, sizeof memory);
    tw_text_append_i64(&line, bar->time_ns);
    tw_text_append_format(&line, ",%s,%s", tw_symbols_name(symbols, bar->symbol), frame);
    put_decimal(&line, bar->open.nano);
    put_decimal(&line, bar->high.nano);
    put_decimal(&line, bar->low.nano);
    put_decimal(&line, bar->close.nano);
    put_decimal(&line, bar->volume.nano);
    tw_text_append_char(&line, ',');
    tw_text_append_u64(&line, bar->count);
    put_decimal(&line, bar->vwap.nano);
    if (writer->revised)
        tw_text_append_format(&line, ",%u", (unsigned)bar->revision);
    tw_text_append_char(&line, '\n');
    TW_ASSERT(!line.truncated);
    return output_file_write(&writer->files[at], tw_text_slice(&line), &writer->error);
}

void bars_writer_put(bars_writer *writer, uint32_t frame, const tw_bar *bar,
                     const tw_symbols *symbols) {
    TW_ASSERT(frame < writer->frames.count);
    if (writer->error.status != TW_OK)
        return;
    uint32_t at = writer->file_count == 1 ? 0 : frame;
    tw_status status =
        writer->tapes[at] != NULL
            ? tw_tape_writer_put_bars(writer->tapes[at], symbols, bar, 1, &writer->error)
            : put_row(writer, at, writer->frames.names[frame], bar, symbols);
    if (status == TW_OK)
        writer->rows[frame]++;
}
