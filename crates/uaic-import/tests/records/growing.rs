//! Files that grow, end in the middle, or are replaced.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use uaic_import::{CsvLog, EventFile, ReadOptions, SourcePoint};

use crate::collected::Collected;
use crate::golden::golden;

type Points = BTreeMap<String, Vec<SourcePoint>>;

fn event_file(folder: &Path) -> PathBuf {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap()
}

fn shown(points: &Points) -> String {
    format!("{points:?}")
}

/// Whether each series of one is the begin of the other's.
fn is_begin(less: &Points, more: &Points) -> bool {
    less.iter().all(|(key, points)| {
        let all = &more[key];
        points.len() <= all.len() && format!("{points:?}") == format!("{:?}", &all[..points.len()])
    })
}

#[test]
fn every_begin_of_a_growing_file_says_a_begin_of_the_whole() {
    let folder = golden();
    let wandb = fs::read_dir(folder.path().join("wandb")).unwrap().next().unwrap().unwrap().path();
    let history = folder.path().join("history.csv");
    for path in [
        event_file(&folder.path().join("events/a")),
        event_file(&wandb),
        history,
        folder.path().join("journal5.log"),
    ] {
        let whole = fs::read(&path).unwrap();
        let read = |path: &Path| Collected::read(path, &ReadOptions::default());
        let all = read(&path).unwrap();
        let stride = if whole.len() > 10_000 { 101 } else { 7 };
        for length in (0..whole.len()).step_by(stride) {
            fs::write(&path, &whole[..length]).unwrap();
            // Too short to be told from anything else.
            let Ok(part) = read(&path) else { continue };
            let told = part.left_out().join("\n");
            assert!(!told.contains("the rest of"), "a torn end is none to tell of: {told} at {length}");
            for run in &part.runs {
                let same = all.runs.iter().find(|all| all.head.origin == run.head.origin);
                // The begin of W&B's file has no id of the run.
                let same = same.or(all.runs.first()).unwrap();
                assert!(
                    is_begin(&run.points, &same.points) || path.ends_with("journal5.log"),
                    "{} at {length}",
                    path.display()
                );
            }
        }
        fs::write(&path, whole).unwrap();
    }
}

#[test]
fn an_event_file_gives_each_point_once_while_it_grows() {
    let folder = golden();
    let path = event_file(&folder.path().join("events/a"));
    let whole = fs::read(&path).unwrap();
    let look = |file: &mut EventFile, points: &mut Points| {
        file.read_new(&mut |key, point| points.entry(key.to_owned()).or_default().push(point)).unwrap()
    };
    let mut all = Points::new();
    look(&mut EventFile::open(&path).unwrap(), &mut all);
    assert_eq!(all["train/loss"].len(), 20);
    for stride in [1, 7, 64, 1000] {
        File::create(&path).unwrap();
        let (mut file, mut points) = (EventFile::open(&path).unwrap(), Points::new());
        for part in whole.chunks(stride) {
            OpenOptions::new().append(true).open(&path).unwrap().write_all(part).unwrap();
            let news = look(&mut file, &mut points);
            assert_eq!((news.replaced, news.broken), (false, None));
        }
        assert_eq!(shown(&points), shown(&all));
        assert_eq!(look(&mut file, &mut points).points, 0);
    }
}

#[test]
fn an_event_file_that_is_replaced_is_read_anew_and_one_that_is_broken_says_so() {
    let folder = golden();
    let path = event_file(&folder.path().join("events/a"));
    let whole = fs::read(&path).unwrap();
    let mut file = EventFile::open(&path).unwrap();
    let count = |file: &mut EventFile| file.read_new(&mut |_, _| {}).unwrap();
    assert_eq!(count(&mut file).points, 22);
    // Half a record that is taken back is none.
    let append = |bytes: &[u8]| {
        OpenOptions::new().append(true).open(&path).unwrap().write_all(bytes).unwrap();
    };
    append(&whole[..30]);
    assert_eq!(count(&mut file).points, 0);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64).unwrap();
    assert_eq!(count(&mut file).points, 0);
    append(&whole);
    let news = count(&mut file);
    assert!(!news.replaced && news.points == 22 && news.broken.is_none(), "{news:?}");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let news = count(&mut file);
    assert!(news.replaced && news.points > 0 && news.points < 22, "{news:?}");
    let other = folder.path().join("other");
    fs::write(&other, &whole).unwrap();
    fs::rename(&other, &path).unwrap();
    let news = count(&mut file);
    assert!(news.replaced && news.points == 22, "{news:?}");

    let mut broken = whole.clone();
    broken[whole.len() / 2] ^= 1;
    fs::write(&path, &broken).unwrap();
    let mut file = EventFile::open(&path).unwrap();
    let news = count(&mut file);
    assert!(news.broken.as_ref().unwrap().contains("checksum") && news.points > 0, "{news:?}");
    assert_eq!(count(&mut file).points, 0);
    let found = Collected::read(&path, &ReadOptions::default()).unwrap();
    assert_eq!(found.runs.len(), 1, "what came before stays");
    assert!(found.left_out().iter().any(|line| line.starts_with("the rest of ")), "{:?}", found.left_out());
}

#[test]
fn a_csv_log_waits_for_half_lines_and_takes_columns_that_come_late() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("metrics.csv");
    let mut log = CsvLog::open(&path);
    let mut look = || {
        let mut points = vec![];
        let news = log
            .read_new(&mut |key, point| {
                points.push(format!("{key}@{}={}", point.step.unwrap_or(-1), point.value));
            })
            .unwrap();
        (points.join(" "), news.replaced)
    };
    assert_eq!(look(), (String::new(), false), "there is no file yet");
    let append = |text: &str| {
        let file = OpenOptions::new().create(true).append(true).open(&path);
        file.unwrap().write_all(text.as_bytes()).unwrap();
    };
    append("step,lo");
    assert_eq!(look().0, "");
    append("ss\n0,0.7\n1,0.");
    assert_eq!(look().0, "loss@0=0.7");
    append("5\n");
    assert_eq!(look().0, "loss@1=0.5");
    // As Lightning does when a metric comes for the first time.
    fs::write(&path, "step,loss,val\n0,0.7,\n1,0.5,\n1,,0.6\n2,nan,\n").unwrap();
    assert_eq!(look(), ("val@1=0.6 loss@2=NaN".to_owned(), false));
    append("3,\"0.25\",True\n");
    assert_eq!(look().0, "loss@3=0.25 val@3=1");
    fs::write(&path, "epoch,acc\r\n1,0.5\r\n").unwrap();
    assert_eq!(look(), ("acc@1=0.5".to_owned(), true));
    fs::write(&path, "epoch,acc\n").unwrap();
    assert_eq!(look(), (String::new(), true), "truncated");
}

#[test]
fn a_last_line_without_an_end_counts_once_its_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.csv");
    fs::write(&path, "step,loss\n0,0.7\n1,0.5").unwrap();
    let points = || Collected::read(&path, &ReadOptions::default()).unwrap().runs[0].points["loss"].len();
    assert_eq!(points(), 1);
    let hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    OpenOptions::new().append(true).open(&path).unwrap().set_modified(hour_ago).unwrap();
    assert_eq!(points(), 2);
}
