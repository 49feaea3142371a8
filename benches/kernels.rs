//! Every kernel for every instruction set of this processor: operations and elements per second,
//! the share of this processor's own peak, and how many times scalar code.
//!
//! `cargo bench --bench kernels [-- [--check] [NAME]]`; with `--check` it exits 1 where a ratio
//! within the run is below what its kernel should reach.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use uaic::kernel::{
    AdamStep, Asking, Attended, AttentionScratch, BatchStatistics, CellBack, CellForward, KERNELS, Kernels,
    LANES, Lanes, LayerNorm, LayerNormBack, Mask, MixtureAxis, Normalized, PANEL, Row, SelfAttention,
    SelfAttentionBack, Start, Target, Targets,
};

/// Turns that each instruction set gets, one after the other, so that all of them meet the same
/// disturbances. The best counts, as for the peak: neighbours only ever slow down.
const TURNS: usize = 25;
/// What a turn lasts: so little that a busy processor leaves some of them alone.
const TURN: Duration = Duration::from_millis(1);
/// How often a ratio may be measured before it counts as wrong.
const TRIES: usize = 6;
/// The least ratio of kernels without fused multiply-adds, which scalar code does four at a time,
/// and which memory limits. One with a call left in its loop is far below.
const UNFUSED: [f64; 2] = [0.9, 0.9];
/// The least share of the peak for products with AVX2.
const LEAST_SHARE: f64 = 0.60;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let check = arguments.iter().any(|argument| argument == "--check");
    let wanted = arguments.iter().find(|argument| !argument.starts_with("--"));
    let sets: Vec<Set> =
        Kernels::all().into_iter().map(|kernels| Set { kernels, peak: peak(kernels) }).collect();
    let peaks: Vec<String> =
        sets.iter().map(|set| format!("{} {:.1}", set.kernels.name(), set.peak / 1e9)).collect();
    println!("peak of one thread, GFLOP/s: {}", peaks.join(", "));
    println!(
        "{:<22} {:>7} {:>9} {:>9} {:>6} {:>8} {:>7}",
        "kernel", "set", "GFLOP/s", "Mel/s", "peak", "x scalar", "least"
    );
    let mut wrong = Vec::new();
    for mut case in cases() {
        if wanted.is_none_or(|wanted| case.name.contains(wanted.as_str())) {
            wrong.extend(judge(&mut case, &sets, check));
        }
    }
    for fault in &wrong {
        eprintln!("{fault}");
    }
    if check && !wrong.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// An instruction set and what its registers could do.
struct Set {
    kernels: Kernels,
    /// FLOP/s of independent fused multiply-adds.
    peak: f64,
}

/// A kernel on data of a usual size.
struct Case {
    name: &'static str,
    /// Values that a call reads or writes, those of its largest operand.
    elements: usize,
    /// Additions, multiplications, divisions, roots and comparisons per element, a fused
    /// multiply-add counting as two.
    operations: f64,
    /// The least ratio to scalar code with registers of 8 and of 16 lanes. NEON's have 4.
    least: [f64; 2],
    /// Whether a share of the peak is demanded, too.
    product: bool,
    call: Box<dyn FnMut(Kernels)>,
}

/// Measures and prints one kernel; gives what is wrong with it.
fn judge(case: &mut Case, sets: &[Set], check: bool) -> Vec<String> {
    let mut rates = measure(case, sets);
    let mut wrong = faults(case, sets, &rates);
    for _ in 1..TRIES {
        if !check || wrong.is_empty() {
            break;
        }
        for (rate, again) in rates.iter_mut().zip(measure(case, sets)) {
            *rate = rate.max(again);
        }
        wrong = faults(case, sets, &rates);
    }
    for (set, rate) in sets.iter().zip(&rates) {
        let least = least(case, set.kernels);
        let (elements, flops) = (rate * case.elements as f64, rate * case.elements as f64 * case.operations);
        println!(
            "{:<22} {:>7} {:>9.2} {:>9.1} {:>5.1}% {:>8.2} {:>7}",
            case.name,
            set.kernels.name(),
            flops / 1e9,
            elements / 1e6,
            flops / set.peak * 100.0,
            rate / rates[0],
            least.map_or(String::new(), |least| format!("{least:.1}")),
        );
    }
    wrong
}

