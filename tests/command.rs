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

/// A spec with one line of command, and lines of [search].
fn with_command(command: &str, search: &str, more: &str) -> String {
    format!(
        "[experiment]\nname = \"program\"\n[objective]\ncommand = {command}\n[search]\n{search}\n\
         [study]\nmetric = \"y\"\ndirection = \"minimize\"\n{more}\n"
    )
}

#[test]
fn a_searched_parameter_of_a_program_can_be_fixed() {
    let dir = TestDir::new();
    let command = r#"["sh", "-c", "echo {train.lr} {x} {kind} {n} {m} >> seen; echo 1"]"#;
    let search = "\"train.lr\" = { log = [1e-4, 0.1] }\nx = { uniform = [0, 1] }\n\
                  kind = { choice = [\"sgd\", \"adam\", \"7\"] }\nn = { int = [1, 9] }\n\
                  m = { uniform = [0, 1] }";
    dir.write("x.toml", with_command(command, search, "trials = 1"));
    let last = |arguments: &[&str]| {
        let mut uaic = dir.uaic();
        let output = uaic.args(["run", "x.toml", "--quiet"]).args(arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            dir.read("seen").lines().last().unwrap().to_owned()
        } else {
            assert_eq!(output.status.code(), Some(2), "{said}");
            said
        }
    };
    for name in ["train.lr", "\"train.lr\"", "search.train.lr", "search.\"train.lr\""] {
        assert!(last(&["-P", &format!("{name}=0.002")]).starts_with("0.002 "), "{name}");
    }
    let all = ["-P", "x=1", "-P", "kind=adam", "-P", "n=1e1", "-P", "train.lr=1e-5", "-P", "m=0.5"];
    assert_eq!(last(&all), "1.0e-5 1.0 adam 10 0.5", "a real number stays one, a whole one, too");
    assert!(last(&["-P", "kind=7"]).contains(" 7 "));
    assert!(last(&["-P", "x={ int = [3, 3] }"]).contains(" 3 "), "or searched otherwise");
    for (fixed, complaint) in [
        ("train.lrr=0.1", "did you mean `train.lr`?"),
        ("search.beta=0.1", "[search] has `kind`, `m`, `n`, `train.lr`, `x`"),
        ("model.hidden_dim=3", "`model.hidden_dim` is neither a parameter of this spec nor a key"),
        ("kind=adm", "did you mean `adam`?"),
        ("n=0.5", "`n` takes whole numbers, not 0.5"),
        ("x=text", "`x` takes numbers, not \"text\""),
        ("study.trails=3", "did you mean `study.trials`?"),
    ] {
        let said = last(&["-P", fixed]);
        assert!(said.contains(complaint), "{fixed}: {said}");
    }
}

#[test]
fn what_is_conditional_on_a_fixed_parameter_may_never_exist() {
    let dir = TestDir::new();
    let search = "kind = { choice = [\"sgd\", \"adam\"] }\n\
                  m = { uniform = [0, 1], when = { kind = \"sgd\" } }";
    let command = r#"["sh", "-c", "echo \"$0 $*\" >> seen; echo 1", "{kind}", "--m", "{m}"]"#;
    dir.write("x.toml", with_command(command, search, "trials = 2\nduplicates = \"repeat\""));
    dir.run("run x.toml --quiet -P kind=adam").ok();
    assert_eq!(dir.read("seen"), "adam \nadam \n");
    dir.run("run x.toml --quiet -P kind=sgd -P m=0.25").ok();
    assert!(dir.read("seen").ends_with("sgd --m 0.25\nsgd --m 0.25\n"));
}

#[test]
fn a_range_of_one_value_is_one_value_for_every_sampler() {
    let dir = TestDir::new();
    let search = "x = { uniform = [0, 1] }\nb = { int = [5, 5] }\n\"train.lr\" = { log = [0.1, 0.1] }\n\
                  c = { choice = [\"one\"] }\nd = { uniform = [2, 2], step = 0.5 }\ne = { int_log = [3, 3] }\n\
                  f = { uniform = [-1, -1] }";
    let command = r#"["sh", "-c", "echo {b} {train.lr} {c} {d} {e} {f} >> seen; echo {x}"]"#;
    dir.write("x.toml", with_command(command, search, "trials = 14"));
    for sampler in ["auto", "cma-es", "gp", "grid", "nsga2", "random", "sobol", "tpe"] {
        dir.run(&format!("run x.toml --quiet -P study.sampler={sampler}")).ok();
        for kind in ["parallel", "slice", "importance", "contour"] {
            dir.run(&format!("plot {kind} @ --out p.png")).ok();
        }
    }
    let seen = dir.read("seen");
    assert!(seen.lines().all(|line| line == "5 0.1 one 2.0 3 -1.0"), "{seen}");
}

