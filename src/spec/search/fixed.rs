//! Parameters of a program that an override gives one value.

use toml::de::DeValue;

use super::super::kind::{Kind, show};
use super::super::problem::{Complaint, Origin};
use super::super::value::{Located, scalar};
use super::Found;
use crate::nearest::nearest;
use crate::trial::ParamValue;
use uaic_study::space::Distribution;

impl Found {
    /// Gives a parameter of a program, which is searched, one value: that of an override, and its text.
    pub(in crate::spec) fn fix(
        &mut self,
        name: &str,
        value: &DeValue<'_>,
        text: &str,
        origin: Origin,
    ) -> Result<(), Complaint> {
        let Some(known) = self.distributions.get(name) else { return Ok(()) };
        let value = Kind::Any.check(name, &scalar(value)?)?;
        let value = suited(name, &known.value, value, text)?;
        self.remove(name);
        self.fixed.insert(name.to_owned());
        let located = Located { value: Distribution::Choice(vec![value]), at: origin.at(0..0) };
        self.distributions.insert(name.to_owned(), located);
        Ok(())
    }
}

/// A value as a parameter takes it that was searched over a distribution; it may lie outside of that.
/// `text` is how it was given.
fn suited(
    name: &str,
    searched: &Distribution,
    value: ParamValue,
    text: &str,
) -> Result<ParamValue, Complaint> {
    let refuse = |wanted: &str| {
        let message = format!("`{name}` takes {wanted}, not {}", show(&value));
        Err(Complaint::new(message).help(format!("it is searched over {searched}")))
    };
    match (searched, &value) {
        (Distribution::Uniform { .. } | Distribution::Log { .. }, _) => {
            value.as_f64().map_or_else(|| refuse("numbers"), |number| Ok(ParamValue::Float(number)))
        }
        (Distribution::Int { .. } | Distribution::IntLog { .. }, ParamValue::Int(_)) => Ok(value),
        // 1e3 is a whole number, too.
        (Distribution::Int { .. } | Distribution::IntLog { .. }, ParamValue::Float(number))
            if number.fract() == 0.0 && number.abs() < 9e15 =>
        {
            Ok(ParamValue::Int(*number as i64))
        }
        (Distribution::Int { .. } | Distribution::IntLog { .. }, _) => refuse("whole numbers"),
        (Distribution::Choice(choices), _) => {
            let is_same = |choice: &&ParamValue| match (choice, &value) {
                (ParamValue::Int(_), ParamValue::Int(_)) => **choice == value,
                (ParamValue::Text(choice), _) => choice == text || value == ParamValue::Text(choice.clone()),
                _ => **choice == value || choice.as_f64().is_some_and(|x| Some(x) == value.as_f64()),
            };
            if let Some(same) = choices.iter().find(is_same) {
                return Ok(same.clone());
            }
            match choices.first() {
                Some(ParamValue::Text(_)) => {
                    let names: Vec<String> = choices.iter().map(ToString::to_string).collect();
                    match nearest(text, names.iter().map(String::as_str)) {
                        Some(near) => {
                            Err(Complaint::new(format!("`{name}` never is {}", show(&text.into())))
                                .help(format!("did you mean `{near}`?")))
                        }
                        None if matches!(value, ParamValue::Text(_)) => Ok(value),
                        None => Ok(text.into()),
                    }
                }
                Some(ParamValue::Bool(_)) => refuse("`true` and `false`"),
                Some(_) if value.as_f64().is_none() => refuse("numbers"),
                _ => Ok(value),
            }
        }
    }
}
