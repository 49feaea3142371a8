//! What operates the server in `deploy/` fits the server: names of metrics, alerts, their tests and runbooks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What `/metrics` shows, by the tables of its documentation, which a unit test holds against it.
/// Histograms are three series each.
fn metrics() -> BTreeSet<String> {
    let document = read("../docs/metrics.md");
    let mut names = BTreeSet::new();
    for row in document.lines().filter_map(|line| line.strip_prefix("| `")) {
        let (name, rest) = row.split_once('`').unwrap();
        if !name.contains('_') {
            continue;
        }
        names.insert(name.to_owned());
        if rest.starts_with(" | histogram") {
            names.extend(["_bucket", "_sum", "_count"].map(|series| format!("{name}{series}")));
        }
    }
    assert!(names.len() > 40, "{names:?}");
    names
}

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

fn read(path: &str) -> String {
    let path = deploy(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The `.yml` files of a folder, sorted.
fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(deploy(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|it| it == "yml")).collect();
    files.sort();
    assert!(!files.is_empty(), "no .yml in {folder}");
    files
}

/// Names that only a metric of the server can have: with one of its prefixes, and not part of the
/// name of a recording rule, which has a `:`.
fn metric_names(text: &str) -> BTreeSet<&str> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    let words = text.split(|character: char| !is_part(character)).filter(|word| !word.contains(':'));
    let prefixes = ["uaic_", "process_", "request_", "app_"];
    words.filter(|word| prefixes.iter().any(|prefix| word.starts_with(prefix))).collect()
}

/// The lines of a YAML file without comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with('#'))
}

fn assert_known(names: &BTreeSet<&str>, place: &str) {
    let metrics = metrics();
    let unknown: Vec<_> = names.iter().filter(|name| !metrics.contains(**name)).collect();
    assert!(unknown.is_empty(), "{place} names metrics that the server does not have: {unknown:?}");
    assert!(names.len() > 10, "{place}: only {names:?} were found");
}

/// One alert of `alerts.yml`, as text.
struct Alert<'a> {
    name: &'a str,
    body: &'a str,
}

fn alerts(rules: &str) -> Vec<Alert<'_>> {
    let parts = rules.split("- alert: ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).map(|(name, body)| Alert { name, body }).collect()
}

/// All expressions below a value, whatever holds them: panels, annotations.
fn expressions<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str));
            fields.values().for_each(|field| expressions(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

fn dashboard() -> Value {
    serde_json::from_str(&read("grafana/dashboards/uaic.json")).unwrap()
}

/// Every panel but the headings of rows.
fn panels(dashboard: &Value) -> Vec<&Value> {
    let panels = dashboard["panels"].as_array().unwrap();
    panels.iter().filter(|panel| panel["type"] != "row").collect()
}

#[test]
fn rules_and_alerts_name_metrics_that_exist() {
    let texts = [read("prometheus/rules/recording.yml"), read("prometheus/rules/alerts.yml")];
    let code: String = texts.iter().flat_map(|text| code(text)).flat_map(|line| [line, "\n"]).collect();
    assert_known(&metric_names(&code), "prometheus/rules");
}

#[test]
fn alerts_read_only_recordings_that_are_made() {
    let recording = read("prometheus/rules/recording.yml");
    let made: BTreeSet<&str> =
        code(&recording).filter_map(|line| line.trim().strip_prefix("- record: ")).collect();
    let texts = [recording.as_str(), &read("prometheus/rules/alerts.yml")];
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == ':';
    for text in texts {
        let words = code(text).flat_map(|line| line.split(|character: char| !is_part(character)));
        for word in words.filter(|word| word.starts_with("job") && word.contains(":uaic_")) {
            assert!(made.contains(word), "`{word}` is read and never recorded");
        }
    }
}

#[test]
fn the_dashboard_names_metrics_that_exist() {
    let dashboard = dashboard();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    assert_known(&metric_names(&found.join("\n")), "the dashboard");
}

#[test]
fn the_dashboard_shows_every_metric_but_the_aliases() {
    let dashboard = dashboard();
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    let text = found.join("\n");
    let shown = metric_names(&text);
    // A histogram is shown when one of its series is.
    let is_series = |name: &str| ["_bucket", "_sum", "_count"].iter().any(|end| name.ends_with(end));
    let is_alias = |name: &str| name.starts_with("request_") || name.starts_with("app_");
    for name in metrics().iter().filter(|name| !is_alias(name) && !is_series(name)) {
        assert!(shown.iter().any(|it| it.starts_with(name.as_str())), "{name} is on no panel");
    }
}

#[test]
fn every_panel_has_an_id_a_description_and_the_data_source_that_is_chosen() {
    let dashboard = dashboard();
    let all = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = all.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), all.len());
    for panel in panels(&dashboard) {
        assert_ne!(panel["description"].as_str().unwrap_or_default(), "", "{}", panel["title"]);
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        }
    }
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    for name in ["datasource", "model", "version"] {
        assert!(variables.iter().any(|variable| variable["name"] == name), "no variable {name}");
    }
}

#[test]
fn panels_do_not_overlap() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let at = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{}", panel["title"]);
        for cell in
            (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y)))
        {
            assert!(taken.insert(cell), "{} covers another panel", panel["title"]);
        }
    }
}

