//! Parquet's hybrid of runs and packed bits, and its packed differences.

use crate::error::Fault;

use super::thrift::{unzigzag, varint};

fn cut_off() -> Fault {
    Fault::damaged("a page of the Parquet file is cut off or damaged")
}

/// So many numbers of `width` bits each from runs and packed groups of eight.
pub(super) fn hybrid(bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, Fault> {
    if width > 32 {
        return Err(cut_off());
    }
    let mut rest = bytes;
    let mut all = Vec::new();
    while all.len() < count {
        let (head, read) = varint(rest).ok_or_else(cut_off)?;
        rest = rest.get(read..).unwrap_or_default();
        let left = count - all.len();
        let length = usize::try_from(head >> 1).map_err(|_| cut_off())?;
        if head & 1 == 0 {
            let (value, after) = rest.split_at_checked(width.div_ceil(8) as usize).ok_or_else(cut_off)?;
            let value = value.iter().rev().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            all.resize(all.len() + length.min(left), value);
            rest = after;
        } else {
            let size = length.checked_mul(width as usize).ok_or_else(cut_off)?;
            // The last group may be cut short by some writers; what it lacks is not needed.
            let (packed, after) = rest.split_at(size.min(rest.len()));
            let wanted = length.saturating_mul(8).min(left);
            unpack(packed, width, wanted, |value| all.push(value as u32))?;
            rest = after;
        }
    }
    Ok(all)
}

/// Numbers of `width` bits, the lowest bits first.
fn unpack(bytes: &[u8], width: u32, count: usize, mut each: impl FnMut(u64)) -> Result<(), Fault> {
    let bits = count.checked_mul(width as usize).ok_or_else(cut_off)?;
    if bits.div_ceil(8) > bytes.len() || width > 64 {
        return Err(cut_off());
    }
    let mut window: u128 = 0;
    let mut held = 0;
    let mut next = bytes.iter();
    for _ in 0..count {
        while held < width {
            window |= u128::from(*next.next().ok_or_else(cut_off)?) << held;
            held += 8;
        }
        each((window & ((1_u128 << width) - 1)) as u64);
        window >>= width;
        held -= width;
    }
    Ok(())
}

/// So many numbers that are stored as differences (`DELTA_BINARY_PACKED`), and how many bytes they take.
pub(super) fn differences(bytes: &[u8], count: usize) -> Result<(Vec<i64>, usize), Fault> {
    let mut at = 0;
    let number = |at: &mut usize| {
        let (value, read) = varint(bytes.get(*at..)?)?;
        *at += read;
        Some(value)
    };
    let block = number(&mut at).ok_or_else(cut_off)?;
    let parts = number(&mut at).ok_or_else(cut_off)?;
    let total = number(&mut at).ok_or_else(cut_off)?;
    let mut value = unzigzag(number(&mut at).ok_or_else(cut_off)?);
    let is_sane = parts > 0 && parts <= 512 && block > 0 && block <= 1 << 20 && block % parts == 0;
    if !is_sane || total < count as u64 || (block / parts) % 8 != 0 {
        return Err(cut_off());
    }
    let each = (block / parts) as usize;
    let mut all = Vec::new();
    if count > 0 {
        all.push(value);
    }
    let wanted = usize::try_from(total).map_err(|_| cut_off())?;
    // What is not wanted is passed, as the number of bytes is asked for.
    let mut done = 1;
    while done < wanted {
        let least = unzigzag(number(&mut at).ok_or_else(cut_off)?);
        let widths = bytes.get(at..).and_then(|rest| rest.get(..parts as usize)).ok_or_else(cut_off)?;
        at += widths.len();
        for &width in widths {
            if done >= wanted {
                break;
            }
            let size = each / 8 * usize::from(width);
            let packed = bytes.get(at..).ok_or_else(cut_off)?;
            let packed = packed.get(..size).ok_or_else(cut_off)?;
            at += size;
            let here = each.min(wanted - done);
            let kept = here.min(count.saturating_sub(all.len()));
            unpack(packed, u32::from(width), kept, |step| {
                value = value.wrapping_add(least).wrapping_add(step as i64);
                all.push(value);
            })?;
            done += here;
        }
    }
    if all.len() == count { Ok((all, at)) } else { Err(cut_off()) }
}

/// Levels of 0 and 1 as packed groups.
pub(super) fn pack_bits(bits: impl Iterator<Item = bool>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (place, bit) in bits.enumerate() {
        if place % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (place % 8);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_packed_groups_follow_each_other() {
        // Parquet's own example: 0 to 7 of three bits.
        assert_eq!(
            hybrid(&[3, 0b1000_1000, 0b1100_0110, 0b1111_1010], 3, 8).unwrap(),
            [0, 1, 2, 3, 4, 5, 6, 7]
        );
        assert_eq!(hybrid(&[10, 6, 3, 0b101], 3, 6).unwrap(), [6, 6, 6, 6, 6, 5]);
        assert_eq!(hybrid(&[20], 0, 10).unwrap(), [0; 10]);
        assert!(hybrid(&[], 1, 1).is_err() && hybrid(&[2], 8, 1).is_err() && hybrid(&[3, 1], 33, 1).is_err());
    }

    #[test]
    fn a_run_claims_no_more_than_is_wanted() {
        assert_eq!(hybrid(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 3).unwrap(), [1, 1, 1]);
        assert!(hybrid(&[0, 0, 0], 1, 3).is_err(), "empty runs end");
    }

    #[test]
    fn differences_are_summed() {
        // The format's example, 7, 5, 3, 1, 2, 3, 4, 5: block 128, 4 parts; the least difference is -2.
        let mut bytes = vec![0x80, 0x01, 4, 8, 14, 3, 2, 0, 0, 0];
        bytes.extend([0b1100_0000, 0b0011_1111, 0, 0, 0, 0, 0, 0]);
        assert_eq!(differences(&bytes, 8).unwrap(), (vec![7, 5, 3, 1, 2, 3, 4, 5], 18));
        assert!(differences(&bytes, 9).is_err() && differences(&bytes[..12], 8).is_err());
    }
}
