//! The server, used by real programs: a browser that opens its pages, a fuzzer that knows its API from
//! nothing but its own description, and a Prometheus that watches it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::server::{RunningServer, eventually, request, server};

/// Python as the tests have it, in a folder where it may leave what it likes.
fn python(folder: &Path) -> Command {
    let python = std::env::var_os("UAIC_TEST_PYTHON").expect("UAIC_TEST_PYTHON names a Python interpreter");
    let mut command = Command::new(python);
    command.current_dir(folder);
    command
}

#[track_caller]
fn succeeds(output: &Output, server: &RunningServer) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}\nthe server said:\n{}", server.stderr());
}

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

#[test]
#[cfg_attr(not(all(uaic_test_python, uaic_test_chromium)), ignore = "needs UAIC_TEST_PYTHON and Chromium")]
fn the_pages_work_in_a_real_browser() {
    let server = server();
    // The pictures stay in target/tmp/pages, to be looked at.
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    let visit =
        [fixture("browser/visit.py").into(), server.url.clone().into(), pictures.clone().into_os_string()];
    let output = python(&server.dir.join("")).args(visit).output().unwrap();
    succeeds(&output, &server);
    for name in ["page", "page-dark", "page-phone", "apidocs", "apidocs-tried"] {
        let size = std::fs::metadata(pictures.join(format!("{name}.png"))).unwrap().len();
        assert!(size > 20_000, "{name} has {size} bytes");
    }
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with schemathesis")]
fn every_answer_is_one_that_the_description_promises() {
    let server = server();
    let output = python(&server.dir.join(""))
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(fixture("fixtures/openapi/schemathesis.toml"))
        .args(["run", &format!("{}/openapi.json", server.url)])
        .output()
        .unwrap();
    succeeds(&output, &server);
}

/// A Prometheus of its own, which ends with the test.
struct Prometheus {
    process: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Prometheus {
    /// Scrapes a server every second, with the rules of `deploy/`.
    fn watch(server: &RunningServer) -> Self {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/rules/*.yml");
        let configuration = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: ['{}']\n\
             scrape_configs:\n  - job_name: uaic\n    static_configs:\n      - targets: ['{}']\n",
            rules.display(),
            server.address()
        );
        server.dir.write("prometheus.yml", configuration);
        // Free a moment ago; Prometheus cannot choose one by itself.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let process = Command::new("prometheus")
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=prometheus")
            .arg(format!("--web.listen-address={free}"))
            .current_dir(server.dir.join(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed");
        let prometheus = Self { process, address: free.to_string() };
        eventually("prometheus", || {
            std::net::TcpStream::connect(&prometheus.address).is_ok()
                && request(&prometheus.address, "GET", "/-/ready", &[], b"").status == 200
        });
        prometheus
    }

    /// What a query gives.
    fn query(&self, query: &str) -> Value {
        let form = format!("query={}", encoded(query));
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let reply = request(&self.address, "POST", "/api/v1/query", &kind, form.as_bytes());
        let answer = reply.json();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].clone()
    }

    /// The value of a query that gives one.
    fn value(&self, query: &str) -> Option<f64> {
        self.query(query)[0]["value"][1].as_str()?.parse().ok()
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |encoded, byte| encoded + &format!("%{byte:02x}"))
}

#[test]
#[cfg_attr(not(uaic_test_prometheus), ignore = "needs Prometheus")]
fn prometheus_scrapes_it_and_answers_what_the_dashboard_asks() {
    let server = server();
    let prometheus = Prometheus::watch(&server);
    for number in 0..150 {
        let body = json!({ "text": format!("show me flights to oslo {number}") }).to_string();
        server.post("/v1/predict", &body).ok();
    }
    server.post("/v1/predict", "{}");
    eventually("all predictions are seen", || {
        prometheus.value("sum(uaic_predictions_total{model=\"flights\"})") == Some(150.0)
    });
    assert_eq!(prometheus.value("up{job=\"uaic\"}"), Some(1.0));
    assert_eq!(prometheus.value("uaic_rejections_total{reason=\"invalid\"}"), Some(1.0));
    assert_eq!(
        prometheus.value("uaic_http_request_duration_seconds_count{route=\"/v1/predict\",status=\"200\"}"),
        Some(150.0)
    );
    eventually("drift is measured", || prometheus.value("count(uaic_drift{measure=\"psi\"}) > 0").is_some());
    eventually("rates are recorded", || {
        prometheus.value("count({__name__=~\"uaic:.*|job:.*|model:.*\"})").is_some()
    });
    let rules = request(&prometheus.address, "GET", "/api/v1/rules", &[], b"").json();
    let groups = rules["data"]["groups"].as_array().unwrap().clone();
    let all: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    let bad: Vec<&&Value> = all.iter().filter(|rule| rule["health"] == "err").collect();
    assert!(all.len() > 40 && bad.is_empty(), "{} rules, {bad:?}", all.len());

    let dashboard = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana/dashboards/uaic.json"),
    );
    let expressions = expressions(&serde_json::from_str(&dashboard.unwrap()).unwrap());
    assert!(expressions.len() > 30);
    for expression in expressions {
        let filled = ["instance", "model", "version"]
            .iter()
            .fold(expression.replace("$__rate_interval", "1m"), |text, name| {
                text.replace(&format!("${name}"), ".*")
            });
        prometheus.query(&filled);
    }
}

/// All `expr` of a dashboard.
fn expressions(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("expr").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(expressions)).collect()
        }
        Value::Array(items) => items.iter().flat_map(expressions).collect(),
        _ => Vec::new(),
    }
}
