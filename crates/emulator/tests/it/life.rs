//! Start, stop, seeds, clocks, addresses.

use std::collections::BTreeSet;
use std::time::Duration;

use emulator::{Emulator, Endpoint, Fault, Provider};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{client, empty_post, plain_call, send, start, token, token_request};

#[tokio::test]
async fn every_host_has_an_origin_of_its_own_on_loopback() {
    let emulator = start().await;
    let origins: BTreeSet<String> =
        emulator.sites().flat_map(|site| [site.auth_url(), site.api_url()]).collect();
    assert_eq!(origins.len(), 8);
    assert!(origins.iter().all(|origin| origin.starts_with("http://127.0.0.1:")));
    let providers: Vec<Provider> = emulator.sites().map(emulator::Site::provider).collect();
    assert_eq!(providers, Provider::ALL);
}

#[tokio::test]
async fn dropping_the_emulator_ends_listeners_and_connections() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab).clone();
    site.inject(Endpoint::Token, Fault::Hang);
    let hanging = tokio::spawn(token_request(&site).send());
    while site.counters().token_requests == 0 {
        tokio::task::yield_now().await;
    }
    drop(emulator);
    let ended = tokio::time::timeout(Duration::from_secs(5), hanging).await;
    assert!(ended.unwrap().unwrap().is_err());
    let address = site.auth_url().replace("http://", "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_seed_fixes_the_secrets_and_no_seed_draws_new_ones() {
    let seeded = || Emulator::builder().seed(9).start();
    let (first, second) = (seeded().await.unwrap(), seeded().await.unwrap());
    let other = Emulator::start().await.unwrap();
    for provider in Provider::ALL {
        let credentials = |emulator: &Emulator| emulator.site(provider).credentials();
        assert_eq!(credentials(&first), credentials(&second));
        assert_ne!(credentials(&first), credentials(&other));
        assert_eq!(token(first.site(provider)).await, token(second.site(provider)).await);
    }
}

#[tokio::test]
async fn the_fixed_credentials_are_the_documented_ones() {
    let emulator = Emulator::builder().fixed_credentials().start().await.unwrap();
    let goto = emulator.site(Provider::GoTo);
    assert_eq!(goto.credentials().secret(), "goto+client/secret==");
    assert_eq!(goto.refresh_token().as_deref(), Some("goto-refresh-token"));
    assert_eq!(emulator.site(Provider::GoTab).credentials().id(), "gotab-access-id");
    for site in emulator.sites() {
        let token = token(site).await;
        assert!(send(plain_call(site).bearer_auth(token)).await.0 < 300);
    }
}

#[tokio::test]
async fn http_2_is_spoken_as_well() {
    let emulator = start().await;
    let site = emulator.site(Provider::GoTab);
    let client = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    let answer = client.get(format!("{}/api/loc", site.api_url())).send().await.unwrap();
    assert_eq!((answer.version(), answer.status().as_u16()), (reqwest::Version::HTTP_2, 401));
}

#[tokio::test]
async fn ports_past_the_last_one_are_refused() {
    let refused = Emulator::builder().port_base(65_530).start().await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("must be at most 65528"), "{error}");
}

#[tokio::test]
async fn a_port_in_use_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Emulator::builder().port_base(port).start().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let expected = format!("port {port} on 127.0.0.1 is already in use; choose another port base");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn the_auth_host_serves_no_api_and_the_api_host_no_tokens() {
    let emulator = start().await;
    for site in emulator.sites() {
        let path = site.token_url().replace(&site.auth_url(), "");
        let at_api = empty_post(format!("{}{path}", site.api_url()));
        assert_eq!(send(at_api).await.0, 404);
        let at_auth = client().get(format!("{}/api/loc", site.auth_url()));
        assert_eq!(send(at_auth).await.0, 404);
    }
}
