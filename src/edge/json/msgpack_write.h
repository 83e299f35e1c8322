/*
 * msgpack_write.h - writing MessagePack: the few forms that a client of a stream needs.
 *
 * Bytes are appended to a tw_text, which does not mind that they are no characters; look at
 * text->truncated afterwards. Each form is the shortest that holds its value.
 */
#ifndef TRADEWIND_MSGPACK_WRITE_H
#define TRADEWIND_MSGPACK_WRITE_H

#include <stdint.h>

#include "tradewind/text.h"

TW_BEGIN_DECLS

/* The heads of a map of `count` pairs and of an array of `count` items, which follow. */
void tw_msgpack_put_map(tw_text *text, uint32_t count);
void tw_msgpack_put_array(tw_text *text, uint32_t count);
/* At most 4 GiB. */
void tw_msgpack_put_string(tw_text *text, tw_slice string);

TW_END_DECLS

#endif
