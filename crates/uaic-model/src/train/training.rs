//! A training under way: batches and steps.

use std::collections::BTreeMap;

use super::Example;
use super::batches::{deal, plan};
use super::error::TrainError;
use super::loss::class_weights;
use super::optimizer::Adam;
use super::schedule::learning_rate;
use super::scores::{Scores, scores};
use super::task::Task;
use crate::model::{Classifier, Crew, Learner, ModelError, ModelSpec, Weights};
use crate::text::{TokenIds, Tokenizer};
use uaic_kernel::rng::ChaCha8Rng;
use uaic_kernel::{Kernels, Targets};

/// The distinct labels of some examples, sorted.
fn labels_of(examples: &[&Example]) -> Vec<String> {
    let distinct: std::collections::BTreeSet<&str> =
        examples.iter().map(|example| example.label.as_str()).collect();
    distinct.into_iter().map(str::to_owned).collect()
}

impl Task<'_> {
    /// The classifier that a training begins with.
    fn begin(&self, labels: Vec<String>) -> Result<Classifier, TrainError> {
        let seeds = self.seeds.child("weights", 0);
        match (self.model, self.pretrained) {
            (ModelSpec::Bert(spec), Some(pretrained)) => {
                let tokenizer = pretrained.tokenizer(self.text.max_length)?;
                Ok(Classifier::new(&pretrained.adapt(spec), tokenizer, labels, pretrained.weights(seeds))?)
            }
            (spec, _) => {
                let texts = self.examples.iter().map(|example| example.text.as_str());
                let tokenizer = Tokenizer::build(texts, self.text)?;
                Ok(Classifier::new(spec, tokenizer, labels, Weights::new(seeds))?)
            }
        }
    }
}

/// Encoded texts with their label numbers.
pub(super) struct Encoded {
    pub(super) texts: Vec<TokenIds>,
    pub(super) labels: Vec<usize>,
}

/// A training under way.
pub(super) struct Training<'a> {
    task: &'a Task<'a>,
    pub(super) classifier: Classifier,
    examples: Encoded,
    validation: Encoded,
    kernels: Kernels,
    crew: Crew,
    learner: Box<dyn Learner>,
    gradients: Vec<f32>,
    optimizer: Adam,
    class_weights: Vec<f32>,
    outside_weight: f32,
}

impl<'a> Training<'a> {
    /// Draws the weights and encodes the texts.
    pub(super) fn start(task: &'a Task<'a>) -> Result<Self, TrainError> {
        let labels = labels_of(task.examples);
        if labels.len() < 2 {
            return Err(TrainError::TooLittle { examples: task.examples.len(), classes: labels.len() });
        }
        let classifier = task.begin(labels)?;
        let (tokenizer, labels) = (&classifier.tokenizer, &classifier.labels);
        let mut examples = encode(task.examples, tokenizer, labels);
        let validation = encode(task.validation, tokenizer, labels);
        let mut counts = vec![0; labels.len()];
        for &label in &examples.labels {
            counts[label] += 1;
        }
        for example in task.outside {
            examples.texts.push(tokenizer.encode(&example.text));
            // No class, so what is asked for is that all be alike.
            examples.labels.push(labels.len());
        }
        let (kernels, crew) = (Kernels::detect(), Crew::new(task.threads)?);
        Ok(Self {
            task,
            examples,
            validation,
            kernels,
            learner: classifier.model.learner(kernels, crew.clone()),
            crew,
            gradients: vec![0.0; classifier.weights.trained().len()],
            optimizer: Adam::new(task.train, &classifier.weights),
            classifier,
            class_weights: class_weights(&counts, task.train.class_weights),
            outside_weight: outside_weight(task),
        })
    }

