//! `Limits`: the paces of a provider's classes, and the origins that they apply to.

use std::sync::Arc;

use http::{Extensions, Uri};

use super::pace::Pace;
use crate::operation::OperationMeta;
use crate::profile::Origins;

/// The limits, and the origins that they apply to.
#[derive(Debug)]
pub(super) struct Limits {
    pub(super) origins: Origins,
    pub(super) paces: Vec<Arc<Pace>>,
}

impl Limits {
    /// Returns the pace of a request, if it has one.
    pub(super) fn pace(&self, uri: &Uri, extensions: &Extensions) -> Option<&Arc<Pace>> {
        if self.paces.is_empty() || !self.origins.contain(uri) {
            return None;
        }
        let operation = extensions.get::<&'static OperationMeta>();
        // A request without a class counts only if there is no choice: a guess could delay it for nothing.
        match operation.and_then(|operation| operation.rate_class()) {
            Some(class) => self.paces.iter().find(|pace| pace.class() == class),
            None => match &self.paces[..] {
                [only] => Some(only),
                _ => None,
            },
        }
    }
}
