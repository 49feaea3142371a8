//! Where a classifier is good and where it is not: figures of the texts of a split by what they are
//! like.

use std::collections::BTreeMap;

use super::{Estimate, OUT_OF_SCOPE, Predictions, wilson};

/// Upper ends of the bins of the share of unknown words; the first bin has texts without any.
const UNKNOWN_SHARES: [f64; 4] = [0.1, 0.25, 0.5, 1.0];

/// Texts that are alike in some way, by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// Their rows in the table of predictions, rising.
    pub texts: Vec<usize>,
}

/// The figures of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// What its texts have in common.
    pub name: String,
    /// How many there are that have an intent.
    pub n: usize,
    /// The share of them that is right; `None` where there are none.
    pub accuracy: Option<Estimate>,
    /// The mean probability of the answers; `None` where there are none.
    pub mean_confidence: Option<f64>,
}

/// The figures of groups; texts without an intent are left out.
pub fn segments(predictions: &Predictions, temperature: f64, groups: &[Group]) -> Vec<Segment> {
    let (predicted, probabilities) = (predictions.predicted(), predictions.probabilities(temperature));
    let classes = predictions.classes();
    let segment = |group: &Group| {
        let texts: Vec<usize> =
            group.texts.iter().copied().filter(|&text| predictions.gold[text] != OUT_OF_SCOPE).collect();
        let n = texts.len();
        let right = texts.iter().filter(|&&text| predictions.gold[text] as usize == predicted[text]).count();
        let confidence: f64 = texts.iter().map(|&text| probabilities[text * classes + predicted[text]]).sum();
        Segment {
            name: group.name.clone(),
            n,
            accuracy: wilson(right, n),
            mean_confidence: (n > 0).then(|| confidence / n as f64),
        }
    };
    groups.iter().map(segment).collect()
}

/// Texts by their number of words, in four bins of about equally many; equal lengths share a bin.
pub fn by_length(predictions: &Predictions) -> Vec<Group> {
    let mut sorted = predictions.words.clone();
    sorted.sort_unstable();
    let quartile = |quarter: usize| sorted.get((sorted.len() * quarter).div_ceil(4).checked_sub(1)?);
    let mut ends: Vec<u32> = (1..=4).filter_map(quartile).copied().collect();
    ends.dedup();
    bins(&ends, &predictions.words, |words| {
        let (low, high) = (words.iter().min().unwrap_or(&0), words.iter().max().unwrap_or(&0));
        match (low, high) {
            (1, 1) => "1 word".to_owned(),
            (low, high) if low == high => format!("{low} words"),
            (low, high) => format!("{low}–{high} words"),
        }
    })
}

/// Texts by the share of their words that the vocabulary does not have.
pub fn by_unknown(predictions: &Predictions) -> Vec<Group> {
    let shares: Vec<f64> = predictions
        .words
        .iter()
        .zip(&predictions.unknown_words)
        .map(|(&words, &unknown)| f64::from(unknown) / f64::from(words.max(1)))
        .collect();
    let bin = |low: f64, high: f64| Group {
        name: if high <= 0.0 { "no unknown words".to_owned() } else { format!("unknown ({low}, {high}]") },
        texts: (0..shares.len()).filter(|&text| shares[text] > low && shares[text] <= high).collect(),
    };
    let ends = [f64::NEG_INFINITY, 0.0].into_iter().chain(UNKNOWN_SHARES).collect::<Vec<f64>>();
    ends.windows(2).map(|ends| bin(ends[0], ends[1])).filter(|group| !group.texts.is_empty()).collect()
}

/// Texts by their gold label, the classifier's first.
pub fn by_label(predictions: &Predictions) -> Vec<Group> {
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (text, &gold) in predictions.gold.iter().enumerate() {
        groups.entry(gold).or_default().push(text);
    }
    let named = |(gold, texts)| Group { name: predictions.gold_name(gold).to_owned(), texts };
    groups.into_iter().map(named).collect()
}

