//! How `uaic serve` does: start, latency, throughput, overload, swaps and abuse, with everything
//! recorded that is by default. `cargo bench --bench serve -- PACKAGE [start|load|overload|swap|abuse]`

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, dead_code)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::TestDir;
use support::server::RunningServer;
use uaic::load::{End, Method, Outcome, Pace, Plan, RequestHead, Target, run};

/// Connections of the throughput.
const CONNECTIONS: u32 = 64;
/// Requests during which versions are swapped.
const SWAP_REQUESTS: u64 = 100_000;
/// Bad requests.
const BAD_REQUESTS: usize = 1_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    let Some(package) = arguments.first().map(PathBuf::from).filter(|path| path.exists()) else {
        println!("name a package: cargo bench --bench serve -- intents.uaic");
        return;
    };
    let wanted = |part: &str| arguments.len() < 2 || arguments[1..].iter().any(|one| one == part);
    for (part, measure) in PARTS {
        if wanted(part) {
            println!("{part}");
            measure(&package);
        }
    }
}

type Part = (&'static str, fn(&Path));

const PARTS: [Part; 5] =
    [("start", start), ("load", load), ("overload", overload), ("swap", swap), ("abuse", abuse)];

fn serve(package: &Path, options: &str) -> RunningServer {
    let dir = TestDir::new();
    for name in ["flights.uaic", "other.uaic"] {
        std::fs::copy(package, dir.join(name)).unwrap();
    }
    RunningServer::start(dir, &format!("flights.uaic {options}"))
}

fn start(package: &Path) {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..15 {
        let begin = Instant::now();
        let server = serve(package, "");
        times.push(begin.elapsed());
        drop(server);
    }
    times.sort();
    println!("  to ready: median {:?}, largest {:?}", times[7], times[14]);
    let server = serve(package, "");
    let before = processor(&server);
    std::thread::sleep(Duration::from_secs(10));
    println!("  idle: {:.2} % of a core, {} KiB", (processor(&server) - before) * 10.0, server.memory());
}

fn load(package: &Path) {
    for connections in [1, 8, CONNECTIONS] {
        let server = serve(package, "");
        let before = processor(&server);
        let outcome = ask(&server, connections, Pace::Closed, End::Duration(Duration::from_secs(10)));
        let used = (processor(&server) - before) / outcome.tally.answered() as f64 * 1e6;
        tell(&format!("{connections} connections"), &outcome);
        println!(
            "    {used:.1} µs of CPU a request, {} KiB, log: {} rows, {} dropped",
            server.memory(),
            server.metric("uaic_request_log_rows_total"),
            server.metric("uaic_request_log_dropped_total")
        );
    }
}

/// Twice as much as can be answered, in requests of many texts, so that it is the model that is busy
/// and not what generates the requests.
fn overload(package: &Path) {
    let options = "--queue 1024 --deadline 200ms";
    let server = serve(package, options);
    let closed = (8, Pace::Closed, End::Duration(Duration::from_secs(5)));
    let outcome = ask_with(&server, "/v1/predict", large_body, closed);
    tell("closed loop", &outcome);
    let rate = 2.0 * outcome.tally.succeeded() as f64 / outcome.elapsed.as_secs_f64();
    let server = serve(package, options);
    let open = (512, Pace::Open(rate), End::Duration(Duration::from_secs(10)));
    let outcome = ask_with(&server, "/v1/predict", large_body, open);
    tell(&format!("open loop, {rate:.0} a second"), &outcome);
}

fn swap(package: &Path) {
    let server = serve(package, "--admin 127.0.0.1:0");
    let stop = AtomicBool::new(false);
    let (outcome, swaps) = std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut swaps = 0;
            while !stop.load(Ordering::Relaxed) {
                let address = ["other.uaic", "flights.uaic"][swaps % 2];
                let body = format!("{{\"address\": \"{address}\"}}");
                server.admin("POST", "/admin/models/flights/load", &body).ok();
                swaps += 1;
                std::thread::sleep(Duration::from_millis(50));
            }
            swaps
        });
        let outcome = ask(&server, CONNECTIONS, Pace::Closed, End::Requests(SWAP_REQUESTS));
        stop.store(true, Ordering::Relaxed);
        (outcome, swapping.join().unwrap())
    });
    tell(&format!("{SWAP_REQUESTS} requests, {swaps} swaps"), &outcome);
}

