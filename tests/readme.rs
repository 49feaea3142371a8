//! The commands of the README and of the help texts are ones that the program takes.

use clap::{CommandFactory, Parser};
use uaic::cli::Cli;

/// The `uaic …` lines of a text's shell blocks, or of a help text's examples.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("uaic "));
    // What follows two blanks or a `#` explains the command.
    let command =
        |line: &str| line.split("  ").next().unwrap_or(line).split(" #").next().unwrap_or(line).to_owned();
    lines.map(command).collect()
}

fn assert_taken(command: &str) {
    let mut is_quoted = false;
    let end = command.find(|letter: char| {
        is_quoted ^= letter == '\'';
        !is_quoted && matches!(letter, '>' | '|')
    });
    let command = &command[..end.unwrap_or(command.len())];
    if let Err(error) = Cli::try_parse_from(words(command)) {
        panic!("`{command}` is not taken: {error}");
    }
}

/// Splits as a shell does, as far as single quotes.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    // `''` is an argument, and a blank is none.
    let command = command.replace(" ''", " \u{0}");
    for character in command.trim().chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.retain(|word| !word.is_empty());
    words.iter().map(|word| word.replace('\u{0}', "")).collect()
}

#[test]
fn every_command_of_the_readme_is_taken() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let blocks: Vec<&str> =
        readme.split("```sh\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    let commands: Vec<String> = blocks.iter().flat_map(|block| commands(block)).collect();
    assert!(commands.len() > 15, "{commands:?}");
    for command in &commands {
        assert_taken(command);
    }
}

#[test]
fn every_verb_has_examples_and_each_is_taken() {
    fn visit(command: &clap::Command, path: &str) {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = commands(&help);
        if command.get_subcommands().next().is_none() {
            assert!(!examples.is_empty(), "`{path}` has no example in its help");
        }
        for example in &examples {
            assert_taken(example);
        }
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            visit(inner, &format!("{path} {}", inner.get_name()));
        }
    }
    for verb in Cli::command().get_subcommands().filter(|verb| verb.get_name() != "help") {
        visit(verb, verb.get_name());
    }
}

/// A text without what differs from run to run: ids, durations, and so the widths of columns.
fn settled(text: &str) -> String {
    let id = regex::Regex::new(r"\b[0-9a-f]{8}\b").unwrap();
    let took = regex::Regex::new(r"\b\d+\.\d+ s\b").unwrap();
    let text = took.replace_all(&id.replace_all(text, "ID"), "TOOK").into_owned();
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
#[ignore = "takes both cores for most of a minute; .ci/run runs it by itself"]
fn the_main_job_gives_the_result_that_the_readme_shows() {
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(top.join("README.md")).unwrap();
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // What comes before it is progress.
    let shown = &shown[shown.find("study ").unwrap()..];
    let dir = super::support::TestDir::new();
    let spec = top.join("experiments/attention.toml");
    let said = dir.ask(&["run", spec.to_str().unwrap()]).ok();
    assert_eq!(settled(&said), settled(shown));
}
