//! How fast training and inference are, beside the same model of plain candle operations:
//!
//! ```text
//! cargo bench --bench training                     # on data/flights
//! cargo bench --bench training -- ../atis_dedup    # on another folder with train.tsv
//! cargo bench --bench training -- endurance        # 1,000 epochs: time and memory of each
//! ```
//!
//! Each figure is the median of some repetitions, each in a process of its own (candle reads its
//! number of threads once, and memory can be told apart), one side after the other so that a
//! machine that slows down slows both.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/support/plain_candle.rs"]
mod plain_candle;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use candle_nn::{AdamW, Optimizer, ParamsAdamW};
use uaic::data::{Dataset, Example};
use uaic::kernel::{Kernels, PANEL, Row, Start, Target, Targets};
use uaic::model::{Classifier, Weights};
use uaic::rng::SeedTree;
use uaic::spec::{ModelSpec, Pooling, RecurrentSpec, TextSpec, TrainSpec};
use uaic::text::{TokenIds, Tokenizer};
use uaic::train::{FitError, Flow, Task, TrainError, fit, plan};

use plain_candle::{Mode, PlainModel};

const REPETITIONS: usize = 3;
const BATCHES: [usize; 3] = [1, 32, 256];
const THREADS: [usize; 2] = [1, 2];

/// A side goes on for at least so long.
const ENOUGH: Duration = Duration::from_millis(800);

fn main() {
    // Cargo adds options of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["measure", what, batch, threads, folder] => {
            measure(what, batch.parse().unwrap(), threads.parse().unwrap(), folder);
        }
        ["endurance"] => endurance("data/flights"),
        ["endurance", folder] => endurance(folder),
        [] => compare("data/flights"),
        [folder] => compare(folder),
        _ => println!("usage: cargo bench --bench training -- [endurance] [folder with train.tsv]"),
    }
}

/// The reference's model: one direction, read at the last word, and dropout alone.
fn model() -> ModelSpec {
    ModelSpec::LstmAttention(RecurrentSpec {
        embedding_dim: 64,
        hidden_dim: 128,
        layers: 1,
        bidirectional: false,
        pooling: Pooling::Last,
        word_dropout: 0.0,
        dropout: 0.4,
        head_dropout: 0.0,
        adversarial: 0.0,
    })
}

/// Words alone.
fn text() -> TextSpec {
    TextSpec { ngrams: 0, ..TextSpec::default() }
}

/// What a process has measured.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// Texts per second.
    texts: f64,
    /// GFLOP/s.
    flops: f64,
    /// Largest resident memory of the process, MB.
    memory: f64,
}

