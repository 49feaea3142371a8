//! The backward pass of a layer.

use super::super::At;
use super::super::dense::{Back, Dense, Term, back};
use super::super::norm::{Norm, NormTape};
use super::super::texts::{Asks, Texts};
use super::{Layer, LayerScratch, LayerTape, Step};
use crate::model::crew::Job;
use crate::model::gradients::Parts;
use uaic_kernel::{PANEL, Row, SelfAttentionBack, Start};

/// The transposed weights of one layer, which the backward pass reads.
#[derive(Default)]
pub(in crate::model::transformer) struct Transposed([Vec<Row>; 6]);

/// Whether a layer's inputs need gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::model::transformer) enum Wanted {
    /// What is below is trained, too.
    Inputs,
    /// Nothing below is.
    Weights,
}

impl Layer {
    /// From gradients of the outputs to those of the inputs, if they are wanted, and of the weights.
    pub(in crate::model::transformer) fn back(
        &self,
        at: At<'_>,
        steps: &mut [Step<'_>],
        asks: Asks,
        wanted: Wanted,
        transposed: &mut Transposed,
        parts: &mut Parts<'_>,
    ) {
        self.begin_back(at, steps, wanted, transposed);
        self.feed_forward_back(at, steps, asks, transposed);
        self.attention_back(at, steps, asks, transposed);
        let mut grads: Vec<Vec<Row>> = steps.iter_mut().map(|step| std::mem::take(step.grad)).collect();
        let spare = steps.iter_mut().map(|step| std::mem::take(&mut step.scratch.grad_inputs));
        let mut all: Vec<Vec<Row>> = spare.collect();
        let mut jobs = Vec::new();
        if wanted == Wanted::Inputs {
            Self::inputs_back(at, steps, asks, transposed, (&mut grads, &mut all), &mut jobs);
        }
        self.gradients(at, steps, asks, parts, &mut jobs);
        at.crew.run(jobs);
        for (step, (mut grad, mut all)) in steps.iter_mut().zip(grads.into_iter().zip(all)) {
            if asks == Asks::First && wanted == Wanted::Inputs {
                spread(step.texts, &grad, &mut all);
                std::mem::swap(&mut grad, &mut all);
            }
            (*step.grad, step.scratch.grad_inputs) = (grad, all);
        }
    }

    /// The transposed weights, and through the last norm.
    fn begin_back(&self, at: At<'_>, steps: &mut [Step<'_>], wanted: Wanted, transposed: &mut Transposed) {
        let mut jobs: Vec<Job<'_>> = Vec::new();
        let Transposed([query, key, value, attended, intermediate, output]) = transposed;
        let inner = [(&self.output, output), (&self.intermediate, intermediate), (&self.attended, attended)];
        let outer = [(&self.query, query), (&self.key, key), (&self.value, value)];
        for (dense, to) in inner.into_iter().chain(outer.into_iter().filter(|_| wanted == Wanted::Inputs)) {
            dense.transpose(at, to, &mut jobs);
        }
        for Step { tape, scratch, grad, .. } in steps {
            let (norm, dropout) = (&self.output_norm, self.dropout);
            jobs.push(Box::new(move || {
                norm_back(norm, at, &mut tape.output, dropout, grad, &mut scratch.grad_output);
            }));
        }
        at.crew.run(jobs);
    }

    /// Back to the gradients of what the attention's norm got, in `grad` and, dropped, in
    /// `grad_attended`.
    fn feed_forward_back(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks, transposed: &Transposed) {
        let Transposed([.., intermediate, output]) = transposed;
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| {
            let LayerScratch { grad_output, grad_inner, .. } = &mut *step.scratch;
            grad_inner.resize(step.tape.slopes.len(), [0.0; PANEL]);
            Back {
                rows: step.texts.rows(asks),
                terms: vec![(grad_output, output)],
                start: Start::Zero,
                grad_x: grad_inner,
                slopes: Some(&step.tape.slopes),
            }
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| Back {
            rows: step.texts.rows(asks),
            terms: vec![(&step.scratch.grad_inner, intermediate)],
            start: Start::Kept,
            grad_x: step.grad,
            slopes: None,
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |Step { tape, scratch, grad, .. }| {
            let to = &mut scratch.grad_attended;
            norm_back(&self.attended_norm, at, &mut tape.attended, self.dropout, grad, to);
        });
    }

    /// Back to the gradients of queries, keys and values, in their places.
    fn attention_back(&self, at: At<'_>, steps: &mut [Step<'_>], asks: Asks, transposed: &Transposed) {
        let Transposed([_, _, _, attended, ..]) = transposed;
        let mut jobs = Vec::new();
        let all = steps.iter_mut().map(|step| {
            let LayerScratch { grad_attended, grad_mixed, .. } = &mut *step.scratch;
            grad_mixed.resize(grad_attended.len(), [0.0; PANEL]);
            Back {
                rows: step.texts.rows(asks),
                terms: vec![(grad_attended, attended)],
                start: Start::Zero,
                grad_x: grad_mixed,
                slopes: None,
            }
        });
        back(at.kernels, all.collect(), &mut jobs);
        at.crew.run(jobs);
        at.crew.each(steps, |Step { texts, tape, scratch, .. }| {
            let LayerTape { query, key, value, shares, share_bits, .. } = &mut **tape;
            let LayerScratch { attention, grad_mixed, .. } = &mut **scratch;
            at.kernels.self_attention_back(SelfAttentionBack {
                asking: texts.asking(asks, self.heads, self.width),
                mask: share_bits.mask(self.attention_dropout),
                shares,
                grad: grad_mixed,
                query,
                key,
                value,
                scratch: attention,
            });
        });
    }

