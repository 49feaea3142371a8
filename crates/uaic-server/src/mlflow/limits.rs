//! Which names and values are taken, and how many at once.

use super::wire::Problem;

/// Letters of a key of a metric, a parameter or a tag.
pub(super) const KEY: usize = 250;
/// Letters of the value of a parameter; what is beyond is cut.
const PARAM_VALUE: usize = 6000;
/// Letters of the value of a run's tag; what is beyond is cut.
const TAG_VALUE: usize = 8000;
/// Letters of the value of an experiment's tag.
pub(super) const EXPERIMENT_TAG_VALUE: usize = 20_000;
/// Letters of the name of an experiment.
pub(super) const EXPERIMENT_NAME: usize = 500;
/// Letters of the address of artifacts.
pub(super) const LOCATION: usize = 2048;
/// Metrics of a batch.
const METRICS: usize = 1000;
/// Parameters of a batch, and tags.
const OTHERS: usize = 100;

/// That a text is no longer than it may be.
///
/// # Errors
/// It is.
pub(super) fn check_length(name: &str, text: &str, most: usize) -> Result<(), Problem> {
    // Letters are at most as many as bytes.
    if text.len() <= most || text.chars().count() <= most {
        return Ok(());
    }
    Err(Problem::invalid(format!("'{name}' exceeds the maximum length of {most} characters")))
}

/// That a key can name what it is to name.
///
/// # Errors
/// It cannot.
pub(super) fn check_key(what: &str, key: &str) -> Result<(), Problem> {
    let is_plain = |letter: char| letter.is_alphanumeric() || "_/-.: ".contains(letter);
    if !key.chars().all(is_plain) {
        return Err(Problem::invalid(format!(
            "Invalid {what} name: '{key}'. Names may only contain alphanumerics, underscores (_), dashes (-), \
             periods (.), spaces ( ), colon(:) and slashes (/)."
        )));
    }
    if key.starts_with("..") || key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(Problem::invalid(format!(
            "Invalid {what} name: '{key}'. Names may be treated as files in certain cases, and must not \
             resolve to other names when treated as such."
        )));
    }
    check_length("key", key, KEY)
}

/// The value of a parameter as it is kept.
pub(super) fn param_value(value: &str) -> String {
    cut(value, PARAM_VALUE)
}

/// The value of a run's tag as it is kept.
pub(super) fn tag_value(value: &str) -> String {
    cut(value, TAG_VALUE)
}

/// The beginning of a text.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most { text.to_owned() } else { text.chars().take(most).collect() }
}

/// That a batch is not too large.
///
/// # Errors
/// It is.
pub(super) fn check_batch(metrics: usize, params: usize, tags: usize) -> Result<(), Problem> {
    for (count, most, what) in
        [(metrics, METRICS, "metrics"), (params, OTHERS, "params"), (tags, OTHERS, "tags")]
    {
        if count > most {
            return Err(Problem::invalid(format!(
                "A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up \
                 {what} across multiple requests and try again."
            )));
        }
    }
    let all = metrics + params + tags;
    if all > METRICS {
        return Err(Problem::invalid(format!(
            "A batch logging request can contain at most {METRICS} metrics, params, and tags in total. Got {all}."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_paths() {
        for key in [
            "loss",
            "val/loss@".trim_end_matches('@'),
            "größe",
            "a b",
            "a:b",
            "...".trim_start_matches("..."),
            "a..b",
            ".a",
        ] {
            assert_eq!(check_key("metric", key).is_ok(), !key.is_empty(), "{key}");
        }
        for key in ["a//b", "/a", "a/", ".", "..", "..a", "a/./b", "a/../b", ""] {
            assert!(
                check_key("metric", key).unwrap_err().message.contains("Names may be treated as files"),
                "{key}"
            );
        }
        for key in ["a@b", "a\nb", "a'b", "a%b"] {
            assert!(
                check_key("metric", key).unwrap_err().message.contains("Names may only contain"),
                "{key}"
            );
        }
        let told = check_key("metric", &"a".repeat(251)).unwrap_err().message;
        assert!(told.contains("exceeds the maximum length of 250"), "{told}");
        assert!(check_key("metric", &"ä".repeat(250)).is_ok());
    }

    #[test]
    fn values_are_cut_at_letters() {
        assert_eq!(param_value(&"ä".repeat(6001)), "ä".repeat(6000));
        assert_eq!(tag_value("short"), "short");
    }
}
