//! `[objective]` of a spec whose objective is a command.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::{Table, Value};

use crate::nearest::suggestion;
use crate::spec::{Constraint, StudySpec, parse_time};
use crate::trial::ParamValue;

/// What is wrong, and what would help.
pub type Problem = (String, Option<String>);

/// A program as the objective of a study: `[objective]` of a spec, with what the study wants of it.
///
/// ```
/// use std::time::Duration;
/// use uaic::command::CommandSpec;
///
/// let spec = CommandSpec {
///     command: ["python3", "train.py", "--lr", "{train.lr}"].map(String::from).to_vec(),
///     timeout: Some(Duration::from_secs(600)),
///     metrics: vec!["val/accuracy".to_owned()],
///     ..CommandSpec::default()
/// };
/// assert_eq!(spec.grace, Duration::from_secs(10));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CommandSpec {
    /// The program and its arguments, with placeholders such as `{train.lr}`.
    pub command: Vec<String>,
    /// Environment variables that the program gets beside the inherited ones.
    pub env: BTreeMap<String, String>,
    /// Names of the variables that it inherits, beside `PATH` and the secrets; all when `None`.
    pub pass_env: Option<Vec<String>>,
    /// Names of variables that are passed on, and whose values are never recorded.
    pub secrets: Vec<String>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// How long it may go on after SIGTERM, before SIGKILL.
    pub grace: Duration,
    /// What the names of its artifacts begin with.
    pub artifacts: String,
    /// The study's metrics, in order: their last values are those of the trial.
    pub metrics: Vec<String>,
    /// The metric whose values are reported to the pruner as they come.
    pub prune_by: Option<String>,
    /// Conditions on its metrics; how much they are missed by is the trial's violation.
    pub constraints: Vec<Constraint>,
}

impl Default for CommandSpec {
    fn default() -> Self {
        Self {
            command: vec![],
            env: BTreeMap::new(),
            pass_env: None,
            secrets: vec![],
            cwd: PathBuf::from("."),
            timeout: None,
            grace: Duration::from_secs(10),
            artifacts: "artifacts".to_owned(),
            metrics: vec![],
            prune_by: None,
            constraints: vec![],
        }
    }
}

/// The keys of `[objective]`.
pub const KEYS: [&str; 9] =
    ["command", "env", "pass_env", "secrets", "cwd", "timeout", "grace", "artifacts", "prune_by"];

impl CommandSpec {
    /// Reads `[objective]`; `study` says what is wanted of the program, and `base`, the spec's folder,
    /// is where relative folders start from.
    ///
    /// # Errors
    /// All that cannot be read. What can be read may still make no sense: see [`super::check`].
    pub fn read(table: &Table, study: &StudySpec, base: &Path) -> Result<Self, Vec<Problem>> {
        let metrics: Vec<String> = study.goals.metrics().into_iter().map(str::to_owned).collect();
        let mut reader = Reader { table, problems: unknown_keys(table) };
        let usual = Self::default();
        let spec = Self {
            command: reader.texts("command").unwrap_or_default(),
            env: reader.variables(),
            pass_env: reader.texts("pass_env"),
            secrets: reader.texts("secrets").unwrap_or_default(),
            // The empty path would be no folder, though it means the present one.
            cwd: nonempty(base.join(reader.text("cwd").unwrap_or_default())),
            timeout: reader.time("timeout").filter(|timeout| !timeout.is_zero()),
            grace: reader.time("grace").unwrap_or(usual.grace),
            artifacts: reader.text("artifacts").unwrap_or(usual.artifacts),
            prune_by: reader.text("prune_by").or_else(|| metrics.first().cloned()),
            constraints: study.feasible.clone(),
            metrics,
        };
        if reader.problems.is_empty() { Ok(spec) } else { Err(reader.problems) }
    }
}

fn nonempty(path: PathBuf) -> PathBuf {
    if path.as_os_str().is_empty() { PathBuf::from(".") } else { path }
}

fn unknown_keys(table: &Table) -> Vec<Problem> {
    let unknown = table.keys().filter(|key| !KEYS.contains(&key.as_str()));
    unknown
        .map(|key| {
            let help = suggestion(key, KEYS).unwrap_or_else(|| format!("[objective] has {}", quoted(KEYS)));
            (format!("unknown key `{key}` in [objective]"), Some(help))
        })
        .collect()
}

