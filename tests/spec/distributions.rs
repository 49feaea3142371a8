//! Distributions that are refused, where, and in which words.

use super::assert_refused;

/// Asserts the one complaint about each line of `[search]`.
fn assert_all_refused(lines: &[(&str, &str)]) {
    for (line, complaint) in lines {
        assert_refused("search", line, complaint);
    }
}

#[test]
fn ranges_that_make_no_sense_are_refused_at_the_wrong_end() {
    assert_all_refused(&[
        (
            "\"train.lr\" = { uniform = [0.2, 0.1] }",
            "6:26 the range of `train.lr` is empty: 0.2 is above 0.1 | write the smaller end first: `[0.1, 0.2]`",
        ),
        (
            "\"train.epochs\" = { int = [6, 5] }",
            "6:26 the range of `train.epochs` is empty: 6 is above 5 | write the smaller end first: `[5, 6]`",
        ),
        (
            "\"train.lr\" = { log = [-1, 1] }",
            "6:23 a log range must lie above 0, but has an end at -1 | start above 0, or use a range without log",
        ),
        (
            "\"train.patience\" = { int_log = [0, 4] }",
            "6:33 a log range must lie above 0, but has an end at 0 | start above 0, or use a range without log",
        ),
        (
            "\"model.dropout\" = { uniform = [0.1, 1.5] }",
            "6:37 `model.dropout` must be a number ≥ 0 and < 1, not 1.5 | -",
        ),
        ("\"train.lr\" = { uniform = [nan, 1] }", "6:27 `train.lr` must be a number > 0, not NaN | -"),
        ("\"train.lr\" = { log = [1e-3, inf] }", "6:29 `train.lr` must be a number > 0, not inf | -"),
        (
            "\"train.lr\" = { log = [1e-3] }",
            "6:22 `log` takes two numbers, the smallest and the largest value | write `{ uniform = [0.1, 0.5] }` or `{ log = [1e-4, 1e-2] }`",
        ),
    ]);
}

#[test]
fn distributions_that_do_not_suit_the_key_name_the_one_that_does() {
    assert_all_refused(&[
        (
            "\"train.lr\" = { unifrom = [0.1, 0.2] }",
            "6:16 unknown distribution `unifrom` | did you mean `uniform`?",
        ),
        (
            "\"model.hidden_dim\" = { log = [16.0, 64.0] }",
            "6:24 `model.hidden_dim` takes whole numbers, which `log` does not give | use `int_log`",
        ),
        (
            "\"model.hidden_dim\" = { uniform = [16, 64] }",
            "6:24 `model.hidden_dim` takes whole numbers, which `uniform` does not give | use `int`",
        ),
        (
            "\"train.lr\" = { int = [1, 2] }",
            "6:16 `train.lr` takes real numbers, which `int` does not give | use `uniform`",
        ),
        (
            "\"train.optimizer\" = { int = [1, 2] }",
            "6:23 `train.optimizer` takes names, which `int` does not give | use `{ choice = [\"adam\", \"adamw\"] }`",
        ),
        (
            "\"train.lr\" = { log = [1e-3, 1], uniform = [0.1, 1] }",
            "6:33 `train.lr` has both `log` and `uniform` | keep one of the two",
        ),
        (
            "\"train.epochs\" = { step = 2 }",
            "6:18 `train.epochs` has no distribution | write `{ int = [1, 10] }` or `{ choice = [16, 32] }`",
        ),
        (
            "\"train.epochs\" = 5",
            "6:18 `train.epochs` needs a distribution, not a number | write `{ int = [1, 10] }` or `{ choice = [16, 32] }`; to fix the value, write `epochs = 5` in [train]",
        ),
        (
            "\"text.lowercase\" = [true, false]",
            "6:20 `text.lowercase` needs a distribution, not an array | say which, such as `{ choice = [true, false] }`",
        ),
    ]);
}

#[test]
fn choices_must_be_legal_and_distinct() {
    assert_all_refused(&[
        (
            "\"model.hidden_dim\" = { choice = [] }",
            "6:33 `choice` of `model.hidden_dim` takes a list of at least one value | write `{ choice = [16, 32] }`",
        ),
        (
            "\"train.lr\" = { choice = [1, 0.5, 1.0] }",
            "6:34 `choice` of `train.lr` has 1.0 twice | leave one out",
        ),
        (
            "\"train.optimizer\" = { choice = [\"adam\", \"adma\"] }",
            "6:41 `train.optimizer` must be `adam` or `adamw`, not \"adma\" | did you mean `adam`?",
        ),
        (
            "\"train.epochs\" = { choice = [1, \"2\"] }",
            "6:33 `train.epochs` must be a whole number from 1 to 100000, not \"2\" | write it without quotes: `2`",
        ),
    ]);
}

#[test]
fn steps_must_fit_into_the_range() {
    assert_all_refused(&[
        (
            "\"train.epochs\" = { int = [1, 9], step = 0 }",
            "6:41 `step` must be a whole number above 0 and no wider than the range | leave `step` out for steps of 1",
        ),
        (
            "\"train.lr\" = { log = [1e-3, 1], step = 0.1 }",
            "6:40 `log` takes no `step` | only `uniform` and `int` do; leave it out",
        ),
        (
            "\"model.dropout\" = { uniform = [0, 0.5], step = 1e-300 }",
            "6:48 `step` must be a number above 0 and no wider than the range | leave `step` out for any value; there may be 1000000 steps",
        ),
    ]);
}

#[test]
fn only_keys_that_exist_and_may_be_searched_are_searched() {
    assert_all_refused(&[
        (
            "\"trian.lr\" = { log = [1e-4, 1e-2] }",
            "6:1 unknown key `trian.lr` in [search] | did you mean `\"train.lr\"`?",
        ),
        (
            "learning_rate = { log = [1e-4, 1e-2] }",
            "6:1 unknown key `learning_rate` in [search] | did you mean `\"train.lr\"`?",
        ),
        (
            "train.lrr = { log = [1e-4, 1e-2] }",
            "6:7 unknown key `train.lrr` in [search] | did you mean `\"train.lr\"`?",
        ),
        (
            "\"study.trials\" = { int = [1, 5] }",
            "6:1 `study.trials` cannot be searched | only keys of [text], [model] and [train] can",
        ),
        (
            "data.validation.folds = { int = [2, 5] }",
            "6:17 `data.validation.folds` cannot be searched | only keys of [text], [model] and [train] can",
        ),
        (
            "\"train.lr\" = { log = [1e-4, 1] }\ntrain.lr = { log = [1e-4, 1] }",
            "7:7 `train.lr` is searched twice | keep one of the two",
        ),
    ]);
}
