//! The token URL of a record: where its refresh token may be sent, and where it may not.

use std::sync::Arc;
use std::time::Duration;

use auth_layer::profile::TokenUrl;
use auth_layer::source::ExchangeBuilder;
use auth_layer::store::{Entry, State, StoreKey};
use auth_layer::{
    AccessToken, Clock, Credential, ErrorKind, Exchange, Grant, Identity, MemoryStore, Profile, RefreshToken,
    ReplayRule, TokenManager, TokenStore,
};

use crate::departing::{either_encoding, own_names, raw_basic, scope_in_body};
use crate::house::{House, strict, token};
use crate::refresh::{refreshed, sent};
use crate::support::{FakeTokenEndpoint, example, respond};

const HERE: &str = "https://auth.example.com/token";
const ELSEWHERE: &str = "https://auth.example.org/token";

fn entry_from(token_url: &str) -> Entry {
    let mut entry = Entry::new(RefreshToken::new("r0"));
    entry.token_url = Some(token_url.parse().unwrap());
    entry
}

#[tokio::test]
async fn rf07_a_record_of_another_token_url_is_an_error_that_names_both() {
    let marked = State::Redeeming { holder: "another".into(), lease: Duration::from_secs(20) };
    let left = State::Redeeming { holder: "gone".into(), lease: Duration::ZERO };
    for state in [State::Idle, marked, left] {
        let house = House::new(strict(), ReplayRule::Reusable);
        let mut entry = entry_from(ELSEWHERE);
        entry.state = state;
        // Its access token belongs to the other issuer, too.
        entry.access_token = Some(AccessToken::new("a0").unwrap());
        entry.hard = Some(house.clock.now().wall() + Duration::from_secs(600));
        house.write(entry.clone()).await;
        // A refresh token that was given to the program makes no difference: it does not replace a sign-in that is
        // still valid.
        let given = house.exchange_of(Grant::refresh_token(RefreshToken::new("another")));
        for manager in [house.start(), house.manage(given).build()] {
            let error = token(&manager).await.unwrap_err();
            assert_eq!((error.kind(), error.is_transient()), (ErrorKind::TokenUrl, false));
            let text = error.to_string();
            for part in [HERE, ELSEWHERE, "nothing was sent", "run the sign-in", "moved_from", "a subject"] {
                assert!(text.contains(part), "`{part}` is not in: {text}");
            }
        }
        assert_eq!((house.endpoint.count(), house.entry().await), (0, entry));
    }
}

#[tokio::test]
async fn rf07_a_record_of_a_url_that_was_moved_from_is_used() {
    let mut house = House::new(strict(), ReplayRule::KillsFamily);
    house.profile = house.profile.with_moved_from(ELSEWHERE).unwrap();
    house.write(entry_from(ELSEWHERE)).await;
    let manager = house.start();
    house.endpoint.now(|_, _| Ok(respond(503, "")));
    assert_eq!(token(&manager).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(house.entry().await, entry_from(ELSEWHERE).with_times(&house.entry().await));
    house.advance(60);
    house.endpoint.now(|n, _| Ok(refreshed(n, Some("r1"))));
    token(&manager).await.unwrap();
    assert_eq!(sent(&house.endpoint), ["r0", "r0"]);
    assert!(house.endpoint.seen().iter().all(|seen| seen.uri == HERE), "to the profile's own URL alone");
    assert_eq!(house.entry().await.token_url, Some(HERE.parse().unwrap()));
}

trait WithTimes {
    fn with_times(self, other: &Self) -> Self;
}

impl WithTimes for Entry {
    fn with_times(mut self, other: &Self) -> Self {
        self.redeemed = other.redeemed;
        self
    }
}

#[tokio::test]
async fn rf07_an_entry_without_a_url_gets_the_one_that_answered() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    house.write(Entry::new(RefreshToken::new("r0"))).await;
    token(&house.start()).await.unwrap();
    assert_eq!(house.entry().await.token_url, Some(HERE.parse().unwrap()));
}

#[tokio::test]
async fn rf07_a_sign_in_that_has_ended_elsewhere_needs_a_sign_in_here() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let mut ended = entry_from(ELSEWHERE);
    ended.state = State::Ended;
    house.write(ended).await;
    let error = token(&house.manage(house.exchange_of(Grant::Stored)).build()).await.unwrap_err();
    assert_eq!((error.kind(), house.endpoint.count()), (ErrorKind::SignInAgain, 0));
}