/// Names in backticks with commas between.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Takes values out of a table and notes those of another type.
struct Reader<'a> {
    table: &'a Table,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn refuse(&mut self, key: &str, wanted: &str, example: &str) {
        let message = format!("`objective.{key}` must be {wanted}");
        self.problems.push((message, Some(format!("for example `{key} = {example}`"))));
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let text = self.table.get(key)?.as_str();
        if text.is_none() {
            self.refuse(key, "a text", "\"name\"");
        }
        text.map(str::to_owned)
    }

    fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let texts = match self.table.get(key)? {
            Value::Array(values) => values.iter().map(plain).collect(),
            _ => None,
        };
        if texts.is_none() {
            let example = match key {
                "command" => r#"["python3", "train.py"]"#,
                _ => r#"["HOME"]"#,
            };
            self.refuse(key, "a list of texts", example);
        }
        texts
    }

    fn time(&mut self, key: &str) -> Option<Duration> {
        let value = self.table.get(key)?;
        let time = plain(value).filter(|text| !text.is_empty()).and_then(|text| parse_time(&text));
        if time.is_none() {
            self.refuse(key, "a time", "\"10m\"");
        }
        time
    }

    fn variables(&mut self) -> BTreeMap<String, String> {
        let read = |table: &Table| {
            table.iter().map(|(name, value)| Some((name.clone(), plain(value)?))).collect::<Option<_>>()
        };
        match self.table.get("env").map(|value| value.as_table().and_then(read)) {
            None => BTreeMap::new(),
            Some(Some(variables)) => variables,
            Some(None) => {
                self.refuse("env", "a table of texts", r#"{ OMP_NUM_THREADS = "1" }"#);
                BTreeMap::new()
            }
        }
    }
}

/// A text, or what needs no quotes to be one.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Float(number) => Some(ParamValue::Float(*number).written()),
        Value::Integer(_) | Value::Boolean(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{Direction, Goal};

    fn read(text: &str) -> Result<CommandSpec, Vec<Problem>> {
        let study = StudySpec {
            goals: Goal::new("loss", Direction::Minimize).into(),
            feasible: vec!["size <= 5".parse().unwrap()],
            ..StudySpec::default()
        };
        CommandSpec::read(&text.parse().unwrap(), &study, Path::new("/specs"))
    }

    #[test]
    fn every_key_is_read() {
        let spec = read(
            r#"
            command = ["./train", 3, 1e-5, "--lr={lr}"]
            env = { A = "x", N = 4 }
            pass_env = ["HOME"]
            secrets = ["KEY"]
            cwd = "work"
            timeout = "1h30m"
            grace = 2
            artifacts = "kept"
            prune_by = "val/loss"
            "#,
        )
        .unwrap();
        assert_eq!(spec.command, ["./train", "3", "1.0e-5", "--lr={lr}"]);
        assert_eq!(spec.env, [("A", "x"), ("N", "4")].map(|(a, b)| (a.into(), b.into())).into());
        assert_eq!((spec.pass_env, spec.secrets), (Some(vec!["HOME".into()]), vec!["KEY".into()]));
        assert_eq!(spec.cwd, Path::new("/specs/work"));
        assert_eq!(spec.timeout, Some(Duration::from_secs(5400)));
        assert_eq!(spec.grace, Duration::from_secs(2));
        assert_eq!((spec.artifacts.as_str(), spec.prune_by.as_deref()), ("kept", Some("val/loss")));
        assert_eq!((spec.metrics[0].as_str(), spec.constraints[0].text()), ("loss", "size <= 5"));
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let spec = read(r#"command = ["x"]"#).unwrap();
        assert_eq!((spec.timeout, spec.grace), (None, Duration::from_secs(10)));
        assert_eq!((spec.cwd.as_path(), spec.pass_env), (Path::new("/specs"), None));
        assert_eq!((spec.artifacts.as_str(), spec.prune_by.as_deref()), ("artifacts", Some("loss")));
    }

    #[test]
    fn all_that_cannot_be_read_is_said_at_once() {
        let problems = read("command = \"x\"\ntimeot = 3\ngrace = \"soon\"\nenv = [1]\ncwd = 1").unwrap_err();
        let messages: Vec<_> = problems.iter().map(|(message, _)| message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "unknown key `timeot` in [objective]",
                "`objective.command` must be a list of texts",
                "`objective.env` must be a table of texts",
                "`objective.cwd` must be a text",
                "`objective.grace` must be a time",
            ]
        );
        assert_eq!(problems[0].1.as_deref(), Some("did you mean `timeout`?"));
    }
}
