//! One parsed document.

use std::io;

use axum::http::Method;
use serde_json::Value;

use super::operation::Operation;

#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    /// The text between the API host's origin and a path, such as `/G2W/rest/v2`. Empty if the paths are complete.
    pub(crate) base_path: String,
    pub(crate) root: Value,
    operations: Vec<Operation>,
}

/// The result of a look-up of a path in a document.
pub(crate) enum Found<'a> {
    Operation(&'a Operation, Vec<String>),
    /// The document has the path, but with other methods.
    OtherMethods(Vec<Method>),
    Nothing,
}

impl Document {
    pub(crate) fn parse(name: &str, base_path: &str, yaml: &str) -> io::Result<Self> {
        let root: Value = serde_norway::from_str(yaml)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Ok(Self {
            name: name.to_owned(),
            base_path: base_path.trim_end_matches('/').to_owned(),
            operations: operations(&root),
            root,
        })
    }

    /// Returns the operation for a path as the API host received it.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let Some(rest) = path.strip_prefix(&self.base_path) else {
            return Found::Nothing;
        };
        // The base path `/base` must not match `/basement`.
        if !rest.starts_with('/') {
            return Found::Nothing;
        }
        let fitting = |operation: &Operation| operation.template.fit(rest);
        let best = self
            .operations
            .iter()
            .filter(|operation| operation.method == *method)
            .filter_map(|operation| Some((operation, fitting(operation)?)))
            .max_by_key(|(operation, _)| operation.template.specificity());
        if let Some((operation, parameters)) = best {
            return Found::Operation(operation, parameters);
        }
        let others: Vec<Method> = self
            .operations
            .iter()
            .filter(|operation| fitting(operation).is_some())
            .map(|operation| operation.method.clone())
            .collect();
        match others.is_empty() {
            true => Found::Nothing,
            false => Found::OtherMethods(others),
        }
    }

    /// Returns the example answer of the operation with this method and shape. The state starts from it.
    pub(crate) fn example(&self, method: &Method, shape: &str) -> Option<&Value> {
        self.operations
            .iter()
            .find(|operation| operation.method == *method && operation.template.shape() == shape)
            .and_then(|operation| Some(&operation.example()?.value))
    }

    #[cfg(test)]
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }
}

fn operations(root: &Value) -> Vec<Operation> {
    let paths = root.get("paths").and_then(Value::as_object);
    let items = paths.into_iter().flatten();
    items
        .flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |(name, method)| {
                let operation = item.get(*name)?;
                Some(Operation::read(root, path, item, method.clone(), operation))
            })
        })
        .collect()
}

const METHODS: [(&str, Method); 7] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("patch", Method::PATCH),
    ("head", Method::HEAD),
    ("options", Method::OPTIONS),
];

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::{Document, Found};

    const YAML: &str = "
security: [{CustomerAccess: []}]
paths:
  /rooms/{id}:
    parameters:
      - {in: header, name: Property, required: true, schema: {type: integer}}
    get:
      operationId: readRoom
      responses:
        200: {description: ok, content: {application/json: {example: {data: [1]}}}}
  /rooms/first:
    get: {operationId: firstRoom, security: [], responses: {2XX: {description: ok}}}
";

    #[test]
    fn operations_are_found_by_method_and_path() {
        let document = Document::parse("api", "/base/", YAML).unwrap();
        let id = |method: Method, path| match document.find(&method, path) {
            Found::Operation(operation, _) => operation.id.clone(),
            Found::OtherMethods(_) => "other".to_owned(),
            Found::Nothing => "nothing".to_owned(),
        };
        assert_eq!(id(Method::GET, "/base/rooms/1"), "readRoom");
        assert_eq!(id(Method::GET, "/base/rooms/first"), "firstRoom");
        assert_eq!(id(Method::POST, "/base/rooms/1"), "other");
        assert_eq!(id(Method::GET, "/rooms/1"), "nothing");
        assert_eq!(id(Method::GET, "/basement/rooms/1"), "nothing");
    }

    #[test]
    fn an_operation_carries_what_it_asks_for() {
        let document = Document::parse("api", "", YAML).unwrap();
        let [first, read] = document.operations() else {
            panic!("two operations");
        };
        assert!(first.audiences.is_empty());
        assert_eq!(first.status(), None);
        assert_eq!(read.audiences.len(), 1);
        assert_eq!(read.required_parameters.len(), 1);
        assert_eq!(read.example().unwrap().value["data"][0], 1);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        assert!(Document::parse("api", "", "a: [").is_err());
    }
}
