//! The facts about a provider that a suite needs.

use std::time::Duration;

use auth_layer::TokenManager;

use crate::Failure;

/// A provider, its client, and one call that represents all of them.
pub trait Fixture: Send + Sync + 'static {
    /// The typed client.
    type Client: client_core::Provider + Clone + Send + Sync + 'static;

    /// The emulator's site that it calls.
    const PROVIDER: emulator::Provider;

    /// The lifetime of this provider's tokens.
    const LIFETIME: Duration;

    /// The variables that a client requires.
    const CREDENTIALS: &'static [&'static str];

    /// The id of the operation that [`call`](Self::call) calls.
    const OPERATION: &'static str;

    /// The smallest valid answer of the operation.
    const ANSWER: &'static str;

    /// The answer to a token that is not accepted: status and body.
    const REJECTION: (u16, &'static str);

    /// Returns the manager of the client's token.
    fn manager(client: &Self::Client) -> &TokenManager;

    /// Makes one typed call that needs the managed token.
    fn call(client: &Self::Client) -> impl Future<Output = Result<(), Failure>> + Send;
}
