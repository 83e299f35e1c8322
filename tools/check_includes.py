#!/usr/bin/env python3
"""check_includes.py - holds the include table of the house: who may include whom.

    check_includes.py [ROOT]

Reads every #include in src/ and include/ and compares it with MAY_INCLUDE below. What counts is
the module that owns the included file: include/tradewind/<module>.h and whatever stands in
src/<floor>/<module>/. System headers belong to no module and are left to the symbol test.

It also holds that file names are unique in the tree (one name leads to one file), and that
include/tradewind.h, the umbrella, includes every public header and nothing else.

Prints one line a violation, "file:line: sentence", and exits 1 if there is any.
"""

import fnmatch
import os
import re
import sys

# The table. A row names a module; its entries are what the module may include beside itself.
# A pattern row holds for the modules that have no row of their own; the first match decides.
# "ring" is lent to every floor above base: it is how two threads meet.
MAY_INCLUDE = [
    ("base", []),
    ("kit/metrics", ["base", "kit/ring", "kit/histogram"]),
    ("kit/*", ["base", "kit/ring"]),
    ("core/market", ["base"]),
    ("core/match", ["base", "kit/*", "core/market", "core/book"]),
    ("core/batch", ["base", "kit/*", "core/market", "core/window"]),
    ("core/risk", ["base", "kit/*", "core/market", "core/series", "core/simulate"]),
    ("core/performance", ["base", "kit/*", "core/market", "core/series", "core/risk"]),
    ("core/portfolios", ["base", "kit/*", "core/market", "core/risk", "core/performance"]),
    ("core/*", ["base", "kit/*", "core/market"]),
    ("edge/loop", ["base", "kit/*"]),
    ("edge/http", ["base", "kit/*", "edge/loop"]),
    ("edge/socket", ["base", "kit/*", "edge/loop"]),
    ("edge/bus", ["base", "kit/*", "edge/loop"]),
    ("edge/resilient", ["base", "kit/*", "edge/loop", "edge/http"]),
    ("edge/json", ["base"]),
    ("edge/source", ["base"]),
    ("edge/itch", ["base", "core/market"]),
    ("edge/dbn", ["base", "core/market"]),
    ("edge/tape", ["base", "kit/*", "core/market", "edge/json", "edge/source", "edge/itch",
                   "edge/dbn"]),
    ("edge/store", ["base", "kit/*", "core/market"]),
    ("edge/workers", ["base"]),
    ("edge/crash", ["base", "kit/*"]),
    ("edge/monitor", ["base", "kit/*", "edge/loop", "edge/http"]),
    ("edge/solver", ["base"]),
    ("edge/notify", ["base"]),
    ("edge/plugin", ["base", "core/market"]),
    ("edge/alpaca", ["base", "kit/*", "core/market", "edge/json", "edge/loop", "edge/http", "edge/resilient",
                     "edge/socket"]),
    ("run/engine", ["base", "kit/*", "core/market", "core/book", "core/window", "core/bars",
                    "core/batch", "core/covariance", "core/risk", "core/rebalance", "core/pretrade"]),
    ("run/recorder", ["base", "kit/*", "core/market", "edge/store", "run/engine"]),
    ("run/recording", ["base", "kit/*", "core/market", "run/engine"]),
    ("run/recovery", ["base", "kit/*", "core/market", "edge/json", "edge/store", "run/engine"]),
    ("run/venue", ["base", "kit/*", "core/market", "edge/loop", "edge/alpaca", "edge/store",
                   "edge/tape", "run/engine"]),
    ("run/telemetry", ["base", "kit/*", "core/market", "run/engine", "run/venue", "run/recorder"]),
    ("run/exchange", ["base", "kit/*", "core/match", "core/book", "core/market", "core/bars",
                      "edge/*"]),
    ("run/dashboard", ["base", "kit/*", "core/market", "edge/json", "edge/loop",
                       "edge/http", "edge/socket", "run/engine", "run/venue", "run/recorder"]),
    ("proof/harness", ["base", "kit/*"]),
    ("proof/jobs", ["base", "kit/*", "core/*", "edge/*", "run/*", "proof/harness"]),
    ("proof/tune", ["base", "kit/*", "core/*", "edge/*", "proof/harness"]),
    ("cli", ["base", "kit/*", "core/*", "edge/*", "run/*", "proof/*"]),
]

