"""Clients of MLflow against a server: experiments, runs, batches, histories, searches, artifacts.

usage: tracking.py URI
"""

import math
import os
import pathlib
import sys
import tempfile
import time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "1"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

URI = sys.argv[1]
mlflow.set_tracking_uri(URI)
client = MlflowClient(URI)


def refused(code, text, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, error)
        assert text in str(error), (text, str(error))
    else:
        raise AssertionError(f"{call.__name__}{arguments} was not refused")


def experiments():
    default = client.get_experiment("0")
    assert default.name == "Default" and default.lifecycle_stage == "active", default
    one = client.create_experiment("one", tags={"team": "a", "größe": "ü"})
    found = client.get_experiment(one)
    assert found.tags == {"team": "a", "größe": "ü"}, found.tags
    assert found.artifact_location == f"mlflow-artifacts:/{one}", found.artifact_location
    assert client.get_experiment_by_name("one").experiment_id == one
    assert client.get_experiment_by_name("nobody") is None
    refused("RESOURCE_ALREADY_EXISTS", "already exists", client.create_experiment, "one")
    refused("RESOURCE_DOES_NOT_EXIST", "No Experiment with id=999 exists", client.get_experiment, "999")
    elsewhere = client.create_experiment("elsewhere", artifact_location="s3://bucket/path")
    assert client.get_experiment(elsewhere).artifact_location == "s3://bucket/path"
    before = client.get_experiment(one).last_update_time
    time.sleep(0.01)
    client.rename_experiment(one, "uno")
    found = client.get_experiment(one)
    assert found.name == "uno" and found.last_update_time > before
    refused("RESOURCE_ALREADY_EXISTS", "already exists", client.rename_experiment, one, "elsewhere")
    client.set_experiment_tag(one, "team", "b")
    client.delete_experiment_tag(one, "größe")
    assert client.get_experiment(one).tags == {"team": "b"}
    refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: größe", client.delete_experiment_tag, one, "größe")

    run = client.create_run(one).info.run_id
    client.delete_experiment(one)
    refused("RESOURCE_DOES_NOT_EXIST", "No Experiment", client.delete_experiment, one)
    assert client.get_experiment(one).lifecycle_stage == "deleted"
    assert client.get_run(run).info.lifecycle_stage == "deleted"
    refused("INVALID_PARAMETER_VALUE", "must be in the 'active' state", client.create_run, one)
    refused("RESOURCE_ALREADY_EXISTS", "already exists", client.create_experiment, "uno")
    assert one not in [e.experiment_id for e in client.search_experiments()]
    assert [e.experiment_id for e in client.search_experiments(view_type=ViewType.DELETED_ONLY)] == [one]
    client.restore_experiment(one)
    refused("RESOURCE_DOES_NOT_EXIST", "No Experiment", client.restore_experiment, one)
    assert client.get_run(run).info.lifecycle_stage == "active"

    for number in range(5):
        client.create_experiment(f"page {number}", tags={"page": str(number)})
    names = lambda **how: [e.name for e in client.search_experiments(**how)]
    assert names(filter_string="name LIKE 'page%'", order_by=["name"]) == [f"page {n}" for n in range(5)]
    assert names(filter_string="tags.page = '3'") == ["page 3"]
    assert names(filter_string="tags.page != '3' AND name ILIKE 'PAGE %'", order_by=["name DESC"])[0] == "page 4"
    assert names(filter_string="tags.page IS NOT NULL")[0] == "page 4", "the last made comes first"
    assert len(names(filter_string="tags.page IS NULL")) == 3
    assert names(filter_string="creation_time < 1000") == []
    assert names(filter_string=f"experiment_id IN ('{one}')") == ["uno"]
    first = client.search_experiments(filter_string="name LIKE 'page%'", order_by=["name"], max_results=2)
    assert [e.name for e in first] == ["page 0", "page 1"] and first.token
    rest = client.search_experiments(
        filter_string="name LIKE 'page%'", order_by=["name"], max_results=3, page_token=first.token
    )
    assert [e.name for e in rest] == ["page 2", "page 3", "page 4"] and not rest.token
    refused("INVALID_PARAMETER_VALUE", "Invalid clause(s) in filter string", client.search_experiments,
            filter_string="name = 'a' OR name = 'b'")


