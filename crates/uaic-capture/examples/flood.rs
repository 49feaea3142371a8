//! Prints lines of metrics, each with a write of its own and some work before it, and how long that took:
//! `flood LINES NANOSECONDS [json|text]`.

use std::io::Write;
use std::time::{Duration, Instant};

#[allow(clippy::print_stderr)]
fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let (lines, work) = (number().unwrap_or(1_000_000), Duration::from_nanos(number().unwrap_or(5000)));
    let is_text = arguments.next().is_some_and(|form| form == "text");
    // Not `stdout`, which would look for ends of lines.
    let Ok(mut out) =
        std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned().map(std::fs::File::from)
    else {
        return;
    };
    let mut line = Vec::new();
    let began = Instant::now();
    for step in 0..lines {
        let start = Instant::now();
        while start.elapsed() < work {}
        line.clear();
        let loss = 1.0 / (step + 1) as f64;
        let _ = if is_text {
            writeln!(line, "step {step} loss: {loss:.6}")
        } else {
            writeln!(line, "{{\"step\": {step}, \"loss\": {loss:.6}}}")
        };
        if out.write_all(&line).is_err() {
            return;
        }
    }
    eprintln!("{:.3}", began.elapsed().as_secs_f64());
}
