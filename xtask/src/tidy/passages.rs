//! The prose of a file: comments, documentation, Markdown, and the texts that a program prints.

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::tree::File;

/// A paragraph, a list item, a table cell or a text in the code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passage {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    pub(super) text: String,
}

/// Returns the passages of `file`. The texts in the code of tests are left out: many of them are bad on purpose.
pub(super) fn passages(file: &File) -> Result<Vec<Passage>> {
    Ok(match file.path.rsplit('.').next() {
        Some("md") => markdown(&file.text, 1),
        Some("rs") => {
            let mut found = Vec::new();
            let code = rust(&file.text).with_context(|| format!("{} is not Rust", file.path))?;
            for block in code.blocks {
                found.extend(markdown(&block.text, block.line));
            }
            if !file.is_test() {
                found.extend(code.texts);
            }
            found
        }
        _ => {
            let mut blocks = Blocks::default();
            for (line, text) in (1..).zip(file.text.lines()) {
                if let Some(comment) = text.trim_start().strip_prefix('#') {
                    blocks.add(line, "#", comment);
                } else if let Some((_, comment)) = text.split_once(" # ") {
                    // A `#` inside of a string would count as well. Here it does not stand between spaces.
                    blocks.add(line, AFTER_CODE, comment);
                }
            }
            blocks.0.iter().flat_map(|block| markdown(&block.text, block.line)).collect()
        }
    })
}

/// The comments and the string literals of a Rust file.
#[derive(Debug, Default)]
struct Code {
    blocks: Vec<Block>,
    texts: Vec<Passage>,
}

/// Comments of one kind on consecutive lines.
#[derive(Debug)]
struct Block {
    line: usize,
    last: usize,
    marker: &'static str,
    text: String,
}

/// The marker of a comment behind code on its line. It belongs to no other comment.
const AFTER_CODE: &str = "";

#[derive(Debug, Default)]
struct Blocks(Vec<Block>);

impl Blocks {
    fn add(&mut self, line: usize, marker: &'static str, text: &str) {
        // One space is part of the marker; more of them are Markdown's.
        let text = text.strip_prefix(' ').unwrap_or(text);
        match self.0.last_mut() {
            Some(block) if block.last + 1 == line && block.marker == marker && marker != AFTER_CODE => {
                block.last = line;
                block.text.push('\n');
                block.text.push_str(text);
            }
            _ => self.0.push(Block { line, last: line, marker, text: text.to_owned() }),
        }
    }
}

/// Reads comments from the gaps between tokens, since the tokens do not hold them.
fn rust(text: &str) -> Result<Code> {
    let stream: TokenStream = text.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
    let mut reader = Reader { text, end: 0, line: 1, blocks: Blocks::default(), texts: Vec::new(), skip: 0 };
    reader.stream(stream);
    reader.gap(text.len());
    Ok(Code { blocks: reader.blocks.0, texts: reader.texts })
}

struct Reader<'a> {
    text: &'a str,
    /// The byte behind the token that was read last, and the line of that byte.
    end: usize,
    line: usize,
    blocks: Blocks,
    texts: Vec<Passage>,
    /// How many groups of test code the reader is in.
    skip: usize,
}

