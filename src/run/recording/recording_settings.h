/*
 * recording_settings.h - the engine's configuration as lines of text, both ways.
 *
 * One table has a row for every field of tw_engine_config, by the field's own name
 * ("controls.limits.value_max"). The head of a recording is written and read by it, and
 * `tradewind replay --set name=value` too. A field that has no row does not compile.
 */
#ifndef TRADEWIND_RUN_RECORDING_SETTINGS_H
#define TRADEWIND_RUN_RECORDING_SETTINGS_H

#include "tradewind/engine.h"
#include "tradewind/text.h"

/* Rows with a text; those of this process alone (a clock, a pointer) have none. */
size_t settings_count(void);
const char *settings_name(size_t index);

/* The value as settings_read takes it: "5s", "0.02", "1000000", "yes", "a,b" for an array. */
void settings_write(const tw_engine_config *config, size_t index, tw_text *text);

/* TW_NOT_FOUND: no row has this name (the nearest is named). TW_PARSE, TW_RANGE: the value. */
tw_status settings_read(tw_engine_config *config, tw_slice name, tw_slice value,
                        tw_error *error) TW_MUST_CHECK;

#endif
