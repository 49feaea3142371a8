//! What listings show of runs besides their records, in a few statements however many they are.

use std::collections::HashMap;

use rusqlite::{Connection, Row};

use super::super::Fault;
use uaic_study::store::remote::RunDetails;
use uaic_study::store::{Id, LatestMetric};

pub(super) fn of(connection: &Connection, runs: &[Id]) -> Result<Vec<RunDetails>, Fault> {
    let mut details = vec![RunDetails::default(); runs.len()];
    let mut places: HashMap<i64, usize> = HashMap::new();
    let mut find = connection.prepare_cached("SELECT id FROM runs WHERE uuid = ?")?;
    for (place, run) in runs.iter().enumerate() {
        let mut rows = find.query([run.0])?;
        if let Some(row) = rows.next()? {
            places.insert(row.get(0)?, place);
        }
    }
    let rows: Vec<String> = places.keys().map(i64::to_string).collect();
    let list = format!("[{}]", rows.join(","));
    let mut each = |columns: &str, take: &dyn Fn(&mut RunDetails, &Row<'_>) -> rusqlite::Result<()>| {
        let sql = format!(
            "SELECT list.value, names.name, {columns} AS own ON own.run = list.value
             JOIN names ON names.id = own.name"
        );
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([&list])?;
        while let Some(row) = rows.next()? {
            let place = places.get(&row.get(0)?).copied();
            if let Some(details) = place.and_then(|place| details.get_mut(place)) {
                take(details, row)?;
            }
        }
        Ok::<(), Fault>(())
    };
    let metrics = "step, own.value, smallest, largest, count
        FROM json_each(?) AS list CROSS JOIN metrics";
    each(metrics, &|details, row| {
        details.metrics.push(latest(row)?);
        Ok(())
    })?;
    each("own.value FROM json_each(?) AS list CROSS JOIN tags", &|details, row| {
        details.tags.push((row.get(1)?, row.get(2)?));
        Ok(())
    })?;
    for details in &mut details {
        details.metrics.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        details.tags.sort_unstable();
    }
    Ok(details)
}

fn latest(row: &Row<'_>) -> rusqlite::Result<LatestMetric> {
    let (value, count): (Option<f64>, i64) = (row.get(3)?, row.get(6)?);
    let alone = count == 1;
    Ok(LatestMetric {
        key: row.get(1)?,
        step: row.get(2)?,
        value: value.unwrap_or(f64::NAN),
        min: if alone { value } else { row.get(4)? },
        max: if alone { value } else { row.get(5)? },
        count: count as u64,
    })
}
