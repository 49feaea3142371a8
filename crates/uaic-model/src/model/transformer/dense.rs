//! Affine maps of rows that lie as panels.
//!
//! The rows of a shard are kept as panels `[⌈H/64⌉][N][64]`: each panel of a result is one piece of
//! memory, so any thread may write it, and each panel of an operand is what one pass of a product
//! reads.

use super::At;
use crate::model::crew::Job;
use crate::model::error::WeightsError;
use crate::model::gradients::Parts;
use crate::model::weights::Weights;
use crate::model::weights::{Columns, Init, Parameter, Source, Training, Wanted};
use uaic_kernel::{Kernels, PANEL, Row, Start, Target, transpose_panel};

/// Deviation of new weights, as in BERT.
pub(super) const DEVIATION: f64 = 0.02;

/// How the weights of a layer are trained.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rate {
    /// Not at all.
    Frozen,
    /// As a layer at some distance from the output.
    At(u32),
}

impl Rate {
    pub(super) fn decayed(self) -> Training {
        match self {
            Self::Frozen => Training::Frozen,
            Self::At(depth) => Training::Decayed { depth },
        }
    }

    pub(super) fn undecayed(self) -> Training {
        match self {
            Self::Frozen => Training::Frozen,
            Self::At(depth) => Training::Undecayed { depth },
        }
    }

    pub(super) fn table(self) -> Training {
        match self {
            Self::Frozen => Training::Frozen,
            Self::At(depth) => Training::Table { depth },
        }
    }
}

/// y = x·Wᵀ + b.
#[derive(Clone, Debug)]
pub(super) struct Dense {
    inputs: usize,
    outputs: usize,
    /// `(out, in)`
    weight: Parameter,
    /// `(out)`
    bias: Parameter,
}

/// One application to the rows of a shard.
pub(super) struct Applied<'a> {
    /// At least one.
    pub(super) rows: usize,
    /// `[⌈in/64⌉][rows][64]`
    pub(super) x: &'a [Row],
    /// `[⌈out/64⌉][rows][64]`, written.
    pub(super) y: &'a mut [Row],
    /// If given, it gets GELU(y), and `y` the derivative.
    pub(super) activated: Option<&'a mut [Row]>,
}

/// Gradients of the inputs of some maps of the same rows.
pub(super) struct Back<'a> {
    pub(super) rows: usize,
    /// Gradients of the outputs with the transposed weights, map by map.
    pub(super) terms: Vec<(&'a [Row], &'a [Row])>,
    pub(super) start: Start<'static>,
    /// `[⌈in/64⌉][rows][64]`
    pub(super) grad_x: &'a mut [Row],
    /// Factors of the gradients.
    pub(super) slopes: Option<&'a [Row]>,
}

/// What the gradients of the weights are made of, of one shard.
#[derive(Clone, Copy)]
pub(super) struct Term<'a> {
    pub(super) rows: usize,
    pub(super) x: &'a [Row],
    /// Gradients of the outputs.
    pub(super) grad: &'a [Row],
}

impl Dense {
    pub(super) fn new(
        name: &str,
        (inputs, outputs): (usize, usize),
        rate: Rate,
        source: Source,
        weights: &mut Weights,
    ) -> Result<Self, WeightsError> {
        let weight = weights.parameter(&Wanted {
            name: &format!("{name}.weight"),
            shape: &[outputs, inputs],
            columns: Some(Columns::Plain),
            init: Init::Normal(DEVIATION),
            training: rate.decayed(),
            source,
        })?;
        let bias = weights.parameter(&Wanted {
            name: &format!("{name}.bias"),
            shape: &[outputs],
            columns: Some(Columns::Plain),
            init: Init::Constant(0.0),
            training: rate.undecayed(),
            source,
        })?;
        Ok(Self { inputs, outputs, weight, bias })
    }

