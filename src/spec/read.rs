//! Reading: text and overrides in, values by key path and all problems out.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

use super::distribution::is_distribution;
use super::error::without_mark;
use super::keys::{self, KEYS, Key, OBJECTIVE, SEARCH, VALIDATION};
use super::kind::Kind;
use super::problem::{At, Complaint, Origin, Problem};
use super::search;
use super::suggest::{
    example_in, example_value, name_among, nearest_section, unknown_key, unknown_parameter, unknown_path,
    unknown_section,
};
use crate::trial::ParamValue;

/// A value and where it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: At,
}

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

const TWICE: &str = "duplicate key";
const UNQUOTED: &str = "string values must be quoted";

/// Whether the rest of the text can still be trusted. After other mistakes keys may seem to be in
/// sections where they are not, and to complain about them would mislead.
fn is_local(error: &de::Error) -> bool {
    error.message() == TWICE || error.message().starts_with(UNQUOTED)
}

fn syntax_problem(error: &de::Error, text: &str) -> Problem {
    let span = error.span().unwrap_or_default();
    let said = text.get(span.clone()).unwrap_or_default();
    let complaint = match error.message() {
        TWICE => Complaint::new(format!("`{said}` is given twice")).help("keep one of the two"),
        unquoted if unquoted.starts_with(UNQUOTED) => {
            Complaint::new("text must be in quotes").help(format!("write `\"{said}\"`"))
        }
        other => Complaint::new(format!("not TOML: {other}")),
    };
    complaint.at(Origin::File.at(span))
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

    /// Applies `-P path=value`: replaces what was said before, and fixes a searched key.
    fn override_with(&mut self, path: &str, value: &str, origin: Origin) {
        let key = keys::find(path);
        let (parsed, parsed_text) = (override_value(value, key), value);
        let value = match &parsed {
            Ok(value) => value,
            Err(complaint) => {
                self.problems.push(complaint.clone().at(origin.at(0..0)));
                return;
            }
        };
        if self.search.is_free && self.fix_parameter(path, (value, parsed_text), origin) {
            return;
        }
        if path.starts_with(VALIDATION) {
            self.given.retain(|given| !given.starts_with(VALIDATION));
            self.values.retain(|given, _| !given.starts_with(VALIDATION));
        }
        if let Some(name) = path.strip_prefix("objective.").filter(|_| self.search.is_free) {
            if let (Some(objective), Some(value)) = (&mut self.objective, plain(value.get_ref())) {
                objective.value.insert(name.to_owned(), value);
            }
            return;
        }
        match (key, path.strip_prefix("search.")) {
            (Some(key), _) => {
                self.search.remove(key.path);
                self.key(key, value, origin);
            }
            (None, Some(searched)) => {
                self.search.replace(searched, value, origin, &mut self.problems);
            }
            (None, None) if keys::is_section(path) && value.get_ref().is_table() => {
                self.section(path, value, origin);
            }
            (None, None) if keys::is_section(path) => {
                let complaint = Complaint::new(format!("`{path}` is a section, not a key"));
                let key = KEYS.iter().find(|key| key.section() == path);
                let help = key.map(|key| format!("name a key of it, such as `{}`", key.path));
                self.problems.push(complaint.maybe_help(help).at(origin.at(0..0)));
            }
            (None, None) => {
                let (section, name) = path.rsplit_once('.').unwrap_or(("", path));
                self.problems.push(unknown_path(section, name).at(origin.at(0..0)));
            }
        }
    }

    /// Applies an override of a program's parameter; whether it is one, be it wrong. The parameters of a
    /// program are what [search] says, whatever keys of our own training are called.
    fn fix_parameter(
        &mut self,
        path: &str,
        (value, text): (&Spanned<DeValue<'_>>, &str),
        origin: Origin,
    ) -> bool {
        let of_search = path.strip_prefix("search.").filter(|name| !name.is_empty());
        let name = of_search.filter(|_| self.search.get(path).is_none()).unwrap_or(path);
        let is_key = keys::find(path).is_some_and(|key| !is_ours(key)) || path.starts_with("objective.");
        let is_known = self.search.get(name).is_some();
        let is_distribution = value.get_ref().is_table();
        if of_search.is_none() && (is_key || (keys::is_section(path) && !is_known)) {
            return false;
        }
        if is_known && !is_distribution {
            if let Err(complaint) = self.search.fix(name, value.get_ref(), text, origin) {
                self.problems.push(complaint.at(origin.at(0..0)));
            }
        } else if is_known || (of_search.is_some() && is_distribution) {
            self.search.replace(name, value, origin, &mut self.problems);
        } else {
            let names: Vec<&str> = self.search.iter().map(|(name, _)| name.as_str()).collect();
            let complaint = unknown_parameter(name, &names);
            self.problems.push(complaint.at(origin.at(0..0)));
        }
        true
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
        let wanted = KEYS.iter().filter(|key| !(self.search.is_free && is_ours(key)));
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

/// The sections of our own training.
const OURS: [&str; 5] = ["data", "text", "model", "train", "final"];

/// Whether a key is one of our own training.
fn is_ours(key: &Key) -> bool {
    OURS.iter().any(|section| key.section().starts_with(section))
}

/// A value as TOML has it.
fn plain(value: &DeValue<'_>) -> Option<toml::Value> {
    Some(match value {
        DeValue::Array(array) => {
            toml::Value::Array(array.iter().map(|entry| plain(entry.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let entry = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
                Some((name.get_ref().to_string(), plain(value.get_ref())?))
            };
            toml::Value::Table(table.iter().map(entry).collect::<Option<_>>()?)
        }
        DeValue::Datetime(time) => toml::Value::Datetime(*time),
        other => match scalar(other).ok()? {
            ParamValue::Bool(value) => value.into(),
            ParamValue::Int(value) => value.into(),
            ParamValue::Float(value) => value.into(),
            ParamValue::Text(value) => value.into(),
        },
    })
}

/// As [`scalar`]; a list of texts, where the kind takes one, as the text that it stands for.
fn single(kind: Kind, value: &DeValue<'_>) -> Result<ParamValue, Complaint> {
    let between = match kind {
        Kind::Names(_) => ", ",
        Kind::Constraints => " and ",
        _ => return scalar(value),
    };
    match value {
        DeValue::Array(array) => {
            let texts: Option<Vec<&str>> = array.iter().map(|entry| entry.get_ref().as_str()).collect();
            let texts = texts.ok_or_else(|| Complaint::new("a list of texts is needed here"))?;
            Ok(ParamValue::Text(texts.join(between)))
        }
        other => scalar(other),
    }
}

fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The value of an override: TOML where it is, a text where the key takes one or where it is a
/// bare word.
fn override_value<'v>(value: &'v str, key: Option<&Key>) -> Result<Spanned<DeValue<'v>>, Complaint> {
    let is_written_out = value.starts_with(['"', '\'', '[', '{']);
    let text = || Spanned::new(0..0, DeValue::String(value.into()));
    if key.is_some_and(Key::takes_text) && !is_written_out {
        return Ok(text());
    }
    match DeValue::parse(value) {
        Ok(value) => Ok(value),
        Err(error) if is_written_out => Err(Complaint::new(format!("not TOML: {}", error.message()))),
        Err(_) => Ok(text()),
    }
}

/// The boolean, number or text that a value is.
pub(super) fn scalar(value: &DeValue<'_>) -> Result<ParamValue, Complaint> {
    match value {
        DeValue::Boolean(value) => Ok(ParamValue::Bool(*value)),
        DeValue::String(text) => Ok(ParamValue::Text(text.clone().into_owned())),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map(ParamValue::Int)
            .map_err(|_| Complaint::new(format!("`{number}` does not fit into 64 bits"))),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map(ParamValue::Float)
            .map_err(|_| Complaint::new(format!("`{number}` is not a number"))),
        other => Err(Complaint::new(format!("a single value is needed here, not {}", kind_of(other)))),
    }
}

/// The kind of a value, with its article.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
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
