//! Predictions as the bytes of a safetensors file, and back.

use std::collections::HashMap;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::predictions::{OUT_OF_SCOPE, Predictions};

/// The key of the file's metadata that holds the labels. It is the only one: the format does not
/// keep the order of several.
const LABELS: &str = "labels";

/// Why bytes are no predictions.
#[derive(Debug, thiserror::Error)]
pub enum PredictionsError {
    /// Not a safetensors file.
    #[error("the predictions cannot be read: {0}")]
    Unreadable(#[from] safetensors::SafeTensorError),
    /// A tensor that predictions have is not there, or there is one that they do not have.
    #[error("the predictions have the tensors {found:?}, not {wanted:?}")]
    Tensors {
        /// What there is, sorted.
        found: Vec<String>,
        /// What there should be.
        wanted: Vec<&'static str>,
    },
    /// A tensor is of another shape or type than it should be.
    #[error("the tensor `{name}` of the predictions is {dtype} {found:?}, not {wanted}")]
    Misfit {
        /// Its name.
        name: &'static str,
        /// Its type.
        dtype: Dtype,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        wanted: String,
    },
    /// The labels are missing or cannot be read.
    #[error("the predictions do not name their labels: {0}")]
    Labels(String),
    /// A value that cannot be.
    #[error("the tensor `{name}` of the predictions has {value} for text {text}")]
    Value {
        /// The tensor's name.
        name: &'static str,
        /// The row.
        text: usize,
        /// The value.
        value: String,
    },
}

/// What the metadata hold.
#[derive(Serialize, Deserialize)]
struct Labels {
    known: Vec<String>,
    unseen: Vec<String>,
}

/// The tensors of the file, sorted.
const TENSORS: [&str; 6] = ["features", "gold", "hashes", "logits", "unknown_words", "words"];

impl Predictions {
    /// The bytes of a safetensors file; equal predictions give equal bytes.
    ///
    /// Tensors: `gold` U32 `(N)`, `logits` F32 `(N, C)`, `features` F32 `(N, F)`, `hashes` U64 `(N)`,
    /// `words` and `unknown_words` U32 `(N)`. The metadata's `labels` is the JSON
    /// `{"known": […], "unseen": […]}`.
    ///
    /// # Errors
    /// The columns are of unequal lengths (a defect).
    pub fn to_safetensors(&self) -> Result<Vec<u8>, PredictionsError> {
        let texts = self.len();
        let width = self.features.len().checked_div(texts).unwrap_or(0);
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let counts = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let hashes: Vec<u8> = self.hashes.iter().flat_map(|hash| hash.to_le_bytes()).collect();
        let columns: [(&str, Dtype, Vec<usize>, Vec<u8>); 6] = [
            ("features", Dtype::F32, vec![texts, width], floats(&self.features)),
            ("gold", Dtype::U32, vec![texts], counts(&self.gold)),
            ("hashes", Dtype::U64, vec![texts], hashes),
            ("logits", Dtype::F32, vec![texts, self.classes()], floats(&self.logits)),
            ("unknown_words", Dtype::U32, vec![texts], counts(&self.unknown_words)),
            ("words", Dtype::U32, vec![texts], counts(&self.words)),
        ];
        let mut views = Vec::with_capacity(columns.len());
        for (name, dtype, shape, bytes) in &columns {
            views.push((*name, TensorView::new(*dtype, shape.clone(), bytes)?));
        }
        let labels = Labels { known: self.labels.clone(), unseen: self.unseen.clone() };
        let labels =
            serde_json::to_string(&labels).map_err(|error| PredictionsError::Labels(error.to_string()))?;
        Ok(safetensors::serialize(views, Some(HashMap::from([(LABELS.to_owned(), labels)])))?)
    }

