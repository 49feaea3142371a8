//! What a model says of texts: the one place that turns logits into predictions, for the command
//! line, the library and servers.

use std::sync::Arc;

use crate::model::{Classifier, Features, Reader};
use uaic_eval::{Calibration, OUT_OF_SCOPE, Predictions};

/// Texts that one thread takes at a time.
const CHUNK: usize = 512;

/// What a model says of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The most probable label.
    pub label: Arc<str>,
    /// Its probability at the calibrated temperature (at 1 without a calibration).
    pub confidence: f64,
    /// Whether the text has none of the model's labels, as far as its score tells; `None` without a
    /// calibration, as there is no threshold then.
    pub is_out_of_scope: Option<bool>,
    /// What the threshold is held against, higher is more in scope; `None` without a calibration.
    pub score: Option<f64>,
    /// The most probable labels, the first one included, by falling probability.
    pub top: Vec<LabelScore>,
    /// Words of the text, as the model reads it.
    pub words: u32,
    /// How many of them its vocabulary does not have.
    pub unknown_words: u32,
}

/// A label and its probability.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelScore {
    /// The label.
    pub label: Arc<str>,
    /// Its number among those of the model.
    pub number: usize,
    /// As [`Prediction::confidence`].
    pub confidence: f64,
}

/// How much a token had a say in what the model made of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenWeight {
    /// The token as the model reads it.
    pub token: String,
    /// Its share; those of a text sum to 1.
    pub weight: f64,
}

/// How texts are answered. None of it changes what is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PredictOptions {
    /// How many labels [`Prediction::top`] has, at least 1 and at most all.
    pub top: usize,
    /// How many threads share the texts.
    pub threads: usize,
}

impl Default for PredictOptions {
    /// Three labels, one thread.
    fn default() -> Self {
        Self { top: 3, threads: 1 }
    }
}

/// A classifier with its calibration.
pub struct Predictor {
    /// The classifier.
    pub classifier: Classifier,
    /// Temperature and threshold, where they were fitted.
    pub calibration: Option<Calibration>,
}

impl Predictor {
    /// Answers texts, in their order. An answer does not depend on what texts are beside one, nor on
    /// the number of threads, to the bit.
    ///
    /// # Errors
    /// The model's output is not a number.
    pub fn predict<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        options: PredictOptions,
    ) -> candle_core::Result<Vec<Prediction>> {
        self.predict_with(texts, options, |_, answer| answer)
    }

    /// As [`Predictor::predict`]; what is to be made of each text and its answer is made by the
    /// threads, too.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn predict_with<T: AsRef<str> + Sync, Made: Send>(
        &self,
        texts: &[T],
        options: PredictOptions,
        make: impl Fn(&str, Prediction) -> Made + Sync,
    ) -> candle_core::Result<Vec<Made>> {
        let chunks: Vec<&[T]> =
            texts.chunks(CHUNK.min(texts.len().div_ceil(options.threads.max(1)).max(1))).collect();
        let threads = options.threads.clamp(1, chunks.len().max(1));
        let work = |first: usize| -> candle_core::Result<Vec<Vec<Made>>> {
            let own = chunks.iter().skip(first).step_by(threads);
            let mut session = self.session();
            let mut answer = |texts: &[T]| -> candle_core::Result<Vec<Made>> {
                let answers = session.predict(texts, options.top)?;
                Ok(texts.iter().zip(answers).map(|(text, answer)| make(text.as_ref(), answer)).collect())
            };
            own.map(|texts| answer(texts)).collect()
        };
        let shares: Vec<candle_core::Result<Vec<Vec<Made>>>> = std::thread::scope(|scope| {
            let others: Vec<_> =
                (1..threads).map(|first| (first, scope.spawn(move || work(first)))).collect();
            let own = work(0);
            let joined = others
                .into_iter()
                .map(|(_, other)| other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(own).chain(joined.collect::<Vec<_>>()).collect()
        });
        let mut shares = shares
            .into_iter()
            .map(|share| share.map(Vec::into_iter))
            .collect::<candle_core::Result<Vec<_>>>()?;
        let in_order = (0..chunks.len()).filter_map(|chunk| shares[chunk % threads].next());
        Ok(in_order.flatten().collect())
    }

    /// The model, to be asked again and again by one thread.
    pub fn session(&self) -> InferenceSession<'_> {
        let labels = &self.classifier.labels;
        let table = Predictions { labels: labels.clone(), ..Predictions::default() };
        let labels = labels.iter().map(|label| Arc::from(label.as_str())).collect();
        InferenceSession { predictor: self, reader: self.classifier.reader(), table, labels }
    }

    /// The tokens of a text as the model reads them, with how much each had a say.
    ///
    /// # Errors
    /// A tensor operation fails, which is a defect.
    pub fn explain(&self, text: &str) -> candle_core::Result<Vec<TokenWeight>> {
        let attention = self.classifier.attention(text)?;
        Ok(attention.into_iter().map(|(token, weight)| TokenWeight { token, weight }).collect())
    }
}

