//! Exported models in another runtime: onnxruntime must say what uaic says.

use serde_json::{Value, json};
use uaic::model::{Classifier, Weights};
use uaic::onnx;
use uaic::rng::SeedTree;
use uaic::spec::{
    BertPooling, BertSpec, CnnSpec, ModelSpec, Pooling, RecurrentSpec, TextSpec, TokenizerKind,
};
use uaic::text::{TokenIds, Tokenizer};

use crate::support::small_study::project;
use crate::support::{TestDir, python};

const TEXTS: [&str; 6] = [
    "show flights from boston to denver",
    "fare",
    "what is the cheapest fare from rome to oslo on monday morning",
    "",
    "zzz unknown words qqq",
    "flights to oslo",
];
const TEMPERATURE: f64 = 1.7;

/// Every architecture with every pooling, number of directions and of layers; with and without
/// n-grams.
fn cases() -> Vec<(String, ModelSpec, TextSpec)> {
    let mut cases = Vec::new();
    for architecture in [ModelSpec::Lstm, ModelSpec::LstmAttention] {
        for pooling in [Pooling::Last, Pooling::Mean, Pooling::Max, Pooling::Attention] {
            for (layers, bidirectional, ngrams) in [(1, false, 0), (1, true, 50), (2, true, 0)] {
                let spec = RecurrentSpec {
                    embedding_dim: 7,
                    hidden_dim: 5,
                    layers,
                    bidirectional,
                    pooling,
                    ..RecurrentSpec::default()
                };
                let text = TextSpec { ngrams, ..TextSpec::default() };
                let spec = architecture(spec);
                let name = format!("{}-{pooling:?}-{layers}-{bidirectional}", spec.architecture());
                cases.push((name, spec, text));
            }
        }
    }
    let text = TextSpec { tokenizer: TokenizerKind::Wordpiece, ..TextSpec::default() };
    for pooling in [BertPooling::First, BertPooling::Mean, BertPooling::Max] {
        let spec =
            BertSpec { hidden_dim: 24, heads: 3, intermediate_dim: 40, pooling, ..BertSpec::default() };
        cases.push((format!("bert-{pooling:?}"), ModelSpec::Bert(spec), text.clone()));
    }
    cases.push(("lstm-wordpiece".to_owned(), ModelSpec::default(), text));
    for (width_min, width_max, ngrams) in [(1, 3, 0), (2, 5, 50)] {
        let spec = CnnSpec { embedding_dim: 7, filters: 6, width_min, width_max, ..CnnSpec::default() };
        let text = TextSpec { ngrams, ..TextSpec::default() };
        cases.push((format!("cnn-{width_max}"), ModelSpec::Cnn(spec), text));
    }
    cases
}

fn classifier(spec: &ModelSpec, text: &TextSpec) -> Classifier {
    let tokenizer = Tokenizer::build(TEXTS[..3].iter().copied(), text).unwrap();
    let labels = ["fare", "flight", "meal"].map(str::to_owned).to_vec();
    Classifier::new(spec, tokenizer, labels, Weights::new(SeedTree::new(11))).unwrap()
}

/// Whole numbers of texts, padded to a rectangle.
fn padded(texts: &[TokenIds], padding: i64, of: impl Fn(&TokenIds, usize) -> i64) -> Value {
    let steps = texts.iter().map(TokenIds::len).max().unwrap();
    let value = |text: &TokenIds, step: usize| if step < text.len() { of(text, step) } else { padding };
    let values: Vec<i64> =
        texts.iter().flat_map(|text| (0..steps).map(move |step| value(text, step))).collect();
    json!({ "shape": [texts.len(), steps], "values": values })
}