/// The least ratio to scalar code that a kernel should reach; scalar code itself has none.
fn least(case: &Case, kernels: Kernels) -> Option<f64> {
    match kernels.name() {
        "avx2" => Some(case.least[0]),
        "avx512" => Some(case.least[1]),
        // Half the lanes of AVX2, and scalar code there has a fused multiply-add.
        "neon" => Some(case.least[0].min(2.0) / 2.0),
        _ => None,
    }
}

fn faults(case: &Case, sets: &[Set], rates: &[f64]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (set, rate) in sets.iter().zip(rates) {
        let (name, ratio) = (set.kernels.name(), rate / rates[0]);
        let share = rate * case.elements as f64 * case.operations / set.peak;
        if let Some(least) = least(case, set.kernels).filter(|least| ratio < *least) {
            wrong.push(format!("{} with {name}: {ratio:.2} times scalar, below {least}", case.name));
        }
        if case.product && name != "scalar" && share < LEAST_SHARE {
            wrong.push(format!(
                "{} with {name}: {:.0} % of the peak, below {:.0} %",
                case.name,
                share * 100.0,
                LEAST_SHARE * 100.0
            ));
        }
    }
    wrong
}

/// Calls per second with each instruction set.
fn measure(case: &mut Case, sets: &[Set]) -> Vec<f64> {
    let mut rates = vec![0.0_f64; sets.len()];
    for _ in 0..TURNS {
        for (set, best) in sets.iter().zip(&mut rates) {
            *best = best.max(rate(|| (case.call)(set.kernels)));
        }
    }
    rates
}

fn rate(mut call: impl FnMut()) -> f64 {
    let (mut calls, mut batch) = (0_u32, 1_u32);
    let start = Instant::now();
    loop {
        for _ in 0..batch {
            call();
        }
        calls += batch;
        let time = start.elapsed();
        if time >= TURN {
            return f64::from(calls) / time.as_secs_f64();
        }
        batch = (batch * 2).min(64);
    }
}

/// FLOP/s of a loop of independent fused multiply-adds in registers: the best of some turns.
fn peak(kernels: Kernels) -> f64 {
    (0..40)
        .map(|_| {
            let start = Instant::now();
            let operations = kernels.fused_multiply_adds(black_box(20_000), black_box(0.999));
            2.0 * operations as f64 / start.elapsed().as_secs_f64()
        })
        .fold(0.0, f64::max)
}

/// Values between −1 and 1, the same in each run.
fn values(count: usize, salt: u32) -> Vec<f32> {
    let mut state = salt.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (f64::from(state) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
        })
        .collect()
}

fn rows(count: usize, salt: u32) -> Vec<Row> {
    values(count * PANEL, salt).as_chunks().0.to_vec()
}

fn lanes(count: usize, salt: u32) -> Vec<Lanes> {
    values(count * LANES, salt).as_chunks().0.to_vec()
}

fn bits(count: usize, salt: u32) -> Vec<[u8; 2]> {
    values(count, salt).into_iter().map(|value| ((value.abs() * 65_535.0) as u16).to_le_bytes()).collect()
}

/// All kernels, at the sizes of a batch of 32 texts of 12 tokens, hidden 128 and 26 classes, and
/// those of transformers at 8 texts of 24 tokens, width 384 and 12 heads.
fn cases() -> Vec<Case> {
    let mut all = products();
    all.extend(recurrent());
    all.extend(transformer());
    all.extend(training());
    all.extend(pooling());
    all
}

fn products() -> Vec<Case> {
    let mut all = Vec::new();
    for (name, count, inner, width) in [
        ("multiply", 48, 64, 64),
        ("multiply long", 192, 256, 64),
        ("multiply one row", 1, 128, 64),
        ("multiply narrow", 32, 128, 26),
    ] {
        let (a, panel) = (values(count * inner, 1), rows(inner, 2));
        let mut c = vec![0.0; count * width];
        all.push(Case {
            name,
            elements: count * inner,
            operations: 2.0 * width as f64,
            least: if count == 1 || width < PANEL { [2.0, 4.0] } else { [6.0, 10.0] },
            product: count > 1 && width == PANEL,
            call: Box::new(move |kernels| {
                let target = Target { values: black_box(&mut c), stride: width, width };
                kernels.multiply(count, (&a, inner), &panel, Start::Zero, target);
            }),
        });
    }
    all.push(step());
    let (inner, outputs) = (384, 128);
    let (a, b, mut c) = (values(inner * outputs, 3), rows(inner, 4), rows(outputs, 5));
    all.push(Case {
        name: "multiply_transposed",
        elements: inner * outputs,
        operations: 2.0 * PANEL as f64,
        least: [6.0, 10.0],
        product: true,
        call: Box::new(move |kernels| {
            kernels.multiply_transposed((&a, outputs), &b, Start::Zero, black_box(&mut c));
        }),
    });
    all
}

