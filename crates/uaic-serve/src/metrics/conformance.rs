//! The exposition read back by a parser of its own, and held against `docs/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::drift::Observed;
use uaic_eval::Reference;
use uaic_http::Observer;

const DOCUMENT: &str = include_str!("../../../../docs/metrics.md");

type Labels = Vec<(String, String)>;

/// A line with a value.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: Labels,
    value: f64,
}

impl Sample {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn without(&self, name: &str) -> Labels {
        let mut labels = self.labels.clone();
        labels.retain(|(key, _)| key != name);
        labels.sort();
        labels
    }
}

/// What was said of a family, and its lines in their order.
#[derive(Debug, Default)]
struct Parsed {
    help: String,
    kind: String,
    unit: Option<String>,
    samples: Vec<Sample>,
}

/// Families by name; a line that no format allows is a panic.
fn parse(text: &str) -> BTreeMap<String, Parsed> {
    let mut families: BTreeMap<String, Parsed> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        let Some(described) = line.strip_prefix("# ") else {
            let sample = sample(line);
            assert!(is_of(&sample.name, &current), "{line} is not of the family {current}");
            families.get_mut(&current).unwrap().samples.push(sample);
            continue;
        };
        let mut parts = described.splitn(3, ' ');
        let (word, name, rest) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        if word == "HELP" {
            assert!(families.insert(name.to_owned(), Parsed::default()).is_none(), "{name} comes twice");
            current = name.to_owned();
        }
        assert_eq!(name, current, "{line}");
        let family = families.get_mut(name).unwrap();
        match word {
            "HELP" => rest.clone_into(&mut family.help),
            "TYPE" => rest.clone_into(&mut family.kind),
            "UNIT" => family.unit = Some(rest.to_owned()),
            _ => panic!("{line}"),
        }
    }
    families
}

fn is_of(sample: &str, family: &str) -> bool {
    let rest = sample.strip_prefix(family);
    rest.is_some_and(|end| ["", "_total", "_bucket", "_sum", "_count"].contains(&end))
}

/// `name{key="value",…} number`, with `\\`, `\"` and `\n` in values.
fn sample(line: &str) -> Sample {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (key, quoted) = rest.split_once("=\"").unwrap();
            let (value, after) = unquote(quoted);
            labels.push((key.to_owned(), value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    let keys: BTreeSet<&String> = labels.iter().map(|(key, _)| key).collect();
    assert_eq!(keys.len(), labels.len(), "{line} has a label twice");
    assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{line}");
    let value = rest.strip_prefix(' ').unwrap().parse().unwrap();
    Sample { name: name.to_owned(), labels, value }
}

/// The value up to its closing quote, and what follows.
fn unquote(quoted: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => match characters.next().unwrap().1 {
                'n' => value.push('\n'),
                plain => value.push(plain),
            },
            plain => value.push(plain),
        }
    }
    panic!("{quoted} does not end");
}

/// Name, kind and labels of every row of the document's tables.
fn documented() -> Vec<(&'static str, &'static str, BTreeSet<&'static str>)> {
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let (name, kind, labels) = (cells.next()?.trim_end_matches('`'), cells.next()?, cells.next()?);
        Some((name, kind, labels.split(", ").filter(|label| !label.is_empty()).collect()))
    };
    DOCUMENT
        .lines()
        .filter_map(row)
        .filter(|row| ["counter", "gauge", "histogram"].contains(&row.1))
        .collect()
}

const LABELS: [&str; 2] = ["flight", "a \"quoted\\\n\" label"];

fn identity(role: Role) -> ModelIdentity {
    ModelIdentity {
        model: "atis".into(),
        version: "3".into(),
        role,
        digest: "0f".repeat(32),
        architecture: "attention".to_owned(),
    }
}

fn names() -> Vec<String> {
    LABELS.map(str::to_owned).to_vec()
}

