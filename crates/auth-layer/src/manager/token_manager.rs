//! `TokenManager`: the handle to a token that is kept good.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::keep_alive::keep_alive;
use super::keeper::{Keeper, Standing};
use super::patience::Patience;
use super::renewal::Renewal;
use super::signal::Signal;
use super::slot::Token;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind};
use crate::source::TokenSource;
use crate::token::Generation;

/// Keeps one identity's token: fetches it when it is first wanted, renews it early, once however many callers
/// ask, and remembers failures. Cheap to clone; clones share the token.
///
/// It makes no request and needs no runtime until a token is wanted. It owns no standing task: a renewal runs
/// in a task of its own on the tokio runtime of whoever needed it, and ends with it. Outside a runtime those
/// who wait drive the exchange themselves: there is no early renewal then, and it ends with the last of them.
/// When the last handle goes, a renewal still in the air is ended, unless it is redeeming a refresh token.
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
    keeper: Arc<Keeper>,
    /// Flights hold the keeper as well, but not this: it tells when the last handle goes.
    handle: Arc<Handle>,
}

/// Ends with the last handle, and takes with it whatever works for the manager.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) keeper: Arc<Keeper>,
    /// The task that keeps the token alive, if somebody wanted one.
    alive: Mutex<Option<tokio::task::AbortHandle>>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.keeper.abandon();
        if let Some(task) = self.alive.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

impl TokenManager {
    /// Keeps the token of a source, on the system's clock.
    pub fn new(source: impl TokenSource) -> Self {
        Self::builder(source).build()
    }

    /// The same, with options.
    pub fn builder(source: impl TokenSource) -> TokenManagerBuilder {
        TokenManagerBuilder {
            source: Box::new(source),
            clock: Arc::new(SystemClock::new()),
            renewal: Renewal::default(),
            chance: fastrand::Rng::new(),
            signal: Signal::default(),
        }
    }

    /// The current token. It comes at once while there is a good one; else this waits for the one exchange
    /// that brings it.
    ///
    /// A token may arrive with its life over: less than a second of it is left, because the answer was slow, the wall
    /// clock was set forward or the server said so. This call then goes on waiting, and the source is asked again, at
    /// most once a second. Give the call a deadline of its own if it must not wait. A server whose tokens all have less
    /// than a second left, but are not dead yet, gets its second one used.
    ///
    /// # Errors
    ///
    /// Why none could be had. While a failure is remembered it comes at once, and the token endpoint is not asked:
    ///
    /// - Transient failures are remembered for 1 s, doubling to 60 s.
    /// - Permanent ones are remembered for 5 s, doubling to 60 s. Meanwhile a call looks whether the source would send
    ///   something else by now ([`TokenSource::has_changed`]), at most once a second: a corrected secret or a new
    ///   sign-in is used within a second. So it is after [`forget`](Self::forget).
    /// - A secret that could not be read is looked for once a second as well.
    /// - A first panic of the source is not remembered.
    ///
    /// [`ErrorKind::InvalidAnswer`], which is transient, after a quarter of an hour in which every token arrived with its
    /// life over. Outside a runtime, where there is no timer to wait with, the first such token has that error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the exchange goes on, and its token serves the next caller.
    pub async fn token(&self) -> Result<Arc<Token>, Error> {
        if let Some(token) = self.keeper.hit(&mut None) {
            return Ok(token.clone());
        }
        self.keeper.arrival(Patience::NONE)?.await
    }

    /// Says that an API rejected the token of this generation, and gets the one to use instead, if there is
    /// one: the current one if it is newer, else what a renewal brings. `None` means that the rejection stands:
    /// the renewal failed or brought the same token, or rejections have caused too many renewals already.
    ///
    /// The first rejection starts a renewal at once. So does each later one of a token that an API has accepted, up to 4
    /// times a minute, as long as the new tokens help: the last request that was sent again was accepted. Otherwise 30 s
    /// pass between two renewals, or less for tokens that live less than a minute. A caller that uses this method by
    /// itself tells the manager of accepted tokens with [`accept`](Self::accept).
    ///
    /// # Cancel safety
    ///
    /// As for [`token`](Self::token).
    pub async fn reject(&self, generation: Generation) -> Option<Arc<Token>> {
        let arrived = self.keeper.reject(generation)?.outcome().await;
        arrived.ok().filter(|token| token.generation > generation)
    }