#[test]
fn every_alert_says_what_is_wrong_and_what_to_do() {
    let rules = read("prometheus/rules/alerts.yml");
    let readme = read("README.md");
    let alerts = alerts(&rules);
    assert!(alerts.len() >= 20, "{}", alerts.len());
    for Alert { name, body } in &alerts {
        for annotation in ["summary: \"", "description: \""] {
            assert!(body.contains(annotation), "{name} has no {annotation}");
        }
        assert!(
            body.contains("severity: page") || body.contains("severity: ticket"),
            "{name} has no severity"
        );
        let runbook = format!("runbook: deploy/README.md#{}\n", name.to_lowercase());
        assert!(body.contains(&runbook), "{name} does not link its runbook");
        assert!(readme.contains(&format!("### {name}\n")), "README.md has no runbook for {name}");
    }
    let headings = readme.lines().filter_map(|line| line.strip_prefix("### Uaic"));
    for heading in headings {
        assert!(alerts.iter().any(|alert| alert.name == format!("Uaic{heading}")), "no alert Uaic{heading}");
    }
}

#[test]
fn every_alert_is_tested_firing_and_silent() {
    let tests: String =
        yaml_files("prometheus/tests").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let rules = read("prometheus/rules/alerts.yml");
    for Alert { name, .. } in alerts(&rules) {
        let checks = tests.split("alertname: ").filter_map(|part| part.split_once('\n'));
        let expected = checks.filter(|(alert, _)| *alert == name).map(|(_, rest)| rest.trim_start());
        let (silent, firing): (Vec<_>, Vec<_>) =
            expected.partition(|rest| rest.starts_with("exp_alerts: []"));
        assert!(!firing.is_empty(), "no test in which {name} fires");
        assert!(!silent.is_empty(), "no test in which {name} is silent");
    }
}

/// `promtool` with arguments, in `deploy/prometheus`. It may be missing on a developer's machine only.
#[allow(clippy::print_stderr)]
fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let folder = deploy("prometheus");
    let output = match Command::new("promtool").args(arguments).args(files).current_dir(folder).output() {
        Ok(output) => output,
        Err(error) if std::env::var_os("CI").is_none_or(|value| value != "true") => {
            eprintln!("skipped: promtool: {error}");
            return;
        }
        Err(error) => panic!("CI needs promtool (package prometheus): {error}"),
    };
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "promtool {arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[test]
fn promtool_takes_the_configuration_and_the_rules() {
    promtool(&["check", "config", "prometheus.yml"], &[]);
    promtool(&["check", "rules"], &yaml_files("prometheus/rules"));
}

#[test]
fn alerts_fire_when_they_should() {
    promtool(&["test", "rules"], &yaml_files("prometheus/tests"));
}

#[test]
fn actions_are_pinned_by_commit() {
    let workflows = yaml_files("../.github/workflows");
    let texts: String = workflows.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let uses: Vec<&str> = texts
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        .collect();
    assert!(uses.len() > 10, "{uses:?}");
    for action in uses.iter().filter(|action| !action.starts_with("./")) {
        let (name, pin) = action.split_once('@').unwrap_or_else(|| panic!("{action} has no version"));
        let (commit, version) =
            pin.split_once(" # v").unwrap_or_else(|| panic!("{action} does not say its version"));
        assert!(commit.len() == 40 && commit.bytes().all(|it| it.is_ascii_hexdigit()), "{action}");
        assert!(name.contains('/') && version.split('.').count() == 3, "{action}");
    }
}

#[test]
fn the_image_has_what_cargo_needs_to_build_it() {
    let dockerfile = read("Dockerfile");
    let ignore = read("../.dockerignore");
    for line in dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter(|line| !line.starts_with("--"))
    {
        let sources: Vec<&str> = line.split(' ').collect();
        for source in &sources[..sources.len() - 1] {
            assert!(
                deploy("..").join(source).exists(),
                "the Dockerfile copies `{source}`, which is not there"
            );
            let let_in = ignore.lines().filter_map(|line| line.strip_prefix('!'));
            let covers = |pattern: &str| {
                pattern.strip_suffix('*').map_or(pattern == *source, |start| source.starts_with(start))
            };
            assert!(let_in.into_iter().any(covers), ".dockerignore keeps `{source}` out");
        }
    }
    let version = read("../Cargo.toml")
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = ").map(|it| it.trim_matches('"').to_owned()))
        .unwrap();
    let minor = |version: &str| version.split('.').nth(1).and_then(|it| it.parse::<u32>().ok()).unwrap();
    let image = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUST_VERSION=")).unwrap();
    assert!(minor(image) >= minor(&version), "the image's Rust {image} is older than {version}");
}

#[test]
fn the_pods_grace_period_covers_the_wait_and_the_drain() {
    let deployment = read("kubernetes/deployment.yaml");
    let number = |key: &str| {
        let rest = deployment.split(key).nth(1).unwrap_or_else(|| panic!("no {key}"));
        rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().unwrap()
    };
    let (wait, drain) = (number("sleep: {seconds: "), number("\"--drain\", \""));
    assert!(number("terminationGracePeriodSeconds: ") > wait + drain);
}
