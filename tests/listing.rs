//! The verbs that look at a store: `ls`, `show`, `best`, `rm`, `restore`, and their selectors.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};

use clap::CommandFactory;
use serde_json::{Value, json};
use tempfile::TempDir;
use uaic::platform::ProcessIdentity;
use uaic::store::{
    Attempt, Id, MetricPoint, NewRun, NewStudy, RunEnd, RunKind, SqliteStore, Store, StudyState,
};
use uaic::trial::{Direction, Goal, ParamValue, RunState};

/// A store with two studies: `attention` with trials 0–3 and a final run, then `lstm` with trial 0.
struct Shelf {
    folder: TempDir,
    store: SqliteStore,
    attention: Id,
    lstm: Id,
    trials: Vec<Attempt>,
    final_run: Attempt,
}

fn new_study(experiment: &str) -> NewStudy {
    NewStudy {
        experiment: experiment.into(),
        spec_text: format!("[experiment]\nname = \"{experiment}\"\n"),
        spec_path: format!("experiments/{experiment}.toml"),
        overrides: vec![("train.lr".into(), "0.002".into())],
        fingerprint: "f00d".into(),
        seed: 42,
        goals: Goal::new("val/accuracy", Direction::Maximize).into(),
        trials: 20,
        environment: [("git.commit".to_owned(), "abc".to_owned())].into(),
    }
}

fn new_run(study: Id, number: Option<u32>) -> NewRun {
    NewRun {
        home: study.into(),
        kind: if number.is_some() { RunKind::Trial } else { RunKind::Final },
        number,
        params: [
            ("model.hidden_dim".to_owned(), ParamValue::Int(64)),
            ("train.lr".to_owned(), ParamValue::Float(0.001_234_567)),
        ]
        .into(),
        config: json!({ "train": { "lr": 0.001_234_567, "epochs": 5 } }),
        process: ProcessIdentity::current(),
        environment: [("cpu".to_owned(), "abacus".to_owned())].into(),
    }
}

fn end(state: RunState, value: Option<f64>, reason: Option<&str>) -> RunEnd {
    let values = Vec::from_iter(value);
    RunEnd { state, values, violation: 0.0, reason: reason.map(str::to_owned) }
}

impl Shelf {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("runs")).unwrap();
        let process = ProcessIdentity::current();
        let attention = store.create_study(&new_study("attention")).unwrap().id;
        store.acquire_study(attention, &process).unwrap();
        let mut trials: Vec<Attempt> =
            (0..4).map(|number| store.start_run(&new_run(attention, Some(number))).unwrap()).collect();
        for (step, value) in [(0, 0.5), (1, f64::NAN), (2, 0.9)] {
            let point = MetricPoint { key: "val/accuracy".into(), step, time_ms: 1_700_000_000_000, value };
            store.log_metrics(trials[1], &[point]).unwrap();
        }
        store.put_artifact(trials[1], "log.txt", b"epoch 1\nepoch 2\n").unwrap();
        store.put_artifact(trials[1], "model/weights", &[0, 255]).unwrap();
        store.set_tag(trials[1].run, "note", "keep").unwrap();
        store.finish_run(trials[0], &end(RunState::Complete, Some(0.8), None)).unwrap();
        store.finish_run(trials[1], &end(RunState::Complete, Some(0.9), None)).unwrap();
        store.finish_run(trials[2], &end(RunState::Failed, None, Some("the loss became NaN"))).unwrap();
        store.finish_run(trials[3], &end(RunState::Complete, Some(f64::NAN), None)).unwrap();
        let final_run = store.start_run(&new_run(attention, None)).unwrap();
        store.finish_run(final_run, &end(RunState::Complete, Some(0.7), None)).unwrap();
        store.release_study(attention, &process, StudyState::Complete).unwrap();
        // Studies are told apart by the time of their creation.
        std::thread::sleep(std::time::Duration::from_millis(3));
        let lstm = store.create_study(&new_study("lstm")).unwrap().id;
        store.acquire_study(lstm, &process).unwrap();
        trials.push(store.start_run(&new_run(lstm, Some(0))).unwrap());
        store.release_study(lstm, &process, StudyState::Interrupted).unwrap();
        Self { folder, store, attention, lstm, trials, final_run }
    }

    fn uaic(&self, arguments: &[&str]) -> Answer {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uaic"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("UAIC_STORE")
            .env_remove("NO_COLOR");
        Answer(command.output().unwrap())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--json"]].concat();
        let answer = self.uaic(&arguments);
        assert_eq!(answer.code(), 0, "{}", answer.stderr());
        let value: Value = serde_json::from_slice(&answer.0.stdout).unwrap();
        crate::support::schema::hold(
            &arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>(),
            &value,
        );
        assert_eq!(value["schema"], 1);
        value
    }

    /// The id of the run that `selector` selects.
    fn selected(&self, selector: &str) -> String {
        self.json(&["show", selector])["run"]["id"].as_str().unwrap_or("no run").to_owned()
    }
}

