//! Times as Optuna writes them: local, without a zone.

use jiff::Zoned;
use uaic_import::Zone;
use uaic_study::store::OptunaTime;

use super::status::Status;

/// How they are written.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S.%6f";

/// What each of the first letters is.
const SHAPE: &[u8] = b"0000-00-00 00:00:00.";

/// Now.
pub(super) fn now() -> OptunaTime {
    let now = Zoned::now();
    OptunaTime { text: now.strftime(FORMAT).to_string(), ms: now.timestamp().as_millisecond() }
}

/// A time of a trial that is added; none where the text is empty.
///
/// # Errors
/// Programs could not read it back.
pub(super) fn given(text: String) -> Result<Option<OptunaTime>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let ms = Some(&text).filter(|text| is_written(text)).and_then(|text| Zone::system().millis(text));
    match ms {
        Some(ms) => Ok(Some(OptunaTime { text, ms })),
        None => Err(Status::invalid(format!(
            "`{}` is no time; write it as 2026-01-31 23:59:59.123456",
            text.escape_debug()
        ))),
    }
}

fn is_written(text: &str) -> bool {
    let fits =
        |(letter, shape): (u8, &u8)| if *shape == b'0' { letter.is_ascii_digit() } else { letter == *shape };
    let digits = text.len().checked_sub(SHAPE.len());
    digits.is_some_and(|digits| (1..=6).contains(&digits))
        && text.bytes().zip(SHAPE).all(fits)
        && text.bytes().skip(SHAPE.len()).all(|letter| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let now = now();
        assert_eq!(given(now.text.clone()).unwrap().unwrap(), now);
        assert_eq!(now.text.len(), 26);
    }

    #[test]
    fn what_programs_could_not_read_back_is_refused() {
        assert_eq!(given(String::new()).unwrap(), None);
        assert!(given("2022-09-01 00:00:00.0".to_owned()).unwrap().is_some());
        for text in [
            "yesterday",
            "2022-09-01 00:00:00",
            "2022-09-01T00:00:00.0",
            "2022-09-01 00:00:00.",
            "2022-09-01 00:00:00.0000001",
            "2022-13-01 00:00:00.0",
            "2022-09-01 00:00:00.0Z",
            "ä022-09-01 00:00:00.0",
        ] {
            given(text.to_owned()).unwrap_err();
        }
    }
}
