"""peer_pool.py - one small question on connections of Python's sqlite3, kept in a queue.

Arguments: the file, the number of symbols, of threads and of connections.
"""
import queue
import sqlite3
import sys
import threading
import time

QUERY = "SELECT time_ns FROM trades WHERE symbol = ? ORDER BY time_ns DESC LIMIT 1"

path, symbols, threads, connections = sys.argv[1], *map(int, sys.argv[2:5])
pool = queue.Queue(maxsize=connections)
for _ in range(connections):
    pool.put(sqlite3.connect(path, check_same_thread=False))


def ask(first, wanted, sums, begin):
    total = 0
    begin.wait()
    for question in range(first, wanted, threads):
        connection = pool.get()
        try:
            row = connection.execute(QUERY, (1 + question % symbols,)).fetchone()
        finally:
            pool.put(connection)
        total += row[0] % 1000003
    sums[first] = total


def work(wanted):
    sums = [0] * threads
    begin = threading.Barrier(threads + 1)
    workers = [threading.Thread(target=ask, args=(i, wanted, sums, begin), daemon=True)
               for i in range(threads)]
    for worker in workers:
        worker.start()
    begun = time.perf_counter_ns()
    begin.wait()
    for worker in workers:
        worker.join()
    return time.perf_counter_ns() - begun, sum(sums)


answer(work)
