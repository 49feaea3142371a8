//! Floats in JSON, as protobuf writes them.

use serde::{Serialize, Serializer};

/// A float of which what JSON has no number for is a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::mlflow) struct Float(pub(in crate::mlflow) f64);

impl Float {
    /// Reads a text: a decimal number, or the name of what is none.
    pub(in crate::mlflow) fn parse(text: &str) -> Option<f64> {
        match text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            // Not `inf` and `nan`, which Rust takes and protobuf does not; nor what is beyond all floats.
            text if text.contains(|letter: char| letter.is_ascii_digit()) => {
                text.parse().ok().filter(|number: &f64| number.is_finite())
            }
            _ => None,
        }
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_nan() => serializer.serialize_str("NaN"),
            f64::INFINITY => serializer.serialize_str("Infinity"),
            f64::NEG_INFINITY => serializer.serialize_str("-Infinity"),
            value => serializer.serialize_f64(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_back_as_they_were_written() {
        for value in [0.0, -0.0, 1.5, 1e308, f64::MIN_POSITIVE, f64::INFINITY, f64::NEG_INFINITY] {
            let text = serde_json::to_string(&Float(value)).unwrap();
            assert_eq!(Float::parse(text.trim_matches('"')).unwrap().to_bits(), value.to_bits(), "{text}");
        }
        assert!(Float::parse("NaN").unwrap().is_nan());
        for text in ["", "nan", "inf", "1e999", "0x1", "one", "1_0"] {
            assert_eq!(Float::parse(text), None, "{text}");
        }
    }
}
