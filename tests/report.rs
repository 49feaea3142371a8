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

#[test]
fn a_picture_without_its_data_set_exits_as_a_bad_spec_does_and_says_so_once() {
    let (dir, _) = project();
    fs::remove_dir_all(dir.join("data")).unwrap();
    let told = dir.run("plot attention").fails(2);
    assert!(told.starts_with("error: there is no data set `tiny`"), "{told}");
    assert!(!told.contains("error: error:"), "{told}");
    dir.run("report --out told").ok();
    assert!(!dir.read("told/report.md").contains("error:"), "{}", dir.read("told/report.md"));
}

/// A study of a program, of points that are evaluated twice.
const PROGRAM: &str = r#"
[experiment]
name = "outside"
[objective]
command = ["sh", "-c", "echo {n}"]
timeout = "1m"
[search]
n = { int = [1, 3] }
[study]
metric = "y"
direction = "minimize"
trials = 8
sampler = "random"
duplicates = "repeat"
"#;

#[test]
fn the_report_of_a_program_speaks_of_the_program() {
    let dir = TestDir::new();
    dir.write("x.toml", PROGRAM);
    dir.run("run x.toml").ok();
    dir.run("report --out told").ok();
    let page = dir.read("told/report.md");
    for foreign in ["## Data", "data set", "texts are", "to the bit", "weights", "fold", "`dataset`"] {
        assert!(!page.contains(foreign), "{foreign}: {page}");
    }
    for own in [
        "## Program",
        "[\"sh\", \"-c\", \"echo {n}\"]",
        "objective.timeout: 1m",
        "output/stdout.txt",
        "| y |",
    ] {
        assert!(page.contains(own), "{own}: {page}");
    }
    assert!(page.contains("were evaluated more than once, and gave the same values each time"), "{page}");
    assert!(page.contains("Whether it does is its own affair"), "{page}");
}

#[test]
fn nothing_advises_what_a_program_cannot_have() {
    let dir = TestDir::new();
    dir.write("x.toml", PROGRAM);
    dir.run("run x.toml").ok();
    for verb in [
        "export outside",
        "export @/0",
        "errors outside",
        "evaluate outside",
        "calibrate outside",
        "predict outside text",
        "model register outside m",
        "plot roc outside",
        "plot attention outside",
    ] {
        let told = dir.run(verb).fails(3);
        assert!(told.contains("evaluated elsewhere") && !told.contains("resume"), "{verb}: {told}");
    }
    let told = dir.run("export outside").fails(3);
    let advised = told.split('`').find(|part| part.starts_with("uaic show")).unwrap();
    assert!(
        dir.run(advised.strip_prefix("uaic ").unwrap()).ok().contains("output/stdout.txt"),
        "it works: {told}"
    );
}

#[test]
fn the_report_of_a_study_that_is_asked_speaks_of_who_asks() {
    let dir = TestDir::new();
    dir.write(
        "x.toml",
        PROGRAM.replace("command = [\"sh\", \"-c\", \"echo {n}\"]\ntimeout = \"1m\"", "ask = true"),
    );
    dir.run("study create x.toml").ok();
    for value in ["3.5", "1e-5", "2"] {
        let asked = dir.run("ask outside --json").json();
        let number = asked["trials"][0]["number"].to_string();
        dir.run(&format!("tell outside {number} {value}")).ok();
    }
    dir.run("report outside --out told").ok();
    let page = dir.read("told/report.md");
    assert!(page.contains("who asks for points") && page.contains("uaic study create again.toml"), "{page}");
    assert!(page.contains("1.000e-5") && !page.contains("## Data") && !page.contains("to the bit"), "{page}");
    let compared = dir.run("compare outside/0 outside/1").ok();
    assert!(compared.contains("3.5000"), "told values are compared: {compared}");
}
