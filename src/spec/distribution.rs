//! Reading one distribution: `{ log = [1e-4, 1e-2] }`, `{ choice = [32, 64] }` and so on.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::kind::{Kind, show};
use super::problem::{Complaint, Origin, Problem};
use super::value::{kind_of, scalar};
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::space::Distribution;

/// Names of distributions, as a spec writes them.
const FORMS: [&str; 5] = ["uniform", "log", "int", "int_log", "choice"];

/// The key of a distribution that says when its parameter exists.
pub(super) const WHEN: &str = "when";

/// A range may have at most so many steps; a finer one is as good as none.
const MOST_STEPS: f64 = 1e6;

type Located<'v> = Spanned<DeValue<'v>>;

/// Whether a table looks like a distribution.
pub(super) fn is_distribution(table: &DeTable<'_>) -> bool {
    table.keys().any(|name| FORMS.contains(&name.get_ref().as_ref()))
}

/// Whether a table is a distribution or was meant as one: `{ unifrm = [0, 1] }`.
pub(super) fn may_be_distribution(table: &DeTable<'_>) -> bool {
    let is_misspelt = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Located<'_>)| {
        value.get_ref().is_array() && nearest(name.get_ref(), FORMS).is_some()
    };
    is_distribution(table) || table.iter().any(is_misspelt)
}

/// Reads the distribution of one key.
pub(super) struct Reader<'k, 'p> {
    /// The name of what is searched, and what it takes.
    pub(super) path: &'k str,
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    pub(super) problems: &'p mut Vec<Problem>,
}

impl Reader<'_, '_> {
    fn problem(&mut self, complaint: Complaint, span: std::ops::Range<usize>) {
        self.problems.push(complaint.at(self.origin.at(span)));
    }

    fn section(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// Where a value that is no distribution belongs.
    fn instead(&self, value: &DeValue<'_>) -> String {
        match scalar(value).and_then(|value| self.kind.check(self.path, &value)) {
            Ok(value) => {
                let name = self.path.rsplit('.').next().unwrap_or(self.path);
                format!("; to fix the value, write `{name} = {}` in [{}]", value.to_toml(), self.section())
            }
            Err(_) => String::new(),
        }
    }

    /// Forms that suit the key, for help.
    fn example(&self) -> String {
        match self.kind {
            Kind::Int { .. } => format!("`{{ int = [1, 10] }}` or {}", self.example_choice()),
            Kind::Float(_) | Kind::Any => "`{ uniform = [0.1, 0.5] }` or `{ log = [1e-4, 1e-2] }`".to_owned(),
            _ => self.example_choice(),
        }
    }

    fn example_choice(&self) -> String {
        match self.kind {
            Kind::Bool => "`{ choice = [true, false] }`".to_owned(),
            Kind::Int { .. } => "`{ choice = [16, 32] }`".to_owned(),
            Kind::Float(_) | Kind::Any => "`{ choice = [0.1, 0.2] }`".to_owned(),
            Kind::Name(names) => format!("`{{ choice = {names:?} }}`"),
            _ => "`{ choice = [\"a\", \"b\"] }`".to_owned(),
        }
    }

    /// `None` when a problem was found (and noted).
    pub(super) fn distribution(&mut self, value: &Located<'_>) -> Option<Distribution> {
        let Some(table) = value.get_ref().as_table() else {
            let kind = kind_of(value.get_ref());
            let complaint = Complaint::new(format!("`{}` needs a distribution, not {kind}", self.path));
            let help = if value.get_ref().is_array() {
                format!("say which, such as {}", self.example())
            } else {
                format!("write {}{}", self.example(), self.instead(value.get_ref()))
            };
            self.problem(complaint.help(help), value.span());
            return None;
        };
        let before = self.problems.len();
        let form = self.form(table);
        if form.is_none() && self.problems.len() == before {
            let complaint = Complaint::new(format!("`{}` has no distribution", self.path));
            self.problem(complaint.help(format!("write {}", self.example())), value.span());
        }
        let (form, range) = form?;
        let step = table.get("step");
        if let Some(step) = step.filter(|_| !["uniform", "int"].contains(&form)) {
            let complaint = Complaint::new(format!("`{form}` takes no `step`"));
            self.problem(complaint.help("only `uniform` and `int` do; leave it out"), step.span());
        }
        let distribution = match form {
            "choice" => self.choice(range),
            "int" | "int_log" => self.whole_range(form, range, step),
            _ => self.real_range(form, range, step),
        };
        distribution.filter(|_| self.problems.len() == before)
    }

    /// The one form of a distribution, if it suits the key, and what is given for it.
    fn form<'t, 'v>(&mut self, table: &'t DeTable<'v>) -> Option<(&'static str, &'t Located<'v>)> {
        let mut found: Option<(&'static str, &Located<'_>)> = None;
        for (name, value) in
            table.iter().filter(|(name, _)| name.get_ref() != "step" && name.get_ref() != WHEN)
        {
            let known = FORMS.into_iter().find(|form| name.get_ref() == form);
            let complaint = match (known, found) {
                (Some(form), None) => {
                    found = Some((form, value));
                    self.misfit(form)
                }
                (Some(form), Some((first, _))) => Some(
                    Complaint::new(format!("`{}` has both `{first}` and `{form}`", self.path))
                        .help("keep one of the two"),
                ),
                (None, _) => Some(self.unknown_form(name.get_ref())),
            };
            if let Some(complaint) = complaint {
                self.problem(complaint, name.span());
            }
        }
        found.filter(|(form, _)| self.misfit(form).is_none())
    }

    fn unknown_form(&self, name: &str) -> Complaint {
        Complaint::new(format!("unknown distribution `{name}`")).help(
            match nearest(name, FORMS.into_iter().chain(["step", WHEN])) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write {}", self.example()),
            },
        )
    }

