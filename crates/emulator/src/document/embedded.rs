//! The built-in documents, each read once per process.

use std::io;
use std::sync::{Arc, OnceLock};

use super::document::Document;
use crate::provider::Provider;

/// Returns the built-in documents of a provider.
///
/// # Errors
///
/// Fails if a document cannot be read. A test rules this out.
pub(crate) fn embedded(provider: Provider) -> io::Result<Vec<Arc<Document>>> {
    static READ: [OnceLock<Vec<Arc<Document>>>; 4] = [const { OnceLock::new() }; 4];
    let Some(cell) = READ.get(provider.index()) else {
        return read(provider);
    };
    if let Some(documents) = cell.get() {
        return Ok(documents.clone());
    }
    let documents = read(provider)?;
    // Two threads may both parse. The first result is kept, and the second is dropped.
    Ok(cell.get_or_init(|| documents).clone())
}

fn read(provider: Provider) -> io::Result<Vec<Arc<Document>>> {
    sources(provider)
        .iter()
        .map(|(name, base_path, yaml)| Document::parse(name, base_path, yaml).map(Arc::new))
        .collect()
}

/// The name, base path and text of a document.
type Source = (&'static str, &'static str, &'static str);

const fn sources(provider: Provider) -> &'static [Source] {
    match provider {
        Provider::GoTab => &[("api", "", include_str!("../../../../specs/gotab/api.yaml"))],
        Provider::GoTo => &[
            ("admin", "/admin/rest/v1", include_str!("../../../../specs/goto/admin.yaml")),
            ("webinar", "/G2W/rest/v2", include_str!("../../../../specs/goto/webinar.yaml")),
        ],
        Provider::GbgGo => &[("api", "/v2/captain", include_str!("../../../../specs/gbg-go/api.yaml"))],
        Provider::Octotable => {
            &[("api", "/octotable-pms/api/v2", include_str!("../../../../specs/octotable/api.yaml"))]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::embedded;
    use crate::provider::Provider;

    #[test]
    fn every_built_in_document_has_an_example_for_each_json_answer() {
        for provider in Provider::ALL {
            for document in embedded(provider).unwrap() {
                assert!(!document.operations().is_empty(), "{provider} {}", document.name);
                for operation in document.operations() {
                    let example = operation.example();
                    let is_shown = example.is_none_or(|example| !example.value.is_null());
                    assert!(is_shown, "{provider} {} has no example", operation.id);
                }
            }
        }
    }
}
