//! Configuration errors, which are found when a client is built, before anything is sent.

use std::error::Error as _;

use auth_layer::{ConfigError, Credential, Grant, Profile, TokenManager};
use client_core::{Builder, Provider};
use journeys::{Fixture, Memory, Stage, is_credential, variable};

/// Runs every test of this file for one fixture.
macro_rules! suite {
    ($module:ident, $fixture:ty) => {
        mod $module {
            #[tokio::test]
            async fn a_missing_or_empty_credential_is_named() {
                super::a_missing_or_empty_credential_is_named::<$fixture>().await;
            }

            #[test]
            fn credentials_are_needed_at_all() {
                super::credentials_are_needed_at_all::<$fixture>();
            }

            #[tokio::test]
            async fn a_missing_or_empty_url_is_the_real_one() {
                super::a_missing_or_empty_url_is_the_real_one::<$fixture>().await;
            }

            #[test]
            fn b63_plain_http_is_refused_but_on_loopback() {
                super::b63_plain_http_is_refused_but_on_loopback::<$fixture>();
            }

            #[test]
            fn a_url_that_leads_elsewhere_is_refused_and_shows_no_secret() {
                super::a_url_that_leads_elsewhere_is_refused_and_shows_no_secret::<$fixture>();
            }

            #[test]
            fn b85_building_needs_no_runtime_and_sends_nothing() {
                super::b85_building_needs_no_runtime_and_sends_nothing::<$fixture>();
            }
        }
    };
}

suite!(gotab, journeys::Gotab);
suite!(goto_admin, journeys::GotoAdmin);
suite!(gbg_go, journeys::GbgGo);
suite!(octotable, journeys::Octotable);

fn refused<P: Provider>(result: Result<P, ConfigError>) -> ConfigError {
    result.err().expect("it was built")
}

async fn a_missing_or_empty_credential_is_named<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    for wrong in F::CREDENTIALS {
        let missing = |name: &str| if name == *wrong { None } else { variable(&site, name) };
        let error = Builder::<F::Client>::new().variables(missing).expect_err("it is missing");
        assert_eq!(error.what(), format!("environment variable {wrong}"));
        assert_eq!(error.to_string(), format!("environment variable {wrong}: is not set"));

        let empty = |name: &str| if name == *wrong { Some(String::new()) } else { variable(&site, name) };
        let error = Builder::<F::Client>::new().variables(empty).expect_err("it is empty");
        assert_eq!(error.to_string(), format!("environment variable {wrong}: is empty"));
        assert!(error.source().is_none());
    }
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (0, 0));
    // With all variables the client can be built. A line end behind a value is not part of it.
    for end in ["", "\n", "\r\n"] {
        let lookup = |name: &str| variable(&site, name).map(|value| value + end);
        let whole = Builder::<F::Client>::new().variables(lookup).unwrap();
        F::call(&whole.build().unwrap()).await.unwrap();
    }
}

fn credentials_are_needed_at_all<F: Fixture>() {
    let error = refused(Builder::<F::Client>::new().build());
    assert_eq!(error.what(), "credentials");
}

/// Without URLs in the environment a client uses the provider's real ones. Only the profile shows this.
async fn a_missing_or_empty_url_is_the_real_one<F: Fixture>() {
    let stage = Stage::start().await;
    let site = stage.site::<F>();
    for other in [None, Some(String::new())] {
        let lookup = |name: &str| match is_credential::<F>(name) {
            true => variable(&site, name),
            false => other.clone(),
        };
        let builder = Builder::<F::Client>::new().variables(lookup).unwrap();
        let shown = format!("{builder:?}");
        assert!(shown.contains("token_url: None") && !shown.contains("Some("), "{shown}");
        assert!(builder.build().is_ok());
    }
    assert_eq!(site.counters().token_requests, 0);
}

fn b63_plain_http_is_refused_but_on_loopback<F: Fixture>() {
    let builder = || Memory::new::<F>().builder::<F>();
    for api in F::Client::APIS {
        let elsewhere = ["http://api.example.com/v1", "http://10.0.0.1/v1", "http://127.0.0.1.example.com"];
        for url in elsewhere {
            let error = refused(builder().api_url(api.name(), url).build());
            assert!(
                error.to_string().ends_with("must be https (plain http is for loopback only)"),
                "{error}"
            );
            assert!(error.what().contains(url), "{error}");
        }
        for url in ["ftp://api.example.com", "api.example.com/v1", "", "/v1", "https://exa mple.com"] {
            refused(builder().api_url(api.name(), url).build());
        }
        for url in
            ["https://api.example.com/v1/", "http://127.0.0.1:1/v1", "http://localhost", "http://[::1]:80"]
        {
            assert!(builder().api_url(api.name(), url).build().is_ok(), "{url}");
        }
    }
    for url in ["http://auth.example.com/token", "http://192.168.1.1/token"] {
        let error = refused(builder().token_url(url).build());
        assert_eq!(
            error.to_string(),
            format!("token URL {url}: must be https (plain http is for loopback only)")
        );
    }
    refused(builder().token_url("https://auth.example.com/token#fragment").build());
    refused(builder().token_url("").build());
    assert!(builder().token_url("http://localhost:8080/token").build().is_ok());
}