#[test]
fn a_switch_is_an_argument_or_none() {
    let dir = TestDir::new();
    let script = r#"echo \"$# $*\" >> seen; echo 1"#;
    let command = format!(
        r#"["sh", "-c", "{script}", "-", "--fast", "{{amp?--amp}}", "{{opt?}}", "{{amp?--on:--off}}"]"#
    );
    let search = "amp = { choice = [true, false] }\nopt = { choice = [\"--sgd\", \"\"] }";
    dir.write("x.toml", with_command(&command, search, "trials = 4\nsampler = \"grid\""));
    dir.run("run x.toml --quiet --jobs 1").ok();
    let mut seen: Vec<String> = dir.read("seen").lines().map(str::to_owned).collect();
    seen.sort();
    let expected =
        ["2 --fast --off", "3 --fast --amp --on", "3 --fast --sgd --off", "4 --fast --amp --sgd --on"];
    assert_eq!(seen, expected);
}

#[test]
fn names_that_collide_are_kept_apart_and_that_is_said_once() {
    let dir = TestDir::new();
    let command =
        r#"["sh", "-c", "cat \"$UAIC_PARAMS\" >> seen; env | grep UAIC_PARAM_ >> env; echo {学習率}"]"#;
    let search = "\"学習率\" = { log = [1e-4, 0.1] }\n\"減衰率\" = { uniform = [0, 1] }";
    dir.write("x.toml", with_command(command, search, "trials = 3"));
    for verb in ["check", "run"] {
        let said = dir.run(&format!("{verb} x.toml"));
        assert_eq!(said.code, Some(0), "{said:?}");
        assert_eq!(said.stderr.matches("would share the environment variable").count(), 1, "{said:?}");
    }
    assert_eq!(dir.read("seen").matches("学習率").count(), 3);
    assert_eq!(dir.read("env"), "");
    let notes = dir.run("check x.toml --json").json()["notes"].clone();
    assert!(notes[0].as_str().unwrap().contains("`学習率`, `減衰率`"), "{notes}");
    dir.write("y.toml", with_command(r#"["echo", "{seed}"]"#, "seed = { int = [7, 7] }", "trials = 1"));
    let said = dir.run("run y.toml --json");
    assert!(said.stderr.contains("`{seed}` in the command is the parameter `seed`"), "{said:?}");
    assert_eq!(said.json()["study"]["trials"][0]["value"], 7.0);
}

#[test]
fn a_spec_may_come_through_a_pipe() {
    let dir = TestDir::new();
    dir.write("train.sh", "echo 0.5");
    let spec = with_command(r#"["sh", "train.sh"]"#, "x = { uniform = [0, 1] }", "trials = 2");
    dir.write("x.toml", &spec);
    for verb in ["check", "run --quiet", "study create"] {
        for path in ["-", "/dev/stdin"] {
            let mut uaic = dir.uaic();
            uaic.args(verb.split(' ')).arg(path).write_stdin(spec.clone()).assert().success();
        }
        let mut shell = std::process::Command::new("bash");
        let line = format!("\"$0\" {verb} <(cat x.toml)");
        shell.args(["-c", &line]).arg(assert_cmd::cargo::cargo_bin!("uaic")).current_dir(dir.join(""));
        let output = shell.env("UAIC_STORE", dir.join("runs")).output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    }
    // What it names is looked for in the present folder, also when the study goes on.
    let mut uaic = dir.uaic();
    uaic.args(["run", "-", "--json"]).write_stdin(spec.clone()).assert().success();
    dir.run("resume @ --trials 3 --quiet").ok();
    let mut uaic = dir.uaic();
    let output = uaic.args(["check", "-"]).write_stdin(spec.replace("trials", "trails")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--> <stdin>:") && said.contains("did you mean `trials`?"), "{said}");
}

#[test]
fn a_metric_that_is_named_twice_is_said_to_be() {
    let dir = TestDir::new();
    let twice = with_command(r#"["echo", "1"]"#, "x = { uniform = [0, 1] }", "");
    dir.write("x.toml", twice.replace("\"y\"", "[\"a\", \"a\"]"));
    let said = dir.run("check x.toml").fails(2);
    assert!(said.contains("`study.metric` has `a` twice") && said.contains("leave one out"), "{said}");
    dir.write("x.toml", twice.replace("\"y\"", "[\"a\", 1]"));
    let said = dir.run("check x.toml").fails(2);
    assert!(said.contains("`study.metric` must be a name, or a list of names, not an array"), "{said}");
}

/// What stands between the first backticks of the first help of a complaint.
fn suggestion(said: &str) -> String {
    let help = said.lines().find(|line| line.starts_with("help: ")).unwrap_or_else(|| panic!("{said}"));
    help.split('`').nth(1).unwrap_or_else(|| panic!("{help}")).to_owned()
}

#[test]
fn every_help_can_be_typed_and_works() {
    let dir = TestDir::new();
    let good = with_command(
        r#"["sh", "-c", "echo {x}"]"#,
        "kind = { choice = [\"a\", \"b\"] }\nx = { uniform = [0, 1] }",
        "trials = 1",
    );
    // What is written instead of something good, and what of that the suggestion replaces.
    for (right, wrong, replaced) in [
        ("{ uniform = [0, 1] }", "[0, 1]", "[0, 1]"),
        ("{ uniform = [0, 1] }", "{ uniform = [1, 0] }", "[1, 0]"),
        ("{ uniform = [0, 1] }", "{ unifrm = [0, 1] }", "unifrm"),
        ("{ uniform = [0, 1] }", "{ uniform = [0, 1], when = 3 }", "when = 3"),
        ("{ uniform = [0, 1] }", "{ uniform = [0, 1], when = { knd = \"a\" } }", "knd"),
        ("[\"a\", \"b\"]", "[]", "{ choice = [] }"),
        ("echo {x}", "echo {y}", "{y}"),
        ("echo {x}", "echo {x} {knd?--k}", "{knd?--k}"),
        ("command = [\"sh\", \"-c\", \"echo {x}\"]", "command = []", "command = []"),
        ("command = [\"sh\", \"-c\", \"echo {x}\"]", "command = \"sh\"", "command = \"sh\""),
        ("command = [\"sh\", \"-c\", \"echo {x}\"]", "timeout = 3", "timeout = 3"),
        ("metric = \"y\"", "metric = [\"y\", \"z\"]", "direction = \"minimize\""),
        ("metric = \"y\"", "metirc = \"y\"", "metirc"),
        ("trials = 1", "trials = \"1\"", "\"1\""),
    ] {
        let bad = good.replace(right, wrong);
        dir.write("x.toml", &bad);
        let said = dir.run("check x.toml").fails(2);
        let typed = suggestion(&said);
        dir.write("x.toml", bad.replace(replaced, &typed));
        let now = dir.run("check x.toml");
        // An example of a command need not be on this machine.
        let is_good = now.code == Some(0)
            || now.stderr.matches("error: ").count() == 1 && now.stderr.contains("there is no program");
        assert!(is_good, "{wrong}: {typed}\n{said}\n{}", now.stderr);
    }
    for (fixed, key) in [("knd=a", "kind"), ("trials=3", "study.trials"), ("study.trails=3", "study.trials")]
    {
        dir.write("x.toml", &good);
        let said = dir.run(&format!("check x.toml -P {fixed}")).fails(2);
        assert_eq!(suggestion(&said), key);
        let value = fixed.split_once('=').unwrap().1;
        dir.run(&format!("check x.toml -P {key}={value}")).ok();
    }
}

#[test]
fn a_constraint_alone_is_a_constraint() {
    let dir = TestDir::new();
    let search = "a = { int = [0, 9] }\nb = { int = [0, 9] }\nconstraints = \"a < b\"";
    dir.write("x.toml", with_command(r#"["sh", "-c", "[ {a} -lt {b} ] && echo 1"]"#, search, "trials = 20"));
    let said = dir.run("run x.toml --json").json();
    let trials = said["study"]["trials"].as_array().unwrap();
    assert!(trials.iter().all(|trial| trial["state"] == "COMPLETE"), "{said}");
}
