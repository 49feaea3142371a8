use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::search::Search;
use super::tail::Tail;
use super::*;
use crate::desk::Event;

/// Lines `key step value`; enough of a format to watch.
struct Plain {
    path: PathBuf,
    at: usize,
}

impl SeriesFile for Plain {
    fn read_new(&mut self, each: &mut dyn FnMut(&str, FilePoint)) -> Result<(), Failure> {
        let text = fs::read_to_string(&self.path)?;
        for line in text[self.at..].split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            self.at += line.len();
            let mut parts = line.trim_end().split([' ', ',']);
            let (Some(key), Some(step), Some(value)) = (parts.next(), parts.next(), parts.next()) else {
                continue;
            };
            let Ok(value) = value.parse() else { continue };
            each(key, FilePoint { step: step.parse().ok(), time_ms: None, value });
        }
        Ok(())
    }
}

fn opener() -> FileOpener {
    Arc::new(|path, _| Some(Box::new(Plain { path: path.to_owned(), at: 0 })))
}

fn look(tail: &mut Tail) -> Vec<String> {
    let seen = RefCell::new(vec![]);
    tail.look(&|event| {
        if let Event::Values(_, _, values) = event {
            seen.borrow_mut().extend(
                values.iter().map(|value| format!("{} {:?} {}", value.key, value.step, value.number)),
            );
        }
        true
    })
    .unwrap();
    seen.into_inner()
}

#[test]
fn files_that_appear_or_grow_are_read_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("logs/train")).unwrap();
    fs::create_dir_all(at(".git")).unwrap();
    for name in ["old.csv", "still.csv", ".git/x.csv"] {
        fs::write(at(name), "epoch,loss,\na,1,0.5\n").unwrap();
    }
    let started = SystemTime::now() + Duration::from_secs(10);
    let watch = Watch { roots: vec![folder.path().to_owned()], opener: opener(), started };
    let mut tail = Tail::new(watch);
    tail.begin();
    assert!(look(&mut tail).is_empty(), "what was there before is another's");
    File::options().append(true).open(at("old.csv")).unwrap().write_all(b"a,2,0.25\nb,3,").unwrap();
    fs::write(at("logs/train/events.out.tfevents.1"), "loss 1 0.5\nloss 2 0.4").unwrap();
    fs::write(at("predictions.csv"), "a,b,c\nx,1,2\n").unwrap();
    fs::write(at("new.csv"), "step,loss").unwrap();
    assert_eq!(look(&mut tail), ["train/loss Some(1) 0.5", "a Some(2) 0.25"]);
    fs::write(at("new.csv"), "step,loss\nz,1,7\n").unwrap();
    File::options().append(true).open(at("old.csv")).unwrap().write_all(b"0.125\n").unwrap();
    assert_eq!(look(&mut tail), ["z Some(1) 7", "b Some(3) 0.125"]);
    assert!(look(&mut tail).is_empty());
}

#[test]
fn a_search_passes_over_what_is_not_the_programs() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["a", "node_modules", "env/lib", ".venv", "a/b/c/d/e/f/g/h/i/j"] {
        fs::create_dir_all(at(name)).unwrap();
        fs::write(at(name).join("x.csv"), "").unwrap();
    }
    fs::write(at("env/pyvenv.cfg"), "").unwrap();
    std::os::unix::fs::symlink(folder.path(), at("loop")).unwrap();
    let mut search = Search::default();
    for _ in 0..2 {
        let found = search.look(&[folder.path().to_owned()]);
        let found: BTreeSet<PathBuf> = found.into_iter().map(|(path, _)| path).collect();
        assert_eq!(found, [at("a/x.csv")].into());
    }
    fs::write(at("a/b/new.tfevents"), "").unwrap();
    assert_eq!(search.look(&[folder.path().to_owned()]).len(), 2);
}

#[test]
fn files_written_meanwhile_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("before"), "").unwrap();
    std::thread::sleep(Duration::from_millis(60));
    let since = SystemTime::now();
    fs::create_dir_all(at("out")).unwrap();
    for name in ["z", "out/a", "out/b:c"] {
        fs::write(at(name), "").unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", at("link")).unwrap();
    let seen = RefCell::new(vec![]);
    artifacts::collect(&[folder.path().to_owned()], since, &|event| {
        seen.borrow_mut().push(match event {
            Event::File(name, _) => name,
            other => format!("{other:?}"),
        });
        true
    });
    let seen = seen.into_inner();
    assert_eq!(
        (seen.len(), seen[0].as_str(), seen[2].as_str()),
        (3, "artifacts/out/a", "artifacts/z"),
        "{seen:?}"
    );
    assert!(seen[1].contains("is not kept"), "{seen:?}");
}
