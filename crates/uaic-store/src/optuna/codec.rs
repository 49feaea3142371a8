//! Between floats, to the bit, and columns.

use uaic_study::store::StoreError;

use super::super::Fault;

/// A parameter of a trial: the row of its distribution, and its value.
pub(super) type Held = (i64, f64);

/// Floats as a column.
pub(super) fn pack_floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The inverse of [`pack_floats`].
pub(super) fn unpack_floats(column: &[u8]) -> Result<Vec<f64>, Fault> {
    Ok(words(column)?.into_iter().map(f64::from_le_bytes).collect())
}

/// Parameters as a column.
pub(super) fn pack_params(params: &[Held]) -> Vec<u8> {
    let pair = |(distribution, value): &Held| [distribution.to_le_bytes(), value.to_le_bytes()];
    params.iter().flat_map(pair).flatten().collect()
}

/// The inverse of [`pack_params`].
pub(super) fn unpack_params(column: &[u8]) -> Result<Vec<Held>, Fault> {
    let words = words(column)?;
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed(column));
    }
    Ok(pairs.iter().map(|[row, value]| (i64::from_le_bytes(*row), f64::from_le_bytes(*value))).collect())
}

fn words(column: &[u8]) -> Result<Vec<[u8; 8]>, Fault> {
    let (words, rest) = column.as_chunks::<8>();
    if rest.is_empty() { Ok(words.to_vec()) } else { Err(malformed(column)) }
}

fn malformed(column: &[u8]) -> Fault {
    StoreError::Malformed { what: "trial", detail: format!("{} bytes of numbers", column.len()) }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok<T>(result: Result<T, Fault>) -> T {
        match result {
            Ok(value) => value,
            Err(fault) => panic!("{}", fault.at("x".as_ref())),
        }
    }

    #[test]
    fn numbers_come_back_to_the_bit() {
        let values = [-0.0, f64::NAN, f64::INFINITY, 5e-324, 0.1];
        let back = ok(unpack_floats(&pack_floats(&values)));
        assert_eq!(back.map_bits(), values.to_vec().map_bits());
        let params = [(1, -0.0), (i64::MAX, 2.5)];
        assert_eq!(ok(unpack_params(&pack_params(&params))), params);
        assert!(unpack_floats(&[0; 9]).is_err() && unpack_params(&[0; 8]).is_err());
    }

    trait Bits {
        fn map_bits(&self) -> Vec<u64>;
    }

    impl Bits for Vec<f64> {
        fn map_bits(&self) -> Vec<u64> {
            self.iter().map(|value| value.to_bits()).collect()
        }
    }
}