/// The emulator's runtime is on another thread. This thread has no runtime.
fn b85_building_needs_no_runtime_and_sends_nothing<F: Fixture>() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::start());
    let site = stage.site::<F>();
    assert!(tokio::runtime::Handle::try_current().is_err());
    let clients: Vec<F::Client> = (0..20).map(|_| stage.client::<F>()).collect();
    let one = clients[0].clone();
    assert_eq!(F::manager(&one).stats().exchanges, 0);
    drop(clients);
    // A client that was built outside a runtime works inside one. Any request before would have been counted.
    runtime.block_on(F::call(&one)).unwrap();
    let counters = site.counters();
    assert_eq!((counters.token_requests, counters.api_calls), (1, 1));
}

#[test]
fn empty_credentials_given_by_hand_are_refused() {
    let secret = "client secret: is empty; set it to the real value";
    let id = "client id: is empty; set it to the real value";
    let check = |error: ConfigError, expected: &str| assert_eq!(error.to_string(), expected);
    let gotab = |id, secret| {
        gotab_client::Client::builder().credentials(gotab_client::Credentials::new(id, secret)).build()
    };
    check(refused(gotab("", "secret")), id);
    check(refused(gotab("id", "")), secret);
    let gbg_go = |id, secret| {
        gbg_go_client::Client::builder().credentials(gbg_go_client::Credentials::new(id, secret)).build()
    };
    check(refused(gbg_go("", "secret")), id);
    check(refused(gbg_go("id", "")), secret);
    let octotable = |id, secret| {
        octotable_client::Client::builder()
            .credentials(octotable_client::Credentials::new(id, secret))
            .build()
    };
    check(refused(octotable("", "secret")), id);
    check(refused(octotable("id", "")), secret);
    let goto = |id, secret, refresh| {
        goto_client::Client::builder().credentials(goto_client::Credentials::new(id, secret, refresh)).build()
    };
    check(refused(goto("", "secret", "refresh")), id);
    check(refused(goto("id", "", "refresh")), secret);
    check(refused(goto("id", "secret", "")), "refresh token: is empty; set it to the real value");
    // A raw Basic header joins the id and the secret with a colon.
    assert!(refused(goto("i:d", "secret", "refresh")).to_string().contains("colon"));
}

#[test]
fn a_manager_stands_in_for_credentials() {
    let credential = Credential::new("id", "secret");
    let profile = journeys::profile("octotable");
    let exchange =
        auth_layer::Exchange::builder(profile, credential, Grant::ClientCredentials).build().unwrap();
    let manager = TokenManager::new(exchange);
    let client = octotable_client::Client::builder().manager(manager).build().unwrap();
    assert_eq!(client.token_manager().unwrap().stats().exchanges, 0);
}

/// Returns a builder in which only the URL of the test can be wrong.
fn whole<F: Fixture>() -> Builder<F::Client> {
    let profile = Profile::new("other", "https://auth.example.com/token").unwrap();
    let credential = Credential::new("id", "secret");
    let exchange = auth_layer::Exchange::builder(profile, credential, Grant::ClientCredentials).build();
    Builder::new().manager(TokenManager::new(exchange.unwrap()))
}

fn a_url_that_leads_elsewhere_is_refused_and_shows_no_secret<F: Fixture>() {
    for (url, problem) in [
        ("https://h.example/v1?x=s3cret", "has a query"),
        ("https://h.example/v1?", "has a query"),
        ("https://h.example/v1#s3cret", "has a fragment"),
        ("https://user:s3cret@h.example", "names a user"),
        ("https://h.example:99999", "has a port"),
        ("https://h.example/v1/../v2", "segment"),
        ("https://h.example/v 1", "character"),
        ("https://", "has no host"),
        ("h.example/v1", "must begin with https://"),
        ("", "must not be empty"),
    ] {
        for api in <F::Client as Provider>::APIS {
            let builder = whole::<F>().api_url(api.name(), url);
            let debug = format!("{builder:?}");
            let error = refused(builder.build());
            assert!(error.to_string().starts_with("base URL"), "{error}");
            assert!(error.to_string().contains(problem), "{url}: {error}");
            let all = format!("{debug} {error} {error:?}");
            assert!(!all.contains("s3cret"), "{all}");
        }
        // A token URL may have a query (RFC 6749 section 3.2).
        if problem != "has a query" {
            let builder = whole::<F>().token_url(url);
            let debug = format!("{builder:?}");
            let error = refused(builder.build());
            assert!(error.to_string().contains(problem), "{url}: {error}");
            let all = format!("{debug} {error} {error:?}");
            assert!(!all.contains("s3cret"), "{all}");
        }
    }
    let secret = whole::<F>().token_url("https://auth.example.com/token?key=s3cret");
    assert!(!format!("{secret:?}").contains("s3cret"), "{secret:?}");
    assert!(secret.build().is_ok());
}
