//! What a program has reported so far.

use std::collections::{BTreeMap, VecDeque};

use super::spec::quoted;
use crate::nearest::nearest;
use crate::spec::Constraint;
use uaic_capture::json_line::{LAST_STEP, cut};

/// The metrics of a trial, each at its last step.
#[derive(Debug, Default)]
pub(super) struct Reported {
    series: BTreeMap<String, Series>,
    /// Lines that gave no value, and why, the newest last.
    unused: VecDeque<Unused>,
}

#[derive(Debug)]
struct Unused {
    line: String,
    why: String,
    is_doubtful: bool,
}

/// Lines without a value that are remembered.
const REMEMBERED: usize = 8;

#[derive(Debug)]
struct Series {
    /// Of the newest value.
    step: u64,
    /// The largest so far, and the newest value there.
    last: (u64, f64),
}

impl Reported {
    /// Notes a value, and gives its step: if it says none, the one after that of the value before.
    pub(super) fn add(&mut self, name: &str, step: Option<u64>, value: f64) -> u64 {
        let Some(series) = self.series.get_mut(name) else {
            let step = step.unwrap_or(1);
            self.series.insert(name.to_owned(), Series { step, last: (step, value) });
            return step;
        };
        series.step = step.unwrap_or(series.step.saturating_add(1)).min(LAST_STEP);
        if series.step >= series.last.0 {
            series.last = (series.step, value);
        }
        series.step
    }

    /// Notes a line that may have been meant to give a value, and why it did not.
    pub(super) fn pass_over(&mut self, line: &str, why: String, is_doubtful: bool) {
        self.unused.push_back(Unused { line: cut(line), why, is_doubtful });
        if self.unused.len() > REMEMBERED {
            // What was surely meant stays.
            let least = self.unused.iter().position(|unused| unused.is_doubtful).unwrap_or(0);
            self.unused.remove(least);
        }
    }

    /// Whether nothing was reported.
    pub(super) fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// The last value of a metric.
    fn last(&self, name: &str) -> Option<f64> {
        self.series.get(name).map(|series| series.last.1)
    }

    /// The last values of some metrics, or what is missing; `last_line` is that of the program's output.
    pub(super) fn values(&self, metrics: &[String], last_line: &str) -> Result<Vec<f64>, String> {
        let value = |metric: &String| self.last(metric).ok_or_else(|| self.missing(metric, last_line));
        metrics.iter().map(value).collect()
    }

    fn missing(&self, metric: &str, last_line: &str) -> String {
        let names = || self.series.keys().map(String::as_str);
        let reported = match (self.is_empty(), nearest(metric, names())) {
            (true, _) => "it reported nothing".to_owned(),
            (false, None) => format!("it reported {}", quoted(names())),
            (false, Some(near)) => format!("it reported {}: was `{near}` meant?", quoted(names())),
        };
        let because = self.because(metric, last_line);
        format!(
            "the program ended without a value of `{metric}`: {because}{reported}; print a line such as \
             {{\"{metric}\": 0.5}}, or append it to the file $UAIC_METRICS"
        )
    }

    /// The line that gave no value of a metric, and why.
    fn because(&self, metric: &str, last_line: &str) -> String {
        let newest = || self.unused.iter().rev();
        let unused = newest()
            .find(|unused| !unused.is_doubtful && unused.line.contains(metric))
            .or_else(|| newest().find(|unused| !unused.is_doubtful))
            .or_else(|| newest().find(|unused| unused.line.contains(metric)));
        match unused {
            Some(Unused { line, why, .. }) => format!("its line `{line}` gave none: {why}; "),
            None if last_line.is_empty() => String::new(),
            // Only a number alone is a value, and only where nothing else was reported.
            None => format!("its last line was `{}`; ", cut(last_line)),
        }
    }

    /// By how much some constraints are missed, summed, or what is missing.
    pub(super) fn violation(&self, constraints: &[Constraint], last_line: &str) -> Result<f64, String> {
        for name in constraints.iter().flat_map(Constraint::names) {
            if self.last(name).is_none() {
                return Err(self.missing(name, last_line));
            }
        }
        Ok(constraints.iter().map(|constraint| constraint.violation(|name| self.last(name))).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_count_up_for_each_metric_and_go_on_from_given_ones() {
        let mut reported = Reported::default();
        assert_eq!(reported.add("a", None, 0.0), 1);
        assert_eq!(reported.add("a", None, 0.0), 2);
        assert_eq!(reported.add("b", None, 0.0), 1);
        assert_eq!(reported.add("a", Some(10), 0.0), 10);
        assert_eq!(reported.add("a", None, 0.0), 11);
        assert_eq!(reported.add("c", Some(0), 0.0), 0);
        assert_eq!(reported.add("d", Some(LAST_STEP), 0.0), LAST_STEP);
        assert_eq!(reported.add("d", None, 1.0), LAST_STEP, "there is no step after the last");
        assert_eq!(reported.values(&["d".into()], ""), Ok(vec![1.0]));
    }

    #[test]
    fn the_last_value_is_the_newest_of_the_largest_step() {
        let mut reported = Reported::default();
        for (step, value) in [(5, 0.5), (7, 0.7), (7, 0.8), (6, 0.6)] {
            reported.add("a", Some(step), value);
        }
        assert_eq!(reported.values(&["a".into()], ""), Ok(vec![0.8]));
    }

    #[test]
    fn what_is_missing_is_named_with_what_was_probably_meant() {
        let mut reported = Reported::default();
        let wanted = ["val/accuracy".to_owned()];
        assert!(reported.values(&wanted, "").unwrap_err().contains("it reported nothing"));
        reported.add("loss", None, 1.0);
        assert!(reported.values(&wanted, "").unwrap_err().contains("it reported `loss`;"));
        reported.add("val/acuracy", None, 1.0);
        let error = reported.values(&wanted, "").unwrap_err();
        assert!(error.contains("it reported `loss`, `val/acuracy`: was `val/acuracy` meant?"), "{error}");
        assert!(error.contains(r#"{"val/accuracy": 0.5}"#), "{error}");
    }

    #[test]
    fn the_line_that_gave_no_value_is_named() {
        let wanted = ["y".to_owned()];
        let mut reported = Reported::default();
        let said = |reported: &Reported| reported.values(&wanted, "y was 0,5").unwrap_err();
        assert!(
            said(&reported)
                .contains("a value of `y`: its last line was `y was 0,5`; it reported nothing; print")
        );
        reported.pass_over("y: 0.5", "it is no JSON object".into(), true);
        assert!(said(&reported).contains("its line `y: 0.5` gave none: it is no JSON object; it reported"));
        reported.pass_over(r#"{"y": "0.5"}"#, r#"`y` is "0.5", not a number"#.into(), false);
        for _ in 0..20 {
            reported.pass_over("y: 0.5", "it is no JSON object".into(), true);
        }
        let named = r#"its line `{"y": "0.5"}` gave none: `y` is "0.5", not a number"#;
        assert!(said(&reported).contains(named), "{}", said(&reported));
    }

    #[test]
    fn violations_are_summed_and_need_their_metrics() {
        let mut reported = Reported::default();
        let constraints = ["a <= 1", "a + b <= 2"].map(|text| text.parse().unwrap());
        reported.add("a", None, 2.0);
        assert!(reported.violation(&constraints, "").unwrap_err().contains("`b`"));
        reported.add("b", None, 3.0);
        assert_eq!(reported.violation(&constraints, ""), Ok(4.0));
    }
}
