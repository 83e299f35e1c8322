/*
 * power_cut.h - a disk under SQLite that forgets what was not synced when the power goes.
 *
 * It looks on through vfs_shim.h and writes down what would reach the disk: writes, truncations,
 * syncs, files made and removed. Each of them is a boundary. Afterwards, for any boundary and any
 * seed, it writes into the directory what a disk could hold if the power had gone just before that
 * operation was over:
 *
 *   - what was synced, as it was;
 *   - of all that came after a file's last sync a seeded subset: none, all, a prefix, all but one,
 *     or any, in any order; one write may be torn between sectors of 512 bytes, and a torn sector
 *     may hold the new bytes, the old ones or garbage (only where it was written: SQLite counts on
 *     that, SQLITE_IOCAP_POWERSAFE_OVERWRITE);
 *   - each file that was made or removed since its directory was last synced, or its former self;
 *   - no shared memory, or garbage in its place.
 *
 *     power_cut_install();
 *     power_cut *disk = power_cut_new(directory);   (what is there now is on the disk)
 *     ... use SQLite; power_cut_boundary(disk) counts ...
 *     power_cut_stop(disk);
 *     for (size_t k = 0; k <= power_cut_boundary(disk); k++)
 *         power_cut_restore(disk, k, seed);  ... open what is left ...
 *     power_cut_free(disk);
 *
 * A directory is synced when SQLite says so: with the first sync of a journal or log that this
 * handle has made, and with a removal that asks for it. One disk records at a time. Memory: from
 * malloc; the program ends when there is none.
 */
#ifndef TRADEWIND_TESTS_POWER_CUT_H
#define TRADEWIND_TESTS_POWER_CUT_H

#include <stddef.h>
#include <stdint.h>

#include "vfs_shim.h"

typedef struct power_cut power_cut;

/* Installs the shim, and takes it away again. No database may be open. With a hook, it is asked
 * first: what it refuses neither happens nor is recorded. */
void power_cut_install(void);
void power_cut_install_behind(vfs_hook hook);
void power_cut_remove(void);

/* Starts to record the files of a directory. */
power_cut *power_cut_new(const char *directory);

/* The number of operations so far. A cut at boundary k comes before operation k is over. */
size_t power_cut_boundary(const power_cut *disk);

/* Ends recording; what SQLite does afterwards only happens to the real files. */
void power_cut_stop(power_cut *disk);

/* Writes what is left after a cut. Going through the boundaries upwards is quickest. */
void power_cut_restore(power_cut *disk, size_t boundary, uint64_t seed);

/* The same after the death of the process alone: all operations before the boundary were made. */
void power_cut_keep(power_cut *disk, size_t boundary);

void power_cut_free(power_cut *disk);

#endif
