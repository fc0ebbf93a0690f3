//! The state of the providers: reservations, webinars, journeys, tabs.
//!
//! A world receives every call that passed the checks. If it has no rule for the operation, the answer is the
//! document's example, so a new operation in a document needs no code here.

mod at_start;
mod call;
mod gbg_go;
mod gotab;
mod goto;
mod octotable;
mod paging;

pub(crate) use at_start::world;
pub(crate) use call::{Call, Outcome, World};
pub(crate) use gotab::locations as gotab_locations;
