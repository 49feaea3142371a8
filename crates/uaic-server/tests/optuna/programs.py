"""Programs of Optuna as people write them, over a server: `programs.py PORT`.

Each asserts what Optuna gives back. At the end all that Optuna says of the studies is printed as JSON, to be
held against what the store says.
"""

import json
import math
import subprocess
import sys
import threading
import time
import urllib.request
import warnings

import optuna
from optuna.storages import GrpcStorageProxy
from optuna.trial import TrialState, create_trial

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
PORT = int(sys.argv[1])


def connect():
    storage = GrpcStorageProxy(host="127.0.0.1", port=PORT)
    storage.wait_server_ready(timeout=20)
    return storage


STORAGE = connect()


def random_with_callbacks():
    study = optuna.create_study(
        storage=STORAGE, study_name="random", direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.set_metric_names(["accuracy"])
    study.set_user_attr("dataset", {"name": "flights", "rows": 10})
    seen = []

    def objective(trial):
        x = trial.suggest_float("x", -5, 5)
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        layers = trial.suggest_int("layers", 1, 9, step=2)
        units = trial.suggest_int("units", 1, 512, log=True)
        on = trial.suggest_categorical("on", [True, False])
        trial.set_user_attr("nan", float("nan"))
        trial.set_user_attr("note", "größer")
        return -x * x + layers - lr + on + units / 512

    study.optimize(objective, n_trials=12, callbacks=[lambda study, trial: seen.append(trial.number)])
    assert seen == list(range(12))
    assert study.best_value == max(trial.value for trial in study.trials)
    assert all(math.isnan(trial.user_attrs["nan"]) for trial in study.trials)
    assert study.user_attrs == {"dataset": {"name": "flights", "rows": 10}}
    loaded = optuna.load_study(storage=connect(), study_name="random")
    assert loaded.trials == study.trials or str(loaded.trials) == str(study.trials)
    assert optuna.importance.get_param_importances(
        loaded, evaluator=optuna.importance.PedAnovaImportanceEvaluator()
    )
    try:
        optuna.create_study(storage=STORAGE, study_name="random")
        raise AssertionError("the name is taken")
    except optuna.exceptions.DuplicatedStudyError:
        pass


def tpe_with_conditions_and_mixed_choices():
    study = optuna.create_study(
        storage=STORAGE, study_name="tpe", sampler=optuna.samplers.TPESampler(seed=2, multivariate=True, group=True)
    )

    def objective(trial):
        kind = trial.suggest_categorical("kind", ["adam", None, True, 1, 2.5])
        same = trial.suggest_float("same", 0.5, 0.5)
        if kind == "adam":
            return trial.suggest_float("beta", 0.0, 1.0) + same
        # A range that changes from trial to trial.
        return trial.suggest_float("x", 0.0, 1.0 + trial.number) + same

    study.optimize(objective, n_trials=30)
    kinds = {repr(trial.params["kind"]) for trial in study.trials}
    assert len(kinds) > 3, kinds
    assert study.best_trial.params["same"] == 0.5


def reporting(steps, slope):
    def objective(trial):
        x = trial.suggest_float("x", 0, 10)
        for step in range(steps):
            trial.report(x + slope * step, step)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return x

    return objective


def pruning():
    for name, pruner in [
        ("median", optuna.pruners.MedianPruner(n_startup_trials=2)),
        ("hyperband", optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9)),
    ]:
        study = optuna.create_study(
            storage=STORAGE, study_name=name, sampler=optuna.samplers.RandomSampler(seed=3), pruner=pruner
        )
        study.optimize(reporting(9, 0.1), n_trials=25)
        pruned = [trial for trial in study.trials if trial.state == TrialState.PRUNED]
        assert pruned, name
        for trial in pruned:
            last = max(trial.intermediate_values)
            assert trial.value == trial.intermediate_values[last], "it carries its last report"
        assert all(len(t.intermediate_values) == 9 for t in study.trials if t.state == TrialState.COMPLETE)