struct Answer(Output);

impl Answer {
    fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    fn stdout(&self) -> &str {
        std::str::from_utf8(&self.0.stdout).unwrap()
    }

    fn stderr(&self) -> &str {
        std::str::from_utf8(&self.0.stderr).unwrap()
    }
}

#[test]
fn ls_lists_runs_newest_first() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["ls"]);
    assert_eq!((answer.code(), answer.stderr()), (0, ""));
    let lines: Vec<&str> = answer.stdout().lines().collect();
    assert_eq!(lines.len(), 7, "a header and six runs:\n{}", answer.stdout());
    assert!(lines[0].contains("STATE") && lines[0].contains("REASON"), "{}", lines[0]);
    for (line, parts) in lines[1..].iter().zip([
        [shelf.trials[4].run.short(), format!("{}/0", shelf.lstm.short()), "RUNNING".into()],
        [shelf.final_run.run.short(), format!("{}/final", shelf.attention.short()), "test/accuracy".into()],
        [shelf.trials[3].run.short(), format!("{}/3", shelf.attention.short()), "NaN".into()],
        [shelf.trials[2].run.short(), "FAILED".into(), "the loss became NaN".into()],
        [shelf.trials[1].run.short(), "0.9000".into(), "val/accuracy".into()],
        [shelf.trials[0].run.short(), "now".into(), "attention".into()],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
    }
    assert!(!answer.stdout().contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn ls_says_how_many_it_leaves_out() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["ls", "-n", "2"]);
    assert_eq!(answer.stdout().lines().count(), 3);
    assert_eq!(answer.stderr(), "… and 4 more; `--limit 0` lists all 6\n");
    let listing = shelf.json(&["ls", "--limit", "2"]);
    assert_eq!((listing["total"].as_u64(), listing["runs"].as_array().unwrap().len()), (Some(6), 2));
}

#[test]
fn ls_filters() {
    let shelf = Shelf::new();
    let count = |arguments: &[&str]| shelf.json(&[&["ls"], arguments].concat())["total"].as_u64().unwrap();
    assert_eq!(count(&["--experiment", "attention"]), 5);
    assert_eq!(count(&["--study", "@"]), 1);
    assert_eq!(count(&["--study", "attention", "--state", "Complete"]), 4);
    assert_eq!(count(&["--state", "crashed"]), 0);
    let answer = shelf.uaic(&["ls", "--state", "faild"]);
    assert_eq!(answer.code(), 2);
    assert!(answer.stderr().contains("failed"), "{}", answer.stderr());
}

#[test]
fn ls_prints_the_documented_json() {
    let shelf = Shelf::new();
    let listing = shelf.json(&["ls"]);
    let run = &listing["runs"][4];
    let keys: Vec<&str> = run.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "id",
            "study",
            "experiment",
            "name",
            "parent",
            "kind",
            "number",
            "state",
            "value",
            "reason",
            "started_ms",
            "started",
            "ended_ms",
            "ended",
            "duration_s",
            "attempts",
            "hidden",
            "excluded",
            "violation",
            "params"
        ]
    );
    assert_eq!(run["params"], json!({ "model.hidden_dim": 64, "train.lr": 0.001_234_567 }));
    assert_eq!(
        (&run["value"], &run["state"], &run["kind"]),
        (&json!(0.9), &json!("COMPLETE"), &json!("trial"))
    );
    assert_eq!(listing["runs"][2]["value"], "NaN", "what JSON lacks is a string");
    let started = run["started"].as_str().unwrap();
    assert!(started.ends_with('Z') && started.len() == 24, "{started}");
}

