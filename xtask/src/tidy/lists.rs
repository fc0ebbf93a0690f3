//! Lists of the documentation that are written from the code: the public items and the keys of a profile.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;
use std::{fs, io};

use anyhow::{Context, Result};
use auth_layer::Profile;

use super::finding::Finding;
use super::items::Items;
use super::tree::Tree;
use crate::generate::artifact::replace;

/// Writes both lists.
pub(super) fn write(root: &Path, tree: &Tree, out: &mut dyn Write) -> Result<()> {
    for (file, text) in all(tree)? {
        replace(&root.join(file), &text).with_context(|| format!("{file} cannot be written"))?;
        writeln!(out, "wrote {file}")?;
    }
    Ok(())
}

/// Returns a finding for each list that differs from the code.
pub(super) fn findings(root: &Path, tree: &Tree) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for (file, text) in all(tree)? {
        let old = match fs::read_to_string(root.join(file)) {
            Ok(old) => old,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| format!("{file} cannot be read")),
        };
        if let Some((line, text)) = difference(&old, &text) {
            found.push(Finding { file: file.to_owned(), line, rule: "list", text });
        }
    }
    Ok(found)
}

/// Returns the first line that differs.
fn difference(old: &str, new: &str) -> Option<(usize, String)> {
    if old == new {
        return None;
    }
    let same = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count();
    let text = match new.lines().nth(same) {
        Some(line) => format!("the code has `{line}` here; `cargo xtask tidy --write` updates the list"),
        None => "the code has fewer lines; `cargo xtask tidy --write` updates the list".to_owned(),
    };
    Some((same + 1, text))
}

fn all(tree: &Tree) -> Result<[(&'static str, String); 2]> {
    let mut items = String::new();
    for (index, (name, source)) in CRATES.into_iter().enumerate() {
        if index > 0 {
            items.push('\n');
        }
        items.push_str(&Items::of(tree, name, source)?.render(name));
    }
    Ok([(ITEMS, items), (KEYS, keys())])
}

/// Renders the table of keys.
fn keys() -> String {
    let mut text = String::from(
        "# The keys of a profile\n\n\
         A profile is a TOML table, and each key but `name` and `token_url` is optional. A key in a table has the \
         table's name\nin front: `answer.account` is the key `account` below `[answer]`. `cargo xtask tidy --write` \
         writes this page from\n`auth_layer::Profile::KEYS`.\n\n\
         | key | value | default | meaning |\n| --- | --- | --- | --- |\n",
    );
    for key in Profile::KEYS {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            key.name(),
            key.form().replace('|', "\\|"),
            key.default(),
            key.meaning().replace('|', "\\|")
        );
    }
    text
}

/// The crates whose public items are listed.
const CRATES: [(&str, &str); 3] = [
    ("auth_layer", "crates/auth-layer/src/"),
    ("auth_profiles", "crates/auth-profiles/src/"),
    ("client_core", "crates/client-core/src/"),
];

const ITEMS: &str = "docs/public-items.txt";
const KEYS: &str = "docs/profile-keys.md";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let (line, text) = difference("a\nb\n", "a\nc\n").unwrap();
        assert!(line == 2 && text.contains("`c`"), "{text}");
        let (line, text) = difference("a\nb\n", "a\n").unwrap();
        assert!(line == 2 && text.contains("fewer"), "{text}");
    }
}