    /// The applications to some shards, a job for each panel of each result. Those of a panel are
    /// neighbours, so that a thread reads its part of the weights once.
    pub(super) fn forward<'a>(&self, at: At<'a>, applied: Vec<Applied<'a>>, jobs: &mut Vec<Job<'a>>) {
        let mut shards: Vec<_> = applied
            .into_iter()
            .map(|Applied { rows, x, y, activated }| {
                let activated = activated.unwrap_or_default().chunks_exact_mut(rows);
                (rows, x, y.chunks_exact_mut(rows), activated)
            })
            .collect();
        let biases = self.bias.rows(at.weights);
        for (weight, bias) in self.weight.rows(at.weights).chunks_exact(self.inputs).zip(biases) {
            for (rows, x, y, activated) in &mut shards {
                let (rows, x) = (*rows, *x);
                let (Some(y), mut activated) = (y.next(), activated.next()) else { continue };
                jobs.push(Box::new(move || {
                    multiply(at.kernels, rows, x, weight, Start::Bias(bias), y);
                    if let Some(activated) = &mut activated {
                        at.kernels.gelu(y, activated);
                    }
                }));
            }
        }
    }

    /// The transposed weights, which the backward pass reads.
    pub(super) fn transpose<'a>(&self, at: At<'a>, transposed: &'a mut Vec<Row>, jobs: &mut Vec<Job<'a>>) {
        let outputs = self.outputs.next_multiple_of(PANEL);
        transposed.resize(self.inputs.div_ceil(PANEL) * outputs, [0.0; PANEL]);
        let (weight, inputs) = (self.weight.rows(at.weights), self.inputs);
        for (panel, to) in transposed.chunks_exact_mut(outputs).enumerate() {
            jobs.push(Box::new(move || transpose_panel(weight, inputs, panel, to)));
        }
    }

    /// The gradients of weight and bias, a job for each panel; the shards are summed up in their
    /// order.
    pub(super) fn gradients<'a, 'b: 'a>(
        &self,
        kernels: Kernels,
        terms: &[Term<'a>],
        parts: &mut Parts<'b>,
        jobs: &mut Vec<Job<'a>>,
    ) {
        let (Some(weight), Some(bias)) = (self.weight.trained(), self.bias.trained()) else { return };
        let weight = parts.take_rows(weight).chunks_exact_mut(self.inputs);
        for (panel, (weight, bias)) in weight.zip(parts.take_rows(bias)).enumerate() {
            let terms = terms.to_vec();
            jobs.push(Box::new(move || {
                bias.fill(0.0);
                for (part, weight) in weight.chunks_mut(PANEL).enumerate() {
                    let mut start = Start::Zero;
                    for Term { rows, x, grad } in &terms {
                        let x = &x[part * rows..][..*rows];
                        let grad = &grad[panel * rows..][..*rows];
                        kernels.multiply_transposed((x.as_flattened(), PANEL), grad, start, weight);
                        start = Start::Kept;
                        if part == 0 {
                            kernels.add_up(grad, bias);
                        }
                    }
                }
            }));
        }
    }
}

/// The gradients of the inputs of some shards, a job for each panel.
pub(super) fn back<'a>(kernels: Kernels, all: Vec<Back<'a>>, jobs: &mut Vec<Job<'a>>) {
    let mut shards: Vec<_> = all
        .into_iter()
        .map(|Back { rows, terms, start, grad_x, slopes }| {
            (rows, terms, start, grad_x.chunks_exact_mut(rows), slopes)
        })
        .collect();
    let panels = shards.first().map_or(0, |(.., grad_x, _)| grad_x.len());
    for panel in 0..panels {
        for (rows, terms, start, grad_x, slopes) in &mut shards {
            let (rows, mut start) = (*rows, *start);
            let Some(grad_x) = grad_x.next() else { continue };
            let slopes = slopes.map(|slopes| &slopes[panel * rows..][..rows]);
            let terms: Vec<(&[Row], &[Row])> = terms
                .iter()
                .map(|(grad, transposed)| {
                    let height = transposed.len() / panels;
                    (*grad, &transposed[panel * height..][..height])
                })
                .collect();
            jobs.push(Box::new(move || {
                for (grad, transposed) in &terms {
                    multiply(kernels, rows, grad, transposed, start, grad_x);
                    start = Start::Kept;
                }
                if let Some(slopes) = slopes {
                    kernels.multiply_rows_by(grad_x, slopes);
                }
            }));
        }
    }
}

/// y ← start + x · panel, for `x` as panels.
fn multiply(kernels: Kernels, rows: usize, x: &[Row], panel: &[Row], mut start: Start<'_>, y: &mut [Row]) {
    for (x, panel) in x.chunks_exact(rows).zip(panel.chunks(PANEL)) {
        kernels.multiply(rows, (x.as_flattened(), PANEL), panel, start, Target::rows(y));
        start = Start::Kept;
    }
}
