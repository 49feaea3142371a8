//! Points in time as queries write them: `-7d`, `2026-11-29`, `"2026-11-29 18:00"`, `now`.

use uaic_wording::duration;

const DAY_MS: i64 = 86_400_000;

/// Milliseconds since 1970 UTC. Times without a zone are UTC.
pub(super) fn read(text: &str, now_ms: i64) -> Option<i64> {
    if text.eq_ignore_ascii_case("now") {
        return Some(now_ms);
    }
    if let Some(ago) = text.strip_prefix('-') {
        let ago = duration::parse_time(ago)?;
        return now_ms.checked_sub(i64::try_from(ago.as_millis()).ok()?);
    }
    let (date, rest) = text.split_at_checked(10)?;
    let day = days(date)?.checked_mul(DAY_MS)?;
    let rest = rest.strip_prefix(['T', 't', ' ']).or(Some(rest).filter(|rest| rest.is_empty()))?;
    if rest.is_empty() {
        return Some(day);
    }
    let (clock, offset_min) = zone(rest)?;
    Some(day + clock_ms(clock)? - offset_min * 60_000)
}

/// Days from 1970 to a date `2026-11-29` of the Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let mut next = |digits: usize| -> Option<i64> {
        let part = parts.next()?;
        (part.len() == digits && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse().ok())?
    };
    let (year, month, day) = (next(4)?, next(2)?, next(2)?);
    if parts.next().is_some() || !(1..=12).contains(&month) || day < 1 || day > length_of(year, month) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn length_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A clock time without its zone, and the zone in minutes east of UTC.
fn zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = offset[1..].split_once(':').or_else(|| offset[1..].split_at_checked(2))?;
    let number = |text: &str| text.parse::<i64>().ok().filter(|n| (0..60).contains(n));
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    Some((clock, sign * (number(hours)? * 60 + minutes)))
}

/// Milliseconds into the day of `18:00`, `18:00:30` or `18:00:30.5`.
fn clock_ms(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let mut whole = |below: i64| parts.next()?.parse::<i64>().ok().filter(|n| (0..below).contains(n));
    let (hours, minutes) = (whole(24)?, whole(60)?);
    let seconds: f64 = parts.next().map_or(Some(0.0), |text| text.parse().ok())?;
    let is_end = parts.next().is_none();
    ((0.0..60.0).contains(&seconds) && is_end)
        .then(|| hours * 3_600_000 + minutes * 60_000 + (seconds * 1000.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_calendars_say() {
        let now = 1_764_446_400_000;
        for (text, ms) in [
            ("1970-01-01", 0),
            ("2000-02-29", 951_782_400_000),
            ("2025-11-29T20:00Z", now),
            ("2025-11-29 21:00:00.5+01:00", now + 500),
            ("2025-11-29T15:30-0430", now),
            ("-1d", now - DAY_MS),
            ("-90s", now - 90_000),
            ("now", now),
        ] {
            assert_eq!(read(text, now), Some(ms), "{text}");
        }
        for text in ["", "x", "2025-02-29", "2025-13-01", "2025-1-1", "2025-11-29T25:00", "-x", "2025-11-29x"]
        {
            assert_eq!(read(text, now), None, "{text}");
        }
    }
}
