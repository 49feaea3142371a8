//! What each tool's records say.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use uaic_import::{Format, ReadOptions, TableRows, Zone, detect};
use uaic_study::space::Distribution;
use uaic_study::trial::{Direction, ParamValue, RunState};

use crate::collected::Collected;

/// A copy of the golden records, with databases made of their statements.
pub(crate) fn golden() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"), folder.path());
    for (sql, database) in
        [("mlflow.sql", "mlflow.db"), ("optuna4.sql", "optuna4.sqlite3"), ("optuna5.sql", "optuna5.sqlite3")]
    {
        let sql = folder.path().join(sql);
        let connection = rusqlite::Connection::open(folder.path().join(database)).unwrap();
        let statements = fs::read_to_string(&sql).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {statements}")).unwrap();
        fs::remove_file(sql).unwrap();
    }
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).unwrap();
        }
    }
}

fn read(path: &Path) -> Collected {
    let options = ReadOptions { zone: Some(Zone::named("Asia/Tokyo").unwrap()), ..ReadOptions::default() };
    let once = Collected::read(path, &options).unwrap();
    assert_eq!(Collected::read(path, &options).unwrap().shown(), once.shown(), "read twice, it is the same");
    once
}

/// NaN equals NaN.
fn same(found: &[f64], expected: &[f64]) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

fn check_mlflow(path: &Path, format: Format) {
    assert_eq!(detect(path).unwrap()[0].format(), format);
    let found = read(path);
    assert!(found.skipped.is_empty() && found.warnings.is_empty(), "{:?}", found.skipped);
    let parent = found.run("parent");
    assert_eq!(
        parent.texts(),
        ["list=[1, 2]", "lr=1e-05", "n=3", "none=None", "on=True", "opt/name=adam", "text=a: b # c"]
    );
    assert_eq!(parent.head.params["lr"].value, ParamValue::Float(1e-5));
    assert_eq!(parent.head.params["on"].value, ParamValue::Bool(true));
    assert_eq!(parent.head.note.as_deref(), Some("# A note\n\nof two lines: ä"));
    assert_eq!(parent.head.tags["team"], "nlp");
    assert_eq!((parent.head.experiment.as_str(), parent.head.state), ("first try", RunState::Complete));
    assert!(
        parent.head.ended_ms >= parent.head.started_ms && parent.head.started_ms > Some(1_700_000_000_000)
    );
    assert!(!parent.head.tags.contains_key("mlflow.runName"));
    // The folder has moved along with the records.
    assert_eq!(fs::read_to_string(&parent.artifacts["deep/note.txt"]).unwrap(), "an artifact\n");

    let child = found.run("child");
    assert_eq!(child.head.parent.as_ref(), Some(&parent.head.origin));
    assert_eq!(child.steps("val/loss"), [-1, 0, 1, 2, 3].map(Some));
    let third = 1.0 / 3.0;
    same(&child.values("val/loss"), &[-1.0, 0.0, 1.0, 2.0, 3.0].map(|step| third + step));
    same(&child.values("odd"), &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0]);
    assert_eq!(found.run("failing").head.state, RunState::Failed);
    let hidden: Vec<_> =
        found.runs.iter().filter(|run| run.head.hidden).map(|run| run.head.name.as_str()).collect();
    assert_eq!(hidden, ["gone"]);
    assert!(found.runs.iter().all(|run| run.head.origin.starts_with("mlflow:") && run.skipped.is_empty()));
}

fn check_mlflow_database(folder: &Path) {
    check_mlflow(&folder.join("mlflow.db"), Format::MlflowDatabase);
    let found = read(&folder.join("mlflow.db"));
    let tags = &found.run("with data").head.tags;
    assert_eq!(tags["mlflow.dataset.flights.digest"], "0a1b");
    assert_eq!(tags["mlflow.dataset.flights.context"], "training");
    assert_eq!(tags["mlflow.model.intents"], "1");
}

