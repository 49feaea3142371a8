//! The model card: what people should know of a model before they use it, from what was recorded.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::eval::{Confusion, Estimate, OUT_OF_SCOPE, Predictions};
use crate::number::shown as number;
use crate::package::Manifest;
use crate::training::FittedCalibration;

/// Classes with fewer test texts are named among the limits.
const FEW: u32 = 10;

/// What a card is written from.
pub(super) struct Facts<'a> {
    pub(super) manifest: &'a Manifest,
    pub(super) labels: &'a [String],
    pub(super) calibration: Option<&'a FittedCalibration>,
    /// What the model said of the test split.
    pub(super) test: Option<&'a Predictions>,
    pub(super) tags: &'a BTreeMap<String, String>,
}

/// Writes it, in Markdown.
pub(super) fn write(facts: &Facts<'_>) -> String {
    let parts = [
        head(facts),
        intended_use(facts),
        data(facts),
        results(facts),
        classes(facts),
        scope(facts),
        limits(facts),
        how_to_use(facts),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A card whose section on confidence and scope is written anew.
pub(super) fn with_scope(card: &str, facts: &Facts<'_>) -> String {
    const START: &str = "## Confidence and scope\n";
    let Some((before, rest)) = card.split_once(START) else { return format!("{card}\n{}", scope(facts)) };
    let after = rest.find("\n## ").map_or("", |at| &rest[at..]);
    format!("{before}{}{after}", scope(facts))
}

/// Text inside a table or a line: nothing in it starts markup.
fn plain(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '#' | '\\' => escaped.extend(['\\', character]),
            other if other.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}

fn head(facts: &Facts<'_>) -> String {
    let Manifest { experiment, architecture, run, created, uaic, .. } = facts.manifest;
    format!(
        "# Model card: {}\n\nA text classifier with {} labels (architecture `{architecture}`), trained by uaic {uaic}; run {run}, finished {created}.\n",
        plain(experiment),
        facts.labels.len(),
    )
}

fn intended_use(facts: &Facts<'_>) -> String {
    format!(
        "## Intended use\n\nTo give one of its labels to short texts like those of the data set `{}`, and to say when a text is \
         likely to be none of them. Texts of other languages, of other subjects or much longer ones are not what it was \
         made for. An answer is a guess with a probability; what must not be wrong needs somebody who checks it.\n",
        facts.manifest.data.name,
    )
}

fn data(facts: &Facts<'_>) -> String {
    let data = &facts.manifest.data;
    let mut text = format!("## Data\n\n`{}`, identified by the BLAKE3 hash of each file:\n\n", data.name);
    text.push_str("| split | hash |\n|---|---|\n");
    for (split, hash) in &data.hashes {
        let _ = writeln!(text, "| {} | {} |", plain(split), plain(hash));
    }
    text.push_str(
        "\nVocabulary, labels and weights come from `train` alone. The test split was read once, after the training.\n",
    );
    for (name, count) in facts.tags {
        if let Some(split) = name.strip_prefix("data.").and_then(|rest| rest.strip_suffix("_texts_in_train"))
        {
            let _ = writeln!(text, "{} texts of `{split}` also occur in `train`.", plain(count));
        }
    }
    text
}

fn results(facts: &Facts<'_>) -> String {
    let metrics = &facts.manifest.metrics;
    if metrics.is_empty() {
        return "## Results\n\nThe data set has no test split, so nothing is known of how good the model is.\n"
            .to_owned();
    }
    let mut text = "## Results\n\n| metric | value | 95 % interval | n |\n|---|--:|--:|--:|\n".to_owned();
    for (name, Estimate { value, low, high, n }) in metrics {
        let _ = writeln!(
            text,
            "| {} | {} | {} – {} | {n} |",
            plain(name),
            number(*value),
            number(*low),
            number(*high)
        );
    }
    for (name, why) in &facts.manifest.absent {
        let _ = writeln!(text, "\n{} has no value: {why}.", plain(name));
    }
    text
}

/// Pairs of gold and predicted labels; labels unseen in training are classes of their own.
fn confusion(test: &Predictions) -> Confusion {
    let classes = test.classes() + test.unseen.len();
    let pairs = test.gold.iter().zip(test.predicted()).filter(|(gold, _)| **gold != OUT_OF_SCOPE);
    let (gold, predicted): (Vec<usize>, Vec<usize>) =
        pairs.map(|(gold, label)| (*gold as usize, label)).unzip();
    Confusion::count(classes, &gold, &predicted)
}

fn classes(facts: &Facts<'_>) -> String {
    let Some(test) = facts.test else { return String::new() };
    let mut text = "## Every class, on the test split\n\n| label | texts | precision | recall | F1 |\n|---|--:|--:|--:|--:|\n".to_owned();
    let cell = |value: Result<f64, crate::eval::Undefined>| value.map_or("–".to_owned(), number);
    for (label, class) in confusion(test).per_class().into_iter().enumerate() {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            plain(test.gold_name(label as u32)),
            class.support,
            cell(class.precision),
            cell(class.recall),
            cell(class.f1)
        );
    }
    text
}

fn scope(facts: &Facts<'_>) -> String {
    let Some(FittedCalibration { how, fitted, .. }) = facts.calibration else {
        return "## Confidence and scope\n\nThe model is not calibrated: confidences are those of temperature 1, and it answers \
                every text, whether it is in scope or not.\n"
            .to_owned();
    };
    let method = serde_json::to_value(fitted.method).ok();
    let method = method.as_ref().and_then(|method| method.as_str()).unwrap_or_default();
    let mut text = format!(
        "## Confidence and scope\n\nConfidences are at temperature {:.4}, fitted on {} texts: {}. There it takes the expected \
         calibration error from {} to {}. A text whose score (`{method}`) is below {:.4} is taken to be out of scope; 95 % \
         of the {} in-scope texts that the threshold was fitted on reach it.\n",
        fitted.temperature,
        fitted.temperature_texts,
        plain(how),
        number(fitted.before.ece),
        number(fitted.after.ece),
        fitted.threshold,
        fitted.threshold_texts,
    );
    let metric = |name: &str| facts.manifest.metrics.get(name);
    if let (Some(recall), Some(accepted)) = (metric("oos/recall"), metric("oos/accepted_in_scope")) {
        let _ = writeln!(
            text,
            "On test texts, {:.1} % of {} out-of-scope texts were told so, and {:.1} % of {} in-scope texts were accepted.",
            100.0 * recall.value,
            recall.n,
            100.0 * accepted.value,
            accepted.n
        );
    } else {
        text.push_str("No out-of-scope texts were there to test this with.\n");
    }
    text
}

fn limits(facts: &Facts<'_>) -> String {
    let mut text =
        "## Limits\n\n- One training with one seed; others come out a little different.\n".to_owned();
    if let Some(test) = facts.test {
        let classes = confusion(test).per_class();
        let of = |wanted: &dyn Fn(u32) -> bool| -> Vec<String> {
            let known = classes.iter().take(test.classes()).enumerate();
            known
                .filter(|(_, class)| wanted(class.support))
                .map(|(label, _)| plain(&test.labels[label]))
                .collect()
        };
        let (none, few) = (of(&|support| support == 0), of(&|support| (1..FEW).contains(&support)));
        if !none.is_empty() {
            let _ = writeln!(
                text,
                "- No test text has these labels, so nothing is known of them: {}.",
                none.join(", ")
            );
        }
        if !few.is_empty() {
            let _ = writeln!(
                text,
                "- Fewer than {FEW} test texts have these labels, so their figures say little: {}.",
                few.join(", ")
            );
        }
        if !test.unseen.is_empty() {
            let names: Vec<String> = test.unseen.iter().map(|name| plain(name)).collect();
            let _ =
                writeln!(text, "- The test split has labels that it was never shown: {}.", names.join(", "));
        }
    }
    text.push_str("- It reads tokens, not meaning: typos, new names and other wordings than those of `train` cost accuracy.\n");
    text
}

fn how_to_use(facts: &Facts<'_>) -> String {
    format!(
        "## How to use it\n\n```sh\nuaic predict FILE.uaic 'a text'\nuaic predict FILE.uaic --file texts.txt --json\nuaic import FILE.uaic\n```\n\n\
         `signature.json` says what goes in and comes out, `spec.toml` how to train it again, `manifest.json` where it comes \
         from.\n\n## Licence\n\n{}\n",
        plain(&facts.manifest.licence),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_text_cannot_become_markup() {
        assert_eq!(plain("a|b <img> [x](y)\n# z"), "a\\|b \\<img\\> \\[x\\](y) \\# z");
    }
}
