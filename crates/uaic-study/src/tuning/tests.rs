use super::*;
use crate::store::MemoryStore;
use crate::trial::{ParamValue, RunState};

/// A closure with a branch: momentum exists under sgd.
fn branching(draw: &Draw<'_>) -> Result<f64, ObjectiveError> {
    let x = draw.uniform("x", 0.0, 1.0)?;
    let momentum = match draw.choice("opt", ["sgd", "adam"])? {
        "sgd" => draw.uniform("momentum", 0.0, 0.99)?,
        _ => 0.9,
    };
    Ok(x + momentum)
}

fn wanted(of: &[(&str, ParamValue)]) -> Params {
    of.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

#[test]
fn an_enqueued_value_brings_the_choice_that_it_needs_once_trials_have_shown_it() {
    let store = MemoryStore::new();
    let study = Study::builder("branches").create(&store).unwrap();
    study.optimize(12, branching).unwrap();
    let number = study.enqueue(wanted(&[("momentum", ParamValue::Float(0.5))])).unwrap();
    let outcome = study.optimize(14, branching).unwrap();
    let params = &outcome.finished[number as usize].trial.params;
    assert_eq!((&params["momentum"], &params["opt"]), (&ParamValue::Float(0.5), &"sgd".into()));
}

#[test]
fn what_no_trial_can_have_is_refused() {
    let store = MemoryStore::new();
    let study = Study::builder("branches").create(&store).unwrap();
    study.optimize(12, branching).unwrap();
    for (of, said) in [
        (vec![("momentum", ParamValue::Float(0.5)), ("opt", "adam".into())], "exists only when `opt` is sgd"),
        (vec![("x", ParamValue::Float(1.5))], "`x` is searched over"),
        (vec![("opt", "lion".into())], "not lion"),
    ] {
        let error = study.enqueue(wanted(&of)).unwrap_err();
        assert!(matches!(error, StudyError::Promise(_)) && error.to_string().contains(said), "{error}");
    }
    assert!(store.changes(study.id()).unwrap().is_empty());
}

#[test]
fn a_whole_number_is_a_real_one_where_that_is_drawn() {
    let store = MemoryStore::new();
    let study = Study::builder("numbers").create(&store).unwrap();
    study.enqueue(wanted(&[("x", ParamValue::Int(1)), ("n", ParamValue::Float(3.0))])).unwrap();
    let outcome =
        study.optimize(1, |draw| Ok(draw.uniform("x", 0.0, 2.0)? + draw.int("n", 1, 5)? as f64)).unwrap();
    assert_eq!(outcome.finished[0].trial.values, [4.0]);
}

#[test]
fn a_promise_that_a_trial_does_not_keep_is_no_secret() {
    let store = MemoryStore::new();
    let study = Study::builder("promises").create(&store).unwrap();
    // Nothing is known of the space yet, so these are taken.
    study.enqueue(wanted(&[("momentum", ParamValue::Float(0.5)), ("opt", "adam".into())])).unwrap();
    study.enqueue(wanted(&[("x", ParamValue::Float(7.0))])).unwrap();
    let outcome = study.optimize(3, branching).unwrap();
    let reasons: Vec<Option<&str>> = outcome.finished.iter().map(|trial| trial.reason.as_deref()).collect();
    assert!(reasons[0].unwrap().contains("`momentum` was enqueued as 0.5, but the trial did not draw it"));
    assert!(reasons[1].unwrap().contains("`x` was enqueued as 7.0, but is drawn from"), "{reasons:?}");
    assert_eq!(outcome.finished[2].trial.state, RunState::Complete);
}

#[test]
fn a_study_ends_when_all_that_it_draws_from_has_been_tried() {
    let store = MemoryStore::new();
    let study = Study::builder("few").create(&store).unwrap();
    let objective = |draw: &Draw<'_>| {
        let depth = if draw.boolean("deep")? { draw.int("depth", 1, 3)? } else { 0 };
        Ok(depth as f64)
    };
    let outcome = study.optimize(40, objective).unwrap();
    assert_eq!((outcome.finished.len(), outcome.spent), (4, Some(4)));
    let endless = Study::builder("endless").create(&store).unwrap();
    let outcome = endless.optimize(9, |draw| draw.uniform("x", 0.0, 1.0)).unwrap();
    assert_eq!((outcome.finished.len(), outcome.spent), (9, None));
    let nothing = Study::builder("nothing").create(&store).unwrap();
    assert_eq!(nothing.optimize(9, |_| Ok(1.0)).unwrap().finished.len(), 9);
}

#[test]
fn hidden_trials_are_not_the_best() {
    let store = MemoryStore::new();
    let study = Study::builder("hidden").create(&store).unwrap();
    let outcome = study.optimize(6, |draw| draw.uniform("x", 0.0, 1.0)).unwrap();
    let best = outcome.best().unwrap();
    store.set_hidden(best.run, true).unwrap();
    let next = study.best().unwrap().unwrap();
    assert_ne!(next.trial.number, best.trial.number);
    assert_eq!(next.trial.number, outcome.ranked()[1].trial.number);
}
