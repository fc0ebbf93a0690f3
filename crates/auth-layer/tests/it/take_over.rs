//! Records that an earlier version kept under other keys. They are found, taken over once, and never redeemed twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use auth_layer::store::{Entry, Record, State, StoreError, StoreKey, Version};
use auth_layer::{
    AccessToken, Clock, ErrorKind, Grant, MemoryStore, RefreshToken, ReplayRule, TokenManager, TokenStore,
};

use crate::house::{House, strict, token, token_in_time};
use crate::refresh::sent;
use crate::support::{settle, until};

pub(crate) const HERE: &str = "https://auth.example.com/token";
pub(crate) const BEFORE: &str = "https://old.example.com/token";

/// Returns the key that an earlier version used for the house's identity at a token URL.
pub(crate) fn earlier(token_url: &str) -> StoreKey {
    StoreKey::of(["1", "example", token_url, "client", "Basic", "refresh_token", "", ""])
}

pub(crate) fn entry(refresh_token: &str) -> Entry {
    Entry::new(RefreshToken::new(refresh_token))
}

pub(crate) async fn write(house: &House, key: &StoreKey, entry: Entry) {
    let known = house.store.memory.load(key).await.unwrap().map(|record| record.version);
    assert!(house.store.memory.compare_exchange(key, known, entry).await.unwrap().is_some());
}

pub(crate) async fn read(house: &House, key: &StoreKey) -> Entry {
    house.store.memory.load(key).await.unwrap().expect("a record").entry
}

/// Returns a house whose provider moved, with a record of an earlier version.
pub(crate) async fn house_with(rule: ReplayRule, token_url: &str, entry: Entry) -> House {
    let mut house = House::new(strict(), rule);
    house.profile = house.profile.with_moved_from(BEFORE).unwrap();
    write(&house, &earlier(token_url), entry).await;
    house
}

/// Returns a process without its own refresh token.
pub(crate) fn stored(house: &House) -> TokenManager {
    house.manage(house.exchange_of(Grant::Stored)).build()
}

#[tokio::test]
async fn sc06_a_record_under_an_earlier_key_is_taken_over() {
    for token_url in [HERE, BEFORE] {
        let mut kept = entry("r0");
        kept.account = Some("m@example.com".into());
        let house = house_with(ReplayRule::KillsFamily, token_url, kept.clone()).await;
        let manager = stored(&house);
        assert_eq!(token(&manager).await.unwrap(), "a1");
        assert_eq!(sent(&house.endpoint), ["r0"]);
        let now = house.entry().await;
        assert_eq!((now.refresh_token.expose(), now.state), ("r1", State::Idle));
        assert_eq!(now.token_url, Some(HERE.parse().unwrap()));
        assert_eq!((now.account, now.sign_in), (kept.account, kept.sign_in.clone()));
        // For a program of the earlier version this is the end of the same sign-in, so it does not start another one
        // with the token.
        let left = read(&house, &earlier(token_url)).await;
        assert!(left.is_taken_over());
        assert_eq!((left.state, left.sign_in), (State::Ended, kept.sign_in));
        house.advance(3_601);
        assert_eq!(token(&manager).await.unwrap(), "a2");
        assert_eq!(sent(&house.endpoint), ["r0", "r1"]);
    }
}

#[tokio::test]
async fn sc06_an_access_token_under_an_earlier_key_is_used_as_it_is() {
    let mut kept = entry("r0");
    let house = House::new(strict(), ReplayRule::KillsFamily);
    kept.access_token = Some(AccessToken::new("a0").unwrap());
    kept.hard = Some(house.clock.now().wall() + Duration::from_secs(600));
    write(&house, &earlier(HERE), kept).await;
    assert_eq!(token(&stored(&house)).await.unwrap(), "a0");
    assert_eq!(house.endpoint.count(), 0);
    assert_eq!(house.entry().await.token_url, Some(HERE.parse().unwrap()));
}