# Public headers that do not carry the name of their module.
BASE_HEADERS = {"api", "status", "error", "alloc", "time", "text", "decimal", "log", "config", "cpu",
                "quantile", "task", "version", "wait", "zone"}

# Public headers that bear another name than the module that owns them.
NAMED_OTHERWISE = {"rolling": "core/window", "indicator": "core/window",
                   "features": "core/batch", "rate": "core/market",
                   "backtest": "core/risk", "stress": "core/risk",
                   "expected_returns": "core/covariance", "factors": "core/covariance",
                   "drawdown": "core/performance", "returns": "core/performance",
                   "rolling_performance": "core/performance",
                   "allocation": "core/rebalance", "drift": "core/rebalance",
                   "standing": "core/rebalance",
                   "target_weights": "core/rebalance", "tax_lots": "core/rebalance",
                   "overlap": "core/rebalance", "replay": "run/recording",
                   "strategy": "core/market"}

# Headers for the floor's own use: public within it, by the table, but not to users.
LENT_HEADERS = {"src/base/careful.h", "src/base/config_line.h", "src/base/digits.h", "src/base/exponential.h", "src/base/fnv.h",
                "src/base/hex.h",
                "src/base/levels.h", "src/base/logarithm.h", "src/base/normal.h", "src/base/safe_path.h",
                "src/base/sorted.h", "src/base/splitmix.h",
                "src/core/risk/risk_select.h", "src/core/risk/risk_shape.h",
                "src/core/series/series.h", "src/core/series/series_lanes.h",
                "src/core/series/drawdown_walk.h",
                "src/edge/json/json.h", "src/edge/json/json_put.h", "src/edge/json/flat_json.h", "src/edge/json/flat_pack.h",
                "src/edge/source/source.h", "src/edge/itch/capture.h",
                "src/edge/itch/itch_bytes.h",
                "src/proof/harness/figures.h", "src/proof/harness/noise.h",
                "src/proof/harness/proof.h", "src/proof/harness/proof_file.h",
                "src/proof/harness/proof_folder.h", "src/proof/harness/proof_peer.h",
                "src/proof/jobs/proof_jobs.h", "src/proof/tune/tune_curve.h",
                "src/proof/tune/tune_ways.h", "src/proof/tune/tune_workload.h"}

UMBRELLA = "include/tradewind.h"
SOURCE_SUFFIXES = (".c", ".h", ".cpp", ".hpp", ".cc", ".inc")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')

# Names that may stand in more than one folder: each tool looks for its own under one name.
REPEATED_NAMES = {"meson.build", "README.md", "package.json", "package-lock.json"}
# Folders whose files are not part of the house: build output, and data named by what they hold.
FOREIGN_FOLDERS = re.compile(r"^(\.git|build|build-.*|__pycache__|corpus|data|node_modules|dist)$")


def files_under(root, folder):
    """Paths relative to root of the files under root/folder, in order."""
    found = []
    for here, folders, names in os.walk(os.path.join(root, folder)):
        folders[:] = sorted(name for name in folders if not FOREIGN_FOLDERS.match(name))
        found += [os.path.relpath(os.path.join(here, name), root) for name in sorted(names)]
    return found


def module_of_source(path):
    """src/core/book/book.c -> core/book; src/base/error.c -> base."""
    parts = path.split("/")[1:-1]
    if not parts:
        return None
    return parts[0] if parts[0] in ("base", "cli") else "/".join(parts[:2])


def module_of_public(name, modules):
    """The module that owns include/tradewind/<name>.h: by its name, or the longest module name
    that it begins with (engine_snapshot.h belongs to run/engine)."""
    if name in BASE_HEADERS:
        return "base"
    if NAMED_OTHERWISE.get(name) in modules:
        return NAMED_OTHERWISE[name]
    owners = [module for module in modules
              if name == module.rpartition("/")[2]
              or name.startswith(module.rpartition("/")[2] + "_")]
    return max(owners, key=lambda module: len(module.rpartition("/")[2]), default=None)


