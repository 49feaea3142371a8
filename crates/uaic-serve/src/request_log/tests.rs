//! The whole log: what is promised of it.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::testing::{entry, eventually, feedback, settings, written};
use super::*;

fn read(path: &Path) -> RequestReader {
    RequestReader::open(path).unwrap()
}

fn all(path: &Path) -> Vec<Logged> {
    read(path).list(&Filter::default()).unwrap()
}

fn free_pages(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.pragma_query_value(None, "freelist_count", |row| row.get(0)).unwrap()
}

fn integrity(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    connection.pragma_query_value(None, "integrity_check", |row| row.get(0)).unwrap()
}

#[test]
fn what_is_recorded_is_read_back_with_every_field() {
    let odd = Entry {
        position: 2,
        role: SHADOW,
        text: "ünïcode\u{0}\n\ttext".into(),
        confidence: f64::NAN,
        out_of_scope: None,
        latency_us: u64::MAX,
        trace: Some("4bf92f3577b34da6a3ce929d0e0e4736".into()),
        ..entry(2)
    };
    let (_folder, path) = written([entry(1), odd.clone()]);
    let rows = all(&path);
    assert_eq!(rows.len(), 2);
    let (last, first) = (&rows[0], &rows[1]);
    let plain = entry(1);
    assert_eq!((&first.id, first.at_ms, &*first.route), (&plain.id, plain.at_ms, plain.route));
    assert_eq!((&*first.model, &*first.version, &*first.role), ("intents", "3", "live"));
    assert_eq!((first.text.as_ref(), &*first.label), (Some(&plain.text), "flight"));
    assert_eq!((first.confidence, first.out_of_scope, first.latency_us), (Some(0.75), Some(false), 120));
    assert_eq!((first.response.as_ref(), &first.correction), (Some(&plain.response), &None));
    assert_eq!((last.confidence, last.out_of_scope, last.position), (None, None, 2));
    assert_eq!((last.text.as_ref(), last.trace.as_ref()), (Some(&odd.text), odd.trace.as_ref()));
    assert_eq!((last.latency_us, &*last.role), (i64::MAX as u64, "shadow"));
}

#[test]
fn rows_keep_the_order_of_recording_across_batches_and_closing_writes_all() {
    let (_folder, path) = written((0..10_000).map(entry));
    let ids: Vec<String> = all(&path).into_iter().rev().map(|row| row.id).collect();
    let expected: Vec<String> = (0..10_000).map(|number| entry(number).id).collect();
    assert_eq!(ids, expected);
    assert_eq!(integrity(&path), "ok");
}

#[test]
fn entries_are_in_the_database_within_the_window() {
    let (_folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(settings).unwrap();
    log.record(entry(1));
    // Without closing; how long it takes depends on the machine, that it comes does not.
    eventually(|| log.counters().written == 1);
    assert_eq!(all(&path).len(), 1);
}

#[test]
fn what_is_written_reaches_the_database_file_while_the_log_is_open() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    (0..12_000).for_each(|number| log.record(entry(number)));
    // Until a checkpoint, all of it is in the write-ahead log.
    eventually(|| std::fs::metadata(&settings.path).unwrap().len() > 1 << 20);
    assert_eq!(log.counters().dropped, 0);
}

