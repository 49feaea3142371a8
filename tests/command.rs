//! `uaic run` with any program as the objective.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::support::TestDir;

/// A spec with a script of `/bin/sh`, as TOML wants it.
fn spec(script: &str, more: &str) -> String {
    format!(
        "[experiment]\nname = \"program\"\n\
         [objective]\ncommand = [\"/bin/sh\", \"-c\", '''{script}''']\n{more}\n\
         [search]\n\"train.lr\" = {{ log = [1e-4, 1e-1] }}\n\
         [study]\nmetric = \"loss\"\ndirection = \"minimize\"\ntrials = 3\n"
    )
}

/// Waits until something holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Starts `uaic run` and lets it go on.
fn start(dir: &TestDir) -> Child {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("uaic"));
    command.args(["run", "x.toml", "--store"]).arg(dir.join("runs")).current_dir(dir.join(""));
    command.env("TMPDIR", dir.join("tmp")).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Whether the process whose id stands in a file runs; `ps` is not on every machine.
fn is_running(pid: &Path) -> bool {
    let pid = std::fs::read_to_string(pid).unwrap();
    let state = if Path::new("/proc/self/stat").exists() {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.rsplit_once(')').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default()
    } else {
        let stat = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid.trim()]).output().unwrap();
        String::from_utf8_lossy(&stat.stdout).trim().to_owned()
    };
    !(state.is_empty() || state.starts_with('Z'))
}

#[test]
fn a_study_of_a_program_runs_to_its_end() {
    let dir = TestDir::new();
    let script = r#"echo "{{\"loss\": $UAIC_PARAM_TRAIN_LR}}"; echo "$RAYON_NUM_THREADS" > threads"#;
    dir.write("x.toml", spec(script, ""));
    let said = dir.run("run x.toml --json").json();
    let trials = said["study"]["trials"].as_array().unwrap();
    assert_eq!(trials.len(), 3);
    for trial in trials {
        assert_eq!(trial["state"], "COMPLETE");
        assert_eq!(trial["value"], trial["params"]["train.lr"]);
    }
    assert_eq!(dir.read("threads"), "\n", "our own setting of threads is none of the program's");
}

#[test]
fn what_is_wrong_with_a_command_is_said_before_anything_runs() {
    let dir = TestDir::new();
    dir.write("x.toml", spec("echo {train.lt}", "timeot = 3"));
    let said = dir.run("run x.toml").fails(2);
    assert!(said.contains("unknown key `timeot` in [objective]"), "{said}");
    assert!(said.contains("did you mean `timeout`?"), "{said}");
    dir.write("x.toml", spec("echo {train.lt}", ""));
    let said = dir.run("run x.toml").fails(2);
    assert!(said.contains("did you mean `{train.lr}`?"), "{said}");
    assert!(!dir.join("runs").exists());
}

#[test]
fn no_program_outlives_a_uaic_that_is_killed() {
    let dir = TestDir::new();
    dir.write("tmp/.keep", "");
    let script = r#"
        trap "" TERM
        sleep 100 & echo $! > child
        echo $$ > program.part; mv program.part program
        wait; sleep 100
    "#;
    dir.write("x.toml", spec(script, "grace = 1"));
    let mut uaic = start(&dir);
    until("the program never starts", || dir.join("program").exists());
    assert!(is_running(&dir.join("program")) && is_running(&dir.join("child")));
    uaic.kill().unwrap();
    uaic.wait().unwrap();
    until("the program lives on", || !is_running(&dir.join("program")) && !is_running(&dir.join("child")));
    let is_left = || std::fs::read_dir(dir.join("tmp")).unwrap().count() > 1;
    until("the folder of the trial is left behind", || !is_left());
}

#[test]
fn a_second_ctrl_c_ends_the_program_too() {
    let dir = TestDir::new();
    dir.write("tmp/.keep", "");
    let script =
        r#"trap "" TERM; echo $$ > program.part; mv program.part program; while :; do sleep 0.1; done"#;
    dir.write("x.toml", spec(script, "grace = 2"));
    let mut uaic = start(&dir);
    until("the program never starts", || dir.join("program").exists());
    let interrupt = || {
        let status = std::process::Command::new("kill").args(["-INT", &uaic.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    interrupt();
    std::thread::sleep(Duration::from_millis(300));
    interrupt();
    assert_eq!(uaic.wait().unwrap().code(), Some(130));
    until("the program lives on", || !is_running(&dir.join("program")));
}
