//! A person's first sign-in, and the last one's end.
//!
//! A [`SignIn`] knows one client at one provider. What comes of a sign-in is a [`SignedIn`]: its refresh token goes into
//! a [`TokenStore`](crate::TokenStore), where an [`Exchange`](crate::Exchange) of
//! [`Grant::Stored`](crate::Grant::Stored) finds it.
//!
//! With a browser at hand it goes by authorization code: [`SignIn::authorize`] makes the link that the person follows,
//! [`SignIn::finish`] trades what the browser comes back with. Feature `loopback` has a `LoopbackListener` for it to come
//! back to.

mod authorization;
mod callback;
mod client;
mod device;
#[cfg(feature = "loopback")]
mod loopback;
#[cfg(feature = "loopback")]
mod page;
mod pkce;
mod recovered;
mod redirect;
mod revoke;
mod signed_in;

pub use authorization::Authorization;
pub use client::{SignIn, SignInBuilder};
pub use device::DeviceCode;
#[cfg(feature = "loopback")]
pub use loopback::LoopbackListener;
pub use pkce::Pkce;
pub use recovered::RecoveredSignIn;
pub use revoke::{Revocation, SignedOut};
pub use signed_in::SignedIn;