#[test]
fn ls_lists_studies() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["ls", "--studies"]);
    let lines: Vec<&str> = answer.stdout().lines().collect();
    assert_eq!(lines.len(), 3, "{}", answer.stdout());
    assert!(lines[1].contains("lstm") && lines[1].contains("0/20"), "{}", lines[1]);
    assert!(lines[2].contains("4/20") && lines[2].contains("0.9000"), "{}", lines[2]);
    let study = &shelf.json(&["ls", "--studies"])["studies"][1];
    assert_eq!((&study["done"], &study["failed"], &study["best"]), (&json!(4), &json!(1), &json!(0.9)));
}

#[test]
fn every_selector_finds_its_run() {
    let shelf = Shelf::new();
    let study = shelf.attention.short();
    let whole = shelf.trials[1].run.to_string();
    for (selector, run) in [
        ("@".to_owned(), shelf.trials[4].run),
        ("latest".to_owned(), shelf.trials[4].run),
        ("@-1".to_owned(), shelf.final_run.run),
        ("@-5".to_owned(), shelf.trials[0].run),
        (whole.clone(), shelf.trials[1].run),
        (whole[..12].to_uppercase(), shelf.trials[1].run),
        ("name:attention".to_owned(), shelf.final_run.run),
        ("best:attention".to_owned(), shelf.trials[1].run),
        (format!("best:{study}"), shelf.trials[1].run),
        ("attention/2".to_owned(), shelf.trials[2].run),
        ("name:attention/2".to_owned(), shelf.trials[2].run),
        (format!("{study}/final"), shelf.final_run.run),
        ("@-1/best".to_owned(), shelf.trials[1].run),
        ("@/0".to_owned(), shelf.trials[4].run),
    ] {
        assert_eq!(shelf.selected(&selector), run.to_string(), "{selector}");
    }
}

#[test]
fn what_selects_nothing_says_what_would() {
    let shelf = Shelf::new();
    for (selector, code, hint) in [
        ("@-6", 3, "there are 6, so the oldest is `@-5`"),
        ("best", 3, "no complete trial in study"),
        ("@/7", 3, "no trial 7 in study"),
        ("@/final", 3, "uaic ls --study"),
        ("name:atention", 3, "experiments are `attention`, `lstm`"),
        ("atention/1", 3, "experiments are `attention`, `lstm`"),
        ("00000000", 3, "`00000000`"),
        ("@1", 2, "`@-1` the one before"),
        ("abc", 2, "4 or more digits"),
        ("attention/last", 2, "after `/` comes"),
        ("", 2, "it is empty"),
        ("name:", 2, "the name of an experiment"),
    ] {
        let answer = shelf.uaic(&["show", selector]);
        assert_eq!(answer.code(), code, "{selector}: {}", answer.stderr());
        assert!(answer.stderr().contains(hint), "{selector}: {}", answer.stderr());
        assert_eq!(answer.stdout(), "", "{selector}");
    }
}

#[test]
fn an_ambiguous_prefix_lists_its_candidates() {
    let shelf = Shelf::new();
    // Two ids that start alike do not come by chance.
    let database = rusqlite::Connection::open(shelf.folder.path().join("runs/uaic.db")).unwrap();
    for number in 0..2_u8 {
        let mut id = [0xab; 16];
        id[15] = number;
        let old = shelf.trials[usize::from(number)].run.0;
        database.execute("UPDATE runs SET uuid = ? WHERE uuid = ?", [id, old]).unwrap();
    }
    let answer = shelf.uaic(&["show", "abab"]);
    assert_eq!(answer.code(), 2);
    for candidate in [format!("{}00", "ab".repeat(15)), format!("{}01", "ab".repeat(15))] {
        assert!(answer.stderr().contains(&candidate), "{}", answer.stderr());
        assert_eq!(shelf.selected(&candidate), candidate);
    }
}

