//! Reading: text and overrides in, values by key path and all problems out.

mod overrides;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::distribution::is_distribution;
use super::error::without_mark;
use super::keys::{self, KEYS, Key, OBJECTIVE, OURS, SEARCH, VALIDATION};
use super::kind::Kind;
use super::problem::{At, Complaint, Origin, Problem};
use super::search;
use super::suggest::{example_in, example_value, name_among, nearest_section, unknown_key, unknown_section};
use super::value::{Located, kind_of, plain, single};
use crate::trial::ParamValue;
use syntax::{is_local, syntax_problem};

/// What a spec says, as far as it could be understood.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Legal values, by key path.
    pub(super) values: BTreeMap<&'static str, Located<ParamValue>>,
    /// Legal distributions, by key path.
    pub(super) search: search::Found,
    /// `[objective]`, where there is one: a program in place of our own training.
    pub(super) objective: Option<Located<toml::Table>>,
    /// All that is wrong.
    pub(super) problems: Vec<Problem>,
    /// Keys that were given, legal or not.
    given: BTreeSet<&'static str>,
    /// Where each section starts.
    headers: BTreeMap<String, At>,
}

/// Reads a spec's text and the overrides, and finds all that is wrong with them.
pub(super) fn read(text: &str, overrides: &[(String, String)]) -> Reading {
    let mut reading = Reading::default();
    let text = without_mark(text);
    let (root, errors) = DeTable::parse_recoverable(text);
    reading.problems.extend(errors.iter().map(|error| syntax_problem(error, text)));
    if !errors.iter().all(is_local) {
        return reading;
    }
    reading.search.is_free = root.get_ref().contains_key(OBJECTIVE);
    reading.table(root.get_ref(), "", Origin::File);
    for (index, (path, value)) in overrides.iter().enumerate() {
        reading.override_with(path, value, Origin::Override(index));
    }
    reading.find_missing();
    reading.drop_consequences(errors.len());
    reading
}

impl Reading {
    /// Reads a table of the section `section`, `""` for the root.
    fn table(&mut self, table: &DeTable<'_>, section: &str, origin: Origin) {
        for (name, value) in table {
            let at = origin.at(name.span());
            let name = name.get_ref().as_ref();
            let path = join(section, name);
            // A quoted name with dots is one name, not a path.
            match keys::find(&path).filter(|_| !name.contains('.')) {
                Some(key) => self.key(key, value, origin),
                None if keys::is_section(&path) && !name.contains('.') => {
                    self.headers.entry(path.clone()).or_insert(at);
                    self.section(&path, value, origin);
                }
                None if section.is_empty() && value.get_ref().is_table() => {
                    let near = nearest_section(name);
                    self.meant(|key| Some(key.section()) == near);
                    self.problems.push(unknown_section(name, near).at(at));
                }
                None => {
                    let near = name_among(name, |key| key.section() == section);
                    self.meant(|key| near.is_some_and(|near| near.path == key.path));
                    self.problems.push(unknown_key(section, name, near).at(at));
                }
            }
        }
    }

    fn section(&mut self, path: &str, value: &Spanned<DeValue<'_>>, origin: Origin) {
        let at = origin.at(value.span());
        let Some(table) = value.get_ref().as_table() else {
            self.meant(|key| key.section() == path);
            let example = example_in(path);
            let complaint =
                Complaint::new(format!("`{path}` must be a table, not {}", kind_of(value.get_ref())))
                    .help(format!("write it as `[{path}]` with keys below, such as `{example}`"));
            self.problems.push(complaint.at(at));
            return;
        };
        if path == SEARCH {
            return self.search.read(table, origin, &mut self.problems);
        }
        if path == OBJECTIVE {
            return self.objective(value, at);
        }
        if self.search.is_free && OURS.contains(&path) {
            let complaint = Complaint::new(format!("a spec with [objective] has no [{path}]"))
                .help("the program itself reads its data and trains; take this section out");
            return self.problems.push(complaint.at(at));
        }
        self.table(table, path, origin);
        if path == VALIDATION && table.is_empty() {
            let complaint =
                Complaint::new("`data.validation` is empty").help("write `validation = { folds = 5 }`");
            self.problems.push(complaint.at(at));
        }
    }

