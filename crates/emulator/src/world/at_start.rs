//! The worlds at the start of an emulator.

use std::sync::Arc;

use super::call::World;
use super::{gbg_go, gotab, goto, octotable};
use crate::document::Document;
use crate::provider::Provider;

/// Returns the world of a provider, filled with the objects in the examples of its documents.
pub(crate) fn world(provider: Provider, documents: &[Arc<Document>]) -> Box<dyn World> {
    match provider {
        Provider::GoTab => Box::new(gotab::Tabs::new(documents)),
        Provider::GoTo => Box::new(goto::Webinars::new(documents)),
        Provider::GbgGo => Box::new(gbg_go::Journeys::default()),
        Provider::Octotable => Box::new(octotable::Restaurant::new(documents)),
    }
}
