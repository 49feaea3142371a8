//! Arguments with placeholders, `--lr={train.lr}`, and switches, `{amp?--amp}`.

use crate::trial::ParamValue;

/// An argument of a command, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `{name}`
    Name(String),
    /// `{name?yes:no}`
    Switch {
        name: String,
        /// What stands there when the value means yes; the value itself when `None`.
        yes: Option<String>,
        /// What stands there otherwise, be it nothing.
        no: String,
        /// Whether the value itself may be an option, such as "--sgd" or "".
        is_option: bool,
    },
}

/// What is known of a name inside braces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It is none; a `?` in it makes it a switch.
    No,
    /// It is the name of a placeholder.
    Name,
    /// It is one, and its values look like options.
    Options,
}

/// What a placeholder becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Filling {
    /// The value, as an argument.
    pub(super) text: String,
    /// Whether a switch is on: `true`, a number other than 0, a text that is not empty.
    pub(super) means_yes: bool,
}

impl Filling {
    /// What is always there.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), means_yes: true }
    }
}

impl From<&ParamValue> for Filling {
    fn from(value: &ParamValue) -> Self {
        let means_yes = match value {
            ParamValue::Bool(value) => *value,
            ParamValue::Int(value) => *value != 0,
            ParamValue::Float(value) => *value != 0.0,
            ParamValue::Text(value) => !value.is_empty(),
        };
        Self { text: value.written(), means_yes }
    }
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TemplateError {
    #[error("`{{` is never closed")]
    Open,
    #[error("`}}` closes nothing")]
    Closed,
    #[error("`{{}}` names nothing")]
    Empty,
}

impl Template {
    /// Takes an argument apart.
    ///
    /// # Errors
    /// Its braces do not match.
    pub(super) fn read(text: &str, known: impl Fn(&str) -> Known) -> Result<Self, TemplateError> {
        let mut template = Self { parts: vec![] };
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            template.push(&rest[..at]);
            let (brace, after) = rest[at..].split_at(1);
            rest = if let Some(after) = after.strip_prefix(brace) {
                template.push(brace);
                after
            } else if brace == "}" {
                return Err(TemplateError::Closed);
            } else {
                let (inside, after) = after.split_once('}').ok_or(TemplateError::Open)?;
                template.parts.push(Part::read(inside, &known)?);
                after
            };
        }
        template.push(rest);
        Ok(template)
    }

