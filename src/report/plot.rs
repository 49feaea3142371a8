//! Every kind of picture by name, and how it is made from what is recorded.

use super::figure::Figure;
use super::study::{self, Dimension, Objectives, StudyView, ViewError};
use super::subject::Subject;
use super::{model, pictures};
use crate::ErrorKind;
use crate::eval::Predictions;
use crate::nearest::nearest;
use crate::store::StoreError;
use crate::training::TrainingError;

/// What is wanted beyond the kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Parameters to show; all when empty.
    pub params: Vec<String>,
    /// The split of a model's predictions; the test split when absent.
    pub split: Option<String>,
    /// Sentences to show; some of the split when empty.
    pub texts: Vec<String>,
}

impl Wanted {
    /// The split that is meant.
    pub(crate) fn split(&self) -> &str {
        self.split.as_deref().unwrap_or("test")
    }
}

/// Why a picture cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is no such kind.
    #[error("there is no picture `{kind}`{hint}")]
    Kind {
        /// What was asked for.
        kind: String,
        /// The nearest one, or where the list is.
        hint: String,
    },
    /// The study cannot be shown.
    #[error(transparent)]
    View(#[from] ViewError),
    /// The run's model or predictions cannot be read.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The picture cannot be drawn.
    #[error(transparent)]
    Draw(#[from] super::draw::DrawError),
    /// A score has no value.
    #[error("a score cannot be had: {0}")]
    Score(#[from] crate::eval::Undefined),
    /// The model cannot be applied.
    #[error("the model cannot be applied: {0}")]
    Model(#[from] candle_core::Error),
    /// The run has not recorded what the picture shows.
    #[error("{run} has no {what}: {hint}")]
    Missing {
        /// The run.
        run: String,
        /// What it lacks.
        what: String,
        /// Which run has it, or how to get it.
        hint: String,
    },
}

impl PlotError {
    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Kind { .. } => ErrorKind::Usage,
            Self::View(view) => view.kind(),
            Self::Training(training) => training.kind(),
            Self::Store(store) => store.kind(),
            Self::Draw(draw) => draw.kind(),
            Self::Missing { .. } => ErrorKind::NotFound,
            Self::Score(_) | Self::Model(_) => ErrorKind::Failed,
        }
    }
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

type Build = fn(&[Subject<'_>], &Wanted) -> Result<Figure, PlotError>;

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
        Ok(study::history(first(subjects)?.view()?))
    }),
    kind("parallel", About::Study, "parallel coordinates, the best trials in colour", |subjects, wanted| {
        let view = first(subjects)?.view()?;
        Ok(study::parallel(view, &chosen(view, wanted)?))
    }),
    kind("contour", About::Study, "the value over two parameters, or over all pairs", |subjects, wanted| {
        let view = first(subjects)?.view()?;
        match &chosen(view, wanted)?[..] {
            [x, y] => Ok(study::contour(view, x, y)),
            several => Ok(study::contour_matrix(view, several)),
        }
    }),
    kind("slice", About::Study, "the value against each parameter", |subjects, wanted| {
        let view = first(subjects)?.view()?;
        Ok(study::slice(view, &chosen(view, wanted)?))
    }),
    kind("rank", About::Study, "ranks of trials over pairs of parameters", |subjects, wanted| {
        let view = first(subjects)?.view()?;
        Ok(study::rank(view, &chosen(view, wanted)?))
    }),
    kind("intermediate", About::Study, "values of all trials step by step", |subjects, _| {
        let subject = first(subjects)?;
        Ok(study::intermediate(subject.view()?, &subject.intermediate()?))
    }),
    kind("edf", About::Study, "the distribution of values, of one or several studies", |subjects, _| {
        let views = subjects.iter().map(Subject::view).collect::<Result<Vec<_>, _>>()?;
        Ok(study::edf(&views))
    }),
    kind("timeline", About::Study, "when each trial ran, by worker", |subjects, _| {
        Ok(study::timeline(first(subjects)?.view()?))
    }),
    kind("importance", About::Study, "what each parameter is worth, by functional ANOVA", |subjects, _| {
        let subject = first(subjects)?;
        Ok(study::importance(subject.view()?, &mut subject.seeds().rng("importance")))
    }),
    kind(
        "importance_top",
        About::Study,
        "what each matters for the best tenth, by PED-ANOVA",
        |subjects, _| Ok(study::importance_top(first(subjects)?.view()?)),
    ),
    kind(
        "pareto_front",
        About::Study,
        "trials that no other is better than in all objectives",
        |subjects, _| Ok(study::pareto_front(&Objectives::of(first(subjects)?.view()?))),
    ),
    kind("hypervolume", About::Study, "how much of several objectives is covered so far", |subjects, _| {
        Ok(study::hypervolume(&Objectives::of(first(subjects)?.view()?)))
    }),
    kind("curves", About::Training, "losses and metrics over epochs, folds as a band", |subjects, _| {
        pictures::curves(subjects)
    }),
    kind("confusion", About::Model, "which classes are taken for which, in texts", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::confusion(p, model::CellText::Counts, about))
    }),
    kind("confusion_share", About::Model, "the same in percent of each class", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::confusion(p, model::CellText::Shares, about))
    }),
    kind("roc", About::Model, "ROC curves, one class against the rest", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::roc(p, 1.0, about))
    }),
    kind("precision_recall", About::Model, "precision against recall", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::precision_recall(p, 1.0, about))
    }),
    kind("lift", About::Model, "lift by decile", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::lift(p, 1.0, about))
    }),
    kind("gain", About::Model, "cumulative gain", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::gain(p, 1.0, about))
    }),
    kind("f1", About::Model, "F1 of every class, with its support", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| model::f1(p, about))
    }),
    kind("segments", About::Model, "accuracy by length and by unknown words", |subjects, wanted| {
        of_split(subjects, wanted, |p, _, about| pictures::segments(p, about))
    }),
    kind(
        "reliability",
        About::Model,
        "confidence against accuracy, before and after temperature",
        |subjects, wanted| of_split(subjects, wanted, model::reliability),
    ),
    kind(
        "risk_coverage",
        About::Model,
        "errors left when unsure answers are held back",
        |subjects, wanted| of_split(subjects, wanted, model::risk_coverage),
    ),
    kind("confidence", About::Model, "how confident answers are on every split", |subjects, _| {
        pictures::confidence(first(subjects)?)
    }),
    kind("classes", About::Model, "how many texts of each class every split has", |subjects, _| {
        pictures::classes(first(subjects)?)
    }),
    kind("oos_scores", About::Model, "scores of texts with and without an intent", |subjects, _| {
        pictures::out_of_scope(first(subjects)?, model::oos_scores)
    }),
    kind("oos_roc", About::Model, "how well these are told apart", |subjects, _| {
        pictures::out_of_scope(first(subjects)?, model::oos_roc)
    }),
    kind("embedding", About::Model, "features in the plane: PCA and t-SNE", |subjects, wanted| {
        let subject = first(subjects)?;
        of_split(subjects, wanted, |p, _, about| {
            pictures::embedding(p, &mut subject.seeds().rng("tsne"), about)
        })
    }),
    kind("attention", About::Model, "the words that an answer rests on (--text)", |subjects, wanted| {
        pictures::attention(first(subjects)?, wanted)
    }),
];

