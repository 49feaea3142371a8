//! `[search]`: distributions over keys, when they exist, and constraints between them.

mod fixed;
mod space;

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::distribution::{Reader, WHEN, may_be_distribution};
use super::keys::{self, Key};
use super::kind::{Kind, show};
use super::problem::{At, Complaint, Origin, Problem};
use super::suggest::{name_among, nearest_path};
use super::value::{Located, kind_of, scalar};
use crate::trial::ParamValue;
use uaic_study::space::{Constraint, Distribution};

/// The name in `[search]` that stands for constraints.
const CONSTRAINTS: &str = "constraints";

/// What `[search]` says.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Whether the parameters are those of a program, of which nothing is known, not keys of a spec.
    pub(super) is_free: bool,
    /// By name, and where each was given.
    distributions: BTreeMap<String, Located<Distribution>>,
    /// Parameters that are there, but wrong; what names them is not wrong, too.
    refused: BTreeSet<String>,
    conditions: Vec<Condition>,
    constraints: Vec<Located<Constraint>>,
    /// Parameters of a program that were given one value: what is conditional on others of their values
    /// never exists, and that is no mistake.
    fixed: BTreeSet<String>,
}

/// That a parameter exists only where another has one of some values.
#[derive(Debug)]
struct Condition {
    name: String,
    parent: String,
    values: Vec<ParamValue>,
    at: At,
}

impl Found {
    pub(super) fn get(&self, name: &str) -> Option<&Located<Distribution>> {
        self.distributions.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Located<Distribution>)> {
        self.distributions.iter()
    }

    /// Takes a parameter out of the search.
    pub(super) fn remove(&mut self, name: &str) {
        self.distributions.remove(name);
        self.conditions.retain(|condition| condition.name != name);
    }

    /// Reads `[search]`. Key paths may be quoted (`"train.lr"`) or dotted (`train.lr`).
    pub(super) fn read(&mut self, table: &DeTable<'_>, origin: Origin, problems: &mut Vec<Problem>) {
        self.read_below(table, "", origin, problems);
    }

