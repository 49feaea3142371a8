//! Files that are read in any order.

use std::io::{Read, Seek, SeekFrom};

use crate::error::Fault;

/// What can be read again from its beginning.
pub(crate) trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// The size of what can be read.
pub(crate) fn size(input: &mut dyn Input) -> Result<u64, Fault> {
    Ok(input.seek(SeekFrom::End(0))?)
}

/// So many bytes from a place, which the caller has found to lie inside.
pub(crate) fn bytes_at(input: &mut dyn Input, start: u64, count: usize) -> Result<Vec<u8>, Fault> {
    input.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    input.take(count as u64).read_to_end(&mut bytes)?;
    if bytes.len() == count { Ok(bytes) } else { Err(Fault::damaged("it ends too early")) }
}
