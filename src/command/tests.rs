//! Whole trials with programs of `/bin/sh`.

// What is compared was printed by the program, and reads back to the bit.
#![allow(clippy::float_cmp)]

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tracing_subscriber::layer::SubscriberExt;

use super::*;
use crate::rng::SeedTree;
use crate::run_log::{LOG_ARTIFACT, RunLogLayer};
use crate::spec::Distribution;
use crate::store::{Environment, Id, RunRecord, Store};
use crate::study::pruner::{Pruner, Reports};
use crate::study::sampler::{Duplicates, Settings, by_name};
use crate::study::testing::{BrittleStore, process};
use crate::study::{self, Pruning, StudyPlan, Surroundings};
use crate::trial::{Direction, ParamValue, RunState};

/// `lr` is always 0.5; `momentum`, 0.9, exists in no trial.
fn space() -> Space {
    let only = |value| Distribution::Choice(vec![value]);
    Space::new([
        ("train.lr".to_owned(), only(ParamValue::Float(0.5))),
        ("kind".to_owned(), only("adam".into())),
        ("momentum".to_owned(), only(ParamValue::Float(0.9))),
    ])
    .when("momentum", "kind", ["sgd".into()])
}

/// A program of `/bin/sh`, which has arguments after its script.
fn sh(script: &str) -> CommandSpec {
    CommandSpec {
        command: ["/bin/sh", "-c", script, "program"]
            .map(|part| part.replace('{', "{{").replace('}', "}}"))
            .to_vec(),
        grace: Duration::from_millis(300),
        metrics: vec!["loss".to_owned()],
        prune_by: Some("loss".to_owned()),
        ..CommandSpec::default()
    }
}

/// Prunes at a value.
struct AtValue(f64);

impl Pruner for AtValue {
    fn name(&self) -> &'static str {
        "at-value"
    }

    fn verdict(&self, reports: &Reports<'_>) -> Option<String> {
        let (step, value) = *reports.reports.last()?;
        (value == self.0).then(|| format!("{value} at step {step}"))
    }
}

/// The objective, with a log.
struct Logged<'a>(&'a CommandObjective);

impl Objective for Logged<'_> {
    fn evaluate(&self, trial: &Trial<'_>) -> Result<Evaluation, ObjectiveError> {
        let subscriber = tracing_subscriber::registry().with(RunLogLayer);
        tracing::subscriber::with_default(subscriber, || self.0.evaluate(trial))
    }

    fn config(&self, params: &Params) -> serde_json::Value {
        self.0.config(params)
    }
}

/// A study that has been run.
struct Ran {
    store: BrittleStore,
}

/// Runs so many trials, two at once, with a pruner that stops at the value 13.
fn run_trials(spec: CommandSpec, trials: u32, cancel: &AtomicBool) -> Ran {
    let space = space();
    let directions = vec![Direction::Minimize; spec.metrics.len()];
    let objective = CommandObjective::new(spec, &space).unwrap();
    let store = BrittleStore::new();
    let settings = Settings::new(SeedTree::new(1));
    let pruner = AtValue(13.0);
    let plan = StudyPlan {
        space: Some(&space),
        sampler: &move || by_name("random", &settings).unwrap(),
        pruning: Some(Pruning { pruner: &pruner, metric: "loss", direction: Direction::Minimize }),
        directions: &directions,
        trials,
        parallel: 2,
        target: None,
        duplicates: Duplicates::Repeat,
        seeds: SeedTree::new(7),
    };
    let surroundings = Surroundings {
        store: &store,
        study: store.study(),
        jobs: 2,
        process: &process(),
        environment: &Environment::new(),
        observer: &(),
        cancel,
        deadline: None,
    };
    study::run(&plan, &Logged(&objective), &surroundings).unwrap();
    Ran { store }
}

/// Runs one trial.
fn run(spec: CommandSpec) -> Ran {
    run_trials(spec, 1, &AtomicBool::new(false))
}

impl Ran {
    fn record(&self) -> RunRecord {
        self.store.trials()[&0].clone()
    }

    fn id(&self) -> Id {
        self.record().id
    }

    fn value(&self) -> f64 {
        let record = self.record();
        assert_eq!(record.state, RunState::Complete, "{:?}", record.reason);
        record.value().unwrap()
    }

