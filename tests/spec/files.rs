//! Spec files and their data sets on disk.

use std::fs;

use uaic::spec::Spec;
use uaic::training::{dataset_folder, load_spec};

use super::spec_with;

#[test]
fn a_missing_data_set_is_told_together_with_all_other_errors() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("x.toml");
    fs::write(&path, spec_with("[train]\nlr = 0")).unwrap();
    let errors = load_spec(&path, &[]).unwrap_err();
    let places: Vec<_> = errors.0.iter().map(|error| (error.place.line(), error.place.column())).collect();
    assert_eq!(places, [(Some(4), Some(11)), (Some(6), Some(6))]);
    let errors = load_spec(&path, &[("data.dataset".to_owned(), "flights-2".to_owned())]).unwrap_err();
    assert_eq!(errors.0.last().unwrap().place.path(), "-P data.dataset=flights-2");
}

#[test]
fn the_data_set_of_a_parsed_spec_is_looked_for_apart() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("experiments/x.toml");
    let spec = Spec::parse(&spec_with(""), &path, &[]).unwrap();
    let errors = dataset_folder(&spec).unwrap_err();
    assert_eq!((errors.0[0].place.line(), errors.0[0].place.column()), (Some(4), Some(11)));
    fs::create_dir_all(root.path().join("data/b")).unwrap();
    fs::write(root.path().join("data/b/train.tsv"), "").unwrap();
    assert_eq!(dataset_folder(&spec).unwrap(), root.path().join("data/b"));
}

#[test]
fn files_that_are_no_specs_are_refused_clearly() {
    let root = tempfile::tempdir().unwrap();
    let load = |name: &str| {
        let errors = Spec::load(&root.path().join(name), &[]).unwrap_err();
        errors.to_string().replace(root.path().to_str().unwrap(), "ROOT")
    };
    assert_eq!(
        load("x.toml"),
        "error: there is no such spec\n --> ROOT/x.toml\nhelp: `uaic init` writes a commented one"
    );
    fs::write(root.path().join("atention.toml"), "").unwrap();
    assert_eq!(
        load("attention.toml"),
        "error: there is no such spec\n --> ROOT/attention.toml\nhelp: did you mean ROOT/atention.toml?"
    );
    assert_eq!(
        load("zzz.toml"),
        "error: there is no such spec\n --> ROOT/zzz.toml\nhelp: there are ROOT/atention.toml; `uaic init` writes a new one"
    );
    assert_eq!(
        load(""),
        "error: the spec is a folder, not a file\n --> ROOT/\nhelp: name a file in it, such as ROOT/atention.toml"
    );
    fs::write(root.path().join("latin.toml"), b"[experiment]\nname = \"\xe9\"").unwrap();
    assert_eq!(
        load("latin.toml"),
        "error: the file is not UTF-8 text\n --> ROOT/latin.toml:2:9\nhelp: save it as UTF-8"
    );
    fs::write(root.path().join("big.toml"), vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(load("big.toml").starts_with("error: the file is larger than 1 MiB"));
}

#[test]
fn a_condition_on_what_no_training_measures_is_refused_before_it_runs() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("x.toml");
    let told = |feasible: &str| {
        fs::write(&path, spec_with(&format!("[study]\nfeasible = {feasible}"))).unwrap();
        let errors = load_spec(&path, &[]).unwrap_err().0;
        errors.iter().map(ToString::to_string).filter(|error| error.contains("feasible")).collect::<String>()
    };
    let refused = told("\"val/los <= 0.5 and model/parameters <= 1e6\"");
    assert!(refused.contains("names `val/los`, which is no metric of a training"), "{refused}");
    assert!(refused.contains("did you mean `val/loss`?"), "{refused}");
    assert_eq!(told("\"val/loss <= 0.5 and model/parameters <= 1e6\""), "");
    // What has been run can still be looked at.
    let text = spec_with("[study]\nfeasible = \"val/los <= 0.5\"");
    assert!(Spec::parse(&text, &path, &[]).is_ok());
}
