"""Clients of MLflow against a server: registered models, prompts, logged models, traces, assessments.

usage: models.py URI

What needs scikit-learn and pandas is left out where they are not installed.
"""

import gzip
import json
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ASYNC_TRACE_LOGGING"] = "false"

import mlflow
from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, LoggedModelStatus
from mlflow.exceptions import MlflowException

URI = sys.argv[1]
mlflow.set_tracking_uri(URI)
client = MlflowClient(URI)

try:
    import pandas
    import sklearn.linear_model
except ImportError:
    sklearn = None


def refused(code, text, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except MlflowException as error:
        assert error.error_code == code, (error.error_code, error)
        assert text in str(error), (text, str(error))
    else:
        raise AssertionError(f"{call.__name__}{arguments} was not refused")


def ask(method, path, body=None, headers=None, raw=None):
    data = raw if raw is not None else (None if body is None else json.dumps(body).encode())
    headers = {"Content-Type": "application/json", **(headers or {})}
    request = urllib.request.Request(URI + path, data=data, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def registered_models():
    one = client.create_registered_model("iris", tags={"team": "a", "größe": "ü"}, description="flowers")
    assert (one.name, one.tags, one.description) == ("iris", {"team": "a", "größe": "ü"}, "flowers"), one
    assert one.latest_versions == [] and one.creation_timestamp == one.last_updated_timestamp > 0
    refused("RESOURCE_ALREADY_EXISTS", "already exists", client.create_registered_model, "iris")
    refused("RESOURCE_DOES_NOT_EXIST", "Registered Model with name=nobody not found", client.get_registered_model, "nobody")
    for name in ["a/b", "a:b", "..", "."]:
        assert ask("POST", "/api/2.0/mlflow/registered-models/create", {"name": name})[0] == 400, name
    assert ask("POST", "/api/2.0/mlflow/registered-models/create", {"name": "  "})[0] == 400
    # What `uaic` could not type is held, and found.
    odd = "my model @ größe & co"
    client.create_registered_model(odd)
    assert client.get_registered_model(odd).name == odd
    assert client.update_registered_model("iris", "more flowers").description == "more flowers"
    client.set_registered_model_tag("iris", "team", "b")
    client.delete_registered_model_tag("iris", "größe")
    client.delete_registered_model_tag("iris", "was never there")
    assert client.get_registered_model("iris").tags == {"team": "b"}
    client.rename_registered_model("iris", "flowers")
    assert client.get_registered_model("flowers").tags == {"team": "b"}
    refused("RESOURCE_DOES_NOT_EXIST", "not found", client.get_registered_model, "iris")
    refused("RESOURCE_ALREADY_EXISTS", "already exists", client.rename_registered_model, "flowers", odd)
    client.rename_registered_model("flowers", "iris")
    for at in range(12):
        client.create_registered_model(f"many{at:02}", tags={"odd": str(at % 2)})
    names = lambda found: [model.name for model in found]
    assert names(client.search_registered_models("name LIKE 'many%'", max_results=5)) == [f"many{at:02}" for at in range(5)]
    page = client.search_registered_models("name LIKE 'many%'", max_results=5)
    page = client.search_registered_models("name LIKE 'many%'", max_results=5, page_token=page.token)
    page = client.search_registered_models("name LIKE 'many%'", max_results=5, page_token=page.token)
    assert names(page) == ["many10", "many11"] and not page.token
    assert names(client.search_registered_models("tags.odd = '1' AND name ILIKE 'MANY0%'")) == ["many01", "many03", "many05", "many07", "many09"]
    assert names(client.search_registered_models("name IN ('iris', 'many03')", order_by=["name DESC"])) == ["many03", "iris"]
    assert len(client.search_registered_models("tags.odd != '1'")) == 6
    newest = client.search_registered_models(order_by=["last_updated_timestamp DESC"], max_results=1)
    assert names(newest) == ["many11"], names(newest)
    for text in ["version = '1'", "name > 'a'", "tags.a IN ('b')", "name = 1", "name = 'a' OR name = 'b'"]:
        refused("INVALID_PARAMETER_VALUE", "", client.search_registered_models, text)
    refused("INVALID_PARAMETER_VALUE", "max_results", client.search_registered_models, max_results=1001)
    client.delete_registered_model("many00")
    refused("RESOURCE_DOES_NOT_EXIST", "", client.delete_registered_model, "many00")


def versions():
    experiment = client.create_experiment("versions")
    run = client.create_run(experiment)
    id, place = run.info.run_id, run.info.artifact_uri
    client.create_registered_model("v")
    first = client.create_model_version("v", f"{place}/model", id, tags={"k": "x"}, description="first")
    assert (first.version, first.current_stage, first.status) == ("1", "None", "READY"), first
    assert (first.run_id, first.source, first.description, first.tags) == (id, f"{place}/model", "first", {"k": "x"})
    assert client.get_model_version_download_uri("v", "1") == f"{place}/model"
    second = client.create_model_version("v", "s3://bucket/elsewhere")
    third = client.create_model_version("v", f"runs:/{id}/model", id, run_link="http://x/y")
    assert (second.version, third.version, third.run_link) == ("2", "3", "http://x/y")
    assert not second.run_id, second
    refused("RESOURCE_DOES_NOT_EXIST", "Registered Model with name=nobody", client.create_model_version, "nobody", "s3://x")
    refused("RESOURCE_DOES_NOT_EXIST", "Model Version (name=v, version=9) not found", client.get_model_version, "v", "9")
    create = lambda **body: ask("POST", "/api/2.0/mlflow/model-versions/create", {"name": "v", **body})
    for source in ["/etc/passwd", "file:///etc", "../x", "a/b", f"{place}/../../x", "mlflow-artifacts://h/..%2f..%2fx",
                   "mlflow-artifacts:/1/x/artifacts", f"runs:/{'0' * 32}/model", "s3://b/%252e%252e/x", "http://h/a%00", "models:/v"]:
        status, body = create(source=source, run_id=id)
        assert status == 400, (source, status, body)
    assert create(source=f"{place}/model")[0] == 400, "of no run"
    assert client.get_model_version("v", "3").source == f"runs:/{id}/model", "nothing was made by what was refused"
    copied = client.copy_model_version("models:/v/1", "copied")
    assert copied.run_id == id and copied.source == "models:/v/1", copied
    assert client.get_model_version_download_uri("copied", "1") == f"{place}/model"
    # Aliases.
    client.set_registered_model_alias("v", "champion", "1")
    client.set_registered_model_alias("v", "best", "1")
    assert client.get_model_version("v", "1").aliases == ["best", "champion"]
    client.set_registered_model_alias("v", "champion", "2")
    assert client.get_model_version_by_alias("v", "champion").version == "2"
    assert client.get_registered_model("v").aliases == {"best": "1", "champion": "2"}
    assert client.get_model_version_by_alias("v", "latest").version == "3"
    refused("INVALID_PARAMETER_VALUE", "Registered model alias nobody not found", client.get_model_version_by_alias, "v", "nobody")
    refused("RESOURCE_DOES_NOT_EXIST", "version=9", client.set_registered_model_alias, "v", "champion", "9")
    for alias in ["v1", "latest", "LATEST", "a b", "a.b", "x" * 256]:
        status, _ = ask("POST", "/api/2.0/mlflow/registered-models/alias", {"name": "v", "alias": alias, "version": "1"})
        assert status == 400, alias
    client.delete_registered_model_alias("v", "best")
    client.delete_registered_model_alias("v", "never-there")
    # Stages and changes.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert client.transition_model_version_stage("v", "1", "production").current_stage == "Production"
        moved = client.transition_model_version_stage("v", "2", "Production", archive_existing_versions=True)
        assert moved.current_stage == "Production" and client.get_model_version("v", "1").current_stage == "Archived"
        assert [v.version for v in client.get_latest_versions("v")] == ["1", "2", "3"]
        assert [v.version for v in client.get_latest_versions("v", ["production"])] == ["2"]
        refused("INVALID_PARAMETER_VALUE", "Invalid Model Version stage", client.transition_model_version_stage, "v", "1", "bogus")
    assert client.update_model_version("v", "2", "changed").description == "changed"
    client.set_model_version_tag("v", "2", "k", "y")
    client.set_model_version_tag("v", "2", "l", "z")
    client.delete_model_version_tag("v", "2", "l")
    client.delete_model_version_tag("v", "2", "was never there")
    assert client.get_model_version("v", "2").tags == {"k": "y"}
    # Searches.
    found = lambda text, **named: [(v.name, v.version) for v in client.search_model_versions(text, **named)]
    assert found("name = 'v'", order_by=["version_number ASC"]) == [("v", "1"), ("v", "2"), ("v", "3")]
    assert found(f"run_id = '{id}'", order_by=["name", "version_number DESC"]) == [("copied", "1"), ("v", "3"), ("v", "1")]
    assert found("source_path LIKE 's3://%'") == [("v", "2")] and found("tags.k = 'x' AND name IN ('v')") == [("v", "1")]
    assert found("name = 'v' AND version_number > 1", order_by=["version_number DESC"], max_results=1) == [("v", "3")]
    refused("INVALID_PARAMETER_VALUE", "", client.search_model_versions, "bogus = 'x'")
    # Numbers are not given twice, aliases go with their version, and names may change.
    client.set_registered_model_alias("v", "gone", "3")
    client.delete_model_version("v", "3")
    assert "gone" not in client.get_registered_model("v").aliases
    assert client.create_model_version("v", "s3://bucket/x").version == "4"
    client.rename_registered_model("v", "w")
    assert client.get_model_version_by_alias("w", "champion").tags == {"k": "y"}
    client.delete_registered_model("w")
    refused("RESOURCE_DOES_NOT_EXIST", "", client.get_model_version, "w", "1")


def prompts():
    mlflow.set_experiment("prompts")
    first = mlflow.genai.register_prompt("greeting", "Hello {{name}}!", commit_message="first", tags={"by": "me"})
    assert first.version == 1 and first.template == "Hello {{name}}!", first
    second = mlflow.genai.register_prompt("greeting", "Hi {{name}}.")
    assert second.version == 2
    mlflow.genai.set_prompt_alias("greeting", alias="live", version=1)
    assert mlflow.genai.load_prompt("prompts:/greeting@live").format(name="Ada") == "Hello Ada!"
    assert mlflow.genai.load_prompt("greeting", version=2).template == "Hi {{name}}."
    assert mlflow.genai.load_prompt("prompts:/greeting/1").commit_message == "first"
    names = [prompt.name for prompt in mlflow.genai.search_prompts()]
    assert names == ["greeting"], names
    assert [p.name for p in mlflow.genai.search_prompts("name = 'greeting'")] == ["greeting"]
    assert "greeting" not in [m.name for m in client.search_registered_models()], "prompts are no models"
    assert client.search_model_versions("name = 'greeting'") == []
    chat = mlflow.genai.register_prompt("chat", [{"role": "system", "content": "You are {{who}}."}])
    assert mlflow.genai.load_prompt("chat", version=chat.version).template[0]["content"] == "You are {{who}}."
    mlflow.genai.delete_prompt_alias("greeting", alias="live")
    try:
        versions = client.search_prompt_versions("greeting")
    except MlflowException as error:
        # Clients of a year ago cannot, whatever the server.
        assert "only available in Unity Catalog" in str(error), error
    else:
        assert len(list(versions)) == 2, versions
    client.set_prompt_tag("greeting", "k", "v")
    client.set_prompt_version_tag("greeting", 1, "k", "v")
    assert client.get_prompt_version("greeting", 1).tags.get("k") == "v"
    client.delete_prompt_version("chat", str(chat.version))
    client.delete_prompt("chat")
    assert [p.name for p in mlflow.genai.search_prompts()] == ["greeting"]


def logged_models():
    experiment = mlflow.set_experiment("logged models").experiment_id
    with mlflow.start_run() as run:
        model = mlflow.initialize_logged_model("net", params={f"p{at}": str(at) for at in range(150)}, tags={"k": "v"}, model_type="mlp")
        assert model.status == LoggedModelStatus.PENDING and model.source_run_id == run.info.run_id
        mlflow.log_metric("acc", 0.5, step=1, model_id=model.model_id)
        mlflow.log_metric("acc", 0.75, step=2, model_id=model.model_id)
        mlflow.log_metrics({"loss": float("nan"), "f1": 0.25}, model_id=model.model_id)
    model = mlflow.finalize_logged_model(model.model_id, "READY")
    assert model.status == LoggedModelStatus.READY
    model = mlflow.get_logged_model(model.model_id)
    assert len(model.params) == 150 and model.params["p149"] == "149" and model.tags["k"] == "v"
    assert model.artifact_location == f"mlflow-artifacts:/{experiment}/models/{model.model_id}/artifacts"
    points = sorted((m.key, m.step, m.value) for m in model.metrics if m.key == "acc")
    assert points == [("acc", 1, 0.5), ("acc", 2, 0.75)], model.metrics
    assert all(m.run_id == run.info.run_id and m.model_id == model.model_id for m in model.metrics)
    assert client.get_run(run.info.run_id).data.metrics["acc"] == 0.75, "of the run, too"
    mlflow.set_logged_model_tags(model.model_id, {"k": "w", "l": "m"})
    mlflow.delete_logged_model_tag(model.model_id, "l")
    refused("RESOURCE_DOES_NOT_EXIST", "No tag with name: l", mlflow.delete_logged_model_tag, model.model_id, "l")
    assert mlflow.get_logged_model(model.model_id).tags["k"] == "w"
    other = mlflow.initialize_logged_model("other", params={"p0": "9"}, model_type="tree")
    mlflow.finalize_logged_model(other.model_id, "READY")
    mlflow.log_metric("acc", 0.25, model_id=other.model_id, dataset=None)
    mlflow.end_run()
    search = lambda text=None, **named: [m.name for m in mlflow.search_logged_models([experiment], text, output_format="list", **named)]
    assert search() == ["other", "net"], search()
    assert search("metrics.acc > 0.4") == ["net"] and search("params.p0 = '9'") == ["other"]
    assert search("name LIKE 'n%' AND tags.k = 'w'") == ["net"] and search("model_type IN ('tree')") == ["other"]
    assert search("status = 'LOGGED_MODEL_READY'") == ["other", "net"], "by name"
    order = lambda ascending: [{"field_name": "metrics.acc", "ascending": ascending}]
    assert search(order_by=order(True)) == ["other", "net"] and search(order_by=order(False)) == ["net", "other"]
    assert search(order_by=[{"field_name": "metrics.f1", "ascending": False}]) == ["net", "other"], "missing last"
    assert search(max_results=1) == ["other"]
    refused("INVALID_PARAMETER_VALUE", "", search, "metric.acc > 1")
    refused("RESOURCE_DOES_NOT_EXIST", "Logged model with ID 'm-1' not found", mlflow.get_logged_model, "m-1")
    # On data sets.
    with mlflow.start_run() as run:
        for at, (name, digest, value) in enumerate([("a", "d1", 0.1), ("a", "d2", 0.9), ("b", "d1", 0.5)]):
            body = {"run_id": run.info.run_id, "key": "auc", "value": value, "timestamp": 1000 + at, "step": 0,
                    "model_id": model.model_id, "dataset_name": name, "dataset_digest": digest}
            assert ask("POST", "/api/2.0/mlflow/runs/log-metric", body)[0] == 200
    data = lambda name, digest=None: [{"dataset_name": name, "dataset_digest": digest} if digest else {"dataset_name": name}]
    assert search("metrics.auc > 0.8", datasets=data("a")) == ["net"] and search("metrics.auc > 0.8", datasets=data("b")) == []
    assert search(datasets=data("a", "d1")) == ["net"] and search(datasets=data("c")) == []
    sets = {(m.dataset_name, m.dataset_digest, m.value) for m in mlflow.get_logged_model(model.model_id).metrics if m.key == "auc"}
    assert sets == {("a", "d1", 0.1), ("a", "d2", 0.9), ("b", "d1", 0.5)}, sets
    # What runs use and make.
    outputs = client.get_run(run.info.run_id).outputs
    client.log_outputs(run.info.run_id, [mlflow.entities.LoggedModelOutput(model.model_id, 3)])
    outputs = client.get_run(run.info.run_id).outputs
    assert [(o.model_id, o.step) for o in outputs.model_outputs] == [(model.model_id, 3)], outputs
    client.log_inputs(run.info.run_id, models=[mlflow.entities.LoggedModelInput(model.model_id)])
    assert [m.model_id for m in client.get_run(run.info.run_id).inputs.model_inputs] == [model.model_id]
    # Registered.
    version = mlflow.register_model(f"models:/{model.model_id}", "of a logged model")
    assert version.version == "1" and version.source == f"models:/{model.model_id}", version
    assert client.get_model_version_download_uri("of a logged model", "1") == model.artifact_location
    versions = json.loads(mlflow.get_logged_model(model.model_id).tags["mlflow.modelVersions"])
    assert {"name": "of a logged model", "version": "1"} in versions, versions
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "notes.txt")
        open(path, "w").write("noted")
        client.log_model_artifact(model.model_id, path)
        assert [f.path for f in client.list_logged_model_artifacts(model.model_id)] == ["notes.txt"]
    for name in ["a/b", "a.b", "a:b", "a%b", "it's"]:
        assert ask("POST", "/api/2.0/mlflow/logged-models", {"experiment_id": experiment, "name": name})[0] == 400, name
    client.delete_logged_model(other.model_id)
    refused("RESOURCE_DOES_NOT_EXIST", "not found", mlflow.get_logged_model, other.model_id)
    assert search() == ["net"]


def sklearn_models():
    if sklearn is None:
        return print("(no scikit-learn)")
    frame = pandas.DataFrame({"x": [0.0, 1, 2, 3], "y": [1.0, 3, 5, 7]})
    fitted = sklearn.linear_model.LinearRegression().fit(frame[["x"]], frame["y"])
    mlflow.set_experiment("sklearn")
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(fitted, name="line", input_example=frame[["x"]].head(2), registered_model_name="line")
    assert mlflow.create_external_model("elsewhere", model_type="agent").status == LoggedModelStatus.READY
    model = mlflow.get_logged_model(info.model_id)
    assert model.status == LoggedModelStatus.READY and model.source_run_id == run.info.run_id
    client.set_registered_model_alias("line", "champion", "1")
    for address in ["models:/line@champion", "models:/line/1", f"models:/{info.model_id}", f"runs:/{run.info.run_id}/line"]:
        loaded = mlflow.pyfunc.load_model(address)
        assert abs(loaded.predict(frame[["x"]])[3] - 7) < 1e-9, address
    version = mlflow.register_model(f"runs:/{run.info.run_id}/line", "line")
    assert version.version == "2" and version.run_id == run.info.run_id, version
    assert mlflow.sklearn.load_model("models:/line/2").coef_[0] > 1.9
    assert client.get_model_version("line", "2").source == f"models:/{info.model_id}"
    with mlflow.start_run() as run:
        result = mlflow.models.evaluate(
            "models:/line@champion", frame, targets="y", model_type="regressor", evaluator_config={"log_explainer": False})
    assert result.metrics["mean_absolute_error"] < 1e-6, result.metrics
    assert client.get_run(run.info.run_id).data.metrics["mean_absolute_error"] < 1e-6
    mlflow.sklearn.autolog()
    try:
        with mlflow.start_run() as run:
            sklearn.linear_model.Ridge(alpha=0.5).fit(frame[["x"]], frame["y"])
    finally:
        mlflow.sklearn.autolog(disable=True)
    found = client.get_run(run.info.run_id)
    assert found.data.params["alpha"] == "0.5" and "training_r2_score" in found.data.metrics, found.data
    assert found.outputs.model_outputs and found.inputs.dataset_inputs, "the model and the data set"
    assert mlflow.search_logged_models(filter_string="name = 'model'", output_format="list")
    # Files as such, of a run.
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "intents.uaic")
        open(path, "wb").write(b"package")
        mlflow.log_artifact(path, "model")
    version = client.create_model_version("line", f"{run.info.artifact_uri}/model", run.info.run_id)
    assert open(mlflow.artifacts.download_artifacts(f"models:/line/{version.version}") + "/intents.uaic", "rb").read() == b"package"


