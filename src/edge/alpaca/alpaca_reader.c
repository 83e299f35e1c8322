/*
 * alpaca_reader.c - making and freeing what the decoders share.
 */
#include "alpaca_reader.h"

tw_status tw_alpaca_reader_new(const tw_allocator *allocator, size_t size_max,
                               uint32_t level_count_max, tw_symbols *symbols,
                               tw_alpaca_reader **ret_reader) {
    tw_alpaca_reader *reader = TW_NEW(allocator, 1, tw_alpaca_reader);
    if (reader == NULL)
        return TW_NO_MEMORY;
    reader->allocator = allocator;
    reader->symbols = symbols;
    reader->size_max = size_max;
    reader->level_count_max = level_count_max;
    tw_status status = tw_json_reader_new(allocator, size_max, &reader->json);
    if (status == TW_OK && level_count_max > 0) {
        reader->levels = TW_NEW(allocator, level_count_max, tw_level);
        if (reader->levels == NULL)
            status = TW_NO_MEMORY;
    }
    if (status != TW_OK) {
        tw_alpaca_reader_free(reader);
        return status;
    }
    *ret_reader = reader;
    return TW_OK;
}

tw_status tw_alpaca_reader_add_msgpack(tw_alpaca_reader *reader) {
    if (reader->msgpack != NULL)
        return TW_OK;
    return tw_msgpack_reader_new(reader->allocator, reader->size_max, &reader->msgpack);
}

void tw_alpaca_reader_free(tw_alpaca_reader *reader) {
    if (reader == NULL)
        return;
    if (reader->levels != NULL)
        TW_DELETE(reader->allocator, reader->levels, reader->level_count_max, tw_level);
    tw_json_reader_free(reader->json);
    tw_msgpack_reader_free(reader->msgpack);
    TW_DELETE(reader->allocator, reader, 1, tw_alpaca_reader);
}
