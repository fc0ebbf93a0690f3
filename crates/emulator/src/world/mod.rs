//! The state of the providers: reservations, webinars, journeys, tabs.
//!
//! A world receives every call that passed the checks. If it has no rule for the operation, the answer is the
//! document's example, so a new operation in a document needs no code here.

mod call;
mod gbg_go;
mod gotab;
mod goto;
mod octotable;
mod paging;

use std::sync::Arc;

pub(crate) use call::{Call, Outcome, World};
pub(crate) use gotab::locations as gotab_locations;

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