#[test]
fn rf07_the_spelling_of_a_host_makes_no_other_endpoint() {
    let takes = |own: &str, theirs: &str| {
        let profile = Profile::new("example", own).unwrap();
        profile.takes_sign_ins_from(&theirs.parse().unwrap())
    };
    for theirs in [HERE, "HTTPS://AUTH.Example.com/token", "https://auth.example.com.:443/token"] {
        assert!(takes(HERE, theirs) && takes(theirs, HERE), "{theirs}");
    }
    assert!(takes("http://127.0.0.1/t", "http://127.0.0.1:80/t"));
    assert!(takes("https://example.com", "https://example.com/"));
    for theirs in [
        "https://auth.example.com/Token",
        "https://auth.example.com/token/",
        "https://auth.example.com/token?tenant=1",
        "https://auth.example.com:8443/token",
        "https://auth.example.com:80/token",
        "https://auth.example.com.evil.test/token",
        "https://example.com/token",
    ] {
        assert!(!takes(HERE, theirs) && !takes(theirs, HERE), "{theirs}");
    }
    assert!(!takes("http://127.0.0.1:4000/t", "http://127.0.0.1:4001/t"), "an emulator on another port");
}

#[test]
fn rf07_a_url_that_was_moved_from_is_checked_like_the_own_one() {
    for url in ["", "nonsense", "http://auth.example.com/token", "https://a@b/token", "https://b/token#x"] {
        let expected = example().with_token_url(url).unwrap_err().to_string();
        assert_eq!(example().with_moved_from(url).unwrap_err().to_string(), expected);
    }
}

#[test]
fn rf07_an_emulator_counts_as_another_provider() {
    let both: [TokenUrl; 2] = ["https://auth.example.com/oauth/token", "https://id.example.com/oauth/token"]
        .map(|url| url.parse().unwrap());
    let listed: Vec<TokenUrl> = raw_basic().moved_from().cloned().collect();
    assert_eq!(listed, both);
    for own in &both {
        let profile = raw_basic().with_token_url(&own.uri().to_string()).unwrap();
        assert!(both.iter().all(|url| profile.takes_sign_ins_from(url)), "{own}");
    }
    // A profile with another token URL gets no sign-in of the real provider.
    let emulated = raw_basic().with_token_url("http://127.0.0.1:4000/oauth/token").unwrap();
    assert!(!both.iter().any(|url| emulated.takes_sign_ins_from(url)));
    // A URL that was added on purpose counts, in any order of the settings.
    let before = "https://old.example.com/token";
    let after = emulated.clone().with_moved_from(before).unwrap();
    let first = raw_basic().with_moved_from(before).unwrap();
    let first = first.with_token_url("http://127.0.0.1:4000/oauth/token").unwrap();
    assert!([after, first].iter().all(|profile| profile.takes_sign_ins_from(&before.parse().unwrap())));
    for profile in [own_names(), scope_in_body(), either_encoding()] {
        assert_eq!(profile.moved_from().count(), 0, "{}", profile.name());
    }
}

#[tokio::test]
async fn rf07_a_sign_in_at_either_published_address_is_used_at_the_other() {
    let urls = ["https://auth.example.com/oauth/token", "https://id.example.com/oauth/token"];
    for (from, at) in [(urls[0], urls[1]), (urls[1], urls[0])] {
        let (endpoint, store) = (strict(), MemoryStore::new());
        let profile = raw_basic().with_token_url(at).unwrap();
        let exchange = Exchange::builder(profile, Credential::new("client", "secret"), Grant::Stored)
            .transport(endpoint.transport())
            .store(Arc::new(store.clone()))
            .build()
            .unwrap();
        // The key as the version before wrote it.
        let parts = ["1", "raw", from, "client", "BasicRaw", "refresh_token", "", ""];
        let kept = Entry::new(RefreshToken::new("r0"));
        store.compare_exchange(&StoreKey::of(parts), None, kept).await.unwrap().unwrap();
        let key = exchange.store_key().unwrap().clone();
        token(&TokenManager::new(exchange)).await.unwrap();
        assert_eq!(endpoint.seen()[0].uri, at);
        assert_eq!(store.load(&key).await.unwrap().unwrap().entry.token_url, Some(at.parse().unwrap()));
    }
}

/// Returns the second exchange of two tenants of one issuer with one client id.
fn tenant(name: &'static str, tenant: &str, house: &House) -> ExchangeBuilder {
    let profile =
        Profile::new(name, &format!("https://login.example.com/{tenant}/oauth2/v2.0/token")).unwrap();
    let first = RefreshToken::new(format!("{tenant}-0"));
    Exchange::builder(profile, Credential::new("client", "client-secret"), Grant::refresh_token(first))
        .transport(house.endpoint.transport())
        .clock(Arc::new(house.clock.clone()))
        .store(Arc::new(house.store.clone()))
}

