"""What bench_http does, in aiohttp: documents a second over one session.

    python3 bench/peer_http.py URL COUNT CONNECTIONS

Prints the seconds of one run. Connections are made before the clock runs, and bodies are read whole
and dropped, as bench_http does. Debian: python3-aiohttp.
"""

import asyncio
import sys
import time

import aiohttp

url, count, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


async def fetch(session, total):
    left = iter(range(total))
    size = 0

    async def work():
        nonlocal size
        for _ in left:
            async with session.get(url) as answer:
                size += len(await answer.read())

    await asyncio.gather(*(work() for _ in range(connections)))
    return size


async def main():
    connector = aiohttp.TCPConnector(limit=connections, limit_per_host=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        await fetch(session, connections)
        begin = time.perf_counter()
        await fetch(session, count)
        print("seconds:", time.perf_counter() - begin)


asyncio.run(main())
