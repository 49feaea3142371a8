//! Every kernel for every instruction set of this processor, against definitions in double
//! precision and figures of PyTorch; and all sets to the same bits.

use super::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

pub(super) fn random(name: &str, count: usize) -> Vec<f32> {
    let mut seed = [0; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    let mut rng = ChaCha8Rng::from_seed(seed);
    (0..count).map(|_| rng.random_range(-1.0_f32..1.0)).collect()
}

pub(super) fn random_rows(name: &str, count: usize) -> Vec<Row> {
    random(name, count * PANEL).as_chunks().0.to_vec()
}

#[track_caller]
pub(super) fn assert_close(ours: &[f32], expected: impl IntoIterator<Item = f64>, tolerance: f64) {
    let expected: Vec<f64> = expected.into_iter().collect();
    assert_eq!(ours.len(), expected.len());
    for (at, (a, b)) in ours.iter().zip(&expected).enumerate() {
        assert!((f64::from(*a) - b).abs() <= tolerance * (1.0 + b.abs()), "[{at}]: {a} and {b}");
    }
}

/// What each instruction set makes of `work`, which must be the same to the bit.
pub(super) fn on_all<const N: usize>(work: impl Fn(Kernels) -> [Vec<f32>; N]) -> [Vec<f32>; N] {
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    let all: Vec<_> = Kernels::all().into_iter().map(|kernels| (kernels, work(kernels))).collect();
    for (kernels, values) in &all {
        for (ours, plain) in values.iter().zip(&all[0].1) {
            assert_eq!(bits(ours), bits(plain), "{}", kernels.name());
        }
    }
    all.into_iter().next_back().unwrap().1
}

#[test]
fn instruction_sets_have_names_and_the_best_is_detected() {
    let names: Vec<_> = Kernels::all().into_iter().map(Kernels::name).collect();
    assert_eq!(names[0], "scalar");
    assert_eq!(names.last(), Some(&Kernels::named("").unwrap().name()));
}

#[test]
fn an_instruction_set_is_chosen_by_name() {
    for kernels in Kernels::all() {
        assert_eq!(Kernels::named(kernels.name()).map(Kernels::name), Ok(kernels.name()));
        assert_eq!(Kernels::named(&kernels.name().to_uppercase()).map(Kernels::name), Ok(kernels.name()));
    }
    assert_eq!(Kernels::named("").map(Kernels::name), Ok(Kernels::all().last().unwrap().name()));
    let unknown = Kernels::named("avx3").unwrap_err();
    assert_eq!(unknown, KernelsError::Unknown { name: "avx3".to_owned() });
    assert!(unknown.to_string().contains("scalar, avx2, avx512, neon"), "{unknown}");
    // No processor has both.
    let absent = if cfg!(target_arch = "aarch64") { "avx2" } else { "neon" };
    let error = Kernels::named(absent).unwrap_err();
    assert_eq!(error, KernelsError::Absent { name: absent.to_owned() });
    assert!(error.to_string().contains("only scalar"), "{error}");
}

/// Kernels are loops (see the module's documentation): what a closure holds may be compiled without
/// the instruction set, and then is many times as slow, which nothing else would say.
#[test]
fn no_kernel_has_a_closure() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // `lib.rs` chooses among kernels, and has none of them; nor have the folders.
        if !path.is_file() || ["lib.rs", "rng.rs", "tests.rs"].contains(&name.as_str()) {
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        let kernels = source.split("#[cfg(test)]").next().unwrap();
        for (number, line) in kernels.lines().enumerate() {
            assert!(!has_closure(line), "{}:{}: a closure: {line}", path.display(), number + 1);
        }
        files += 1;
    }
    assert!(files > 10, "{files}");
}

/// Whether a line of code begins a closure: a `|` that is no operator between two values, as patterns
/// and bitwise sums have them.
fn has_closure(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices('|').any(|(at, _)| {
        let before = code[..at].trim_end();
        before.is_empty() || before.ends_with(['(', ',', '=', '{']) || before.ends_with("move")
    })
}

#[test]
fn closures_are_recognised() {
    for line in ["x.map(|x| x)", "x.fold(0.0, |a, b| a)", "let f = |k| k;", "f(move |x| x)", "f(|| 0)"] {
        assert!(has_closure(line), "{line}");
    }
    for line in ["(8, 2 | 3) => a", "a | b", "if a || b {", "/// |x| is large", "4 | 16 => b"] {
        assert!(!has_closure(line), "{line}");
    }
}

