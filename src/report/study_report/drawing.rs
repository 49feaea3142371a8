//! The pictures of a report, by section.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::super::drawing;
use super::super::error::PlotError;
use super::super::page::Picture;
use super::super::plot::figure;
use super::super::plot_options::PlotOptions;
use super::super::subject::ReportSubject;
use crate::training::TrainingError;

/// Which pictures a section has.
const PICTURES: [(&str, &[&str]); 8] = [
    ("data", &["classes"]),
    (
        "search",
        &[
            "history",
            "pareto_front",
            "hypervolume",
            "parallel",
            "contour",
            "slice",
            "rank",
            "edf",
            "intermediate",
            "timeline",
        ],
    ),
    ("best", &["importance", "importance_top"]),
    ("training", &["curves"]),
    ("test", &["confusion", "confusion_share", "f1", "roc", "precision_recall", "lift", "gain", "segments"]),
    ("errors", &["embedding", "attention"]),
    ("calibration", &["reliability", "confidence", "risk_coverage"]),
    ("scope", &["oos_scores", "oos_roc"]),
];

/// Every picture that can be made, by section. Those that need what was not recorded are left out.
pub(super) fn draw_all(
    subject: &ReportSubject<'_>,
    threads: usize,
    done: &(dyn Fn(usize) + Sync),
) -> Result<BTreeMap<&'static str, Vec<Picture>>, PlotError> {
    // The slow ones first, so that no thread is left with one at the end.
    let mut kinds: Vec<(&'static str, &'static str)> =
        PICTURES.iter().flat_map(|(section, kinds)| kinds.iter().map(|kind| (*section, *kind))).collect();
    kinds.sort_by_key(|(_, kind)| !["embedding", "contour", "importance"].contains(kind));
    let all = kinds.len();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.max(1)).build();
    let make = |(section, kind): &(&'static str, &'static str)| {
        let made = picture(subject, kind);
        done(all);
        made.map(|picture| (*section, *kind, picture))
    };
    let work = || kinds.par_iter().map(make).collect::<Result<Vec<_>, PlotError>>();
    let made = match pool {
        Ok(pool) => pool.install(work)?,
        // The system gives no threads: one is enough.
        Err(_) => kinds.iter().map(make).collect::<Result<Vec<_>, PlotError>>()?,
    };
    let mut found: BTreeMap<&'static str, Vec<Picture>> = BTreeMap::new();
    for (section, kinds) in PICTURES {
        for kind in kinds {
            let picture =
                made.iter().find(|(_, name, _)| name == kind).and_then(|(_, _, picture)| picture.clone());
            found.entry(section).or_default().extend(picture);
        }
    }
    Ok(found)
}

fn picture(subject: &ReportSubject<'_>, kind: &str) -> Result<Option<Picture>, PlotError> {
    let figure = match figure(kind, std::slice::from_ref(subject), &PlotOptions::default()) {
        Ok(figure) => figure,
        Err(
            PlotError::Missing { .. } | PlotError::Training(TrainingError::Spec(_) | TrainingError::Data(_)),
        ) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(drawing::picture(kind, figure)?)
}
