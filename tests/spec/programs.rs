//! Specs with `[objective]`: a command, or trials that are asked for.

use std::path::Path;

use uaic::spec::{ObjectiveSpec, PointError, Spec};
use uaic::training::{Training, load_spec};
use uaic::trial::Params;

use super::parse;

const COMMAND: &str = r#"
[experiment]
name = "cmd"
[objective]
command = ["sh", "-c", "true {lr} {layers} {opt}"]
env = { A = "x" }
timeout = "90s"
[search]
lr = { log = [1e-4, 1e-2] }
layers = { int = [1, 4] }
opt = { choice = ["adam", "sgd"] }
momentum = { uniform = [0.1, 0.9], when = { opt = "sgd" } }
fixed = 3
constraints = ["layers <= 3"]
[study]
metric = ["loss", "time"]
direction = ["minimize", "minimize"]
trials = 7
timeout = "30m"
feasible = "size <= 5"
sampler = "random"
[pruner]
kind = "none"
"#;

const ASKED: &str = "
experiment.name = \"ask\"
objective.ask = true
search.x = { uniform = [-5.0, 5.0] }
";

const ASKED_WITH_MORE: &str = "
experiment.name = \"ask2\"
objective.ask = true
search.x = { uniform = [-5.0, 5.0] }
study = { metric = \"score\", direction = \"maximize\", target = 0.5, seed = 9, sampler = \"tpe\" }
pruner = { kind = \"median\", startup_trials = 3 }
";

/// Studies of version 0.1.0 go on only as long as these stay what they were.
#[test]
fn fingerprints_are_those_of_earlier_versions() {
    for (text, is_constrained, fingerprint) in [
        (COMMAND, false, "febc5350fb6bb47135fd30a0f6fd0f2baf4d8098dd257d13caba7ca3c7cee033"),
        (COMMAND, true, "8bbdce11bebd297172d297773d3d83d0c9bb9ac8b09c5f0a2f9a1edfae466c42"),
        (ASKED, false, "15711164017fa2f636e142d6aaff2f35dd79d4bebbaf09d7f74b950bee470bd6"),
        (ASKED, true, "d675a229c7aa23866055034561cc8336f8162c6a7424f65d57c848e16d9a2111"),
        (ASKED_WITH_MORE, false, "02f7c177458dda95e39ce12ed74562ec9e6c5ad03ae5346235846055f370a568"),
        (ASKED_WITH_MORE, true, "9d90cdbc2db950f0d23b49dc4a36ea51beded3965afc13e613ac77017881983f"),
    ] {
        let overrides = [("study.feasible", "a < 3")];
        let spec = parse(text, if is_constrained { &overrides } else { &[] }).unwrap();
        assert_eq!(spec.fingerprint(), fingerprint, "{text}");
    }
    for (name, fingerprint) in [
        ("attention", "a48bf6f72640ddd774cbcf9e03d97e9c666d5947c6162cc7b7b580c776dc980e"),
        ("lstm", "ce9ba50bf19cb44d13f4d9d691c2cfe4a9d88ee6e5aa36cb48c1ddae9099eeb4"),
    ] {
        let spec = load_spec(Path::new(&format!("experiments/{name}.toml")), &[]).unwrap();
        assert_eq!(Training::open(spec).unwrap().fingerprint(), fingerprint, "{name}");
    }
}

#[test]
fn the_effective_spec_of_a_program_is_that_program() {
    for text in [COMMAND, ASKED, ASKED_WITH_MORE] {
        let spec = parse(text, &[]).unwrap();
        let effective = spec.effective_toml();
        let again = parse(&effective, &[]).unwrap();
        assert_eq!(again.effective_toml(), effective);
        assert_eq!((&again.objective, &again.search), (&spec.objective, &spec.search), "{effective}");
        assert_eq!((&again.study, &again.pruner), (&spec.study, &spec.pruner), "{effective}");
        assert_eq!(again.fingerprint(), spec.fingerprint());
    }
}

#[test]
fn a_program_has_no_training() {
    let spec = parse(COMMAND, &[("objective.timeout", "5s"), ("layers", "2")]).unwrap();
    let ObjectiveSpec::Command(table) = &spec.objective else { panic!("no command") };
    assert_eq!(table["timeout"].as_str(), Some("5s"));
    assert_eq!((spec.training(), spec.final_stage()), (None, None));
    assert_eq!(spec.at(&Params::new()), Err(PointError::NoTraining));
    let error = Training::open(spec).err().unwrap().to_string();
    assert!(
        error.starts_with("error: the trials of a spec with [objective] are evaluated elsewhere"),
        "{error}"
    );
    assert!(error.contains("--> x.toml:4:1"), "{error}");
}

#[test]
fn an_error_of_a_key_points_to_where_it_was_given() {
    let place = |overrides: &[(&str, &str)], key| {
        let spec = parse(&super::spec_with("[train]\nlr = 0.1"), overrides).unwrap();
        let errors = spec.refuse_key(key, "no".to_owned(), None);
        (errors.0[0].place.line(), errors.0[0].place.path())
    };
    assert_eq!(place(&[], "data.dataset"), (Some(4), "x.toml".to_owned()));
    assert_eq!(place(&[], "model.layers"), (Some(1), "x.toml".to_owned()));
    let overridden = (None, "-P data.dataset=c".to_owned());
    assert_eq!(place(&[("data.dataset", "c")], "data.dataset"), overridden);
    let asked = Spec::parse(ASKED, Path::new("x.toml"), &[]).unwrap();
    let errors = asked.refuse_key("objective", "no".to_owned(), None);
    assert_eq!(errors.0[0].place.line(), Some(3));
}
