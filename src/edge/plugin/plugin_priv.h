/* plugin_priv.h - what the files of the plugin share. */
#ifndef TRADEWIND_PLUGIN_PRIV_H
#define TRADEWIND_PLUGIN_PRIV_H

#include "tradewind/plugin.h"

enum { PLUGIN_PATH_SIZE = 4096 };

/* The absolute path of a file that is safe to load, links followed, and that it is a shared object
 * for this machine. Statuses as of tw_plugin_open. */
tw_status plugin_file_find(const char *path, char ret_path[PLUGIN_PATH_SIZE],
                           tw_error *error) TW_MUST_CHECK;

#endif
