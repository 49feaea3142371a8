//! Studies, and how far they are.

use serde_json::{Map, Value, json};

use super::super::listing::{Field, Listing, column};
use super::super::{json, printer, table};
use super::{LsArgs, tell_rest};
use crate::store::{Store, StudyRecord, Tally};

/// Lists them.
pub(super) fn list(store: &dyn Store, args: &LsArgs) -> anyhow::Result<()> {
    let mut studies = store.studies()?;
    studies.retain(|study| args.experiment.as_ref().is_none_or(|name| *name == study.plan.experiment));
    let total = studies.len() as u64;
    if let Some(most) = args.most() {
        studies.truncate(most as usize);
    }
    let studies = studies
        .into_iter()
        .map(|study| Ok((store.tally(study.id)?, study)))
        .collect::<anyhow::Result<Vec<(Tally, StudyRecord)>>>()?;
    if args.json {
        let studies: Vec<Map<String, Value>> =
            studies.iter().map(|(tally, study)| json::study(study, tally)).collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "total": total, "studies": studies }));
    }
    if studies.is_empty() && !args.csv {
        printer::talk("no studies; `uaic run experiments/attention.toml` makes one");
        return Ok(());
    }
    let listing = listing_of_studies(&studies);
    if args.csv {
        listing.print_csv()?;
    } else {
        printer::data(listing.text())?;
    }
    tell_rest(studies.len() as u64, total);
    Ok(())
}

fn listing_of_studies(studies: &[(Tally, StudyRecord)]) -> Listing {
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut listing = Listing::new([
        column("ID", "id"),
        column("EXPERIMENT", "experiment"),
        column("STATE", "state"),
        column(">TRIALS", "done"),
        column("", "trials"),
        column(">BEST", "best"),
        column("", "best_trial"),
        column("METRIC", "metric"),
        column("", "direction"),
        column("", "seed"),
        column("", "complete"),
        column("", "pruned"),
        column("", "failed"),
        column("", "hidden"),
        column("", "excluded"),
        column("CREATED", "created"),
    ]);
    for (tally, study) in studies {
        listing.add([
            Field::of(study.id.short(), study.id.to_string()),
            Field::text(&study.plan.experiment, 40),
            Field::of(table::study_state(study.state), study.state.name()),
            Field::of(
                format!("{}/{}{}", tally.done(), study.plan.trials, tally.aside()),
                tally.done().to_string(),
            ),
            Field::plain(study.plan.trials),
            Field::number(tally.best.map(|best| best.value())),
            Field::plain(tally.best.map(|best| best.number().to_string()).unwrap_or_default()),
            Field::name(study.plan.goals.metric()),
            Field::plain(study.plan.goals.direction()),
            Field::plain(study.plan.seed),
            Field::plain(tally.complete),
            Field::plain(tally.pruned),
            Field::plain(tally.failed),
            Field::plain(tally.hidden),
            Field::plain(tally.excluded),
            Field::time(study.created_ms, now_ms),
        ]);
    }
    listing
}
