#!/usr/bin/env python3
"""An open-loop load: requests are due at a fixed rate whatever the server does, and each is timed from when it was due.

    load.py PORT RATE TOKEN < requests > timings

One request a line on standard input: a label, a blank, a path. On standard output JSON: for each label the times in
milliseconds in the order they were due, and answers by status. A server that stops for a second is charged with every
request that was due in that second (no coordinated omission). Written for HTTP/1.1 with a length, as our server answers;
nothing but the standard library, so that the client costs little beside the server.
"""
import asyncio
import json
import sys
import time

CONNECTIONS = 32


class Line:
    """One kept-alive connection."""

    def __init__(self, port, token):
        self.port, self.token, self.reader, self.writer = port, token, None, None

    async def ask(self, path):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {self.token}\r\n\r\n".encode())
        head = await self.reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await self.reader.readexactly(length)
        return status


async def main():
    port, rate, token = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
    requests = [line.rstrip("\n").split(" ", 1) for line in sys.stdin]
    free = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(Line(port, token))
    times, statuses = {}, {}
    for label, _ in requests:
        times.setdefault(label, [])

    async def one(label, path, due):
        line = await free.get()
        try:
            status = await line.ask(path)
        except (OSError, asyncio.IncompleteReadError):
            status, line = 0, Line(port, token)
        free.put_nowait(line)
        times[label].append((due, (time.perf_counter() - due) * 1000))
        statuses[f"{label} {status}"] = statuses.get(f"{label} {status}", 0) + 1

    running = set()
    start = time.perf_counter() + 0.1
    for number, (label, path) in enumerate(requests):
        due = start + number / rate
        while (left := due - time.perf_counter()) > 0:
            await asyncio.sleep(left)
        task = asyncio.create_task(one(label, path, due))
        running.add(task)
        task.add_done_callback(running.discard)
    if running:
        await asyncio.wait(running)
    told = {label: [round(took, 3) for _, took in sorted(pairs)] for label, pairs in times.items()}
    print(json.dumps({"times": told, "statuses": statuses, "cpu": time.process_time()}))


asyncio.run(main())
