//! `uaic init`: writes a commented spec and the folders around it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::exit::Failure;
use super::{Global, printer};
use crate::{fsx, spec};

/// Arguments of `uaic init`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  uaic init
  uaic init my-project
  uaic init --force")]
pub struct InitArgs {
    /// The folder to set up; created where needed
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Overwrite a spec that is there
    #[arg(long)]
    force: bool,
}

const SPEC: &str = "experiments/attention.toml";
const IGNORED: [&str; 2] = ["/runs/", "/reports/"];

/// Does it.
pub(super) fn run(_global: &Global, args: &InitArgs) -> anyhow::Result<ExitCode> {
    let root = args.dir.as_path();
    let spec = root.join(SPEC);
    if !args.force && spec.symlink_metadata().is_ok() {
        let message = format!("{} is there already; `uaic init --force` overwrites it", spec.display());
        return Err(Failure::locked(message).into());
    }
    for folder in ["experiments", "data", "runs", "reports"] {
        fsx::create_dir_all(&root.join(folder))?;
    }
    fsx::write_atomic(&spec, spec::commented().as_bytes())?;
    let mut written = vec![spec.clone()];
    written.extend(ignore_outputs(root)?);
    for path in &written {
        printer::data(format!("wrote {}", path.display()))?;
    }
    printer::talk(next_steps(root));
    Ok(ExitCode::SUCCESS)
}

/// Adds what is missing to `.gitignore`, which may hold lines of others: they stay, with
/// `--force` too.
fn ignore_outputs(root: &Path) -> anyhow::Result<Option<PathBuf>> {
    let path = root.join(".gitignore");
    let mut bytes = if path.exists() { fsx::read(&path)? } else { Vec::new() };
    let there = String::from_utf8_lossy(&bytes).into_owned();
    let is_there =
        |wanted: &&str| there.lines().any(|line| line.trim().trim_matches('/') == wanted.trim_matches('/'));
    let missing: Vec<_> = IGNORED.iter().filter(|wanted| !is_there(wanted)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    if !bytes.is_empty() && !bytes.ends_with(b"\n") {
        bytes.push(b'\n');
    }
    for line in missing {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    fsx::write_atomic(&path, &bytes)?;
    Ok(Some(path))
}

fn next_steps(root: &Path) -> String {
    let mut steps =
        vec!["uaic data generate flights --out data/flights".to_owned(), format!("uaic run {SPEC}")];
    if root != Path::new(".") {
        let root = root.display().to_string();
        let quoted = if root.contains(char::is_whitespace) { format!("'{root}'") } else { root };
        steps.insert(0, format!("cd {quoted}"));
    }
    format!("next:\n  {}", steps.join("\n  "))
}
