"""cases.py - the smallest frame for the Python tests of the tools.

Each function test_* of the calling file is one case, reported in cmocka's words so that
tools/run_tests.py counts it like any other. A case fails by raising.
"""

import importlib.util
import pathlib
import sys
import tempfile
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load_tool(name):
    """The module tools/<name>.py."""
    sys.dont_write_bytecode = True
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def expect(condition, message):
    if not condition:
        raise AssertionError(message)


def write(folder, path, text):
    """Writes one file below folder, making the folders on the way."""
    target = pathlib.Path(folder) / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def run(namespace):
    """Runs every test_* of the namespace with a temporary folder each; returns the exit status."""
    failed = 0
    for name, case in namespace.items():
        if not name.startswith("test_"):
            continue
        print(f"[ RUN      ] {name}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(pathlib.Path(folder))
                print(f"[       OK ] {name}", flush=True)
            except Exception:  # a case may fail in any way; each way is shown and counted
                traceback.print_exc(file=sys.stdout)
                print(f"[  FAILED  ] {name}", flush=True)
                failed += 1
    return 1 if failed else 0
