//! `[search]`: distributions over keys, when they exist, and constraints between them.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::distribution::{Reader, WHEN, may_be_distribution};
use super::keys::{self, Key};
use super::kind::{Kind, show};
use super::problem::{At, Complaint, Origin, Problem};
use super::read::{Located, kind_of, scalar};
use super::suggest::{name_among, nearest_path};
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::space::Constraint;
use uaic_study::space::{Distribution, Space};

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

    /// Gives a parameter of a program, which is searched, one value: that of an override, and its text.
    pub(super) fn fix(
        &mut self,
        name: &str,
        value: &DeValue<'_>,
        text: &str,
        origin: Origin,
    ) -> Result<(), Complaint> {
        let Some(known) = self.distributions.get(name) else { return Ok(()) };
        let value = Kind::Any.check(name, &scalar(value)?)?;
        let value = suited(name, &known.value, value, text)?;
        self.remove(name);
        self.fixed.insert(name.to_owned());
        let located = Located { value: Distribution::Choice(vec![value]), at: origin.at(0..0) };
        self.distributions.insert(name.to_owned(), located);
        Ok(())
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

    /// The space, with what is known of keys that are not searched put into conditions and
    /// constraints; or all that does not fit together.
    pub(super) fn space(&self, fixed: impl Fn(&str) -> Option<ParamValue>) -> Result<Space, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut distributions = self.distributions.clone();
        let mut kept: Vec<&Condition> = Vec::new();
        for condition in &self.conditions {
            match (self.get(&condition.parent), fixed(&condition.parent)) {
                (Some(parent), _) => {
                    if !self.fixed.contains(&condition.parent) {
                        problems.extend(condition.impossible(&parent.value));
                    }
                    kept.push(condition);
                }
                (None, Some(value)) if condition.admits(&value) => {}
                // Nothing is to be said of a parameter that never exists.
                (None, Some(_)) => drop(distributions.remove(&condition.name)),
                (None, None) => problems.extend(self.unknown(&condition.parent, "`when`", &condition.at)),
            }
        }
        let mut space =
            Space::new(distributions.iter().map(|(name, located)| (name.clone(), located.value.clone())));
        for Condition { name, parent, values, .. } in kept {
            if space.get(name).is_some() && space.get(parent).is_some() {
                space = space.when(name, parent, values.iter().cloned());
            }
        }
        problems.extend(self.circle(&space));
        for located in &self.constraints {
            let mut constraint = located.value.clone();
            for name in located.value.names() {
                if space.get(name).is_some() {
                    continue;
                }
                match fixed(name).map(|value| value.as_f64()) {
                    Some(Some(number)) => constraint = constraint.with(name, number),
                    Some(None) => {
                        let message = format!("`{name}` is no number, so it cannot be compared");
                        problems.push(Complaint::new(message).at(located.at.clone()));
                    }
                    None if self.get(name).is_some() => {} // it never exists
                    None => problems.extend(self.unknown(name, "the constraint", &located.at)),
                }
            }
            // One between fixed values says nothing, unless it does not hold.
            if !constraint.names().is_empty() || !constraint.holds(|_| None) {
                space = space.with_constraint(constraint);
            }
        }
        if problems.is_empty() { Ok(space) } else { Err(problems) }
    }

    /// Where a constraint of the space is written, and how.
    pub(super) fn place_of(
        &self,
        constraint: &Constraint,
        fixed: impl Fn(&str) -> Option<ParamValue>,
    ) -> Option<(At, String)> {
        let bound = |located: &Located<Constraint>| {
            let names = located.value.names().into_iter().filter(|name| self.get(name).is_none());
            let numbers = names.filter_map(|name| Some((name, fixed(name)?.as_f64()?)));
            numbers.fold(located.value.clone(), |bound, (name, number)| bound.with(name, number))
        };
        let found = self.constraints.iter().find(|located| bound(located) == *constraint)?;
        Some((found.at.clone(), found.value.text().to_owned()))
    }

    /// That there is no such parameter, unless it is there and has been refused.
    fn unknown(&self, name: &str, who: &str, at: &At) -> Option<Problem> {
        if self.refused.contains(name) {
            return None;
        }
        let complaint = Complaint::new(format!("{who} names `{name}`, which is not searched"));
        let there = self.distributions.keys().chain(&self.refused);
        let help = if let Some(near) = nearest(name, there.clone().map(String::as_str)) {
            format!("did you mean `{near}`?")
        } else {
            let names: Vec<String> = there.map(|name| format!("`{name}`")).collect();
            if names.is_empty() {
                "[search] has no parameters".to_owned()
            } else {
                format!("[search] has {}", names.join(", "))
            }
        };
        Some(complaint.help(help).at(at.clone()))
    }

    /// A parameter that exists only where it exists.
    fn circle(&self, space: &Space) -> Option<Problem> {
        let on_circle = |start: &str| {
            let mut seen = vec![start.to_owned()];
            let mut next = 0;
            while next < seen.len() {
                for parent in space.condition(&seen[next]).into_iter().flat_map(BTreeMap::keys) {
                    if parent == start {
                        return true;
                    }
                    if !seen.contains(parent) {
                        seen.push(parent.clone());
                    }
                }
                next += 1;
            }
            false
        };
        let condition = self.conditions.iter().find(|condition| on_circle(&condition.name))?;
        let message =
            format!("`{}` exists only when it exists: its conditions go in a circle", condition.name);
        Some(Complaint::new(message).help("take one of the conditions out").at(condition.at.clone()))
    }
}

