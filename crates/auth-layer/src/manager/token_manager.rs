//! `TokenManager`: the public handle to one identity's token.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::current_token::Token;
use super::handle::SharedHandle;
use super::keeper::Keeper;
use super::patience::Patience;
use super::state::Usage;
use crate::clock::Clock;
use crate::error::Error;
use crate::token::Generation;

/// A handle to one identity's token. The manager fetches the token when it is first needed, renews it before it
/// expires, and remembers failures. Any number of callers cause one token request. Cheap to clone; clones share the
/// token.
///
/// - A new manager makes no request and needs no runtime until a token is needed.
/// - Each renewal runs in a task of its own, on the tokio runtime of the caller that started it. Between renewals there
///   is no task, unless [`keep_alive`](Self::keep_alive) was called.
/// - Outside a runtime there is no early renewal. The callers that wait poll the token request, which is dropped with
///   the last of them.
/// - When the last handle is dropped, a renewal that runs is aborted, unless it redeems a refresh token.
///
/// ```
/// use auth_layer::{AccessToken, StaticToken, TokenManager};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
/// assert_eq!(manager.token().await?.access_token().expose(), "abc");
/// # Ok::<(), auth_layer::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct TokenManager {
    pub(super) keeper: Arc<Keeper>,
    /// Exchanges hold the keeper as well, but not this. So its end is the end of the last handle.
    pub(super) handle: Arc<SharedHandle>,
}

impl TokenManager {
    /// Returns the first handle.
    pub(super) fn of(keeper: Keeper) -> Self {
        let keeper = Arc::new(keeper);
        let handle = SharedHandle { keeper: keeper.clone(), keep_alive_task: Mutex::default() };
        Self { handle: Arc::new(handle), keeper }
    }

