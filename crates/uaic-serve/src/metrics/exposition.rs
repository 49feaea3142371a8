//! How families of metrics are written, and in which of two formats.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::histogram::Snapshot;

/// Ends of names that say a unit.
static UNITS: [(&str, Unit); 2] = [("_seconds", Unit::Seconds), ("_bytes", Unit::Bytes)];

/// Names and values of a series' labels.
pub(super) type Labels<'a> = [(&'a str, &'a str)];

/// Where families are written, one after the other.
pub(super) struct Exposition<'a>(DescriptorEncoder<'a>);

impl<'a> Exposition<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    /// The name is that of the series, with `_total`.
    pub(super) fn counter(&mut self, name: &'static str, help: &str) -> Result<Family<'_>, fmt::Error> {
        self.family(name.strip_suffix("_total").unwrap_or(name), help, MetricType::Counter)
    }

    pub(super) fn gauge(&mut self, name: &'static str, help: &str) -> Result<Family<'_>, fmt::Error> {
        self.family(name, help, MetricType::Gauge)
    }

    pub(super) fn histogram(&mut self, name: &'static str, help: &str) -> Result<Family<'_>, fmt::Error> {
        self.family(name, help, MetricType::Histogram)
    }

    fn family(&mut self, name: &'static str, help: &str, kind: MetricType) -> Result<Family<'_>, fmt::Error> {
        // The encoder puts the unit behind the name itself.
        let unit = UNITS.iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, unit)));
        let (name, unit) = unit.map_or((name, None), |(name, unit)| (name, Some(unit)));
        Ok(Family(self.0.encode_descriptor(name, help, unit, kind)?))
    }
}

/// One family, and where its series are written.
pub(super) struct Family<'a>(MetricEncoder<'a>);

impl Family<'_> {
    pub(super) fn count(
        &mut self,
        labels: &Labels<'_>,
        value: impl EncodeCounterValue + Copy,
    ) -> fmt::Result {
        self.series(labels, |encoder| encoder.encode_counter::<NoLabelSet, _, f64>(&value, None))
    }

    pub(super) fn value(&mut self, labels: &Labels<'_>, value: impl EncodeGaugeValue + Copy) -> fmt::Result {
        self.series(labels, |encoder| encoder.encode_gauge(&value))
    }

    pub(super) fn distribution(&mut self, labels: &Labels<'_>, snapshot: &Snapshot) -> fmt::Result {
        self.series(labels, |encoder| {
            let Snapshot { buckets, sum } = snapshot;
            encoder.encode_histogram::<NoLabelSet>(*sum, snapshot.count(), buckets, None)
        })
    }

    /// Without labels there are no braces.
    fn series(
        &mut self,
        labels: &Labels<'_>,
        write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
    ) -> fmt::Result {
        if labels.is_empty() { write(&mut self.0) } else { write(&mut self.0.encode_family(&labels)?) }
    }
}

/// The two text formats that Prometheus reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// The older one, which browsers show and everything reads.
    #[default]
    Text,
    /// `OpenMetrics` 1.0, which knows units and where it ends.
    OpenMetrics,
}

impl Format {
    /// By an `Accept` header: `OpenMetrics` for whoever prefers it by name to plain text, as Prometheus
    /// does; plain text for everybody else.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let accept = accept.unwrap_or_default();
        let quality =
            |wanted: &str| accept.split(',').filter_map(|range| quality(range, wanted)).fold(0.0, f64::max);
        let open = quality("application/openmetrics-text");
        if open > 0.0 && open >= quality("text/plain") { Self::OpenMetrics } else { Self::Text }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// From `OpenMetrics`, in which everything is written.
    pub(super) fn convert(self, open: String) -> String {
        if self == Self::OpenMetrics { open } else { plain(&open) }
    }
}

/// The quality of a media range, if it is of this type: 1 where it says none.
fn quality(range: &str, wanted: &str) -> Option<f64> {
    let mut parts = range.split(';').map(str::trim);
    parts.next().filter(|media| media.eq_ignore_ascii_case(wanted))?;
    let said = parts.find_map(|part| part.strip_prefix("q="));
    said.map_or(Some(1.0), |quality| quality.parse().ok())
}

/// The older format differs in what is said of a family: a counter's name has its `_total` there, too,
/// and there are no units and no end.
fn plain(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut lines = open.lines().peekable();
    while let Some(line) = lines.next() {
        let (word, rest) = line.strip_prefix("# ").and_then(|line| line.split_once(' ')).unwrap_or(("", ""));
        // HELP is followed by the TYPE of the same family.
        let described = if word == "HELP" { lines.peek().copied().unwrap_or(line) } else { line };
        let counter = described.starts_with("# TYPE ") && described.ends_with(" counter");
        match (word, rest.split_once(' ')) {
            ("UNIT", _) => continue,
            (_, None) if line == "# EOF" => continue,
            (word, Some((name, said))) if counter => text.extend(["# ", word, " ", name, "_total ", said]),
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_is_for_whoever_prefers_it_by_name() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::negotiate(Some(prometheus)), Format::OpenMetrics);
        let older = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::negotiate(Some(older)), Format::OpenMetrics);
        for plain in [
            "",
            "*/*",
            "text/html,*/*;q=0.8",
            "application/openmetrics-text;q=0",
            "a;b=c,;;,q=9",
            "application/openmetrics-text;q=0.2, text/plain",
            "application/openmetrics-text;q=x",
        ] {
            assert_eq!(Format::negotiate(Some(plain)), Format::Text, "{plain}");
        }
        assert_eq!(Format::negotiate(None), Format::Text);
    }

    #[test]
    fn the_older_format_names_counters_in_full_and_has_no_end() {
        let open = "# HELP a_seconds A counter.\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1\n# HELP b B counter\n# TYPE b gauge\nb{c=\"# EOF\"} 2\n# EOF\n";
        let plain = "# HELP a_seconds_total A counter.\n# TYPE a_seconds_total counter\na_seconds_total 1\n# HELP b B counter\n# TYPE b gauge\nb{c=\"# EOF\"} 2\n";
        assert_eq!(Format::Text.convert(open.to_owned()), plain);
        assert_eq!(Format::OpenMetrics.convert(open.to_owned()), open);
    }
}
