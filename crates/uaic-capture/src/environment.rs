//! The environment of a program: what of it is recorded, and what nobody may read later.

use crate::recorder::Facts;
use crate::secrets::Secrets;

/// Shorter values may be anything.
const SHORTEST_SECRET: usize = 8;

/// Longer values are no settings.
const LONGEST_VALUE: usize = 1000;

/// Variables that decide what a program does, by name or, with `*`, by how the name begins.
const RECORDED: [&str; 31] = [
    "CONDA_DEFAULT_ENV",
    "CONDA_PREFIX",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_*",
    "CUDNN_*",
    "GOMP_*",
    "HIP_*",
    "HYDRA_*",
    "JAX_*",
    "KMP_*",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LOCAL_RANK",
    "MASTER_ADDR",
    "MASTER_PORT",
    "MKL_*",
    "NCCL_*",
    "NVIDIA_*",
    "OMP_*",
    "OPENBLAS_*",
    "PYTHON*",
    "PYTORCH_*",
    "RANK",
    "ROCR_*",
    "SLURM_*",
    "TF_*",
    "TORCH*",
    "TZ",
    "VIRTUAL_ENV",
    "WORLD_SIZE",
];

/// Words of names whose values nobody may read.
const SECRET_WORDS: [&str; 12] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "secrets",
    "token",
    "passcode",
];

/// Pairs of words that are the same.
const SECRET_PAIRS: [(&str, &str); 5] =
    [("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("account", "key")];

/// Whether a name is that of a secret: `WANDB_API_KEY`, `--hub-token`, `dbPassword`.
pub(crate) fn is_secret(name: &str) -> bool {
    let words = words(name);
    words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || words.windows(2).any(|pair| SECRET_PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())))
}

/// The words of a name, in small letters.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        let is_new = !letter.is_alphanumeric() || (letter.is_uppercase() && was_small);
        if is_new && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words
}

/// The values of all secrets in the environment of this process.
pub(crate) fn secrets() -> Secrets {
    use std::os::unix::ffi::OsStringExt;
    let is_named = |name: &std::ffi::OsStr| name.to_str().is_some_and(is_secret);
    let values = std::env::vars_os().filter(|(name, _)| is_named(name)).map(|(_, value)| value.into_vec());
    // A path is no secret, though what is at it may be.
    Secrets::new(values.filter(|value| value.len() >= SHORTEST_SECRET && !value.starts_with(b"/")))
}

/// What is recorded of the environment: `env.CUDA_VISIBLE_DEVICES`.
pub(crate) fn facts(secrets: &Secrets) -> Facts {
    let is_recorded = |name: &str| {
        RECORDED.iter().any(|known| match known.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == *known,
        })
    };
    let variables = uaic_platform::process::inherited_environment().into_iter();
    let texts =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let recorded = texts.filter(|(name, value)| is_recorded(name) && value.len() <= LONGEST_VALUE);
    recorded
        .map(|(name, value)| {
            let value = if is_secret(&name) { "***".to_owned() } else { secrets.mask(&value) };
            (format!("env.{name}"), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in
            ["WANDB_API_KEY", "hub-token", "dbPassword", "AWS_SECRET_ACCESS_KEY", "PGPASSWD", "apiKey"]
        {
            assert_eq!(is_secret(name), name != "PGPASSWD", "{name}");
        }
        for name in ["max_tokens", "tokenizer", "author", "key", "num_keys", "monkey", "secretary"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
