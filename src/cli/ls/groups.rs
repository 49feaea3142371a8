//! Runs grouped by a value: how many there are, and mean and spread of columns.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::listing::{self, Listing, column};
use super::super::{json, printer, table};
use super::columns::Facts;
use super::{Fields, LsArgs};
use crate::store::query::{Attribute, Field};
use crate::store::{RunQuery, Store};

/// The runs of a group: how many, and the numbers of each column.
struct Group {
    runs: u64,
    columns: Vec<Vec<f64>>,
}

/// Mean and spread of some numbers.
struct Spread {
    n: usize,
    mean: f64,
    /// Of a sample; `None` of one number.
    deviation: Option<f64>,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(numbers: &[f64]) -> Option<Self> {
        let n = numbers.len();
        let mean = numbers.iter().sum::<f64>() / n as f64;
        let squares = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
        Some(Self {
            n,
            mean,
            // Of infinite numbers there is none.
            deviation: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()).filter(|spread| spread.is_finite()),
            min: numbers.iter().copied().reduce(f64::min)?,
            max: numbers.iter().copied().reduce(f64::max)?,
        })
    }
}

/// Lists them, the largest group first.
pub(super) fn list(store: &dyn Store, args: &LsArgs, by: &Field) -> anyhow::Result<()> {
    let value = vec![Field::Attribute(Attribute::Value)];
    let fields = args.columns.as_ref().map_or(&value, |Fields(fields)| fields);
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for run in store.runs(&RunQuery { limit: None, ..args.query(store)? })? {
        let facts = Facts::of(store, &run)?;
        let group = groups
            .entry(facts.text(by))
            .or_insert_with(|| Group { runs: 0, columns: vec![Vec::new(); fields.len()] });
        group.runs += 1;
        for (numbers, field) in group.columns.iter_mut().zip(fields) {
            numbers.extend(facts.number(field).filter(|number| !number.is_nan()));
        }
    }
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.runs));
    if args.json {
        let groups: Vec<Value> = groups.iter().map(|(name, group)| shape(name, group, fields)).collect();
        return printer::json(&json!({ "schema": json::SCHEMA, "by": by.to_string(), "groups": groups }));
    }
    let listing = table_of(&groups, by, fields);
    if args.csv {
        listing.print_csv()?;
    } else {
        printer::data(listing.text())?;
    }
    Ok(())
}

fn shape(name: &str, group: &Group, fields: &[Field]) -> Value {
    let columns = fields.iter().zip(&group.columns).map(|(field, numbers)| {
        let spread = Spread::of(numbers).map(|spread| {
            json!({
                "n": spread.n,
                "mean": json::number(spread.mean),
                "deviation": spread.deviation.map(json::number),
                "min": json::number(spread.min),
                "max": json::number(spread.max),
            })
        });
        (field.to_string(), spread.unwrap_or(Value::Null))
    });
    json!({ "group": name, "runs": group.runs, "columns": columns.collect::<serde_json::Map<_, _>>() })
}

fn table_of(groups: &[(String, Group)], by: &Field, fields: &[Field]) -> Listing {
    let mut columns = vec![column(table::one_line(&by.to_string()), by.to_string()), column(">RUNS", "runs")];
    for field in fields {
        let name = field.to_string();
        columns.push(column(format!(">{}", table::one_line(&name)), format!("{name} mean")));
        for (title, part) in [(">±", "deviation"), (">MIN", "min"), (">MAX", "max"), ("", "n")] {
            columns.push(column(title, format!("{name} {part}")));
        }
    }
    let mut listing = Listing::new(columns);
    for (name, group) in groups {
        let mut row = vec![listing::Field::text(name, 40), listing::Field::plain(group.runs)];
        for numbers in &group.columns {
            let spread = Spread::of(numbers);
            let part = |of: fn(&Spread) -> Option<f64>| listing::Field::number(spread.as_ref().and_then(of));
            row.extend([
                part(|spread| Some(spread.mean)),
                part(|spread| spread.deviation),
                part(|spread| Some(spread.min)),
                part(|spread| Some(spread.max)),
                listing::Field::plain(numbers.len()),
            ]);
        }
        listing.add(row);
    }
    listing
}
