//! Proxies, and an issuer that cannot be reached.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use emulator::{Endpoint, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Home, answer, emulator, visit};

/// A proxy that refuses every tunnel. Returns its URL and the first lines of what it is sent.
async fn proxy() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let all = seen.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap();
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            all.lock().unwrap().push(text.lines().next().unwrap_or_default().to_owned());
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    (url, seen)
}

#[tokio::test]
async fn every_request_goes_through_the_proxy_of_the_environment() {
    for name in ["HTTPS_PROXY", "https_proxy"] {
        let (url, seen) = proxy().await;
        let mut home = Home::empty();
        home.set(name, &url);
        home.set("ACME_CLIENT_ID", "me");
        home.set("ACME_CLIENT_SECRET", "test-secret");
        home.set("ACME_TOKEN_URL", "https://auth.example.com/token");
        home.configure("[providers.acme]\ngrant = \"client-credentials\"\n");
        let ran = home.run(&["token", "acme"]).await.ended_with(6);
        let ran = ran.told(&["could not connect through the proxy", "https://auth.example.com/token"]);
        assert!(!ran.err.contains("check the host"), "the server is not to blame: {}", ran.err);
        home.run(&["doctor", "acme"]).await.ended_with(6);
        home.unset("ACME_TOKEN_URL");
        home.set("ACME_ISSUER", "https://auth.example.com");
        home.run(&["token", "acme"]).await.ended_with(6);
        let seen = seen.lock().unwrap().clone();
        assert!(seen.len() >= 3, "{seen:?}");
        for line in seen {
            assert_eq!(line, "CONNECT auth.example.com:443 HTTP/1.1");
        }
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_the_server_is_not_blamed() {
    let mut home = Home::empty();
    home.set("HTTPS_PROXY", "http://127.0.0.1:1");
    home.set("ACME_CLIENT_ID", "me");
    home.set("ACME_CLIENT_SECRET", "test-secret");
    home.set("ACME_TOKEN_URL", "https://auth.example.com/token");
    home.configure("[providers.acme]\ngrant = \"client-credentials\"\n");
    let ran = home.run(&["token", "acme"]).await.ended_with(6);
    let ran = ran.told(&["could not connect through the proxy 127.0.0.1:1; check HTTPS_PROXY"]);
    assert!(!ran.err.contains("check the host"), "{}", ran.err);
}

#[tokio::test]
async fn no_proxy_is_honoured() {
    for name in ["NO_PROXY", "no_proxy"] {
        let (url, seen) = proxy().await;
        let mut home = Home::empty();
        home.set("HTTPS_PROXY", &url);
        home.set(name, "nowhere.invalid");
        home.set("ACME_CLIENT_ID", "me");
        home.set("ACME_CLIENT_SECRET", "test-secret");
        home.set("ACME_TOKEN_URL", "https://nowhere.invalid/token");
        home.configure("[providers.acme]\ngrant = \"client-credentials\"\n");
        home.run(&["token", "acme"]).await.ended_with(6).told(&["dns error"]);
        assert!(seen.lock().unwrap().is_empty());
    }
}

/// An issuer that can be switched off, whose other endpoints are those of a site.
async fn issuer(site: &Site) -> (String, Arc<AtomicBool>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let away = Arc::<AtomicBool>::default();
    let body = serde_json::json!({
        "issuer": origin, "token_endpoint": site.token_url(), "authorization_endpoint": site.authorize_url(),
    })
    .to_string();
    let is_away = away.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 8192];
            let _ = stream.read(&mut request).await;
            let status = if is_away.load(Ordering::Relaxed) { "503 Service Unavailable" } else { "200 OK" };
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
            let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (origin, away)
}

#[tokio::test]
async fn a_stored_token_is_good_though_the_issuer_is_away() {
    let (_emulator, site) = emulator().await;
    let (origin, away) = issuer(&site).await;
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"{}\"\nissuer = \"{origin}\"\n",
        site.credentials().id()
    ));
    let mut login = home.start(&["login", "acme", "--no-browser"]);
    let page = login.page().await;
    let tokens =
        r#"{"access_token":"the-first","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#;
    site.inject(Endpoint::Token, answer(200, tokens));
    visit(&site.approve(&page).unwrap()).await;
    login
        .end()
        .await
        .ended_with(0)
        .told(&["the provider name \"acme\", the client id", "subject \"default\""]);
    let copy = std::fs::read_dir(home.store()).unwrap().map(|entry| entry.unwrap().path());
    let copy =
        copy.filter(|path| path.extension().is_some_and(|name| name == "metadata")).collect::<Vec<_>>();
    assert_eq!(copy.len(), 1);
    away.store(true, Ordering::Relaxed);
    let token = home.run(&["token", "acme"]).await.ended_with(0);
    assert_eq!((token.out.as_str(), token.err.as_str()), ("the-first\n", ""));
    home.run(&["status"]).await.ended_with(0).showed(&["signed in\n"]);
    home.run(&["doctor"])
        .await
        .showed(&["note  acme: the metadata is a copy from the store's folder, because"]);
    let ran = home.run(&["login", "acme", "--no-browser", "--timeout", "1s"]).await.ended_with(7);
    ran.told(&["Note: the metadata is a copy from the store's folder, because", "status 503"]);
    // Without the copy there is nothing to go by.
    std::fs::remove_file(&copy[0]).unwrap();
    home.run(&["token", "acme"]).await.ended_with(6).told(&["status 503"]);
}

#[tokio::test]
async fn an_old_copy_is_named_when_it_does_not_fit_the_configuration() {
    let (_emulator, site) = emulator().await;
    let (origin, away) = issuer(&site).await;
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    let id = site.credentials().id().to_owned();
    home.configure(&format!("[providers.acme]\nclient_id = \"{id}\"\nissuer = \"{origin}\"\n"));
    std::fs::create_dir_all(home.store()).unwrap();
    crate::support::set_mode(&home.store(), 0o700);
    home.run(&["status"]).await;
    away.store(true, Ordering::Relaxed);
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"{id}\"\nissuer = \"{origin}\"\nclient_auth = \"public\"\n"
    ));
    let ran = home.run(&["token", "acme"]).await.ended_with(6);
    ran.told(&["not one of the methods", "the metadata is a copy from the store's folder"]);
}
