//! Every kind of picture by name, and how it is made from what is recorded.

use super::figure::Figure;
use super::study::{self, Dimension, Objectives, StudyView};
use super::subject::ReportSubject;
use super::{model, pictures};
use crate::eval::Predictions;
use crate::nearest::suggestion;
use crate::rng::SeedTree;

pub use super::error::PlotError;
pub use super::plot_options::PlotOptions;

/// The pictures that are made of a [`StudyView`] alone.
pub const VIEWS: [&str; 8] =
    ["history", "parallel", "contour", "slice", "rank", "edf", "timeline", "importance"];

/// A picture of trials, be they of a study or any runs; `None` where the kind is none of [`VIEWS`].
///
/// # Errors
/// There is no parameter of a name.
pub fn of_view(kind: &str, view: &StudyView, options: &PlotOptions) -> Result<Option<Figure>, PlotError> {
    let chosen = || chosen(view, options);
    let figure = match kind {
        "history" => study::history(view),
        "parallel" => study::parallel(view, &chosen()?),
        "contour" => match &chosen()?[..] {
            [x, y] => study::contour(view, x, y),
            several => study::contour_matrix(view, several),
        },
        "slice" => study::slice(view, &chosen()?),
        "rank" => study::rank(view, &chosen()?),
        "edf" => study::edf(&[view]),
        "timeline" => study::timeline(view),
        "importance" => study::importance(view, &mut SeedTree::new(0).child("report", 0).rng("importance")),
        _ => return Ok(None),
    };
    // Runs of no study are no trials.
    Ok(Some(if view.id.is_empty() { study::as_runs(figure) } else { figure }))
}

/// What a picture is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A study and its trials.
    Study,
    /// The course of a training.
    Training,
    /// A trained model and its predictions.
    Model,
}