fn compare(folder: &str) {
    let (texts, classes) = Corpus::open(folder).sizes();
    let tokens: usize = texts.iter().sum();
    let mean = tokens as f64 / texts.len() as f64;
    println!("lstm-attention, embedding 64, hidden 128, dropout 0.4, Adam");
    println!("{folder}: {} texts of {mean:.1} tokens on average, {classes} classes", texts.len());

    let mut all: BTreeMap<(&str, usize, usize), Vec<Measured>> = BTreeMap::new();
    for _ in 0..REPETITIONS {
        for threads in THREADS {
            let mut run = |what, batch| {
                all.entry((what, threads, batch)).or_default().push(spawn(what, batch, threads, folder));
            };
            run("peak", 0);
            for batch in BATCHES {
                run("train-candle", batch);
                run("train", batch);
                if threads == 1 {
                    run("predict-candle", batch);
                    run("predict", batch);
                }
            }
        }
    }
    let median = |what, threads, batch| -> Measured {
        let of = |figure: fn(&Measured) -> f64| {
            let mut values: Vec<f64> = all[&(what, threads, batch)].iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        Measured { texts: of(|m| m.texts), flops: of(|m| m.flops), memory: of(|m| m.memory) }
    };
    let peak = |threads| median("peak", threads, 0).flops;
    let table = |title: &str, plain: &'static str, ours: &'static str, threads: &[usize]| {
        println!("\n{title:<9} threads  batch     texts/s  GFLOP/s  of peak  memory");
        for &threads in threads {
            for batch in BATCHES {
                let (candle, own) = (median(plain, threads, batch), median(ours, threads, batch));
                for (name, m) in [("candle", candle), ("uaic", own)] {
                    let mut row = format!("{name:<9} {threads:>7} {batch:>6} {:>11.0}", m.texts);
                    let share = 100.0 * m.flops / peak(threads);
                    write!(row, " {:>8.1} {share:>7.1}% {:>4.0} MB", m.flops, m.memory).unwrap();
                    if name == "uaic" {
                        write!(row, "  {:.1} times candle", own.texts / candle.texts).unwrap();
                    }
                    println!("{row}");
                }
            }
        }
    };
    println!(
        "kernels: {}; the peak is that of their own products on what fits the",
        Kernels::detect().name()
    );
    println!("caches: {:.1} GFLOP/s with 1 thread, {:.1} with 2", peak(1), peak(2));
    table("training", "train-candle", "train", &THREADS);
    table("inference", "predict-candle", "predict", &THREADS[..1]);
    println!("\nFLOP: 2 for each multiply-add of the products that the real tokens of a text need, thrice");
    println!("in training (forward, gradients of inputs, gradients of weights). n tokens, E 64, H 128, C");
    println!("classes: 4H(E·n + H(n−1)) + 3H² + 2H·n + H·C multiply-adds.");
}

/// Measures in a process of its own.
fn spawn(what: &str, batch: usize, threads: usize, folder: &str) -> Measured {
    let (batch, count) = (batch.to_string(), threads.to_string());
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["measure", what, &batch, &count, folder])
        .env("RAYON_NUM_THREADS", &count)
        .output()
        .unwrap();
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    let figures = String::from_utf8(output.stdout).unwrap();
    match figures.split_whitespace().map(|figure| figure.parse().unwrap()).collect::<Vec<f64>>()[..] {
        [texts, flops, memory] => Measured { texts, flops, memory },
        _ => panic!("{what}: {figures}"),
    }
}

fn measure(what: &str, batch: usize, threads: usize, folder: &str) {
    let (texts, flops) = match what {
        "peak" => (0.0, peak(threads)),
        "train" => train(&Corpus::open(folder), batch, threads),
        "train-candle" => train_candle(&Corpus::open(folder), batch),
        "predict" => predict(&Corpus::open(folder), batch),
        _ => predict_candle(&Corpus::open(folder), batch),
    };
    println!("{texts} {} {}", flops / 1e9, memory("VmHWM"));
}

/// The examples of a training split, encoded.
struct Corpus {
    examples: Vec<Example>,
    tokenizer: Tokenizer,
    labels: Vec<String>,
    texts: Vec<TokenIds>,
    gold: Vec<usize>,
}

impl Corpus {
    fn open(folder: &str) -> Self {
        let examples = Dataset::open(Path::new(folder)).unwrap().train().unwrap().examples.clone();
        let text = text();
        let tokenizer = Tokenizer::build(examples.iter().map(|example| example.text.as_str()), &text)
            .unwrap_or_else(|error| panic!("{error}"));
        let mut labels: Vec<String> = examples.iter().map(|example| example.label.clone()).collect();
        labels.sort();
        labels.dedup();
        let texts = examples.iter().map(|example| tokenizer.encode(&example.text)).collect();
        let gold = examples.iter().map(|example| labels.binary_search(&example.label).unwrap()).collect();
        Self { examples, tokenizer, labels, texts, gold }
    }

    fn classifier(&self) -> Classifier {
        let weights = Weights::new(SeedTree::new(1));
        Classifier::new(&model(), self.tokenizer.clone(), self.labels.clone(), weights).unwrap()
    }

    /// The length of each text, and the number of classes.
    fn sizes(&self) -> (Vec<usize>, usize) {
        (self.texts.iter().map(TokenIds::len).collect(), self.labels.len())
    }
}

/// Multiply-adds of the products of one text, twice.
fn forward_flops(tokens: usize, classes: usize) -> f64 {
    let (inputs, hidden) = (64, 128);
    let recurrence = 4 * hidden * (inputs * tokens + hidden * (tokens - 1));
    let attention = 3 * hidden * hidden + 2 * hidden * tokens;
    2.0 * (recurrence + attention + hidden * classes) as f64
}

