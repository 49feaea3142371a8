//! Parameters behind the `?` of an address: each is known, right and there once, or the request is refused.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use uaic_study::store::Id;

use super::problem::{ApiProblem, Kind};

/// Parameters of one request.
const MOST: usize = 1000;

/// The parameters of a request that have not been asked for yet.
pub(super) struct Parameters {
    given: Vec<(String, String)>,
}

impl Parameters {
    /// Those of a query as it is in an address.
    ///
    /// # Errors
    /// It is no UTF-8, or too many.
    pub(super) fn of(query: Option<&str>) -> Result<Self, ApiProblem> {
        let parts = query.unwrap_or_default().split('&').filter(|part| !part.is_empty());
        let mut given = Vec::new();
        for part in parts {
            if given.len() == MOST {
                return Err(ApiProblem::new(
                    Kind::Malformed,
                    format!("there are more than {MOST} parameters"),
                ));
            }
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            given.push((decoded(name)?, decoded(value)?));
        }
        Ok(Self { given })
    }

    /// All values of a parameter.
    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        let (own, rest) = std::mem::take(&mut self.given).into_iter().partition(|(given, _)| given == name);
        self.given = rest;
        let own: Vec<(String, String)> = own;
        own.into_iter().map(|(_, value)| value).collect()
    }

    /// A parameter that may be there once.
    ///
    /// # Errors
    /// It is there more than once.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiProblem> {
        let mut all = self.all(name).into_iter();
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(ApiProblem::invalid(name, format!("`{name}` is there more than once"))),
            (value, None) => Ok(value),
        }
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn needed(&mut self, name: &str) -> Result<String, ApiProblem> {
        self.text(name)?.ok_or_else(|| ApiProblem::invalid(name, format!("`{name}` is missing")))
    }

    /// A parameter that `read` understands.
    ///
    /// # Errors
    /// It does not; `what` says what it would.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiProblem> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let value = read(&text);
        value.map(Some).ok_or_else(|| {
            let given: String = text.escape_debug().take(100).collect();
            ApiProblem::invalid(name, format!("`{name}` has to be {what}, not `{given}`"))
        })
    }

    /// An id of a run or study.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn id(&mut self, name: &str) -> Result<Option<Id>, ApiProblem> {
        self.read(name, "32 hexadecimal digits", Id::parse)
    }

    /// `true` or `false`; false without it.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiProblem> {
        let value = self.read(name, "`true` or `false`", |text| text.parse().ok())?;
        Ok(value.unwrap_or_default())
    }

    /// A number from 1 to `most`; `usual` without it.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn count(&mut self, name: &str, usual: u32, most: u32) -> Result<u32, ApiProblem> {
        let what = format!("a whole number from 1 to {most}");
        let value = self.read(name, &what, |text| plain(text).filter(|count| (1..=most).contains(count)))?;
        Ok(value.unwrap_or(usual))
    }

    /// How many are left out, or where something begins; 0 without it.
    ///
    /// # Errors
    /// It is no whole number of 31 bits.
    pub(super) fn offset(&mut self, name: &str) -> Result<u32, ApiProblem> {
        let most = i32::MAX.unsigned_abs();
        let what = format!("a whole number up to {most}");
        let value = self.read(name, &what, |text| plain(text).filter(|offset| *offset <= most))?;
        Ok(value.unwrap_or_default())
    }

    /// A text of at most so many letters.
    ///
    /// # Errors
    /// It is longer.
    pub(super) fn short(&mut self, name: &str, most: usize) -> Result<Option<String>, ApiProblem> {
        self.read(name, &format!("at most {most} letters"), |text| {
            (text.chars().count() <= most).then(|| text.to_owned())
        })
    }

    /// That there is nothing else.
    ///
    /// # Errors
    /// There is: it would do nothing, and whoever wrote it does not expect that.
    pub(super) fn end(self) -> Result<(), ApiProblem> {
        match self.given.first() {
            Some((name, _)) => {
                let name = name.escape_debug().to_string();
                let detail = format!("there is no parameter `{name}` here");
                Err(ApiProblem::invalid(name, detail))
            }
            None => Ok(()),
        }
    }
}

/// A number of digits alone.
pub(super) fn plain<T: std::str::FromStr>(text: &str) -> Option<T> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

fn decoded(text: &str) -> Result<String, ApiProblem> {
    let text = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    let decoded = percent_decode_str(&text).decode_utf8();
    let decoded = decoded.map_err(|_| ApiProblem::new(Kind::Malformed, "the address is no UTF-8"))?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_one_by_one_and_none_is_left_over() {
        let mut given = Parameters::of(Some("a=1&b=x+y%2Fz&b=%C3%BC&c&&limit=7")).unwrap();
        assert_eq!(given.text("a").unwrap().as_deref(), Some("1"));
        assert_eq!(given.all("b"), ["x y/z", "ü"]);
        assert_eq!(given.count("limit", 5, 10).unwrap(), 7);
        assert_eq!(given.count("other", 5, 10).unwrap(), 5);
        assert!(given.end().is_err(), "`c` is left");
        assert!(Parameters::of(Some("a=1&a=2")).unwrap().text("a").is_err());
        assert!(Parameters::of(Some("a=%ff")).is_err());
        assert!(Parameters::of(Some(&"a&".repeat(1001))).is_err());
        for text in ["0", "11", "-1", "+1", "1.0", ""] {
            assert!(
                Parameters::of(Some(&format!("n={text}"))).unwrap().count("n", 1, 10).is_err()
                    || text == "+1",
                "{text}"
            );
        }
    }
}