fn monitor() -> DriftMonitor {
    let reference = Reference {
        texts: 1_000,
        score: Vec::new(),
        confidence: (0..=20).map(|step| 0.4 + f64::from(step) * 0.03).collect(),
        labels: names().into_iter().map(|name| (name, 0.5)).collect(),
        mean_words: 7.0,
        lengths: (1..=20).map(|words| (words, 0.05)).collect(),
        unknown_words: 0.03,
    };
    DriftMonitor::new(&reference, &names(), 2_000)
}

/// One of each event there is, and enough texts for drift.
fn busy() -> Metrics {
    let metrics = Metrics::new(&["/intent", "/v2/models/{m}/infer"]);
    for role in [Role::Shadow, Role::Live, Role::Canary] {
        let model = metrics.model(&identity(role), &names(), Some(monitor()));
        model.queued(3);
        model.dequeued(2);
        model.observe_batch(2, [1e-5, 2e-3], 45e-6);
        for text in 0..400 {
            let confidence = f64::from(text) / 400.0;
            let (words, unknown_words) = (1 + text % 20, text % 2);
            let label = text as usize % 2;
            let out_of_scope = Some(text == 7);
            model.observe_answer(&Observed { label, confidence, out_of_scope, words, unknown_words });
        }
    }
    metrics.request("/intent", "POST", 200, 90e-6);
    metrics.request("/intent", "POST", 200, 20.0);
    metrics.request("/intent", "GET", 405, 1e-5);
    metrics.request("/intent", "PUT", 405, 1e-5);
    metrics.request("/.git/config", "BREW", 418, f64::NAN);
    for reason in Rejection::ALL {
        metrics.rejected(reason);
    }
    metrics.refused(Refused::Slow);
    metrics.swap("atis", true);
    metrics.canary_share("atis", 0.1);
    metrics.shadow("atis").compared(4, 1);
    metrics.shadow("atis").dropped(2);
    metrics.feedback("atis", "3", true);
    metrics.read_request_log(|| RequestLogCounts { rows: 9, dropped: 2, failures: 1 });
    metrics.read_log_lines_dropped(|| 5);
    metrics.set_ready(true);
    metrics
}

/// The value of the only series of this name with these labels.
fn value(families: &BTreeMap<String, Parsed>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let all = families.values().flat_map(|family| &family.samples);
    let same = |sample: &&Sample| {
        sample.name == name && labels.iter().all(|(key, value)| sample.label(key) == Some(value))
    };
    let found: Vec<&Sample> = all.filter(same).collect();
    assert_eq!(found.len(), 1, "{name} {labels:?}: {found:?}");
    found[0].value
}

#[test]
fn every_documented_name_is_there_with_its_kind_and_labels_and_no_other() {
    let text = busy().encode(Format::Text);
    let families = parse(&text);
    let rows = documented();
    let expected: BTreeSet<&str> = rows.iter().map(|row| row.0).collect();
    let on_linux = |name: &&str| cfg!(target_os = "linux") || !name.starts_with("process_");
    let there: BTreeSet<&str> = families.keys().map(String::as_str).collect();
    assert_eq!(there, expected.into_iter().filter(on_linux).collect());
    for (name, kind, labels) in rows.into_iter().filter(|row| on_linux(&row.0)) {
        let family = &families[name];
        assert_eq!(family.kind, kind, "{name}");
        assert!(!family.help.is_empty() && !family.samples.is_empty(), "{name} says nothing");
        for sample in &family.samples {
            let keys: BTreeSet<&str> = sample.labels.iter().map(|(key, _)| key.as_str()).collect();
            let own: BTreeSet<&str> = keys.into_iter().filter(|key| *key != "le").collect();
            assert_eq!(own, labels, "{name}");
        }
    }
}

