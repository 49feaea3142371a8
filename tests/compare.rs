//! `uaic compare`: differences, their tests, and the gates.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uaic::eval::Predictions;
use uaic::platform::ProcessIdentity;
use uaic::store::{
    Attempt, Id, MetricPoint, NewRun, NewStudy, RunEnd, RunKind, SqliteStore, Store, StudyState,
};
use uaic::trial::{Direction, Goal, ParamValue};

use crate::support::TestDir;

/// Test texts.
const TEXTS: u64 = 200;

/// A store of studies, each with trials validated in folds and a final run that was tested.
struct Shelf {
    folder: TestDir,
    store: SqliteStore,
}

/// A study to be made.
struct Made<'a> {
    experiment: &'a str,
    seed: u64,
    lr: f64,
    /// The hash of its training data.
    data: &'a str,
    /// The number of the first test text.
    first_text: u64,
    /// How many test texts the final run gets wrong.
    wrong: u64,
    /// The validation accuracy of trial 0 in each fold.
    folds: [f64; 5],
}

impl Default for Made<'_> {
    fn default() -> Self {
        Self {
            experiment: "old",
            seed: 1,
            lr: 0.01,
            data: "aaaa",
            first_text: 0,
            wrong: 10,
            folds: [0.9, 0.92, 0.88, 0.91, 0.89],
        }
    }
}

fn predictions(made: &Made<'_>) -> Predictions {
    let mut table = Predictions {
        labels: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
        words: vec![1; TEXTS as usize],
        unknown_words: vec![0; TEXTS as usize],
        ..Predictions::default()
    };
    for text in 0..TEXTS {
        let gold = (text % 4) as u32;
        let answer = (gold + u32::from(text < made.wrong)) % 4;
        table.gold.push(gold);
        table.hashes.push(made.first_text + text);
        table.logits.extend((0..4).map(|label| if label == answer { 2.0 } else { 0.0 }));
    }
    table
}

impl Shelf {
    fn new(studies: &[Made<'_>]) -> Self {
        let folder = TestDir::new();
        let store = SqliteStore::open(&folder.join("runs")).unwrap();
        let shelf = Self { folder, store };
        for made in studies {
            shelf.make(made);
            // Studies are told apart by the time of their creation.
            std::thread::sleep(std::time::Duration::from_millis(3));
        }
        shelf
    }

    fn make(&self, made: &Made<'_>) {
        let environment: BTreeMap<String, String> = [
            ("seed", made.seed.to_string()),
            ("data.name", "atis".to_owned()),
            ("data.train.hash", made.data.to_owned()),
            ("git.commit", format!("{:x}", 1000 + made.seed)),
        ]
        .map(|(key, value)| (key.to_owned(), value))
        .into();
        let process = ProcessIdentity::current();
        let new = NewStudy {
            experiment: made.experiment.into(),
            spec_text: String::new(),
            spec_path: "experiments/x.toml".into(),
            overrides: vec![],
            fingerprint: "f00d".into(),
            seed: made.seed,
            goals: Goal::new("val/accuracy", Direction::Maximize).into(),
            trials: 1,
            environment: environment.clone(),
        };
        let study = self.store.create_study(&new).unwrap().id;
        self.store.acquire_study(study, &process).unwrap();
        let new = |kind| NewRun {
            home: study.into(),
            kind,
            number: Some(0),
            params: [("train.lr".to_owned(), ParamValue::Float(made.lr))].into(),
            config: json!({ "data": { "validation": { "folds": 5 } }, "train": { "lr": made.lr, "epochs": 5 } }),
            process: process.clone(),
            environment: environment.clone(),
        };
        let trial = self.store.start_run(&new(RunKind::Trial)).unwrap();
        let mut sum = 0.0;
        for (fold, value) in made.folds.iter().enumerate() {
            sum += value;
            self.log(trial, "val/accuracy", fold as i64 + 1, sum / (fold as f64 + 1.0));
            self.log(trial, "fold=0/train/loss", fold as i64, 1.0 - value);
        }
        self.end(trial, sum / 5.0);
        let run = self.store.start_run(&new(RunKind::Final)).unwrap();
        let accuracy = 1.0 - made.wrong as f64 / TEXTS as f64;
        self.log(run, "test/accuracy", 5, accuracy);
        self.log(run, "oos/auroc", 5, 0.9);
        for epoch in 1..5 {
            self.log(run, "train/loss", epoch, made.lr / epoch as f64);
        }
        let estimate =
            json!({ "value": accuracy, "n": TEXTS, "low": accuracy - 0.03, "high": accuracy + 0.03 });
        let metrics = serde_json::to_vec(&json!({ "test/accuracy": estimate })).unwrap();
        self.store.put_artifact(run, "metrics.json", &metrics).unwrap();
        let bytes = predictions(made).to_safetensors().unwrap();
        self.store.put_artifact(run, "predictions/test.safetensors", &bytes).unwrap();
        self.end(run, accuracy);
        self.store.release_study(study, &process, StudyState::Complete).unwrap();
    }

    fn log(&self, run: Attempt, key: &str, step: i64, value: f64) {
        let point = MetricPoint { key: key.into(), step, time_ms: 1_700_000_000_000, value };
        self.store.log_metrics(run, &[point]).unwrap();
    }

    fn end(&self, run: Attempt, value: f64) {
        let end = RunEnd::complete([value]);
        self.store.finish_run(run, &end).unwrap();
    }

    fn json(&self, arguments: &str) -> Value {
        self.folder.run(&format!("compare {arguments} --json")).json()
    }

    /// The ids of studies, the first made first.
    fn studies(&self) -> Vec<Id> {
        let mut ids: Vec<Id> = self.store.studies().unwrap().iter().map(|study| study.id).collect();
        ids.reverse();
        ids
    }
}

/// The difference that a printed comparison has for a metric in its second column.
fn delta<'a>(printed: &'a Value, metric: &str) -> &'a Value {
    let metrics = printed["metrics"].as_array().unwrap();
    &metrics.iter().find(|found| found["key"] == metric).unwrap()["deltas"][1]
}

