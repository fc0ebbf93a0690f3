//! A folder of generated files, which can be compared with the disk or written to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use similar::TextDiff;

/// The content of a folder that contains only generated files.
pub(super) struct Artifact {
    /// The folder, from the workspace's root.
    folder: String,
    /// The files by their path in the folder.
    files: BTreeMap<String, String>,
}

impl Artifact {
    pub(super) fn new(folder: &str) -> Self {
        Self { folder: folder.to_owned(), files: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, path: String, text: String) {
        self.files.insert(path, text);
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &String> + Clone {
        self.files.values()
    }

    /// Prints every difference between the artifact and the disk. Returns whether there is one.
    pub(super) fn show_difference(&self, root: &Path, out: &mut dyn Write) -> anyhow::Result<bool> {
        let mut stale = false;
        for (path, text) in &self.files {
            let name = format!("{}/{path}", self.folder);
            let old = read(&root.join(&name))?;
            if old.as_deref() == Some(text.as_bytes()) {
                continue;
            }
            stale = true;
            let old = old.unwrap_or_default();
            let old = String::from_utf8_lossy(&old);
            let diff = TextDiff::from_lines(old.as_ref(), text.as_str());
            write!(out, "{}", diff.unified_diff().header(&name, &format!("{name} (generated)")))?;
        }
        for path in self.strays(root)? {
            stale = true;
            writeln!(out, "{}/{path} is not a generated file; remove it", self.folder)?;
        }
        Ok(stale)
    }

    /// Writes the artifact to disk, and removes all other files of the folder. Equal files are not written.
    pub(super) fn write(&self, root: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
        for (path, text) in &self.files {
            let name = format!("{}/{path}", self.folder);
            let target = root.join(&name);
            if read(&target)?.as_deref() != Some(text.as_bytes()) {
                replace(&target, text).with_context(|| format!("cannot write {name}"))?;
                writeln!(out, "  wrote {name}")?;
            }
        }
        let folder = root.join(&self.folder);
        for path in self.strays(root)? {
            fs::remove_file(folder.join(&path)).with_context(|| format!("cannot remove {path}"))?;
            writeln!(out, "  removed {}/{path}", self.folder)?;
        }
        prune(&folder)
    }

    /// Returns the files on disk that are not in the artifact, as paths in the folder.
    fn strays(&self, root: &Path) -> anyhow::Result<BTreeSet<String>> {
        let folder = root.join(&self.folder);
        let mut found = BTreeSet::new();
        let mut pending = vec![folder.clone()];
        while let Some(next) = pending.pop() {
            for path in entries(&next)? {
                if path.is_dir() {
                    pending.push(path);
                    continue;
                }
                let relative = path.strip_prefix(&folder)?;
                let relative: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
                let relative = relative.join("/");
                if !self.files.contains_key(&relative) {
                    found.insert(relative);
                }
            }
        }
        Ok(found)
    }
}

/// Replaces a file atomically: the text is written beside it and renamed.
pub(crate) fn replace(target: &Path, text: &str) -> io::Result<()> {
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = folder.join(name);
    fs::write(&fresh, text)?;
    fs::rename(&fresh, target)
}

fn read(path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", folder.display())),
    }
}

/// Removes empty folders.
fn prune(folder: &Path) -> anyhow::Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            prune(&path)?;
            if entries(&path)?.is_empty() {
                fs::remove_dir(&path)?;
            }
        }
    }
    Ok(())
}
