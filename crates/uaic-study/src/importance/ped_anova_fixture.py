"""Writes ped_anova_fixture.json: studies and the importances that Optuna 5.0's PED-ANOVA gives.

The first two are those of fanova_fixture.json; of the third some parameters exist at some points only.

pip install optuna==5.0.0; python ped_anova_fixture.py
"""

import json
import math
import pathlib
import random

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator

optuna.logging.set_verbosity(optuna.logging.ERROR)
here = pathlib.Path(__file__)
SPACE = {
    "batch": IntDistribution(8, 64, step=8),
    "dropout": FloatDistribution(0.0, 1.0),
    "hidden": IntDistribution(8, 256, log=True),
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "optimizer": CategoricalDistribution(["adam", "sgd", "lion"]),
    "momentum": FloatDistribution(0.0, 1.0),
    "smoothing": FloatDistribution(0.0, 0.5, step=0.1),
}


def importances(trials, direction, top):
    study = optuna.create_study(direction=direction)
    for trial in trials:
        space = {name: SPACE[name] for name in trial["params"]}
        study.add_trial(
            optuna.trial.create_trial(params=trial["params"], distributions=space, value=trial["value"])
        )
    evaluator = PedAnovaImportanceEvaluator(target_quantile=top)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def conditional():
    random.seed(7)
    trials = []
    for _ in range(150):
        p = {"optimizer": random.choice(["adam", "sgd", "lion"]), "lr": 10 ** random.uniform(-5, -1)}
        if p["optimizer"] == "sgd":
            p["momentum"] = random.random()
        p["smoothing"] = round(0.1 * random.randint(0, 5), 1)
        value = (math.log10(p["lr"]) + 3) ** 2 + 3 * (p.get("momentum", 0.5) - 0.9) ** 2
        trials.append({"params": p, "value": value + random.gauss(0, 0.1)})
    return trials


fanova = json.loads(here.with_name("fanova_fixture.json").read_text())
studies = []
for direction, trials in [
    ("maximize", fanova[0]["trials"]),
    ("maximize", fanova[1]["trials"]),
    ("minimize", conditional()),
]:
    tops = {str(top): importances(trials, direction, top) for top in (0.1, 0.25)}
    rows = ",\n".join(json.dumps(trial) for trial in trials) if direction == "minimize" else ""
    studies.append(
        f'{{"direction": "{direction}",\n"importance": {json.dumps(tops)},\n"trials": [\n{rows}\n]}}'
    )
here.with_suffix(".json").write_text("[" + ",\n".join(studies) + "]\n")
