//! A piece of a series: points packed into bytes.
//!
//! ```text
//! version (1) · count · steps · times · values        whole numbers as LEB128, signed ones in zigzag
//! ```
//! Steps and times are a first number and then the changes of the difference to the one before, which are
//! zeros where a series is regular; runs of zeros are counted. Values are the 8 bytes of an f64 each, or
//! the 4 of an f32 where all of them are one.

use uaic_study::store::{Point, StoreError};

/// The only format so far.
const VERSION: u8 = 1;

/// Packs points.
pub(super) fn pack(points: &[Point]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(points.len() * 9 + 16);
    bytes.push(VERSION);
    put(&mut bytes, points.len() as u64);
    put_series(&mut bytes, points.iter().map(|point| point.step));
    put_series(&mut bytes, points.iter().map(|point| point.time_ms));
    let narrow = |value: f64| f64::from(value as f32).to_bits() == value.to_bits();
    let are_narrow = points.iter().all(|point| narrow(point.value));
    bytes.push(if are_narrow { 4 } else { 8 });
    for point in points {
        if are_narrow {
            bytes.extend((point.value as f32).to_le_bytes());
        } else {
            bytes.extend(point.value.to_le_bytes());
        }
    }
    bytes
}

/// The inverse of [`pack`]: adds the points to `points`.
///
/// # Errors
/// The bytes are not what [`pack`] made.
pub(super) fn unpack(bytes: &[u8], points: &mut Vec<Point>) -> Result<(), StoreError> {
    let damaged =
        || StoreError::Malformed { what: "piece of a series", detail: "its bytes are damaged".into() };
    read(bytes, points).ok_or_else(damaged)
}

fn read(bytes: &[u8], points: &mut Vec<Point>) -> Option<()> {
    let (&version, mut rest) = bytes.split_first()?;
    let count = usize::try_from(take(&mut rest)?).ok()?;
    // Each point has a value of 4 bytes at least.
    if version != VERSION || count > bytes.len() / 4 {
        return None;
    }
    let steps = take_series(&mut rest, count)?;
    let times = take_series(&mut rest, count)?;
    let (&width, values) = rest.split_first()?;
    let width = usize::from(width);
    if !matches!(width, 4 | 8) || values.len() != count * width {
        return None;
    }
    let value = |bytes: &[u8]| match width {
        4 => bytes.try_into().ok().map(|bytes| f64::from(f32::from_le_bytes(bytes))),
        _ => bytes.try_into().ok().map(f64::from_le_bytes),
    };
    points.reserve(count);
    for ((step, time_ms), bytes) in steps.into_iter().zip(times).zip(values.chunks_exact(width)) {
        points.push(Point { step, time_ms, value: value(bytes)? });
    }
    Some(())
}

/// Numbers as changes of their difference.
fn put_series(bytes: &mut Vec<u8>, numbers: impl Iterator<Item = i64>) {
    let (mut last, mut difference, mut zeros) = (0_i64, 0_i64, 0_u64);
    for number in numbers {
        let next = number.wrapping_sub(last);
        let change = next.wrapping_sub(difference);
        (last, difference) = (number, next);
        if change == 0 {
            zeros += 1;
            continue;
        }
        put_zeros(bytes, &mut zeros);
        put(bytes, ((change << 1) ^ (change >> 63)) as u64);
    }
    put_zeros(bytes, &mut zeros);
}

/// A zero, and how many there are.
fn put_zeros(bytes: &mut Vec<u8>, zeros: &mut u64) {
    if *zeros > 0 {
        bytes.push(0);
        put(bytes, *zeros);
        *zeros = 0;
    }
}

fn take_series(bytes: &mut &[u8], count: usize) -> Option<Vec<i64>> {
    let mut numbers = Vec::with_capacity(count);
    let (mut last, mut difference) = (0_i64, 0_i64);
    while numbers.len() < count {
        let code = take(bytes)?;
        let times = if code == 0 { usize::try_from(take(bytes)?).ok()? } else { 1 };
        if times == 0 || times > count - numbers.len() {
            return None;
        }
        difference = difference.wrapping_add((code >> 1) as i64 ^ -((code & 1) as i64));
        for _ in 0..times {
            last = last.wrapping_add(difference);
            numbers.push(last);
        }
    }
    Some(numbers)
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn back(points: &[Point]) -> Vec<Point> {
        let mut seen = Vec::new();
        unpack(&pack(points), &mut seen).unwrap();
        seen
    }

    #[test]
    fn a_regular_series_takes_little_more_than_its_values() {
        let points: Vec<Point> = (0..4096)
            .map(|at| Point { step: 10 * at, time_ms: 1_700_000_000_000 + 100 * at, value: 0.1 * at as f64 })
            .collect();
        assert!(pack(&points).len() < 8 * 4096 + 40, "{}", pack(&points).len());
        assert_eq!(back(&points), points);
        let narrow: Vec<Point> =
            points.iter().map(|at| Point { value: f64::from(at.value as f32), ..*at }).collect();
        assert!(pack(&narrow).len() < 4 * 4096 + 40);
        assert_eq!(back(&narrow), narrow);
    }

    proptest! {
        #[test]
        fn every_series_comes_back(
            rows in proptest::collection::vec((any::<i64>(), any::<i64>(), any::<u64>()), 1..50),
        ) {
            let points: Vec<Point> = rows
                .iter()
                .map(|&(step, time_ms, bits)| Point { step, time_ms, value: f64::from_bits(bits) })
                .collect();
            let bits = |point: &Point| (point.step, point.time_ms, point.value.to_bits());
            let seen = back(&points);
            prop_assert!(seen.iter().map(bits).eq(points.iter().map(bits)));
        }

        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut seen = Vec::new();
            let _ = unpack(&bytes, &mut seen);
            prop_assert!(seen.len() <= bytes.len());
        }
    }
}
