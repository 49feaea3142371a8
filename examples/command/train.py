"""A program that uaic can tune, with nothing but Python's standard library.

A small network with one hidden layer learns a curve by gradient descent. All that makes it fit for a
study is marked with "uaic": where its parameters come from, how it reports, and how it stops early.
By hand it runs as `python3 train.py --lr 0.05`.
"""

import argparse
import json
import math
import os
import random
import signal


def main():
    options = read_options()
    generator = random.Random(options.seed)
    train, validation = make_data(random.Random(7), 160), make_data(random.Random(8), 80)
    network = Network(options.hidden, generator)
    stop_file = os.environ.get("UAIC_STOP", "")  # uaic: it appears when this trial should stop
    if stop_file:
        # uaic: SIGTERM comes along with the file. Ignored, it leaves us the time to end in our own way.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for epoch in range(1, options.epochs + 1):
        generator.shuffle(train)
        for start in range(0, len(train), options.batch):
            network.learn(train[start : start + options.batch], options.lr, options.momentum)
        loss = network.loss(validation)
        # uaic: one line of JSON with the values of a step. NaN is fine.
        print(json.dumps({"step": epoch, "val/loss": loss, "train/loss": network.loss(train)}), flush=True)
        if not math.isfinite(loss) or (stop_file and os.path.exists(stop_file)):
            break
    save(network)


def read_options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--optimizer", choices=["sgd", "momentum"], default="sgd")
    parser.add_argument("--momentum", type=float, default=0.0)
    parser.add_argument("--hidden", type=int, default=8)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def make_data(generator, size):
    """Noisy points of a wave."""
    inputs = [generator.uniform(-2.0, 2.0) for _ in range(size)]
    return [(x, math.sin(2.0 * x) + generator.gauss(0.0, 0.1)) for x in inputs]


class Network:
    """x → tanh(a x + b) → weighted sum + c."""

    def __init__(self, hidden, generator):
        self.a = [generator.gauss(0.0, 1.5) for _ in range(hidden)]
        self.b = [generator.gauss(0.0, 1.0) for _ in range(hidden)]
        self.w = [generator.gauss(0.0, 1.0 / math.sqrt(hidden)) for _ in range(hidden)]
        self.c = 0.0
        self.speed = [0.0] * (3 * hidden + 1)

    def layer(self, x):
        return [math.tanh(a * x + b) for a, b in zip(self.a, self.b)]

    def predict(self, x):
        return sum(w * h for w, h in zip(self.w, self.layer(x))) + self.c

    def loss(self, data):
        """The mean squared error."""
        return sum((self.predict(x) - y) ** 2 for x, y in data) / len(data)

    def learn(self, batch, lr, momentum):
        """One step of gradient descent with momentum."""
        size = len(self.w)
        gradient = [0.0] * (3 * size + 1)
        for x, y in batch:
            states = self.layer(x)
            error = 2.0 * (sum(w * h for w, h in zip(self.w, states)) + self.c - y) / len(batch)
            for unit, state in enumerate(states):
                inner = error * self.w[unit] * (1.0 - state * state)
                gradient[unit] += inner * x
                gradient[size + unit] += inner
                gradient[2 * size + unit] += error * state
            gradient[3 * size] += error
        # Without a limit a large learning rate would overflow, and Python raises where C says inf.
        gradient = [max(-1e6, min(1e6, value)) for value in gradient]
        self.speed = [momentum * speed - lr * value for speed, value in zip(self.speed, gradient)]
        for unit in range(size):
            self.a[unit] += self.speed[unit]
            self.b[unit] += self.speed[size + unit]
            self.w[unit] += self.speed[2 * size + unit]
        self.c += self.speed[3 * size]


def save(network):
    """uaic: what lies in the folder $UAIC_ARTIFACTS is kept with the run."""
    folder = os.environ.get("UAIC_ARTIFACTS")
    if folder:
        with open(os.path.join(folder, "network.json"), "w", encoding="utf-8") as file:
            json.dump({"a": network.a, "b": network.b, "w": network.w, "c": network.c}, file)


if __name__ == "__main__":
    main()