    /// Says that an API accepted the token of this generation: it answered with anything but a rejection.
    /// [`AuthLayer`](crate::AuthLayer) does this for each response. The call takes no lock and allocates nothing.
    #[inline]
    pub fn accept(&self, generation: Generation) {
        self.keeper.accept(generation);
    }

    /// Renews at least every so often though nobody asks, so that a refresh token which dies unused outlives a service
    /// that sleeps for weeks. Where a refresh token is good for 30 days, a day is a good interval. The interval is 10 s or
    /// more; a shorter one counts as 10 s. It is counted from the last renewal, also one that a caller caused. A renewal
    /// that fails is tried again after a tenth of the interval. Called again, it takes the new interval.
    ///
    /// This is the one standing task of a manager. It runs on the runtime it is called from, and ends with that or with
    /// the manager's last handle.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Interrupted`] where there is no runtime.
    ///
    /// ```no_run
    /// # async fn run(manager: auth_layer::TokenManager) -> Result<(), auth_layer::Error> {
    /// manager.keep_alive(std::time::Duration::from_secs(86_400))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn keep_alive(&self, every: Duration) -> Result<(), Error> {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let message = "a token is kept alive by a task, and there is no tokio runtime to run it";
            return Err(Error::new(ErrorKind::Interrupted, message));
        };
        let task = runtime.spawn(keep_alive(Arc::downgrade(&self.handle), every)).abort_handle();
        let old = self.handle.alive.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
        if let Some(old) = old {
            old.abort();
        }
        Ok(())
    }

    /// Writes what a store could not take when a token was fetched. A manager goes on trying by itself; this is for a
    /// program that ends, and would take a new refresh token with it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] while the store still cannot be written.
    ///
    /// # Cancel safety
    ///
    /// The record is as it was, or written whole.
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

    /// Forgets the token, in every clone: from here on nobody is given it, and the next caller asks the source anew. It
    /// is for the moment after a sign-out, or after whatever else makes a token worthless that is still good by its
    /// dates.
    ///
    /// A token on its way is not handed out either: who waits for it gets
    /// [`ErrorKind::Interrupted`]. Where a refresh token is being redeemed, that is let
    /// finish before the source is asked again. Nothing is revoked, and what the source keeps, in a store for example,
    /// is left alone.
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

    /// What has happened so far.
    pub fn stats(&self) -> Stats {
        let counts = &self.keeper.counts;
        Stats {
            exchanges: counts.exchanges.load(Ordering::Relaxed),
            failures: counts.failures.load(Ordering::Acquire),
            rejections: counts.rejections.load(Ordering::Relaxed),
            resends: counts.resends.load(Ordering::Relaxed),
        }
    }

    /// Whether the one who asks can do without this manager.
    pub(crate) fn standing(&self) -> Standing {
        if Arc::strong_count(&self.handle) > 1 { Standing::Busy } else { self.keeper.standing() }
    }

    /// Gives out no token any more, through whichever handle; those who wait for one fail.
    pub(crate) fn retire(&self) {
        self.keeper.retire();
    }

    /// The clock this manager lives by.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.keeper.clock
    }

    /// The token to send now, if it can be had without waiting. `seen` is the caller's own copy of what it saw last:
    /// as long as nothing newer has come, only that is touched.
    #[inline]
    pub(crate) fn hit<'a>(&self, seen: &'a mut Option<Arc<Token>>) -> Option<&'a Arc<Token>> {
        self.keeper.hit(seen)
    }

    /// Where [`hit`](Self::hit) found nothing: a wait for a token, or a failure that is not to be waited out.
    pub(crate) fn arrival(
        &self,
        patience: Patience,
    ) -> Result<impl Future<Output = Result<Arc<Token>, Error>> + Send + use<>, Error> {
        self.keeper.arrival(patience)
    }

    /// Does what [`reject`](Self::reject) does for a caller that sends its request again, and says then how it was answered
    /// ([`resent`](Self::resent)).
    ///
    /// If the rejected token has expired meanwhile, this is a caller without a token, and waits like one.
    pub(crate) async fn token_for_resend(
        &self,
        rejected: Generation,
        patience: Patience,
    ) -> Option<Arc<Token>> {
        let token = match self.reject(rejected).await {
            Some(token) => token,
            None if self.keeper.has_good_token() => return None,
            None => self.keeper.arrival(patience).ok()?.await.ok()?,
        };
        (token.generation > rejected).then_some(token)
    }

    /// The same for a request that cannot be sent again: the renewal starts, and nobody waits for it.
    pub(crate) fn report(&self, rejected: Generation) {
        // Where there is no runtime, the seat given up here is the only one, and the next caller starts anew.
        drop(self.keeper.reject(rejected));
    }

    /// Notes that a request is sent again now with the token of this generation.
    pub(crate) fn resending(&self, generation: Generation) {
        self.keeper.counts.resends.fetch_add(1, Ordering::Relaxed);
        self.keeper.resending(generation);
    }

    /// Says how the API answered a request that was sent again with the token of this generation.
    pub(crate) fn resent(&self, generation: Generation, was_accepted: bool) {
        self.keeper.resent(generation, was_accepted);
    }
}