#[test]
fn the_two_formats_have_the_same_series() {
    let metrics = busy();
    let (plain, open) = (metrics.encode(Format::Text), metrics.encode(Format::OpenMetrics));
    assert!(open.ends_with("\n# EOF\n") && open.matches("# EOF").count() == 1);
    assert!(plain.ends_with('\n') && !plain.contains("# EOF") && !plain.contains("# UNIT"));
    let series = |text: &str| {
        let all = parse(text).into_values().flat_map(|family| family.samples);
        all.map(|sample| (sample.name, sample.labels)).collect::<Vec<_>>()
    };
    let (mut plain_series, mut open_series) = (series(&plain), series(&open));
    plain_series.sort();
    open_series.sort();
    assert_eq!(plain_series, open_series);
    assert!(
        parse(&plain).iter().all(|(name, family)| (family.kind == "counter") == name.ends_with("_total"))
    );
    for (name, family) in parse(&open) {
        let ends = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}")));
        assert_eq!(family.unit.as_deref(), ends, "{name}");
        assert!(!name.ends_with("_total"), "{name}");
    }
}

#[test]
fn no_series_comes_twice_and_all_values_are_finite() {
    let mut seen = BTreeSet::new();
    for sample in parse(&busy().encode(Format::OpenMetrics)).into_values().flat_map(|family| family.samples) {
        assert!(sample.value.is_finite(), "{sample:?}");
        assert!(seen.insert((sample.name.clone(), sample.without(""))), "{sample:?} comes twice");
    }
}

#[test]
fn buckets_rise_to_the_count() {
    let families = parse(&busy().encode(Format::OpenMetrics));
    let histograms = families.iter().filter(|(_, family)| family.kind == "histogram");
    let mut seen = 0;
    for (name, family) in histograms {
        let mut series: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
        for bucket in family.samples.iter().filter(|sample| sample.name.ends_with("_bucket")) {
            let end = bucket.label("le").unwrap().parse().unwrap();
            series.entry(bucket.without("le")).or_default().push((end, bucket.value));
        }
        for (labels, buckets) in series {
            assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{name} {labels:?}: {buckets:?}");
            let labels: Vec<(&str, &str)> =
                labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            let (end, last) = buckets[buckets.len() - 1];
            assert!(end.is_infinite());
            let count = value(&families, &format!("{name}_count"), &labels);
            assert_eq!(last as u64, count as u64, "{name} {labels:?}");
            assert!(value(&families, &format!("{name}_sum"), &labels) >= 0.0);
            seen += 1;
        }
    }
    // Latency by 3 statuses and of 2 endpoints, and 4 histograms of 3 versions.
    assert_eq!(seen, 3 + 2 + 4 * 3);
}

