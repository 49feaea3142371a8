//! The recurrent classifiers once more, of plain candle operations with candle's own gradients:
//! what the kernels must agree with, and what they are measured against.
//!
//! Written as one would write it who knows candle: batches are padded to their longest text, the
//! attention is folded, and each step multiplies its own inputs. (One product for the inputs of
//! all steps would be faster forward, but the gradient of each step's slice of it is padded to
//! the whole.)

use std::collections::BTreeMap;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::ops;
use uaic::kernel::Targets;
use uaic::model::Weights;
use uaic::spec::{ModelSpec, Pooling, RecurrentSpec};
use uaic::text::{PAD, TokenIds};

/// What is added to the scores of padding, and to its values before a maximum.
const NEVER: f32 = -1e9;

/// What of a model depends on whether it is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Dropout, and the statistics of the batch.
    Train,
    /// No dropout, and the running statistics.
    Apply,
}

/// A recurrent classifier with a variable for each trained tensor.
pub(crate) struct PlainModel {
    spec: RecurrentSpec,
    has_attention: bool,
    variables: BTreeMap<String, Var>,
    running_mean: Tensor,
    running_variance: Tensor,
}

impl PlainModel {
    /// A copy of a model's weights.
    pub(crate) fn new(spec: &ModelSpec, weights: &Weights) -> Result<Self> {
        let tensor = |name: &str| {
            let (values, shape) = (weights.tensor(name), weights.shape(name));
            Tensor::from_vec(values.unwrap_or_default(), shape.unwrap_or_default(), &Device::Cpu)
        };
        let variable = |name: &str| Ok((name.to_owned(), Var::from_tensor(&tensor(name)?)?));
        Ok(Self {
            spec: spec.recurrent().cloned().unwrap_or_default(),
            has_attention: spec.architecture() == "lstm-attention",
            variables: weights.slots().map(|(name, _)| variable(name)).collect::<Result<_>>()?,
            running_mean: tensor("batch_norm.running_mean")?,
            running_variance: tensor("batch_norm.running_var")?,
        })
    }

    /// All variables by the names of their tensors.
    pub(crate) fn variables(&self) -> &BTreeMap<String, Var> {
        &self.variables
    }

    /// The mean loss of a batch, a scalar.
    pub(crate) fn loss(&self, texts: &[&TokenIds], targets: Targets<'_>) -> Result<Tensor> {
        let logits = self.logits(texts, Mode::Train)?;
        let classes = targets.class_weights.len();
        let weight = |&class: &usize| targets.class_weights[class];
        let total: f32 = targets.gold.iter().map(weight).sum();
        let spread = targets.smoothing / classes as f32;
        let mut wanted = Vec::with_capacity(texts.len() * classes);
        for gold in targets.gold {
            let share = weight(gold) / total;
            let row = wanted.len();
            wanted.resize(row + classes, share * spread);
            wanted[row + gold] += share * (1.0 - targets.smoothing);
        }
        let wanted = Tensor::from_vec(wanted, (texts.len(), classes), &Device::Cpu)?;
        (ops::log_softmax(&logits, D::Minus1)? * wanted)?.sum_all()?.neg()
    }

    /// Logits `(B, C)`.
    pub(crate) fn logits(&self, texts: &[&TokenIds], mode: Mode) -> Result<Tensor> {
        let features = self.features(texts, mode)?;
        let (mean, variance) = if mode == Mode::Train && texts.len() > 1 {
            let mean = features.mean_keepdim(0)?;
            let variance = features.broadcast_sub(&mean)?.sqr()?.mean_keepdim(0)?;
            (mean, variance)
        } else {
            (self.running_mean.unsqueeze(0)?, self.running_variance.unsqueeze(0)?)
        };
        let normalized = features.broadcast_sub(&mean)?.broadcast_div(&(variance + 1e-5)?.sqrt()?)?;
        let scaled = normalized.broadcast_mul(self.get("batch_norm.weight"))?;
        let scaled = scaled.broadcast_add(self.get("batch_norm.bias"))?;
        self.linear("head", &dropout(scaled, self.spec.head_dropout, mode)?)
    }

