//! Runs, series, artifacts, studies, models.

use serde_json::{Value, json};
use uaic_study::store::{RunEnd, Store};
use uaic_study::trial::RunState;

use super::{ask, get, is_problem, point, start, study};
use crate::http::Served;

#[test]
fn runs_are_listed_by_query_with_columns_page_by_page() {
    let served = Served::start();
    let store = &served.store;
    for at in 0..25_u32 {
        let run = start(&served, &format!("r{at}"));
        store.log_metrics(run, &[point("loss", 0, f64::from(at))]).unwrap();
        store.set_tag(run.run, "half", if at % 2 == 0 { "even" } else { "odd" }).unwrap();
        if at < 20 {
            store.finish_run(run, &RunEnd::without_values(RunState::Complete, None)).unwrap();
        }
    }
    let question = "runs?where=metrics.loss+%3E%3D+5+and+tags.half+%3D+odd&order=metrics.loss+desc\
                    &column=metrics.loss&column=params.name&column=state&column=duration&limit=4&count=true";
    let first = get(&served, question);
    assert_eq!((first["count"].as_u64(), first["runs"].as_array().unwrap().len()), (Some(10), 4));
    assert_eq!(first["columns"][0], json!({ "name": "metrics.loss", "values": [23.0, 21.0, 19.0, 17.0] }));
    assert_eq!(first["columns"][1]["values"], json!(["r23", "r21", "r19", "r17"]));
    assert_eq!(first["columns"][2]["values"], json!(["RUNNING", "RUNNING", "COMPLETE", "COMPLETE"]));
    assert_eq!(first["columns"][3]["values"][0], Value::Null);
    assert_eq!(first["runs"][0]["params"], json!({ "lr": 0.5, "name": "r23", "big": "9223372036854775807" }));
    // Runs that come meanwhile move nothing.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let (late, mut all) = (start(&served, "late"), Vec::new());
    store.log_metrics(late, &[point("loss", 0, 99.0)]).unwrap();
    store.set_tag(late.run, "half", "odd").unwrap();
    let mut cursor = first["cursor"].as_str().map(str::to_owned);
    while let Some(at) = cursor {
        let page = get(&served, &format!("{question}&cursor={at}"));
        all.extend(page["columns"][0]["values"].as_array().unwrap().clone());
        cursor = page["cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(json!(all), json!([15.0, 13.0, 11.0, 9.0, 7.0, 5.0]));
    let at = first["cursor"].as_str().unwrap();
    let other = served.send("GET", &format!("/api/v1/runs?cursor={at}"), "", b"");
    is_problem(&other, 422, "another question");
    assert_eq!(get(&served, "runs?state=COMPLETE&count=true&limit=1")["count"], 20);
    assert_eq!(get(&served, "runs?experiment=none")["runs"], json!([]));
}

#[test]
fn what_cannot_be_asked_is_told_with_its_place() {
    let served = Served::start();
    for (path, status, text) in [
        ("runs?where=statee+%3D+x", 422, "did you mean `state`"),
        ("runs?order=nothing", 422, "there is no field"),
        ("runs?column=", 422, ""),
        ("runs?limit=0", 422, "from 1 to 1000"),
        ("runs?limit=1001", 422, "from 1 to 1000"),
        ("runs?kind=other", 422, "`trial`"),
        ("runs?state=complete", 422, "COMPLETE"),
        ("runs?study=12", 422, "32 hexadecimal"),
        ("runs?hidden=yes", 422, "`true`"),
        ("runs?hidden=true&hidden=true", 422, "more than once"),
        ("runs?other=1", 422, "no parameter `other`"),
        ("runs?where=%ff", 400, "UTF-8"),
        ("runs?cursor=x", 422, "cursor"),
        ("runs/0011", 404, "no run"),
        ("runs/00112233445566778899aabbccddeeff", 404, "no run"),
        ("runs/%ff", 400, ""),
        ("studies/00112233445566778899aabbccddeeff", 404, "no study"),
        ("models/nothing", 404, "no model"),
        ("nothing", 404, "/docs/"),
        ("changes?after=-1", 422, "cursor"),
    ] {
        is_problem(&served.send("GET", &format!("/api/v1/{path}"), "", b""), status, text);
    }
    let answer = served.send("DELETE", "/api/v1/runs", "", b"");
    is_problem(&answer, 405, "does not take DELETE");
    assert!(answer.header("allow").unwrap().contains("GET"));
}

#[test]
fn a_run_is_shown_whole_and_edited() {
    let served = Served::start();
    let run = start(&served, "a");
    let id = run.run;
    served.store.log_metrics(run, &[point("loss", 3, f64::NAN), point("loss", 4, f64::INFINITY)]).unwrap();
    served.store.put_artifact(run, "log.txt", b"text").unwrap();
    let whole = get(&served, &format!("runs/{id}"));
    assert_eq!(
        whole["metrics"][0],
        json!({ "key": "loss", "step": 4, "value": "inf", "min": "inf", "max": "inf", "count": 2 })
    );
    assert_eq!(whole["config"], json!({ "seed": u64::MAX.to_string(), "lr": 0.5 }));
    assert_eq!((&whole["artifacts"][0]["size"], &whole["environment"]["cpu"]), (&json!(4), &json!("abacus")));
    let edits =
        json!({ "name": "best", "note": "*good*", "tags": { "team": "nlp", "b": "c" }, "hidden": true });
    let edited = ask(&served, "PATCH", &format!("runs/{id}"), &edits).json();
    assert_eq!(
        (&edited["name"], &edited["note"], &edited["hidden"]),
        (&json!("best"), &json!("*good*"), &json!(true))
    );
    assert_eq!(edited["tags"], json!({ "team": "nlp", "b": "c" }));
    let again =
        ask(&served, "PATCH", &format!("runs/{id}"), &json!({ "name": null, "tags": { "b": null } })).json();
    assert_eq!(
        (&again["name"], &again["note"], &again["tags"]),
        (&Value::Null, &json!("*good*"), &json!({ "team": "nlp" }))
    );
    for (body, status) in [
        (json!({ "nam": "x" }), 422),
        (json!({ "name": 3 }), 422),
        (json!({ "hidden": null }), 422),
        (json!({ "name": "x".repeat(65_537) }), 422),
        (json!([]), 422),
    ] {
        is_problem(&ask(&served, "PATCH", &format!("runs/{id}"), &body), status, "");
    }
    let text = served.send("PATCH", &format!("/api/v1/runs/{id}"), "content-type: text/plain\r\n", b"{}");
    is_problem(&text, 415, "application/json");
    let broken =
        served.send("PATCH", &format!("/api/v1/runs/{id}"), "content-type: application/json\r\n", b"{");
    is_problem(&broken, 400, "");
    let large = vec![b' '; (1 << 20) + 1];
    let large =
        served.send("PATCH", &format!("/api/v1/runs/{id}"), "content-type: application/json\r\n", &large);
    is_problem(&large, 413, "1048576");
}

#[test]
fn a_long_series_keeps_its_extremes_and_comes_with_others() {
    let served = Served::start();
    let (one, two) = (start(&served, "one"), start(&served, "two"));
    let value = |step: i64| if step == 7_777 { 1e9 } else { (step % 100) as f64 };
    let points: Vec<_> = (0..20_000).map(|step| point("loss", step, value(step))).collect();
    served.store.log_metrics(one, &points).unwrap();
    served.store.log_metrics(two, &[point("loss", i64::MAX, f64::NAN)]).unwrap();
    let seen = get(&served, &format!("runs/{}/series?key=loss&key=none&points=100", one.run));
    let series = &seen["series"][0];
    let count: u64 = series["count"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((count, series["points"].as_u64()), (20_000, Some(20_000)));
    assert!(series["max"].as_array().unwrap().contains(&json!(1e9)));
    assert!(series["max"].as_array().unwrap().len() <= 100);
    assert_eq!(seen["series"][1]["count"], json!([]));
    let part = get(&served, &format!("runs/{}/series?key=loss&from=10&to=12", one.run));
    assert_eq!(part["series"][0]["first"], json!([10.0, 11.0, 12.0]));
    let wanted = json!({ "series": [
        { "run": two.run, "key": "loss" }, { "run": one.run, "key": "loss" } ], "points": 10, "from": "9223372036854775807" });
    let both = ask(&served, "POST", "series", &wanted);
    assert_eq!(both.status, 200, "{}", String::from_utf8_lossy(&both.body));
    let both = both.json();
    assert_eq!(both["series"][0]["first_step"], json!(["9223372036854775807"]));
    assert_eq!((&both["series"][0]["last"], &both["series"][0]["min"]), (&json!(["NaN"]), &json!([null])));
    assert_eq!(both["series"][1]["points"], 0);
    is_problem(&ask(&served, "POST", "series", &json!({ "series": [] })), 422, "empty");
    let unknown = json!({ "series": [{ "run": "0".repeat(32), "key": "a" }] });
    is_problem(&ask(&served, "POST", "series", &unknown), 404, "no run");
}

#[test]
fn contents_come_whole_or_in_part_and_never_as_a_page() {
    let served = Served::start();
    let run = start(&served, "a");
    let content: Vec<u8> = (0..700_000_u32).map(|at| (at % 251) as u8).collect();
    served.store.put_artifact(run, "page ü.html", &content).unwrap();
    let path = format!("/api/v1/runs/{}/artifact?name=page+%C3%BC.html", run.run);
    let whole = served.send("GET", &path, "", b"");
    assert!(whole.body == content);
    assert_eq!(whole.header("content-type"), Some("application/octet-stream"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename*=UTF-8''page%20%C3%BC.html"));
    let tag = whole.header("etag").unwrap().to_owned();
    let part = served.send("GET", &path, "range: bytes=300000-300009\r\n", b"");
    assert_eq!((part.status, part.header("content-range")), (206, Some("bytes 300000-300009/700000")));
    assert_eq!(part.body, content[300_000..300_010]);
    let other = served.send("GET", &path, "range: bytes=0-1\r\nif-range: \"other\"\r\n", b"");
    assert_eq!((other.status, other.body.len()), (200, 700_000));
    let behind = served.send("GET", &path, "range: bytes=700000-\r\n", b"");
    is_problem(&behind, 416, "700000 bytes");
    assert_eq!(behind.header("content-range"), Some("bytes */700000"));
    let same = served.send("GET", &path, &format!("if-none-match: {tag}\r\n"), b"");
    assert_eq!((same.status, same.body.len()), (304, 0));
    let head = served.send("HEAD", &path, "", b"");
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, Some("700000"), 0));
    is_problem(
        &served.send("GET", &format!("/api/v1/runs/{}/artifact?name=../x", run.run), "", b""),
        422,
        "",
    );
    is_problem(&served.send("GET", &format!("/api/v1/runs/{}/artifact?name=x", run.run), "", b""), 404, "");
    assert_eq!(get(&served, &format!("runs/{}/artifacts", run.run))["artifacts"][0]["name"], "page ü.html");
}

#[test]
fn studies_and_experiments_are_listed_and_shown() {
    let served = Served::start();
    let id = study(&served);
    let listed = get(&served, "studies?experiment=search");
    assert_eq!((&listed["count"], &listed["studies"][0]["seed"]), (&json!(1), &json!(u64::MAX.to_string())));
    assert_eq!(get(&served, "studies?experiment=other")["studies"], json!([]));
    let whole = get(&served, &format!("studies/{id}"));
    assert_eq!((&whole["spec"], &whole["overrides"]), (&json!("[study]\n"), &json!([["a", "1"]])));
    assert_eq!(whole["goals"], json!([{ "metric": "loss", "direction": "minimize" }]));
    let trials = get(&served, &format!("studies/{id}/trials"));
    assert_eq!(
        (&trials["number"], &trials["values"], &trials["next"]),
        (&json!([]), &json!([[]]), &Value::Null)
    );
    let experiments = get(&served, "experiments");
    let names: Vec<_> =
        experiments["experiments"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert!(names.contains(&&json!("search")) && names.contains(&&json!("Default")), "{experiments}");
}

#[test]
fn models_have_versions_and_aliases() {
    let served = Served::start();
    let run = start(&served, "a");
    served.store.finish_run(run, &RunEnd::without_values(RunState::Complete, None)).unwrap();
    let version =
        ask(&served, "POST", "models/intents/versions", &json!({ "run": run.run, "note": "first" }));
    assert_eq!((version.status, &version.json()["version"]), (200, &json!(1)));
    let model =
        ask(&served, "PUT", "models/intents/aliases/champion", &json!({ "version": 1, "why": "best" }));
    assert_eq!(model.json()["versions"][0]["aliases"], json!(["champion"]));
    assert_eq!(get(&served, "models/intents")["events"].as_array().unwrap().len(), 2);
    is_problem(
        &ask(&served, "PUT", "models/intents/aliases/champion", &json!({ "version": 7 })),
        404,
        "intents@7",
    );
    is_problem(&ask(&served, "PUT", "models/intents/aliases/3", &json!({ "version": 1 })), 422, "alias");
    is_problem(&ask(&served, "POST", "models/..%40/versions", &json!({ "run": run.run })), 422, "model");
    let gone = served.send("DELETE", "/api/v1/models/intents/aliases/champion", "", b"");
    assert_eq!(gone.json()["versions"][0]["aliases"], json!([]));
    is_problem(&served.send("DELETE", "/api/v1/models/intents/aliases/champion", "", b""), 404, "alias");
    assert_eq!(get(&served, "models")["versions"].as_array().unwrap().len(), 1);
}

#[test]
fn the_description_names_every_route_and_pages_show_it() {
    let served = Served::start();
    let document = get(&served, "openapi.json");
    for need in uaic_server::needs() {
        let is_own = need.path.starts_with("/api/v1/")
            && !need.path.contains("/store")
            && need.path.rsplit('.').next() != Some("json");
        if is_own {
            let operation = &document["paths"][&need.path][need.method.to_ascii_lowercase()];
            assert!(operation["responses"]["200"].is_object(), "{} {}", need.method, need.path);
        }
    }
    let page = served.send("GET", "/docs/", "", b"");
    assert!(page.status == 200 && String::from_utf8_lossy(&page.body).contains("swagger"));
    assert_eq!(served.send("GET", "/docs", "", b"").status, 308);
}
