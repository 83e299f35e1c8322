"""The include check finds every kind of planted violation, and nothing in a clean house."""

import shutil
import sys

import cases

check_includes = cases.load_tool("check_includes")


def plant(folder):
    """A small clean house: base, a ring, a book, a match, an http, an engine and the command."""
    write = cases.write
    write(folder, "include/tradewind/status.h", "#include <stdint.h>\n")
    for module in ("core/market", "kit/ring", "kit/map", "core/book", "core/bars", "core/match",
                   "edge/loop", "edge/http", "run/engine", "run/exchange"):
        name = module.partition("/")[2]
        write(folder, f"include/tradewind/{name}.h", '#include "tradewind/status.h"\n')
        write(folder, f"src/{module}/{name}.c", f'#include "tradewind/{name}.h"\n#include <math.h>\n')
        write(folder, f"src/{module}/meson.build", "")
    write(folder, "src/base/status.c", '#include "tradewind/status.h"\n')
    write(folder, "src/cli/main.c", '#include "tradewind/engine.h"\n')
    names = sorted(path.name for path in (folder / "include/tradewind").iterdir())
    write(folder, "include/tradewind.h", "".join(f'#include "tradewind/{n}"\n' for n in names))


def expect_one(folder, place, *words):
    problems = check_includes.check(str(folder))
    cases.expect(len(problems) == 1, f"expected one problem, got {problems}")
    cases.expect(problems[0].startswith(place), f"expected it at {place}: {problems[0]}")
    for word in words:
        cases.expect(word in problems[0], f"expected '{word}' in: {problems[0]}")


def append(folder, path, line):
    with open(folder / path, "a", encoding="utf-8") as target:
        target.write(line + "\n")


def test_a_clean_house_has_no_problem(folder):
    plant(folder)
    cases.expect(check_includes.check(str(folder)) == [], check_includes.check(str(folder)))


def test_this_house_with_a_planted_include_is_caught(folder):
    for name in ("src", "include"):
        shutil.copytree(cases.ROOT / name, folder / name)
    before = check_includes.check(str(folder))
    cases.write(folder, "src/base/planted.c", '#include "tradewind/market.h"\n')
    after = check_includes.check(str(folder))
    cases.expect([p for p in after if p not in before] ==
                 ["src/base/planted.c:1: base may not include tradewind/market.h of core/market; "
                  "it may include nothing"], f"{after}")


def test_base_includes_nothing(folder):
    plant(folder)
    append(folder, "src/base/status.c", "#include <tradewind/ring.h>")
    expect_one(folder, "src/base/status.c:2:", "base may not include", "kit/ring")


def test_kit_machines_do_not_see_one_another_but_the_ring(folder):
    plant(folder)
    append(folder, "src/kit/map/map.c", '#include "tradewind/ring.h"')
    cases.expect(check_includes.check(str(folder)) == [], "the ring is for anyone")
    append(folder, "src/kit/ring/ring.c", '#include "tradewind/map.h"')
    expect_one(folder, "src/kit/ring/ring.c:3:", "kit/ring may not include")


def test_core_siblings_do_not_see_each_other(folder):
    plant(folder)
    append(folder, "src/core/bars/bars.c", '#include "tradewind/book.h"')
    expect_one(folder, "src/core/bars/bars.c:3:", "core/bars may not include")


def test_match_uses_the_book(folder):
    plant(folder)
    append(folder, "src/core/match/match.c", '#include "tradewind/book.h"')
    cases.expect(check_includes.check(str(folder)) == [], "match may use book")


def test_no_floor_looks_up(folder):
    plant(folder)
    append(folder, "src/core/book/book.c", '#include "tradewind/http.h"')
    expect_one(folder, "src/core/book/book.c:3:", "core/book may not include")


def test_the_engine_does_not_see_a_concrete_edge_or_the_exchange(folder):
    plant(folder)
    append(folder, "src/run/engine/engine.c", '#include "tradewind/exchange.h"')
    expect_one(folder, "src/run/engine/engine.c:3:", "run/engine may not include")


def test_a_public_header_obeys_the_row_of_its_module(folder):
    plant(folder)
    append(folder, "include/tradewind/book.h", "#  include <tradewind/engine.h>")
    expect_one(folder, "include/tradewind/book.h:2:", "core/book may not include")


def test_a_private_header_stays_in_its_module(folder):
    plant(folder)
    cases.write(folder, "src/core/book/book_priv.h", "")
    append(folder, "src/core/match/match.c", '#include "../book/book_priv.h"')
    expect_one(folder, "src/core/match/match.c:3:", "private to core/book")


def test_a_lent_header_obeys_the_table(folder):
    plant(folder)
    cases.write(folder, "src/edge/source/source.h", "")
    cases.write(folder, "src/edge/tape/tape.c", '#include "source.h"\n')
    cases.write(folder, "src/edge/store/store.c", '#include "source.h"\n')
    expect_one(folder, "src/edge/store/store.c:", "edge/store may not include")


def test_nothing_includes_the_command(folder):
    plant(folder)
    cases.write(folder, "src/cli/table.h", "")
    append(folder, "src/run/engine/engine.c", '#include "table.h"')
    expect_one(folder, "src/run/engine/engine.c:3:", "private to cli")


def test_a_module_without_a_row_is_told(folder):
    plant(folder)
    cases.write(folder, "src/attic/chest/chest.c", "")
    expect_one(folder, "src/attic/chest/chest.c:1:", "no row")


def test_the_modules_do_not_use_the_umbrella(folder):
    plant(folder)
    append(folder, "src/core/book/book.c", "#include <tradewind.h>")
    expect_one(folder, "src/core/book/book.c:3:", "umbrella")


def test_the_umbrella_has_every_header(folder):
    plant(folder)
    cases.write(folder, "include/tradewind/book_depth.h", "")
    expect_one(folder, "include/tradewind.h:1:", "does not include tradewind/book_depth.h")


def test_file_names_are_unique(folder):
    plant(folder)
    cases.write(folder, "tools/book.c", "")
    expect_one(folder, "tools/book.c:1:", "taken by src/core/book/book.c")


sys.exit(cases.run(globals().copy()))
