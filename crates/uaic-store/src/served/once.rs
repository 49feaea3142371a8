//! Writes that are done once, however often they come.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use super::super::{Fault, attach, change, copying, outside, registry, write};
use uaic_study::store::remote::{PointBlock, WireFault, WriteAnswer, WriteCall, pack};
use uaic_study::store::rules::{check_alias, check_model_name};
use uaic_study::store::{Attempt, Id, Point, StoreError};

/// How long a key is known, milliseconds: much longer than anybody repeats a request.
const KNOWN_MS: i64 = 60 * 60 * 1000;
/// After so many keys, old ones are forgotten.
const TIDY_AFTER: i64 = 256;

/// What is refused before the database is asked.
///
/// # Errors
/// Names of models; configurations that could not be read back.
pub(super) fn check(call: &WriteCall) -> Result<(), StoreError> {
    match call {
        WriteCall::RegisterModel { name, .. } => check_model_name(name),
        WriteCall::SetModelAlias { alias, .. } => check_alias(alias),
        call if call.is_flat_enough() => Ok(()),
        _ => Err(StoreError::Malformed {
            what: "request",
            detail: "its configuration is nested more than 100 levels deep".to_owned(),
        }),
    }
}

/// Does a write, or finds that it is done. Gives the answer as a message.
pub(super) fn write(
    connection: &Connection,
    key: Id,
    call: WriteCall,
    now_ms: i64,
) -> Result<Vec<u8>, Fault> {
    if does_the_same_again(&call) {
        return message(&apply_safely(connection, call, now_ms)?);
    }
    let earlier: Option<Vec<u8>> = connection
        .prepare_cached("SELECT answer FROM requests WHERE key = ?")?
        .query_row([key.0], |row| row.get(0))
        .optional()?;
    if let Some(answer) = earlier {
        return Ok(answer);
    }
    let answer = message(&apply_safely(connection, call, now_ms)?)?;
    connection
        .prepare_cached("INSERT INTO requests (key, time_ms, answer) VALUES (?, ?, ?)")?
        .execute(params![key.0, now_ms, answer])?;
    if connection.last_insert_rowid() % TIDY_AFTER == 0 {
        connection
            .prepare_cached(
                "DELETE FROM requests WHERE id IN (SELECT id FROM requests ORDER BY id LIMIT ?)
                 AND time_ms < ?",
            )?
            .execute([2 * TIDY_AFTER, now_ms.saturating_sub(KNOWN_MS)])?;
    }
    Ok(answer)
}

/// Whether a call may be done twice without anybody seeing it.
fn does_the_same_again(call: &WriteCall) -> bool {
    matches!(
        call,
        WriteCall::SetTag { .. }
            | WriteCall::AddFacts { .. }
            | WriteCall::SetParams { .. }
            | WriteCall::Heartbeat(_)
            | WriteCall::EndOutsideRun(_)
    )
}

fn message(answer: &WriteAnswer) -> Result<Vec<u8>, Fault> {
    pack(answer).map_err(|error| StoreError::Malformed { what: "answer", detail: error.to_string() }.into())
}

/// What comes from outside must not end the one thread that writes, and what no store of this program would
/// keep is the fault of who sent it.
fn apply_safely(connection: &Connection, call: WriteCall, now_ms: i64) -> Result<WriteAnswer, Fault> {
    let malformed = |what, detail| Err(StoreError::Malformed { what, detail }.into());
    match catch_unwind(AssertUnwindSafe(|| apply(connection, call, now_ms))) {
        Ok(Err(Fault::Sqlite(error)))
            if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) =>
        {
            malformed("request", format!("no store keeps such a thing ({error})"))
        }
        Ok(answer) => answer,
        Err(_) => malformed("write", "it cannot be done, which is a defect".to_owned()),
    }
}

