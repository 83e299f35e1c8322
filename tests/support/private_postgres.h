/*
 * private_postgres.h - a PostgreSQL server that belongs to one test program.
 *
 *     private_postgres *server = private_postgres_start("max_connections=20");
 *     if (server == NULL) skip();
 *     ... private_postgres_address(server, "name", address, sizeof address) ...
 *     private_postgres_stop(server);
 *
 * The newest version under /usr/lib/postgresql is taken, or the one in PATH. It has a folder of its
 * own under /tmp, listens on a socket in it and on nothing else, trusts whoever can reach that
 * socket, and does not wait for the disk (so a test of durability is one of processes that die, not
 * of power cuts). It is stopped, and its folder removed, at the exit of the program at the latest.
 * PostgreSQL refuses to run as root: for root it runs as the user postgres.
 */
#ifndef TRADEWIND_TESTS_PRIVATE_POSTGRES_H
#define TRADEWIND_TESTS_PRIVATE_POSTGRES_H

#include <stdbool.h>
#include <stddef.h>

#define PRIVATE_POSTGRES_ADDRESS_SIZE 256

typedef struct private_postgres private_postgres;

/* Starts a server; NULL when there is none on this machine. `options`: further settings, separated
 * by spaces, or empty. Anything else that goes wrong ends the program with the server's log. */
private_postgres *private_postgres_start(const char *options);
void private_postgres_stop(private_postgres *server);

/* The folder of its socket, and the socket itself. */
const char *private_postgres_folder(const private_postgres *server);
const char *private_postgres_socket(const private_postgres *server);

/* The address of a store of this name (a schema of the only database). */
void private_postgres_address(const private_postgres *server, const char *name, char *ret_address,
                              size_t capacity);

/* Ends it as kill -9 would, without it having written anything more; and starts it again. */
void private_postgres_crash(private_postgres *server);
void private_postgres_restart(private_postgres *server);

/* Appends a line to pg_hba.conf, before the others, and has it read. */
void private_postgres_admit(private_postgres *server, const char *line);

#endif
