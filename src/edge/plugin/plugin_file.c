/*
 * plugin_file.c - is this file one to load? Asked before a byte of it can run.
 *
 * What kind of object the machine takes is read off this program itself: class, byte order and
 * machine of an ELF head must be the same. And all that would be mapped must be there, because the
 * loader does not look.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin_priv.h"
#include "safe_path.h"

_Static_assert((int)PLUGIN_PATH_SIZE >= (int)SAFE_PATH_SIZE, "a checked path is that long");

/* The part of a head that every ELF file has, whatever its class. */
enum { HEAD_SIZE = offsetof(ElfW(Ehdr), e_version) };

/* An open file; closed by close_file. */
typedef struct object_file {
    const char *path;
    int fd;
    uint64_t size;
    ElfW(Ehdr) head;
} object_file;

static tw_status broken(const object_file *file, tw_error *error) {
    return tw_error_set(error, TW_PARSE,
                        "the strategy %s is cut short: it says of itself that it is longer than "
                        "its %llu bytes",
                        file->path, (unsigned long long)file->size);
}

static tw_status open_file(const char *path, object_file *ret_file, tw_error *error) {
    struct stat found;
    *ret_file = (object_file){.path = path, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (ret_file->fd < 0 || fstat(ret_file->fd, &found) != 0 ||
        pread(ret_file->fd, &ret_file->head, sizeof ret_file->head, 0) < 0)
        return tw_error_set_errno(error, errno, "%s cannot be read", path);
    ret_file->size = (uint64_t)found.st_size;
    return TW_OK;
}

static void close_file(object_file *file) {
    if (file->fd >= 0)
        close(file->fd);
}

static bool is_elf(const object_file *file) {
    return file->size >= HEAD_SIZE && memcmp(file->head.e_ident, ELFMAG, SELFMAG) == 0;
}

static tw_status check_machine(const object_file *file, tw_error *error) {
    object_file own;
    const ElfW(Ehdr) *head = &file->head;
    tw_status status = open_file("/proc/self/exe", &own, error);
    close_file(&own);
    if (status != TW_OK)
        return status;
    if (head->e_ident[EI_CLASS] == own.head.e_ident[EI_CLASS] &&
        head->e_ident[EI_DATA] == own.head.e_ident[EI_DATA] &&
        head->e_machine == own.head.e_machine)
        return TW_OK;
    return tw_error_set(error, TW_PARSE,
                        "the strategy %s is for another machine (%d bits, ELF machine %u; this one "
                        "has %zu bits and is %u)",
                        file->path, head->e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32,
                        (unsigned)head->e_machine, 8 * sizeof(void *),
                        (unsigned)own.head.e_machine);
}

/* A file that is shorter than what is mapped of it would end the program with a signal. */
static tw_status check_length(const object_file *file, tw_error *error) {
    const ElfW(Ehdr) *head = &file->head;
    if (file->size < sizeof *head || head->e_phentsize != sizeof(ElfW(Phdr)))
        return broken(file, error);
    for (uint64_t i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) part;
        uint64_t at = head->e_phoff + i * sizeof part;
        if (at < head->e_phoff || at > file->size ||
            pread(file->fd, &part, sizeof part, (off_t)at) != (ssize_t)sizeof part)
            return broken(file, error);
        bool inside = part.p_offset <= file->size && part.p_filesz <= file->size - part.p_offset;
        if (part.p_type == PT_LOAD && !inside)
            return broken(file, error);
    }
    return TW_OK;
}

static tw_status check_object(const char *path, tw_error *error) {
    object_file file;
    tw_status status = open_file(path, &file, error);
    if (status == TW_OK && !is_elf(&file))
        status = tw_error_set(error, TW_PARSE,
                              "the strategy %s is no shared object: make it with gcc -shared -fPIC",
                              path);
    if (status == TW_OK)
        status = check_machine(&file, error);
    if (status == TW_OK)
        status = check_length(&file, error);
    close_file(&file);
    return status;
}

/* What is read here is what is loaded: the path that was checked, whatever becomes of the name. */
tw_status plugin_file_find(const char *path, char ret_path[PLUGIN_PATH_SIZE], tw_error *error) {
    struct stat found;
    char real[PLUGIN_PATH_SIZE];
    char subject[PLUGIN_PATH_SIZE + 64];
    if (strlen(path) >= PLUGIN_PATH_SIZE - 1)
        return tw_error_set(error, TW_RANGE, "the path of the strategy is too long");
    snprintf(subject, sizeof subject, "the strategy %s is not loaded", path);
    tw_status status = safe_path_check(subject, path, real, error);
    if (status == TW_NOT_FOUND)
        return tw_error_set(error, TW_NOT_FOUND, "there is no strategy %s", path);
    if (status != TW_OK)
        return status;
    if (stat(real, &found) != 0)
        return tw_error_set_errno(error, errno, "the strategy %s cannot be looked at", path);
    if (!S_ISREG(found.st_mode))
        return tw_error_set(error, TW_PARSE, "the strategy %s is not a file", path);
    status = check_object(real, error);
    if (status == TW_OK)
        memcpy(ret_path, real, strlen(real) + 1);
    return status;
}
