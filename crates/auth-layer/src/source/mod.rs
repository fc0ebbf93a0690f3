//! Where tokens come from.

mod custody;
mod exchange;
mod refresh;
mod static_token;
mod token_source;
mod verdict;

pub use exchange::{Exchange, ExchangeBuilder};
pub use static_token::StaticToken;
pub use token_source::{IssuedToken, TokenRequest, TokenSource};