    /// Predictions from the bytes of a safetensors file; everything that later reading relies on is
    /// checked.
    ///
    /// # Errors
    /// The bytes are damaged, or are not predictions.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self, PredictionsError> {
        let labels = read_labels(bytes)?;
        let tensors = SafeTensors::deserialize(bytes)?;
        let mut found: Vec<String> = tensors.names().into_iter().map(ToOwned::to_owned).collect();
        found.sort_unstable();
        if found != TENSORS {
            return Err(PredictionsError::Tensors { found, wanted: TENSORS.to_vec() });
        }
        let texts = tensors.tensor("gold")?.shape().first().copied().unwrap_or(0);
        let width = tensors.tensor("features")?.shape().get(1).copied().unwrap_or(0);
        let column = |name, dtype, shape: &[usize]| column(&tensors, name, dtype, shape);
        let predictions = Self {
            gold: numbers(column("gold", Dtype::U32, &[texts])?, u32::from_le_bytes),
            logits: numbers(column("logits", Dtype::F32, &[texts, labels.known.len()])?, f32::from_le_bytes),
            features: numbers(column("features", Dtype::F32, &[texts, width])?, f32::from_le_bytes),
            hashes: numbers(column("hashes", Dtype::U64, &[texts])?, u64::from_le_bytes),
            words: numbers(column("words", Dtype::U32, &[texts])?, u32::from_le_bytes),
            unknown_words: numbers(column("unknown_words", Dtype::U32, &[texts])?, u32::from_le_bytes),
            labels: labels.known,
            unseen: labels.unseen,
        };
        predictions.check()?;
        Ok(predictions)
    }

    /// Refuses values that no classifier gives.
    fn check(&self) -> Result<(), PredictionsError> {
        let wrong = |name, text, value: String| Err(PredictionsError::Value { name, text, value });
        if self.labels.is_empty() && !self.is_empty() {
            return Err(PredictionsError::Labels("there are none".to_owned()));
        }
        let names = self.labels.len() + self.unseen.len();
        for (name, values) in [("logits", &self.logits), ("features", &self.features)] {
            if let Some(at) = values.iter().position(|value| !value.is_finite()) {
                let width = (values.len() / self.len()).max(1);
                return wrong(name, at / width, values[at].to_string());
            }
        }
        for text in 0..self.len() {
            let (gold, words, unknown) = (self.gold[text], self.words[text], self.unknown_words[text]);
            if gold != OUT_OF_SCOPE && gold as usize >= names {
                return wrong("gold", text, gold.to_string());
            }
            if unknown > words {
                return wrong("unknown_words", text, unknown.to_string());
            }
        }
        Ok(())
    }
}

fn read_labels(bytes: &[u8]) -> Result<Labels, PredictionsError> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let text = header.metadata().as_ref().and_then(|metadata| metadata.get(LABELS));
    let text = text.ok_or_else(|| PredictionsError::Labels(format!("there is no `{LABELS}`")))?;
    serde_json::from_str(text).map_err(|error| PredictionsError::Labels(error.to_string()))
}

/// The bytes of a tensor of this type and shape.
fn column<'a>(
    tensors: &SafeTensors<'a>,
    name: &'static str,
    dtype: Dtype,
    shape: &[usize],
) -> Result<&'a [u8], PredictionsError> {
    let tensor = tensors.tensor(name)?;
    if tensor.dtype() == dtype && tensor.shape() == shape {
        return Ok(tensor.data());
    }
    let (found, wanted) = (tensor.shape().to_vec(), format!("{dtype} {shape:?}"));
    Err(PredictionsError::Misfit { name, dtype: tensor.dtype(), found, wanted })
}

