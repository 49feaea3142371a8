"""Best-so-far values of Optuna's samplers on the functions of `uaic bench samplers`.

    python -m venv venv && venv/bin/pip install optuna cmaes
    venv/bin/python quality.py [FUNCTION ...] > optuna.json
    uaic bench samplers --at 25,50,100 --against benches/optuna/optuna.json

30 seeds, 100 trials one after another; for each seed the smallest value after 25, 50 and 100 trials.
`tpe` and `cmaes` are Optuna's own settings, nothing changed. The functions are those of
`src/study/bench/functions`, written once more.
"""

import json
import math
import sys

import optuna

E, PI, TAU = math.e, math.pi, math.tau


# The suite's first functions.


def branin(x):
    bend = x[1] - 5.1 / (4 * PI**2) * x[0] ** 2 + 5 / PI * x[0] - 6
    return bend**2 + 10 * (1 - 1 / (8 * PI)) * math.cos(x[0]) + 10


def hartmann(x):
    a = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    p = [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
    well = lambda i: math.exp(-sum(a[i][j] * (x[j] - p[i][j] * 1e-4) ** 2 for j in range(6)))
    return -sum(w * well(i) for i, w in enumerate([1, 1.2, 3, 3.2]))


def ackley(x):
    squares, waves = sum(v * v for v in x) / len(x), sum(math.cos(TAU * v) for v in x) / len(x)
    return -20 * math.exp(-0.2 * math.sqrt(squares)) - math.exp(waves) + 20 + E


def rosenbrock(x):
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    waves = sum((v - 1) ** 2 * (1 + 10 * math.sin(PI * v + 1) ** 2) for v in w[:-1])
    return math.sin(PI * w[0]) ** 2 + waves + (w[-1] - 1) ** 2 * (1 + math.sin(TAU * w[-1]) ** 2)


def styblinski(x):
    return sum(v**4 - 16 * v * v + 5 * v for v in x) / 2


def rastrigin(x):
    return sum(v * v - 10 * math.cos(TAU * v) + 10 for v in x)


def griewank(x):
    waves = math.prod(math.cos(v / math.sqrt(i + 1)) for i, v in enumerate(x))
    return sum(v * v for v in x) / 4000 - waves + 1


def schwefel(x):
    return 418.9828872724337 * len(x) - sum(v * math.sin(math.sqrt(abs(v))) for v in x)


def sphere(x):
    return sum(v * v for v in x)


def shifted(f, first, step):
    return lambda x: f([v - (first + step * i) for i, v in enumerate(x)])


# Functions whose values span orders of magnitude.


def rotated(f, first, step):
    def value(x):
        z = [v - (first + step * i) for i, v in enumerate(x)]
        cosine, sine = math.cos(0.7), math.sin(0.7)
        for _ in range(2):
            for i in range(len(z) - 1):
                z[i], z[i + 1] = cosine * z[i] - sine * z[i + 1], sine * z[i] + cosine * z[i + 1]
        return f(z)

    return value


def ellipsoid(condition):
    return lambda z: sum(condition ** (i / (len(z) - 1)) * v * v for i, v in enumerate(z))


def cigar(z):
    return z[0] ** 2 + 1e6 * sum(v * v for v in z[1:])


def discus(z):
    return 1e6 * z[0] ** 2 + sum(v * v for v in z[1:])


def powers(z):
    return sum(abs(v) ** (2 + 8 * i / (len(z) - 1)) for i, v in enumerate(z))


def exponential(z):
    return math.exp(0.02 * ellipsoid(20)(z)) - 1


def log_bowl(z):
    return math.log(1e-6 + ellipsoid(100)(z))


def steps(z):
    return ellipsoid(100)([math.floor(abs(v) + 0.5) for v in z])


def hashed(z):
    """A draw from 0 to 1 that depends on every digit of the point."""
    return math.fmod(abs(math.sin(sum((12.9898 + 7.233 * i) * v for i, v in enumerate(z))) * 43758.5453), 1)


def noisy(z):
    draws = [hashed([v + k for v in z]) for k in range(6)]
    normal = (sum(draws) - 3) / math.sqrt(0.5)
    return (1 + ellipsoid(100)(z)) * math.exp(0.3 * normal)


def zakharov(z):
    slope = sum(0.5 * (i + 1) * v for i, v in enumerate(z))
    return sphere(z) + slope**2 + slope**4


def product(z):
    return math.prod(1 + (i + 1) * abs(v) for i, v in enumerate(z)) - 1


def well(z):
    return -math.exp(12 - sphere(z) / (2 * 1.2**2))


def cliff(z):
    return min(ellipsoid(10)(z), 60.0)


def trid(x):
    return sum((v - 1) ** 2 for v in x) - sum(a * b for a, b in zip(x, x[1:]))


def goldstein(x):
    a, b = x
    first = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a * a - 14 * b + 6 * a * b + 3 * b * b)
    return first * (30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a * a + 48 * b - 36 * a * b + 27 * b * b))