    /// What goes into the batch norm, `(B, F)`.
    pub(crate) fn features(&self, texts: &[&TokenIds], mode: Mode) -> Result<Tensor> {
        let padded = Padded::new(texts)?;
        let embedded = dropout(self.embed(texts, padded.steps)?, self.spec.dropout, mode)?;
        let mut steps = embedded.chunk(padded.steps, 0)?;
        for layer in 0..self.spec.layers {
            if layer > 0 {
                let dropped = steps.into_iter().map(|step| dropout(step, self.spec.dropout, mode));
                steps = dropped.collect::<Result<_>>()?;
            }
            steps = self.layer(layer, &steps, &padded)?;
        }
        let states = Tensor::stack(&steps, 1)?; // (B, T, F)
        let pooled = self.pool(&states, &padded)?;
        if !self.has_attention {
            return Ok(pooled);
        }
        let query = self.linear("attention.query", &pooled)?;
        let key = query.matmul(&self.get("attention.query_to_key.weight").t()?)?;
        let mixed = attend(&states, &key, &padded)?;
        mixed.matmul(&self.get("attention.value.weight").t()?)
    }

    fn get(&self, name: &str) -> &Tensor {
        match self.variables.get(name) {
            Some(variable) => variable,
            None => panic!("the model has no tensor `{name}`"),
        }
    }

    fn linear(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let product = x.matmul(&self.get(&format!("{name}.weight")).t()?)?;
        product.broadcast_add(self.get(&format!("{name}.bias")))
    }

