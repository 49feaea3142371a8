use super::*;
use crate::space::Distribution;
use uaic_kernel::rng::SeedTree;

fn space(distributions: &[(&str, Distribution)], constraints: &[&str]) -> Space {
    let space = Space::new(distributions.iter().map(|(name, of)| ((*name).to_owned(), of.clone())));
    constraints.iter().fold(space, |space, text| space.with_constraint(text.parse().unwrap()))
}

fn real() -> Distribution {
    Distribution::Uniform { low: 0.0, high: 1.0, step: None }
}

fn int(low: i64, high: i64) -> Distribution {
    Distribution::Int { low, high, step: 1 }
}

fn choice(values: impl IntoIterator<Item = i64>) -> Distribution {
    Distribution::Choice(values.into_iter().map(ParamValue::Int).collect())
}

fn names(values: &[&str]) -> Distribution {
    Distribution::Choice(values.iter().map(|name| (*name).into()).collect())
}

fn drawn(space: &Space, count: usize) -> Vec<Params> {
    let region = Region::new(space, &Params::new());
    let mut rng = SeedTree::new(3).rng("region");
    (0..count)
        .map(|_| {
            let params = region.draw(&mut rng, |_| true).unwrap_or_else(|| panic!("none in {space:?}"));
            assert!(space.contains(&params), "{params:?}");
            params
        })
        .collect()
}

/// Each is a millionth of its space or less, some have no volume at all.
fn tiny() -> Vec<Space> {
    let three = [("a", real()), ("b", real()), ("c", real())];
    let twelve: Vec<(String, Distribution)> = (0..12).map(|i| (format!("p{i:02}"), int(0, 9))).collect();
    let twelve: Vec<(&str, Distribution)> =
        twelve.iter().map(|(name, of)| (name.as_str(), of.clone())).collect();
    let digits = (0..12).map(|i| format!("p{i:02}")).collect::<Vec<_>>().join(" + ");
    vec![
        space(&three, &["a + b + c <= 0.01"]),
        space(&three, &["a + b + c == 1"]),
        space(&three, &["a == b", "b == c"]),
        space(&three, &["abs(a - 0.37) < 1e-7"]),
        space(&three, &["0.3 <= a <= 0.3000001", "a < b < a + 1e-3"]),
        space(&three, &["a ^ 2 + b ^ 2 <= 1e-6"]),
        space(&three, &["abs(a - 0.5) >= 0.4999999"]),
        space(&three, &["a * b * c >= 0.99"]),
        space(&three, &["max(a, b, c) - min(a, b, c) < 1e-4"]),
        space(&three, &["(a - 0.2) * (a - 0.8) >= 0.1599999"]),
        space(&three, &["a * b == 0.25", "c / a == 0.5"]),
        space(&[("a", Distribution::Log { low: 1e-9, high: 1.0 }), ("b", real())], &["a * b >= 0.999"]),
        space(&[("a", int(0, 1_000_000)), ("b", int(0, 1_000_000))], &["a + b == 10"]),
        space(&[("a", int(1, 1_000_000)), ("b", int(1, 1_000_000))], &["a == 3 * b", "a * b == 363"]),
        space(&[("a", Distribution::IntLog { low: 1, high: 1 << 40 })], &["a == 123456789"]),
        space(&[("a", choice(0..5000)), ("b", choice(0..5000))], &["a + b == 4999"]),
        space(
            &[("a", Distribution::Uniform { low: 0.0, high: 1.0, step: Some(1e-6) }), ("b", real())],
            &["a == 0.25", "b < 1e-3"],
        ),
        space(&twelve, &[&format!("{digits} == 1")]),
        space(&twelve, &[&format!("{digits} >= 107")]),
    ]
}

#[test]
fn points_are_found_however_few_are_allowed() {
    for space in tiny() {
        drawn(&space, 20);
    }
}

#[test]
fn the_same_stream_gives_the_same_points() {
    for space in tiny().iter().take(4) {
        assert_eq!(drawn(space, 3), drawn(space, 3));
    }
}