/// The products of one step of an LSTM: weights that come from the second-level cache.
fn step() -> Case {
    let (texts, units) = (32, 128);
    let (states, weights) = (values(texts * units, 1), rows(units * 8, 2));
    let mut sums = rows(texts * 8, 3);
    Case {
        name: "multiply lstm step",
        elements: texts * units,
        operations: 2.0 * 8.0 * PANEL as f64,
        least: [6.0, 10.0],
        product: true,
        call: Box::new(move |kernels| {
            for (panel, sums) in weights.chunks_exact(units).zip(black_box(&mut sums).chunks_exact_mut(texts))
            {
                let target = Target::rows(sums);
                kernels.multiply(texts, (&states, units), panel, Start::Zero, target);
            }
        }),
    }
}

fn recurrent() -> Vec<Case> {
    let texts = 32;
    let (sums, past, carried) = (rows(texts, 1), lanes(texts, 2), lanes(texts, 3));
    let (mut gates, mut cells, mut squashed) = (sums.clone(), past.clone(), past.clone());
    let mut states = vec![0.0; texts * LANES];
    let forward = Case {
        name: "cell_forward",
        elements: texts * PANEL,
        operations: 35.0,
        least: [3.0, 4.0],
        product: false,
        call: Box::new({
            let past = past.clone();
            move |kernels| {
                gates.copy_from_slice(&sums);
                kernels.cell_forward(CellForward {
                    gates: black_box(&mut gates),
                    past: &past,
                    cells: &mut cells,
                    squashed: &mut squashed,
                    states: &mut states,
                    stride: LANES,
                    width: LANES,
                });
            }
        }),
    };
    let (before, squashed, grads) = (rows(texts, 4), lanes(texts, 5), values(texts * LANES, 6));
    let (mut gates, mut carry) = (before.clone(), carried.clone());
    let back = Case {
        name: "cell_back",
        elements: texts * PANEL,
        operations: 6.0,
        least: [2.0, 2.0],
        product: false,
        call: Box::new(move |kernels| {
            gates.copy_from_slice(&before);
            carry.copy_from_slice(&carried);
            kernels.cell_back(CellBack {
                gates: black_box(&mut gates),
                past: &past,
                squashed: &squashed,
                grad_states: &grads,
                stride: LANES,
                width: LANES,
                carry: &mut carry,
            });
        }),
    };
    let (many, mut sum) = (rows(384, 7), [0.0; PANEL]);
    let add_up = Case {
        name: "add_up",
        elements: 384 * PANEL,
        operations: 1.0,
        least: [1.3, 1.3],
        product: false,
        call: Box::new(move |kernels| kernels.add_up(&many, black_box(&mut sum))),
    };
    vec![forward, back, add_up]
}

fn transformer() -> Vec<Case> {
    let mut all = attention_of_tokens();
    let count = 64;
    let x = rows(count, 1);
    let (mut slopes, mut y) = (x.clone(), x.clone());
    all.push(Case {
        name: "gelu",
        elements: count * PANEL,
        operations: 39.0,
        least: [4.0, 5.0],
        product: false,
        call: Box::new({
            let x = x.clone();
            move |kernels| {
                slopes.copy_from_slice(&x);
                kernels.gelu(&mut slopes, black_box(&mut y));
            }
        }),
    });
    // Factors of 1 keep numbers from becoming too small to be quick.
    let (mut grad, slopes) = (x.clone(), vec![[1.0; PANEL]; count]);
    all.push(Case {
        name: "multiply_rows_by",
        elements: count * PANEL,
        operations: 1.0,
        least: UNFUSED,
        product: false,
        call: Box::new(move |kernels| kernels.multiply_rows_by(black_box(&mut grad), black_box(&slopes))),
    });
    let mut squashed = x.clone();
    all.push(Case {
        name: "squash",
        elements: count * PANEL,
        operations: 25.0,
        least: [3.0, 5.0],
        product: false,
        call: Box::new(move |kernels| kernels.squash(black_box(&mut squashed))),
    });
    let (squashed, mut grad) = (vec![[0.0; PANEL]; count], x.clone());
    all.push(Case {
        name: "squash_back",
        elements: count * PANEL,
        operations: 3.0,
        least: UNFUSED,
        product: false,
        call: Box::new(move |kernels| kernels.squash_back(black_box(&squashed), black_box(&mut grad))),
    });
    let (mut dropped, drawn) = (x.clone(), bits(count * PANEL, 3));
    all.push(Case {
        name: "drop_rows",
        elements: count * PANEL,
        operations: 2.0,
        least: [1.5, 2.0],
        product: false,
        call: Box::new(move |kernels| {
            kernels.drop_rows(black_box(&mut dropped), Mask::new(black_box(&drawn), black_box(1e-9)));
        }),
    });
    all.extend(layer_norms());
    all
}

