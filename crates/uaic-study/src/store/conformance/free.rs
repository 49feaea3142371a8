//! Runs that belong to no study, runs that were executed elsewhere, and what people do to runs.

use super::{dead_process, end, new_run, point, run_in, study_in};
use crate::store::{
    Bucket, Home, Id, Known, Look, NewRun, OutsideRun, Point, RunEdit, RunEnd, RunKind, RunQuery, Store,
    StoreError,
};
use crate::trial::{ParamValue, RunState};

fn new_free_run(experiment: &str) -> NewRun {
    NewRun {
        home: Home::Experiment(experiment.into()),
        kind: RunKind::Free,
        number: None,
        ..new_run(Id([0; 16]), 0)
    }
}

pub(super) fn free_run_in(store: &dyn Store) -> crate::store::Attempt {
    store.start_run(&new_free_run("own")).unwrap()
}

fn points(range: std::ops::Range<i64>) -> Vec<Point> {
    range.map(|step| Point { step, time_ms: 7 * step, value: (step * step % 97) as f64 }).collect()
}

pub fn a_run_of_no_study_is_a_new_one_each_time(store: &dyn Store) {
    let new = new_free_run("own");
    let [first, second] = [0, 1].map(|_| store.start_run(&new).unwrap());
    assert!(first.run != second.run && first.number == 1 && second.number == 1);
    store.log_metrics(first, &[point("loss", 0, 0.5)]).unwrap();
    store.finish_run(first, &end(RunState::Failed)).unwrap();
    let seen = store.run(first.run).unwrap();
    assert_eq!((seen.start, seen.experiment.as_str(), seen.state), (new, "own", RunState::Failed));
    assert_eq!(store.series(first.run, "loss").unwrap().len(), 1);
    assert!(store.series(second.run, "loss").unwrap().is_empty());
    store.start_run(&NewRun { process: dead_process(), ..new_free_run("other") }).unwrap();
    let crashed = RunQuery { state: Some(RunState::Crashed), ..RunQuery::default() };
    assert_eq!(store.runs(&crashed).unwrap()[0].experiment, "other");
    let own = RunQuery { experiment: Some("own".into()), ..RunQuery::default() };
    assert_eq!(store.count_runs(&own).unwrap(), 2);
}

pub fn a_run_of_no_study_may_have_an_id_that_was_known_before(store: &dyn Store) {
    let (id, new) = (Id::random(), new_free_run("own"));
    let attempt = store.start_run_as(id, &new).unwrap();
    assert_eq!((attempt.run, attempt.number), (id, 1));
    assert!(matches!(store.start_run_as(id, &new), Err(StoreError::Clash { .. })));
    let facts = |value: &str| [("git.dirty".to_owned(), value.to_owned())].into();
    store.add_facts(attempt, &facts("false")).unwrap();
    store.add_facts(attempt, &facts("true")).unwrap();
    let environment = store.run(id).unwrap().start.environment;
    assert_eq!(environment["git.dirty"], "true");
    assert_eq!(environment.len(), new.environment.len() + 1);
    store.finish_run(attempt, &end(RunState::Complete)).unwrap();
    assert!(matches!(store.add_facts(attempt, &facts("false")), Err(StoreError::Ended { .. })));
}

pub fn runs_are_named_noted_and_nested(store: &dyn Store) {
    let (sweep, part) = (free_run_in(store), free_run_in(store));
    let trial = run_in(store);
    store.edit_run(part.run, &RunEdit::Name(Some("größe 1".into()))).unwrap();
    store.edit_run(part.run, &RunEdit::Note(Some("# why\n*because*".into()))).unwrap();
    store.finish_run(part, &end(RunState::Complete)).unwrap();
    store.edit_run(part.run, &RunEdit::Parent(Some(sweep.run))).unwrap();
    store.edit_run(trial.run, &RunEdit::Parent(Some(sweep.run))).unwrap();
    let seen = store.run(part.run).unwrap();
    assert_eq!((seen.name.as_deref(), seen.note.as_deref()), (Some("größe 1"), Some("# why\n*because*")));
    assert_eq!(seen.parent, Some(sweep.run));
    let parts = RunQuery { parent: Some(sweep.run), ..RunQuery::default() };
    let found: Vec<Id> = store.runs(&parts).unwrap().iter().map(|run| run.id).collect();
    assert_eq!(found, [trial.run, part.run]);
    assert_eq!(store.count_runs(&parts).unwrap(), 2);
    for edit in [RunEdit::Name(None), RunEdit::Note(None), RunEdit::Parent(None)] {
        store.edit_run(part.run, &edit).unwrap();
    }
    let seen = store.run(part.run).unwrap();
    assert_eq!((seen.name, seen.note, seen.parent), (None, None, None));
    store.set_tag(part.run, "team", "nlp").unwrap();
    for _ in 0..2 {
        store.edit_run(part.run, &RunEdit::RemoveTag("team".into())).unwrap();
    }
    assert!(store.tags(part.run).unwrap().is_empty());
    let nobody = store.edit_run(Id::random(), &RunEdit::Name(None)).unwrap_err();
    assert!(matches!(nobody, StoreError::NotFound { what: "run", .. }), "{nobody}");
}

