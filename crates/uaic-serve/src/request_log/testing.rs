//! What the tests of the log share.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Entry, Feedback, RequestLog, Settings};

/// An answer with an id and a text of its own.
pub(super) fn entry(number: u32) -> Entry {
    Entry {
        id: format!("request-{number}"),
        at_ms: 1_700_000_000_000 + i64::from(number),
        route: "/v1/predict",
        model: "intents".into(),
        version: "3".into(),
        role: "live",
        position: 0,
        text: format!("flights to oslo {number}"),
        label: "flight".into(),
        confidence: 0.75,
        out_of_scope: Some(false),
        response: r#"[{"label":"flight","confidence":0.75},{"label":"airfare","confidence":0.25}]"#.into(),
        latency_us: 120,
        trace: None,
    }
}

/// The right label of [`entry`].
pub(super) fn feedback(number: u32, label: &str) -> Feedback {
    Feedback {
        id: entry(number).id,
        position: 0,
        label: label.into(),
        at_ms: 1_700_000_100_000 + i64::from(number),
    }
}

/// A folder and the settings of a log in it.
pub(super) fn settings() -> (tempfile::TempDir, Settings) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::at(folder.path().join("requests.db"));
    (folder, settings)
}

/// A log with these entries, written and closed.
pub(super) fn written(entries: impl IntoIterator<Item = Entry>) -> (tempfile::TempDir, PathBuf) {
    let (folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(Settings { queue: 1 << 17, ..settings }).unwrap();
    entries.into_iter().for_each(|entry| log.record(entry));
    log.close();
    assert_eq!(log.counters().dropped, 0);
    (folder, path)
}

/// Waits until something holds, for at most half a minute.
pub(super) fn eventually(what: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < deadline, "it does not come to hold");
        std::thread::sleep(Duration::from_millis(2));
    }
}
