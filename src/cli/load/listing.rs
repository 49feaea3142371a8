//! A run as text: its table, and what a reader should know beside it.

use std::time::Duration;

use crate::load::{End, Latencies, Outcome, Pace};

use super::super::listing::{Field, Listing, column};
use super::super::table;
use super::Report;
use super::gates::{per_second, successes_per_second};
use super::values::{grouped, latency, percent, rate};
use crate::number::counted;

/// What is shown of latencies: names and millionths.
pub(super) const PERCENTILES: [(&str, u32); 7] = [
    ("p50", 500_000),
    ("p75", 750_000),
    ("p90", 900_000),
    ("p95", 950_000),
    ("p99", 990_000),
    ("p99.9", 999_000),
    ("p99.99", 999_900),
];

/// A generator that is busier than this may itself be what is measured.
const BUSY: f64 = 0.9;

/// A generator that is later than this with 1 % of its requests is told of.
const LATE: Duration = Duration::from_millis(1);

/// What was done, for headings: `open loop, 1,000 requests/s, 128 connections`.
pub(super) fn manner(report: &Report<'_>) -> String {
    let connections = counted(grouped(report.plan.concurrency), "connection");
    match report.plan.pace {
        Pace::Closed => format!("closed loop, {connections}"),
        Pace::Open(due) => format!("open loop, {} requests/s over {connections}", rate(due)),
    }
}

/// The whole report.
pub(super) fn text(report: &Report<'_>) -> String {
    let mut text = format!("{} {}\n{}", report.args.method.name(), report.url, manner(report));
    if !report.plan.warm_up.is_zero() {
        text.push_str(", after ");
        text.push_str(&elapsed(report.plan.warm_up));
        text.push_str(" of warm-up");
    }
    text.push_str("\n\n");
    if report.outcome.tally.succeeded() > 0 {
        text.push_str(&percentiles(report));
        text.push_str("\n\n");
    }
    text.push_str(&figures(report));
    text
}

/// The latencies of answers of 2xx in seconds, for other programs. A closed loop knows one of them.
pub(super) fn percentile_rows(report: &Report<'_>) -> Listing {
    let tally = &report.outcome.tally;
    let is_open = matches!(report.plan.pace, Pace::Open(_));
    let mut listing = Listing::new(["quantile", "response_s", "service_s"].map(|name| column("", name)));
    let mut add = |name: &str, value: &dyn Fn(&Latencies) -> Option<Duration>| {
        let seconds = |latencies| Field::number(value(latencies).map(|time| time.as_secs_f64()));
        let service = if is_open { seconds(&tally.service) } else { Field::name("") };
        listing.add([Field::name(name), seconds(&tally.response), service]);
    };
    for (name, millionths) in PERCENTILES {
        add(name, &|latencies| latencies.quantile(millionths));
    }
    add("max", &Latencies::largest);
    add("mean", &Latencies::mean);
    listing
}

/// The latencies of answers of 2xx.
fn percentiles(report: &Report<'_>) -> String {
    let tally = &report.outcome.tally;
    let columns: &[(&str, &Latencies)] = match report.plan.pace {
        Pace::Closed => &[(">LATENCY", &tally.response)],
        Pace::Open(_) => &[(">RESPONSE TIME", &tally.response), (">SERVICE TIME", &tally.service)],
    };
    let titles: Vec<&str> =
        std::iter::once("2xx ANSWERS").chain(columns.iter().map(|column| column.0)).collect();
    let mut listing = table::table(&titles);
    let shown = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), latency);
    let mut row = |name: &str, value: &dyn Fn(&Latencies) -> Option<Duration>| {
        let values = columns.iter().map(|(_, latencies)| shown(value(latencies)));
        listing.add_row(std::iter::once(name.to_owned()).chain(values));
    };
    for (name, millionths) in PERCENTILES {
        row(name, &|latencies| latencies.quantile(millionths));
    }
    row("max", &Latencies::largest);
    row("mean", &Latencies::mean);
    table::render(&listing)
}

