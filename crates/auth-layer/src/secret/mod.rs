//! Secrets: the text of one, the places to read it from, and a client's id with its secret.

mod credential;
#[expect(clippy::module_inception, reason = "the file has the type for which the folder is named")]
mod secret;
mod secret_source;

pub use credential::Credential;
pub use secret::Secret;
pub use secret_source::SecretSource;

pub(crate) use secret::blankness;
