//! The threads that answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use tokio::sync::oneshot::Sender;

use super::queue::Queue;
use super::{Answered, BatchReport, Job, Observer, Refusal};
use uaic_model::inference::{Answer, Responder, Session, TokenWeight};
use uaic_model::model::ModelError;

/// Bytes of the shortest texts that have a bucket of their own; each next bucket is twice as long.
const SHORT: usize = 256;

/// Answers batch after batch, until the queue is closed and empty.
pub(super) fn answer_until_closed(queue: &Queue, responder: &Responder, observer: &dyn Observer) {
    let mut session = responder.session();
    while let Some(jobs) = queue.take() {
        let now = Instant::now();
        // Whoever has hung up needs no answer, and who is late no more.
        let (mut due, late): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .filter(|job| !job.reply.is_closed())
            .partition(|job| now < job.question.deadline);
        for job in late {
            reply(job.reply, Err(Refusal::Late));
        }
        // Texts of like length are answered together, short ones first: nobody waits for a long one
        // that has come in the same moment.
        due.sort_by_key(bucket);
        while !due.is_empty() {
            let same = due.iter().take_while(|job| bucket(job) == bucket(&due[0])).count();
            let rest = due.split_off(same);
            answer(&mut session, responder, due, observer);
            due = rest;
        }
    }
}

/// By the longest text of a question.
fn bucket(job: &Job) -> u32 {
    let longest = job.question.texts.iter().map(String::len).max().unwrap_or(0);
    (longest / SHORT).checked_ilog2().map_or(0, |power| power + 1)
}

fn answer<'a>(session: &mut Session<'a>, responder: &'a Responder, jobs: Vec<Job>, observer: &dyn Observer) {
    let start = Instant::now();
    let answers = catch_unwind(AssertUnwindSafe(|| answer_all(session, &jobs)));
    let refusal = match answers {
        Ok(Ok(answers)) => return deliver(responder, jobs, answers, start, observer),
        Ok(Err(error)) => Refusal::Failed(error.to_string()),
        Err(_) => Refusal::Panicked,
    };
    // What the memory of the session is like after a panic, nobody knows.
    *session = responder.session();
    let is_alone = jobs.len() == 1;
    for job in jobs {
        if is_alone {
            reply(job.reply, Err(refusal.clone()));
        } else {
            // One question has met a defect: each is tried alone, so that the others are answered.
            answer(session, responder, vec![job], observer);
        }
    }
}

fn deliver(
    responder: &Responder,
    jobs: Vec<Job>,
    answers: Vec<Vec<Answer>>,
    start: Instant,
    observer: &dyn Observer,
) {
    observer.answered(&BatchReport {
        texts: answers.iter().map(Vec::len).sum(),
        waits: jobs.iter().map(|job| start.duration_since(job.since)).collect(),
        inference: start.elapsed(),
    });
    for (Job { question, reply: to, .. }, answers) in jobs.into_iter().zip(answers) {
        let tokens = question.explain.then(|| explain(responder, &question.texts)).transpose();
        reply(to, tokens.map(|tokens| Answered { texts: question.texts, answers, tokens }));
    }
}

/// Whoever asked may have gone.
fn reply(to: Sender<Result<Answered, Refusal>>, answer: Result<Answered, Refusal>) {
    let _ = to.send(answer);
}

/// The answers to each question, from one pass over all texts.
fn answer_all(session: &mut Session<'_>, jobs: &[Job]) -> Result<Vec<Vec<Answer>>, ModelError> {
    let texts: Vec<&str> =
        jobs.iter().flat_map(|job| job.question.texts.iter().map(String::as_str)).collect();
    let top = jobs.iter().map(|job| job.question.top).max().unwrap_or(1);
    let mut all = session.answer(&texts, top)?.into_iter();
    let own = |job: &Job| {
        let mut answers: Vec<_> = all.by_ref().take(job.question.texts.len()).collect();
        for answer in &mut answers {
            answer.top.truncate(job.question.top.max(1));
        }
        answers
    };
    Ok(jobs.iter().map(own).collect())
}

fn explain(responder: &Responder, texts: &[String]) -> Result<Vec<Vec<TokenWeight>>, Refusal> {
    let explain = || texts.iter().map(|text| responder.explain(text)).collect::<Result<_, ModelError>>();
    let explained = catch_unwind(AssertUnwindSafe(explain)).map_err(|_| Refusal::Panicked)?;
    explained.map_err(|error| Refusal::Failed(error.to_string()))
}
