//! Requests as the bytes that are sent.

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read it.
    Get,
    /// As [`Method::Get`], without the body of the answer.
    Head,
    /// Hand something in.
    Post,
    /// Replace it.
    Put,
    /// Change it.
    Patch,
    /// Remove it.
    Delete,
    /// Ask what can be done.
    Options,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete, Self::Options];

    /// As the request line has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
        }
    }

    /// Whether requests have a body.
    pub fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// A header line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Before the colon.
    pub name: String,
    /// Behind it.
    pub value: String,
}

/// Why a text is no header that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No colon, or characters that no name has.
    #[error("`{0}` is no header; write -H 'Name: value'")]
    Malformed(String),
    /// It would contradict the body.
    #[error("`{0}` is set by the length of the body and cannot be given")]
    Framing(String),
}

impl Header {
    /// Reads `Name: value`.
    ///
    /// # Errors
    /// It has no name, a character that would end the line, or says how long the body is.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let malformed = || HeaderError::Malformed(text.escape_debug().to_string());
        let (name, value) = text.split_once(':').ok_or_else(malformed)?;
        let value = value.trim();
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) || value.chars().any(char::is_control) {
            return Err(malformed());
        }
        if ["content-length", "transfer-encoding"].iter().any(|set| name.eq_ignore_ascii_case(set)) {
            return Err(HeaderError::Framing(name.to_owned()));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

/// A request without its body.
#[derive(Clone, Debug)]
pub struct RequestHead<'a> {
    /// What is done.
    pub method: Method,
    /// Path and query.
    pub path: &'a str,
    /// Host and port.
    pub authority: &'a str,
    /// Lines of the user's own; they take the place of ours of the same name.
    pub headers: &'a [Header],
}

impl RequestHead<'_> {
    /// The whole request.
    pub fn with_body(&self, body: &[u8]) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method.name(), self.path);
        let agent = concat!("uaic/", env!("CARGO_PKG_VERSION"));
        let mut own = vec![("Host", self.authority), ("User-Agent", agent), ("Accept", "*/*")];
        let length = body.len().to_string();
        if self.method.has_body() {
            own.extend([("Content-Type", "application/json"), ("Content-Length", &length)]);
        }
        own.retain(|(name, _)| !self.headers.iter().any(|given| given.name.eq_ignore_ascii_case(name)));
        let given = self.headers.iter().map(|header| (header.name.as_str(), header.value.as_str()));
        for (name, value) in own.into_iter().chain(given) {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(value);
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        if self.method.has_body() {
            bytes.extend_from_slice(body);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(method: Method, headers: &[Header]) -> String {
        let head = RequestHead { method, path: "/x", authority: "h:1", headers };
        String::from_utf8(head.with_body(b"{}")).unwrap()
    }

    #[test]
    fn a_request_ends_where_its_length_says() {
        let text = bytes(Method::Post, &[]);
        assert!(text.starts_with("POST /x HTTP/1.1\r\nHost: h:1\r\n"), "{text}");
        assert!(text.ends_with("Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"), "{text}");
        let text = bytes(Method::Get, &[]);
        assert!(text.ends_with("Accept: */*\r\n\r\n") && !text.contains("Content"), "{text}");
    }

    #[test]
    fn headers_of_the_user_take_the_place_of_ours() {
        let headers = ["host: other", "Authorization: Bearer a:b"].map(|text| Header::parse(text).unwrap());
        let text = bytes(Method::Get, &headers);
        assert!(text.contains("\r\nhost: other\r\nAuthorization: Bearer a:b\r\n\r\n"), "{text}");
        assert!(!text.contains("Host: h:1"), "{text}");
    }

    #[test]
    fn a_header_cannot_smuggle_another_line_or_another_length() {
        for text in ["no colon", ": x", "a b: c", "X: a\r\nY: b", "X: \u{7f}"] {
            assert!(matches!(Header::parse(text), Err(HeaderError::Malformed(_))), "{text:?}");
        }
        assert!(matches!(Header::parse("content-Length: 3"), Err(HeaderError::Framing(_))));
    }
}
