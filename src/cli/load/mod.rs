//! `uaic load`: sends requests to a server and measures how it does.

mod gates;
mod json;
mod listing;
mod picture;
mod texts;
pub(super) mod values;

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::ErrorKind;
use crate::fsx;
use crate::load::{self, End, Header, Method, Outcome, Pace, Plan, Progress, RequestHead, Target};
use crate::report::draw::{Format, Options, draw};

use self::gates::Bounds;
use self::values::{grouped, parse_duration, parse_rate, parse_share, parse_some_duration, rate};
use super::exit::Failure;
use super::{Global, printer};

/// What is asked where the URL has no path.
const PATH: &str = "/v1/predict";

/// How long requests are sent by default.
const DURATION: Duration = Duration::from_secs(10);

/// Connections of a closed loop by default.
const CLOSED_CONNECTIONS: u32 = 16;

/// Connections of an open loop by default; those that are not needed wait.
const OPEN_CONNECTIONS: u32 = 128;

/// Arguments of `uaic load`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic load http://127.0.0.1:8080                          as fast as 16 connections go, for 10 s
  uaic load http://127.0.0.1:8080 --rate 2000 --duration 1m --histogram latency.png
  uaic load http://127.0.0.1:8080/intent --file texts.tsv --requests 100000 --concurrency 64
  uaic load http://127.0.0.1:8080/readyz --method GET --rate 100 --max-p99 5ms --max-errors 0.1%

Without --rate it is a closed loop: each connection sends its next request when its last is
answered. A server that stalls is then asked less while it stalls, and the requests that would have
come meanwhile are not in its latencies. With --rate it is an open loop: requests are due at even
times, and a latency counts from when its request was due, the wait for a free connection included.
The table then has both: response time (from when it was due) and service time (from when it was
sent). Requests that still wait at the end are sent, so that an overload is told in full; those that
have waited longer than --timeout never are, and count as errors.

The table and the gates are about answers of 2xx; other answers and errors are counted, and timed,
apart. Latencies are kept in buckets, so percentiles are off by 0.2 % at most; mean, min and max are
exact. A request that needs a new connection has the time to open it in its latency.

A .tsv file has texts in its first column, a .jsonl file objects with \"text\", any other file one
text per line. They are sent in order, and again from the first.

With --csv: quantile, response_s, service_s: the latencies of 2xx answers in seconds.
With --json: {\"schema\": 1, \"url\", \"method\", \"loop\": \"closed\" or \"open\",
  \"rate_per_s\": number or null, \"concurrency\", \"threads\", \"timeout_s\", \"warm_up_s\",
  \"interrupted\", \"elapsed_s\", \"requests\", \"succeeded\", \"unfinished\",
  \"answers_per_s\", \"successes_per_s\", \"received_bytes\", \"sent_bytes\", \"connections\",
  \"statuses\": {\"200\": count}, \"errors\": {\"refused\", \"unreachable\", \"timeout\",
  \"unsent\", \"reset\", \"closed\", \"bad_answer\"}, \"error_share\",
  \"first_refusal\": {\"status\", \"body\"} or null,
  \"response_time\", \"service_time\", \"refusal_time\", \"failure_time\": each {\"count\",
  \"mean_ms\", \"min_ms\", \"p50_ms\", \"p75_ms\", \"p90_ms\", \"p95_ms\", \"p99_ms\",
  \"p99.9_ms\", \"p99.99_ms\", \"max_ms\", \"buckets_ms\": [[from, to, count]]},
  \"generator\": {\"cpu_us_per_request\", \"busy\" (share of its threads' time), \"lag\" (how
  late it sent though a connection was free)}, \"gates\": [{\"rule\", \"broken\", \"why\"}]}

Exit codes: 0 when at least one answer was 2xx and no gate is broken, 1 otherwise, 130 after Ctrl-C,
which ends it early with a report of what was done.")]
pub struct LoadArgs {
    /// Where requests go; without a path, to /v1/predict
    #[arg(value_name = "URL")]
    pub url: String,

    /// End after this many requests
    #[arg(short = 'n', long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: Option<u64>,

    /// How long requests are sent, such as 30s or 2m; 10s by default
    #[arg(short, long, value_name = "TIME", value_parser = parse_some_duration)]
    pub duration: Option<Duration>,

    /// Connections, each with one request at a time; 16, or 128 with --rate, by default
    #[arg(short, long, value_name = "C", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub concurrency: Option<u32>,

    /// Requests a second that are due, whatever the answers do (open loop)
    #[arg(short, long, value_name = "R", value_parser = parse_rate)]
    pub rate: Option<f64>,

    /// Send for this long before anything counts
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub warm_up: Duration,