/// An old study and one whose final run is clearly worse.
fn old_and_worse() -> Shelf {
    let worse = Made {
        experiment: "new",
        lr: 0.02,
        wrong: 40,
        folds: [0.8, 0.83, 0.77, 0.82, 0.8],
        ..Made::default()
    };
    Shelf::new(&[Made::default(), worse])
}

#[test]
fn final_runs_are_tested_on_the_same_texts() {
    let shelf = old_and_worse();
    let printed = shelf.json("old new");
    assert_eq!((&printed["schema"], &printed["baseline"]), (&json!(1), &json!(0)));
    assert_eq!(printed["columns"][1]["what"], "final run of trial 0", "a study stands for its final run");
    let accuracy = delta(&printed, "test/accuracy");
    assert_eq!((&accuracy["method"], &accuracy["n"]), (&json!("McNemar"), &json!(TEXTS)));
    assert!((accuracy["delta"].as_f64().unwrap() + 0.15).abs() < 1e-12);
    // binomtest(0, 30).pvalue = 2 / 2^30
    assert!((accuracy["p"].as_f64().unwrap() - 2.0 / f64::from(1 << 30)).abs() < 1e-15);
    assert!(accuracy["high"].as_f64().unwrap() < -0.09 && accuracy["low"].as_f64().unwrap() > -0.21);
    let auroc = delta(&printed, "oos/auroc");
    assert_eq!((&auroc["p"], &auroc["delta"]), (&Value::Null, &json!(0.0)));
    assert!(auroc["reason"].as_str().unwrap().contains("no paired test"));
    assert_eq!(printed, shelf.json("old new"), "equal to the bit every time");
}

#[test]
fn the_table_shows_what_differs_and_hides_the_rest() {
    let shelf = old_and_worse();
    let text = shelf.folder.run("compare old new").ok();
    for part in ["baseline", "train.lr", "0.9500 (0.9200 – 0.9800)", "-0.1500", "McNemar, n = 200"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("train.epochs") && text.contains("more are equal; `--all`"), "{text}");
    assert!(shelf.folder.run("compare old new --all").ok().contains("train.epochs"));
    let swapped = shelf.folder.run("compare old --baseline new").ok();
    assert!(swapped.contains("+0.1500"), "{swapped}");
}

