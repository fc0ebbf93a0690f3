//! The result of one act with one client.

use crate::claims::Claims;

/// The observations of an act, and the ones that are wrong.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The observations in a few words.
    pub(crate) shown: String,
    /// The observations that differ from what the act requires. Empty if all is well.
    pub(crate) misses: Vec<String>,
}

impl Scene {
    pub(super) fn new(shown: String, claims: Claims) -> Self {
        Self { shown, misses: claims.into_misses() }
    }

    pub(super) fn broken_off(error: &anyhow::Error) -> Self {
        Self { shown: "failed".to_owned(), misses: vec![format!("failed: {error:#}")] }
    }
}
