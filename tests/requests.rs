//! The request log and `uaic requests`, on logs that the tests write through the library.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uaic::serve::request_log::{Entry, Feedback, Filter, RequestLog, RequestReader, SHADOW, Settings};

use crate::support::TestDir;

fn entry(id: &str, text: &str, label: &str, confidence: f64) -> Entry {
    Entry {
        id: id.into(),
        at_ms: 1_700_000_000_000,
        route: "/v1/predict",
        model: "intents".into(),
        version: "3".into(),
        role: "live",
        position: 0,
        text: text.into(),
        label: label.into(),
        confidence,
        out_of_scope: Some(false),
        response: format!(
            r#"[{{"label":"{label}","confidence":{confidence}}},{{"label":"other","confidence":0.01}}]"#
        ),
        latency_us: 120,
        trace: None,
    }
}

/// A log in the store of `folder` with six answers, one of which a client has corrected.
fn log_in(folder: &TestDir) {
    let log = RequestLog::open(Settings::at(folder.join("runs/requests.db"))).unwrap();
    let day_ms = 86_400_000;
    for entry in [
        entry("a-1", "flights to oslo", "flight", 0.99),
        entry("a-2", "how much is it", "airfare", 0.55),
        Entry { role: SHADOW, version: "4".into(), ..entry("a-2", "how much is it", "flight", 0.40) },
        Entry { at_ms: 1_700_000_000_000 + day_ms, ..entry("a-3", "flights to oslo", "flight", 0.97) },
        Entry { out_of_scope: Some(true), ..entry("a-4", "is a tomato a fruit", "meal", 0.30) },
        Entry { position: 1, ..entry("a-4", "which\tairline is it", "airline", 0.96) },
    ] {
        log.record(entry);
    }
    let told = |id: &str, label: &str| Feedback {
        id: id.into(),
        position: 0,
        label: label.into(),
        at_ms: 1_700_000_500_000,
    };
    assert!(log.feedback(told("a-2", "flight")));
    assert!(log.feedback(told("never", "flight")));
    log.close();
    assert_eq!(log.counters().written, 8);
}

fn logged() -> TestDir {
    let folder = TestDir::new();
    log_in(&folder);
    folder
}

#[test]
fn ls_lists_the_newest_first_and_says_what_was_told() {
    let folder = logged();
    let listing = folder.run("requests ls").ok();
    let lines: Vec<&str> = listing.lines().collect();
    assert_eq!(lines.len(), 7, "{listing}");
    assert!(lines[0].starts_with("ID") && lines[0].contains("RIGHT"), "{listing}");
    for (line, parts) in lines[1..].iter().zip([
        ["a-4 #1", "airline", "which airline is it", "0.9600"],
        ["a-4", "(meal)", "0.3000", "is a tomato a fruit"],
        ["a-3", "flight", "0.9700", "intents@3"],
        ["a-2", "intents@4 shadow", "0.4000", "flight"],
        ["a-2", "airfare", "0.5500", "flight"],
        ["a-1", "flights to oslo", "0.9900", "days ago"],
    ]) {
        assert!(parts.iter().all(|part| line.contains(part)), "{parts:?} in {line}");
    }
    let answer = folder.run("requests ls -n 2");
    assert!(answer.stderr.contains("and more; `--limit 0` lists all"), "{answer:?}");
    assert_eq!(answer.ok().lines().count(), 3);
}

#[test]
fn ls_selects_and_has_the_documented_shape() {
    let folder = logged();
    let ids = |arguments: &str| -> Vec<String> {
        let shape = folder.run(&format!("requests ls --json {arguments}")).json();
        assert_eq!(shape["schema"], 1);
        let requests = shape["requests"].as_array().unwrap();
        requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("--below 0.6 --role live"), ["a-4", "a-2"]);
    assert_eq!(ids("--wrong"), ["a-2"]);
    assert_eq!(ids("--feedback"), ["a-2", "a-2"]);
    assert_eq!(ids("--model intents@4"), ["a-2"]);
    assert_eq!(ids("--label airline"), ["a-4"]);
    assert_eq!(ids("--out-of-scope"), ["a-4"]);
    assert_eq!(ids("--text OSLO -n 1"), ["a-3"]);
    assert_eq!(ids("--since 2023-11-15T22:00Z"), ["a-3"]);
    assert_eq!(ids("--since 1h"), [""; 0]);
    assert_eq!(ids("--until 2023-11-14T22:13:20Z"), [""; 0]);

    let shape = folder.run("requests ls --json --wrong").json();
    let expected = serde_json::json!({
        "id": "a-2", "position": 0, "at_ms": 1_700_000_000_000_i64, "at": "2023-11-14T22:13:20.000Z",
        "route": "/v1/predict", "model": "intents", "version": "3", "role": "live",
        "text": "how much is it", "label": "airfare", "confidence": 0.55, "out_of_scope": false,
        "response": [{ "label": "airfare", "confidence": 0.55 }, { "label": "other", "confidence": 0.01 }],
        "latency_us": 120, "trace": null,
        "correction": {
            "label": "flight", "at_ms": 1_700_000_500_000_i64, "at": "2023-11-14T22:21:40.000Z", "source": "client",
        },
        "right": false,
    });
    assert_eq!(shape["requests"][0], expected);
}

