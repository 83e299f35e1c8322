/*
 * doctor_service.c - what an installation that runs for months needs besides: no secrets in core
 * files, no swapping, a clock speed that does not wander, libraries of known versions, a unit.
 */
#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"

/* A core file is the memory of the run, with its credentials. */
static void look_at_cores(doctor_list *list) {
    char pattern[128] = "core";
    struct rlimit cores;
    if (getrlimit(RLIMIT_CORE, &cores) != 0)
        return;
    (void)doctor_first_line("/proc/sys/kernel/core_pattern", pattern, sizeof pattern);
    if (cores.rlim_cur == 0 && pattern[0] != '|') {
        doctor_say(list, DOCTOR_GOOD, "core files", "none are written");
        return;
    }
    doctor_finding *finding =
        doctor_say(list, DOCTOR_NOTE, "core files", "a crash writes one: %s", pattern);
    doctor_advise(finding,
                  "it would hold the credentials: `ulimit -c 0`, or LimitCORE=0 in the unit; "
                  "what a crash leaves of the run is told by `tradewind flight`");
}

/* The figure of a line `NAME:   12345 kB`, if the line has that name. */
static void take_kilobytes(const char *line, const char *name, uint64_t *kilobytes) {
    size_t size = strlen(name);
    if (strncmp(line, name, size) == 0)
        *kilobytes = strtoull(line + size, NULL, 10);
}

static void look_at_swap(doctor_list *list) {
    char line[128];
    uint64_t memory_kb = 0;
    uint64_t swap_kb = 0;
    uint64_t free_kb = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        take_kilobytes(line, "MemTotal:", &memory_kb);
        take_kilobytes(line, "SwapTotal:", &swap_kb);
        take_kilobytes(line, "SwapFree:", &free_kb);
    }
    fclose(file);
    bool much = swap_kb > memory_kb || swap_kb - free_kb > memory_kb / 20;
    doctor_finding *finding = doctor_say(list, much ? DOCTOR_NOTE : DOCTOR_GOOD, "swap",
                                         "%" PRIu64 " MB, %" PRIu64 " MB of them in use",
                                         swap_kb / 1024, (swap_kb - free_kb) / 1024);
    if (much)
        doctor_advise(finding,
                      "a run that is swapped out misses its market: give it more memory, or "
                      "less swap, or MemorySwapMax=0 in the unit");
}

static void look_at_governor(doctor_list *list) {
    char governor[64];
    if (!doctor_first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor,
                           sizeof governor)) {
        doctor_say(list, DOCTOR_GOOD, "clock speed", "the system does not change it");
        return;
    }
    bool steady = strcmp(governor, "performance") == 0;
    doctor_finding *finding = doctor_say(list, steady ? DOCTOR_GOOD : DOCTOR_NOTE, "clock speed",
                                         "governor %s", governor);
    if (!steady)
        doctor_advise(finding,
                      "latencies are steadier with `cpupower frequency-set -g performance`");
}

static void look_at_libraries(doctor_list *list) {
    int server = PQlibVersion();
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    doctor_say(list, DOCTOR_GOOD, "libraries", "SQLite %s, libpq %d.%d, libcurl %s, %s",
               sqlite3_libversion(), server / 10000, server % 10000, curl->version,
               curl->ssl_version != NULL ? curl->ssl_version : "without TLS");
}

static void look_at_unit(doctor_list *list) {
    static const char *const folders[] = {"/etc/systemd/system", "/usr/local/lib/systemd/system",
                                          "/usr/lib/systemd/system", "/lib/systemd/system"};
    char path[128];
    if (access("/run/systemd/system", F_OK) != 0) {
        doctor_say(list, DOCTOR_GOOD, "service", "systemd does not run here");
        return;
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/tradewind@.service", folders[i]);
        if (access(path, R_OK) == 0) {
            doctor_say(list, DOCTOR_GOOD, "service", "%s", path);
            return;
        }
    }
    doctor_advise(doctor_say(list, DOCTOR_NOTE, "service", "there is no unit tradewind@.service"),
                  "a run of your own shell ends with it: `./dev install` brings the unit, and "
                  "docs/guide/service.md says how it is used");
}

void doctor_look_at_service(doctor_list *list) {
    look_at_cores(list);
    look_at_swap(list);
    look_at_governor(list);
    look_at_libraries(list);
    look_at_unit(list);
}

void doctor_look_at_settings(doctor_list *list, const char *path) {
    struct stat attributes;
    if (path[0] == '\0') {
        doctor_say(list, DOCTOR_GOOD, "configuration", "no file, so the defaults");
        return;
    }
    bool open_to_all = stat(path, &attributes) == 0 && (attributes.st_mode & 022) != 0;
    doctor_finding *finding =
        doctor_say(list, open_to_all ? DOCTOR_BAD : DOCTOR_GOOD, "configuration", "%s%s", path,
                   open_to_all ? ": others may change it" : "");
    if (open_to_all)
        doctor_advise(finding, "limits stand in it: chmod go-w %s", path);
}