def fluent_runs():
    mlflow.set_experiment("fluent")
    with mlflow.start_run(run_name="parent", description="a note", tags={"team": "x"}) as parent:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"layers": 3, "name": "größe", "none": None})
        mlflow.log_param("lr", 0.1)
        refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", mlflow.log_param, "lr", 0.2)
        for step in range(20):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.5, "nan": math.nan, "inf": math.inf, "ninf": -math.inf}, step=3)
        with mlflow.start_run(nested=True) as child:
            mlflow.log_metric("x", 1)
        with mlflow.start_run(nested=True, run_name="second"):
            mlflow.set_tag("k", "v")
    run = client.get_run(parent.info.run_id)
    assert run.info.status == "FINISHED" and run.info.end_time >= run.info.start_time, run.info
    assert run.info.run_name == "parent" and run.data.tags["mlflow.runName"] == "parent"
    assert run.data.tags["mlflow.note.content"] == "a note" and run.data.tags["team"] == "x"
    assert run.data.params == {"lr": "0.1", "layers": "3", "name": "größe", "none": "None"}, run.data.params
    assert run.data.metrics["loss"] == 0.05 and run.data.metrics["acc"] == 0.5
    assert math.isnan(run.data.metrics["nan"])
    assert run.data.metrics["inf"] > 1e308 and run.data.metrics["ninf"] < -1e308
    child = client.get_run(child.info.run_id)
    assert child.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert child.info.run_name, "a name is invented"
    assert run.info.user_id, run.info
    experiment = run.info.experiment_id
    nested = client.search_runs([experiment], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert {r.info.run_id for r in nested} == {child.info.run_id} | {r.info.run_id for r in nested if r.info.run_name == "second"}
    assert len(nested) == 2
    frame = mlflow.search_runs(experiment_names=["fluent"], output_format="list")
    assert len(frame) == 3
    try:
        with mlflow.start_run() as failed:
            raise ValueError("meant")
    except ValueError:
        pass
    assert client.get_run(failed.info.run_id).info.status == "FAILED"
    with mlflow.start_run(run_id=parent.info.run_id):
        assert client.get_run(parent.info.run_id).info.status == "RUNNING"
        mlflow.log_metric("loss", 0.01, step=20)
    run = client.get_run(parent.info.run_id)
    assert run.info.status == "FINISHED" and run.data.metrics["loss"] == 0.01
    assert mlflow.last_active_run().info.run_id == parent.info.run_id
    assert len(client.get_metric_history(parent.info.run_id, "loss")) == 21


def runs():
    experiment = client.create_experiment("runs")
    run = client.create_run(experiment, start_time=1234, tags={"a": "1"}, run_name="named")
    assert run.info.start_time == 1234 and run.info.end_time is None and run.info.status == "RUNNING"
    assert run.data.tags == {"a": "1", "mlflow.runName": "named"}, run.data.tags
    id = run.info.run_id
    assert run.info.artifact_uri == f"mlflow-artifacts:/{experiment}/{id}/artifacts"
    refused("RESOURCE_DOES_NOT_EXIST", "Run with id=" + "0" * 32 + " not found", client.get_run, "0" * 32)
    refused("RESOURCE_DOES_NOT_EXIST", "Run with id=nobody not found", client.get_run, "nobody")
    refused("INVALID_PARAMETER_VALUE", "specified, but with different values", client.create_run, experiment,
            run_name="a", tags={"mlflow.runName": "b"})
    client.update_run(id, name="renamed")
    assert client.get_run(id).data.tags["mlflow.runName"] == "renamed"
    client.set_tag(id, "mlflow.runName", "again")
    assert client.get_run(id).info.run_name == "again"
    for status in ["SCHEDULED", "KILLED", "FAILED", "FINISHED", "RUNNING"]:
        client.update_run(id, status=status)
        assert client.get_run(id).info.status == status, status
    client.set_terminated(id, "KILLED", end_time=5678)
    assert (client.get_run(id).info.status, client.get_run(id).info.end_time) == ("KILLED", 5678)
    client.set_tag(id, "b", "2")
    client.delete_tag(id, "a")
    assert client.get_run(id).data.tags == {"b": "2", "mlflow.runName": "again"}
    refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: a", client.delete_tag, id, "a")
    client.set_tag(id, "mlflow.note.content", "noted")
    assert client.get_run(id).data.tags["mlflow.note.content"] == "noted"
    client.delete_tag(id, "mlflow.note.content")
    client.delete_run(id)
    client.delete_run(id)
    assert client.get_run(id).info.lifecycle_stage == "deleted"
    for call, arguments in [
        (client.log_metric, (id, "m", 1)), (client.log_param, (id, "p", 1)), (client.set_tag, (id, "t", 1)),
        (client.update_run, (id, "FINISHED")), (client.delete_tag, (id, "b")),
    ]:
        refused("INVALID_PARAMETER_VALUE", f"The run {id} must be in the 'active' state", call, *arguments)
    assert client.search_runs([experiment]) == []
    assert [r.info.run_id for r in client.search_runs([experiment], run_view_type=ViewType.DELETED_ONLY)] == [id]
    assert len(client.search_runs([experiment], run_view_type=ViewType.ALL)) == 1
    client.restore_run(id)
    client.restore_run(id)
    assert client.get_run(id).info.lifecycle_stage == "active"
    long = client.create_run(experiment).info.run_id
    client.log_param(long, "long", "x" * 6000)
    client.set_tag(long, "long", "y" * 8000)
    assert client.get_run(long).data.params["long"] == "x" * 6000
    strange = client.create_run(experiment, tags={"mlflow.parentRunId": "nobody"})
    assert strange.data.tags["mlflow.parentRunId"] == "nobody"
    assert [r.info.run_id for r in client.search_runs([experiment], "tags.mlflow.parentRunId = 'nobody'")] == [strange.info.run_id]


def batches():
    experiment = client.create_experiment("batches")
    id = client.create_run(experiment).info.run_id
    now = int(time.time() * 1000)
    metrics = [Metric(f"m{n % 4}", n / 7, now + n, n // 4) for n in range(1000)]
    client.log_batch(id, metrics)
    client.log_batch(id, metrics)
    history = client.get_metric_history(id, "m1")
    assert len(history) == 250, "what is sent again is there once"
    assert [(m.value, m.timestamp, m.step) for m in history] == [
        (m.value, m.timestamp, m.step) for m in metrics if m.key == "m1"
    ]
    client.log_batch(id, [], [Param(f"p{n}", str(n)) for n in range(100)], [])
    client.log_batch(id, tags=[RunTag("t", "1"), RunTag("t", "2")])
    data = client.get_run(id).data
    assert len(data.params) == 100 and data.tags["t"] == "2"
    refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed", client.log_batch, id,
            [Metric("new", 1, now, 0)], [Param("q", "1"), Param("p1", "other")], [RunTag("new", "1")])
    data = client.get_run(id).data
    assert "new" not in data.metrics and "new" not in data.tags and "q" not in data.params, "nothing is left of it"
    many = client.create_run(experiment).info.run_id
    mlflow.set_experiment("batches")
    with mlflow.start_run(run_id=many):
        mlflow.log_params({f"p{n}": n for n in range(250)})
        mlflow.log_metrics({f"m{n}": n for n in range(2500)})
    data = client.get_run(many).data
    assert len(data.params) == 250 and len(data.metrics) == 2500


def histories():
    id = client.create_run(client.create_experiment("histories")).info.run_id
    points = [(3, 100, 1.0), (1, 300, 2.0), (2, 200, 3.0), (3, 100, 0.5), (3, 100, 1.0), (-5, 50, 9.0), (3, 90, 7.0)]
    for step, at, value in points:
        client.log_metric(id, "m", value, timestamp=at, step=step)
    history = [(m.step, m.timestamp, m.value) for m in client.get_metric_history(id, "m")]
    assert history == [(-5, 50, 9.0), (3, 90, 7.0), (3, 100, 0.5), (3, 100, 1.0), (2, 200, 3.0), (1, 300, 2.0)], history
    assert client.get_run(id).data.metrics["m"] == 1.0, "the greatest step, time and value"
    assert client.get_metric_history(id, "nothing") == []
    for step in range(10):
        client.log_metric(id, "nan", math.nan, timestamp=1, step=step % 2)
    assert len(client.get_metric_history(id, "nan")) == 2
    for value in [1, 3, 2]:
        client.log_metric(id, "same", value, timestamp=1000, step=0)
    assert client.get_run(id).data.metrics["same"] == 3
    big = 2**62
    client.log_metric(id, "big", 1, timestamp=1, step=big)
    client.log_metric(id, "big", 2, timestamp=1, step=-big)
    assert [m.step for m in client.get_metric_history(id, "big")] == [-big, big]
    key = "größe/a b.c:d-e_f"
    client.log_metric(id, key, 1)
    assert len(client.get_metric_history(id, key)) == 1 and key in client.get_run(id).data.metrics


def searches():
    experiment = client.create_experiment("searches")
    made = {}
    for n in range(12):
        run = client.create_run(experiment, start_time=1000 + n, run_name=f"run {n}", tags={"parity": str(n % 2)})
        id = made[n] = run.info.run_id
        client.log_param(id, "n", n)
        client.log_param(id, "model.kind", "cnn" if n < 6 else "LSTM")
        if n != 11:
            client.log_metric(id, "acc", math.nan if n == 10 else n / 10)
        client.set_terminated(id, "FINISHED" if n % 3 else "FAILED", end_time=2000 + n)
    other = client.create_experiment("searches elsewhere")
    client.log_metric(client.create_run(other).info.run_id, "acc", 0.95)

    def found(text="", order=None, **how):
        number = {id: n for n, id in made.items()}
        return [number[r.info.run_id] for r in client.search_runs([experiment], text, order_by=order, **how)]

    assert found() == list(range(11, -1, -1)), "the last started first"
    assert found("metrics.acc >= 0.5", ["metrics.acc"]) == [5, 6, 7, 8, 9]
    assert found("", ["metrics.acc"]) == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "NaN, then missing"
    assert found("", ["metrics.acc DESC"]) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 11], "NaN, then missing"
    assert found("metrics.acc != 0.3", ["start_time ASC"]) == [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]
    assert found("params.n = '3'") == [3] and found("params.n != '3' and metrics.acc < 0.5") == [4, 2, 1, 0]
    assert found("params.n LIKE '1%'", ["params.n"]) == [1, 10, 11]
    assert found("", ["params.n"]) == [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9], "parameters are texts"
    assert found("params.`model.kind` ILIKE 'lstm'", ["attributes.start_time"]) == [6, 7, 8, 9, 10, 11]
    assert found("params.model.kind LIKE 'lstm'") == []
    assert found("tags.parity = '1' AND attributes.status = 'FAILED'") == [9, 3]
    assert found("tags.parity IS NULL") == [] and len(found("tags.parity IS NOT NULL")) == 12
    assert found("params.nothing IS NULL AND run_name = 'run 4'") == [4]
    assert found("attributes.run_name LIKE 'run 1_'") == [11, 10]
    assert found("tags.`mlflow.runName` = 'run 7'") == [7]
    assert found(f"attributes.run_id IN ('{made[2]}', '{made[5]}')") == [5, 2]
    assert found(f"run_id = '{made[2]}'") == [2] and found(f"run_id != '{made[2]}' AND start_time < 1004") == [3, 1, 0]
    assert found("start_time > 1008 AND end_time <= 2010") == [10, 9]
    assert found("user_id = 'unknown'", ["end_time"], max_results=3) == [0, 1, 2]
    assert found(f"artifact_uri LIKE '%{made[8]}%'") == [8]
    assert found("metrics.nothing > 0") == [] and found("tags.nothing = 'x'") == []
    assert found("", ["tags.parity", "metrics.acc DESC"]) == [8, 6, 4, 2, 0, 10, 9, 7, 5, 3, 1, 11]
    page, token, all = None, None, []
    while page is None or token:
        page = client.search_runs([experiment], order_by=["metrics.acc DESC"], max_results=5, page_token=token)
        all += [r.info.run_id for r in page]
        token = page.token
    assert [made[n] for n in [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 10, 11]] == all
    both = client.search_runs([experiment, other], "metrics.acc > 0.8", order_by=["metrics.acc DESC"])
    assert [r.data.metrics["acc"] for r in both] == [0.95, 0.9]
    both = client.search_runs([other, experiment], max_results=3)
    assert [r.info.experiment_id for r in both] == [other, experiment, experiment]
    assert client.search_runs(["98765"]) == []
    for text in ["metrics.acc = 'x'", "bogus.a = 1", "params.n > 3", "metrics.acc > 1 OR metrics.acc < 0", "x",
                 "metrics.acc > 1; DROP TABLE runs"]:
        refused("INVALID_PARAMETER_VALUE", "", client.search_runs, [experiment], text)
    refused("INVALID_PARAMETER_VALUE", "", client.search_runs, [experiment], order_by=["bogus.a"])
    refused("INVALID_PARAMETER_VALUE", "", client.search_runs, [experiment], page_token="bogus")
    refused("INVALID_PARAMETER_VALUE", "max_results", client.search_runs, [experiment], max_results=50_001)


def artifacts():
    run = client.create_run(client.create_experiment("artifacts"))
    id = run.info.run_id
    names = ["plain.txt", "mit Leerzeichen.txt", "größe ü.txt", "a+b&c=d,e;f~g!h$i'(j).txt", "100%.txt", "日本語.txt"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name in names:
            (folder / name).write_text(f"content of {name}")
        (folder / "sub" / "deep").mkdir(parents=True)
        (folder / "sub" / "deep" / "bytes.bin").write_bytes(bytes(range(256)) * 5000)
        (folder / "sub" / "empty").write_bytes(b"")
        client.log_artifacts(id, str(folder))
        client.log_artifact(id, str(folder / "plain.txt"), "another/place")
    listed = {f.path: (f.is_dir, f.file_size) for f in client.list_artifacts(id)}
    assert set(listed) == set(names) | {"sub", "another"}, listed
    assert listed["sub"][0] and listed["plain.txt"] == (False, len("content of plain.txt"))
    deep = client.list_artifacts(id, "sub")
    assert [(f.path, f.is_dir) for f in deep] == [("sub/deep", True), ("sub/empty", False)], deep
    assert client.list_artifacts(id, "nothing") == [] and client.list_artifacts(id, "plain.txt") == []
    with tempfile.TemporaryDirectory() as folder:
        there = pathlib.Path(client.download_artifacts(id, "", folder))
        for name in names:
            assert (there / name).read_text() == f"content of {name}", name
        assert (there / "sub" / "deep" / "bytes.bin").read_bytes() == bytes(range(256)) * 5000
        assert (there / "sub" / "empty").read_bytes() == b""
        one = client.download_artifacts(id, "another/place/plain.txt", folder)
        assert pathlib.Path(one).read_text() == "content of plain.txt"
    mlflow.set_experiment("fluent")
    with mlflow.start_run() as run:
        mlflow.log_text("text", "notes/text.txt")
        mlflow.log_dict({"a": [1, 2]}, "config.json")
        mlflow.log_dict({"a": [1, 2]}, "config.yaml")
    assert mlflow.artifacts.load_text(f"{run.info.artifact_uri}/notes/text.txt") == "text"
    assert mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/config.json") == {"a": [1, 2]}
    assert len(client.list_artifacts(run.info.run_id)) == 3
    repository = mlflow.store.artifact.artifact_repository_registry.get_artifact_repository(run.info.artifact_uri)
    repository.delete_artifacts("notes")
    assert [f.path for f in client.list_artifacts(run.info.run_id)] == ["config.json", "config.yaml"]
    try:
        client.list_artifacts(run.info.run_id, "../other")
    except Exception as error:
        assert "Invalid path" in str(error), error
    else:
        raise AssertionError("a path that leads elsewhere was taken")


def datasets():
    experiment = client.create_experiment("datasets")
    id = client.create_run(experiment).info.run_id
    def used(name, digest, context):
        dataset = Dataset(name, digest, "local", '{"uri": "x"}', schema='{"a": 1}', profile='{"rows": 3}')
        return DatasetInput(dataset, [InputTag("mlflow.data.context", context), InputTag("k", "v")])
    client.log_inputs(id, [used("train", "d1", "training"), used("test", "d2", "validation")])
    client.log_inputs(id, [used("train", "d1", "again")])
    inputs = client.get_run(id).inputs.dataset_inputs
    assert len(inputs) == 2
    train = [i for i in inputs if i.dataset.name == "train"][0]
    assert train.dataset.profile == '{"rows": 3}' and train.dataset.source_type == "local"
    assert {t.key: t.value for t in train.tags} == {"mlflow.data.context": "training", "k": "v"}, "the first tags stay"
    other = client.create_run(experiment).info.run_id
    client.log_inputs(other, [used("train", "d1", "training")])
    found = lambda text: {r.info.run_id for r in client.search_runs([experiment], text)}
    assert found("datasets.name = 'train'") == {id, other}
    assert found("dataset.name = 'test' AND dataset.context = 'training'") == {id}, "each clause for itself"
    assert found("datasets.digest IN ('d2', 'x')") == {id} and found("datasets.context LIKE 'val%'") == {id}
    assert client.search_runs([experiment], f"run_id = '{id}'")[0].inputs.dataset_inputs
    try:
        import numpy
        import mlflow.data
    except ImportError:
        return
    data = mlflow.data.from_numpy(numpy.arange(6).reshape(3, 2), name="numbers")
    mlflow.set_experiment("datasets")
    with mlflow.start_run() as run:
        mlflow.log_input(data, context="eval", tags={"a": "b"})
    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    assert inputs[0].dataset.name == "numbers" and inputs[0].dataset.digest == data.digest
    assert mlflow.data.get_source(inputs[0].dataset) is not None


def autolog():
    try:
        from sklearn.datasets import load_iris
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV
    except ImportError:
        return
    mlflow.set_experiment("autolog")
    mlflow.sklearn.autolog(log_models=False)
    x, y = load_iris(return_X_y=True)
    with mlflow.start_run() as run:
        LogisticRegression(max_iter=300).fit(x, y)
    data = client.get_run(run.info.run_id).data
    assert data.params["max_iter"] == "300" and data.metrics["training_score"] > 0.9
    assert data.tags["estimator_name"] == "LogisticRegression"
    assert client.get_run(run.info.run_id).inputs.dataset_inputs, "its data set is known"
    assert "training_confusion_matrix.png" in [f.path for f in client.list_artifacts(run.info.run_id)]
    with mlflow.start_run() as run:
        GridSearchCV(LogisticRegression(max_iter=300), {"C": [0.1, 1, 10]}).fit(x, y)
    parts = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'",
                               order_by=["metrics.mean_test_score DESC"])
    assert len(parts) == 3 and parts[0].data.metrics["mean_test_score"] >= parts[2].data.metrics["mean_test_score"]
    mlflow.sklearn.autolog(disable=True)


for check in [experiments, fluent_runs, runs, batches, histories, searches, artifacts, datasets, autolog]:
    start = time.perf_counter()
    check()
    print(f"{check.__name__}: {time.perf_counter() - start:.1f} s", flush=True)
print("all is well")
