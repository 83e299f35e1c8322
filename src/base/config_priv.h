/*
 * config_priv.h - what the three files of config share: values before they are written.
 */
#ifndef TRADEWIND_BASE_CONFIG_PRIV_H
#define TRADEWIND_BASE_CONFIG_PRIV_H

#include "tradewind/config.h"

/* Room for a sentence about one value, and how much of a foreign text is shown in it. */
#define TW_CONFIG_SENTENCE_SIZE 400
#define TW_CONFIG_SHOWN_SIZE 64

/* A value of any type, parsed and checked but not yet in the target. */
typedef struct tw_config_value {
    int64_t integer; /* also boolean, decimal, duration, time, choice */
    double number;   /* also percent */
    char text[TW_CONFIG_TEXT_SIZE];
} tw_config_value;

/* The row of a name; false if there is none. */
bool tw_config_find(const tw_config *config, tw_slice name, size_t *ret_index);

/* Reads a value and holds it against its row's range. TW_PARSE, TW_RANGE. */
tw_status tw_config_value_parse(const tw_config_option *option, tw_slice text,
                                tw_config_value *ret_value) TW_MUST_CHECK;

/* Writes a checked value into its field. */
void tw_config_value_write(tw_config *config, size_t index, const tw_config_value *value,
                           tw_config_origin origin);

/* Writes `batch-rows: "zero" is not understood; expected ...`. */
void tw_config_describe_bad_value(const tw_config_option *option, tw_slice given, tw_status status,
                                  char sentence[TW_CONFIG_SENTENCE_SIZE]);

/* Writes `unknown setting "batch-row"; did you mean "batch-rows"?`. */
void tw_config_describe_unknown(const tw_config *config, tw_slice name,
                                char sentence[TW_CONFIG_SENTENCE_SIZE]);

/* Appends the row's range with its unit ("1 to 100 rows", "at least 1ms"); false if it has none. */
bool tw_config_append_range(const tw_config_option *option, tw_text *text);

#endif
