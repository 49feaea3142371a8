//! Where versions come from. What a client names is never opened; it is compared with what is known of its
//! run or its logged model.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::app::App;
use super::super::location::has_scheme;
use super::super::runs::parse_id;
use super::super::wire::Problem;
use uaic_study::store::tracking::{LoggedModel, ModelId, RegisteredVersion};

/// The tag that says that a version is one of a prompt.
const IS_PROMPT: &str = "mlflow.prompt.is_prompt";
/// What prompts have for a source.
const OF_PROMPTS: [&str; 2] = ["dummy-source", "prompt-template"];
/// How often somebody may have encoded what is refused.
const DEPTH: usize = 8;

/// Where a version comes from.
pub(super) struct Origin {
    pub(super) source: String,
    /// Where it can be had from, where that is another address.
    pub(super) location: Option<String>,
    pub(super) run: Option<String>,
    pub(super) model: Option<String>,
}

/// Judges where a version is said to come from.
///
/// # Errors
/// It is nowhere that a version may come from.
pub(super) fn origin(
    app: &App,
    source: &str,
    run: Option<&str>,
    model: Option<&str>,
    tags: &BTreeMap<String, String>,
) -> Result<Origin, Problem> {
    let plain = Origin {
        source: source.to_owned(),
        location: None,
        run: run.map(str::to_owned),
        model: model.map(str::to_owned),
    };
    if tags.get(IS_PROMPT).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        if OF_PROMPTS.contains(&source) {
            return Ok(plain);
        }
        return Err(Problem::invalid(format!(
            "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
        )));
    }
    check_plain(source)?;
    if let Some(rest) = source.strip_prefix("models:/") {
        return of_model(app, rest, plain);
    }
    if let Some(rest) = source.strip_prefix("runs:/") {
        let own = rest.split('/').next().unwrap_or_default();
        return if run == Some(own) && model.is_none() {
            Ok(Origin { location: below_run(app, own, rest)?, ..plain })
        } else {
            Err(elsewhere(source, "run_id"))
        };
    }
    let is_local = !has_scheme(source) || source.starts_with("file:");
    if (is_local || source.starts_with("mlflow-artifacts:")) && !is_within(app, source, run, model)? {
        let what = if model.is_some() { "model_id" } else { "run_id" };
        return Err(if is_local { local(source, what) } else { elsewhere(source, what) });
    }
    Ok(plain)
}

/// That a source leads nowhere else, however often it is decoded.
fn check_plain(source: &str) -> Result<(), Problem> {
    let mut text = source.to_owned();
    for _ in 0..DEPTH {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let leads_away = text.contains('\0') || path.split(['/', '\\']).any(|part| part == "..");
        if leads_away {
            return Err(Problem::invalid(format!(
                "Invalid model version source: '{source}'. If supplying a source as an http, https, local file \
                 path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without \
                 relative path references present. Please provide an absolute path."
            )));
        }
        let decoded = percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        if decoded == text {
            return Ok(());
        }
        text = decoded;
    }
    Err(elsewhere(source, "run_id"))
}

fn elsewhere(source: &str, what: &str) -> Problem {
    Problem::invalid(format!(
        "Invalid model version source: '{source}'. The {what} request parameter must identify the resource that \
         contains the source."
    ))
}

fn local(source: &str, what: &str) -> Problem {
    Problem::invalid(format!(
        "Invalid model version source: '{source}'. To use a local path as a model version source, the {what} \
         request parameter has to be specified and the local path has to be contained within the artifact \
         directory of the run specified by the {what}."
    ))
}

/// The address of what a run's artifacts have under the path behind the run.
fn below_run(app: &App, run: &str, rest: &str) -> Result<Option<String>, Problem> {
    let Some(id) = parse_id(run) else { return Ok(None) };
    let location = app.store.artifact_location(id)?;
    let path = rest.strip_prefix(run).unwrap_or_default();
    Ok(Some(format!("{location}{path}")))
}

