//! What runs have used and made.

use serde::Serialize;

use super::app::App;
use super::limits::check_length;
use super::route::Route;
use super::runs::{IN_RUN, run_id};
use super::wire::{Answer, Fields, Problem};
use super::within::Within;
use uaic_study::store::tracking::{Dataset, DatasetInput, DatasetSummary, ExperimentId, ModelOutput};

pub(super) const ROUTES: &[Route] = &[
    Route::write("POST", "/2.0/mlflow/runs/log-inputs", log_inputs).within(IN_RUN),
    Route::write("POST", "/2.0/mlflow/runs/outputs", log_outputs).within(IN_RUN),
    Route::read("POST", "/2.0/mlflow/experiments/search-datasets", search_datasets).within(Within::Handler),
];

/// Letters of what is known of a data set.
const NAME: usize = 500;
const DIGEST: usize = 36;
const SOURCE: usize = 65_535;
const SCHEMA: usize = 1_048_575;
const PROFILE: usize = 16_777_215;
const TAG_KEY: usize = 255;
const TAG_VALUE: usize = 500;
/// Experiments of one request.
const EXPERIMENTS: usize = 20;

fn log_inputs(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let datasets = fields.objects("datasets")?.iter().map(input).collect::<Result<Vec<_>, _>>()?;
    let models = fields
        .objects("models")?
        .iter()
        .map(|model| Ok(model.needed_text("model_id")?.to_owned()))
        .collect::<Result<Vec<_>, Problem>>()?;
    app.store.add_inputs(run_id(fields)?, &datasets, &models)?;
    Ok(Answer::empty())
}

fn input(fields: &Fields<'_>) -> Result<DatasetInput, Problem> {
    let mut tags = Vec::new();
    for tag in fields.objects("tags")? {
        let (key, value) = (tag.needed_text("key")?, tag.text_or_empty("value")?);
        check_length("key", key, TAG_KEY)?;
        check_length("value", value, TAG_VALUE)?;
        tags.push((key.to_owned(), value.to_owned()));
    }
    let dataset = fields.needed_object("dataset")?;
    let needed = |name: &str, most: usize| -> Result<String, Problem> {
        let text = dataset.needed_text(name)?;
        check_length(name, text, most)?;
        Ok(text.to_owned())
    };
    let known = |name: &str, most: usize| -> Result<Option<String>, Problem> {
        let text = dataset.text(name)?;
        check_length(name, text.unwrap_or_default(), most)?;
        Ok(text.map(str::to_owned))
    };
    let dataset = Dataset {
        name: needed("name", NAME)?,
        digest: needed("digest", DIGEST)?,
        source_type: needed("source_type", SOURCE)?,
        source: needed("source", SOURCE)?,
        schema: known("schema", SCHEMA)?,
        profile: known("profile", PROFILE)?,
    };
    Ok(DatasetInput { dataset, tags })
}

fn log_outputs(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let output = |model: &Fields<'_>| {
        let step = model.integer("step")?.unwrap_or(0);
        Ok(ModelOutput { model: model.needed_text("model_id")?.to_owned(), step })
    };
    let models = fields.objects("models")?.iter().map(output).collect::<Result<Vec<_>, Problem>>()?;
    app.store.add_outputs(run_id(fields)?, &models)?;
    Ok(Answer::empty())
}

#[derive(Serialize)]
struct Summaries<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_summaries: Vec<Summary<'a>>,
}

#[derive(Serialize)]
struct Summary<'a> {
    experiment_id: String,
    name: &'a str,
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
}

fn search_datasets(app: &App, fields: &Fields<'_>) -> Result<Answer, Problem> {
    let texts = fields.texts("experiment_ids")?;
    match texts.len() {
        0 => {
            let message = "SearchDatasets request must specify at least one experiment_id.";
            return Err(Problem::invalid(message));
        }
        1..=EXPERIMENTS => {}
        count => {
            let message = format!(
                "SearchDatasets request cannot specify more than {EXPERIMENTS} experiment_ids. \
                 Received {count} experiment_ids."
            );
            return Err(Problem::invalid(message));
        }
    }
    let experiments = texts.into_iter().filter_map(ExperimentId::parse);
    let experiments: Vec<ExperimentId> = experiments.filter(|experiment| app.sees(*experiment)).collect();
    let found = app.store.datasets(&experiments)?;
    Answer::of(&Summaries { dataset_summaries: found.iter().map(Summary::of).collect() })
}

impl<'a> Summary<'a> {
    fn of(summary: &'a DatasetSummary) -> Self {
        Self {
            experiment_id: summary.experiment.to_string(),
            name: &summary.name,
            digest: &summary.digest,
            context: summary.context.as_deref(),
        }
    }
}