/// A picture of what a model said of the wanted split, given its predictions, its temperature and
/// what they are of.
fn of_split(
    subjects: &[Subject<'_>],
    wanted: &Wanted,
    build: impl Fn(&Predictions, f64, &str) -> Figure,
) -> Result<Figure, PlotError> {
    let subject = first(subjects)?;
    let split = wanted.split();
    let predictions = subject.predictions(split)?;
    let temperature = subject.temperature()?;
    Ok(build(&predictions, temperature, &pictures::subtitle(subject, split, predictions.len())))
}

/// The picture of a kind.
///
/// # Errors
/// There is no such kind, or the subjects do not have what it shows.
pub fn figure(kind: &str, subjects: &[Subject<'_>], wanted: &Wanted) -> Result<Figure, PlotError> {
    let found = KINDS.iter().find(|known| known.name == kind.replace('-', "_")).ok_or_else(|| {
        let near = nearest(kind, KINDS.iter().map(|known| known.name));
        let hint = near.map_or_else(
            || "; `uaic plot --help` lists them".to_owned(),
            |near| format!("; did you mean `{near}`?"),
        );
        PlotError::Kind { kind: kind.to_owned(), hint }
    })?;
    (found.build)(subjects, wanted)
}

fn first<'a, 's>(subjects: &'a [Subject<'s>]) -> Result<&'a Subject<'s>, PlotError> {
    subjects.first().ok_or_else(|| PlotError::Missing {
        run: "nothing".to_owned(),
        what: "picture".to_owned(),
        hint: "name a study or a run".to_owned(),
    })
}

/// The wanted parameters as axes.
fn chosen(view: &StudyView, wanted: &Wanted) -> Result<Vec<Dimension>, PlotError> {
    wanted.params.iter().map(|name| view.dimension(name).map_err(PlotError::from)).collect()
}
