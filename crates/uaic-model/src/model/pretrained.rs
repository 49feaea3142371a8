//! Pretrained encoders: the folders that Hugging Face's `save_pretrained` writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use super::architecture::ModelSpec;
use super::spec::BertSpec;
use super::transformer::FrozenStates;
use super::weights::{Tensors, Weights, read_tensors};
use crate::text::{Tokenizer, TokenizerError, WordPiece, WordPieceSettings};
use uaic_kernel::rng::SeedTree;
use uaic_platform::fsx::{self, FileError};

/// A pretrained encoder with its tokenizer, read once and shared by all trainings that begin with it.
pub struct Pretrained {
    /// Its sizes.
    sizes: BertSpec,
    tensors: Arc<Tensors>,
    tokenizer: WordPiece,
    hash: String,
    /// What frozen layers make of texts.
    kept: Arc<FrozenStates>,
}

/// Bytes for what frozen layers make of texts.
const KEPT: usize = 1 << 30;

/// Why a folder gives no encoder.
#[derive(Debug, thiserror::Error)]
pub enum PretrainedError {
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file does not hold what it should.
    #[error("{path}: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Weights in a format that can run code when they are read.
    #[error(
        "{folder} has pytorch_model.bin but no model.safetensors; write it with Python: \
         `AutoModel.from_pretrained(\"{folder}\").save_pretrained(\"{folder}\")`"
    )]
    Pickled {
        /// The folder.
        folder: PathBuf,
    },
    /// A spec that wants longer texts than the encoder has positions for.
    #[error("text.max_length is {wanted}, but the pretrained model reads at most {positions} tokens")]
    TooLong {
        /// `text.max_length`
        wanted: u32,
        /// Rows of the position table.
        positions: u32,
    },
    /// Its tokenizer cannot cut texts at the wanted length.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// What is read of `config.json`.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    hidden_size: u32,
    num_hidden_layers: u32,
    num_attention_heads: u32,
    intermediate_size: u32,
    max_position_embeddings: u32,
    type_vocab_size: u32,
    layer_norm_eps: f64,
    vocab_size: usize,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

/// What is read of `tokenizer_config.json`, which goes with a bare `vocab.txt`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    do_lower_case: Option<bool>,
    strip_accents: Option<bool>,
    tokenize_chinese_chars: Option<bool>,
}

impl Pretrained {
    /// Reads a folder with `config.json`, `model.safetensors`, and `tokenizer.json` or `vocab.txt`.
    /// Nothing is run, and nothing else is read.
    ///
    /// # Errors
    /// A file is missing or damaged, or the model is of another type than BERT.
    pub fn open(folder: &Path) -> Result<Self, PretrainedError> {
        let mut hasher = blake3::Hasher::new();
        let mut read = |name: &str| {
            let bytes = fsx::read(&folder.join(name))?;
            hasher.update(blake3::hash(&bytes).as_bytes());
            Ok::<_, FileError>(bytes)
        };
        let malformed = |name: &str, why: String| PretrainedError::Malformed { path: folder.join(name), why };
        let config = read("config.json")?;
        let config: Config = serde_json::from_slice(&config)
            .map_err(|error| malformed("config.json", format!("not the configuration of BERT: {error}")))?;
        let sizes = sizes(&config).map_err(|why| malformed("config.json", why))?;
        if !folder.join("model.safetensors").is_file() && folder.join("pytorch_model.bin").is_file() {
            return Err(PretrainedError::Pickled { folder: folder.to_owned() });
        }
        let tensors = read_tensors(&read("model.safetensors")?)
            .map(named_alike)
            .map_err(|error| malformed("model.safetensors", error.to_string()))?;
        let tokenizer = if folder.join("tokenizer.json").is_file() {
            let bytes = read("tokenizer.json")?;
            WordPiece::from_json(&bytes, None)
                .map_err(|error| malformed("tokenizer.json", error.to_string()))?
        } else {
            let pieces = read("vocab.txt")?;
            let config = folder.join("tokenizer_config.json");
            let config = if config.is_file() { read("tokenizer_config.json")? } else { b"{}".to_vec() };
            of_vocabulary(&pieces, &config).map_err(|error| malformed("vocab.txt", error.to_string()))?
        };
        if tokenizer.vocabulary_size() > config.vocab_size {
            let pieces = tokenizer.vocabulary_size();
            let why = format!("the tokenizer has {pieces} pieces, but the model only {}", config.vocab_size);
            return Err(malformed("config.json", why));
        }
        // What is not there would be drawn at random, in silence.
        let layers = (0..sizes.layers).map(|layer| format!("bert.encoder.layer.{layer}.output.dense.weight"));
        let mut needed = layers.chain(["bert.embeddings.word_embeddings.weight".to_owned()]);
        if let Some(name) = needed.find(|name| !tensors.contains_key(name)) {
            return Err(malformed("model.safetensors", format!("it lacks the tensor `{name}`")));
        }
        let hash = hasher.finalize().to_string();
        let kept = Arc::new(FrozenStates::new(KEPT));
        Ok(Self { sizes, tensors: Arc::new(tensors), tokenizer, hash, kept })
    }

