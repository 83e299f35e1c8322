"""The symbol check finds planted impurities and missing exports, and nothing in clean code."""

import os
import subprocess
import sys

import cases

check_symbols = cases.load_tool("check_symbols")


def compile_object(folder, name, text, *flags):
    source = cases.write(folder, name + ".c", text)
    target = folder / (name + ".o")
    subprocess.run([os.environ.get("CC", "cc"), "-O1", "-fno-builtin", *flags, "-c", str(source),
                    "-o", str(target)], check=True)
    return target


def archive(folder, *objects, thin=False):
    target = folder / "libplanted.a"
    subprocess.run(["ar", "rcsT" if thin else "rcs", str(target), *map(str, objects)], check=True)
    return str(target)


def expect_call(folder, body, symbol):
    planted = compile_object(folder, "planted", body)
    problems = check_symbols.check_pure([archive(folder, planted)])
    cases.expect(problems == [f"libplanted.a: planted.o calls {symbol}, "
                              "which a pure module may not"], f"{problems}")


def test_memory_and_libm_are_pure(folder):
    clean = compile_object(folder, "clean", "#include <string.h>\n#include <math.h>\n"
                           "int tw_other(void);\n"
                           "double f(char *a, char *b, double x)"
                           "{ memmove(a, b, 9); return sqrt(x) + fmax(x, 1) + tw_other(); }\n")
    cases.expect(check_symbols.check_pure([archive(folder, clean)]) == [], "clean code is clean")


def test_what_libm_rounds_as_it_likes_is_named(folder):
    for call in ("log", "exp", "cbrt", "tanh"):
        planted = compile_object(folder, "planted", "#include <math.h>\n"
                                 f"double f(double x) {{ return {call}(x); }}\n")
        problems = check_symbols.check_pure([archive(folder, planted)])
        cases.expect(problems == [f"libplanted.a: planted.o calls {call}, whose last bits differ "
                                  "from machine to machine"], f"{problems}")


def test_a_call_inside_the_archive_is_no_call_out(folder):
    one = compile_object(folder, "one", "int inner(void); int outer(void) { return inner(); }\n")
    two = compile_object(folder, "two", "int inner(void); int inner(void) { return 1; }\n")
    cases.expect(check_symbols.check_pure([archive(folder, one, two)]) == [], "inner is inside")


def test_the_heap_is_named(folder):
    expect_call(folder, "#include <stdlib.h>\nvoid *f(void) { return malloc(3); }\n", "malloc")


def test_a_clock_is_named(folder):
    expect_call(folder, "#include <time.h>\nint f(struct timespec *t)"
                "{ return clock_gettime(CLOCK_REALTIME, t); }\n", "clock_gettime")


def test_stdio_is_named(folder):
    expect_call(folder, '#include <stdio.h>\nint f(void) { return printf("%d", 1); }\n', "printf")


def test_a_thread_is_named(folder):
    expect_call(folder, "#include <pthread.h>\nint f(pthread_mutex_t *m)"
                "{ return pthread_mutex_lock(m); }\n", "pthread_mutex_lock")


def test_a_socket_is_named(folder):
    expect_call(folder, "#include <sys/socket.h>\nint f(void) { return socket(1, 2, 3); }\n",
                "socket")


def test_randomness_is_named(folder):
    expect_call(folder, "#include <stdlib.h>\nint f(void) { return rand(); }\n", "rand")


def test_a_sort_that_may_allocate_is_named(folder):
    expect_call(folder, "#include <stdlib.h>\nint c(const void *, const void *);"
                "int c(const void *a, const void *b) { return a < b; }\n"
                "void f(int *a) { qsort(a, 2, 4, c); }\n", "qsort")


def test_our_own_clock_is_named(folder):
    expect_call(folder, "long tw_time_wall_ns(void); long f(void) { return tw_time_wall_ns(); }\n",
                "tw_time_wall_ns")


def test_a_thin_archive_is_read_too(folder):
    planted = compile_object(folder, "planted", "#include <stdlib.h>\nvoid f(void) { abort(); }\n")
    problems = check_symbols.check_pure([archive(folder, planted, thin=True)])
    cases.expect(len(problems) == 1 and "planted.o calls abort" in problems[0], f"{problems}")


HEADER = """
#define TW_API __attribute__((visibility("default")))
/* TW_API int tw_only_in_a_comment(void); */
TW_API const char *tw_first(int number)
    __attribute__((cold));
TW_API int
tw_second(void);
"""


def shared(folder, text):
    planted = compile_object(folder, "planted", text, "-fPIC", "-fvisibility=hidden", f"-I{folder}")
    target = folder / "libplanted.so"
    subprocess.run([os.environ.get("CC", "cc"), "-shared", str(planted), "-o", str(target)],
                   check=True)
    return str(target)


def test_what_is_declared_is_exported(folder):
    cases.write(folder, "planted.h", HEADER)
    library = shared(folder, '#include "planted.h"\nint hidden(void); int hidden(void) {return 2;}\n'
                     'const char *tw_first(int n) { return n + "a"; }\n'
                     "int tw_second(void) { return hidden(); }\n")
    problems = check_symbols.check_exports(library, str(folder))
    cases.expect(problems == [], f"{problems}")


def test_a_declared_function_that_is_missing_is_named(folder):
    cases.write(folder, "planted.h", HEADER)
    library = shared(folder, '#include "planted.h"\nint tw_second(void) { return 1; }\n')
    problems = check_symbols.check_exports(library, str(folder))
    cases.expect(problems == ["planted.h: declared, but the library does not export tw_first"],
                 f"{problems}")


def test_an_export_without_a_declaration_is_named(folder):
    cases.write(folder, "planted.h", HEADER)
    library = shared(folder, '#include "planted.h"\nconst char *tw_first(int n) { return n + "a"; }\n'
                     "int tw_second(void) { return 1; }\n"
                     "TW_API int tw_third(void); int tw_third(void) { return 3; }\n")
    problems = check_symbols.check_exports(library, str(folder))
    cases.expect(problems == ["libplanted.so: tw_third is exported but no public header declares it"],
                 f"{problems}")


sys.exit(cases.run(globals().copy()))