pub fn a_run_is_no_part_of_itself(store: &dyn Store) {
    let runs = [0, 1, 2].map(|_| free_run_in(store).run);
    let nest = |run, parent| store.edit_run(run, &RunEdit::Parent(Some(parent)));
    nest(runs[1], runs[0]).unwrap();
    nest(runs[2], runs[1]).unwrap();
    for (run, parent) in [(0, 0), (0, 1), (0, 2), (1, 2)] {
        let error = nest(runs[run], runs[parent]).unwrap_err();
        assert!(matches!(error, StoreError::Circle { .. }), "{error}");
    }
    nest(runs[2], runs[0]).unwrap();
    assert!(matches!(nest(runs[2], Id::random()), Err(StoreError::NotFound { .. })));
}

pub fn removed_runs_are_gone_and_their_parts_move_up(store: &dyn Store) {
    let [top, middle, low] = [0, 1, 2].map(|_| free_run_in(store));
    for (run, parent) in [(middle, top), (low, middle)] {
        store.edit_run(run.run, &RunEdit::Parent(Some(parent.run))).unwrap();
    }
    store.log_metrics(middle, &[point("loss", 0, 0.5), point("loss", 1, 0.4)]).unwrap();
    store.put_artifact(middle, "log.txt", b"text").unwrap();
    store.set_tag(middle.run, "team", "nlp").unwrap();
    store.finish_run(middle, &end(RunState::Complete)).unwrap();
    store.delete_run(middle.run).unwrap();
    assert!(matches!(store.run(middle.run), Err(StoreError::NotFound { .. })));
    assert!(matches!(store.delete_run(middle.run), Err(StoreError::NotFound { .. })));
    assert_eq!(store.run(low.run).unwrap().parent, Some(top.run));
    assert_eq!(store.count_runs(&RunQuery { include_hidden: true, ..RunQuery::default() }).unwrap(), 2);
}

pub fn what_is_needed_is_not_removed(store: &dyn Store) {
    let (running, model, trial) = (free_run_in(store), free_run_in(store), run_in(store));
    for ended in [model, trial] {
        store.finish_run(ended, &end(RunState::Complete)).unwrap();
    }
    store.register_model("intents", model.run, "").unwrap();
    for run in [running, model, trial] {
        let error = store.delete_run(run.run).unwrap_err();
        assert!(matches!(error, StoreError::InUse { .. }), "{error}");
        store.run(run.run).unwrap();
    }
}

pub fn steps_below_zero_come_back(store: &dyn Store) {
    let attempt = free_run_in(store);
    let steps = [i64::MIN, -3, 0, 5, i64::MAX];
    for step in steps.into_iter().rev() {
        store.log_metrics(attempt, &[point("x", step, step as f64)]).unwrap();
    }
    let seen: Vec<i64> = store.series(attempt.run, "x").unwrap().iter().map(|point| point.step).collect();
    assert_eq!(seen, steps);
    assert_eq!(store.latest_metrics(attempt.run).unwrap()[0].step, i64::MAX);
}

