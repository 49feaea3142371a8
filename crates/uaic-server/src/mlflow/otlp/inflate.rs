//! Compressed bodies, which become no larger than a server bears.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::super::wire::{Code, Problem};

/// Bytes of a body when it is inflated.
const INFLATED: u64 = 64 << 20;

/// A body as it was before it was compressed.
///
/// # Errors
/// It is not what it is said to be, or far too large.
pub(super) fn inflate(body: &[u8], encoding: &str) -> Result<Vec<u8>, Problem> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body.to_vec()),
        "gzip" => read(MultiGzDecoder::new(body), "gzip"),
        // Some send the bare stream.
        "deflate" => match read(ZlibDecoder::new(body), "deflate") {
            Err(problem) if problem.message.contains("larger") => Err(problem),
            Err(_) => read(DeflateDecoder::new(body), "deflate"),
            whole => whole,
        },
        other => Err(Problem::new(Code::BadRequest, format!("Unsupported Content-Encoding: {other}"))),
    }
}

fn read(from: impl Read, kind: &str) -> Result<Vec<u8>, Problem> {
    let mut whole = Vec::new();
    from.take(INFLATED + 1)
        .read_to_end(&mut whole)
        .map_err(|_| Problem::new(Code::BadRequest, format!("Failed to decompress {kind} payload")))?;
    if whole.len() as u64 > INFLATED {
        return Err(Problem::new(
            Code::BadRequest,
            format!("the {kind} payload is larger than {INFLATED} bytes"),
        ));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    #[test]
    fn bodies_come_back() {
        let text = b"some spans, some spans, some spans";
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(text).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(text).unwrap();
        assert_eq!(inflate(&gzip.finish().unwrap(), "gzip").unwrap(), text);
        assert_eq!(inflate(&zlib.finish().unwrap(), "Deflate").unwrap(), text);
        assert_eq!(inflate(&bare.finish().unwrap(), "deflate").unwrap(), text);
        assert_eq!(inflate(text, "").unwrap(), text);
        for encoding in ["gzip", "deflate", "br"] {
            assert!(inflate(&[0xff; 40], encoding).is_err(), "{encoding}");
        }
    }

    #[test]
    fn bombs_do_not_go_off() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..65 {
            gzip.write_all(&zeros).unwrap();
        }
        let bomb = gzip.finish().unwrap();
        assert!(bomb.len() < 100_000);
        assert!(inflate(&bomb, "gzip").unwrap_err().message.contains("larger"));
    }
}
