//! The state of a site: its addresses, its documents, its clock, and everything that changes while it runs.
//!
//! `books.rs` holds what changes, under one lock. `desk.rs` is the view of it that handling one request needs. Requests
//! and the handle of a site ([`Site`](crate::Site)) both work on this state.

mod books;
mod desk;
mod hold;
mod site_state;

pub(crate) use books::{Books, PRINCIPAL};
pub(crate) use desk::{Desk, Issued};
pub(crate) use hold::Gates;
pub use hold::Hold;
pub(crate) use site_state::{Origins, SiteState};
