/*
 * stepped_clock.c - steps the wall clock of a program that it is preloaded into, as an
 * administrator or a bad time server would.
 *
 *     LD_PRELOAD=stepped_clock.so STEPPED_CLOCK=FILE program
 *
 * FILE holds the seconds to add, and is read at each call: a test rewrites it (by renaming another
 * over it) while the program runs. Only CLOCK_REALTIME is moved; the monotonic clock and timers are
 * the machine's own, as they are when a real clock is set.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t step(void) {
    char text[32] = "";
    const char *path = getenv("STEPPED_CLOCK");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (size < 0)
        abort(); /* a test that steps nothing must not pass */
    close(file);
    return strtol(text, NULL, 10);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock,
                                                         struct timespec *ret_time) {
    long status = syscall(SYS_clock_gettime, clock, ret_time);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        ret_time->tv_sec += step();
    return (int)status;
}

__attribute__((visibility("default"))) int gettimeofday(struct timeval *ret_time, void *zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    *ret_time = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
    return 0;
}

__attribute__((visibility("default"))) time_t time(time_t *ret_time) {
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return -1;
    if (ret_time != NULL)
        *ret_time = now.tv_sec;
    return now.tv_sec;
}
