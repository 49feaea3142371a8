//! What is refused, where, and in which words.

use std::path::Path;

use uaic::spec::Spec;

use super::{assert_refused, complaints, parse, shipped, spec_with};

#[test]
fn all_errors_of_a_file_are_told_at_once_with_their_lines() {
    let text = "\
[experiment]
name = \"x\"

[data]
dataset = \"flights\"

[model]
architecture = \"lstm-atention\"
\tdropout = 1.5   # tabs stay tabs

[train]
learning_rate = 0.001

[search]
\"train.lr\" = { log = [0, 1e-2] }
";
    let expected = "\
error: `model.architecture` must be `lstm`, `lstm-attention` or `bert`, not \"lstm-atention\"
 --> x.toml:8:16
  |
8 | architecture = \"lstm-atention\"
  |                ^^^^^^^^^^^^^^^
help: did you mean `lstm-attention`?

error: `model.dropout` must be a number ≥ 0 and < 1, not 1.5
 --> x.toml:9:12
  |
9 | \tdropout = 1.5   # tabs stay tabs
  | \t          ^^^

error: unknown key `learning_rate` in [train]
  --> x.toml:12:1
   |
12 | learning_rate = 0.001
   | ^^^^^^^^^^^^^
help: did you mean `lr`?

error: a log range must lie above 0, but has an end at 0
  --> x.toml:15:23
   |
15 | \"train.lr\" = { log = [0, 1e-2] }
   |                       ^
help: start above 0, or use a range without log";
    assert_eq!(parse(text, &[]).unwrap_err().to_string(), expected);
}

