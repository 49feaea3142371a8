//! Runs one by one, with the paired tests of their differences.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::run::fold_count;
use super::texts::differences;
use super::{
    Column, ComparedRun, Comparison, ComparisonError, Delta, Method, Metric, Tested, Value, decisive,
    direction_in, table,
};
use crate::eval::Predictions;
use crate::eval::significance::{PairedDifference, RowTest, corrected_resampled_t, holm};
use crate::predictions::{self, Predicted, filed};
use crate::rng::SeedTree;
use crate::select::place;
use crate::store::Store;
use crate::training::load_predictions;

/// How far a difference may be from that of the recorded values, for rounding.
const ROUNDING: f64 = 1e-6;

/// Compares runs with one of them, `baseline`.
///
/// Metrics of the test split are tested on its texts, pair by pair, from the predictions that final
/// runs store; those of validation on the folds, where both runs have the same. Resamples are drawn
/// from the seed 0, so that intervals come out the same every time.
///
/// # Errors
/// The store cannot be read, or stored predictions are damaged.
pub fn compare(
    store: &dyn Store,
    runs: &[ComparedRun],
    baseline: usize,
) -> Result<Comparison, ComparisonError> {
    let mut tests = Vec::with_capacity(runs.len());
    let base = &runs[baseline];
    let known = Answered::load(store, base)?;
    for (at, run) in runs.iter().enumerate() {
        tests.push(if at == baseline {
            Err(String::new())
        } else {
            test_on_texts((base, known.as_ref()), (run, Answered::load(store, run)?.as_ref()))
        });
    }
    let keys = || runs.iter().flat_map(|run| run.metrics.keys());
    let rows = table(keys(), |_| Vec::new());
    let metrics: Vec<Metric> = rows
        .into_iter()
        .map(|row| {
            let deltas = runs.iter().zip(&tests).map(|(run, texts)| {
                if std::ptr::eq(run, base) { None } else { delta(&row.key, base, run, texts) }
            });
            metric(row.key.clone(), runs, deltas.collect())
        })
        .collect();
    let decisive = decisive(&metrics, baseline, base.metric());
    Ok(Comparison {
        columns: runs.iter().map(column).collect(),
        baseline,
        decisive,
        params: table(runs.iter().flat_map(|run| run.settings.keys()), |key| {
            runs.iter().map(|run| run.settings.get(key).cloned()).collect()
        }),
        facts: table(runs.iter().flat_map(|run| run.facts.keys()), |key| {
            runs.iter().map(|run| run.facts.get(key).cloned()).collect()
        }),
        metrics,
    })
}

fn column(run: &ComparedRun) -> Column {
    Column {
        name: run.name(),
        experiment: run.record.experiment.clone(),
        what: place(&run.record),
        runs: vec![run.record.id],
    }
}

fn metric(key: String, runs: &[ComparedRun], mut deltas: Vec<Option<Delta>>) -> Metric {
    let values = runs.iter().map(|run| {
        let (value, estimate) = run.metrics.get(&key)?;
        let ends = estimate.map(|estimate| (estimate.low, estimate.high));
        let n = estimate.map(|estimate| estimate.n);
        Some(Value { value: *value, n, ends, deviation: None })
    });
    let values = values.collect();
    adjust(&mut deltas);
    Metric { direction: direction_in(runs.iter(), &key), key, values, deltas }
}

/// Corrects the p-values of one metric for their number.
pub(super) fn adjust(deltas: &mut [Option<Delta>]) {
    let tests = || deltas.iter().flatten().filter_map(|delta| delta.tested.as_ref().ok());
    let adjusted = holm(&tests().map(|tested| tested.p).collect::<Vec<f64>>());
    let found = deltas.iter_mut().flatten().filter_map(|delta| delta.tested.as_mut().ok());
    found.zip(adjusted).for_each(|(tested, p)| tested.adjusted = p);
}

type OnTexts = Result<BTreeMap<String, (PairedDifference, Method)>, String>;