    /// Returns the current token. Without a token that is still good, the call waits for the one token request that all
    /// callers share.
    ///
    /// A token may arrive with less than a second left: the answer was slow, the wall clock was set forward, or the
    /// server issued it so. The call then goes on waiting, and the source is asked again, at most once a second. Set a
    /// deadline for the call if it must not wait. If the second token has less than a second left as well, it is used
    /// while it lasts.
    ///
    /// # Errors
    ///
    /// Returns the reason why there is no token. While a failure is remembered, the call fails at once and the token
    /// endpoint gets no request:
    ///
    /// - Transient failures are remembered for 1 s, doubling to 60 s.
    /// - Permanent failures are remembered for 5 s, doubling to 60 s. Meanwhile the source is asked at most once a
    ///   second whether it would send something else by now
    ///   ([`TokenSource::has_changed`](crate::TokenSource::has_changed)). So a corrected secret or a new sign-in is
    ///   used within a second.
    /// - A secret that could not be read is looked for once a second as well.
    /// - After [`forget`](Self::forget), no failure is remembered.
    /// - A first panic of the source is not remembered.
    ///
    /// Returns [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer), which is transient, if every token has
    /// arrived expired for a quarter of an hour. Outside a runtime there is no timer to wait with, so the first such
    /// token causes that error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing. The token request goes on, and the next caller gets its token. Outside a
    /// runtime it is dropped with the last caller.
    pub async fn token(&self) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.keeper.cached_token(&mut None) {
            return Ok(token.clone());
        }
        self.keeper.wait_for_token(Patience::NONE)?.await
    }

    /// Notes that an API rejected the token of this generation. Returns the token to use instead: the current one if it
    /// is newer, or else the result of a renewal.
    ///
    /// `None` means that there is no other token: the renewal failed or returned the same token, or rejections have
    /// caused too many renewals already.
    ///
    /// - The first rejection starts a renewal at once.
    /// - Each later rejection of a token that an API had accepted does so too, up to 4 times a minute, as long as the
    ///   last request that was sent again was accepted.
    /// - Otherwise 30 s pass between two renewals, or less for tokens that live less than a minute.
    ///
    /// A caller that uses this method by itself notes accepted tokens with [`accept`](Self::accept).
    ///
    /// # Cancel safety
    ///
    /// The same as for [`token`](Self::token).
    pub async fn reject(&self, generation: Generation) -> Option<Arc<Token>> {
        let arrived = self.keeper.reject(generation)?.outcome().await;
        arrived.ok().filter(|token| token.generation > generation)
    }

    /// Notes that an API accepted the token of this generation: it answered with anything but a rejection.
    /// [`AuthLayer`](crate::AuthLayer) does this for each response. The call takes no lock and allocates nothing.
    #[inline]
    pub fn accept(&self, generation: Generation) {
        self.keeper.accept(generation);
    }

    /// Writes the record that a store could not take when a token was fetched. The manager tries again by itself. Call
    /// this before a program ends, or the new refresh token may be lost.
    ///
    /// # Errors
    ///
    /// Returns [`ErrorKind::Store`](crate::ErrorKind::Store) if the store still cannot be written.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the record is unchanged or completely written.
    ///
    /// ```
    /// use auth_layer::{AccessToken, StaticToken, TokenManager};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
    /// println!("{}", manager.token().await?.access_token().expose());
    /// manager.flush().await?;
    /// # Ok::<(), auth_layer::Error>(()) }).unwrap();
    /// ```
    pub async fn flush(&self) -> Result<(), Error> {
        self.keeper.source.flush().await
    }

    /// Forgets the token in all clones. The next caller asks the source again. Call this after a sign-out, or when a
    /// token has become useless before its expiry.
    ///
    /// - The token of a request that runs is discarded: its callers get
    ///   [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted).
    /// - A refresh token that is being redeemed is redeemed to the end before the source is asked again.
    /// - Nothing is revoked, and the records in a store stay as they are.
    ///
    /// ```
    /// use auth_layer::{AccessToken, StaticToken, TokenManager};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let manager = TokenManager::new(StaticToken::new(AccessToken::new("abc")?));
    /// manager.token().await?;
    /// manager.forget();
    /// manager.token().await?;
    /// assert_eq!(manager.stats().exchanges, 2);
    /// # Ok::<(), auth_layer::Error>(()) }).unwrap();
    /// ```
    pub fn forget(&self) {
        self.keeper.forget();
    }

    /// Returns the counters of this manager.
    pub fn stats(&self) -> Stats {
        let counts = &self.keeper.counts;
        // Acquire pairs with the Release where a failure is counted: a caller that sees the count also sees the
        // backoff. The other counters stand alone.
        Stats {
            exchanges: counts.exchanges.load(Ordering::Relaxed),
            failures: counts.failures.load(Ordering::Acquire),
            rejections: counts.rejections.load(Ordering::Relaxed),
            resends: counts.resends.load(Ordering::Relaxed),
        }
    }

    /// Returns whether a pool that holds this handle may drop the manager.
    pub(crate) fn usage(&self) -> Usage {
        // The pool asks under its write lock, so no other caller can clone its handle meanwhile.
        if Arc::strong_count(&self.handle) > 1 { Usage::InUse } else { self.keeper.usage() }
    }

    /// Makes all handles fail from now on, and all callers that wait for a token.
    pub(crate) fn retire(&self) {
        self.keeper.retire();
    }

    /// Returns the clock of this manager.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.keeper.clock
    }

    /// Returns the token to send now. `None` if the caller has to wait for one.
    ///
    /// `seen` is the token that the caller got last. As long as there is no newer one, no shared reference count
    /// changes.
    #[inline]
    pub(crate) fn cached_token<'a>(&self, seen: &'a mut Option<Arc<Token>>) -> Option<&'a Arc<Token>> {
        self.keeper.cached_token(seen)
    }

    /// Returns a wait for a token, for a caller that got none from [`cached_token`](Self::cached_token). Fails at once
    /// if a failure is remembered and `patience` is too short for its end.
    pub(crate) fn wait_for_token(
        &self,
        patience: Patience,
    ) -> Result<impl Future<Output = Result<Arc<Token>, Error>> + Send + use<>, Error> {
        self.keeper.wait_for_token(patience)
    }

    /// Does the same as [`reject`](Self::reject), for a caller that sends its request again and then calls
    /// [`resent`](Self::resent).
    ///
    /// If the rejected token has expired by now, or expires within a second, the caller waits like any caller without a
    /// token.
    pub(crate) async fn token_for_resend(
        &self,
        rejected: Generation,
        patience: Patience,
    ) -> Option<Arc<Token>> {
        let token = match self.reject(rejected).await {
            Some(token) => token,
            None => self.keeper.wait_for_next_token(patience).await?,
        };
        (token.generation > rejected).then_some(token)
    }

    /// Notes a rejection of a request that cannot be sent again. It starts the renewal, and does not wait for it.
    pub(crate) fn report(&self, rejected: Generation) {
        // Outside a runtime this drops the renewal, which only waiting callers poll. The next caller starts another
        // one.
        drop(self.keeper.reject(rejected));
    }

    /// Notes that a request is about to be sent again with the token of this generation.
    pub(crate) fn resending(&self, generation: Generation) {
        // Relaxed: a counter that no other value depends on.
        self.keeper.counts.resends.fetch_add(1, Ordering::Relaxed);
        self.keeper.resending(generation);
    }

    /// Notes how the API answered a request that was sent again with the token of this generation.
    pub(crate) fn resent(&self, generation: Generation, was_accepted: bool) {
        self.keeper.resent(generation, was_accepted);
    }
}

/// The counters of a [`TokenManager`].
///
/// ```
/// # fn show(manager: &auth_layer::TokenManager) {
/// let stats = manager.stats();
/// println!("{} token requests, {} failed", stats.exchanges, stats.failures);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// How often the source was asked for a token.
    pub exchanges: u64,
    /// How often it failed, or issued a token that was discarded because it had expired when it arrived.
    pub failures: u64,
    /// The number of responses that rejected a token.
    pub rejections: u64,
    /// The number of requests that were sent again with another token.
    pub resends: u64,
}
