//! Where values lie, and what becomes of them in files.

use safetensors::tensor::{Dtype, TensorView};

use super::*;
use uaic_kernel::LANES;

/// Sizes that fill panels and blocks, and sizes that do not.
const SIZES: [(usize, usize); 6] = [(1, 1), (5, 3), (16, 64), (17, 65), (64, 100), (33, 130)];

/// One tensor of each kind, of `outputs` rows and `inputs` columns.
fn fill(weights: &mut Weights, outputs: usize, inputs: usize) -> Result<Vec<Slot>, WeightsError> {
    let (init, gates) = (Init::Uniform(1.0), Columns::Gates { hidden: outputs });
    let slots = [
        weights.plain("plain", &[outputs, inputs], init)?,
        weights.panels("panels", &[outputs, inputs], Columns::Plain, init)?,
        weights.panels("gates", &[4 * outputs, inputs], gates, init)?,
        weights.panels("panels.bias", &[outputs], Columns::Plain, init)?,
        weights.panels("gates.bias", &[4 * outputs], gates, init)?,
    ];
    weights.buffer("buffer", &[outputs], 0.25)?;
    Ok(slots.into())
}

fn drawn(outputs: usize, inputs: usize) -> Weights {
    let mut weights = Weights::new(SeedTree::new(4));
    fill(&mut weights, outputs, inputs).unwrap();
    weights
}

#[test]
fn files_hold_pytorchs_order_and_come_back_bit_for_bit() {
    for (outputs, inputs) in SIZES {
        let weights = drawn(outputs, inputs);
        let bytes = weights.to_safetensors().unwrap();
        let tensors = read_tensors(&bytes).unwrap();
        for (name, shape) in [
            ("plain", vec![outputs, inputs]),
            ("panels", vec![outputs, inputs]),
            ("gates", vec![4 * outputs, inputs]),
            ("panels.bias", vec![outputs]),
            ("gates.bias", vec![4 * outputs]),
        ] {
            assert_eq!(tensors[name].shape(), shape);
            assert_eq!(weights.shape(name), Some(&shape[..]));
            // As drawn: one value after the other, row by row.
            let mut rng = SeedTree::new(4).rng(name);
            let values = tensors[name].values().unwrap();
            assert!(
                values.iter().all(|value| value.to_bits() == Init::Uniform(1.0).draw(&mut rng).to_bits())
            );
        }

        let mut again = Weights::from_safetensors(&bytes).unwrap();
        fill(&mut again, outputs, inputs).unwrap();
        again.check_all_used().unwrap();
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(again.trained()), bits(weights.trained()));
        assert_eq!(bits(again.buffers()), bits(weights.buffers()));
        assert_eq!(again.to_safetensors().unwrap(), bytes);
    }
}

#[test]
fn values_lie_where_products_read_them_and_padding_is_zero() {
    for (outputs, inputs) in SIZES {
        let mut weights = Weights::new(SeedTree::new(4));
        let slots = fill(&mut weights, outputs, inputs).unwrap();
        let (panels, gates) = (slots[1].rows(weights.trained()), slots[2].rows(weights.trained()));
        let value =
            |name: &str, row: usize, column: usize| weights.tensor(name).unwrap()[row * inputs + column];
        for (row, column) in [(0, 0), (outputs - 1, inputs - 1), (outputs / 2, inputs / 3)] {
            let expected = value("panels", row, column);
            let found = panels[row / PANEL * inputs + column][row % PANEL];
            assert_eq!(found.to_bits(), expected.to_bits());
            for gate in 0..4 {
                let expected = value("gates", gate * outputs + row, column);
                let found = gates[row / LANES * inputs + column][gate * LANES + row % LANES];
                assert_eq!(found.to_bits(), expected.to_bits());
            }
        }
        for ((name, slot), kind) in
            weights.slots().zip(["gates", "gates.bias", "panels", "panels.bias", "plain"])
        {
            assert_eq!(name, kind);
            let stored = slot.of(weights.trained()).iter().filter(|value| **value != 0.0).count();
            let named = weights.tensor(name).unwrap().iter().filter(|value| **value != 0.0).count();
            assert_eq!(stored, named, "{name}");
        }
    }
}

