//! Which requests are meant: the options that verbs share.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::serve::request_log::{Filter, RequestReader};

use super::super::exit::Failure;
use super::{hint, time};

/// Which requests are meant.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which requests")]
pub(super) struct SelectionArgs {
    /// Since then: how long ago (2h, 7d), a day (2026-11-28) or a time, in UTC
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<i64>,

    /// Before then
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<i64>,

    /// Only of this model, or of this version of it
    #[arg(long, value_name = "NAME[@V]")]
    model: Option<String>,

    /// Only answered in this role
    #[arg(long, value_name = "ROLE", value_parser = PossibleValuesParser::new(["live", "canary", "shadow"]))]
    pub(super) role: Option<String>,

    /// Only predicted as this label
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,

    /// Only with a confidence below this one
    #[arg(long, value_name = "X", value_parser = parse_share)]
    below: Option<f64>,

    /// Only told out of scope
    #[arg(long)]
    out_of_scope: bool,

    /// Only with feedback
    #[arg(long)]
    feedback: bool,

    /// Only with feedback that says otherwise
    #[arg(long)]
    wrong: bool,

    /// Only texts with this part, in small or capital letters
    #[arg(long, value_name = "PART")]
    text: Option<String>,
}

/// A number from 0 to 1.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("use a number from 0 to 1".to_owned()),
    }
}

impl SelectionArgs {
    /// The filter that they make.
    ///
    /// # Errors
    /// A model, version or label that no request has.
    pub(super) fn filter(&self, reader: &RequestReader) -> anyhow::Result<Filter> {
        let (model, version) = match self.model.as_deref().map(|model| model.split_once('@').ok_or(model)) {
            None => (None, None),
            Some(Err(model)) => (Some(model.to_owned()), None),
            Some(Ok((model, version))) => (Some(model.to_owned()), Some(version.to_owned())),
        };
        if let Some(name) = &model {
            must_be_known("model", name, &reader.models()?)?;
        }
        if let (Some(name), Some(version)) = (&model, &version) {
            must_be_known(&format!("version of {name}"), version, &reader.versions(name)?)?;
        }
        if let Some(label) = &self.label {
            must_be_known("label", label, &reader.labels()?)?;
        }
        Ok(Filter {
            since_ms: self.since,
            until_ms: self.until,
            model,
            version,
            role: self.role.clone(),
            label: self.label.clone(),
            below: self.below,
            out_of_scope: self.out_of_scope.then_some(true),
            with_feedback: self.feedback,
            only_wrong: self.wrong,
            text: self.text.clone(),
            limit: None,
        })
    }
}

fn must_be_known(what: &str, name: &str, known: &[String]) -> Result<(), Failure> {
    if known.iter().any(|other| other == name) {
        return Ok(());
    }
    let hint = hint(name, known.iter().map(String::as_str));
    Err(Failure::not_found(format!("no request in the log has the {what} `{name}`; {hint}")))
}