/// Counts, rates, and what failed.
fn figures(report: &Report<'_>) -> String {
    let outcome = report.outcome;
    let tally = &outcome.tally;
    let mut lines = vec![
        (
            "requests",
            format!(
                "{} in {}, {} answered with 2xx",
                grouped(tally.answered() + tally.failed()),
                elapsed(outcome.elapsed),
                grouped(tally.succeeded()),
            ),
        ),
        ("rate", rates(outcome)),
        (
            "bytes",
            format!(
                "{}/s received, {}/s sent",
                table::bytes(per_second(tally.bytes_received, outcome) as u64),
                table::bytes(per_second(tally.bytes_sent, outcome) as u64)
            ),
        ),
    ];
    if !tally.statuses.is_empty() {
        let statuses = tally.statuses.iter().map(|(status, count)| format!("{status} × {}", grouped(*count)));
        lines.push(("answers", statuses.collect::<Vec<_>>().join(", ")));
    }
    if tally.refusals.count() > 0 {
        lines.push(("not 2xx", spread(&tally.refusals)));
    }
    if tally.failed() > 0 {
        let errors = tally.errors.iter();
        let errors = errors.map(|(class, count)| format!("{} × {}", class.meaning(), grouped(*count)));
        let errors = errors.collect::<Vec<_>>().join(", ");
        lines.push(("errors", format!("{errors} ({})", percent(tally.error_share().unwrap_or_default()))));
        lines.push(("", format!("after {}", spread(&tally.failures))));
    }
    if tally.unfinished > 0 {
        lines.push(("unfinished", format!("{} on their way when it was stopped", grouped(tally.unfinished))));
    }
    lines.push(("generator", generator(report)));
    let mut listing = table::table(&["", "…"]);
    listing.set_width(u16::MAX);
    for (name, value) in lines {
        listing.add_row([name.to_owned(), value]);
    }
    // The head of a table of names and values is empty.
    let text = table::render(&listing);
    text.split_once('\n').map_or(String::new(), |(_, rows)| rows.to_owned())
}

fn rates(outcome: &Outcome) -> String {
    let successes = rate(successes_per_second(outcome));
    let all = rate(per_second(outcome.tally.answered(), outcome));
    if successes == all {
        format!("{successes} answers/s")
    } else {
        format!("{successes} answers of 2xx/s, {all} of any status")
    }
}

/// Latencies in a line.
fn spread(latencies: &Latencies) -> String {
    let of = |millionths| latencies.quantile(millionths).map(latency).unwrap_or_default();
    let largest = latencies.largest().map(latency).unwrap_or_default();
    format!("p50 {}, p99 {}, max {largest}", of(500_000), of(990_000))
}

/// What sending cost: it may be what limits a run.
fn generator(report: &Report<'_>) -> String {
    let tally = &report.outcome.tally;
    let threads = counted(grouped(report.plan.threads), "thread");
    let text = format!(
        "{} CPU per request, {threads} busy {}, {} opened",
        latency(cpu_per_request(report.outcome)),
        percent(busy(report)),
        counted(grouped(tally.connections), "connection"),
    );
    match (tally.lag.quantile(500_000), tally.lag.quantile(990_000)) {
        (Some(usual), Some(lag)) => {
            format!("{text}, late by {} (p50) and {} (p99)", latency(usual), latency(lag))
        }
        _ => text,
    }
}

/// Time on a processor per request sent, the first connections included.
pub(super) fn cpu_per_request(outcome: &Outcome) -> Duration {
    outcome.tally.cpu.div_f64(outcome.tally.sent.max(1) as f64)
}

/// The share of its time that the generator's threads were busy.
pub(super) fn busy(report: &Report<'_>) -> f64 {
    let all = report.outcome.ran.as_secs_f64() * f64::from(report.plan.threads);
    if all > 0.0 { report.outcome.tally.cpu.as_secs_f64() / all } else { 0.0 }
}

