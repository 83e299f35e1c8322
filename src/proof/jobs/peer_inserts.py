"""peer_inserts.py - trades into a table by Python's sqlite3, executemany in a transaction a batch.

Arguments: the folder of template.db (the tables) and trades.i64 (rows of six numbers), and the
rows of a batch.
"""
import array
import os
import shutil
import sqlite3
import sys
import time

INSERT = ("INSERT INTO trades(symbol, time_ns, id, exchange, place, price, quantity, side, tape, "
          "conditions) VALUES(?, ?, ?, 0, 0, ?, ?, ?, 0, '')")
CHECKSUM = ("SELECT count(*) + 3 * sum(symbol) + 5 * sum(time_ns % 1000003) + 7 * sum(id) + "
            "11 * sum(price / 10000000) + 13 * sum(quantity / 1000000000) + 17 * sum(side) + "
            "19 * sum(exchange + place + tape + length(conditions)) FROM trades")

folder, batch = sys.argv[1], int(sys.argv[2])
path = folder + "/python.db"
numbers = array.array("q")
with open(folder + "/trades.i64", "rb") as source:
    numbers.frombytes(source.read())
rows = list(zip(*[iter(numbers)] * 6))


def fresh_file():
    for name in (path, path + "-wal", path + "-shm"):
        if os.path.exists(name):
            os.remove(name)
    shutil.copyfile(folder + "/template.db", path)
    for name in (path, folder):
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def work(count):
    fresh_file()
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    begun = time.perf_counter_ns()
    for at in range(0, count, batch):
        database.execute("BEGIN")
        database.executemany(INSERT, rows[at:min(at + batch, count)])
        database.execute("COMMIT")
    elapsed = time.perf_counter_ns() - begun
    checksum = database.execute(CHECKSUM).fetchone()[0]
    database.close()
    return elapsed, checksum


answer(work)
