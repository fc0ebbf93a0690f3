//! Grants: the proofs that a client exchanges for a token.

mod custom;
#[expect(clippy::module_inception, reason = "the file has the type for which the folder is named")]
mod grant;
mod token_exchange;

pub use custom::CustomGrant;
pub use grant::Grant;
pub use token_exchange::TokenExchange;