#[test]
fn show_shows_everything_recorded() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["show", "best:attention"]);
    for part in [
        shelf.trials[1].run.to_string().as_str(),
        "trial 1 of study",
        "val/accuracy = 0.9",
        "0.001234567",
        "log.txt",
        "note  keep",
        "train.epochs  5",
        "cpu  abacus",
        "attempt 1",
    ] {
        assert!(answer.stdout().contains(part), "{part} in\n{}", answer.stdout());
    }
    let answer = shelf.uaic(&["show", "attention/final"]);
    assert!(answer.stdout().contains("test/accuracy = 0.7"), "{}", answer.stdout());
    let run = &shelf.json(&["show", "best:attention"])["run"];
    assert_eq!(run["metrics"][0]["count"], 3);
    assert_eq!((&run["metrics"][0]["min"], &run["metrics"][0]["value"]), (&json!(0.5), &json!(0.9)));
    assert_eq!(run["artifacts"][0]["name"], "log.txt");
    assert_eq!((&run["tags"]["note"], &run["config"]["train"]["epochs"]), (&json!("keep"), &json!(5)));
    assert_eq!(run["events"][1]["kind"], "ended");
}

#[test]
fn show_prints_a_series_with_its_shape() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["show", "best:attention", "--metric", "val/accuracy"]);
    assert_eq!(answer.stdout(), "▁×█\n       0  0.5\n       1  NaN\n       2  0.9\n");
    let series = shelf.json(&["show", "best:attention", "--metric", "val/accuracy"]);
    let values: Vec<&Value> =
        series["points"].as_array().unwrap().iter().map(|point| &point["value"]).collect();
    assert_eq!(values, [&json!(0.5), &json!("NaN"), &json!(0.9)]);
    let answer = shelf.uaic(&["show", "best:attention", "--metric", "val/acuracy"]);
    assert_eq!(answer.code(), 3);
    assert!(answer.stderr().contains("it has val/accuracy"), "{}", answer.stderr());
}

#[test]
fn show_prints_artifacts_to_the_byte() {
    let shelf = Shelf::new();
    assert_eq!(shelf.uaic(&["show", "best:attention", "--log"]).stdout(), "epoch 1\nepoch 2\n");
    let weights = shelf.uaic(&["show", "best:attention", "--artifact", "model/weights"]);
    assert_eq!(weights.0.stdout, [0, 255]);
    shelf.uaic(&["show", "best:attention", "--artifact", "model/weights", "--out", "w"]);
    assert_eq!(std::fs::read(shelf.folder.path().join("w")).unwrap(), [0, 255]);
    let answer = shelf.uaic(&["show", "best:attention", "--artifact", "model"]);
    assert_eq!(answer.code(), 3);
    assert!(answer.stderr().contains("it has log.txt, model/weights"), "{}", answer.stderr());
}

#[test]
fn show_shows_a_study_with_its_spec() {
    let shelf = Shelf::new();
    let id = shelf.attention.short();
    for arguments in [&["show", "attention"][..], &["show", &id], &["show", "@-1", "--study"]] {
        let answer = shelf.uaic(arguments);
        let text = answer.stdout();
        assert!(
            text.contains("name = \"attention\"") && text.contains("4 of 20 done"),
            "{arguments:?}\n{text}"
        );
    }
    let study = &shelf.json(&["show", "attention"])["study"];
    assert_eq!(study["overrides"], json!([["train.lr", "0.002"]]));
    assert_eq!((&study["seed"], &study["complete"]), (&json!(42), &json!(3)));
}

#[test]
fn best_ranks_complete_trials_and_leaves_nan_out() {
    let shelf = Shelf::new();
    let ranking = shelf.json(&["best", "attention"]);
    let numbers: Vec<&Value> =
        ranking["trials"].as_array().unwrap().iter().map(|trial| &trial["number"]).collect();
    assert_eq!(numbers, [&json!(1), &json!(0)], "trial 3 has no number for a value");
    assert_eq!(ranking["study"]["best"], 0.9);
    let answer = shelf.uaic(&["best", "attention", "-n", "1"]);
    let lines: Vec<&str> = answer.stdout().lines().collect();
    assert_eq!(lines.len(), 2, "{}", answer.stdout());
    assert!(lines[0].contains(" lr ") && lines[1].contains("0.0012"), "{}", answer.stdout());
    assert_eq!(shelf.json(&["best"])["trials"], json!([]), "the latest study has none yet");
}

