"""peer_prelude.py - what stands in front of the script of every peer (proof_peer.h)."""
import sys
import time

# With -c Python looks for modules in the current folder first, which may be anybody's.
sys.path[:] = [folder for folder in sys.path if folder]


def tell(kind, error, trace):
    """What is not installed is said, instead of a traceback."""
    if issubclass(kind, ImportError):
        print("missing", error, flush=True)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = tell


def answer(work):
    """Answers each `run N` by what work(N) returns: the nanoseconds it took, and a checksum."""
    for line in sys.stdin:
        count = int(line.split()[1])
        print("done", *(work(count) if count > 0 else (0, 0)), 0, flush=True)