/// A value as a parameter takes it that was searched over a distribution; it may lie outside of that.
/// `text` is how it was given.
fn suited(
    name: &str,
    searched: &Distribution,
    value: ParamValue,
    text: &str,
) -> Result<ParamValue, Complaint> {
    let refuse = |wanted: &str| {
        let message = format!("`{name}` takes {wanted}, not {}", show(&value));
        Err(Complaint::new(message).help(format!("it is searched over {searched}")))
    };
    match (searched, &value) {
        (Distribution::Uniform { .. } | Distribution::Log { .. }, _) => {
            value.as_f64().map_or_else(|| refuse("numbers"), |number| Ok(ParamValue::Float(number)))
        }
        (Distribution::Int { .. } | Distribution::IntLog { .. }, ParamValue::Int(_)) => Ok(value),
        // 1e3 is a whole number, too.
        (Distribution::Int { .. } | Distribution::IntLog { .. }, ParamValue::Float(number))
            if number.fract() == 0.0 && number.abs() < 9e15 =>
        {
            Ok(ParamValue::Int(*number as i64))
        }
        (Distribution::Int { .. } | Distribution::IntLog { .. }, _) => refuse("whole numbers"),
        (Distribution::Choice(choices), _) => {
            let is_same = |choice: &&ParamValue| match (choice, &value) {
                (ParamValue::Int(_), ParamValue::Int(_)) => **choice == value,
                (ParamValue::Text(choice), _) => choice == text || value == ParamValue::Text(choice.clone()),
                _ => **choice == value || choice.as_f64().is_some_and(|x| Some(x) == value.as_f64()),
            };
            if let Some(same) = choices.iter().find(is_same) {
                return Ok(same.clone());
            }
            match choices.first() {
                Some(ParamValue::Text(_)) => {
                    let names: Vec<String> = choices.iter().map(ToString::to_string).collect();
                    match nearest(text, names.iter().map(String::as_str)) {
                        Some(near) => {
                            Err(Complaint::new(format!("`{name}` never is {}", show(&text.into())))
                                .help(format!("did you mean `{near}`?")))
                        }
                        None if matches!(value, ParamValue::Text(_)) => Ok(value),
                        None => Ok(text.into()),
                    }
                }
                Some(ParamValue::Bool(_)) => refuse("`true` and `false`"),
                Some(_) if value.as_f64().is_none() => refuse("numbers"),
                _ => Ok(value),
            }
        }
    }
}

impl Condition {
    fn admits(&self, value: &ParamValue) -> bool {
        let is_same = |wanted: &ParamValue| match (wanted, value) {
            (ParamValue::Int(wanted), ParamValue::Int(value)) => wanted == value,
            _ => wanted == value || wanted.as_f64().is_some_and(|x| Some(x) == value.as_f64()),
        };
        self.values.iter().any(is_same)
    }

    /// A value that the parent never has.
    fn impossible(&self, parent: &Distribution) -> Option<Problem> {
        let missing = self.values.iter().find(|value| !parent.contains(value))?;
        let message = format!(
            "`{}` never is {}, so `{}` would never exist for it",
            self.parent,
            show(missing),
            self.name
        );
        let near = match (parent, missing) {
            (Distribution::Choice(values), ParamValue::Text(text)) => {
                let names: Vec<String> = values.iter().map(ToString::to_string).collect();
                nearest(text, names.iter().map(String::as_str)).map(str::to_owned)
            }
            _ => None,
        };
        let complaint = Complaint::new(message);
        let complaint = match near {
            Some(near) => complaint.help(format!("did you mean \"{near}\"?")),
            None => complaint.help(format!("it is searched over {parent}")),
        };
        Some(complaint.at(self.at.clone()))
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
