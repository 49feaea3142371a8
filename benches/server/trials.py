"""Trials a second of Optuna programs over a server of uaic, over Optuna's own, and over its SQLite storage.

usage: trials.py SERVER [--trials N] [--processes N] [--rounds N] [--json]

SERVER is the program that is started as `SERVER STORE PORT`: the example `server` of `uaic-server`. Optuna is
that of the Python that runs this. A random sampler draws three parameters, so what is measured is the storage:
one process alone, then several on one study. Rounds take turns, and the best of each counts: whatever else the
machine does makes nothing faster.
"""

import argparse
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import warnings

import optuna
from optuna.storages import GrpcStorageProxy, RDBStorage

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)

OPTUNAS = """
import sys
from optuna.storages import InMemoryStorage, get_storage, run_grpc_proxy_server
url, port = sys.argv[1:]
run_grpc_proxy_server(InMemoryStorage() if url == "memory" else get_storage(url), host="127.0.0.1", port=int(port))
"""


def objective(trial):
    x = trial.suggest_float("x", -5, 5)
    layers = trial.suggest_int("layers", 1, 9)
    kind = trial.suggest_categorical("kind", ["a", "b", "c"])
    return x * x + layers + len(kind)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def served(command):
    """A storage over a server of its own."""

    def start():
        port = free_port()
        process = subprocess.Popen(
            [argument.replace("PORT", str(port)) for argument in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        GrpcStorageProxy(host="127.0.0.1", port=port).wait_server_ready(timeout=60)
        return (lambda: GrpcStorageProxy(host="127.0.0.1", port=port)), port, process

    return start


def optimize(connect, name, trials, ready=lambda: None):
    study = optuna.load_study(storage=connect(), study_name=name, sampler=optuna.samplers.RandomSampler())
    # What is done once is not counted.
    study.optimize(objective, n_trials=5)
    ready()
    began = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return time.perf_counter() - began


def work(port, name, trials):
    """One of several processes: says that it is ready, waits for a line, and says how long it took."""

    def ready():
        print("ready", flush=True)
        sys.stdin.readline()

    print(optimize(lambda: GrpcStorageProxy(host="127.0.0.1", port=port), name, trials, ready))


def rate_of_several(connect, port, trials, processes):
    name, share = optuna.create_study(storage=connect()).study_name, trials // processes
    command = [sys.executable, __file__, "-", "--worker", str(port), name, str(share)]
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(processes)]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("\n")
        worker.stdin.flush()
    return share * processes / max(float(worker.communicate()[0]) for worker in workers)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("server")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        port, name, trials = arguments.worker
        return work(int(port), name, int(trials))
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, pathlib.Path(folder))


def measure(arguments, folder):
    storages = {
        "uaic": served([arguments.server, str(folder / "runs"), "PORT"]),
        "optuna, memory": served([sys.executable, "-c", OPTUNAS, "memory", "PORT"]),
        "optuna, sqlite": served([sys.executable, "-c", OPTUNAS, f"sqlite:///{folder}/served.db", "PORT"]),
        "sqlite": lambda: ((lambda: RDBStorage(f"sqlite:///{folder}/alone.db")), None, None),
    }
    rates = {name: {"one": 0.0, "several": 0.0} for name in storages}
    for round in range(arguments.rounds):
        for name, start in storages.items():
            is_slow = "sqlite" in name
            if is_slow and round > 0:
                continue
            connect, port, process = start()
            trials = max(10, arguments.trials // (15 if is_slow else 1))
            try:
                name_of_study = optuna.create_study(storage=connect()).study_name
                one = trials / optimize(connect, name_of_study, trials)
                rates[name]["one"] = max(rates[name]["one"], one)
                if not is_slow:
                    several = rate_of_several(connect, port, trials, arguments.processes)
                    rates[name]["several"] = max(rates[name]["several"], several)
            finally:
                if process is not None:
                    process.kill()
                    process.wait()
    own = rates["uaic"]
    if arguments.json:
        print(json.dumps({"optuna": optuna.__version__, "processes": arguments.processes, "trials_per_s": rates}))
        return
    print(f"trials/s, optuna {optuna.__version__}: one process, {arguments.processes} processes")
    for name, of in rates.items():
        times = own["one"] / of["one"]
        print(f"{name:15} {of['one']:8.1f} {of['several']:8.1f}   uaic is {times:.2f} times as fast with one")


if __name__ == "__main__":
    main()
