/* notify.c - see notify.h. */
#include "tradewind/notify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tradewind/text.h"

static const uint64_t WATCHDOG_USEC_MAX = UINT64_C(1000000) * 86400;

/* "/path", or "@name" of an abstract one, whose first byte is NUL. */
static tw_status read_address(const char *text, struct sockaddr_un *ret_address,
                              socklen_t *ret_size, tw_error *error) {
    size_t size = strlen(text);
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (text[0] != '/' && text[0] != '@')
        return tw_error_set(error, TW_UNSUPPORTED,
                            "NOTIFY_SOCKET is \"%.100s\"; expected /PATH or @NAME", text);
    if (size < 2 || size >= sizeof ret_address->sun_path)
        return tw_error_set(error, TW_USAGE, "NOTIFY_SOCKET must have 2 to %zu bytes",
                            sizeof ret_address->sun_path - 1);
    memcpy(ret_address->sun_path, text, size);
    if (text[0] == '@')
        ret_address->sun_path[0] = '\0';
    *ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size + (text[0] == '/'));
    return TW_OK;
}

static tw_status read_watchdog(const char *text, int64_t *ret_ns, tw_error *error) {
    uint64_t usec = 0;
    *ret_ns = 0;
    if (text == NULL || text[0] == '\0')
        return TW_OK;
    if (tw_parse_u64(tw_slice_of(text), &usec) != TW_OK || usec > WATCHDOG_USEC_MAX)
        return tw_error_set(error, TW_USAGE,
                            "WATCHDOG_USEC is \"%.40s\"; expected microseconds, at most a day",
                            text);
    *ret_ns = (int64_t)usec * 1000 / 2;
    return TW_OK;
}

tw_status tw_notify_open(tw_notify *notify, const char *address, const char *watchdog_usec,
                         tw_error *error) {
    struct sockaddr_un place;
    socklen_t size = 0;
    int64_t watchdog_ns = 0;
    *notify = (tw_notify){0};
    if (address == NULL || address[0] == '\0')
        return TW_OK;
    tw_status status = read_address(address, &place, &size, error);
    if (status == TW_OK)
        status = read_watchdog(watchdog_usec, &watchdog_ns, error);
    if (status != TW_OK)
        return status;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return tw_error_set_errno(error, errno, "no socket for NOTIFY_SOCKET");
    TW_ASSERT(fd > 0); /* the standard streams are held */
    if (connect(fd, (const struct sockaddr *)&place, size) != 0) {
        status = tw_error_set_errno(error, errno, "NOTIFY_SOCKET %s cannot be reached", address);
        close(fd);
        return status;
    }
    *notify = (tw_notify){.socket = fd, .watchdog_ns = watchdog_ns};
    return TW_OK;
}

void tw_notify_close(tw_notify *notify) {
    if (notify->socket > 0)
        close(notify->socket);
    *notify = (tw_notify){0};
}

/* A sign that is lost is followed by another; one that is missed for long is what a watchdog is
 * for. */
void tw_notify_say(const tw_notify *notify, const char *message) {
    if (notify->socket > 0)
        (void)send(notify->socket, message, strlen(message), MSG_NOSIGNAL);
}

void tw_notify_alive(tw_notify *notify, int64_t now_ns) {
    if (notify->watchdog_ns == 0 || now_ns < notify->next_alive_ns)
        return;
    notify->next_alive_ns = now_ns + notify->watchdog_ns;
    tw_notify_say(notify, "WATCHDOG=1");
}
