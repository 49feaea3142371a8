//! Times and durations as protobuf writes them.

use jiff::Timestamp;

use super::super::wire::{Fields, Problem};

/// A time of milliseconds since 1970 UTC.
pub(super) fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// Milliseconds since 1970 UTC of a time.
fn parse_time(text: &str) -> Option<i64> {
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

/// A time in a field.
///
/// # Errors
/// It is none.
pub(super) fn time_of(fields: &Fields<'_>, name: &str) -> Result<Option<i64>, Problem> {
    let Some(text) = fields.text(name)? else { return Ok(None) };
    parse_time(text).map(Some).ok_or_else(|| fields.refuse(name, "it is no time as RFC 3339 has it"))
}

/// A duration of milliseconds.
pub(super) fn duration(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let ms = ms.unsigned_abs();
    match ms % 1000 {
        0 => format!("{sign}{}s", ms / 1000),
        rest => format!("{sign}{}.{rest:03}s", ms / 1000),
    }
}

/// Milliseconds of a duration.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    let ms = (seconds * 1000.0).round();
    (ms.abs() < 9.0e15).then_some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back() {
        for ms in [0, 1, 1_700_000_000_123, -5] {
            assert_eq!(parse_time(&time(ms)), Some(ms));
            assert_eq!(parse_duration(&duration(ms)), Some(ms));
        }
        assert_eq!(parse_time("2026-01-01T01:00:00.5+01:00"), parse_time("2026-01-01T00:00:00.500Z"));
        assert_eq!(parse_duration("0.387s"), Some(387));
        for text in ["", "s", "1", "x s", "1e300s", "NaNs"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(time(i64::MAX), "1970-01-01T00:00:00Z");
        assert_eq!(parse_time("yesterday"), None);
    }
}