#[test]
fn a_full_queue_drops_and_counts_and_never_waits() {
    let (_folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(Settings { queue: 100, ..settings }).unwrap();
    log.record(entry(0));
    eventually(|| log.counters().written == 1);
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    // More than the queue and the batch of the writer hold.
    let before = Instant::now();
    (1..20_000).for_each(|number| log.record(entry(number)));
    assert!(before.elapsed() < Duration::from_secs(5), "recording waits");
    assert!(!log.feedback(feedback(0, "airfare")), "the queue is full");
    let dropped = log.counters().dropped;
    assert!(dropped > 10_000, "{dropped}");
    eventually(|| log.counters().failed > 0);
    drop(lock);
    log.close();
    let counters = log.counters();
    assert_eq!(counters.written + counters.dropped, 20_001, "{counters:?}");
    assert_eq!(all(&path).len() as u64, counters.written);
}

#[test]
fn a_locked_database_loses_nothing_that_fits_the_queue() {
    let (_folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(settings).unwrap();
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    (0..3000).for_each(|number| log.record(entry(number)));
    eventually(|| log.counters().failed >= 2);
    assert_eq!((log.counters().written, log.counters().dropped), (0, 0));
    drop(lock);
    eventually(|| log.counters().written == 3000);
    let ids: Vec<String> = all(&path).into_iter().rev().map(|row| row.id).collect();
    assert_eq!(ids, (0..3000).map(|number| entry(number).id).collect::<Vec<_>>(), "in order, once");
}

#[test]
fn a_full_disk_is_survived_and_what_waits_is_written_when_there_is_room() {
    let (_folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(settings).unwrap();
    log.record(entry(0));
    eventually(|| log.counters().written == 1);
    // A trigger that fails as SQLite does on a full disk, inside the transaction.
    let fill = "CREATE TRIGGER full BEFORE INSERT ON requests BEGIN SELECT raise(ROLLBACK, 'disk full'); END";
    let other = Connection::open(&path).unwrap();
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    other.execute_batch(fill).unwrap();
    // Names of its own, which must not be taken for written after the failure.
    log.record(Entry { label: "fresh".into(), version: "4".into(), ..entry(1) });
    eventually(|| log.counters().failed >= 2);
    other.execute_batch("DROP TRIGGER full").unwrap();
    log.close();
    assert_eq!((log.counters().written, log.counters().dropped), (2, 0));
    let newest = &all(&path)[0];
    assert_eq!((&*newest.label, &*newest.version), ("fresh", "4"));
}

#[test]
fn closing_gives_up_on_a_database_that_stays_locked() {
    let (_folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(settings).unwrap();
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    (0..10).for_each(|number| log.record(entry(number)));
    log.close();
    assert_eq!((log.counters().written, log.counters().dropped), (0, 10));
    log.record(entry(11));
    assert_eq!(log.counters().dropped, 11, "what comes after closing is counted, too");
    drop(lock);
}

#[test]
fn a_log_can_be_closed_twice_and_opened_again() {
    let (_folder, settings) = settings();
    for round in 0..3 {
        let log = RequestLog::open(settings.clone()).unwrap();
        log.record(entry(round));
        log.close();
        log.close();
        drop(log);
        assert_eq!(all(&settings.path).len() as u32, round + 1);
    }
}

#[test]
fn without_texts_no_text_is_anywhere_in_the_files() {
    let (folder, settings) = settings();
    let path = settings.path.clone();
    let log = RequestLog::open(Settings { keep_text: false, ..settings }).unwrap();
    let secret = "xylophone-quartz";
    let response = format!(r#"[{{"label":"flight","confidence":0.5,"tokens":["{secret}"]}}]"#);
    log.record(Entry { text: format!("my {secret}"), response, ..entry(1) });
    log.record(Entry { text: format!("my {secret}"), response: format!("no list, {secret}"), ..entry(2) });
    eventually(|| log.counters().written == 2);
    let holds_secret = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    };
    let files = || std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    assert!(files().count() > 1, "the log of writes is there, too");
    assert!(!files().any(|file| holds_secret(&file)));
    log.close();
    assert!(!files().any(|file| holds_secret(&file)));
    let rows = all(&path);
    assert_eq!(
        (&rows[1].text, rows[1].response.as_deref()),
        (&None, Some(r#"[{"label":"flight","confidence":0.5}]"#))
    );
    assert_eq!((&rows[0].text, &rows[0].response), (&None, &None));
}

#[test]
fn texts_are_redacted_before_they_are_written_and_responses_keep_only_labels() {
    let (folder, settings) = settings();
    let redaction = Redaction::parse(["email", "card"]).unwrap();
    let log = RequestLog::open(Settings { redaction, ..settings.clone() }).unwrap();
    let response = r#"[{"label":"flight","confidence":0.5,"tokens":["joe@example.com"]}]"#;
    let text = "joe@example.com pays with 4111 1111 1111 1111";
    log.record(Entry { text: text.into(), response: response.into(), ..entry(1) });
    log.close();
    let row = &all(&settings.path)[0];
    assert_eq!(row.text.as_deref(), Some("<email> pays with <card>"));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("joe@example.com"));
    }
}

#[test]
fn feedback_finds_the_request_that_was_recorded_just_before() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    log.record(entry(1));
    assert!(log.predicted(&entry(1).id, 0).unwrap().is_right("flight"));
    assert!(log.feedback(feedback(1, "airfare")));
    assert!(log.feedback(feedback(1, "airline")), "the latest counts");
    assert!(log.feedback(feedback(99, "airline")), "nobody logged this one");
    log.close();
    let rows = all(&settings.path);
    let correction = rows[0].correction.as_ref().unwrap();
    assert_eq!((&*correction.label, &*correction.source), ("airline", "client"));
    assert_eq!(rows[0].is_right(), Some(false));
    let stats = read(&settings.path).stats(&Filter::default(), Period::Day).unwrap();
    assert_eq!((stats.total.feedback, stats.total.right, stats.unknown_feedback), (1, 0, 1));
}

#[test]
fn feedback_is_about_the_newest_answer_of_an_id_and_its_shadow() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    let again = |at_ms, role| Entry { id: "same".into(), at_ms, role, ..entry(1) };
    for entry in [again(10, "live"), again(11, SHADOW), again(20, SHADOW), again(20, "canary")] {
        log.record(entry);
    }
    log.record(Entry { position: 1, ..again(20, "canary") });
    assert!(log.feedback(Feedback { id: "same".into(), position: 0, label: "airfare".into(), at_ms: 30 }));
    log.close();
    let told = Filter { with_feedback: true, ..Filter::default() };
    let rows = read(&settings.path).list(&told).unwrap();
    let roles: Vec<(i64, &str, u32)> = rows.iter().map(|row| (row.at_ms, &*row.role, row.position)).collect();
    assert_eq!(roles, [(20, "canary", 0), (20, "shadow", 0)]);
}

#[test]
fn an_answer_is_known_after_it_has_left_the_memory() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    log.record(Entry { label: "airfare".into(), ..entry(7) });
    log.close();
    let log = RequestLog::open(settings).unwrap();
    assert_eq!(&*log.predicted(&entry(7).id, 0).unwrap().label, "airfare");
    assert_eq!(log.predicted(&entry(7).id, 1), None);
    assert_eq!(log.predicted("never", 0), None);
}

#[test]
fn corrections_by_hand_work_while_a_server_writes() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    (0..100).for_each(|number| log.record(entry(number)));
    eventually(|| log.counters().written == 100);
    let counts = correct(&settings.path, &[feedback(5, "airfare"), feedback(1000, "airfare")]).unwrap();
    assert_eq!(counts, [1, 0]);
    (100..200).for_each(|number| log.record(entry(number)));
    log.close();
    assert_eq!(log.counters().written, 200);
    let wrong = read(&settings.path).list(&Filter { only_wrong: true, ..Filter::default() }).unwrap();
    assert_eq!(wrong.len(), 1);
    assert_eq!((&wrong[0].id, &*wrong[0].correction.as_ref().unwrap().source), (&entry(5).id, "cli"));
    let stats = read(&settings.path).stats(&Filter::default(), Period::Day).unwrap();
    assert_eq!(stats.unknown_feedback, 0, "a correction by hand of nothing is refused");
}

