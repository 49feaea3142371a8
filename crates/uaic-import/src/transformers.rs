//! The state that the trainer of transformers saves with its checkpoints: `trainer_state.json`.

use std::path::Path;

use crate::error::ImportError;
use crate::folder::{self, LONGEST_WHOLE};
use crate::identity::{folder_name, last_name, place};
use crate::json::{Json, JsonReader, NoJson};
use crate::options::ReadOptions;
use crate::params;
use crate::record::{Skipped, SourcePoint, SourceRun};
use crate::series::Series;
use crate::sink::Sink;

/// Settings of the trainer among the fields of its state.
const SETTINGS: [&str; 7] = [
    "num_train_epochs",
    "max_steps",
    "train_batch_size",
    "logging_steps",
    "eval_steps",
    "save_steps",
    "trial_params",
];

/// Results among them.
const RESULTS: [&str; 3] = ["best_metric", "best_model_checkpoint", "trial_name"];

/// The name of the file.
pub(crate) const FILE: &str = "trainer_state.json";

/// Reads a state; the run is called as the folder that `output` is, in which checkpoints lie.
///
/// # Errors
/// The file cannot be read or is no state, or the sink takes no more.
pub(crate) fn read(
    file: &Path,
    output: &Path,
    options: &ReadOptions,
    sink: &mut dyn Sink,
) -> Result<(), ImportError> {
    let bytes = folder::read_bounded(file, LONGEST_WHOLE)?;
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let why = "it is no map".to_owned();
        return Err(ImportError::Malformed { path: file.to_owned(), format: "state of a trainer", why });
    }
    let origin = format!("transformers:{}", place(output, options));
    let mut run = SourceRun::new(origin, folder_name(output), last_name(output));
    // What is wrong with the file is told with its points.
    let _ = describe(&bytes, &mut run);
    sink.run(run)?;
    let total = bytes.len() as u64;
    if let Err(error) = history(&bytes, sink) {
        // What came before stays.
        sink.skipped(Skipped::new(format!("the rest of {}", file.display()), error.reason()?))?;
    }
    sink.progress(total, total)?;
    Ok(sink.end_run()?)
}

fn describe(bytes: &[u8], run: &mut SourceRun) -> Result<(), NoJson> {
    JsonReader::new(bytes).map::<NoJson>(|reader, key| {
        if key == "log_history" {
            // What is wrong within is told with the points.
            return reader.skip();
        }
        let value = reader.tree()?;
        if SETTINGS.contains(&key.as_str()) && value != Json::Null {
            let tree = Json::Map(vec![(key, value)]);
            run.params.extend(params::of(&tree));
        } else if RESULTS.contains(&key.as_str()) && value != Json::Null {
            run.tags.insert(key, value.tag());
        }
        Ok(())
    })
}

fn history(bytes: &[u8], sink: &mut dyn Sink) -> Result<(), ImportError> {
    let mut series = Series::default();
    let walked = JsonReader::new(bytes).map::<Halt>(|reader, key| {
        if key == "log_history" && reader.is_list() {
            reader.list(|reader| entry(&reader.tree()?, &mut series, sink))
        } else {
            Ok(reader.skip()?)
        }
    });
    series.end(sink)?;
    walked.map_err(|halt| match halt {
        Halt::Import(error) => error,
        Halt::Json(error) => {
            ImportError::Malformed { path: FILE.into(), format: "state of a trainer", why: error.to_string() }
        }
    })
}

fn entry(row: &Json, series: &mut Series, sink: &mut dyn Sink) -> Result<(), Halt> {
    let step = row.get("step").and_then(Json::as_i64);
    for (key, value) in row.entries() {
        if let Some(value) = value.as_metric().filter(|_| key != "step") {
            series.push(key, SourcePoint { step, time_ms: None, value }, sink).map_err(ImportError::from)?;
        }
    }
    Ok(())
}

/// Why the walk ended early.
enum Halt {
    Json(NoJson),
    Import(ImportError),
}

impl From<NoJson> for Halt {
    fn from(error: NoJson) -> Self {
        Self::Json(error)
    }
}

impl From<ImportError> for Halt {
    fn from(error: ImportError) -> Self {
        Self::Import(error)
    }
}
