/* figures_named.c - whether a page has a word for each figure of performance.h. Argument: the page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/performance.h"

int main(int argc, char **argv) {
    static char page[1 << 18];
    FILE *stream = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (stream == NULL) {
        fprintf(stderr, "figures_named: the page cannot be read\n");
        return 2;
    }
    page[fread(page, 1, sizeof page - 1, stream)] = 0;
    fclose(stream);
    int missing = 0;
    for (unsigned i = 0; i < TW_FIGURE_COUNT; i++) {
        char word[80];
        snprintf(word, sizeof word, "`%s`", tw_figure_name((tw_figure)i));
        if (strstr(page, word) == NULL) {
            printf("%s has no row\n", word);
            missing++;
        }
    }
    return missing > 0;
}
