//! From a question to its answer: who is asked, for how long, and who hears of it.

use std::sync::Arc;
use std::time::Instant;

use super::telemetry::Ticket;
use super::{App, problem::Problem};
use crate::drift::Observed;
use crate::engine::{Answered, Question, Refusal};
use crate::fleet::{Deployment, Picked};
use crate::request_log::Entry;
use uaic_model::inference::Answer;

/// What a route asks.
pub(super) struct Asked {
    /// The model; `None` for the default one.
    pub(super) model: Option<String>,
    /// One version of it, whatever the canary's share.
    pub(super) version: Option<String>,
    /// At least one, checked.
    pub(super) texts: Vec<String>,
    pub(super) top: usize,
    pub(super) explain: bool,
    /// Equal keys meet the same version.
    pub(super) key: Option<String>,
}

/// Who answered, and what.
pub(super) struct Said {
    pub(super) deployment: Arc<Deployment>,
    pub(super) answered: Answered,
}

/// Asks, and records what was said.
pub(super) async fn ask(app: &Arc<App>, ticket: &Ticket, asked: Asked) -> Result<Said, Problem> {
    if app.is_draining() {
        return Err(Problem::draining());
    }
    if !app.is_ready() {
        return Err(Problem::not_ready());
    }
    let Asked { model, version, texts, top, explain, key } = asked;
    let Picked { deployment, shadow } = match (&model, &version) {
        (Some(model), Some(version)) => app.fleet.version(model, version)?,
        _ => app.fleet.pick(model.as_deref(), key.as_deref().unwrap_or(&ticket.id))?,
    };
    let deadline = Instant::now() + app.settings.limits.deadline;
    let question = Question { texts, top, explain, deadline };
    // Only a shadow needs the question twice.
    let again = shadow.as_ref().map(|_| Question { explain: false, ..question.clone() });
    let answered = wait(&deployment, question).await?;
    observe(app, ticket, &deployment, &answered);
    if let (Some(shadow), Some(question)) = (shadow, again) {
        compare(app, ticket, shadow, question, &answered);
    }
    Ok(Said { deployment, answered })
}

async fn wait(deployment: &Deployment, question: Question) -> Result<Answered, Refusal> {
    let deadline = question.deadline.into();
    let answer = deployment.engine.ask(question)?;
    match tokio::time::timeout_at(deadline, answer).await {
        Ok(answer) => answer.unwrap_or(Err(Refusal::Panicked)),
        Err(_) => Err(Refusal::Late),
    }
}

/// Tells the metrics and the request log.
fn observe(app: &App, ticket: &Ticket, deployment: &Deployment, answered: &Answered) {
    for answer in &answered.answers {
        let observed = Observed {
            label: number(answer),
            confidence: answer.confidence,
            out_of_scope: answer.is_out_of_scope,
            words: answer.words,
            unknown_words: answer.unknown_words,
        };
        deployment.metrics.observe_answer(&observed);
    }
    let Some(log) = &app.log else { return };
    let latency_us = ticket.start.elapsed().as_micros() as u64;
    for (position, (text, answer)) in answered.texts.iter().zip(&answered.answers).enumerate() {
        log.record(Entry {
            id: ticket.id.to_string(),
            at_ms: ticket.at_ms,
            route: ticket.route,
            model: Arc::clone(&deployment.model.name),
            version: Arc::clone(&deployment.model.version),
            role: deployment.role.as_str(),
            position: position as u32,
            text: text.clone(),
            label: Arc::clone(&deployment.model.labels[number(answer)]),
            confidence: answer.confidence,
            out_of_scope: answer.is_out_of_scope,
            response: top_json(answer),
            latency_us,
            trace: ticket.trace.clone(),
        });
    }
}

/// The number of the most probable label.
fn number(answer: &Answer) -> usize {
    answer.top.first().map_or(0, |first| first.number)
}

/// The most probable labels as the request log keeps them.
fn top_json(answer: &Answer) -> String {
    let all = answer.top.iter().map(|one| (&one.label, one.confidence));
    let labels: Vec<_> = all
        .map(|(label, confidence)| super::predict::TopLabel { label: label.clone(), confidence })
        .collect();
    // Texts and finite numbers always become JSON.
    serde_json::to_string(&labels).unwrap_or_default()
}

/// Asks the shadow the same, without anybody waiting for it.
fn compare(app: &Arc<App>, ticket: &Ticket, shadow: Arc<Deployment>, question: Question, said: &Answered) {
    let labels: Vec<String> = said.answers.iter().map(|answer| answer.label.clone()).collect();
    let (app, ticket) = (Arc::clone(app), ticket.clone());
    tokio::spawn(async move {
        let counts = app.metrics.shadow(&shadow.model.name);
        let Ok(answered) = wait(&shadow, question).await else { return counts.dropped(labels.len()) };
        observe(&app, &ticket, &shadow, &answered);
        // By name: versions may number their labels differently.
        let differing =
            answered.answers.iter().zip(&labels).filter(|(answer, label)| answer.label != **label);
        counts.compared(labels.len(), differing.count());
    });
}