/// What a run answered on the test split.
enum Answered {
    /// A model of ours, on texts.
    Texts(Predictions),
    /// Any program, on rows.
    Rows(Predicted),
}

impl Answered {
    fn load(store: &dyn Store, run: &ComparedRun) -> Result<Option<Self>, ComparisonError> {
        if let Some(rows) = filed::load(store, run.record.id, "test")? {
            return Ok(Some(Self::Rows(rows)));
        }
        Ok(load_predictions(store, run.record.id, "test")?.map(Self::Texts))
    }

    /// The same as rows.
    fn rows(&self) -> Result<Cow<'_, Predicted>, String> {
        match self {
            Self::Texts(texts) => {
                Predicted::of_predictions(texts).map(Cow::Owned).map_err(|why| why.to_string())
            }
            Self::Rows(rows) => Ok(Cow::Borrowed(rows)),
        }
    }
}

/// Differences on the texts or rows of the test split; or why there are none.
fn test_on_texts(
    (base, known): (&ComparedRun, Option<&Answered>),
    (run, own): (&ComparedRun, Option<&Answered>),
) -> OnTexts {
    let missing = |run: &ComparedRun| Err(format!("{} has stored no predictions", run.name()));
    let mut rng = SeedTree::new(0).rng("comparison");
    match (known, own) {
        (None, _) => missing(base),
        (_, None) => missing(run),
        (Some(Answered::Texts(known)), Some(Answered::Texts(own))) => differences(known, own, &mut rng),
        (Some(known), Some(own)) => {
            let found = predictions::differences(&*known.rows()?, &*own.rows()?, &mut rng)?;
            let method = |test| match test {
                RowTest::Mcnemar => Method::Mcnemar,
                RowTest::Bootstrap => Method::Bootstrap,
            };
            Ok(found.into_iter().map(|(name, (found, test))| (name, (found, method(test)))).collect())
        }
    }
}

/// The difference of one metric to the baseline; `None` where either has no value.
fn delta(key: &str, base: &ComparedRun, run: &ComparedRun, texts: &OnTexts) -> Option<Delta> {
    let value = run.metrics.get(key)?.0 - base.metrics.get(key)?.0;
    let is_answer = key.starts_with("test/") && texts.is_ok();
    let tested = if (base.is_of_program || run.is_of_program) && !is_answer {
        Err("each has one value of it, and one value says nothing of chance; `--across-seeds` compares several".to_owned())
    } else if let Some(name) = key.strip_prefix("test/") {
        test_of_texts(name, value, texts)
    } else if key.starts_with("val/") {
        test_of_folds(key, base, run)
    } else {
        Err("no paired test is made of this metric".to_owned())
    };
    Some(Delta { value, tested })
}

fn test_of_texts(name: &str, value: f64, texts: &OnTexts) -> Result<Tested, String> {
    let found = texts.as_ref().map_err(Clone::clone)?;
    let (test, method) = found.get(name).ok_or("no paired test is made of this metric")?;
    if (test.value - value).abs() > ROUNDING {
        return Err(format!(
            "the predictions differ by {:.6}, as if the value had been measured otherwise",
            test.value
        ));
    }
    Ok(Tested { method: *method, n: test.n, low: test.low, high: test.high, p: test.p, adjusted: test.p })
}

fn test_of_folds(key: &str, base: &ComparedRun, run: &ComparedRun) -> Result<Tested, String> {
    if let Some(why) = base.folds_differ(run) {
        return Err(why);
    }
    let (Some(before), Some(after), Some(count)) =
        (base.folds.get(key), run.folds.get(key), fold_count(&base.record))
    else {
        return Err("the values of the folds are not recorded".to_owned());
    };
    let differences: Vec<f64> = after.iter().zip(before).map(|(after, before)| after - before).collect();
    let test = corrected_resampled_t(&differences, 1.0 / (count as f64 - 1.0))
        .ok_or("the folds all differ by the same, which leaves nothing to judge by")?;
    Ok(Tested {
        method: Method::CorrectedT,
        n: count,
        low: test.low,
        high: test.high,
        p: test.p,
        adjusted: test.p,
    })
}
