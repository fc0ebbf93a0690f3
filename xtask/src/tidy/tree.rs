//! The files of the workspace that people write.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The files of the workspace, in the order of their paths.
#[derive(Debug)]
pub(super) struct Tree(Vec<File>);

/// A file and its text.
#[derive(Debug)]
pub(super) struct File {
    /// The path from the root, with `/` between its parts.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads every Rust, Markdown, TOML and YAML file below `root` that is not generated.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        add(root, "", &mut files)?;
        ensure!(!files.is_empty(), "{} holds no file to look at", root.display());
        Ok(Self(files))
    }

    /// The files whose name ends in `ending`.
    pub(super) fn with_ending(&self, ending: &str) -> impl Iterator<Item = &File> {
        self.0.iter().filter(move |file| file.path.ends_with(ending))
    }

    /// The file at `path`.
    pub(super) fn get(&self, path: &str) -> Option<&File> {
        self.0.iter().find(|file| file.path == path)
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
        Self(files.iter().map(file).collect())
    }
}

impl File {
    /// Returns whether the file holds tests and nothing else.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/tests/") || self.path.contains("/tests/")
    }
}

fn add(folder: &Path, place: &str, files: &mut Vec<File>) -> Result<()> {
    let unreadable = || format!("{} cannot be read", folder.display());
    let mut entries = fs::read_dir(folder).with_context(unreadable)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if place.is_empty() { name.clone() } else { format!("{place}/{name}") };
        if entry.file_type()?.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&name.as_str()) {
                add(&entry.path(), &path, files)?;
            }
        } else if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("{path} cannot be read"))?;
            files.push(File { path, text });
        }
    }
    Ok(())
}

const ENDINGS: [&str; 4] = [".rs", ".md", ".toml", ".yaml"];

/// Folders that hold what programs write: build output, generated code and the inputs of the fuzzer.
const SKIPPED: [&str; 6] = ["target", "generated", "kitchen_sink", "corpus", "artifacts", "seeds"];