#[tokio::test]
async fn rf07_two_tenants_under_one_key_are_an_error_and_never_mixed_up() {
    let endpoint = FakeTokenEndpoint::scripted(|n, seen| {
        let sent = seen.form("refresh_token").unwrap();
        let tenant = sent.split('-').next().unwrap().to_owned();
        assert!(seen.uri.path().starts_with(&format!("/{tenant}/")), "{sent} went to {}", seen.uri);
        Ok(refreshed(n, Some(&format!("{tenant}-{n}"))))
    });
    let house = House::new(endpoint, ReplayRule::KillsFamily);
    let a = house.manage(tenant("entra", "a", &house)).build();
    let b = house.manage(tenant("entra", "b", &house)).build();
    token(&a).await.unwrap();
    let error = token(&b).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenUrl);
    assert!(error.to_string().contains("two tenants"), "{error}");
    house.advance(3_601);
    token(&a).await.unwrap();
    assert_eq!(sent(&house.endpoint), ["a-0", "a-1"]);
    // The two remedies in the error.
    for b in [tenant("entra", "b", &house).subject("b"), tenant("entra-b", "b", &house)] {
        token(&house.manage(b).build()).await.unwrap();
    }
}

#[tokio::test]
async fn rs15_the_query_of_a_records_token_url_is_not_shown() {
    let house = House::new(strict(), ReplayRule::KillsFamily);
    let entry = entry_from(&format!("{HERE}?code=s3cret"));
    house.write(entry.clone()).await;
    let error = token(&house.start()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TokenUrl, "a query is part of the URL");
    assert!(error.to_string().contains("differ in the query"), "{error}");
    let all = format!("{error} {error:?} {entry:?} {}", entry.token_url.as_ref().unwrap());
    assert!(!all.contains("s3cret"), "{all}");
}

#[test]
fn sc06_the_constructor_and_an_exchange_make_the_same_key() {
    let profiles = || {
        [
            example(),
            example().with_scope("b a".parse().unwrap()),
            example().with_parameter("tenant", "7").with_parameter("a", "b"),
            raw_basic(),
            scope_in_body(),
        ]
    };
    let identities = [
        Identity::new(""),
        Identity::new("reception"),
        Identity::new("reception").with_scope("d c".parse().unwrap()),
        Identity::new("").with_audience("orders"),
        Identity::new("").with_resource("https://api.example.com/orders".parse().unwrap()),
        Identity::new("x")
            .with_scope("c".parse().unwrap())
            .with_audience("orders")
            .with_resource("https://api.example.com/orders".parse().unwrap()),
    ];
    let grants = [Grant::Stored, Grant::refresh_token(RefreshToken::new("r"))];
    let mut keys = Vec::new();
    for profile in profiles() {
        for identity in &identities {
            for grant in &grants {
                let made = StoreKey::for_identity(&profile, "client", grant, identity);
                let builder =
                    || Exchange::builder(profile.clone(), Credential::new("client", "secret"), grant.clone());
                let whole = builder().identity(identity);
                // One option at a time.
                let mut single = builder().subject(identity.tenant());
                if let Some(scope) = identity.scope() {
                    single = single.scope(scope.clone());
                }
                if let Some(resource) = identity.resource() {
                    single = single.resource(resource);
                }
                if let Some(audience) = identity.audience() {
                    single = single.audience(audience);
                }
                for builder in [whole, single] {
                    let exchange = builder
                        .transport(FakeTokenEndpoint::issuing(60).transport())
                        .store(Arc::new(MemoryStore::new()))
                        .build()
                        .unwrap();
                    let key = exchange.store_key().unwrap();
                    assert_eq!(*key, made, "{profile:?} {identity:?}");
                    assert!(key.earlier().eq(made.earlier()) && key.earlier().count() > 0);
                }
                keys.push(made);
            }
        }
    }
    keys.sort();
    keys.dedup();
    // Each part except the grant makes its own key. Two identities have a scope, which replaces the profile's scope.
    assert_eq!(keys.len(), profiles().len() * identities.len() - 2);
}

#[test]
fn sc06_a_move_of_the_token_url_leaves_the_key() {
    let key = |profile: &Profile| {
        StoreKey::for_identity(profile, "client", &Grant::Stored, &Identity::new("reception"))
    };
    let moved = raw_basic().with_token_url("https://id.example.com/oauth/token").unwrap();
    assert_eq!(key(&raw_basic()), key(&moved));
}