    fn failure(&self) -> String {
        let record = self.record();
        assert_eq!(record.state, RunState::Failed);
        record.reason.unwrap()
    }

    fn artifact(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.store.read_artifact(self.id(), name).unwrap()).into_owned()
    }

    fn artifacts(&self) -> Vec<String> {
        self.store.artifacts(self.id()).unwrap().into_iter().map(|artifact| artifact.name).collect()
    }

    fn tag(&self, key: &str) -> String {
        self.store.tags(self.id()).unwrap().get(key).cloned().unwrap_or_default()
    }

    fn history(&self, key: &str) -> Vec<(i64, f64)> {
        let points = self.store.metric_history(self.id(), key).unwrap();
        points.into_iter().map(|point| (point.step, point.value)).collect()
    }
}

#[test]
fn parameters_reach_the_program_in_every_way() {
    let mut spec = sh(r#"
        echo "args $*"
        env | grep ^UAIC_ | sort
        cat "$UAIC_PARAMS"; echo
        echo '{"loss": 1}'
    "#);
    spec.command
        .extend(["--lr={train.lr}", "--momentum", "{momentum}", "{trial}", "{seed}"].map(String::from));
    let ran = run(spec);
    assert_eq!(ran.value(), 1.0);
    let stdout = ran.artifact("output/stdout.txt");
    let seed = stdout.lines().find_map(|line| line.strip_prefix("UAIC_SEED=")).unwrap();
    assert!(i32::try_from(seed.parse::<u32>().unwrap()).is_ok());
    assert!(stdout.contains(&format!("args --lr=0.5 0 {seed}\n")), "{stdout}");
    for line in [
        "UAIC_TRIAL=0".to_owned(),
        format!("UAIC_RUN={}", ran.id()),
        format!("UAIC_STUDY={}", ran.store.study()),
        "UAIC_PARAM_TRAIN_LR=0.5".to_owned(),
        "UAIC_PARAM_KIND=adam".to_owned(),
        r#"{"kind":"adam","train.lr":0.5}"#.to_owned(),
    ] {
        assert!(stdout.lines().any(|found| found == line), "{line} in {stdout}");
    }
    assert!(!stdout.contains("MOMENTUM"));
    let command: serde_json::Value = serde_json::from_str(&ran.artifact("command.json")).unwrap();
    assert_eq!(command["command"][4], "--lr=0.5");
    assert_eq!(ran.record().start.config["command"][6], "{seed}");
    assert_eq!(
        run(sh("echo $UAIC_SEED")).value(),
        seed.parse::<f64>().unwrap(),
        "a repetition has the same seed"
    );
}

#[test]
fn metrics_come_from_stdout_and_from_the_file() {
    let ran = run(sh(r#"
        echo '{"step": 3, "loss": 0.5, "val/accuracy": 0.9}'
        echo 'epoch done'
        echo '{"loss": 0.25}'
        printf '{"gradient": 2}\n{"gradient": NaN}\n{"gradient": "inf"}' >> "$UAIC_METRICS"
    "#));
    assert_eq!(ran.value(), 0.25);
    assert_eq!(ran.history("loss"), [(3, 0.5), (4, 0.25)]);
    assert_eq!(ran.history("val/accuracy"), [(3, 0.9)]);
    let gradient = ran.history("gradient");
    assert_eq!((gradient[0], gradient[2]), ((1, 2.0), (3, f64::INFINITY)));
    assert!(gradient[1].1.is_nan());
    assert!(ran.artifact("output/stdout.txt").contains("epoch done\n"));
}

#[test]
fn the_value_is_that_of_the_largest_step() {
    assert_eq!(run(sh(r#"echo '{"step":9,"loss":1}'; echo '{"step":2,"loss":5}'"#)).value(), 1.0);
}

#[test]
fn a_bare_number_at_the_end_is_the_value_when_nothing_else_is() {
    let ran = run(sh("echo 'result:'; echo ' 0.125 '; echo"));
    assert_eq!((ran.value(), ran.history("loss")), (0.125, vec![(1, 0.125)]));
    assert!(run(sh(r#"echo '{"other": 1}'; echo 0.125"#)).failure().contains("it reported `other`"));
    let two = CommandSpec { metrics: vec!["loss".into(), "size".into()], ..sh("echo 0.125") };
    assert!(run(two).failure().contains("it reported nothing"));
}

#[test]
fn a_missing_metric_fails_the_trial_with_what_was_meant() {
    let reason = run(sh(r#"echo '{"los": 1}'"#)).failure();
    assert!(reason.contains("without a value of `loss`") && reason.contains("was `los` meant?"), "{reason}");
    assert!(run(sh("true")).failure().contains("it reported nothing"));
}

#[test]
fn a_broken_line_is_a_warning_and_no_failure() {
    let ran = run(sh(r#"echo "{'loss': 3}"; echo x >> "$UAIC_METRICS"; echo '{"loss": 2}'"#));
    assert_eq!(ran.value(), 2.0);
    let log = ran.artifact(LOG_ARTIFACT);
    let ignored = log.matches("WARN  a line of metrics is ignored: it is not JSON").count();
    assert_eq!(ignored, 2, "{log}");
    let log = run(sh(r#"for i in $(seq 50); do echo '{"loss": }'; done; echo 1"#)).artifact(LOG_ARTIFACT);
    assert_eq!(log.matches("WARN").count(), 21, "{log}");
}

#[test]
fn the_reason_names_the_line_that_gave_no_value() {
    for (line, why) in [
        (r#"{"step": 1, "loss": "0.5"}"#, r#"`loss` is "0.5", not a number"#),
        (r#"{"step": "3", "loss": 1}"#, r#"`step` is "3", not a whole number from 0 to 9223372036854775807"#),
        (r#"{"step": -1, "loss": 1}"#, "`step` is -1, not a whole number from 0 to 9223372036854775807"),
        (r#"{"loss": null}"#, "`loss` is null, not a number"),
        (r#"{"loss": 1}{"loss": 2}"#, "it has two objects; print each on a line of its own"),
        (r#"{"loss": {"a": 1}}"#, r#"`loss` is {"a":1}, not a number"#),
        ("{'loss': 0.5}", "it is not JSON, which has \" for quotes (in Python: print(json.dumps(...)))"),
        ("loss: 0.5", "it is no JSON object"),
    ] {
        let ran = run(sh(&format!("cat <<'END'\n{line}\nEND\n")));
        let expected =
            format!("without a value of `loss`: its line `{line}` gave none: {why}; it reported nothing");
        assert!(ran.failure().contains(&expected), "{}", ran.failure());
    }
    let other = run(sh(r#"echo '{"size": 3, "loss": "x"}'"#)).failure();
    assert!(other.contains("`loss` is \"x\", not a number; it reported `size`;"), "{other}");
    let elsewhere = run(sh(r#"echo '{"loss": 1}' >&2"#)).failure();
    assert!(elsewhere.ends_with(r#"; stderr ends with: {"loss": 1}"#), "{elsewhere}");
    let last = run(sh("echo 0,5")).failure();
    assert!(last.contains("its last line was `0,5`"), "{last}");
}

#[test]
fn what_a_terminal_shows_counts() {
    let bar = run(sh(
        r#"for s in 0 1 2; do printf '\r  0%%\r 50%% #\r100%% ##'; echo "{\"step\": $s, \"loss\": 0.$s}"; done"#,
    ));
    assert_eq!(bar.history("loss"), [(0, 0.0), (1, 0.1), (2, 0.2)]);
    let colour = run(sh(r#"printf '\033[32m{"loss": 4}\033[0m\r\n'"#));
    assert_eq!(colour.value(), 4.0);
    let mark = run(sh(r#"printf '\357\273\277{"loss": 5}\r\n' >> "$UAIC_METRICS""#));
    assert_eq!(mark.value(), 5.0);
    assert_eq!(run(sh(r"printf '\r 10\r 20\r\033[1m0.25\033[0m\r\n'")).value(), 0.25);
}

#[test]
fn steps_at_the_end_of_their_range_are_what_they_are() {
    let ran = run(sh(
        r#"echo '{"step": 9223372036854775807, "loss": 1}'; echo '{"step": 18446744073709551615, "loss": 2}'; echo '{"step": 0, "loss": 3}'"#,
    ));
    assert_eq!(ran.history("loss"), [(0, 3.0), (i64::MAX, 1.0)]);
    assert_eq!(ran.value(), 1.0);
    assert!(ran.artifact(LOG_ARTIFACT).contains("`step` is 18446744073709551615, not a whole number"));
}

#[test]
fn a_program_that_has_ended_by_itself_is_complete() {
    // The pruner stops at 13.
    for script in [
        r#"echo '{"loss": 13}'"#,
        "echo 13",
        r#"echo '{"step": 1, "loss": 20}'; echo '{"step": 2, "loss": 13}'; echo '{"size": 3}'; sleep 0.3"#,
        r#"echo '{"step": 7, "loss": 13}' >> "$UAIC_METRICS""#,
    ] {
        let ran = run(sh(script));
        assert_eq!(ran.value(), 13.0, "{script}");
        if script.contains("size") {
            assert_eq!(ran.history("size"), [(1, 3.0)], "what came after the verdict is kept");
        }
    }
    let failed = run(sh(r#"echo '{"loss": 13}'; exit 3"#));
    assert!(failed.failure().starts_with("exit code 3"));
    let more = run(sh(r#"echo '{"step": 1, "loss": 13}'; echo '{"step": 2, "loss": 1}'"#));
    assert_eq!(more.record().state, RunState::Pruned, "it went on after the verdict");
    assert_eq!(more.history("loss"), [(1, 13.0)]);
}

#[test]
fn several_metrics_and_constraints_make_the_evaluation() {
    let spec = CommandSpec {
        metrics: vec!["loss".into(), "size".into()],
        constraints: vec!["time <= 2".parse().unwrap()],
        ..sh(r#"echo '{"size": 7, "loss": 1, "time": 5}'"#)
    };
    let record = run(spec).record();
    assert_eq!((record.values, record.violation), (vec![1.0, 7.0], 3.0));
}

#[test]
fn a_failing_program_fails_its_trial_and_tells_why() {
    let ran = run(sh("echo Traceback >&2; echo 'ValueError: lr' >&2; exit 3"));
    assert_eq!(ran.failure(), "exit code 3; stderr ends with: Traceback | ValueError: lr");
    assert_eq!((ran.tag("exit_code").as_str(), ran.tag("signal").as_str()), ("3", ""));
    assert!(ran.tag("duration_s").parse::<f64>().unwrap() >= 0.0);
    assert_eq!(ran.artifact("output/stderr.txt"), "Traceback\nValueError: lr\n");
    let ran = run(sh(r#"echo '{"loss": 1}'; kill -SEGV $$"#));
    assert_eq!((ran.failure().as_str(), ran.tag("signal").as_str()), ("killed by SIGSEGV", "SIGSEGV"));
    assert_eq!(ran.history("loss"), [(1, 1.0)], "what it reported stays");
    assert!(run(sh("kill -9 $$")).failure().contains("memory"));
}

#[test]
fn a_program_that_cannot_be_started_fails_its_trial() {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("{kind}").to_string_lossy().into_owned();
    let ran = run(CommandSpec { command: vec![name.clone()], ..sh("") });
    assert!(ran.failure().starts_with(&format!("cannot start `{name}`: No such file")), "{}", ran.failure());
}

/// Waits for the stop file and says what it holds.
const OBEDIENT: &str = r#"
    trap '' TERM
    echo '{"step": 1, "loss": 20}'; echo '{"step": 2, "loss": 13, "size": 4}'; echo '{"step": 3, "loss": 1}'
    for i in $(seq 500); do [ -e "$UAIC_STOP" ] && break; sleep 0.01; done
    cp "$UAIC_STOP" "$UAIC_ARTIFACTS/why"
"#;

#[test]
fn a_pruned_program_is_told_and_may_end_by_itself() {
    let started = Instant::now();
    let ran = run(CommandSpec { grace: Duration::from_secs(60), ..sh(OBEDIENT) });
    assert!(started.elapsed() < Duration::from_secs(30));
    let record = ran.record();
    assert_eq!((record.state, record.reason.as_deref()), (RunState::Pruned, Some("13 at step 2")));
    assert_eq!(ran.artifact("artifacts/why"), "pruned");
    assert_eq!(ran.history("loss"), [(1, 20.0), (2, 13.0)], "what comes later depends on the clock");
    assert_eq!(ran.history("size"), [(2, 4.0)], "a line counts as a whole");
    assert_eq!(ran.tag("exit_code"), "0");
}

#[test]
fn a_pruned_program_gets_sigterm_and_then_sigkill() {
    let ran =
        run(CommandSpec { grace: Duration::from_secs(60), ..sh(r#"echo '{"loss": 13}'; exec sleep 100"#) });
    assert_eq!((ran.record().state, ran.tag("signal").as_str()), (RunState::Pruned, "SIGTERM"));
    let ran = run(sh(r#"trap '' TERM; echo '{"loss": 13}'; while :; do sleep 0.05; done"#));
    assert_eq!((ran.record().state, ran.tag("signal").as_str()), (RunState::Pruned, "SIGKILL"));
}

#[test]
fn only_the_metric_to_prune_by_is_judged() {
    let other = CommandSpec { prune_by: Some("val".into()), ..sh(r#"echo '{"loss": 13}'"#) };
    assert_eq!(run(other).value(), 13.0);
    let none = CommandSpec { prune_by: None, ..sh(r#"echo '{"loss": 13}'"#) };
    assert_eq!(run(none).value(), 13.0);
}

#[test]
fn a_program_that_takes_too_long_fails() {
    let timeout = Some(Duration::from_millis(200));
    let ran = run(CommandSpec { timeout, ..sh("echo slow >&2; exec sleep 100") });
    assert_eq!(ran.failure(), "timed out after 0.2 s; stderr ends with: slow");
    let script = OBEDIENT.replace("13", "12");
    let ran = run(CommandSpec { timeout, grace: Duration::from_secs(60), ..sh(&script) });
    assert_eq!((ran.record().state, ran.artifact("artifacts/why").as_str()), (RunState::Failed, "timeout"));
}

#[test]
fn a_cancelled_program_ends_and_its_trial_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("echo $$ > {0}.tmp; mv {0}.tmp {0}; exec sleep 100", pid.display());
    let cancel = AtomicBool::new(false);
    let ran = std::thread::scope(|scope| {
        let study = scope.spawn(|| run_trials(sh(&script), 1, &cancel));
        wait_for(&pid);
        cancel.store(true, std::sync::atomic::Ordering::Relaxed);
        study.join().unwrap()
    });
    assert_eq!(ran.record().state, RunState::Interrupted);
    assert_gone(&pid);
}

fn wait_for(path: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !path.exists() {
        assert!(Instant::now() < deadline, "{} never appears", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// That the process whose id stands in a file is gone.
fn assert_gone(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.as_ref().map_or(true, |stat| stat.contains(") Z ")), "{stat:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_that_a_program_started_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    for end in ["echo 1", "exec sleep 100"] {
        let script = format!("sleep 100 & echo $! > {}; {end}", pid.display());
        run(CommandSpec { timeout: Some(Duration::from_millis(500)), ..sh(&script) });
        assert_gone(&pid);
    }
}

#[test]
fn floods_of_output_neither_block_nor_stay() {
    let ran = run(sh(
        r#"head -c 3000000 /dev/zero | tr '\0' 'x' >&2; yes '{"a' | head -c 3000000; printf '\377\n'; echo '{"loss": 4}'"#,
    ));
    assert_eq!(ran.value(), 4.0);
    let stderr = ran.artifact("output/stderr.txt");
    let note = format!("[{} bytes before this are not kept]\n", 3_000_000 - 65536);
    assert!(stderr.starts_with(&note), "{}", &stderr[..80]);
    assert_eq!(stderr.len(), 65536 + note.len());
}

#[test]
fn thousands_of_metrics_are_all_recorded_in_order() {
    let ran = run(sh(r#"i=0; while [ $i -lt 5000 ]; do echo "{\"loss\": $i.5}"; i=$((i+1)); done"#));
    assert_eq!(ran.value(), 4999.5);
    let history = ran.history("loss");
    assert_eq!(history.len(), 5000);
    assert!(history.iter().zip(0_u32..).all(|(point, i)| point.1 == f64::from(i) + 0.5));
}

#[test]
fn files_become_artifacts_also_of_trials_that_fail() {
    let ran = run(sh(
        r#"mkdir "$UAIC_ARTIFACTS/a"; echo x > "$UAIC_ARTIFACTS/a/b"; ln -s /etc/passwd "$UAIC_ARTIFACTS/p"; exit 1"#,
    ));
    assert_eq!(ran.artifacts(), ["artifacts/a/b", "command.json", "log.txt"]);
    assert!(ran.artifact("log.txt").contains("artifacts/p is not kept"));
    let ran = run(CommandSpec {
        artifacts: "kept".into(),
        ..sh(r#"echo x > "$UAIC_ARTIFACTS/b:c"; echo x > "$UAIC_ARTIFACTS/b"; echo 1"#)
    });
    assert!(ran.artifacts().contains(&"kept/b".to_owned()) && ran.value() == 1.0);
}

#[test]
fn secrets_are_passed_and_never_recorded() {
    // A variable that is in nearly every environment, for a test cannot safely set one.
    let Some(home) = std::env::var("HOME").ok().filter(|home| home.len() > 1) else { return };
    let spec = CommandSpec {
        secrets: vec!["HOME".into()],
        pass_env: Some(vec![]),
        env: [("A".to_owned(), format!("a{home}"))].into(),
        ..sh(&format!(
            "echo out $HOME; echo err $HOME >&2; echo 'x{home}' > /dev/null; echo '{{\"loss\": \"$HOME\"}}'; echo \"{{\\\"loss\\\": \\\"$HOME\\\"}}\"; exit 1"
        ))
    };
    let ran = run(spec);
    assert!(ran.failure().ends_with("stderr ends with: err ***"), "{}", ran.failure());
    assert!(ran.artifact("output/stdout.txt").starts_with("out ***\n"));
    for name in ran.artifacts() {
        assert!(!ran.artifact(&name).contains(&home), "{name}: {}", ran.artifact(&name));
    }
    assert!(!ran.record().start.config.to_string().contains(&home));
    let command: serde_json::Value = serde_json::from_str(&ran.artifact("command.json")).unwrap();
    assert_eq!(command["env"]["A"], "a***");
    assert!(command["env_names"].as_array().unwrap().contains(&"HOME".into()));
}

#[test]
fn trials_at_once_share_no_folder_and_leave_none() {
    let script = r#"[ -s "$UAIC_METRICS" ] && exit 9; echo '{"loss": 1}' >> "$UAIC_METRICS"; sleep 0.05; wc -l < "$UAIC_METRICS"; echo "$UAIC_PARAMS" >&2"#;
    let ran = run_trials(sh(script), 6, &AtomicBool::new(false));
    let mut folders = std::collections::BTreeSet::new();
    for record in ran.store.trials().values() {
        assert_eq!(record.state, RunState::Complete, "{:?}", record.reason);
        let path = ran.store.read_artifact(record.id, "output/stderr.txt").unwrap();
        let path = String::from_utf8(path).unwrap();
        assert!(!Path::new(path.trim()).exists());
        folders.insert(path);
    }
    assert_eq!(folders.len(), 6);
}

#[test]
fn a_store_that_breaks_ends_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!(r#"echo $$ > {}; echo '{{"loss": 1}}'; exec sleep 100"#, pid.display());
    let space = space();
    let objective = CommandObjective::new(sh(&script), &space).unwrap();
    let settings = Settings::new(SeedTree::new(1));
    let plan = StudyPlan {
        space: Some(&space),
        sampler: &move || by_name("random", &settings).unwrap(),
        pruning: None,
        directions: &[Direction::Minimize],
        trials: 1,
        parallel: 1,
        target: None,
        duplicates: Duplicates::Repeat,
        seeds: SeedTree::new(7),
    };
    // Where among its calls the store breaks does not matter: no program may be left.
    for calls in 3..12 {
        let store = BrittleStore::that_breaks_after(calls);
        let surroundings = Surroundings {
            store: &store,
            study: store.study(),
            jobs: 1,
            process: &process(),
            environment: &Environment::new(),
            observer: &(),
            cancel: &AtomicBool::new(false),
            deadline: Some(Instant::now() + Duration::from_secs(60)),
        };
        let _ = std::fs::remove_file(&pid);
        if study::run(&plan, &objective, &surroundings).is_err() && pid.exists() {
            return assert_gone(&pid);
        }
    }
    panic!("the store never broke while the program ran");
}
