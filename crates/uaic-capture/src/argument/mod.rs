//! Which parameters the arguments of a program give: `--lr 3e-4`, `--amp`, `optimizer=adam`,
//! `--config base.yaml`.

mod file;
mod value;
mod yaml;

use std::ffi::OsString;
use std::path::Path;

use uaic_study::trial::{ParamValue, Params};

pub use file::FileError;
pub use value::read as value_of;

use crate::environment::is_secret;
use crate::interpreter::is_python;

/// Options that name a file of parameters.
const CONFIG: [&str; 4] = ["config", "config-file", "config_file", "cfg"];

/// Options of Python that take the next argument.
const PYTHON_TAKES: [&str; 3] = ["-X", "-W", "--check-hash-based-pycs"];

/// Programs whose options are not those of the script that they run.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "fish"];

/// More parameters than this are something else.
const MOST: usize = 2000;

/// Names that are longer are none.
const LONGEST_NAME: usize = 200;

/// What a command line gives.
#[derive(Debug, Default)]
pub struct Found {
    /// By name; those of files first, which options replace.
    pub params: Params,
    /// Files of parameters that could not be read.
    pub problems: Vec<FileError>,
    /// Values that nobody may read later.
    pub secrets: Vec<Vec<u8>>,
}

/// Reads a command line, the program first. Files are looked for from a folder.
pub fn read(program: &[OsString], folder: &Path) -> Found {
    let arguments: Vec<&str> = program.iter().filter_map(|argument| argument.to_str()).collect();
    let mut found = Found::default();
    let mut options = Params::new();
    let mut rest = own_arguments(&arguments).iter().copied().peekable();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            break;
        }
        let Some((name, given)) = option(argument) else {
            if let Some((name, value)) = assignment(argument) {
                found.add(&mut options, name, value);
            }
            continue;
        };
        let value = given.or_else(|| rest.next_if(|next| is_value(next)));
        match value {
            None => add_switch(&mut options, name),
            Some(value) => {
                if CONFIG.contains(&name) {
                    found.read_file(&folder.join(value));
                }
                found.add(&mut options, name, value);
            }
        }
    }
    found.params.extend(options);
    found
}

impl Found {
    fn add(&mut self, options: &mut Params, name: &str, value: &str) {
        let read = value_of(value);
        if is_secret(name) && matches!(read, ParamValue::Text(_)) {
            self.secrets.push(value.as_bytes().to_vec());
            insert(options, name, "***".into());
        } else {
            insert(options, name, read);
        }
    }

    fn read_file(&mut self, path: &Path) {
        match file::read(path) {
            Ok(params) => {
                for (name, value) in params {
                    if is_secret(&name)
                        && let ParamValue::Text(text) = &value
                    {
                        self.secrets.push(text.as_bytes().to_vec());
                        self.params.insert(name, "***".into());
                    } else if self.params.len() < MOST {
                        self.params.insert(name, value);
                    }
                }
            }
            Err(problem) => self.problems.push(problem),
        }
    }
}

/// An option without a value: `--amp`, `--no-amp`.
fn add_switch(options: &mut Params, name: &str) {
    match name.strip_prefix("no-").or_else(|| name.strip_prefix("no_")) {
        Some(name) if !name.is_empty() => insert(options, name, ParamValue::Bool(false)),
        _ => insert(options, name, ParamValue::Bool(true)),
    }
}

/// Adds a value; one that is given several times is a list.
fn insert(params: &mut Params, name: &str, value: ParamValue) {
    let fits = name.len() <= LONGEST_NAME && !name.contains(char::is_control) && params.len() < MOST;
    if !fits {
        return;
    }
    let value = match params.get(name) {
        Some(before) => ParamValue::Text(format!("{before},{value}")),
        None => value,
    };
    params.insert(name.to_owned(), value);
}

/// The arguments of the program itself: of `python -u -m train --lr 1` those after `train`.
fn own_arguments<'a, 'b>(arguments: &'b [&'a str]) -> &'b [&'a str] {
    let Some((program, rest)) = arguments.split_first() else { return &[] };
    let is_shell = SHELLS.contains(&program.rsplit('/').next().unwrap_or(program));
    if !is_python(program) && !is_shell {
        return rest;
    }
    let mut at = 0;
    while let Some(argument) = rest.get(at) {
        match *argument {
            "-m" if !is_shell => return rest.get(at + 2..).unwrap_or_default(),
            "-c" => return rest.get(at + 2..).unwrap_or_default(),
            takes if PYTHON_TAKES.contains(&takes) => at += 2,
            option if option.starts_with('-') && option.len() > 1 => at += 1,
            _ => return &rest[at + 1..],
        }
    }
    &[]
}

