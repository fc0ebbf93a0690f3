//! Token sources: an exchange at a token endpoint, and a token that never changes.

mod advice;
mod claim;
mod custody;
mod exchange;
mod loss;
mod news;
mod redeem;
mod refresh;
mod settle;
mod static_token;
mod take_over;
mod terms;
mod token_source;
mod verdict;

pub use exchange::{Exchange, ExchangeBuilder};
pub use static_token::StaticToken;
pub use token_source::{IssuedToken, TokenRequest, TokenSource};