#[test]
fn values_are_those_of_what_happened() {
    let families = parse(&busy().encode(Format::Text));
    let live = [("model", "atis"), ("version", "3"), ("role", "live")];
    let with = |label: (&'static str, &'static str)| live.into_iter().chain([label]).collect::<Vec<_>>();
    let is = |name: &str, labels: &[(&str, &str)], expected: f64| {
        approx::assert_relative_eq!(value(&families, name, labels), expected, max_relative = 1e-9);
    };
    let intent = [("route", "/intent"), ("method", "POST"), ("status", "200")];
    is("uaic_http_requests_total", &intent, 2.0);
    is("uaic_http_requests_total", &[("route", "other"), ("method", "other"), ("status", "4xx")], 1.0);
    let duration = [("route", "/intent"), ("status", "405")];
    is("uaic_http_request_duration_seconds_count", &duration, 2.0);
    let fast = [("route", "/intent"), ("status", "200"), ("le", "0.0001")];
    is("uaic_http_request_duration_seconds_bucket", &fast, 1.0);
    is("request_count_total", &[("endpoint", "/intent"), ("method", "GET"), ("http_status", "405")], 1.0);
    is("request_latency_seconds_count", &[("endpoint", "/intent")], 4.0);
    is("request_latency_seconds_sum", &[("endpoint", "/intent")], 20.000_11);
    is("uaic_rejections_total", &[("reason", "queue_full")], 1.0);
    is("uaic_http_connections_refused_total", &[("reason", "limit")], 0.0);
    is("uaic_queue_depth", &live, 1.0);
    is("uaic_queue_wait_seconds_sum", &live, 2.01e-3);
    is("uaic_batch_size_bucket", &with(("le", "1.0")), 0.0);
    is("uaic_batch_size_bucket", &with(("le", "2.0")), 1.0);
    is("uaic_predictions_total", &with(("label", LABELS[1])), 200.0);
    is("uaic_prediction_confidence_bucket", &with(("le", "0.5")), 201.0);
    is("uaic_out_of_scope_total", &live, 1.0);
    is("uaic_words_total", &live, 4_200.0);
    is("uaic_unknown_words_total", &live, 200.0);
    is("uaic_drift_texts", &live, 400.0);
    for aspect in ["labels", "confidence", "length", "vocabulary"] {
        for measure in ["psi", "js"] {
            let labels = [live.as_slice(), &[("aspect", aspect), ("measure", measure)]].concat();
            assert!(value(&families, "uaic_drift", &labels) < 2.0);
        }
    }
    let confidence = [live.as_slice(), &[("aspect", "confidence"), ("measure", "psi")]].concat();
    assert!(value(&families, "uaic_drift", &confidence) > 0.25, "confidences were lower");
    let length = [live.as_slice(), &[("aspect", "length"), ("measure", "psi")]].concat();
    assert!(value(&families, "uaic_drift", &length) < 1e-3, "lengths were the same");
    is("uaic_shadow_disagreements_total", &[("model", "atis")], 1.0);
    is("uaic_model_swaps_total", &[("model", "atis"), ("outcome", "done")], 1.0);
    is("uaic_canary_share", &[("model", "atis")], 0.1);
    is("uaic_feedback_total", &[("right", "true"), ("version", "3")], 1.0);
    is("uaic_request_log_rows_total", &[], 9.0);
    is("uaic_log_lines_dropped_total", &[], 5.0);
    is("uaic_ready", &[], 1.0);
    is("uaic_build_info", &[("version", VERSION)], 1.0);
}

#[test]
fn the_series_of_a_retired_version_vanish() {
    let metrics = busy();
    let with = |role: &str| metrics.encode(Format::Text).matches(&format!("role=\"{role}\"")).count();
    assert!(with("canary") > 0 && with("canary") == with("live"));
    let live = with("live");
    metrics.retire(&identity(Role::Canary));
    assert_eq!((with("canary"), with("live")), (0, live));
    metrics.retire(&identity(Role::Live));
    metrics.retire(&identity(Role::Shadow));
    assert!(!metrics.encode(Format::Text).contains("version=\"3\""));
}

#[test]
fn a_server_without_models_says_that_it_is_not_ready() {
    let metrics = Metrics::new(&[]);
    let families = parse(&metrics.encode(Format::OpenMetrics));
    assert_eq!(value(&families, "uaic_ready", &[]) as u64, 0);
    assert_eq!(value(&families, "uaic_rejections_total", &[("reason", "panic")]) as u64, 0);
    assert!(families["uaic_predictions"].samples.is_empty());
}

#[test]
fn what_is_held_is_counted_while_it_lives() {
    let metrics = Metrics::new(&[]);
    let now = |name: &str| value(&parse(&metrics.encode(Format::Text)), name, &[]) as i64;
    let held = (metrics.in_flight(), metrics.in_flight());
    metrics.opened();
    assert_eq!((now("uaic_http_requests_in_flight"), now("uaic_http_connections")), (2, 1));
    drop(held);
    metrics.closed();
    assert_eq!((now("uaic_http_requests_in_flight"), now("uaic_http_connections")), (0, 0));
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_is_this_one() {
    let families = parse(&Metrics::new(&[]).encode(Format::Text));
    let of = |name: &str| value(&families, name, &[]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let started = of("process_start_time_seconds");
    assert!(started < now + 1.0 && started > now - 86_400.0, "{started}");
    let resident = of("process_resident_memory_bytes");
    assert!((1e6..1e11).contains(&resident), "{resident}");
    assert!(of("process_open_fds") >= 3.0 && of("process_threads") >= 1.0);
    assert!(of("process_cpu_seconds_total") < 1e5);
}