#[test]
fn reading_neither_waits_for_the_writer_nor_holds_it_up() {
    let (_folder, settings) = settings();
    let log = RequestLog::open(settings.clone()).unwrap();
    (0..2000).for_each(|number| log.record(entry(number)));
    eventually(|| log.counters().written == 2000);
    let mut seen = 0;
    read(&settings.path)
        .visit(&Filter::default(), |_| {
            if seen == 0 {
                (2000..4000).for_each(|number| log.record(entry(number)));
                eventually(|| log.counters().written == 4000);
            }
            seen += 1;
        })
        .unwrap();
    assert_eq!(seen, 2000, "what was there when it began");
    assert_eq!(log.counters().failed, 0);
}

#[test]
fn rows_by_age_are_deleted_and_the_file_shrinks() {
    let now_ms =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as i64;
    let hour_ms = 3_600_000;
    let aged = (0..30_000).map(|number| {
        let at_ms = if number < 25_000 { now_ms - 3 * hour_ms } else { now_ms - hour_ms };
        Entry { at_ms, ..entry(number) }
    });
    let (_folder, path) = written(aged);
    correct(&path, &[feedback(1, "airfare"), feedback(29_000, "airfare")]).unwrap();
    let before = std::fs::metadata(&path).unwrap().len();
    let keep_for = Some(Duration::from_secs(2 * 3600));
    let log = RequestLog::open(Settings { keep_for, ..Settings::at(&path) }).unwrap();
    eventually(|| all(&path).len() == 5000 && free_pages(&path) <= 64);
    log.close();
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(after * 3 < before, "{before} bytes before, {after} after");
    assert_eq!(integrity(&path), "ok");
    let told = Filter { with_feedback: true, ..Filter::default() };
    assert_eq!(read(&path).list(&told).unwrap().len(), 1, "feedback goes with its row");
    let bytes = std::fs::read(&path).unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains("flights to oslo 24000"), "what is deleted is gone");
}

