//! From states to logits: pooling, dropout and an affine map.

use std::ops::Range;

use super::dense::{Applied, Back, Dense, Rate, Term, back};
use super::norm::Bits;
use super::texts::{Asks, Texts};
use super::{At, Sizes, Streams};
use crate::model::error::WeightsError;
use crate::model::gradients::Parts;
use crate::model::spec::BertPooling;
use crate::model::weights::Source;
use crate::model::weights::Weights;
use uaic_kernel::{PANEL, Row, Start, Targets};

#[derive(Clone, Debug)]
pub(super) struct Head {
    pooling: BertPooling,
    width: usize,
    classes: usize,
    dropout: f64,
    /// With [`BertPooling::First`].
    pooler: Option<Dense>,
    classifier: Dense,
}

/// What a step keeps of the head, for one shard of B texts.
#[derive(Default)]
pub(super) struct HeadTape {
    /// `[⌈H/64⌉][B][64]`: the first state, mean or maximum.
    pub(super) pooled: Vec<Row>,
    /// Which token of the shard has the largest value, as `pooled`.
    largest: Vec<[u32; PANEL]>,
    /// What the pooler makes of it, as `pooled`; the same without one.
    pub(super) features: Vec<Row>,
    bits: Bits,
    dropped: Vec<Row>,
    /// `[⌈C/64⌉][B][64]`: logits, then their gradients.
    logits: Vec<Row>,
    /// Of the features, then of what the pooler got.
    grad: Vec<Row>,
    grad_pooled: Vec<Row>,
}

/// The transposed weights.
#[derive(Default)]
pub(super) struct HeadTransposed([Vec<Row>; 2]);

impl Head {
    pub(super) fn new(sizes: &Sizes, weights: &mut Weights) -> Result<Self, WeightsError> {
        let (width, rate) = (sizes.width, Rate::At(0));
        let mut pooler = || Dense::new("bert.pooler.dense", (width, width), rate, Source::Adapted, weights);
        Ok(Self {
            pooling: sizes.pooling,
            width,
            classes: sizes.classes,
            dropout: sizes.head_dropout,
            pooler: (sizes.pooling == BertPooling::First).then(&mut pooler).transpose()?,
            // A head for other classes is of no use.
            classifier: Dense::new("classifier", (width, sizes.classes), rate, Source::Drawn, weights)?,
        })
    }

    /// `tape.pooled` of states, of which there are `asks` for each text.
    pub(super) fn pool(&self, texts: &Texts, states: &[Row], asks: Asks, tape: &mut HeadTape) {
        let HeadTape { pooled, largest, .. } = tape;
        let rows = texts.rows(asks);
        pooled.clear();
        largest.clear();
        for panel in states.chunks_exact(rows) {
            for text in 0..texts.len() {
                let tokens = if asks == Asks::First { text..text + 1 } else { texts.tokens_of(text) };
                match self.pooling {
                    BertPooling::First => pooled.push(panel[tokens.start]),
                    BertPooling::Mean => pooled.push(mean(&panel[tokens])),
                    BertPooling::Max => {
                        let (value, at) = maximum(panel, tokens);
                        pooled.push(value);
                        largest.push(at);
                    }
                }
            }
        }
    }

    /// How much each token of a text had a say in what [`Head::pool`] made of it, where that is not
    /// the attention's to say: equal shares for a mean, and for a maximum the share of the features
    /// that are largest at the token.
    pub(super) fn shares(&self, texts: &Texts, text: usize, tape: &HeadTape) -> Vec<f32> {
        let tokens = texts.tokens_of(text);
        match self.pooling {
            BertPooling::First => Vec::new(),
            BertPooling::Mean => vec![1.0 / tokens.len() as f32; tokens.len()],
            BertPooling::Max => {
                let mut counts = vec![0_u32; tokens.len()];
                for column in 0..self.width {
                    let at = tape.largest[column / PANEL * texts.len() + text][column % PANEL];
                    counts[at as usize - tokens.start] += 1;
                }
                counts.into_iter().map(|count| count as f32 / self.width as f32).collect()
            }
        }
    }

