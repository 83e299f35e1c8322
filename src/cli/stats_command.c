#include "command.h"
int command_stats(int argc, char **argv) { (void)argc; (void)argv; return EXIT_FAILED; }
