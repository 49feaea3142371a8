//! Text in titled sections of names and values, as `show` prints it.

use std::collections::BTreeMap;
use std::fmt::Write;

use owo_colors::OwoColorize;

use super::table::one_line;

/// Text that grows downwards. What is recorded cannot steer the terminal.
#[derive(Default)]
pub(super) struct Sections {
    text: String,
}

impl Sections {
    /// All of it.
    pub(super) fn text(&self) -> &str {
        self.text.trim_end()
    }

    /// A name and a value.
    pub(super) fn line(&mut self, name: &str, value: &str) {
        self.push(format_args!("{:<12} {}", name.bold(), one_line(value)));
    }

    /// A title, below an empty line.
    pub(super) fn title(&mut self, title: &str) {
        self.push(format_args!("\n{}", one_line(title).bold()));
    }

    /// Lines as they are.
    pub(super) fn lines(&mut self, text: &str) {
        for line in text.lines() {
            self.push(format_args!("{}", one_line(line)));
        }
    }

    /// A titled block of ready text; nothing where there is none.
    pub(super) fn block(&mut self, title: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.title(title);
            self.push(format_args!("{text}"));
        }
    }

    /// A titled list; nothing where there is nothing to list.
    pub(super) fn section<'a>(&mut self, title: &str, entries: impl Iterator<Item = (&'a str, String)>) {
        let entries: Vec<(String, String)> =
            entries.map(|(name, value)| (one_line(name), one_line(&value))).collect();
        let Some(width) = entries.iter().map(|(name, _)| name.chars().count()).max() else { return };
        self.title(title);
        for (name, value) in entries {
            let line = format!("  {name:<width$}  {value}");
            self.push(format_args!("{}", line.trim_end()));
        }
    }

    /// A titled list of texts.
    pub(super) fn texts(&mut self, title: &str, texts: &BTreeMap<String, String>) {
        self.section(title, texts.iter().map(|(name, text)| (name.as_str(), text.clone())));
    }

    fn push(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }
}
