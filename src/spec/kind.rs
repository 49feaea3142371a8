//! What a key takes, how that is said in words, and the check of one value.

use std::fmt;

use super::problem::Complaint;
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::space::parse_constraints;
use uaic_wording::duration::parse_time;

/// Which values a key takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number between two bounds, both included.
    Int { min: i64, max: i64 },
    /// A real number.
    Float(Range),
    /// One of several names.
    Name(&'static [&'static str]),
    /// Free text under a rule.
    Text(TextRule),
    /// One or several names, in a list or with commas between; any where `names` is empty.
    Names(&'static [&'static str]),
    /// Constraints, in a list or with `and` between.
    Constraints,
    /// A length of time: `90`, `"90s"`, `"10m"`, `"2h"`; empty for none.
    Time,
    /// Any boolean, number or text: a parameter of a program that is not ours.
    Any,
}

/// An interval of real numbers; infinite ends are no bounds, and are never legal values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// Lower end.
    pub(super) min: f64,
    /// Whether the lower end itself is legal.
    pub(super) min_included: bool,
    /// Upper end.
    pub(super) max: f64,
    /// Whether the upper end itself is legal.
    pub(super) max_included: bool,
}

/// What a text must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextRule {
    /// Anything.
    Any,
    /// Not blank, without control characters and `/`, which selectors use.
    Name,
    /// Not blank, without control characters.
    Path,
    /// A [`TextRule::Path`], or nothing at all.
    PathOrNone,
    /// A [`TextRule::Name`] other than `train` and `test`: trials must not see the test split.
    Split,
    /// The name of a split of out-of-scope texts, other than `ood_test`.
    OutOfScope,
}

/// x > 0
pub(super) const ABOVE_0: Range =
    Range { min: 0.0, min_included: false, max: f64::INFINITY, max_included: false };
/// Any real number.
pub(super) const REAL: Range =
    Range { min: f64::NEG_INFINITY, min_included: false, max: f64::INFINITY, max_included: false };
/// 0 < x < 100
pub(super) const PERCENT: Range = Range { max: 100.0, ..ABOVE_0 };
/// x ≥ 0
pub(super) const FROM_0: Range = Range { min_included: true, ..ABOVE_0 };
/// 0 ≤ x < 1
pub(super) const FROM_0_BELOW_1: Range = Range { max: 1.0, ..FROM_0 };
/// 0 < x < 1
pub(super) const BETWEEN_0_AND_1: Range = Range { max: 1.0, ..ABOVE_0 };
/// 0 < x ≤ 1
pub(super) const ABOVE_0_TO_1: Range = Range { max_included: true, ..BETWEEN_0_AND_1 };

impl Range {
    fn contains(self, x: f64) -> bool {
        let above = if self.min_included { x >= self.min } else { x > self.min };
        let below = if self.max_included { x <= self.max } else { x < self.max };
        above && below
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min.is_infinite() {
            return f.write_str("a number");
        }
        write!(f, "a number {} {}", if self.min_included { "≥" } else { ">" }, self.min)?;
        if self.max.is_infinite() {
            return Ok(());
        }
        write!(f, " and {} {}", if self.max_included { "≤" } else { "<" }, self.max)
    }
}

/// What the key takes, in words that follow "must be".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("`true` or `false`"),
            Self::Int { min, max: i64::MAX } => write!(f, "a whole number ≥ {min}"),
            Self::Int { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Float(range) => range.fmt(f),
            Self::Name(names) => f.write_str(&one_of(names)),
            Self::Text(_) => f.write_str("text"),
            Self::Names([]) => f.write_str("a name, or a list of names"),
            Self::Names(names) => write!(f, "{}, or a list of these", one_of(names)),
            Self::Constraints => f.write_str("a constraint such as `val/loss <= 0.5`, or a list of them"),
            Self::Time => f.write_str("a time such as `\"90s\"`, `\"10m\"` or `\"2h\"`"),
            Self::Any => f.write_str("a boolean, a number or text"),
        }
    }
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

impl Kind {
    /// The value as the key holds it (whole numbers become real ones where the key is real), or
    /// what is wrong with it. `path` names the key in the message.
    pub(super) fn check(self, path: &str, value: &ParamValue) -> Result<ParamValue, Complaint> {
        match (self, value) {
            (Self::Bool, ParamValue::Bool(_))
            | (Self::Any, ParamValue::Bool(_) | ParamValue::Int(_) | ParamValue::Text(_)) => {
                Ok(value.clone())
            }
            (Self::Int { min, max }, ParamValue::Int(x)) if (min..=max).contains(x) => Ok(value.clone()),
            (Self::Float(range), ParamValue::Int(_) | ParamValue::Float(_)) => {
                let number = value.as_f64().filter(|x| x.is_finite() && range.contains(*x));
                // Adding 0 turns −0 into 0, which means the same and must hash the same.
                number.map(|x| ParamValue::Float(x + 0.0)).ok_or_else(|| self.complaint(path, value))
            }
            (Self::Name(names), ParamValue::Text(name)) if names.contains(&name.as_str()) => {
                Ok(value.clone())
            }
            (Self::Text(rule), ParamValue::Text(text)) => rule.check(path, text).map(|()| value.clone()),
            (Self::Any, ParamValue::Float(x)) if x.is_finite() => Ok(ParamValue::Float(x + 0.0)),
            (Self::Names(names), ParamValue::Text(text)) => check_names(path, names, text),
            (Self::Constraints, ParamValue::Text(text)) => match parse_constraints(text) {
                Ok(_) => Ok(value.clone()),
                Err(error) => Err(Complaint::new(format!("`{path}` cannot be read: {error}"))
                    .help("write it as `val/loss <= 0.5`")),
            },
            (Self::Time, ParamValue::Int(seconds)) if *seconds >= 0 => {
                Ok(ParamValue::Text(format!("{seconds}s")))
            }
            (Self::Time, ParamValue::Text(text)) if text.is_empty() || parse_time(text).is_some() => {
                Ok(value.clone())
            }
            _ => Err(self.complaint(path, value)),
        }
    }

