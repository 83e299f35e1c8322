#!/usr/bin/env python3
"""check_symbols.py - what the libraries of the house call, and what the built library exports.

    check_symbols.py pure ARCHIVE...          core/* and kit/*: no clock, heap, random, stdio,
                                              socket or thread; only what PURE lists, and of
                                              libm what has the same bits on every machine
    check_symbols.py exports LIBRARY FOLDER   everything that the headers in FOLDER declare TW_API
                                              is exported, and nothing else of ours is

`pure` reads `nm -u` of each object in the archives; a symbol that any of the archives defines does
not count, for it is judged there (a header may be lent from room to room). A call that goes through our own base library (tw_time_wall_ns)
would hide a clock from nm, so those few names are in IMPURE_OURS.

Prints one line a violation, naming object and symbol, and exits 1 if there is any.
"""

import os
import re
import subprocess
import sys

PURE = re.compile("|".join([
    # Memory and text that is already there.
    r"mem(cpy|set|move|cmp|chr)", r"str(len|nlen|cmp|ncmp|chr)", r"__mem(cpy|set|move)_chk",
    # libm, as far as it rounds right: the same bits everywhere.
    r"(sqrt|fabs|floor|ceil|round|rint|nearbyint|trunc|fmod|remainder|fma|fmin|fmax|fdim|copysign|"
    r"ldexp|frexp|modf|scalbn|ilogb|logb|nextafter|lround|llround|lrint|llrint)[fl]?",
    r"__(isnan|isinf|finite|signbit)[fl]?",
    # What the compiler itself adds.
    r"__stack_chk_fail", r"_GLOBAL_OFFSET_TABLE_", r"__(u?div|u?mod|u?divmod|mul)[dt]i[34]",
    r"__mulo[dt]i4", r"__(popcount|clz|ctz)[dt]i2", r"__float(un)?ti[dstx]f", r"__fix(uns)?[dstx]fti",
    r"__cpu_(model|indicator_init|features2)", r"__atomic_\w+", r"__tls_get_addr",
]))
# The rest of libm: each library has last bits of its own. base/logarithm.h, exponential.h and
# normal.h have none of that; only the indicators still call it.
VARYING = re.compile("|".join([
    r"(cbrt|exp|exp2|expm1|log|log2|log10|log1p|pow|hypot|sin|cos|sincos|tan|asin|acos|atan|atan2|"
    r"sinh|cosh|tanh|asinh|acosh|atanh|erf|erfc|tgamma|lgamma_r)[fl]?",
    r"_ZGV[bcde]\w+",  # libm's vector forms
]))
MAY_VARY = re.compile(r"lib(window|indicator)(_\w+)?\.a")
OURS = re.compile(r"tw_\w+")
# Functions of base that reach the world; the pure floors take time and log as arguments.
# tw_allocator_system is not among them: it is what a NULL allocator means, by alloc.h.
IMPURE_OURS = {"tw_time_wall_ns", "tw_time_monotonic_ns", "tw_log_write", "tw_config_read_file"}

# Coverage and sanitisers call their own runtime; such builds cannot be judged.
INSTRUMENTED = re.compile(r"__(asan|tsan|ubsan|msan|sanitizer|gcov|llvm_(profile|gcov))_")

DECLARATION = re.compile(r"\bTW_API\b[^;{]*?\b(tw_\w+)\s*[(;\[]", re.S)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)


def run_nm(*arguments):
    command = [os.environ.get("NM", "nm"), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"check_symbols: {' '.join(command)} failed: {done.stderr.strip()}")
    return done.stdout


def symbols_of(archive):
    """(undefined, defined): a list of (object, symbol), and the set of names the archive has."""
    undefined, defined, member = [], set(), ""
    for line in run_nm("-f", "bsd", archive).splitlines():
        if line.endswith(":") and " " not in line.strip():
            member = os.path.basename(line[:-1])
            continue
        fields = line.split()
        if len(fields) < 2:
            continue
        kind, name = fields[-2], fields[-1].partition("@")[0]
        if kind in ("U", "w", "v"):
            undefined.append((member, name))
        else:
            defined.add(name)
    return undefined, defined


def check_pure(archives):
    problems = []
    read = [(archive, *symbols_of(archive)) for archive in archives]
    defined = set().union(*(names for _, _, names in read))
    for archive, undefined, _ in read:
        for member, name in undefined:
            if name in defined or PURE.fullmatch(name):
                continue
            if INSTRUMENTED.match(name):
                sys.exit(f"check_symbols: {archive} is instrumented ({name}); use a plain build")
            if OURS.fullmatch(name) and name not in IMPURE_OURS:
                continue
            place = f"{os.path.basename(archive)}: {member} calls {name}, "
            if not VARYING.fullmatch(name):
                problems.append(place + "which a pure module may not")
            elif not MAY_VARY.fullmatch(os.path.basename(archive)):
                problems.append(place + "whose last bits differ from machine to machine")
    return problems


def declared(folder):
    """The names that the headers of the folder declare with TW_API, and where."""
    names = {}
    for header in sorted(name for name in os.listdir(folder) if name.endswith(".h")):
        with open(os.path.join(folder, header), encoding="utf-8") as source:
            text = COMMENT.sub(" ", source.read())
        text = re.sub(r"^\s*#.*?(?<!\\)$", " ", text, flags=re.S | re.M)
        for match in DECLARATION.finditer(text):
            names[match.group(1)] = header
    return names


def check_exports(library, folder):
    wanted = declared(folder)
    exported = set()
    for line in run_nm("-D", "--defined-only", "-f", "bsd", library).splitlines():
        exported.add(line.split()[-1].partition("@")[0])
    if not wanted:
        return [f"{folder}: no header here declares anything TW_API"]
    missing = {}
    for name in sorted(wanted):
        if name not in exported:
            missing.setdefault(wanted[name], []).append(name)
    problems = [f"{header}: declared, but the library does not export {', '.join(names)}"
                for header, names in sorted(missing.items())]
    problems += [f"{os.path.basename(library)}: {name} is exported but no public header declares it"
                 for name in sorted(exported) if OURS.fullmatch(name) and name not in wanted]
    return problems


def main(arguments):
    if len(arguments) >= 2 and arguments[0] == "pure":
        problems = check_pure(arguments[1:])
    elif len(arguments) == 3 and arguments[0] == "exports":
        problems = check_exports(arguments[1], arguments[2])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