    /// Keeps `[objective]` for whoever knows programs.
    fn objective(&mut self, value: &Spanned<DeValue<'_>>, at: At) {
        match plain(value.get_ref()) {
            Some(toml::Value::Table(value)) => self.objective = Some(Located { value, at }),
            _ => self.problems.push(Complaint::new("[objective] cannot be read").at(at)),
        }
    }

    /// What a key takes in this spec: the metrics of a program are its own.
    fn kind(&self, key: &Key) -> Kind {
        if self.search.is_free && key.path == keys::METRIC { Kind::Names(&[]) } else { key.kind }
    }

    /// Whether a key was given, be its value legal or not.
    pub(super) fn has(&self, path: &str) -> bool {
        self.given.contains(path)
    }

    /// The value of a key that is not searched.
    pub(super) fn fixed(&self, path: &str) -> Option<ParamValue> {
        let key = keys::find(path).filter(|_| !self.search.is_free)?;
        match self.values.get(key.path) {
            Some(located) => Some(located.value.clone()),
            None => key.default(),
        }
    }

    fn key(&mut self, key: &'static Key, value: &Spanned<DeValue<'_>>, origin: Origin) {
        let at = origin.at(value.span());
        let other = self.given.iter().find(|given| {
            key.section() == VALIDATION && given.starts_with(VALIDATION) && **given != key.path
        });
        if let Some(other) = other {
            let complaint = Complaint::new(format!("`{}` contradicts `{other}`", key.path))
                .help("keep one of `folds`, `fraction` and `split`");
            self.problems.push(complaint.at(at.clone()));
        }
        self.given.insert(key.path);
        let kind = self.kind(key);
        let single = single(kind, value.get_ref())
            .map_err(|complaint| explain_table(key, kind, value.get_ref(), complaint));
        match single.and_then(|value| kind.check(key.path, &value)) {
            Ok(value) => {
                self.values.insert(key.path, Located { value, at });
            }
            Err(complaint) => self.problems.push(complaint.at(at)),
        }
    }

    /// Notes what was probably meant, so that it is not called missing as well.
    fn meant(&mut self, is_meant: impl Fn(&Key) -> bool) {
        self.given.extend(KEYS.iter().filter(|key| is_meant(key)).map(|key| key.path));
    }

    /// Drops what was found wrong with values that are no TOML in the first place; the first
    /// `syntax` problems say so.
    fn drop_consequences(&mut self, syntax: usize) {
        let found = self.problems.split_off(syntax.min(self.problems.len()));
        let news = found.into_iter().filter(|found| !self.problems.iter().any(|known| known.at == found.at));
        let news: Vec<_> = news.collect();
        self.problems.extend(news);
    }

    fn find_missing(&mut self) {
        let wanted = KEYS.iter().filter(|key| !(self.search.is_free && key.is_ours()));
        for key in wanted.filter(|key| key.is_required() && !self.given.contains(key.path)) {
            let (section, name) = (key.section(), key.name());
            let (message, at) = match self.headers.get(section) {
                Some(at) => (format!("[{section}] lacks `{name}`"), at.clone()),
                None => (format!("there is no [{section}] with a `{name}`"), At::Start),
            };
            let example = example_value(key);
            self.problems.push(Complaint::new(message).help(format!("add `{name} = {example}`")).at(at));
        }
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// A table, array or date where a key takes a single value; a distribution is told where to go.
fn explain_table(key: &Key, kind: Kind, value: &DeValue<'_>, complaint: Complaint) -> Complaint {
    let single = !matches!(value, DeValue::Table(_) | DeValue::Array(_) | DeValue::Datetime(_));
    if single {
        return complaint;
    }
    let complaint = Complaint::new(format!("`{}` must be {kind}, not {}", key.path, kind_of(value)));
    match value {
        DeValue::Table(table) if key.is_searchable() && is_distribution(table) => {
            complaint.help(format!("to search it, write `\"{}\" = …` in [search]", key.path))
        }
        _ => complaint,
    }
}
