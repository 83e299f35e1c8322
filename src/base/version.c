/* version.c - which library this is, told at run time. */
#include "tradewind/version.h"

const char *tw_version(void) {
    return TW_VERSION;
}
