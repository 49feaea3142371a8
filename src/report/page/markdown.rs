//! A page as Markdown, with links to the pictures beside it.

use std::fmt::Write;

use super::{Block, Page, Table, note};

/// The page as Markdown.
pub fn markdown(page: &Page) -> String {
    let mut out = String::new();
    let _ = write!(out, "# {}\n\n{}\n", escaped(&page.title), escaped(&page.subtitle));
    for section in &page.sections {
        let _ = write!(out, "\n## {}\n", escaped(section.title));
        for block in &section.blocks {
            out.push('\n');
            write_block(&mut out, block);
        }
    }
    out
}

fn write_block(out: &mut String, block: &Block) {
    let _ = match block {
        Block::Text(text) => writeln!(out, "{}", escaped(text)),
        Block::Facts(facts) => facts
            .iter()
            .try_for_each(|(name, value)| writeln!(out, "- {}: {}", escaped(name), escaped(value))),
        Block::Table(table) => {
            write_table(out, table);
            Ok(())
        }
        Block::Note(text) => write!(out, "{}", note::quoted(text)),
        Block::Picture(picture) => {
            writeln!(out, "![{}]({})", escaped(&picture.title), picture.file())
        }
        Block::Code(text) => {
            let fence = fence(text);
            writeln!(out, "{fence}text\n{}\n{fence}", text.trim_end())
        }
    };
}

/// More backticks than the text has in a row.
fn fence(text: &str) -> String {
    let longest = text.split(|letter| letter != '`').map(str::len).max().unwrap_or_default();
    "`".repeat(longest.max(2) + 1)
}

fn write_table(out: &mut String, table: &Table) {
    if !table.caption.is_empty() {
        let _ = write!(out, "{}\n\n", escaped(&table.caption));
    }
    let (mut names, mut lines) = (String::from("|"), String::from("|"));
    for (name, is_number) in table.headings() {
        let _ = write!(names, " {} |", escaped(name));
        lines.push_str(if is_number { " ---: |" } else { " --- |" });
    }
    let _ = writeln!(out, "{names}\n{lines}");
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// Text on one line that Markdown takes as text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => {
                out.push('\\');
                out.push(character);
            }
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Section;
    use super::*;

    #[test]
    fn tables_keep_their_shape_whatever_is_in_them() {
        let mut section = Section::new("errors", "Errors");
        let mut table = Table::new("", &["text", ">confidence"]);
        table.rows.push(vec!["a | b\n<i>".to_owned(), "0.5".to_owned()]);
        section.blocks.push(Block::Table(table));
        let text = markdown(&Page { title: "x".into(), subtitle: String::new(), sections: vec![section] });
        assert!(
            text.contains("| text | confidence |\n| --- | ---: |\n| a \\| b \\<i\\> | 0.5 |\n"),
            "{text}"
        );
    }
}
