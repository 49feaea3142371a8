//! Registered models: one registry for both sides, numbers that are given once, sources that lead nowhere.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uaic_study::store::tracking::FilePlace;
use uaic_study::store::{Id, Store};

use super::http::{Served, assert_refused};

fn model(served: &Served, name: &str) {
    served.post("registered-models/create", json!({"name": name}));
}

fn version(served: &Served, name: &str, source: &str, run: &str) -> Value {
    let body = json!({"name": name, "source": source, "run_id": run});
    served.post("model-versions/create", body)["model_version"].take()
}

fn uri(served: &Served, run: &str) -> String {
    served.read(run)["info"]["artifact_uri"].as_str().unwrap().to_owned()
}

#[test]
fn both_sides_see_the_same_models_versions_and_aliases() {
    let served = Served::start();
    let (run, other) = (served.run("0"), served.run("0"));
    let id = Id::parse(&run).unwrap();
    let registered = served.store.register_model("intents", id, "by hand").unwrap();
    assert_eq!(
        (registered.version, registered.run, registered.place()),
        (1, Some(id), Some(place(&run, "")))
    );
    let seen = served.get("registered-models/get?name=intents")["registered_model"].take();
    let first = &seen["latest_versions"][0];
    assert_eq!(
        (&first["version"], &first["run_id"], &first["description"]),
        (&json!("1"), &json!(run), &json!("by hand"))
    );
    assert_eq!(first["source"], json!(uri(&served, &run)));
    let source = format!("{}/model/intents.uaic", uri(&served, &other));
    assert_eq!(version(&served, "intents", &source, &other)["version"], "2");
    let versions = served.store.model_versions(Some("intents")).unwrap();
    assert_eq!(versions[1].place(), Some(place(&other, "model/intents.uaic")));
    served.store.set_model_alias("intents", "champion", Some(2), "promoted").unwrap();
    let champion = served.get("registered-models/alias?name=intents&alias=champion");
    assert_eq!(champion["model_version"]["version"], "2");
    served.post("registered-models/alias", json!({"name": "intents", "alias": "challenger", "version": "1"}));
    let versions = served.store.model_versions(Some("intents")).unwrap();
    assert_eq!(
        versions.iter().map(|version| version.aliases.join(",")).collect::<Vec<_>>(),
        ["challenger", "champion"]
    );
    let kinds: Vec<String> =
        served.store.model_events("intents").unwrap().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, ["registered", "registered", "alias", "alias"]);
    // What has no run, and what `uaic` could not name, is listed.
    model(&served, "a name @ größe");
    version(&served, "a name @ größe", "s3://bucket/x", "");
    let all = served.store.model_versions(None).unwrap();
    assert_eq!(all[0].name, "a name @ größe");
    assert_eq!((all[0].run, all[0].source.as_deref(), all[0].place()), (None, Some("s3://bucket/x"), None));
    assert!(all[0].kept_by().is_err());
    // A run that is a version stays.
    let refused = served.store.delete_run(Id::parse(&other).unwrap());
    assert!(refused.is_err());
}

fn place(run: &str, name: &str) -> FilePlace {
    FilePlace::Artifact { run: Id::parse(run).unwrap(), name: name.to_owned() }
}

#[test]
fn numbers_of_versions_are_given_once_however_many_ask() {
    let served = Served::start();
    model(&served, "m");
    let make = || version(&served, "m", "s3://b/x", "")["version"].as_str().unwrap().parse::<u32>().unwrap();
    let given = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let number = make();
                    given.lock().unwrap().push(number);
                }
            });
        }
    });
    let given: BTreeSet<u32> = given.into_inner().unwrap().into_iter().collect();
    assert_eq!(given, (1..=80).collect());
    let gone = served.ask("DELETE", "model-versions/delete", &json!({"name": "m", "version": 80}));
    assert_eq!(gone.status, 200);
    assert_eq!(make(), 81, "also of what is deleted");
    let found = served.get("model-versions/search?max_results=5&filter=name%3D'm'");
    assert_eq!(found["model_versions"].as_array().unwrap().len(), 5);
    let token = found["next_page_token"].as_str().unwrap();
    let next =
        served.get(&format!("model-versions/search?max_results=200&filter=name%3D'm'&page_token={token}"));
    assert_eq!(next["model_versions"].as_array().unwrap().len(), 75);
    assert!(next["next_page_token"].is_null());
}