fn attention_of_tokens() -> Vec<Case> {
    let (texts, length, heads, width) = (8, 24, 12, 384);
    let panels = width / PANEL;
    let tokens: Vec<usize> = (0..=texts).map(|text| text * length).collect();
    let tokens: &'static [usize] = tokens.leak();
    let asking = Asking { tokens, rows: tokens, heads, width };
    let count = texts * length;
    let [query, key, value, readout] = [1, 2, 3, 4].map(|salt| rows(panels * count, salt));
    let (mut shares, mut mixed) = (vec![0.0; asking.shares()], query.clone());
    // Two products of each head: each token with each of its text.
    let operations = 4.0 * length as f64;
    let mut scratch = AttentionScratch::default();
    let forward = Case {
        name: "self_attention",
        elements: count * width,
        operations,
        least: [4.0, 5.0],
        product: false,
        call: Box::new({
            let (query, key, value) = (query.clone(), key.clone(), value.clone());
            move |kernels| {
                kernels.self_attention(SelfAttention {
                    asking,
                    query: &query,
                    key: &key,
                    value: &value,
                    mask: None,
                    shares: &mut shares,
                    mixed: black_box(&mut mixed),
                    scratch: &mut scratch,
                });
            }
        }),
    };
    let shares = vec![1.0 / length as f32; asking.shares()];
    let (mut q, mut k, mut v) = (query.clone(), key.clone(), value.clone());
    let mut scratch = AttentionScratch::default();
    let back = Case {
        name: "self_attention_back",
        elements: count * width,
        operations: 2.0 * operations,
        least: [4.0, 5.0],
        product: false,
        call: Box::new(move |kernels| {
            q.copy_from_slice(&query);
            k.copy_from_slice(&key);
            v.copy_from_slice(&value);
            kernels.self_attention_back(SelfAttentionBack {
                asking,
                mask: None,
                shares: &shares,
                grad: &readout,
                query: &mut q,
                key: &mut k,
                value: black_box(&mut v),
                scratch: &mut scratch,
            });
        }),
    };
    vec![forward, back]
}

fn layer_norms() -> Vec<Case> {
    let (count, panels) = (64, 6);
    let width = panels * PANEL;
    let [x, residual, readout] = [1, 2, 3].map(|salt| rows(panels * count, salt));
    let [weight, bias] = [4, 5].map(|salt| rows(panels, salt));
    let (mut normalized, mut scales, mut outputs) = (x.clone(), vec![1.0; count], x.clone());
    let forward = Case {
        name: "layer_norm",
        elements: count * width,
        operations: 8.0,
        least: [2.5, 2.5],
        product: false,
        call: Box::new({
            let (x, weight) = (x.clone(), weight.clone());
            move |kernels| {
                normalized.copy_from_slice(&x);
                kernels.layer_norm(LayerNorm {
                    values: &mut normalized,
                    mask: None,
                    residual: Some(&residual),
                    width,
                    epsilon: 1e-12,
                    weight: &weight,
                    bias: &bias,
                    scales: &mut scales,
                    outputs: black_box(&mut outputs),
                });
            }
        }),
    };
    let (mut grad, scales) = (readout.clone(), vec![1.0; count]);
    let [mut grad_weight, mut grad_bias] = [6, 7].map(|salt| rows(panels, salt));
    let back = Case {
        name: "layer_norm_back",
        elements: count * width,
        operations: 11.0,
        least: [2.5, 2.5],
        product: false,
        call: Box::new(move |kernels| {
            grad.copy_from_slice(&readout);
            kernels.layer_norm_back(LayerNormBack {
                grad: &mut grad,
                normalized: &x,
                scales: &scales,
                width,
                weight: &weight,
                grad_weight: &mut grad_weight,
                grad_bias: black_box(&mut grad_bias),
            });
        }),
    };
    vec![forward, back]
}