    /// From `pooled` of all shards to `features` and logits `(B, C)`, in the order of the texts.
    pub(super) fn forward(
        &self,
        at: At<'_>,
        shards: &mut [(&Texts, &mut HeadTape)],
        streams: Option<&Streams>,
        logits: &mut Vec<f32>,
    ) {
        let mut jobs = Vec::new();
        if let Some(pooler) = &self.pooler {
            let applied = shards.iter_mut().map(|(texts, tape)| {
                let HeadTape { pooled, features, .. } = &mut **tape;
                features.resize(pooled.len(), [0.0; PANEL]);
                Applied { rows: texts.len(), x: pooled, y: features, activated: None }
            });
            pooler.forward(at, applied.collect(), &mut jobs);
        }
        at.crew.run(jobs);
        for (number, (_, tape)) in shards.iter_mut().enumerate() {
            let HeadTape { pooled, features, bits, dropped, .. } = &mut **tape;
            match &self.pooler {
                Some(_) => at.kernels.squash(features),
                None => features.clone_from(pooled),
            }
            dropped.clone_from(features);
            let site = streams.map(|streams| streams.head_site(number as u64));
            bits.draw(dropped.len() * PANEL, self.dropout, site);
            if let Some(mask) = bits.mask(self.dropout) {
                at.kernels.drop_rows(dropped, mask);
            }
        }
        let mut jobs = Vec::new();
        let applied = shards.iter_mut().map(|(texts, tape)| {
            let HeadTape { dropped, logits, .. } = &mut **tape;
            logits.resize(self.classes.div_ceil(PANEL) * texts.len(), [0.0; PANEL]);
            Applied { rows: texts.len(), x: dropped, y: logits, activated: None }
        });
        self.classifier.forward(at, applied.collect(), &mut jobs);
        at.crew.run(jobs);
        logits.clear();
        for (texts, tape) in shards {
            for text in 0..texts.len() {
                extend_row(&tape.logits, texts.len(), text, self.classes, logits);
            }
        }
    }

