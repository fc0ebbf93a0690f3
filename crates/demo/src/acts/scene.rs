//! What came of one act with one client.

use crate::claims::Claims;

/// What was seen, and what of it should not have been.
#[derive(Debug)]
pub(crate) struct Scene {
    /// What was seen, in a few words.
    pub(crate) shown: String,
    /// What is not as the act demands; nothing, if all is well.
    pub(crate) misses: Vec<String>,
}

impl Scene {
    pub(super) fn new(shown: String, claims: Claims) -> Self {
        Self { shown, misses: claims.into_misses() }
    }

    pub(super) fn broken_off(error: &anyhow::Error) -> Self {
        Self { shown: "broke off".to_owned(), misses: vec![format!("broke off: {error:#}")] }
    }
}
