#!/usr/bin/env python3
"""The same training in PyTorch, for a comparison side by side; benches/README.md says how.

Embedding, dropout, LSTM, self-attention of the last word over its text, batch norm, linear; Adam.
Texts are padded, either to the longest of their batch or to the longest of all, and what is padded
is masked, so that the model is the one that uaic trains.
"""

import argparse
import json
import math
import random
import resource
import statistics
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

PAD, UNKNOWN = 0, 1


def read(path):
    """The (words, label) pairs of a file of `text<TAB>label` lines."""
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = (line.split("\t")[:2] for line in lines if line.strip())
    return [(text.lower().split(), label.strip()) for text, label in rows]


class Encoder:
    """Words and labels to numbers, learned from training examples."""

    def __init__(self, examples):
        counts = Counter(word for words, _ in examples for word in words)
        self.words = {word: 2 + n for n, (word, _) in enumerate(counts.most_common())}
        self.labels = {label: n for n, label in enumerate(sorted({label for _, label in examples}))}
        self.vocabulary = 2 + len(self.words)

    def __call__(self, examples):
        texts = [[self.words.get(word, UNKNOWN) for word in words] or [UNKNOWN] for words, _ in examples]
        # A label that training has not seen is never right.
        gold = [self.labels.get(label, -1) for _, label in examples]
        return Texts(texts, torch.tensor(gold))


class Texts:
    """Encoded texts, padded once to the longest; batches are cut from them."""

    def __init__(self, texts, gold):
        self.gold = gold
        self.lengths = torch.tensor([len(text) for text in texts])
        self.ids = torch.full((len(texts), int(self.lengths.max())), PAD)
        for row, text in enumerate(texts):
            self.ids[row, : len(text)] = torch.tensor(text)

    def __len__(self):
        return len(self.gold)

    def batch(self, rows, pad):
        lengths = self.lengths[rows]
        width = int(lengths.max()) if pad == "batch" else self.ids.shape[1]
        return self.ids[rows, :width], lengths


class Attention(nn.Module):
    """Single-head scaled dot-product self-attention, of which the last real position is read."""

    def __init__(self, width, form):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.form, self.scale = form, 1 / math.sqrt(width)

    def forward(self, states, real, last):
        rows = torch.arange(len(states))
        if self.form == "full":
            # As it is usually written: all positions ask, and one answer is kept.
            scores = self.query(states) @ self.key(states).transpose(1, 2) * self.scale
            shares = scores.masked_fill(~real[:, None, :], -math.inf).softmax(-1)
            return (shares @ self.value(states))[rows, last]
        # The same answer with the projections of keys and values folded away.
        asked = self.query(states[rows, last]) @ self.key.weight
        scores = (states @ asked[:, :, None]).squeeze(2) * self.scale
        shares = scores.masked_fill(~real, -math.inf).softmax(-1)
        return self.value((shares[:, None, :] @ states).squeeze(1))


class Classifier(nn.Module):
    def __init__(self, vocabulary, classes, embedding, hidden, dropout, bidirectional, form):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.dropout = nn.Dropout(dropout)
        self.forwards = nn.LSTM(embedding, hidden, batch_first=True)
        self.backwards = nn.LSTM(embedding, hidden, batch_first=True) if bidirectional else None
        width = 2 * hidden if bidirectional else hidden
        self.attention = Attention(width, form)
        self.norm = nn.BatchNorm1d(width)
        self.head = nn.Linear(width, classes)

    def forward(self, ids, lengths):
        position = torch.arange(ids.shape[1])
        real = position < lengths[:, None]
        inputs = self.dropout(self.embedding(ids))
        # Padding follows a text, so a reader from the front has done with it before.
        states, _ = self.forwards(inputs)
        if self.backwards is not None:
            # Turned round within its length, a text is read from its own last word; packed
            # sequences would do as well, and cost more.
            turned = torch.where(real, lengths[:, None] - 1 - position, position)
            back, _ = self.backwards(pick(inputs, turned))
            states = torch.cat([states, pick(back, turned)], 2)
        return self.head(self.norm(self.attention(states, real, lengths - 1)))


def pick(values, positions):
    return values.gather(1, positions[:, :, None].expand(-1, -1, values.shape[2]))


