"""Writes to a server that is killed again and again, and goes on: `killed.py PORT SECONDS`.

What the server has acknowledged must be there at the end. Prints `writes N` at the end, where all is well.
"""

import sys
import threading
import time
import warnings

import grpc
import optuna
from optuna.distributions import FloatDistribution
from optuna.storages import GrpcStorageProxy
from optuna.trial import TrialState

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.CRITICAL)
PORT, SECONDS = int(sys.argv[1]), float(sys.argv[2])
END = time.monotonic() + SECONDS
LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def connect():
    storage = GrpcStorageProxy(host="127.0.0.1", port=PORT)
    storage.wait_server_ready(timeout=30)
    return storage


class Writer:
    """One that writes trials, and remembers what was acknowledged."""

    def __init__(self, study):
        self.storage, self.study = connect(), study
        self.acknowledged, self.writes, self.interruptions = {}, 0, 0

    def call(self, work):
        while True:
            try:
                result = work()
                self.writes += 1
                return result
            except grpc.RpcError as error:
                if error.code() not in LOST:
                    raise
                self.interruptions += 1
                self.storage = connect()
            except optuna.exceptions.UpdateFinishedTrialError:
                # The answer to the first time was lost.
                return None

    def run(self):
        while time.monotonic() < END:
            trial = self.call(lambda: self.storage.create_new_trial(self.study))
            known = self.acknowledged.setdefault(trial, {"params": {}, "reports": {}, "user": {}})
            for at in range(3):
                name, value = f"p{at}", 0.1 * (at + 1)
                self.call(lambda: self.storage.set_trial_param(trial, name, value, FloatDistribution(0, 1)))
                known["params"][name] = value
            for step in range(3):
                self.call(lambda: self.storage.set_trial_intermediate_value(trial, step, step / 7))
                known["reports"][step] = step / 7
            self.call(lambda: self.storage.set_trial_user_attr(trial, "key", [1, "ä"]))
            known["user"]["key"] = [1, "ä"]
            self.call(lambda: self.storage.set_trial_state_values(trial, TrialState.COMPLETE, [float(trial)]))
            known["value"] = float(trial)


def main():
    study = connect().create_new_study([optuna.study.StudyDirection.MINIMIZE], "killed")
    writers = [Writer(study) for _ in range(4)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(writer.interruptions for writer in writers) > 0, "it was not killed"
    trials = {trial._trial_id: trial for trial in connect().get_all_trials(study)}
    assert [trial.number for trial in trials.values()] == list(range(len(trials)))
    for writer in writers:
        for number, known in writer.acknowledged.items():
            trial = trials[number]
            assert known["params"].items() <= trial.params.items(), (known, trial)
            assert known["reports"].items() <= trial.intermediate_values.items(), (known, trial)
            assert known["user"].items() <= trial.user_attrs.items(), (known, trial)
            if "value" in known:
                assert trial.value == known["value"] and trial.state == TrialState.COMPLETE, (known, trial)
            else:
                assert trial.state == TrialState.RUNNING, "it is executed elsewhere"
    print("writes", sum(writer.writes for writer in writers))


main()