def powell(z):
    parts = [z[i : i + 4] for i in range(0, len(z), 4)]
    return sum((a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4 for a, b, c, d in parts)


def dixon(x):
    return (x[0] - 1) ** 2 + sum((i + 2) * (2 * b * b - a) ** 2 for i, (a, b) in enumerate(zip(x, x[1:])))


def michalewicz(x):
    return -sum(math.sin(v) * math.sin((i + 1) * v * v / PI) ** 20 for i, v in enumerate(x))


REALS = {
    "branin": ([(-5, 10), (0, 15)], branin),
    "hartmann6": ([(0, 1)] * 6, hartmann),
    "rosenbrock2": ([(-5, 10)] * 2, rosenbrock),
    "rosenbrock5": ([(-5, 10)] * 5, rosenbrock),
    "rosenbrock10": ([(-5, 10)] * 10, rosenbrock),
    "levy4": ([(-10, 10)] * 4, levy),
    "levy8": ([(-10, 10)] * 8, levy),
    "ackley5s": ([(-32.768, 32.768)] * 5, shifted(ackley, 7.3, -1.7)),
    "ackley10": ([(-32.768, 32.768)] * 10, ackley),
    "ackley10s": ([(-32.768, 32.768)] * 10, shifted(ackley, 7.3, -1.7)),
    "styblinski5": ([(-5, 5)] * 5, styblinski),
    "rastrigin5": ([(-5.12, 5.12)] * 5, shifted(rastrigin, 2.3, -0.9)),
    "griewank6": ([(-600, 600)] * 6, shifted(griewank, 210, -70)),
    "schwefel5": ([(-500, 500)] * 5, schwefel),
    "sphere5": ([(-5, 5)] * 5, shifted(sphere, 1.9, -0.2)),
    "sphere20": ([(-5, 5)] * 20, shifted(sphere, 1.9, -0.2)),
    "rosenbrock8s": ([(-20, 20)] * 8, shifted(rosenbrock, 6.0, -1.7)),
    "ellipsoid8": ([(-5, 5)] * 8, shifted(ellipsoid(1e6), 1.9, -0.6)),
    "ellipsoid7r": ([(-5, 5)] * 7, rotated(ellipsoid(1e6), 1.9, -0.6)),
    "cigar10r": ([(-5, 5)] * 10, rotated(cigar, 1.9, -0.4)),
    "discus6": ([(-5, 5)] * 6, shifted(discus, 2.1, -0.7)),
    "powers5": ([(-6, 6)] * 5, shifted(powers, 2.1, -0.9)),
    "exponential6": ([(-5, 5)] * 6, shifted(exponential, 1.9, -0.6)),
    "logbowl5": ([(-5, 5)] * 5, shifted(log_bowl, 1.9, -0.8)),
    "steps6": ([(-10, 10)] * 6, shifted(steps, 3.9, -1.3)),
    "noisy6": ([(-5, 5)] * 6, shifted(noisy, 1.9, -0.6)),
    "zakharov6": ([(-10, 10)] * 6, shifted(zakharov, 3.9, -1.3)),
    "product6": ([(-8, 8)] * 6, shifted(product, 3.9, -1.1)),
    "well4": ([(-5, 5)] * 4, shifted(well, 1.9, -0.8)),
    "cliff5": ([(-5, 5)] * 5, shifted(cliff, 1.9, -0.8)),
    "trid6": ([(-36, 36)] * 6, trid),
    "goldstein2": ([(-2, 2)] * 2, goldstein),
    "powell8": ([(-10, 10)] * 8, shifted(powell, 3.1, -0.9)),
    "dixon7": ([(-10, 10)] * 7, dixon),
    "michalewicz5": ([(0, PI)] * 5, michalewicz),
    "styblinski8": ([(-5, 5)] * 8, styblinski),
}


def reals(bounds, f):
    digits = len(str(len(bounds) - 1))
    return lambda t: f([t.suggest_float(f"x{i:0{digits}}", low, high) for i, (low, high) in enumerate(bounds)])


def integers6(t):
    return ellipsoid(100)([t.suggest_int(f"x{i}", -5, 10) - (6 - i) for i in range(6)])


def mixed(t):
    rate, decay = t.suggest_float("lr", 1e-5, 1e-1, log=True), t.suggest_float("wd", 1e-7, 1e-2, log=True)
    layers = t.suggest_int("layers", 1, 8)
    optimizer = t.suggest_categorical("opt", ["sgd", "adam", "rmsprop"])
    act = t.suggest_categorical("act", ["relu", "tanh", "gelu", "silu"])
    f = (math.log10(rate) - {"sgd": -1.5, "adam": -3.0, "rmsprop": -3.3}[optimizer]) ** 2
    f += 0.15 * (math.log10(decay) + 4.5) ** 2
    f += 0.12 * (layers - {"relu": 3, "tanh": 2, "gelu": 5, "silu": 6}[act]) ** 2
    f += {"sgd": 0.0, "adam": 0.25, "rmsprop": 0.45}[optimizer]
    f += {"relu": 0.3, "tanh": 0.5, "gelu": 0.0, "silu": 0.1}[act]
    f += 0.3 if optimizer == "rmsprop" and act == "gelu" else 0.0
    return f + (4 * (t.suggest_float("momentum", 0.0, 0.99) - 0.9) ** 2 if optimizer == "sgd" else 0.0)


def rates5(t):
    x = [math.log10(t.suggest_float(f"x{i}", 1e-6, 1e2, log=True)) for i in range(5)]
    ridge = x[0] + x[1] - x[2]
    z = [v - (-3.5 + 0.8 * i) for i, v in enumerate(x)]
    # The ridge goes through the minimum: -3.5 - 2.7 + 1.9 = -4.3.
    return (ellipsoid(30)(z) + 100 * (ridge + 4.3) ** 2) ** 2


def diverging6(t):
    rate, decay = t.suggest_float("lr", 1e-6, 10.0, log=True), t.suggest_float("wd", 1e-8, 1.0, log=True)
    momentum, dropout = t.suggest_float("momentum", 0.0, 0.999), t.suggest_float("dropout", 0.0, 0.9)
    width, depth = t.suggest_int("width", 8, 4096, log=True), t.suggest_int("depth", 1, 12)
    step = math.log10(rate / (1 - momentum))
    excess = step + 0.5 * math.log10(width) + 0.1 * depth - 0.5
    if excess > 2:
        return math.inf
    if excess > 0:
        return 1e11 * (1 + excess)
    f = 0.3 * (step + 2.0) ** 2 + 0.05 * (math.log10(decay) + 4) ** 2 + (dropout - 0.2) ** 2
    return f + 0.2 * (math.log10(width) - 2.5) ** 2 + 0.02 * (depth - 5) ** 2


def kernels(t):
    c, kernel = math.log10(t.suggest_float("c", 1e-3, 1e4, log=True)), t.suggest_categorical("kernel", ["linear", "rbf", "poly"])
    if kernel == "linear":
        return math.exp(1 + 0.5 * (c + 1) ** 2) - 1
    gamma = math.log10(t.suggest_float("gamma", 1e-6, 1e2, log=True))
    if kernel == "rbf":
        return math.exp(0.4 * (c + gamma) ** 2 + 0.3 * (c - 2.5) ** 2) - 1
    degree, offset = t.suggest_int("degree", 2, 6), t.suggest_float("offset", -1.0, 1.0)
    return math.exp(0.3 + 0.5 * (degree * gamma + c + 3) ** 2 / degree + 0.3 * (degree - 3) ** 2 + (offset - 0.5) ** 2) - 1


def pipeline(t):
    loss, scaler = t.suggest_categorical("loss", ["squared", "huber", "absolute"]), t.suggest_categorical("scaler", ["none", "standard", "robust", "quantile"])
    trees, depth = t.suggest_int("trees", 10, 2000, log=True), t.suggest_int("depth", 1, 15)
    rate, share = math.log10(t.suggest_float("rate", 1e-4, 1.0, log=True)), t.suggest_float("share", 0.1, 1.0)
    f = {"squared": 0.3, "huber": 0.0, "absolute": 0.6}[loss]
    f += {"none": 1.0, "standard": 0.2, "robust": 0.0, "quantile": 0.4}[scaler]
    f += 1.5 * (rate + math.log10(trees) - 1.2) ** 2 + 0.04 * (depth - {"squared": 4, "huber": 7, "absolute": 9}[loss]) ** 2
    f += 3 * (share - 0.7) ** 2 + 0.3 * (math.log10(trees) - 2.7) ** 2
    return 10 ** (1.2 * f) - 1


FUNCTIONS = {name: reals(*of) for name, of in REALS.items()}
FUNCTIONS |= {f.__name__: f for f in [integers6, mixed, rates5, diverging6, kernels, pipeline]}
SAMPLERS = {"tpe": optuna.samplers.TPESampler, "cmaes": optuna.samplers.CmaEsSampler}


def best(function, sampler, seed):
    study = optuna.create_study(sampler=SAMPLERS[sampler](seed=seed))
    study.optimize(FUNCTIONS[function], n_trials=100)
    values = [trial.value for trial in study.trials]
    return [min(values[:at]) for at in (25, 50, 100)]


if __name__ == "__main__":
    import warnings

    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    games = {}
    for name in sys.argv[1:] or FUNCTIONS:
        games[name] = {s: {str(seed): best(name, s, seed) for seed in range(30)} for s in SAMPLERS}
        print(name, file=sys.stderr, flush=True)
    lines = (
        f"  {json.dumps(name)}: {{\n"
        + ",\n".join(f"    {json.dumps(s)}: {json.dumps(seeds)}" for s, seeds in samplers.items())
        + "\n  }"
        for name, samplers in games.items()
    )
    print("{\n" + ",\n".join(lines) + "\n}")