    fn complaint(self, path: &str, value: &ParamValue) -> Complaint {
        let complaint = Complaint::new(format!("`{path}` must be {self}, not {}", show(value)));
        match (self, value) {
            (Self::Name(names), ParamValue::Text(text)) => match nearest(text, names.iter().copied()) {
                Some(name) => complaint.help(format!("did you mean `{name}`?")),
                None => complaint,
            },
            (Self::Int { .. }, ParamValue::Float(x)) if x.fract() == 0.0 && x.abs() < 1e15 => {
                complaint.help(format!("write `{}`", *x as i64))
            }
            (Self::Bool | Self::Int { .. } | Self::Float(_), ParamValue::Text(text))
                if self.accepts_unquoted(path, text) =>
            {
                complaint.help(format!("write it without quotes: `{text}`"))
            }
            (Self::Text(_), _) => complaint.help(format!("put it in quotes: `\"{value}\"`")),
            _ => complaint,
        }
    }

    fn accepts_unquoted(self, path: &str, text: &str) -> bool {
        let bool = text.parse().map(ParamValue::Bool);
        let int = text.parse().map(ParamValue::Int);
        let float = text.parse().map(ParamValue::Float);
        bool.ok().or(int.ok()).or(float.ok()).is_some_and(|value| self.check(path, &value).is_ok())
    }
}

/// Which end of a metric is better.
pub(super) const DIRECTIONS: &[&str] = &["minimize", "maximize"];

/// Puts one space behind every comma, and checks each name.
fn check_names(path: &str, legal: &'static [&'static str], text: &str) -> Result<ParamValue, Complaint> {
    let names = split_names(text);
    if names.is_empty() {
        return Err(Complaint::new(format!("`{path}` must not be empty")));
    }
    for (place, name) in names.iter().enumerate() {
        if !legal.is_empty() {
            Kind::Name(legal).check(path, &ParamValue::Text((*name).to_owned()))?;
        }
        // Directions may well be equal.
        if legal != DIRECTIONS && names[..place].contains(name) {
            return Err(Complaint::new(format!("`{path}` has `{name}` twice")).help("leave one out"));
        }
    }
    Ok(ParamValue::Text(names.join(", ")))
}

/// The names in a text with commas.
pub(super) fn split_names(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

impl TextRule {
    fn check(self, path: &str, text: &str) -> Result<(), Complaint> {
        let complaint = |what: &str| Err(Complaint::new(format!("`{path}` must not {what}")));
        if self == Self::Any || (self == Self::PathOrNone && text.is_empty()) {
            return Ok(());
        }
        if text.trim().is_empty() {
            return complaint("be empty");
        }
        if let Some(control) = text.chars().find(|c| c.is_control()) {
            return complaint(&format!("contain the control character {control:?}"));
        }
        match self {
            Self::Name | Self::Split | Self::OutOfScope if text.contains('/') => complaint("contain `/`"),
            Self::Split if text == "train" => complaint("be the split that is trained on"),
            Self::Split if text == "test" => Err(Complaint::new(format!(
                "`{path}` must not be `test`: the test split is for the final stage alone"
            ))
            .help("use `validation = { folds = 5 }`")),
            Self::OutOfScope if text == "ood_test" => Err(Complaint::new(format!(
                "`{path}` must not be `ood_test`: these texts are for the final test alone"
            ))
            .help("divide the texts of no intent: those to learn from belong into `ood.tsv`")),
            Self::OutOfScope if text != "ood" && !text.starts_with("ood_") => Err(Complaint::new(format!(
                "`{path}` must be a split of texts of no intent, whose name is `ood` or begins with `ood_`, not `{text}`"
            ))
            .help("write `oos = \"ood\"`, or leave it out to train on no such texts")),
            Self::Any | Self::Path | Self::PathOrNone | Self::Name | Self::Split | Self::OutOfScope => Ok(()),
        }
    }
}

/// A value as a spec would write it, cut where it is very long.
pub(super) fn show(value: &ParamValue) -> String {
    const LONGEST: usize = 60;
    match value {
        ParamValue::Text(text) if text.chars().count() > LONGEST => {
            format!("{:?}…", text.chars().take(LONGEST).collect::<String>())
        }
        ParamValue::Text(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}