#[test]
fn the_order_of_layers_does_not_matter_and_names_do() {
    let draw = |names: [&str; 2]| {
        let mut weights = Weights::new(SeedTree::new(4));
        for name in names {
            weights.plain(name, &[3], Init::Normal(1.0)).unwrap();
        }
        weights
    };
    let (ab, ba) = (draw(["a", "b"]), draw(["b", "a"]));
    assert_eq!(ab.tensor("a"), ba.tensor("a"));
    assert_eq!(ab.to_safetensors().unwrap(), ba.to_safetensors().unwrap());
    assert_ne!(ab.tensor("a"), ab.tensor("b"));
}

#[test]
fn weights_that_do_not_fit_are_refused_with_their_name() {
    let bytes = drawn(5, 3).to_safetensors().unwrap();
    let loaded = || Weights::from_safetensors(&bytes).unwrap();
    let init = Init::Constant(0.0);

    let error = loaded().plain("other", &[5], init).unwrap_err();
    assert_eq!(error.to_string(), "the weights lack the tensor `other`");
    let error = loaded().plain("plain", &[5, 4], init).unwrap_err();
    let text = "the tensor `plain` of the weights is F32 of shape [5, 3], not 32-bit floats of shape [5, 4]";
    assert_eq!(error.to_string(), text);
    // As many values, in another shape.
    assert!(matches!(loaded().plain("plain", &[3, 5], init), Err(WeightsError::Misfit { .. })));
    let mut some = loaded();
    some.plain("plain", &[5, 3], init).unwrap();
    let error = some.check_all_used().unwrap_err();
    assert_eq!(error.to_string(), "the weights have a tensor `buffer` that the model does not know");
    let error = some.plain("plain", &[5, 3], init).unwrap_err();
    assert_eq!(error.to_string(), "two tensors are named `plain`");
    assert!(matches!(Weights::from_safetensors(b"no"), Err(WeightsError::Unreadable(_))));

    let doubles = TensorView::new(Dtype::F64, vec![2], &[0; 16]).unwrap();
    let bytes = safetensors::serialize([("x", doubles)], None).unwrap();
    let error = Weights::from_safetensors(&bytes).unwrap().plain("x", &[2], init).unwrap_err();
    assert!(error.to_string().contains("is F64 of shape [2]"), "{error}");
    drawn(5, 3).check_all_used().unwrap();
}

#[test]
fn snapshots_trade_places_with_the_weights() {
    let mut weights = drawn(5, 3);
    let before = weights.snapshot();
    weights.trained_mut()[0] = f32::INFINITY;
    assert!(!weights.are_finite() && weights.snapshot() != before);
    let mut other = before.clone();
    weights.swap(&mut other);
    assert_eq!(weights.snapshot(), before);
    assert!(weights.are_finite() && !other.trained[0].is_finite());
}

#[test]
fn floats_of_other_sizes_are_read_and_whole_numbers_are_left_alone() {
    let halves = [1.5_f32, -0.25].map(|value| half::f16::from_f32(value).to_le_bytes()).concat();
    let brains = [1.5_f32, -0.25].map(|value| half::bf16::from_f32(value).to_le_bytes()).concat();
    let doubles = [1.5_f64, -0.25].map(f64::to_le_bytes).concat();
    let view = |kind, bytes| TensorView::new(kind, vec![2], bytes).unwrap();
    let views = [
        ("half", view(Dtype::F16, &halves)),
        ("brain", view(Dtype::BF16, &brains)),
        ("double", view(Dtype::F64, &doubles)),
        ("ids", view(Dtype::I64, &[0; 16])),
    ];
    let tensors = read_tensors(&safetensors::serialize(views, None).unwrap()).unwrap();
    for name in ["half", "brain", "double"] {
        assert_eq!(tensors[name].values().unwrap(), [1.5, -0.25], "{name}");
        assert_eq!(tensors[name].clone().into_floats(), Tensor::new(vec![2], vec![1.5, -0.25]));
    }
    assert_eq!((tensors["ids"].values(), tensors["ids"].clone().into_floats()), (None, None));
    assert_eq!(Tensor::new(vec![2, 2], vec![0.0; 3]), None);
}