#[test]
fn trials_are_tested_on_the_same_folds() {
    let shelf = old_and_worse();
    let accuracy = delta(&shelf.json("old/0 new/0"), "val/accuracy").clone();
    assert_eq!((&accuracy["method"], &accuracy["n"]), (&json!("corrected t"), &json!(5)));
    // d = np.array([0.8, 0.83, 0.77, 0.82, 0.8]) - [0.9, 0.92, 0.88, 0.91, 0.89]
    // t = d.mean() / np.sqrt((1/5 + 1/4) * d.var(ddof=1)); 2 * scipy.stats.t.sf(abs(t), 4)
    assert!((accuracy["delta"].as_f64().unwrap() + 0.096).abs() < 1e-12, "{accuracy}");
    assert!((accuracy["p"].as_f64().unwrap() / FOLDS_P - 1.0).abs() < 1e-9, "{accuracy}");
}

const FOLDS_P: f64 = 8.921_654_238_105_963e-5;

#[test]
fn what_is_not_comparable_is_told() {
    let base = Made::default();
    let other_texts = Made { experiment: "texts", first_text: 100, wrong: 20, ..Made::default() };
    let other_data = Made { experiment: "data", data: "bbbb", ..Made::default() };
    let other_seed = Made { experiment: "seed", seed: 2, ..Made::default() };
    let shelf = Shelf::new(&[base, other_texts, other_data, other_seed]);
    let why = |arguments: &str, metric: &str| {
        let printed = shelf.json(arguments);
        let delta = delta(&printed, metric);
        assert_eq!(delta["p"], Value::Null);
        delta["reason"].as_str().unwrap().to_owned()
    };
    let told = why("old texts", "test/accuracy");
    assert!(told.ends_with("200 and 200, of which 100 are common"), "{told}");
    assert!(why("old/0 data/0", "val/accuracy").contains("another training data"));
    assert!(why("old/0 seed/0", "val/accuracy").contains("another seed of the folds"));
    let text = shelf.folder.run("compare old texts").ok();
    assert!(text.contains("no test against") && text.contains("(test/accuracy)"), "{text}");
    let text = shelf.folder.run("compare old data").ok();
    assert!(text.contains("data.train.hash") && text.contains("bbbb"), "{text}");
}

#[test]
fn a_broken_rule_makes_the_exit_code_1() {
    let shelf = old_and_worse();
    let gate = |rule: &str| {
        let mut command = shelf.folder.uaic();
        let output = command.args(["compare", "old", "new", "--fail-if", rule]).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, told) = gate("test/accuracy < baseline - 0.005");
    assert_eq!(code, 1);
    assert!(told.starts_with("FAILED") && told.contains("has 0.8000, the bound is 0.9450"), "{told}");
    assert_eq!(gate("test/accuracy < baseline - 0.2").0, 0);
    assert_eq!(gate("test/accuracy < 0.79").0, 0);
    let (code, told) = gate("test/acuracy < 0.79");
    assert_eq!(code, 3);
    assert!(told.contains("did you mean `test/accuracy`?"), "{told}");
    let (code, told) = gate("test/accuracy < basline");
    assert_eq!(code, 2);
    assert!(
        told.contains("\ntest/accuracy < basline\n                ^ there is no `basline`")
            && told.contains("did you mean `baseline`?"),
        "{told}"
    );
}

#[test]
fn worse_counts_beyond_chance_only() {
    let little = Made { experiment: "little", wrong: 12, ..Made::default() };
    let texts = Made { experiment: "texts", first_text: 9000, ..Made::default() };
    let shelf = old_and_worse();
    shelf.make(&little);
    shelf.make(&texts);
    let code = |arguments: &str| shelf.folder.run(&format!("compare {arguments} --fail-if-worse")).code;
    assert_eq!(code("old new"), Some(1));
    assert_eq!(code("new old"), Some(0), "better is not worse");
    assert_eq!(code("old little"), Some(0), "2 of 200 may be chance");
    assert_eq!(code("old/0 new/0"), Some(1), "trials are judged by their study's metric");
    let told = shelf.folder.run("compare old texts --fail-if-worse").fails(1);
    assert!(told.contains("cannot be judged") && told.contains("not the same"), "{told}");
    let printed = shelf.json("old new little");
    let metric =
        printed["metrics"].as_array().unwrap().iter().find(|metric| metric["key"] == "test/accuracy");
    let deltas = &metric.unwrap()["deltas"];
    let ratio = deltas[1]["p_holm"].as_f64().unwrap() / deltas[1]["p"].as_f64().unwrap();
    assert!((ratio - 2.0).abs() < 1e-12, "the smaller of two p-values counts twice");
}