    /// A hash of all that was read.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The settings of a model that begins with this encoder: its sizes, everything else as `spec`
    /// says. The folder is not named in it any more, as the weights will be the model's own.
    pub fn adapt(&self, spec: &BertSpec) -> ModelSpec {
        ModelSpec::Bert(BertSpec {
            pretrained: String::new(),
            pooling: spec.pooling,
            dropout: spec.dropout,
            attention_dropout: spec.attention_dropout,
            head_dropout: spec.head_dropout,
            frozen_embeddings: spec.frozen_embeddings,
            frozen_layers: spec.frozen_layers,
            ..self.sizes.clone()
        })
    }

    /// Its tokenizer, cutting texts after `max_length` tokens.
    ///
    /// # Errors
    /// The encoder has fewer positions, or nothing would be left of a text.
    pub fn tokenizer(&self, max_length: u32) -> Result<Tokenizer, PretrainedError> {
        let positions = self.sizes.positions;
        if max_length > positions {
            return Err(PretrainedError::TooLong { wanted: max_length, positions });
        }
        Ok(Tokenizer::WordPiece(Box::new(self.tokenizer.clone().cut_at(max_length as usize)?)))
    }

    /// Its weights for a new model; what it does not have, such as the last layer, is drawn. All
    /// models that have them share what their frozen layers make of texts.
    pub fn weights(&self, seeds: SeedTree) -> Weights {
        Weights::adapted(Arc::clone(&self.tensors), seeds, Some(Arc::clone(&self.kept)))
    }
}

/// The sizes of the encoder, or why it is none that can be had here.
fn sizes(config: &Config) -> Result<BertSpec, String> {
    let named = [
        ("model_type", config.model_type.as_str(), "bert"),
        ("hidden_act", config.hidden_act.as_str(), "gelu"),
        ("position_embedding_type", config.position_embedding_type.as_str(), "absolute"),
    ];
    if let Some((key, found, wanted)) = named.into_iter().find(|(_, found, wanted)| found != wanted) {
        return Err(format!("{key} is \"{found}\"; only \"{wanted}\" is supported"));
    }
    let (width, heads) = (config.hidden_size, config.num_attention_heads);
    if width == 0 || heads == 0 || width % heads != 0 || config.num_hidden_layers == 0 {
        let layers = config.num_hidden_layers;
        return Err(format!("{layers} layers of width {width} with {heads} heads are no encoder"));
    }
    Ok(BertSpec {
        hidden_dim: width,
        layers: config.num_hidden_layers,
        heads,
        intermediate_dim: config.intermediate_size,
        positions: config.max_position_embeddings,
        token_types: config.type_vocab_size,
        layer_norm_epsilon: config.layer_norm_eps,
        ..BertSpec::default()
    })
}

/// Tensors as 32-bit floats under the names of a whole classifier (`bert.…`), which an encoder alone
/// leaves out, and old files spell in another way.
fn named_alike(tensors: Tensors) -> Tensors {
    let alike = |name: String| {
        let name =
            name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias");
        let is_encoders = ["embeddings.", "encoder.", "pooler."].iter().any(|part| name.starts_with(part));
        if is_encoders { format!("bert.{name}") } else { name }
    };
    tensors.into_iter().filter_map(|(name, tensor)| Some((alike(name), tensor.into_floats()?))).collect()
}