    /// The gradients of the inputs: added to those of the rows that are computed, and of all when
    /// these are not.
    fn inputs_back<'a>(
        at: At<'a>,
        steps: &'a [Step<'_>],
        asks: Asks,
        transposed: &'a Transposed,
        (grads, all): (&'a mut [Vec<Row>], &'a mut [Vec<Row>]),
        jobs: &mut Vec<Job<'a>>,
    ) {
        let Transposed([query, key, value, ..]) = transposed;
        let mut own = Vec::new();
        let mut others = Vec::new();
        for (Step { texts, tape, .. }, (grad, all)) in steps.iter().zip(grads.iter_mut().zip(all)) {
            let mut terms: Vec<(&[Row], &[Row])> = vec![(&tape.query, query)];
            let of_tokens: [(&[Row], &[Row]); 2] = [(&tape.key, key), (&tape.value, value)];
            if asks == Asks::Every {
                terms.extend(of_tokens);
            } else {
                all.resize(tape.key.len(), [0.0; PANEL]);
                let (rows, terms) = (texts.tokens(), of_tokens.to_vec());
                others.push(Back { rows, terms, start: Start::Zero, grad_x: all, slopes: None });
            }
            let rows = texts.rows(asks);
            own.push(Back { rows, terms, start: Start::Kept, grad_x: grad, slopes: None });
        }
        back(at.kernels, own, jobs);
        back(at.kernels, others, jobs);
    }

    /// The gradients of all weights.
    fn gradients<'a, 'b: 'a>(
        &self,
        at: At<'a>,
        steps: &'a [Step<'_>],
        asks: Asks,
        parts: &mut Parts<'b>,
        jobs: &mut Vec<Job<'a>>,
    ) {
        let mut add = |dense: &Dense, term: &dyn Fn(&'a Step<'_>) -> Term<'a>| {
            let terms: Vec<Term<'_>> = steps.iter().map(term).collect();
            dense.gradients(at.kernels, &terms, parts, jobs);
        };
        let rows = |step: &Step<'_>| step.texts.rows(asks);
        add(&self.output, &|step| Term {
            rows: rows(step),
            x: &step.tape.activated,
            grad: &step.scratch.grad_output,
        });
        add(&self.intermediate, &|step| Term {
            rows: rows(step),
            x: &step.tape.attended.outputs,
            grad: &step.scratch.grad_inner,
        });
        add(&self.attended, &|step| Term {
            rows: rows(step),
            x: &step.tape.mixed,
            grad: &step.scratch.grad_attended,
        });
        add(&self.query, &|step| Term { rows: rows(step), x: step.residual(), grad: &step.tape.query });
        let all = |step: &Step<'_>| step.texts.tokens();
        add(&self.key, &|step| Term { rows: all(step), x: step.inputs, grad: &step.tape.key });
        add(&self.value, &|step| Term { rows: all(step), x: step.inputs, grad: &step.tape.value });
        let tapes: Vec<&NormTape> = steps.iter().map(|step| &step.tape.attended).collect();
        self.attended_norm.gradients(at.kernels, &tapes, parts, jobs);
        let tapes: Vec<&NormTape> = steps.iter().map(|step| &step.tape.output).collect();
        self.output_norm.gradients(at.kernels, &tapes, parts, jobs);
    }
}

/// `grad`, of a norm's outputs, becomes that of its residual; `dropped` gets that of what was
/// dropped from.
fn norm_back(
    norm: &Norm,
    at: At<'_>,
    tape: &mut NormTape,
    dropout: f64,
    grad: &mut [Row],
    dropped: &mut Vec<Row>,
) {
    norm.back(at, tape, grad);
    dropped.clear();
    dropped.extend_from_slice(grad);
    if let Some(mask) = tape.bits.mask(dropout) {
        at.kernels.drop_rows(dropped, mask);
    }
}

/// Adds rows of the first tokens to those of all.
fn spread(texts: &Texts, firsts: &[Row], all: &mut [Row]) {
    let panels = firsts.chunks_exact(texts.len()).zip(all.chunks_exact_mut(texts.tokens()));
    for (firsts, all) in panels {
        for (text, first) in firsts.iter().enumerate() {
            let to = &mut all[texts.tokens_of(text).start];
            for (sum, value) in to.iter_mut().zip(first) {
                *sum += value;
            }
        }
    }
}
