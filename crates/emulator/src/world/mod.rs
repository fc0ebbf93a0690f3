//! What the providers remember: reservations, webinars, journeys, tabs.
//!
//! A world is asked about every call that was let in. What it knows nothing of is answered with the document's example, so
//! that a new operation in a document is served without a line here.

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

/// The world of a provider, filled with what the examples of its documents show.
pub(crate) fn world(provider: Provider, documents: &[Arc<Document>]) -> Box<dyn World> {
    match provider {
        Provider::GoTab => Box::new(gotab::Tabs::new(documents)),
        Provider::GoTo => Box::new(goto::Webinars::new(documents)),
        Provider::GbgGo => Box::new(gbg_go::Journeys::default()),
        Provider::Octotable => Box::new(octotable::Restaurant::new(documents)),
    }
}
