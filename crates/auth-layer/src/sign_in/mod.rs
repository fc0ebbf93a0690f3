//! A person's first sign-in, and the last one's end.
//!
//! A [`SignIn`] knows one client at one provider. What comes of a sign-in is a [`SignedIn`]: its refresh token goes into
//! a [`TokenStore`](crate::TokenStore), where an [`Exchange`](crate::Exchange) of
//! [`Grant::Stored`](crate::Grant::Stored) finds it.

mod client;
mod device;
mod revoke;
mod signed_in;

pub use client::{SignIn, SignInBuilder};
pub use device::DeviceCode;
pub use revoke::{Revocation, SignedOut};
pub use signed_in::SignedIn;
