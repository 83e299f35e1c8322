/* proof_folder.c - see proof_folder.h. */
#include "proof_folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { OPEN_FOLDERS = 8 };

tw_status proof_folder_make(const char *parent, char ret_path[PROOF_FOLDER_SIZE], tw_error *error) {
    int size = snprintf(ret_path, PROOF_FOLDER_SIZE, "%s/tradewind-bench-XXXXXX", parent);
    if (size >= PROOF_FOLDER_SIZE)
        return tw_error_set(error, TW_RANGE, "%.64s...: the path is too long", parent);
    if (mkdtemp(ret_path) == NULL)
        return tw_error_set_errno(error, errno, "%s: no folder can be made there", parent);
    return TW_OK;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *where) {
    (void)status, (void)type, (void)where;
    (void)remove(path);
    return 0;
}

/* The rest is removed though one entry cannot be; then neither can the folder, which is seen last.
 */
tw_status proof_folder_remove(const char *path, tw_error *error) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): unsafe only with FTW_CHDIR
    (void)nftw(path, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    if (remove(path) != 0 && errno != ENOENT)
        return tw_error_set_errno(error, errno, "%s was left and has to be removed by hand", path);
    return TW_OK;
}
