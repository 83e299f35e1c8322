/* bench_machine.c - where and with what a benchmark was run. */
#include <curl/curl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bench_build.h"
#include "bench_results.h"
#include "tradewind/cpu.h"
#include "tradewind/text.h"
#include "tradewind/version.h"

/* What stands behind the colon of the first line that begins with `key`. */
static void read_after(const char *path, const char *key, char *buffer, size_t capacity) {
    char line[BENCH_LINE_SIZE];
    FILE *file = fopen(path, "re");
    buffer[0] = '\0';
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *colon = strchr(line, ':');
        if (colon == NULL || strncmp(line, key, strlen(key)) != 0)
            continue;
        tw_slice value = tw_slice_trim(tw_slice_of(colon + 1));
        snprintf(buffer, capacity, "%.*s", (int)value.size, value.data);
        break;
    }
    if (file != NULL)
        fclose(file);
}

static const char *file_system(const char *folder) {
    struct statfs of;
    static const struct {
        unsigned long magic;
        const char *name;
    } known[] = {{0xEF53, "ext4"},      {0x58465342, "XFS"},       {0x9123683E, "Btrfs"},
                 {0x01021994, "tmpfs"}, {0x794C7630, "overlayfs"}, {0x2FC12FC1, "ZFS"},
                 {0x6969, "NFS"}};
    if (statfs(folder, &of) != 0)
        return "unknown";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if ((unsigned long)of.f_type == known[i].magic)
            return known[i].name;
    }
    return "another file system";
}

void bench_machine_read(bench_machine *machine, const char *folder) {
    struct utsname system;
    cpu_set_t allowed;
    *machine = (bench_machine){0};
    read_after("/proc/cpuinfo", "model name", machine->processor, sizeof machine->processor);
    machine->processors =
        sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    snprintf(machine->instructions, sizeof machine->instructions, "%s",
             tw_cpu_name(tw_cpu_choose(TW_CPU_BEST)));
    machine->memory_bytes = (double)sysconf(_SC_PAGESIZE) * (double)sysconf(_SC_PHYS_PAGES);
    if (uname(&system) == 0)
        snprintf(machine->system, sizeof machine->system, "%.64s %.64s, %.64s", system.sysname,
                 system.release, system.machine);
    read_after("/proc/cpuinfo", "hypervisor vendor", machine->hypervisor,
               sizeof machine->hypervisor);
    snprintf(machine->disk, sizeof machine->disk, "%s (%.200s)", file_system(folder), folder);
    snprintf(machine->compiler, sizeof machine->compiler, "%s", bench_compiler);
    snprintf(machine->flags, sizeof machine->flags, "%s", bench_flags);
    snprintf(machine->libraries, sizeof machine->libraries, "SQLite %s, libcurl %s",
             sqlite3_libversion(), curl_version_info(CURLVERSION_NOW)->version);
    snprintf(machine->version, sizeof machine->version, "%s", tw_version());
    snprintf(machine->commit, sizeof machine->commit, "%s", bench_commit);
}