#[test]
fn names_that_no_request_has_are_answered_with_the_nearest() {
    let folder = logged();
    for (arguments, hint) in [
        ("requests ls --label fligth", "the label `fligth`; did you mean `flight`?"),
        ("requests ls --model intent", "the model `intent`; did you mean `intents`?"),
        ("requests ls --model intents@9", "the version of intents `9`; known: 3, 4"),
        ("requests stats --label zzz", "known: airfare, airline, flight, meal"),
    ] {
        let stderr = folder.run(arguments).fails(3);
        assert!(stderr.contains(hint), "{stderr}");
    }
    assert!(folder.run("requests ls --since yesterday").fails(2).contains("how long ago"));
    assert!(folder.run("requests ls --below 2").fails(2).contains("from 0 to 1"));
    folder.run("requests ls --role boss").fails(2);
}

#[test]
fn without_a_log_one_is_told_how_to_get_it() {
    let folder = TestDir::new();
    for arguments in
        ["requests ls", "requests show x", "requests stats", "requests label x y", "requests export x.tsv"]
    {
        let stderr = folder.run(arguments).fails(3);
        assert!(stderr.contains("there is no request log at") && stderr.contains("--log FILE"), "{stderr}");
    }
    assert!(!folder.join("runs").exists(), "nothing is created");
    folder.write("other.db", "this is no database at all, and long enough to be read as one".repeat(20));
    let stderr = folder.run("requests ls --log other.db").fails(1);
    assert!(stderr.contains("other.db") && stderr.contains("not a database"), "{stderr}");
}

#[test]
fn the_log_can_be_named_by_option_and_environment() {
    let folder = logged();
    std::fs::rename(folder.join("runs/requests.db"), folder.join("moved.db")).unwrap();
    folder.run("requests ls").fails(3);
    assert_eq!(folder.run("requests ls --log moved.db").ok().lines().count(), 7);
    let output = folder.uaic().args(["requests", "ls"]).env("UAIC_REQUESTS", "moved.db").output().unwrap();
    assert!(output.status.success());
}

