//! The tokens and codes that a site has issued, and their state.

mod access_tokens;
mod challenge;
mod codes;
mod device_codes;
mod lasting_tokens;
mod refresh_tokens;
mod scopes;
mod targets;

pub(crate) use access_tokens::{AccessTokens, Audience, Standing};
pub(crate) use challenge::Challenge;
pub(crate) use codes::{Approval, BadCode, Codes};
pub(crate) use device_codes::{DEVICE_CODE_LIFETIME, DeviceCodes, POLL_INTERVAL, Poll};
pub(crate) use lasting_tokens::LastingTokens;
pub(crate) use refresh_tokens::{GOTO_TOKEN_LENGTH, NoGood, Redeemed, RefreshTokens};
pub(crate) use scopes::{SCOPES, scopes};
pub(crate) use targets::Targets;
