//! Where tokens come from.

mod advice;
mod custody;
mod exchange;
mod loss;
mod news;
mod refresh;
mod static_token;
mod take_over;
mod terms;
mod token_source;
mod verdict;

pub use exchange::{Exchange, ExchangeBuilder};
pub use static_token::StaticToken;
pub use token_source::{IssuedToken, TokenRequest, TokenSource};
