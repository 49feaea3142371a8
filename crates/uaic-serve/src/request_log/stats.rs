//! What the rows come to.

use std::collections::BTreeMap;

use rusqlite::params_from_iter;

use super::RequestLogError;
use super::entry::is_right;
use super::filter::{Conditions, Filter};
use super::reader::RequestReader;
use uaic_eval::{Estimate, wilson};

/// A stretch of time, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl Period {
    /// Its length in milliseconds.
    pub fn ms(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }
}

/// What the rows come to, in all and by what they have in common.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// All rows.
    pub total: Tally,
    /// By model, version and role.
    pub by_model: BTreeMap<(String, String, String), Tally>,
    /// By the label predicted.
    pub by_label: BTreeMap<String, Tally>,
    /// By the time that a period begins, in milliseconds since 1970 UTC.
    pub by_time: BTreeMap<i64, Tally>,
    /// Feedback that belongs to no row: its request was not logged, or is no longer. It is not
    /// filtered but by time.
    pub unknown_feedback: u64,
}

/// Counts of some rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Texts.
    pub texts: u64,
    /// Texts told out of scope, of those whose model tells.
    pub out_of_scope: u64,
    /// Texts whose model tells.
    pub scoped: u64,
    /// Texts with feedback.
    pub feedback: u64,
    /// Texts whose feedback agrees.
    pub right: u64,
    confidences: u64,
    confidence_sum: f64,
    /// Texts by microseconds.
    latencies: BTreeMap<u64, u64>,
}

impl Tally {
    /// The mean confidence; `None` without any.
    pub fn mean_confidence(&self) -> Option<f64> {
        (self.confidences > 0).then(|| self.confidence_sum / self.confidences as f64)
    }

    /// The share of texts told out of scope.
    pub fn out_of_scope_share(&self) -> Option<f64> {
        (self.scoped > 0).then(|| self.out_of_scope as f64 / self.scoped as f64)
    }

    /// The share of right answers among those with feedback, with its interval. Those who tell choose
    /// what they tell of, so it need not be the accuracy on all texts.
    pub fn accuracy(&self) -> Option<Estimate> {
        wilson(self.right as usize, self.feedback as usize)
    }

    /// The smallest latency, in microseconds, that a share of the texts does not exceed.
    pub fn latency_us(&self, share: f64) -> Option<u64> {
        let rank = (share * self.texts as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (latency, count) in &self.latencies {
            seen += count;
            if seen >= rank {
                return Some(*latency);
            }
        }
        self.latencies.last_key_value().map(|(latency, _)| *latency)
    }

    fn add(&mut self, row: &Figures) {
        self.texts += 1;
        self.scoped += u64::from(row.out_of_scope.is_some());
        self.out_of_scope += u64::from(row.out_of_scope == Some(true));
        self.feedback += u64::from(row.is_right.is_some());
        self.right += u64::from(row.is_right == Some(true));
        self.confidences += u64::from(row.confidence.is_some());
        self.confidence_sum += row.confidence.unwrap_or_default();
        *self.latencies.entry(row.latency_us).or_default() += 1;
    }
}

/// What is counted of a row.
struct Figures {
    confidence: Option<f64>,
    out_of_scope: Option<bool>,
    latency_us: u64,
    is_right: Option<bool>,
}

impl RequestReader {
    /// Counts the rows that are meant.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn stats(&self, filter: &Filter, period: Period) -> Result<Stats, RequestLogError> {
        self.count(filter, period).map_err(RequestLogError::at(self.path()))
    }

    fn count(&self, filter: &Filter, period: Period) -> rusqlite::Result<Stats> {
        let origins = self.triples()?;
        let labels = self.label_names()?;
        let Conditions { sql, values } = filter.conditions();
        // Names are looked up here instead of in the statement: that is twice as fast.
        let sql = format!(
            "SELECT requests.at_ms, requests.origin, requests.label, requests.confidence,
                requests.out_of_scope, requests.latency_us, feedback.label
             FROM requests
             {}
             LEFT JOIN feedback ON feedback.row =
                (SELECT max(latest.row) FROM feedback AS latest WHERE latest.request = requests.row)
             {sql}",
            joins(&sql)
        );
        let mut statement = self.connection().prepare(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut stats = Stats { unknown_feedback: self.unknown_feedback(filter)?, ..Stats::default() };
        let (mut by_origin, mut by_label) = (BTreeMap::<i64, Tally>::new(), BTreeMap::<i64, Tally>::new());
        while let Some(row) = rows.next()? {
            let (at_ms, origin, label): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let out_of_scope = row.get(4)?;
            let name = |label: i64| labels.get(&label).map_or("", String::as_str);
            let right: Option<i64> = row.get(6)?;
            let figures = Figures {
                confidence: row.get(3)?,
                out_of_scope,
                latency_us: row.get::<_, i64>(5)?.max(0) as u64,
                is_right: right.map(|right| is_right(name(label), out_of_scope, name(right))),
            };
            if filter.only_wrong && figures.is_right != Some(false) {
                continue;
            }
            stats.total.add(&figures);
            by_origin.entry(origin).or_default().add(&figures);
            by_label.entry(label).or_default().add(&figures);
            let begin = at_ms.div_euclid(period.ms()) * period.ms();
            stats.by_time.entry(begin).or_default().add(&figures);
        }
        for (origin, tally) in by_origin {
            let triple = origins.get(&origin).cloned().unwrap_or_default();
            stats.by_model.entry(triple).or_default().merge(tally);
        }
        for (label, tally) in by_label {
            stats.by_label.insert(labels.get(&label).cloned().unwrap_or_default(), tally);
        }
        Ok(stats)
    }

    /// Model, version and role of each origin.
    fn triples(&self) -> rusqlite::Result<BTreeMap<i64, (String, String, String)>> {
        let mut statement =
            self.connection().prepare_cached("SELECT origin, model, version, role FROM origins")?;
        statement.query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?))))?.collect()
    }

    fn label_names(&self) -> rusqlite::Result<BTreeMap<i64, String>> {
        let mut statement = self.connection().prepare_cached("SELECT label, name FROM labels")?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    fn unknown_feedback(&self, filter: &Filter) -> rusqlite::Result<u64> {
        let sql = "SELECT count(*) FROM feedback WHERE request IS NULL AND at_ms >= ? AND at_ms < ?";
        let since = filter.since_ms.unwrap_or(i64::MIN);
        let until = filter.until_ms.unwrap_or(i64::MAX);
        self.connection()
            .prepare_cached(sql)?
            .query_row([since, until], |row| row.get::<_, i64>(0))
            .map(|count| count.max(0) as u64)
    }
}

/// The tables that conditions speak of.
fn joins(conditions: &str) -> String {
    let mut joins = String::new();
    if conditions.contains("origins.") {
        joins.push_str(" CROSS JOIN origins ON origins.origin = requests.origin");
    }
    if conditions.contains("labels.") {
        joins.push_str(" CROSS JOIN labels ON labels.label = requests.label");
    }
    joins
}

impl Tally {
    fn merge(&mut self, other: Self) {
        self.texts += other.texts;
        self.scoped += other.scoped;
        self.out_of_scope += other.out_of_scope;
        self.feedback += other.feedback;
        self.right += other.right;
        self.confidences += other.confidences;
        self.confidence_sum += other.confidence_sum;
        for (latency, count) in other.latencies {
            *self.latencies.entry(latency).or_default() += count;
        }
    }
}
