/* proof_file.c - see proof_file.h. */
#include "proof_file.h"

#include <errno.h>
#include <stdio.h>

#include "proof_folder.h"

tw_status proof_file_write(const char *folder, const char *name, const void *bytes, size_t size,
                           tw_error *error) {
    char path[PROOF_FOLDER_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wbe");
    size_t written = file == NULL ? 0 : fwrite(bytes, 1, size, file);
    if (file == NULL || fclose(file) != 0 || written != size)
        return tw_error_set_errno(error, errno, "%s cannot be written", path);
    return TW_OK;
}
