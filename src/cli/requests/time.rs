//! Times as one types them.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, civil};

/// A time in milliseconds since 1970 UTC: how long ago (`90s`, `2h`, `7d`), a day or a time of day in
/// UTC (`2026-11-28`, `2026-11-28T10:30`), or one with an offset (`2026-11-28T10:30:00+01:00`).
pub(super) fn parse(text: &str) -> Result<i64, String> {
    parse_at(text, Timestamp::now())
}

fn parse_at(text: &str, now: Timestamp) -> Result<i64, String> {
    let utc = |time: civil::DateTime| time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp());
    let ago =
        |span: Span| now.to_zoned(TimeZone::UTC).checked_sub(span.abs()).ok().map(|time| time.timestamp());
    let time = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<civil::DateTime>().ok().and_then(utc))
        .or_else(|| text.parse::<Span>().ok().and_then(ago));
    let taught =
        || "use how long ago (`2h`, `7d`), a day (`2026-11-28`) or a time (`2026-11-28T10:30Z`)".to_owned();
    time.map(Timestamp::as_millisecond).ok_or_else(taught)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_one_types_them() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2h", "2026-11-28T10:00:00Z"),
            ("90 s", "2026-11-28T11:58:30Z"),
            ("7d", "2026-11-21T12:00:00Z"),
            ("1 week", "2026-11-21T12:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T10:30", "2026-11-01T10:30:00Z"),
            ("2026-11-01T10:30:00Z", "2026-11-01T10:30:00Z"),
            ("2026-11-01T10:30:00+01:00", "2026-11-01T09:30:00Z"),
        ] {
            let expected: Timestamp = expected.parse().unwrap();
            assert_eq!(parse_at(text, now), Ok(expected.as_millisecond()), "{text}");
        }
        for wrong in ["", "yesterday", "2026-13-01", "7", "99999999y"] {
            assert!(parse_at(wrong, now).is_err_and(|error| error.contains("`7d`")), "{wrong}");
        }
    }
}
