//! One provider: the handle by which a test controls it, and the path of a request through its two hosts.

mod auth_host;
mod environment;
mod handover;
mod pipeline;
mod signing_in;
#[expect(clippy::module_inception, reason = "the handle that names the folder")]
mod site;
mod visit;

pub use auth_host::AuthHost;
pub(crate) use pipeline::router;
pub use site::Site;