#[tokio::test]
async fn sc06_a_record_that_was_kept_comes_before_the_token_of_the_first_day() {
    let house = house_with(ReplayRule::KillsFamily, HERE, entry("r0")).await;
    let manager = house.manage(house.exchange_of(Grant::refresh_token(RefreshToken::new("first-day"))));
    assert_eq!(token(&manager.build()).await.unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r0"]);
}

#[tokio::test]
async fn sc06_a_sign_in_that_goes_on_comes_before_one_that_ended() {
    let mut ended = entry("gone");
    ended.state = State::Ended;
    let house = house_with(ReplayRule::KillsFamily, HERE, ended).await;
    write(&house, &earlier(BEFORE), entry("r0")).await;
    assert_eq!(token(&stored(&house)).await.unwrap(), "a1");
}

#[tokio::test]
async fn sc06_the_end_of_a_sign_in_is_taken_over_too() {
    let mut ended = entry("r0");
    (ended.state, ended.last_error) = (State::Ended, Some("invalid_grant".into()));
    let house = house_with(ReplayRule::KillsFamily, BEFORE, ended).await;
    // The token that was given to it is the one that ended.
    for manager in [house.start(), stored(&house)] {
        let error = token(&manager).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SignInAgain);
        assert!(error.to_string().contains("(invalid_grant)"), "{error}");
    }
    assert_eq!(house.endpoint.count(), 0);
    assert_eq!(read(&house, &earlier(BEFORE)).await.last_error.as_deref(), Some("invalid_grant"));
    // Another token is another sign-in.
    let manager = house.manage(house.exchange_of(Grant::refresh_token(RefreshToken::new("new"))));
    let _ = token(&manager.build()).await;
    assert_eq!(sent(&house.endpoint), ["new"]);
}

#[tokio::test]
async fn rf04_a_token_that_an_earlier_version_is_redeeming_is_waited_for() {
    let mut marked = entry("r0");
    marked.state = State::Redeeming { holder: "earlier".into(), lease: Duration::from_secs(20) };
    let house = house_with(ReplayRule::KillsFamily, HERE, marked).await;
    let manager = stored(&house);
    let call = tokio::spawn(async move { token(&manager).await });
    settle().await;
    assert!(!call.is_finished());
    // The earlier version gets its answer, whose access token has little time left.
    let seen = house.endpoint.clone();
    assert_eq!(seen.count(), 0);
    seen.now(|n, _| Ok(crate::refresh::refreshed(n, Some("r2"))));
    write(&house, &earlier(HERE), entry("r1")).await;
    until(|| call.is_finished()).await;
    assert_eq!(call.await.unwrap().unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r1"]);
}

#[tokio::test]
async fn rf06_a_mark_that_was_left_under_an_earlier_key_still_counts() {
    let grace = Duration::from_secs(30);
    for (rule, age, sends) in [
        (ReplayRule::KillsFamily, 10, false),
        (ReplayRule::Grace(grace), 10, true),
        (ReplayRule::Grace(grace), 31, false),
        (ReplayRule::Reusable, 3_600, true),
    ] {
        let house = House::new(strict(), rule);
        let mut marked = entry("r0");
        marked.state = State::Redeeming { holder: "earlier".into(), lease: Duration::from_secs(5) };
        marked.redeemed = Some(house.clock.now().wall());
        write(&house, &earlier(HERE), marked).await;
        house.advance(age);
        let taken = token(&stored(&house)).await;
        assert_eq!((taken.is_ok(), house.endpoint.count()), (sends, usize::from(sends)), "{rule:?}, {age}");
        assert!(read(&house, &earlier(HERE)).await.is_taken_over());
    }
}

#[tokio::test]
async fn rf01_an_answer_that_an_earlier_version_writes_late_is_not_lost() {
    let mut marked = entry("r0");
    marked.state = State::Redeeming { holder: "earlier".into(), lease: Duration::from_secs(5) };
    let house = house_with(ReplayRule::KillsFamily, HERE, marked.clone()).await;
    house.advance(10);
    let manager = stored(&house);
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    // The process had redeemed `r0`, and its store was unreachable until now. It finds the token that it used.
    let left = read(&house, &earlier(HERE)).await;
    assert_eq!((&left.refresh_token, &left.sign_in), (&marked.refresh_token, &marked.sign_in));
    house.endpoint.now(|n, _| Ok(crate::refresh::refreshed(n, Some("r2"))));
    let mut late = marked;
    (late.state, late.refresh_token) = (State::Idle, RefreshToken::new("r1"));
    late.obtained = Some(house.clock.now().wall());
    write(&house, &earlier(HERE), late).await;
    house.advance(60);
    assert_eq!(token(&manager).await.unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r1"]);
}

#[tokio::test]
async fn sc06_after_an_end_a_newer_sign_in_of_an_earlier_version_counts() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let mut ended = entry("gone");
    ended.obtained = Some(house.clock.now().wall());
    ended.state = State::Ended;
    write(&house, &house.key, ended.clone()).await;
    let manager = stored(&house);
    // An older sign-in may belong to another person.
    let mut older = entry("older");
    older.obtained = ended.obtained.map(|at| at.saturating_sub(Duration::from_secs(1)));
    write(&house, &earlier(HERE), older).await;
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::SignInAgain);
    house.advance(60);
    let mut newer = entry("r0");
    newer.obtained = Some(house.clock.now().wall());
    write(&house, &earlier(HERE), newer).await;
    assert_eq!(token(&manager).await.unwrap(), "a1");
    assert_eq!(sent(&house.endpoint), ["r0"]);
    assert!(read(&house, &earlier(HERE)).await.is_taken_over());
}

