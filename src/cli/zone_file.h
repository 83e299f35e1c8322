/*
 * zone_file.h - the calendars of `--calendar`: their zones, read from the system's zone data.
 */
#ifndef TRADEWIND_CLI_ZONE_FILE_H
#define TRADEWIND_CLI_ZONE_FILE_H

#include "tradewind/zone.h"

/* Reads /usr/share/zoneinfo/NAME, or NAME in the folder that TZDIR names. TW_NOT_FOUND with what to
 * install; TW_PARSE and others of tw_zone_new with the name. The caller frees it. */
tw_status zone_file_read(const char *name, tw_zone **ret_zone, tw_error *error) TW_MUST_CHECK;

/* The bytes themselves, for tw_zone_new; to be freed with free(). */
tw_status zone_file_bytes(const char *name, char **ret_bytes, size_t *ret_size,
                          tw_error *error) TW_MUST_CHECK;

#endif