/// A model that is being asked, in memory that is reused from call to call.
pub struct InferenceSession<'a> {
    predictor: &'a Predictor,
    reader: Reader<'a>,
    table: Predictions,
    /// The labels by number, shared by all predictions.
    labels: Vec<Arc<str>>,
}

impl InferenceSession<'_> {
    /// As [`Predictor::predict`], with the `top` most probable labels.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn predict<T: AsRef<str>>(
        &mut self,
        texts: &[T],
        top: usize,
    ) -> candle_core::Result<Vec<Prediction>> {
        let Self { predictor, reader, table, labels } = self;
        let calibration = predictor.calibration.as_ref();
        let features = match calibration {
            Some(calibration) if calibration.method.needs_features() => Features::Keep,
            _ => Features::Omit,
        };
        table.gold.clear();
        table.gold.resize(texts.len(), OUT_OF_SCOPE);
        reader.read(texts, features, table)?;
        let probabilities =
            table.probabilities(calibration.map_or(1.0, |calibration| calibration.temperature));
        let scores = calibration.map(|calibration| calibration.scores(table));
        let scores = scores.transpose().map_err(candle_core::Error::wrap)?;
        let threshold = calibration.map(|calibration| calibration.threshold);
        let answer = |text: usize| {
            let score = scores.as_ref().map(|scores| scores[text]);
            let is_out_of_scope = score.zip(threshold).map(|(score, threshold)| score < threshold);
            let top = label_scores(table, labels, text, &probabilities, top);
            let best = top[0].clone();
            Prediction {
                label: best.label,
                confidence: best.confidence,
                is_out_of_scope,
                score,
                top,
                words: table.words[text],
                unknown_words: table.unknown_words[text],
            }
        };
        Ok((0..texts.len()).map(answer).collect())
    }
}

