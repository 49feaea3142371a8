//! Answers of HTTP/1.1, read as their bytes come.

use std::mem::MaybeUninit;

use httparse::{Error, Header, ParserConfig, Response, Status};

use super::errors::BadAnswer;

/// Most bytes of a status line and headers, trailers included.
const LARGEST_HEAD: usize = 64 << 10;

/// Most lines of headers.
const MOST_HEADERS: usize = 256;

/// Most bytes of the line before a chunk.
const LARGEST_CHUNK_LINE: usize = 4 << 10;

/// Bytes of the body of a refusal that are kept to be shown.
const EXCERPT: usize = 300;

/// Reads one answer. It keeps no body but the beginning of one that is not 2xx.
#[derive(Debug, Default)]
pub(super) struct AnswerReader {
    state: State,
    /// The beginning of a head, or of a line, whose end has not come.
    begun: Vec<u8>,
    /// Bytes of the head and the trailers so far.
    head: usize,
    status: u16,
    keeps_alive: bool,
    length: Option<u64>,
    coding: Coding,
    excerpt: Vec<u8>,
    /// Whether the request was one whose answer has no body, whatever its head says.
    is_bodiless: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// A body of known length: bytes that are to come.
    Body(u64),
    ChunkLine,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    /// A body that ends with the connection.
    UntilClose,
    Done,
}

/// The last transfer coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Coding {
    #[default]
    None,
    Chunked,
    Other,
}

impl AnswerReader {
    /// Makes it ready for the next answer; `is_bodiless` for those to `HEAD`.
    pub(super) fn begin(&mut self, is_bodiless: bool) {
        self.begun.clear();
        self.excerpt.clear();
        self.head = 0;
        self.is_bodiless = is_bodiless;
        self.begin_head();
    }

    fn begin_head(&mut self) {
        self.state = State::Head;
        self.length = None;
        self.coding = Coding::None;
    }

    /// Whether the answer is whole.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether another request may be sent on the connection.
    pub(super) fn keeps_alive(&self) -> bool {
        self.keeps_alive
    }

    /// The status of a whole answer.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The beginning of the body of an answer that is not 2xx.
    pub(super) fn excerpt(&self) -> &[u8] {
        &self.excerpt
    }

