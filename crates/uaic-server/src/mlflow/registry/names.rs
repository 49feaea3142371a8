//! Which names models and aliases can have.

use super::super::limits::check_length;
use super::super::wire::{Fields, Problem};

/// Letters of the name of a model.
const NAME: usize = 256;
/// Letters of an alias.
const ALIAS: usize = 255;
/// Letters of a tag's key.
const TAG_KEY: usize = 250;
/// Letters of a tag's value.
const TAG_VALUE: usize = 100_000;

/// The name of a model that is there.
///
/// # Errors
/// There is none.
pub(super) fn name<'a>(fields: &Fields<'a>) -> Result<&'a str, Problem> {
    let name = fields.needed_text("name")?;
    if name.trim().is_empty() { Err(fields.missing("name")) } else { Ok(name) }
}

/// A name that a model is to have.
///
/// # Errors
/// It cannot have it.
pub(super) fn new_name<'a>(fields: &Fields<'a>, field: &str) -> Result<&'a str, Problem> {
    let name = fields.needed_text(field)?;
    if name.trim().is_empty() {
        return Err(fields.missing(field));
    }
    if name.contains(['/', ':']) {
        return Err(Problem::invalid(format!(
            "Invalid model name '{name}'. Names cannot contain '/' or ':'."
        )));
    }
    if matches!(name, "." | "..") || name.contains('\0') {
        let why = "Names may be treated as files in certain cases, and must not resolve to other names when \
                   treated as such";
        return Err(fields.refuse(field, why));
    }
    check_length(field, name, NAME)?;
    Ok(name)
}

/// The version of a request.
///
/// # Errors
/// There is none, or it is no number.
pub(super) fn version(fields: &Fields<'_>) -> Result<u32, Problem> {
    let version = fields.needed_integer("version")?;
    u32::try_from(version).map_err(|_| {
        let name = fields.text("name").ok().flatten().unwrap_or_default();
        Problem::missing(format!("Model Version (name={name}, version={version}) not found"))
    })
}

/// The alias of a request, as it may be asked for.
///
/// # Errors
/// It can be none.
pub(super) fn alias<'a>(fields: &Fields<'a>) -> Result<&'a str, Problem> {
    let alias = fields.needed_text("alias")?;
    if !alias.chars().all(|letter| letter.is_alphanumeric() || "_-.".contains(letter)) {
        return Err(Problem::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    check_length("alias", alias, ALIAS)?;
    Ok(alias)
}

/// The alias of a request, as it may be given.
///
/// # Errors
/// It can be none, or has a meaning of its own.
pub(super) fn new_alias<'a>(fields: &Fields<'a>) -> Result<&'a str, Problem> {
    let alias = alias(fields)?;
    if alias.contains('.') {
        return Err(Problem::invalid(format!(
            "Invalid alias name: '{alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-)."
        )));
    }
    if alias.eq_ignore_ascii_case("latest") {
        return Err(Problem::invalid("'latest' alias name (case insensitive) is reserved."));
    }
    let digits = alias.strip_prefix(['v', 'V']).unwrap_or_default();
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Problem::invalid(format!("Version alias name '{alias}' is reserved.")));
    }
    Ok(alias)
}

/// A tag of a model or a version.
///
/// # Errors
/// It is none.
pub(super) fn tag(fields: &Fields<'_>) -> Result<(String, String), Problem> {
    let (key, value) = (fields.needed_text("key")?, fields.text_or_empty("value")?);
    check_length("key", key, TAG_KEY)?;
    check_length("value", value, TAG_VALUE)?;
    Ok((key.to_owned(), value.to_owned()))
}
