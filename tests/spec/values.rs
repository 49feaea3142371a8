//! What a spec means: overrides, defaults, points of the space, the effective spec.

use uaic::spec::{Distribution, Space, Validation};
use uaic::trial::{Direction, ParamValue, Params};

use super::{parse, shipped, spec_with};

#[test]
fn an_override_sets_any_key_and_the_last_one_wins() {
    let spec = parse(
        &shipped("attention"),
        &[
            ("study.trials", "3"),
            ("study.trials", "5"),
            ("data.dataset", "atis"),
            ("data.validation.fraction", "0.25"),
            ("experiment.name", "2024"),
            ("experiment.description", "\"two words\""),
            ("train.optimizer", "adamw"),
            ("text.lowercase", "false"),
            ("final.epochs", "0"),
        ],
    )
    .unwrap();
    assert_eq!(spec.study.trials, 5);
    let training = spec.training().unwrap();
    assert_eq!(training.data.dataset, "atis");
    assert_eq!(training.data.validation, Validation::Fraction(0.25));
    assert_eq!(spec.experiment.name, "2024");
    assert_eq!(spec.experiment.description, "two words");
    assert!(!training.text.lowercase);
    assert_eq!(spec.final_stage().unwrap().epochs, 0);
    assert_eq!(spec.source.text, shipped("attention"));
}

#[test]
fn an_override_may_give_what_the_file_lacks() {
    assert!(parse("[experiment]\nname = \"a\"", &[("data.dataset", "b")]).is_ok());
}

#[test]
fn fixing_a_searched_key_takes_it_out_of_the_search() {
    let spec = parse(&shipped("attention"), &[("train.lr", "0.002")]).unwrap();
    assert_eq!(spec.training().unwrap().train.lr.to_bits(), 0.002_f64.to_bits());
    assert_eq!(spec.search.len(), 4);
    assert!(spec.search.get("train.lr").is_none());
    let again = spec.with(&[("search.train.lr".to_owned(), "{ log = [1e-3, 1e-2] }".to_owned())]).unwrap();
    assert_eq!(again.search.get("train.lr"), Some(&Distribution::Log { low: 1e-3, high: 1e-2 }));
    assert_eq!(again.source.overrides.len(), 2);
}

#[test]
fn the_direction_follows_the_metric_unless_it_is_given() {
    let direction = |lines: &str| parse(&spec_with(lines), &[]).unwrap().study.goals.direction();
    assert_eq!(direction(""), Direction::Maximize);
    assert_eq!(direction("[study]\nmetric = \"val/loss\""), Direction::Minimize);
    assert_eq!(direction("[study]\nmetric = \"val/f1_macro\""), Direction::Maximize);
    assert_eq!(direction("[study]\nmetric = \"val/loss\"\ndirection = \"maximize\""), Direction::Maximize);
}

