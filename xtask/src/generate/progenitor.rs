//! Runs progenitor in this process, and turns its failures into errors with a place in the document.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{anyhow, bail};
use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor_impl::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::document::{Document, escape};

/// Generates the code of a document that the rules have changed.
pub(super) fn generate(document: &Document) -> anyhow::Result<TokenStream> {
    let spec: OpenAPI =
        serde_json::from_value(document.root.clone()).map_err(|error| misshapen(document, &error))?;
    run(document, &spec).map_err(|error| blame(document, &error))
}

fn run(document: &Document, spec: &OpenAPI) -> anyhow::Result<TokenStream> {
    let mut settings = GenerationSettings::new();
    settings.with_interface(InterfaceStyle::Builder).with_hooks(HooksMode::Expected);
    settings.with_map_type("::std::collections::BTreeMap");
    for (name, path) in &document.replacements {
        let impls = [TypeImpl::Display, TypeImpl::FromStr];
        settings.with_replacement(name, path, impls.into_iter());
    }
    let mut generator = Generator::new(&settings);
    match quietly(|| generator.generate_tokens(spec)) {
        Ok(result) => Ok(result?),
        Err(message) => bail!("{message}"),
    }
}

/// Runs `f`. Returns the message of a panic as an error and does not print it.
fn quietly<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    // The panic hook is global to the process. Only one thread at a time may replace it.
    static HOOK: Mutex<()> = Mutex::new(());
    let _guard = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let message = Arc::new(Mutex::new(String::new()));
    let slot = Arc::clone(&message);
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let payload = info.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = text.unwrap_or("panic").to_owned();
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    panic::set_hook(before);
    result.map_err(|_| message.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

const REMEDY: &str = "simplify the description, or add a rule to xtask/src/generate/rules";

/// Finds the operation on which progenitor fails, by generating each operation alone.
fn blame(document: &Document, error: &anyhow::Error) -> anyhow::Error {
    for site in document.sites() {
        let mut root = document.root.clone();
        let operation = document.at(&site.pointer).clone();
        let parameters = document.at(&format!("{}/parameters", site.item)).clone();
        let mut item = json!({ site.method: operation });
        if !parameters.is_null() {
            item["parameters"] = parameters;
        }
        root["paths"] = json!({ site.path.as_str(): item });
        let alone = serde_json::from_value(root).map_err(|error| anyhow!("{error}"));
        if let Err(error) = alone.and_then(|spec| run(document, &spec)) {
            return document.refuse(&site.pointer, format!("progenitor fails: {error}"), REMEDY);
        }
    }
    document.refuse("/components", format!("progenitor fails: {error}"), REMEDY)
}

/// Finds the part of the document that is not valid OpenAPI, by parsing each part alone.
fn misshapen(document: &Document, error: &serde_json::Error) -> anyhow::Error {
    let part = first_misshapen::<openapiv3::ReferenceOr<openapiv3::Schema>>(document, "/components/schemas")
        .or_else(|| {
            first_misshapen::<openapiv3::ReferenceOr<openapiv3::Parameter>>(
                document,
                "/components/parameters",
            )
        })
        .or_else(|| {
            first_misshapen::<openapiv3::ReferenceOr<openapiv3::Response>>(document, "/components/responses")
        })
        .or_else(|| first_misshapen::<openapiv3::ReferenceOr<openapiv3::PathItem>>(document, "/paths"));
    let pointer = part.unwrap_or_else(|| "/".to_owned());
    document.refuse(
        &pointer,
        format!("not valid OpenAPI 3.0: {error}"),
        "compare it with the OpenAPI 3.0.3 specification",
    )
}

fn first_misshapen<T: DeserializeOwned>(document: &Document, pointer: &str) -> Option<String> {
    let parts = document.at(pointer).as_object().into_iter().flatten();
    parts
        .filter(|(_, part): &(&String, &Value)| serde_json::from_value::<T>((*part).clone()).is_err())
        .map(|(name, _)| format!("{pointer}/{}", escape(name)))
        .next()
}