/// Texts and FLOP per second over some texts that took so long together.
fn rates(lengths: impl Iterator<Item = usize>, classes: usize, passes: f64, took: Duration) -> (f64, f64) {
    let (mut texts, mut flops) = (0.0, 0.0);
    for tokens in lengths {
        texts += 1.0;
        flops += passes * forward_flops(tokens, classes);
    }
    (texts / took.as_secs_f64(), flops / took.as_secs_f64())
}

/// `train::fit` as it is: whole epochs with their batches, dropout, optimizer and average.
fn train(corpus: &Corpus, batch: usize, threads: usize) -> (f64, f64) {
    let examples: Vec<&Example> = corpus.examples.iter().collect();
    let mut ends = Vec::new();
    epochs(&examples, batch, threads, &mut |_, _| {
        ends.push(Instant::now());
        ends.len() > 1 && ends[0].elapsed() > ENOUGH
    });
    // The first epoch, which meets cold memory, ends where the measurement begins.
    let mut times: Vec<Duration> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    times.sort();
    let (lengths, classes) = corpus.sizes();
    rates(lengths.into_iter(), classes, 3.0, times[times.len() / 2])
}

/// Trains until `is_over`, which is told each epoch's number and loss.
fn epochs(examples: &[&Example], batch: usize, threads: usize, is_over: &mut dyn FnMut(u32, f64) -> bool) {
    let train = TrainSpec { batch_size: batch as u32, ..TrainSpec::default() };
    let task = Task {
        text: &text(),
        model: &model(),
        pretrained: None,
        train: &train,
        epochs: u32::MAX,
        examples,
        outside: &[],
        validation: &[],
        seeds: SeedTree::new(1),
        threads,
    };
    let fitted = fit(&task, |report| {
        Ok::<_, Infallible>(if is_over(report.epoch, report.loss) { Flow::Cancel } else { Flow::Continue })
    });
    assert!(matches!(fitted, Err(FitError::Train(TrainError::Cancelled))));
}

/// The same batches, but not all of them: candle would take minutes. They are picked evenly from
/// the batches sorted by length, so that short and long texts have their share.
fn sample(lengths: &[usize], batch: usize) -> Vec<Vec<usize>> {
    let mut batches = plan(lengths, batch, &mut SeedTree::new(1).rng("batches"));
    batches.sort_by_key(|batch| batch.iter().map(|&text| lengths[text]).sum::<usize>());
    let wanted = (4 + 640 / batch).min(96);
    let every = batches.len().div_ceil(wanted);
    batches.into_iter().skip(every / 2).step_by(every).collect()
}