/// The labels of the largest logits of a text, the largest first; of equal ones the lowest number.
fn label_scores(
    table: &Predictions,
    labels: &[Arc<str>],
    text: usize,
    probabilities: &[f64],
    count: usize,
) -> Vec<LabelScore> {
    let (row, classes) = (table.row(text), table.classes());
    let mut order: Vec<usize> = (0..classes).collect();
    let count = count.clamp(1, classes);
    let by_logit = |a: &usize, b: &usize| row[*b].total_cmp(&row[*a]).then(a.cmp(b));
    if count < classes {
        order.select_nth_unstable_by(count - 1, by_logit);
        order.truncate(count);
    }
    order.sort_unstable_by(by_logit);
    let label_score = |number: usize| LabelScore {
        label: Arc::clone(&labels[number]),
        number,
        confidence: probabilities[text * classes + number],
    };
    order.into_iter().map(label_score).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Weights;
    use crate::model::{ModelSpec, RecurrentSpec};
    use crate::text::TextSpec;
    use crate::text::Tokenizer;
    use uaic_eval::ScopeModels;
    use uaic_kernel::rng::SeedTree;

    fn predictor(calibration: Option<Calibration>) -> Predictor {
        let tokenizer =
            Tokenizer::build(["show flights to oslo", "fare of flights"], &TextSpec::default()).unwrap();
        let labels = ["fare", "flight", "meal"].map(str::to_owned).to_vec();
        let spec = ModelSpec::LstmAttention(RecurrentSpec {
            embedding_dim: 6,
            hidden_dim: 5,
            ..RecurrentSpec::default()
        });
        let classifier = Classifier::new(&spec, tokenizer, labels, Weights::new(SeedTree::new(3))).unwrap();
        Predictor { classifier, calibration }
    }

    fn calibrated() -> Predictor {
        let plain = predictor(None);
        let golds = ["fare", "flight", "meal", "flight"].map(Some);
        let texts = ["fare", "flights", "to oslo", "show flights"];
        let table = plain.classifier.predictions(texts.into_iter().zip(golds), Features::Omit).unwrap();
        predictor(Some(Calibration::fit(&table, None, &ScopeModels::default()).unwrap()))
    }

    fn texts(count: usize) -> Vec<String> {
        let words = ["show", "flights", "to", "oslo", "fare", "of", "unknown", "x"];
        let text = |i: usize| (0..i % 7).map(|at| words[(i * 3 + at * i) % 8]).collect::<Vec<_>>().join(" ");
        (0..count).map(text).collect()
    }

    #[test]
    fn answers_are_the_same_alone_in_any_batch_and_with_any_threads() {
        let predictor = calibrated();
        let texts = texts(1300);
        let all = predictor.predict(&texts, PredictOptions::default()).unwrap();
        assert_eq!(all.len(), texts.len());
        for threads in [2, 3, 5] {
            assert_eq!(
                predictor.predict(&texts, PredictOptions { threads, ..PredictOptions::default() }).unwrap(),
                all
            );
        }
        for (text, answer) in texts.iter().zip(&all).step_by(37) {
            assert_eq!(predictor.predict(&[text], PredictOptions::default()).unwrap()[0], *answer);
        }
        assert!(predictor.predict(&[""; 0], PredictOptions { top: 3, threads: 4 }).unwrap().is_empty());
    }

    #[test]
    fn an_answer_says_what_the_table_of_predictions_says() {
        let predictor = calibrated();
        let calibration = predictor.calibration.as_ref().unwrap();
        let texts = texts(50);
        let table = predictor
            .classifier
            .predictions(texts.iter().map(|text| (text.as_str(), None)), Features::Omit)
            .unwrap();
        let (scores, probabilities) =
            (calibration.scores(&table).unwrap(), table.probabilities(calibration.temperature));
        let answers = predictor.predict(&texts, PredictOptions { top: 9, threads: 2 }).unwrap();
        for (at, answer) in answers.iter().enumerate() {
            let label = table.predicted()[at];
            assert_eq!(*answer.label, *table.labels[label]);
            assert_eq!(answer.confidence.to_bits(), probabilities[at * 3 + label].to_bits());
            assert_eq!(answer.score.unwrap().to_bits(), scores[at].to_bits());
            assert_eq!(answer.is_out_of_scope, Some(scores[at] < calibration.threshold));
            assert_eq!(answer.top.len(), 3, "at most all labels");
            assert!(answer.top.is_sorted_by(|a, b| a.confidence >= b.confidence));
            assert_eq!((&answer.top[0].label, answer.top[0].confidence), (&answer.label, answer.confidence));
        }
    }

    #[test]
    fn without_a_calibration_nobody_knows_the_scope() {
        let answer =
            predictor(None).predict(&["fare"], PredictOptions { top: 0, threads: 1 }).unwrap().remove(0);
        assert_eq!((answer.is_out_of_scope, answer.score, answer.top.len()), (None, None, 1));
        let weights = predictor(None).explain("fare of Flights").unwrap();
        assert!((weights.iter().map(|token| token.weight).sum::<f64>() - 1.0).abs() < 1e-6);
        assert_eq!(weights[2].token, "flights");
    }
}
