//! Trials that are evaluated elsewhere.

use std::sync::Arc;

use serde_json::json;
use uaic_server::{Desk, DeskError};
use uaic_study::pruner::PrunerSpec;
use uaic_study::space::{Distribution, Space};
use uaic_study::store::{Id, Store, StudyRecord};
use uaic_study::{Asked, StudySetup, StudySpec, Told};

use super::{ask, get, is_problem, study};
use crate::http::Served;

/// Who knows one study.
struct OneStudy {
    space: Space,
    spec: StudySpec,
}

impl OneStudy {
    fn setup(&self, study: &StudyRecord) -> Result<StudySetup<'_>, DeskError> {
        if study.plan.spec_text != "[study]\n" {
            return Err(DeskError::Spec("it is another".into()));
        }
        StudySetup::new(&self.space, &self.spec, &PrunerSpec::None, "loss")
            .map_err(|error| DeskError::Spec(error.to_string()))
    }
}

impl Desk for OneStudy {
    fn ask(&self, store: &dyn Store, study: &StudyRecord) -> Result<Asked, DeskError> {
        Ok(uaic_study::ask(store, study, &self.setup(study)?)?)
    }

    fn tell(
        &self,
        store: &dyn Store,
        study: &StudyRecord,
        number: u32,
        told: &Told,
    ) -> Result<bool, DeskError> {
        Ok(uaic_study::tell(store, study, &self.setup(study)?, number, told)?)
    }
}

pub(super) fn served() -> Served {
    let space = Space::new([("x".to_owned(), Distribution::Log { low: 1e-5, high: 0.1 })]);
    let spec = StudySpec { trials: 6, ..StudySpec::default() };
    Served::with(Some(Arc::new(OneStudy { space, spec })))
}

#[test]
fn trials_are_given_out_once_and_their_results_taken() {
    let served = served();
    let id = study(&served);
    let given = ask(&served, "POST", &format!("studies/{id}/ask"), &json!({ "count": 2 }));
    assert_eq!(given.status, 200, "{}", String::from_utf8_lossy(&given.body));
    let given = given.json();
    assert_eq!((&given["trials"][0]["number"], &given["trials"][1]["number"]), (&json!(0), &json!(1)));
    assert!(given["trials"][0]["params"]["x"].as_f64().unwrap() > 0.0);
    let tell = |body: serde_json::Value| ask(&served, "POST", &format!("studies/{id}/tell"), &body);
    assert_eq!(tell(json!({ "number": 0, "values": [0.5] })).json(), json!({ "news": true }));
    assert_eq!(tell(json!({ "number": 0, "values": [0.5] })).json(), json!({ "news": false }));
    is_problem(&tell(json!({ "number": 0, "values": [0.6] })), 409, "COMPLETE already");
    is_problem(&tell(json!({ "number": 1, "values": [0.6, 1.0] })), 422, "2 values");
    is_problem(&tell(json!({ "number": 1 })), 422, "value");
    is_problem(&tell(json!({ "number": 5, "state": "PRUNED" })), 404, "no trial 5");
    assert_eq!(tell(json!({ "number": 1, "state": "FAILED", "reason": "out of memory" })).status, 200);
    // What is left is fewer than what is wanted.
    let rest = ask(&served, "POST", &format!("studies/{id}/ask"), &json!({ "count": 9 })).json();
    assert_eq!(rest["trials"].as_array().unwrap().len(), 4);
    assert!(rest["note"].as_str().unwrap().contains("all of its 6 trials"));
    for number in 2..6 {
        assert_eq!(tell(json!({ "number": number, "values": ["inf"] })).status, 200);
    }
    is_problem(&ask(&served, "POST", &format!("studies/{id}/ask"), &json!({})), 409, "all of its 6 trials");
    let trials = get(&served, &format!("studies/{id}/trials?limit=4"));
    assert_eq!(trials["number"], json!([0, 1, 2, 3]));
    assert_eq!(trials["values"], json!([[0.5, null, "inf", "inf"]]));
    assert_eq!(trials["next"], 4);
    assert_eq!(trials["params"]["x"].as_array().unwrap().len(), 4);
    let rest = get(&served, &format!("studies/{id}/trials?from=4"));
    assert_eq!((&rest["number"], rest["next"].is_null()), (&json!([4, 5]), true));
    let shown = get(&served, &format!("studies/{id}"));
    assert_eq!(
        (&shown["state"], &shown["tally"]["complete"], &shown["tally"]["best"]),
        (&json!("COMPLETE"), &json!(5), &json!(0.5))
    );
}

#[test]
fn a_server_that_reads_no_specs_says_so() {
    let served = Served::start();
    let id = study(&served);
    is_problem(&ask(&served, "POST", &format!("studies/{id}/ask"), &json!({})), 501, "specs");
    let unknown = Id::random();
    is_problem(&ask(&served, "POST", &format!("studies/{unknown}/ask"), &json!({})), 404, "no study");
}

#[test]
fn who_asks_again_with_the_same_key_gets_the_same_trials() {
    let served = served();
    let id = study(&served);
    let ask = |key: &str, count: u32| {
        let headers = format!("content-type: application/json\r\nidempotency-key: {key}\r\n");
        let body = json!({ "count": count }).to_string();
        served.send("POST", &format!("/api/v1/studies/{id}/ask"), &headers, body.as_bytes())
    };
    let first = ask("a", 2).json();
    assert_eq!(ask("a", 2).json(), first);
    assert_eq!(ask("b", 1).json()["trials"][0]["number"], 2);
    assert_eq!(ask("a", 2).json(), first);
    is_problem(&ask("a b", 1), 422, "ASCII");
    assert_eq!(get(&served, &format!("studies/{id}/trials"))["number"], json!([0, 1, 2]));
}
