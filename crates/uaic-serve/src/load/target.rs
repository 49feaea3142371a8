//! Where requests go: a URL, taken apart.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// A server and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address; of IPv6 without brackets.
    pub host: String,
    /// 80 where the URL has none.
    pub port: u16,
    /// Path and query, beginning with `/`; none where the URL ends after the host.
    pub path: Option<String>,
}

/// Why a text is no URL that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// `https://…`.
    #[error(
        "`{0}` is https, and TLS is not spoken here; ask the server itself, behind whatever ends TLS, such as http://127.0.0.1:8080"
    )]
    Encrypted(String),
    /// No scheme, or an unknown one.
    #[error("`{url}` is no http URL; write it in full, such as {example}")]
    Scheme {
        /// The text.
        url: String,
        /// What may have been meant.
        example: String,
    },
    /// `http://user:password@…`.
    #[error("`{0}` has a user name; send it as a header: -H 'Authorization: Basic …'")]
    User(String),
    /// No host, or one with odd characters.
    #[error("`{0}` has no host, as http://127.0.0.1:8080 has")]
    Host(String),
    /// Not from 1 to 65535.
    #[error("`{port}` in `{url}` is no port; ports are from 1 to 65535")]
    Port {
        /// The text.
        url: String,
        /// What stands where the port should be.
        port: String,
    },
    /// A path that no request line can hold.
    #[error("the path of `{0}` has a blank or another character that must be written as %20 and the like")]
    Path(String),
}

impl Target {
    /// Takes a URL apart.
    ///
    /// # Errors
    /// It is not http, or a part of it is malformed.
    pub fn parse(url: &str) -> Result<Self, TargetError> {
        let rest = after_scheme(url)?;
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(TargetError::User(url.to_owned()));
        }
        let (host, port) = host_and_port(authority).ok_or_else(|| TargetError::Host(url.to_owned()))?;
        let port = match port {
            None | Some("") => 80,
            Some(port) => port
                .parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| TargetError::Port { url: url.to_owned(), port: port.to_owned() })?,
        };
        if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TargetError::Path(url.to_owned()));
        }
        let path = match path.chars().next() {
            None => None,
            Some('?') => Some(format!("/{path}")),
            Some(_) => Some(path.to_owned()),
        };
        Ok(Self { host: host.to_owned(), port, path })
    }

    /// Host and port as a `Host` header has them.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 80 { host } else { format!("{host}:{}", self.port) }
    }

    /// Opens one connection, to learn which of the host's addresses answers.
    ///
    /// # Errors
    /// The name has no address, or none of them takes a connection; the last reason is given.
    pub fn reach(&self, timeout: Duration) -> io::Result<SocketAddr> {
        let mut reason = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, timeout) {
                Ok(_) => return Ok(address),
                Err(error) => reason = error,
            }
        }
        Err(reason)
    }
}

fn after_scheme(url: &str) -> Result<&str, TargetError> {
    let is = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if is("http://") {
        return Ok(&url["http://".len()..]);
    }
    if is("https://") {
        return Err(TargetError::Encrypted(url.to_owned()));
    }
    let bare = !url.contains("://") && !url.is_empty();
    let example = if bare { format!("http://{url}") } else { "http://127.0.0.1:8080".to_owned() };
    Err(TargetError::Scheme { url: url.to_owned(), example })
}

/// The two parts of `host:port`; none where the host is malformed.
fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%".contains(&byte);
    (!host.is_empty() && host.bytes().all(fits)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(url: &str) -> (String, u16, Option<String>) {
        let target = Target::parse(url).unwrap();
        (target.host, target.port, target.path)
    }

    #[test]
    fn urls_are_taken_apart() {
        assert_eq!(parts("http://localhost"), ("localhost".into(), 80, None));
        assert_eq!(parts("HTTP://a.b:8080/x?y=1#z"), ("a.b".into(), 8080, Some("/x?y=1".into())));
        assert_eq!(parts("http://[::1]:9/"), ("::1".into(), 9, Some("/".into())));
        assert_eq!(parts("http://h?q"), ("h".into(), 80, Some("/?q".into())));
        assert_eq!(Target::parse("http://[::1]:9/").unwrap().authority(), "[::1]:9");
        assert_eq!(Target::parse("http://h").unwrap().authority(), "h");
    }

    #[test]
    fn what_is_no_http_url_is_told_with_what_to_write() {
        for (url, told) in [
            ("https://h/", "TLS is not spoken"),
            ("127.0.0.1:80/x", "http://127.0.0.1:80/x"),
            ("ftp://h", "http://127.0.0.1:8080"),
            ("", "no http URL"),
            ("http://", "no host"),
            ("http://a b/", "no host"),
            ("http://u:p@h/", "Authorization"),
            ("http://h:0/", "`0`"),
            ("http://h:66000", "`66000`"),
            ("http://[::1/", "no host"),
            ("http://h/a b", "%20"),
            ("http://h/a\r\nX: y", "%20"),
        ] {
            let error = Target::parse(url).unwrap_err().to_string();
            assert!(error.contains(told), "{url}: {error}");
        }
    }
}
