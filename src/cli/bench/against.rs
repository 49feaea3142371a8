//! Results of samplers that are not this program's.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::cli::exit::Failure;
use crate::fsx;
use crate::study::bench::Function;

/// The results of one sampler.
#[derive(Debug)]
pub(super) struct Other {
    /// Its name, after that of its file.
    pub(super) name: String,
    /// Per function played and seed, the smallest value at each checkpoint; no seeds where the file has
    /// none.
    pub(super) best: Vec<Vec<Vec<f64>>>,
}

type File = BTreeMap<String, BTreeMap<String, Seeds>>;

/// By seed, or in their order.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seeds {
    Named(BTreeMap<String, Vec<f64>>),
    Listed(Vec<Vec<f64>>),
}

impl Seeds {
    fn values(&self) -> Vec<Vec<f64>> {
        match self {
            Self::Listed(list) => list.clone(),
            Self::Named(map) => {
                let mut seeds: Vec<_> = map.iter().collect();
                // Seeds are numbers: 10 comes after 9. What is no number follows by name.
                seeds.sort_by_key(|(seed, _)| seed.parse().unwrap_or(u64::MAX));
                seeds.into_iter().map(|(_, values)| values.clone()).collect()
            }
        }
    }
}

/// Reads a file of results, each with so many values.
///
/// # Errors
/// The file cannot be read, is of another shape, or has none of the functions.
pub(super) fn read(path: &Path, functions: &[&'static Function], at: usize) -> anyhow::Result<Vec<Other>> {
    let shown = path.display();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let file: File = serde_json::from_slice(&fsx::read(path)?).map_err(|error| {
        Failure::usage(format!("{shown} is not {{function: {{sampler: {{seed: [values]}}}}}}: {error}"))
    })?;
    let mut names: Vec<&String> = Vec::new();
    for function in functions {
        for name in file.get(function.name).into_iter().flat_map(BTreeMap::keys) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if names.is_empty() {
        let known = file.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(
            Failure::usage(format!("{shown} has none of the functions played; it has {known}")).into()
        );
    }
    let of = |name: &String, function: &Function| -> Vec<Vec<f64>> {
        file.get(function.name).and_then(|samplers| samplers.get(name)).map(Seeds::values).unwrap_or_default()
    };
    let others: Vec<Other> = names
        .into_iter()
        .map(|name| Other {
            name: format!("{stem}:{name}"),
            best: functions.iter().map(|f| of(name, f)).collect(),
        })
        .collect();
    match others.iter().flat_map(|other| other.best.iter().flatten()).find(|values| values.len() != at) {
        Some(values) => Err(Failure::usage(format!(
            "{shown} has {} values for a seed where --at has {at}: say which trials they are of, such as \
             `--at 25,50,100`",
            values.len()
        ))
        .into()),
        None => Ok(others),
    }
}