    /// How long an answer may take, and, with --rate, a request may wait for a free connection
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_some_duration)]
    pub timeout: Duration,

    /// Threads that send
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub threads: u32,

    /// Texts to send, from a .tsv, .jsonl or plain file; a dozen of our own by default
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Send this many texts in each request, as "texts"
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub batch: Option<u32>,

    /// Send this body, as it is, instead of texts
    #[arg(long, value_name = "JSON", conflicts_with_all = ["file", "batch"])]
    pub body: Option<String>,

    /// GET, HEAD, DELETE and OPTIONS have no body
    #[arg(long, value_name = "METHOD", default_value = "POST", value_parser = parse_method)]
    pub method: Method,

    /// A header line; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = parse_header)]
    pub headers: Vec<Header>,

    /// Fail when more than half of the answers take longer
    #[arg(long, value_name = "TIME", help_heading = "Gates", value_parser = parse_duration)]
    pub max_p50: Option<Duration>,

    /// Fail when more than one in 100 answers takes longer
    #[arg(long, value_name = "TIME", help_heading = "Gates", value_parser = parse_duration)]
    pub max_p99: Option<Duration>,

    /// Fail when more than one in 1000 answers takes longer
    #[arg(long = "max-p99.9", value_name = "TIME", help_heading = "Gates", value_parser = parse_duration)]
    pub max_p999: Option<Duration>,

    /// Fail when a larger share of requests has no answer of 2xx, such as 0.1%
    #[arg(long, value_name = "SHARE", help_heading = "Gates", value_parser = parse_share)]
    pub max_errors: Option<f64>,

    /// Fail when there are fewer answers of 2xx a second
    #[arg(long, value_name = "R", help_heading = "Gates", value_parser = parse_rate)]
    pub min_rate: Option<f64>,

    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,

    /// Draw the latencies, as .png or .svg
    #[arg(long, value_name = "OUT")]
    pub histogram: Option<PathBuf>,
}

fn parse_method(text: &str) -> Result<Method, String> {
    let known = Method::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(text));
    known.ok_or_else(|| format!("there are {}", Method::ALL.map(Method::name).join(", ")))
}

fn parse_header(text: &str) -> Result<Header, String> {
    Header::parse(text).map_err(|error| error.to_string())
}

/// A run and what was asked for, for whoever shows it.
struct Report<'a> {
    args: &'a LoadArgs,
    plan: &'a Plan,
    /// The URL with its path.
    url: String,
    outcome: &'a Outcome,
    gates: Vec<gates::Gate>,
}

/// Sends requests and reports.
pub(super) fn run(_: &Global, args: &LoadArgs) -> anyhow::Result<ExitCode> {
    let target = Target::parse(&args.url).map_err(|error| Failure::usage(error.to_string()))?;
    let format = args.histogram.as_deref().map(picture::format_of).transpose()?;
    let plan = plan(args, &target)?;
    let is_stopped = stop_on_signals().context("cannot listen for Ctrl-C")?;
    let bar = Bar::new(args);
    let outcome = load::run(plan.clone(), &mut |progress| {
        bar.show(progress);
        if is_stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.clear();
    let outcome = outcome?;
    let path = target.path.as_deref().unwrap_or(PATH);
    let url = format!("http://{}{path}", target.authority());
    let gates = gates::check(&bounds(args), &outcome);
    let report = Report { args, plan: &plan, url, outcome: &outcome, gates };
    show(&report, format)?;
    code_of(&report)
}

fn bounds(args: &LoadArgs) -> Bounds {
    Bounds {
        max_p50: args.max_p50,
        max_p99: args.max_p99,
        max_p999: args.max_p999,
        max_errors: args.max_errors,
        min_rate: args.min_rate,
    }
}

/// What is sent, and how. The server has to take a connection before anything starts.
fn plan(args: &LoadArgs, target: &Target) -> anyhow::Result<Plan> {
    let bodies = bodies(args)?;
    let authority = target.authority();
    let path = target.path.as_deref().unwrap_or(PATH);
    let head = RequestHead { method: args.method, path, authority: &authority, headers: &args.headers };
    let requests = bodies.iter().map(|body| head.with_body(body)).collect();
    let default = if args.rate.is_some() { OPEN_CONNECTIONS } else { CLOSED_CONNECTIONS };
    let mut concurrency = args.concurrency.unwrap_or(default);
    if let Some(requests) = args.requests {
        // A connection that has nothing to send need not be opened.
        concurrency = concurrency.min(u32::try_from(requests).unwrap_or(u32::MAX));
    }
    let address = target.reach(args.timeout).with_context(|| {
        format!("cannot connect to {authority}; is the server running, and on this port?")
    })?;
    Ok(Plan {
        address,
        requests,
        is_bodiless: args.method == Method::Head,
        concurrency,
        threads: args.threads.min(concurrency),
        pace: args.rate.map_or(Pace::Closed, Pace::Open),
        end: match args.requests {
            Some(requests) => End::Requests(requests),
            None => End::Duration(args.duration.unwrap_or(DURATION)),
        },
        warm_up: args.warm_up,
        timeout: args.timeout,
    })
}

fn bodies(args: &LoadArgs) -> anyhow::Result<Vec<Vec<u8>>> {
    if !args.method.has_body() {
        if args.file.is_some() || args.batch.is_some() || args.body.is_some() {
            let name = args.method.name();
            let message = format!("a {name} request has no body; leave --file, --batch and --body away");
            return Err(Failure::usage(message).into());
        }
        return Ok(vec![Vec::new()]);
    }
    if let Some(body) = &args.body {
        return Ok(vec![body.clone().into_bytes()]);
    }
    Ok(texts::bodies(&texts::texts(args.file.as_deref())?, args.batch))
}

/// The first Ctrl-C ends it with a report, the second at once.
fn stop_on_signals() -> std::io::Result<Arc<AtomicBool>> {
    let is_stopped = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        let code = i32::from(ErrorKind::Interrupted.code());
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&is_stopped))?;
        signal_hook::flag::register(signal, Arc::clone(&is_stopped))?;
    }
    Ok(is_stopped)
}

