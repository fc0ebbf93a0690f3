//! An OpenAPI document as an untyped value, with the places in it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::{Map, Value};

use super::operation::Operation;

/// The methods in the order in which progenitor walks them.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document on its way to progenitor, and what is carried past progenitor.
pub(super) struct Document {
    /// Its path from the workspace's root, with `/` on every platform.
    pub(super) path: String,
    /// The scheme whose token the manager keeps.
    pub(super) managed_scheme: String,
    /// The document.
    pub(super) root: Value,
    /// What is known of each operation; filled by a rule.
    pub(super) operations: Vec<Operation>,
    /// Rust types that stand for components, by the component's Rust name.
    pub(super) replacements: BTreeMap<String, String>,
}

/// Where an operation stands.
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
        let text = fs::read_to_string(root.join(path)).with_context(|| format!("{path} cannot be read"))?;
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

    /// The error that refuses the document: the file, the place, what is there and what to do.
    pub(super) fn refuse(&self, pointer: &str, found: impl Display, remedy: &str) -> anyhow::Error {
        anyhow!("{}: {pointer}: {found}; {remedy}", self.path)
    }

    /// The operations, in the order in which progenitor walks them.
    pub(super) fn sites(&self) -> Vec<Site> {
        let paths = self.root["paths"].as_object().into_iter().flatten();
        paths
            .flat_map(|(path, item)| {
                let methods = METHODS.into_iter().filter(|method| item.get(method).is_some());
                methods.map(|method| Site::new(path, method))
            })
            .collect()
    }

    /// The value at a pointer; null if there is none.
    pub(super) fn at(&self, pointer: &str) -> &Value {
        self.root.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The object at a pointer, to change it.
    pub(super) fn object_mut(&mut self, pointer: &str) -> Option<&mut Map<String, Value>> {
        self.root.pointer_mut(pointer).and_then(Value::as_object_mut)
    }

    /// What `value` is, or refers to.
    pub(super) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        // The references were checked; the bound is for a circle of them.
        for _ in 0..16 {
            match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
                Some(pointer) => value = self.at(pointer),
                None => break,
            }
        }
        value
    }

    /// The parameters of an operation, the path item's first, each with its pointer.
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

/// A key as a segment of a JSON pointer (RFC 6901 section 3).
pub(super) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Calls `visit` for every object under `value` with its pointer, examples and defaults left out.
pub(super) fn each_object(
    value: &mut Value,
    pointer: &str,
    visit: &mut dyn FnMut(&str, &mut Map<String, Value>),
) {
    match value {
        Value::Object(object) => {
            visit(pointer, object);
            // In these maps the keys are names; a member may be called `default`, and so is a response.
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

/// Keys whose values are data, not description.
const DATA: [&str; 5] = ["default", "enum", "example", "examples", "x-variants"];