/// BERT's tokenizer with the pieces of a `vocab.txt`, a line each.
fn of_vocabulary(pieces: &[u8], config: &[u8]) -> Result<WordPiece, TokenizerError> {
    let config: TokenizerConfig = serde_json::from_slice(config)?;
    let pieces = String::from_utf8_lossy(pieces).lines().map(|line| line.trim_end().to_owned()).collect();
    let usual = WordPieceSettings::of_bert(pieces, config.do_lower_case.unwrap_or(true), 512);
    WordPiece::new(WordPieceSettings {
        strip_accents: config.strip_accents,
        split_chinese: config.tokenize_chinese_chars.unwrap_or(true),
        ..usual
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use safetensors::tensor::{Dtype, TensorView};
    use serde_json::{Value, json};

    use super::*;

    fn config() -> Value {
        json!({
            "model_type": "bert", "hidden_act": "gelu", "hidden_size": 4, "num_hidden_layers": 1,
            "num_attention_heads": 2, "intermediate_size": 6, "max_position_embeddings": 9,
            "type_vocab_size": 2, "layer_norm_eps": 1e-12, "vocab_size": 5, "architectures": ["BertModel"]
        })
    }

    /// A folder with an encoder's word table alone, under the names of `BertModel`.
    fn folder(config: &Value) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("config.json", config.to_string().as_bytes());
        write("vocab.txt", b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nFlights\n");
        write("tokenizer_config.json", b"{ \"do_lower_case\": false }");
        let table: Vec<u8> = (0_u8..20).flat_map(|value| f32::from(value).to_le_bytes()).collect();
        let dense = [1.0_f32; 24].map(f32::to_le_bytes).concat();
        let norm = [half::f16::ONE; 4].map(half::f16::to_le_bytes).concat();
        let ids: Vec<u8> = (0_i64..9).flat_map(i64::to_le_bytes).collect();
        let view = |kind, shape: &[usize], bytes| TensorView::new(kind, shape.to_vec(), bytes).unwrap();
        let tensors = [
            ("embeddings.word_embeddings.weight", view(Dtype::F32, &[5, 4], &table[..])),
            ("encoder.layer.0.output.dense.weight", view(Dtype::F32, &[4, 6], &dense)),
            ("embeddings.LayerNorm.gamma", view(Dtype::F16, &[4], &norm)),
            ("embeddings.position_ids", view(Dtype::I64, &[9], &ids)),
        ];
        write("model.safetensors", &safetensors::serialize(tensors, None).unwrap());
        folder
    }

    fn refusal(config: &Value) -> String {
        Pretrained::open(folder(config).path()).err().unwrap().to_string()
    }

    #[test]
    fn an_encoder_alone_is_read_as_part_of_a_classifier() {
        let folder = folder(&config());
        let pretrained = Pretrained::open(folder.path()).unwrap();
        let names: Vec<&str> = pretrained.tensors.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "bert.embeddings.LayerNorm.weight",
                "bert.embeddings.word_embeddings.weight",
                "bert.encoder.layer.0.output.dense.weight",
            ]
        );
        let norm = &pretrained.tensors["bert.embeddings.LayerNorm.weight"];
        assert_eq!(norm.values().unwrap(), [1.0; 4]);
        let tokenizer = pretrained.tokenizer(9).unwrap();
        assert_eq!(tokenizer.encode("Flights").words(), [2, 4, 3]);
        assert_eq!(tokenizer.encode("flights").words(), [2, 1, 3], "its case counts");
        let wanted = BertSpec { dropout: 0.3, layers: 7, pretrained: "x".to_owned(), ..BertSpec::default() };
        let ModelSpec::Bert(spec) = pretrained.adapt(&wanted) else { panic!("another architecture") };
        assert_eq!((spec.layers, spec.hidden_dim, spec.positions, spec.pretrained.as_str()), (1, 4, 9, ""));
        assert!((spec.dropout - 0.3).abs() < 1e-12);
        assert!(matches!(
            pretrained.tokenizer(10),
            Err(PretrainedError::TooLong { wanted: 10, positions: 9 })
        ));
    }

    #[test]
    fn the_hash_tells_folders_apart() {
        let hash = |config: &Value| Pretrained::open(folder(config).path()).unwrap().hash;
        let mut other = config();
        other["hidden_dropout_prob"] = json!(0.2);
        assert_eq!(hash(&config()), hash(&config()));
        assert_ne!(hash(&config()), hash(&other));
    }

    #[test]
    fn what_is_not_bert_is_refused_with_its_reason() {
        let with = |key: &str, value: Value| {
            let mut config = config();
            config[key] = value;
            refusal(&config)
        };
        assert!(with("model_type", json!("roberta")).contains("model_type is \"roberta\""));
        assert!(with("hidden_act", json!("silu")).contains("hidden_act is \"silu\""));
        assert!(with("num_hidden_layers", json!(2)).contains("lacks the tensor `bert.encoder.layer.1."));
        assert!(with("num_attention_heads", json!(3)).contains("3 heads"));
        assert!(with("vocab_size", json!(4)).contains("5 pieces"));
        assert!(refusal(&json!({})).contains("config.json: not the configuration of BERT"));
        let folder = folder(&config());
        fs::rename(folder.path().join("model.safetensors"), folder.path().join("pytorch_model.bin")).unwrap();
        let error = Pretrained::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("save_pretrained"), "{error}");
        fs::write(folder.path().join("model.safetensors"), b"nothing").unwrap();
        let error = Pretrained::open(folder.path()).err().unwrap().to_string();
        assert!(error.contains("model.safetensors"), "{error}");
    }
}
