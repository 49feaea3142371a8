//! The transformer against plain candle operations, and against Python's transformers.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor};
use serde::Deserialize;
use uaic::kernel::{Kernels, Targets};
use uaic::model::{self, Crew, Dimensions, Model, Pretrained, Tensors, Weights, build, read_tensors};
use uaic::rng::SeedTree;
use uaic::spec::{BertPooling, BertSpec, ModelSpec, TextSpec, TokenizerKind};
use uaic::text::{TokenIds, WordPiece};

use crate::support::plain_bert::PlainBert;
use crate::support::{TestDir, python};

const CLASSES: usize = 5;
const SIZES: Dimensions = Dimensions { vocabulary: 30, ngrams: 0, classes: CLASSES };

/// A model without dropout, which candle could not draw alike.
fn still(spec: BertSpec) -> BertSpec {
    BertSpec { dropout: 0.0, attention_dropout: 0.0, head_dropout: 0.0, ..spec }
}

fn new(spec: &BertSpec, weights: &mut Weights) -> Box<dyn Model> {
    build(&ModelSpec::Bert(spec.clone()), SIZES, weights).unwrap()
}

/// Tensors to begin with, as files hold them; BERT's own, with a deviation of 0.02, would make all
/// texts alike.
fn tensors(spec: &BertSpec) -> Tensors {
    let mut weights = Weights::new(SeedTree::new(5));
    new(&BertSpec { frozen_embeddings: false, frozen_layers: 0, ..spec.clone() }, &mut weights);
    let bytes = weights.to_safetensors().unwrap();
    let large = |(name, tensor): (String, model::Tensor)| {
        let shape = tensor.shape().to_vec();
        let moved = |value: &f32| if shape.len() == 2 { value * 8.0 } else { value + 0.1 };
        let values = tensor.values().unwrap().iter().map(moved).collect();
        (name, model::Tensor::new(shape, values).unwrap())
    };
    read_tensors(&bytes).unwrap().into_iter().map(large).collect()
}

fn texts() -> Vec<TokenIds> {
    let text = |number: u32| {
        let length = 1 + number * 5 % 19;
        let words: Vec<u32> = (0..length).map(|token| (number * 7 + token * token) % 30).collect();
        TokenIds::of_words(&words)
    };
    (0..12).map(text).collect()
}

