//! From the files of a package to a model. Whoever wrote them is not trusted: what a model cannot be
//! made of is refused here, so that applying it cannot fail in ways that a trained one never does.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{PackageError, PackageFault};
use super::files::{CALIBRATION, CONFIG, LABELS, MANIFEST, SCOPE, TOKENIZER, WEIGHTS};
use super::{Package, PredictOptions, Predictor};
use crate::eval::{Calibration, ScopeModels};
use crate::model::{Classifier, Weights};
use crate::spec::{ModelSpec, check_section};
use crate::text::Tokenizer;

/// Most tokens of a text, as in a spec: attention takes memory with their square.
const MOST_TOKENS: u64 = 10_000;

/// Most characters of a word that is taken apart: that takes time with their square.
const LONGEST_WORD: u64 = 1000;

impl Package {
    /// The classifier.
    ///
    /// # Errors
    /// Its files do not fit together, or have values that no model has.
    pub fn classifier(&self) -> Result<Classifier, PackageError> {
        self.build().map_err(PackageFault::of_bytes)
    }

    /// Temperature and threshold; `None` for packages without.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn calibration(&self) -> Result<Option<Calibration>, PackageError> {
        let read = || -> Result<Option<Calibration>, PackageFault> {
            let Some(bytes) = self.file(CALIBRATION) else { return Ok(None) };
            let mut calibration: Calibration =
                serde_json::from_slice(bytes).map_err(|error| PackageFault::content(CALIBRATION, error))?;
            if !(calibration.temperature > 0.0 && calibration.temperature.is_finite()) {
                return Err(PackageFault::content(CALIBRATION, "the temperature is no positive number"));
            }
            if !calibration.threshold.is_finite() {
                return Err(PackageFault::content(CALIBRATION, "the threshold is no number"));
            }
            if let Some(bytes) = self.file(SCOPE) {
                calibration.models = ScopeModels::from_safetensors(bytes)
                    .map_err(|error| PackageFault::content(SCOPE, error))?;
            }
            Ok(Some(calibration))
        };
        read().map_err(PackageFault::of_bytes)
    }

    /// The classifier with its calibration, to be asked.
    ///
    /// # Errors
    /// As [`Package::classifier`] and [`Package::calibration`].
    pub fn predictor(&self) -> Result<Predictor, PackageError> {
        let predictor = Predictor { classifier: self.classifier()?, calibration: self.calibration()? };
        // Whether the out-of-scope method fits the model's features shows when it is asked.
        let unfit = |error| PackageFault::of_bytes(PackageFault::content(SCOPE, error));
        predictor.predict(&[""], PredictOptions::default()).map_err(unfit)?;
        Ok(predictor)
    }

    fn build(&self) -> Result<Classifier, PackageFault> {
        let config: ModelSpec = self.json(CONFIG)?;
        if config.architecture() != self.manifest().architecture {
            return Err(PackageFault::content(MANIFEST, "the architecture is not that of the configuration"));
        }
        check_section("model", &config).map_err(|why| PackageFault::content(CONFIG, why))?;
        if let ModelSpec::Bert(spec) = &config
            && !spec.hidden_dim.is_multiple_of(spec.heads.max(1))
        {
            return Err(PackageFault::content(CONFIG, "the heads do not divide the width"));
        }
        let labels: Vec<String> = self.json(LABELS)?;
        if labels.is_empty() || labels.iter().collect::<HashSet<_>>().len() < labels.len() {
            return Err(PackageFault::content(LABELS, "there are none, or some are equal"));
        }
        let weights = self.file(WEIGHTS).ok_or(PackageFault::Missing(WEIGHTS))?;
        let tokenizer = self.tokenizer()?;
        let classifier = Weights::from_safetensors(weights)
            .and_then(|weights| Classifier::new(&config, tokenizer, labels, weights))
            .map_err(|error| PackageFault::content(WEIGHTS, error))?;
        if !classifier.weights.are_finite() {
            return Err(PackageFault::content(WEIGHTS, "a weight is not a number"));
        }
        Ok(classifier)
    }

    fn tokenizer(&self) -> Result<Tokenizer, PackageFault> {
        let json: Value = self.json(TOKENIZER)?;
        if let Some(options) = json.get("options") {
            check_section("text", options).map_err(|why| PackageFault::content(TOKENIZER, why))?;
        }
        // Those of wordpieces, in the form of Hugging Face.
        for (path, limit) in
            [("/truncation/max_length", MOST_TOKENS), ("/model/max_input_chars_per_word", LONGEST_WORD)]
        {
            if json.pointer(path).and_then(Value::as_u64).is_some_and(|value| value > limit) {
                return Err(PackageFault::content(TOKENIZER, format!("{path} is above {limit}")));
            }
        }
        let bytes = self.file(TOKENIZER).ok_or(PackageFault::Missing(TOKENIZER))?;
        let tokenizer =
            Tokenizer::from_json(bytes).map_err(|error| PackageFault::content(TOKENIZER, error))?;
        // Two ids are reserved, and one of them stands for every word that is unknown.
        if tokenizer.vocabulary_size() < 2 {
            return Err(PackageFault::content(TOKENIZER, "the vocabulary lacks the reserved words"));
        }
        Ok(tokenizer)
    }

    fn json<T: DeserializeOwned>(&self, name: &'static str) -> Result<T, PackageFault> {
        let bytes = self.file(name).ok_or(PackageFault::Missing(name))?;
        serde_json::from_slice(bytes).map_err(|error| PackageFault::content(name, error))
    }
}