#[test]
fn the_oldest_rows_go_when_the_database_is_too_large() {
    let (_folder, settings) = settings();
    let keep_bytes = Some(1 << 20);
    let log = RequestLog::open(Settings { keep_bytes, queue: 1 << 16, ..settings.clone() }).unwrap();
    (0..30_000).for_each(|number| log.record(entry(number)));
    let path = &settings.path;
    let size = || retention::bytes_in_use(&Connection::open(path).unwrap()).unwrap();
    eventually(|| log.counters().written == 30_000 && size() <= 1 << 20 && free_pages(path) <= 64);
    log.close();
    let rows = all(&settings.path);
    assert!(rows.len() > 1000 && rows.len() < 10_000, "{}", rows.len());
    assert_eq!(rows[0].id, entry(29_999).id, "the newest stay");
    assert_eq!(rows.last().unwrap().id, entry(30_000 - rows.len() as u32).id, "without a gap");
    // Besides the size, the pages that wait for the next rows.
    assert!(std::fs::metadata(&settings.path).unwrap().len() < (2 << 20) + (1 << 19));
}

#[test]
fn filters_select_what_they_say() {
    let (_folder, path) = written([
        entry(0),
        Entry { model: "other".into(), at_ms: 5_000_000_000_000, ..entry(1) },
        Entry { version: "4".into(), role: "canary", ..entry(2) },
        Entry { label: "airfare".into(), confidence: 0.25, ..entry(3) },
        Entry { out_of_scope: Some(true), text: "Cheap HOTELS".into(), ..entry(4) },
        Entry { out_of_scope: None, text: "100% of_it".into(), ..entry(5) },
    ]);
    correct(&path, &[feedback(4, NO_INTENT), feedback(5, "airfare")]).unwrap();
    let found = |filter: Filter| -> Vec<u32> {
        let rows = read(&path).list(&filter).unwrap();
        rows.iter().rev().map(|row| row.id.trim_start_matches("request-").parse().unwrap()).collect()
    };
    let text = |text: &str| Some(text.to_owned());
    let none = Filter::default;
    assert_eq!(found(none()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(found(Filter { limit: Some(2), ..none() }), [4, 5]);
    assert_eq!(found(Filter { limit: Some(0), ..none() }), [0; 0]);
    assert_eq!(found(Filter { model: text("other"), ..none() }), [1]);
    assert_eq!(found(Filter { version: text("4"), model: text("intents"), ..none() }), [2]);
    assert_eq!(found(Filter { role: text("canary"), ..none() }), [2]);
    assert_eq!(found(Filter { label: text("airfare"), ..none() }), [3]);
    assert_eq!(found(Filter { below: Some(0.5), ..none() }), [3]);
    assert_eq!(found(Filter { out_of_scope: Some(true), ..none() }), [4]);
    assert_eq!(found(Filter { with_feedback: true, ..none() }), [4, 5]);
    assert_eq!(found(Filter { only_wrong: true, ..none() }), [5]);
    assert_eq!(found(Filter { only_wrong: true, limit: Some(1), ..none() }), [5]);
    assert_eq!(found(Filter { text: text("hotels"), ..none() }), [4]);
    assert_eq!(found(Filter { text: text("0% of_"), ..none() }), [5], "no wildcards");
    let start = entry(0).at_ms;
    assert_eq!(found(Filter { since_ms: Some(start + 4), ..none() }), [1, 4, 5]);
    assert_eq!(found(Filter { until_ms: Some(start + 2), ..none() }), [0]);
}

#[test]
fn a_clock_that_is_set_back_hides_no_row() {
    // Five minutes forwards, then back to the start, and so on.
    let at_ms = |number: u32| i64::from(number % 5) * 60_000;
    let (_folder, path) = written((0..500).map(|number| Entry { at_ms: at_ms(number), ..entry(number) }));
    for minute in 0..6 {
        let since = Filter { since_ms: Some(minute * 60_000), ..Filter::default() };
        let until = Filter { until_ms: Some(minute * 60_000), ..Filter::default() };
        let counts = [since, until].map(|filter| read(&path).list(&filter).unwrap().len() as i64);
        assert_eq!(counts, [500 - minute * 100, minute * 100]);
        let since = Filter { since_ms: Some(minute * 60_000), ..Filter::default() };
        let texts = read(&path).stats(&since, Period::Hour).unwrap().total.texts;
        assert_eq!(texts as i64, 500 - minute * 100);
    }
}

#[test]
fn statistics_count_by_model_label_and_time() {
    let fast = |number: u32| Entry { latency_us: u64::from(number) + 1, at_ms: 0, ..entry(number) };
    let late = Entry { at_ms: 90_000_000, confidence: 0.25, out_of_scope: Some(true), ..fast(99) };
    let other = Entry { model: "other".into(), label: "airfare".into(), out_of_scope: None, ..fast(1000) };
    let (_folder, path) = written((0..99).map(fast).chain([late, other]));
    correct(&path, &[feedback(0, "flight"), feedback(1, "airfare"), feedback(99, NO_INTENT)]).unwrap();
    let stats = read(&path).stats(&Filter::default(), Period::Day).unwrap();
    assert_eq!((stats.total.texts, stats.total.feedback, stats.total.right), (101, 3, 2));
    let key = |model: &str| (model.to_owned(), "3".to_owned(), "live".to_owned());
    let intents = &stats.by_model[&key("intents")];
    assert_eq!((intents.texts, intents.out_of_scope, intents.scoped), (100, 1, 100));
    assert_eq!([0.5, 0.9, 0.99, 1.0].map(|share| intents.latency_us(share)), [50, 90, 99, 100].map(Some));
    assert_eq!(intents.mean_confidence(), Some((99.0 * 0.75 + 0.25) / 100.0));
    assert_eq!(stats.by_model[&key("other")].out_of_scope_share(), None);
    assert_eq!(stats.by_label["airfare"].texts, 1);
    assert_eq!(
        stats.by_time.iter().map(|(at, tally)| (*at, tally.texts)).collect::<Vec<_>>(),
        [(0, 100), (86_400_000, 1)]
    );
    let accuracy = stats.total.accuracy().unwrap();
    assert!(accuracy.n == 3 && accuracy.low < accuracy.value && accuracy.value < accuracy.high);

    let only = Filter {
        label: Some("flight".into()),
        model: Some("intents".into()),
        only_wrong: true,
        ..Filter::default()
    };
    assert_eq!(read(&path).stats(&only, Period::Hour).unwrap().total.texts, 1);
    let none = Filter { model: Some("none".into()), ..Filter::default() };
    let nothing = read(&path).stats(&none, Period::Hour).unwrap().total;
    assert_eq!((nothing.texts, nothing.latency_us(0.5), nothing.mean_confidence()), (0, None, None));
}

#[test]
fn all_rows_of_an_id_are_shown_the_seen_answer_first() {
    let same = |position, role| Entry { id: "x".into(), position, role, ..entry(1) };
    let (_folder, path) = written([same(1, "live"), same(0, SHADOW), same(0, "live"), entry(2)]);
    let rows = read(&path).get("x").unwrap();
    let order: Vec<(u32, &str)> = rows.iter().map(|row| (row.position, &*row.role)).collect();
    assert_eq!(order, [(0, "live"), (0, "shadow"), (1, "live")]);
    assert_eq!(read(&path).get("y").unwrap(), []);
}

#[test]
fn two_servers_may_share_a_log() {
    let (_folder, settings) = settings();
    let logs = [(); 2].map(|()| RequestLog::open(settings.clone()).unwrap());
    std::thread::scope(|scope| {
        for (half, log) in logs.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..3000 {
                    log.record(entry(number * 2 + half as u32));
                    if number % 100 == 0 {
                        std::thread::sleep(Duration::from_millis(3));
                    }
                }
            });
        }
    });
    logs.iter().for_each(RequestLog::close);
    assert_eq!(logs.iter().map(|log| log.counters().dropped).sum::<u64>(), 0);
    let mut ids: Vec<String> = all(&settings.path).into_iter().map(|row| row.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6000);
    assert_eq!(integrity(&settings.path), "ok");
}