/// An option without its dashes, and the value that is written with it: `--lr=1`, `-n10`.
fn option(argument: &str) -> Option<(&str, Option<&str>)> {
    let (is_long, text) = match argument.strip_prefix("--") {
        Some(text) => (true, text),
        None => (false, argument.strip_prefix('-')?),
    };
    let is_name = |name: &str| name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
    if !is_name(text) {
        return None;
    }
    if let Some((name, value)) = text.split_once('=') {
        return Some((name, Some(value)));
    }
    let first = text.chars().next().map_or(0, char::len_utf8);
    let after = &text[first..];
    let is_number = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if !is_long && is_number {
        return Some((&text[..first], Some(after)));
    }
    Some((text, None))
}

/// Whether an argument is the value of the option before it: a negative number is one.
fn is_value(argument: &str) -> bool {
    let is_number = |text: &str| text.parse::<f64>().is_ok();
    argument == "-" || !argument.starts_with('-') || is_number(argument)
}

/// `key=value`, as Hydra has it: also `+key=value`, `++key=value`.
fn assignment(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let name = name.trim_start_matches('+');
    let is_first = |letter: char| letter.is_alphabetic() || letter == '_';
    let is_name = name.starts_with(is_first)
        && name.chars().all(|letter| letter.is_alphanumeric() || "_.-/@".contains(letter));
    is_name.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Found {
        let program: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        read(&program, Path::new("/nowhere"))
    }

    fn params(line: &str) -> String {
        let typed = |(name, value): (&String, &ParamValue)| match value {
            ParamValue::Text(text) => format!("{name}={text:?}"),
            other => format!("{name}={other}"),
        };
        found(line).params.iter().map(typed).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn options_are_parameters() {
        for (line, expected) in [
            ("x --lr 3e-4 --epochs=10 -b 32 --name run", r#"b=32 epochs=10 lr=0.0003 name="run""#),
            ("x --amp --no-cache --no_log --seed 7", "amp=true cache=false log=false seed=7"),
            ("x --shift -1.5 --last", "last=true shift=-1.5"),
            ("x -j4 -v", "j=4 v=true"),
            ("x optimizer=adam +model.depth=3 ++a=null ~b", r#"a="null" model.depth=3 optimizer="adam""#),
            ("x --layer 64 --layer 32", r#"layer="64,32""#),
            ("x data.csv out/a=b/c http://x?y=1 ./a=1", r#"out/a="b/c""#),
            ("x --lr 1 -- --mu 2", "lr=1"),
            ("x --list=[1,2] --flag=true --empty=", r#"empty="" flag=true list="[1,2]""#),
            ("python -u -X dev train.py --lr 1", "lr=1"),
            ("/usr/bin/python3.11 -m pkg.train --lr 1", "lr=1"),
            ("python train.py", ""),
            ("sh -e train.sh --lr 1", "lr=1"),
            ("/bin/bash -c script x=1", "x=1"),
            ("python", ""),
            ("torchrun --nproc_per_node 2 train.py --lr 1", "lr=1 nproc_per_node=2"),
        ] {
            assert_eq!(params(line), expected, "{line}");
        }
    }

    #[test]
    fn secrets_are_not_recorded() {
        let found = found("x --hub-token hf_123 --max-tokens 512 --api_key=abc --token 3");
        assert_eq!(found.secrets, [b"hf_123".to_vec(), b"abc".to_vec()]);
        let texts: Vec<_> = found.params.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(texts, ["api_key=***", "hub-token=***", "max-tokens=512", "token=3"]);
    }

    #[test]
    fn files_of_parameters_are_read_and_options_win() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a.yaml", "lr: 1e-3\nmodel: {depth: 3, act: relu}\napi_key: xyz\nsizes: [1, 2]\n");
        write("b.toml", "lr = 0.5\n[train]\nepochs = 3\n");
        write("c.json", r#"{"lr": 0.25, "deep": {"er": {"x": null, "y": "z"}}}"#);
        let params = |file: &str| {
            let program = ["python", "train.py", "--config", file, "--model.depth", "4"].map(OsString::from);
            let found = read(&program, folder.path());
            assert!(found.problems.is_empty(), "{:?}", found.problems);
            found.params.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            params("a.yaml"),
            "api_key=*** config=a.yaml lr=0.001 model.act=relu model.depth=4 sizes=[1,2]"
        );
        assert_eq!(params("b.toml"), "config=b.toml lr=0.5 model.depth=4 train.epochs=3");
        assert_eq!(params("c.json"), "config=c.json deep.er.x=null deep.er.y=z lr=0.25 model.depth=4");
        let broken = read(&["x", "--config=no.yaml"].map(OsString::from), folder.path());
        assert!(broken.problems[0].to_string().starts_with("cannot read"), "{:?}", broken.problems);
        assert_eq!(broken.params["config"], "no.yaml".into());
    }
}
