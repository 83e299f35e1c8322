/* newest_rows.c - see newest_rows.h. A list turns when either part of it is reversed, then all. */
#include "newest_rows.h"

static void reverse(unsigned char *first, size_t width, size_t count) {
    unsigned char *last = first + width * count;
    for (size_t i = 0; i < count / 2; i++) {
        last -= width;
        for (size_t b = 0; b < width; b++) {
            unsigned char held = first[b];
            first[b] = last[b];
            last[b] = held;
        }
        first += width;
    }
}

size_t newest_rows_lay_out(void *rows, size_t width, uint64_t total, size_t capacity) {
    if (total <= capacity)
        return (size_t)total;
    size_t oldest = (size_t)(total % capacity);
    reverse(rows, width, oldest);
    reverse((unsigned char *)rows + width * oldest, width, capacity - oldest);
    reverse(rows, width, capacity);
    return capacity;
}
