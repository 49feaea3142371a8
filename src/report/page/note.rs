//! Notes that people write in Markdown: as HTML of which nothing is fetched and nothing runs, and set
//! apart from the rest of a page in Markdown.

use std::collections::BTreeSet;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

use super::escape::escaped;

fn parser(text: &str) -> Parser<'_> {
    let more = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, more)
}

/// A note as HTML. Tags in it are shown as text, pictures are links.
pub(super) fn html(text: &str) -> String {
    let mut out = String::from("<blockquote class=\"note\">\n");
    // What ends each open part.
    let mut open: Vec<&'static str> = Vec::new();
    for event in parser(text) {
        match event {
            Event::Start(tag) => {
                let (begin, end) = tags(&tag);
                out.push_str(&begin);
                open.push(end);
            }
            Event::End(_) => out.push_str(open.pop().unwrap_or_default()),
            Event::Code(code) => out.extend(["<code>", &escaped(&code), "</code>"]),
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>\n"),
            Event::Rule => out.push_str("<hr>\n"),
            Event::TaskListMarker(done) => out.push_str(if done { "☑ " } else { "☐ " }),
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => out.push_str(&escaped(&text)),
        }
    }
    out.push_str("</blockquote>\n");
    out
}

/// What stands before and behind a part.
fn tags(tag: &Tag<'_>) -> (String, &'static str) {
    let (begin, end) = match tag {
        Tag::Paragraph => ("<p>", "</p>\n"),
        // Those of the page are above them.
        Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. } => ("<h3>", "</h3>\n"),
        Tag::Heading { .. } => ("<h4>", "</h4>\n"),
        Tag::BlockQuote(_) => ("<blockquote>", "</blockquote>\n"),
        Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
            ("<pre><code>", "</code></pre>\n")
        }
        Tag::List(None) => ("<ul>\n", "</ul>\n"),
        Tag::List(Some(first)) => return (format!("<ol start=\"{first}\">\n"), "</ol>\n"),
        Tag::Item => ("<li>", "</li>\n"),
        Tag::Table(_) => ("<div class=\"table\"><table>\n", "</tbody></table></div>\n"),
        Tag::TableHead => ("<thead><tr>", "</tr></thead>\n<tbody>\n"),
        Tag::TableRow => ("<tr>", "</tr>\n"),
        Tag::TableCell => ("<td>", "</td>"),
        Tag::Emphasis => ("<em>", "</em>"),
        Tag::Strong => ("<strong>", "</strong>"),
        Tag::Strikethrough => ("<del>", "</del>"),
        Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } if is_place(dest_url) => {
            return (format!("<a href=\"{}\" rel=\"noreferrer\">", escaped(dest_url)), "</a>");
        }
        _ => ("", ""),
    };
    (begin.to_owned(), end)
}

/// Whether a link leads to a page or a mailbox, and runs nothing.
fn is_place(url: &str) -> bool {
    ["https://", "http://", "mailto:"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) //
    })
}

/// A note as a quotation in Markdown: its headings are not those of the page, tags in it are text and
/// pictures are links.
pub(super) fn quoted(text: &str) -> String {
    /// What is made text may show what it hid: `<b>![x](y)` is read anew.
    const PASSES: usize = 8;
    let mut safe = text.to_owned();
    for _ in 0..PASSES {
        let places = risky(&safe);
        if places.is_empty() {
            break;
        }
        safe = escaped_at(&safe, &places);
    }
    let line = |line: &str| {
        let plain = |letter: char| if letter.is_control() && letter != '\t' { ' ' } else { letter };
        format!("> {}\n", line.chars().map(plain).collect::<String>())
    };
    safe.lines().map(line).collect()
}

/// Where tags and pictures begin, and whatever may become one once these are text.
fn risky(text: &str) -> BTreeSet<usize> {
    let mut places = BTreeSet::new();
    for (event, range) in parser(text).into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                let part = text.get(range.clone()).unwrap_or_default();
                let found = part.char_indices().filter(|(_, letter)| ['<', '!'].contains(letter));
                places.extend(found.map(|(at, _)| range.start + at));
            }
            Event::Start(Tag::Image { .. }) => drop(places.insert(range.start)),
            _ => {}
        }
    }
    places
}

fn escaped_at(text: &str, places: &BTreeSet<usize>) -> String {
    let mut out = String::with_capacity(text.len() + places.len());
    let mut from = 0;
    for &at in places {
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push('\\');
        from = at;
    }
    out + text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_markdown() {
        let text = html(
            "# First\n\n**Bold** and `code`, [here](https://x.org)\n\n- [x] a\n- b\n\n| a |\n|---|\n| 1 |\n",
        );
        for part in [
            "<h3>First</h3>",
            "<strong>Bold</strong> and <code>code</code>",
            "<a href=\"https://x.org\" rel=\"noreferrer\">here</a>",
            "<li>☑ a",
            "<tbody>\n<tr><td>1</td></tr>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn nothing_of_a_note_runs_or_is_fetched() {
        let hostile = "<script>x()</script> <img src=http://a> ![p](http://b/c.png) [j](javascript:x) \u{1b}[31m\n\n<div onload=x>\n\n[k](https://a\" onclick=\"x)";
        let text = html(hostile);
        for part in ["<script", "<img", "href=\"javascript", "<div", "\" onclick", "\u{1b}"] {
            assert!(!text.contains(part), "{part}: {text}");
        }
        let text = quoted(hostile);
        assert!(text.contains("\\<script>") && text.contains("\\![p]") && text.contains("\\<div"), "{text}");
        assert!(text.lines().all(|line| line.starts_with("> ")), "{text}");
        for hiding in [hostile, "<b>`</b> `![x](y)`", "<script>`</script>\n`![x](y)`", "<!-- ![x](y) -->"] {
            let safe = quoted(hiding);
            let events = parser(&safe).filter(|event| {
                matches!(event, Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }))
            });
            assert_eq!(events.count(), 0, "{safe}");
        }
    }

    #[test]
    fn deep_notes_are_no_trouble() {
        for sign in ["> ", "* ", "[", "<", "`"] {
            assert!(!html(&sign.repeat(20_000)).is_empty());
        }
    }
}
