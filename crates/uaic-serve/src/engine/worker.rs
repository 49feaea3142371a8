//! The threads that answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokio::sync::oneshot::Sender;

use super::queue::Queue;
use super::{BatchReport, EngineError, EngineResponse, Entry, Observer, Reply};
use uaic_model::inference::{InferenceSession, Prediction, Predictor, TokenWeight};

/// Bytes of the shortest texts that have a bucket of their own; each next bucket is twice as long.
const SHORT: usize = 256;

/// Answers batch after batch, until the queue is closed and empty.
pub(super) fn answer_until_closed(queue: &Queue, predictor: &Predictor, observer: &dyn Observer) {
    let mut session = predictor.session();
    while let Some(entries) = queue.take() {
        let now = Instant::now();
        // Whoever has hung up needs no answer, and who is late no more.
        let (mut due, late): (Vec<Entry>, Vec<Entry>) = entries
            .into_iter()
            .filter(|entry| !entry.reply.is_closed())
            .partition(|entry| now < entry.request.deadline);
        for entry in late {
            reply(entry.reply, Err(EngineError::Late));
        }
        // Texts of like length are answered together, short ones first: nobody waits for a long one
        // that has come in the same moment.
        due.sort_by_key(bucket);
        while !due.is_empty() {
            let same = due.iter().take_while(|entry| bucket(entry) == bucket(&due[0])).count();
            let rest = due.split_off(same);
            answer(&mut session, predictor, due, observer);
            due = rest;
        }
    }
}

/// By the longest text of a request.
fn bucket(entry: &Entry) -> u32 {
    let longest = entry.request.texts.iter().map(String::len).max().unwrap_or(0);
    (longest / SHORT).checked_ilog2().map_or(0, |power| power + 1)
}

fn answer<'a>(
    session: &mut InferenceSession<'a>,
    predictor: &'a Predictor,
    entries: Vec<Entry>,
    observer: &dyn Observer,
) {
    let start = Instant::now();
    let predictions = catch_unwind(AssertUnwindSafe(|| answer_all(session, &entries)));
    let error = match predictions {
        Ok(Ok(predictions)) => return deliver(predictor, entries, predictions, start, observer),
        Ok(Err(error)) => EngineError::Failed(error.to_string()),
        Err(_) => EngineError::Panicked,
    };
    // What the memory of the session is like after a panic, nobody knows.
    *session = predictor.session();
    let is_alone = entries.len() == 1;
    for entry in entries {
        if is_alone {
            reply(entry.reply, Err(error.clone()));
        } else {
            // One request has met a defect: each is tried alone, so that the others are answered.
            answer(session, predictor, vec![entry], observer);
        }
    }
}

fn deliver(
    predictor: &Predictor,
    entries: Vec<Entry>,
    predictions: Vec<Vec<Prediction>>,
    start: Instant,
    observer: &dyn Observer,
) {
    observer.answered(&BatchReport {
        texts: predictions.iter().map(Vec::len).sum(),
        waits: entries.iter().map(|entry| start.duration_since(entry.since)).collect(),
        inference: start.elapsed(),
    });
    for (Entry { request, reply: to, .. }, predictions) in entries.into_iter().zip(predictions) {
        let tokens = request.explain.then(|| explain(predictor, &request.texts)).transpose();
        reply(to, tokens.map(|tokens| EngineResponse { texts: request.texts, predictions, tokens }));
    }
}

/// Whoever asked may have gone.
fn reply(to: Sender<Reply>, answer: Reply) {
    let _ = to.send(answer);
}

/// The answers to each request, from one pass over all texts.
fn answer_all(
    session: &mut InferenceSession<'_>,
    entries: &[Entry],
) -> candle_core::Result<Vec<Vec<Prediction>>> {
    let texts: Vec<&str> =
        entries.iter().flat_map(|entry| entry.request.texts.iter().map(String::as_str)).collect();
    let top = entries.iter().map(|entry| entry.request.top).max().unwrap_or(1);
    let mut all = session.predict(&texts, top)?.into_iter();
    let own = |entry: &Entry| {
        let mut answers: Vec<_> = all.by_ref().take(entry.request.texts.len()).collect();
        for answer in &mut answers {
            answer.top.truncate(entry.request.top.max(1));
        }
        answers
    };
    Ok(entries.iter().map(own).collect())
}

fn explain(predictor: &Predictor, texts: &[String]) -> Result<Vec<Vec<TokenWeight>>, EngineError> {
    let explain = || texts.iter().map(|text| predictor.explain(text)).collect::<candle_core::Result<_>>();
    let explained = catch_unwind(AssertUnwindSafe(explain)).map_err(|_| EngineError::Panicked)?;
    explained.map_err(|error| EngineError::Failed(error.to_string()))
}
