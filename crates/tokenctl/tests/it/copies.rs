//! The copy of an issuer's metadata in the store's folder.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use emulator::{Endpoint, Site};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Home, Running, answer, emulator, visit};

/// An issuer whose answer can be changed. Its other endpoints are those of a site.
struct Issuer {
    url: String,
    document: String,
    /// The status line's code and the body of every answer.
    answer: Arc<Mutex<(u16, String)>>,
}

impl Issuer {
    async fn of(site: &Site) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let document = serde_json::json!({
            "issuer": url, "token_endpoint": site.token_url(), "authorization_endpoint": site.authorize_url(),
        })
        .to_string();
        let answer = Arc::new(Mutex::new((200, document.clone())));
        let current = answer.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = vec![0; 8192];
                let _ = stream.read(&mut request).await;
                let (status, body) = current.lock().unwrap().clone();
                let head =
                    format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nConnection: close\r\n");
                let answer = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, document, answer }
    }

    /// Sets the answer to every later request.
    fn answers(&self, status: u16, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    /// The document with a revocation URL, which the first document does not have.
    fn changed_document(&self) -> String {
        let start = self.document.strip_suffix('}').unwrap();
        format!("{start},\"revocation_endpoint\":\"{}/changed\"}}", self.url)
    }
}

/// A home that uses this issuer.
fn home(site: &Site, issuer: &Issuer) -> Home {
    let mut home = Home::empty();
    home.set("ACME_CLIENT_SECRET", site.credentials().secret());
    home.configure(&format!(
        "[providers.acme]\nclient_id = \"{}\"\nissuer = \"{}\"\n",
        site.credentials().id(),
        issuer.url
    ));
    home
}

/// Completes a login that has shown this page.
async fn approve(login: Running<'_>, site: &Site, page: &str) {
    let tokens =
        r#"{"access_token":"the-first","token_type":"Bearer","expires_in":3600,"refresh_token":"r1"}"#;
    site.inject(Endpoint::Token, answer(200, tokens));
    visit(&site.approve(page).unwrap()).await;
    login.end().await.ended_with(0);
}

/// Signs in while the issuer answers, which keeps a copy.
async fn sign_in(home: &Home, site: &Site) {
    let mut login = home.start(&["login", "acme", "--no-browser"]);
    let page = login.page().await;
    approve(login, site, &page).await;
}

/// The file of the copy.
fn copy(home: &Home) -> PathBuf {
    let files = std::fs::read_dir(home.store()).unwrap().map(|entry| entry.unwrap().path());
    let mut copies = files.filter(|path| path.extension().is_some_and(|name| name == "metadata"));
    copies.next().expect("a copy is kept")
}

#[tokio::test]
async fn a_copy_is_used_only_after_transient_trouble() {
    let (_emulator, site) = emulator().await;
    let issuer = Issuer::of(&site).await;
    let home = home(&site, &issuer);
    sign_in(&home, &site).await;
    issuer.answers(503, "");
    let ran = home.run(&["token", "acme"]).await.ended_with(0);
    assert_eq!(ran.out, "the-first\n");
    // The issuer no longer has metadata.
    issuer.answers(404, "");
    let ran = home.run(&["token", "acme"]).await.ended_with(4).told(&["status 404", "check the issuer"]);
    assert_eq!(ran.out, "");
    // The document is that of another issuer.
    issuer.answers(200, &issuer.document.replace(&issuer.url, "https://other.example"));
    let ran = home.run(&["token", "acme"]).await.ended_with(4).told(&["other.example", "check the issuer"]);
    assert_eq!(ran.out, "");
}

#[tokio::test]
async fn a_copy_is_replaced_when_the_metadata_has_changed() {
    let (_emulator, site) = emulator().await;
    let issuer = Issuer::of(&site).await;
    let home = home(&site, &issuer);
    sign_in(&home, &site).await;
    let path = copy(&home);
    assert!(!std::fs::read_to_string(&path).unwrap().contains("/changed"));
    issuer.answers(200, &issuer.changed_document());
    home.run(&["token", "acme"]).await.ended_with(0);
    assert!(std::fs::read_to_string(&path).unwrap().contains("/changed"));
}

#[tokio::test]
async fn a_login_with_a_copy_does_not_overwrite_a_newer_copy() {
    let (_emulator, site) = emulator().await;
    let issuer = Issuer::of(&site).await;
    let home = home(&site, &issuer);
    sign_in(&home, &site).await;
    let path = copy(&home);
    issuer.answers(503, "");
    let mut login = home.start(&["login", "acme", "--no-browser"]);
    let page = login.page().await;
    // The issuer is back while the person is at the sign-in page, and another process keeps its new metadata.
    issuer.answers(200, &issuer.changed_document());
    home.run(&["token", "acme"]).await.ended_with(0);
    assert!(std::fs::read_to_string(&path).unwrap().contains("/changed"));
    approve(login, &site, &page).await;
    assert!(std::fs::read_to_string(&path).unwrap().contains("/changed"), "the older copy was written again");
}

#[tokio::test]
async fn a_relative_home_does_not_replace_the_tilde() {
    let mut home = Home::empty();
    let whole = home.take("HOME");
    let file = home.configure("");
    let arguments = ["--config", file.to_str().unwrap(), "status"];
    home.set("AUTH_LAYER_STORE", "~/tokens");
    for relative in ["", "somewhere", "./somewhere"] {
        home.set("HOME", relative);
        home.run(&arguments).await.ended_with(4).told(&["AUTH_LAYER_STORE: ~/tokens begins with ~"]);
    }
    home.set("HOME", whole);
    home.run(&arguments).await.ended_with(0);
}
