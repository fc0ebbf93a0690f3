//! One of several shapes in which an operation answers, selected by a value in the query.

use serde_json::Value;

/// An entry of an operation's `x-variants`.
#[derive(Clone, Debug)]
pub(crate) struct Variant {
    pub(crate) id: Option<String>,
    pub(crate) example: Option<Value>,
    query: Vec<(String, String)>,
}

impl Variant {
    pub(super) fn read_all(operation: &Value) -> Vec<Self> {
        let variants = operation.get("x-variants").and_then(Value::as_array);
        variants.into_iter().flatten().filter_map(Self::read).collect()
    }

    /// Returns `None` if no query selects the variant.
    fn read(variant: &Value) -> Option<Self> {
        let query = variant.get("query")?.as_object()?;
        let id = variant.get("operationId").and_then(Value::as_str);
        let query: Vec<_> = query.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        (!query.is_empty()).then(|| Self {
            id: id.map(str::to_owned),
            example: variant.get("example").cloned(),
            query,
        })
    }

    pub(super) fn fits(&self, query: &[(String, String)]) -> bool {
        self.query.iter().all(|wanted| query.contains(wanted))
    }
}

/// Returns a scalar as it is written in a query.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Variant;

    #[test]
    fn a_variant_fits_when_the_query_holds_its_values() {
        let operation = json!({"x-variants": [
            {"operationId": "slim", "query": {"view": "slim", "page": 1}, "example": {}},
            {"operationId": "none", "query": {}},
        ]});
        let variants = Variant::read_all(&operation);
        let query = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        assert_eq!(variants.len(), 1);
        assert!(variants[0].fits(&query(&[("page", "1"), ("x", "y"), ("view", "slim")])));
        assert!(!variants[0].fits(&query(&[("view", "slim")])));
    }
}
