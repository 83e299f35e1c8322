/*
 * consumer.c - a stranger's program: includes the umbrella, links through pkg-config, and calls
 * the library. Compiled as C11 and as C++11 by `./dev check install`.
 */
#include <stdio.h>
#include <string.h>
#include <tradewind.h>

int main(void) {
    const char *name = tw_status_name(TW_NOT_FOUND);
    if (strcmp(name, "TW_NOT_FOUND") != 0) {
        fprintf(stderr, "consumer: unexpected name %s\n", name);
        return 1;
    }
    printf("libtradewind answers: %s, %s\n", name, tw_status_sentence(TW_NOT_FOUND));
    return 0;
}
