/* rejects.c - quoted as RFC 4180 says, because a bad row may hold anything. */
#include "rejects.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readable.h"

/* A field in quotes, quotes doubled. */
static tw_status write_quoted(output_file *file, tw_slice field, tw_error *error) {
    tw_status status = output_file_write(file, tw_slice_of("\""), error);
    while (status == TW_OK) {
        tw_slice piece = tw_slice_split(&field, '"');
        status = output_file_write(file, piece, error);
        if (status == TW_OK)
            status =
                output_file_write(file, tw_slice_of(field.data == NULL ? "\"" : "\"\""), error);
        if (field.data == NULL)
            break;
    }
    return status;
}

/* The sentence alone: line and field have columns of their own. */
static const char *sentence_of(const tw_error *why) {
    char position[TW_ERROR_WHERE_SIZE + 48];
    snprintf(position, sizeof position, "%s:%" PRIu64 ":%" PRIu64 ": ", why->where, why->line,
             why->column);
    size_t size = strlen(position);
    return strncmp(why->message, position, size) == 0 ? why->message + size : why->message;
}

tw_status rejects_open(rejects *aside, const char *path, tw_error *error) {
    aside->count = 0;
    tw_status status = output_file_open(&aside->file, path, error);
    if (status == TW_OK)
        status = output_file_write(&aside->file, tw_slice_of("line,field,reason,row\n"), error);
    return status;
}

tw_status rejects_put(rejects *aside, const tw_error *why, tw_slice row, tw_error *error) {
    char memory[64];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text, "%" PRIu64 ",%" PRIu64 ",", why->line, why->column);
    tw_status status = output_file_write(&aside->file, tw_text_slice(&text), error);
    const char *reason = aside->several ? why->message : sentence_of(why);
    if (status == TW_OK)
        status = write_quoted(&aside->file, tw_slice_of(reason), error);
    if (status == TW_OK)
        status = output_file_write(&aside->file, tw_slice_of(","), error);
    if (status == TW_OK)
        status = write_quoted(&aside->file, row, error);
    if (status == TW_OK)
        status = output_file_write(&aside->file, tw_slice_of("\n"), error);
    aside->count++;
    return status;
}

void rejects_tell(const char *command, uint64_t count, const char *path) {
    char text[READABLE_SIZE];
    if (count > 0)
        fprintf(stderr, "tradewind %s: %s bad row%s set aside in %s\n", command,
                readable_count(count, text), count == 1 ? " was" : "s were", path);
}
