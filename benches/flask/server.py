"""An intent server as it is usually written in Python: Flask in front of PyTorch; README.md says how
it is run and measured.

    python server.py [--package model.uaic] [--wal] [--port 5000]
    gunicorn -w 2 -b 127.0.0.1:5000 'server:create_app("model.uaic")'

Answers `POST /intent` by the same contract as `uaic serve`, writes a row into a database and a line
into a log for every request, and counts for Prometheus. The model is an embedding, an LSTM and the
self-attention of its last state. It comes from a package (of `lstm-attention` that reads forward
only, with `pooling = "last"` and without n-grams), whose answers it then gives; without one it has
random weights, which cost the same.
"""

import argparse
import json
import logging
import logging.handlers
import math
import os
import sqlite3
import struct
import threading
import time
import unicodedata
import zipfile

import flask
import prometheus_client
import torch
from torch import nn
from werkzeug.exceptions import BadRequest

PAD, UNKNOWN = 0, 1
TOP = 3
MAX_WORDS = 128

COUNT = prometheus_client.Counter(
    "request_count", "Answered requests", ["method", "endpoint", "http_status"]
)
LATENCY = prometheus_client.Histogram("request_latency_seconds", "Time to answer", ["endpoint"])
INFO = prometheus_client.Gauge("app_info", "What runs", ["version"])


class Classifier(nn.Module):
    def __init__(self, vocabulary, classes, embedding=64, hidden=128):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden, bias=False)
        self.value = nn.Linear(hidden, hidden)
        self.batch_norm = nn.BatchNorm1d(hidden)
        self.head = nn.Linear(hidden, classes)
        self.scale = 1 / math.sqrt(hidden)

    def forward(self, ids):
        states, _ = self.lstm(self.embedding(ids))
        scores = self.query(states) @ self.key(states).transpose(1, 2) * self.scale
        mixed = scores.softmax(-1) @ self.value(states)
        return self.head(self.batch_norm(mixed[:, -1]))


class Model:
    """A classifier with its words and labels."""

    def __init__(self, words, labels, classifier, temperature=1.0):
        self.words, self.labels, self.temperature = words, labels, temperature
        self.classifier = classifier.eval()

    @classmethod
    def random(cls):
        labels = [f"label_{number}" for number in range(20)]
        words = {f"word_{number}": 2 + number for number in range(1000)}
        return cls(words, labels, Classifier(2 + len(words), len(labels)))

    @classmethod
    def of_package(cls, path):
        """The model of a package; one of another kind is refused."""
        with zipfile.ZipFile(path) as package:
            read = lambda name: json.loads(package.read(name))
            config, labels, tokenizer = map(read, ["config.json", "labels.json", "tokenizer.json"])
            tensors = tensors_of(package.read("model.safetensors"))
            has_calibration = "calibration.json" in package.namelist()
            temperature = read("calibration.json")["temperature"] if has_calibration else 1.0
        wanted = {"architecture": "lstm-attention", "bidirectional": False, "pooling": "last", "layers": 1}
        other = {key: config.get(key) for key, value in wanted.items() if config.get(key) != value}
        if other or "ngrams.weight" in tensors:
            raise SystemExit(f"{path}: not a model that this server has: {other or 'n-grams'}")
        vocabulary = tokenizer["vocabulary"]
        sizes = config["embedding_dim"], config["hidden_dim"]
        classifier = Classifier(len(vocabulary), len(labels), *sizes)
        # uaic keeps the projection of keys as what a query asks of the states, and has no bias where the
        # batch norm takes it away again.
        tensors["attention.key.weight"] = tensors.pop("attention.query_to_key.weight").T
        tensors["attention.value.bias"] = torch.zeros(sizes[1])
        tensors["batch_norm.num_batches_tracked"] = torch.tensor(0)
        for name in [name for name in tensors if name.startswith("lstm.")]:
            tensors[f"{name}_l0"] = tensors.pop(name)
        named = {name.removeprefix("attention."): tensor for name, tensor in tensors.items()}
        classifier.load_state_dict(named)
        return cls({word: id for id, word in enumerate(vocabulary)}, labels, classifier, temperature)

    def answer(self, text):
        """The most probable labels, the most probable first."""
        words = unicodedata.normalize("NFC", text).lower().split()[:MAX_WORDS]
        ids = [self.words.get(word, UNKNOWN) for word in words] or [UNKNOWN]
        with torch.inference_mode():
            logits = self.classifier(torch.tensor([ids]))[0]
            shares, labels = (logits / self.temperature).softmax(-1).topk(min(TOP, len(self.labels)))
        pairs = zip(labels.tolist(), shares.tolist())
        return [{"label": self.labels[label], "confidence": share} for label, share in pairs]


