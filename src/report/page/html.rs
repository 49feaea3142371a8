//! A page as one HTML file: style, script and pictures inside, nothing fetched, readable without
//! the script.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::escape::escaped;
use super::{Block, Format, Page, Picture, Section, Table, note};

/// The page as HTML.
pub fn html(page: &Page) -> String {
    let mut out = String::with_capacity(1 << 20);
    let title = escaped(&page.title);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>{}</style>\n</head>\n<body>\n",
        include_str!("page.css")
    );
    contents(&mut out, &page.sections);
    let _ = write!(out, "<main>\n<h1>{title}</h1>\n<p class=\"subtitle\">{}</p>\n", escaped(&page.subtitle));
    for section in &page.sections {
        let _ = writeln!(out, "<section id=\"{}\">\n<h2>{}</h2>", section.id, escaped(section.title));
        section.blocks.iter().for_each(|block| write_block(&mut out, block));
        out.push_str("</section>\n");
    }
    let _ = write!(out, "</main>\n<script>{}</script>\n</body>\n</html>\n", include_str!("page.js"));
    out
}

fn contents(out: &mut String, sections: &[Section]) {
    out.push_str("<nav aria-label=\"Contents\"><ol>\n");
    for section in sections {
        let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", section.id, escaped(section.title));
    }
    out.push_str("</ol></nav>\n");
}

fn write_block(out: &mut String, block: &Block) {
    match block {
        Block::Text(text) => {
            let _ = writeln!(out, "<p>{}</p>", escaped(text));
        }
        Block::Code(text) => {
            let _ = writeln!(out, "<pre><code>{}</code></pre>", escaped(text));
        }
        Block::Note(text) => out.push_str(&note::html(text)),
        Block::Facts(facts) => {
            out.push_str("<dl>\n");
            for (name, value) in facts {
                let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escaped(name), escaped(value));
            }
            out.push_str("</dl>\n");
        }
        Block::Table(table) => write_table(out, table),
        Block::Picture(picture) => write_picture(out, picture),
    }
}

fn write_table(out: &mut String, table: &Table) {
    out.push_str("<div class=\"table\"><table>\n");
    if !table.caption.is_empty() {
        let _ = writeln!(out, "<caption>{}</caption>", escaped(&table.caption));
    }
    let class = |is_number: bool| if is_number { " class=\"number\"" } else { "" };
    out.push_str("<thead><tr>");
    for (name, is_number) in table.headings() {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(is_number), escaped(name));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        out.push_str("<tr>");
        for (cell, (_, is_number)) in row.iter().zip(table.headings()) {
            let _ = write!(out, "<td{}>{}</td>", class(is_number), escaped(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn write_picture(out: &mut String, picture: &Picture) {
    let _ = writeln!(
        out,
        "<figure id=\"{}\"><img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/{};base64,{}\"></figure>",
        escaped(&picture.name),
        picture.size.0,
        picture.size.1,
        escaped(&picture.title),
        if picture.format == Format::Svg { "svg+xml" } else { "png" },
        STANDARD.encode(&picture.bytes)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        let mut section = Section::new("data", "Data");
        section.text(text);
        section.blocks.push(Block::Table(Table {
            caption: String::new(),
            columns: vec!["text".into(), ">n".into()],
            rows: vec![vec![text.to_owned(), "3".into()]],
        }));
        let (name, title) = ("x".into(), text.to_owned());
        let picture = Picture { name, title, bytes: vec![1, 2, 3], format: Format::Png, size: (4, 5) };
        section.blocks.push(Block::Picture(picture));
        Page { title: text.to_owned(), subtitle: text.to_owned(), sections: vec![section] }
    }

    #[test]
    fn recorded_text_cannot_become_markup() {
        let hostile = "<script>alert(1)</script>\" onload='x'\u{1b}[31m";
        let text = html(&page(hostile));
        assert_eq!(text.matches("<script>").count(), 1, "its own alone");
        assert!(!text.contains("onload='") && !text.contains('\u{1b}'));
        assert!(text.contains("&lt;script&gt;alert(1)"));
    }

    #[test]
    fn nothing_is_fetched() {
        let text = html(&page("a"));
        assert!(
            !text.contains("http://")
                && !text.contains("https://")
                && text.contains("data:image/png;base64,AQID")
        );
    }

    #[test]
    fn numbers_are_aligned_and_sections_linked() {
        let text = html(&page("a"));
        assert!(
            text.contains("<td class=\"number\">3</td>")
                && text.contains("<th scope=\"col\" class=\"number\">n</th>")
        );
        assert!(text.contains("<a href=\"#data\">Data</a>") && text.contains("<section id=\"data\">"));
    }
}