/// Table or JSON to stdout, the picture to its file, everything else to stderr.
fn show(report: &Report<'_>, format: Option<Format>) -> anyhow::Result<()> {
    if report.args.json {
        printer::json(&json::json(report))?;
    } else if report.args.csv {
        listing::percentile_rows(report).print_csv()?;
    } else {
        printer::data(listing::text(report))?;
    }
    if let (Some(path), Some(format)) = (&report.args.histogram, format) {
        let figure = picture::figure(report);
        let bytes = draw(&figure, &Options { format, ..Options::default() })?;
        fsx::write_atomic(path, &bytes)?;
        printer::talk(format!("drew {}", path.display()));
    }
    for note in listing::notes(report) {
        printer::talk(note);
    }
    for gate in &report.gates {
        printer::talk(gate.told());
    }
    Ok(())
}

fn code_of(report: &Report<'_>) -> anyhow::Result<ExitCode> {
    let outcome = report.outcome;
    if outcome.interrupted {
        printer::talk("stopped before its end");
        return Ok(ErrorKind::Interrupted.into());
    }
    if outcome.tally.succeeded() == 0 {
        let all = outcome.tally.answered() + outcome.tally.failed();
        anyhow::bail!("none of {} requests was answered with 2xx", grouped(all));
    }
    let broken = report.gates.iter().any(|gate| gate.broken);
    Ok(if broken { ErrorKind::Failed.into() } else { ExitCode::SUCCESS })
}

/// A bar on stderr; nothing where that is no terminal.
struct Bar {
    line: ProgressBar,
    requests: Option<u64>,
    /// Seconds and answers of about a second ago, and the rate since the time before.
    last: Cell<(f64, u64, f64)>,
}

impl Bar {
    /// Its length is the number of requests, or milliseconds.
    fn new(args: &LoadArgs) -> Self {
        let duration = args.duration.unwrap_or(DURATION).as_millis() as u64;
        let bar = ProgressBar::new(args.requests.unwrap_or(duration));
        let style = ProgressStyle::with_template("{bar:24} {wide_msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("━╸─"));
        Self { line: bar, requests: args.requests, last: Cell::default() }
    }

    fn show(&self, progress: &Progress) {
        let Some(elapsed) = progress.elapsed else {
            self.line.set_message("warming up");
            return;
        };
        let seconds = elapsed.as_secs_f64();
        let done = if self.requests.is_some() { progress.answered } else { elapsed.as_millis() as u64 };
        self.line.set_position(done.min(self.line.length().unwrap_or(done)));
        let errors = match progress.unsuccessful {
            0 => String::new(),
            count => format!(", {} not 2xx", grouped(count)),
        };
        let answers = rate(self.current_rate(seconds, progress.answered));
        self.line.set_message(format!("{seconds:.1} s, {answers} answers/s{errors}"));
    }

    /// Answers a second over the last second.
    fn current_rate(&self, seconds: f64, answered: u64) -> f64 {
        let (before, count, rate) = self.last.get();
        let passed = seconds - before;
        let now = (answered - count) as f64 / passed.max(1e-3);
        if passed < 1.0 {
            return if rate > 0.0 { rate } else { now };
        }
        self.last.set((seconds, answered, now));
        now
    }

    fn clear(&self) {
        self.line.finish_and_clear();
    }
}
