//! Rules held against a comparison.

use crate::comparison::{Comparison, Rule};
use crate::nearest::suggestion;

use super::super::exit::Failure;
use super::super::table::{number, one_line};

/// The name of `--fail-if-worse` among rules.
const WORSE: &str = "worse than the baseline beyond chance";

/// One rule and one column.
pub(in crate::cli) struct Gate {
    /// The rule.
    pub(in crate::cli) rule: String,
    /// The number of the column.
    pub(in crate::cli) column: usize,
    /// Whether the column breaks it.
    pub(in crate::cli) broken: bool,
    /// The numbers behind it.
    pub(in crate::cli) why: String,
}

impl Gate {
    /// One line for the terminal.
    pub(in crate::cli) fn told(&self) -> String {
        let word = if self.broken { "FAILED" } else { "passed" };
        one_line(&format!("{word}  {}: {}", self.rule, self.why))
    }
}

/// The rules of `--fail-if`.
///
/// # Errors
/// One cannot be read; shows where.
pub(in crate::cli) fn rules(texts: &[String]) -> Result<Vec<Rule>, Failure> {
    let rules = texts.iter().map(|text| Rule::parse(text)).collect::<Result<Vec<Rule>, _>>();
    rules.map_err(|error| Failure::usage(format!("this rule of --fail-if cannot be read\n{error}")))
}

/// Holds every column but the baseline against all rules.
///
/// # Errors
/// A rule names a metric that is not recorded.
pub(in crate::cli) fn check(
    comparison: &Comparison,
    rules: &[Rule],
    worse: bool,
) -> Result<Vec<Gate>, Failure> {
    let others = || (0..comparison.columns.len()).filter(|column| *column != comparison.baseline);
    let mut gates = Vec::new();
    for rule in rules {
        for column in others() {
            gates.push(check_rule(comparison, rule, column)?);
        }
    }
    if worse {
        gates.extend(others().map(|column| check_worse(comparison, column)));
    }
    Ok(gates)
}

fn check_rule(comparison: &Comparison, rule: &Rule, column: usize) -> Result<Gate, Failure> {
    let value = |column: usize| {
        let metric = comparison.metric(&rule.metric).and_then(|metric| metric.values[column]);
        metric.map(|value| value.value).ok_or_else(|| missing(comparison, &rule.metric, column))
    };
    let baseline = if rule.needs_baseline() { value(comparison.baseline)? } else { 0.0 };
    let own = value(column)?;
    let name = &comparison.columns[column].name;
    let bound = number(rule.bound(baseline));
    Ok(Gate {
        rule: rule.text.clone(),
        column,
        broken: rule.is_broken(own, baseline),
        why: format!("{name} has {}, the bound is {bound}", number(own)),
    })
}

fn missing(comparison: &Comparison, metric: &str, column: usize) -> Failure {
    let name = &comparison.columns[column].name;
    let known = comparison.metrics.iter().filter(|metric| metric.values[column].is_some());
    let known: Vec<&str> = known.map(|metric| metric.key.as_str()).collect();
    let hint =
        suggestion(metric, known.iter().copied()).unwrap_or_else(|| format!("it has {}", known.join(", ")));
    Failure::not_found(format!("{name} has no metric `{metric}`; {hint}"))
}

/// What cannot be judged does not pass: a gate that is silent about that would be none.
fn check_worse(comparison: &Comparison, column: usize) -> Gate {
    let name = &comparison.columns[column].name;
    let key = &comparison.decisive;
    let metric = comparison.metric(key);
    let judged =
        metric.map_or_else(|| Err("it is not recorded".to_owned()), |metric| metric.is_worse(column));
    let numbers = || {
        let delta = metric.and_then(|metric| metric.deltas[column].as_ref())?;
        let tested = delta.tested.as_ref().ok()?;
        Some(format!("{name} differs by {} in {key}, p = {}", number(delta.value), number(tested.adjusted)))
    };
    let (broken, why) = match judged {
        Ok(worse) => (worse, numbers().unwrap_or_default()),
        Err(why) => (true, format!("{name} cannot be judged by {key}: {why}")),
    };
    Gate { rule: WORSE.to_owned(), column, broken, why }
}
