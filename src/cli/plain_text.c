/* plain_text.c - see plain_text.h. */
#include "plain_text.h"

#include "tradewind/text.h"

/* Bytes of the character at `text` if it may go out as it is; 0: its first byte may not. */
static size_t plain_size(const char *text) {
    unsigned char first = (unsigned char)text[0];
    unsigned char second = (unsigned char)text[1];
    if (first < 0x80)
        return first >= ' ' && first != 0x7f ? 1 : 0;
    if (first == 0xc2 && second < 0xa0)
        return 0; /* U+0080 to U+009F are controls as well */
    for (size_t size = 2; size <= 4 && text[size - 1] != '\0'; size++) {
        if (tw_slice_is_utf8((tw_slice){text, size}))
            return size;
    }
    return 0;
}

const char *plain_text(const char *text, char *buffer, size_t capacity) {
    tw_text plain = tw_text_over(buffer, capacity);
    while (*text != '\0') {
        size_t size = plain_size(text);
        if (size > 0)
            tw_text_append(&plain, (tw_slice){text, size});
        else
            tw_text_append_format(&plain, "\\x%02x", (unsigned)(unsigned char)*text);
        text += size > 0 ? size : 1;
    }
    return buffer;
}
