//! The training loop.

use std::collections::BTreeMap;

use super::Example;
use super::batches::{deal, plan};
use super::early_stop::{EarlyStop, Verdict};
use super::loss::class_weights;
use super::optimizer::Adam;
use super::schedule::learning_rate;
use super::scores::{Scores, scores};
use crate::model::ModelSpec;
use crate::model::{Classifier, Crew, Learner, Pretrained, PretrainedError, Weights, WeightsError};
use crate::text::TextSpec;
use crate::text::{TokenIds, Tokenizer, TokenizerError};
use crate::train::TrainSpec;
use uaic_kernel::rng::{ChaCha8Rng, SeedTree};
use uaic_kernel::{Kernels, Targets};

/// One training: on what, how, from which seeds.
pub struct Task<'a> {
    /// How texts become ids.
    pub text: &'a TextSpec,
    /// What is trained.
    pub model: &'a ModelSpec,
    /// What its weights begin with, where the spec names a pretrained model.
    pub pretrained: Option<&'a Pretrained>,
    /// How.
    pub train: &'a TrainSpec,
    /// Passes over the training part (`train.epochs`, or `final.epochs`).
    pub epochs: u32,
    /// What is learned from: vocabulary, labels and weights.
    pub examples: &'a [&'a Example],
    /// Texts of no intent, which the weights learn from as well: neither vocabulary nor labels do.
    pub outside: &'a [&'a Example],
    /// What it is judged by after each epoch; may be empty.
    pub validation: &'a [&'a Example],
    /// Where weights, batches and dropout are drawn from.
    pub seeds: SeedTree,
    /// How many threads may share a step; they have no say in what comes out.
    pub threads: usize,
}

/// What an epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochReport {
    /// From 1.
    pub epoch: u32,
    /// How many there will be at most.
    pub epochs: u32,
    /// Mean training loss over the epoch's examples.
    pub loss: f64,
    /// Learning rate of its last step.
    pub lr: f64,
    /// On the validation part, when there is one.
    pub validation: Option<Scores>,
}

/// What a watcher wants after an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next epoch.
    Continue,
    /// The end: somebody asked for it.
    Cancel,
}

/// A finished training.
pub struct Fitted {
    /// The trained classifier; after early stopping, as it was in its best epoch.
    pub classifier: Classifier,
    /// What `classifier` scores on the validation part, when there is one.
    pub validation: Option<Scores>,
}

