//! `specs/manifest.toml`: the client crates and their documents.

use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow, bail, ensure};
use auth_profiles::ProfileFile;
use serde::Deserialize;

const MANIFEST: &str = "specs/manifest.toml";

/// A client to generate.
pub(super) struct Target {
    /// The crate.
    pub(super) name: String,
    /// The folder of the output, from the workspace's root.
    pub(super) folder: String,
    /// The provider's profile. `None` for a client without a provider.
    pub(super) profile: Option<ProfileSource>,
    /// The security scheme whose token the manager keeps.
    pub(super) managed_scheme: String,
    /// The documents. If there is only one, its files are directly in the folder.
    pub(super) documents: Vec<Source>,
}

/// The file with a provider's profile. It has been checked.
pub(super) struct ProfileSource {
    /// The provider's name.
    pub(super) name: String,
    /// Relative to the workspace's root.
    pub(super) path: String,
    pub(super) text: String,
}

/// A document and the module generated from it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    pub(super) module: String,
    /// Relative to `specs/` in the manifest, and to the workspace's root in a [`Target`].
    pub(super) path: String,
}

// Unknown fields are errors: a misspelt field would otherwise be ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    client: Vec<Client>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Client {
    #[serde(rename = "crate")]
    crate_name: String,
    /// The file with the provider's profile, relative to the manifest.
    profile: String,
    managed_scheme: String,
    /// The pages that the documents follow. For readers of the manifest; the generator ignores them.
    #[serde(default, rename = "facts")]
    _facts: Vec<String>,
    /// The day on which the documents were last compared with these pages.
    #[serde(default, rename = "checked")]
    _checked: Option<String>,
    document: Vec<Source>,
}

/// Returns the clients to generate: all of them, or the one that `provider` names.
///
/// The test document of the generator is also a client, if the file exists.
pub(super) fn targets(root: &Path, provider: Option<&str>) -> anyhow::Result<Vec<Target>> {
    let text = fs::read_to_string(root.join(MANIFEST)).with_context(|| format!("cannot read {MANIFEST}"))?;
    let manifest: Manifest =
        toml::from_str(&text).with_context(|| format!("{MANIFEST} is not a valid manifest"))?;
    let mut targets = Vec::new();
    let mut names = Vec::new();
    for (index, client) in manifest.client.into_iter().enumerate() {
        let place = || format!("{MANIFEST}: /client/{index}");
        check(&client).with_context(place)?;
        let profile = read_profile(root, &client.profile).with_context(place)?;
        names.push(profile.name.clone());
        if provider.is_none_or(|name| name == profile.name || name == client.crate_name) {
            targets.push(Target::of(client, profile));
        }
    }
    if root.join(FIXTURE_SPEC).exists() && provider.is_none_or(|name| name == FIXTURE) {
        targets.push(fixture());
    }
    if targets.is_empty() {
        let provider = provider.unwrap_or_default();
        bail!("{MANIFEST} has no client `{provider}`; it has {}", names.join(", "));
    }
    Ok(targets)
}

fn check(client: &Client) -> anyhow::Result<()> {
    ensure!(!client.document.is_empty(), "the client has no document; add a [[client.document]]");
    for (index, document) in client.document.iter().enumerate() {
        ensure!(
            syn::parse_str::<syn::Ident>(&document.module).is_ok(),
            "/document/{index}/module: `{}` is not a valid module name; use a Rust identifier",
            document.module
        );
        let twin = client.document[..index].iter().any(|other| other.module == document.module);
        ensure!(!twin, "/document/{index}/module: `{}` occurs twice; rename one", document.module);
    }
    Ok(())
}

/// Reads and checks a provider's profile. `path` is relative to the manifest.
fn read_profile(root: &Path, path: &str) -> anyhow::Result<ProfileSource> {
    // Written without `..`, so that the files on disk and the errors name the file as a person does.
    let path = match path.strip_prefix("../") {
        Some(path) => path.to_owned(),
        None => format!("specs/{path}"),
    };
    let text = fs::read_to_string(root.join(&path)).with_context(|| {
        format!("profile: {path} cannot be read; name the file of the provider's profile")
    })?;
    let file = ProfileFile::read(&text).map_err(|error| anyhow!("profile: {path}: {error}"))?;
    Ok(ProfileSource { name: file.name().to_owned(), path, text })
}

impl Target {
    fn of(client: Client, profile: ProfileSource) -> Self {
        Self {
            folder: format!("crates/{}/src/generated", client.crate_name),
            name: client.crate_name,
            profile: Some(profile),
            managed_scheme: client.managed_scheme,
            documents: client
                .document
                .into_iter()
                .map(|source| Source { path: format!("specs/{}", source.path), ..source })
                .collect(),
        }
    }
}

const FIXTURE: &str = "kitchen_sink";
const FIXTURE_SPEC: &str = "xtask/tests/data/kitchen_sink.yaml";

/// Returns the client of the test document. The tests of client-core compile and run it.
fn fixture() -> Target {
    Target {
        name: FIXTURE.to_owned(),
        profile: None,
        folder: format!("crates/client-core/tests/it/{FIXTURE}"),
        managed_scheme: "oauth".to_owned(),
        documents: vec![Source { module: "api".to_owned(), path: FIXTURE_SPEC.to_owned() }],
    }
}
