/* test_safe_path.c - what others could change, or could turn elsewhere, is found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "safe_path.h"

enum { PATH_SIZE = 128, STRANGER = 65534, NO_GROUP = 61234 };

static char folder[] = "/tmp/tradewind-safe-XXXXXX";
static char file[PATH_SIZE];
static tw_error error;

static const char *within(const char *name) {
    static char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void assert_safe(const char *path) {
    assert_int_equal(safe_path_check("it is not read", path, NULL, &error), TW_OK);
}

static void assert_unsafe(const char *path, const char *sentence) {
    error = (tw_error){0};
    assert_int_equal(safe_path_check("it is not read", path, NULL, &error), TW_PERMISSION);
    if (strstr(error.message, sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, sentence);
}

static void the_file_and_its_folders_are_looked_at(void **state) {
    (void)state;
    char sentence[PATH_SIZE * 3];
    assert_safe(file);
    assert_int_equal(chmod(file, 0602), 0);
    snprintf(sentence, sizeof sentence, "it is not read: others may change %s: chmod go-w %s", file,
             file);
    assert_unsafe(file, sentence);
    assert_int_equal(chmod(file, 0600), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    assert_unsafe(file, "others may change /tmp/");
    assert_int_equal(chmod(folder, 01777), 0);
    assert_safe(file);
    assert_int_equal(chmod(folder, 0700), 0);
}

static void a_name_is_of_the_current_folder(void **state) {
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_safe("file");
    assert_int_equal(chmod(folder, 0777), 0);
    assert_unsafe("file", "others may change /tmp/");
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(safe_path_check("it", within("none"), NULL, &error), TW_NOT_FOUND);
}

static void only_root_can_try(void) {
    if (geteuid() != 0)
        skip(); /* nobody else can give a file away */
}

static void what_belongs_to_a_stranger_is_told_with_its_owner(void **state) {
    (void)state;
    only_root_can_try();
    assert_int_equal(chown(file, STRANGER, (gid_t)-1), 0);
    assert_unsafe(file, "belongs to user 65534");
    assert_int_equal(chown(file, 0, (gid_t)-1), 0);
    assert_safe(file);
}

/* In a sticky folder anybody may make a link, and turn it to another file at any time. */
static void the_link_of_a_stranger_is_not_followed(void **state) {
    (void)state;
    only_root_can_try();
    char link[PATH_SIZE];
    char inner[PATH_SIZE + 8];
    snprintf(link, sizeof link, "%s", within("link"));
    assert_int_equal(symlink(file, link), 0);
    assert_safe(link);
    assert_int_equal(lchown(link, STRANGER, (gid_t)-1), 0);
    assert_unsafe(link, "belongs to user 65534");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink(folder, link), 0);
    assert_int_equal(lchown(link, STRANGER, (gid_t)-1), 0);
    snprintf(inner, sizeof inner, "%s/file", link);
    assert_unsafe(inner, "belongs to user 65534");
    assert_int_equal(unlink(link), 0);
}

/* One's own link leads through a folder of others, where a link in between is theirs to turn; both
 * ends are safe. */
static void a_link_in_between_is_looked_at(void **state) {
    (void)state;
    char hostile[PATH_SIZE];
    char middle[PATH_SIZE + 8];
    char link[PATH_SIZE];
    snprintf(hostile, sizeof hostile, "%s", within("hostile"));
    snprintf(middle, sizeof middle, "%s/cur", hostile);
    snprintf(link, sizeof link, "%s", within("link"));
    assert_int_equal(mkdir(hostile, 0700), 0);
    assert_int_equal(symlink("../file", middle), 0);
    assert_int_equal(symlink("hostile/cur", link), 0);
    char real[SAFE_PATH_SIZE];
    assert_int_equal(safe_path_check("it", link, real, &error), TW_OK);
    assert_string_equal(real, file);
    assert_int_equal(chmod(hostile, 0777), 0);
    assert_unsafe(link, "/hostile: chmod go-w");
    assert_int_equal(chmod(hostile, 01777), 0);
    assert_safe(link);
    if (geteuid() == 0) {
        assert_int_equal(lchown(middle, STRANGER, (gid_t)-1), 0);
        assert_unsafe(link, "/hostile/cur belongs to user 65534");
    }
    assert_int_equal(unlink(link), 0);
    assert_int_equal(unlink(middle), 0);
    assert_int_equal(rmdir(hostile), 0);
}

static void links_that_lead_nowhere_come_to_an_end(void **state) {
    (void)state;
    char link[PATH_SIZE];
    snprintf(link, sizeof link, "%s", within("link"));
    assert_int_equal(symlink("link", link), 0);
    assert_int_not_equal(safe_path_check("it", link, NULL, &error), TW_OK);
    assert_int_equal(unlink(link), 0);
    assert_int_equal(safe_path_check("it", within("file/"), NULL, &error), TW_NOT_FOUND);
    assert_int_equal(safe_path_check("it", "", NULL, &error), TW_NOT_FOUND);
    assert_int_equal(symlink("file/..", link), 0); /* what is no folder has nothing above it */
    assert_int_equal(safe_path_check("it", link, NULL, &error), TW_NOT_FOUND);
    assert_int_equal(unlink(link), 0);
}

/* The group that a user was made with has nobody else in it; another may. */
static void a_group_is_trusted_only_if_it_is_ones_own(void **state) {
    (void)state;
    only_root_can_try();
    assert_int_equal(chmod(file, 0660), 0);
    assert_safe(file);
    assert_int_equal(chown(file, (uid_t)-1, NO_GROUP), 0);
    assert_int_equal(chmod(file, 0660), 0);
    assert_unsafe(file, "others may change /tmp/");
    gid_t before = getegid();
    assert_int_equal(setegid(NO_GROUP), 0);
    tw_status status = safe_path_check("it is not read", file, NULL, &error);
    assert_int_equal(setegid(before), 0);
    assert_int_equal(status, TW_PERMISSION);
    assert_int_equal(chown(file, (uid_t)-1, before), 0);
    assert_int_equal(chmod(file, 0600), 0);
}

static int make(void **state) {
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s", within("file"));
    FILE *stream = fopen(file, "we");
    return stream == NULL || fclose(stream) != 0 || chmod(file, 0600) != 0 ? -1 : 0;
}

static int take_away(void **state) {
    (void)state;
    return unlink(file) != 0 || rmdir(folder) != 0 ? -1 : 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_and_its_folders_are_looked_at),
        cmocka_unit_test(a_name_is_of_the_current_folder),
        cmocka_unit_test(what_belongs_to_a_stranger_is_told_with_its_owner),
        cmocka_unit_test(the_link_of_a_stranger_is_not_followed),
        cmocka_unit_test(a_link_in_between_is_looked_at),
        cmocka_unit_test(links_that_lead_nowhere_come_to_an_end),
        cmocka_unit_test(a_group_is_trusted_only_if_it_is_ones_own),
    };
    return cmocka_run_group_tests(tests, make, take_away);
}
