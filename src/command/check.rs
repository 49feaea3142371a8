//! What is wrong with a command before it ever runs.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::artifacts::{COMMAND_ARTIFACT, OUTPUT};
use super::child_environment::{Variables, is_ours, wanted};
use super::spec::{CommandSpec, Problem, quoted};
use super::template::{Known, Template, TemplateError};
use crate::nearest::nearest;
use crate::platform::inherited_environment;
use crate::spec::{Distribution, Space};
use uaic_capture::json_line::STEP;

/// Placeholders that are no parameters.
pub(super) const TRIAL: &str = "trial";
pub(super) const SEED: &str = "seed";
pub(super) const PARAMS_FILE: &str = "params_file";
pub(super) const METRICS_FILE: &str = "metrics_file";
pub(super) const ARTIFACTS: &str = "artifacts";
/// With the variables that say the same.
const PLACES: [(&str, &str); 5] = [
    (TRIAL, "UAIC_TRIAL"),
    (SEED, "UAIC_SEED"),
    (PARAMS_FILE, "UAIC_PARAMS"),
    (METRICS_FILE, "UAIC_METRICS"),
    (ARTIFACTS, "UAIC_ARTIFACTS"),
];

/// Whether a placeholder is filled in every trial, though it is no parameter.
pub(super) fn is_place(name: &str) -> bool {
    PLACES.iter().any(|(place, _)| *place == name)
}

/// An argument as a template of a space.
pub(super) fn read(argument: &str, space: &Space) -> Result<Template, TemplateError> {
    Template::read(argument, |name| match space.get(name) {
        Some(Distribution::Choice(values))
            if values.iter().any(|value| value.to_string().starts_with('-')) =>
        {
            Known::Options
        }
        Some(_) => Known::Name,
        None if is_place(name) => Known::Name,
        None => Known::No,
    })
}

/// All that is wrong with a command, given the space whose points it gets. Looks at nothing but its
/// arguments: whether the program is there is another question, see [`missing`].
pub fn check(spec: &CommandSpec, space: &Space) -> Vec<Problem> {
    let mut problems = command(spec, space);
    problems.extend(variables(spec));
    problems.extend(metrics(spec));
    problems.extend(artifacts(spec));
    problems
}

fn command(spec: &CommandSpec, space: &Space) -> Vec<Problem> {
    let Some(program) = spec.command.first().filter(|program| !program.trim().is_empty()) else {
        let help = format!("write `command = {}`", example(space.iter().map(|(name, _)| name).next()));
        return vec![("`objective.command` names no program".to_owned(), Some(help))];
    };
    let mut problems = Vec::new();
    for argument in &spec.command {
        match read(argument, space) {
            Ok(template) => problems.extend(template.names().filter_map(|name| unknown_name(name, space))),
            Err(error) => {
                let help = "write `{{` and `}}` for braces that are no placeholder".to_owned();
                problems.push((format!("{error} in the argument `{argument}`"), Some(help)));
            }
        }
    }
    if let Ok(template) = read(program, space)
        && let Some(name) = template.names().find(|name| space.condition(name).is_some())
    {
        let message = format!("the program `{program}` needs `{name}`, which not every trial has");
        problems.push((message, None));
    }
    problems
}