#[test]
fn seeds_of_one_configuration_are_joined() {
    let seeds = |experiment, lr, wrong: [u64; 3]| {
        [1, 2, 3].map(|seed| Made {
            experiment,
            seed,
            lr,
            wrong: wrong[seed as usize - 1],
            ..Made::default()
        })
    };
    let made: Vec<Made<'_>> =
        seeds("old", 0.01, [10, 11, 12]).into_iter().chain(seeds("new", 0.02, [30, 32, 31])).collect();
    let shelf = Shelf::new(&made);
    let ids = shelf.studies().iter().map(Id::to_string).collect::<Vec<_>>().join(" ");
    let printed = shelf.json(&format!("{ids} --across-seeds"));
    let columns = printed["columns"].as_array().unwrap();
    assert_eq!(columns.len(), 2);
    assert_eq!(columns[1]["what"], "3 seeds: 1, 2, 3");
    let accuracy = delta(&printed, "test/accuracy");
    assert_eq!((&accuracy["method"], &accuracy["n"]), (&json!("Welch"), &json!(6)));
    assert!((accuracy["delta"].as_f64().unwrap() + 0.1).abs() < 1e-12);
    assert!(accuracy["p"].as_f64().unwrap() < 0.001);
    let metric =
        printed["metrics"].as_array().unwrap().iter().find(|metric| metric["key"] == "test/accuracy");
    let value = &metric.unwrap()["values"][0];
    assert!((value["deviation"].as_f64().unwrap() - 0.005).abs() < 1e-9 && value["n"] == 3);
}

#[test]
fn comparisons_go_to_markdown_csv_and_pictures() {
    let shelf = old_and_worse();
    let markdown = shelf.folder.run("compare old new --md").ok();
    assert!(markdown.starts_with("### Compared\n\n| run | experiment | is | role |\n| --- |"), "{markdown}");
    let csv = shelf.folder.run("compare old new --csv").ok();
    let line = csv.lines().find(|line| line.starts_with("test/accuracy") && line.contains("McNemar"));
    assert_eq!(line.unwrap().split(',').nth(2), Some("0.8"));
    shelf.folder.run("compare old new --plot out.png").ok();
    let bytes = std::fs::read(shelf.folder.join("out.png")).unwrap();
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 5000);
    shelf.folder.run("compare old/0 new/0 --plot out.svg").ok();
    assert!(shelf.folder.read("out.svg").contains("<svg"));
}

#[test]
fn one_run_alone_is_no_comparison() {
    let shelf = old_and_worse();
    assert!(shelf.folder.run("compare old").fails(2).contains("name another run"));
    assert!(shelf.folder.run("compare old old/final").fails(2).contains("only"));
    shelf.folder.run("compare old nothing").fails(2);
}

#[test]
fn parameters_of_programs_are_there_once_and_their_command_is_none() {
    let dir = crate::support::TestDir::new();
    for (name, search) in
        [("a", "lr = { log = [1e-4, 0.1] }"), ("b", "lr = { choice = [\"a,b\", \"line\\nbreak\"] }")]
    {
        let spec = format!(
            "[experiment]\nname = \"{name}\"\n[objective]\ncommand = [\"sh\", \"-c\", \"echo {{x}} # {{lr}}\"]\n\
             [search]\n{search}\nx = {{ uniform = [0, 1] }}\n\
             [study]\nmetric = \"y\"\ndirection = \"minimize\"\ntrials = 2\n"
        );
        dir.write(format!("{name}.toml"), spec);
        dir.run(&format!("run {name}.toml")).ok();
    }
    let printed = dir.run("compare a b --all --json").json();
    let keys: Vec<&str> =
        printed["params"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["lr", "x"]);
    let y = printed["metrics"].as_array().unwrap().iter().find(|metric| metric["key"] == "y").unwrap();
    assert_eq!(y["direction"], "minimize", "as the studies say");
    let facts = printed["facts"].as_array().unwrap();
    let command = facts.iter().find(|fact| fact["key"] == "spec.command").unwrap();
    assert_eq!((&command["differs"], &command["area"]), (&Value::from(false), &Value::from("spec")));
    let text = dir.run("compare a b --all").ok();
    assert!(!text.contains("text") && !text.contains("predictions") && !text.contains("fold"), "{text}");
}
