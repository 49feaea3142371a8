//! Names of artifacts.

use super::StoreError;

/// Longest artifact name, in bytes.
const NAME_LIMIT: usize = 255;

/// Refuses names that could mean anything but a plain relative path, whatever will use them as one.
///
/// # Errors
/// It is no such path.
pub fn check_name(name: &str) -> Result<(), StoreError> {
    let plain = |part: &str| !matches!(part, "" | "." | "..");
    let fine = name.len() <= NAME_LIMIT
        && name.split('/').all(plain)
        && !name.chars().any(|character| character == '\\' || character == ':' || character.is_control());
    if fine { Ok(()) } else { Err(StoreError::BadArtifactName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_relative_paths() {
        for name in ["log.txt", "model/weights.safetensors", "größe/ü b.json", "..a", "a..b/c", "%2e%2e/x"]
        {
            assert!(check_name(name).is_ok(), "{name}");
        }
        let long = "a".repeat(256);
        for name in [
            "",
            "/",
            "/etc/passwd",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/../b",
            "a/./b",
            "a\\b",
            "C:x",
            "a\0b",
            "a\nb",
            "a\u{7f}",
            &long,
        ] {
            assert!(matches!(check_name(name), Err(StoreError::BadArtifactName { .. })), "{name:?}");
        }
    }
}
