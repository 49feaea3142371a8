//! Times that are written as text.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::error::ImportError;

/// The zone that a time without one is read in.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// UTC.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of this machine: `TZ` of the environment, or the system's.
    pub fn system() -> Self {
        Self(TimeZone::system())
    }

    /// The zone that a text names: `Europe/Berlin`, `+09:00`, `UTC`, `local`.
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, ImportError> {
        match name {
            "local" => Ok(Self::system()),
            "UTC" | "utc" | "Z" => Ok(Self::utc()),
            _ => offset(name)
                .map(TimeZone::fixed)
                .or_else(|| TimeZone::get(name).ok())
                .map(Self)
                .ok_or_else(|| ImportError::UnknownZone { name: name.to_owned() }),
        }
    }

    /// How it is called.
    pub fn name(&self) -> String {
        match (self.0.iana_name(), self.0.to_fixed_offset()) {
            (Some(name), _) => name.to_owned(),
            (None, Ok(offset)) => offset.to_string(),
            (None, Err(_)) => "the zone of this machine".to_owned(),
        }
    }

    /// Milliseconds since 1970 UTC of a text such as `2024-05-01 10:11:12.123456`, with `T` and an offset of
    /// its own as may be. `None` of what is no time.
    pub fn millis(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(time.as_millisecond());
        }
        let time = text.parse::<DateTime>().ok()?;
        // The earlier of two that a clock shows when it is put back.
        self.0.to_ambiguous_timestamp(time).compatible().ok().map(Timestamp::as_millisecond)
    }
}

/// `+09:00`, `-0330`, `+9`.
fn offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let hours: i32 = hours.parse().ok().filter(|hours| (0..=25).contains(hours))?;
    let minutes: i32 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// Milliseconds of seconds since 1970; `None` of what is none.
pub(crate) fn millis_of_seconds(seconds: f64) -> Option<i64> {
    // From the year 1 to 9999, as everything that shows times can.
    let fits = seconds.is_finite() && (-62_135_596_800.0..253_402_300_800.0).contains(&seconds);
    fits.then(|| (seconds * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_in_its_own_zone_or_in_the_given_one() {
        let tokyo = Zone::named("Asia/Tokyo").unwrap();
        let utc = 1_714_558_272_123;
        assert_eq!(Zone::utc().millis("2024-05-01 10:11:12.123456"), Some(utc));
        assert_eq!(Zone::utc().millis("2024-05-01T10:11:12.123456"), Some(utc));
        assert_eq!(tokyo.millis("2024-05-01 19:11:12.123456"), Some(utc));
        assert_eq!(Zone::named("+09:00").unwrap().millis("2024-05-01 19:11:12.123"), Some(utc));
        assert_eq!(tokyo.millis("2024-05-01T10:11:12.123456+00:00"), Some(utc));
        assert_eq!(tokyo.millis("2024-05-01 10:11:12.123Z"), Some(utc));
        assert_eq!(tokyo.millis("yesterday"), None);
        assert_eq!(tokyo.name(), "Asia/Tokyo");
        assert_eq!(Zone::named("-0330").unwrap().name(), "-03:30");
    }

    #[test]
    fn a_zone_that_does_not_exist_is_an_error_that_says_what_does() {
        let error = Zone::named("Tokio").unwrap_err().to_string();
        assert!(error.contains("`Tokio`") && error.contains("+09:00"), "{error}");
        for name in ["", "+", "+99", "+ä9", "+09:61"] {
            Zone::named(name).unwrap_err();
        }
    }

    #[test]
    fn seconds_that_are_no_time_are_none() {
        assert_eq!(millis_of_seconds(1.5), Some(1500));
        assert_eq!(millis_of_seconds(f64::NAN), None);
        assert_eq!(millis_of_seconds(1e300), None);
    }
}