/// Rows, inner size, columns, and what the strides are larger than they need to be.
const PRODUCTS: [(usize, usize, usize, usize); 12] = [
    (0, 5, 64, 0),
    (1, 1, 64, 0),
    (1, 64, 1, 3),
    (2, 63, 63, 1),
    (3, 65, 64, 9),
    (4, 128, 17, 0),
    (5, 130, 64, 2),
    (6, 64, 64, 0),
    (7, 1, 2, 5),
    (13, 200, 33, 0),
    (64, 16, 64, 64),
    (65, 129, 48, 16),
];

const BIAS: Row = [0.75; PANEL];

/// A start of a product, with what it makes of a value that is there.
type Begin = (Start<'static>, fn(f64) -> f64);

const STARTS: [Begin; 3] =
    [(Start::Kept, |before| before), (Start::Zero, |_| 0.0), (Start::Bias(&BIAS), |_| 0.75)];

#[test]
fn products_equal_their_definition_and_touch_nothing_else() {
    let cases = PRODUCTS.into_iter().flat_map(|sizes| STARTS.map(|start| (sizes, start)));
    for ((rows, inner, width, more), (start, begin)) in cases {
        let (a_stride, c_stride) = (inner + more, width + more);
        let a = random("a", rows * a_stride);
        let panel = random_rows("panel", inner);
        // The last row may end where its columns end.
        let before = random("c", (rows * c_stride).saturating_sub(more));
        let [after] = on_all(|kernels| {
            let mut values = before.clone();
            let target = Target { values: &mut values, stride: c_stride, width };
            kernels.multiply(rows, (&a, a_stride), &panel, start, target);
            [values]
        });
        let expected = before.iter().enumerate().map(|(at, before)| {
            let (row, column) = (at / c_stride, at % c_stride);
            let term = |k: usize| f64::from(a[row * a_stride + k]) * f64::from(panel[k][column]);
            let before = f64::from(*before);
            if column < width { begin(before) + (0..inner).map(term).sum::<f64>() } else { before }
        });
        assert_close(&after, expected, 1e-5);
    }
}

#[test]
fn a_row_of_a_product_does_not_depend_on_the_rows_beside_it() {
    let (a, panel) = (random("a", 23 * 70), random_rows("panel", 70));
    on_all(|kernels| {
        let mut together = vec![[0.0; PANEL]; 23];
        kernels.multiply(23, (&a, 70), &panel, Start::Zero, Target::rows(&mut together));
        for (row, together) in together.iter().enumerate() {
            let mut alone = [[0.0; PANEL]];
            kernels.multiply(1, (&a[row * 70..], 70), &panel, Start::Zero, Target::rows(&mut alone));
            assert_eq!(alone[0].map(f32::to_bits), together.map(f32::to_bits), "{row}");
        }
        []
    });
}

#[test]
fn transposed_products_equal_their_definition() {
    let sizes = [(0_usize, 5, 0), (1, 1, 0), (63, 6, 2), (64, 7, 0), (65, 13, 1), (200, 70, 58)];
    let cases = sizes.into_iter().flat_map(|sizes| STARTS.map(|start| (sizes, start)));
    for ((inner, rows, more), (start, begin)) in cases {
        let stride = rows + more;
        // The last row may end where its values end.
        let a = random("a", (inner * stride).saturating_sub(more));
        let (b, before) = (random_rows("b", inner), random_rows("c", rows));
        let [after] = on_all(|kernels| {
            let mut c = before.clone();
            kernels.multiply_transposed((&a, stride), &b, start, &mut c);
            [c.into_flattened()]
        });
        let expected = before.as_flattened().iter().enumerate().map(|(at, before)| {
            let (row, column) = (at / PANEL, at % PANEL);
            let term = |n: usize| f64::from(a[n * stride + row]) * f64::from(b[n][column]);
            begin(f64::from(*before)) + (0..inner).map(term).sum::<f64>()
        });
        assert_close(&after, expected, 1e-5);
    }
}

#[test]
fn transposing_twice_gives_the_matrix_back() {
    for (inputs, outputs) in [(1, 1), (3, 64), (64, 65), (65, 130), (100, 20)] {
        let panels = random_rows("matrix", usize::div_ceil(outputs, PANEL) * inputs);
        let (mut once, mut twice) = (vec![[9.0; PANEL]; 2], Vec::new());
        transpose(&panels, inputs, &mut once);
        for (at, row) in panels.iter().enumerate() {
            let (panel, input) = (at / inputs, at % inputs);
            let height = panels.len() / inputs * PANEL;
            for (column, value) in row.iter().enumerate() {
                let to = once[input / PANEL * height + panel * PANEL + column][input % PANEL];
                assert_eq!(to.to_bits(), value.to_bits());
            }
        }
        let padded = panels.len() / inputs * PANEL;
        transpose(&once, padded, &mut twice);
        // The inputs are a multiple of 64 now, filled up with zeros.
        let height = inputs.div_ceil(PANEL) * PANEL;
        for (before, after) in panels.chunks_exact(inputs).zip(twice.chunks_exact(height)) {
            assert_eq!(before, &after[..inputs]);
            assert!(after[inputs..].iter().flatten().all(|value| *value == 0.0));
        }
    }
}

#[test]
fn a_cell_equals_its_definition() {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (rows, past_rows, stride) = (5, 3, 20);
    for width in [LANES, 7] {
        let sums = random_rows("sums", rows);
        let past = random("past", past_rows * LANES).as_chunks().0.to_vec();
        let untouched = random("states", rows * stride);
        let [gates, cells, states] = on_all(|kernels| {
            let (mut gates, mut states) = (sums.clone(), untouched.clone());
            let (mut cells, mut squashed) = (vec![[0.0; LANES]; rows], vec![[0.0; LANES]; rows]);
            kernels.cell_forward(CellForward {
                gates: &mut gates,
                past: &past,
                cells: &mut cells,
                squashed: &mut squashed,
                states: &mut states,
                stride,
                width,
            });
            for (cell, squashed) in cells.as_flattened().iter().zip(squashed.as_flattened()) {
                assert!((cell.tanh() - squashed).abs() < 1e-6);
            }
            [gates.into_flattened(), cells.into_flattened(), states]
        });
        let gate = |row: usize, gate: usize, lane: usize| f64::from(sums[row][gate * LANES + lane]);
        let cell = |row: usize, lane: usize| {
            let past = past.get(row).map_or(0.0, |past: &Lanes| f64::from(past[lane]));
            sigmoid(gate(row, 1, lane)) * past + sigmoid(gate(row, 0, lane)) * gate(row, 2, lane).tanh()
        };
        let all = (0..rows * LANES).map(|at| cell(at / LANES, at % LANES));
        assert_close(&cells, all, 1e-6);
        let all = untouched.iter().enumerate().map(|(at, own)| match (at / stride, at % stride) {
            (row, lane) if lane < width => sigmoid(gate(row, 3, lane)) * cell(row, lane).tanh(),
            _ => f64::from(*own),
        });
        assert_close(&states, all, 1e-6);
        let all = (0..rows * PANEL).map(|at| {
            let x = f64::from(sums[at / PANEL][at % PANEL]);
            if at % PANEL / LANES == 2 { x.tanh() } else { sigmoid(x) }
        });
        assert_close(&gates, all, 1e-6);
    }
}

#[test]
fn sums_over_rows_equal_their_definition() {
    let (states, tokens, width) = (random("states", 7 * 19), [6, 0, 3], 19);
    let [sum, spread, total] = on_all(|kernels| {
        let mut sum = vec![1.0; width];
        kernels.add_rows(&states, &tokens, 0.5, &mut sum);
        let mut spread = states.clone();
        kernels.spread_row(&sum, &tokens, 2.0, &mut spread);
        let mut total = [0.5; PANEL];
        kernels.add_up(&random_rows("rows", 9), &mut total);
        [sum, spread, total.to_vec()]
    });
    let at = |token: usize, column: usize| f64::from(states[token * width + column]);
    let expected = |column: usize| 1.0 + 0.5 * tokens.iter().map(|&token| at(token, column)).sum::<f64>();
    assert_close(&sum, (0..width).map(expected), 1e-6);
    let all = (0..7 * width).map(|i| {
        let (token, column) = (i / width, i % width);
        at(token, column) + if tokens.contains(&token) { 2.0 * expected(column) } else { 0.0 }
    });
    assert_close(&spread, all, 1e-6);
    let rows = random_rows("rows", 9);
    assert_close(
        &total,
        (0..PANEL).map(|j| 0.5 + rows.iter().map(|row| f64::from(row[j])).sum::<f64>()),
        1e-6,
    );
    assert!((sum_of_squares(&[3.0, -4.0]) - 25.0).abs() < 1e-12);
    let many = random("many", 1003);
    on_all(|kernels| {
        let (lanes, plain) = (kernels.sum_of_many_squares(&many), sum_of_squares(&many));
        assert!((lanes - plain).abs() < 1e-10 * plain);
        [vec![lanes as f32]]
    });
}

#[test]
fn a_maximum_is_the_first_of_equals_and_always_names_a_token() {
    let states = [1.0, 5.0, f32::NAN, 2.0, 5.0, f32::NAN, 2.0, -1.0, f32::NAN];
    on_all(|kernels| {
        let (mut largest, mut at) = (vec![0.0; 3], vec![99; 3]);
        kernels.largest_rows(&states, &[2, 1, 0], &mut largest, &mut at);
        assert_eq!(largest[..2], [2.0, 5.0]);
        // Where there is no largest number, the place of an earlier batch must not stay.
        assert_eq!(at, [2, 1, 2]);
        []
    });
}

/// One step with PyTorch's defaults for Adam, the first of a training.
const STEP: AdamStep = AdamStep {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    scale: 1.0,
    penalty: 0.0,
    shrink: 1.0,
    step_size: 1e-2 / (1.0 - 0.9),
    second_scale: 1.0 / (1.0 - 0.999),
    kept: 0.75,
};

#[test]
fn a_step_of_adam_equals_its_definition() {
    let step = AdamStep { scale: 0.5, penalty: 0.1, shrink: 0.99, ..STEP };
    let [first, second, values, average] =
        ["first", "second", "values", "average"].map(|name| random(name, 100));
    let (gradients, second) = (random("gradients", 100), second.iter().map(|v| v.abs()).collect::<Vec<_>>());
    let [new_first, new_second, new_values, new_average] = on_all(|kernels| {
        let (mut m, mut v) = (first.clone(), second.clone());
        let before = values.clone();
        let (mut values, mut average) = (values.clone(), average.clone());
        kernels.adam(&step, &gradients, &mut m, &mut v, &mut values, Some(&mut average));
        let (mut plain, [mut m, mut v]) = (before.clone(), [first.clone(), second.clone()]);
        kernels.adam(&step, &gradients, &mut m, &mut v, &mut plain, None);
        assert_eq!(plain, values, "an average changes nothing");
        [m, v, values, average]
    });
    for at in 0..100 {
        let gradient = f64::from(gradients[at]) * 0.5 + 0.1 * f64::from(values[at]);
        let mean = 0.9 * f64::from(first[at]) + 0.1 * gradient;
        let square = 0.999 * f64::from(second[at]) + 0.001 * gradient * gradient;
        let moved = f64::from(step.step_size) * mean / ((square * 1000.0).sqrt() + 1e-8);
        let value = 0.99 * f64::from(values[at]) - moved;
        assert_close(&[new_first[at], new_second[at]], [mean, square], 1e-6);
        assert_close(&[new_values[at]], [value], 1e-5);
        assert_close(&[new_average[at]], [0.75 * f64::from(average[at]) + 0.25 * value], 1e-5);
    }
}

#[test]
fn moments_without_gradient_fade_to_zero_and_never_become_denormal() {
    on_all(|kernels| {
        let (mut m, mut v) = (vec![1e-3, -1e-3, 1e-20, 0.0], vec![1e-6, 1e-6, 1e-36, 0.0]);
        let (mut values, mut average) = (vec![1.0; 4], vec![1.0; 4]);
        // β₂ alone needs 55,000 steps from 1e-6 to 1e-30.
        let fast = AdamStep { beta2: 0.9, ..STEP };
        for step in 0..1000 {
            let rule = if step < 100 { STEP } else { fast };
            kernels.adam(&rule, &[0.0; 4], &mut m, &mut v, &mut values, Some(&mut average));
            assert!(!m.iter().chain(&v).any(|moment| moment.is_subnormal()), "{step}: {m:?} {v:?}");
            assert!(values.iter().all(|value| value.is_finite()));
        }
        assert_eq!((m, v), (vec![0.0; 4], vec![0.0; 4]));
        []
    });
}
