//! What this process uses of the machine, as Linux tells it in `/proc`; elsewhere nothing.

use std::fmt;
use std::fs;

use super::exposition::Exposition;

/// Entries of the auxiliary vector (`getauxval(3)`): bytes of a page of memory, and ticks of process
/// times per second.
const PAGE_SIZE: usize = 6;
const CLOCK_TICKS: usize = 17;

/// What does not change while the process runs.
#[derive(Debug)]
pub(super) struct Process {
    page_bytes: f64,
    ticks_per_second: f64,
    /// When the machine started, in seconds since 1970 UTC.
    boot: Option<f64>,
}

impl Process {
    pub(super) fn new() -> Self {
        let auxiliary = fs::read("/proc/self/auxv").unwrap_or_default();
        let entry =
            |key, otherwise| auxiliary_entry(&auxiliary, key).filter(|value| *value > 0).unwrap_or(otherwise);
        Self {
            page_bytes: entry(PAGE_SIZE, 4096) as f64,
            ticks_per_second: entry(CLOCK_TICKS, 100) as f64,
            boot: fs::read_to_string("/proc/stat").ok().and_then(|stat| boot_time(&stat)),
        }
    }

    /// The names that Prometheus's own client libraries use.
    pub(super) fn encode(&self, out: &mut Exposition<'_>) -> fmt::Result {
        if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|stat| Stat::parse(&stat)) {
            out.counter("process_cpu_seconds_total", "User and system time that the process has used.")?
                .count(&[], stat.cpu_ticks / self.ticks_per_second)?;
            out.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM.")?
                .value(&[], stat.resident_pages * self.page_bytes)?;
            out.gauge("process_threads", "Threads of the process.")?.value(&[], stat.threads)?;
            if let Some(boot) = self.boot {
                let started = boot + stat.start_ticks / self.ticks_per_second;
                out.gauge(
                    "process_start_time_seconds",
                    "When the process started, in seconds since 1970 UTC.",
                )?
                .value(&[], started)?;
            }
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder that is being read.
            let open = open.count().saturating_sub(1) as u64;
            out.gauge("process_open_fds", "Open file descriptors.")?.value(&[], open)?;
        }
        Ok(())
    }
}

/// The value of a key in pairs of machine words.
fn auxiliary_entry(pairs: &[u8], key: usize) -> Option<usize> {
    const WORD: usize = size_of::<usize>();
    let word = |bytes: &[u8]| Some(usize::from_ne_bytes(bytes.try_into().ok()?));
    let mut pairs = pairs.chunks_exact(2 * WORD);
    pairs.find(|pair| word(&pair[..WORD]) == Some(key)).and_then(|pair| word(&pair[WORD..]))
}

fn boot_time(stat: &str) -> Option<f64> {
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

/// What is needed of `/proc/self/stat` (`proc_pid_stat(5)`).
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_ticks: f64,
    threads: i64,
    /// Since the machine started.
    start_ticks: f64,
    resident_pages: f64,
}

impl Stat {
    fn parse(stat: &str) -> Option<Self> {
        // The second field is the program's name, which may hold spaces and brackets.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // The manual counts from 1; the first of these is the third.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        Some(Self {
            cpu_ticks: field(14)? + field(15)?,
            threads: field(20)? as i64,
            start_ticks: field(22)?,
            resident_pages: field(24)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_process_are_found_behind_an_odd_name() {
        let stat = "25455 (a) b (c) R 25440 25440 17385 0 -1 4194304 100 0 0 0 7 5 0 0 20 0 3 0 1238872 3133440 414 18446744073709551615 94346 94346";
        let expected = Stat { cpu_ticks: 12.0, threads: 3, start_ticks: 1_238_872.0, resident_pages: 414.0 };
        assert_eq!(Stat::parse(stat), Some(expected));
        for broken in ["", "1 (a", "1 (a) R 1 2 3", "1 (a) R 1 2 3 4 5 6 7 8 9 10 x y 1 2 3 4 5 6 7 8 9 10"] {
            assert_eq!(Stat::parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_auxiliary_vector_is_pairs_of_words() {
        let pairs: Vec<u8> = [3_usize, 64, PAGE_SIZE, 16_384, CLOCK_TICKS, 250, 0, 0]
            .into_iter()
            .flat_map(usize::to_ne_bytes)
            .collect();
        assert_eq!(auxiliary_entry(&pairs, PAGE_SIZE), Some(16_384));
        assert_eq!(auxiliary_entry(&pairs, CLOCK_TICKS), Some(250));
        assert_eq!(auxiliary_entry(&pairs[..5], 99), None);
        assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\nprocesses 4\n"), Some(1.7e9));
        assert_eq!(boot_time("cpu 1 2"), None);
    }
}
