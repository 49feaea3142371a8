//! What was probably meant: the words of errors about unknown and missing names.

use super::keys::{self, KEYS, Key, SEARCH, SECTIONS};
use super::kind::show;
use super::problem::Complaint;
use crate::nearest::nearest;

/// The section whose name is nearly `name`.
pub(super) fn nearest_section(name: &str) -> Option<&'static str> {
    let sections = SECTIONS.iter().map(|(section, _)| *section);
    nearest(name, sections.filter(|section| !section.contains('.')))
}

pub(super) fn unknown_section(name: &str, near: Option<&str>) -> Complaint {
    let complaint = Complaint::new(format!("unknown section [{name}]"));
    complaint.help(match near {
        Some(near) => format!("did you mean [{near}]?"),
        None => "`uaic schema` lists all sections and keys".to_owned(),
    })
}

/// An unknown key of a table; `near` is the key of the same section that was probably meant.
pub(super) fn unknown_key(section: &str, name: &str, near: Option<&Key>) -> Complaint {
    let place = match section {
        "" => "outside of all sections".to_owned(),
        section => format!("in [{section}]"),
    };
    let help = match (near, elsewhere(name)) {
        (Some(near), _) => format!("did you mean `{}`?", near.name()),
        (None, Some(other)) if other.name() == name => format!("`{name}` belongs in [{}]", other.section()),
        (None, Some(other)) => format!("did you mean `{}` of [{}]?", other.name(), other.section()),
        (None, None) if section.is_empty() => {
            "every key belongs in a section; `uaic schema` lists them".to_owned()
        }
        (None, None) => {
            let keys = KEYS.iter().filter(|key| key.section() == section);
            let names: Vec<_> = keys.map(|key| format!("`{}`", key.name())).collect();
            format!("[{section}] has {}", names.join(", "))
        }
    };
    Complaint::new(format!("unknown key `{name}` {place}")).help(help)
}

/// An unknown key path of an override.
pub(super) fn unknown_path(section: &str, name: &str) -> Complaint {
    let path = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let key = name_among(name, |key| key.section() == section)
        .or_else(|| nearest_path(&path, |_| true))
        .or_else(|| elsewhere(name));
    Complaint::new(format!("unknown key `{path}`")).help(match key {
        Some(key) => format!("did you mean `{}`?", key.path),
        None => "`uaic schema` lists all keys".to_owned(),
    })
}

/// An override of what a spec with [objective] neither searches nor has a key for.
pub(super) fn unknown_parameter(name: &str, parameters: &[&str]) -> Complaint {
    let keys = || KEYS.iter().filter(|key| ["experiment", "study", "pruner"].contains(&key.section()));
    let near = nearest(name, parameters.iter().copied().chain(keys().map(|key| key.path)))
        .or_else(|| keys().find(|key| key.is_called(name)).map(|key| key.path));
    let complaint = Complaint::new(format!("`{name}` is neither a parameter of this spec nor a key"));
    complaint.help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if parameters.is_empty() => "[search] has no parameters".to_owned(),
        None => {
            let names: Vec<String> = parameters.iter().map(|name| format!("`{name}`")).collect();
            format!("[search] has {}", names.join(", "))
        }
    })
}

/// The key called `name`, or nearly so, among those that are `eligible`.
pub(super) fn name_among(name: &str, eligible: impl Fn(&Key) -> bool) -> Option<&'static Key> {
    let lower = name.to_lowercase();
    let keys = || KEYS.iter().filter(|key| eligible(key));
    keys().find(|key| key.is_called(&lower)).or_else(|| {
        let near = nearest(name, keys().map(Key::name))?;
        keys().find(|key| key.name() == near)
    })
}

/// The key whose path is nearly `path`, among those that are `eligible`.
pub(super) fn nearest_path(path: &str, eligible: impl Fn(&Key) -> bool) -> Option<&'static Key> {
    nearest(path, KEYS.iter().filter(|key| eligible(key)).map(|key| key.path)).and_then(keys::find)
}

/// A key of any section that is called `name`.
fn elsewhere(name: &str) -> Option<&'static Key> {
    // `train.epochs` before `final.epochs`: in the order of the table.
    KEYS.iter().find(|key| key.name() == name).or_else(|| KEYS.iter().find(|key| key.is_called(name)))
}

pub(super) fn example_value(key: &Key) -> String {
    match key.path {
        "data.dataset" => "\"flights\"".to_owned(),
        _ => "\"attention\"".to_owned(),
    }
}

/// One line that a section could hold.
pub(super) fn example_in(section: &str) -> String {
    if section == SEARCH {
        return "\"train.lr\" = { log = [1e-4, 1e-2] }".to_owned();
    }
    let key = KEYS.iter().find(|key| key.section() == section);
    key.map_or_else(String::new, |key| match key.default() {
        Some(value) => format!("{} = {}", key.name(), show(&value)),
        None => format!("{} = {}", key.name(), example_value(key)),
    })
}