fn training() -> Vec<Case> {
    let mut all = normalisations();
    let (texts, classes) = (32, 26);
    let given = values(texts * classes, 1);
    let (mut probabilities, mut logits) = (given.clone(), given.clone());
    all.push(Case {
        name: "softmax",
        elements: texts * classes,
        operations: 22.0,
        least: [1.5, 1.5],
        product: false,
        call: Box::new({
            let given = given.clone();
            move |kernels| {
                probabilities.copy_from_slice(&given);
                kernels.softmax(black_box(&mut probabilities), classes);
            }
        }),
    });
    let gold: Vec<usize> = (0..texts).map(|text| text % classes).collect();
    let class_weights = vec![1.0; classes];
    all.push(Case {
        name: "cross_entropy",
        elements: texts * classes,
        operations: 25.0,
        least: [1.5, 1.5],
        product: false,
        call: Box::new(move |kernels| {
            logits.copy_from_slice(&given);
            let targets =
                Targets { gold: &gold, smoothing: 0.1, class_weights: &class_weights, outside_weight: 0.0 };
            black_box(kernels.cross_entropy(black_box(&mut logits), targets));
        }),
    });
    all.extend(optimisers());
    all.push(mixture());
    all
}

fn normalisations() -> Vec<Case> {
    let (texts, features) = (32, 128);
    let rows = values(texts * features, 1);
    let [weight, bias, readout] = [2, 3, 4].map(|salt| values(texts * features, salt));
    let (weight, bias) = (weight[..features].to_vec(), bias[..features].to_vec());
    let mut statistics = BatchStatistics::default();
    let mut all = vec![Case {
        name: "batch_statistics",
        elements: texts * features,
        operations: 4.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let rows = rows.clone();
            move |kernels| kernels.batch_statistics(&rows, features, black_box(&mut statistics))
        }),
    }];
    let (mut normalized, mut statistics) = (rows.clone(), BatchStatistics::default());
    all.push(Case {
        name: "normalize",
        elements: texts * features,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let rows = rows.clone();
            move |kernels| {
                normalized.copy_from_slice(&rows);
                statistics.mean.clear();
                statistics.mean.resize(features, 0.1);
                statistics.variance.clear();
                statistics.variance.resize(features, 0.5);
                kernels.normalize(black_box(&mut normalized), &mut statistics);
            }
        }),
    });
    let mut y = rows.clone();
    all.push(Case {
        name: "scale_and_shift",
        elements: texts * features,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let (x, weight) = (rows.clone(), weight.clone());
            move |kernels| kernels.scale_and_shift(&x, &weight, &bias, black_box(&mut y))
        }),
    });
    let (scales, mut grad) = (vec![1.0; features], readout.clone());
    let (mut grad_weight, mut grad_bias) = (vec![0.0; features], vec![0.0; features]);
    all.push(Case {
        name: "normalize_back",
        elements: texts * features,
        operations: 9.0,
        least: UNFUSED,
        product: false,
        call: Box::new(move |kernels| {
            grad.copy_from_slice(&readout);
            let of = Normalized { rows: &rows, scales: &scales, weight: &weight, own_statistics: true };
            kernels.normalize_back(of, black_box(&mut grad), &mut grad_weight, &mut grad_bias);
        }),
    });
    all
}

/// One step of Adam with small effect, so that nothing overflows.
const STEP: AdamStep = AdamStep {
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    scale: 1.0,
    penalty: 0.0,
    shrink: 1.0,
    step_size: 1e-6,
    second_scale: 1.0,
    kept: 0.99,
};

fn optimisers() -> Vec<Case> {
    let count = 4096;
    let gradients = values(count, 1);
    let [mut first, mut average, mut weights] = [2, 3, 4].map(|salt| values(count, salt));
    let mut second: Vec<f32> = values(count, 5).into_iter().map(f32::abs).collect();
    let adam = Case {
        name: "adam",
        elements: count,
        operations: 20.0,
        least: [2.5, 2.5],
        product: false,
        call: Box::new({
            let gradients = gradients.clone();
            move |kernels| {
                let average = Some(&mut average[..]);
                kernels.adam(&STEP, &gradients, &mut first, &mut second, black_box(&mut weights), average);
            }
        }),
    };
    let squares = Case {
        name: "sum_of_many_squares",
        elements: count,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new(move |kernels| {
            black_box(kernels.sum_of_many_squares(&gradients));
        }),
    };
    vec![adam, squares]
}