fn check_mlflow_folder(folder: &Path) {
    check_mlflow(&folder.join("mlruns"), Format::MlflowFolder);
    let whole = read(&folder.join("mlruns"));
    // An experiment or a run that is named itself has the same origins.
    let mut experiments = fs::read_dir(folder.join("mlruns")).unwrap().map(|entry| entry.unwrap().path());
    let is_experiment =
        |path: &PathBuf| path.is_dir() && !["0", ".trash", "models"].iter().any(|name| path.ends_with(name));
    let experiment = experiments.find(is_experiment).unwrap();
    assert_eq!(format!("{:?}", read(&experiment).runs), format!("{:?}", whole.runs));
    let one = fs::read_dir(&experiment)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("metrics/val").is_dir());
    let one = read(&one.unwrap());
    assert_eq!(format!("{:?}", one.runs[0]), format!("{:?}", whole.run("child")));
}

fn check_optuna(path: &Path, format: Format) {
    assert_eq!(detect(path).unwrap()[0].format(), format);
    let found = read(path);
    let names: Vec<_> = found.studies.iter().map(|study| (study.name.as_str(), study.trials)).collect();
    assert_eq!(names, [("a study", 7), ("a study-two", 4), ("empty", 0)]);
    let study = &found.studies[0];
    assert_eq!((study.goals.metric(), study.goals.direction()), ("value", Direction::Maximize));
    assert_eq!(study.tags["team"], "ä/1");
    let space: Vec<_> =
        study.space.iter().map(|(name, distribution)| format!("{name} {distribution}")).collect();
    assert_eq!(
        space,
        [
            "depth { int_log = [1, 100] }",
            "drop { uniform = [0.0, 0.5], step = 0.1 }",
            "fixed { uniform = [0.5, 0.5] }",
            r#"kind { choice = ["adam", "sgd"] }"#,
            r#"mixed { choice = ["adam", "None", "True", "1", "2.5"] }"#,
            r#"nothing { choice = ["None"] }"#,
            "rate { log = [1e-5, 0.1] }",
            "width { int = [16, 64], step = 16 }",
        ]
    );
    let told = found.left_out().join("\n");
    assert!(
        told.contains("`mixed`") && told.contains("trial 7 of the study `a study`: it is waiting"),
        "{told}"
    );

    let trials: Vec<_> = found.runs.iter().filter(|run| run.head.experiment == "a study").collect();
    let states: Vec<_> = trials.iter().map(|run| run.head.state.name()).collect();
    assert_eq!(states.join(" "), "COMPLETE PRUNED FAILED COMPLETE COMPLETE COMPLETE RUNNING");
    for run in &trials[..6] {
        let trial = run.head.trial.as_ref().unwrap();
        let params =
            run.head.params.iter().map(|(name, param)| (name.clone(), param.value.clone())).collect();
        assert!(study.space.contains(&params), "{params:?}");
        assert_eq!(trial.distributions.len(), 8);
        assert_eq!(trial.study, study.origin);
        assert_eq!(run.head.origin, format!("{}#{}", study.origin, trial.number));
        assert_eq!(run.steps("value"), [0, 10, 20, 30].map(Some));
        assert!(run.head.ended_ms >= run.head.started_ms && run.head.started_ms > Some(1_700_000_000_000));
    }
    assert_eq!(trials[0].head.params["rate"].value, ParamValue::Float(1e-3), "as it was enqueued");
    assert_eq!(trials[0].head.tags["kind of"], trials[0].head.params["kind"].text());
    assert_eq!(trials[0].head.tags["odd"], r#"{"nan": NaN, "list": [1, 2]}"#);
    same(&trials[1].values("value"), &[f64::NAN; 4]);
    same(&trials[2].values("value"), &[f64::INFINITY; 4]);
    assert_eq!(trials[3].head.trial.as_ref().unwrap().values, [f64::INFINITY]);
    assert!(trials[1].head.trial.as_ref().unwrap().values.is_empty());

    let two = &found.studies[1];
    assert_eq!(two.goals.metrics(), ["loss", "gain"]);
    assert_eq!(two.space.get("x"), Some(&Distribution::Uniform { low: -1.0, high: 1.0, step: None }));
    for run in found.runs.iter().filter(|run| run.head.experiment == two.name) {
        let (trial, ParamValue::Float(x)) = (run.head.trial.as_ref().unwrap(), &run.head.params["x"].value)
        else {
            panic!()
        };
        assert_eq!(trial.values, [*x, -x]);
        assert_eq!(trial.violation, Some((x - 0.5).max(0.0) + x.max(0.0)));
    }
}

fn check_events(folder: &Path) {
    let found = read(&folder.join("events"));
    let names: Vec<_> = found.runs.iter().map(|run| run.head.name.as_str()).collect();
    assert_eq!(names, ["a", "b/deep"]);
    let run = found.run("b/deep");
    let expected: Vec<_> = (1..21).map(|step| f64::from(2.0 / step as f32)).collect();
    same(&run.values("train/loss"), &expected);
    assert_eq!(run.points["train/loss"][4].time_ms, Some(1_700_000_001_000));
    same(&run.values("odd"), &[f64::NAN, f64::INFINITY]);
    assert_eq!(run.steps("odd"), [Some(-3), Some(4)]);
    assert_eq!(run.skipped.len(), 2, "a histogram and a text: {:?}", run.skipped);
    assert_eq!(run.head.started_ms, Some(1_700_000_000_000));
}

fn check_events_of_torch(folder: &Path) {
    let found = read(&folder.join("events-torch"));
    let root = found.run("events-torch");
    same(&root.values("tensor"), &[f64::from(0.1f32)]);
    assert_eq!(root.points["train/loss"].len(), 20);
    let search = found.run("search");
    assert_eq!(search.head.parent.as_ref(), Some(&root.head.origin));
    assert_eq!(search.texts(), ["lr=0.001", "n=3.0", "on=1.0", "opt=adam"]);
    same(&search.values("hparam/accuracy"), &[0.5]);
}

fn check_events_of_tensorflow(folder: &Path) {
    let found = read(&folder.join("events-tf"));
    let run = &found.runs[0];
    same(&run.values("epoch_loss")[..2], &[1.0, 0.5]);
    same(&run.values("double"), &[1.0 / 3.0; 5]);
    same(&run.values("content"), &[1.0; 5]);
}

fn check_wandb(folder: &Path) {
    let found = read(&folder.join("wandb"));
    let run = found.run("a run");
    assert_eq!((run.head.experiment.as_str(), run.head.state), ("a project", RunState::Complete));
    assert_eq!(run.head.note.as_deref(), Some("A note."));
    assert_eq!(
        run.texts(),
        ["later=5", "list=[1, 2]", "lr=0.00001", "nested.depth=3", "nested.on=true", "none=None"]
    );
    assert_eq!(run.steps("loss"), (0..10).map(Some).collect::<Vec<_>>());
    same(&run.values("loss")[..3], &[1.0, 0.5, 1.0 / 3.0]);
    same(&run.values("deep.value")[..3], &[0.0, 1.0, 2.0]);
    same(&run.values("odd"), &[f64::NAN, f64::INFINITY]);
    same(&run.values("best"), &[0.75]);
    assert!(run.points["loss"][0].time_ms > Some(1_700_000_000_000));
    assert_eq!(
        (run.head.tags["wandb.group"].as_str(), run.head.tags["wandb.tags"].as_str()),
        ("a group", "x, y")
    );
    assert!(run.artifacts.contains_key("requirements.txt"));
}

fn check_lightning(folder: &Path) {
    let found = read(&folder.join("lightning_logs"));
    let run = found.run("version_0");
    assert_eq!(run.head.experiment, "lightning_logs");
    assert_eq!(
        run.texts(),
        ["batch=32", "lr=1.0e-05", "none=None", "on=true", "opt.betas=[0.9, 0.999]", "opt.name=adam"]
    );
    assert_eq!(run.steps("val_loss"), [1, 3, 5].map(Some));
    same(&run.values("val_loss"), &[0.5, f64::NAN, f64::INFINITY]);
    assert_eq!(run.points["train_loss"].len(), 6);
}

fn check_transformers(folder: &Path) {
    for path in ["checkpoint-20", "checkpoint-20/trainer_state.json"] {
        let found = read(&folder.join(path));
        let run = &found.runs[0];
        let output = folder.canonicalize().unwrap();
        assert_eq!(run.head.origin, format!("transformers:{}", output.display()));
        same(&run.values("loss"), &[0.7, 0.5]);
        same(&run.values("grad_norm"), &[f64::NAN]);
        assert_eq!(run.steps("eval_accuracy"), [Some(10)]);
        assert_eq!(run.head.tags["best_metric"], "0.75");
        assert_eq!(run.head.params["num_train_epochs"].value, ParamValue::Int(2));
    }
}

fn check_dvclive(folder: &Path) {
    let found = read(&folder.join("dvclive"));
    let run = &found.runs[0];
    assert_eq!(run.texts(), ["lr=1e-05", "on=true", "opt.name=adam"]);
    assert_eq!(run.steps("train/loss"), (0..5).map(Some).collect::<Vec<_>>());
    same(&run.values("best"), &[0.8]);
}

fn check_sacred(folder: &Path) {
    let found = read(&folder.join("sacred"));
    let (first, second) = (found.run("1"), found.run("2"));
    assert_eq!((first.head.state, second.head.state), (RunState::Complete, RunState::Failed));
    assert_eq!(second.head.reason.as_deref(), Some("ValueError: it broke"));
    assert_eq!(first.head.experiment, "an experiment");
    same(&first.values("result"), &[0.5]);
    assert_eq!(first.steps("loss"), (0..5).map(Some).collect::<Vec<_>>());
    assert_eq!(first.head.params["opt.name"].text(), "adam");
    assert!(first.points["loss"][0].time_ms >= first.head.started_ms);
}

fn check_tables(folder: &Path) {
    let found = read(&folder.join("runs.csv"));
    let (first, second) = (found.run("first"), found.run("second"));
    assert_eq!(
        (first.texts(), second.texts()),
        (vec!["lr=1e-05".into(), "opt=adam".into()], vec!["lr=0.1".into(), "opt=sgd, plain".into()])
    );
    same(&second.values("accuracy"), &[f64::NAN]);
    assert_eq!(second.head.state, RunState::Failed);
    // Nine hours east of UTC, and two by its own word.
    assert_eq!(first.head.started_ms, Some(1_714_525_200_000));
    assert_eq!(second.head.started_ms, Some(1_714_550_400_000));

    let found = read(&folder.join("runs.jsonl"));
    assert_eq!(found.runs[0].head.tags["team"], "x");
    same(&found.runs[0].values("accuracy"), &[0.5]);

    let history = read(&folder.join("history.csv"));
    same(&history.runs[0].values("loss"), &[0.7, 0.5, f64::NAN]);
    same(&history.runs[0].values("val_loss"), &[0.6, f64::INFINITY]);
    assert_eq!(history.runs[0].steps("val_loss"), [Some(1), Some(2)]);
    let options = ReadOptions { rows: Some(TableRows::Runs), ..ReadOptions::default() };
    assert_eq!(Collected::read(&folder.join("history.csv"), &options).unwrap().runs.len(), 3);

    let history = read(&folder.join("history.jsonl"));
    same(&history.runs[0].values("loss"), &[1.0, 0.5, 1.0 / 3.0]);
}

fn check_all(folder: &Path) {
    check_mlflow_database(folder);
    check_mlflow_folder(folder);
    for version in [4, 5] {
        for (name, format) in [
            (format!("optuna{version}.sqlite3"), Format::OptunaDatabase),
            (format!("journal{version}.log"), Format::OptunaJournal),
        ] {
            if folder.join(&name).exists() {
                check_optuna(&folder.join(&name), format);
            }
        }
    }
    check_events(folder);
    check_events_of_torch(folder);
    check_events_of_tensorflow(folder);
    check_wandb(folder);
    check_lightning(folder);
    check_transformers(folder);
    check_dvclive(folder);
    check_sacred(folder);
    check_tables(folder);
}

#[test]
fn the_records_of_every_tool_say_what_was_recorded() {
    check_all(golden().path());
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow, optuna, wandb and others")]
fn records_that_the_tools_write_now_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("UAIC_TEST_PYTHON").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/records.py");
    let output = std::process::Command::new(python)
        .arg(script)
        .arg(folder.path())
        .current_dir(folder.path())
        .env("TZ", "Asia/Tokyo")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check_all(folder.path());
}

#[test]
fn a_folder_with_records_of_many_tools_has_them_all() {
    let folder = golden();
    let sources = detect(folder.path()).unwrap();
    assert_eq!(sources.iter().filter(|source| source.format() == Format::Transformers).count(), 1);
    let mut formats: Vec<_> = sources.iter().map(|source| source.format().to_string()).collect();
    formats.sort();
    formats.dedup();
    // Tables are read where they are named only.
    assert_eq!(
        formats,
        [
            "DVCLive folder",
            "Lightning log",
            "MLflow database",
            "MLflow folder",
            "Optuna database",
            "Optuna journal",
            "TensorBoard event files",
            "W&B offline run",
            "sacred runs",
            "transformers trainer state",
        ]
    );
    let origins: Vec<_> = read(folder.path()).runs.into_iter().map(|run| run.head.origin).collect();
    let distinct: std::collections::BTreeSet<_> = origins.iter().collect();
    assert_eq!(distinct.len(), origins.len(), "{origins:?}");
}

#[test]
fn times_of_optuna_4_are_local_and_those_of_5_are_utc() {
    let folder = golden();
    let started = |name: &str, zone: Option<&str>| {
        let options =
            ReadOptions { zone: zone.map(|zone| Zone::named(zone).unwrap()), ..ReadOptions::default() };
        let found = Collected::read(&folder.path().join(name), &options).unwrap();
        (found.runs[0].head.started_ms.unwrap(), found.warnings.len())
    };
    let nine_hours = 9 * 3_600_000;
    for name in ["optuna4.sqlite3", "journal4.log"] {
        assert_eq!(started(name, Some("UTC")).0 - started(name, Some("Asia/Tokyo")).0, nine_hours);
        assert_eq!(started(name, None).1, 1, "which zone it was is in doubt");
        assert_eq!(started(name, Some("Asia/Tokyo")).1, 0);
    }
    assert_eq!(started("optuna5.sqlite3", None), started("optuna5.sqlite3", Some("UTC")));
    assert_eq!(
        started("journal5.log", None),
        started("journal5.log", Some("Asia/Tokyo")),
        "it names its zone"
    );
}

#[test]
fn another_identity_takes_the_place_of_the_path() {
    let folder = golden();
    let options = ReadOptions { identity: Some("mine".to_owned()), ..ReadOptions::default() };
    let origin = |name: &str| {
        Collected::read(&folder.path().join(name), &options).unwrap().runs[0].head.origin.clone()
    };
    assert_eq!(origin("optuna5.sqlite3"), "optuna:a study@mine#0");
    assert_eq!(origin("events"), "tensorboard:mine/a");
    assert_eq!(origin("runs.csv"), "table:mine#row 1");
}

#[test]
fn what_is_no_record_is_an_error_that_says_what_would_be() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str, content: &[u8]| {
        fs::write(folder.path().join(name), content).unwrap();
        detect(&folder.path().join(name)).unwrap_err().to_string()
    };
    assert!(text("a.txt", b"hello").contains("a file of an unknown kind; looked for MLflow (`mlruns/`"));
    assert!(text("empty", b"").contains("an empty file"));
    let path = folder.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE mine (x)").unwrap();
    let error = detect(&path).unwrap_err().to_string();
    assert!(error.contains("neither MLflow nor Optuna, with the tables mine"), "{error}");
    assert!(
        detect(&folder.path().join("nothing")).unwrap_err().to_string().starts_with("there is nothing at ")
    );
    detect(folder.path()).unwrap_err();
}

#[test]
fn artifacts_of_a_run_are_those_of_its_own_folder_only() {
    let folder = golden();
    let path = folder.path().join("mlflow.db");
    let secret = folder.path().join("secret/artifacts");
    fs::create_dir_all(&secret).unwrap();
    fs::write(secret.join("key"), "secret").unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    for uri in [
        format!("file://{}", secret.display()),
        format!("{}/../secret/artifacts", folder.path().join("artifacts").display()),
        "s3://bucket/run/artifacts".to_owned(),
    ] {
        connection.execute("UPDATE runs SET artifact_uri = ?1 WHERE name = 'parent'", [&uri]).unwrap();
        let found = read(&path);
        assert!(found.run("parent").artifacts.is_empty());
        assert_eq!(found.run("parent").skipped.len(), 1, "{uri}");
    }
}
