//! The tokens a site has given out, and how they stand.

mod access_tokens;
mod refresh_tokens;

pub(crate) use access_tokens::{AccessTokens, Audience, Standing};
pub(crate) use refresh_tokens::{GOTO_TOKEN_LENGTH, Redeemed, RefreshTokens};
