//! Answers to a stream: what has come is answered together, and nothing waits for more.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::mpsc::{Receiver, sync_channel};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::text_input::{self, Arrival, Kind};
use super::Task;

/// Texts that are answered together at most; large enough for threads to be worth it.
const BLOCK: usize = 8192;

/// Arrivals that may wait to be answered.
const WAITING: usize = 8;

/// Answers all texts of a stream, line by line; `size` is that of a file.
///
/// # Errors
/// A line has no text, the stream or stdout fails, or the model's output is not a number.
pub(super) fn answer(
    stream: impl Read + Send + 'static,
    name: &str,
    kind: Kind,
    size: Option<u64>,
    task: &Task<'_>,
) -> anyhow::Result<()> {
    let (sender, arrivals) = sync_channel(WAITING);
    let name = name.to_owned();
    // Not joined: where stdout is gone, it may wait for ever for a line that nobody wants.
    let reader = std::thread::Builder::new().name("uaic-lines".to_owned()).spawn(move || {
        let outcome = text_input::read(stream, &name, kind, &mut |arrival| sender.send(Ok(arrival)).is_ok());
        if let Err(error) = outcome {
            // Nobody listens any more where stdout is gone.
            let _ = sender.send(Err(error));
        }
    });
    drop(reader?);
    let bar = size.map(progress);
    let outcome = answer_all(&arrivals, bar.as_ref(), task);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    outcome
}

fn answer_all(
    arrivals: &Receiver<anyhow::Result<Arrival>>,
    bar: Option<&ProgressBar>,
    task: &Task<'_>,
) -> anyhow::Result<()> {
    while let Ok(first) = arrivals.recv() {
        let (mut block, mut failure) = (first?, None);
        while block.texts.len() < BLOCK
            && let Ok(next) = arrivals.try_recv()
        {
            match next {
                Ok(next) => {
                    block.texts.extend(next.texts);
                    block.bytes += next.bytes;
                }
                // What came before it is still answered.
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        let is_wanted = write(&task.lines(&block.texts)?)?;
        if let Some(error) = failure {
            return Err(error);
        }
        if !is_wanted {
            break;
        }
        if let Some(bar) = bar {
            bar.inc(block.bytes);
        }
    }
    Ok(())
}

/// Writes lines to stdout; false when nobody reads them any more.
///
/// # Errors
/// stdout cannot be written for another reason.
pub(super) fn write(lines: &str) -> io::Result<bool> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(lines.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// A bar on stderr; none where that is no terminal.
fn progress(size: u64) -> ProgressBar {
    let template = "{bar:24} {bytes}/{total_bytes}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(size).with_style(style.progress_chars("━╸─"))
}