fn norm(values: impl Iterator<Item = f32>) -> f64 {
    values.map(|value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

/// Differences are judged by the size of the whole tensor: single values may be sums that cancel.
#[track_caller]
fn assert_same(ours: &[f32], other: &Tensor, tolerance: f64, what: &str) {
    let other: Vec<f32> = other.flatten_all().unwrap().to_vec1().unwrap();
    assert_eq!(ours.len(), other.len(), "{what}");
    let size = norm(other.iter().copied());
    assert!(size.is_finite() && size > 0.0, "{what} has norm {size}");
    let difference = norm(ours.iter().zip(&other).map(|(a, b)| a - b));
    assert!(difference < tolerance * size, "{what}: a difference of {difference} at a norm of {size}");
}

fn step(weights: &mut Weights, model: &dyn Model, texts: &[TokenIds], gold: &[usize]) -> (f64, Vec<f32>) {
    let class_weights = [1.0; CLASSES];
    let targets = Targets { gold, smoothing: 0.0, class_weights: &class_weights, outside_weight: 0.0 };
    let mut gradients = vec![0.0; weights.trained().len()];
    let mut learner = model.learner(Kernels::detect(), Crew::new(2).unwrap());
    let refs: Vec<&TokenIds> = texts.iter().collect();
    let mut rng = SeedTree::new(1).rng("unused");
    let loss = learner.learn(weights, &refs, targets, &mut rng, &mut gradients).unwrap();
    (loss, gradients)
}

fn logits(model: &dyn Model, weights: &Weights, texts: &[TokenIds]) -> Vec<f32> {
    let mut logits = Vec::new();
    let refs: Vec<&TokenIds> = texts.iter().collect();
    model.predictor(Kernels::detect(), weights).logits(&refs, &mut logits).unwrap();
    logits
}

#[test]
fn logits_loss_and_all_gradients_equal_those_of_plain_operations() {
    let texts = texts();
    let gold: Vec<usize> = (0..texts.len()).map(|text| text * text % CLASSES).collect();
    for pooling in [BertPooling::First, BertPooling::Mean, BertPooling::Max] {
        for (number, (frozen_embeddings, frozen_layers)) in
            [(false, 0), (true, 0), (false, 1), (false, 3)].into_iter().enumerate()
        {
            let (hidden_dim, heads, intermediate_dim) = [(64, 4, 96), (130, 5, 64), (24, 1, 70)][number % 3];
            let spec = still(BertSpec {
                hidden_dim,
                heads,
                intermediate_dim,
                layers: 2,
                pooling,
                frozen_embeddings,
                frozen_layers,
                positions: 20,
                ..BertSpec::default()
            });
            let given = tensors(&spec);
            let names: Vec<String> = given.keys().cloned().collect();
            let mut weights = Weights::adapted(Arc::new(given), SeedTree::new(2), None);
            let model = new(&spec, &mut weights);
            let plain = PlainBert::new(&spec, &weights, &names).unwrap();
            assert_eq!(plain.variables().len(), weights.slots().count());
            let expected = plain.logits(&texts).unwrap();
            let ours = logits(model.as_ref(), &weights, &texts);
            assert_same(&ours, &expected, 1e-5, &format!("logits of {spec:?}"));

            let (loss, gradients) = step(&mut weights, model.as_ref(), &texts, &gold);
            let expected = plain.loss(&texts, &gold).unwrap();
            let wanted = f64::from(expected.to_scalar::<f32>().unwrap());
            assert!((loss - wanted).abs() < 1e-5 * wanted, "loss of {spec:?}: {loss} and {wanted}");
            let expected = expected.backward().unwrap();
            for (name, variable) in plain.variables() {
                // Softmax cancels what a bias adds to all keys alike: nothing but rounding is left.
                if name.ends_with("key.bias") {
                    continue;
                }
                let ours = weights.arrange(name, &gradients).unwrap();
                let what = format!("gradient of {name} of {spec:?}");
                assert_same(&ours, expected.get(variable).expect(name), 1e-4, &what);
            }
        }
    }
}

/// What `tests/fixtures/bert/make.py` writes beside the model.
#[derive(Deserialize)]
struct Golden {
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
    logits: Vec<Vec<f32>>,
    classes: Vec<usize>,
    loss: f64,
}

#[test]
fn logits_and_a_training_step_equal_those_that_transformers_once_gave() {
    compare_with_transformers(Path::new("tests/fixtures/bert"));
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with torch and transformers")]
fn logits_and_a_training_step_equal_those_that_transformers_gives() {
    let folder = TestDir::new();
    let output = python("tests/fixtures/bert/make.py", &[folder.join("").as_os_str()], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    compare_with_transformers(&folder.join(""));
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with transformers")]
fn wordpieces_are_those_of_transformers() {
    let split = |name: &str| fs::read_to_string(format!("data/flights/{name}.tsv")).unwrap();
    let text = |line: &str| line.split('\t').next().unwrap().to_owned();
    let train: Vec<String> = split("train").lines().map(text).collect();
    let options = TextSpec { tokenizer: TokenizerKind::Wordpiece, max_length: 64, ..TextSpec::default() };
    let learnt = WordPiece::learn(train.iter().map(String::as_str), &options).unwrap();
    let folder = TestDir::new();
    folder.write("vocab.txt", learnt.settings().pieces.join("\n") + "\n");
    folder.write("tokenizer_config.json", r#"{ "do_lower_case": true }"#);
    let strange = [
        "",
        "   ",
        "ZÜRICH Ünïcode naïve café",
        "don't o'hare... 8:30am, $5.00 (round-trip)?!",
        "\u{4e2d}\u{6587} \u{1f600} \u{200d}zero\u{0} width",
        "supercalifragilisticexpialidocious",
        "[CLS] flights [SEP] [MASK] [UNK]",
        "tab\there \u{a0}nbsp \u{3000}wide",
    ];
    let long = "flights ".repeat(100);
    let texts: Vec<String> = ["test", "ood", "ood_test"]
        .iter()
        .flat_map(|name| split(name).lines().map(text).collect::<Vec<_>>())
        .chain(train)
        .chain(strange.map(str::to_owned))
        .chain([long])
        .collect();
    let output = python("tests/fixtures/bert/cut.py", &[folder.join("").as_os_str()], &texts.join("\n"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), texts.len());
    for (text, line) in texts.iter().zip(said.lines()) {
        let theirs: Vec<u32> = line.split(' ').map(|id| id.parse().unwrap()).collect();
        assert_eq!(learnt.encode(text), theirs, "{text:?}");
    }
}

/// What a model from `tests/fixtures/bert/make.py` says and learns, beside what is written with it.
fn compare_with_transformers(folder: &Path) {
    let golden: Golden = serde_json::from_slice(&fs::read(folder.join("golden.json")).unwrap()).unwrap();
    let pretrained = Pretrained::open(folder).unwrap();
    let ModelSpec::Bert(spec) = pretrained.adapt(&still(BertSpec::default())) else { panic!("not BERT") };
    let tokenizer = pretrained.tokenizer(spec.positions).unwrap();
    let texts: Vec<TokenIds> = golden.texts.iter().map(|text| tokenizer.encode(text)).collect();
    assert!(texts.iter().map(TokenIds::words).eq(&golden.ids));

    // The whole classifier, its head included.
    let bytes = fs::read(folder.join("model.safetensors")).unwrap();
    let mut weights = Weights::from_safetensors(&bytes).unwrap();
    let sizes = Dimensions { vocabulary: tokenizer.vocabulary_size(), ..SIZES };
    let model = build(&ModelSpec::Bert(spec), sizes, &mut weights).unwrap();
    weights.check_all_used().unwrap();
    let ours = logits(model.as_ref(), &weights, &texts);
    for (ours, wanted) in ours.iter().zip(golden.logits.concat()) {
        assert!((ours - wanted).abs() < 1e-4, "{ours} and {wanted}");
    }
    let (loss, gradients) = step(&mut weights, model.as_ref(), &texts, &golden.classes);
    assert!((loss - golden.loss).abs() < 1e-5, "{loss} and {}", golden.loss);
    let bytes = fs::read(folder.join("gradients.safetensors")).unwrap();
    let wanted = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    assert!(wanted.len() > 15);
    for (name, wanted) in &wanted {
        let ours = weights.arrange(name, &gradients).unwrap();
        assert_same(&ours, wanted, 1e-4, name);
    }
}

#[test]
fn a_pretrained_encoder_gets_a_head_of_its_own() {
    let pretrained = Pretrained::open("tests/fixtures/bert".as_ref()).unwrap();
    let bytes = fs::read("tests/fixtures/bert/model.safetensors").unwrap();
    let given = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
    let mut weights = pretrained.weights(SeedTree::new(3));
    let wanted = BertSpec { pooling: BertPooling::Mean, frozen_layers: 1, ..BertSpec::default() };
    // Fewer words, as the table is often padded, and the same number of classes.
    let sizes = Dimensions { vocabulary: 31, ..SIZES };
    build(&pretrained.adapt(&wanted), sizes, &mut weights).unwrap();
    let values = |name: &str| given[name].flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let words = "bert.embeddings.word_embeddings.weight";
    assert_eq!(weights.tensor(words).unwrap(), values(words)[..31 * 36]);
    let name = "bert.encoder.layer.1.attention.self.query.weight";
    assert_eq!(weights.tensor(name).unwrap(), values(name));
    assert_ne!(weights.tensor("classifier.weight").unwrap(), values("classifier.weight"));
    assert!(weights.tensor("bert.pooler.dense.weight").is_none(), "a mean needs no pooler");
}
