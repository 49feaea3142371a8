//! How runs are found that no index has few of.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::Fault;
use super::super::sql::Sql;

/// Runs that stand for all when a share is guessed.
const SAMPLED: u32 = 50;
/// So many runs are walked without a thought of what else could be done.
const WALKED: f64 = 3000.0;
/// More runs than these are not sorted when there is another way.
const SORTED: i64 = 20_000;

/// How runs are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Along an index in the order that is asked for.
    Walk,
    /// All of the experiments are tested and sorted.
    Sort,
    /// The sets of all clauses are cut with each other.
    Cut,
}

/// Chooses by how many runs would be looked at.
pub(super) fn choose(
    connection: &Connection,
    of_experiments: &str,
    whole: &Sql,
    can_walk: bool,
    wanted: u64,
) -> Result<Plan, Fault> {
    let share = share(connection, whole)?;
    let walked = if share > 0.0 { wanted as f64 / share } else { f64::INFINITY };
    if can_walk && walked <= WALKED {
        return Ok(Plan::Walk);
    }
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 FROM runs WHERE {of_experiments} LIMIT {})", SORTED + 1);
    let there: i64 = connection.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    Ok(if can_walk && walked <= there as f64 {
        Plan::Walk
    } else if there <= SORTED {
        Plan::Sort
    } else if share < 0.1 {
        Plan::Cut
    } else if can_walk {
        Plan::Walk
    } else {
        Plan::Sort
    })
}

/// The share of all runs of which something holds, by some that are spread over all.
fn share(connection: &Connection, whole: &Sql) -> Result<f64, Fault> {
    let all: i64 =
        connection.prepare_cached("SELECT ifnull(max(id), 0) FROM runs")?.query_row([], |row| row.get(0))?;
    // Multiples of the golden ratio are nowhere dense and follow no other rhythm.
    let place = |at: u32| 1 + ((f64::from(at) * 0.618_033_988_749_894_9).fract() * all as f64) as i64;
    let places: Vec<String> = (0..SAMPLED).map(|at| place(at).to_string()).collect();
    let sql = format!(
        "SELECT count(*), total(ifnull(({}), 0)) FROM json_each(?) AS list CROSS JOIN runs ON runs.id = list.value",
        whole.text
    );
    // What has to hold stands before the list.
    let list = Value::Text(format!("[{}]", places.join(",")));
    let values = whole.values.iter().chain(std::iter::once(&list));
    let (looked, met): (f64, f64) = connection
        .prepare_cached(&sql)?
        .query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(if looked > 0.0 { met / looked } else { 0.0 })
}
