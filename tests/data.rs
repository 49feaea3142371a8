//! `uaic data`: listing, figures, fetching, generating.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use uaic::data::fetch::{Fetched, Format, IfThere, Normalization, Origin, Source, SourceFile, fetch};

use crate::support::TestDir;

/// A data set of two files that fits in a test; hashes from `printf … | sha256sum`.
static TINY: Source = Source {
    name: "tiny",
    about: "for tests",
    repository: "owner/tiny",
    commit: "0123456789012345678901234567890123456789",
    licence: "none",
    format: Format::Csv,
    normalization: Normalization::None,
    files: &[
        SourceFile {
            path: "d/train.csv",
            bytes: 40,
            sha256: "1677c3c9c88d9fb6e5764dc2e9da997460927f26f29c875259ae5469a7b94c7f",
        },
        SourceFile {
            path: "d/test.csv",
            bytes: 21,
            sha256: "b3ac5e8e11849f1621f725e136a1d62799b97fc646c279cf6064b9fc5a1c3068",
        },
    ],
    splits: &[("train", 2), ("test", 1)],
};
const TRAIN: &str = "text,category\n\"hi, you\",greet\nbye,leave\n";
const TEST: &str = "text,category\ngo,bye\n";

/// A server on this machine that gives one answer per connection, in this order and then no more.
struct Server {
    url: String,
}

impl Server {
    fn new(answers: &[Vec<u8>]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answers = answers.to_vec();
        std::thread::spawn(move || {
            for answer in answers {
                let (connection, _) = listener.accept().unwrap();
                respond(connection, &answer);
            }
        });
        Self { url }
    }
}

fn respond(mut connection: TcpStream, answer: &[u8]) {
    // The whole request is read, or closing would reset the connection.
    let request = BufReader::new(connection.try_clone().unwrap());
    request.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
    connection.write_all(answer).unwrap();
}

