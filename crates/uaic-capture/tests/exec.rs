//! Programs that are run and recorded, with the example of this crate as the recorder.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::naive_bytecount, clippy::format_collect)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use uaic_capture::record::{self, Line};
use uaic_capture::{Content, End, Ending, Facts, Failure, Point, Recorder};
use uaic_study::trial::Params;

/// An example, which is built along with the tests.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples").join(name)
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The recorder with options, in this folder.
    fn exec(&self, options: &[&str]) -> Command {
        let mut command = Command::new(example("exec"));
        command.args(["--record", "record.jsonl", "--folder", "scratch", "--spill", "."]).args(options);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, options: &[&str]) -> Output {
        self.exec(options).output().unwrap()
    }

    fn sh(&self, script: &str) -> Output {
        self.run(&["sh", "-c", script])
    }

    fn recorded(&self) -> Recorded {
        Recorded::read(&self.at("record.jsonl"))
    }
}

/// What a record has.
#[derive(Debug, Default)]
struct Recorded {
    params: Params,
    facts: Facts,
    points: BTreeMap<String, Vec<(i64, f64)>>,
    artifacts: BTreeMap<String, Vec<u8>>,
    end: Option<End>,
}

impl Recorded {
    fn read(path: &Path) -> Self {
        let mut recorded = Self::default();
        record::replay(path, &mut recorded, |_| 0).unwrap();
        recorded
    }