/// A command that gets a parameter of the spec, where that has one.
fn example(parameter: Option<&str>) -> String {
    match parameter {
        Some(name) => format!(r#"["python3", "train.py", "--{name}={{{name}}}"]"#),
        None => r#"["python3", "train.py"]"#.to_owned(),
    }
}

fn unknown_name(name: &str, space: &Space) -> Option<Problem> {
    if is_place(name) || space.get(name).is_some() {
        return None;
    }
    let names = || space.iter().map(|(name, _)| name).chain(PLACES.map(|(place, _)| place));
    let help = match nearest(name, names()) {
        Some(near) => format!("did you mean `{{{near}}}`?"),
        None => {
            format!("there are {}; write `{{{{` for a brace", quoted(names()))
        }
    };
    Some((format!("unknown placeholder `{{{name}}}`"), Some(help)))
}

fn variables(spec: &CommandSpec) -> Vec<Problem> {
    let named = spec.env.keys().chain(&spec.secrets).chain(spec.pass_env.iter().flatten());
    let mut problems: Vec<Problem> = named
        .filter(|name| name.is_empty() || name.contains(['=', '\0']))
        .map(|name| (format!("`{name}` is no name of an environment variable"), None))
        .collect();
    for name in spec.env.keys() {
        if is_ours(name) {
            problems
                .push((format!("`{name}` is set by uaic itself"), Some("choose another name".to_owned())));
        }
        if spec.secrets.contains(name) {
            let message = format!("the secret `{name}` must not stand in the spec, which is recorded");
            let help = format!("take it out of `env` and set it before the start: `{name}=... uaic run ...`");
            problems.push((message, Some(help)));
        }
    }
    problems
}

/// What is not wrong, but may surprise: placeholders that are a parameter's, and parameters without an
/// environment variable.
pub(super) fn notes(spec: &CommandSpec, space: &Space) -> Vec<String> {
    let mut notes = Vec::new();
    let templates: Vec<Template> = spec.command.iter().filter_map(|text| read(text, space).ok()).collect();
    for (place, variable) in PLACES {
        if space.get(place).is_some() && templates.iter().flat_map(Template::names).any(|name| name == place)
        {
            let own = if place == TRIAL { "number" } else { place };
            notes.push(format!(
                "`{{{place}}}` in the command is the parameter `{place}`; the trial's own {own} is in ${variable}"
            ));
        }
    }
    for (variable, names) in Variables::new(space.iter().map(|(name, _)| name)).shared {
        let names = quoted(names.iter().map(String::as_str));
        notes.push(format!(
            "{names} would share the environment variable ${variable}, so they have none: arguments and \
             $UAIC_PARAMS have them"
        ));
    }
    notes
}

fn metrics(spec: &CommandSpec) -> Vec<Problem> {
    let all = spec.metrics.iter().chain(&spec.prune_by);
    let is_step = all.into_iter().any(|metric| metric == STEP);
    let message = || (format!("`{STEP}` is no metric: it says where a value belongs"), None);
    is_step.then(message).into_iter().collect()
}

fn artifacts(spec: &CommandSpec) -> Vec<Problem> {
    let name = &spec.artifacts;
    let is_plain = !matches!(name.as_str(), "" | "." | "..") && !name.contains(['/', '\\', ':', '\0']);
    if is_plain && ![OUTPUT, COMMAND_ARTIFACT, crate::run_log::LOG_ARTIFACT].contains(&name.as_str()) {
        return vec![];
    }
    let help = "the default is `artifacts`".to_owned();
    vec![(format!("`objective.artifacts` cannot be `{name}`, it must be a free plain name"), Some(help))]
}

/// What a command needs and this machine does not have: its program, folder and secrets.
pub fn missing(spec: &CommandSpec) -> Vec<Problem> {
    let inherited = inherited_environment();
    let absent = spec.secrets.iter().filter(|name| !inherited.contains_key(OsStr::new(name)));
    let mut problems: Vec<Problem> = absent
        .map(|name| {
            let help = format!("set it before the start: `{name}=... uaic run ...`");
            (format!("the environment has no `{name}`, which is one of the secrets"), Some(help))
        })
        .collect();
    if !spec.cwd.is_dir() {
        let help = "`objective.cwd` is relative to the spec's folder".to_owned();
        problems.push((format!("there is no folder {}", spec.cwd.display()), Some(help)));
    } else if let Some(program) = spec.command.first()
        && !program.contains(['{', '}'])
    {
        problems.extend(missing_program(program, spec));
    }
    problems
}

fn missing_program(program: &str, spec: &CommandSpec) -> Option<Problem> {
    if program.contains('/') {
        let path = spec.cwd.join(program);
        return match (path.is_file(), is_executable(&path)) {
            (_, true) => None,
            (true, false) => {
                let help = format!("`chmod +x {}` makes it one", path.display());
                Some((format!("{} is no program", path.display()), Some(help)))
            }
            (false, false) => Some((format!("there is no program {}", path.display()), None)),
        };
    }
    let path = wanted(spec).remove(OsStr::new("PATH")).unwrap_or_default();
    let is_found =
        std::env::split_paths(&path).any(|folder| is_executable(&spec.cwd.join(folder).join(program)));
    if is_found {
        return None;
    }
    let help =
        spec.cwd.join(program).is_file().then(|| format!("write `./{program}` for the one in its folder"));
    Some((format!("there is no program `{program}` in $PATH"), help))
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space() -> Space {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let kind = Distribution::Choice(["sgd", "adam"].map(Into::into).to_vec());
        Space::new([
            ("train.lr".to_owned(), real.clone()),
            ("momentum".to_owned(), real),
            ("kind".to_owned(), kind),
        ])
        .when("momentum", "kind", ["sgd".into()])
    }

    fn spec(command: &[&str]) -> CommandSpec {
        let command = command.iter().map(|argument| (*argument).to_owned()).collect();
        CommandSpec { command, metrics: vec!["loss".to_owned()], ..CommandSpec::default() }
    }

    fn said(spec: &CommandSpec) -> String {
        let line =
            |(message, help): Problem| message + &help.map_or(String::new(), |help| format!(" ({help})"));
        check(spec, &space()).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_good_command_has_no_problems() {
        let all = "{train.lr} {momentum?-m} {trial} {seed} {params_file} {metrics_file} {artifacts} {{x}}";
        assert_eq!(said(&spec(&["python3", all, "{kind}"])), "");
    }

    #[test]
    fn an_unknown_placeholder_is_named_with_what_was_meant() {
        assert_eq!(
            said(&spec(&["x", "{train.lt}", "{sed}"])),
            "unknown placeholder `{train.lt}` (did you mean `{train.lr}`?)\n\
             unknown placeholder `{sed}` (did you mean `{seed}`?)"
        );
        assert!(said(&spec(&["x", "{tran.lr?--lr}"])).contains("did you mean `{train.lr}`?"));
        assert!(said(&spec(&["x", "{}"])).starts_with("`{}` names nothing in the argument `{}`"));
        assert!(
            said(&spec(&["x", "{banana}"])).contains("there are `kind`, `momentum`, `train.lr`, `trial`")
        );
    }

    #[test]
    fn there_must_be_a_program_in_every_trial() {
        assert!(said(&spec(&[])).contains("names no program"));
        assert!(said(&spec(&[" "])).contains("names no program"));
        assert!(said(&spec(&["run-{momentum}"])).contains("which not every trial has"));
    }

    #[test]
    fn secrets_do_not_stand_in_the_spec() {
        let mut spec = spec(&["x"]);
        spec.env.insert("KEY".into(), "abc".into());
        assert_eq!(said(&spec), "");
        spec.secrets.push("KEY".into());
        assert!(said(&spec).contains("the secret `KEY` must not stand in the spec"));
        spec.env = ["UAIC_SEED", "UAIC_PARAM_X"].map(|name| (name.to_owned(), "1".to_owned())).into();
        spec.secrets = vec!["A=B".into()];
        assert!(said(&spec).contains("`UAIC_SEED` is set by uaic itself"));
        assert!(said(&spec).contains("`UAIC_PARAM_X` is set by uaic itself"));
        assert!(said(&spec).contains("`A=B` is no name"));
    }

    #[test]
    fn a_parameter_may_be_called_like_a_placeholder_and_that_is_said() {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let space = Space::new(["seed", "trial"].map(|name| (name.to_owned(), real.clone())));
        let said = notes(&spec(&["x", "{seed}"]), &space);
        assert_eq!(
            said,
            ["`{seed}` in the command is the parameter `seed`; the trial's own seed is in $UAIC_SEED"]
        );
        assert_eq!(notes(&spec(&["x"]), &space), [""; 0]);
    }

    #[test]
    fn names_that_would_clash_are_refused_or_said() {
        let real = Distribution::Uniform { low: 0.0, high: 1.0, step: None };
        let twins = Space::new(["a.b", "a_b"].map(|name| (name.to_owned(), real.clone())));
        assert_eq!(check(&spec(&["x"]), &twins), []);
        let noted = notes(&spec(&["x"]), &twins).join("; ");
        assert!(
            noted.contains("`a.b`, `a_b` would share the environment variable $UAIC_PARAM_A_B"),
            "{noted}"
        );
        let step = CommandSpec { metrics: vec!["step".into()], ..spec(&["x"]) };
        assert!(said(&step).contains("`step` is no metric"));
        for name in ["", "..", "a/b", "output", "log.txt", "command.json"] {
            let artifacts = CommandSpec { artifacts: name.into(), ..spec(&["x"]) };
            assert!(said(&artifacts).contains("`objective.artifacts` cannot be"), "{name}");
        }
    }

    #[test]
    fn what_the_machine_does_not_have_is_said_before_the_first_trial() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("train.sh"), "exit").unwrap();
        let first = |command: &str| {
            let spec = CommandSpec { cwd: folder.path().to_owned(), ..spec(&[command]) };
            missing(&spec).first().cloned().unwrap_or_default()
        };
        assert_eq!(first("sh").0, "");
        assert_eq!(first("/bin/sh").0, "");
        assert_eq!(first("{kind}").0, "");
        assert_eq!(first("no-such-program").0, "there is no program `no-such-program` in $PATH");
        assert_eq!(first("train.sh").1.unwrap(), "write `./train.sh` for the one in its folder");
        assert!(first("./train.sh").1.unwrap().starts_with("`chmod +x "));
        assert!(first("./other.sh").0.starts_with("there is no program /"));
        let nowhere =
            CommandSpec { cwd: "/no/such".into(), secrets: vec!["UAIC_NO_SUCH".into()], ..spec(&["sh"]) };
        let problems = missing(&nowhere);
        assert!(problems[0].0.contains("has no `UAIC_NO_SUCH`"));
        assert_eq!(problems[1].0, "there is no folder /no/such");
    }
}