#[test]
fn a_prompt_is_no_model_and_its_tag_opens_no_door() {
    let served = Served::start();
    let is_prompt = json!([{"key": "mlflow.prompt.is_prompt", "value": "true"}]);
    served.post("registered-models/create", json!({"name": "p", "tags": is_prompt}));
    let body = json!({"name": "p", "source": "dummy-source", "tags": is_prompt});
    assert_eq!(served.post("model-versions/create", body)["model_version"]["version"], "1");
    for source in ["/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/x"] {
        let body = json!({"name": "p", "source": source, "tags": is_prompt});
        served.refuses("model-versions/create", body, "INVALID_PARAMETER_VALUE", "Invalid prompt source");
    }
    assert_eq!(served.get("registered-models/search"), json!({}));
    for filter in ["tags.`mlflow.prompt.is_prompt` != 'true'", "tag.`mlflow.prompt.is_prompt` = 'false'"] {
        model(&served, filter.split(' ').next_back().unwrap());
        let found = served.get(&format!("registered-models/search?filter={}", filter.replace(' ', "%20")));
        assert!(!found["registered_models"].as_array().unwrap().is_empty(), "{filter}");
    }
    let found = served.get("registered-models/search?filter=tags.`mlflow.prompt.is_prompt`%20=%20'true'");
    assert_eq!(found["registered_models"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_wrong_is_a_400_and_changes_nothing() {
    let served = Served::start();
    model(&served, "m");
    let invalid = "INVALID_PARAMETER_VALUE";
    for (path, body, text) in [
        ("registered-models/create", json!({}), "Missing value for required parameter 'name'"),
        ("registered-models/create", json!({"name": 5}), "Invalid value 5 for parameter 'name'"),
        ("registered-models/create", json!({"name": "x", "tags": [{"value": "v"}]}), "'tags[0].key'"),
        ("model-versions/create", json!({"name": "m"}), "Missing value for required parameter 'source'"),
        (
            "model-versions/transition-stage",
            json!({"name": "m", "version": "x", "stage": "Staging"}),
            "'version'",
        ),
        ("model-versions/transition-stage", json!({"name": "m", "version": "1"}), "'stage'"),
        (
            "model-versions/set-tag",
            json!({"name": "m", "version": "1", "key": "k", "value": "x".repeat(100_001)}),
            "100000",
        ),
        ("registered-models/alias", json!({"name": "m", "alias": "v3", "version": "1"}), "reserved"),
        ("registered-models/rename", json!({"name": "m", "new_name": "a/b"}), "cannot contain"),
    ] {
        served.refuses(path, body, invalid, text);
    }
    served.refuses(
        "model-versions/set-tag",
        json!({"name": "m", "version": -1, "key": "k"}),
        "RESOURCE_DOES_NOT_EXIST",
        "",
    );
    let long = format!("registered-models/search?filter=name%20LIKE%20'{}'", "%25".repeat(10_001));
    served.refuses_get(&long, invalid, "pattern");
    let other = served.send("GET", "/ajax-api/2.0/mlflow/registered-models/get?name=nobody", "", b"");
    assert_refused(
        &other,
        "RESOURCE_DOES_NOT_EXIST",
        "Registered Model with name=nobody not found",
        "mirror",
    );
    assert_eq!(
        served.get("registered-models/get?name=m")["registered_model"]["latest_versions"],
        json!(null)
    );
}