/// An answer with this status and body; `length` is what it claims, true or not.
fn answer(status: &str, body: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn good(body: &str) -> Vec<u8> {
    answer("200 OK", body, body.len())
}

/// A port where nobody listens.
fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn fetch_tiny(server: &Server, out: &Path) -> Result<Fetched, String> {
    let origin = Origin::Web { base: &server.url };
    fetch(&TINY, origin, out, IfThere::Keep, &mut |_| {}).map_err(|error| error.to_string())
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_download_is_converted_and_put_in_place() {
    let dir = TestDir::new();
    let server = Server::new(&[good(TRAIN), good(TEST)]);
    let Fetched::Written(manifest) = fetch_tiny(&server, &dir.join("data/tiny")).unwrap() else { panic!() };
    assert_eq!(dir.read("data/tiny/train.tsv"), "hi, you\tgreet\nbye\tleave\n");
    assert_eq!(dir.read("data/tiny/test.tsv"), "go\tbye\n");
    assert_eq!(entries(&dir.join("data")), ["tiny"]);
    assert_eq!(entries(&dir.join("data/tiny")), ["SOURCE.json", "test.tsv", "train.tsv"]);
    assert!(manifest.originals.iter().all(|file| file.pinned));

    let again = fetch_tiny(&Server { url: dead_url() }, &dir.join("data/tiny")).unwrap();
    assert_eq!(again, Fetched::AlreadyThere(manifest), "a complete copy needs no network");
}

#[test]
fn a_broken_connection_and_a_server_in_trouble_are_tried_again() {
    let dir = TestDir::new();
    let answers = [answer("200 OK", "text,ca", 40), answer("503 Busy", "", 0), good(TRAIN), good(TEST)];
    fetch_tiny(&Server::new(&answers), &dir.join("tiny")).unwrap();
}

#[test]
fn a_body_that_always_breaks_off_is_an_error_and_leaves_nothing() {
    let dir = TestDir::new();
    let broken = answer("200 OK", "text,ca", 40);
    let error = fetch_tiny(&Server::new(&[broken.clone(), broken.clone(), broken]), &dir.join("data/tiny"));
    let error = error.unwrap_err();
    assert!(error.contains("/d/train.csv: the answer breaks off: "), "{error}");
    assert!(error.ends_with("`uaic data fetch tiny --from DIR` takes the files from a folder"), "{error}");
    assert!(entries(&dir.join("data")).is_empty());
}

#[test]
fn a_file_with_another_hash_is_refused_and_nothing_is_kept() {
    let dir = TestDir::new();
    let error =
        fetch_tiny(&Server::new(&[good(TRAIN), good("text,category\ngo,BYE\n")]), &dir.join("data/tiny"));
    let error = error.unwrap_err();
    assert!(error.contains("/d/test.csv is not the pinned file: expected 21 bytes"), "{error}");
    assert!(error.contains(TINY.files[1].sha256), "{error}");
    assert!(entries(&dir.join("data")).is_empty());
}

#[test]
fn an_endless_answer_is_cut_off() {
    let dir = TestDir::new();
    let endless = "x".repeat(1 << 20);
    let error = fetch_tiny(&Server::new(&[good(&endless)]), &dir.join("tiny")).unwrap_err();
    assert!(error.contains("found 41 bytes"), "one more than expected is enough: {error}");
}

#[test]
fn the_command_names_url_and_status_of_a_missing_file() {
    let dir = TestDir::new();
    let server = Server::new(&[answer("404 Not Found", "", 0)]);
    let error = dir.run(&format!("data fetch snips --mirror {}", server.url)).fails(1);
    assert!(error.contains("/data/snips/train/seq.in: the server answers 404 (not found"), "{error}");
}

#[test]
fn without_network_the_command_says_how_to_go_on() {
    let dir = TestDir::new();
    let error = dir.run(&format!("data fetch snips --mirror {}", dead_url())).fails(1);
    assert!(error.contains("cannot download http://127.0.0.1:"), "{error}");
    assert!(error.contains("refused"), "{error}");
    assert!(error.contains("`uaic data fetch snips --from DIR`"), "{error}");
    assert!(!dir.join("data/snips").exists());
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_and_all_known_ones() {
    let dir = TestDir::new();
    let error = dir.run("data fetch clink150").fails(3);
    assert!(error.contains("did you mean `clinc150`? known: atis, atis-dedup, banking77"), "{error}");
    let error = dir.run("data generate fligths").fails(3);
    assert!(error.contains("did you mean `flights`?"), "{error}");
    let error = dir.run("data stats atsi").fails(3);
    assert!(error.contains("did you mean `atis`? get it with `uaic data fetch atis`"), "{error}");
    assert!(!dir.join("data").exists(), "asking makes no folder");
}

/// Two rows of ready TSVs as somebody might have them.
fn with_ready_snips(dir: &TestDir) {
    dir.write("mine/train.tsv", "play a song\tPlayMusic\nrain today\tGetWeather\n");
    dir.write("mine/test.tsv", "\u{feff}will it rain\tGetWeather\r\n");
}

#[test]
fn ready_files_are_taken_from_a_folder_and_what_differs_is_said() {
    let dir = TestDir::new();
    with_ready_snips(&dir);
    let answer = dir.run("data fetch snips --from mine");
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.stderr.contains("train.tsv has 2 rows, the original 13084"), "{answer:?}");
    assert!(answer.stderr.contains("no dev.tsv there (700 rows in the original)"), "{answer:?}");
    assert!(answer.stderr.contains("\nlicence: "), "{answer:?}");
    assert_eq!(dir.read("data/snips/test.tsv"), "will it rain\tGetWeather\n");

    let again = dir.run("data fetch snips --from nowhere");
    assert!(again.code == Some(0) && again.stderr.contains("already there"), "{again:?}");
}

#[test]
fn a_bad_ready_file_is_reported_by_line_and_nothing_is_written() {
    let dir = TestDir::new();
    dir.write("mine/train.tsv", "play a song\tPlayMusic\nno label here\n");
    let error = dir.run("data fetch snips --from mine").fails(1);
    assert!(error.contains("mine/train.tsv:2: no tab between text and label"), "{error}");
    assert!(entries(&dir.join("data")).is_empty());
}

#[test]
fn original_files_are_recognised_and_checked() {
    let dir = TestDir::new();
    for part in ["train/seq.in", "train/label", "dev/seq.in", "dev/label", "test/seq.in"] {
        dir.write(Path::new("clone/data/snips").join(part), "x\n");
    }
    let error = dir.run("data fetch snips --from clone").fails(1);
    assert!(error.contains("clone is incomplete: test/label is missing"), "{error}");
    dir.write("clone/data/snips/test/label", "x\n");
    let error = dir.run("data fetch snips --from clone").fails(1);
    assert!(
        error.contains("clone/data/snips/train/seq.in is not the pinned file: expected 617079 bytes"),
        "{error}"
    );

    let error = dir.run("data fetch clinc150 --from clone").fails(1);
    assert!(error.contains("has no files of `clinc150`") && error.contains("data_full.json"), "{error}");
    let error = dir.run("data fetch clinc150 --from nowhere").fails(3);
    assert!(error.contains("there is no folder nowhere"), "{error}");
}

#[test]
fn originals_in_flat_and_nested_folders_give_the_same_data_set() {
    for layout in ["", "d", "tiny/d"] {
        let dir = TestDir::new();
        dir.write(Path::new("from").join(layout).join("train.csv"), TRAIN);
        dir.write(Path::new("from").join(layout).join("test.csv"), TEST);
        let from = dir.join("from");
        fetch(&TINY, Origin::Folder(&from), &dir.join("tiny"), IfThere::Keep, &mut |_| {}).unwrap();
        assert_eq!(dir.read("tiny/train.tsv"), "hi, you\tgreet\nbye\tleave\n", "{layout}");
    }
}

#[test]
fn what_is_in_the_way_is_only_replaced_by_force_and_foreign_files_never() {
    let dir = TestDir::new();
    with_ready_snips(&dir);
    dir.write("data/snips/train.tsv", "my own\twork\n");
    let error = dir.run("data fetch snips --from mine").fails(4);
    assert!(error.contains("no fetch made it") && error.contains("--force"), "{error}");

    dir.write("data/snips/notes.md", "mine");
    let error = dir.run("data fetch snips --from mine --force").fails(4);
    assert!(error.contains("such as `notes.md`: not replaced, even with --force"), "{error}");
    assert_eq!(dir.read("data/snips/train.tsv"), "my own\twork\n");

    fs::remove_file(dir.join("data/snips/notes.md")).unwrap();
    dir.run("data fetch snips --from mine --force").ok();
    assert!(dir.read("data/snips/train.tsv").starts_with("play a song\t"));

    let error = dir.run("data fetch snips --from mine --force --out mine/train.tsv").fails(4);
    assert!(error.contains("mine/train.tsv is a file"), "{error}");

    dir.write("data/snips/test.tsv", "changed\tby hand\n");
    let error = dir.run("data fetch snips --from mine").fails(4);
    assert!(error.contains("test.tsv has been changed since"), "{error}");
    let error = dir.run("data generate flights --out data/snips").fails(4);
    assert!(error.contains("data/snips holds a fetched data set"), "{error}");
}

#[test]
fn the_listing_has_what_is_here_and_what_can_be_had() {
    let dir = TestDir::new();
    with_ready_snips(&dir);
    dir.run("data fetch snips --from mine").ok();
    dir.write("data/broken/train.tsv", "no tab\n");
    dir.write("data/.uaic-fetch-new/train.tsv", "half a li");

    let listing = dir.run("data ls --json").json();
    assert_eq!(listing["schema"], 1);
    let names: Vec<_> = listing["datasets"].as_array().unwrap().iter().map(|set| &set["name"]).collect();
    assert_eq!(names, ["broken", "snips"]);
    assert!(listing["datasets"][0]["problem"].as_str().unwrap().contains("train.tsv:1: no tab"));
    assert_eq!(
        listing["datasets"][1]["splits"][0],
        serde_json::json!({"split": "train", "rows": 2, "classes": 2})
    );
    let available = listing["available"].as_array().unwrap();
    assert!(available.iter().any(|known| known["command"] == "uaic data fetch clinc150"));
    assert!(available.iter().all(|known| known["name"] != "snips"), "it is here already");

    let text = dir.run("data ls").ok();
    assert!(text.contains("snips   ") && text.contains("train 2, test 1"), "{text}");
}

#[test]
fn generated_files_can_be_looked_at() {
    let dir = TestDir::new();
    dir.run("data generate flights --seed 1").ok();
    let first = dir.read("data/flights/train.tsv");
    dir.run("data generate flights --seed 1 --out again").ok();
    dir.run("data generate flights --seed 2 --out other").ok();
    assert_eq!(dir.read("again/train.tsv"), first);
    assert_ne!(dir.read("other/train.tsv"), first);
    dir.run("data stats flights").ok();
    dir.run("data stats ./again").ok();
}

#[test]
fn a_generator_replaces_other_content_only_by_force() {
    let dir = TestDir::new();
    dir.write("mine/train.tsv", "my own\twork\n");
    let error = dir.run("data generate flights --out mine").fails(4);
    assert!(error.contains("mine/train.tsv") && error.contains("--force"), "{error}");
    assert_eq!(dir.read("mine/train.tsv"), "my own\twork\n");
    assert_eq!(entries(&dir.join("mine")), ["train.tsv"], "nothing is written beside it either");

    dir.run("data generate flights --out mine --force").ok();
    dir.run("data generate flights --out mine").ok();
    let error = dir.run("data generate flights --out mine --seed 2").fails(4);
    assert!(error.contains("mine/train.tsv, mine/test.tsv"), "{error}");
    fs::remove_file(dir.join("mine/test.tsv")).unwrap();
    dir.run("data generate flights --out mine").ok();
    assert!(dir.join("mine/test.tsv").exists(), "what is missing is written");
}

#[test]
fn figures_are_printed_per_split_and_as_json() {
    let dir = TestDir::new();
    dir.write("data/mine/train.tsv", "to rome\tfly\nto rome\tfly\nthe fare\tfare\n");
    dir.write("data/mine/test.tsv", "to rome\tfly\nto paris\tcity\n");
    dir.write("data/mine/ood.tsv", "bake a cake\t<unknown>\n");

    let stats = dir.run("data stats mine --json").json();
    assert_eq!((&stats["schema"], &stats["name"]), (&1.into(), &"mine".into()));
    let [train, test, ood] = &stats["splits"].as_array().unwrap()[..] else { panic!("{stats}") };
    assert_eq!(
        (&train["rows"], &train["duplicates"], &train["majority_label"]),
        (&3.into(), &1.into(), &"fly".into())
    );
    assert_eq!((&test["also_in_train"], &test["oov_token_rate"]), (&1.into(), &0.25.into()));
    assert_eq!(test["unseen_labels"], serde_json::json!({"city": 1}));
    assert_eq!((&ood["out_of_scope"], &ood["unseen_labels"]), (&true.into(), &serde_json::json!({})));

    let text = dir.run("data stats mine").ok();
    let line = |name: &str| {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line[name.len()..].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("rows "), "3 2 1");
    assert_eq!(line("texts also in train"), "– 1 0");
    assert_eq!(line("labels of test that train has not:"), "city 1");
    assert!(line("fly ").starts_with("2 1 66.7 % ██"), "{text}");
}

#[test]
fn a_data_set_without_train_or_with_bad_lines_cannot_be_looked_at() {
    let dir = TestDir::new();
    dir.write("data/mine/dev.tsv", "a\tx\n");
    let error = dir.run("data stats mine").fails(1);
    assert!(error.contains("data/mine has no train.tsv, only dev.tsv; write it"), "{error}");
    dir.write("data/mine/train.tsv", b"a\tx\n\xFF\tx\n");
    let error = dir.run("data stats mine").fails(1);
    assert!(error.contains("data/mine/train.tsv:2: invalid UTF-8 at byte 1 of the line"), "{error}");
}

#[test]
fn every_data_verb_has_examples_in_its_help() {
    let dir = TestDir::new();
    for verb in ["", "ls", "stats", "fetch", "generate"] {
        let help = dir.run(&format!("help data {verb}")).ok();
        assert!(help.contains("Examples:\n  uaic data "), "{verb}: {help}");
    }
}

/// The folder with the real data sets, for tests that are built with `--cfg uaic_test_data`.
fn real_data() -> PathBuf {
    std::env::var_os("UAIC_TEST_DATA").expect("UAIC_TEST_DATA names the folder").into()
}

/// Fetches from the folder and gives the figures of each split by name.
fn real_stats(dir: &TestDir, name: &str, from: &Path) -> serde_json::Map<String, serde_json::Value> {
    dir.run(&format!("data fetch {name} --from {}", from.display())).ok();
    let mut stats = dir.run(&format!("data stats {name} --json")).json();
    let splits = stats["splits"].as_array_mut().unwrap().drain(..);
    splits.map(|split| (split["split"].as_str().unwrap().to_owned(), split)).collect()
}

#[test]
#[cfg_attr(not(uaic_test_data), ignore = "needs UAIC_TEST_DATA")]
fn the_reference_split_has_its_known_figures() {
    let dir = TestDir::new();
    let stats = real_stats(&dir, "atis-dedup", &real_data().join("atis_dedup"));
    let rows = ["train", "test", "ood", "ood_test"].map(|split| stats[split]["rows"].as_u64().unwrap());
    assert_eq!(rows, [4634, 850, 80, 70]);
    assert_eq!(stats["train"]["classes"], 22);
    assert_eq!(stats["test"]["also_in_train"], 11);
    let unseen = stats["test"]["unseen_labels"].as_object().unwrap();
    assert_eq!(unseen.values().map(|rows| rows.as_u64().unwrap()).sum::<u64>(), 5);
    for split in ["ood", "ood_test"] {
        let text = dir.read(Path::new("data/atis-dedup").join(format!("{split}.tsv")));
        assert!(!text.contains(char::is_uppercase), "casing must not give out-of-scope texts away");
    }
}

#[test]
#[cfg_attr(not(uaic_test_data), ignore = "needs UAIC_TEST_DATA")]
fn the_standard_atis_split_has_its_known_figures() {
    let dir = TestDir::new();
    let stats = real_stats(&dir, "atis", &real_data());
    let rows = ["train", "dev", "test"].map(|split| stats[split]["rows"].as_u64().unwrap());
    assert_eq!(rows, [4478, 500, 893]);
    assert_eq!(stats["train"]["classes"], 21);
    assert_eq!((&stats["test"]["multi_intent"], &stats["test"]["duplicates"]), (&15.into(), &43.into()));
    let unseen = stats["test"]["unseen_labels"].as_object().unwrap();
    assert_eq!(unseen.values().map(|rows| rows.as_u64().unwrap()).sum::<u64>(), 5);
    assert!(stats["train"]["labels"]["flight+airfare"] == 19, "prefix and `#` are gone");
}