def nsga_with_constraints():
    sampler = optuna.samplers.NSGAIISampler(
        population_size=8, seed=4, constraints_func=lambda trial: (trial.params["a"] - 0.8, -1.0)
    )
    study = optuna.create_study(
        storage=STORAGE, study_name="nsga2, two", directions=["minimize", "maximize"], sampler=sampler
    )
    study.optimize(lambda t: (t.suggest_float("a", 0, 1), t.suggest_float("b", 0, 1)), n_trials=40)
    assert study.best_trials
    assert all(len(trial.values) == 2 for trial in study.trials)
    assert len({t.system_attrs.get("NSGAIISampler:generation") for t in study.trials}) > 1


def enqueued_added_and_failed():
    study = optuna.create_study(storage=STORAGE, study_name="queue")
    study.enqueue_trial({"x": 4.25}, user_attrs={"memo": "first"})
    study.enqueue_trial({"x": 99.0})
    study.enqueue_trial({"x": 4.25}, skip_if_exists=True)
    assert [trial.state for trial in study.trials] == [TrialState.WAITING] * 2

    def objective(trial):
        x = trial.suggest_float("x", 0, 10)
        if trial.number == 2:
            raise ValueError("broken")
        return float("nan") if trial.number == 3 else x

    study.optimize(objective, n_trials=5, catch=(ValueError,))
    assert study.trials[0].params == {"x": 4.25} and study.trials[0].user_attrs == {"memo": "first"}
    assert [t.state.name for t in study.trials] == ["COMPLETE", "COMPLETE", "FAIL", "FAIL", "COMPLETE"]
    study.add_trial(
        create_trial(
            params={"x": 1.0},
            distributions={"x": optuna.distributions.FloatDistribution(0, 10)},
            value=-1.0,
            intermediate_values={0: 3.0, 1: float("inf")},
        )
    )
    assert study.best_value == -1.0
    asked = study.ask({"x": optuna.distributions.FloatDistribution(0, 10)})
    study.tell(asked, 5.0)
    left = study.ask()
    study.enqueue_trial({"x": 7.0})
    assert study.trials[left.number].state == TrialState.RUNNING


def samplers():
    grid = {"x": [0, 1, 2], "c": ["a", "b"]}
    study = optuna.create_study(
        storage=STORAGE, study_name="grid", sampler=optuna.samplers.GridSampler(grid, seed=5)
    )
    study.optimize(lambda t: t.suggest_int("x", 0, 2) + len(t.suggest_categorical("c", ["a", "b"])), n_trials=20)
    assert len(study.trials) == 6
    try:
        import scipy  # noqa: F401
    except ImportError:
        return
    study = optuna.create_study(storage=STORAGE, study_name="qmc", sampler=optuna.samplers.QMCSampler(seed=6))
    study.optimize(lambda t: t.suggest_float("x", 0, 1) + t.suggest_float("y", 0, 1), n_trials=8)


def eight_processes():
    study = optuna.create_study(storage=STORAGE, study_name="many", sampler=optuna.samplers.RandomSampler())
    for at in range(24):
        study.enqueue_trial({"x": at / 100})
    workers = [subprocess.Popen([sys.executable, __file__, str(PORT), "worker", "10"]) for _ in range(8)]
    assert all(worker.wait() == 0 for worker in workers)
    trials = study.trials
    # One process may ask for a trial of its own while the queue is empty for it.
    assert [trial.number for trial in trials] == list(range(len(trials))) and len(trials) >= 80
    assert sum(trial.state == TrialState.COMPLETE for trial in trials) == 80
    executed = [trial.user_attrs["by"] for trial in trials if trial.state == TrialState.COMPLETE]
    assert len(executed) == 80 and len(set(executed)) == 80, "nothing is executed twice"
    queued = [trial for trial in trials if "fixed_params" in trial.system_attrs]
    assert len(queued) == 24 and all(trial.state == TrialState.COMPLETE for trial in queued)
    assert sorted(trial.params["x"] for trial in queued) == [at / 100 for at in range(24)]