/// Why a training gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The loss is not a number any more.
    #[error(
        "the loss became {loss} in epoch {epoch}, step {step}; try a lower train.lr or train.clip_norm = 1.0"
    )]
    Diverged {
        /// From 1.
        epoch: u32,
        /// From 1, within the epoch.
        step: usize,
        /// NaN or ±∞.
        loss: f64,
    },
    /// The loss was a number, but what the model says of validation texts is not.
    #[error(
        "the model's output is not a number after epoch {epoch}; try a lower train.lr or train.clip_norm = 1.0"
    )]
    Overflow {
        /// From 1.
        epoch: u32,
    },
    /// There is nothing to learn from.
    #[error(
        "the training part has {examples} examples of {classes} classes; at least one example and two classes are needed"
    )]
    TooLittle {
        /// Number of examples.
        examples: usize,
        /// Number of classes.
        classes: usize,
    },
    /// The watcher asked for the end.
    #[error("stopped on request")]
    Cancelled,
    /// The watcher failed.
    #[error("{0}")]
    Watcher(Box<dyn std::error::Error + Send + Sync>),
    /// The model cannot be built, which is a defect.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The pretrained model does not do for it.
    #[error(transparent)]
    Pretrained(#[from] PretrainedError),
    /// The tokenizer cannot be built.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A tensor operation failed, which is a defect.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// Asked after each epoch whether to go on.
pub type Watch<'a> = dyn FnMut(&EpochReport) -> Result<Flow, TrainError> + 'a;

/// The distinct labels of some examples, sorted.
fn labels_of(examples: &[&Example]) -> Vec<String> {
    let distinct: std::collections::BTreeSet<&str> =
        examples.iter().map(|example| example.label.as_str()).collect();
    distinct.into_iter().map(str::to_owned).collect()
}

/// Trains a classifier from fresh weights. The same task gives the same weights to the bit.
///
/// # Errors
/// [`TrainError`].
pub fn fit(task: &Task<'_>, watch: &mut Watch<'_>) -> Result<Fitted, TrainError> {
    let mut training = Training::start(task)?;
    let mut early_stop = EarlyStop::new(task.train.patience);
    let mut best = None;
    let mut last = None;
    for epoch in 1..=task.epochs {
        if epoch > 1 {
            training.swap_average();
        }
        let (loss, lr) = training.epoch(epoch)?;
        // What is judged, and kept at the end, is the average.
        training.swap_average();
        let validation = training.validate(epoch)?;
        last = validation;
        let report = EpochReport { epoch, epochs: task.epochs, loss, lr, validation };
        if watch(&report)? == Flow::Cancel {
            return Err(TrainError::Cancelled);
        }
        let Some(scores) = validation.filter(|_| task.train.patience > 0) else { continue };
        match early_stop.observe(scores.loss) {
            Verdict::Best => best = Some((training.classifier.weights.snapshot(), scores)),
            Verdict::Wait => {}
            Verdict::Stop => {
                tracing::debug!(epoch, patience = task.train.patience, "stopped early");
                break;
            }
        }
    }
    if let Some((mut snapshot, scores)) = best {
        training.classifier.weights.swap(&mut snapshot);
        last = Some(scores);
    }
    Ok(Fitted { classifier: training.classifier, validation: last })
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
struct Encoded {
    texts: Vec<TokenIds>,
    labels: Vec<usize>,
}

struct Training<'a> {
    task: &'a Task<'a>,
    classifier: Classifier,
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
    fn start(task: &'a Task<'a>) -> Result<Self, TrainError> {
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
    fn epoch(&mut self, epoch: u32) -> Result<(f64, f64), TrainError> {
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
    fn swap_average(&mut self) {
        self.optimizer.swap_average(&mut self.classifier.weights);
    }

    fn validate(&self, epoch: u32) -> Result<Option<Scores>, TrainError> {
        let predictions = self.classifier.predict(&self.validation.texts).map_err(|error| {
            tracing::debug!("{error}");
            TrainError::Overflow { epoch }
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

fn encode(examples: &[&Example], tokenizer: &Tokenizer, known: &[String]) -> Encoded {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RecurrentSpec;
    use crate::train::Optimizer;

    /// Two classes told apart by the order of two words, which no bag of words can do.
    fn examples() -> Vec<Example> {
        let names = ["oslo", "rome", "cairo", "lima", "quito", "paris", "berne", "delhi"];
        let mut examples = Vec::new();
        for a in names {
            for b in names {
                examples.push(Example { text: format!("from {a} to {b}"), label: "there".to_owned() });
                examples.push(Example { text: format!("to {a} please from {b}"), label: "back".to_owned() });
            }
        }
        examples
    }

    fn train(spec: &TrainSpec, seed: u64) -> Result<Fitted, TrainError> {
        train_with(spec, seed, &[])
    }

    fn train_with(spec: &TrainSpec, seed: u64, outside: &[&Example]) -> Result<Fitted, TrainError> {
        let examples = examples();
        let part = |held_out: bool| -> Vec<&Example> {
            examples
                .iter()
                .enumerate()
                .filter(|(i, _)| (i % 7 == 0) == held_out)
                .map(|(_, example)| example)
                .collect()
        };
        let (train, validation) = (part(false), part(true));
        fit(
            &Task {
                text: &TextSpec::default(),
                model: &ModelSpec::LstmAttention(RecurrentSpec {
                    embedding_dim: 8,
                    hidden_dim: 8,
                    dropout: 0.1,
                    adversarial: 0.0,
                    ..RecurrentSpec::default()
                }),
                pretrained: None,
                train: spec,
                epochs: spec.epochs,
                examples: &train,
                outside,
                validation: &validation,
                seeds: SeedTree::new(seed),
                threads: 1,
            },
            &mut |_| Ok(Flow::Continue),
        )
    }

    #[test]
    fn order_of_words_is_learned() {
        let spec = TrainSpec { epochs: 15, lr: 0.01, batch_size: 8, ..TrainSpec::default() };
        let accuracy = train(&spec, 1).unwrap().validation.unwrap().accuracy;
        assert!(accuracy > 0.95, "{accuracy}");
    }

    #[test]
    fn texts_of_no_intent_lose_confidence_and_others_keep_their_accuracy() {
        let outside = |text: &str| Example { text: text.to_owned(), label: "-".to_owned() };
        let texts =
            ["from bed to work", "from now to then", "to bed please from me", "to whom it may please"];
        let shown = texts.map(outside);
        let spec = TrainSpec { epochs: 25, lr: 0.01, batch_size: 8, oos_weight: 0.2, ..TrainSpec::default() };
        let confidence = |fitted: &Fitted| {
            let encoded = texts.map(|text| fitted.classifier.tokenizer.encode(text));
            let said = fitted.classifier.predict(&encoded).unwrap();
            said.iter().map(|one| one.probabilities.iter().copied().fold(0.0, f32::max)).sum::<f32>()
        };
        let (mut with, mut without) = (0.0, 0.0);
        for seed in 1..=3 {
            let plain = train(&spec, seed).unwrap();
            let exposed = train_with(&spec, seed, &shown.each_ref()).unwrap();
            (with, without) = (with + confidence(&exposed) / 12.0, without + confidence(&plain) / 12.0);
            assert!(exposed.validation.unwrap().accuracy > 0.95);
            assert_eq!(exposed.classifier.labels, ["back", "there"]);
            assert_eq!(exposed.classifier.tokenizer, plain.classifier.tokenizer);
        }
        assert!(with < without - 0.1, "{with} {without}");
    }

    #[test]
    fn the_same_seed_gives_the_same_weights_to_the_bit() {
        let spec = TrainSpec {
            epochs: 2,
            label_smoothing: 0.1,
            clip_norm: 1.0,
            optimizer: Optimizer::AdamW,
            ..TrainSpec::default()
        };
        let bytes = |seed| train(&spec, seed).unwrap().classifier.weights.to_safetensors().unwrap();
        assert!(bytes(1) == bytes(1));
        assert!(bytes(1) != bytes(2));
    }

    #[test]
    fn a_diverging_training_fails_with_its_reason() {
        let spec = TrainSpec { epochs: 3, lr: 1e38, ..TrainSpec::default() };
        let error = train(&spec, 1).err().unwrap();
        assert!(matches!(error, TrainError::Diverged { .. }), "{error}");
        assert!(error.to_string().contains("train.lr"), "{error}");
    }

    #[test]
    fn a_divergence_in_the_very_last_step_is_seen() {
        let spec = TrainSpec { epochs: 1, lr: 1e38, batch_size: 1000, ..TrainSpec::default() };
        assert!(matches!(train(&spec, 1).err().unwrap(), TrainError::Diverged { epoch: 1, step: 1, .. }));
        // Weights that are still numbers, but whose products are not.
        let spec = TrainSpec { lr: 1e30, ..spec };
        assert!(matches!(train(&spec, 1).err().unwrap(), TrainError::Overflow { epoch: 1 }));
    }

    #[test]
    fn early_stopping_goes_back_to_the_best_epoch() {
        let spec = TrainSpec { epochs: 60, lr: 0.05, patience: 3, batch_size: 8, ..TrainSpec::default() };
        let fitted = train(&spec, 3).unwrap();
        let examples = examples();
        let validation: Vec<&Example> = examples.iter().step_by(7).collect();
        let encoded = encode(&validation, &fitted.classifier.tokenizer, &fitted.classifier.labels);
        let predictions = fitted.classifier.predict(&encoded.texts).unwrap();
        assert_eq!(scores(&predictions, &encoded.labels, 2), fitted.validation);
    }

    #[test]
    fn labels_unknown_to_the_classifier_count_as_errors() {
        let label = |text: &str| Example { text: "from oslo to rome".to_owned(), label: text.to_owned() };
        let examples = [label("back"), label("new"), label("newer"), label("new")];
        let refs: Vec<&Example> = examples.iter().collect();
        let tokenizer = Tokenizer::build(["from to"], &TextSpec::default()).unwrap();
        let encoded = encode(&refs, &tokenizer, &["back".to_owned(), "there".to_owned()]);
        assert_eq!(encoded.labels, [0, 2, 3, 2]);
    }
}
