//! Traces: in whatever order their parts come, however hostile they are.

use serde_json::{Value, json};

use super::http::{Served, assert_refused};

const HEADERS: &str = "content-type: application/json\r\nx-mlflow-experiment-id: 0\r\n";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn spans(spans: &Value) -> Vec<u8> {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string().into_bytes()
}

fn span(id: &str, parent: &str) -> Value {
    json!({"traceId": TRACE, "spanId": id, "parentSpanId": parent, "name": format!("span {id}"),
        "startTimeUnixNano": "1000000000", "endTimeUnixNano": "2000000000"})
}

fn info(tags: &Value, metadata: &Value) -> Value {
    json!({"trace": {"trace_info": {"trace_id": format!("tr-{TRACE}"), "request_time": "2026-01-01T00:00:00.250Z",
        "execution_duration": "0.387s", "state": "OK", "tags": tags, "trace_metadata": metadata,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}}}})
}

fn ask(served: &Served, method: &str, path: &str, body: &Value) -> Value {
    let headers = "content-type: application/json\r\n";
    let answer =
        served.send(method, &format!("/api/3.0/mlflow/{path}"), headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

#[test]
fn parts_may_come_in_any_order_and_again() {
    let served = Served::start();
    let root = spans(&json!([span("00000000000000a1", "")]));
    assert_eq!(served.send("POST", "/v1/traces", HEADERS, &root).status, 200);
    let told = ask(&served, "GET", &format!("traces/tr-{TRACE}"), &Value::Null)["trace"]["trace_info"].take();
    assert_eq!((&told["state"], &told["execution_duration"]), (&json!("OK"), &json!("1s")));
    assert_eq!(told["tags"]["mlflow.traceName"], "span 00000000000000a1");
    let whole = info(&json!({"a": "1"}), &json!({"mlflow.trace.sizeStats": "{\"num_spans\": 2}"}));
    for _ in 0..2 {
        let told = ask(&served, "POST", "traces", &whole)["trace"]["trace_info"].take();
        assert_eq!(told["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE", "spans have come");
        assert_eq!(
            told["tags"]["mlflow.artifactLocation"],
            format!("mlflow-artifacts:/0/traces/tr-{TRACE}/artifacts")
        );
        assert_eq!(told["trace_metadata"]["mlflow.trace.infoFinalized"], "true");
        assert_eq!(
            (&told["request_time"], &told["execution_duration"]),
            (&json!("2026-01-01T00:00:00.25Z"), &json!("0.387s"))
        );
    }
    let path = format!("/api/3.0/mlflow/traces/get?trace_id=tr-{TRACE}");
    let early = served.send("GET", &path, "", b"");
    assert_refused(&early, "RESOURCE_DOES_NOT_EXIST", "not fully exported yet", "one of two spans");
    let partial = served.send("GET", &format!("{path}&allow_partial=True"), "", b"").json();
    assert_eq!(partial["trace"]["spans"].as_array().unwrap().len(), 1);
    let child = spans(&json!([span("00000000000000a2", "00000000000000a1"), span("00000000000000a1", "")]));
    assert_eq!(served.send("POST", "/v1/traces", HEADERS, &child).status, 200);
    let whole = served.send("GET", &path, "", b"").json();
    assert_eq!(whole["trace"]["spans"].as_array().unwrap().len(), 2);
    assert_eq!(whole["trace"]["trace_info"]["execution_duration"], "0.387s", "the client's word counts");
    assert_eq!(whole["trace"]["spans"][0]["trace_id"], "CvdlGRbNQ92ESOshHIAxnA==");
    let found =
        ask(&served, "GET", &format!("traces/batchGet?trace_ids=tr-{TRACE}&trace_ids=tr-x"), &Value::Null);
    assert_eq!(found["traces"].as_array().unwrap().len(), 1);
    let infos = ask(&served, "POST", "traces/batchGetInfos", &json!({"trace_ids": [format!("tr-{TRACE}")]}));
    assert_eq!(infos["trace_infos"].as_array().unwrap().len(), 1);
}

#[test]
fn links_may_come_before_their_traces() {
    let served = Served::start();
    let run = served.run("0");
    served.post("traces/link-to-run", json!({"trace_ids": [format!("tr-{TRACE}")], "run_id": run}));
    ask(&served, "POST", "traces", &info(&json!({}), &json!({})));
    let search = json!({"locations": [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "0"}}],
        "filter": format!("run_id = '{run}'")});
    assert_eq!(ask(&served, "POST", "traces/search", &search)["traces"].as_array().unwrap().len(), 1);
    let many: Vec<String> = (0..101).map(|at| format!("tr-{at}")).collect();
    served.refuses(
        "traces/link-to-run",
        json!({"trace_ids": many, "run_id": run}),
        "INVALID_PARAMETER_VALUE",
        "100",
    );
}

#[test]
fn an_assessment_that_comes_again_with_its_trace_is_one() {
    let served = Served::start();
    let mut whole = info(&json!({}), &json!({}));
    whole["trace"]["trace_info"]["assessments"] = json!([{"assessment_name": "good", "feedback": {"value": true},
        "source": {"source_type": "HUMAN", "source_id": "ada"}, "create_time": "2026-01-01T00:00:01Z"}]);
    for _ in 0..2 {
        let told = ask(&served, "POST", "traces", &whole);
        assert_eq!(told["trace"]["trace_info"]["assessments"].as_array().unwrap().len(), 1);
    }
    let path = format!("traces/tr-{TRACE}/assessments");
    let made = ask(
        &served,
        "POST",
        &path,
        &json!({"assessment": {"assessment_name": "truth",
        "expectation": {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": "[1, {\"a\": null}]"}}}}),
    );
    assert_eq!(made["assessment"]["expectation"]["serialized_value"]["value"], "[1,{\"a\":null}]");
    let id = made["assessment"]["assessment_id"].as_str().unwrap();
    for (body, text) in [
        (
            json!({"assessment": {"feedback": {"value": 1}}, "update_mask": "feedback"}),
            "Cannot update feedback",
        ),
        (json!({"assessment": {}, "update_mask": "traceId"}), "cannot be changed"),
        (json!({"assessment": {}}), "update_mask"),
    ] {
        let target = format!("/api/3.0/mlflow/{path}/{id}");
        let headers = "content-type: application/json\r\n";
        let answer = served.send("PATCH", &target, headers, body.to_string().as_bytes());
        assert_refused(&answer, "INVALID_PARAMETER_VALUE", text, &body.to_string());
    }
}

#[test]
fn all_or_nothing_of_a_batch_is_kept() {
    let served = Served::start();
    let bad = spans(&json!([span("00000000000000b1", ""), {"traceId": TRACE, "name": "no id"}]));
    assert_eq!(served.send("POST", "/v1/traces", HEADERS, &bad).status, 422);
    let answer = served.send("GET", &format!("/api/3.0/mlflow/traces/tr-{TRACE}"), "", b"");
    assert_refused(&answer, "RESOURCE_DOES_NOT_EXIST", "not found", "nothing of it");
    let nowhere = HEADERS.replace("id: 0", "id: 77");
    let good = spans(&json!([span("00000000000000b1", "")]));
    let answer = served.send("POST", "/v1/traces", &nowhere, &good);
    assert_refused(&answer, "RESOURCE_DOES_NOT_EXIST", "No Experiment with id=77 exists", "no experiment");
}

#[test]
fn hostile_spans_are_refused() {
    let served = Served::start();
    let mut deep = json!({"stringValue": "x"});
    for _ in 0..40 {
        deep = json!({"arrayValue": {"values": [deep]}});
    }
    let mut own = span("00000000000000c1", "");
    own["attributes"] = json!([{"key": "deep", "value": deep}]);
    assert_eq!(served.send("POST", "/v1/traces", HEADERS, &spans(&json!([own]))).status, 400, "too deep");
    let brackets = [b"{\"resourceSpans\":".to_vec(), vec![b'['; 100_000]].concat();
    assert_eq!(served.send("POST", "/v1/traces", HEADERS, &brackets).status, 400);
    let headers = HEADERS.replace("application/json", "application/x-protobuf");
    for body in [&b"\x0a\xff\xff\xff\xff\x0f"[..], &[0x0a; 1000], &[0xff; 64], b"\x0a\x00\x12"] {
        let status = served.send("POST", "/v1/traces", &headers, body).status;
        assert!(matches!(status, 200 | 400), "{body:?}: {status}");
    }
    let bomb = format!("{headers}content-encoding: gzip\r\n");
    assert_eq!(served.send("POST", "/v1/traces", &bomb, &[0x1f, 0x8b, 8, 0]).status, 400);
}
