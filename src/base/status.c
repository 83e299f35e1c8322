/* status.c - the one table of statuses, read by code, name and errno. */
#include "tradewind/status.h"

#include <errno.h>

const char *tw_status_name(tw_status status) {
    switch (status) {
#define TW_STATUS_NAME(name, code, sentence) \
    case TW_##name:                          \
        return "TW_" #name;
        TW_STATUS_TABLE(TW_STATUS_NAME)
#undef TW_STATUS_NAME
    }
    return "TW_?";
}

const char *tw_status_sentence(tw_status status) {
    switch (status) {
#define TW_STATUS_SENTENCE(name, code, sentence) \
    case TW_##name:                              \
        return sentence;
        TW_STATUS_TABLE(TW_STATUS_SENTENCE)
#undef TW_STATUS_SENTENCE
    }
    return "unknown status";
}

static const struct {
    int os_errno;
    tw_status status;
} errno_table[] = {
    {0, TW_OK},
    {EACCES, TW_PERMISSION},
    {EADDRINUSE, TW_BUSY},
    {EAGAIN, TW_BUSY},
    {EBUSY, TW_BUSY},
    {ECONNREFUSED, TW_UNREACHABLE},
    {ECONNRESET, TW_CLOSED},
    {EDQUOT, TW_NO_SPACE},
    {EEXIST, TW_EXISTS},
    {EHOSTUNREACH, TW_UNREACHABLE},
    {EINTR, TW_INTERRUPTED},
    {EINVAL, TW_INVALID},
    {EISDIR, TW_INVALID},
    {EMFILE, TW_FULL},
    {ENETUNREACH, TW_UNREACHABLE},
    {ENFILE, TW_FULL},
    {ENOENT, TW_NOT_FOUND},
    {ENOMEM, TW_NO_MEMORY},
    {ENOSPC, TW_NO_SPACE},
    {ENOTDIR, TW_NOT_FOUND},
    {EPERM, TW_PERMISSION},
    {EPIPE, TW_CLOSED},
    {EROFS, TW_READ_ONLY},
    {ETIMEDOUT, TW_TIMEOUT},
};

tw_status tw_status_from_errno(int os_errno) {
    for (unsigned i = 0; i < sizeof errno_table / sizeof errno_table[0]; i++) {
        if (errno_table[i].os_errno == os_errno)
            return errno_table[i].status;
    }
    return TW_IO;
}
