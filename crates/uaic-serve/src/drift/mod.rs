//! Whether what is asked still looks like what a model was calibrated on.
//!
//! The last texts (2,000 unless told otherwise) are held against the reference of the package in four
//! aspects: the shares of the predicted labels, the confidence, the number of words, and the share of
//! words that the vocabulary does not have. Each has two measures:
//!
//! | population stability index | Jensen–Shannon | what it says |
//! |---|---|---|
//! | below 0.1 | below about 0.02 | no drift to speak of |
//! | 0.1 to 0.25 | to about 0.045 | look at what is asked |
//! | above 0.25 | above | act: label new texts, train again |
//!
//! The limits are the custom of credit scoring (Siddiqi, "Credit Risk Scorecards", 2006); those of the
//! divergence follow from them, as it is about 0.18 times the index where both are small.
//!
//! **Noise.** Without any drift the index of B bins is about (B − 1)(1/n + 1/m) on average, for n texts
//! in the window and m in the reference: 0.014 for ten bins, a full window and a reference of 1,000,
//! but 0.1 with only 100 texts. So an aspect has as many bins, and waits for as many texts, as keep
//! chance alone below 0.1 in 95 % of windows, and never fewer than 100 texts. What a small
//! reference cannot bear is not measured at all.
//!
//! **What counts.** The reference is made of in-scope texts, while all texts asked are in the window:
//! many texts out of scope are drift, too. Labels that fewer than ten texts of the reference got share
//! one bin, and so do those beyond what the noise allows.

mod bins;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use self::bins::{Bins, LabelBins, Noise, ValueBins};
use uaic_eval::{Reference, jensen_shannon_divergence, population_stability_index};

/// How many texts a window has unless told otherwise.
pub const WINDOW: usize = 2_000;

/// Under so many texts nothing is measured: a share of one tenth is then known to ±0.06.
pub const FEWEST: usize = 100;

/// What is known of a text once it is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed {
    /// The number of the predicted label.
    pub label: usize,
    /// Its probability at the temperature of the package.
    pub confidence: f64,
    /// `None` where the package has no calibration.
    pub out_of_scope: Option<bool>,
    /// Words as the model reads them.
    pub words: u32,
    /// How many of them the vocabulary does not have.
    pub unknown_words: u32,
}

/// In what texts may differ from those of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Shares of the predicted labels.
    Labels,
    /// Probability of the predicted label.
    Confidence,
    /// Words per text.
    Length,
    /// The share of words that the vocabulary does not have.
    Vocabulary,
}

impl Aspect {
    /// As in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Labels => "labels",
            Self::Confidence => "confidence",
            Self::Length => "length",
            Self::Vocabulary => "vocabulary",
        }
    }
}

/// How far a window is from the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// In what.
    pub aspect: Aspect,
    /// Population stability index, from 0.
    pub psi: f64,
    /// Jensen–Shannon divergence, 0 to 1.
    pub js: f64,
}

/// The last texts of one model beside its reference. Any number of threads may add to it: a text costs
/// one atomic addition and one store, and all arithmetic is left to whoever measures.
#[derive(Debug)]
pub struct DriftMonitor {
    labels: Option<LabelBins>,
    confidence: Option<ValueBins>,
    length: Option<ValueBins>,
    vocabulary: Option<Bins>,
    /// [`Slot`]s; 0 where no text has been yet.
    window: Box<[AtomicU64]>,
    /// How many texts there have been.
    seen: AtomicUsize,
}

impl DriftMonitor {
    /// For a model whose labels have these names by number, over a window of so many texts (at least
    /// [`FEWEST`]). A reference that makes no sense in an aspect leaves it unmeasured.
    pub fn new(reference: &Reference, labels: &[String], window: usize) -> Self {
        let window = window.max(FEWEST);
        let noise = Noise { reference: reference.texts, window };
        Self {
            labels: LabelBins::new(&reference.labels, labels, noise),
            confidence: ValueBins::of_quantiles(&reference.confidence, noise),
            length: ValueBins::of_shares(&reference.lengths, noise),
            vocabulary: bins::vocabulary(reference, noise),
            window: (0..window).map(|_| AtomicU64::new(0)).collect(),
            seen: AtomicUsize::new(0),
        }
    }

    /// Takes a text into the window, in the place of the oldest.
    pub fn observe(&self, observed: &Observed) {
        let confidence = self.confidence.as_ref().map_or(0, |bins| bins.bin(observed.confidence));
        let at = self.seen.fetch_add(1, Ordering::Relaxed) % self.window.len();
        self.window[at].store(Slot::of(observed, confidence).pack(), Ordering::Relaxed);
    }

