/* monitor_terminal.c - see monitor_terminal.h. */
#include "monitor_terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { WIDTH = 80, HEIGHT = 24 };

/* Into the other screen and back; the cursor away and back. (xterm's private modes, which all
 * terminals of today know.) */
static const char ENTER[] = "\033[?1049h\033[?25l\033[2J";
static const char LEAVE[] = "\033[?25h\033[?1049l";
static const char HOME[] = "\033[H";
static const char CLEAR_REST[] = "\033[J";

/* The process has one terminal; atexit takes no argument. */
static struct termios before;
static bool is_open;

static tw_status write_all(const char *bytes, size_t size, tw_error *error) {
    while (size > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return tw_error_set_errno(error, errno, "the terminal cannot be written");
        bytes += written;
        size -= (size_t)written;
    }
    return TW_OK;
}

bool monitor_terminal_is_there(void) {
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

void monitor_terminal_close(void) {
    tw_error error = {0};
    if (!is_open)
        return;
    is_open = false;
    (void)!tcsetattr(STDIN_FILENO, TCSAFLUSH, &before); /* gone with its window: nothing to mend */
    if (write_all(LEAVE, sizeof LEAVE - 1, &error) != TW_OK)
        return;
}

tw_status monitor_terminal_open(tw_error *error) {
    static bool registered;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return tw_error_set_errno(error, errno, "the terminal cannot be asked for its settings");
    if (!registered && atexit(monitor_terminal_close) != 0)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to restore the terminal at the end");
    registered = true;
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    quiet.c_cc[VMIN] = 0;
    quiet.c_cc[VTIME] = 0;
    quiet.c_cc[VSUSP] = _POSIX_VDISABLE; /* it would leave the other screen behind */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) != 0)
        return tw_error_set_errno(error, errno, "the terminal cannot be set");
    is_open = true;
    return write_all(ENTER, sizeof ENTER - 1, error);
}

void monitor_terminal_size(uint32_t *ret_width, uint32_t *ret_height) {
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
        size = (struct winsize){.ws_col = WIDTH, .ws_row = HEIGHT};
    *ret_width = size.ws_col;
    *ret_height = size.ws_row;
}

tw_status monitor_terminal_show(tw_slice screen, tw_error *error) {
    static char bytes[64 * 1024];
    tw_text all = tw_text_over(bytes, sizeof bytes);
    tw_text_append_string(&all, HOME);
    tw_text_append(&all, screen);
    tw_text_append_string(&all, CLEAR_REST);
    return write_all(all.data, all.size, error);
}

char monitor_terminal_key(void) {
    char key = 0;
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    if (poll(&wait, 1, 0) <= 0 || read(STDIN_FILENO, &key, 1) != 1)
        return 0;
    return key;
}