#[test]
fn constraints_on_a_branch_hold_there_and_other_branches_are_found_too() {
    let of = [("opt", names(&["sgd", "adam"])), ("momentum", real()), ("lr", real())];
    let thin = space(&of, &["momentum * lr >= 0.999999"]).when("momentum", "opt", ["sgd".into()]);
    let points = drawn(&thin, 60);
    let with = points.iter().filter(|params| params.contains_key("momentum")).count();
    assert!(with > 0 && with < 60, "{with} of 60");
    // What adam allows is impossible, so that every point is one of sgd.
    let only = space(&[&of[..], &[("beta", real())]].concat(), &["beta > 2"])
        .when("momentum", "opt", ["sgd".into()])
        .when("beta", "opt", ["adam".into()]);
    assert!(drawn(&only, 10).iter().all(|params| params["opt"] == "sgd".into()));
}

#[test]
fn where_nothing_is_allowed_nothing_is_found_and_soon() {
    let started = std::time::Instant::now();
    for constraints in [
        &["a > 2"][..],
        &["a + b < 0"],
        &["a < b", "b < a"],
        &["a * a == 2 * b * b", "a > 0.9", "b > 0.9"],
        &["log(a - 2) > 0"],
        &["sin > 1", "a > 1"],
        &["a == b + 0.1", "a == b + 0.2"],
    ] {
        let space = space(&[("a", real()), ("b", real())], constraints);
        let region = Region::new(&space, &Params::new());
        assert_eq!(region.draw(&mut SeedTree::new(1).rng("none"), |_| true), None, "{constraints:?}");
    }
    // Milliseconds; generous, because test machines are not.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn what_is_given_stays() {
    let space = space(&[("a", int(0, 9)), ("b", int(0, 9)), ("c", int(0, 9))], &["a + b + c == 12"]);
    let given = Params::from([("a".to_owned(), ParamValue::Int(9))]);
    let mut rng = SeedTree::new(3).rng("region");
    let point = Region::new(&space, &given).draw(&mut rng, |_| true).unwrap();
    assert_eq!(point["a"], ParamValue::Int(9));
    let given =
        Params::from([("a".to_owned(), 9), ("b".to_owned(), 9)].map(|(name, x)| (name, ParamValue::Int(x))));
    assert_eq!(Region::new(&space, &given).draw(&mut rng, |_| true), None);
}

#[test]
fn points_are_counted_through_conditions_steps_choices_and_constraints() {
    let count = |space: &Space| Region::new(space, &Params::new()).points(1000).map(|points| points.len());
    let plain = space(&[("a", int(1, 3)), ("b", names(&["p", "q"]))], &[]);
    assert_eq!(count(&plain), Some(6));
    let step = Distribution::Uniform { low: 0.1, high: 0.5, step: Some(0.1) };
    let branches = space(&[("opt", names(&["sgd", "adam", "lion"])), ("m", step), ("x", int(0, 1))], &[])
        .when("m", "opt", ["sgd".into()]);
    assert_eq!(count(&branches), Some(14));
    assert_eq!(count(&space(&[("a", int(0, 99)), ("b", int(0, 99))], &["a + b == 10"])), Some(11));
    assert_eq!(count(&space(&[("a", int(0, 99)), ("b", int(0, 99))], &["a + b > 500"])), Some(0));
    assert_eq!(count(&space(&[("a", int(0, 99)), ("b", int(0, 99))], &[])), None, "more than a thousand");
    assert_eq!(count(&space(&[("a", int(0, 9)), ("x", real())], &[])), None, "a continuum");
    let unused =
        space(&[("opt", names(&["a", "b"])), ("x", real())], &["x > 2"]).when("x", "opt", ["b".into()]);
    assert_eq!(count(&unused), Some(1), "the branch with the continuum is not allowed");
    let all = Region::new(&branches, &Params::new()).points(1000).unwrap();
    assert!(all.iter().all(|params| branches.contains(params)));
}
