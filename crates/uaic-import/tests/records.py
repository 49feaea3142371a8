"""Writes records of other tools, with these tools, for the tests of this crate.

    python records.py FOLDER [NAME…]            makes the named records, or all, below FOLDER
    python records.py --sql DATABASE [TABLE…]   writes a database as the statements that make it

One whose library is missing is told and left out. What lies in `golden/` was made so: `optuna4.sql` and
`journal4.log` with Optuna 4 in the zone Asia/Tokyo, the rest with Optuna 5, MLflow 3.17, W&B 0.31, TensorBoard
2.21, tensorboardX 2.6, torch 2.15, Lightning 2.6, transformers 5, DVCLive 3.49 and sacred 0.8.
"""

import json
import math
import os
import random
import re
import sqlite3
import sys
from pathlib import Path


def optuna_program(storage, name):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-5, 1e-1, log=True)
        drop = trial.suggest_float("drop", 0.0, 0.5, step=0.1)
        width = trial.suggest_int("width", 16, 64, step=16)
        depth = trial.suggest_int("depth", 1, 100, log=True)
        kind = trial.suggest_categorical("kind", ["adam", "sgd"])
        trial.suggest_categorical("mixed", ["adam", None, True, 1, 2.5])
        trial.suggest_categorical("nothing", [None])
        trial.suggest_float("fixed", 0.5, 0.5)
        trial.set_user_attr("kind of", kind)
        trial.set_user_attr("odd", {"nan": math.nan, "list": [1, 2]})
        for step in range(4):
            trial.report([rate * step, math.nan, math.inf, -math.inf][trial.number % 4], step * 10)
        if trial.number == 1:
            raise optuna.TrialPruned()
        if trial.number == 2:
            raise ValueError("it broke")
        if trial.number == 3:
            return math.inf
        return width + depth + drop

    study = optuna.create_study(
        storage=storage, study_name=name, direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study.set_user_attr("team", "ä/1")
    study.enqueue_trial({"rate": 1e-3})
    study.optimize(objective, n_trials=6, catch=(ValueError,))
    study.enqueue_trial({"rate": 1e-4})
    study.ask()
    study.enqueue_trial({"rate": 1e-2})

    def two(trial):
        x = trial.suggest_float("x", -1, 1)
        trial.set_user_attr("c", (x - 0.5, x))
        return x, -x

    several = optuna.create_study(
        storage=storage,
        study_name=name + "-two",
        directions=["minimize", "maximize"],
        sampler=optuna.samplers.NSGAIISampler(
            seed=1, constraints_func=lambda trial: trial.user_attrs["c"]
        ),
    )
    several.set_metric_names(["loss", "gain"])
    several.optimize(two, n_trials=4)
    optuna.create_study(storage=storage, study_name="empty")


def optuna_major():
    import optuna

    return optuna.__version__.split(".")[0]


def optuna_database(folder):
    optuna_program(f"sqlite:///{folder / f'optuna{optuna_major()}.sqlite3'}", "a study")


def optuna_journal(folder):
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna_program(JournalStorage(JournalFileBackend(str(folder / f"journal{optuna_major()}.log"))), "a study")


def mlflow_runs(uri, folder):
    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    import mlflow

    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("first try", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("first try")
    with mlflow.start_run(run_name="parent") as parent:
        mlflow.set_tag("mlflow.note.content", "# A note\n\nof two lines: ä")
        mlflow.set_tag("team", "nlp")
        mlflow.log_params(
            {"lr": 1e-05, "on": True, "none": None, "list": [1, 2], "n": 3, "text": "a: b # c", "opt/name": "adam"}
        )
        with mlflow.start_run(run_name="child", nested=True):
            for step in range(-1, 4):
                mlflow.log_metric("val/loss", 1.0 / 3 + step, step=step)
            mlflow.log_metric("odd", math.nan, step=0)
            mlflow.log_metric("odd", math.inf, step=1)
            mlflow.log_metric("odd", -math.inf, step=2)
            mlflow.log_metric("odd", 1.0, step=2)
        note = folder / "note.txt"
        note.write_text("an artifact\n")
        mlflow.log_artifact(str(note), artifact_path="deep")
        note.unlink()
    try:
        with mlflow.start_run(run_name="failing"):
            mlflow.log_metric("loss", 0.1)
            raise ValueError
    except ValueError:
        pass
    with mlflow.start_run(run_name="gone") as gone:
        pass
    mlflow.delete_run(gone.info.run_id)
    return parent


def mlflow_database(folder):
    mlflow_runs(f"sqlite:///{folder / 'mlflow.db'}", folder)
    import mlflow

    with mlflow.start_run(run_name="with data"):
        client = mlflow.MlflowClient()
        from mlflow.entities import Dataset, DatasetInput, InputTag

        client.log_inputs(
            mlflow.active_run().info.run_id,
            [DatasetInput(Dataset("flights", "0a1b", "local", "data/flights"), [InputTag("mlflow.data.context", "training")])],
        )
        run = mlflow.active_run().info.run_id
        client.create_registered_model("intents")
        client.create_model_version("intents", f"runs:/{run}/model", run_id=run)


def mlflow_folder(folder):
    mlflow_runs(str(folder / "mlruns"), folder)


def event_files(folder):
    from tensorboardX import SummaryWriter

    root = folder / "events"
    for name, factor in [("a", 1.0), ("b/deep", 2.0)]:
        with SummaryWriter(str(root / name)) as writer:
            for step in range(20):
                writer.add_scalar("train/loss", factor / (step + 1), step, walltime=1.7e9 + step / 4)
            writer.add_scalar("odd", math.nan, -3, walltime=1.7e9)
            writer.add_scalar("odd", math.inf, 4, walltime=1.7e9)
            writer.add_text("words", "not a number", 1)
            writer.add_histogram("weights", [1.0, 2.0, 3.0], 1)


def event_files_of_torch(folder):
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "events-torch")) as writer:
        for step in range(20):
            writer.add_scalar("train/loss", 1.0 / (step + 1), step, walltime=1.7e9 + step / 4)
        writer.add_scalar("tensor", 0.1, 0, walltime=1.7e9, new_style=True)
        writer.add_hparams({"lr": 1e-3, "opt": "adam", "on": True, "n": 3}, {"hparam/accuracy": 0.5}, run_name="search")


