"""Searches a store of very many runs by many clients at once.

usage: crowd.py SERVER [--runs N] [--clients N] [--seconds S] [--store FOLDER]

The runs are written into the store directly. Clients are processes that send what browsers and `search_runs` send:
the newest runs, the best by a metric, filters, children of a run.
"""

import argparse
import http.client
import json
import multiprocessing
import pathlib
import random
import sqlite3
import subprocess
import tempfile
import time
import uuid

from tracking import free_port, memory, start

EXPERIMENTS = 10


def fill(database, count):
    draw = random.Random(3)
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA synchronous = OFF")
    names = {}
    for name in ["accuracy", "loss", "f1", "lr", "layers", "dropout", "batch", "team"]:
        names[name] = connection.execute("INSERT INTO names (name) VALUES (?) RETURNING id", (name,)).fetchone()[0]
    experiments = [
        connection.execute("INSERT INTO experiments (name, created_ms) VALUES (?, 1) RETURNING id", (f"e{n}",)).fetchone()[0]
        for n in range(EXPERIMENTS)
    ]
    text = connection.execute(
        "INSERT INTO texts (hash, content) VALUES (?, '{}') RETURNING id", (bytes(32),)).fetchone()[0]
    outside = json.dumps({"host": "(outside)", "boot_id": "", "namespace": "", "pid": 0, "started": ""},
                         separators=(",", ":"))
    process = connection.execute(
        "INSERT INTO processes (identity, heartbeat_ms) VALUES (?, 0) RETURNING id", (outside,)).fetchone()[0]
    runs, metrics, params, tags = [], [], [], []
    for run in range(1, count + 1):
        runs.append((run, uuid.UUID(int=draw.getrandbits(128), version=4).bytes, experiments[run % EXPERIMENTS],
                     f"run {run}", "COMPLETE" if run % 5 else "FAILED", process, text, text,
                     1_700_000_000_000 + run * 10, 1_700_000_100_000 + run * 10))
        for key in ["accuracy", "loss", "f1"]:
            metrics.append((run, names[key], 1, 5, draw.random(), 1))
        for key in ["lr", "layers", "dropout", "batch"]:
            value = draw.randrange(100)
            params.append((run, names[key], value, 2, str(value)))
        tags.append((run, names["team"], str(run % 7)))
        if len(runs) == 20_000 or run == count:
            connection.executemany(
                "INSERT INTO runs (id, uuid, experiment, name, state, process, config, environment, started_ms, ended_ms, "
                "kind, attempt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'free', 1)", runs)
            connection.executemany(
                "INSERT INTO metrics (run, name, step, time_ms, value, count) VALUES (?, ?, ?, ?, ?, ?)", metrics)
            connection.executemany("INSERT INTO params (run, name, value, kind, text) VALUES (?, ?, ?, ?, ?)", params)
            connection.executemany("INSERT INTO tags (run, name, value) VALUES (?, ?, ?)", tags)
            runs, metrics, params, tags = [], [], [], []
    connection.commit()
    connection.execute("ANALYZE")
    connection.commit()


def searches(draw):
    one = [str(draw.randrange(1, EXPERIMENTS + 1))]
    several = [str(number) for number in range(1, EXPERIMENTS + 1)]
    return {
        "newest of one": {"experiment_ids": one, "max_results": 50},
        "newest of all": {"experiment_ids": several, "max_results": 50},
        "best of one": {"experiment_ids": one, "order_by": ["metrics.loss ASC"], "max_results": 50},
        "metric and order": {"experiment_ids": several, "filter": "metrics.accuracy > 0.5", "order_by": ["metrics.loss"],
                             "max_results": 50},
        "rare metric and order": {"experiment_ids": one, "filter": "metrics.accuracy > 0.99", "order_by": ["metrics.loss"],
                                  "max_results": 50},
        "three clauses": {"experiment_ids": one, "filter": "params.lr = '7' AND tags.team = '3' AND metrics.f1 < 0.9",
                          "order_by": ["metrics.accuracy DESC"], "max_results": 50},
        "status and param": {"experiment_ids": one, "filter": "attributes.status = 'FAILED' AND params.batch = '12'",
                             "max_results": 50},
        "by a param": {"experiment_ids": one, "filter": "metrics.loss < 0.01", "order_by": ["params.lr DESC"],
                       "max_results": 50},
    }


def ask(port, seconds, seed, results):
    draw = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        name, body = draw.choice(list(searches(draw).items()))
        text = json.dumps(body)
        began = time.perf_counter()
        connection.request("POST", "/api/2.0/mlflow/runs/search", text, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        times.append((name, (time.perf_counter() - began) * 1000))
        assert answer.status == 200, content
    results.put(times)


def shown(name, times):
    times.sort()
    at = lambda share: times[min(len(times) - 1, int(len(times) * share))]
    print(f"{name:24}{len(times):8}{at(0.5):10.2f}{at(0.95):10.2f}{at(0.99):10.2f}{times[-1]:10.2f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--store")
    options = parser.parse_args()
    folder = options.store or tempfile.mkdtemp()
    port = free_port()
    if not pathlib.Path(folder, "uaic.db").exists():
        process, _ = start([options.server, folder, str(port)], port)
        process.terminate()
        process.wait()
        fill(f"{folder}/uaic.db", options.runs)
    process, ready = start([options.server, folder, str(port)], port)
    print(f"ready after {ready * 1000:.0f} ms, {memory(process):.0f} MB")
    print(f"{'ms':24}{'requests':>8}{'median':>10}{'p95':>10}{'p99':>10}{'most':>10}")
    try:
        for clients in [1, options.clients]:
            results = multiprocessing.Queue()
            asking = [multiprocessing.Process(target=ask, args=(port, options.seconds, n, results)) for n in range(clients)]
            for one in asking:
                one.start()
            times = [pair for _ in asking for pair in results.get()]
            for one in asking:
                one.join()
            print(f"{clients} clients, {len(times) / options.seconds:.0f} requests a second, {memory(process):.0f} MB")
            shown("all", [ms for _, ms in times])
            for name in searches(random.Random(0)):
                shown(name, [ms for own, ms in times if own == name])
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