    /// Step by step the vectors of all words, plus the means of their n-grams', `(T·B, E)`.
    fn embed(&self, texts: &[&TokenIds], steps: usize) -> Result<Tensor> {
        let (mut words, mut rows, mut ngrams, mut shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for step in 0..steps {
            for text in texts {
                if step < text.len() {
                    let own = text.ngrams(step);
                    rows.resize(rows.len() + own.len(), words.len() as u32);
                    shares.resize(shares.len() + own.len(), 1.0 / own.len() as f32);
                    ngrams.extend_from_slice(own);
                }
                words.push(if step < text.len() { text.word(step) } else { PAD });
            }
        }
        let words = Tensor::new(words, &Device::Cpu)?;
        let vectors = self.get("embedding.weight").index_select(&words, 0)?;
        if rows.is_empty() {
            return Ok(vectors);
        }
        let ngrams = Tensor::new(ngrams, &Device::Cpu)?;
        let ngrams = self.get("ngrams.weight").index_select(&ngrams, 0)?;
        let shares = Tensor::new(shares, &Device::Cpu)?.unsqueeze(1)?;
        vectors.index_add(&Tensor::new(rows, &Device::Cpu)?, &ngrams.broadcast_mul(&shares)?, 0)
    }

    /// One layer: from its inputs `(B, in)` to its states `(B, D·H)`, step by step.
    fn layer(&self, layer: u32, inputs: &[Tensor], padded: &Padded) -> Result<Vec<Tensor>> {
        let name = if layer == 0 { "lstm".to_owned() } else { format!("lstm{layer}") };
        let steps: Vec<usize> = (0..inputs.len()).collect();
        let forward = self.direction(&name, "", &steps, inputs, padded)?;
        if !self.spec.bidirectional {
            return Ok(forward);
        }
        let backwards: Vec<usize> = steps.into_iter().rev().collect();
        let backward = self.direction(&name, "_reverse", &backwards, inputs, padded)?;
        forward.iter().zip(backward.iter().rev()).map(|(a, b)| Tensor::cat(&[a, b], 1)).collect()
    }

    /// One direction: the states in the order of `steps`.
    fn direction(
        &self,
        name: &str,
        suffix: &str,
        steps: &[usize],
        inputs: &[Tensor],
        padded: &Padded,
    ) -> Result<Vec<Tensor>> {
        let get = |part: &str| self.get(&format!("{name}.{part}{suffix}"));
        let (weight_ih, weight_hh) = (get("weight_ih").t()?, get("weight_hh").t()?);
        let bias = (get("bias_ih") + get("bias_hh"))?;
        let hidden = self.spec.hidden_dim as usize;
        let nothing = Tensor::zeros((padded.texts, hidden), DType::F32, &Device::Cpu)?;
        let (mut state, mut cell) = (nothing.clone(), nothing);
        let mut states = Vec::with_capacity(steps.len());
        for &step in steps {
            let sums = (inputs[step].matmul(&weight_ih)? + state.matmul(&weight_hh)?)?;
            let gates = sums.broadcast_add(&bias)?.chunk(4, 1)?;
            let (input, forget) = (ops::sigmoid(&gates[0])?, ops::sigmoid(&gates[1])?);
            cell = ((forget * &cell)? + (input * gates[2].tanh()?)?)?;
            state = (ops::sigmoid(&gates[3])? * cell.tanh()?)?;
            // Padding comes after a text, so it concerns only who reads from the end.
            if !suffix.is_empty() {
                let mask = &padded.masks[step];
                (cell, state) = (cell.broadcast_mul(mask)?, state.broadcast_mul(mask)?);
            }
            states.push(state.clone());
        }
        Ok(states)
    }

    /// States `(B, T, F)` to `(B, F)`.
    fn pool(&self, states: &Tensor, padded: &Padded) -> Result<Tensor> {
        let (texts, _, width) = states.dims3()?;
        match self.spec.pooling {
            Pooling::Last => {
                let rows = states.flatten_to(1)?;
                let forward = rows.index_select(&padded.lasts, 0)?;
                if !self.spec.bidirectional {
                    return Ok(forward);
                }
                let backward = states.narrow(1, 0, 1)?.squeeze(1)?;
                let half = width / 2;
                Tensor::cat(&[forward.narrow(1, 0, half)?, backward.narrow(1, half, half)?], 1)
            }
            Pooling::Mean => states.broadcast_mul(&padded.mask)?.sum(1)?.broadcast_div(&padded.lengths),
            Pooling::Max => states.broadcast_add(&padded.penalty)?.max(1),
            Pooling::Attention => {
                let query = self.get("pooling.query").broadcast_as((texts, width))?;
                attend(states, &query, padded)
            }
        }
    }
}

/// The means of states `(B, T, F)`, weighted by what each has in common with `query` `(B, F)`.
fn attend(states: &Tensor, query: &Tensor, padded: &Padded) -> Result<Tensor> {
    let scale = 1.0 / (query.dim(1)? as f64).sqrt();
    let scores = (states.matmul(&query.unsqueeze(2)?.contiguous()?)? * scale)?; // (B, T, 1)
    let shares = ops::softmax(&(scores + &padded.penalty)?, 1)?;
    shares.transpose(1, 2)?.matmul(states)?.squeeze(1)
}

fn dropout(x: Tensor, p: f64, mode: Mode) -> Result<Tensor> {
    if mode == Mode::Train && p > 0.0 { ops::dropout(&x, p as f32) } else { Ok(x) }
}

/// What a padded batch says of its padding.
struct Padded {
    texts: usize,
    steps: usize,
    /// 1 for tokens and 0 for padding, `(B, 1)` for each step.
    masks: Vec<Tensor>,
    /// The same, `(B, T, 1)`.
    mask: Tensor,
    /// 0 for tokens and very low for padding, `(B, T, 1)`.
    penalty: Tensor,
    /// The number of each text's last token when all steps of all texts are counted, `(B)`.
    lasts: Tensor,
    /// `(B, 1)`
    lengths: Tensor,
}

impl Padded {
    fn new(texts: &[&TokenIds]) -> Result<Self> {
        let (count, steps) = (texts.len(), texts.iter().map(|text| text.len()).max().unwrap_or(0));
        let is_token = |text: &TokenIds, step: usize| f32::from(u8::from(step < text.len()));
        let masks = (0..steps).map(|step| {
            let mask = texts.iter().map(|text| is_token(text, step)).collect();
            Tensor::from_vec(mask, (count, 1), &Device::Cpu)
        });
        let mask = texts.iter().flat_map(|text| (0..steps).map(|step| is_token(text, step)));
        let mask = Tensor::from_vec(mask.collect(), (count, steps, 1), &Device::Cpu)?;
        let lasts = texts.iter().enumerate().map(|(row, text)| (row * steps + text.len() - 1) as u32);
        let lengths: Vec<f32> = texts.iter().map(|text| text.len() as f32).collect();
        Ok(Self {
            texts: count,
            steps,
            masks: masks.collect::<Result<_>>()?,
            penalty: ((1.0 - &mask)? * f64::from(NEVER))?,
            mask,
            lasts: Tensor::from_iter(lasts, &Device::Cpu)?,
            lengths: Tensor::from_vec(lengths, (count, 1), &Device::Cpu)?,
        })
    }
}