#[test]
fn rm_hides_and_restore_brings_back() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["rm", "attention/1", "attention/0", "attention/1"]);
    assert_eq!(answer.code(), 0, "{}", answer.stderr());
    assert!(answer.stderr().contains("undo with `uaic restore "), "{}", answer.stderr());
    let total = |arguments: &[&str]| shelf.json(arguments)["total"].as_u64().unwrap();
    assert_eq!((total(&["ls"]), total(&["ls", "--all"])), (4, 6));
    assert_eq!(shelf.json(&["best", "attention"])["trials"], json!([]));
    let id = shelf.trials[1].run.to_string();
    assert_eq!(shelf.json(&["restore", &id])["runs"], json!([{ "id": id, "hidden": false }]));
    assert_eq!(total(&["ls"]), 5);
    assert!(shelf.uaic(&["restore", &id]).stderr().contains("was not hidden"));
}

#[test]
fn a_running_run_cannot_be_hidden() {
    let shelf = Shelf::new();
    let answer = shelf.uaic(&["rm", "attention/0", "@"]);
    assert_eq!(answer.code(), 4);
    assert!(answer.stderr().contains("is running in process"), "{}", answer.stderr());
    assert_eq!(shelf.json(&["ls"])["total"], 6, "none was hidden");
    shelf.store.finish_run(shelf.trials[4], &end(RunState::Interrupted, None, None)).unwrap();
    assert_eq!(shelf.uaic(&["rm", "@"]).code(), 0);
}

#[test]
fn a_missing_store_is_an_answer_and_is_not_created() {
    let shelf = Shelf::new();
    let missing = shelf.folder.path().join("none");
    let path = missing.to_str().unwrap();
    for verb in [&["ls"][..], &["best"], &["show", "@"], &["rm", "@"], &["restore", "@"]] {
        let answer = shelf.uaic(&[verb, &["--store", path]].concat());
        assert_eq!(answer.code(), 3, "{verb:?}: {}", answer.stderr());
        assert!(answer.stderr().contains("uaic run experiments/attention.toml"), "{}", answer.stderr());
        assert!(!missing.exists());
    }
}

#[test]
fn an_empty_store_has_nothing_to_list() {
    let folder = TempDir::new().unwrap();
    SqliteStore::open(folder.path()).unwrap();
    for (arguments, hint) in [(&["ls"][..], "no runs"), (&["ls", "--studies"], "no studies")] {
        let output = Command::new(env!("CARGO_BIN_EXE_uaic"))
            .args(arguments)
            .env("UAIC_STORE", folder.path())
            .output()
            .unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b""[..]));
        assert!(String::from_utf8(output.stderr).unwrap().contains(hint));
    }
}

#[test]
fn every_verb_has_examples() {
    let shelf = Shelf::new();
    for verb in ["ls", "show", "best", "compare", "rm", "restore"] {
        let answer = shelf.uaic(&["help", verb]);
        assert!(
            answer.stdout().contains(&format!("Examples:\n  uaic {verb}")) || verb == "restore",
            "{verb}"
        );
        assert!(answer.stdout().contains("With --json:"), "{verb}");
    }
}

/// Every verb with a `--json` flag and its help: `data ls` → its text.
fn verbs_with_json() -> BTreeMap<String, String> {
    fn visit(command: &clap::Command, path: &str, found: &mut BTreeMap<String, String>) {
        if command.get_arguments().any(|argument| argument.get_long() == Some("json")) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            found.insert(path.trim().to_owned(), help);
        }
        for inner in command.get_subcommands() {
            visit(inner, &format!("{path} {}", inner.get_name()), found);
        }
    }
    let mut found = BTreeMap::new();
    visit(&uaic::cli::Cli::command(), "", &mut found);
    found
}