def traces():
    experiment = mlflow.set_experiment("traces").experiment_id

    @mlflow.trace(span_type="CHAIN", attributes={"kind": "outer", "größe": "ü", "count": 3})
    def outer(x, fail=False):
        with mlflow.start_span("inner", span_type="TOOL") as span:
            span.set_inputs({"x": x})
            span.set_attribute("deep", {"a": [1, 2.5, None, True, "s"]})
            span.add_event(mlflow.entities.SpanEvent("event", attributes={"k": "v"}))
            span.set_outputs([x, x + 1])
        if fail:
            raise ValueError("broken")
        mlflow.update_current_trace(tags={"t": "1", "größe": "ü"}, metadata={"m": "2"}, client_request_id="request-1")
        return {"sum": x + 1}

    outer(41)
    id = mlflow.get_last_active_trace_id()
    trace = mlflow.get_trace(id)
    assert trace.info.state == "OK" and trace.info.experiment_id == experiment, trace.info
    assert trace.info.tags["t"] == "1" and trace.info.tags["größe"] == "ü" and trace.info.trace_metadata["m"] == "2"
    assert trace.info.client_request_id == "request-1" and trace.info.execution_duration >= 0
    assert trace.info.tags["mlflow.trace.spansLocation"] == "TRACKING_STORE", trace.info.tags
    spans = {span.name: span for span in trace.data.spans}
    assert set(spans) == {"outer", "inner"} and spans["inner"].parent_id == spans["outer"].span_id
    assert spans["outer"].inputs == {"x": 41, "fail": False} and spans["outer"].outputs == {"sum": 42}
    assert spans["outer"].attributes["größe"] == "ü" and spans["outer"].attributes["count"] == 3
    assert spans["inner"].attributes["deep"] == {"a": [1, 2.5, None, True, "s"]}, spans["inner"].attributes
    assert spans["inner"].span_type == "TOOL" and spans["inner"].outputs == [41, 42]
    assert spans["inner"].events[0].name == "event" and spans["inner"].events[0].attributes == {"k": "v"}
    assert "41" in trace.info.request_preview and "42" in trace.info.response_preview
    try:
        outer(1, fail=True)
    except ValueError:
        pass
    failed = mlflow.get_last_active_trace_id()
    trace = mlflow.get_trace(failed)
    assert trace.info.state == "ERROR"
    root = [span for span in trace.data.spans if span.parent_id is None][0]
    assert root.status.status_code == "ERROR" and "broken" in str(root.events[0].attributes)

    mlflow.set_trace_tag(id, "rank", "first")
    mlflow.set_trace_tag(failed, "rank", "second")
    mlflow.delete_trace_tag(id, "größe")
    refused("RESOURCE_DOES_NOT_EXIST", "No tag with name", mlflow.delete_trace_tag, id, "größe")
    refused("RESOURCE_DOES_NOT_EXIST", "not found", mlflow.set_trace_tag, "tr-nobody", "a", "b")
    assert "größe" not in client.get_trace(id).info.tags

    def found(text=None, **named):
        return [t.info.trace_id for t in mlflow.search_traces(locations=[experiment], filter_string=text, return_type="list", **named)]

    assert found() == [failed, id] and found(max_results=1) == [failed]
    assert found(order_by=["timestamp_ms ASC"]) == [id, failed]
    for text, expected in {
        "trace.status = 'OK'": [id], "status = 'ERROR'": [failed], "tags.rank = 'first'": [id],
        "tag.rank LIKE '%s%'": [failed, id], "tags.rank RLIKE '^sec.*d$'": [failed], "tags.rank IS NULL": [],
        "tags.t IS NOT NULL": [id], "metadata.m = '2'": [id], "attributes.name = 'outer'": [failed, id],
        "client_request_id IN ('request-1', 'x')": [id], "execution_time_ms >= 0": [failed, id],
        f"request_id = '{id}'": [id], f"timestamp_ms > {int(time.time() * 1000) + 1000}": [],
        "span.name = 'inner'": [failed, id], "span.type = 'TOOL' AND span.status = 'ERROR'": [failed],
        "span.attributes.kind = 'outer'": [failed, id], "span.attributes.kind LIKE 'x%'": [],
        "span.attributes.count = '3'": [failed, id], "span.content LIKE '%sum%'": [id], "trace.text ILIKE '%SUM%'": [id],
        "span.name RLIKE '^inn' AND tags.rank = 'second'": [failed],
    }.items():
        assert found(text) == expected, (text, found(text))
    for text in ["bogus = 'x'", "status > 'x'", "span.bogus = 'x'", "tags.rank RLIKE '('", "timestamp_ms = 'x'"]:
        refused("INVALID_PARAMETER_VALUE", "", found, text)

    # Runs.
    with mlflow.start_run() as run:
        outer(7)
    of_run = mlflow.get_last_active_trace_id()
    assert found(run_id=run.info.run_id) == [of_run]
    client.link_traces_to_run([id], run.info.run_id)
    assert found(f"run_id = '{run.info.run_id}'") == [of_run, id]
    assert len(client.search_traces([experiment], max_results=2)) == 2
    page = client.search_traces([experiment], max_results=2)
    assert len(client.search_traces([experiment], max_results=2, page_token=page.token)) == 1

    # What is said of it.
    human = AssessmentSource("HUMAN", "ada")
    good = mlflow.log_feedback(trace_id=id, name="good", value=True, source=human, rationale="it is", metadata={"k": "v"})
    score = mlflow.log_feedback(trace_id=id, name="score", value=7.5, source=AssessmentSource("LLM_JUDGE", "gpt"), span_id=spans["inner"].span_id)
    truth = mlflow.log_expectation(trace_id=id, name="truth", value={"sum": [42]}, source=human)
    error = mlflow.log_feedback(trace_id=id, name="failed", error=ValueError("no judge"), source=AssessmentSource("CODE", "x"))
    read = {said.name: said for said in mlflow.get_trace(id).info.assessments}
    assert read["good"].value is True and read["good"].rationale == "it is" and read["good"].metadata["k"] == "v"
    assert read["score"].value == 7.5 and read["score"].span_id == spans["inner"].span_id
    assert read["truth"].value == {"sum": [42]} and read["failed"].error.error_message == "no judge", read["failed"]
    for text, expected in {
        "feedback.good = 'true'": [id], "feedback.good = 'false'": [], "feedback.score > 7": [id], "feedback.score < 7": [],
        "feedback.nothing IS NULL": [of_run, failed, id], "feedback.good IS NOT NULL": [id], "expectation.truth LIKE '%42%'": [id],
    }.items():
        assert found(text) == expected, (text, found(text))
    newer = mlflow.override_feedback(trace_id=id, assessment_id=good.assessment_id, value=False, rationale="it is not")
    read = {said.assessment_id: said for said in mlflow.get_trace(id).info.assessments}
    assert read[good.assessment_id].valid is False and read[newer.assessment_id].valid and newer.overrides == good.assessment_id
    mlflow.update_assessment(id, newer.assessment_id, mlflow.entities.Feedback(name="better", value="so so", rationale="hm"))
    changed = mlflow.get_assessment(id, newer.assessment_id)
    assert (changed.name, changed.value, changed.rationale) == ("better", "so so", "hm"), changed
    mlflow.delete_assessment(id, newer.assessment_id)
    assert mlflow.get_assessment(id, good.assessment_id).valid, "what was replaced counts again"
    refused("RESOURCE_DOES_NOT_EXIST", "not found", mlflow.get_assessment, id, newer.assessment_id)
    refused("RESOURCE_DOES_NOT_EXIST", "not found", mlflow.log_feedback, trace_id="tr-nobody", name="x", value=1)

    # Prompts in traces.
    prompt = mlflow.genai.register_prompt("in_a_trace", "{{a}}")
    client.link_prompt_versions_to_trace([prompt], failed)
    assert found(f"prompt = 'in_a_trace/{prompt.version}'") == [failed] and found("prompt = 'in_a_trace/9'") == []

    # Gone.
    assert client.delete_traces(experiment, trace_ids=[failed]) == 1 and found() == [of_run, id]
    refused("INVALID_PARAMETER_VALUE", "", client.delete_traces, experiment, max_timestamp_millis=1, trace_ids=["x"])
    assert client.delete_traces(experiment, max_timestamp_millis=int(time.time() * 1000) + 1000, max_traces=1) == 1
    assert found() == [of_run], "the oldest first"
    assert ask("GET", f"/api/3.0/mlflow/traces/{id}")[0] == 404