    fn text(&self, name: &str) -> String {
        let bytes =
            self.artifacts.get(name).unwrap_or_else(|| panic!("{name} of {:?}", self.artifacts.keys()));
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Recorder for Recorded {
    fn params(&mut self, params: &Params) -> Result<(), Failure> {
        self.params.extend(params.clone());
        Ok(())
    }

    fn facts(&mut self, facts: &Facts) -> Result<(), Failure> {
        self.facts.extend(facts.clone());
        Ok(())
    }

    fn tag(&mut self, _: &str, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn note(&mut self, _: &str) -> Result<(), Failure> {
        Ok(())
    }

    fn points(&mut self, points: &[Point]) -> Result<(), Failure> {
        for point in points {
            self.points.entry(point.key.to_string()).or_default().push((point.step, point.value));
        }
        Ok(())
    }

    fn artifact(&mut self, name: &str, content: Content<'_>) -> Result<(), Failure> {
        let bytes = match content {
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::File(path) => fs::read(path)?,
        };
        self.artifacts.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn finish(&mut self, end: &End) -> Result<(), Failure> {
        self.end = Some(end.clone());
        Ok(())
    }
}

fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} never comes");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(name: &str, to: &str) {
    assert!(Command::new("kill").args([name, "--", to]).status().unwrap().success());
}

#[test]
fn output_is_untouched_and_the_code_is_the_programs_own() {
    let place = Place::new();
    let output = place.sh(r"printf 'a\0\377\rb\033[1m'; printf 'err\n' >&2; exit 7");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(output.stdout, b"a\0\xff\rb\x1b[1m");
    assert_eq!(output.stderr, b"err\n");
    let recorded = place.recorded();
    assert_eq!(recorded.artifacts["output/stdout.txt"], b"b\x1b[1m\n");
    assert_eq!(recorded.text("output/stderr.txt"), "err\n");
    let end = recorded.end.unwrap();
    assert_eq!((end.ending, end.last_lines), (Ending::Exit(7), vec!["err".to_owned()]));
    assert!(!place.at("scratch").exists());
    let killed = Place::new();
    assert_eq!(killed.sh("kill -TERM $$").status.code(), Some(128 + 15));
    assert_eq!(killed.recorded().end.unwrap().ending, Ending::Signal(15));
    let unstarted = Place::new();
    let output = unstarted.run(&["no-such-program"]);
    assert_eq!(output.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot start `no-such-program`: No such file"));
    assert!(!unstarted.at("record.jsonl").exists() && !unstarted.at("scratch").exists());
}

#[test]
fn what_goes_to_one_place_keeps_its_order() {
    let place = Place::new();
    let script = "i=0; while [ $i -lt 300 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done";
    let both = fs::File::create(place.at("both")).unwrap();
    let status =
        place.exec(&["sh", "-c", script]).stdout(both.try_clone().unwrap()).stderr(both).status().unwrap();
    assert!(status.success());
    let expected: String = (0..300).map(|i| format!("out{i}\nerr{i}\n")).collect();
    assert_eq!(fs::read_to_string(place.at("both")).unwrap(), expected);
    assert_eq!(place.recorded().text("output/output.txt"), expected);
}

#[test]
fn standard_input_is_the_programs() {
    let place = Place::new();
    let mut child = place.exec(&["cat"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for i in 0..5 {
        writeln!(stdin, "line {i}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, format!("line {i}\n"), "output comes as it is written");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_short_program_has_all_its_facts() {
    let place = Place::new();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=trunk"]);
        assert!(command.args(arguments).current_dir(place.folder.path()).status().unwrap().success());
    };
    git(&["init", "-q"]);
    fs::write(place.at("a"), "1\n").unwrap();
    git(&["add", "a"]);
    git(&["commit", "-qm", "one"]);
    git(&["remote", "add", "origin", "https://user:token@host/x.git"]);
    fs::write(place.at("a"), "2\n").unwrap();
    fs::write(place.at("config.toml"), "lr = 0.5\n[model]\ndepth = 3\n").unwrap();
    fs::create_dir_all(place.at(".venv/bin")).unwrap();
    fs::write(place.at(".venv/pyvenv.cfg"), "version = 3.12.4\n").unwrap();
    let package = ".venv/lib/python3.12/site-packages/torch-2.3.0.dist-info";
    fs::create_dir_all(place.at(package)).unwrap();
    fs::write(place.at(package).join("METADATA"), "Name: torch\nVersion: 2.3.0\n\n").unwrap();
    std::os::unix::fs::symlink("/bin/true", place.at(".venv/bin/python")).unwrap();
    let options = [
        ".venv/bin/python",
        "train.py",
        "--config",
        "config.toml",
        "--lr",
        "1e-3",
        "--amp",
        "--token",
        "abc",
    ];
    let mut command = place.exec(&options);
    command.env("WANDB_API_KEY", "0123456789abcdef").env("CUDA_VISIBLE_DEVICES", "0,1");
    assert!(command.status().unwrap().success());
    let recorded = place.recorded();
    let params: Vec<String> = recorded.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(params, ["amp=true", "config=config.toml", "lr=0.001", "model.depth=3", "token=***"]);
    let fact = |name: &str| recorded.facts.get(name).map_or("-", String::as_str);
    assert_eq!(
        (fact("git.branch"), fact("git.dirty"), fact("git.remote")),
        ("trunk", "true", "https://host/x.git")
    );
    assert_eq!(fact("git.commit").len(), 40);
    assert_eq!((fact("python.version"), fact("python.packages")), ("3.12.4", "1"));
    assert_eq!(fact("env.CUDA_VISIBLE_DEVICES"), "0,1");
    for name in ["host", "cpu", "cores", "os", "cwd", "memory_bytes"] {
        assert_ne!(fact(name), "-", "{name}");
    }
    assert_eq!(recorded.text("environment/packages.txt"), "torch==2.3.0\n");
    assert!(recorded.text("code/diff.patch").contains("-1\n+2\n"));
    assert!(recorded.text("code/untracked.txt").contains("config.toml\n"));
    let everything = fs::read_to_string(place.at("record.jsonl")).unwrap();
    assert!(!everything.contains("0123456789abcdef") && !everything.contains("abc\""), "{everything}");
}

#[test]
fn secrets_are_shown_and_not_recorded() {
    let place = Place::new();
    let mut command =
        place.exec(&["sh", "-c", "echo key=$MY_API_KEY; echo \"loss: 0.5 $MY_API_KEY\" >&2; exit 1"]);
    let output = command.env("MY_API_KEY", "hunter22hunter22").output().unwrap();
    assert_eq!(output.stdout, b"key=hunter22hunter22\n");
    let recorded = place.recorded();
    assert_eq!(recorded.text("output/stdout.txt"), "key=***\n");
    assert_eq!(recorded.end.unwrap().last_lines, ["loss: 0.5 ***"]);
}

#[test]
fn metrics_come_from_both_streams_and_a_pattern() {
    let place = Place::new();
    let script = r#"echo '{"step": 1, "loss": 0.5}'; echo 'Epoch 2/3'; printf '\r 50%% loss: 0.9\r100%% loss: 0.25\n' >&2; echo 'see http://x:8080'"#;
    place.sh(script);
    let points = place.recorded().points;
    assert_eq!(points.keys().filter(|key| !key.starts_with("system/")).collect::<Vec<_>>(), ["loss"]);
    assert_eq!(points["loss"].iter().map(|(_, value)| *value).collect::<Vec<_>>(), [0.5, 0.25]);
    let own = Place::new();
    own.run(&[
        "--pattern",
        r"r=(?P<reward>\S+) at (?P<step>\d+)",
        "sh",
        "-c",
        "echo 'r=-3 at 7'; echo 'loss: 0.5'",
    ]);
    assert_eq!(own.recorded().points["reward"], [(7, -3.0)]);
}

#[test]
fn nothing_of_a_flood_is_lost() {
    let place = Place::new();
    let flood = example("flood").display().to_string();
    let output = place.run(&[&flood, "300000", "0"]);
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 300_000);
    let recorded = place.recorded();
    let loss = &recorded.points["loss"];
    assert_eq!(loss.len(), 300_000);
    assert!(loss.iter().zip(0..).all(|((step, _), i)| *step == i));
    assert_eq!(recorded.artifacts["output/stdout.txt"], output.stdout);
}

/// Starts a flood whose recorder is killed after a while, and gives what came out and what was recorded.
fn kill_recorder(place: &Place, lines: usize, after: Duration) -> (Vec<u8>, Option<Recorded>) {
    let flood = example("flood").display().to_string();
    let out = fs::File::create(place.at("out")).unwrap();
    let mut exec =
        place.exec(&[&flood, &lines.to_string(), "4000"]).stdout(out).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the first line", || fs::metadata(place.at("out")).unwrap().len() > 0);
    std::thread::sleep(after);
    exec.kill().unwrap();
    exec.wait().unwrap();
    let record = |place: &Place| {
        let mut names = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        names.find(|path| path.to_string_lossy().contains("uaic-exec-") && path.extension().is_some())
    };
    wait_for("the rest", || !place.at("scratch").exists());
    (fs::read(place.at("out")).unwrap(), record(place).map(|path| Recorded::read(&path)))
}

#[test]
fn a_killed_recorder_costs_no_line() {
    for after in [0, 3, 50, 200, 333] {
        let place = Place::new();
        let (out, recorded) = kill_recorder(&place, 100_000, Duration::from_millis(after));
        assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 100_000, "{after}");
        let recorded = recorded.unwrap_or_else(|| panic!("no record after {after} ms"));
        let loss = &recorded.points["loss"];
        assert_eq!(loss.len(), 100_000, "{after}");
        assert!(loss.iter().zip(0..).all(|((step, _), i)| *step == i), "{after}");
        assert_eq!(recorded.artifacts["output/stdout.txt"], out, "{after}");
        assert_eq!(recorded.end.unwrap().ending, Ending::Unknown);
    }
}

#[test]
fn a_record_that_goes_on_in_the_midst_says_how_much_was_before() {
    // More than is kept in the spool, so that its beginning is gone when the recorder is killed.
    let place = Place::new();
    let script = "yes '{\"loss\": 0.5, \"padding_padding_padding_padding\": 1}' | head -n 1000000; \
                  until [ -e \"$1\" ]; do sleep 0.05; done; echo '{\"loss\": 0.25}'";
    let go = place.at("go");
    let mut exec =
        place.exec(&["sh", "-c", script, "sh", &go.to_string_lossy()]).stdout(Stdio::null()).spawn().unwrap();
    wait_for("a checkpoint", || place.at("scratch/checkpoint.json").exists());
    std::thread::sleep(Duration::from_secs(3));
    exec.kill().unwrap();
    exec.wait().unwrap();
    fs::write(&go, "").unwrap();
    wait_for("the rest", || !place.at("scratch").exists());
    let path = fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let path = path
        .filter(|path| path.to_string_lossy().ends_with(".jsonl"))
        .find(|path| !path.ends_with("record.jsonl"));
    let text = fs::read_to_string(path.unwrap()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Line>(line).unwrap());
    let loss: Vec<(u64, usize)> = lines
        .filter_map(|line| match line {
            Line::Points { key, before, points } if key == "loss" => Some((before, points.len())),
            _ => None,
        })
        .collect();
    let (before, _) = loss[0];
    let count: usize = loss.iter().map(|(_, count)| count).sum();
    assert!(before > 0, "{loss:?}");
    assert_eq!(before + count as u64, 1_000_001);
}

#[test]
fn a_program_whose_reader_is_gone_is_told() {
    let place = Place::new();
    let mut exec = place.exec(&["yes"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 10];
    let mut stdout = exec.stdout.take().unwrap();
    stdout.read_exact(&mut some).unwrap();
    drop(stdout);
    assert_eq!(exec.wait().unwrap().code(), Some(128 + 13));
}

#[test]
fn what_goes_on_in_the_background_is_shown_and_not_waited_for() {
    let place = Place::new();
    let started = Instant::now();
    let mut exec = place
        .exec(&["sh", "-c", "(sleep 1; echo late) & echo early"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert!(exec.wait().unwrap().success());
    assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
    let mut all = String::new();
    exec.stdout.take().unwrap().read_to_string(&mut all).unwrap();
    assert_eq!(all, "early\nlate\n");
    assert_eq!(place.recorded().text("output/stdout.txt"), "early\n");
}

/// Counts how often it gets a signal, and ends a while after the first.
const COUNTER: &str = r"n=0; trap 'n=$((n+1))' TERM INT USR1; echo ready
    while [ $n = 0 ]; do sleep 0.02; done; for i in 1 2 3 4 5 6 7 8; do sleep 0.05; done; echo got $n; exit 5";

fn start_counter(place: &Place) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = place.exec(&["sh", "-c", COUNTER]);
    let mut exec = command.stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0).spawn().unwrap();
    let mut stdout = BufReader::new(exec.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    // The guard is ready, too.
    std::thread::sleep(Duration::from_millis(200));
    (exec, stdout)
}

#[test]
fn a_signal_reaches_the_program_once() {
    for (name, to_group) in [("-TERM", false), ("-USR1", false), ("-TERM", true), ("-INT", true)] {
        let place = Place::new();
        let (mut exec, mut stdout) = start_counter(&place);
        let to = if to_group { format!("-{}", exec.id()) } else { exec.id().to_string() };
        signal(name, &to);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(line, "got 1\n", "{name} {to_group}");
        assert_eq!(exec.wait().unwrap().code(), Some(5), "{name} {to_group}");
        assert_eq!(place.recorded().end.unwrap().ending, Ending::Exit(5));
    }
}

#[test]
fn what_is_ignored_stays_ignored() {
    let place = Place::new();
    let exec = example("exec").display().to_string();
    let script = format!(
        "trap '' HUP; exec {exec} --folder scratch sh -c 'kill -HUP $$; kill -HUP $PPID; sleep 0.1; echo alive'"
    );
    let output = Command::new("sh").args(["-c", &script]).current_dir(place.folder.path()).output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"alive\n"[..]));
}

#[test]
fn a_recorder_that_fails_stops_nothing_and_all_is_in_a_file() {
    let place = Place::new();
    let output = place.run(&["--record", "/no/such/folder/record", "sh", "-c", "echo 'loss: 0.5'; exit 3"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b"loss: 0.5\n"[..]));
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("No such file or directory"), "{stderr}");
    let files: Vec<PathBuf> =
        fs::read_dir(place.folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let file = files.iter().find(|path| path.extension().is_some_and(|ending| ending == "jsonl")).unwrap();
    let recorded = Recorded::read(file);
    assert_eq!(recorded.points["loss"], [(1, 0.5)]);
    assert_eq!(recorded.text("output/stdout.txt"), "loss: 0.5\n");
    assert_eq!(recorded.end.unwrap().ending, Ending::Exit(3));
}

#[test]
fn without_any_folder_the_program_runs_and_its_metrics_are_there() {
    let place = Place::new();
    let output = place.run(&["--folder", "/proc/nowhere", "sh", "-c", "echo 'loss: 0.5'"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"loss: 0.5\n"[..]));
    assert_eq!(place.recorded().points["loss"], [(1, 0.5)]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("the log of stdout is not whole"));
}

#[test]
fn files_are_kept_and_the_machine_is_seen() {
    let place = Place::new();
    fs::create_dir(place.at("out")).unwrap();
    fs::write(place.at("out/before"), "").unwrap();
    std::thread::sleep(Duration::from_millis(60));
    let output =
        place.run(&["--artifacts", "out", "sh", "-c", "mkdir out/a; echo model > out/a/m; sleep 1.2"]);
    assert!(output.status.success());
    let recorded = place.recorded();
    assert_eq!(recorded.text("artifacts/a/m"), "model\n");
    assert!(!recorded.artifacts.contains_key("artifacts/before"));
    assert!(recorded.points["system/memory_bytes"][0].1 > 10_000.0, "{:?}", recorded.points);
}

#[test]
fn a_guard_that_is_killed_is_not_missed() {
    let place = Place::new();
    let mut exec =
        place.exec(&["sh", "-c", "sleep 0.5; echo 'loss: 0.5'"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", exec.id())).unwrap();
    let is_guard =
        |pid: &&str| fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap().starts_with("uaic-guard");
    signal("-KILL", children.split_whitespace().find(is_guard).unwrap());
    assert!(exec.wait().unwrap().success());
    assert_eq!(place.recorded().points["loss"], [(1, 0.5)]);
}