    /// One pass over the training part: the mean loss and the last learning rate.
    pub(super) fn epoch(&mut self, epoch: u32) -> Result<(f64, f64), TrainError> {
        let seeds = self.task.seeds.child("epoch", u64::from(epoch));
        let inside = self.task.examples.len();
        let lengths: Vec<usize> = self.examples.texts[..inside].iter().map(TokenIds::len).collect();
        let mut batches = plan(&lengths, self.task.train.batch_size as usize, &mut seeds.rng("batches"));
        // Often with a small weight, not seldom with a large one that a whole step would follow.
        let outside: Vec<usize> =
            (0..shows(self.task)).flat_map(|_| inside..self.examples.texts.len()).collect();
        deal(&mut batches, outside, &mut seeds.rng("exposure"));
        let mut dropout = seeds.rng("dropout");
        let (mut sum, mut lr) = (0.0, 0.0);
        for (step, examples) in batches.iter().enumerate() {
            let steps = batches.len() as u64;
            lr = learning_rate(
                self.task.train,
                u64::from(epoch - 1) * steps + step as u64,
                steps,
                self.task.epochs,
            );
            let loss = self.step(examples, lr, &mut dropout)?;
            if !loss.is_finite() {
                return Err(TrainError::Diverged { epoch, step: step + 1, loss });
            }
            sum += loss * examples.len() as f64;
        }
        // The last step's update has no loss after it that would tell.
        if !self.classifier.weights.are_finite() {
            return Err(TrainError::Diverged { epoch, step: batches.len(), loss: f64::NAN });
        }
        let shown: usize = batches.iter().map(Vec::len).sum();
        Ok((sum / shown as f64, lr))
    }

    /// One step on one batch: its loss.
    fn step(&mut self, examples: &[usize], lr: f64, rng: &mut ChaCha8Rng) -> Result<f64, TrainError> {
        let texts: Vec<&TokenIds> = examples.iter().map(|&example| &self.examples.texts[example]).collect();
        let gold: Vec<usize> = examples.iter().map(|&example| self.examples.labels[example]).collect();
        let targets = Targets {
            gold: &gold,
            smoothing: self.task.train.label_smoothing as f32,
            class_weights: &self.class_weights,
            outside_weight: self.outside_weight,
        };
        let weights = &mut self.classifier.weights;
        let loss = self.learner.learn(weights, &texts, targets, rng, &mut self.gradients)?;
        self.optimizer.step(self.kernels, &self.crew, weights, &self.gradients, lr);
        Ok(loss)
    }

    /// Trades the weights with their average, when there is one.
    pub(super) fn swap_average(&mut self) {
        self.optimizer.swap_average(&mut self.classifier.weights);
    }

    /// What the model scores on the validation part.
    pub(super) fn validate(&self, epoch: u32) -> Result<Option<Scores>, TrainError> {
        let predictions = self.classifier.predict(&self.validation.texts).map_err(|error| match error {
            ModelError::NotFinite => TrainError::Overflow { epoch },
            other => other.into(),
        })?;
        Ok(scores(&predictions, &self.validation.labels, self.classifier.labels.len()))
    }
}

/// How many times an epoch shows each text of no intent: as many as it takes for a step to have two of
/// them on average, or once where there are more.
fn shows(task: &Task<'_>) -> usize {
    let steps = task.examples.len().div_ceil(task.train.batch_size.max(1) as usize);
    (2 * steps / task.outside.len().max(1)).max(1)
}

/// What a text of no intent weighs each time, where one with an intent weighs 1 on average.
fn outside_weight(task: &Task<'_>) -> f32 {
    let all = (shows(task) * task.outside.len()).max(1);
    (task.train.oos_weight * task.examples.len() as f64 / all as f64) as f32
}

/// Texts and labels as numbers.
pub(super) fn encode(examples: &[&Example], tokenizer: &Tokenizer, known: &[String]) -> Encoded {
    Encoded {
        texts: examples.iter().map(|example| tokenizer.encode(&example.text)).collect(),
        labels: label_numbers(examples.iter().map(|example| example.label.as_str()), known),
    }
}

/// Labels as numbers: known ones by their place, others numbered after them as they come.
pub fn label_numbers<'a>(labels: impl Iterator<Item = &'a str>, known: &'a [String]) -> Vec<usize> {
    let mut numbers: BTreeMap<&str, usize> =
        known.iter().enumerate().map(|(number, label)| (label.as_str(), number)).collect();
    labels
        .map(|label| {
            let next = numbers.len();
            *numbers.entry(label).or_insert(next)
        })
        .collect()
}