    fn push(&mut self, text: &str) {
        match self.parts.last_mut() {
            _ if text.is_empty() => {}
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// The names of its placeholders.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Name(name) | Part::Switch { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with values in place of the names; `None` where one has none, or where all of it is
    /// switches and nothing is left.
    fn fill(&self, value_of: &impl Fn(&str) -> Option<Filling>) -> Option<String> {
        let filled = self.parts.iter().try_fold(String::new(), |text, part| {
            Some(match part {
                Part::Text(more) => text + more,
                Part::Name(name) => text + &value_of(name)?.text,
                // A parameter that the trial does not have is no yes either.
                Part::Switch { name, yes, no, .. } => match value_of(name).filter(|value| value.means_yes) {
                    Some(value) => text + yes.as_ref().unwrap_or(&value.text),
                    None => text + no,
                },
            })
        });
        let is_switch = self.parts.iter().any(|part| matches!(part, Part::Switch { .. }));
        filled.filter(|text| !(is_switch && text.is_empty()))
    }

    /// Whether it is an option: `--lr`, `-l`, `--lr={lr}`, `{amp?--amp}`.
    fn is_option(&self) -> bool {
        let begins = |text: &str| text.len() > 1 && text.starts_with('-') && text != "--";
        match self.parts.as_slice() {
            [Part::Text(text)] => begins(text),
            [Part::Text(text), ..] => text.len() > 1 && text.starts_with('-'),
            [Part::Switch { yes, no, is_option, .. }, ..] => {
                yes.as_ref().map_or(*is_option, |yes| begins(yes)) || begins(no)
            }
            _ => false,
        }
    }
}

impl Part {
    fn read(inside: &str, known: impl Fn(&str) -> Known) -> Result<Self, TemplateError> {
        let named = |name: &str| match name.trim() {
            "" => Err(TemplateError::Empty),
            name => Ok(name.to_owned()),
        };
        let is_name = known(inside.trim()) != Known::No;
        let Some((name, texts)) = inside.split_once('?').filter(|_| !is_name) else {
            return Ok(Self::Name(named(inside)?));
        };
        let name = named(name)?;
        let (yes, no) = texts.split_once(':').unwrap_or((texts, ""));
        let yes = Some(yes.to_owned()).filter(|yes| !yes.is_empty() || texts.contains(':'));
        Ok(Self::Switch { is_option: known(&name) == Known::Options, name, yes, no: no.to_owned() })
    }
}

/// The arguments of a command. One with a name that has no value is left out, and so is the option
/// before it whose value it is.
pub(super) fn fill(templates: &[Template], value_of: impl Fn(&str) -> Option<Filling>) -> Vec<String> {
    let mut arguments: Vec<String> = Vec::with_capacity(templates.len());
    let mut before: Option<&Template> = None;
    for template in templates {
        if let Some(argument) = template.fill(&value_of) {
            arguments.push(argument);
            before = Some(template);
        } else {
            let flag = before.filter(|before| before.is_option() && before.names().next().is_none());
            if flag.is_some() && !template.is_option() {
                arguments.pop();
            }
            before = None;
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(arguments: &[&str]) -> Vec<String> {
        let known = |name: &str| match name {
            "odd?" => Known::Name,
            "option" => Known::Options,
            _ => Known::No,
        };
        let read = |argument: &&str| Template::read(argument, known).unwrap();
        let templates: Vec<Template> = arguments.iter().map(read).collect();
        fill(&templates, |name| match name {
            "train.lr" => Some((&ParamValue::Float(0.01)).into()),
            "tiny" => Some((&ParamValue::Float(1e-5)).into()),
            "kind" => Some((&ParamValue::from("{x}")).into()),
            "yes" => Some((&ParamValue::Bool(true)).into()),
            "no" => Some((&ParamValue::Bool(false)).into()),
            "zero" => Some((&ParamValue::Int(0)).into()),
            "empty" | "option" => Some((&ParamValue::from("")).into()),
            "--flag" | "odd?" => Some((&ParamValue::from("--flag")).into()),
            _ => None,
        })
    }

    #[test]
    fn names_become_values_wherever_they_stand() {
        assert_eq!(
            filled(&["--lr", "{train.lr}", "--lr={ train.lr }", "{train.lr}{train.lr}", ""]),
            ["--lr", "0.01", "--lr=0.01", "0.010.01", ""]
        );
        assert_eq!(filled(&["{kind}"]), ["{x}"], "values are no templates");
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(filled(&["{{\"lr\": {train.lr}}}", "}}{{", "{{}}"]), ["{\"lr\": 0.01}", "}{", "{}"]);
    }

    #[test]
    fn an_argument_without_its_value_goes_with_its_option() {
        assert_eq!(filled(&["x", "--momentum", "{none}", "y"]), ["x", "y"]);
        assert_eq!(filled(&["x", "-m", "a{none}b", "y"]), ["x", "y"]);
        assert_eq!(filled(&["x", "{none}", "{none}"]), ["x"]);
    }

    #[test]
    fn nothing_else_goes_with_it() {
        assert_eq!(filled(&["--verbose", "--momentum={none}"]), ["--verbose"]);
        assert_eq!(filled(&["--lr={train.lr}", "{none}"]), ["--lr=0.01"]);
        assert_eq!(filled(&["--", "{none}"]), ["--"]);
        assert_eq!(filled(&["-", "{none}"]), ["-"]);
        assert_eq!(filled(&["--a", "{none}", "{none}", "--b"]), ["--b"]);
    }

    #[test]
    fn a_switch_is_there_or_not() {
        assert_eq!(filled(&["x", "{yes?--amp}", "{no?--amp}", "y"]), ["x", "--amp", "y"]);
        assert_eq!(filled(&["{yes?--amp:--no-amp}", "{ no ?--amp:--no-amp}"]), ["--amp", "--no-amp"]);
        assert_eq!(filled(&["--amp={yes?on:off}", "--amp={no?on:off}"]), ["--amp=on", "--amp=off"]);
        assert_eq!(filled(&["{zero?a}", "{empty?b}", "{none?c}", "{train.lr?d}", "{no?:e}"]), ["d", "e"]);
        assert_eq!(filled(&["{--flag?}", "{empty?}", "{kind?}"]), ["--flag", "{x}"], "its own value");
        assert_eq!(filled(&["{empty}", "{odd?}"]), ["", "--flag"], "these are no switches");
    }

    #[test]
    fn a_switch_that_is_off_takes_no_other_option_with_it() {
        assert_eq!(filled(&["--verbose", "{no?--amp}", "y"]), ["--verbose", "y"]);
        assert_eq!(filled(&["--verbose", "{option?}", "y"]), ["--verbose", "y"]);
        assert_eq!(filled(&["--mode", "{no?fast}", "y"]), ["y"], "a value goes with its option");
        assert_eq!(filled(&["--tag", "{empty?}", "y"]), ["y"]);
    }

    #[test]
    fn numbers_are_written_for_every_reader() {
        assert_eq!(filled(&["{tiny}", "--lr={tiny}"]), ["1.0e-5", "--lr=1.0e-5"]);
    }

    #[test]
    fn broken_braces_are_refused() {
        let error = |text: &str| Template::read(text, |_| Known::No).unwrap_err();
        assert_eq!(error("{x"), TemplateError::Open);
        assert_eq!(error("x}"), TemplateError::Closed);
        assert_eq!(error("{ }"), TemplateError::Empty);
        assert_eq!(error("{?--x}"), TemplateError::Empty);
        assert_eq!(error("{{x}").to_string(), "`}` closes nothing");
    }
}
