/* gnuplot.c - see gnuplot.h. */
#include "gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char gnuplot_panels[] =
    "set multiplot\nset lmargin at screen 0.075\nset rmargin at screen 0.975\nset tics front\n"
    "set border 3\nset xtics nomirror\nset ytics nomirror\nset grid back lc '#dddddd'\n"
    "set style fill solid 1.0 noborder\nset datafile missing 'nan'\n";

/* What one gnuplot is given. */
typedef struct gnuplot_run {
    int picture; /* its standard output */
    int script;  /* the end of a pipe to its standard input */
    pid_t child;
} gnuplot_run;

/* In the child. gnuplot dies with its parent, however that ends: it must not go on drawing what
 * nobody waits for. Returns only if it cannot be started. */
static int become_gnuplot(int script, int picture, pid_t parent) {
    char name[] = "gnuplot";
    char no_settings[] = "-d"; /* of the user: they could send the picture elsewhere */
    char *arguments[] = {name, no_settings, NULL};
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return errno;
    if (getppid() != parent)
        return ESRCH; /* it ended before it could be watched */
    signal(SIGPIPE, SIG_DFL);
    if (dup2(script, STDIN_FILENO) < 0 || dup2(picture, STDOUT_FILENO) < 0)
        return errno;
    execvp(name, arguments);
    return errno;
}

/* Waits for the child to become gnuplot, which closes the pipe, or to tell why it could not. */
static int read_start(int report) {
    int os_errno = 0;
    ssize_t size;
    do
        size = read(report, &os_errno, sizeof os_errno);
    while (size < 0 && errno == EINTR);
    return size == sizeof os_errno ? os_errno : 0;
}

static int fork_gnuplot(gnuplot_run *run, int script, const int report[2]) {
    pid_t parent = getpid();
    run->child = fork();
    if (run->child < 0)
        return errno;
    if (run->child > 0)
        return 0;
    int os_errno = become_gnuplot(script, run->picture, parent);
    _exit(write(report[1], &os_errno, sizeof os_errno) < 0 ? 126 : 127);
}

static int wait_for(pid_t child) {
    int ending = 0;
    while (waitpid(child, &ending, 0) < 0 && errno == EINTR)
        continue;
    return ending;
}

static void close_both(const int ends[2]) {
    close(ends[0]);
    close(ends[1]);
}

/* Starts it with a pipe for its script. Returns 0 or the system's number of what went wrong. */
static int start_gnuplot(gnuplot_run *run) {
    int script[2];
    int report[2];
    if (pipe2(script, O_CLOEXEC) != 0)
        return errno;
    if (pipe2(report, O_CLOEXEC) != 0) {
        int os_errno = errno;
        close_both(script);
        return os_errno;
    }
    int os_errno = fork_gnuplot(run, script[0], report);
    close(report[1]);
    if (os_errno == 0) {
        os_errno = read_start(report[0]);
        if (os_errno != 0)
            wait_for(run->child);
    }
    close(report[0]);
    close(script[0]);
    run->script = script[1];
    if (os_errno != 0)
        close(script[1]);
    return os_errno;
}

static bool send_script(const gnuplot_run *run, gnuplot_script put_script, void *context) {
    FILE *script = fdopen(run->script, "w");
    if (script == NULL) {
        close(run->script);
        return false;
    }
    bool written = put_script(script, context);
    written = fflush(script) == 0 && ferror(script) == 0 && written;
    return fclose(script) == 0 && written;
}

/* gnuplot does not tell when its output could not be written: a whole PNG ends with this chunk. */
static bool is_whole(int picture, off_t size) {
    static const unsigned char end[] = {'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82};
    unsigned char last[sizeof end];
    return size > (off_t)sizeof end &&
           pread(picture, last, sizeof last, size - (off_t)sizeof end) == (ssize_t)sizeof last &&
           memcmp(last, end, sizeof end) == 0;
}

static tw_status draw(gnuplot_run *run, gnuplot_script put_script, void *context, const char *what,
                      tw_error *error) {
    struct stat drawn = {0};
    int os_errno = start_gnuplot(run);
    if (os_errno == ENOENT)
        return tw_error_set(error, TW_NOT_FOUND,
                            "--plot needs the program gnuplot (Debian: apt install gnuplot-nox)");
    if (os_errno != 0)
        return tw_error_set_errno(error, os_errno, "gnuplot cannot be started");
    bool written = send_script(run, put_script, context);
    int ending = wait_for(run->child);
    if (!written || !WIFEXITED(ending) || WEXITSTATUS(ending) != 0)
        return tw_error_set(error, TW_IO, "gnuplot failed to draw %s", what);
    if (fstat(run->picture, &drawn) != 0 || drawn.st_size == 0)
        return tw_error_set(error, TW_IO, "gnuplot drew nothing of %s", what);
    if (!is_whole(run->picture, drawn.st_size))
        return tw_error_set(error, TW_IO, "the picture of %s is not whole: is there room for it?",
                            what);
    return TW_OK;
}

tw_status gnuplot_draw(const char *path, gnuplot_script put_script, void *context, const char *what,
                       tw_error *error) {
    gnuplot_run run = {.picture = open(path, O_RDWR | O_TRUNC | O_CLOEXEC)};
    if (run.picture < 0)
        return tw_error_set_errno(error, errno, "the picture of %s cannot be written", what);
    tw_status status = draw(&run, put_script, context, what, error);
    close(run.picture);
    return status;
}
