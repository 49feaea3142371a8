//! The options of `uaic serve`, and what they mean.

use std::time::Duration;

use clap::Args;

use crate::platform::cores;
use crate::serve::engine::EngineSettings;
use crate::serve::{ConnectionLimits, Limits, Listen, Settings, Sidecar};

use super::super::exit::Failure;
use super::super::load::values::{parse_duration, parse_some_duration};
use super::source::name_of;

/// A model, and the name it is served under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// `None` for that of the address.
    given: Option<String>,
    pub(super) address: String,
}

impl Named {
    pub(super) fn name(&self) -> String {
        self.given.clone().unwrap_or_else(|| name_of(&self.address))
    }
}

/// A canary.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Canary {
    named: Named,
    share: f64,
}

/// MODEL or NAME=MODEL.
pub(super) fn parse_named(text: &str) -> Result<Named, String> {
    let (given, address) = match text.split_once('=') {
        Some((name, address)) => (Some(name.to_owned()), address),
        None => (None, text),
    };
    if address.is_empty() || given.as_deref().is_some_and(|name| !is_name(name)) {
        return Err("write MODEL or NAME=MODEL; a name has letters, digits, `.`, `_` and `-`".to_owned());
    }
    Ok(Named { given, address: address.to_owned() })
}

/// Whether it can stand in a path and be a label of a metric.
fn is_name(name: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || "._-".contains(character);
    (1..=64).contains(&name.len()) && name.chars().all(fits)
}

/// `[NAME=]MODEL=SHARE`, the share as `10%` or `0.1`.
pub(super) fn parse_canary(text: &str) -> Result<Canary, String> {
    let wrong = || format!("`{text}` is no canary; write MODEL=10% or NAME=MODEL=10%");
    let (named, share) = text.rsplit_once('=').ok_or_else(wrong)?;
    let share = match share.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
        None => share.trim().parse(),
    };
    let share = share.map_err(|_| wrong())?;
    if !(share > 0.0 && share < 1.0) {
        return Err(format!("a canary's share is above 0 % and below 100 %, not {} %", share * 100.0));
    }
    Ok(Canary { named: parse_named(named)?, share })
}

/// HOST:PORT or unix:PATH.
pub(in crate::cli) fn parse_listen(text: &str) -> Result<Listen, String> {
    if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
        return Ok(Listen::Unix(path.into()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(Listen::Tcp(text.to_owned()))
        }
        _ => Err("an address is HOST:PORT, such as 127.0.0.1:8080, or unix:PATH".to_owned()),
    }
}

/// Canaries and shadows with the models that they stand beside.
pub(super) fn sidecars(
    models: &[(String, String)],
    canaries: &[Canary],
    shadows: &[Named],
) -> Result<Vec<Sidecar>, Failure> {
    let place = |named: &Named, share: Option<f64>| {
        let name = named.name();
        let name = match models {
            // There is nothing else that it could be meant for.
            [(only, _)] if named.given.is_none() => only.clone(),
            _ if models.iter().any(|(served, _)| *served == name) => name,
            _ => {
                let names: Vec<&str> = models.iter().map(|(name, _)| name.as_str()).collect();
                return Err(Failure::usage(format!(
                    "`{}` stands beside no model that is served ({}); name one: {}={}",
                    named.address,
                    names.join(", "),
                    names[0],
                    named.address
                )));
            }
        };
        Ok(Sidecar { name, address: named.address.clone(), share })
    };
    let canaries = canaries.iter().map(|canary| place(&canary.named, Some(canary.share)));
    canaries.chain(shadows.iter().map(|shadow| place(shadow, None))).collect()
}

/// At most a millisecond.
fn short_time(text: &str) -> Result<Duration, String> {
    let time = parse_duration(text)?;
    if time <= Duration::from_millis(1) {
        Ok(time)
    } else {
        Err("it is at most 1ms, such as 200us".to_owned())
    }
}

fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (1..=1 << 30).contains(number));
    number.ok_or_else(|| "it is a whole number above 0".to_owned())
}

/// Limits and times of `uaic serve`.
#[derive(Args, Debug)]
pub(super) struct Tuning {
    /// Threads that answer, for each model; by default half of the cores
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Limits")]
    threads: Option<usize>,

    /// Threads that serve connections; by default half of the cores
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Limits")]
    http_threads: Option<usize>,

    /// Texts that may wait for a model; more are refused with 429
    #[arg(long, value_name = "N", default_value = "1024", value_parser = positive, help_heading = "Limits")]
    queue: usize,

    /// Most texts that are answered together
    #[arg(long, value_name = "N", default_value = "64", value_parser = positive, help_heading = "Limits")]
    batch: usize,

    /// Longest wait for company under load, at most 1ms; an idle model answers at once
    #[arg(long, value_name = "TIME", default_value = "0us", value_parser = short_time, help_heading = "Limits")]
    batch_wait: Duration,