def worker(trials):
    import os

    study = optuna.load_study(storage=STORAGE, study_name="many")
    count = iter(range(trials))

    def objective(trial):
        trial.set_user_attr("by", f"{os.getpid()}/{next(count)}")
        trial.report(0.5, 0)
        return trial.suggest_float("x", 0, 1)

    study.optimize(objective, n_trials=trials)


def copies_and_deletes():
    memory = optuna.storages.InMemoryStorage()
    optuna.copy_study(from_study_name="median", from_storage=STORAGE, to_storage=memory)
    optuna.copy_study(from_study_name="median", from_storage=memory, to_storage=STORAGE, to_study_name="median again")
    first, second = (optuna.load_study(storage=STORAGE, study_name=name) for name in ("median", "median again"))
    for a, b in zip(first.trials, second.trials):
        assert (a.number, a.state, a.values, a.params, a.intermediate_values, a.datetime_start) == (
            b.number,
            b.state,
            b.values,
            b.params,
            b.intermediate_values,
            b.datetime_start,
        )
    old = optuna.create_study(storage=STORAGE, study_name="gone")
    old.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    optuna.delete_study(storage=STORAGE, study_name="gone")
    new = optuna.create_study(storage=STORAGE, study_name="gone")
    assert new._study_id != old._study_id and new.trials == []
    try:
        old.optimize(lambda trial: 0.0, n_trials=1)
        raise AssertionError("it is gone")
    except KeyError:
        pass


def more_than_a_message_used_to_hold():
    study = optuna.create_study(storage=STORAGE, study_name="large")
    text = "x" * 60_000
    for number in range(150):
        study.add_trial(create_trial(value=float(number), user_attrs={"text": text}))
    study.set_user_attr("huge", "y" * (6 << 20))
    fresh = optuna.load_study(storage=connect(), study_name="large")
    assert len(fresh.trials) == 150 and fresh.trials[149].user_attrs["text"] == text
    assert len(fresh.user_attrs["huge"]) == 6 << 20


def dashboard():
    try:
        import optuna_dashboard
    except ImportError:
        return
    port = PORT + 1000 if PORT < 60_000 else PORT - 1000
    run = lambda: optuna_dashboard.run_server(STORAGE, host="127.0.0.1", port=port)  # noqa: E731
    threading.Thread(target=run, daemon=True).start()
    base = f"http://127.0.0.1:{port}/api/studies"
    for attempt in range(100):
        try:
            studies = json.load(urllib.request.urlopen(base))
            break
        except OSError:
            time.sleep(0.1)
    summaries = studies["study_summaries"]
    assert {study["study_name"] for study in summaries} >= {"random", "tpe", "median", "many"}
    number = next(study["study_id"] for study in summaries if study["study_name"] == "hyperband")
    detail = json.load(urllib.request.urlopen(f"{base}/{number}?after=0"))
    assert len(detail["trials"]) == 25


def told():
    """What Optuna says of everything."""
    studies = {}
    for summary in optuna.get_all_study_summaries(storage=STORAGE):
        study = optuna.load_study(storage=STORAGE, study_name=summary.study_name)
        studies[study.study_name] = {
            "directions": [direction.name.lower() for direction in study.directions],
            "metrics": study.metric_names,
            "trials": [
                {
                    "number": trial.number,
                    "state": trial.state.name,
                    "values": [repr(value) for value in trial.values or []],
                    "params": trial.params,
                    "reports": {step: repr(value) for step, value in trial.intermediate_values.items()},
                    "user": sorted(trial.user_attrs),
                    "start_ms": trial.datetime_start and math.floor(trial.datetime_start.timestamp() * 1000),
                }
                for trial in study.trials
            ],
        }
    return studies


if __name__ == "__main__":
    if len(sys.argv) > 2:
        worker(int(sys.argv[3]))
    else:
        random_with_callbacks()
        tpe_with_conditions_and_mixed_choices()
        pruning()
        nsga_with_constraints()
        enqueued_added_and_failed()
        samplers()
        eight_processes()
        copies_and_deletes()
        more_than_a_message_used_to_hold()
        dashboard()
        json.dump(told(), sys.stdout)