fn apply(connection: &Connection, call: WriteCall, now_ms: i64) -> Result<WriteAnswer, Fault> {
    use WriteCall as Call;
    match call {
        Call::CreateStudy(new) => {
            let id = Id::random();
            write::create_study(connection, id, &new, now_ms)?;
            return Ok(WriteAnswer::Study(id));
        }
        Call::StartRun { new, changes } => {
            let changes = changes.map(|changes| usize::try_from(changes).unwrap_or(usize::MAX));
            let attempt = write::start_run(connection, Id::random(), &new, changes, now_ms)?;
            return Ok(WriteAnswer::Attempt(attempt));
        }
        Call::StartRunAs { id, new } => {
            return Ok(WriteAnswer::Attempt(outside::start_as(connection, id, &new, now_ms)?));
        }
        Call::ChangeStudy { study, change } => {
            return Ok(WriteAnswer::Change(change::change_study(connection, study, &change, now_ms)?));
        }
        Call::BeginOutsideRun(run) => {
            return Ok(WriteAnswer::Known(outside::begin(connection, &run, now_ms)?));
        }
        Call::BeginRunCopy(copy) => {
            return Ok(WriteAnswer::Known(copying::begin(connection, &copy, now_ms)?));
        }
        Call::Points(blocks) => return points(connection, blocks),
        other => apply_silently(connection, other, now_ms)?,
    }
    Ok(WriteAnswer::Done)
}

/// The calls that answer nothing.
fn apply_silently(connection: &Connection, call: WriteCall, now_ms: i64) -> Result<(), Fault> {
    use WriteCall as Call;
    match call {
        Call::AcquireStudy { study, owner } => write::acquire_study(connection, study, &owner, now_ms),
        Call::ReleaseStudy { study, owner, state } => {
            write::release_study(connection, study, &owner, state.when_released(), now_ms)
        }
        Call::ExtendStudy { study, trials } => write::extend_study(connection, study, trials, now_ms),
        Call::AddFacts { attempt, facts } => outside::add_facts(connection, attempt, facts),
        Call::SetParams { attempt, params, config } => {
            change::set_params(connection, attempt, &params, &config)
        }
        Call::CopyChange { study, change } => change::copy_change(connection, study, &change),
        Call::SetTag { run, key, value } => attach::set_tag(connection, run, &key, &value),
        Call::FinishRun { attempt, end } => write::finish_run(connection, attempt, &end, now_ms),
        Call::SetHidden { run, hidden } => write::set_hidden(connection, run, hidden, now_ms),
        Call::EditRun { run, edit } => outside::edit_run(connection, run, &edit, now_ms),
        Call::AddOutsidePoints { run, series } => outside::add_points(connection, run, series),
        Call::EndOutsideRun(run) => outside::end(connection, run),
        Call::PutStudyCopy(copy) => copying::put_study(connection, &copy),
        Call::EndRunCopy(copy) => copying::end(connection, &copy, now_ms),
        Call::RegisterModel { name, run, note } => registry::register(connection, &name, run, &note, now_ms),
        Call::SetModelAlias { name, alias, version, why } => {
            registry::set_alias(connection, &name, &alias, version, &why, now_ms)
        }
        Call::Heartbeat(process) => write::heartbeat(connection, &process, now_ms),
        // These have answers.
        Call::CreateStudy(_)
        | Call::StartRun { .. }
        | Call::StartRunAs { .. }
        | Call::ChangeStudy { .. }
        | Call::BeginOutsideRun(_)
        | Call::BeginRunCopy(_)
        | Call::Points(_) => Ok(()),
    }
}

/// Points by metric, as they came.
type Series = Vec<(String, Vec<Point>)>;

/// Appends points of several attempts; one that takes none stops none of the others.
fn points(connection: &Connection, blocks: Vec<PointBlock>) -> Result<WriteAnswer, Fault> {
    let mut attempts: Vec<(Attempt, Series)> = Vec::new();
    for PointBlock { attempt, key, points } in blocks {
        let place = attempts.iter().position(|(other, _)| *other == attempt).unwrap_or_else(|| {
            attempts.push((attempt, Vec::new()));
            attempts.len() - 1
        });
        if let Some((_, series)) = attempts.get_mut(place) {
            series.push((key, points));
        }
    }
    let mut refused = Vec::new();
    for (attempt, series) in attempts {
        match write::series(connection, attempt, series) {
            Ok(()) => {}
            // It is looked for before anything is written.
            Err(Fault::Refused(error)) => refused.push((attempt, WireFault::from(error))),
            Err(fault) => return Err(fault),
        }
    }
    Ok(WriteAnswer::Refused(refused))
}
