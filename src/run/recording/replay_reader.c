/* replay_reader.c - see replay_reader.h. */
#include "replay_reader.h"

#include "recording_file.h"

struct item_reader {
    const tw_allocator *allocator;
    const char *name;
    block_file *file;
    item_context *context;
    tw_slice left; /* of the newest block */
    bool ended;
};

static tw_status read_first(item_reader *reader, recording_head *ret_head, tw_error *error) {
    tw_slice text;
    tw_status status = block_read(reader->file, &text, error);
    if (status == TW_EMPTY)
        return tw_error_set(error, TW_CORRUPT, "%s is empty: there is no recording in it",
                            reader->name);
    if (status == TW_TRUNCATED)
        return tw_error_set(error, TW_CORRUPT, "%s: its head is not whole", reader->name);
    if (status == TW_OK)
        status = head_read(reader->allocator, reader->name, text, ret_head, error);
    if (status != TW_OK)
        return status;
    status = item_context_new(reader->allocator, ret_head->symbol_count, &reader->context);
    return status == TW_OK
               ? TW_OK
               : tw_error_set(error, status, "no memory for the symbols of %s", reader->name);
}

tw_status item_reader_open(const tw_allocator *allocator, const reader_source *source,
                           recording_head *ret_head, item_reader **ret_reader, tw_error *error) {
    *ret_head = (recording_head){0};
    item_reader *reader = TW_NEW(allocator, 1, item_reader);
    if (reader == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to read %s", source->name);
    reader->allocator = allocator;
    reader->name = source->name;
    tw_status status =
        source->bytes.data != NULL
            ? block_file_over(allocator, source->name, source->bytes, &reader->file, error)
            : block_file_open(allocator, source->name, &reader->file, error);
    if (status == TW_OK)
        status = read_first(reader, ret_head, error);
    if (status != TW_OK) {
        item_reader_free(reader);
        return status;
    }
    *ret_reader = reader;
    return TW_OK;
}

void item_reader_free(item_reader *reader) {
    if (reader == NULL)
        return;
    block_file_free(reader->file);
    item_context_free(reader->context);
    TW_DELETE(reader->allocator, reader, 1, item_reader);
}

tw_status item_reader_next(item_reader *reader, item *ret_item, tw_error *error) {
    if (reader->left.size == 0) {
        tw_status status = block_read(reader->file, &reader->left, error);
        if (status != TW_OK)
            return status;
    }
    if (item_unpack(reader->context, &reader->left, ret_item) != TW_OK ||
        (reader->ended && ret_item->head.kind != ITEM_END))
        return tw_error_set(error, TW_CORRUPT,
                            "%s: the block before byte %llu has an item that is none", reader->name,
                            (unsigned long long)block_file_at(reader->file));
    reader->ended = ret_item->head.kind == ITEM_END;
    return TW_OK;
}

uint64_t item_reader_bytes(const item_reader *reader) {
    return block_file_at(reader->file);
}