fn train_candle(corpus: &Corpus, batch: usize) -> (f64, f64) {
    let (lengths, classes) = corpus.sizes();
    let plain = PlainModel::new(&model(), &corpus.classifier().weights).unwrap();
    let parameters = ParamsAdamW { lr: 1e-3, weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimizer = AdamW::new(plain.variables().values().cloned().collect(), parameters).unwrap();
    let class_weights = vec![1.0; classes];
    let mut step = |batch: &[usize]| {
        let texts: Vec<&TokenIds> = batch.iter().map(|&text| &corpus.texts[text]).collect();
        let gold: Vec<usize> = batch.iter().map(|&text| corpus.gold[text]).collect();
        let targets =
            Targets { gold: &gold, smoothing: 0.0, class_weights: &class_weights, outside_weight: 0.0 };
        let loss = plain.loss(&texts, targets).unwrap();
        optimizer.backward_step(&loss).unwrap();
        assert!(loss.to_scalar::<f32>().unwrap().is_finite());
    };
    let batches = sample(&lengths, batch);
    step(&batches[batches.len() / 2]);
    let start = Instant::now();
    for batch in &batches {
        step(batch);
    }
    rates(batches.iter().flatten().map(|&text| lengths[text]), classes, 3.0, start.elapsed())
}

/// Texts of like length together, as `Classifier::predict` does, with its reused memory.
fn predict(corpus: &Corpus, batch: usize) -> (f64, f64) {
    let (lengths, classes) = corpus.sizes();
    let classifier = corpus.classifier();
    let mut predictor = classifier.model.predictor(Kernels::detect(), &classifier.weights);
    let mut order: Vec<&TokenIds> = corpus.texts.iter().collect();
    order.sort_by_key(|text| text.len());
    let mut logits = Vec::new();
    let mut pass = || {
        for texts in order.chunks(batch) {
            predictor.logits(texts, &mut logits).unwrap();
            assert!(logits.iter().all(|logit| logit.is_finite()));
        }
    };
    pass();
    let (start, mut passes) = (Instant::now(), 0);
    while start.elapsed() < ENOUGH {
        pass();
        passes += 1;
    }
    rates(lengths.into_iter(), classes, 1.0, start.elapsed() / passes)
}

fn predict_candle(corpus: &Corpus, batch: usize) -> (f64, f64) {
    let (lengths, classes) = corpus.sizes();
    let plain = PlainModel::new(&model(), &corpus.classifier().weights).unwrap();
    let pass = |batch: &Vec<usize>| {
        let texts: Vec<&TokenIds> = batch.iter().map(|&text| &corpus.texts[text]).collect();
        assert!(plain.logits(&texts, Mode::Apply).unwrap().to_vec2::<f32>().unwrap()[0][0].is_finite());
    };
    let batches = sample(&lengths, batch);
    pass(&batches[batches.len() / 2]);
    let start = Instant::now();
    batches.iter().for_each(pass);
    rates(batches.iter().flatten().map(|&text| lengths[text]), classes, 1.0, start.elapsed())
}

/// FLOP/s of our own product: the best of some sizes that fit the first- or second-level cache.
fn peak(threads: usize) -> f64 {
    let best_of = |rows: usize, inner: usize| {
        let (a, panel) = (vec![0.5_f32; rows * inner], vec![[0.5_f32; PANEL]; inner]);
        let mut c: Vec<Row> = vec![[0.0; PANEL]; rows];
        let flops = (2 * rows * inner * PANEL) as f64;
        let repeats = (2e7 / flops).ceil() as usize;
        let mut best = 0.0_f64;
        let start = Instant::now();
        while start.elapsed() < ENOUGH / 8 {
            let start = Instant::now();
            for _ in 0..repeats {
                Kernels::detect().multiply(
                    rows,
                    (&a, inner),
                    &panel,
                    Start::Zero,
                    Target::rows(std::hint::black_box(&mut c)),
                );
            }
            best = best.max(flops * repeats as f64 / start.elapsed().as_secs_f64());
        }
        best
    };
    [(24, 64), (48, 64), (96, 128), (192, 256)]
        .into_iter()
        .map(|(rows, inner)| {
            std::thread::scope(|scope| {
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| best_of(rows, inner))).collect();
                workers.into_iter().map(|worker| worker.join().unwrap()).sum::<f64>()
            })
        })
        .fold(0.0, f64::max)
}

/// 1,000 epochs on some examples: what an epoch takes and what the process holds must not grow,
/// nor the loss stop being a number.
fn endurance(folder: &str) {
    let corpus = Corpus::open(folder);
    let every = corpus.examples.len().div_ceil(320);
    let examples: Vec<&Example> = corpus.examples.iter().step_by(every).collect();
    println!("1,000 epochs on {} of the texts of {folder}, batch 32", examples.len());
    println!(" epoch        loss  ms per epoch  resident memory");
    let (mut start, mut times) = (Instant::now(), Vec::new());
    epochs(&examples, 32, 1, &mut |epoch, loss| {
        times.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(loss.is_finite(), "the loss is {loss}");
        if epoch % 100 == 0 || epoch == 10 {
            times.sort_by(f64::total_cmp);
            let (median, resident) = (times[times.len() / 2], memory("VmRSS"));
            println!("{epoch:>6} {loss:>11.3e} {median:>13.2} {resident:>13.1} MB");
            times.clear();
        }
        start = Instant::now();
        epoch == 1000
    });
}

/// A figure of the process's memory, in MB; 0 where the system has no such file.
fn memory(name: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
