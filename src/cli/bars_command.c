#include "command.h"
int command_bars(int argc, char **argv) { (void)argc; (void)argv; return EXIT_FAILED; }
