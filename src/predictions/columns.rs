//! Which columns are the right answers, the given ones, and scores.

use uaic_table::{Source, TableError};

use super::{RowsError, Task, Wanted};

/// Names that right answers usually have.
const GOLD: [&str; 9] = ["gold", "y_true", "y", "target", "truth", "true", "actual", "class", "label"];

/// Names that given answers usually have.
const GIVEN: [&str; 8] =
    ["predicted", "y_pred", "yhat", "y_hat", "prediction", "predictions", "pred", "preds"];

/// How names of columns of scores usually begin, where there is one for each class.
const EACH: [&str; 6] = ["p_", "prob_", "proba_", "probability_", "score_", "logit_"];

/// Names that a single column of scores usually has.
const SCORE: [&str; 11] = [
    "proba",
    "probability",
    "probabilities",
    "probs",
    "prob",
    "p",
    "y_score",
    "y_prob",
    "y_proba",
    "score",
    "logits",
];

/// How names of columns of quantiles usually begin.
const QUANTILES: [&str; 2] = ["q_", "quantile_"];

/// The columns that are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Chosen {
    pub(super) gold: String,
    pub(super) label: Option<String>,
    /// Columns of scores, each with its class or level where its name says one.
    pub(super) scores: Vec<(String, Option<String>)>,
    pub(super) id: Option<String>,
    /// Names of classes that the file itself gives for an array of scores.
    pub(super) classes: Option<String>,
    pub(super) notes: Vec<String>,
}

impl Chosen {
    /// The columns to read, each once.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = vec![self.gold.as_str()];
        let scores = self.scores.iter().map(|(name, _)| name);
        for name in self.label.iter().chain(scores).chain(&self.id) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// Chooses columns: those that are wanted, or that have usual names; what was found out is noted.
pub(super) fn choose(source: &mut Source, wanted: &Wanted) -> Result<Chosen, RowsError> {
    let all: Vec<String> = source.columns().iter().map(|column| column.name.clone()).collect();
    let name = source.name().to_owned();
    let find = Finder { name: &name, all: &all };
    let score = wanted.score.as_deref().map(|pattern| find.pattern(pattern)).transpose()?;
    let label = wanted.label.as_deref().map(|label| find.exact(label)).transpose()?;
    let mut chosen = Chosen { label, scores: score.unwrap_or_default(), ..Chosen::default() };
    chosen.id = match &wanted.id {
        Some(id) => Some(find.exact(id)?),
        None => all.iter().find(|name| name.as_str() == "id").cloned(),
    };
    let mut found = Vec::new();
    if chosen.label.is_none() && chosen.scores.is_empty() {
        chosen.label = find.usual(&GIVEN, &[]);
        chosen.scores = find.usual_scores(wanted.task);
        found.extend(chosen.label.iter().map(|label| format!("the given ones in `{label}`")));
        found.extend(told(&chosen.scores).map(|scores| format!("scores in {scores}")));
    }
    chosen.gold = if let Some(gold) = &wanted.gold {
        find.exact(gold)?
    } else {
        let taken: Vec<&str> = chosen.names().into_iter().skip(1).collect();
        let gold = find.usual(&GOLD, &taken).ok_or_else(|| find.unfound("the right answers", "--gold"))?;
        found.insert(0, format!("the right answers are in `{gold}`"));
        gold
    };
    if chosen.label.is_none() && chosen.scores.is_empty() {
        return Err(find.unfound("scores or given answers", "--score"));
    }
    if !found.is_empty() {
        chosen
            .notes
            .push(format!("{}; `--gold`, `--label` and `--score` name other columns", found.join(", ")));
    }
    if wanted.classes.is_empty() && chosen.scores.len() == 1 {
        chosen.classes = all.iter().find(|name| matches!(name.as_str(), "classes" | "classes_")).cloned();
    }
    Ok(chosen)
}

/// Columns of scores in a few words; none without any.
pub(super) fn told(scores: &[(String, Option<String>)]) -> Option<String> {
    match scores {
        [] => None,
        [(one, _)] => Some(format!("`{one}`")),
        [(first, _), .., (last, _)] => Some(format!("{} columns, `{first}` to `{last}`", scores.len())),
    }
}

struct Finder<'a> {
    name: &'a str,
    all: &'a [String],
}

impl Finder<'_> {
    fn exact(&self, wanted: &str) -> Result<String, RowsError> {
        let found = self.all.iter().find(|name| *name == wanted).cloned();
        let names = self.all.iter().map(String::as_str);
        found.ok_or_else(|| TableError::no_column(self.name, wanted, names).into())
    }

    /// The columns of a pattern with one star, with what it stands for.
    fn pattern(&self, pattern: &str) -> Result<Vec<(String, Option<String>)>, RowsError> {
        let Some((before, after)) = pattern.split_once('*') else {
            return Ok(vec![(self.exact(pattern)?, None)]);
        };
        let found = self.matching(before, after);
        if found.is_empty() {
            return Err(RowsError::Unmatched {
                name: self.name.to_owned(),
                pattern: pattern.to_owned(),
                columns: self.told(),
            });
        }
        Ok(found)
    }

    fn matching(&self, before: &str, after: &str) -> Vec<(String, Option<String>)> {
        let inner = |name: &String| {
            let inner = name.strip_prefix(before)?.strip_suffix(after)?;
            (!inner.is_empty()).then(|| (name.clone(), Some(inner.to_owned())))
        };
        self.all.iter().filter_map(inner).collect()
    }

    /// The first usual name that a column has, in any letters.
    fn usual(&self, names: &[&str], taken: &[&str]) -> Option<String> {
        let column = |usual: &&str| {
            let is_it = |name: &&String| name.eq_ignore_ascii_case(usual) && !taken.contains(&name.as_str());
            self.all.iter().find(is_it)
        };
        names.iter().find_map(column).cloned()
    }

    fn usual_scores(&self, task: Option<Task>) -> Vec<(String, Option<String>)> {
        let beginnings: &[&str] = if task == Some(Task::Regression) { &QUANTILES } else { &EACH };
        let of_classes =
            beginnings.iter().map(|before| self.matching(before, "")).find(|found| found.len() > 1);
        let single = || (task != Some(Task::Regression)).then(|| self.usual(&SCORE, &[])).flatten();
        of_classes.unwrap_or_else(|| single().into_iter().map(|name| (name, None)).collect())
    }

    fn told(&self) -> String {
        const SHOWN: usize = 12;
        let names: Vec<String> = self.all.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
        let more = if self.all.len() > SHOWN { ", …" } else { "" };
        if names.is_empty() { "no columns".to_owned() } else { format!("{}{more}", names.join(", ")) }
    }

    fn unfound(&self, what: &'static str, option: &'static str) -> RowsError {
        RowsError::Unfound { name: self.name.to_owned(), what, option, columns: self.told() }
    }
}
