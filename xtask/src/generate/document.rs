//! An OpenAPI document as an untyped JSON value.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Map, Value};

use super::operation::Operation;

/// The methods, in the order in which progenitor visits them.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document for progenitor, and the data that progenitor cannot express.
pub(super) struct Document {
    /// Its path from the workspace's root, with `/` on every platform.
    pub(super) path: String,
    /// The scheme whose token the manager keeps.
    pub(super) managed_scheme: String,
    /// The whole document.
    pub(super) root: Value,
    /// The operations. Empty until the rule N02 has read them.
    pub(super) operations: Vec<Operation>,
    /// The Rust types that replace components, by the Rust name of the component.
    pub(super) replacements: BTreeMap<String, String>,
}

/// The place of an operation in a document.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) path: String,
    pub(super) method: &'static str,
    /// The JSON pointer of the operation.
    pub(super) pointer: String,
    /// The JSON pointer of its path item.
    pub(super) item: String,
}

impl Document {
    pub(super) fn read(root: &Path, path: &str, managed_scheme: &str) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))?;
        Self::parse(&text, path, managed_scheme)
    }

    /// Reads a document from YAML or JSON.
    pub(super) fn parse(text: &str, path: &str, managed_scheme: &str) -> anyhow::Result<Self> {
        let root =
            serde_norway::from_str(text).with_context(|| format!("{path} is neither YAML nor JSON"))?;
        Ok(Self {
            path: path.to_owned(),
            managed_scheme: managed_scheme.to_owned(),
            root,
            operations: Vec::new(),
            replacements: BTreeMap::new(),
        })
    }

    /// Returns an error for the document: the file, the place, the problem and what to do.
    pub(super) fn refuse(&self, pointer: &str, found: impl Display, remedy: &str) -> anyhow::Error {
        anyhow!("{}: {pointer}: {found}; {remedy}", self.path)
    }

    /// Returns the operations, in the order in which progenitor visits them.
    pub(super) fn sites(&self) -> Vec<Site> {
        let paths = self.root["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(path, item)| {
                let methods = METHODS.into_iter().filter(|method| item.get(method).is_some());
                methods.map(|method| Site::new(path, method))
            })
            .collect()
    }

    /// Returns the value at a pointer, or null if the pointer leads nowhere.
    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.root.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Returns the object at a pointer for changes.
    pub(super) fn object_mut(&mut self, pointer: &str) -> Option<&mut Map<String, Value>> {
        self.root.pointer_mut(pointer).and_then(Value::as_object_mut)
    }

    /// Follows `$ref` and returns the value that it refers to.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        // References that lead nowhere are errors. References in a circle are not, so the loop is bounded.
        for _ in 0..16 {
            match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
                Some(pointer) => value = self.at(pointer),
                None => break,
            }
        }
        value
    }

    /// Returns the parameters of an operation with their pointers. Those of the path item come first.
    pub(super) fn parameters(&self, site: &Site) -> Vec<(String, &Value)> {
        let lists = [format!("{}/parameters", site.item), format!("{}/parameters", site.pointer)];
        lists
            .iter()
            .flat_map(|list| {
                let parameters = self.at(list).as_array().into_iter().flatten().enumerate();
                parameters.map(move |(index, parameter)| (format!("{list}/{index}"), self.resolve(parameter)))
            })
            .collect()
    }
}

impl Site {
    pub(super) fn new(path: &str, method: &'static str) -> Self {
        let item = format!("/paths/{}", escape(path));
        Self { path: path.to_owned(), method, pointer: format!("{item}/{method}"), item }
    }
}

/// Returns a key as a segment of a JSON pointer (RFC 6901 section 3).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Calls `visit` for every object in `value`, with its pointer. Skips examples and defaults.
pub(super) fn each_object(
    value: &mut Value,
    pointer: &str,
    visit: &mut dyn FnMut(&str, &mut Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            visit(pointer, object);
            // The keys of these maps are names, so the key `default` is a member or a response and not a value.
            let has_names =
                ["/properties", "/responses", "/schemas"].iter().any(|end| pointer.ends_with(end));
            for (key, value) in object.iter_mut() {
                if has_names || !DATA.contains(&key.as_str()) {
                    each_object(value, &format!("{pointer}/{}", escape(key)), visit);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                each_object(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Keys whose values are data and not schemas.
const DATA: [&str; 5] = ["default", "enum", "example", "examples", "x-variants"];
