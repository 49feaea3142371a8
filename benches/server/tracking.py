"""Measures a server of uaic and one of MLflow beside each other, over HTTP, one client.

usage: tracking.py SERVER [--runs N] [--only uaic|mlflow] [--quick]

SERVER is the program that is started as `SERVER STORE PORT`: the example `server` of `uaic-server`. MLflow's is
that of the Python that runs this. Runs to be searched are written into MLflow's database directly, which its
own interface would take a quarter of an hour for.
"""

import argparse
import http.client
import json
import pathlib
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid


class Client:
    """One connection that stays open."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def __call__(self, method, path, body=None):
        text = json.dumps(body) if body is not None else None
        self.connection.request(method, "/api/2.0/mlflow/" + path, text, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, answer.status, content[:500])
        return content


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command, port):
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                return process, time.perf_counter() - began
        except OSError:
            time.sleep(0.005)
        assert process.poll() is None, f"{command} has ended"


def timed(call, times, prepare=lambda number: None):
    durations = []
    for number in range(times):
        argument = prepare(number)
        began = time.perf_counter()
        call(argument)
        durations.append((time.perf_counter() - began) * 1000)
    return statistics.median(durations)


def fill_mlflow(database, experiment, count):
    """Writes runs as MLflow's server would have."""
    draw = random.Random(7)
    connection = sqlite3.connect(database)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(latest_metrics)")]
    for number in range(count):
        run = uuid.UUID(int=draw.getrandbits(128), version=4).hex
        connection.execute(
            "INSERT INTO runs (run_uuid, name, source_type, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, experiment_id, user_id) VALUES (?, ?, 'UNKNOWN', 'FINISHED', ?, ?, 'active', ?, ?, 'bench')",
            (run, f"run {number}", 1_700_000_000_000 + number, 1_700_000_001_000 + number,
             f"mlflow-artifacts:/{experiment}/{run}/artifacts", experiment),
        )
        for key in ["accuracy", "loss", "f1"]:
            value = draw.random()
            for table in ["metrics", "latest_metrics"]:
                connection.execute(
                    f"INSERT INTO {table} (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, 1, 0)",
                    (key, value, 1_700_000_000_000, run),
                )
        for key in ["lr", "layers", "dropout", "batch"]:
            connection.execute("INSERT INTO params VALUES (?, ?, ?)", (key, str(draw.randrange(100)), run))
        for key, value in [("mlflow.runName", f"run {number}"), ("team", str(number % 7))]:
            connection.execute("INSERT INTO tags VALUES (?, ?, ?)", (key, value, run))
    connection.commit()


def fill(call, experiment, count):
    draw = random.Random(7)
    for number in range(count):
        made = json.loads(call("POST", "runs/create", {
            "experiment_id": experiment, "user_id": "bench", "run_name": f"run {number}",
            "start_time": 1_700_000_000_000 + number, "tags": [{"key": "team", "value": str(number % 7)}],
        }))
        run = made["run"]["info"]["run_id"]
        metrics = [{"key": key, "value": draw.random(), "timestamp": 1_700_000_000_000, "step": 1}
                   for key in ["accuracy", "loss", "f1"]]
        params = [{"key": key, "value": str(draw.randrange(100))} for key in ["lr", "layers", "dropout", "batch"]]
        call("POST", "runs/log-batch", {"run_id": run, "metrics": metrics, "params": params})


