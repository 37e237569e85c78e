"""
One engine, measured in a process of its own: ``python -m benchmarks.peers.runner NAME REQUESTS FOLDER WORKERS [URL]``.

REQUESTS is a file of JSON lines: the address and the headers, then a key and a body for each dossier. The first
``WARM`` dossiers go through the engine before the clock starts. Prints one JSON line.
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers.engine import Build, Job, Place, Poster

WARM = 20


def main(name: str, requests: str, folder: str, workers: str, url: str = "") -> None:
    logging.disable(logging.WARNING)
    module, _, function = name.partition(":")
    loaded = importlib.import_module(f"benchmarks.peers.{module}")
    build: Build = getattr(loaded, function or "build")
    with Path(requests).open(encoding="utf-8") as file:
        where = json.loads(next(file))
        jobs = [Job(**json.loads(line)) for line in file]
    poster = Poster(where["url"], where["headers"])
    engine = build(Place(Path(folder), url), int(workers), poster.post)
    engine.accept(jobs[:WARM])
    engine.work(WARM)
    some = jobs[WARM:]
    gc.collect()
    wall, cpu = time.perf_counter(), time.process_time()
    engine.accept(some)
    accepted = time.perf_counter()
    engine.work(len(some))
    found = {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "accept_s": accepted - wall,
        "taken": poster.taken,
        "version": version(module),
    }
    engine.close()
    poster.close()
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
