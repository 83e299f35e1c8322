/* wrapped.c - see wrapped.h. */
#include "wrapped.h"

#include <string.h>

/* Characters that a reader sees. */
static size_t seen_width(const char *text, size_t size) {
    size_t width = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\033') {
            while (i < size && text[i] != 'm')
                i++;
            continue;
        }
        width += ((unsigned char)text[i] & 0xc0) != 0x80; /* the first byte of each */
    }
    return width;
}

static void print_line(FILE *file, const char *line, size_t size, size_t width) {
    size_t used = 0;
    while (size > 0) {
        const char *space = memchr(line, ' ', size);
        size_t word = space != NULL ? (size_t)(space - line) : size;
        size_t wide = seen_width(line, word);
        if (used > 0 && used + 1 + wide > width) {
            fputc('\n', file);
            used = 0;
        } else if (used > 0) {
            fputc(' ', file);
            used++;
        }
        fwrite(line, 1, word, file);
        used += wide;
        word += space != NULL;
        line += word;
        size -= word;
    }
    fputc('\n', file);
}

void wrapped_print(FILE *file, const char *text, size_t width) {
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        print_line(file, text, size, width);
        text += size;
        text += *text == '\n';
    }
}
