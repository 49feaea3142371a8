//! The environment that a program gets.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::spec::CommandSpec;
use crate::platform::inherited_environment;
use crate::trial::Params;
use uaic_capture::Secrets;

/// Variables that every program gets from us.
pub(super) const GIVEN: [&str; 9] = [
    "UAIC_TRIAL",
    "UAIC_RUN",
    "UAIC_STUDY",
    "UAIC_SEED",
    "UAIC_PARAMS",
    "UAIC_METRICS",
    "UAIC_ARTIFACTS",
    "UAIC_STOP",
    "UAIC_THREADS",
];

/// What the names of parameters begin with.
const PARAM: &str = "UAIC_PARAM_";

/// Variables by name.
pub(super) type ChildEnvironment = BTreeMap<OsString, OsString>;

/// What a program inherits or is given by its spec, the same for every trial.
pub(super) fn wanted(spec: &CommandSpec) -> ChildEnvironment {
    let mut environment = inherited_environment();
    // Of a study that this one is a trial of.
    environment.retain(|name, _| {
        let name = name.to_string_lossy();
        !is_ours(&name)
    });
    if let Some(passed) = &spec.pass_env {
        environment.retain(|name, _| {
            name == "PATH" || passed.iter().chain(&spec.secrets).any(|passed| name == OsStr::new(passed))
        });
    }
    // Python would keep what it prints until it ends, and with it the metrics.
    environment.entry("PYTHONUNBUFFERED".into()).or_insert_with(|| "1".into());
    environment.extend(spec.env.iter().map(|(name, value)| (name.into(), value.into())));
    environment
}

/// The values of the secrets.
pub(super) fn secrets(spec: &CommandSpec) -> Secrets {
    use std::os::unix::ffi::OsStringExt;
    let mut inherited = inherited_environment();
    let values = spec.secrets.iter().filter_map(|name| inherited.remove(OsStr::new(name)));
    Secrets::new(values.map(OsString::into_vec))
}

/// What differs from trial to trial.
pub(super) struct Facts<'a> {
    pub(super) trial: u32,
    pub(super) run: String,
    /// `None` where nobody knows.
    pub(super) study: Option<String>,
    pub(super) seed: u32,
    pub(super) threads: usize,
    pub(super) params: &'a Params,
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) params_file: &'a Path,
    pub(super) metrics_file: &'a Path,
    pub(super) artifacts: &'a Path,
    pub(super) stop_file: &'a Path,
    /// Where the store is to be had over HTTP.
    pub(super) server: Option<&'a str>,
}

impl Facts<'_> {
    /// Adds what the program should know of its trial.
    pub(super) fn add_to(&self, environment: &mut ChildEnvironment) {
        let mut set = |name: &str, value: &OsStr| drop(environment.insert(name.into(), value.to_owned()));
        set("UAIC_TRIAL", self.trial.to_string().as_ref());
        set("UAIC_RUN", self.run.as_ref());
        if let Some(study) = &self.study {
            set("UAIC_STUDY", study.as_ref());
        }
        set("UAIC_SEED", self.seed.to_string().as_ref());
        set("UAIC_THREADS", self.threads.to_string().as_ref());
        set("UAIC_PARAMS", self.params_file.as_os_str());
        set("UAIC_METRICS", self.metrics_file.as_os_str());
        set("UAIC_ARTIFACTS", self.artifacts.as_os_str());
        set("UAIC_STOP", self.stop_file.as_os_str());
        if let Some(server) = self.server {
            set("UAIC_STORE", server.as_ref());
            set("MLFLOW_TRACKING_URI", server.as_ref());
            set("MLFLOW_RUN_ID", self.run.as_ref());
        }
        for (name, value) in self.params {
            if let Some(variable) = self.variables.get(name) {
                set(variable, value.written().as_ref());
            }
        }
    }
}

/// The variable of a parameter: `train.lr` → `UAIC_PARAM_TRAIN_LR`.
fn parameter_variable(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    PARAM.chars().chain(name.chars().map(letter)).collect()
}

/// The variables of parameters, by name, and the groups of names that would share one. These have none:
/// which of them it held would be a matter of chance.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    pub(super) of: BTreeMap<String, String>,
    pub(super) shared: BTreeMap<String, Vec<String>>,
}

impl Variables {
    /// Those of some parameters.
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_variable: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in names {
            by_variable.entry(parameter_variable(name)).or_default().push(name.to_owned());
        }
        let (alone, shared): (BTreeMap<_, _>, _) =
            by_variable.into_iter().partition(|(_, names)| names.len() == 1);
        let of = alone.into_iter().flat_map(|(variable, names)| {
            names.into_iter().map(move |name| (name, variable.clone())).collect::<Vec<_>>()
        });
        Self { of: of.collect(), shared }
    }
}

/// Whether uaic itself sets a variable, of a parameter or otherwise.
pub(super) fn is_ours(variable: &str) -> bool {
    GIVEN.contains(&variable) || variable.starts_with(PARAM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_inherited_unless_a_list_says_what() {
        let all = wanted(&CommandSpec::default());
        assert!(all.len() > 3 && all.contains_key(OsStr::new("PATH")));
        let spec = CommandSpec {
            pass_env: Some(vec!["HOME".into(), "UAIC_NO_SUCH".into()]),
            env: [("A".to_owned(), "1".to_owned())].into(),
            ..CommandSpec::default()
        };
        let names: Vec<_> = wanted(&spec).into_keys().collect();
        let expected = ["A", "HOME", "PATH", "PYTHONUNBUFFERED"];
        assert_eq!(
            names,
            expected
                .into_iter()
                .filter(|name| *name != "HOME" || std::env::var_os("HOME").is_some())
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn python_writes_at_once_unless_told_otherwise() {
        let spec = CommandSpec {
            env: [("PYTHONUNBUFFERED".to_owned(), String::new())].into(),
            ..CommandSpec::default()
        };
        assert_eq!(wanted(&spec)[OsStr::new("PYTHONUNBUFFERED")], "");
        assert!(!wanted(&CommandSpec::default())[OsStr::new("PYTHONUNBUFFERED")].is_empty());
    }

    #[test]
    fn variables_of_parameters_are_plain_names() {
        assert_eq!(parameter_variable("train.lr"), "UAIC_PARAM_TRAIN_LR");
        assert_eq!(parameter_variable("größe-2"), "UAIC_PARAM_GR__E_2");
    }

    #[test]
    fn parameters_that_would_share_a_variable_have_none() {
        let variables = Variables::new(["学習率", "減衰率", "a.b", "x"]);
        assert_eq!(variables.of.keys().collect::<Vec<_>>(), ["a.b", "x"]);
        assert_eq!(variables.shared["UAIC_PARAM____"], ["学習率", "減衰率"]);
        assert!(is_ours("UAIC_PARAM_X") && is_ours("UAIC_PARAMS") && !is_ours("UAIC_PARAMETER"));
    }
}
