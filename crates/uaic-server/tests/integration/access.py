"""Clients of MLflow that say who they are: by password, by token, over encrypted connections.

usage: access.py '{"uri": …, "password": …, "token": …, "scoped": …, "trusted": …, "other": …}'

`ada` is admin, `eve` viewer; `token` is of ada, `scoped` of ada for experiment 1 alone. `trusted` is the
certificate of the server, `other` is not.
"""

import json
import os
import sys

given = json.loads(sys.argv[1])

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
if "trusted" in given:
    os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = given["trusted"]

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

URI = given["uri"]
NAMES = ["MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"]


def say(user=None, password=None, token=None):
    for name, value in zip(NAMES, [user, password, token]):
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


def refused(code, text, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except MlflowException as error:
        told = str(error)
        assert code is None or error.error_code == code, (error.error_code, told)
        assert text in told, (text, told)
    else:
        raise AssertionError(f"{call.__name__}{arguments} was not refused")


def records(name):
    """What a program does that was never told of users."""
    mlflow.set_tracking_uri(URI)
    mlflow.set_experiment(name)
    with mlflow.start_run() as run:
        mlflow.log_params({"lr": 0.1, "layers": 3})
        mlflow.log_metrics({"loss": 0.5}, step=1)
        mlflow.set_tag("team", "a")
        mlflow.log_text("content", "folder/text.txt")
    client = MlflowClient(URI)
    found = client.search_runs([run.info.experiment_id], "metrics.loss < 1", order_by=["metrics.loss"])
    assert [one.info.run_id for one in found] == [run.info.run_id], found
    assert client.get_metric_history(run.info.run_id, "loss")[0].value == 0.5
    assert mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/folder/text.txt") == "content"
    return run.info.run_id


def passwords(name):
    client = MlflowClient(URI)
    say()
    refused(None, "MLFLOW_TRACKING_USERNAME", client.search_experiments)
    say("ada", "not the password")
    refused(None, "not right", client.search_experiments)
    say("ada", given["password"])
    run = records(name)
    say("eve", given["password"])
    assert client.get_run(run).data.params == {"lr": "0.1", "layers": "3"}
    assert client.get_experiment_by_name(name) is not None
    refused("PERMISSION_DENIED", "editor", client.log_metric, run, "loss", 1.0)
    refused("PERMISSION_DENIED", "editor", client.create_experiment, "eves")
    return run


def tokens(name, run):
    client = MlflowClient(URI)
    say(token=given["token"])
    records(name)
    client.log_metric(run, "loss", 0.25, step=2)
    say(token=given["token"][:-1])
    refused(None, "not right", client.search_experiments)
    # Where both are given, the client sends the password.
    say("eve", given["password"], given["token"])
    refused("PERMISSION_DENIED", "editor", client.log_metric, run, "loss", 1.0)
    # A token in the place of a password.
    say("ada", given["token"])
    client.log_metric(run, "loss", 0.125, step=3)
    say("eve", given["token"])
    refused(None, "not right", client.search_experiments)


def scoped(run):
    client = MlflowClient(URI)
    say(token=given["scoped"])
    assert [one.name for one in client.search_experiments()] == ["mine"]
    records("mine")
    refused("RESOURCE_DOES_NOT_EXIST", "not found", client.get_run, run)
    refused("RESOURCE_DOES_NOT_EXIST", "not found", client.log_metric, run, "loss", 1.0)
    refused("PERMISSION_DENIED", "for some experiments only", mlflow.set_experiment, "another")
    assert client.search_runs(["0", "2"]) == []


def encrypted():
    say(token=given["token"])
    os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = given["other"]
    refused(None, "certificate", MlflowClient(URI).search_experiments)
    del os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"]
    refused(None, "certificate", MlflowClient(URI).search_experiments)
    os.environ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = given["trusted"]
    MlflowClient(URI).search_experiments()
    refused(None, "", MlflowClient(URI.replace("https:", "http:")).search_experiments)


if "trusted" in given:
    encrypted()
name = f"open to ada {os.getpid()}"
run = passwords(name)
tokens(name + " again", run)
if "scoped" in given:
    scoped(run)
