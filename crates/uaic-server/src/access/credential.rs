//! What a client says of who it is.

use std::fmt;

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::weakness::LONGEST;

/// Clients pad, or do not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a client says of who it is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credential {
    /// A name and a password.
    Basic { name: String, password: String },
    /// A token.
    Bearer(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets are in no log.
        match self {
            Self::Basic { name, .. } => f.debug_struct("Basic").field("name", name).finish_non_exhaustive(),
            Self::Bearer(_) => f.write_str("Bearer(..)"),
        }
    }
}

/// What is said is of no known form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreadable;

/// Reads what a client says of who it is; `None` where it says nothing.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<Credential>, Unreadable> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = given.next() else { return Ok(None) };
    // Of two, a proxy may have checked one and the server another.
    if given.next().is_some() {
        return Err(Unreadable);
    }
    let text = value.to_str().map_err(|_| Unreadable)?.trim();
    let (scheme, rest) = text.split_once(' ').ok_or(Unreadable)?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") && !rest.is_empty() {
        return Ok(Some(Credential::Bearer(rest.to_owned())));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Unreadable);
    }
    let bytes = BASE64.decode(rest).map_err(|_| Unreadable)?;
    let pair = String::from_utf8(bytes).map_err(|_| Unreadable)?;
    let (name, password) = pair.split_once(':').ok_or(Unreadable)?;
    if password.len() > LONGEST {
        return Err(Unreadable);
    }
    Ok(Some(Credential::Basic { name: name.to_owned(), password: password.to_owned() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Result<Option<Credential>, Unreadable> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        read(&headers)
    }

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let basic = |name: &str, password: &str| {
            Ok(Some(Credential::Basic { name: name.into(), password: password.into() }))
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["Basic YWRhOmE6Yg=="]), basic("ada", "a:b"));
        assert_eq!(of(&["basic YWRhOmE6Yg"]), basic("ada", "a:b"));
        assert_eq!(of(&["Bearer uaic_1"]), Ok(Some(Credential::Bearer("uaic_1".into()))));
        for broken in ["Basic", "Basic !", "Basic YWRh", "Digest a", "Bearer ", "", "Basic /w=="] {
            assert_eq!(of(&[broken]), Err(Unreadable), "{broken}");
        }
        assert_eq!(of(&["Bearer a", "Bearer b"]), Err(Unreadable));
        let long = BASE64.encode(format!("ada:{}", "a".repeat(1025)));
        assert_eq!(of(&[&format!("Basic {long}")]), Err(Unreadable));
        let shown = format!("{:?}", basic("ada", "secret"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