/// Texts of which a rule holds, and the others.
pub fn by_rule(rule: &Rule, texts: &[&str], predictions: &Predictions) -> Vec<Group> {
    let holds =
        |text: &usize| rule.holds(texts[*text], predictions.words[*text], predictions.unknown_words[*text]);
    let (yes, no) = (0..texts.len().min(predictions.len())).partition(holds);
    let name = rule.to_string();
    vec![Group { name: name.clone(), texts: yes }, Group { name: format!("not {name}"), texts: no }]
}

/// Texts by a value, in bins that end at rising `ends`.
fn bins(ends: &[u32], values: &[u32], name: impl Fn(&[u32]) -> String) -> Vec<Group> {
    let bin_of = |value: u32| ends.partition_point(|&end| end < value);
    let group = |bin: usize| {
        let texts: Vec<usize> = (0..values.len()).filter(|&text| bin_of(values[text]) == bin).collect();
        let inside: Vec<u32> = texts.iter().map(|&text| values[text]).collect();
        Group { name: name(&inside), texts }
    };
    (0..ends.len()).map(group).collect()
}

/// A yes-or-no question about a text: `contains:TEXT`, `starts:TEXT`, `ends:TEXT` (letter case does
/// not matter), or `words` or `unknown` (unknown words), then `<`, `<=`, `>`, `>=` or `=`, and a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    text: String,
    question: Question,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Question {
    Contains(String),
    Starts(String),
    Ends(String),
    Count { of: Counted, order: Order, limit: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Words,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    AtMost,
    AtLeast,
    Below,
    Above,
    Equal,
}

/// The signs of comparisons, longer ones first.
const ORDERS: [(&str, Order); 5] = [
    ("<=", Order::AtMost),
    (">=", Order::AtLeast),
    ("<", Order::Below),
    (">", Order::Above),
    ("=", Order::Equal),
];

/// A text that is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no rule; rules are contains:TEXT, starts:TEXT, ends:TEXT, words>10 and unknown=0 (also < <= >=)"
)]
pub struct RuleError(String);

impl std::str::FromStr for Rule {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let question = match text.split_once(':') {
            Some((_, "")) => None,
            Some(("contains", part)) => Some(Question::Contains(part.to_lowercase())),
            Some(("starts", part)) => Some(Question::Starts(part.to_lowercase())),
            Some(("ends", part)) => Some(Question::Ends(part.to_lowercase())),
            _ => comparison(text),
        };
        let question = question.ok_or_else(|| RuleError(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), question })
    }
}

fn comparison(text: &str) -> Option<Question> {
    let (name, order, limit) = ORDERS.iter().find_map(|(sign, order)| {
        let (name, limit) = text.split_once(sign)?;
        Some((name.trim(), *order, limit.trim().parse().ok()?))
    })?;
    let of = match name {
        "words" => Counted::Words,
        "unknown" => Counted::Unknown,
        _ => return None,
    };
    Some(Question::Count { of, order, limit })
}