def event_files_of_tensorflow(folder):
    """As TF2 writes: a tensor of the plugin `scalars`; made from the protobufs, for TensorFlow is large."""
    from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder / "events-tf"))
    for step in range(5):
        for name, tensor in [
            ("epoch_loss", tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0 / (step + 1)])),
            ("double", tensor_pb2.TensorProto(dtype=types_pb2.DT_DOUBLE, double_val=[1.0 / 3])),
            (
                "content",
                tensor_pb2.TensorProto(
                    dtype=types_pb2.DT_FLOAT, tensor_content=b"\x00\x00\x80\x3f"
                ),
            ),
        ]:
            metadata = summary_pb2.SummaryMetadata(
                plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="scalars")
            )
            value = summary_pb2.Summary.Value(tag=name, tensor=tensor, metadata=metadata if step == 0 else None)
            writer.add_event(
                event_pb2.Event(wall_time=1.7e9 + step, step=step, summary=summary_pb2.Summary(value=[value]))
            )
    writer.close()


def wandb_offline(folder):
    import wandb

    run = wandb.init(
        mode="offline",
        dir=str(folder),
        project="a project",
        name="a run",
        group="a group",
        job_type="train",
        tags=["x", "y"],
        notes="A note.",
        config={"lr": 1e-05, "nested": {"depth": 3, "on": True}, "none": None, "list": [1, 2]},
        settings=wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off", silent=True),
    )
    for step in range(10):
        run.log({"loss": 1.0 / (step + 1), "deep": {"value": step}, "text": "no number"})
    run.log({"odd": math.nan})
    run.log({"odd": math.inf})
    run.config.update({"later": 5})
    run.summary["best"] = 0.75
    run.finish(exit_code=0)
    (folder / "wandb" / "latest-run").unlink(missing_ok=True)


