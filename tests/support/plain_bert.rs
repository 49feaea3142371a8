//! BERT once more, of plain candle operations with candle's own gradients: what the kernels must
//! agree with. One text at a time, so there is neither padding nor a mask; no dropout.

use std::collections::BTreeMap;

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::ops;
use uaic::model::Weights;
use uaic::spec::{BertPooling, BertSpec};
use uaic::text::TokenIds;

/// A transformer with a variable for each trained tensor, and a constant for each other.
pub(crate) struct PlainBert {
    spec: BertSpec,
    variables: BTreeMap<String, Var>,
    constants: BTreeMap<String, Tensor>,
}

impl PlainBert {
    /// A copy of a model's weights, of which `names` lists all.
    pub(crate) fn new(spec: &BertSpec, weights: &Weights, names: &[String]) -> Result<Self> {
        let tensor = |name: &str| {
            let (values, shape) = (weights.tensor(name).unwrap(), weights.shape(name).unwrap());
            Tensor::from_vec(values, shape, &Device::Cpu)
        };
        let trained: Vec<&str> = weights.slots().map(|(name, _)| name).collect();
        let (mut variables, mut constants) = (BTreeMap::new(), BTreeMap::new());
        for name in names {
            if trained.contains(&name.as_str()) {
                variables.insert(name.clone(), Var::from_tensor(&tensor(name)?)?);
            } else {
                constants.insert(name.clone(), tensor(name)?);
            }
        }
        Ok(Self { spec: spec.clone(), variables, constants })
    }

    /// All variables by the names of their tensors.
    pub(crate) fn variables(&self) -> &BTreeMap<String, Var> {
        &self.variables
    }

    /// The mean loss of a batch, a scalar.
    pub(crate) fn loss(&self, texts: &[TokenIds], gold: &[usize]) -> Result<Tensor> {
        let gold: Vec<u32> = gold.iter().map(|class| *class as u32).collect();
        candle_nn::loss::cross_entropy(&self.logits(texts)?, &Tensor::new(gold, &Device::Cpu)?)
    }

    /// Logits `(B, C)`.
    pub(crate) fn logits(&self, texts: &[TokenIds]) -> Result<Tensor> {
        let rows = texts.iter().map(|text| self.linear("classifier", &self.features(text)?));
        Tensor::cat(&rows.collect::<Result<Vec<_>>>()?, 0)
    }

    /// What a text becomes, `(1, H)`.
    fn features(&self, text: &TokenIds) -> Result<Tensor> {
        let mut states = self.embed(text)?; // (N, H)
        for layer in 0..self.spec.layers {
            states = self.layer(&format!("bert.encoder.layer.{layer}"), &states)?;
        }
        match self.spec.pooling {
            BertPooling::First => self.linear("bert.pooler.dense", &states.narrow(0, 0, 1)?)?.tanh(),
            BertPooling::Mean => states.mean_keepdim(0),
            BertPooling::Max => states.max_keepdim(0),
        }
    }

    fn embed(&self, text: &TokenIds) -> Result<Tensor> {
        let count = text.len() as u32;
        let rows = |part: &str, rows: Vec<u32>| {
            let table = self.get(&format!("bert.embeddings.{part}_embeddings.weight"));
            table.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)
        };
        let words = rows("word", text.words().to_vec())?;
        let positions = rows("position", (0..count).collect())?;
        let types = rows("token_type", vec![0; text.len()])?;
        self.norm("bert.embeddings", &((words + positions)? + types)?)
    }

    fn layer(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let part = |part: &str, x: &Tensor| self.linear(&format!("{name}.{part}"), x);
        let (query, key) = (part("attention.self.query", x)?, part("attention.self.key", x)?);
        let value = part("attention.self.value", x)?;
        let depth = (self.spec.hidden_dim / self.spec.heads) as usize;
        let heads = (0..self.spec.heads as usize).map(|head| {
            let columns = |x: &Tensor| x.narrow(1, head * depth, depth)?.contiguous();
            let scores = columns(&query)?.matmul(&columns(&key)?.t()?.contiguous()?)?;
            let shares = ops::softmax(&(scores / (depth as f64).sqrt())?, D::Minus1)?; // (N, N)
            shares.matmul(&columns(&value)?)
        });
        let mixed = Tensor::cat(&heads.collect::<Result<Vec<_>>>()?, 1)?;
        let attended = (part("attention.output.dense", &mixed)? + x)?;
        let attended = self.norm(&format!("{name}.attention.output"), &attended)?;
        let inner = part("intermediate.dense", &attended)?.gelu_erf()?;
        self.norm(&format!("{name}.output"), &(part("output.dense", &inner)? + attended)?)
    }

    fn norm(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let get = |part: &str| self.get(&format!("{name}.LayerNorm.{part}"));
        ops::layer_norm_slow(x, get("weight"), get("bias"), self.spec.layer_norm_epsilon as f32)
    }

    fn linear(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let product = x.matmul(&self.get(&format!("{name}.weight")).t()?)?;
        product.broadcast_add(self.get(&format!("{name}.bias")))
    }

    fn get(&self, name: &str) -> &Tensor {
        let variable = self.variables.get(name).map(Var::as_tensor);
        variable.or_else(|| self.constants.get(name)).unwrap_or_else(|| panic!("there is no tensor `{name}`"))
    }
}