    /// Time for an answer; later there is 504
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_some_duration, help_heading = "Limits")]
    deadline: Duration,

    /// Time that requests under way may take when the server is stopped
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_some_duration, help_heading = "Limits")]
    drain: Duration,

    /// Largest body in bytes; more gives 413
    #[arg(long, value_name = "BYTES", default_value = "262144", value_parser = positive, help_heading = "Limits")]
    max_body: usize,

    /// Longest text in characters; more gives 413
    #[arg(long, value_name = "N", default_value = "10000", value_parser = positive, help_heading = "Limits")]
    max_text: usize,

    /// Most texts of a request; more gives 413
    #[arg(long, value_name = "N", default_value = "256", value_parser = positive, help_heading = "Limits")]
    max_texts: usize,

    /// Most open connections; more are turned away with 503
    #[arg(long, value_name = "N", default_value = "1024", value_parser = positive, help_heading = "Limits")]
    max_connections: usize,

    /// Time for the head of a request, from its first byte
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_some_duration, help_heading = "Limits")]
    header_time: Duration,

    /// Time for the body of a request; later there is 408
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_some_duration, help_heading = "Limits")]
    body_time: Duration,

    /// Time that a connection may be idle
    #[arg(long, value_name = "TIME", default_value = "75s", value_parser = parse_some_duration, help_heading = "Limits")]
    idle_time: Duration,
}

impl Tuning {
    pub(super) fn http_threads(&self) -> usize {
        self.http_threads.unwrap_or_else(half)
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            limits: Limits {
                body: self.max_body,
                text: self.max_text,
                texts: self.max_texts,
                connection: ConnectionLimits {
                    connections: self.max_connections,
                    header_time: self.header_time,
                    idle_time: self.idle_time,
                    ..ConnectionLimits::default()
                },
                body_time: self.body_time,
                deadline: self.deadline,
            },
            engine: EngineSettings {
                threads: self.threads.unwrap_or_else(half),
                queue: self.queue,
                batch: self.batch,
                wait: self.batch_wait,
            },
            drain: self.drain,
        }
    }
}

/// Half of the cores, at least one.
fn half() -> usize {
    (cores() / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_the_names_that_they_are_given_or_those_of_their_addresses() {
        let named = |text| parse_named(text).map(|named| (named.name(), named.address));
        let pair = |name: &str, address: &str| Ok((name.to_owned(), address.to_owned()));
        assert_eq!(named("intents@champion"), pair("intents", "intents@champion"));
        assert_eq!(named("models/flights.uaic"), pair("flights", "models/flights.uaic"));
        assert_eq!(named("a=intents@3"), pair("a", "intents@3"));
        assert_eq!(named("@"), pair("model", "@"));
        for text in ["", "a=", "=b", "a b=c", "a/b=c"] {
            assert!(named(text).is_err(), "{text}");
        }
    }

    #[test]
    fn canaries_have_shares() {
        let share = |text| parse_canary(text).map(|canary| (canary.named.name(), canary.share));
        assert_eq!(share("intents@challenger=10%"), Ok(("intents".to_owned(), 0.1)));
        assert_eq!(share("a=new.uaic=0.5"), Ok(("a".to_owned(), 0.5)));
        for text in ["intents", "intents=", "intents=0%", "intents=100%", "intents=ten"] {
            assert!(parse_canary(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_stands_beside_needs_a_model() {
        let models = [("a".to_owned(), "x".to_owned()), ("b".to_owned(), "y".to_owned())];
        let canary = |text| parse_canary(text).unwrap();
        let found = sidecars(&models, &[canary("b=new=10%")], &[parse_named("a@2").unwrap()]).unwrap();
        let names: Vec<(&str, Option<f64>)> = found.iter().map(|one| (&*one.name, one.share)).collect();
        assert_eq!(names, [("b", Some(0.1)), ("a", None)]);
        assert!(sidecars(&models, &[canary("new=10%")], &[]).is_err());
        assert_eq!(sidecars(&models[..1], &[canary("new=10%")], &[]).unwrap()[0].name, "a");
        assert!(sidecars(&models[..1], &[canary("c=new=10%")], &[]).is_err());
    }

    #[test]
    fn addresses_are_checked_before_anything_is_loaded() {
        assert_eq!(parse_listen("127.0.0.1:0"), Ok(Listen::Tcp("127.0.0.1:0".to_owned())));
        assert_eq!(parse_listen("[::1]:80"), Ok(Listen::Tcp("[::1]:80".to_owned())));
        assert_eq!(parse_listen("unix:/run/x"), Ok(Listen::Unix("/run/x".into())));
        for text in ["8080", ":8080", "host", "host:port", "host:99999", "unix:"] {
            assert!(parse_listen(text).is_err(), "{text}");
        }
    }
}