def lightning_csv(folder):
    import argparse

    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(folder), name="lightning_logs")
    logger.log_hyperparams({"lr": 1e-05, "opt": {"name": "adam", "betas": [0.9, 0.999]}, "none": None, "on": True})
    logger.log_hyperparams(argparse.Namespace(batch=32))
    for step in range(6):
        logger.log_metrics({"epoch": step // 2, "train_loss": 1.0 / (step + 1)}, step=step)
        if step % 2:
            logger.log_metrics({"epoch": step // 2, "val_loss": [0.5, math.nan, math.inf][step // 2]}, step=step)
        logger.save()
    logger.finalize("success")


def transformers_state(folder):
    """As `TrainerState.save_to_json` does, without the model that a trainer wants."""
    from transformers.trainer_callback import TrainerState

    state = TrainerState()
    state.epoch, state.global_step, state.max_steps = 2.0, 20, 20
    state.best_metric, state.num_train_epochs = 0.75, 2
    state.log_history = [
        {"loss": 0.7, "grad_norm": math.nan, "learning_rate": 5e-05, "epoch": 1.0, "step": 10},
        {"eval_loss": 0.6, "eval_accuracy": 0.75, "epoch": 1.0, "step": 10},
        {"loss": 0.5, "learning_rate": 0.0, "epoch": 2.0, "step": 20},
        {"train_runtime": 12.5, "total_flos": 1e15, "epoch": 2.0, "step": 20},
    ]
    (folder / "checkpoint-20").mkdir(exist_ok=True)
    state.save_to_json(str(folder / "checkpoint-20" / "trainer_state.json"))


def dvclive_folder(folder):
    from dvclive import Live

    before = os.getcwd()
    os.chdir(folder)
    with Live("dvclive", save_dvc_exp=False, dvcyaml=None) as live:
        live.log_params({"lr": 1e-05, "opt": {"name": "adam"}, "on": True})
        for step in range(5):
            live.log_metric("train/loss", 1.0 / (step + 1))
            live.log_metric("acc", step / 5)
            live.next_step()
        live.summary["best"] = 0.8
    os.chdir(before)


def sacred_observer(folder):
    from sacred import Experiment
    from sacred.observers import FileStorageObserver

    def main(lr, opt, _run):
        for step in range(5):
            _run.log_scalar("loss", 1.0 / (step + 1), step)
        _run.info["note"] = "seen"
        if opt["name"] == "sgd":
            raise ValueError("it broke")
        return 0.5

    for name in ["adam", "sgd"]:
        experiment = Experiment("an experiment", save_git_info=False)
        experiment.observers.append(FileStorageObserver(str(folder / "sacred")))
        experiment.add_config({"lr": 1e-05, "opt": {"name": name}, "on": True})
        experiment.main(main)
        try:
            experiment.run(options={"--loglevel": "CRITICAL"})
        except ValueError:
            pass


def tables(folder):
    (folder / "runs.csv").write_text(
        "name,params.lr,opt,accuracy,state,started\n"
        "first,1e-05,adam,0.5,COMPLETE,2024-05-01 10:00:00\n"
        'second,0.1,"sgd, plain",nan,FAILED,2024-05-01T10:00:00+02:00\n'
    )
    rows = [{"name": "first", "params": {"lr": 1e-05}, "metrics": {"accuracy": 0.5}, "tags": {"team": "x"}}]
    (folder / "runs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "history.csv").write_text("epoch,loss,val_loss\n0,0.7,\n1,0.5,0.6\n2,nan,inf\n")
    rows = [{"step": step, "loss": 1.0 / (step + 1)} for step in range(3)]
    (folder / "history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


RECORDS = {
    "optuna": optuna_database,
    "journal": optuna_journal,
    "mlflow": mlflow_database,
    "mlruns": mlflow_folder,
    "events": event_files,
    "events-torch": event_files_of_torch,
    "events-tf": event_files_of_tensorflow,
    "wandb": wandb_offline,
    "lightning": lightning_csv,
    "transformers": transformers_state,
    "dvclive": dvclive_folder,
    "sacred": sacred_observer,
    "tables": tables,
}


def sql(path, keep):
    """A database as the statements that make it; only those of some tables, where they are named."""
    table = re.compile(r'(?:CREATE TABLE|CREATE (?:UNIQUE )?INDEX \S+ ON|INSERT INTO) "?(\w+)"?')
    lines = []
    for line in sqlite3.connect(path).iterdump():
        found = table.match(line)
        if not keep or line in ("BEGIN TRANSACTION;", "COMMIT;") or (found and found.group(1) in keep):
            lines.append(line)
    return "\n".join(lines) + "\n"


def main():
    if sys.argv[1] == "--sql":
        sys.stdout.write(sql(sys.argv[2], sys.argv[3:]))
        return
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    random.seed(1)
    for name in sys.argv[2:] or RECORDS:
        try:
            RECORDS[name](folder)
        except ImportError as error:
            print(f"without {name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
