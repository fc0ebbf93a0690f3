//! What a suite has to know of a provider.

use std::time::Duration;

use auth_layer::TokenManager;

use crate::Failure;

/// A provider, its client, and one call that stands for all of them.
pub trait Fixture: Send + Sync + 'static {
    /// The typed client.
    type Client: client_core::Provider + Clone + Send + Sync + 'static;

    /// Which site of the emulator it calls.
    const PROVIDER: emulator::Provider;

    /// The lifetime of this provider's tokens.
    const LIFETIME: Duration;

    /// The variables without which there is no client.
    const CREDENTIALS: &'static [&'static str];

    /// The id of the operation that [`call`](Self::call) calls.
    const OPERATION: &'static str;

    /// The smallest answer that the operation's type takes.
    const ANSWER: &'static str;

    /// How a dead token is answered: status and body.
    const REJECTION: (u16, &'static str);

    /// The manager of the client's token.
    fn manager(client: &Self::Client) -> &TokenManager;

    /// One typed call that needs the managed token.
    fn call(client: &Self::Client) -> impl Future<Output = Result<(), Failure>> + Send;
}