/// Makes a [`TokenManager`].
///
/// ```
/// use auth_layer::{AccessToken, StaticToken, TokenManager};
/// use std::time::Duration;
///
/// let manager = TokenManager::builder(StaticToken::new(AccessToken::new("abc")?))
///     .renew_early(Duration::from_secs(60))
///     .build();
/// # Ok::<(), auth_layer::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TokenManagerBuilder {
    source: Box<dyn TokenSource>,
    clock: Arc<dyn Clock>,
    renewal: Renewal,
    chance: fastrand::Rng,
    signal: Signal,
}

impl TokenManagerBuilder {
    /// Where the time comes from. Give the source the same clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// How long before its end a token is renewed: 5 minutes unless set, and never more than a fifth of its
    /// lifetime. Up to a fifth of the margin later by chance, so that a fleet does not move together.
    pub const fn renew_early(mut self, margin: Duration) -> Self {
        self.renewal = Renewal { early: margin };
        self
    }

    /// Seeds the chance behind every jitter, for tests that are to repeat.
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.chance = fastrand::Rng::with_seed(seed);
        self
    }

    /// Tells somebody, once, when the grant has ended and a person has to sign in again
    /// ([`ErrorKind::SignInAgain`]); again only after there was a token in between.
    ///
    /// `tell` runs on the task of the exchange, so it should be quick: send a message, count a metric. A panic in it is
    /// caught.
    ///
    /// ```
    /// # use auth_layer::{AccessToken, StaticToken};
    /// use auth_layer::TokenManager;
    ///
    /// # let source = StaticToken::new(AccessToken::new("abc")?);
    /// let manager = TokenManager::builder(source)
    ///     .on_sign_in_needed(|error| eprintln!("{error}"))
    ///     .build();
    /// # Ok::<(), auth_layer::Error>(())
    /// ```
    pub fn on_sign_in_needed(mut self, tell: impl Fn(&Error) + Send + Sync + 'static) -> Self {
        self.signal = Signal::new(tell);
        self
    }

    /// Makes the manager. Nothing is sent, and no runtime is needed.
    pub fn build(self) -> TokenManager {
        let keeper = Keeper::new(self.source, self.clock, self.renewal, self.chance, self.signal);
        let keeper = Arc::new(keeper);
        let handle = Handle { keeper: keeper.clone(), alive: Mutex::default() };
        TokenManager { handle: Arc::new(handle), keeper }
    }
}

/// What a manager has done so far.
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
    /// How often the source was asked.
    pub exchanges: u64,
    /// How often it failed, or issued a token that was discarded because its life was over.
    pub failures: u64,
    /// How many responses rejected a token.
    pub rejections: u64,
    /// How many requests were sent again with another token.
    pub resends: u64,
}