/// Little-endian numbers of `SIZE` bytes each.
fn numbers<const SIZE: usize, T>(bytes: &[u8], number: fn([u8; SIZE]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|bytes| number(*bytes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn predictions() -> impl Strategy<Value = Predictions> {
        (1_usize..5, 0_usize..3, 0_usize..4, 0_usize..9).prop_flat_map(|(classes, unseen, width, texts)| {
            let gold = prop_oneof![4 => 0..(classes + unseen) as u32, 1 => Just(OUT_OF_SCOPE)];
            (
                prop::collection::vec(gold, texts),
                prop::collection::vec(-9.0_f32..9.0, texts * classes),
                prop::collection::vec(-9.0_f32..9.0, texts * width),
                prop::collection::vec(any::<u64>(), texts),
                prop::collection::vec((0_u32..9, 0_u32..9), texts),
            )
                .prop_map(move |(gold, logits, features, hashes, words)| Predictions {
                    labels: (0..classes).map(|label| format!("label \"{label}\" ü")).collect(),
                    unseen: (0..unseen).map(|label| format!("unseen {label}")).collect(),
                    gold,
                    logits,
                    features,
                    hashes,
                    words: words.iter().map(|(known, unknown)| known + unknown).collect(),
                    unknown_words: words.iter().map(|(_, unknown)| *unknown).collect(),
                })
        })
    }

    fn small() -> Predictions {
        Predictions {
            labels: vec!["fare".to_owned(), "flight".to_owned()],
            unseen: vec!["meal".to_owned()],
            gold: vec![1, 2, OUT_OF_SCOPE],
            logits: vec![0.5, -0.25, 1.0, 2.0, 3.0, -4.0],
            features: vec![1.0, 2.0, 3.0],
            hashes: vec![u64::MAX, 0, 7],
            words: vec![3, 1, 4],
            unknown_words: vec![0, 1, 2],
        }
    }

    fn error_after(change: impl FnOnce(&mut Predictions)) -> PredictionsError {
        let mut predictions = small();
        change(&mut predictions);
        Predictions::from_safetensors(&predictions.to_safetensors().unwrap()).unwrap_err()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(predictions in predictions()) {
            let bytes = predictions.to_safetensors().unwrap();
            prop_assert_eq!(&Predictions::from_safetensors(&bytes).unwrap(), &predictions);
            prop_assert_eq!(predictions.to_safetensors().unwrap(), bytes);
        }

        #[test]
        fn damaged_bytes_are_refused_or_read_without_a_panic(at in 0_usize..2000, byte: u8, cut in 0_usize..2000) {
            let mut bytes = small().to_safetensors().unwrap();
            let at = at % bytes.len();
            bytes[at] = byte;
            let read = Predictions::from_safetensors(&bytes);
            if let Ok(read) = read {
                prop_assert_eq!(read.logits.len(), read.len() * read.classes());
                let _ = (read.predicted(), read.probabilities(1.0));
            }
            bytes.truncate(cut % bytes.len());
            prop_assert!(Predictions::from_safetensors(&bytes).is_err());
        }
    }

    #[test]
    fn the_bytes_do_not_change_between_releases() {
        let bytes = small().to_safetensors().unwrap();
        assert_eq!(&blake3::hash(&bytes).to_hex()[..16], "c6b5068115f9d976");
    }

    #[test]
    fn values_that_cannot_be_are_refused() {
        let told = [
            error_after(|predictions| predictions.logits[3] = f32::NAN),
            error_after(|predictions| predictions.features[2] = f32::INFINITY),
            error_after(|predictions| predictions.gold[0] = 3),
            error_after(|predictions| predictions.unknown_words[1] = 2),
        ]
        .map(|error| error.to_string());
        let expected =
            [("logits", "NaN", 1), ("features", "inf", 2), ("gold", "3", 0), ("unknown_words", "2", 1)];
        for (told, (name, value, text)) in told.iter().zip(expected) {
            assert_eq!(told, &format!("the tensor `{name}` of the predictions has {value} for text {text}"));
        }
    }

    #[test]
    fn columns_must_be_of_one_length() {
        let written = |change: fn(&mut Predictions)| {
            let mut predictions = small();
            change(&mut predictions);
            predictions.to_safetensors()
        };
        assert!(written(|_| {}).is_ok());
        assert!(written(|predictions| predictions.words.truncate(2)).is_err());
        assert!(written(|predictions| predictions.features.truncate(2)).is_err());
        assert!(written(|predictions| predictions.labels.push("meal".to_owned())).is_err());
    }

    #[test]
    fn another_safetensors_file_is_no_table_of_predictions() {
        let view = TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap();
        let bytes = safetensors::serialize([("weight", view)], None).unwrap();
        let told = Predictions::from_safetensors(&bytes).unwrap_err().to_string();
        assert_eq!(told, "the predictions do not name their labels: there is no `labels`");
    }
}