impl Reader<'_> {
    fn stream(&mut self, stream: TokenStream) {
        let mut under_test = false;
        for tree in stream {
            match tree {
                TokenTree::Group(group) => {
                    self.gap(group.span_open().byte_range().start);
                    self.end = self.end.max(group.span_open().byte_range().end);
                    let content = group.stream();
                    let is_attribute = group.delimiter() == Delimiter::Bracket;
                    under_test |= is_attribute && content.to_string().replace(' ', "") == "cfg(test)";
                    let skipped = under_test && group.delimiter() == Delimiter::Brace;
                    self.skip += usize::from(skipped);
                    self.stream(content);
                    self.skip -= usize::from(skipped);
                    under_test &= !skipped;
                    self.gap(group.span_close().byte_range().start);
                    self.advance(group.span_close().byte_range().end);
                }
                TokenTree::Literal(literal) => {
                    let range = literal.span().byte_range();
                    self.gap(range.start);
                    let in_code = !self.text[range.clone()].starts_with("//");
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string())
                        && in_code
                        && self.skip == 0
                    {
                        self.texts.push(Passage { line: self.line, text: text.value() });
                    }
                    self.advance(range.end);
                }
                TokenTree::Ident(ident) => self.token(ident.span()),
                TokenTree::Punct(punct) => self.token(punct.span()),
            }
        }
    }

    fn token(&mut self, span: proc_macro2::Span) {
        let range = span.byte_range();
        self.gap(range.start);
        // A documentation comment is several tokens, each with the span of the whole comment.
        if self.text[range.clone()].starts_with("//") && range.start >= self.end {
            self.comments(range.clone());
        }
        self.advance(range.end);
    }

    /// Reads the comments up to `start`, where the next token begins.
    fn gap(&mut self, start: usize) {
        if start > self.end {
            self.comments(self.end..start);
            self.advance(start);
        }
    }

    fn comments(&mut self, range: std::ops::Range<usize>) {
        let before = self.text[..range.start].trim_end_matches(' ');
        let after_code = !before.is_empty() && !before.ends_with('\n');
        for (index, text) in self.text[range].split('\n').enumerate() {
            let text = text.trim();
            for marker in ["///", "//!", "//"] {
                if let Some(text) = text.strip_prefix(marker) {
                    let marker = if index == 0 && after_code { AFTER_CODE } else { marker };
                    self.blocks.add(self.line + index, marker, text);
                    break;
                }
            }
        }
    }

    fn advance(&mut self, end: usize) {
        if end > self.end {
            self.line += self.text[self.end..end].matches('\n').count();
            self.end = end;
        }
    }
}

/// Returns the prose of a Markdown text whose first line is `first`. Code blocks are left out; code in a sentence
/// stays.
fn markdown(text: &str, first: usize) -> Vec<Passage> {
    let mut found = Vec::new();
    let mut current: Option<Passage> = None;
    let mut in_code = false;
    let line = |offset: usize| first + text[..offset].matches('\n').count();
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            // The passage before a block ends when the block begins or ends.
            Event::Start(
                Tag::Paragraph | Tag::Heading { .. } | Tag::Item | Tag::TableCell | Tag::List(_),
            )
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                found.extend(current.take());
            }
            Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak if !in_code => {
                let passage =
                    current.get_or_insert_with(|| Passage { line: line(range.start), text: String::new() });
                match event {
                    Event::Text(text) => passage.text.push_str(&text),
                    Event::Code(code) => passage.text.push_str(&format!("`{code}`")),
                    _ => passage.text.push(' '),
                }
            }
            _ => {}
        }
    }
    found.extend(current);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<(usize, String)> {
        let file = File { path: path.to_owned(), text: text.to_owned() };
        passages(&file).unwrap().into_iter().map(|passage| (passage.line, passage.text)).collect()
    }

    #[test]
    fn comments_docs_and_texts_of_rust_are_passages() {
        let text = "//! A module.\n\n/// A thing, in\n/// two lines.\n///\n/// ```\n/// let code;\n/// ```\nfn f() {\n    // Why so.\n    g(\"a \\\" text\", '\"'); // At the end.\n}\n#[cfg(test)]\nmod tests {\n    // Seen.\n    const T: &str = \"not seen\";\n}\nfn g() { h(\"seen again\") }\n";
        let wanted = [
            (1, "A module."),
            (3, "A thing, in two lines."),
            (10, "Why so."),
            (11, "At the end."),
            (15, "Seen."),
            (11, "a \" text"),
            (18, "seen again"),
        ];
        assert_eq!(of("a/src/b.rs", text), wanted.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn markdown_is_cut_into_blocks() {
        let text = "# Title\n\nOne `x`\nand two.\n\n- item\n- other\n\n| a | b |\n| - | - |\n| c d | e |\n\n```\ncode\n```\n\nEnd.\n";
        let wanted = [
            (1, "Title"),
            (3, "One `x` and two."),
            (6, "item"),
            (7, "other"),
            (9, "a"),
            (9, "b"),
            (11, "c d"),
            (11, "e"),
            (17, "End."),
        ];
        assert_eq!(of("A.md", text), wanted.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn comments_of_toml_are_passages() {
        let text = "# Why it\n# is so.\na = 1 # and this\n";
        assert_eq!(of("a.toml", text), [(1, "Why it is so.".to_owned()), (3, "and this".to_owned())]);
    }
}