def tensors_of(data):
    """The tensors of a safetensors file of 32-bit floats."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, about in header.items():
        start, end = (8 + length + offset for offset in about["data_offsets"])
        values = torch.frombuffer(bytearray(data[start:end]), dtype=torch.float32)
        tensors[name] = values.reshape(about["shape"])
    return tensors


class Database:
    """A row for each answered request. Every thread has a connection of its own.

    By default every row waits for the disk, as SQLite does by itself; with a write-ahead log none does.
    """

    def __init__(self, path, wal):
        self.path, self.own, self.wal = path, threading.local(), wal

    def insert(self, text, response, seconds):
        if not hasattr(self.own, "connection"):
            self.own.connection = sqlite3.connect(self.path, timeout=30)
            if self.wal:
                settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
                self.own.connection.executescript(settings)
            self.own.connection.execute(
                """CREATE TABLE IF NOT EXISTS requests (
                id INTEGER PRIMARY KEY, at REAL, text TEXT, response TEXT, seconds REAL)"""
            )
        with self.own.connection as connection:
            connection.execute(
                "INSERT INTO requests (at, text, response, seconds) VALUES (?, ?, ?, ?)",
                (time.time(), text, json.dumps(response), seconds),
            )


class Refusal(Exception):
    """A request that the contract answers with 400."""


def text_of(request):
    """The text of a request, by the contract."""
    if not request.get_data():
        raise Refusal("BODY_MISSING", "Request body is missing.")
    try:
        body = request.get_json()
    except BadRequest:
        raise Refusal("BAD_REQUEST", "Invalid JSON format.") from None
    if not body:
        raise Refusal("BODY_MISSING", "Request body is missing.")
    if not isinstance(body, dict):
        raise Refusal("BAD_REQUEST", "Invalid JSON format.")
    if "text" not in body:
        raise Refusal("TEXT_MISSING", '"text" missing from request body.')
    if not isinstance(body["text"], str):
        raise Refusal("INVALID_TYPE", '"text" is not a string.')
    if not body["text"].strip():
        raise Refusal("TEXT_EMPTY", '"text" is empty.')
    return body["text"]


def logger_in(folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "server.log")
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=10_000_000, backupCount=5)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("intents")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return logger


def create_app(package=None, folder=".", wal=False):
    """The application; its database and its logs go into `folder`."""
    # One text is too little work to share.
    torch.set_num_threads(1)
    model = Model.of_package(package) if package else Model.random()
    log = logger_in(os.path.join(folder, "logs"))
    database = Database(os.path.join(folder, "requests.db"), wal)
    INFO.labels("1").set(1)
    app = flask.Flask("intents")

    @app.before_request
    def begin():
        flask.g.began = time.perf_counter()

    @app.after_request
    def count(response):
        request = flask.request
        endpoint = request.url_rule.rule if request.url_rule else "other"
        COUNT.labels(request.method, endpoint, response.status_code).inc()
        LATENCY.labels(endpoint).observe(time.perf_counter() - flask.g.began)
        return response

    @app.post("/intent")
    def intent():
        text = text_of(flask.request)
        intents = model.answer(text)
        response = {"intents": intents}
        seconds = time.perf_counter() - flask.g.began
        database.insert(text, response, seconds)
        log.info("%r: %s in %.1f ms", text, intents[0]["label"], 1000 * seconds)
        return response

    @app.errorhandler(Refusal)
    def refuse(refusal):
        label, message = refusal.args
        return {"label": label, "message": message}, 400

    @app.get("/ready")
    def ready():
        return "OK"

    @app.get("/metrics")
    def metrics():
        kind = prometheus_client.CONTENT_TYPE_LATEST
        return flask.Response(prometheus_client.generate_latest(), mimetype=kind)

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", help="a package of uaic; without one the weights are random")
    parser.add_argument("--folder", default=".", help="where the database and the logs go")
    parser.add_argument("--wal", action="store_true", help="no row of the database waits for the disk")
    parser.add_argument("--port", type=int, default=5000)
    options = parser.parse_args()
    # As Flask does by itself, but without a line per request on the terminal.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = create_app(options.package, options.folder, options.wal)
    app.run(port=options.port, threaded=True)