#[test]
fn show_tells_everything_of_every_text() {
    let folder = logged();
    let shown = folder.run("requests show a-2").ok();
    for part in [
        "by intents@3 in 0.12 ms",
        "airfare · 0.5500",
        "other · 0.0100",
        "flight · wrong · by client",
        "by intents@4 shadow",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert!(folder.run("requests show a-4").ok().contains("a-4 · text 1"));
    assert_eq!(folder.run("requests show a-4 --json").json()["requests"].as_array().unwrap().len(), 2);
    assert!(folder.run("requests show a-9").fails(3).contains("there is no request `a-9`"));
}

#[test]
fn stats_count_by_model_label_and_day() {
    let folder = logged();
    let answer = folder.run("requests stats");
    assert!(answer.stderr.contains("1 label was told of a request that is not in the log"), "{answer:?}");
    let text = answer.ok();
    for part in ["intents@3", "shadow", "95 % INTERVAL", "2023-11-14", "2023-11-15"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let shape = folder.run("requests stats --json --by hour").json();
    assert_eq!((&shape["total"]["texts"], &shape["unknown_feedback"]), (&6.into(), &1.into()));
    let models = shape["models"].as_array().unwrap();
    assert_eq!(
        (&models[0]["version"], &models[0]["texts"], &models[0]["right"]),
        (&"3".into(), &5.into(), &0.into())
    );
    assert_eq!((&models[1]["role"], &models[1]["accuracy"]["value"]), (&"shadow".into(), &1.0.into()));
    assert_eq!(models[0]["latency_us"]["p99"], 120);
    assert_eq!(shape["times"].as_array().unwrap().len(), 2);
    assert_eq!(shape["times"][0]["at"], "2023-11-14T22:00:00.000Z");
}

#[test]
fn label_records_what_is_right() {
    let folder = logged();
    let told = folder.run("requests label a-1 flight").ok();
    assert_eq!(told, "a-1 is flight; intents@3 was right, it said flight\n");
    let told = folder.run("requests label a-4 --position 1 flight").ok();
    assert!(told.contains("was wrong, it said airline"), "{told}");
    let told = folder.run("requests label a-4 <unknown>").ok();
    assert!(told.contains("was right"), "told out of scope, and it is: {told}");
    let shape = folder.run("requests ls --json --feedback --label flight --role live").json();
    assert_eq!(shape["requests"][0]["correction"]["source"], "cli");
    assert_eq!(shape["requests"][0]["right"], true);
}

#[test]
fn a_label_that_looks_like_a_slip_is_asked_about() {
    let folder = logged();
    let stderr = folder.run("requests label a-1 fligth").fails(2);
    assert!(stderr.contains("did you mean `flight`? `--new` takes it as it is"), "{stderr}");
    folder.run("requests label a-1 fligth --new").ok();
    let answer = folder.run("requests label a-1 ground_service");
    assert!(answer.stderr.contains("`ground_service` is a new label"), "{answer:?}");
    answer.ok();
    assert!(folder.ask(&["requests", "label", "a-1", "x\ty"]).fails(2).contains("control character"));
    folder.run("requests label a-1").fails(2);
    assert!(folder.run("requests label a-9 flight").fails(3).contains("there is no request `a-9`"));
    let stderr = folder.run("requests label a-4 flight --position 7").fails(3);
    assert!(stderr.contains("has no text 7; its texts are 0 to 1"), "{stderr}");
}

#[test]
fn labels_come_from_a_file_all_or_with_the_missing_named() {
    let folder = logged();
    folder.write("bad.tsv", "a-1\tflight\na-1\nb\tx\tflight\n\tflight\na-1\t \n");
    let stderr = folder.run("requests label --file bad.tsv").fails(2);
    for part in [
        "bad.tsv:2: a line is ID<TAB>LABEL",
        "bad.tsv:3: the position `x`",
        "bad.tsv:4: the id",
        "bad.tsv:5:",
        "nothing was recorded",
    ] {
        assert!(stderr.contains(part), "{part} in {stderr}");
    }
    assert_eq!(
        folder.run("requests ls --json --label flight --feedback --role live").json()["requests"]
            .as_array()
            .unwrap()
            .len(),
        0
    );

    folder.write("some.tsv", "a-1\tflight\r\na-4\t1\tairline\nnobody\tflight\n");
    let answer = folder.run("requests label --file some.tsv");
    assert_eq!((answer.code, &*answer.stdout), (Some(3), "2 of 3 labels recorded\n"));
    assert!(answer.stderr.contains("there is no request `nobody`"), "{answer:?}");
    let shape: serde_json::Value =
        serde_json::from_str(&folder.run("requests label --file some.tsv --json").stdout).unwrap();
    assert_eq!(
        shape,
        serde_json::json!({ "schema": 1, "recorded": 2, "missing": [{ "id": "nobody", "position": 0 }] })
    );
    folder.run("requests label --file none.tsv").fails(3);
}

#[test]
fn export_writes_a_data_set_that_uaic_reads() {
    let folder = logged();
    let answer = folder.run("requests export data/mine/train.tsv");
    assert!(answer.stderr.contains("1 text with 1 label: 1 as somebody told, 0 as predicted"), "{answer:?}");
    assert_eq!(answer.ok(), "");
    assert_eq!(folder.read("data/mine/train.tsv"), "how much is it\tflight\n");
    assert!(folder.run("data stats mine").ok().contains("train"));

    assert!(folder.run("requests export data/mine/train.tsv").fails(4).contains("`--force` replaces it"));
    let shape = folder.run("requests export data/mine/train.tsv --only all --force --json").json();
    let all = "flights to oslo\tflight\nhow much is it\tflight\nwhich airline is it\tairline\n";
    assert_eq!(folder.read("data/mine/train.tsv"), all);
    assert_eq!(
        shape,
        serde_json::json!({
            "schema": 1, "path": "data/mine/train.tsv", "texts": 3, "corrected": 1, "predicted": 2,
            "labels": { "airline": 1, "flight": 2 }, "rows": 5, "duplicates": 1, "without_text": 0,
            "without_intent": 1, "unfit": 0, "conflicts": [],
        })
    );
    assert_eq!(folder.run("requests export - --only all").ok(), all);
    assert_eq!(
        folder.run("requests export - --only confident --above 0.97").ok(),
        "flights to oslo\tflight\nhow much is it\tflight\n"
    );
    assert_eq!(folder.run("requests export - --only out-of-scope").ok(), "is a tomato a fruit\t<unknown>\n");
    folder.run("requests export - --json").fails(2);
}

#[test]
fn export_names_texts_that_were_told_differently() {
    let folder = logged();
    folder.run("requests label a-1 flight").ok();
    folder.run("requests label a-3 airfare").ok();
    let answer = folder.run("requests export -");
    assert!(
        answer.stderr.contains("told differently: \"flights to oslo\" is airfare, as told last; also flight"),
        "{answer:?}"
    );
    assert_eq!(answer.ok(), "flights to oslo\tairfare\nhow much is it\tflight\n");
}

#[test]
fn export_without_anything_says_why_and_writes_nothing() {
    let folder = logged();
    let stderr = folder.run("requests export out.tsv --label airline").fails(3);
    assert!(stderr.contains("no text has been labelled; `uaic requests label ID LABEL`"), "{stderr}");
    assert!(!folder.join("out.tsv").exists());

    let bare = TestDir::new();
    let settings = Settings { keep_text: false, ..Settings::at(bare.join("runs/requests.db")) };
    let log = RequestLog::open(settings).unwrap();
    log.record(entry("a", "secret", "flight", 0.9));
    log.close();
    assert!(bare.run("requests export out.tsv --only all").fails(3).contains("without texts"));
    assert!(bare.run("requests show a").ok().contains("not kept"));
}

#[test]
fn the_commands_work_while_a_server_writes() {
    let folder = TestDir::new();
    let log = Arc::new(RequestLog::open(Settings::at(folder.join("runs/requests.db"))).unwrap());
    log.record(entry("first", "flights to oslo", "flight", 0.9));
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                log.record(entry(&format!("n-{number}"), "more", "flight", 0.9));
                number += 1;
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        while log.counters().written == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        let answers =
            ["requests label first airfare --new", "requests stats", "requests ls", "requests export -"]
                .map(|arguments| folder.run(arguments));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for answer in answers {
            answer.ok();
        }
    });
    log.close();
    assert_eq!(log.counters().dropped, 0);
}

