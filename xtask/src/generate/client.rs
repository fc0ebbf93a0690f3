//! Generates one client: passes each of its documents through all stages.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::artifact::Artifact;
use super::document::Document;
use super::manifest::{Source, Target};
use super::report::{DocumentReport, Report};
use super::{emit, progenitor, refine, render, rules, split};

/// Generates the files of a client in memory.
pub(super) fn render(root: &Path, target: &Target) -> anyhow::Result<(Artifact, Report)> {
    let clock = stopwatch();
    let mut artifact = Artifact::new(&target.folder);
    let mut documents = Vec::new();
    for source in &target.documents {
        let mut document = Document::read(root, &source.path, &target.managed_scheme)?;
        let (files, report) = render_document(&mut document)?;
        let module = if target.documents.len() > 1 { format!("{}/", source.module) } else { String::new() };
        for (name, text) in files {
            artifact.add(format!("{module}{name}"), text);
        }
        documents.push(report);
    }
    if let [_, _, ..] = target.documents.as_slice() {
        artifact.add("mod.rs".to_owned(), modules(&target.documents)?);
    }
    let report = Report {
        name: target.name.clone(),
        documents,
        needs: emit::needs(&artifact.texts()),
        lines: artifact.texts().map(|text| text.lines().count()).sum(),
        time: clock(),
    };
    Ok((artifact, report))
}

/// Generates the files of one document, and reports the rules that changed it.
fn render_document(document: &mut Document) -> anyhow::Result<(Vec<(&'static str, String)>, DocumentReport)> {
    let rules = rules::apply(document)?;
    let tokens = progenitor::generate(document)?;
    let mut parts = split::cut(tokens).with_context(|| format!("{}: progenitor's output", document.path))?;
    let covered = refine::refine(&mut parts, document).with_context(|| document.path.clone())?;
    let total = document.operations.len();
    ensure!(
        covered == total,
        "{}: {covered} of {total} operations are in the generated code; each must be there exactly once",
        document.path
    );
    let files = render::files(parts, document)
        .into_iter()
        .map(|(name, tokens)| Ok((name, emit::file(tokens, &document.path)?)))
        .collect::<anyhow::Result<_>>()?;
    Ok((files, DocumentReport { path: document.path.clone(), covered, total, rules }))
}

/// Returns the `mod.rs` of a client that has several documents.
fn modules(sources: &[Source]) -> anyhow::Result<String> {
    emit::file(render::modules(sources), "specs/manifest.toml")
}

/// Returns a closure that returns the time since now.
#[expect(clippy::disallowed_methods, reason = "a duration for people to read; nothing depends on it")]
fn stopwatch() -> impl Fn() -> Duration {
    let start = Instant::now();
    move || start.elapsed()
}
