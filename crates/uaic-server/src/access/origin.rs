//! Under which names the server is asked, and by whose pages.
//!
//! A page that a browser shows may ask any server that the browser reaches. By giving its own name the
//! server's address it can even read the answers (DNS rebinding): so the server answers to no name that it
//! does not know. Numbers are no names, nobody can rebind them.

use std::net::IpAddr;

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Uri};

/// What a browser says of a page beside its origin.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The name that a proxy was asked under.
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Under which names the server is asked, and which pages may change something.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    /// Names, lower case, of this server beside those of the machine itself.
    hosts: Vec<String>,
    /// Origins of other servers, whose pages may.
    origins: Vec<String>,
    /// Whether the server is for this machine alone, so that its other servers' pages may, too.
    is_local: bool,
    /// Whether what a proxy says is true.
    is_proxied: bool,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is for another server.
    Host(String),
    /// It is from another server's page.
    Origin(String),
}

impl Names {
    pub(super) fn new(hosts: &[String], origins: &[String], is_local: bool, is_proxied: bool) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { hosts: lower(hosts), origins: lower(origins), is_local, is_proxied }
    }

    /// That a request is for this server.
    ///
    /// # Errors
    /// [`Foreign::Host`].
    pub(super) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let mut asked = self.asked(uri, headers).peekable();
        if asked.peek().is_none() {
            return Err(Foreign::Host(String::new()));
        }
        match asked.find(|host| !self.is_own(host)) {
            None => Ok(()),
            Some(host) => Err(Foreign::Host(host)),
        }
    }

    /// All names that a request gives; one with two has to mean this server by both.
    fn asked<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = String> + 'a {
        let named = |name: HeaderName| {
            headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let forwarded = self.is_proxied.then(|| named(FORWARDED_HOST)).into_iter().flatten();
        let authority = uri.authority().map(|authority| authority.as_str().to_owned());
        authority.into_iter().chain(named(HOST)).chain(forwarded)
    }

    fn is_own(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let Some(name) = name(&host) else { return false };
        is_local(name) || address(name).is_some() || self.hosts.iter().any(|own| own == name || *own == host)
    }

    /// That a change comes from a program, or from a page of this server.
    ///
    /// # Errors
    /// [`Foreign::Origin`].
    pub(super) fn check_origin(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        let Some(origin) = headers.get(ORIGIN) else {
            let site = headers.get(FETCH_SITE).map(|site| String::from_utf8_lossy(site.as_bytes()));
            return match site.as_deref() {
                None | Some("same-origin" | "none") => Ok(()),
                Some(_) => Err(Foreign::Origin("another site".to_owned())),
            };
        };
        let origin = String::from_utf8_lossy(origin.as_bytes()).to_ascii_lowercase();
        if self.origins.contains(&origin) {
            return Ok(());
        }
        let place = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let is_own = place.is_some_and(|place| {
            let is_here = self.asked(uri, headers).any(|host| is_same_place(&host, place));
            is_here || (self.is_local && name(place).is_some_and(is_local))
        });
        if is_own { Ok(()) } else { Err(Foreign::Origin(origin)) }
    }
}

/// Whether a host and that of an origin are one; the port of the scheme may be left out.
fn is_same_place(host: &str, origin: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let plain = |text: &str| {
        text.strip_suffix(":443").or_else(|| text.strip_suffix(":80")).unwrap_or(text).to_owned()
    };
    plain(&host) == plain(origin)
}

/// A host without its port; `None` for what is none.
fn name(host: &str) -> Option<&str> {
    if host.starts_with('[') {
        let end = host.find(']')?;
        let rest = host.get(end + 1..)?;
        return is_port(rest).then(|| host.get(..=end)).flatten();
    }
    let at = host.find(':').unwrap_or(host.len());
    let (name, port) = host.split_at(at);
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    (!name.is_empty() && name.chars().all(is_plain) && is_port(port))
        .then(|| name.strip_suffix('.').unwrap_or(name))
}

fn is_port(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(':').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The address that a name without a port is.
fn address(name: &str) -> Option<IpAddr> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    bare.parse().ok()
}