pub fn a_long_series_is_seen_from_afar_with_its_extremes(store: &dyn Store) {
    let attempt = free_run_in(store);
    let mut all = points(0..30_000);
    all[12_345].value = 1e6;
    all[23_456].value = -1e6;
    all[777].value = f64::NAN;
    for part in all.chunks(700) {
        let part: Vec<_> = part
            .iter()
            .map(|at| crate::store::MetricPoint { time_ms: at.time_ms, ..point("x", at.step, at.value) })
            .collect();
        store.log_metrics(attempt, &part).unwrap();
    }
    let same = |a: &[Point], b: &[Point]| {
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| {
                (a.step, a.time_ms, a.value.to_bits()) == (b.step, b.time_ms, b.value.to_bits())
            })
    };
    assert!(same(&store.series(attempt.run, "x").unwrap(), &all));
    for (steps, most) in [(i64::MIN..=i64::MAX, 3), (0..=29_999, 100), (500..=25_000, 40), (10..=20, 100)] {
        let look = Look { steps: steps.clone(), buckets: most };
        let seen = store.buckets(attempt.run, "x", &look).unwrap();
        let meant: Vec<_> = all.iter().copied().filter(|point| steps.contains(&point.step)).collect();
        let mut whole = seen[0];
        seen[1..].iter().for_each(|bucket| whole.add(bucket));
        let mut expected = Bucket::of(meant[0]);
        meant[1..].iter().for_each(|point| expected.add(&Bucket::of(*point)));
        assert_eq!(whole, expected, "{steps:?}");
        assert!(seen.len() <= 3 * most as usize, "{} buckets", seen.len());
        assert!(
            seen.len() * 3 >= meant.len().min(most as usize),
            "{} buckets of {}",
            seen.len(),
            meant.len()
        );
        assert!(seen.windows(2).all(|pair| pair[0].last.step <= pair[1].first.step));
    }
    assert!(store.buckets(attempt.run, "y", &Look::whole(10)).unwrap().is_empty());
}