impl std::fmt::Display for Rule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Rule {
    /// Whether it holds of a text with so many words and unknown words.
    pub fn holds(&self, text: &str, words: u32, unknown: u32) -> bool {
        match &self.question {
            Question::Contains(part) => text.to_lowercase().contains(part),
            Question::Starts(part) => text.to_lowercase().starts_with(part),
            Question::Ends(part) => text.to_lowercase().ends_with(part),
            Question::Count { of, order, limit } => {
                let count = match of {
                    Counted::Words => words,
                    Counted::Unknown => unknown,
                };
                match order {
                    Order::AtMost => count <= *limit,
                    Order::AtLeast => count >= *limit,
                    Order::Below => count < *limit,
                    Order::Above => count > *limit,
                    Order::Equal => count == *limit,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    fn table(words: &[u32], unknown: &[u32]) -> Predictions {
        let n = words.len();
        Predictions {
            labels: vec!["a".to_owned(), "b".to_owned()],
            gold: (0..n as u32).map(|text| text % 2).collect(),
            logits: [1.0, 0.0].repeat(n),
            words: words.to_vec(),
            unknown_words: unknown.to_vec(),
            hashes: vec![0; n],
            ..Predictions::default()
        }
    }

    fn shown(groups: &[Group]) -> Vec<(&str, &[usize])> {
        groups.iter().map(|group| (group.name.as_str(), &group.texts[..])).collect()
    }

    proptest! {
        #[test]
        fn every_text_is_in_one_bin(words in prop::collection::vec((1_u32..30, 0_u32..30), 0..80)) {
            let (words, unknown): (Vec<u32>, Vec<u32>) =
                words.into_iter().map(|(words, unknown)| (words, unknown.min(words))).unzip();
            let table = table(&words, &unknown);
            for groups in [by_length(&table), by_unknown(&table), by_label(&table)] {
                prop_assert!(groups.iter().all(|group| !group.texts.is_empty() && group.texts.is_sorted()));
                let mut all: Vec<usize> = groups.iter().flat_map(|group| group.texts.clone()).collect();
                all.sort_unstable();
                prop_assert_eq!(all, (0..words.len()).collect::<Vec<usize>>());
            }
            prop_assert!(by_length(&table).len() <= 4);
        }
    }

    #[test]
    fn lengths_fall_into_quarters() {
        let groups = by_length(&table(&[1, 9, 3, 4, 2, 6, 7, 1], &[0; 8]));
        assert_eq!(
            shown(&groups),
            [("1 word", &[0, 7][..]), ("2–3 words", &[2, 4]), ("4–6 words", &[3, 5]), ("7–9 words", &[1, 6])]
        );
        assert_eq!(shown(&by_length(&table(&[5, 5, 5], &[0; 3]))), [("5 words", &[0, 1, 2][..])]);
        assert!(by_length(&table(&[], &[])).is_empty());
    }

    #[test]
    fn unknown_words_are_counted_by_their_share() {
        let groups = by_unknown(&table(&[10, 10, 10, 2, 0], &[0, 1, 2, 2, 0]));
        assert_eq!(
            shown(&groups),
            [
                ("no unknown words", &[0, 4][..]),
                ("unknown (0, 0.1]", &[1]),
                ("unknown (0.1, 0.25]", &[2]),
                ("unknown (0.5, 1]", &[3])
            ]
        );
    }

    #[test]
    fn a_segment_has_its_figures() {
        let mut table = table(&[1; 4], &[0; 4]);
        table.gold[3] = OUT_OF_SCOPE;
        let group = |texts: &[usize]| Group { name: "some".to_owned(), texts: texts.to_vec() };
        let figures = segments(&table, 1.0, &[group(&[0, 1, 2, 3]), group(&[3])]);
        assert_eq!((figures[0].n, figures[0].accuracy), (3, wilson(2, 3)));
        assert_relative_eq!(figures[0].mean_confidence.unwrap(), 1.0 / (1.0 + (-1.0_f64).exp()));
        assert_eq!((figures[1].n, figures[1].accuracy, figures[1].mean_confidence), (0, None, None));
    }

    #[test]
    fn rules_are_read_and_others_are_refused() {
        let holds = |rule: &str| rule.parse::<Rule>().unwrap().holds("Flights to Oslo", 3, 1);
        for rule in ["contains:to os", "starts:flights", "ends:OSLO", "words>2", "words<=3", "unknown=1"] {
            assert!(holds(rule), "{rule}");
        }
        for rule in ["contains:rome", "starts:to", "ends:to", "words > 3", "words<3", "unknown>=2"] {
            assert!(!holds(rule), "{rule}");
        }
        for text in ["", "contains:", "has:x", "words", "words>", "words>x", "letters>3", "words=>3"] {
            let error = text.parse::<Rule>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no rule")), "{error}");
        }
    }

    #[test]
    fn a_rule_divides_texts_in_two() {
        let rule: Rule = "contains:fare".parse().unwrap();
        let groups = by_rule(&rule, &["the fare", "a flight", "Fares"], &table(&[2, 2, 1], &[0; 3]));
        assert_eq!(shown(&groups), [("contains:fare", &[0, 2][..]), ("not contains:fare", &[1])]);
    }
}
