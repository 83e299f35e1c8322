/*
 * process_figures.c - getrusage, /proc/self/stat and the descriptors in /proc/self/fd.
 *
 * The fields of /proc/self/stat are those of proc(5). The second is the program's name in
 * parentheses, which may hold blanks and parentheses itself; so counting begins behind the last
 * one.
 */
#include "monitor_priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tradewind/time.h"

enum {
    STAT_THREADS = 20,
    STAT_STARTED = 22, /* in ticks since the machine began */
    STAT_VIRTUAL = 23, /* bytes */
    STAT_RESIDENT = 24 /* pages */
};

static int64_t ns_of(struct timeval time) {
    return (int64_t)time.tv_sec * TW_NS_PER_SECOND + (int64_t)time.tv_usec * 1000;
}

static void read_usage(tw_process_figures *figures) {
    struct rusage usage = {0};
    struct rlimit limit = {0};
    getrusage(RUSAGE_SELF, &usage);
    getrlimit(RLIMIT_NOFILE, &limit);
    figures->user_ns = ns_of(usage.ru_utime);
    figures->system_ns = ns_of(usage.ru_stime);
    figures->minor_faults = (uint64_t)usage.ru_minflt;
    figures->major_faults = (uint64_t)usage.ru_majflt;
    figures->voluntary_switches = (uint64_t)usage.ru_nvcsw;
    figures->involuntary_switches = (uint64_t)usage.ru_nivcsw;
    figures->descriptors_max = limit.rlim_cur;
}

/* Since 1970, from ticks since the machine began. */
static int64_t started_of(uint64_t ticks) {
    struct timespec since_boot = {0};
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    int64_t boot_ns = tw_time_wall_ns() -
                      ((int64_t)since_boot.tv_sec * TW_NS_PER_SECOND + (int64_t)since_boot.tv_nsec);
    return boot_ns + (int64_t)ticks * (TW_NS_PER_SECOND / sysconf(_SC_CLK_TCK));
}

static tw_status take_field(tw_process_figures *figures, int number, uint64_t value) {
    if (number == STAT_THREADS)
        figures->threads = (uint32_t)value;
    else if (number == STAT_STARTED)
        figures->started_ns = started_of(value);
    else if (number == STAT_VIRTUAL)
        figures->virtual_size = value;
    else
        figures->resident_size = value * (uint64_t)sysconf(_SC_PAGESIZE);
    return TW_OK;
}

static tw_status parse_stat(tw_slice text, tw_process_figures *figures) {
    const char *end = memrchr(text.data, ')', text.size);
    if (end == NULL)
        return TW_PARSE;
    tw_slice rest = {end + 1, text.size - (size_t)(end + 1 - text.data)};
    rest = tw_slice_trim(rest);
    tw_status status = TW_OK;
    for (int number = 3; status == TW_OK && number <= STAT_RESIDENT; number++) {
        tw_slice field = tw_slice_split(&rest, ' ');
        uint64_t value = 0;
        if (number != STAT_THREADS && number < STAT_STARTED)
            continue;
        status = tw_parse_u64(field, &value);
        if (status == TW_OK)
            status = take_field(figures, number, value);
    }
    return status;
}

static tw_status read_stat(tw_process_figures *figures, tw_error *error) {
    char buffer[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
    int failure = errno;
    if (fd >= 0)
        close(fd);
    if (size < 0)
        return tw_error_set_errno(error, failure, "/proc/self/stat cannot be read");
    tw_status status = parse_stat((tw_slice){buffer, (size_t)size}, figures);
    if (status != TW_OK)
        return tw_error_set(error, TW_IO, "/proc/self/stat is not as it should be");
    return TW_OK;
}

/* The descriptor of the folder itself is not counted. */
static tw_status count_descriptors(uint32_t *ret_count, tw_error *error) {
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return tw_error_set_errno(error, errno, "/proc/self/fd cannot be read");
    uint32_t count = 0;
    const struct dirent *entry;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is this call's own
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.';
    closedir(folder);
    *ret_count = count > 0 ? count - 1 : 0;
    return TW_OK;
}

tw_status tw_process_figures_read(tw_process_figures *ret_figures, tw_error *error) {
    tw_process_figures figures = {0};
    read_usage(&figures);
    tw_status status = read_stat(&figures, error);
    if (status == TW_OK)
        status = count_descriptors(&figures.descriptors, error);
    if (status == TW_OK)
        *ret_figures = figures;
    return status;
}
