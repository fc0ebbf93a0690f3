//! Runs `cargo xtask generate` on temporary workspaces.
#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod checkouts;
mod tidy;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use xtask::Outcome;
use xtask::flags::Generate;
use xtask::generate::run;

const SPEC: &str = include_str!("../data/kitchen_sink.yaml");

const PROFILE: &str = "name = \"sink\"\ntoken_url = \"https://auth.example.com/token\"\n";

/// A temporary workspace with one client.
struct Workspace(TempDir);

impl Workspace {
    fn new(spec: &str) -> Self {
        Self::with_documents(PROFILE, &[("api", spec)])
    }

    fn with_documents(profile: &str, documents: &[(&str, &str)]) -> Self {
        let root = TempDir::new().unwrap();
        fs::create_dir(root.path().join("specs")).unwrap();
        let mut manifest = String::from(
            "[[client]]\ncrate = \"sink-client\"\nprofile = \"sink.toml\"\nmanaged_scheme = \"oauth\"\n",
        );
        fs::write(root.path().join("specs/sink.toml"), profile).unwrap();
        for (module, spec) in documents {
            manifest += &format!("[[client.document]]\nmodule = \"{module}\"\npath = \"{module}.yaml\"\n");
            fs::write(root.path().join(format!("specs/{module}.yaml")), spec).unwrap();
        }
        fs::write(root.path().join("specs/manifest.toml"), manifest).unwrap();
        Self(root)
    }

    fn generated(&self) -> PathBuf {
        self.0.path().join("crates/sink-client/src/generated")
    }

    /// Runs `generate`, and returns its output and its result.
    fn run(&self, check: bool, provider: Option<&str>) -> (String, anyhow::Result<Outcome>) {
        let flags = Generate { check, provider: provider.map(str::to_owned), ..Generate::default() };
        let mut out = Vec::new();
        let outcome = run(self.0.path(), &flags, &mut out);
        (String::from_utf8(out).unwrap(), outcome)
    }

    #[track_caller]
    fn outcome(&self, check: bool) -> (String, Outcome) {
        let (text, outcome) = self.run(check, None);
        (text, outcome.unwrap())
    }

