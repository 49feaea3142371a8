//! Paths of artifacts, as addresses have them: decoded once, and plain.

use percent_encoding::percent_decode_str;

use super::super::wire::Problem;

/// Bytes of a path.
const LONGEST: usize = 4096;
/// How often somebody may have encoded what is refused.
const DEPTH: usize = 4;

/// The path behind `marker` in an address.
///
/// # Errors
/// It is none of an artifact.
pub(super) fn behind(address: &str, marker: &str) -> Result<String, Problem> {
    let (_, raw) = address.split_once(marker).ok_or_else(invalid)?;
    // Clients do not escape `%`: what would be no text was meant as it stands.
    let path = percent_decode_str(raw).decode_utf8().unwrap_or(raw.into());
    checked(path.trim_end_matches('/'))
}

/// A path that is plain: relative, of names that mean themselves alone, however often it is decoded.
///
/// # Errors
/// It is not.
pub(in super::super) fn checked(path: &str) -> Result<String, Problem> {
    if path.len() > LONGEST || !is_plain(path) || path.contains('#') {
        return Err(invalid());
    }
    let mut text = path.to_owned();
    for _ in 0..DEPTH {
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        if !is_harmless(&decoded) {
            return Err(invalid());
        }
        text = decoded;
    }
    Ok(path.to_owned())
}

fn is_plain(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | "..")) && is_harmless(path)
}

/// Whether a path leads nowhere else.
fn is_harmless(path: &str) -> bool {
    !path.starts_with('/') && !path.contains(['\\', '\0']) && path.split('/').all(|part| part != "..")
}

/// Callers compare the whole message.
fn invalid() -> Problem {
    Problem::invalid("Invalid path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_once() {
        for (raw, path) in [
            ("a/b.txt", "a/b.txt"),
            ("gr%C3%B6%C3%9Fe/a%20b", "größe/a b"),
            ("per%25cent.txt", "per%cent.txt"),
            ("a%2Bb%26c=d,e;f~g!h$i'(j)", "a+b&c=d,e;f~g!h$i'(j)"),
            ("a+b", "a+b"),
            ("100%25", "100%"),
            ("a%252Bb", "a%2Bb"),
            ("folder/", "folder"),
            ("per%CEnt.txt", "per%CEnt.txt"),
            ("..a/b..c", "..a/b..c"),
        ] {
            assert_eq!(behind(&format!("/x/artifacts/{raw}"), "/artifacts/").unwrap(), path, "{raw}");
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for raw in [
            "",
            "/etc/passwd",
            "a/../b",
            "..",
            "%2e%2e/x",
            "a/%2E%2E",
            "%252e%252e/x",
            "%25252e%25252e%25252fx",
            "%2Fetc/passwd",
            "a%5Cb",
            "a%00b",
            "a%23b",
            "a//b",
            "./a",
            "%252Fetc",
            "a%255C..",
            "a%ff/%2e%2e/x",
        ] {
            let told = behind(&format!("/x/artifacts/{raw}"), "/artifacts/").unwrap_err().message;
            assert!(told.starts_with("Invalid path"), "{raw}: {told}");
        }
        assert!(checked(&"a".repeat(LONGEST + 1)).is_err());
    }
}
