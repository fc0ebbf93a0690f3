//! A gate in front of each host, which a test may close for a while.

use tokio::sync::watch;

use crate::endpoint::Endpoint;

/// Holds back the requests to one host until it is dropped. Made by [`Site::hold`](crate::Site::hold).
///
/// ```
/// # #[tokio::main] async fn main() -> std::io::Result<()> {
/// use emulator::{Emulator, Endpoint, Provider};
///
/// let emulator = Emulator::builder().start().await?;
/// let hold = emulator.site(Provider::GoTab).hold(Endpoint::Token);
/// // Requests to the token endpoint arrive and wait.
/// drop(hold);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Hold(watch::Sender<usize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| *holds = holds.saturating_sub(1));
    }
}

/// The gates of the hosts. Each counts the [`Hold`]s that keep it closed.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    token: watch::Sender<usize>,
    sign_in: watch::Sender<usize>,
    api: watch::Sender<usize>,
}

impl Gates {
    pub(crate) fn hold(&self, endpoint: Endpoint) -> Hold {
        let gate = self.of(endpoint);
        // `send` would fail without a receiver. `send_modify` changes the value even if no request waits.
        gate.send_modify(|holds| *holds += 1);
        Hold(gate.clone())
    }

    pub(crate) fn gate(&self, endpoint: Endpoint) -> Gate {
        // A receiver sees the current value at once, so a gate that is already closed holds this request, too.
        Gate(self.of(endpoint).subscribe())
    }

    fn of(&self, endpoint: Endpoint) -> &watch::Sender<usize> {
        match endpoint {
            Endpoint::Token => &self.token,
            Endpoint::SignIn => &self.sign_in,
            Endpoint::Api => &self.api,
        }
    }
}

/// The gate as one request sees it.
pub(crate) struct Gate(watch::Receiver<usize>);

impl Gate {
    /// Waits until no [`Hold`] keeps the gate closed.
    pub(crate) async fn pass(mut self) {
        // An error means that the gate was dropped. Then nothing is held back.
        let _ = self.0.wait_for(|holds| *holds == 0).await;
    }
}
