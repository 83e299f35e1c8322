/*
 * config.h - configuration from one table a module.
 *
 * A module states its settings once, as rows of tw_config_option: name, type, unit, range,
 * default and help. The same rows fill the module's plain config struct from defaults, a file,
 * the environment and options (in this order, later wins), print `--help` and the manual, and
 * tell where each effective value came from. Unknown keys are errors.
 *
 *     static const tw_config_option options[] = {
 *         {"batch-rows", TW_CONFIG_INTEGER, "rows", "1", "1000000", "10000",
 *          "rows a commit", NULL, offsetof(my_config, batch_rows)},
 *     };
 *
 * Files: `key = value` a line, `[section]` headings prefix keys with "section.", `#` at the
 * start of a line or after white space begins a comment; a value may be quoted with "...".
 * Lines are at most TW_CONFIG_LINE_SIZE bytes.
 *
 * Memory: nothing is allocated; text values are copied into char arrays of the target struct.
 * Threads: a tw_config belongs to its owner.
 */
#ifndef TRADEWIND_CONFIG_H
#define TRADEWIND_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tradewind/api.h"
#include "tradewind/error.h"
#include "tradewind/text.h"

#define TW_CONFIG_LINE_SIZE 4096
#define TW_CONFIG_OPTION_COUNT_MAX 128
#define TW_CONFIG_TEXT_SIZE 512 /* a TW_CONFIG_TEXT field is char[TW_CONFIG_TEXT_SIZE] */

typedef enum tw_config_type {
    TW_CONFIG_BOOLEAN,  /* bool: yes no true false on off 1 0 */
    TW_CONFIG_INTEGER,  /* int64_t, with k M G suffixes of 1000 */
    TW_CONFIG_NUMBER,   /* double */
    TW_CONFIG_PERCENT,  /* double, as a fraction: "5%" and "0.05" are 0.05 */
    TW_CONFIG_DECIMAL,  /* int64_t at 1e-9, exact */
    TW_CONFIG_DURATION, /* int64_t nanoseconds */
    TW_CONFIG_TIME,     /* int64_t nanoseconds since the epoch */
    TW_CONFIG_TEXT,     /* char[TW_CONFIG_TEXT_SIZE] */
    TW_CONFIG_SECRET,   /* as TEXT; printed as "********" */
    TW_CONFIG_CHOICE    /* int: index into the "a|b|c" of `choices` */
} tw_config_type;

typedef enum tw_config_origin {
    TW_CONFIG_FROM_DEFAULT,
    TW_CONFIG_FROM_FILE,
    TW_CONFIG_FROM_ENVIRONMENT,
    TW_CONFIG_FROM_OPTION
} tw_config_origin;

typedef struct tw_config_option {
    const char *name; /* "batch-rows"; in a file also under its section */
    tw_config_type type;
    const char *unit;          /* shown in help, or NULL */
    const char *minimum;       /* inclusive, in the type's own text, or NULL */
    const char *maximum;       /* inclusive, or NULL */
    const char *default_value; /* NULL: zero or empty */
    const char *help;          /* one sentence, no full stop */
    const char *choices;       /* "real|step" for TW_CONFIG_CHOICE, else NULL */
    size_t offset;             /* of the field in the target struct */
} tw_config_option;

typedef struct tw_config {
    const tw_config_option *options;
    size_t count;
    void *target; /* the module's config struct */
    /* Rows of the same section that another table reads: passed over in a file, not unknown. */
    const tw_config_option *others;
    size_t other_count;
    tw_config_origin origins[TW_CONFIG_OPTION_COUNT_MAX];
} tw_config;

TW_BEGIN_DECLS

/* Binds a table to a struct and writes all defaults into it. A default outside its own range
 * is a programmer error. */
TW_API void tw_config_init(tw_config *config, const tw_config_option *options, size_t count,
                           void *target);

/* Sets one value from text. TW_NOT_FOUND for an unknown name (the message suggests the nearest
 * known one), TW_PARSE or TW_RANGE for a bad value; nothing is written then. */
TW_API tw_status tw_config_set(tw_config *config, tw_slice name, tw_slice value,
                               tw_config_origin origin, tw_error *error) TW_MUST_CHECK;

/* Reads a whole file. The message of an error names file, line and what was expected. Keys of
 * sections other than `section` (NULL: the part before any heading) are checked for form only.
 * A key that is set twice is TW_EXISTS, a secret in a file that others may read TW_PERMISSION.
 * When it fails nothing is changed. */
TW_API tw_status tw_config_read_file(tw_config *config, const char *path, const char *section,
                                     tw_error *error) TW_MUST_CHECK;

/* Refuses a file with a section that is not one of `sections` ("" is the part before any
 * heading): each table reads only its own section and cannot see a misspelt heading. */
TW_API tw_status tw_config_check_sections(const char *path, const char *const *sections,
                                          size_t count, tw_error *error) TW_MUST_CHECK;

/* The row whose name is most like `name`, for "did you mean"; NULL if none is like it. */
TW_API const tw_config_option *tw_config_nearest(const tw_config_option *options, size_t count,
                                                 tw_slice name);

/* Writes the effective text of option `index` (secrets masked) into `text`. */
TW_API void tw_config_format(const tw_config *config, size_t index, tw_text *text);

/* "default", "file", "environment", "option". */
TW_API const char *tw_config_origin_name(tw_config_origin origin);

/* Writes the `--help` lines of the table in two columns, wrapped to 80:
 *     --batch-rows N            rows a commit (1 to 1000000 rows; default 10000) */
TW_API void tw_config_help(const tw_config_option *options, size_t count, tw_text *text);

/* Writes one of these lines; `lead` stands before the name: "  ", or "  -b, " with a short form. */
TW_API void tw_config_help_row(const tw_config_option *option, const char *lead, tw_text *text);

TW_END_DECLS

#endif
