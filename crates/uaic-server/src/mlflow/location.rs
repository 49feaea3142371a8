//! Addresses of artifacts. None of a client's is ever opened; those that are with the server are read as
//! paths.

use std::path::Path;

use super::wire::Problem;

/// The address of artifacts as it is kept: a relative path is one below the server's folder.
///
/// # Errors
/// It can be no address of a folder.
pub(super) fn absolute(given: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::invalid(format!("Invalid artifact location: '{given}'; {why}"));
    if given.contains('#') || given.contains('\0') {
        return Err(refused("it has a fragment"));
    }
    if has_scheme(given) || given.starts_with('/') {
        return Ok(given.trim_end_matches('/').to_owned());
    }
    let here = std::env::current_dir().map_err(|error| refused(&format!("it is relative, and {error}")))?;
    Ok(here.join(Path::new(given)).display().to_string())
}

/// Whether an address names how it is reached.
pub(super) fn has_scheme(address: &str) -> bool {
    address.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// The path below the server's artifacts, of an address that is there.
pub(super) fn served_path(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("mlflow-artifacts:")?;
    let path = match rest.strip_prefix("//") {
        // Behind a host.
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => rest,
    };
    Some(path.trim_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_stay_and_paths_become_absolute() {
        for given in ["s3://bucket/a", "mlflow-artifacts:/7", "/srv/a", "file:///srv/a", "dbfs:/a"] {
            assert_eq!(absolute(given).unwrap(), given);
        }
        assert!(absolute("runs").unwrap().ends_with("/runs"));
        assert!(absolute("runs").unwrap().starts_with('/'));
        assert!(absolute("s3://bucket/a#b").is_err());
        assert_eq!(served_path("mlflow-artifacts:/7/a"), Some("7/a"));
        assert_eq!(served_path("mlflow-artifacts://host:5000/a"), Some("a"));
        assert_eq!(served_path("mlflow-artifacts:"), Some(""));
        assert_eq!(served_path("s3://bucket/a"), None);
    }
}
