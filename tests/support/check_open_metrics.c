/* check_open_metrics.c - is standard input valid OpenMetrics text? Says so by its exit status, and
 * on standard error what is wrong. */
#include <stdio.h>

#include "open_metrics.h"

int main(void) {
    static char text[16 * 1024 * 1024];
    size_t size = fread(text, 1, sizeof text - 1, stdin);
    text[size] = '\0';
    const char *problem = size == sizeof text - 1 ? "it is too long" : open_metrics_problem(text);
    if (problem == NULL)
        return 0;
    fprintf(stderr, "check_open_metrics: %s\n", problem);
    return 1;
}