fn abuse(package: &Path) {
    let server = serve(package, "");
    let memory = server.memory();
    let begin = Instant::now();
    let mut after = Vec::new();
    let mut outcomes: Vec<support::abuse::Outcome> = Vec::new();
    for quarter in 0..4_u64 {
        outcomes.extend(std::thread::scope(|scope| {
            let abuser = |seed| {
                let address = server.address();
                scope.spawn(move || support::abuse::run(address, BAD_REQUESTS / 16, quarter * 4 + seed))
            };
            let abusers: Vec<_> = (1..=4).map(abuser).collect();
            abusers.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
        }));
        after.push(server.memory());
    }
    let mut statuses = std::collections::BTreeMap::new();
    for outcome in &outcomes {
        for (status, count) in &outcome.statuses {
            *statuses.entry(status).or_insert(0) += count;
        }
    }
    let sent: usize = outcomes.iter().map(|outcome| outcome.sent).sum();
    println!(
        "  {sent} bad requests in {:.0} s, by status (0: closed): {statuses:?}",
        begin.elapsed().as_secs_f64()
    );
    println!("  panics: {}", server.metric("uaic_rejections_total{reason=\"panic\"}"));
    println!("  memory: {memory} KiB before, {after:?} after each quarter");
    let wrong: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.wrong).collect();
    println!("  wrong answers: {}", wrong.len());
    wrong.iter().take(5).for_each(|one| println!("    {one}"));
}

fn ask(server: &RunningServer, connections: u32, pace: Pace, end: End) -> Outcome {
    ask_with(server, "/intent", body, (connections, pace, end))
}

fn text(number: usize) -> String {
    let words = [
        "flights", "from", "boston", "to", "denver", "on", "monday", "what", "does", "it", "cost", "nonstop",
    ];
    (0..4 + number % 14).map(|at| words[(number * 7 + at * 5) % words.len()]).collect::<Vec<_>>().join(" ")
}

/// One text.
fn body(number: usize) -> String {
    format!("{{\"text\": \"{}\"}}", text(number))
}

/// So many texts that the model is what limits.
fn large_body(number: usize) -> String {
    let texts: Vec<String> = (0..64).map(|at| format!("\"{}\"", text(number * 64 + at))).collect();
    format!("{{\"texts\": [{}]}}", texts.join(", "))
}

fn ask_with(
    server: &RunningServer,
    path: &str,
    body: fn(usize) -> String,
    (connections, pace, end): (u32, Pace, End),
) -> Outcome {
    let target = Target::parse(&server.url).unwrap();
    let head = RequestHead { method: Method::Post, path, authority: &target.authority(), headers: &[] };
    let plan = Plan {
        address: target.reach(Duration::from_secs(5)).unwrap(),
        requests: (0..500).map(|number| head.with_body(body(number).as_bytes())).collect(),
        is_bodiless: false,
        concurrency: connections,
        threads: 1,
        pace,
        end,
        warm_up: Duration::ZERO,
        timeout: Duration::from_secs(10),
    };
    run(plan, &mut |_| ControlFlow::Continue(())).unwrap()
}

fn tell(what: &str, outcome: &Outcome) {
    let tally = &outcome.tally;
    let quantile = |millionths| tally.response.quantile(millionths).unwrap_or_default();
    println!(
        "  {what}: {:.0} answered a second, p50 {:?}, p99 {:?}, p99.9 {:?}, largest {:?}; statuses {:?}, failed {}",
        tally.succeeded() as f64 / outcome.elapsed.as_secs_f64(),
        quantile(500_000),
        quantile(990_000),
        quantile(999_000),
        tally.response.largest().unwrap_or_default(),
        tally.statuses,
        tally.failed(),
    );
}

/// Seconds of CPU that the server has used.
fn processor(server: &RunningServer) -> f64 {
    server.metric("process_cpu_seconds_total")
}
