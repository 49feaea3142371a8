//! Sets the process up, hands over to [`uaic::cli`] and maps its answer to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all, while there is only one thread.
    uaic::platform::use_one_thread_per_product();
    uaic::cli::main()
}