def otlp():
    experiment = client.create_experiment("otlp")
    headers = {"x-mlflow-experiment-id": experiment}
    trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    start = int(time.time() * 1e9)
    body = {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeSpans": [{"spans": [{"traceId": trace, "spanId": span, "name": "GET /", "kind": 2,
            "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 5_000_000),
            "attributes": [{"key": "http.status", "value": {"intValue": "200"}}], "status": {"code": 1}}]}]}]}
    assert ask("POST", "/v1/traces", body, headers) == (200, b"")
    packed = gzip.compress(json.dumps(body).encode())
    assert ask("POST", "/v1/traces", headers={**headers, "Content-Encoding": "gzip"}, raw=packed) == (200, b""), "the same once more"
    found = mlflow.get_trace("tr-" + trace)
    assert [s.name for s in found.data.spans] == ["GET /"] and found.data.spans[0].attributes["http.status"] == 200
    assert found.info.state == "OK" and found.info.execution_duration == 5 and found.info.tags["service.name"] == "shop"
    child = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": trace, "spanId": "00000000000000aa", "parentSpanId": span,
        "name": "sql", "startTimeUnixNano": str(start + 1), "endTimeUnixNano": str(start + 9_000_000)}]}]}]}
    assert ask("POST", "/v1/traces", child, headers)[0] == 200
    found = mlflow.get_trace("tr-" + trace)
    assert len(found.data.spans) == 2 and found.info.execution_duration == 9, found.info
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    request = ExportTraceServiceRequest()
    own = request.resource_spans.add().scope_spans.add().spans.add()
    own.trace_id, own.span_id, own.name = bytes(range(16)), bytes(range(1, 9)), "binary"
    own.start_time_unix_nano, own.end_time_unix_nano = start, start + 1_000_000
    own.attributes.add(key="f").value.double_value = float("nan")
    binary = {**headers, "Content-Type": "application/x-protobuf"}
    assert ask("POST", "/v1/traces", headers=binary, raw=request.SerializeToString())[0] == 200
    assert mlflow.get_trace("tr-" + bytes(range(16)).hex()).data.spans[0].name == "binary"
    own.span_id = b""
    assert ask("POST", "/v1/traces", headers=binary, raw=request.SerializeToString())[0] == 422, "a span without an id"
    assert ask("POST", "/v1/traces", body)[0] == 422, "no experiment"
    for headers, raw in [(binary, b"\xff\xff\xff"), (binary, b""), ({**headers, "Content-Type": "text/plain"}, b"x"),
                         (headers, b"{"), (headers, b"{}"), ({**headers, "Content-Encoding": "br"}, b"{}"),
                         ({**binary, "Content-Encoding": "gzip"}, b"no gzip")]:
        status, told = ask("POST", "/v1/traces", headers=headers, raw=raw)
        assert status == 400 and json.loads(told)["error_code"], (headers, raw, status, told)
    assert ask("POST", "/v1/traces", body, {"x-mlflow-experiment-id": "987654"})[0] in (200, 404)


