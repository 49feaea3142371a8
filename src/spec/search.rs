//! `[search]`: distributions over keys.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::distribution::{Reader, is_distribution};
use super::keys::{self, Key};
use super::problem::{Complaint, Origin, Problem};
use super::read::Located;
use super::space::Distribution;
use super::suggest::{name_among, nearest_path};

/// Distributions by key path, and where each was given.
pub(super) type Found = BTreeMap<&'static str, Located<Distribution>>;

/// Reads `[search]`. Key paths may be quoted (`"train.lr"`) or dotted (`train.lr`).
pub(super) fn read(table: &DeTable<'_>, origin: Origin, found: &mut Found, problems: &mut Vec<Problem>) {
    read_below(table, "", origin, found, problems);
}

fn read_below(
    table: &DeTable<'_>,
    above: &str,
    origin: Origin,
    found: &mut Found,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in table {
        let path =
            if above.is_empty() { name.get_ref().to_string() } else { format!("{above}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) if keys::is_section(&path) && !is_distribution(inner) => {
                read_below(inner, &path, origin, found, problems);
            }
            _ => match searchable(&path) {
                Ok(key) if found.contains_key(key.path) => {
                    let complaint =
                        Complaint::new(format!("`{path}` is searched twice")).help("keep one of the two");
                    problems.push(complaint.at(origin.at(name.span())));
                }
                Ok(key) => {
                    if let Some(distribution) = (Reader { key, origin, problems }).distribution(value) {
                        found.insert(key.path, Located { value: distribution, at: origin.at(name.span()) });
                    }
                }
                Err(complaint) => problems.push(complaint.at(origin.at(name.span()))),
            },
        }
    }
}

/// Reads one distribution, of an override; it replaces an earlier one.
pub(super) fn read_one(
    path: &str,
    value: &Spanned<DeValue<'_>>,
    origin: Origin,
    found: &mut Found,
    problems: &mut Vec<Problem>,
) {
    match searchable(path) {
        Ok(key) => {
            found.remove(key.path);
            if let Some(distribution) = (Reader { key, origin, problems }).distribution(value) {
                found.insert(key.path, Located { value: distribution, at: origin.at(0..0) });
            }
        }
        Err(complaint) => problems.push(complaint.at(origin.at(0..0))),
    }
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
