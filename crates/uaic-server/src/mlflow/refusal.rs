//! What a store refuses, in MLflow's words: callers look for these.

use super::logged_models::no_model;
use super::wire::{Code, Problem};
use uaic_study::store::{StoreError, TrackingError};

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Tracking(error) => error.into(),
            StoreError::NotFound { .. } => Self::missing(error.to_string()),
            StoreError::BadArtifactName { .. } | StoreError::BadModelName { .. } => {
                Self::invalid(error.to_string())
            }
            // Another process has the database for very long: it is worth another try.
            StoreError::WriterGone(_) => Self::new(Code::TemporarilyUnavailable, error.to_string()),
            other => Self::new(Code::InternalError, other.to_string()),
        }
    }
}

impl From<TrackingError> for Problem {
    fn from(error: TrackingError) -> Self {
        let invalid = |message: String| Self::invalid(message);
        match error {
            TrackingError::ExperimentExists { name, is_deleted } => {
                let state =
                    if is_deleted { " in deleted state; restore it, or choose another name" } else { "" };
                let message = format!("Experiment(name={name}) already exists{state}.");
                Self::new(Code::ResourceAlreadyExists, message)
            }
            TrackingError::NoExperiment(id) => Self::missing(format!("No Experiment with id={id} exists")),
            TrackingError::NoExperimentNamed(name) => {
                Self::missing(format!("Could not find experiment with name '{name}'"))
            }
            TrackingError::ExperimentDeleted(id) => invalid(format!(
                "The experiment {id} must be in the 'active' state. Current state is deleted."
            )),
            TrackingError::ExperimentActive(id) => invalid(format!(
                "The experiment {id} must be in the 'deleted' state. Current state is active."
            )),
            TrackingError::NoRun(id) => Self::missing(format!("Run with id={id} not found")),
            TrackingError::RunDeleted(id) => {
                invalid(format!("The run {id} must be in the 'active' state. Current state is deleted."))
            }
            TrackingError::NotTracked { .. } | TrackingError::BadPattern { .. } => invalid(error.to_string()),
            TrackingError::ParamChanged { run, key, old, new } => invalid(format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with \
                 value='{old}' for run ID='{run}'. Attempted logging new value '{new}'."
            )),
            TrackingError::ModelExists(name) => {
                let message = format!("Registered Model (name={name}) already exists.");
                Self::new(Code::ResourceAlreadyExists, message)
            }
            TrackingError::NoModel(name) => {
                Self::missing(format!("Registered Model with name={name} not found"))
            }
            TrackingError::NoVersion { name, version } => {
                Self::missing(format!("Model Version (name={name}, version={version}) not found"))
            }
            TrackingError::NoLoggedModel(id) => no_model(&id.to_string()),
            TrackingError::ModelParamChanged { model, key, old, new } => invalid(format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with \
                 value='{old}' for model ID='{model}'. Attempted logging new value '{new}'."
            )),
            TrackingError::NoTrace(id) => Self::missing(format!("Trace with ID '{id}' not found.")),
            TrackingError::NoAssessment { trace, id } => {
                Self::missing(format!("Assessment with ID '{id}' not found for trace '{trace}'"))
            }
            TrackingError::OtherAssessment { is_expectation: true, .. } => {
                invalid("Cannot update feedback value on an Expectation assessment.".to_owned())
            }
            TrackingError::OtherAssessment { .. } => {
                invalid("Cannot update expectation value on a Feedback assessment.".to_owned())
            }
            TrackingError::NoTag { key } => Self::missing(format!("No tag with name: {key}")),
        }
    }
}