/// Whether a name is of the machine that asks.
fn is_local(name: &str) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || address(name).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn names() -> Names {
        Names::new(&["Uaic.Example".into()], &["https://board.example".into()], false, false)
    }

    #[test]
    fn only_known_names_are_answered_to() {
        let uri = Uri::from_static("/x");
        for host in [
            "localhost",
            "localhost:5000",
            "LOCALHOST:5000",
            "127.0.0.1:5000",
            "[::1]:5000",
            "app.localhost",
            "uaic.example",
            "UAIC.example:443",
            "uaic.example.",
            "192.168.1.7:5000",
            "10.0.0.1",
        ] {
            assert_eq!(names().check_host(&uri, &headers(&[("host", host)])), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "uaic.example.evil.com",
            "localhost.evil.com",
            "127.0.0.1.nip.io",
            "",
            "a b",
            "localhost@evil.example",
            "evil.example:80#localhost",
            "[::1].evil.example",
            "[::1",
            "2130706433x",
            "uaic.example:x",
        ] {
            let told = names().check_host(&uri, &headers(&[("host", host)]));
            assert!(matches!(told, Err(Foreign::Host(_))), "{host}");
        }
        assert!(names().check_host(&uri, &HeaderMap::new()).is_err());
        // Two names are both checked, and so is that of a whole address.
        assert!(
            names().check_host(&uri, &headers(&[("host", "localhost"), ("host", "evil.example")])).is_err()
        );
        let whole = Uri::from_static("http://evil.example/x");
        assert!(names().check_host(&whole, &headers(&[("host", "localhost")])).is_err());
        assert!(names().check_host(&Uri::from_static("http://localhost:1/x"), &HeaderMap::new()).is_ok());
    }

    #[test]
    fn a_proxy_is_believed_when_it_is_to_be() {
        let uri = Uri::from_static("/x");
        let both = headers(&[("host", "localhost"), ("x-forwarded-host", "evil.example")]);
        assert!(names().check_host(&uri, &both).is_ok());
        let proxied = Names::new(&[], &[], false, true);
        assert!(proxied.check_host(&uri, &both).is_err());
        let own = headers(&[
            ("host", "10.0.0.1:5000"),
            ("x-forwarded-host", "uaic.example"),
            ("origin", "https://uaic.example"),
        ]);
        let proxied = Names::new(&["uaic.example".into()], &[], false, true);
        assert!(proxied.check_host(&uri, &own).is_ok());
        assert!(proxied.check_origin(&uri, &own).is_ok());
    }

    #[test]
    fn pages_of_others_change_nothing() {
        let uri = Uri::from_static("/x");
        let check = |names: &Names, pairs: &[(&'static str, &str)]| names.check_origin(&uri, &headers(pairs));
        let host = ("host", "uaic.example:5000");
        assert_eq!(check(&names(), &[host]), Ok(()));
        assert_eq!(check(&names(), &[host, ("origin", "https://uaic.example:5000")]), Ok(()));
        assert_eq!(check(&names(), &[host, ("origin", "https://board.example")]), Ok(()));
        assert_eq!(check(&names(), &[host, ("sec-fetch-site", "same-origin")]), Ok(()));
        assert_eq!(
            check(&names(), &[("host", "uaic.example"), ("origin", "https://uaic.example:443")]),
            Ok(())
        );
        for origin in [
            "https://evil.example",
            "null",
            "",
            "https://uaic.example:6000",
            "http://localhost:3000",
            "file://",
            "https://uaic.example:5000.evil.com",
        ] {
            assert!(check(&names(), &[host, ("origin", origin)]).is_err(), "{origin}");
        }
        assert!(check(&names(), &[host, ("sec-fetch-site", "cross-site")]).is_err());
        let local = Names::new(&[], &[], true, false);
        assert_eq!(check(&local, &[("host", "127.0.0.1:5000"), ("origin", "http://localhost:3000")]), Ok(()));
        assert!(check(&local, &[("host", "127.0.0.1:5000"), ("origin", "http://10.0.0.1:3000")]).is_err());
    }
}
