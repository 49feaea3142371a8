use super::*;
use uaic_kernel::rng::SeedTree;

fn int(low: i64, high: i64, step: i64) -> Distribution {
    Distribution::Int { low, high, step }
}

#[test]
fn values_survive_the_way_to_coordinates_and_back() {
    let mut rng = SeedTree::new(1).rng("axis");
    let choices = ["a", "b", "c"].map(|name| ParamValue::Text(name.to_owned()));
    for distribution in [
        int(-3, 12, 5),
        Distribution::IntLog { low: 1, high: 1000 },
        Distribution::Uniform { low: 0.1, high: 0.95, step: Some(0.05) },
        Distribution::Choice(choices.to_vec()),
    ] {
        let axis = Axis::of(&distribution);
        for _ in 0..200 {
            let value = axis.decode(axis.draw_evenly(&mut rng));
            assert!(distribution.contains(&value), "{value:?} in {distribution:?}");
            let coordinate = axis.encode(&value).unwrap();
            assert_eq!(axis.decode(coordinate), value);
            assert_eq!(axis.snap(coordinate).to_bits(), coordinate.to_bits());
        }
    }
}

#[test]
fn whole_numbers_are_exact_over_all_64_bits() {
    let mut rng = SeedTree::new(6).rng("axis");
    let large = 1_i64 << 53;
    for distribution in [
        int(large, large + 4, 1),
        int(i64::MAX - 4, i64::MAX, 1),
        int(i64::MIN, i64::MIN + 4, 1),
        int(i64::MIN, i64::MIN + 12, 3),
        Distribution::IntLog { low: large, high: large + 4 },
        Distribution::IntLog { low: i64::MAX - 4, high: i64::MAX },
    ] {
        let axis = Axis::of(&distribution);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let value = axis.decode(axis.draw_evenly(&mut rng));
            assert!(distribution.contains(&value), "{value} in {distribution}");
            assert_eq!(axis.decode(axis.encode(&value).unwrap()), value, "{distribution}");
            seen.insert(value.to_string());
        }
        assert_eq!(seen.len(), 5, "{distribution}: {seen:?}");
    }
}

#[test]
fn huge_ranges_have_numbers_of_every_kind_and_both_ends() {
    let mut rng = SeedTree::new(7).rng("axis");
    for distribution in [
        int(0, i64::MAX, 1),
        int(i64::MIN, i64::MAX, 1),
        int(i64::MIN, i64::MAX, 3),
        Distribution::IntLog { low: 1, high: i64::MAX },
    ] {
        let (axis, mut rests) = (Axis::of(&distribution), [0; 64]);
        for _ in 0..6400 {
            let coordinate = axis.draw_evenly(&mut rng);
            let value = axis.decode(coordinate);
            assert!(distribution.contains(&value), "{value} in {distribution}");
            let ParamValue::Int(value) = value else { unreachable!() };
            rests[value.rem_euclid(64) as usize] += 1;
        }
        let fewest = if matches!(distribution, Distribution::IntLog { .. }) { 20 } else { 50 };
        assert!(rests.iter().all(|count| *count >= fewest), "{distribution}: {rests:?}");
        let ends = [0.0, 1.0].map(|end| axis.decode(end));
        let (Distribution::Int { low, high, .. } | Distribution::IntLog { low, high }) = distribution else {
            unreachable!()
        };
        assert_eq!(ends, [low, high].map(ParamValue::Int), "{distribution}");
    }
}

#[test]
fn decimals_with_a_step_are_written_as_decimals() {
    let distribution = Distribution::Uniform { low: 0.0, high: 1.0, step: Some(0.1) };
    let axis = Axis::of(&distribution);
    let shown: Vec<String> =
        axis.coordinates().unwrap().iter().map(|x| axis.decode(*x).to_string()).collect();
    assert_eq!(shown.join(" "), "0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0");
    // As an older version wrote it.
    let noisy = axis.encode(&ParamValue::Float(0.1 + 0.2)).unwrap();
    assert_eq!(axis.decode(noisy), ParamValue::Float(0.3));
    assert_eq!(noisy.to_bits(), axis.encode(&ParamValue::Float(0.3)).unwrap().to_bits());
}