/// The model of TPE after 240 trials of 8 numbers and 2 choices, at 24 points.
fn mixture() -> Case {
    let (kernels, points, axes) = (240_usize.next_multiple_of(KERNELS), 24, 10);
    let columns: &'static [f32] = values(kernels, 1).leak();
    let normal = MixtureAxis::Normal { scale: columns, shift: columns };
    let mut all = vec![normal; 8];
    all.extend([MixtureAxis::Choice { code: columns, bonus: 1.0 }; 2]);
    let (constant, given) = (values(kernels, 2), values(points * axes, 3));
    let (mut largest, mut sums) = (vec![0.0; points], vec![0.0; points]);
    Case {
        name: "log_mixture",
        elements: kernels * points * axes,
        operations: 5.4,
        least: [4.0, 6.0],
        product: false,
        call: Box::new(move |kernels| {
            kernels.log_mixture(&constant, &all, &given, &mut largest, black_box(&mut sums));
        }),
    }
}

fn pooling() -> Vec<Case> {
    let (tokens, width) = (12, 128);
    let states = values(tokens * width, 1);
    let all: Vec<usize> = (0..tokens).collect();
    let [query, readout] = [2, 3].map(|salt| values(width, salt));
    let (mut shares, mut mixed) = (vec![0.0; tokens], vec![0.0; width]);
    let attend = Case {
        name: "attend",
        elements: tokens * width,
        operations: 4.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let (states, all, query) = (states.clone(), all.clone(), query.clone());
            move |kernels| {
                kernels.attend(&states, &all, &query, 0.1, &mut shares, black_box(&mut mixed));
            }
        }),
    };
    let (shares, mut slopes) = (vec![1.0 / tokens as f32; tokens], vec![0.0; tokens]);
    let (mut grad_states, mut grad_query) = (vec![0.0; tokens * width], vec![0.0; width]);
    let attend_back = Case {
        name: "attend_back",
        elements: tokens * width,
        operations: 8.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let (states, all, grad) = (states.clone(), all.clone(), readout.clone());
            move |kernels| {
                let of = Attended {
                    states: &states,
                    tokens: &all,
                    query: &query,
                    scale: 0.1,
                    shares: &shares,
                    grad: &grad,
                };
                kernels.attend_back(of, &mut slopes, black_box(&mut grad_states), &mut grad_query);
            }
        }),
    };
    let mut cases = vec![attend, attend_back];
    cases.extend(sums_of_states());
    cases
}

fn sums_of_states() -> Vec<Case> {
    let (tokens, width) = (12, 128);
    let states = values(tokens * width, 1);
    let all: Vec<usize> = (0..tokens).collect();
    let readout = values(width, 3);
    let mut sum = vec![0.0; width];
    let mut cases = vec![Case {
        name: "add_rows",
        elements: tokens * width,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let (states, all) = (states.clone(), all.clone());
            move |kernels| kernels.add_rows(&states, &all, 0.5, black_box(&mut sum))
        }),
    }];
    let mut spread = states.clone();
    cases.push(Case {
        name: "spread_row",
        elements: tokens * width,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let (all, row) = (all.clone(), readout.clone());
            move |kernels| kernels.spread_row(&row, &all, 1e-6, black_box(&mut spread))
        }),
    });
    let (mut largest, mut at) = (vec![0.0; width], vec![0; width]);
    cases.push(Case {
        name: "largest_rows",
        elements: tokens * width,
        operations: 1.0,
        least: [1.5, 1.5],
        product: false,
        call: Box::new({
            let states = states.clone();
            move |kernels| kernels.largest_rows(&states, &all, black_box(&mut largest), &mut at)
        }),
    });
    let mut target = states.clone();
    cases.push(Case {
        name: "add_to",
        elements: tokens * width,
        operations: 2.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let states = states.clone();
            move |kernels| kernels.add_to(black_box(&mut target), 1e-6, &states)
        }),
    });
    let mut target = states.clone();
    cases.push(Case {
        name: "multiply_by",
        elements: tokens * width,
        operations: 1.0,
        least: UNFUSED,
        product: false,
        call: Box::new({
            let factors = vec![1.0; tokens * width];
            move |kernels| kernels.multiply_by(black_box(&mut target), &factors)
        }),
    });
    cases
}