/// The environment variable that makes [`a_server_that_is_killed`] one.
const VICTIM: &str = "UAIC_TEST_REQUEST_LOG";

/// Not a test: the process that [`kill_9_loses_no_more_than_the_window`] kills. It says which ids it
/// has recorded, and how many are written.
#[test]
fn a_server_that_is_killed() {
    let Some(path) = std::env::var_os(VICTIM) else { return };
    let log = RequestLog::open(Settings::at(path)).unwrap();
    let mut out = std::io::stdout().lock();
    for number in 0.. {
        log.record(entry(&format!("id-{number}"), "flights to oslo", "flight", 0.9));
        if number % 20 == 0 {
            writeln!(out, "recorded {number} written {}", log.counters().written).unwrap();
            out.flush().unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn kill_9_loses_no_more_than_the_window() {
    for lifetime in [40, 150, 1500].map(Duration::from_millis) {
        let folder = TestDir::new();
        let path = folder.join("requests.db");
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "requests::a_server_that_is_killed", "--nocapture", "--test-threads=1"])
            .env(VICTIM, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut said, mut begin) = (Vec::new(), None);
        while let Some(Ok(line)) = lines.next() {
            let numbers: Vec<&str> = line.split(' ').collect();
            if let ["recorded", recorded, "written", written] = numbers[..] {
                let begin = *begin.get_or_insert_with(Instant::now);
                said.push((
                    Instant::now(),
                    recorded.parse::<usize>().unwrap(),
                    written.parse::<usize>().unwrap(),
                ));
                if begin.elapsed() >= lifetime {
                    break;
                }
            }
        }
        let killed = Instant::now();
        child.kill().unwrap();
        child.wait().unwrap();
        check_what_is_left(&path, &said, killed);
    }
}

fn check_what_is_left(path: &Path, said: &[(Instant, usize, usize)], killed: Instant) {
    let connection = rusqlite::Connection::open(path).unwrap();
    let integrity: String = connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap();
    assert_eq!(integrity, "ok");
    drop(connection);
    let rows = RequestReader::open(path).unwrap().list(&Filter::default()).unwrap();
    for (number, row) in rows.iter().rev().enumerate() {
        assert_eq!(row.id, format!("id-{number}"), "without a gap");
    }
    let written = said.iter().map(|(_, _, written)| *written).max().unwrap();
    assert!(rows.len() >= written, "{written} were said to be written, {} are there", rows.len());
    // Ten windows: on a machine that is busy with other tests, threads may have to wait for a core.
    let window = uaic::serve::request_log::FLUSH_WINDOW * 10;
    let old =
        said.iter().filter(|(at, ..)| killed.duration_since(*at) > window).map(|(_, recorded, _)| *recorded);
    if let Some(last) = old.max() {
        assert!(rows.len() > last, "id-{last} was recorded long ago, {} are there", rows.len());
    }
}