/// Whether a source is among the artifacts of the run or of the logged model that it is said to be of.
fn is_within(app: &App, source: &str, run: Option<&str>, model: Option<&str>) -> Result<bool, Problem> {
    let location = if let Some(model) = model {
        match ModelId::parse(model) {
            Some(id) => app.store.model(id, false)?.location,
            None => return Ok(false),
        }
    } else {
        match run.and_then(parse_id) {
            Some(id) => app.store.artifact_location(id)?,
            None => return Ok(false),
        }
    };
    let (source, location) = (normal(source), normal(&location));
    let behind = source.strip_prefix(&location);
    Ok(behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// An address as it is compared: without the host of this server, and local ones as paths.
fn normal(address: &str) -> String {
    let address =
        address.strip_prefix("file://").or_else(|| address.strip_prefix("file:")).unwrap_or(address);
    let address = match address.strip_prefix("mlflow-artifacts://") {
        Some(rest) => format!("mlflow-artifacts:/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => address.to_owned(),
    };
    let doubled = |text: &str| text.replace("//", "/");
    doubled(address.trim_end_matches('/'))
}

/// A version of another version, or of a logged model.
fn of_model(app: &App, rest: &str, plain: Origin) -> Result<Origin, Problem> {
    let first = rest.split('/').next().unwrap_or_default();
    if let Some(id) = ModelId::parse(first) {
        if plain.model.as_deref() != Some(first) {
            return Err(elsewhere(&plain.source, "model_id"));
        }
        let LoggedModel { location, run, .. } = app.store.model(id, false)?;
        let path = rest.strip_prefix(first).unwrap_or_default();
        return Ok(Origin { location: Some(format!("{location}{path}")), run: plain.run.or(run), ..plain });
    }
    let known = version_named(app, rest, &plain.source)?;
    if known.tags.contains_key(IS_PROMPT) {
        return Err(Problem::invalid(format!(
            "Invalid model version source: '{}'. Prompt versions cannot be used as model version sources.",
            plain.source
        )));
    }
    let differs = |given: &Option<String>, own: &Option<String>| given.is_some() && given != own;
    if differs(&plain.run, &known.run) || differs(&plain.model, &known.model) {
        return Err(Problem::invalid(format!(
            "Invalid model version source: '{}'. The run_id and model_id request parameters must match the \
             referenced model version.",
            plain.source
        )));
    }
    Ok(Origin {
        source: format!("models:/{}/{}", known.name, known.version),
        location: Some(known.location),
        run: known.run,
        model: known.model,
    })
}

/// The version that `NAME/VERSION`, `NAME/STAGE`, `NAME/latest` or `NAME@ALIAS` means.
fn version_named(app: &App, rest: &str, source: &str) -> Result<RegisteredVersion, Problem> {
    let invalid =
        || Problem::invalid(format!("Invalid model version source: '{source}'; not a proper models:/ URI"));
    let decoded = percent_decode_str(rest).decode_utf8().map_err(|_| invalid())?;
    if let Some((name, alias)) = decoded.split_once('@') {
        let known = app.store.registered(name)?.aliases.get(alias).copied();
        let not_found = || Problem::invalid(format!("Registered model alias {alias} not found."));
        return Ok(app.store.version(name, known.ok_or_else(not_found)?)?);
    }
    let (name, tag) = decoded.trim_end_matches('/').split_once('/').ok_or_else(invalid)?;
    if let Ok(version) = tag.parse() {
        return Ok(app.store.version(name, version)?);
    }
    let stage = uaic_study::store::tracking::Stage::parse(tag);
    let is_latest = tag.eq_ignore_ascii_case("latest");
    let latest = app.store.registered(name)?.latest.into_iter();
    let meant = latest
        .filter(|version| is_latest || Some(version.stage) == stage)
        .max_by_key(|version| version.version);
    meant.ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_that_lead_elsewhere_are_refused() {
        for source in [
            "s3:/bucket/../x",
            "mlflow-artifacts://h/..%2f..%2fx",
            "http://h/a%00",
            "/a/%252e%252e/b",
            "..",
            "a\\..\\b",
        ] {
            assert!(
                check_plain(source).unwrap_err().message.contains("Invalid model version source"),
                "{source}"
            );
        }
        for source in
            ["s3://bucket/a..b/c", "mlflow-artifacts:/1/x/artifacts/per%25cent", "dbfs:/a/...", "a b+c"]
        {
            assert!(check_plain(source).is_ok(), "{source}");
        }
    }

    #[test]
    fn addresses_are_compared_without_host() {
        assert_eq!(normal("mlflow-artifacts://host:5000/1/a/"), "mlflow-artifacts:/1/a");
        assert_eq!(normal("mlflow-artifacts:/1//a"), "mlflow-artifacts:/1/a");
        assert_eq!(normal("file:///srv/a"), "/srv/a");
    }
}