class House:
    """What stands where: the modules, and the owner of each file that can be included."""

    def __init__(self, root):
        self.root = root
        self.sources = [path for path in files_under(root, "src")
                        if path.endswith(SOURCE_SUFFIXES)]
        self.public = [path for path in files_under(root, "include")
                       if path.endswith(".h") and path != UMBRELLA]
        folders = {module_of_source(path) for path in files_under(root, "src")}
        self.modules = sorted(folders - {None})
        self.by_name = {os.path.basename(path): path for path in self.sources}

    def owner(self, path):
        if path.startswith("include/"):
            return module_of_public(os.path.splitext(os.path.basename(path))[0], self.modules)
        return module_of_source(path)

    def target(self, path, name):
        """The file of the house that `#include name` in `path` means, or None for a foreign one.
        A public header that does not exist is still named, so that its absence is told."""
        if name == "tradewind.h":
            return UMBRELLA
        if name.startswith("tradewind/"):
            return "include/" + name
        beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
        if beside in self.sources:
            return beside
        return self.by_name.get(os.path.basename(name))


def allowed(module):
    """The patterns that the module may include, or None if the table has no row for it."""
    for pattern, entries in MAY_INCLUDE:
        if fnmatch.fnmatchcase(module, pattern):
            return entries
    return None


def includes_of(root, path):
    """(line number, quote mark, name) of each #include in the file."""
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as source:
        for number, line in enumerate(source, 1):
            match = INCLUDE.match(line)
            if match:
                yield number, match.group(1), match.group(2)


def check_include(house, path, number, name):
    """The sentence of what is wrong with one #include, or None."""
    place = f"{path}:{number}: "
    target = house.target(path, name)
    if target is None:
        return None
    if target == UMBRELLA:
        return place + "the umbrella header is for users of the library; include what is needed"
    module, owner = house.owner(path), house.owner(target)
    if target.startswith("include/") and target not in house.public:
        return place + f"there is no public header {name}"
    if owner is None:
        return place + f"no module owns {target}"
    if owner == module:
        return None
    if not target.startswith("include/") and target not in LENT_HEADERS:
        return place + f"{name} is private to {owner}; include its public header"
    entries = allowed(module)
    if not any(fnmatch.fnmatchcase(owner, entry) for entry in entries):
        return place + (f"{module} may not include {name} of {owner}; it may include "
                        + (", ".join(entries) or "nothing"))
    return None


def check_table(house):
    """Every #include of the house against the table."""
    problems = []
    for path in house.sources + house.public:
        module = house.owner(path)
        if module is None:
            problems.append(f"{path}:1: no module owns this file: no folder src/*/* bears its name")
            continue
        if allowed(module) is None:
            problems.append(f"{path}:1: {module} has no row in the include table")
            continue
        for number, quote, name in includes_of(house.root, path):
            problem = check_include(house, path, number, name)
            if problem is None and quote == '"' and house.target(path, name) is None:
                problem = f"{path}:{number}: no file of the house is called {name}"
            if problem:
                problems.append(problem)
    return problems


def check_umbrella(house):
    """include/tradewind.h includes every public header once and nothing else."""
    if not os.path.exists(os.path.join(house.root, UMBRELLA)):
        return [] if not house.public else [f"{UMBRELLA}:1: the umbrella header is missing"]
    names = [name for _, _, name in includes_of(house.root, UMBRELLA)]
    expected = {path.removeprefix("include/") for path in house.public}
    problems = [f"{UMBRELLA}:1: it does not include {name}" for name in sorted(expected - set(names))]
    problems += [f"{UMBRELLA}:1: it includes {name}, which is no public header"
                 for name in sorted(set(names) - expected)]
    problems += [f"{UMBRELLA}:1: it includes {name} twice"
                 for name in sorted({name for name in names if names.count(name) > 1})]
    return problems


def check_names(root):
    """One file name leads to one file."""
    places = {}
    for path in files_under(root, "."):
        name = os.path.basename(path)
        if name not in REPEATED_NAMES and not name.startswith("."):
            places.setdefault(name, []).append(path)
    return [f"{paths[1]}:1: the file name is taken by {paths[0]}"
            for paths in places.values() if len(paths) > 1]


def check(root):
    house = House(root)
    return check_table(house) + check_umbrella(house) + check_names(root)


def main(arguments):
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(__file__)) or "."
    problems = check(os.path.abspath(root))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
