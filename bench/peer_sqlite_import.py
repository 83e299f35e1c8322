#!/usr/bin/env python3
"""peer_sqlite_import.py CSV DATABASE - the careful Python way: one transaction, executemany.

Imports ts_ns,symbol,price,size,side into a table with an index on (symbol, ts_ns), durable when it
ends, and prints the seconds from opening the file to closing the database.
"""
import csv
import sqlite3
import sys
import time


def main():
    begin = time.perf_counter()
    database = sqlite3.connect(sys.argv[2], isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA cache_size = -262144")
    database.execute("CREATE TABLE trades(id INTEGER PRIMARY KEY, ts_ns INTEGER, symbol TEXT, "
                     "price REAL, size INTEGER, side TEXT)")
    with open(sys.argv[1], newline="", encoding="ascii") as source:
        rows = csv.reader(source)
        next(rows)
        database.execute("BEGIN")
        database.executemany("INSERT INTO trades(ts_ns, symbol, price, size, side) "
                             "VALUES(?, ?, ?, ?, ?)", rows)
        database.execute("CREATE INDEX trades_symbol_time ON trades(symbol, ts_ns)")
        database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    print(time.perf_counter() - begin)


main()
