use super::*;
use std::sync::mpsc;
use tempfile::TempDir;

fn settings(folder: &TempDir, largest: u64) -> LogFileSettings {
    LogFileSettings { largest, ..LogFileSettings::new(folder.path().join("logs"), "a") }
}

fn open(settings: &LogFileSettings) -> LogFile {
    LogFile::open(settings.clone(), |error| panic!("{error}")).unwrap()
}

fn log(writer: &LogWriter, line: &str) {
    // In two parts, as a formatter may.
    let (start, end) = line.split_at(line.len() / 2);
    let mut writer = writer.make_writer();
    writer.write_all(start.as_bytes()).unwrap();
    writer.write_all(end.as_bytes()).unwrap();
}

/// All lines, oldest first.
fn lines(settings: &LogFileSettings) -> Vec<String> {
    let full = (1..=settings.kept).rev().map(|number| settings.path_of(number));
    let texts = full.chain([settings.path()]).map(|path| fs::read_to_string(path).unwrap_or_default());
    let text: String = texts.collect();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn no_line_is_lost_or_torn_across_rotations() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 1000);
    let file = open(&settings);
    // 100 lines of 50 bytes are five files.
    let expected: Vec<String> = (0..100).map(|number| format!("{number:049}")).collect();
    for line in &expected {
        log(&file.writer(), line);
    }
    drop(file);
    assert_eq!(lines(&settings), expected);
    for number in 1..=4 {
        assert_eq!(fs::metadata(settings.path_of(number)).unwrap().len(), 1000);
    }
}

#[test]
fn exactly_as_many_full_files_as_wanted_are_kept() {
    for kept in [5, 1, 0] {
        let folder = tempfile::tempdir().unwrap();
        let settings = LogFileSettings { kept, ..settings(&folder, 100) };
        let file = open(&settings);
        for number in 0..500 {
            log(&file.writer(), &format!("line {number}"));
        }
        drop(file);
        assert_eq!(fs::read_dir(&settings.folder).unwrap().count(), kept as usize + 1);
        // What is left is the end, without a gap.
        let found = lines(&settings);
        let expected: Vec<String> = (500 - found.len()..500).map(|number| format!("line {number}")).collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn a_file_is_continued_and_a_line_larger_than_a_file_stays_whole() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 20);
    log(&open(&settings).writer(), "one");
    let long = "x".repeat(100);
    let file = open(&settings);
    for line in ["two", &long, "three"] {
        log(&file.writer(), line);
    }
    drop(file);
    assert_eq!(lines(&settings), ["one", "two", &long, "three"]);
    assert_eq!(fs::read_to_string(settings.path_of(2)).unwrap(), "one\ntwo\n");
}

#[test]
fn lines_of_many_threads_stay_whole_and_in_the_order_of_each() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LogFileSettings { kept: 99, ..settings(&folder, 10_000) };
    let file = open(&settings);
    let writers = (0..8).map(|thread| {
        let writer = file.writer();
        thread::spawn(move || {
            for number in 0..500 {
                log(&writer, &format!("{thread} {number} end"));
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.join().unwrap();
    }
    drop(file);
    let mut next = [0; 8];
    for line in lines(&settings) {
        let parts: Vec<&str> = line.split(' ').collect();
        let thread: usize = parts[0].parse().unwrap();
        assert_eq!(parts[1..], [next[thread].to_string().as_str(), "end"]);
        next[thread] += 1;
    }
    assert_eq!(next, [500; 8]);
}

#[test]
fn what_waits_is_written_while_it_is_open() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 1000);
    let file = open(&settings);
    log(&file.writer(), "now");
    while lines(&settings).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(lines(&settings), ["now"]);
}

#[test]
fn a_stalled_thread_makes_lines_drop_and_nobody_wait() {
    let folder = tempfile::tempdir().unwrap();
    let settings = LogFileSettings { waiting: 100, ..settings(&folder, 1000) };
    let (stalled, is_stalled) = mpsc::channel();
    let (go, may_go) = mpsc::channel::<()>();
    let file = LogFile::open(settings.clone(), move |_| {
        stalled.send(()).unwrap();
        let _ = may_go.recv();
    });
    let file = file.unwrap();
    // A folder by the file's name cannot be written.
    fs::remove_file(settings.path()).unwrap();
    fs::create_dir(settings.path()).unwrap();
    log(&file.writer(), "lost");
    is_stalled.recv().unwrap();
    fs::remove_dir(settings.path()).unwrap();
    for number in 0..30 {
        log(&file.writer(), &format!("{number:09}"));
    }
    assert_eq!(file.dropped(), 20);
    go.send(()).unwrap();
    drop(go);
    drop(file);
    let expected: Vec<String> = (0..10).map(|number| format!("{number:09}")).collect();
    assert_eq!(lines(&settings), expected);
}

#[test]
fn a_failing_disk_is_told_once_until_it_works_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 1000);
    let (told, failures) = mpsc::channel();
    let file = LogFile::open(settings.clone(), move |error| told.send(error.to_string()).unwrap());
    let file = file.unwrap();
    let until_lost = |lost| {
        while file.lost() < lost {
            thread::sleep(Duration::from_millis(1));
        }
    };
    fs::remove_dir_all(&settings.folder).unwrap();
    fs::write(&settings.folder, "in the way").unwrap();
    for lost in 1..=3 {
        log(&file.writer(), "lost");
        until_lost(lost);
    }
    fs::remove_file(&settings.folder).unwrap();
    log(&file.writer(), "kept");
    while lines(&settings).is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    drop(file);
    assert_eq!(lines(&settings), ["kept"]);
    let failures: Vec<String> = failures.iter().collect();
    assert!(failures.len() == 1 && failures[0].contains("logs"), "{failures:?}");
}

#[test]
fn a_file_that_others_move_or_remove_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 1000);
    let file = open(&settings);
    for (number, moved) in [("one", true), ("two", false)] {
        log(&file.writer(), number);
        while fs::read_to_string(settings.path()).unwrap_or_default().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        if moved {
            fs::rename(settings.path(), folder.path().join("elsewhere")).unwrap();
        } else {
            fs::remove_file(settings.path()).unwrap();
        }
    }
    log(&file.writer(), "three");
    drop(file);
    assert_eq!(fs::read_to_string(folder.path().join("elsewhere")).unwrap(), "one\n");
    assert_eq!(fs::read_to_string(settings.path()).unwrap(), "three\n");
}

#[test]
fn events_of_tracing_are_lines() {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder, 1000);
    let file = open(&settings);
    let subscriber =
        tracing_subscriber::fmt().with_writer(file.writer()).without_time().with_ansi(false).finish();
    tracing::subscriber::with_default(subscriber, || tracing::info!(answer = 42, "asked"));
    let writer = file.writer();
    drop(file);
    log(&writer, "too late");
    let found = lines(&settings);
    assert!(found.len() == 1 && found[0].contains("asked answer=42"), "{found:?}");
}

#[test]
fn what_cannot_be_opened_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logs"), "in the way").unwrap();
    let error = LogFile::open(settings(&folder, 1000), |_| {}).unwrap_err().to_string();
    assert!(error.contains("logs"), "{error}");
}
