//! Requests as nobody should send them, and what may be answered to each kind.

use super::server::{Connection, Reply};

/// What came of many bad requests.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How many were sent.
    pub(crate) sent: usize,
    /// By status; 0 for connections that were closed without an answer.
    pub(crate) statuses: std::collections::BTreeMap<u16, usize>,
    /// Answers that no such request should get; the first few.
    pub(crate) wrong: Vec<String>,
}

/// `SplitMix64`: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn pick<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }
}

/// One bad request.
struct Bad {
    bytes: Vec<u8>,
    /// What may be answered; 0 for nothing.
    allowed: &'static [u16],
    /// Whether the connection can be used again, if the answer does not say otherwise.
    is_framed: bool,
}

const ROUTES: [&str; 4] = ["/intent", "/v1/predict", "/v1/feedback", "/v2/models/flights/infer"];

const VALUES: [&str; 14] = [
    "null",
    "true",
    "0",
    "-1",
    "1e308",
    "1e999",
    "12345678901234567890",
    "\"\"",
    "\" \"",
    "\"\\ud800\"",
    "[]",
    "[[]]",
    "{}",
    "\"fares to oslo\"",
];

const FIELDS: [&str; 10] =
    ["text", "texts", "model", "top_k", "explain", "key", "id", "label", "inputs", "position"];

const JSON: &str = "application/json";

/// What a body can get, whatever it is.
const BODY: &[u16] = &[200, 202, 400, 404, 413, 415, 422];

fn framed(method: &str, path: &str, kind: &str, body: &[u8], allowed: &'static [u16]) -> Bad {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: t\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    Bad { bytes: [head.as_bytes(), body].concat(), allowed, is_framed: true }
}

fn raw(text: impl AsRef<[u8]>, allowed: &'static [u16]) -> Bad {
    Bad { bytes: text.as_ref().to_vec(), allowed, is_framed: false }
}

fn object(random: &mut Random) -> Vec<u8> {
    let fields: Vec<String> = (0..random.below(5))
        .map(|_| format!("\"{}\": {}", random.pick(&FIELDS), random.pick(&VALUES)))
        .collect();
    format!("{{{}}}", fields.join(", ")).into_bytes()
}

fn bad(random: &mut Random) -> Bad {
    let route = random.pick(&ROUTES);
    match random.below(16) {
        0 => framed("POST", route, JSON, &random.bytes(200), BODY),
        1 => {
            let mut body = object(random);
            for _ in 0..random.below(4) {
                let at = random.below(body.len());
                body[at] = random.next() as u8;
            }
            framed("POST", route, JSON, &body, BODY)
        }
        2 | 3 => framed("POST", route, JSON, &object(random), BODY),
        4 => {
            let kind = random.pick(&["text/plain", "application/xml", "", ";;;", "multipart/form-data"]);
            let allowed: &[u16] = if *route == *"/intent" { &[200, 400] } else { &[415] };
            framed("POST", route, kind, br#"{"text": "fares"}"#, allowed)
        }
        5 => framed("POST", route, JSON, "[".repeat(random.below(3000)).as_bytes(), &[400]),
        6 => framed("POST", route, JSON, b"{\"text\": \"\xff\xfe\xc0\x80\"}", &[400]),
        7 => {
            let method = random.pick(&["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW", "post"]);
            framed(method, route, JSON, b"", &[405])
        }
        8 => {
            let path = random.pick(&[
                "/..%2f..%2fetc/passwd",
                "/%00",
                "/v2/models/%ff/infer",
                "/apidocs/../../x",
                "//",
                "/intent/",
                "/v2/models/a%2Fb",
                "/v1",
                "/%",
                "/?%zz=1",
            ]);
            framed("GET", path, JSON, b"", &[200, 400, 404, 405])
        }
        9 => {
            // More than the limit is promised; some of it comes.
            let head =
                format!("POST {route} HTTP/1.1\r\nhost: t\r\ncontent-length: 99999999999\r\n\r\n{{\"text\"");
            raw(head, &[413])
        }
        10 => {
            let text = random.pick(&[
                "GARBAGE\r\n\r\n",
                "GET\r\n\r\n",
                "POST /intent HTTP/9.9\r\nhost: t\r\n\r\n",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "POST /intent HTTP/1.1\r\nno colon here\r\n\r\n",
                "POST /intent HTTP/1.1\r\nhost: t\r\ncontent-length: x\r\n\r\n",
                "POST /intent HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
                "POST /intent HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
                "POST /intent HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                "\x16\x03\x01\x02\x00\x01\x00",
                "GET /\x00 HTTP/1.1\r\n\r\n",
            ]);
            raw(text, &[0, 400, 405, 505])
        }
        11 => raw(random.bytes(400), &[0, 400]),
        12 => {
            let header = "x".repeat(200_000);
            raw(format!("GET /livez HTTP/1.1\r\nhost: t\r\na: {header}\r\n\r\n"), &[0, 431])
        }
        13 => {
            let headers = "h: v\r\n".repeat(100);
            raw(format!("GET /livez HTTP/1.1\r\n{headers}\r\n"), &[431])
        }
        14 => {
            let path = "a".repeat(20_000 + random.below(30_000));
            raw(format!("GET /{path} HTTP/1.1\r\nhost: t\r\n\r\n"), &[0, 404, 414, 431])
        }
        // Half of something good; then the client is gone.
        _ => {
            let whole = framed("POST", route, JSON, br#"{"text": "fares to oslo"}"#, &[0, 400]);
            let half = random.below(whole.bytes.len());
            Bad { bytes: whole.bytes[..half].to_vec(), is_framed: false, allowed: &[0, 400] }
        }
    }
}

/// Sends so many bad requests, one after the other.
pub(crate) fn run(address: &str, requests: usize, seed: u64) -> Outcome {
    let mut random = Random(seed);
    let mut outcome = Outcome::default();
    let mut kept: Option<Connection> = None;
    for _ in 0..requests {
        let bad = bad(&mut random);
        let mut connection =
            kept.take().filter(|_| bad.is_framed).unwrap_or_else(|| Connection::open(address));
        connection.write(&bad.bytes);
        if !bad.is_framed {
            connection.finish();
        }
        let reply = connection.read();
        let status = reply.as_ref().map_or(0, |reply| reply.status);
        *outcome.statuses.entry(status).or_default() += 1;
        outcome.sent += 1;
        if !bad.allowed.contains(&status) && outcome.wrong.len() < 20 {
            let start = String::from_utf8_lossy(&bad.bytes[..bad.bytes.len().min(200)]).into_owned();
            let told = reply.as_ref().map(Reply::text).unwrap_or_default();
            outcome.wrong.push(format!("{status} for {start:?}: {told}"));
        }
        let is_open = reply.is_some_and(|reply| reply.header("connection") != Some("close"));
        kept = (bad.is_framed && is_open).then_some(connection);
    }
    outcome
}