#[test]
fn a_point_of_the_space_is_put_into_the_training() {
    let spec = parse(&shipped("attention"), &[("search.train.optimizer", "{ choice = ['adamw'] }")]).unwrap();
    let point: Params = [
        ("train.lr", ParamValue::Float(0.005)),
        ("model.hidden_dim", ParamValue::Int(128)),
        ("train.optimizer", ParamValue::Text("adamw".to_owned())),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    let training = spec.at(&point).unwrap();
    let expected = [("train.lr", "0.005"), ("model.hidden_dim", "128"), ("train.optimizer", "adamw")];
    assert_eq!(Some(&training), parse(&shipped("attention"), &expected).unwrap().training());
    assert_eq!(Some(&spec.at(&Params::new()).unwrap()), spec.training());
}

#[test]
fn a_point_outside_of_the_keys_is_refused() {
    let spec = parse(&shipped("attention"), &[]).unwrap();
    let at = |key: &str, value| spec.at(&[(key.to_owned(), value)].into()).unwrap_err().to_string();
    assert_eq!(
        at("train.foo", ParamValue::Int(1)),
        "`train.foo` is no parameter that can be set; `uaic schema` lists the keys"
    );
    assert!(at("study.trials", ParamValue::Int(1)).starts_with("`study.trials` is no parameter"));
    assert_eq!(at("train.lr", ParamValue::Int(-1)), "`train.lr` must be a number > 0, not -1");
}

#[test]
fn the_effective_spec_names_every_default_in_a_fixed_order() {
    let expected = r#"[experiment]
name = "a"
description = ""

[data]
dataset = "b"
validation.folds = 5

[text]
tokenizer = "words"
lowercase = true
numbers = "keep"
punctuation = "keep"
min_frequency = 1
max_vocabulary = 0
max_length = 128
ngrams = 2000
ngram_min = 3
ngram_max = 5

[model]
architecture = "lstm-attention"
embedding_dim = 64
hidden_dim = 64
layers = 1
bidirectional = true
pooling = "max"
word_dropout = 0.05
dropout = 0.4
head_dropout = 0.0
adversarial = 1.0

[train]
epochs = 10
batch_size = 32
optimizer = "adam"
lr = 0.002
weight_decay = 0.0
clip_norm = 0.0
schedule = "constant"
warmup = 0.0
step_epochs = 10
step_factor = 0.1
label_smoothing = 0.0
class_weights = "none"
oos_weight = 0.05
average = 0.99
patience = 0

[search]
"train.lr" = { log = [0.0001, 0.01] }

[study]
sampler = "auto"
trials = 20
parallel = 4
seed = 42
metric = "val/accuracy"
direction = "maximize"
feasible = ""
timeout = ""
duplicates = "avoid"

[pruner]
kind = "none"
startup_trials = 5
warmup_steps = 0
interval = 1
percentile = 25.0
min_resource = 1
grace = 0
around = "none"
reduction = 3
patience = 5
min_delta = 0.0
p_threshold = 0.1

[final]
epochs = 30
"#;
    let spec = parse(&spec_with("[search]\ntrain.lr = { log = [1e-4, 1e-2] }"), &[]).unwrap();
    assert_eq!(spec.effective_toml(), expected);
}

#[test]
fn the_fingerprint_changes_with_what_decides_results_and_nothing_else() {
    let of = |overrides: &[(&str, &str)]| parse(&shipped("attention"), overrides).unwrap().fingerprint();
    let plain = of(&[]);
    assert_eq!(plain.len(), 64);
    for same in [("experiment.name", "other"), ("experiment.description", "x"), ("study.trials", "99")] {
        assert_eq!(of(&[same]), plain, "{same:?}");
    }
    assert_eq!(of(&[("train.clip_norm", "-0.0")]), plain);
    let spaced = shipped("attention").replace(" = ", "=").replace('#', "##");
    assert_eq!(parse(&spaced, &[]).unwrap().fingerprint(), plain);
    for other in [
        ("study.seed", "43"),
        ("study.parallel", "2"),
        ("data.dataset", "atis"),
        ("train.clip_norm", "1"),
        ("final.epochs", "0"),
        ("search.train.lr", "{ log = [1e-4, 2e-2] }"),
        ("train.lr", "1e-3"),
    ] {
        assert_ne!(of(&[other]), plain, "{other:?}");
    }
}

#[test]
fn shipped_specs_differ_where_they_should_and_nowhere_else() {
    let spec = |name| parse(&shipped(name), &[]).unwrap();
    let same = |name, overrides: &[(&str, &str)]| {
        let expected = parse(&shipped("attention"), overrides).unwrap();
        assert_eq!(spec(name).effective_toml(), expected.effective_toml());
    };
    same("lstm", &[("experiment.name", "lstm"), ("model.architecture", "lstm")]);
    same("random", &[("experiment.name", "random"), ("study.sampler", "random")]);
    same(
        "atis",
        &[
            ("experiment.name", "atis"),
            ("data.dataset", "atis-dedup"),
            ("text.ngrams", "0"),
            ("model.pooling", "last"),
            ("model.word_dropout", "0"),
            ("search.train.lr", "{ log = [1e-4, 1e-2] }"),
            ("search.model.embedding_dim", "{ choice = [64, 128, 256] }"),
            ("study.trials", "20"),
        ],
    );
    let attention = spec("attention");
    assert_eq!((attention.study.trials, attention.study.seed), (16, 42));
    assert_eq!(attention.final_stage().unwrap().epochs, 30);
    assert_eq!(attention.search.len(), 5);
}

#[test]
fn each_form_of_distribution_is_read_quoted_or_dotted() {
    let text = spec_with(
        "[search]\n\
         model.dropout = { uniform = [0, 0.5], step = 0.1 }\n\
         \"train.warmup\" = { uniform = [0.0, 0.5] }\n\
         train.lr = { log = [1e-4, 1] }\n\
         train.epochs = { int = [1, 9], step = 2 }\n\
         train.patience = { int = [0, 3] }\n\
         model.hidden_dim = { int_log = [8, 512] }\n\
         train.clip_norm = { choice = [0, 1.5] }\n\
         train.optimizer = { choice = [\"adamw\", \"adam\"] }\n\
         text.lowercase = { choice = [true] }",
    );
    let names = |names: [&str; 2]| names.map(|name| ParamValue::Text(name.to_owned())).to_vec();
    let expected = [
        ("model.dropout", Distribution::Uniform { low: 0.0, high: 0.5, step: Some(0.1) }),
        ("train.warmup", Distribution::Uniform { low: 0.0, high: 0.5, step: None }),
        ("train.lr", Distribution::Log { low: 1e-4, high: 1.0 }),
        ("train.epochs", Distribution::Int { low: 1, high: 9, step: 2 }),
        ("train.patience", Distribution::Int { low: 0, high: 3, step: 1 }),
        ("model.hidden_dim", Distribution::IntLog { low: 8, high: 512 }),
        ("train.clip_norm", Distribution::Choice([0.0, 1.5].map(ParamValue::Float).to_vec())),
        ("train.optimizer", Distribution::Choice(names(["adamw", "adam"]))),
        ("text.lowercase", Distribution::Choice(vec![ParamValue::Bool(true)])),
    ];
    let expected = Space::new(expected.into_iter().map(|(key, form)| (key.to_owned(), form)));
    let spec = parse(&text, &[]).unwrap();
    assert_eq!(spec.search, expected);
    assert_eq!(parse(&spec.effective_toml(), &[]).unwrap().search, expected);
}

#[test]
fn a_step_as_wide_as_the_range_is_legal_in_spite_of_rounding() {
    let text = spec_with("[search]\ntrain.lr = { uniform = [0.1, 0.3], step = 0.2 }");
    let expected = Distribution::Uniform { low: 0.1, high: 0.3, step: Some(0.2) };
    assert_eq!(parse(&text, &[]).unwrap().search.get("train.lr"), Some(&expected));
}