/// The inputs of a graph for some texts.
fn inputs(classifier: &Classifier, texts: &[TokenIds]) -> Value {
    let ids = padded(texts, 0, |text, step| i64::from(text.word(step)));
    if matches!(classifier.spec, ModelSpec::Bert(_)) {
        return json!({ "input_ids": ids, "attention_mask": padded(texts, 0, |_, _| 1) });
    }
    let lengths: Vec<usize> = texts.iter().map(TokenIds::len).collect();
    let mut inputs = json!({ "words": ids, "lengths": { "shape": [texts.len()], "values": lengths } });
    if classifier.tokenizer.ngram_count() > 0 {
        let steps = lengths.iter().max().copied().unwrap();
        let places = texts.iter().flat_map(|text| (0..steps).map(move |step| (text, step)));
        let of = |(text, step): (&TokenIds, usize)| -> Vec<i64> {
            let ngrams = if step < text.len() { text.ngrams(step) } else { &[] };
            ngrams.iter().map(|&ngram| i64::from(ngram)).collect()
        };
        let ngrams: Vec<Vec<i64>> = places.map(of).collect();
        let width = ngrams.iter().map(Vec::len).max().unwrap();
        let values: Vec<i64> = ngrams
            .into_iter()
            .flat_map(|mut own| {
                own.resize(width, -1);
                own
            })
            .collect();
        inputs["ngrams"] = json!({ "shape": [texts.len(), steps, width], "values": values });
    }
    inputs
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with onnxruntime")]
fn onnxruntime_gives_the_logits_of_every_architecture() {
    let folder = TestDir::new();
    for (name, spec, text) in cases() {
        let classifier = classifier(&spec, &text);
        let said =
            classifier.predictions(TEXTS.map(|text| (text, None)), uaic::model::Features::Omit).unwrap();
        let texts = TEXTS.map(|text| classifier.tokenizer.encode(text));
        let case = json!({
            "inputs": inputs(&classifier, &texts),
            "labels": classifier.labels,
            "logits": said.logits,
            "probabilities": said.probabilities(TEMPERATURE),
        });
        folder.write(format!("{name}.json"), case.to_string());
        folder.write(format!("{name}.onnx"), onnx::encode(&classifier, TEMPERATURE, &[]).unwrap());
    }
    let output = python("tests/fixtures/onnx/run.py", &[folder.join("").as_os_str()], "");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.lines().count(), cases().len(), "{said}");
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let (_, spec, text) = &cases()[1];
    let encode = || onnx::encode(&classifier(spec, text), 1.0, &[("run", "1".to_owned())]).unwrap();
    assert_eq!(encode(), encode());
}

#[test]
#[cfg_attr(not(uaic_test_python), ignore = "needs UAIC_TEST_PYTHON with onnxruntime and tokenizers")]
fn a_program_in_another_language_answers_alike() {
    let (dir, _) = project();
    let texts = ["Flights to oslo", "zzz qqq fare", "what is the cheapest fare on monday?"];
    for (model, overrides) in [("words", ""), ("pieces", "-P text.tokenizer=wordpiece")] {
        dir.run(&format!("run small.toml -q {overrides}")).ok();
        dir.run(&format!("export @ --format onnx --out {model}.onnx")).ok();
        dir.run(&format!("export @ --out {model}.uaic")).ok();
        let path = dir.join(format!("{model}.onnx"));
        let mut arguments = vec![path.as_os_str()];
        arguments.extend(texts.map(std::ffi::OsStr::new));
        let output = python("examples/onnx_predict.py", &arguments, "");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.lines().count(), texts.len());
        for (text, line) in texts.iter().zip(said.lines()) {
            let own =
                dir.uaic().args(["predict", &format!("{model}.uaic"), text, "--json"]).output().unwrap();
            let own: Value = serde_json::from_slice(&own.stdout).unwrap();
            let parts: Vec<&str> = line.split('\t').collect();
            assert_eq!((parts[0], parts[2]), (own["label"].as_str().unwrap(), *text));
            let confidence: f64 = parts[1].parse().unwrap();
            assert!((confidence - own["confidence"].as_f64().unwrap()).abs() < 1e-4, "{line} {own}");
        }
    }
}