#[test]
fn syntax_errors_are_told_in_the_same_form() {
    let text = "[experiment]\nname = \"x\n[train\n";
    let expected = "\
error: not TOML: invalid basic string, expected `\"`
 --> x.toml:2:10
  |
2 | name = \"x
  |          ^

error: not TOML: unclosed table, expected `]`
 --> x.toml:3:7
  |
3 | [train
  |       ^";
    assert_eq!(parse(text, &[]).unwrap_err().to_string(), expected);
}

#[test]
fn an_error_of_an_override_shows_the_override() {
    let errors = parse(&shipped("attention"), &[("train.lr", "abc"), ("study.trails", "5")]).unwrap_err();
    let expected = "\
error: `train.lr` must be a number > 0, not \"abc\"
 --> -P train.lr=abc

error: unknown key `study.trails`
 --> -P study.trails=5
help: did you mean `study.trials`?";
    assert_eq!(errors.to_string(), expected);
}

#[test]
fn mistakes_that_leave_the_rest_readable_do_not_hide_it() {
    let text = spec_with("[train]\noptimizer = adam\nlr = 1e-3\nlr = 2e-3\nepochs = 0");
    assert_eq!(
        complaints(&text),
        [
            "6:13 text must be in quotes | write `\"adam\"`",
            "8:1 `lr` is given twice | keep one of the two",
            "9:10 `train.epochs` must be a whole number from 1 to 100000, not 0 | -",
        ]
    );
}

#[test]
fn missing_keys_are_named_with_their_section() {
    assert_eq!(
        complaints("[data]\n"),
        [
            "1:1 there is no [experiment] with a `name` | add `name = \"attention\"`",
            "1:2 [data] lacks `dataset` | add `dataset = \"flights\"`",
        ]
    );
    assert_eq!(complaints("").len(), 2);
}

#[test]
fn a_misspelled_name_is_not_called_missing_as_well() {
    assert_eq!(
        complaints("[experimnt]\nname = \"a\"\n[data]\ndatset = \"b\"\n"),
        [
            "1:2 unknown section [experimnt] | did you mean [experiment]?",
            "4:1 unknown key `datset` in [data] | did you mean `dataset`?",
        ]
    );
    assert_eq!(
        complaints("data = 3\n[experiment]\nname = \"a\"\n"),
        [
            "1:8 `data` must be a table, not a number | write it as `[data]` with keys below, such as `dataset = \"flights\"`"
        ]
    );
}

#[test]
fn unknown_keys_name_the_nearest_or_where_they_belong() {
    assert_refused("model", "droput = 0.1", "6:1 unknown key `droput` in [model] | did you mean `dropout`?");
    assert_refused(
        "model",
        "hidden_size = 3",
        "6:1 unknown key `hidden_size` in [model] | did you mean `hidden_dim`?",
    );
    assert_refused("model", "lr = 0.1", "6:1 unknown key `lr` in [model] | `lr` belongs in [train]");
    assert_refused(
        "model",
        "n_trials = 1",
        "6:1 unknown key `n_trials` in [model] | did you mean `trials` of [study]?",
    );
    assert_refused("final", "zzzz = 1", "6:1 unknown key `zzzz` in [final] | [final] has `epochs`");
    assert_refused("zebra", "", "5:2 unknown section [zebra] | `uaic schema` lists all sections and keys");
    assert_eq!(
        complaints(&format!("lr = 1\n{}", spec_with("")))[0],
        "1:1 unknown key `lr` outside of all sections | `lr` belongs in [train]"
    );
    assert_refused(
        "train",
        "\"lr.peak\" = 1",
        "6:1 unknown key `lr.peak` in [train] | [train] has `epochs`, `batch_size`, `optimizer`, `lr`, \
         `weight_decay`, `layer_decay`, `clip_norm`, `schedule`, `warmup`, `step_epochs`, `step_factor`, \
         `label_smoothing`, `class_weights`, `oos_weight`, `average`, `patience`",
    );
}

#[test]
fn a_quoted_path_is_no_key_outside_of_search() {
    assert_eq!(complaints(&format!("\"train.lr\" = 1\n{}", spec_with(""))).len(), 1);
}

#[test]
fn only_texts_of_no_intent_that_are_not_tested_by_can_be_exposed() {
    let complaint = |oos: &str| {
        let overrides = [("data.oos".to_owned(), oos.to_owned())];
        Spec::parse(&spec_with(""), Path::new("x.toml"), &overrides).map_err(|errors| errors.to_string())
    };
    assert_eq!(complaint("ood_dev").unwrap().training().unwrap().data.oos.as_deref(), Some("ood_dev"));
    let test = complaint("ood_test").unwrap_err();
    assert!(test.contains("for the final test alone") && test.contains("belong into `ood.tsv`"), "{test}");
    let inside = complaint("dev").unwrap_err();
    assert!(inside.contains("must be a split of texts of no intent") && inside.contains("`dev`"), "{inside}");
    assert!(inside.contains("write `oos = \"ood\"`"), "{inside}");
    let fingerprint = |overrides: &[(String, String)]| {
        Spec::parse(&spec_with(""), Path::new("x.toml"), overrides).unwrap().fingerprint()
    };
    let of = |pairs: &[(&str, &str)]| {
        fingerprint(
            &pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        of(&[("train.oos_weight", "0.5")]),
        of(&[]),
        "without such texts their weight decides nothing"
    );
    assert_ne!(of(&[("train.oos_weight", "0.5"), ("data.oos", "ood")]), of(&[("data.oos", "ood")]));
    assert_ne!(of(&[("data.oos", "ood")]), of(&[]));
}

#[test]
fn values_of_the_wrong_type_are_refused_with_the_fix() {
    assert_refused(
        "model",
        "hidden_dim = 64.0",
        "6:14 `model.hidden_dim` must be a whole number from 1 to 4096, not 64.0 | write `64`",
    );
    assert_refused(
        "train",
        "lr = \"0.1\"",
        "6:6 `train.lr` must be a number > 0, not \"0.1\" | write it without quotes: `0.1`",
    );
    assert_refused(
        "text",
        "lowercase = \"true\"",
        "6:13 `text.lowercase` must be `true` or `false`, not \"true\" | write it without quotes: `true`",
    );
    assert_refused("text", "lowercase = 1", "6:13 `text.lowercase` must be `true` or `false`, not 1 | -");
    assert_refused(
        "train",
        "epochs = [1, 2]",
        "6:10 `train.epochs` must be a whole number from 1 to 100000, not an array | -",
    );
    assert_refused(
        "train",
        "epochs = 2026-01-01",
        "6:10 `train.epochs` must be a whole number from 1 to 100000, not a date | -",
    );
    assert_refused(
        "train",
        "lr = { log = [1e-4, 1e-2] }",
        "6:6 `train.lr` must be a number > 0, not a table | to search it, write `\"train.lr\" = …` in [search]",
    );
    assert_refused(
        "train",
        "batch_size = 99999999999999999999",
        "6:14 `99999999999999999999` does not fit into 64 bits | -",
    );
    assert_eq!(
        complaints("[experiment]\nname = 7\n[data]\ndataset = \"b\"\n"),
        ["2:8 `experiment.name` must be text, not 7 | put it in quotes: `\"7\"`"]
    );
    assert_refused(
        "study",
        "sampler = \"tep\"",
        "6:11 `study.sampler` must be `auto`, `cma-es`, `gp`, `grid`, `nsga2`, `random`, `sobol` or `tpe`, not \"tep\" | did you mean `tpe`?",
    );
}

#[test]
fn settings_of_the_pruner_that_do_not_go_together_are_refused_where_they_stand() {
    assert_refused(
        "pruner",
        "kind = \"threshold\"",
        "6:8 [pruner] a threshold takes `lower`, `upper` or both | -",
    );
    assert_refused(
        "pruner",
        "kind = \"patience\"\naround = \"patience\"",
        "7:10 [pruner] around = \"patience\": patience is around another pruner | -",
    );
    assert_refused(
        "pruner",
        "kind = \"hyperband\"\nmax_resource = 3\nmin_resource = 9",
        "7:16 [pruner] max_resource is below min_resource = 9 | -",
    );
    assert!(
        complaints(&spec_with("[pruner]\nkind = \"median\"\nlower = 2\nupper = 1")).is_empty(),
        "of another"
    );
}

#[test]
fn values_out_of_bounds_are_refused_and_the_bounds_themselves_are_not() {
    for (section, wrong, right) in [
        ("train", "lr = 0", "lr = 1e-300"),
        ("train", "lr = nan", "lr = 1"),
        ("train", "lr = inf", "lr = 2.5"),
        ("train", "weight_decay = -1e-9", "weight_decay = 0"),
        ("train", "warmup = 1", "warmup = 0"),
        ("train", "label_smoothing = 1.0", "label_smoothing = 0.0"),
        ("train", "step_factor = 0", "step_factor = 1"),
        ("train", "step_factor = 1.01", "step_factor = 0.5"),
        ("train", "epochs = 0", "epochs = 1"),
        ("train", "batch_size = 4097", "batch_size = 4096"),
        ("model", "dropout = 1", "dropout = 0"),
        ("model", "hidden_dim = 0", "hidden_dim = 1"),
        ("model", "embedding_dim = 4097", "embedding_dim = 4096"),
        ("study", "trials = 0", "trials = 1"),
        ("study", "parallel = 0", "parallel = 1"),
        ("study", "seed = -1", "seed = 9223372036854775807"),
        ("final", "epochs = -1", "epochs = 0"),
        ("data.validation", "folds = 1", "folds = 2"),
        ("data.validation", "folds = 101", "folds = 100"),
        ("data.validation", "fraction = 0", "fraction = 0.01"),
        ("data.validation", "fraction = 1", "fraction = 0.99"),
        ("data.validation", "split = \"test\"", "split = \"dev\""),
        ("data.validation", "split = \"train\"", "split = \"training\""),
        ("data.validation", "split = \"a/b\"", "split = \"a b\""),
    ] {
        let text = |line| spec_with(&format!("[{section}]\n{line}"));
        assert_eq!(complaints(&text(wrong)).len(), 1, "{section} {wrong}");
        assert_eq!(complaints(&text(right)), [""; 0], "{section} {right}");
    }
}

#[test]
fn names_must_be_usable_in_selectors() {
    let named = |name: &str| complaints(&format!("[experiment]\nname = {name}\n[data]\ndataset = \"b\""));
    assert_eq!(named("\" \""), ["2:8 `experiment.name` must not be empty | -"]);
    assert_eq!(named("\"a/b\""), ["2:8 `experiment.name` must not contain `/` | -"]);
    assert_eq!(
        named("\"a\\nb\""),
        ["2:8 `experiment.name` must not contain the control character '\\n' | -"]
    );
    assert_eq!(named("\"näme 1\""), [""; 0]);
}

#[test]
fn exactly_one_way_of_validation_is_given() {
    assert_refused(
        "data.validation",
        "folds = 3\nsplit = \"dev\"",
        "7:9 `data.validation.split` contradicts `data.validation.folds` | keep one of `folds`, `fraction` and `split`",
    );
    assert_refused(
        "data.validation",
        "",
        "5:1 `data.validation` is empty | write `validation = { folds = 5 }`",
    );
}

#[test]
fn positions_count_characters_and_a_byte_order_mark_is_none() {
    let text = "\u{feff}[experiment]\r\nname = \"é\"\r\n[data]\r\ndataset = \"b\"\r\nvalidation = { split = \"ü\", folds = 0 }";
    assert_eq!(complaints(text)[0].split(' ').next(), Some("5:37"));
    assert_eq!(complaints("\u{feff}x = 1")[1].split(' ').next(), Some("1:1"));
    let shown = parse(text, &[]).unwrap_err().to_string();
    assert!(shown.contains("split = \"ü\", folds = 0 }\n"), "{shown}");
}

#[test]
fn a_very_long_line_is_cut_around_the_place() {
    let text = format!("{}\n[train]\nepochs = 0 # {}", spec_with(""), "x".repeat(500));
    let shown = parse(&text, &[]).unwrap_err().to_string();
    assert!(shown.lines().all(|line| line.chars().count() <= 130), "{shown}");
    let text = format!("[experiment]\nname = \"a\"\n[data]\ndataset = \"{}\"\nmodel = 1", "é".repeat(9));
    assert_eq!(complaints(&text)[0].split(' ').next(), Some("5:1"));
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let shown = parse("[experiment]\nname = \"a\u{1b}[2J\"\n", &[]).unwrap_err().to_string();
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn bad_overrides_are_refused() {
    for (key, value, message) in [
        ("train", "3", "`train` is a section, not a key"),
        ("lr", "1", "unknown key `lr`"),
        ("model.dropout", "[", "not TOML: unclosed array, expected `]`"),
        ("search.train.lr", "3", "`train.lr` needs a distribution, not a number"),
        ("search.study.seed", "{ int = [1, 2] }", "`study.seed` cannot be searched"),
        ("", "1", "unknown key ``"),
    ] {
        let errors = parse(&shipped("attention"), &[(key, value)]).unwrap_err();
        assert_eq!(errors.0[0].message, message, "{key}={value}");
        assert_eq!(errors.0[0].place.path(), format!("-P {key}={value}"));
        assert_eq!(errors.0.len(), 1, "{key}={value}");
    }
}

#[test]
fn keys_of_another_architecture_are_refused_where_they_stand() {
    let refused = [
        (
            "[model]\narchitecture = \"bert\"\nbidirectional = true",
            "7:17 `model.bidirectional` is a key of architecture `lstm` or `lstm-attention`, not of `bert` \
             | leave it out, or set `model.architecture = \"lstm\"`",
        ),
        (
            "[search]\n\"model.heads\" = { choice = [2, 4] }",
            "6:1 `model.heads` is a key of architecture `bert`, not of `lstm-attention` \
             | leave it out, or set `model.architecture = \"bert\"`",
        ),
        (
            "[model]\narchitecture = \"bert\"\npooling = \"last\"",
            "7:11 `model.pooling` of bert must be `first`, `mean` or `max`, not \"last\" | leave it out for the usual one",
        ),
        (
            "[model]\narchitecture = \"bert\"\n[text]\ntokenizer = \"words\"",
            "8:13 architecture `bert` reads wordpieces, not words \
             | leave `text.tokenizer` out, or write `text.tokenizer = \"wordpiece\"`",
        ),
        (
            "[text]\ntokenizer = \"wordpiece\"\nnumbers = \"mask\"",
            "7:11 `text.numbers` is a key of tokenizer `words`, not of `wordpiece` \
             | leave it out, or set `text.tokenizer = \"words\"`",
        ),
    ];
    for (lines, complaint) in refused {
        assert_eq!(complaints(&spec_with(lines)), [complaint], "{lines}");
    }
}

#[test]
fn a_transformer_whose_sizes_do_not_fit_is_refused() {
    let refused = [
        (
            "hidden_dim = 100\nheads = 3",
            "8:9 `model.heads` must divide `model.hidden_dim`, but 3 does not divide 100 \
             | heads of 32 or 64 values are usual",
        ),
        (
            "pretrained = \"minilm\"\nlayers = 3",
            "8:10 `model.layers` is decided by the folder that `model.pretrained` names | leave it out",
        ),
    ];
    for (lines, complaint) in refused {
        let text = spec_with(&format!("[model]\narchitecture = \"bert\"\n{lines}"));
        assert_eq!(complaints(&text), [complaint], "{lines}");
    }
    let long = spec_with("[model]\narchitecture = \"bert\"\n[text]\nmax_length = 600");
    let complaint =
        "8:14 `text.max_length` must be from 3 to 512 for bert, not 600 | 512 is the length of BERT";
    assert_eq!(complaints(&long), [complaint]);
}

#[test]
fn a_search_over_architectures_may_set_the_keys_of_each() {
    let lines = "[model]\nheads = 2\nbidirectional = false\n\
                 [search]\n\"model.architecture\" = { choice = [\"lstm\", \"bert\"] }";
    let spec = parse(&spec_with(lines), &[]).unwrap();
    let at = |name: &str| {
        let point = [("model.architecture".to_owned(), uaic::trial::ParamValue::Text(name.to_owned()))];
        spec.at(&point.into_iter().collect()).unwrap()
    };
    assert_eq!(at("bert").text.tokenizer, uaic::spec::TokenizerKind::Wordpiece);
    assert_eq!(at("lstm").text.tokenizer, uaic::spec::TokenizerKind::Words);
    let uaic::spec::ModelSpec::Bert(bert) = at("bert").model else { panic!("another architecture") };
    assert_eq!(bert.heads, 2);
    assert!(!at("lstm").model.recurrent().unwrap().bidirectional);
    let again = parse(&spec.effective_toml(), &[]).unwrap();
    assert_eq!(again.effective_toml(), spec.effective_toml());
    assert_eq!((again.objective, again.search), (spec.objective, spec.search));
}
