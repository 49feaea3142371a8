//! `uaic plot` and `uaic report` as whole commands, on a small study.

use std::fs;
use std::path::Path;

use serde_json::Value;
use uaic::report::plot::KINDS;

use crate::support::TestDir;
use crate::support::small_study::project;

/// Width and height of a PNG, which has to be one, and whether it has more than one colour.
fn look(path: &Path) -> (u32, u32, bool) {
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(fs::File::open(path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    (info.width, info.height, pixels.chunks_exact(3).any(|pixel| pixel != &pixels[..3]))
}

#[test]
fn every_kind_of_picture_can_be_drawn() {
    let (dir, _) = project();
    for kind in KINDS {
        let path = dir.run(&format!("plot {} small", kind.name)).ok();
        assert_eq!(path.trim(), format!("{}.png", kind.name));
        let (width, height, is_drawn) = look(&dir.join(path.trim()));
        assert!(width >= 1000 && height >= 300 && is_drawn, "{}: {width} × {height}", kind.name);
    }
}

#[test]
fn size_form_and_colours_are_what_was_asked_for() {
    let (dir, _) = project();
    dir.run("plot history --size 640x400 --out a.png").ok();
    dir.run("plot history --size 640x400 --dark --out b.png").ok();
    assert_eq!(look(&dir.join("a.png")), (640, 400, true));
    assert_ne!(fs::read(dir.join("a.png")).unwrap(), fs::read(dir.join("b.png")).unwrap());
    dir.run("plot slice small --out c.svg").ok();
    assert!(dir.read("c.svg").starts_with("<svg ") && dir.read("c.svg").contains("train.lr"));
    let printed = dir.run("plot history --svg --out -").ok();
    assert!(printed.trim_end().ends_with("</svg>"), "the picture itself is the data");
    assert!(dir.run("plot history --size 10x10").fails(2).contains("200"));
}

#[test]
fn what_cannot_be_drawn_is_explained() {
    let (dir, _) = project();
    assert!(dir.run("plot histroy").fails(2).contains("did you mean `history`?"));
    assert!(dir.run("plot slice --params momentum").fails(3).contains("it searches train.lr"));
    assert!(dir.run("plot roc small/0").fails(3).contains("/final"), "a trial keeps no model");
    assert!(dir.run("plot roc small --split dev").fails(3).contains("`dev`"));
    let words = dir.uaic().args(["plot", "attention", "small", "--text", "fly me to oslo"]).output().unwrap();
    assert!(words.status.success());
}

fn files(dir: &TestDir, folder: &str) -> Vec<String> {
    let entries = fs::read_dir(dir.join(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_report_tells_everything_and_twice_the_same() {
    let (dir, said) = project();
    let folder = dir.run("report").ok().trim().to_owned();
    assert_eq!(folder, format!("reports/small-{}", &said["study"]["id"].as_str().unwrap()[..8]));
    dir.run("report small --out again").ok();
    let names = files(&dir, &folder);
    assert_eq!(names, files(&dir, "again"));
    for name in &names {
        let read = |folder: &str| fs::read(dir.join(folder).join(name)).unwrap();
        assert_eq!(read(&folder), read("again"), "{name}");
    }
    let page = dir.read(format!("{folder}/index.html"));
    for section in
        ["asked", "data", "search", "best", "training", "test", "errors", "calibration", "scope", "again"]
    {
        assert!(page.contains(&format!("<section id=\"{section}\">")), "{section}");
    }
    assert!(!page.contains("http://") && !page.contains("https://"), "nothing is fetched");
    let metrics: Value = serde_json::from_str(&dir.read(format!("{folder}/metrics.json"))).unwrap();
    assert_eq!(metrics["metrics"]["test/accuracy"]["value"], said["final"]["metrics"]["test/accuracy"]);
    let table = dir.read(format!("{folder}/predictions.csv"));
    let right = table.lines().filter(|line| line.contains(",true,")).count() as f64;
    let accuracy = said["final"]["metrics"]["test/accuracy"].as_f64().unwrap();
    assert!((right / (table.lines().count() - 1) as f64 - accuracy).abs() < 1e-12);
    let markdown = dir.read(format!("{folder}/report.md"));
    for name in names.iter().filter(|name| Path::new(name).extension().is_some_and(|end| end == "png")) {
        assert!(markdown.contains(&format!("({name})")), "{name} is linked");
    }
}

#[test]
fn a_study_without_its_data_or_a_final_run_still_has_a_report() {
    let (dir, _) = project();
    fs::remove_dir_all(dir.join("data")).unwrap();
    let folder = dir.run("report").ok().trim().to_owned();
    assert!(dir.read(format!("{folder}/report.md")).contains("no longer at hand"));
    let (dir, _) = project();
    let spec = dir.read("small.toml").replace("epochs = 4", "epochs = 0");
    dir.write("trials.toml", spec.replace("\"small\"", "\"trials\""));
    dir.run("run trials.toml").ok();
    let folder = dir.run("report trials").ok().trim().to_owned();
    let names = files(&dir, &folder);
    assert!(names.contains(&"history.png".to_owned()) && !names.contains(&"roc.png".to_owned()), "{names:?}");
}
