/*
 * plugin.c - loads an object, checks what it exports, and calls it.
 *
 * Invariants
 *  1. Nothing of a file runs before plugin_file_find has found it safe.
 *  2. object points into what `handle` holds; `begun` says that there is a state to end.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "plugin_priv.h"
#include "tradewind/text.h"
#include "tradewind/time.h"

enum { NAME_SIZE_MAX = 23, MESSAGE_SIZE = 256 };

struct tw_plugin {
    const tw_allocator *allocator;
    void *handle;
    const tw_strategy_object *object;
    void *state;
    bool begun;
    bool timed;
    tw_strategy_setup setup;
    char path[PLUGIN_PATH_SIZE];
};

static bool is_name(const char *name) {
    size_t size = name == NULL ? 0 : strlen(name);
    return size > 0 && size <= NAME_SIZE_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static tw_status check_object(const tw_plugin *plugin, tw_error *error) {
    const tw_strategy_object *object = plugin->object;
    if (object->version != TW_STRATEGY_VERSION)
        return tw_error_set(error, TW_VERSION,
                            "the strategy %s is of version %u of strategy.h, and this program "
                            "knows version %u: build it anew with the header that came with it",
                            plugin->path, object->version, TW_STRATEGY_VERSION);
    if (object->size < sizeof *object)
        return tw_error_set(error, TW_VERSION,
                            "the strategy %s says that its constant has %u bytes, and version %u "
                            "has %zu: .size must be sizeof(tw_strategy_object)",
                            plugin->path, object->size, TW_STRATEGY_VERSION, sizeof *object);
    if (!is_name(object->name))
        return tw_error_set(error, TW_PARSE,
                            "the strategy %s needs a name of 1 to %d characters of a-z, 0-9 and -",
                            plugin->path, NAME_SIZE_MAX);
    if (object->weigh == NULL || (object->begin == NULL && object->end != NULL))
        return tw_error_set(error, TW_PARSE, "the strategy %s has no %s", plugin->path,
                            object->weigh == NULL ? "weigh" : "begin, but an end");
    return TW_OK;
}

static tw_status load(tw_plugin *plugin, tw_error *error) {
    plugin->handle = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
    if (plugin->handle == NULL)
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the C library keeps one text a thread
        return tw_error_set(error, TW_PARSE, "the strategy cannot be loaded: %s", dlerror());
    plugin->object = dlsym(plugin->handle, TW_STRATEGY_SYMBOL);
    if (plugin->object == NULL)
        return tw_error_set(error, TW_PARSE,
                            "%s is no strategy: it exports no constant %s (is it static, or "
                            "hidden?)",
                            plugin->path, TW_STRATEGY_SYMBOL);
    return check_object(plugin, error);
}

static tw_status begin(tw_plugin *plugin, tw_error *error) {
    char message[MESSAGE_SIZE] = "";
    const tw_strategy_object *object = plugin->object;
    if (object->begin == NULL)
        return TW_OK;
    int answer = object->begin(&plugin->setup, &plugin->state, message, sizeof message);
    message[sizeof message - 1] = '\0';
    plugin->begun = answer == 0;
    if (!plugin->begun)
        return tw_error_set(error, TW_USAGE, "the strategy %s does not begin: %s", object->name,
                            message[0] != '\0' ? message : "it does not say why");
    return TW_OK;
}

tw_status tw_plugin_open(const tw_allocator *allocator, const tw_plugin_config *config,
                         tw_plugin **ret_plugin, tw_error *error) {
    TW_ASSERT(config->path != NULL && config->setup.symbol_count > 0);
    tw_plugin *plugin = TW_NEW(allocator, 1, tw_plugin);
    if (plugin == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for a strategy");
    plugin->allocator = allocator;
    plugin->timed = config->timed;
    plugin->setup = config->setup;
    plugin->setup.size = sizeof plugin->setup;
    if (plugin->setup.argument == NULL)
        plugin->setup.argument = "";
    tw_status status = plugin_file_find(config->path, plugin->path, error);
    if (status == TW_OK)
        status = load(plugin, error);
    if (status == TW_OK)
        status = begin(plugin, error);
    if (status != TW_OK) {
        tw_plugin_close(plugin);
        return status;
    }
    *ret_plugin = plugin;
    return TW_OK;
}

void tw_plugin_close(tw_plugin *plugin) {
    if (plugin == NULL)
        return;
    if (plugin->begun && plugin->object->end != NULL)
        plugin->object->end(plugin->state);
    if (plugin->handle != NULL)
        dlclose(plugin->handle);
    TW_DELETE(plugin->allocator, plugin, 1, tw_plugin);
}

const char *tw_plugin_name(const tw_plugin *plugin) {
    return plugin->object->name;
}

const char *tw_plugin_path(const tw_plugin *plugin) {
    return plugin->path;
}

bool tw_plugin_wants_bars(const tw_plugin *plugin) {
    return plugin->object->bar != NULL;
}

static int64_t now_of(const tw_plugin *plugin) {
    return plugin->timed ? tw_time_monotonic_ns() : 0;
}

int tw_plugin_weigh(void *context, const tw_strategy_view *view, double *ret_weights,
                    int64_t *ret_took_ns) {
    tw_plugin *plugin = context;
    int64_t began_ns = now_of(plugin);
    int answer = plugin->object->weigh(plugin->state, view, ret_weights);
    *ret_took_ns = now_of(plugin) - began_ns;
    return answer;
}

int tw_plugin_bar(void *context, const tw_strategy_bar *bar, int64_t *ret_took_ns) {
    tw_plugin *plugin = context;
    int64_t began_ns = now_of(plugin);
    int answer = plugin->object->bar(plugin->state, bar);
    *ret_took_ns = now_of(plugin) - began_ns;
    return answer;
}
