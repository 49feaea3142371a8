//! `uaic serve --check`: whether a server takes requests, where there is no curl.

use std::process::ExitCode;
use std::time::Duration;

use crate::ErrorKind;

use super::super::exit::Failure;
use super::super::printer;

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks.
pub(super) fn run(url: &str) -> anyhow::Result<ExitCode> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Failure::usage(format!("`{url}` is no URL, such as http://127.0.0.1:8080/readyz")).into());
    }
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .proxy(None)
        .http_status_as_error(false)
        .build()
        .new_agent();
    match agent.get(url).call() {
        Ok(answer) if answer.status().is_success() => Ok(ExitCode::SUCCESS),
        Ok(answer) => {
            printer::talk(format!("{url} answers {}", answer.status()));
            Ok(ErrorKind::Failed.into())
        }
        Err(error) => {
            printer::talk(format!("{url} does not answer: {error}"));
            Ok(ErrorKind::Failed.into())
        }
    }
}
