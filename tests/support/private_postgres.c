/*
 * private_postgres.c - initdb, pg_ctl start, pg_ctl stop, through the shell.
 *
 * A guard, a process that waits for the end of the test program on a pipe, stops the server and
 * removes the folder also when the program is killed.
 */
#include "private_postgres.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_SIZE 2048
#define SERVER_COUNT_MAX 4

struct private_postgres {
    char folder[64];
    char socket[96];
    char bin[256];
    char options[256];
    bool running;
    int guard_fd;
    pid_t guard;
};

static private_postgres servers[SERVER_COUNT_MAX];

/* Runs a command of the server's, as its user. */
static int run(const private_postgres *server, const char *command) {
    char line[2 * COMMAND_SIZE];
    const char *as_user = geteuid() == 0 ? "runuser -u postgres -- " : "";
    snprintf(line, sizeof line, "cd '%s' && %s'%s'/%s >>'%s/commands.log' 2>&1", server->folder,
             as_user, server->bin, command, server->folder);
    return system(line);
}

static void give_up(const private_postgres *server, const char *what) {
    char line[2 * COMMAND_SIZE];
    fprintf(stderr, "private_postgres: %s failed in %s\n", what, server->folder);
    snprintf(line, sizeof line, "tail -n 40 '%s/commands.log' '%s/server.log' >&2", server->folder,
             server->folder);
    int shown = system(line);
    (void)shown;
    exit(1);
}

/* The newest version is last: the names sort by number as long as they have two digits. */
static bool find_binaries(private_postgres *server) {
    glob_t found = {0};
    bool there = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0;
    if (there) {
        const char *newest = found.gl_pathv[found.gl_pathc - 1];
        snprintf(server->bin, sizeof server->bin, "%.*s", (int)(strlen(newest) - strlen("/initdb")),
                 newest);
    }
    globfree(&found);
    if (there || access("/usr/bin/initdb", X_OK) != 0)
        return there;
    snprintf(server->bin, sizeof server->bin, "/usr/bin");
    return true;
}

static void start(private_postgres *server) {
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command,
             "pg_ctl -D '%s/data' -l '%s/server.log' -w -t 60 start -o \"-c listen_addresses= "
             "-c unix_socket_directories='%s' -c fsync=off -c full_page_writes=off "
             "-c max_wal_size=2GB -c shared_buffers=64MB%s\"",
             server->folder, server->folder, server->folder, server->options);
    if (run(server, command) != 0)
        give_up(server, "pg_ctl start");
    server->running = true;
}

static void remove_folder(const private_postgres *server) {
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command, "rm -rf '%s'", server->folder);
    int removed = system(command);
    (void)removed;
}

static void set_guard(private_postgres *server) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        give_up(server, "pipe");
    server->guard = fork();
    if (server->guard == 0) {
        char byte;
        close(ends[1]);
        setsid();
        while (read(ends[0], &byte, 1) > 0) {
        }
        if (access(server->folder, F_OK) == 0) {
            private_postgres_crash(server);
            remove_folder(server);
        }
        _exit(0);
    }
    close(ends[0]);
    server->guard_fd = ends[1];
}

static void stop_all(void) {
    for (int i = 0; i < SERVER_COUNT_MAX; i++)
        private_postgres_stop(&servers[i]);
}

static void keep_options(private_postgres *server, const char *options) {
    size_t size = 0;
    while (*options != '\0') {
        size_t length = strcspn(options, " ");
        size += (size_t)snprintf(server->options + size, sizeof server->options - size, " -c %.*s",
                                 (int)length, options);
        options += length + (options[length] == ' ');
    }
}

private_postgres *private_postgres_start(const char *options) {
    static bool registered;
    private_postgres *server = servers;
    while (server->folder[0] != '\0' && server < servers + SERVER_COUNT_MAX - 1)
        server++;
    if (server->folder[0] != '\0' || !find_binaries(server))
        return NULL;
    if (!registered)
        atexit(stop_all);
    registered = true;
    keep_options(server, options);
    strcpy(server->folder, "/tmp/tradewind-pg-XXXXXX");
    if (mkdtemp(server->folder) == NULL)
        return NULL;
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command, "chown postgres '%s'", server->folder);
    if (geteuid() == 0 && system(command) != 0)
        give_up(server, "chown");
    snprintf(command, sizeof command,
             "initdb -D '%s/data' -A trust -U tradewind -E UTF8 --locale=C --no-sync",
             server->folder);
    if (run(server, command) != 0)
        give_up(server, "initdb");
    snprintf(server->socket, sizeof server->socket, "%s/.s.PGSQL.5432", server->folder);
    start(server);
    set_guard(server);
    return server;
}

void private_postgres_stop(private_postgres *server) {
    if (server == NULL || server->folder[0] == '\0')
        return;
    if (server->running)
        private_postgres_crash(server);
    remove_folder(server);
    close(server->guard_fd);
    waitpid(server->guard, NULL, 0);
    memset(server, 0, sizeof *server);
}

const char *private_postgres_folder(const private_postgres *server) {
    return server->folder;
}

const char *private_postgres_socket(const private_postgres *server) {
    return server->socket;
}

void private_postgres_address(const private_postgres *server, const char *name, char *ret_address,
                              size_t capacity) {
    snprintf(ret_address, capacity,
             "postgresql://tradewind@/postgres?host=%s&options=-csearch_path%%3D%s", server->folder,
             name);
}

void private_postgres_crash(private_postgres *server) {
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command, "pg_ctl -D '%s/data' -m immediate -w stop", server->folder);
    if (run(server, command) != 0)
        give_up(server, "pg_ctl stop");
    server->running = false;
}

void private_postgres_restart(private_postgres *server) {
    start(server);
}

void private_postgres_admit(private_postgres *server, const char *line) {
    char command[COMMAND_SIZE];
    snprintf(command, sizeof command, "sed -i '1i %s' '%s/data/pg_hba.conf'", line, server->folder);
    if (system(command) != 0)
        give_up(server, "sed");
    snprintf(command, sizeof command, "pg_ctl -D '%s/data' reload", server->folder);
    if (run(server, command) != 0)
        give_up(server, "pg_ctl reload");
}