/// Collects the keys of a JSON value, but not those of objects that are keyed by names of the user.
fn collect_keys(value: &Value, keys: &mut BTreeSet<String>) {
    const MAPS: [&str; 6] = ["params", "config", "environment", "tags", "labels", "unseen_labels"];
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::Object(members) => {
            for (key, member) in members {
                keys.insert(key.clone());
                if !MAPS.contains(&key.as_str()) {
                    collect_keys(member, keys);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_help_of_every_verb_documents_all_of_its_json() {
    let shelf = Shelf::new();
    let data = shelf.folder.path().join("data/tiny");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::write(data.join("train.tsv"), "to oslo\tflight\n").unwrap();
    std::fs::write(shelf.folder.path().join("bad.toml"), "[train]\nlearning_rate = 1\n").unwrap();
    let helps = verbs_with_json();
    // Those that need a trained model are tried where there is one.
    let trained = ["run", "resume", "evaluate", "errors", "calibrate", "export", "import", "predict"];
    // And these where there is a spec to work with.
    let of_studies = ["create", "ls", "show", "best", "pareto", "importance", "explain", "enqueue", "copy"]
        .map(|verb| format!("study {verb}"));
    // And these where there are other stores.
    let others = [
        "ask",
        "tell",
        "explain",
        "bench samplers",
        "bundle",
        "doctor",
        "edit",
        "gc",
        "merge",
        "server backup",
        "server restore",
        "server token ls",
        "server user ls",
    ];
    // And these where there is a server, or what one has recorded.
    let served = ["export", "label", "ls", "show", "stats"].map(|verb| format!("requests {verb}"));
    let registered =
        ["register", "ls", "show", "alias", "diff", "promote"].map(|verb| format!("model {verb}"));
    let mut tried: BTreeSet<&str> =
        trained.into_iter().chain(others).chain(registered.iter().map(String::as_str)).collect();
    tried.extend(of_studies.iter().chain(&served).map(String::as_str).chain(["load"]));
    // A verb, its arguments, and the verb whose help tells the rest.
    for (verb, arguments, beside) in [
        ("ls", &[][..], "ls"),
        ("ls", &["--studies"], "ls"),
        ("show", &["best:attention"], "ls"),
        ("show", &["attention"], "ls"),
        ("show", &["best:attention", "--metric", "val/accuracy"], "show"),
        ("best", &["attention"], "ls"),
        ("compare", &["attention/1", "attention/final"], "compare"),
        ("rm", &["attention/0"], "rm"),
        ("restore", &["attention/0"], "restore"),
        ("check", &["bad.toml"], "check"),
        ("data ls", &[], "data ls"),
        ("data stats", &["tiny"], "data stats"),
    ] {
        let words: Vec<&str> = verb.split(' ').chain(arguments.iter().copied()).chain(["--json"]).collect();
        let answer = shelf.uaic(&words);
        let printed: Value = serde_json::from_str(answer.stdout()).unwrap_or_else(|error| {
            panic!("{words:?}: {error}: {}", answer.stderr());
        });
        assert_eq!(printed["schema"], 1, "{words:?}");
        for key in printed.as_object().unwrap().keys() {
            assert!(helps[verb].contains(&format!("\"{key}\"")), "`{key}` of {words:?}: {}", helps[verb]);
        }
        let mut keys = BTreeSet::new();
        collect_keys(&printed, &mut keys);
        let told = format!("{}{}", helps[verb], helps[beside]);
        for key in keys {
            assert!(told.contains(&format!("\"{key}\"")), "`{key}` of {words:?}: {told}");
        }
        tried.insert(verb);
    }
    assert_eq!(helps.keys().map(String::as_str).collect::<BTreeSet<_>>(), tried, "all verbs with --json");
    for (verb, help) in &helps {
        assert!(help.contains("With --json") && help.contains("\"schema\": 1"), "{verb}: {help}");
    }
    for key in ["study", "final"] {
        assert!(helps["run"].contains(key) && helps["resume"].contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn a_log_filter_that_says_nothing_is_told() {
    let shelf = Shelf::new();
    let said = |filter: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uaic"));
        command.arg("ls").env("UAIC_LOG", filter).env("UAIC_STORE", shelf.folder.path().join("runs"));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{filter}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(said("uaic=loud").contains("UAIC_LOG=`uaic=loud` is ignored"), "{}", said("uaic=loud"));
    assert_eq!(said("uaic=warn"), "");
    assert_eq!(said(""), "");
}