type Build = fn(&[ReportSubject<'_>], &PlotOptions) -> Result<Figure, PlotError>;

/// A kind of picture.
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is about.
    pub about: About,
    /// What it shows, in a few words.
    pub shows: &'static str,
    build: Build,
}

const fn kind(name: &'static str, about: About, shows: &'static str, build: Build) -> Kind {
    Kind { name, about, shows, build }
}

/// Every kind. Adding one is a builder and a line here.
pub const KINDS: &[Kind] = &[
    kind("history", About::Study, "values of all trials and the best so far", |subjects, _| {
        Ok(study::history(ReportSubject::first(subjects)?.view()?))
    }),
    kind("parallel", About::Study, "parallel coordinates, the best trials in colour", |subjects, options| {
        let view = ReportSubject::first(subjects)?.view()?;
        Ok(study::parallel(view, &chosen(view, options)?))
    }),
    kind("contour", About::Study, "the value over two parameters, or over all pairs", |subjects, options| {
        let view = ReportSubject::first(subjects)?.view()?;
        match &chosen(view, options)?[..] {
            [x, y] => Ok(study::contour(view, x, y)),
            several => Ok(study::contour_matrix(view, several)),
        }
    }),
    kind("slice", About::Study, "the value against each parameter", |subjects, options| {
        let view = ReportSubject::first(subjects)?.view()?;
        Ok(study::slice(view, &chosen(view, options)?))
    }),
    kind("rank", About::Study, "ranks of trials over pairs of parameters", |subjects, options| {
        let view = ReportSubject::first(subjects)?.view()?;
        Ok(study::rank(view, &chosen(view, options)?))
    }),
    kind("intermediate", About::Study, "values of all trials step by step", |subjects, _| {
        let subject = ReportSubject::first(subjects)?;
        Ok(study::intermediate(subject.view()?, &subject.intermediate()?))
    }),
    kind("edf", About::Study, "the distribution of values, of one or several studies", |subjects, _| {
        let views = subjects.iter().map(ReportSubject::view).collect::<Result<Vec<_>, _>>()?;
        Ok(study::edf(&views))
    }),
    kind("timeline", About::Study, "when each trial ran, by worker", |subjects, _| {
        Ok(study::timeline(ReportSubject::first(subjects)?.view()?))
    }),
    kind("importance", About::Study, "what each parameter is worth, by functional ANOVA", |subjects, _| {
        let subject = ReportSubject::first(subjects)?;
        Ok(study::importance(subject.view()?, &mut subject.seeds().rng("importance")))
    }),
    kind(
        "importance_top",
        About::Study,
        "what each matters for the best tenth, by PED-ANOVA",
        |subjects, _| Ok(study::importance_top(ReportSubject::first(subjects)?.view()?)),
    ),
    kind(
        "pareto_front",
        About::Study,
        "trials that no other is better than in all objectives",
        |subjects, _| Ok(study::pareto_front(&Objectives::of(ReportSubject::first(subjects)?.view()?))),
    ),
    kind("hypervolume", About::Study, "how much of several objectives is covered so far", |subjects, _| {
        Ok(study::hypervolume(&Objectives::of(ReportSubject::first(subjects)?.view()?)))
    }),
    kind("curves", About::Training, "losses and metrics over epochs, folds as a band", |subjects, _| {
        pictures::curves(subjects)
    }),
    kind("confusion", About::Model, "which classes are taken for which, in texts", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::confusion(p, model::CellText::Counts, about))
    }),
    kind("confusion_share", About::Model, "the same in percent of each class", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::confusion(p, model::CellText::Shares, about))
    }),
    kind("roc", About::Model, "ROC curves, one class against the rest", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::roc(p, 1.0, about))
    }),
    kind("precision_recall", About::Model, "precision against recall", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::precision_recall(p, 1.0, about))
    }),
    kind("lift", About::Model, "lift by decile", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::lift(p, 1.0, about))
    }),
    kind("gain", About::Model, "cumulative gain", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::gain(p, 1.0, about))
    }),
    kind("f1", About::Model, "F1 of every class, with its support", |subjects, options| {
        of_split(subjects, options, |p, _, about| model::f1(p, about))
    }),
    kind("segments", About::Model, "accuracy by length and by unknown words", |subjects, options| {
        of_split(subjects, options, |p, _, about| pictures::segments(p, about))
    }),
    kind(
        "reliability",
        About::Model,
        "confidence against accuracy, before and after temperature",
        |subjects, options| of_split(subjects, options, model::reliability),
    ),
    kind(
        "risk_coverage",
        About::Model,
        "errors left when unsure answers are held back",
        |subjects, options| of_split(subjects, options, model::risk_coverage),
    ),
    kind("confidence", About::Model, "how confident answers are on every split", |subjects, _| {
        pictures::confidence(ReportSubject::first(subjects)?)
    }),
    kind("classes", About::Model, "how many texts of each class every split has", |subjects, _| {
        pictures::classes(ReportSubject::first(subjects)?)
    }),
    kind("oos_scores", About::Model, "scores of texts with and without an intent", |subjects, _| {
        pictures::out_of_scope(ReportSubject::first(subjects)?, model::oos_scores)
    }),
    kind("oos_roc", About::Model, "how well these are told apart", |subjects, _| {
        pictures::out_of_scope(ReportSubject::first(subjects)?, model::oos_roc)
    }),
    kind("embedding", About::Model, "features in the plane: PCA and t-SNE", |subjects, options| {
        let subject = ReportSubject::first(subjects)?;
        of_split(subjects, options, |p, _, about| {
            pictures::embedding(p, &mut subject.seeds().rng("tsne"), about)
        })
    }),
    kind("attention", About::Model, "the words that an answer rests on (--text)", |subjects, options| {
        pictures::attention(ReportSubject::first(subjects)?, options)
    }),
];

/// A picture of what a model said of the wanted split, given its predictions, its temperature and
/// what they are of.
fn of_split(
    subjects: &[ReportSubject<'_>],
    options: &PlotOptions,
    build: impl Fn(&Predictions, f64, &str) -> Figure,
) -> Result<Figure, PlotError> {
    let subject = ReportSubject::first(subjects)?;
    let split = options.split();
    let predictions = subject.predictions(split)?;
    let temperature = subject.temperature()?;
    Ok(build(&predictions, temperature, &pictures::subtitle(subject, split, predictions.len())))
}

/// The picture of a kind.
///
/// # Errors
/// There is no such kind, or the subjects do not have what it shows.
pub fn figure(
    kind: &str,
    subjects: &[ReportSubject<'_>],
    options: &PlotOptions,
) -> Result<Figure, PlotError> {
    let found = KINDS.iter().find(|known| known.name == kind.replace('-', "_")).ok_or_else(|| {
        let question = suggestion(kind, KINDS.iter().map(|known| known.name));
        let hint = question.unwrap_or_else(|| "`uaic plot --help` lists them".to_owned());
        let hint = format!("; {hint}");
        PlotError::Kind { kind: kind.to_owned(), hint }
    })?;
    (found.build)(subjects, options)
}

/// The wanted parameters as axes.
fn chosen(view: &StudyView, options: &PlotOptions) -> Result<Vec<Dimension>, PlotError> {
    options.params.iter().map(|name| view.dimension(name).map_err(PlotError::from)).collect()
}