    fn read_below(&mut self, table: &DeTable<'_>, above: &str, origin: Origin, problems: &mut Vec<Problem>) {
        for (name, value) in table {
            let path = if above.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{above}.{}", name.get_ref())
            };
            match value.get_ref() {
                DeValue::Table(inner) if self.is_group(&path) && !may_be_distribution(inner) => {
                    self.read_below(inner, &path, origin, problems);
                }
                DeValue::Array(_) | DeValue::String(_) if path == CONSTRAINTS => {
                    self.read_constraints(value, origin, problems);
                }
                _ if self.distributions.contains_key(&path) => {
                    let complaint =
                        Complaint::new(format!("`{path}` is searched twice")).help("keep one of the two");
                    problems.push(complaint.at(origin.at(name.span())));
                }
                _ => self.read_one(&path, value, (origin, origin.at(name.span())), problems),
            }
        }
    }

    /// Whether tables at a path group parameters.
    fn is_group(&self, path: &str) -> bool {
        self.is_free || keys::is_section(path)
    }

    /// Reads one distribution of an override; it replaces an earlier one.
    pub(super) fn replace(
        &mut self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        origin: Origin,
        problems: &mut Vec<Problem>,
    ) {
        self.remove(path);
        self.read_one(path, value, (origin, origin.at(0..0)), problems);
    }

    fn read_one(
        &mut self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        place: (Origin, At),
        problems: &mut Vec<Problem>,
    ) {
        let before = problems.len();
        self.read_distribution(path, value, place, problems);
        if problems.len() > before {
            self.refused.insert(path.to_owned());
        }
    }

    fn read_distribution(
        &mut self,
        path: &str,
        value: &Spanned<DeValue<'_>>,
        (origin, at): (Origin, At),
        problems: &mut Vec<Problem>,
    ) {
        let kind = if self.is_free { Ok(Kind::Any) } else { searchable(path).map(|key| key.kind) };
        let kind = match kind {
            Ok(kind) => kind,
            Err(complaint) => return problems.push(complaint.at(at)),
        };
        // A fixed value is a parameter like others, with one choice.
        if self.is_free
            && let Ok(fixed) = scalar(value.get_ref())
        {
            match kind.check(path, &fixed) {
                Ok(fixed) => {
                    let value = Distribution::Choice(vec![fixed]);
                    self.distributions.insert(path.to_owned(), Located { value, at });
                    self.fixed.insert(path.to_owned());
                }
                Err(complaint) => problems.push(complaint.at(at)),
            }
            return;
        }
        if let Some(distribution) = (Reader { path, kind, origin, problems }).distribution(value) {
            self.distributions.insert(path.to_owned(), Located { value: distribution, at });
        }
        let when = value.get_ref().as_table().and_then(|table| table.get(WHEN));
        if let Some(when) = when {
            self.read_conditions(path, when, origin, problems);
        }
    }

    fn read_conditions(
        &mut self,
        path: &str,
        when: &Spanned<DeValue<'_>>,
        origin: Origin,
        problems: &mut Vec<Problem>,
    ) {
        let help = self.example_of_when(path);
        let Some(table) = when.get_ref().as_table() else {
            let kind = kind_of(when.get_ref());
            let complaint = Complaint::new(format!("`when` of `{path}` must be a table, not {kind}"));
            return problems.push(complaint.maybe_help(help).at(origin.at(when.span())));
        };
        for (parent, values) in flattened(table, "") {
            let at = origin.at(values.span());
            let each: Vec<_> = match values.get_ref() {
                DeValue::Array(array) => array.iter().map(|value| scalar(value.get_ref())).collect(),
                single => vec![scalar(single)],
            };
            match each.into_iter().collect::<Result<Vec<_>, _>>() {
                Ok(values) => self.conditions.push(Condition { name: path.to_owned(), parent, values, at }),
                Err(complaint) => problems.push(complaint.maybe_help(help.clone()).at(at)),
            }
        }
    }

    /// A condition that a parameter could have: on a list of those read so far, or on a key of ours.
    fn example_of_when(&self, path: &str) -> Option<String> {
        let mut others = self.distributions.iter().filter(|(name, _)| *name != path);
        let listed = others.find_map(|(name, located)| match &located.value {
            Distribution::Choice(values) => values.first().map(|value| (name.as_str(), show(value))),
            _ => None,
        });
        let ours = (!self.is_free).then(|| ("model.architecture", "\"lstm-attention\"".to_owned()));
        let (name, value) = listed.or(ours)?;
        Some(format!("write `when = {{ {} = {value} }}`", ParamValue::from(name).to_toml()))
    }

    fn read_constraints(&mut self, list: &Spanned<DeValue<'_>>, origin: Origin, problems: &mut Vec<Problem>) {
        let entries: Vec<&Spanned<DeValue<'_>>> = match list.get_ref() {
            DeValue::Array(entries) => entries.iter().collect(),
            _ => vec![list],
        };
        for entry in entries {
            let at = origin.at(entry.span());
            let Some(text) = entry.get_ref().as_str() else {
                let complaint = Complaint::new("a constraint is a text")
                    .help("write `constraints = [\"model.hidden_dim <= 2 * model.embedding_dim\"]`");
                problems.push(complaint.at(at));
                continue;
            };
            match text.parse::<Constraint>() {
                Ok(value) => self.constraints.push(Located { value, at }),
                Err(error) => {
                    // The quote comes before the text.
                    let start = entry.span().start + 1;
                    let span = start + error.span.start..start + error.span.end;
                    problems.push(Complaint::new(error.message).at(origin.at(span)));
                }
            }
        }
    }
}

/// The entries of nested tables, by their whole paths.
fn flattened<'t, 'v>(table: &'t DeTable<'v>, above: &str) -> Vec<(String, &'t Spanned<DeValue<'v>>)> {
    let mut entries = Vec::new();
    for (name, value) in table {
        let name = name.get_ref();
        let path = if above.is_empty() { name.to_string() } else { format!("{above}.{name}") };
        match value.get_ref() {
            DeValue::Table(inner) => entries.extend(flattened(inner, &path)),
            _ => entries.push((path, value)),
        }
    }
    entries
}

/// The key to search at a path, or why there is none.
fn searchable(path: &str) -> Result<&'static Key, Complaint> {
    match keys::find(path) {
        Some(key) if key.is_searchable() => return Ok(key),
        Some(_) => {
            return Err(Complaint::new(format!("`{path}` cannot be searched"))
                .help("only keys of [text], [model] and [train] can"));
        }
        None => {}
    }
    let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
    let key = name_among(name, |key| key.is_searchable() && key.section() == section)
        .or_else(|| nearest_path(path, Key::is_searchable))
        .or_else(|| name_among(name, Key::is_searchable));
    Err(Complaint::new(format!("unknown key `{path}` in [search]")).help(match key {
        Some(key) => format!("did you mean `\"{}\"`?", key.path),
        None => "keys of [text], [model] and [train] can be searched, such as `\"train.lr\"`".to_owned(),
    }))
}
