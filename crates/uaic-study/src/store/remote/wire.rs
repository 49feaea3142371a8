//! Messages as bytes.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

/// The version of the messages. It rises when a message changes that either side must understand.
pub const PROTOCOL: u32 = 1;

/// Deeper messages are nobody's.
const DEEPEST: usize = 400;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// `uaic`.
    pub program: String,
    /// Its version.
    pub version: String,
    /// The version of its messages.
    pub protocol: u32,
}

/// Bytes that are no message, or a message that has no bytes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WireError(String);

/// A message as bytes.
///
/// # Errors
/// It cannot be written.
pub fn pack<T: Serialize>(message: &T) -> Result<Vec<u8>, WireError> {
    rmp_serde::to_vec_named(message).map_err(|error| WireError(error.to_string()))
}

/// The message that bytes are.
///
/// # Errors
/// They are none, or too deep, or more than one.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, WireError> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(DEEPEST);
    let message = T::deserialize(&mut reader).map_err(|error| WireError(error.to_string()))?;
    match IgnoredAny::deserialize(&mut reader) {
        Err(rmp_serde::decode::Error::InvalidMarkerRead(_)) => Ok(message),
        _ => Err(WireError("it goes on behind its end".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use crate::store::query::parse;
    use crate::store::{Id, Point, RunQuery, StoreError};
    use crate::trial::ParamValue;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack::<ReadCall>(&bytes);
            let _ = unpack::<WriteCall>(&bytes);
            let _ = unpack::<RemoveCall>(&bytes);
            let _ = unpack::<Result<WriteAnswer, WireFault>>(&bytes);
        }

        #[test]
        fn every_float_comes_back(bits in any::<u64>(), step in any::<i64>()) {
            let point = Point { step, time_ms: -step.max(i64::MIN + 1), value: f64::from_bits(bits) };
            let back: Point = unpack(&pack(&point).unwrap()).unwrap();
            prop_assert_eq!((back.step, back.time_ms, back.value.to_bits()), (step, point.time_ms, bits));
            let param = ParamValue::Float(f64::from_bits(bits));
            let ParamValue::Float(back) = unpack(&pack(&param).unwrap()).unwrap() else { panic!("{param:?}") };
            prop_assert_eq!(back.to_bits(), bits);
        }

        #[test]
        fn damaged_messages_are_errors_or_other_messages(
            at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<prop::sample::Index>(),
        ) {
            let (condition, order) =
                parse("metrics.loss < 3 and not (params.a in (1, \"b\") or tags.x exists) order by started", 0).unwrap();
            let query = RunQuery { condition: Some(condition), order, limit: Some(3), ..RunQuery::default() };
            let mut bytes = pack(&ReadCall::Runs(query)).unwrap();
            let place = at.index(bytes.len());
            bytes[place] = byte;
            let _ = unpack::<ReadCall>(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            prop_assert!(unpack::<ReadCall>(&bytes).is_err());
        }
    }

    #[test]
    fn conditions_as_deep_as_a_query_may_be_pass_and_deeper_ones_are_refused() {
        let deep = |levels: usize| {
            format!("{}id exists{}", "not (id exists and ".repeat(levels), ")".repeat(levels))
        };
        let (condition, order) = parse(&deep(31), 0).unwrap();
        let call = ReadCall::Runs(RunQuery { condition: Some(condition), order, ..RunQuery::default() });
        assert_eq!(unpack::<ReadCall>(&pack(&call).unwrap()).unwrap(), call);
        let bytes = [vec![0x91; 100_000], vec![0xc0]].concat();
        assert!(unpack::<serde_json::Value>(&bytes).is_err());
    }

    #[test]
    fn a_message_has_an_end_and_lengths_are_not_believed() {
        let mut bytes = pack(&ReadCall::Study(Id([7; 16]))).unwrap();
        bytes.push(0);
        assert!(unpack::<ReadCall>(&bytes).is_err());
        // An array of 2^32 - 1 elements in five bytes.
        assert!(unpack::<Vec<Point>>(&[0xdd, 0xff, 0xff, 0xff, 0xff]).is_err());
        let lost: Result<(), WireFault> = Err(StoreError::WriterGone("x".into()).into());
        assert!(pack(&lost).is_ok());
    }
}