def skipped():
    for path in ["/api/3.0/mlflow/datasets/search", "/api/2.0/mlflow/webhooks", "/api/3.0/mlflow/scorers/list", "/api/2.0/mlflow/users/current"]:
        status, body = ask("GET", path)
        assert status == 404 and json.loads(body)["error_code"] == "ENDPOINT_NOT_FOUND", (path, status, body)
    status, body = ask("POST", "/api/2.0/mlflow-artifacts/mpu/create/x", {})
    assert status == 501 and json.loads(body)["error_code"] == "NOT_IMPLEMENTED"


def old_traces():
    experiment = client.create_experiment("old traces")
    made = json.loads(ask("POST", "/api/2.0/mlflow/traces", {"experiment_id": experiment, "timestamp_ms": 1000,
        "request_metadata": [{"key": "a", "value": "b"}], "tags": [{"key": "c", "value": "d"}]})[1])["trace_info"]
    id = made["request_id"]
    assert made["status"] == "IN_PROGRESS" and id.startswith("tr-") and {"key": "c", "value": "d"} in made["tags"]
    ended = json.loads(ask("PATCH", f"/api/2.0/mlflow/traces/{id}", {"timestamp_ms": 1250, "status": "OK"})[1])["trace_info"]
    assert (ended["status"], ended["execution_time_ms"], ended["timestamp_ms"]) == ("OK", 250, 1000)
    assert json.loads(ask("GET", f"/api/2.0/mlflow/traces/{id}/info")[1])["trace_info"]["request_id"] == id
    found = json.loads(ask("GET", f"/api/2.0/mlflow/traces?experiment_ids={experiment}&filter=status%3D'OK'")[1])
    assert [trace["request_id"] for trace in found["traces"]] == [id]
    assert ask("GET", f"/ajax-api/3.0/mlflow/traces/{id}")[0] == 200, "the mirror"


CHECKS = [registered_models, versions, prompts, logged_models, sklearn_models, traces, otlp, old_traces, skipped]
for check in CHECKS if len(sys.argv) < 3 else [globals()[name] for name in sys.argv[2:]]:
    start = time.perf_counter()
    check()
    print(f"{check.__name__}: {time.perf_counter() - start:.1f} s", flush=True)
print("all is well")