    /// Why the form does not suit the kind of the key.
    fn misfit(&self, form: &str) -> Option<Complaint> {
        let path = self.path;
        let (takes, instead) = match (self.kind, form) {
            (Kind::Int { .. }, "uniform") => ("whole numbers", "int"),
            (Kind::Int { .. }, "log") => ("whole numbers", "int_log"),
            (Kind::Float(_), "int") => ("real numbers", "uniform"),
            (Kind::Float(_), "int_log") => ("real numbers", "log"),
            (_, "choice") | (Kind::Int { .. } | Kind::Float(_) | Kind::Any, _) => return None,
            (Kind::Bool, _) => ("`true` and `false`", "choice"),
            _ => ("names", "choice"),
        };
        let complaint = Complaint::new(format!("`{path}` takes {takes}, which `{form}` does not give"));
        Some(match self.kind {
            Kind::Int { .. } | Kind::Float(_) => complaint.help(format!("use `{instead}`")),
            _ => complaint.help(format!("use {}", self.example())),
        })
    }

    /// The two ends of a range, each legal for the key.
    fn ends(&mut self, form: &str, range: &Located<'_>) -> Option<[ParamValue; 2]> {
        let path = self.path;
        let Some([low, high]) = range
            .get_ref()
            .as_array()
            .and_then(|array| <[&Located<'_>; 2]>::try_from(array.iter().collect::<Vec<_>>()).ok())
        else {
            let complaint =
                Complaint::new(format!("`{form}` takes two numbers, the smallest and the largest value"))
                    .help(format!("write {}", self.example()));
            self.problem(complaint, range.span());
            return None;
        };
        let ends = [low, high].map(|end| {
            let value = scalar(end.get_ref());
            let positive = |value: ParamValue| match value.as_f64() {
                Some(x) if form.ends_with("log") && x <= 0.0 => Err(Complaint::new(format!(
                    "a log range must lie above 0, but has an end at {}",
                    show(&value)
                ))
                .help("start above 0, or use a range without log")),
                _ => Ok(value),
            };
            let checked = value.and_then(positive).and_then(|value| self.kind.check(path, &value));
            checked.map_err(|complaint| self.problem(complaint, end.span())).ok()
        });
        match ends {
            [Some(low), Some(high)] => {
                if is_below(&high, &low) {
                    self.problem(self.empty_range(&low, &high), range.span());
                    return None;
                }
                Some([low, high])
            }
            _ => None,
        }
    }

    fn empty_range(&self, low: &ParamValue, high: &ParamValue) -> Complaint {
        let (path, low, high) = (self.path, show(low), show(high));
        Complaint::new(format!("the range of `{path}` is empty: {low} is above {high}"))
            .help(format!("write the smaller end first: `[{high}, {low}]`"))
    }

    fn real_range(
        &mut self,
        form: &str,
        range: &Located<'_>,
        step: Option<&Located<'_>>,
    ) -> Option<Distribution> {
        let ends = self.ends(form, range)?;
        let [Some(low), Some(high)] = ends.map(|end| end.as_f64()) else {
            let complaint = Complaint::new(format!("`{form}` takes two numbers"));
            self.problem(complaint.help(format!("write {}", self.example())), range.span());
            return None;
        };
        if form == "log" {
            return Some(Distribution::Log { low, high });
        }
        let Some(step) = step else { return Some(Distribution::Uniform { low, high, step: None }) };
        let width = high - low;
        match scalar(step.get_ref()).ok().and_then(|step| step.as_f64()) {
            // 0.3 − 0.1 is a little less than 0.2, which is a fair step of that range all the same; and any
            // is one of a range of one value.
            Some(x) if x > 0.0 && (width <= 0.0 || x <= width * (1.0 + 1e-9)) && width / x <= MOST_STEPS => {
                Some(Distribution::Uniform { low, high, step: Some(x) })
            }
            _ => {
                let help = format!("leave `step` out for any value; there may be {MOST_STEPS} steps");
                self.bad_step(step, "number", help)
            }
        }
    }

    fn whole_range(
        &mut self,
        form: &str,
        range: &Located<'_>,
        step: Option<&Located<'_>>,
    ) -> Option<Distribution> {
        let [ParamValue::Int(low), ParamValue::Int(high)] = self.ends(form, range)? else {
            let complaint = Complaint::new(format!("`{form}` takes whole numbers"));
            let real = if form == "int" { "uniform" } else { "log" };
            self.problem(complaint.help(format!("for real numbers use `{real}`")), range.span());
            return None;
        };
        if form == "int_log" {
            return Some(Distribution::IntLog { low, high });
        }
        let Some(step) = step else { return Some(Distribution::Int { low, high, step: 1 }) };
        match scalar(step.get_ref()) {
            Ok(ParamValue::Int(x)) if x > 0 && (low == high || x.unsigned_abs() <= high.abs_diff(low)) => {
                Some(Distribution::Int { low, high, step: x })
            }
            _ => self.bad_step(step, "whole number", "leave `step` out for steps of 1".to_owned()),
        }
    }

    fn bad_step(&mut self, step: &Located<'_>, kind: &str, help: String) -> Option<Distribution> {
        let message = format!("`step` must be a {kind} above 0 and no wider than the range");
        self.problem(Complaint::new(message).help(help), step.span());
        None
    }

    fn choice(&mut self, values: &Located<'_>) -> Option<Distribution> {
        let path = self.path;
        let Some(array) = values.get_ref().as_array().filter(|array| !array.is_empty()) else {
            let complaint =
                Complaint::new(format!("`choice` of `{path}` takes a list of at least one value"))
                    .help(format!("write {}", self.example_choice()));
            self.problem(complaint, values.span());
            return None;
        };
        let mut chosen = Vec::new();
        for value in array {
            match scalar(value.get_ref()).and_then(|value| self.kind.check(path, &value)) {
                Ok(checked) if chosen.contains(&checked) => {
                    let complaint =
                        Complaint::new(format!("`choice` of `{path}` has {} twice", show(&checked)))
                            .help("leave one out");
                    self.problem(complaint, value.span());
                }
                Ok(checked) if chosen.first().is_some_and(|first| !are_alike(first, &checked)) => {
                    let complaint = Complaint::new(format!("`choice` of `{path}` mixes kinds of values"))
                        .help("write all of them as numbers, as texts or as booleans");
                    self.problem(complaint, value.span());
                }
                Ok(checked) => chosen.push(checked),
                Err(complaint) => self.problem(complaint, value.span()),
            }
        }
        Some(Distribution::Choice(chosen))
    }
}

/// Whether one end lies below another; whole numbers are compared as such, to the last bit.
fn is_below(a: &ParamValue, b: &ParamValue) -> bool {
    match (a, b) {
        (ParamValue::Int(a), ParamValue::Int(b)) => a < b,
        _ => a.as_f64() < b.as_f64(),
    }
}

/// Whether two values are of one kind.
fn are_alike(a: &ParamValue, b: &ParamValue) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b) || (a.as_f64().is_some() && b.as_f64().is_some())
}