    /// How many texts the window holds.
    pub fn texts(&self) -> usize {
        self.seen.load(Ordering::Relaxed).min(self.window.len())
    }

    /// Every aspect that can be measured with the texts that are there.
    pub fn measure(&self) -> Vec<Drift> {
        let unpack = |slot: &AtomicU64| Slot::unpack(slot.load(Ordering::Relaxed));
        let texts: Vec<Slot> = self.window.iter().filter_map(unpack).collect();
        let labels = self.labels.as_ref().map(|labels| {
            let counts = count(labels.bins(), texts.iter().map(|text| labels.bin(text.label)));
            (Aspect::Labels, labels.bins(), counts)
        });
        let confidence = self.confidence.as_ref().map(|values| {
            let counts = count(values.bins(), texts.iter().map(|text| text.confidence));
            (Aspect::Confidence, values.bins(), counts)
        });
        let length = self.length.as_ref().map(|values| {
            let counts = count(values.bins(), texts.iter().map(|text| values.bin(f64::from(text.words))));
            (Aspect::Length, values.bins(), counts)
        });
        let vocabulary = self.vocabulary.as_ref().map(|bins| (Aspect::Vocabulary, bins, words(&texts)));
        let aspects = [labels, confidence, length, vocabulary].into_iter().flatten();
        let enough = aspects.filter(|(_, bins, _)| texts.len() >= bins.fewest);
        enough.filter_map(|(aspect, bins, counts)| measure(aspect, bins, &counts)).collect()
    }
}

/// Texts by bin.
fn count(bins: &Bins, texts: impl Iterator<Item = usize>) -> Vec<f64> {
    let mut counts = vec![0.0; bins.reference.len()];
    for bin in texts {
        if let Some(count) = counts.get_mut(bin) {
            *count += 1.0;
        }
    }
    counts
}

/// Known words and unknown ones.
fn words(texts: &[Slot]) -> Vec<f64> {
    let sum = |of: fn(&Slot) -> u32| texts.iter().map(|text| f64::from(of(text))).sum::<f64>();
    let unknown = sum(|text| text.unknown_words);
    vec![sum(|text| text.words) - unknown, unknown]
}

/// `None` where the window has nothing to measure, such as texts without words.
fn measure(aspect: Aspect, bins: &Bins, counts: &[f64]) -> Option<Drift> {
    let pairs: Vec<(f64, f64)> = bins.reference.iter().copied().zip(counts.iter().copied()).collect();
    let psi = population_stability_index(&pairs).ok()?;
    Some(Drift { aspect, psi, js: jensen_shannon_divergence(&pairs).ok()? })
}

/// Widths of the parts of a packed text, in bits from the lowest; the bit above says that it is there.
const WORD_BITS: u32 = 18;
const LABEL_BITS: u32 = 20;
const BIN_BITS: u32 = 7;

/// What a window keeps of a text: it fits one atomic word, so a reader never sees half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    label: usize,
    /// The bin of its confidence.
    confidence: usize,
    words: u32,
    unknown_words: u32,
}

impl Slot {
    /// Numbers beyond what fits are cut: 262,143 words, and a million labels, which is more than a
    /// package may hold.
    fn of(observed: &Observed, confidence: usize) -> Self {
        let words = observed.words.min((1 << WORD_BITS) - 1);
        Self {
            label: observed.label.min((1 << LABEL_BITS) - 1),
            confidence: confidence.min((1 << BIN_BITS) - 1),
            words,
            unknown_words: observed.unknown_words.min(words),
        }
    }

    fn pack(self) -> u64 {
        let mut word = 1;
        for (part, bits) in [
            (self.confidence as u64, BIN_BITS),
            (self.label as u64, LABEL_BITS),
            (u64::from(self.words), WORD_BITS),
            (u64::from(self.unknown_words), WORD_BITS),
        ] {
            word = word << bits | part;
        }
        word
    }

    /// `None` where no text has been yet.
    fn unpack(word: u64) -> Option<Self> {
        let part = |from: u32, bits: u32| (word >> from) & ((1 << bits) - 1);
        (word != 0).then(|| Self {
            label: part(2 * WORD_BITS, LABEL_BITS) as usize,
            confidence: part(2 * WORD_BITS + LABEL_BITS, BIN_BITS) as usize,
            words: part(WORD_BITS, WORD_BITS) as u32,
            unknown_words: part(0, WORD_BITS) as u32,
        })
    }
}

#[cfg(test)]
mod tests;
