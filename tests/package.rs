//! Packages: `uaic export`, `predict` and `import` as whole commands, and the format itself.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use uaic::eval::Predictions;
use uaic::package::{Package, PackageError, PackageFault, PredictOptions};

use crate::support::TestDir;
use crate::support::small_study::project;

/// A small project with its model in `small.uaic`.
fn exported() -> TestDir {
    let (dir, _) = project();
    dir.run("export @ --out small.uaic").ok();
    dir
}

/// The objects of JSON lines.
fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bits(value: &Value) -> u64 {
    value.as_f64().unwrap().to_bits()
}

fn bytes_of(dir: &TestDir, name: &str) -> Vec<u8> {
    std::fs::read(dir.join(name)).unwrap()
}

#[test]
fn an_exported_model_says_exactly_what_its_run_has_stored() {
    let dir = exported();
    dir.run("show @ --artifact predictions/test.safetensors --out test.safetensors").ok();
    let stored = Predictions::from_safetensors(&bytes_of(&dir, "test.safetensors")).unwrap();
    let package = Package::read(&dir.join("small.uaic")).unwrap();
    let calibration = package.calibration().unwrap().unwrap();
    let (probabilities, scores) =
        (stored.probabilities(calibration.temperature), calibration.scores(&stored).unwrap());
    let said = objects(&dir.run("predict small.uaic --file data/tiny/test.tsv --json").ok());
    assert_eq!(said.len(), stored.len());
    let texts = dir.read("data/tiny/test.tsv");
    for (at, (answer, line)) in said.iter().zip(texts.lines()).enumerate() {
        let label = stored.predicted()[at];
        assert_eq!(answer["text"], line.split('\t').next().unwrap());
        assert_eq!(answer["label"], stored.labels[label]);
        assert_eq!(bits(&answer["confidence"]), probabilities[at * stored.classes() + label].to_bits());
        assert_eq!(bits(&answer["score"]), scores[at].to_bits());
        assert_eq!(answer["out_of_scope"], scores[at] < calibration.threshold);
        assert_eq!(answer["top"][0]["label"], answer["label"]);
        assert_eq!(answer["top"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn a_text_is_answered_alike_wherever_it_comes_from() {
    let dir = exported();
    dir.run("export @ --format dir --out small").ok();
    let texts = ["show me flights to boston", "what does it cost?", "", "how to bake a cake"];
    dir.write("texts.txt", texts.join("\n") + "\n");
    let rows: String = texts.map(|text| serde_json::json!({ "text": text }).to_string() + "\n").concat();
    dir.write("texts.jsonl", rows);
    dir.write("texts.tsv", texts.map(|text| format!("{text}\tlabel\n")).concat());
    let expected = dir.run("predict small.uaic --file texts.txt --json").ok();
    assert_eq!(expected.lines().count(), texts.len());
    for how in
        ["small.uaic --file texts.jsonl", "small --file texts.tsv", "small --file texts.txt --threads 3"]
    {
        assert_eq!(dir.run(&format!("predict {how} --json")).ok(), expected, "{how}");
    }
    for model in ["@", "small", "./small.uaic"] {
        for (text, line) in texts.iter().zip(expected.lines()) {
            let alone = dir.uaic().args(["predict", model, text, "--json"]).output().unwrap();
            assert_eq!(String::from_utf8(alone.stdout).unwrap().trim_end(), line, "{model}");
        }
    }
    let piped =
        dir.uaic().args(["predict", "small", "-", "--json"]).write_stdin(dir.read("texts.txt")).output();
    assert_eq!(String::from_utf8(piped.unwrap().stdout).unwrap(), expected);
}

#[test]
fn a_pipe_that_pauses_is_answered_line_by_line() {
    let dir = exported();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("uaic"));
    command.current_dir(dir.join(".")).args(["predict", "small.uaic"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for text in ["flights to oslo", "what is the fare", "third"] {
        writeln!(stdin, "{text}").unwrap();
        // Would wait for ever for an answer that waits for more texts.
        let line = answers.next().unwrap().unwrap();
        assert_eq!(line.split('\t').count(), 4 + 2, "{line}");
    }
    drop(stdin);
    assert!(answers.next().is_none() && child.wait().unwrap().success());
}

#[test]
fn plain_lines_have_label_confidence_scope_and_score() {
    let dir = exported();
    let line = dir.uaic().args(["predict", "small.uaic", "show flights", "--top", "1"]).output().unwrap();
    let line = String::from_utf8(line.stdout).unwrap();
    let columns: Vec<&str> = line.trim_end().split('\t').collect();
    assert_eq!(columns.len(), 4, "{line}");
    assert!(["in_scope", "out_of_scope"].contains(&columns[2]));
    assert!(columns[1].parse::<f64>().is_ok() && columns[3].parse::<f64>().is_ok());
    let told = dir.uaic().args(["predict", "small.uaic", "show flights", "--json", "--explain"]).output();
    let told = objects(&String::from_utf8(told.unwrap().stdout).unwrap()).remove(0);
    let tokens = told["tokens"].as_array().unwrap();
    assert_eq!([&tokens[0]["token"], &tokens[1]["token"]], ["show", "flights"]);
    let sum: f64 = tokens.iter().map(|token| token["weight"].as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5);
}

#[test]
fn the_same_run_gives_the_same_bytes_in_both_forms() {
    let dir = exported();
    dir.run("export small/final --out again.uaic").ok();
    assert_eq!(bytes_of(&dir, "small.uaic"), bytes_of(&dir, "again.uaic"));
    let name = dir.run("export @").ok();
    assert!(
        name.starts_with("small-") && Path::new(name.trim_end()).extension().unwrap() == "uaic",
        "{name}"
    );
    dir.run("export @ --format dir --out folder").ok();
    let (file, folder) =
        (Package::read(&dir.join("small.uaic")).unwrap(), Package::read(&dir.join("folder")).unwrap());
    assert_eq!(file, folder);
    assert_eq!(file.digest(), folder.digest());
    file.write_folder(&dir.join("unpacked")).unwrap();
    folder.write_file(&dir.join("packed.uaic")).unwrap();
    assert_eq!(bytes_of(&dir, "packed.uaic"), bytes_of(&dir, "small.uaic"));
    assert_eq!(Package::read(&dir.join("unpacked")).unwrap(), file);
}

#[test]
fn what_is_there_is_replaced_on_request_alone() {
    let dir = exported();
    let error = dir.run("export @ --out small.uaic").fails(4);
    assert!(error.contains("small.uaic is there already") && error.contains("--force"), "{error}");
    dir.run("export @ --out small.uaic --force").ok();
    dir.write("precious/thesis.txt", "years of work");
    let error = dir.run("export @ --out precious --format dir --force").fails(1);
    assert!(error.contains("thesis.txt"), "{error}");
    assert_eq!(dir.read("precious/thesis.txt"), "years of work");
    let left: Vec<_> =
        std::fs::read_dir(dir.join(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".uaic-")), "{left:?}");
}

#[test]
fn a_manifest_says_where_a_model_comes_from() {
    let (dir, said) = project();
    let json = dir.run("export @ --out small.uaic --json").json();
    let package = Package::read(&dir.join("small.uaic")).unwrap();
    let manifest = package.manifest();
    assert_eq!(json["run"], manifest.run.as_str());
    assert_eq!(json["sha256"], package.digest());
    assert_eq!(json["size"], bytes_of(&dir, "small.uaic").len());
    assert_eq!(said["study"]["id"], manifest.study.as_str());
    assert_eq!(
        (manifest.experiment.as_str(), manifest.seed, manifest.data.name.as_str()),
        ("small", 7, "tiny")
    );
    assert_eq!(manifest.data.hashes.keys().collect::<Vec<_>>(), ["ood", "ood_test", "test", "train"]);
    assert!(manifest.params.contains_key("train.lr"));
    let metrics: BTreeMap<String, f64> =
        manifest.metrics.iter().map(|(name, figure)| (name.clone(), figure.value)).collect();
    assert_eq!(serde_json::to_value(metrics).unwrap(), said["final"]["metrics"]);
    assert!(!manifest.environment.contains_key("host"), "{:?}", manifest.environment);
    let card = String::from_utf8(package.file("MODEL_CARD.md").unwrap().to_vec()).unwrap();
    for part in
        ["## Intended use", "## Every class", "## Limits", "## How to use it", "| flight |", "out-of-scope"]
    {
        assert!(card.contains(part), "{part}: {card}");
    }
    let spec = String::from_utf8(package.file("spec.toml").unwrap().to_vec()).unwrap();
    dir.write("again.toml", spec);
    dir.run("check again.toml").ok();
}

#[test]
fn the_example_of_a_signature_is_what_the_model_says() {
    let dir = exported();
    let package = Package::read(&dir.join("small.uaic")).unwrap();
    let signature: Value = serde_json::from_slice(package.file("signature.json").unwrap()).unwrap();
    let example = &signature["example"];
    let text = example["text"].as_str().unwrap();
    let answer = package.predictor().unwrap().predict(&[text], PredictOptions::default()).unwrap().remove(0);
    assert_eq!(example["label"], *answer.label);
    assert_eq!(bits(&example["confidence"]), answer.confidence.to_bits());
    assert!(!dir.read("data/tiny/test.tsv").contains(text), "never a text of the test split");
}

#[test]
fn an_imported_package_is_a_run_and_only_once() {
    let dir = exported();
    let metrics = dir.run("evaluate @ --json").json()["metrics"].clone();
    let elsewhere = |arguments: &str| dir.run(&format!("--store elsewhere {arguments}"));
    let first = elsewhere("import small.uaic --json").json();
    let again = elsewhere("import small.uaic --json").json();
    assert_eq!((&first["was_there"], &again["was_there"]), (&false.into(), &true.into()));
    assert_eq!(first["run"], again["run"]);
    let listed = elsewhere("ls --json").json();
    assert_eq!((&listed["total"], &listed["runs"][0]["kind"]), (&1.into(), &"imported".into()));
    assert!(elsewhere("ls").ok().contains("/imported"));
    assert_eq!(elsewhere("evaluate @ --json").json()["metrics"], metrics);
    assert!(elsewhere("errors small -n 1").ok().contains("taken for"));
    let shown = elsewhere("show @").ok();
    for part in ["imported model", "package.run", "test/accuracy", "package/MODEL_CARD.md", "data.train.hash"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    elsewhere("export small --out back.uaic").ok();
    assert_eq!(bytes_of(&dir, "back.uaic"), bytes_of(&dir, "small.uaic"));
    let said = dir.run("predict small.uaic --file data/tiny/test.tsv --json").ok();
    assert_eq!(elsewhere("predict small/imported --file data/tiny/test.tsv --json").ok(), said);
    elsewhere("report small --out page").ok();
    assert!(dir.read("page/index.html").contains("small"));
    // Beside the run that it came from, it is a run of its own.
    dir.run("import small.uaic").ok();
    assert_eq!(dir.run("ls --json").json()["total"], 3);
}

#[test]
fn what_is_no_package_is_refused_with_the_reason() {
    let dir = exported();
    let good = bytes_of(&dir, "small.uaic");
    let mut changed = good.clone();
    // A letter of the model card, near the beginning of the archive.
    let at = good.windows(12).position(|window| window == b"# Model card").unwrap();
    changed[at + 3] ^= 1;
    dir.write("changed.uaic", changed);
    dir.write("cut.uaic", &good[..good.len() - 1]);
    dir.write("text.uaic", "not a zip");
    dir.write("empty.uaic", "");
    std::fs::create_dir(dir.join("hollow.uaic")).unwrap();
    for (name, why) in [
        ("changed.uaic", "`MODEL_CARD.md` is refused: its checksum is wrong"),
        ("cut.uaic", "damaged"),
        ("text.uaic", "no zip archive"),
        ("empty.uaic", "no zip archive"),
        ("hollow.uaic", "has no manifest.json"),
    ] {
        for verb in ["predict", "import"] {
            let words = if verb == "predict" { " text" } else { "" };
            let error = dir.run(&format!("--store elsewhere {verb} {name}{words}")).fails(1);
            assert!(error.contains(name) && error.contains(why), "{verb}: {error}");
        }
    }
    assert!(!dir.join("elsewhere").exists(), "nothing is made for a package that cannot be read");
    assert!(dir.run("predict nowhere.uaic text").fails(3).contains("no package nowhere.uaic"));
    assert!(dir.run("predict nowhere text").fails(3).contains("nowhere"));
    let error = dir.run("predict small.uaic --file nowhere.txt").fails(3);
    assert!(error.contains("nowhere.txt"), "{error}");
    dir.write("bad.jsonl", "{\"text\": \"show flights\"}\n{\"txt\": 1}\n");
    let answer = dir.run("predict small.uaic --file bad.jsonl");
    assert_eq!(answer.stdout.lines().count(), 1, "what came before is answered: {answer:?}");
    assert!(answer.fails(1).contains("bad.jsonl: line 2"));
}

#[test]
fn a_folder_with_anything_else_in_it_is_no_package() {
    let dir = exported();
    dir.run("export @ --format dir --out folder").ok();
    let refused = |why: &str| {
        let error = Package::read(&dir.join("folder")).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    };
    dir.write("folder/run.sh", "echo evil");
    refused("`run.sh` is refused: packages have no file of this name");
    std::fs::remove_file(dir.join("folder/run.sh")).unwrap();
    let labels = dir.join("folder/labels.json");
    std::fs::rename(&labels, dir.join("labels.json")).unwrap();
    refused("`labels.json` is missing");
    std::os::unix::fs::symlink(dir.join("labels.json"), &labels).unwrap();
    refused("`labels.json` is refused: it is a link");
    std::fs::remove_file(&labels).unwrap();
    dir.write("folder/labels.json", dir.read("labels.json").replacen('a', "b", 1));
    refused("its SHA-256 is not what the manifest says");
}

#[test]
fn a_package_of_a_newer_format_says_what_to_do() {
    let dir = exported();
    dir.run("export @ --format dir --out folder").ok();
    let manifest = dir.read("folder/manifest.json").replacen("\"format\": 1", "\"format\": 7", 1);
    dir.write("folder/manifest.json", manifest);
    let error = dir.run("predict folder text").fails(1);
    for part in ["its format is 7", "up to 1", "install"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn the_help_documents_all_of_the_json() {
    let dir = exported();
    let help = dir.run("predict --help").ok();
    let line = dir.uaic().args(["predict", "small.uaic", "x y", "--json", "--explain"]).output().unwrap();
    let line = objects(&String::from_utf8(line.stdout).unwrap()).remove(0);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in [keys(&line), keys(&line["top"][0]), keys(&line["tokens"][0])].concat() {
        assert!(help.contains(&format!("\"{key}\"")), "`{key}`: {help}");
    }
    for (verb, json) in [
        ("export", dir.run("export @ --out b.uaic --json").json()),
        ("import", dir.run("import small.uaic --json").json()),
    ] {
        let help = dir.run(&format!("{verb} --help")).ok();
        for key in keys(&json) {
            assert!(help.contains(&format!("\"{key}\"")), "`{key}` of {verb}: {help}");
        }
    }
}

// ---- Old formats: a package of each format is kept for ever, with what it says. ----

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/package").join(name)
}

const GOLDEN_TEXTS: [&str; 6] = [
    "show me flights from boston to denver",
    "what is the cheapest fare",
    "which airline is that",
    "How to bake a CAKE?",
    "zürich",
    "",
];

/// What a package says of the golden texts, as JSON lines.
fn golden_lines(package: &Package) -> String {
    let predictor = package.predictor().unwrap();
    let answers = predictor.predict(&GOLDEN_TEXTS, PredictOptions::default()).unwrap();
    let line = |(text, answer): (&&str, &uaic::package::Prediction)| {
        let top: Vec<Value> = answer
            .top
            .iter()
            .map(|one| serde_json::json!({ "label": *one.label, "confidence": one.confidence }))
            .collect();
        let (scope, score) = (answer.is_out_of_scope, answer.score);
        let json = serde_json::json!({ "text": text, "out_of_scope": scope, "score": score, "top": top });
        format!("{json}\n")
    };
    GOLDEN_TEXTS.iter().zip(&answers).map(line).collect()
}

/// Writes the fixtures of format 1. Never again once a newer format exists:
/// `cargo test --test integration -- --ignored make_golden_package`
#[test]
#[ignore = "writes the fixture"]
fn make_golden_package() {
    let (dir, _) = project();
    let small = "-P text.ngrams=100 -P model.embedding_dim=8 -P model.bidirectional=false";
    dir.run(&format!("run small.toml {small} -P final.epochs=30 --quiet")).ok();
    dir.run("export @ --out small.uaic").ok();
    let package = Package::read(&dir.join("small.uaic")).unwrap();
    std::fs::create_dir_all(fixture("")).unwrap();
    package.write_file(&fixture("v1.uaic")).unwrap();
    std::fs::write(fixture("v1.jsonl"), golden_lines(&package)).unwrap();
}

/// The golden package with another content of some files, and hashes that fit.
fn altered(changes: &[(&str, &str)]) -> Result<Package, PackageError> {
    let package = Package::read(&fixture("v1.uaic")).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> =
        package.files().map(|(name, content)| (name.to_owned(), content.to_vec())).collect();
    files.remove("manifest.json");
    for (name, content) in changes {
        files.insert((*name).to_owned(), content.as_bytes().to_vec());
    }
    Package::new(package.manifest().clone(), files)
}

#[test]
fn values_that_no_model_has_are_refused() {
    let package = Package::read(&fixture("v1.uaic")).unwrap();
    let text = |name: &str| String::from_utf8(package.file(name).unwrap().to_vec()).unwrap();
    let with = |name: &str, key: &str, value: Value| {
        let mut json: Value = serde_json::from_str(&text(name)).unwrap();
        let (path, key) = key.rsplit_once('/').unwrap();
        json.pointer_mut(path).unwrap()[key] = value;
        json.to_string()
    };
    let classes = serde_json::from_str::<Vec<String>>(&text("labels.json")).unwrap().len();
    let equal = serde_json::json!(vec!["a"; classes]).to_string();
    let pieces = r#"{"model": {"max_input_chars_per_word": 4000000000}}"#;
    for (name, content, why) in [
        ("config.json", with("config.json", "/hidden_dim", 0.into()), "`model.hidden_dim` must be"),
        ("config.json", with("config.json", "/layers", 4_000_000_000_u32.into()), "`model.layers` must be"),
        ("config.json", with("config.json", "/hidden_dim", 9.into()), "not 32-bit floats of shape"),
        ("config.json", with("config.json", "/architecture", "lstm".into()), "not that of the configuration"),
        ("config.json", "[]".to_owned(), "config.json"),
        (
            "tokenizer.json",
            with("tokenizer.json", "/options/ngram_max", 4_000_000_000_u32.into()),
            "ngram_max",
        ),
        ("tokenizer.json", with("tokenizer.json", "/options/max_length", 0.into()), "max_length"),
        ("tokenizer.json", with("tokenizer.json", "/vocabulary", Value::Array(vec![])), "reserved words"),
        ("tokenizer.json", pieces.to_owned(), "max_input_chars_per_word is above"),
        ("labels.json", "[]".to_owned(), "there are none"),
        ("labels.json", equal, "some are equal"),
        ("labels.json", r#"["one", "more"]"#.to_owned(), "model.safetensors"),
        (
            "calibration.json",
            with("calibration.json", "/temperature", 0.into()),
            "temperature is no positive",
        ),
        ("calibration.json", "[".repeat(99), "nested more than"),
    ] {
        let made = altered(&[(name, content.as_str())]).and_then(|package| package.predictor());
        let told = made.map(drop).unwrap_err().to_string();
        assert!(told.contains(why), "{name}: {told}");
    }
}

#[test]
fn a_package_of_format_1_says_what_it_always_said() {
    let package = Package::read(&fixture("v1.uaic")).unwrap();
    assert_eq!(package.manifest().format, 1);
    assert_eq!(golden_lines(&package), std::fs::read_to_string(fixture("v1.jsonl")).unwrap());
    let bytes = std::fs::read(fixture("v1.uaic")).unwrap();
    assert!(bytes.len() < 60_000, "{}", bytes.len());
    assert_eq!(package.to_bytes(), bytes, "writing it again changes nothing");
    let error = Package::from_bytes(&bytes[1..]).unwrap_err();
    assert!(matches!(error.fault, PackageFault::Foreign(_)), "{error}");
}