#[test]
fn the_ends_of_a_range_are_what_they_are_written_as() {
    for (low, high) in [(1e-4, 0.1), (3e-7, 7e-3), (0.7, 900.0)] {
        let distribution = Distribution::Log { low, high };
        let axis = Axis::of(&distribution);
        assert_eq!([0.0, 1.0].map(|end| axis.decode(end)), [low, high].map(ParamValue::Float));
    }
}

#[test]
fn a_range_of_one_value_is_a_list_of_one() {
    for distribution in [
        int(5, 5, 1),
        Distribution::Log { low: 0.1, high: 0.1 },
        Distribution::Uniform { low: -2.0, high: -2.0, step: Some(0.5) },
    ] {
        let axis = Axis::of(&distribution);
        assert_eq!(axis.cardinality(), Some(1.0));
        assert_eq!(axis.decode(0.0), distribution.only().unwrap());
    }
}

#[test]
fn every_step_is_drawn_equally_often() {
    let distribution = int(0, 3, 1);
    let axis = Axis::of(&distribution);
    let mut rng = SeedTree::new(2).rng("axis");
    let mut counts = [0_u32; 4];
    for _ in 0..4000 {
        let ParamValue::Int(value) = axis.decode(axis.draw_evenly(&mut rng)) else { unreachable!() };
        counts[value as usize] += 1;
    }
    assert!(counts.iter().all(|count| (880..1120).contains(count)), "{counts:?}");
}

#[test]
fn log_draws_are_even_in_the_logarithm() {
    let distribution = Distribution::Log { low: 1e-4, high: 1.0 };
    let axis = Axis::of(&distribution);
    let mut rng = SeedTree::new(3).rng("axis");
    let small =
        (0..4000).filter(|_| axis.decode(axis.draw_evenly(&mut rng)).as_f64().unwrap() < 1e-2).count();
    assert!((1880..2120).contains(&small), "{small} of 4000 are below the middle");
}

#[test]
fn the_cells_of_a_range_fill_it_without_gaps() {
    for distribution in [int(2, 20, 3), Distribution::IntLog { low: 1, high: 30 }] {
        let axis = Axis::of(&distribution);
        let Axis::Range(range) = &axis else { unreachable!() };
        let at = |value: i64| range.cell(axis.encode(&ParamValue::Int(value)).unwrap()).unwrap();
        let mut edge = 0.0;
        let Distribution::Int { low, high, step } = distribution else {
            let total: f64 = (1..=30).map(|x| at(x).1).sum();
            approx::assert_abs_diff_eq!(total, 1.0, epsilon = 1e-12);
            continue;
        };
        for value in (low..=high).step_by(step as usize) {
            let (middle, width) = at(value);
            approx::assert_abs_diff_eq!(middle - width / 2.0, edge, epsilon = 1e-12);
            edge = middle + width / 2.0;
        }
        approx::assert_abs_diff_eq!(edge, 1.0, epsilon = 1e-12);
    }
}

#[test]
fn foreign_values_have_no_coordinate() {
    let distribution = int(0, 10, 1);
    let axis = Axis::of(&distribution);
    for value in [ParamValue::Int(11), ParamValue::Float(3.0), ParamValue::Bool(true)] {
        assert_eq!(axis.encode(&value), None, "{value:?}");
    }
}

#[test]
fn the_widest_ranges_do_not_overflow() {
    let mut rng = SeedTree::new(4).rng("axis");
    let quarter = i64::MAX / 2;
    for distribution in [
        Distribution::Uniform { low: -f64::MAX, high: f64::MAX, step: None },
        Distribution::Log { low: f64::MIN_POSITIVE, high: f64::MAX },
        int(-quarter, quarter, 1),
        int(quarter, quarter + 1, 1),
        Distribution::IntLog { low: 1, high: i64::MAX },
    ] {
        let axis = Axis::of(&distribution);
        for _ in 0..100 {
            let coordinate = axis.draw_evenly(&mut rng);
            assert!((0.0..=1.0).contains(&coordinate), "{coordinate} for {distribution:?}");
            let value = axis.decode(coordinate);
            assert!(distribution.contains(&value), "{value:?} in {distribution:?}");
        }
    }
}
