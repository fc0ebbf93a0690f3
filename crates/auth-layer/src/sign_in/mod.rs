//! Lets people sign in and sign out.
//!
//! A [`SignIn`] is a client of one provider. A sign-in returns a [`SignedIn`]. Its refresh token is written to a
//! [`TokenStore`](crate::TokenStore), where an [`Exchange`](crate::Exchange) of [`Grant::Stored`](crate::Grant::Stored)
//! finds it.
//!
//! With a browser, the sign-in uses an authorization code: [`SignIn::authorize`] makes the link that the person opens,
//! and [`SignIn::finish`] trades the code of the callback for tokens. Feature `loopback` has a `LoopbackListener`,
//! which receives the callback. Without a browser, [`SignIn::ask_for_device_code`] and [`SignIn::poll`] use a device
//! code.
//!
//! ```no_run
//! use auth_layer::{Credential, Profile, SignIn};
//!
//! let profile = Profile::new("example", "https://auth.example.com/token")?
//!     .with_authorize_url("https://auth.example.com/authorize")?;
//! let sign_in = SignIn::builder(profile, Credential::new("client-id", "client-secret")).build()?;
//! let authorization = sign_in.authorize("https://app.example.com/callback", None)?;
//! println!("open {}", authorization.url());
//! # Ok::<(), auth_layer::ConfigError>(())
//! ```

mod authorization;
mod callback;
mod client;
mod device;
mod keep;
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
