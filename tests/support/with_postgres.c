/*
 * with_postgres.c - runs a command beside a private PostgreSQL server.
 *
 *     with_postgres COMMAND [ARGUMENTS...]
 *
 * The command finds the folder of the server's socket in TRADEWIND_SERVER; on a machine without
 * PostgreSQL that is not set. The status is the command's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "private_postgres.h"

int main(int argc, char **argv) {
    int result = 0;
    if (argc < 2) {
        fputs("usage: with_postgres COMMAND [ARGUMENTS...]\n", stderr);
        return 2;
    }
    private_postgres *server = private_postgres_start("");
    if (server != NULL)
        setenv("TRADEWIND_SERVER", private_postgres_folder(server), 1);
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    bool ended = child > 0 && waitpid(child, &result, 0) == child;
    private_postgres_stop(server);
    return ended && WIFEXITED(result) ? WEXITSTATUS(result) : 1;
}