def epoch(model, optimizer, texts, options, order):
    model.train()
    if options.batch == 1:
        model.norm.eval()  # one example has no variance; uaic uses the running statistics, too
    order = torch.tensor(order.sample(range(len(texts)), len(texts)))
    for rows in order.split(options.batch):
        if len(rows) == 1 and options.batch > 1:
            continue  # one example has no variance to normalise by
        loss = functional.cross_entropy(model(*texts.batch(rows, options.pad)), texts.gold[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert math.isfinite(loss.item())


def accuracy(model, texts, options):
    model.eval()
    right = 0
    with torch.no_grad():
        for rows in torch.arange(len(texts)).split(256):
            found = model(*texts.batch(rows, options.pad)).argmax(1)
            right += int((found == texts.gold[rows]).sum())
    return right / len(texts)


def build(encoder, point, options):
    model = Classifier(
        encoder.vocabulary,
        len(encoder.labels),
        point["embedding"],
        point["hidden"],
        point["dropout"],
        options.bidirectional,
        options.attention,
    )
    rule = torch.optim.Adam(model.parameters(), lr=point["lr"], weight_decay=point["weight_decay"])
    return model, rule


def speed(examples, options):
    """Examples per second of one training, the first epoch left out."""
    encoder = Encoder(examples)
    texts = encoder(examples)
    point = {"embedding": options.embedding, "hidden": options.hidden, "dropout": options.dropout}
    model, optimizer = build(encoder, point | {"lr": options.lr, "weight_decay": 0.0}, options)
    order, times = random.Random(options.seed), []
    for _ in range(options.epochs):
        start = time.perf_counter()
        epoch(model, optimizer, texts, options, order)
        times.append(time.perf_counter() - start)
    seconds = statistics.median(times[1:])
    print(f"{len(texts)} examples, {options.epochs} epochs: median {seconds:.3f} s per epoch, ", end="")
    print(f"{len(texts) / seconds:.0f} examples/s")


def drawn_points(count, draw):
    """Points of the search space of experiments/atis.toml, at random."""
    for _ in range(count):
        yield {
            "lr": math.exp(draw.uniform(math.log(1e-4), math.log(1e-2))),
            "weight_decay": math.exp(draw.uniform(math.log(1e-6), math.log(1e-3))),
            "dropout": draw.uniform(0.1, 0.5),
            "hidden": draw.choice([32, 64, 128]),
            "embedding": draw.choice([64, 128, 256]),
        }


def recorded_points(path):
    """The points that uaic went through, its best one first: what `uaic best -n 0 --json` says."""
    for trial in json.loads(path.read_text(encoding="utf-8"))["trials"]:
        yield {
            "lr": trial["params"]["train.lr"],
            "weight_decay": trial["params"]["train.weight_decay"],
            "dropout": trial["params"]["model.dropout"],
            "hidden": trial["params"]["model.hidden_dim"],
            "embedding": trial["params"]["model.embedding_dim"],
        }


def study(examples, held_out, options):
    """The work of experiments/atis.toml: 20 points × 5 folds × 5 epochs, then 30 epochs on all
    training data with the best point, and one test."""
    draw = random.Random(options.seed)
    fold_of = [n % 5 for n in range(len(examples))]
    draw.shuffle(fold_of)
    points = recorded_points(options.points) if options.points else drawn_points(options.trials, draw)
    points = list(points)
    start, best = time.perf_counter(), (-1.0, {})
    for trial, point in enumerate(points):
        scores = []
        for fold in range(5):
            rest = [example for example, of in zip(examples, fold_of) if of != fold]
            own = [example for example, of in zip(examples, fold_of) if of == fold]
            scores.append(train(rest, own, point, 5, options))
        best = max(best, (statistics.mean(scores), point), key=lambda pair: pair[0])
        elapsed = time.perf_counter() - start
        print(f"trial {trial}: accuracy {statistics.mean(scores):.4f}, {elapsed:.0f} s so far", flush=True)
    searched = time.perf_counter() - start
    # Both sides end with the same point, where they went through the same.
    best = points[0] if options.points else best[1]
    score = train(examples, held_out, best, 30, options, validate=False)
    print(f"test accuracy {score:.4f}; search {searched:.1f} s, ", end="")
    print(f"the whole study {time.perf_counter() - start:.1f} s")


def train(examples, held_out, point, epochs, options, validate=True):
    """Accuracy on `held_out` after the last epoch; uaic validates after each, so that is done, too."""
    encoder = Encoder(examples)
    texts, held_out = encoder(examples), encoder(held_out)
    model, optimizer = build(encoder, point, options)
    order = random.Random(options.seed)
    for number in range(epochs):
        epoch(model, optimizer, texts, options, order)
        if validate and number + 1 < epochs:
            accuracy(model, held_out, options)
    return accuracy(model, held_out, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a folder with train.tsv, and test.tsv for --study")
    parser.add_argument("--study", action="store_true", help="time the whole of experiments/atis.toml")
    parser.add_argument("--trials", type=int, default=20, help="how many random points a study has")
    parser.add_argument("--points", type=Path, help="the output of `uaic best --json`: the same points")
    parser.add_argument("--pad", choices=["batch", "all"], default="batch", help="to the longest of what")
    parser.add_argument("--attention", choices=["full", "last"], default="full", help="how it is computed")
    parser.add_argument("--bidirectional", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--embedding", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.4)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    print(f"PyTorch {torch.__version__}, {options.threads} thread(s), batch {options.batch}, ", end="")
    print(f"padded to the longest of {options.pad}, {options.attention} attention")
    examples = read(options.folder / "train.tsv")
    if options.study:
        study(examples, read(options.folder / "test.tsv"), options)
    else:
        speed(examples, options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
