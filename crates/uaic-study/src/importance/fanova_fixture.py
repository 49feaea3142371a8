"""Writes fanova_fixture.json: two studies and the importances that Optuna 5.0 gives their parameters.

The first searches numbers only. The second has a choice, too, which Optuna turns into one column per
name and averages over all combinations of 0 and 1, also those that are no name.

Optuna averages over logarithmic ranges on the plain scale, so it is given the logarithms themselves.

pip install optuna==5.0.0 scikit-learn==1.9.1; python fanova_fixture.py
"""

import json
import math
import pathlib
import random

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
NAMES = ["adam", "sgd", "lion"]
SPACE = {
    "batch": optuna.distributions.IntDistribution(8, 64, step=8),
    "dropout": optuna.distributions.FloatDistribution(0.0, 1.0),
    "hidden": optuna.distributions.FloatDistribution(math.log(7.5), math.log(256.5)),
    "lr": optuna.distributions.FloatDistribution(math.log(1e-5), math.log(1e-1)),
    "optimizer": optuna.distributions.CategoricalDistribution(NAMES),
}


def metric(p):
    score = 1.0 - 0.08 * (math.log10(p["lr"]) + 3.0) ** 2
    score += 0.03 * math.log2(p["hidden"]) - 0.15 * (p["dropout"] - 0.3) ** 2
    return score + {"adam": 0.1, "sgd": -0.1, "lion": 0.05, None: 0.0}[p.get("optimizer")]


def write(names):
    random.seed(3)
    study = optuna.create_study(direction="maximize")
    rows = []
    for _ in range(120):
        params = {
            "batch": 8 * random.randint(1, 8),
            "dropout": random.random(),
            "hidden": round(2 ** random.uniform(3, 8)),
            "lr": 10 ** random.uniform(-5, -1),
            "optimizer": random.choice(NAMES),
        }
        params = {name: params[name] for name in names}
        value = metric(params) + random.gauss(0, 0.02)
        rows.append({"params": params, "value": value})
        space = {name: SPACE[name] for name in names}
        scaled = {name: math.log(x) if name in ("hidden", "lr") else x for name, x in params.items()}
        study.add_trial(optuna.trial.create_trial(params=scaled, distributions=space, value=value))
    runs = [
        optuna.importance.get_param_importances(
            study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=seed)
        )
        for seed in range(5)
    ]
    for name in names:
        shares = [run[name] for run in runs]
        print(f"{name:10} {min(shares):.4f} to {max(shares):.4f}")
    importance = {name: sum(run[name] for run in runs) / len(runs) for name in names}
    text = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"importance": {json.dumps(importance)},\n"trials": [\n{text}\n]}}'


studies = [write([name for name in SPACE if name != "optimizer"]), write(list(SPACE))]
out = pathlib.Path(__file__).with_suffix(".json")
out.write_text("[" + ",\n".join(studies) + "]\n")