#[tokio::test]
async fn sc06_a_good_record_is_not_replaced_by_one_under_an_earlier_key() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    write(&house, &house.key, entry("r0")).await;
    let mut other = entry("other");
    other.obtained = Some(house.clock.now().wall());
    write(&house, &earlier(HERE), other.clone()).await;
    assert_eq!(token(&stored(&house)).await.unwrap(), "a1");
    assert_eq!(read(&house, &earlier(HERE)).await, other, "programs of the earlier version go on with it");
}

#[tokio::test]
async fn sc07_an_earlier_record_that_cannot_be_read_is_not_passed_over() {
    #[derive(Debug)]
    struct Garbled(MemoryStore);

    #[async_trait]
    impl TokenStore for Garbled {
        async fn load(&self, key: &StoreKey) -> Result<Option<Record>, StoreError> {
            match *key == earlier(HERE) {
                true => Err(StoreError::new("cannot be read", "half a record")),
                false => self.0.load(key).await,
            }
        }

        async fn compare_exchange(
            &self,
            key: &StoreKey,
            expected: Option<Version>,
            entry: Entry,
        ) -> Result<Option<Version>, StoreError> {
            self.0.compare_exchange(key, expected, entry).await
        }

        async fn remove(&self, key: &StoreKey) -> Result<(), StoreError> {
            self.0.remove(key).await
        }

        async fn changed(&self, key: &StoreKey, seen: Version) -> Result<(), StoreError> {
            self.0.changed(key, seen).await
        }
    }

    let house = House::new(strict(), ReplayRule::KillsFamily);
    let exchange = house.exchange().store(Arc::new(Garbled(house.store.memory.clone())));
    let error = token(&house.manage(exchange).build()).await.unwrap_err();
    assert_eq!((error.kind(), house.endpoint.count()), (ErrorKind::Store, 0));
}

#[tokio::test]
async fn sc06_a_record_that_was_taken_over_and_removed_stays_removed() {
    let house = house_with(ReplayRule::KillsFamily, HERE, entry("r0")).await;
    token(&stored(&house)).await.unwrap();
    house.store.memory.remove(&house.key).await.unwrap();
    let error = token_in_time(&house, &stored(&house)).await.unwrap_err();
    assert_eq!((error.kind(), house.endpoint.count()), (ErrorKind::SignInAgain, 1));
    assert!(error.to_string().contains("no sign-in is stored for provider"), "{error}");
}