    /// Runs `generate`, and returns its error with all causes. Asserts that it wrote no file.
    #[track_caller]
    fn error(&self) -> String {
        let (_, outcome) = self.run(false, None);
        let error = outcome.expect_err("`generate` must fail");
        assert!(!self.0.path().join("crates").exists(), "`generate` must not write a file");
        format!("{error:#}")
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn same_input_gives_the_same_bytes_anywhere() {
    let (one, two) = (Workspace::new(SPEC), Workspace::new(SPEC));
    one.outcome(false);
    two.outcome(false);
    let names: Vec<_> = files(&one.generated()).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["client.rs", "meta.rs", "mod.rs", "operations.rs", "profile.toml", "responses.rs", "types.rs"]
    );
    assert_eq!(files(&one.generated()), files(&two.generated()));
}

#[test]
fn check_finds_no_difference_after_generating() {
    let workspace = Workspace::new(SPEC);
    let (text, _) = workspace.outcome(false);
    assert!(text.contains("specs/api.yaml: 13 of 13 operations"), "{text}");
    let (text, outcome) = workspace.outcome(true);
    assert_eq!(outcome, Outcome::Fine, "{text}");
    let (text, _) = workspace.outcome(false);
    assert!(!text.contains("wrote"), "files that are up to date are not written again: {text}");
}

#[test]
fn check_shows_the_difference_and_writes_no_file() {
    let workspace = Workspace::new(SPEC);
    let (_, outcome) = workspace.outcome(true);
    assert_eq!(outcome, Outcome::Stale);
    assert!(!workspace.generated().exists());

    workspace.outcome(false);
    let meta = workspace.generated().join("meta.rs");
    let edited = fs::read_to_string(&meta).unwrap().replace("\"/health\"", "\"/wealth\"");
    fs::write(&meta, &edited).unwrap();
    let (text, outcome) = workspace.outcome(true);
    assert_eq!(outcome, Outcome::Stale);
    assert!(text.contains("--- crates/sink-client/src/generated/meta.rs"), "{text}");
    assert!(text.contains("-        \"/wealth\",") && text.contains("+        \"/health\","), "{text}");
    assert_eq!(fs::read_to_string(&meta).unwrap(), edited);
}

#[test]
fn files_that_are_not_generated_are_found_and_removed() {
    let workspace = Workspace::new(SPEC);
    workspace.outcome(false);
    let stray = workspace.generated().join("old/left_over.rs");
    fs::create_dir(stray.parent().unwrap()).unwrap();
    fs::write(&stray, "").unwrap();
    let (text, outcome) = workspace.outcome(true);
    assert_eq!(outcome, Outcome::Stale);
    assert!(text.contains("generated/old/left_over.rs is not a generated file"), "{text}");
    workspace.outcome(false);
    assert!(!stray.parent().unwrap().exists());
}

#[test]
fn each_of_several_documents_gets_a_module() {
    let workspace = Workspace::with_documents(PROFILE, &[("admin", SPEC), ("webinar", SPEC)]);
    workspace.outcome(false);
    let root = fs::read_to_string(workspace.generated().join("mod.rs")).unwrap();
    assert!(root.contains("pub mod admin;") && root.contains("pub mod webinar;"), "{root}");
    assert!(workspace.generated().join("webinar/client.rs").exists());
}

#[test]
fn files_name_their_document_and_contain_no_local_path() {
    let workspace = Workspace::new(SPEC);
    workspace.outcome(false);
    let root = workspace.0.path().to_string_lossy().into_owned();
    for (name, bytes) in files(&workspace.generated()) {
        let text = String::from_utf8(bytes).unwrap();
        let head = match name.as_str() {
            "profile.toml" => "# @generated by `cargo xtask generate` from specs/sink.toml. Do not edit.\n",
            _ => "// @generated by `cargo xtask generate` from specs/api.yaml. Do not edit.\n",
        };
        assert!(text.starts_with(head), "{name}");
        assert!(!text.contains(&root), "{name}");
        assert!(!text.contains("progenitor") && !text.contains("reqwest"), "{name}");
        assert!(!text.contains("api_version") && !text.contains("api-version"), "{name}");
    }
}

#[test]
fn provider_is_a_profile_or_a_crate() {
    let workspace = Workspace::new(SPEC);
    for provider in ["sink", "sink-client"] {
        assert!(workspace.run(true, Some(provider)).1.is_ok());
    }
    let error = workspace.run(true, Some("unknown")).1.unwrap_err().to_string();
    assert!(error.contains("`unknown`") && error.contains("sink"), "{error}");
}

#[test]
fn a_profile_that_cannot_be_used_names_the_place_in_the_manifest() {
    let wrong = PROFILE.replace("token_url", "tokn_url");
    let error = Workspace::with_documents(&wrong, &[("api", SPEC)]).error();
    assert_eq!(
        error,
        "specs/manifest.toml: /client/0: profile: specs/sink.toml: unknown key `tokn_url`; did you mean `token_url`?"
    );
    let workspace = Workspace::new(SPEC);
    fs::remove_file(workspace.0.path().join("specs/sink.toml")).unwrap();
    assert!(
        workspace
            .error()
            .starts_with("specs/manifest.toml: /client/0: profile: specs/sink.toml cannot be read")
    );
}

#[test]
fn one_bad_document_prevents_every_client_from_being_written() {
    let workspace = Workspace::new(SPEC);
    let specs = workspace.0.path().join("specs");
    fs::write(specs.join("bad.yaml"), SPEC.replace("operationId: sendNote", "summary: Without id")).unwrap();
    let manifest = fs::read_to_string(specs.join("manifest.toml")).unwrap();
    let second = manifest.replace("sink-client", "bad-client").replace("api.yaml", "bad.yaml");
    fs::write(specs.join("manifest.toml"), manifest + &second).unwrap();
    let error = workspace.error();
    assert!(error.contains("specs/bad.yaml: /paths/~1note/post: operationId is missing; add one"), "{error}");
}

#[test]
fn an_invalid_document_is_an_error_with_its_place() {
    assert!(Workspace::new("{ a: [").error().contains("specs/api.yaml is neither YAML nor JSON"));
    let error =
        Workspace::new(&SPEC.replace("in: header, schema: { type: string }", "in: header, schema: 7"))
            .error();
    assert!(
        error.contains("specs/api.yaml: /components/parameters/TraceId: not valid OpenAPI 3.0"),
        "{error}"
    );
}

#[test]
fn a_panic_of_progenitor_is_an_error_with_the_operation() {
    let bad = SPEC.replace("name: a, in: path", "name: c, in: path");
    let error = Workspace::new(&bad).error();
    assert!(
        error.contains("specs/api.yaml: /paths/~1deep~1{a}~1x~1{b}.json/get: progenitor fails"),
        "{error}"
    );
}

#[test]
fn an_operation_id_that_hides_a_client_method_is_an_error() {
    for id in ["withBearer", "withIdentity"] {
        let spec = SPEC.replace("operationId: getHealth", &format!("operationId: {id}"));
        let error = Workspace::new(&spec).error();
        assert!(error.contains(&format!("/paths/~1health/get: operationId `{id}`")), "{error}");
    }
}
