//! Overrides: `-P path=value`.

use toml::Spanned;
use toml::de::DeValue;

use super::super::keys::{self, KEYS, Key, VALIDATION};
use super::super::problem::{Complaint, Origin};
use super::super::suggest::{unknown_parameter, unknown_path};
use super::super::value::plain;
use super::Reading;

impl Reading {
    /// Applies `-P path=value`: replaces what was said before, and fixes a searched key.
    pub(super) fn override_with(&mut self, path: &str, value: &str, origin: Origin) {
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
        let is_key = keys::find(path).is_some_and(|key| !key.is_ours()) || path.starts_with("objective.");
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
