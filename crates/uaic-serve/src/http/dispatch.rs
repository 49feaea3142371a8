//! From a request to its response: which version is asked, for how long, and who hears of it.

use std::sync::Arc;

use uaic_model::inference::Prediction;

use super::app::App;
use super::context::RequestContext;
use super::problem::HttpProblem;
use super::wire::TopLabel;
use crate::drift::Observed;
use crate::engine::{EngineError, EngineRequest, EngineResponse};
use crate::fleet::{Deployment, Picked};
use crate::request_log::Entry;

/// Which model is asked.
pub(super) struct ModelRef {
    /// Its name; `None` for the default one.
    pub(super) name: Option<String>,
    /// One version of it, whatever the canary's share.
    pub(super) version: Option<String>,
    /// Equal keys meet the same version.
    pub(super) key: Option<String>,
}

/// Asks a model, and records what it says.
pub(super) async fn dispatch(
    app: &Arc<App>,
    context: &RequestContext,
    model: ModelRef,
    request: EngineRequest,
) -> Result<(Arc<Deployment>, EngineResponse), HttpProblem> {
    if app.is_draining() {
        return Err(HttpProblem::draining());
    }
    if !app.is_ready() {
        return Err(HttpProblem::not_ready());
    }
    let ModelRef { name, version, key } = model;
    let Picked { deployment, shadow } = match (&name, &version) {
        (Some(name), Some(version)) => app.fleet.version(name, version)?,
        _ => app.fleet.pick(name.as_deref(), key.as_deref().unwrap_or(&context.id))?,
    };
    // Only a shadow needs the request twice.
    let again = shadow.as_ref().map(|_| EngineRequest { explain: false, ..request.clone() });
    let response = wait(&deployment, request).await?;
    record(app, context, &deployment, &response);
    if let (Some(shadow), Some(request)) = (shadow, again) {
        compare(app, context, shadow, request, &response);
    }
    Ok((deployment, response))
}

async fn wait(deployment: &Deployment, request: EngineRequest) -> Result<EngineResponse, EngineError> {
    let deadline = request.deadline.into();
    let reply = deployment.engine.submit(request)?;
    match tokio::time::timeout_at(deadline, reply).await {
        Ok(reply) => reply.unwrap_or(Err(EngineError::Panicked)),
        Err(_) => Err(EngineError::Late),
    }
}

/// Tells the metrics and the request log.
fn record(app: &App, context: &RequestContext, deployment: &Deployment, response: &EngineResponse) {
    for prediction in &response.predictions {
        let observed = Observed {
            label: prediction.top.first().map_or(0, |first| first.number),
            confidence: prediction.confidence,
            out_of_scope: prediction.is_out_of_scope,
            words: prediction.words,
            unknown_words: prediction.unknown_words,
        };
        deployment.metrics.observe_answer(&observed);
    }
    let Some(log) = &app.log else { return };
    let latency_us = context.start.elapsed().as_micros() as u64;
    for (position, (text, prediction)) in response.texts.iter().zip(&response.predictions).enumerate() {
        log.record(Entry {
            id: context.id.to_string(),
            at_ms: context.at_ms,
            route: context.route,
            model: Arc::clone(&deployment.model.name),
            version: Arc::clone(&deployment.model.version),
            role: deployment.role.as_str(),
            position: position as u32,
            text: text.clone(),
            label: Arc::clone(&prediction.label),
            confidence: prediction.confidence,
            out_of_scope: prediction.is_out_of_scope,
            response: top_json(prediction),
            latency_us,
            trace: context.trace.clone(),
        });
    }
}

/// The most probable labels as the request log keeps them.
fn top_json(prediction: &Prediction) -> String {
    let labels: Vec<TopLabel> = prediction.top.iter().cloned().map(TopLabel::from).collect();
    // Texts and finite numbers always become JSON.
    serde_json::to_string(&labels).unwrap_or_default()
}

/// Asks the shadow the same, without anybody waiting for it.
fn compare(
    app: &Arc<App>,
    context: &RequestContext,
    shadow: Arc<Deployment>,
    request: EngineRequest,
    response: &EngineResponse,
) {
    let labels: Vec<Arc<str>> = response.predictions.iter().map(|one| Arc::clone(&one.label)).collect();
    let (app, context) = (Arc::clone(app), context.clone());
    tokio::spawn(async move {
        let counts = app.metrics.shadow(&shadow.model.name);
        let Ok(response) = wait(&shadow, request).await else { return counts.dropped(labels.len()) };
        record(&app, &context, &shadow, &response);
        // By name: versions may number their labels differently.
        let differing = response.predictions.iter().zip(&labels).filter(|(one, label)| one.label != **label);
        counts.compared(labels.len(), differing.count());
    });
}