    /// Takes bytes that have come.
    ///
    /// # Errors
    /// They are no HTTP, or more than the answer.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), BadAnswer> {
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.state {
                State::Done => return Err(BadAnswer::TooLong),
                State::Head => self.feed_head(rest)?,
                State::Trailers | State::ChunkLine | State::ChunkEnd => self.feed_line(rest)?,
                State::Body(left) => self.feed_body(rest, left, State::Body),
                State::Chunk(left) => self.feed_body(rest, left, State::Chunk),
                State::UntilClose => self.feed_body(rest, u64::MAX, |_| State::UntilClose),
            };
        }
        Ok(())
    }

    /// The connection was closed; true where that ends the answer.
    pub(super) fn close(&mut self) -> bool {
        if self.state == State::UntilClose {
            self.state = State::Done;
            self.keeps_alive = false;
        }
        self.is_done()
    }

    fn feed_body<'a>(&mut self, bytes: &'a [u8], left: u64, next: fn(u64) -> State) -> &'a [u8] {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (body, rest) = bytes.split_at(taken);
        if !(200..300).contains(&self.status) && self.excerpt.len() < EXCERPT {
            self.excerpt.extend_from_slice(&body[..taken.min(EXCERPT - self.excerpt.len())]);
        }
        self.state = match next(left - taken as u64) {
            State::Body(0) => State::Done,
            State::Chunk(0) => State::ChunkEnd,
            other => other,
        };
        rest
    }

    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BadAnswer> {
        let before = self.begun.len();
        let taken = if before == 0 {
            self.take_head(bytes)?
        } else {
            let mut head = std::mem::take(&mut self.begun);
            head.extend_from_slice(bytes);
            let taken = self.take_head(&head);
            self.begun = head;
            taken?
        };
        let Some(taken) = taken else {
            if before == 0 {
                self.begun.extend_from_slice(bytes);
            }
            // What was counted before is part of what has begun.
            if self.head + self.begun.len() > LARGEST_HEAD {
                return Err(BadAnswer::LargeHead);
            }
            return Ok(&[]);
        };
        self.begun.clear();
        self.head += taken;
        if self.head > LARGEST_HEAD {
            return Err(BadAnswer::LargeHead);
        }
        Ok(&bytes[taken - before..])
    }

    /// Reads a head and tells its length; none where its end has not come.
    fn take_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, BadAnswer> {
        let mut response = Response::new(&mut []);
        let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
        let config = ParserConfig::default();
        let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
        let Status::Complete(length) = parsed.map_err(bad_head)? else { return Ok(None) };
        self.status = response.code.filter(|code| *code >= 100).ok_or(BadAnswer::StatusLine)?;
        self.keeps_alive = response.version == Some(1);
        for Header { name, value } in response.headers.iter() {
            self.take_header(name, value.trim_ascii())?;
        }
        self.end_head()?;
        Ok(Some(length))
    }

    fn feed_line<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], BadAnswer> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        self.bound(taken)?;
        let (start, rest) = bytes.split_at(taken);
        if end.is_none() {
            self.begun.extend_from_slice(start);
        } else if self.begun.is_empty() {
            self.take_line(start)?;
        } else {
            let mut line = std::mem::take(&mut self.begun);
            line.extend_from_slice(start);
            self.take_line(&line)?;
            line.clear();
            self.begun = line;
        }
        Ok(rest)
    }

    /// Refuses lines that never end.
    fn bound(&mut self, taken: usize) -> Result<(), BadAnswer> {
        match self.state {
            State::ChunkLine | State::ChunkEnd => {
                if self.begun.len() + taken > LARGEST_CHUNK_LINE {
                    return Err(BadAnswer::Chunk);
                }
            }
            _ => {
                self.head += taken;
                if self.head > LARGEST_HEAD {
                    return Err(BadAnswer::LargeHead);
                }
            }
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), BadAnswer> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.state {
            State::ChunkLine => {
                let size = chunk_size(line).ok_or(BadAnswer::Chunk)?;
                self.state = if size == 0 { State::Trailers } else { State::Chunk(size) };
                Ok(())
            }
            State::ChunkEnd if line.is_empty() => {
                self.state = State::ChunkLine;
                Ok(())
            }
            State::ChunkEnd => Err(BadAnswer::Chunk),
            State::Trailers if line.is_empty() => {
                self.state = State::Done;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_header(&mut self, name: &str, value: &[u8]) -> Result<(), BadAnswer> {
        if name.eq_ignore_ascii_case("content-length") {
            let length = decimal(value).ok_or(BadAnswer::Length)?;
            if self.length.is_some_and(|before| before != length) {
                return Err(BadAnswer::Length);
            }
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
            let is_chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
            self.coding = if is_chunked { Coding::Chunked } else { Coding::Other };
        } else if name.eq_ignore_ascii_case("connection") {
            for option in value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if option.eq_ignore_ascii_case(b"close") {
                    self.keeps_alive = false;
                } else if option.eq_ignore_ascii_case(b"keep-alive") {
                    self.keeps_alive = true;
                }
            }
        }
        Ok(())
    }

    /// Which body follows (RFC 9112, section 6.3).
    fn end_head(&mut self) -> Result<(), BadAnswer> {
        self.state = match (self.status, self.length) {
            (101, _) => return Err(BadAnswer::Protocol),
            // An interim answer; the one that counts follows.
            (100..200, _) => {
                self.begin_head();
                return Ok(());
            }
            (204 | 304, _) => State::Done,
            _ if self.is_bodiless => State::Done,
            _ if self.coding == Coding::Chunked => State::ChunkLine,
            _ if self.coding == Coding::Other => State::UntilClose,
            (_, Some(0)) => State::Done,
            (_, Some(length)) => State::Body(length),
            (_, None) => State::UntilClose,
        };
        Ok(())
    }
}

/// What a head that is none lacks.
fn bad_head(error: Error) -> BadAnswer {
    match error {
        Error::Version | Error::Status => BadAnswer::StatusLine,
        Error::TooManyHeaders => BadAnswer::ManyHeaders,
        _ => BadAnswer::Header,
    }
}

fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// The size before a chunk, in hexadecimal, whatever extensions follow it.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What an answer came to, whole or in parts.
    #[derive(Debug, PartialEq)]
    struct Read {
        status: u16,
        is_done: bool,
        keeps_alive: bool,
        excerpt: String,
    }

    fn read(parts: &[&[u8]]) -> Result<Read, BadAnswer> {
        let mut reader = AnswerReader::default();
        reader.begin(false);
        for part in parts {
            reader.feed(part)?;
        }
        Ok(Read {
            status: reader.status(),
            is_done: reader.is_done(),
            keeps_alive: reader.keeps_alive(),
            excerpt: String::from_utf8_lossy(reader.excerpt()).into_owned(),
        })
    }

    const ANSWERS: [&str; 7] = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b:c\r\n\r\nhello",
        "HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n",
        "HTTP/1.0 500 \r\ncontent-length: 4\r\nConnection: Keep-Alive\r\n\r\noops",
        "HTTP/1.1 204\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\nContent-Length: 3\n\nabc",
        "HTTP/1.1 503 x\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 422 x\r\nTransfer-Encoding: gzip, Chunked\r\nContent-Length: 9\r\n\r\nA\r\n0123456789\r\n000\r\n\r\n",
    ];

    #[test]
    fn answers_are_read_to_their_end() {
        let expected = [
            (200, true, ""),
            (429, true, "hello!"),
            (500, true, "oops"),
            (204, true, ""),
            (404, true, "abc"),
            (503, false, ""),
            (422, true, "0123456789"),
        ];
        for (answer, (status, keeps_alive, excerpt)) in ANSWERS.iter().zip(expected) {
            let read = read(&[answer.as_bytes()]).unwrap();
            let expected = Read { status, is_done: true, keeps_alive, excerpt: excerpt.to_owned() };
            assert_eq!(read, expected, "{answer}");
        }
    }

    proptest! {
        #[test]
        fn torn_answers_are_read_like_whole_ones(
            which in 0..ANSWERS.len(),
            mut cuts in prop::collection::vec(0_usize..200, 0..8),
        ) {
            let bytes = ANSWERS[which].as_bytes();
            for cut in &mut cuts {
                *cut = (*cut).min(bytes.len());
            }
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(read(&parts), read(&[bytes]));
        }

        #[test]
        fn no_bytes_make_it_panic(
            which in 0..ANSWERS.len(),
            place in 0_usize..120,
            junk in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let mut bytes = ANSWERS[which].as_bytes().to_vec();
            let place = place.min(bytes.len());
            bytes.splice(place..place, junk);
            let _ = read(&[&bytes]);
        }
    }

    #[test]
    fn an_answer_is_not_whole_a_byte_before_its_end() {
        for answer in ANSWERS {
            let bytes = answer.as_bytes();
            assert!(!read(&[&bytes[..bytes.len() - 1]]).unwrap().is_done, "{answer}");
        }
    }

    #[test]
    fn what_is_no_http_is_told() {
        for (answer, told) in [
            ("SSH-2.0-x\r\n", BadAnswer::StatusLine),
            ("HTTP/2 200\r\n", BadAnswer::StatusLine),
            ("HTTP/1.1 20\r\n", BadAnswer::StatusLine),
            ("HTTP/1.1 2000 OK\r\n", BadAnswer::StatusLine),
            ("HTTP/1.1 020 OK\r\n\r\n", BadAnswer::StatusLine),
            ("HTTP/1.1 200 OK\r\nnonsense\r\n", BadAnswer::Header),
            ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", BadAnswer::Length),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", BadAnswer::Length),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", BadAnswer::Length),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", BadAnswer::Chunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", BadAnswer::Chunk),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", BadAnswer::Chunk),
            ("HTTP/1.1 101 Switching\r\n\r\n", BadAnswer::Protocol),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", BadAnswer::TooLong),
        ] {
            assert_eq!(read(&[answer.as_bytes()]), Err(told), "{answer}");
        }
        let endless = vec![b'a'; LARGEST_HEAD + 1];
        let start = b"HTTP/1.1 200 OK\r\nA: ".as_slice();
        assert_eq!(read(&[start, &endless]), Err(BadAnswer::LargeHead));
        let many = [b"HTTP/1.1 200 OK\r\n".as_slice(), &b"A: b\r\n".repeat(MOST_HEADERS + 1)].concat();
        assert_eq!(read(&[&many]), Err(BadAnswer::ManyHeaders));
        let chunk = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &endless[..5000]].concat();
        assert_eq!(read(&[&chunk]), Err(BadAnswer::Chunk));
    }

    #[test]
    fn a_body_without_a_length_ends_with_the_connection() {
        let mut reader = AnswerReader::default();
        reader.begin(false);
        reader.feed(b"HTTP/1.1 200 OK\r\n\r\nab").unwrap();
        assert!(!reader.is_done() && reader.close() && !reader.keeps_alive());
        reader.begin(false);
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").unwrap();
        assert!(!reader.close());
        reader.begin(true);
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n").unwrap();
        assert!(reader.is_done(), "answers to HEAD have no body");
    }
}
