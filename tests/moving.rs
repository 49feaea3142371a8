//! Runs that are edited, found by name, removed for good, and moved between stores.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use uaic::bundle::{BundleFile, Selection, StoreOrigin, bring_in, write};
use uaic::platform::ProcessIdentity;
use uaic::store::{
    Attempt, Change, Home, Id, MetricPoint, NewRun, NewStudy, OutsideRun, Point, RunCopy, RunEdit, RunEnd,
    RunKind, RunQuery, SqliteStore, Store, StudyCopy, StudyState,
};
use uaic::trial::{Direction, Goal, ParamValue, RunState};

use super::support::TestDir;

fn new_run(home: Home, number: Option<u32>) -> NewRun {
    NewRun {
        kind: if number.is_some() { RunKind::Trial } else { RunKind::Free },
        home,
        number,
        params: [
            ("lr".to_owned(), ParamValue::Float(f64::NAN)),
            ("n".to_owned(), ParamValue::Int(i64::MIN)),
            ("on".to_owned(), ParamValue::Bool(true)),
            ("text".to_owned(), ParamValue::Text("1e-05".into())),
            ("zero".to_owned(), ParamValue::Float(-0.0)),
        ]
        .into(),
        config: json!({ "train": { "lr": 0.1, "big": u64::MAX }, "a\u{0}": null }),
        process: ProcessIdentity::current(),
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

fn store_at(dir: &TestDir, name: &str) -> SqliteStore {
    SqliteStore::open(&dir.join(name)).unwrap()
}

fn free(store: &SqliteStore, name: &str) -> Attempt {
    let attempt = store.start_run(&new_run(Home::Experiment("own".into()), None)).unwrap();
    store.edit_run(attempt.run, &RunEdit::Name(Some(name.into()))).unwrap();
    attempt
}

fn log(store: &SqliteStore, attempt: Attempt, key: &str, values: &[f64]) {
    let points: Vec<_> = (0..)
        .zip(values)
        .map(|(step, &value)| MetricPoint {
            time_ms: 1_700_000_000_000 + step,
            ..MetricPoint::new(key, step as u64, value)
        })
        .collect();
    store.log_metrics(attempt, &points).unwrap();
}

/// A store with a study (two trials, one started twice, one killed), and a sweep of free runs.
fn full(dir: &TestDir, name: &str) -> (SqliteStore, Id, Attempt) {
    let store = store_at(dir, name);
    let process = ProcessIdentity::current();
    let study = store
        .create_study(&NewStudy {
            experiment: "attention".into(),
            spec_text: "[experiment]\nname = \"attention\"\n".into(),
            spec_path: "attention.toml".into(),
            overrides: vec![("train.lr".into(), "0.002".into())],
            fingerprint: "f00d".into(),
            seed: u64::MAX,
            goals: Goal::new("val/accuracy", Direction::Maximize).into(),
            trials: 3,
            environment: BTreeMap::new(),
        })
        .unwrap()
        .id;
    store.acquire_study(study, &process).unwrap();
    let first = store.start_run(&new_run(study.into(), Some(0))).unwrap();
    store.finish_run(first, &RunEnd::without_values(RunState::Interrupted, None)).unwrap();
    let again = store.start_run(&new_run(study.into(), Some(0))).unwrap();
    log(&store, again, "val/accuracy", &[0.1, f64::NAN, f64::INFINITY, -0.0, 1e-310]);
    store.put_artifact(again, "log.txt", b"text").unwrap();
    store.finish_run(again, &RunEnd::complete([f64::NEG_INFINITY])).unwrap();
    store.start_run(&new_run(study.into(), Some(1))).unwrap();
    store.change_study(study, &Change::Exclude { trial: 0, reason: "why".into() }).unwrap();
    store.release_study(study, &process, StudyState::Interrupted).unwrap();
    let sweep = free(&store, "sweep");
    let part = free(&store, "part");
    store.edit_run(part.run, &RunEdit::Parent(Some(sweep.run))).unwrap();
    store.edit_run(part.run, &RunEdit::Note(Some("# good\n".into()))).unwrap();
    store.set_tag(part.run, "team", "nlp").unwrap();
    log(&store, part, "loss", &(0..10_000).map(|at| f64::from(at) * 0.1).collect::<Vec<_>>());
    store.put_artifact(part, "a/same.txt", b"text").unwrap();
    store.finish_run(part, &RunEnd::complete([])).unwrap();
    store.set_hidden(part.run, true).unwrap();
    (store, study, sweep)
}

fn bundle_all(store: &SqliteStore, path: &Path) -> Vec<u8> {
    let origin = StoreOrigin::new(store, "here", Selection::all(store).unwrap());
    write(&origin, path).unwrap();
    std::fs::read(path).unwrap()
}

#[test]
fn a_bundle_of_what_a_bundle_brought_is_the_same_to_the_byte() {
    let dir = TestDir::new();
    let (store, study, _) = full(&dir, "runs");
    let first = bundle_all(&store, &dir.join("a.uaicrun"));
    let said = dir.run("--store other import a.uaicrun --json").json();
    assert_eq!((&said["new"], &said["studies"], &said["points"]), (&json!(4), &json!(1), &json!(10_005)));
    let other = store_at(&dir, "other");
    assert!(bundle_all(&other, &dir.join("b.uaicrun")) == first);
    assert_eq!(StudyCopy::of(&other, study).unwrap(), StudyCopy::of(&store, study).unwrap());
    for run in store.runs(&RunQuery { include_hidden: true, ..RunQuery::default() }).unwrap() {
        let (one, two) = (RunCopy::of(&other, run.id).unwrap(), RunCopy::of(&store, run.id).unwrap());
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }
    let said = dir.run("--store other import a.uaicrun --json").json();
    assert_eq!((&said["new"], &said["same"], &said["grown"]), (&json!(0), &json!(4), &json!(0)));
    let said = dir.run("--store third merge runs --json").json();
    assert_eq!((&said["new"], &said["artifacts"]), (&json!(4), &json!(2)));
    assert!(bundle_all(&store_at(&dir, "third"), &dir.join("c.uaicrun")) == first);
    let database = rusqlite::Connection::open(dir.join("third/uaic.db")).unwrap();
    assert!(!database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
}

#[test]
fn any_unzip_opens_a_bundle() {
    let dir = TestDir::new();
    let (store, ..) = full(&dir, "runs");
    bundle_all(&store, &dir.join("a.uaicrun"));
    let script = "import zipfile, json, sys, struct\n\
        z = zipfile.ZipFile(sys.argv[1])\n\
        assert z.testzip() is None\n\
        runs = [json.loads(line) for line in z.read('runs.jsonl').splitlines()]\n\
        s = next(s for r in runs for s in r['series'] if s['key'] == 'loss')\n\
        text = z.read('points.jsonl')[s['at']:s['at'] + s['bytes']]\n\
        values = [v for line in text.splitlines() for v in json.loads(line)['value']]\n\
        assert values == [i * 0.1 for i in range(10000)]\n\
        print(len(runs), len(z.namelist()))";
    let Ok(output) =
        std::process::Command::new("python3").args(["-c", script]).arg(dir.join("a.uaicrun")).output()
    else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "4 5", "{output:?}");
}

#[test]
fn what_has_grown_adds_what_is_new_and_what_has_diverged_adds_nothing() {
    let dir = TestDir::new();
    let (store, _, sweep) = full(&dir, "runs");
    dir.run("--store other merge runs").ok();
    log(&store, sweep, "loss", &[0.5, 0.25]);
    store.set_tag(sweep.run, "grown", "yes").unwrap();
    let said = dir.run("--store other merge runs --json").json();
    assert_eq!((&said["grown"], &said["same"], &said["points"]), (&json!(1), &json!(3), &json!(2)));
    log(&store, sweep, "acc", &[0.75]);
    store.put_artifact(sweep, "log.txt", b"more").unwrap();
    store.finish_run(sweep, &RunEnd::complete([])).unwrap();
    dir.run("bundle sweep --out sweep.uaicrun").ok();
    let said = dir.run("--store other import sweep.uaicrun --json").json();
    assert_eq!((&said["grown"], &said["same"], &said["artifacts"]), (&json!(1), &json!(1), &json!(1)));
    let other = store_at(&dir, "other");
    assert_eq!(other.run(sweep.run).unwrap().state, RunState::Complete);
    let said = dir.run("--store runs merge other --json").json();
    assert_eq!((&said["grown"], &said["same"]), (&json!(0), &json!(4)));
    // Here more was written; there, too, and something else.
    other.edit_run(sweep.run, &RunEdit::Name(Some("there".into()))).unwrap();
    let said = dir.run("--store other import sweep.uaicrun --json").json();
    assert_eq!((&said["older"], &said["same"]), (&json!(1), &json!(1)));
    store.edit_run(sweep.run, &RunEdit::Name(Some("here".into()))).unwrap();
    let before = other.count_runs(&RunQuery::default()).unwrap();
    free(&store, "new");
    let error = dir.run("--store other merge runs").fails(4);
    let id = sweep.run.short();
    assert!(
        error.contains(&format!("run {id} of runs and that of ")) && error.contains("its events differ"),
        "{error}"
    );
    assert_eq!(other.count_runs(&RunQuery::default()).unwrap(), before, "nothing came in");
}

#[test]
fn a_trial_that_was_started_again_elsewhere_comes_back_whole() {
    let dir = TestDir::new();
    let (store, study, _) = full(&dir, "runs");
    // The process of trial 1 is this one, which would count as alive there, too.
    let other = store_at(&dir, "other");
    bundle_all(&store, &dir.join("a.uaicrun"));
    dir.run("--store other import a.uaicrun").ok();
    let process = ProcessIdentity::current();
    other.acquire_study(study, &process).unwrap();
    let attempt = other.start_run(&new_run(study.into(), Some(1))).unwrap();
    assert_eq!(attempt.number, 2);
    log(&other, attempt, "val/accuracy", &[0.5]);
    other.finish_run(attempt, &RunEnd::complete([0.5])).unwrap();
    other.release_study(study, &process, StudyState::Complete).unwrap();
    let said = dir.run("merge other --json").json();
    assert_eq!((&said["grown"], &said["new"]), (&json!(1), &json!(0)));
    assert_eq!(store.run(attempt.run).unwrap().values, [0.5]);
    assert_eq!(store.study(study).unwrap().state, StudyState::Complete);
    assert!(bundle_all(&store, &dir.join("c.uaicrun")) == bundle_all(&other, &dir.join("d.uaicrun")));
}

#[test]
fn a_bundle_that_is_not_whole_brings_nothing() {
    let dir = TestDir::new();
    let (store, ..) = full(&dir, "runs");
    let whole = bundle_all(&store, &dir.join("a.uaicrun"));
    assert!(dir.run("bundle @ --out x.zip").fails(2).contains("`.uaicrun`"));
    assert!(dir.run("bundle @ --out a.uaicrun").fails(4).contains("`--force`"));
    dir.write("cut.uaicrun", &whole[..whole.len() - 1]);
    assert!(dir.run("--store other import cut.uaicrun").fails(1).contains("cut off"));
    let place = whole.windows(6).position(|part| part == b"\"sweep").unwrap();
    let mut changed = whole.clone();
    changed[place + 1] = b'S';
    dir.write("changed.uaicrun", &changed);
    assert!(dir.run("--store other import changed.uaicrun").fails(1).contains("does not have its hash"));
    let newer = whole.windows(11).position(|part| part == b"{\"format\":1").unwrap();
    let mut later = whole;
    later[newer + 10] = b'2';
    dir.write("newer.uaicrun", &later);
    assert!(dir.run("--store other import newer.uaicrun").fails(1).contains("install a newer uaic"));
    assert!(!dir.join("other").exists(), "no store was made for it");
    assert!(dir.run("merge runs").fails(2).contains("into itself"));
    assert!(dir.run("merge nowhere").fails(3).contains("no store"));
}

/// Changes bytes of a bundle, and says whether a store took it without harm.
fn take_mutated(whole: &[u8], changes: &[(usize, u8)], cut: usize, folder: &Path) {
    let mut bytes = whole.to_vec();
    for (at, with) in changes {
        let at = at % bytes.len();
        bytes[at] ^= with;
    }
    bytes.truncate(bytes.len() - cut % 8);
    let path = folder.join("m.uaicrun");
    std::fs::write(&path, bytes).unwrap();
    let Ok(bundle) = BundleFile::open(&path) else { return };
    let store = uaic::store::MemoryStore::new();
    let _ = bring_in(&store, &bundle, folder, "here");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn no_bytes_of_a_bundle_do_harm(
        changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        cut in prop_oneof![Just(0_usize), any::<usize>()],
    ) {
        use std::sync::OnceLock;
        static WHOLE: OnceLock<Vec<u8>> = OnceLock::new();
        let whole = WHOLE.get_or_init(|| {
            let dir = TestDir::new();
            let store = store_at(&dir, "runs");
            let run = free(&store, "a");
            log(&store, run, "loss", &[0.5, f64::NAN]);
            store.put_artifact(run, "a.txt", b"text").unwrap();
            bundle_all(&store, &dir.join("a.uaicrun"))
        });
        let folder = tempfile::tempdir().unwrap();
        take_mutated(whole, &changes, cut, folder.path());
    }
}

#[test]
fn runs_are_edited_by_hand() {
    let dir = TestDir::new();
    let store = store_at(&dir, "runs");
    let (run, parent) = (free(&store, "first").run, free(&store, "sweep").run);
    let id = run.to_string();
    dir.write("note.md", "# what\n");
    let said = dir
        .ask(&[
            "edit",
            &id,
            "--name",
            "longer context",
            "--note-file",
            "note.md",
            "--tag",
            "team=nlp",
            "--tag",
            "a=b=c",
            "--parent",
            "sweep",
            "--json",
        ])
        .json();
    let run_said = &said["run"];
    assert_eq!((&run_said["name"], &run_said["note"]), (&json!("longer context"), &json!("# what\n")));
    assert_eq!(
        (&run_said["parent"], &run_said["tags"]),
        (&json!(parent.to_string()), &json!({ "team": "nlp", "a": "b=c" }))
    );
    dir.ask(&["edit", "longer context", "--name", "", "--note", "", "--untag", "team", "--no-parent"]).ok();
    let record = store.run(run).unwrap();
    assert_eq!((record.name, record.note, record.parent), (None, None, None));
    assert_eq!(store.tags(run).unwrap().len(), 1);
    assert!(dir.ask(&["edit", &id]).fails(2).contains("nothing to edit"));
    assert!(dir.ask(&["edit", "sweep", "--parent", "sweep"]).fails(4).contains("cannot be part of"));
    assert!(dir.ask(&["edit", &id, "--tag", "x"]).fails(2).contains("KEY=VALUE"));
}

#[test]
fn runs_of_no_study_are_found_by_name_and_by_experiment() {
    let dir = TestDir::new();
    let (store, ..) = full(&dir, "runs");
    let [one, two, cafe] = ["twice", "twice", "cafe"].map(|name| {
        let attempt = free(&store, name);
        store.finish_run(attempt, &RunEnd::complete([])).unwrap();
        attempt.run
    });
    let other = store.start_run(&new_run(Home::Experiment("only free".into()), None)).unwrap().run;
    let shown = |selector: &str| {
        let said = dir.ask(&["show", selector, "--json"]).json();
        said["run"]["id"].as_str().unwrap_or("a study").to_owned()
    };
    assert_eq!(shown("cafe"), cafe.to_string());
    assert_eq!(shown("name:cafe"), cafe.to_string());
    assert_eq!(shown("only free"), other.to_string());
    assert_eq!(shown("name:own"), cafe.to_string());
    assert_eq!(shown("attention"), "a study");
    assert_eq!(shown("@"), other.to_string());
    assert_eq!(dir.ask(&["show", "part", "--metric", "loss", "--json"]).json()["points"][1]["value"], 0.1);
    let error = dir.run("show twice").fails(2);
    assert!(error.contains(&one.to_string()) && error.contains(&two.to_string()), "{error}");
    assert!(dir.run("show nothing").fails(2).contains("selects nothing"));
    let text = dir.ask(&["rm", "cafe", "-w", "name = twice", "--json"]).json();
    assert_eq!(text["runs"].as_array().unwrap().len(), 3);
    assert!(dir.ask(&["rm", "-w", "name = nobody"]).fails(3).contains("no run"));
    assert!(dir.run("rm").fails(2).contains("SEL"));
}

#[test]
fn what_is_hidden_is_removed_for_good_when_asked() {
    let dir = TestDir::new();
    let store = store_at(&dir, "runs");
    let run = free(&store, "gone");
    log(&store, run, "loss", &[0.5, 0.25]);
    store.put_artifact(run, "a.txt", b"text").unwrap();
    store.finish_run(run, &RunEnd::complete([])).unwrap();
    let kept = OutsideRun::new(Id([7; 16]), "old", 5);
    store.begin_outside_run(&kept).unwrap();
    store
        .add_outside_points(
            kept.id,
            &[("x".to_owned(), vec![Point { step: 0, time_ms: 0, value: 1.0 }])].into(),
        )
        .unwrap();
    store.end_outside_run(kept.id).unwrap();
    dir.run("rm gone").ok();
    assert!(dir.run("gc").ok().is_empty());
    assert_eq!(dir.run("gc --json").json()["runs"], json!([]));
    let seen = dir.run("gc --older-than 0s --json").json();
    assert_eq!(
        (&seen["runs"], &seen["points"], &seen["applied"]),
        (&json!([run.run]), &json!(2), &json!(false))
    );
    store.run(run.run).unwrap();
    let answer = dir.run("gc --older-than 0s --apply");
    assert!(answer.stderr.contains("removed 1 run, 2 points, 1 artifact"), "{answer:?}");
    assert!(dir.run("show gone").code == Some(2) && store.run(kept.id).is_ok());
    assert!(dir.run("gc --older-than soon").fails(2).contains("`30d`"));
}

#[test]
fn runs_are_exported_for_mlflow_and_come_back_to_the_bit() {
    let dir = TestDir::new();
    let (store, study, _) = full(&dir, "runs");
    let run = free(&store, "odd");
    log(&store, run, "a/b", &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-310, 0.1]);
    log(&store, run, "once", &[f64::NAN]);
    store.put_artifact(run, "deep/a.txt", b"text").unwrap();
    store.finish_run(run, &RunEnd::without_values(RunState::Failed, Some("why".into()))).unwrap();
    let said = dir.run("export --to mlflow attention odd part --out ml --json").json();
    assert_eq!((&said["runs"], &said["points"], &said["artifacts"]), (&json!(4), &json!(10_011), &json!(3)));
    assert!(dir.run("export --to csv @ --out ml").fails(4).contains("is there already"));
    dir.run("--store other import ml/mlflow.db").ok();
    let other = store_at(&dir, "other");
    let seen = other.run(run.run).unwrap();
    assert_eq!(
        (seen.name.as_deref(), seen.state, seen.experiment.as_str()),
        (Some("odd"), RunState::Failed, "own")
    );
    let texts = |store: &SqliteStore| -> Vec<(String, String)> {
        let params = store.run(run.run).unwrap().start.params;
        params.into_iter().map(|(name, value)| (name, value.to_string())).collect()
    };
    assert_eq!(texts(&other), texts(&store));
    for key in ["a/b", "once"] {
        let bits = |store: &SqliteStore| -> Vec<_> {
            let points = store.series(run.run, key).unwrap();
            points.iter().map(|point| (point.step, point.time_ms, point.value.to_bits())).collect()
        };
        assert_eq!(bits(&other), bits(&store), "{key}");
    }
    assert_eq!(other.read_artifact(run.run, "deep/a.txt").unwrap(), b"text");
    assert_eq!(other.tags(run.run).unwrap()["uaic.reason"], "why");
    let trial = other
        .runs(&RunQuery::default())
        .unwrap()
        .into_iter()
        .find(|run| run.name.is_none() || run.name.as_deref() == Some(""))
        .map(|run| run.id);
    let trials = store.runs(&RunQuery { study: Some(study), ..RunQuery::default() }).unwrap();
    assert!(trial.is_none_or(|trial| trials.iter().any(|run| run.id == trial)));
    // What MLflow wrote comes back as it was, through us and back.
    dir.run("--store other export --to mlflow -w started>-100000d --out again").ok();
    dir.run("--store third import again/mlflow.db").ok();
    let third = store_at(&dir, "third");
    for seen in other.runs(&RunQuery::default()).unwrap() {
        let back = third.run(seen.id).unwrap();
        assert_eq!(format!("{:?}", back.start.params), format!("{:?}", seen.start.params));
        assert_eq!(
            (back.name, back.note, back.parent, back.state),
            (seen.name, seen.note, seen.parent, seen.state)
        );
        assert_eq!(third.tags(seen.id).unwrap(), other.tags(seen.id).unwrap());
        for metric in other.latest_metrics(seen.id).unwrap() {
            let told = |store: &SqliteStore| format!("{:?}", store.series(seen.id, &metric.key).unwrap());
            assert_eq!(told(&third), told(&other));
        }
    }
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with mlflow")]
fn mlflow_itself_opens_what_is_exported() {
    let dir = TestDir::new();
    let (store, ..) = full(&dir, "runs");
    let run = free(&store, "odd");
    log(&store, run, "a/b", &[f64::NAN, f64::INFINITY, 0.1]);
    store.put_artifact(run, "deep/a.txt", b"text").unwrap();
    store.edit_run(run.run, &RunEdit::Note(Some("# good".into()))).unwrap();
    store.finish_run(run, &RunEnd::complete([])).unwrap();
    dir.run("export --to mlflow odd sweep part --out ml").ok();
    let script = "import sys, mlflow\n\
        mlflow.set_tracking_uri('sqlite:///' + sys.argv[1])\n\
        client = mlflow.MlflowClient()\n\
        run = client.get_run(sys.argv[2])\n\
        points = client.get_metric_history(sys.argv[2], 'a/b')\n\
        print(run.info.run_name, run.info.status, run.data.params['text'], run.data.tags['mlflow.note.content'])\n\
        print([(p.step, p.value) for p in sorted(points, key=lambda p: p.step)])\n\
        print([f.path for f in client.list_artifacts(sys.argv[2], 'deep')])\n\
        print(len(client.search_runs([run.info.experiment_id])))\n\
        client.log_metric(client.create_run(run.info.experiment_id).info.run_id, 'x', 1.0)";
    let python = std::env::var_os("UAIC_TEST_PYTHON").unwrap();
    let output = std::process::Command::new(python)
        .args(["-W", "ignore", "-c", script])
        .arg(dir.join("ml/mlflow.db"))
        .arg(run.run.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let expected =
        "odd FINISHED 1e-05 # good\n[(0, nan), (1, 1.7976931348623157e+308), (2, 0.1)]\n['deep/a.txt']\n2\n";
    assert_eq!(said, expected, "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn runs_are_exported_as_tables() {
    let dir = TestDir::new();
    let (store, ..) = full(&dir, "runs");
    for to in ["csv", "jsonl", "parquet"] {
        let said = dir.run(&format!("export --to {to} attention sweep part --out {to} --json")).json();
        assert_eq!((&said["runs"], &said["points"]), (&json!(4), &json!(10_005)), "{to}");
    }
    let runs = dir.read("csv/runs.csv");
    let head = runs.lines().next().unwrap();
    assert!(
        head.starts_with("id,name,experiment,study,parent")
            && head.ends_with("metrics.loss,metrics.val/accuracy,tags.team"),
        "{head}"
    );
    let points = dir.read("csv/points.csv");
    assert_eq!(points.lines().count(), 10_006);
    assert!(points.contains(",val/accuracy,2,1700000000002,inf\n"), "{}", &points[..400]);
    let lines = dir.read("jsonl/points.jsonl");
    let values: Vec<f64> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|point| point["key"] == "loss")
        .map(|point| point["value"].as_f64().unwrap())
        .collect();
    assert!(values.iter().enumerate().all(|(at, value)| value.to_bits() == (at as f64 * 0.1).to_bits()));
    let mut table = uaic_table::Source::open(&dir.join("parquet/points/part-0000.parquet")).unwrap();
    assert_eq!(table.read(&["run", "value"]).unwrap().rows, 10_005);
    dir.run("--store other import csv/runs.csv --rows runs").ok();
    assert_eq!(store_at(&dir, "other").count_runs(&RunQuery::default()).unwrap(), 4);
    drop(store);
}
