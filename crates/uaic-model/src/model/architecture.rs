//! The table of architectures: their names, settings and builders, each of them once.

use serde::{Deserialize, Serialize};

#[cfg(feature = "candle")]
use super::candle;
use super::contract::{Dimensions, Model};
use super::error::WeightsError;
use super::spec::{BertSpec, CnnSpec, RecurrentSpec};
use super::weights::Weights;
use super::{recurrent, transformer};
use crate::text::TokenizerKind;

/// Writes down what each line of the table says of an architecture.
macro_rules! architectures {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident($spec:ty) = $name:literal,
        builder: $build:expr,
        tokenizer: $tokenizer:ident,
        poolings: $poolings:expr;
    )+) => {
        /// Registered architectures; [`build`] builds each of them.
        pub const ARCHITECTURES: [&str; [$($name),+].len()] = [$($name),+];

        /// `[model]`: an architecture with its own settings.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "architecture")]
        pub enum ModelSpec {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $name)]
                $variant($spec),
            )+
        }

        impl ModelSpec {
            /// An architecture with its default settings; `None` for a name of none.
            pub fn of(architecture: &str) -> Option<Self> {
                match architecture {
                    $($name => Some(Self::$variant(<$spec>::default())),)+
                    _ => None,
                }
            }

            /// The name of the architecture.
            pub fn architecture(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $name,)+
                }
            }

            /// The tokenizer that it is used with where a spec names none.
            pub fn default_tokenizer(&self) -> TokenizerKind {
                match self {
                    $(Self::$variant(_) => TokenizerKind::$tokenizer,)+
                }
            }
        }

        /// Builds the model of a specification, on new or loaded weights.
        ///
        /// # Errors
        /// Weights that do not fit, or an architecture that this program was built without.
        pub fn build(
            spec: &ModelSpec,
            dimensions: Dimensions,
            weights: &mut Weights,
        ) -> Result<Box<dyn Model>, WeightsError> {
            match spec {
                $(ModelSpec::$variant(spec) => $build(spec, dimensions, weights),)+
            }
        }

        /// The poolings of an architecture; none for the name of none.
        pub fn poolings(architecture: &str) -> &'static [&'static str] {
            match architecture {
                $($name => &$poolings,)+
                _ => &[],
            }
        }
    };
}

architectures! {
    /// Embedding, LSTM, pooling.
    Lstm(RecurrentSpec) = "lstm",
    builder: recurrent::lstm,
    tokenizer: Words,
    poolings: ["last", "mean", "max", "attention"];

    /// The same, and self-attention over the states.
    LstmAttention(RecurrentSpec) = "lstm-attention",
    builder: recurrent::lstm_attention,
    tokenizer: Words,
    poolings: ["last", "mean", "max", "attention"];

    /// A transformer encoder (Devlin et al. 2019).
    Bert(BertSpec) = "bert",
    builder: transformer::bert,
    tokenizer: Wordpiece,
    poolings: ["first", "mean", "max"];

    /// Embedding, convolutions, maxima over time (Kim 2014); needs the feature `candle`.
    Cnn(CnnSpec) = "cnn",
    builder: cnn,
    tokenizer: Words,
    poolings: [];
}

#[cfg(feature = "candle")]
use candle::cnn;

/// In place of candle.
#[cfg(not(feature = "candle"))]
fn cnn(spec: &CnnSpec, _: Dimensions, _: &mut Weights) -> Result<Box<dyn Model>, WeightsError> {
    Err(WeightsError::LeftOut(ModelSpec::Cnn(spec.clone()).architecture()))
}

impl Default for ModelSpec {
    fn default() -> Self {
        Self::LstmAttention(RecurrentSpec::default())
    }
}

impl ModelSpec {
    /// The settings of a recurrent architecture; `None` for others.
    pub fn recurrent(&self) -> Option<&RecurrentSpec> {
        match self {
            Self::Lstm(spec) | Self::LstmAttention(spec) => Some(spec),
            Self::Bert(_) | Self::Cnn(_) => None,
        }
    }

    /// What no single setting shows: `None` where they fit each other, else why no model can be built.
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Bert(spec) if !spec.hidden_dim.is_multiple_of(spec.heads.max(1)) => {
                Some("the heads do not divide the width")
            }
            Self::Cnn(spec) if spec.width_min > spec.width_max => {
                Some("the narrowest filters are wider than the widest")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_settings_and_back() {
        for name in ARCHITECTURES {
            let spec = ModelSpec::of(name).unwrap();
            assert_eq!((spec.architecture(), spec.fault()), (name, None));
            let json = serde_json::to_value(&spec).unwrap();
            assert_eq!(json["architecture"], name);
            assert_eq!(serde_json::from_value::<ModelSpec>(json).unwrap(), spec);
        }
        assert_eq!((ModelSpec::of("gru"), poolings("gru")), (None, &[][..]));
    }

    #[test]
    fn settings_that_do_not_fit_each_other_are_told() {
        let bert = BertSpec { hidden_dim: 10, heads: 3, ..BertSpec::default() };
        assert_eq!(ModelSpec::Bert(bert).fault(), Some("the heads do not divide the width"));
        let cnn = CnnSpec { width_min: 4, width_max: 3, ..CnnSpec::default() };
        assert!(ModelSpec::Cnn(cnn).fault().unwrap().contains("wider than the widest"));
    }
}
