/* run_safety.c - see run_safety.h. */
#include "run_safety.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "safe_path.h"

/* The host of "scheme://host[:port][/...]"; an empty slice for anything else. */
static tw_slice host_of(const char *url) {
    const char *start = strstr(url, "://");
    tw_slice host = tw_slice_of(start == NULL ? "" : start + 3);
    if (host.size > 0 && host.data[0] == '[') {
        tw_slice inside = {host.data + 1, host.size - 1};
        return tw_slice_split(&inside, ']');
    }
    host = tw_slice_split(&host, '/');
    return tw_slice_split(&host, ':');
}

/* Money is safe with the paper venue and with an exchange on this machine; any other address is
 * taken for a live one, whatever --venue says. */
static bool is_play_money(const run_options *options, const venue_options *access) {
    static const char *const hosts[] = {"paper-api.alpaca.markets", "127.0.0.1", "localhost",
                                        "::1"};
    tw_slice host = host_of(access->trading_url);
    if (access->trading_url[0] == '\0')
        return options->venue == RUN_PAPER;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        if (tw_slice_equal_string(host, hosts[i]))
            return options->venue == RUN_PAPER;
    }
    return false;
}

static tw_status check_live(const run_options *options, const run_limits *limits,
                            const venue_options *access, tw_error *error) {
    if (options->venue != RUN_LIVE)
        return tw_error_set(error, TW_LIMIT,
                            "the trading address %s is not the paper venue's: real money needs "
                            "--venue live",
                            access->trading_url);
    if (!options->understood)
        return tw_error_set(error, TW_LIMIT,
                            "--venue live sends orders with real money: say --i-understand");
    if (options->order_value_max_nano == 0 || options->position_weight_max <= 0.0 ||
        limits->day_loss_max <= 0.0)
        return tw_error_set(error, TW_LIMIT,
                            "--venue live needs limits: give --max-order, --max-weight and "
                            "--max-day-loss");
    return TW_OK;
}

/* A name of one of our own descriptors: nobody else can turn it. */
static bool is_descriptor(const char *path) {
    static const char *const folders[] = {"/dev/fd/", "/proc/self/fd/"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        size_t size = strlen(folders[i]);
        if (strncmp(path, folders[i], size) == 0)
            return path[size] != '\0' && path[size + strspn(path + size, "0123456789")] == '\0';
    }
    return strcmp(path, "/dev/stdin") == 0;
}

/* A pipe that we were given is in no folder. One with a name of its own is, and is held to the rule
 * of files: by the time it is opened the name may lead elsewhere. */
static bool is_own_pipe(const char *path) {
    struct stat found;
    return strcmp(path, "-") == 0 ||
           (is_descriptor(path) && stat(path, &found) == 0 && S_ISFIFO(found.st_mode) &&
            found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0);
}

/* Whoever can change it chooses what the account holds. */
static tw_status check_targets(const char *path, tw_error *error) {
    char subject[TW_CONFIG_TEXT_SIZE + 32];
    if (path[0] == '\0' || is_own_pipe(path))
        return TW_OK;
    snprintf(subject, sizeof subject, "%s is not read", path);
    return safe_path_check(subject, path, NULL, error);
}

tw_status run_safety_check(const run_options *options, const run_limits *limits,
                           const venue_options *access, tw_error *error) {
    if (options->venue == RUN_DEMO)
        return TW_OK;
    if (venue_addresses_hold_credentials(access))
        return tw_error_set(error, TW_USAGE, "an address of the venue must not hold credentials");
    if (!is_play_money(options, access)) {
        tw_status status = check_live(options, limits, access, error);
        if (status != TW_OK)
            return status;
    }
    if (access->key_id[0] == '\0' || access->secret[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "the venue needs credentials: set APCA_API_KEY_ID and "
                            "APCA_API_SECRET_KEY, or try --venue demo");
    return check_targets(options->targets, error);
}

bool run_safety_is_typed(const char *section, const char *name, const char *value) {
    if (strcmp(section, "run") == 0)
        return strcmp(name, "i-understand") == 0 ||
               (strcmp(name, "venue") == 0 && strcmp(value, "live") == 0);
    if (strcmp(section, "strategy") == 0)
        return strcmp(name, "strategy-file") == 0;
    return strcmp(section, "venue") == 0 && venue_is_address(name);
}

bool run_safety_origins(const tw_arguments *arguments, const run_options *options) {
    const char *said = NULL;
    const char *address =
        options->venue == RUN_DEMO ? NULL : venue_address_of_file(&arguments->configs[VENUE_TABLE]);
    if (options->venue == RUN_LIVE &&
        command_origin(&arguments->configs[RUN_TABLE], "venue") == TW_CONFIG_FROM_FILE)
        said = "venue = live";
    if (options->understood &&
        command_origin(&arguments->configs[RUN_TABLE], "i-understand") != TW_CONFIG_FROM_OPTION)
        said = "i-understand";
    if (address != NULL)
        said = address;
    if (command_origin(&arguments->configs[STRATEGY_TABLE], "strategy-file") == TW_CONFIG_FROM_FILE)
        said = "strategy-file";
    if (said == NULL)
        return true;
    fprintf(stderr, "tradewind run: \"%s\" is not taken from %s: type it%s\n", said,
            arguments->config_path, said == address ? ", or set it in the environment" : "");
    return false;
}
