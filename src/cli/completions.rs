//! `uaic completions`: prints a completion script.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Global};

/// Arguments of `uaic completions`.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  uaic completions bash > ~/.local/share/bash-completion/completions/uaic\n  uaic completions zsh > ~/.zfunc/_uaic"
)]
pub struct CompletionsArgs {
    /// The shell to write for
    pub shell: Shell,
}

/// Prints the script on stdout.
pub(super) fn run(_global: &Global, args: &CompletionsArgs) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "uaic", &mut script);
    super::printer::write_stdout(&script)?;
    Ok(ExitCode::SUCCESS)
}
