//! Columns of one's own: any field of a query, as a value of a run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::listing::{self, Listing, column};
use super::super::{json, table};
use crate::store::query::{Attribute, Field};
use crate::store::{RunRecord, Store};
use crate::trial::{ParamValue, Params};

/// What is known of a run.
pub(in super::super) struct Facts<'a> {
    run: &'a RunRecord,
    metrics: BTreeMap<String, f64>,
    tags: BTreeMap<String, String>,
}

impl<'a> Facts<'a> {
    /// Reads it.
    pub(in super::super) fn of(store: &dyn Store, run: &'a RunRecord) -> anyhow::Result<Self> {
        let metrics = store.latest_metrics(run.id)?.into_iter().map(|metric| (metric.key, metric.value));
        Ok(Self { run, metrics: metrics.collect(), tags: store.tags(run.id)? })
    }

    /// The number in a field, where it has one.
    pub(in super::super) fn number(&self, field: &Field) -> Option<f64> {
        match field {
            Field::Metric(name) => self.metrics.get(name).copied(),
            Field::Param(name) => match self.run.start.params.get(name)? {
                ParamValue::Text(text) => text.parse().ok(),
                value => value.as_f64(),
            },
            Field::Tag(name) => self.tags.get(name)?.parse().ok(),
            Field::Attribute(attribute) => match attribute {
                Attribute::Number => self.run.start.number.map(f64::from),
                Attribute::Value => self.run.value(),
                Attribute::Duration => {
                    self.run.ended_ms.map(|ended| (ended - self.run.started_ms) as f64 / 1000.0)
                }
                Attribute::Attempts => Some(self.run.attempts.into()),
                _ => None,
            },
        }
    }

    /// What is in a field, to the last bit.
    pub(in super::super) fn text(&self, field: &Field) -> String {
        let run = self.run;
        match field {
            Field::Metric(name) => self.metrics.get(name).copied().map(table::exact).unwrap_or_default(),
            Field::Param(name) => run.start.params.get(name).map(ToString::to_string).unwrap_or_default(),
            Field::Tag(name) => self.tags.get(name).cloned().unwrap_or_default(),
            Field::Attribute(attribute) => match attribute {
                Attribute::Id => run.id.to_string(),
                Attribute::Name => run.name.clone().unwrap_or_default(),
                Attribute::Experiment => run.experiment.clone(),
                Attribute::Study => run.start.home.study().map(|study| study.to_string()).unwrap_or_default(),
                Attribute::Parent => run.parent.map(|parent| parent.to_string()).unwrap_or_default(),
                Attribute::Kind => run.start.kind.name().to_owned(),
                Attribute::State => run.state.name().to_owned(),
                Attribute::Started => crate::report::sheet::time(run.started_ms),
                Attribute::Ended => run.ended_ms.map(crate::report::sheet::time).unwrap_or_default(),
                Attribute::Reason => run.reason.clone().unwrap_or_default(),
                Attribute::Note => run.note.clone().unwrap_or_default(),
                Attribute::Hidden => run.hidden.to_string(),
                Attribute::Number | Attribute::Value | Attribute::Duration | Attribute::Attempts => {
                    self.number(field).map(table::exact).unwrap_or_default()
                }
            },
        }
    }

    /// The same for programs.
    pub(super) fn json(&self, field: &Field) -> Value {
        match field {
            Field::Param(name) => {
                let own: Params = self
                    .run
                    .start
                    .params
                    .get_key_value(name)
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .into_iter()
                    .collect();
                json::params(&own).get(name).cloned().unwrap_or(Value::Null)
            }
            Field::Metric(_) => self.number(field).map_or(Value::Null, json::number),
            Field::Attribute(Attribute::Hidden) => json!(self.run.hidden),
            Field::Attribute(attribute) if attribute.is_number() && !attribute.is_time() => {
                self.number(field).map_or(Value::Null, json::number)
            }
            _ => Some(self.text(field)).filter(|text| !text.is_empty()).map_or(Value::Null, Value::String),
        }
    }

    fn cell(&self, field: &Field, now_ms: i64) -> listing::Field {
        let exact = self.text(field);
        match field {
            Field::Attribute(Attribute::Id) => listing::Field::of(self.run.id.short(), exact),
            Field::Attribute(Attribute::Study | Attribute::Parent) => {
                listing::Field::of(exact.get(..8).unwrap_or_default().to_owned(), exact)
            }
            Field::Attribute(Attribute::Started) => listing::Field::time(self.run.started_ms, now_ms),
            Field::Attribute(Attribute::Ended) if self.run.ended_ms.is_some() => {
                listing::Field::time(self.run.ended_ms.unwrap_or_default(), now_ms)
            }
            Field::Attribute(Attribute::State) => listing::Field::of(table::run_state(self.run.state), exact),
            Field::Attribute(Attribute::Duration) => {
                listing::Field::of(self.number(field).map(table::duration).unwrap_or_default(), exact)
            }
            Field::Metric(_) | Field::Attribute(Attribute::Value) => {
                listing::Field::number(self.number(field))
            }
            Field::Param(name) => listing::Field::param(self.run.start.params.get(name)),
            _ => listing::Field::text(&exact, 40),
        }
    }
}

/// Runs with the columns that are asked for, behind their ids.
pub(super) fn listing(
    store: &dyn Store,
    runs: &[RunRecord],
    fields: &[Field],
    now_ms: i64,
) -> anyhow::Result<Listing> {
    let title = |field: &Field| {
        let is_number = match field {
            Field::Metric(_) => true,
            Field::Attribute(attribute) => attribute.is_number() && !attribute.is_time(),
            _ => false,
        };
        let name = table::one_line(&field.to_string());
        let name = if matches!(field, Field::Attribute(_)) { name.to_uppercase() } else { name };
        format!("{}{name}", if is_number { ">" } else { "" })
    };
    let own = fields.iter().map(|field| column(title(field), field.to_string()));
    let mut listing = Listing::new(std::iter::once(column("ID", "id")).chain(own));
    for run in runs {
        let facts = Facts::of(store, run)?;
        let id = listing::Field::of(run.id.short(), run.id.to_string());
        listing.add(std::iter::once(id).chain(fields.iter().map(|field| facts.cell(field, now_ms))));
    }
    Ok(listing)
}