/// What a reader should know beside the numbers.
pub(super) fn notes(report: &Report<'_>) -> Vec<String> {
    let tally = &report.outcome.tally;
    let mut notes = Vec::new();
    if let Some((status, body)) = &tally.first_refusal {
        notes.push(format!(
            "the first answer that was not 2xx: {status} {}",
            table::shortened(body.trim(), 200)
        ));
    }
    if let Some(why) = &tally.first_bad_answer {
        notes.push(format!("the first answer that was no HTTP: {why}"));
    }
    match report.plan.pace {
        Pace::Closed => notes.extend(omission(report)),
        Pace::Open(due) => notes.extend(shortfall(report, due)),
    }
    if busy(report) > BUSY {
        notes.push(format!(
            "the generator was busy {} of the time, so rate and latencies may be its own: take more --threads, where there are cores for them",
            percent(busy(report))
        ));
    }
    if let Some(lag) = tally.lag.quantile(990_000).filter(|lag| *lag > LATE) {
        notes.push(format!(
            "the generator was late by {} or more with 1 % of its requests, which is in their response times: the machine is busy",
            latency(lag)
        ));
    }
    notes
}

/// What a closed loop does not measure.
fn omission(report: &Report<'_>) -> Option<String> {
    let outcome = report.outcome;
    let longest = outcome.tally.response.largest()?;
    let found = successes_per_second(outcome);
    let missed = found * longest.as_secs_f64();
    // Below what the server can do, so that a queue has an end.
    let suggested = two_digits(found * 0.7).max(1.0);
    let missed = if missed >= 2.0 {
        let missed = grouped(missed as u64);
        format!("; about {missed} would have been due during the longest of {}", latency(longest))
    } else {
        String::new()
    };
    Some(format!(
        "closed loop: requests that were not sent while answers were awaited are not in these latencies{missed}. \
         `--rate {suggested}` measures them"
    ))
}

/// Why an open loop's requests waited, or were not sent.
fn shortfall(report: &Report<'_>, due: f64) -> Option<String> {
    let tally = &report.outcome.tally;
    let (response, service) = (tally.response.quantile(990_000)?, tally.service.quantile(990_000)?);
    let waited = response.checked_sub(service).filter(|waited| *waited > service.max(LATE))?;
    let mean = tally.service.mean()?.as_secs_f64();
    let most = f64::from(report.plan.concurrency) / mean.max(1e-9);
    let connections = report.plan.concurrency;
    Some(if most < due * 1.2 {
        format!(
            "requests waited up to {} (p99) for one of {connections} connections: at {} each they carry {} requests/s at most; \
             the server is overloaded, or --concurrency is too low",
            latency(waited),
            latency(Duration::from_secs_f64(mean)),
            rate(most)
        )
    } else {
        format!(
            "requests waited up to {} (p99) for a free connection while the server stalled",
            latency(waited)
        )
    })
}

/// A time that has passed: `12.3 ms`, `5.00 s`, `3 min 05 s`.
fn elapsed(time: Duration) -> String {
    let is_short = time < Duration::from_secs(1);
    if is_short { latency(time) } else { table::duration(time.as_secs_f64()) }
}

/// Rounded down to two digits.
fn two_digits(number: f64) -> f64 {
    let unit = 10_f64.powf((number.max(1.0).log10().floor() - 1.0).max(0.0));
    (number / unit).floor() * unit
}

/// What ended it, for headings.
pub(super) fn extent(report: &Report<'_>) -> String {
    match report.plan.end {
        End::Requests(_) => elapsed(report.outcome.elapsed),
        End::Duration(duration) => elapsed(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggested_rates_are_round_and_not_higher() {
        let shown = [41_234.0, 999.0, 87.6, 3.4, 0.2].map(|rate| two_digits(rate).to_string());
        assert_eq!(shown, ["41000", "990", "87", "3", "0"]);
    }
}