def measure(port, filler, options):
    call = Client(port)
    times = 0.2 if options.quick else 1
    scaled = lambda count: max(3, int(count * times))
    experiment = json.loads(call("POST", "experiments/create", {"name": "bench"}))["experiment_id"]
    create = {"experiment_id": experiment, "user_id": "bench", "start_time": int(time.time() * 1000),
              "tags": [{"key": "mlflow.source.name", "value": "bench.py"}, {"key": "mlflow.user", "value": "bench"}]}
    figures = {}
    figures["create_run"] = timed(lambda _: call("POST", "runs/create", create), scaled(200))
    run = json.loads(call("POST", "runs/create", create))["run"]["info"]["run_id"]
    now = int(time.time() * 1000)
    figures["log_metric"] = timed(
        lambda step: call("POST", "runs/log-metric",
                          {"run_id": run, "run_uuid": run, "key": "loss", "value": 0.5 + step, "timestamp": now + step,
                           "step": step}),
        scaled(500), lambda number: number)
    figures["log_param"] = timed(
        lambda number: call("POST", "runs/log-parameter", {"run_id": run, "key": f"p{number}", "value": "x"}),
        scaled(100), lambda number: number)
    figures["get_run"] = timed(lambda _: call("GET", f"runs/get?run_id={run}"), scaled(200))
    batch = lambda number: {"run_id": run, "metrics": [
        {"key": f"m{at % 4}", "value": at / 7, "timestamp": now + at, "step": number * 250 + at // 4} for at in range(1000)]}
    figures["log_batch of 1000"] = timed(lambda body: call("POST", "runs/log-batch", body), scaled(20), batch)
    for part in range(5):
        call("POST", "runs/log-batch", {"run_id": run, "metrics": [
            {"key": "long", "value": at / 3, "timestamp": now + at, "step": at} for at in range(part * 1000, part * 1000 + 1000)]})
    figures["history of 5000"] = timed(
        lambda _: call("GET", f"metrics/get-history?run_id={run}&run_uuid={run}&metric_key=long&max_results=25000"), scaled(20))
    searched = json.loads(call("POST", "experiments/create", {"name": "searched"}))["experiment_id"]
    filler(call, searched)
    for limit in [10, 100, 1000]:
        search = {"experiment_ids": [searched], "filter": "metrics.accuracy > 0.5", "order_by": ["metrics.loss ASC"],
                  "max_results": limit}
        figures[f"search, metric and order, {limit}"] = timed(
            lambda _: call("POST", "runs/search", search), scaled(10 if limit > 100 else 20))
    newest = {"experiment_ids": [searched], "max_results": 1000}
    figures["search, newest 1000"] = timed(lambda _: call("POST", "runs/search", newest), scaled(10))
    both = {"experiment_ids": [searched], "filter": "params.lr = '7' AND tags.team = '3' AND metrics.f1 < 0.9",
            "order_by": ["metrics.accuracy DESC"], "max_results": 100}
    figures["search, three clauses, 100"] = timed(lambda _: call("POST", "runs/search", both), scaled(20))
    return figures


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    own = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(own[0]) / 1024 if own else float("nan")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--only", choices=["uaic", "mlflow"])
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    results = {}
    for name in ["uaic", "mlflow"]:
        if options.only not in (None, name):
            continue
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            database = f"{folder}/mlflow.db"
            if name == "uaic":
                command = [options.server, f"{folder}/store", str(port)]
                filler = lambda call, experiment: fill(call, experiment, options.runs)
            else:
                command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{database}",
                           "--artifacts-destination", f"{folder}/artifacts", "--host", "127.0.0.1", "--port", str(port),
                           "--workers", "1"]
                filler = lambda call, experiment: fill_mlflow(database, experiment, options.runs)
            process, ready = start(command, port)
            try:
                results[name] = {"ready, ms": ready * 1000, **measure(port, filler, options)}
                results[name]["resident MB"] = memory(process)
            finally:
                process.terminate()
                process.wait()
    names = list(next(iter(results.values())))
    print(f"{'median ms':32}" + "".join(f"{name:>12}" for name in results) + ("       times" if len(results) > 1 else ""))
    for figure in names:
        values = [result[figure] for result in results.values()]
        ratio = f"{values[1] / values[0]:12.1f}" if len(values) > 1 else ""
        print(f"{figure:32}" + "".join(f"{value:12.2f}" for value in values) + ratio)


if __name__ == "__main__":
    main()
