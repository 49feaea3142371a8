//! `uaic study importance`: which parameters matter.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::super::listing::{Field, Listing, column};
use super::super::{Global, json, printer};
use crate::report::study::StudyView;
use crate::rng::SeedTree;
use crate::select::{self, STUDY_GRAMMAR};
use crate::store::RunRecord;
use crate::study::importance::{TOP, importance as fanova, ped_anova, takes_ranks};
use crate::trial::FinishedTrial;

/// Arguments of `uaic study importance`.
#[derive(Args, Debug)]
#[command(after_help = format!("\
  fanova     the share of the variance of all values that each parameter alone explains
             (Hutter et al. 2014)
  ped-anova  how much each parameter has to do with being among the best tenth (Watanabe et al. 2023)

Examples:
  uaic study importance @
  uaic study importance attention --method ped-anova --json

{STUDY_GRAMMAR}

With --csv: parameter, and a column for each method.
With --json: {{\"schema\": 1, \"study\", \"of\": values or ranks, \"method\", \"importance\": {{name: share}}}}, without
--method \"importance\": {{method: {{name: share}}}}."))]
pub(super) struct ImportanceArgs {
    /// The study; the latest by default
    study: Option<String>,

    /// How it is measured; both by default
    #[arg(long, value_name = "METHOD")]
    method: Option<Method>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum Method {
    Fanova,
    PedAnova,
}

/// Shows it.
pub(super) fn run(global: &Global, args: &ImportanceArgs) -> anyhow::Result<ExitCode> {
    let store = global.store.open_read_only()?;
    let study = select::resolve_study(&*store, args.study.as_deref())?;
    let space = StudyView::load(&*store, &study)?.space;
    let trials = select::best_trials(&*store, &study)?;
    let trials: Vec<FinishedTrial> = trials.iter().filter_map(finished).collect();
    let measure = |method: Method| match method {
        Method::Fanova => {
            let mut rng = SeedTree::new(study.plan.seed).rng("importance");
            fanova(&space, &trials, &mut rng)
        }
        Method::PedAnova => ped_anova(&space, &trials, study.plan.goals.direction(), TOP),
    };
    let methods = args.method.map_or(vec![Method::Fanova, Method::PedAnova], |method| vec![method]);
    let (mut measured, mut reasons) = (Vec::new(), Vec::new());
    for method in methods {
        match measure(method) {
            Ok(shares) => measured.push((method, shares)),
            Err(why) => reasons.push((method, why)),
        }
    }
    // One of them is told even where the other has nothing to say.
    if measured.is_empty()
        && let Some((_, why)) = reasons.pop()
    {
        return Err(why.into());
    }
    for (method, why) in &reasons {
        printer::talk(format!("{}: {why}", name_of(*method)));
    }
    let takes_ranks = takes_ranks(&space, &trials);
    if args.json {
        let mut shown = shape_of(&measured, args.method.is_some());
        shown.insert("schema".to_owned(), json!(json::SCHEMA));
        shown.insert("study".to_owned(), json!(study.id));
        shown.insert("of".to_owned(), json!(if takes_ranks { "ranks" } else { "values" }));
        printer::json(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let listing = listing_of(&measured);
    if args.csv {
        listing.print_csv()?;
        return Ok(ExitCode::SUCCESS);
    }
    printer::talk(format!("study {} · {} trials", study.id.short(), trials.len()));
    if takes_ranks {
        printer::talk("fanova is of ranks, as the values are too far apart for a variance");
    }
    printer::data(listing.text())?;
    Ok(ExitCode::SUCCESS)
}

/// A method and the share that it gives to each parameter, the largest first.
type Measured = (Method, Vec<(String, f64)>);

/// The shares of the one method that was asked for, or of all that have some.
fn shape_of(measured: &[Measured], is_one: bool) -> Map<String, Value> {
    let each = measured.iter().map(|(method, shares)| (name_of(*method).to_owned(), json_of(shares)));
    json::object(match measured {
        [(method, shares)] if is_one => {
            json!({ "method": name_of(*method), "importance": json_of(shares) })
        }
        _ => json!({ "importance": each.collect::<Map<_, _>>() }),
    })
}

/// A row for each parameter, a column for each method.
fn listing_of(measured: &[Measured]) -> Listing {
    let of_each = measured
        .iter()
        .map(|(method, _)| column(format!(">{}", name_of(*method)), name_of(*method).replace('-', "_")));
    let mut listing = Listing::new(std::iter::once(column("PARAMETER", "parameter")).chain(of_each));
    for (name, _) in measured.first().map_or(&[][..], |(_, shares)| shares) {
        let share_in = |shares: &[(String, f64)]| {
            Field::share(shares.iter().find(|(of, _)| of == name).map(|(_, share)| *share))
        };
        let shares = measured.iter().map(|(_, shares)| share_in(shares));
        listing.add(std::iter::once(Field::name(name)).chain(shares));
    }
    listing
}

fn finished(run: &RunRecord) -> Option<FinishedTrial> {
    Some(FinishedTrial::complete(run.start.number?, run.start.params.clone(), run.value()?))
}

fn name_of(method: Method) -> &'static str {
    match method {
        Method::Fanova => "fanova",
        Method::PedAnova => "ped-anova",
    }
}

fn json_of(shares: &[(String, f64)]) -> Value {
    let shares: Map<String, Value> =
        shares.iter().map(|(name, share)| (name.clone(), json::number(*share))).collect();
    shares.into()
}