    /// The loss of `logits` `(B, C)`, and its gradients: back to the states of all shards.
    pub(super) fn back(
        &self,
        at: At<'_>,
        shards: &mut [(&Texts, &mut HeadTape)],
        (logits, targets): (&mut [f32], Targets<'_>),
        HeadTransposed([to_features, to_pooled]): &mut HeadTransposed,
        parts: &mut Parts<'_>,
    ) -> f64 {
        let loss = at.kernels.cross_entropy(logits, targets);
        let mut jobs = Vec::new();
        self.classifier.transpose(at, to_features, &mut jobs);
        if let Some(pooler) = &self.pooler {
            pooler.transpose(at, to_pooled, &mut jobs);
        }
        at.crew.run(jobs);
        let mut rows = logits.chunks_exact(self.classes);
        for (texts, tape) in &mut *shards {
            for (text, row) in rows.by_ref().take(texts.len()).enumerate() {
                for (panel, part) in row.chunks(PANEL).enumerate() {
                    tape.logits[panel * texts.len() + text][..part.len()].copy_from_slice(part);
                }
            }
        }
        let mut jobs = Vec::new();
        let all = shards.iter_mut().map(|(texts, tape)| {
            let HeadTape { logits, grad, features, .. } = &mut **tape;
            grad.resize(features.len(), [0.0; PANEL]);
            let terms: Vec<(&[Row], &[Row])> = vec![(logits, to_features)];
            Back { rows: texts.len(), terms, start: Start::Zero, grad_x: grad, slopes: None }
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        for (_, tape) in &mut *shards {
            let HeadTape { features, bits, grad, .. } = &mut **tape;
            if let Some(mask) = bits.mask(self.dropout) {
                at.kernels.drop_rows(grad, mask);
            }
            if self.pooler.is_some() {
                at.kernels.squash_back(features, grad);
            }
        }
        let mut jobs = Vec::new();
        let all = shards.iter_mut().map(|(texts, tape)| {
            let HeadTape { grad, grad_pooled, .. } = &mut **tape;
            grad_pooled.clone_from(grad);
            let terms: Vec<(&[Row], &[Row])> = vec![(grad, to_pooled)];
            Back { rows: texts.len(), terms, start: Start::Zero, grad_x: grad_pooled, slopes: None }
        });
        let all = all.collect();
        if self.pooler.is_some() {
            back(at.kernels, all, &mut jobs);
        }
        at.crew.run(jobs);
        self.gradients(at, shards, parts);
        loss
    }

    fn gradients(&self, at: At<'_>, shards: &[(&Texts, &mut HeadTape)], parts: &mut Parts<'_>) {
        let mut jobs = Vec::new();
        let mut terms = Vec::new();
        for (texts, tape) in shards {
            terms.push(Term { rows: texts.len(), x: &tape.dropped, grad: &tape.logits });
        }
        self.classifier.gradients(at.kernels, &terms, parts, &mut jobs);
        if let Some(pooler) = &self.pooler {
            terms.clear();
            for (texts, tape) in shards {
                terms.push(Term { rows: texts.len(), x: &tape.pooled, grad: &tape.grad });
            }
            pooler.gradients(at.kernels, &terms, parts, &mut jobs);
        }
        at.crew.run(jobs);
    }

    /// `grad` of the states, of which there are `asks` for each text.
    pub(super) fn states_back(&self, texts: &Texts, asks: Asks, tape: &HeadTape, grad: &mut Vec<Row>) {
        let rows = texts.rows(asks);
        grad.clear();
        grad.resize(self.width.div_ceil(PANEL) * rows, [0.0; PANEL]);
        let pooled = tape.grad_pooled.chunks_exact(texts.len());
        for (number, (grad, pooled)) in grad.chunks_exact_mut(rows).zip(pooled).enumerate() {
            for (text, pooled) in pooled.iter().enumerate() {
                let tokens = if asks == Asks::First { text..text + 1 } else { texts.tokens_of(text) };
                match self.pooling {
                    BertPooling::First => grad[tokens.start] = *pooled,
                    BertPooling::Mean => {
                        let share = 1.0 / tokens.len() as f32;
                        grad[tokens].fill(pooled.map(|value| value * share));
                    }
                    BertPooling::Max => {
                        let largest = &tape.largest[number * texts.len() + text];
                        for (lane, (value, at)) in pooled.iter().zip(largest).enumerate() {
                            grad[*at as usize][lane] = *value;
                        }
                    }
                }
            }
        }
    }
}

/// Adds a row of panels to the end of `values`.
pub(super) fn extend_row(panels: &[Row], rows: usize, row: usize, width: usize, values: &mut Vec<f32>) {
    for (number, panel) in panels.chunks_exact(rows).enumerate() {
        values.extend_from_slice(&panel[row][..PANEL.min(width - number * PANEL)]);
    }
}

fn mean(rows: &[Row]) -> Row {
    let mut sum = [0.0; PANEL];
    for row in rows {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sum.map(|value| value / rows.len() as f32)
}

/// The largest value of each column over some rows, and the first row that has it.
fn maximum(panel: &[Row], rows: Range<usize>) -> (Row, [u32; PANEL]) {
    let (mut largest, mut at) = (panel[rows.start], [rows.start as u32; PANEL]);
    for row in rows.skip(1) {
        for lane in 0..PANEL {
            if panel[row][lane] > largest[lane] {
                (largest[lane], at[lane]) = (panel[row][lane], row as u32);
            }
        }
    }
    (largest, at)
}
