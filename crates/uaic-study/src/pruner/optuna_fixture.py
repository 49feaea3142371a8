"""Writes optuna_fixture.json: courses of trials, and the steps at which Optuna 5.0 would stop them.

All trials report at the same steps, where Optuna's pruners and these mean the same.

pip install optuna==5.0.0; python optuna_fixture.py
"""

import json
import math
import pathlib
import random

import optuna
from optuna.pruners import MedianPruner, PercentilePruner, ThresholdPruner
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
random.seed(11)
STEPS = 6
PRUNERS = {
    "median": MedianPruner(n_startup_trials=5),
    "percentile": PercentilePruner(40.0, n_startup_trials=3, n_warmup_steps=2, interval_steps=2),
    "threshold": ThresholdPruner(lower=0.2, upper=0.9),
}


def course():
    top, speed = random.uniform(0.3, 1.0), random.uniform(0.2, 1.5)
    rise = lambda step: top * (1 - math.exp(-speed * step)) + random.gauss(0, 0.05)
    return [round(rise(step), 3) for step in range(1, STEPS + 1)]


def stops(pruner, study, values):
    found = []
    for count in range(1, STEPS + 1):
        reports = dict(zip(range(1, count + 1), values))
        trial = create_trial(state=TrialState.RUNNING, intermediate_values=reports)
        if pruner.prune(study, trial):
            found.append(count)
    return found


cases = []
for _ in range(60):
    direction = random.choice(["maximize", "minimize"])
    study = optuna.create_study(direction=direction)
    finished = [course() for _ in range(random.randint(2, 9))]
    for values in finished:
        reports = dict(zip(range(1, STEPS + 1), values))
        study.add_trial(create_trial(value=values[-1], intermediate_values=reports))
    own = course()
    found = {name: stops(pruner, study, own) for name, pruner in PRUNERS.items()}
    cases.append({"direction": direction, "finished": finished, "own": own, "stops": found})
rows = ",\n".join(json.dumps(case) for case in cases)
pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{rows}\n]\n")
