//! One provider: its two hosts, its state, and the handle by which a test controls it.

mod auth_host;
mod books;
mod desk;
mod environment;
mod handover;
mod hold;
mod pipeline;
mod signing_in;
#[expect(clippy::module_inception, reason = "the handle that names the folder")]
mod site;
mod state;
mod visit;

pub use auth_host::AuthHost;
pub(crate) use books::{Books, PRINCIPAL};
pub(crate) use desk::{Desk, Issued};
pub(crate) use hold::Gates;
pub use hold::Hold;
pub(crate) use pipeline::router;
pub use site::Site;
pub(crate) use state::{Origins, SiteState};