pub fn a_run_from_elsewhere_is_seen_when_it_is_whole(store: &dyn Store) {
    let outside = OutsideRun {
        name: Some("old".into()),
        note: Some("from elsewhere".into()),
        params: [("lr".to_owned(), ParamValue::Text("1e-05".into())), ("n".to_owned(), ParamValue::Int(3))]
            .into(),
        tags: [("team".to_owned(), "nlp".to_owned())].into(),
        end: RunEnd { reason: Some("killed".into()), ..end(RunState::Failed) },
        ended_ms: Some(1_600_000_009_000),
        ..OutsideRun::new(Id::random(), "old", 1_600_000_000_000)
    };
    assert_eq!(store.begin_outside_run(&outside).unwrap(), Known::default());
    store.add_outside_points(outside.id, &[("loss".to_owned(), points(-5..9_000))].into()).unwrap();
    let file = std::env::temp_dir().join(format!("uaic-outside-{}", outside.id));
    std::fs::write(&file, b"weights").unwrap();
    store.add_outside_artifact(outside.id, "model/weights", &file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let all = RunQuery { include_hidden: true, ..RunQuery::default() };
    assert!(store.runs(&all).unwrap().is_empty() && store.count_runs(&all).unwrap() == 0);
    assert!(matches!(store.run(outside.id), Err(StoreError::NotFound { .. })));
    store.end_outside_run(outside.id).unwrap();
    let seen = store.run(outside.id).unwrap();
    assert_eq!(store.runs(&RunQuery::default()).unwrap(), std::slice::from_ref(&seen));
    assert_eq!((seen.name, seen.note, &seen.start.params), (outside.name, outside.note, &outside.params));
    assert_eq!((seen.state, seen.reason.as_deref()), (RunState::Failed, Some("killed")));
    assert_eq!((seen.started_ms, seen.ended_ms), (1_600_000_000_000, Some(1_600_000_009_000)));
    assert_eq!(store.tags(outside.id).unwrap(), outside.tags);
    assert_eq!(store.series(outside.id, "loss").unwrap(), points(-5..9_000));
    assert_eq!(store.read_artifact(outside.id, "model/weights").unwrap(), b"weights");
}

pub fn a_source_that_grew_adds_what_is_new(store: &dyn Store) {
    let running = OutsideRun {
        end: RunEnd::without_values(RunState::Running, None),
        ended_ms: None,
        ..OutsideRun::new(Id::random(), "old", 5)
    };
    for (whole, length) in [(false, 1), (true, 3), (true, 5_000), (true, 5_000), (true, 9_999)] {
        let known = store.begin_outside_run(&running).unwrap();
        assert_eq!(known.is_whole, whole);
        let there = known.points.get("loss").copied().unwrap_or_default();
        store
            .add_outside_points(running.id, &[("loss".to_owned(), points(there as i64..length))].into())
            .unwrap();
        store.end_outside_run(running.id).unwrap();
        assert_eq!(store.series(running.id, "loss").unwrap(), points(0..length));
    }
    assert_eq!(store.run(running.id).unwrap().state, RunState::Running, "nobody here knows better");
    let ended = OutsideRun { ended_ms: Some(9), ..OutsideRun::new(running.id, "old", 5) };
    assert_eq!(store.begin_outside_run(&ended).unwrap().points["loss"], 9_999);
    store.end_outside_run(ended.id).unwrap();
    assert_eq!(store.run(ended.id).unwrap().state, RunState::Complete);
    assert_eq!(store.count_runs(&RunQuery::default()).unwrap(), 1);
}

pub fn what_comes_from_elsewhere_takes_nobodys_place(store: &dyn Store) {
    let own = free_run_in(store);
    let error = store.begin_outside_run(&OutsideRun::new(own.run, "old", 5)).unwrap_err();
    assert!(matches!(error, StoreError::Clash { .. }), "{error}");
    let study = study_in(store);
    let trial = |number| OutsideRun {
        home: study.into(),
        kind: RunKind::Trial,
        number: Some(number),
        end: RunEnd::complete([0.25]),
        ..OutsideRun::new(Id::random(), "", 5)
    };
    store.start_run(&new_run(study, 0)).unwrap();
    let error = store.begin_outside_run(&trial(0)).unwrap_err();
    assert!(matches!(error, StoreError::Clash { .. }), "{error}");
    let second = trial(1);
    store.begin_outside_run(&second).unwrap();
    store.end_outside_run(second.id).unwrap();
    let seen = store.run(second.id).unwrap();
    assert_eq!((seen.experiment.as_str(), seen.values), ("attention", vec![0.25]));
    assert_eq!(store.tally(study).unwrap().complete, 1);
    let lost = OutsideRun { parent: Some(Id::random()), ..OutsideRun::new(Id::random(), "old", 5) };
    assert!(matches!(store.begin_outside_run(&lost), Err(StoreError::NotFound { .. })));
}

/// Name, parameters, metrics, tags and state of a run.
type Row = (
    &'static str,
    Vec<(&'static str, ParamValue)>,
    Vec<(&'static str, f64)>,
    Vec<(&'static str, &'static str)>,
    RunState,
);

/// Runs with all that a condition may ask for: (name, params, metrics, tags, state).
fn searched_runs(store: &dyn Store) -> Vec<Id> {
    let text = |text: &str| ParamValue::Text(text.to_owned());
    let rows: [Row; 6] = [
        (
            "a",
            vec![("opt", text("adam")), ("lr", ParamValue::Float(0.001)), ("n", ParamValue::Int(3))],
            vec![("val/accuracy", 0.91)],
            vec![("team", "the nlp team")],
            RunState::Complete,
        ),
        (
            "b",
            vec![("opt", text("sgd")), ("lr", text("1e-05")), ("n", text("3"))],
            vec![("val/accuracy", 0.95), ("loss", f64::NAN)],
            vec![("team", "NLP")],
            RunState::Complete,
        ),
        (
            "c",
            vec![("opt", text("adam")), ("lr", text("auto")), ("amp", ParamValue::Bool(true))],
            vec![("val/accuracy", 0.5), ("loss", f64::INFINITY)],
            vec![],
            RunState::Failed,
        ),
        (
            "d",
            vec![("lr", ParamValue::Float(0.1))],
            vec![("loss", -1.5)],
            vec![("team", "vision")],
            RunState::Interrupted,
        ),
        (
            "e",
            vec![("opt", text("Adam")), ("amp", ParamValue::Bool(false)), ("n", text("03"))],
            vec![("val/accuracy", 0.99), ("loss", 2.0)],
            vec![("a b", "x")],
            RunState::Complete,
        ),
        ("f", vec![("lr", ParamValue::Float(f64::NAN))], vec![], vec![], RunState::Complete),
    ];
    let mut ids = Vec::new();
    for (at, (name, params, metrics, tags, state)) in (0..).zip(rows) {
        let run = OutsideRun {
            name: Some(name.to_owned()),
            params: params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            tags: tags.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            end: end(state),
            ended_ms: Some(1_000_000 * at + 2_000 * (at + 1)),
            ..OutsideRun::new(Id([at as u8; 16]), if at < 3 { "one" } else { "two" }, 1_000_000 * at)
        };
        store.begin_outside_run(&run).unwrap();
        for (key, value) in metrics {
            let points = [Point { step: 0, time_ms: 0, value: 7.0 }, Point { step: 1, time_ms: 1, value }];
            store.add_outside_points(run.id, &[(key.to_owned(), points.to_vec())].into()).unwrap();
        }
        store.end_outside_run(run.id).unwrap();
        ids.push(run.id);
    }
    store.set_hidden(ids[5], true).unwrap();
    ids
}

pub fn conditions_find_what_they_say(store: &dyn Store) {
    searched_runs(store);
    let check = |text: &str, expected: &str| {
        let (condition, order) = crate::store::query::parse(text, 10_000_000).unwrap();
        let whole = RunQuery { condition: Some(condition), order, ..RunQuery::default() };
        let found = |query: &RunQuery| -> String {
            store.runs(query).unwrap().iter().map(|run| run.name.clone().unwrap()).collect()
        };
        assert_eq!(found(&whole), expected, "{text}");
        assert_eq!(store.count_runs(&whole).unwrap(), expected.len() as u64, "{text}");
        for (limit, offset) in [(2, 0), (2, 1), (1, 3), (10, 4)] {
            let page = RunQuery { limit: Some(limit), offset, ..whole.clone() };
            let expected: String = expected.chars().skip(offset as usize).take(limit as usize).collect();
            assert_eq!(found(&page), expected, "{text} limit {limit} offset {offset}");
        }
    };
    for (text, expected) in [
        ("", "edcba"),
        ("metrics.val/accuracy > 0.9", "eba"),
        ("metrics.val/accuracy >= 0.95 and params.opt = adam", ""),
        ("metrics.val/accuracy > 0.9 and params.opt = \"adam\"", "a"),
        ("params.opt = adam or params.opt = sgd", "cba"),
        ("params.opt != adam", "eb"),
        ("not params.opt = adam", "edb"),
        ("params.opt ilike 'adam'", "eca"),
        ("params.opt like 'ada%' and state = failed", "c"),
        ("params.opt in (sgd, Adam)", "eb"),
        ("params.opt not in (sgd, Adam)", "ca"),
        ("params.lr < 0.01", "ba"),
        ("params.lr = 0.00001", "b"),
        ("params.lr = '1e-05'", "b"),
        ("params.lr = auto", "c"),
        ("params.lr > 0.05", "d"),
        ("params.n = 3", "eba"),
        ("params.n = '3'", "ba"),
        ("params.n = '03'", "e"),
        ("params.n != 3", ""),
        ("params.amp = true", "c"),
        ("params.amp = 'true'", "c"),
        ("params.amp != true", "e"),
        ("params.amp is null", "dba"),
        ("params.amp is not null", "ec"),
        ("metrics.loss exists", "edcb"),
        ("metrics.loss > 1e300", "c"),
        ("metrics.loss != 2", "dcb"),
        ("metrics.loss in (2, -1.5)", "ed"),
        ("metrics.nothing > 0", ""),
        ("not metrics.nothing > 0", "edcba"),
        ("tags.team like '%nlp%'", "a"),
        ("tags.team ilike '%nlp%'", "ba"),
        ("tags.\"a b\" = x", "e"),
        ("tags.team is null", "ec"),
        ("experiment = two", "ed"),
        ("state in (FINISHED, killed)", "edba"),
        ("name >= c and started < 4000000", "dc"),
        ("started > -7500s", "ed"),
        ("duration > 5s", "edc"),
        ("id = '02020202020202020202020202020202'", "c"),
        ("number exists or value exists or study exists or parent exists", "eba"),
        ("kind = free and attempts = 1", "edcba"),
        ("hidden = true", ""),
        ("order by metrics.val/accuracy", "cabed"),
        ("order by metrics.val/accuracy desc", "ebacd"),
        ("state = complete order by metrics.loss", "eba"),
        ("order by params.lr", "badce"),
        ("order by params.opt desc, name", "bacedf".trim_end_matches('f')),
        ("order by duration desc", "edcba"),
        ("order by name", "abcde"),
        ("metrics.loss < 100 order by metrics.loss desc", "ed"),
    ] {
        check(text, expected);
    }
    let hidden = RunQuery {
        include_hidden: true,
        condition: Some(
            crate::store::query::parse_condition("hidden = true or params.lr exists", 0).unwrap(),
        ),
        ..RunQuery::default()
    };
    let found = store.runs(&hidden).unwrap();
    let names: String = found.iter().map(|run| run.name.clone().unwrap()).collect();
    assert_eq!(names, "fdcba");
}
