//! Facts about where something ran that a record needs to be understood later.

use std::process::Command;

use crate::data::Dataset;
use crate::kernel::Kernels;
use crate::model::Pretrained;
use crate::platform;
use crate::spec::Spec;
use crate::store::Environment;

/// What is recorded of every run beside its own results.
pub(super) fn of(spec: &Spec, dataset: &Dataset, pretrained: Option<&Pretrained>) -> Environment {
    let mut facts = record_environment(&spec.source.text, spec.study.seed);
    let mut add = |name: &str, value: String| facts.insert(name.to_owned(), value);
    add("data.name", dataset.name.clone());
    for (name, split) in &dataset.splits {
        add(&format!("data.{name}.hash"), split.hash.clone());
    }
    if let Some(pretrained) = pretrained {
        add("pretrained.hash", pretrained.hash().to_owned());
    }
    facts
}

/// What is recorded of every run, whatever it does.
pub fn record_environment(spec: &str, seed: u64) -> Environment {
    let mut facts = Environment::new();
    let mut add = |name: &str, value: String| facts.insert(name.to_owned(), value);
    add("uaic.version", env!("CARGO_PKG_VERSION").to_owned());
    add("os", format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH));
    add("host", platform::host_name());
    add("cpu", platform::cpu_model());
    add("kernels", Kernels::detect().name().to_owned());
    add("cores", platform::cores().to_string());
    add("seed", seed.to_string());
    add("spec.hash", blake3::hash(spec.as_bytes()).to_string());
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        add("git.commit", commit);
        if let Some(changes) = git(&["status", "--porcelain", "--untracked-files=no"]) {
            add("git.dirty", (!changes.is_empty()).to_string());
        }
    }
    facts
}

/// The answer of git in the working directory; `None` outside a repository or without git.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
