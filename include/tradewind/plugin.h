/*
 * plugin.h - loads a strategy (strategy.h) out of a shared object.
 *
 *     tw_plugin_config config = {.path = "mine.so", .setup = setup, .timed = true};
 *     status = tw_plugin_open(NULL, &config, &plugin, &error);
 *     answer = tw_plugin_weigh(plugin, &view, weights, &took_ns);
 *     tw_plugin_close(plugin);
 *
 * Loading runs code of the object, so first of all it must be one that nobody else could have put
 * there: a file that others may write to, or in a folder that they may, is refused. Then it must be
 * a shared object for this machine, whose symbols can all be found (at once, not when they are
 * called), and export a `tradewind_strategy` of the version that this program knows. Each of these
 * has a sentence of its own. Its symbols are not lent to other objects.
 *
 * Memory: some hundred bytes and what the object takes. Cost of a call: the object's, and with
 * `timed` two looks at the clock. Threads: as strategy.h says of a state; several plugins of one
 * file are several states of it.
 */
#ifndef TRADEWIND_PLUGIN_H
#define TRADEWIND_PLUGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/alloc.h"
#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/status.h"
#include "tradewind/strategy.h"

typedef struct tw_plugin tw_plugin;

typedef struct tw_plugin_config {
    const char *path;        /* of the object; relative: to the current folder */
    tw_strategy_setup setup; /* `size` is filled in here; what it points to outlives the plugin */
    bool timed;              /* false: every call took 0, so that a run can be repeated */
} tw_plugin_config;

TW_BEGIN_DECLS

/*
 * Finds, checks, loads and begins. TW_NOT_FOUND: there is no such file; TW_PERMISSION: others may
 * change it; TW_PARSE: it is no shared object, not one for this machine, cannot be loaded, exports
 * no strategy, or one without a name or a way to weigh; TW_VERSION: of another version of
 * strategy.h; TW_USAGE: it refused to begin, in its own words; TW_NO_MEMORY.
 */
TW_API tw_status tw_plugin_open(const tw_allocator *allocator, const tw_plugin_config *config,
                                tw_plugin **ret_plugin, tw_error *error) TW_MUST_CHECK;
/* Ends the state and unloads. NULL is ignored. */
TW_API void tw_plugin_close(tw_plugin *plugin);

/* The name that it gave itself; valid until it is closed. */
TW_API const char *tw_plugin_name(const tw_plugin *plugin);
/* The file that was loaded, symbolic links followed; valid until it is closed. */
TW_API const char *tw_plugin_path(const tw_plugin *plugin);
TW_API bool tw_plugin_wants_bars(const tw_plugin *plugin);

/* Its answer as it is, of which nothing is checked, and the monotonic nanoseconds that it took. The
 * context is the tw_plugin, so that these can stand behind a port; the second only if it wants
 * bars. */
TW_API int tw_plugin_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                           int64_t *ret_took_ns);
TW_API int tw_plugin_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns);

TW_END_DECLS

TW_DEFINE_AUTO(tw_plugin, tw_plugin_close)

#endif
