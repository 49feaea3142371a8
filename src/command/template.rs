//! Arguments with placeholders: `--lr={train.lr}`.

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

impl std::str::FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
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
                let (name, after) = after.split_once('}').ok_or(TemplateError::Open)?;
                if name.trim().is_empty() {
                    return Err(TemplateError::Empty);
                }
                template.parts.push(Part::Name(name.trim().to_owned()));
                after
            };
        }
        template.push(rest);
        Ok(template)
    }
}

impl Template {
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
            Part::Name(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with values in place of the names; `None` where one has none.
    fn fill(&self, value_of: &impl Fn(&str) -> Option<String>) -> Option<String> {
        self.parts.iter().try_fold(String::new(), |text, part| {
            Some(match part {
                Part::Text(more) => text + more,
                Part::Name(name) => text + &value_of(name)?,
            })
        })
    }

    /// Whether it is an option: `--lr`, `-l`, `--lr={lr}`.
    fn is_option(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Text(text)) if text.len() > 1 && text.starts_with('-'))
            && self.parts != [Part::Text("--".to_owned())]
    }
}

/// The arguments of a command. One with a name that has no value is left out, and so is the option
/// before it whose value it is.
pub(super) fn fill(templates: &[Template], value_of: impl Fn(&str) -> Option<String>) -> Vec<String> {
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
        let templates: Vec<Template> = arguments.iter().map(|argument| argument.parse().unwrap()).collect();
        fill(&templates, |name| match name {
            "train.lr" => Some("0.01".into()),
            "kind" => Some("{x}".into()),
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
    fn broken_braces_are_refused() {
        let error = |text: &str| text.parse::<Template>().unwrap_err();
        assert_eq!(error("{x"), TemplateError::Open);
        assert_eq!(error("x}"), TemplateError::Closed);
        assert_eq!(error("{ }"), TemplateError::Empty);
        assert_eq!(error("{{x}").to_string(), "`}` closes nothing");
    }
}
