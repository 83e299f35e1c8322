"""peer_requests.py - documents by aiohttp, over one session that is kept.

Arguments: the address of a document up to its number, and the connections at a time.
"""
import asyncio
import sys
import time

import aiohttp

url, connections = sys.argv[1], int(sys.argv[2])


async def fetch(session, count):
    left = iter(range(count))
    total = 0

    async def work():
        nonlocal total
        for number in left:
            async with session.get(url + str(number)) as answer:
                document = await answer.text()
            total += len(document) + int(document.split()[0])

    await asyncio.gather(*(work() for _ in range(min(connections, count))))
    return total


async def serve():
    connector = aiohttp.TCPConnector(limit=connections, limit_per_host=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        for line in sys.stdin:
            count = int(line.split()[1])
            begun = time.perf_counter_ns()
            total = await fetch(session, count)
            print("done", time.perf_counter_ns() - begun, total, 0, flush=True)


asyncio.run(serve())
