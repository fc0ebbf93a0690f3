//! Records that an earlier version kept, and sign-ins of another token URL.

use auth_layer::store::{Entry, StoreKey};
use auth_layer::{FileStore, TokenStore};
use emulator::{Emulator, Provider, Site};

use crate::support::{Home, emulator};

/// The key of an earlier version for the account `default`.
fn earlier(site: &Site) -> StoreKey {
    let credentials = site.credentials();
    StoreKey::of([
        "1",
        "goto",
        &site.token_url(),
        credentials.id(),
        "BasicRaw",
        "refresh_token",
        "default",
        "",
    ])
}

/// A home where a person signed in with an earlier version.
async fn signed_in_before(site: &Site) -> (Home, FileStore, Entry) {
    let home = Home::of(site);
    home.sign_in(site).await.ended_with(0);
    let store = FileStore::new(home.store());
    let (key, record) = store.list().await.unwrap().pop().unwrap();
    let mut entry = record.unwrap().entry;
    assert_eq!(entry.token_url, Some(site.token_url().parse().unwrap()), "a sign-in says where it is from");
    entry.token_url = None;
    store.remove(&key).await.unwrap();
    store.compare_exchange(&earlier(site), None, entry.clone()).await.unwrap().unwrap();
    (home, store, entry)
}

#[tokio::test]
async fn sc06_a_sign_in_of_an_earlier_version_is_shown_and_taken_over() {
    let (_emulator, site) = emulator().await;
    let (home, store, entry) = signed_in_before(&site).await;
    let ran = home.run(&["status"]).await.ended_with(0);
    let ran = ran.showed(&["signed in: the next renewal takes it over from an earlier version"]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    home.run(&["doctor"]).await.ended_with(0).showed(&["was kept by an earlier version", "1 record\n"]);
    let token = home.run(&["token", "goto"]).await.ended_with(0).out;
    assert_eq!(token.trim_end(), entry.access_token.unwrap().expose());
    assert!(store.load(&earlier(&site)).await.unwrap().unwrap().entry.is_taken_over());
    let ran = home.run(&["status"]).await.ended_with(0).showed(&["signed in\n"]);
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
    let ran = home.run(&["doctor"]).await.ended_with(0).showed(&["1 record\n"]);
    assert!(!ran.out.contains("earlier version"), "{}", ran.out);
    home.run(&["logout", "goto"]).await.ended_with(0).told(&["revoked there and deleted here"]);
    assert_eq!((site.counters().revocations, site.counters().tokens_revoked), (1, 1));
    assert!(store.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn rv03_signing_out_ends_a_sign_in_of_an_earlier_version() {
    let (_emulator, site) = emulator().await;
    let (home, store, entry) = signed_in_before(&site).await;
    home.run(&["logout", "goto"]).await.ended_with(0).told(&["revoked there and deleted here"]);
    assert_eq!(site.counters().tokens_revoked, 1);
    assert!(store.list().await.unwrap().is_empty());
    home.run(&["token", "goto"]).await.ended_with(3);
    home.kept_quiet_about(&[entry.refresh_token.expose()]);
}

#[tokio::test]
async fn rf07_a_sign_in_of_another_token_url_is_used_nowhere_else() {
    // One emulator, and then another on another port, which knows the same client.
    let start = |seed| Emulator::builder().fixed_credentials().seed(seed).start();
    let (first, second) = (start(1).await.unwrap(), start(2).await.unwrap());
    let (here, there) = (first.site(Provider::GoTo), second.site(Provider::GoTo));
    let mut home = Home::of(here);
    home.sign_in(here).await.ended_with(0);
    let both = [here.token_url(), there.token_url()];
    let both = [both[0].as_str(), both[1].as_str()];
    for (name, value) in [
        ("GOTO_TOKEN_URL", there.token_url()),
        ("GOTO_AUTHORIZE_URL", there.authorize_url().unwrap()),
        ("GOTO_REVOCATION_URL", there.revocation_url().unwrap()),
    ] {
        home.set(name, value);
    }
    let record = std::fs::read(home.records().pop().unwrap()).unwrap();
    let remedies = ["`tokenctl login goto` replaces it", "moved_from in [providers.goto] of", "--account"];
    home.run(&["token", "goto"]).await.ended_with(4).told(&both).told(&remedies);
    home.run(&["status"]).await.ended_with(4).showed(&["from another token URL"]).showed(&both).told(&both);
    home.run(&["status", "--json"]).await.ended_with(4).showed(&["\"another_token_url\""]);
    home.run(&["doctor"]).await.ended_with(4).showed(&both).showed(&remedies);
    let ran = home.run(&["logout", "goto"]).await.ended_with(4);
    ran.told(&both).told(&["is not signed out", "GOTO_TOKEN_URL"]);
    assert_eq!(std::fs::read(home.records().pop().unwrap()).unwrap(), record, "nothing was written over it");
    let told = format!("{:?}", there.requests());
    assert!(!told.contains(&here.refresh_token().unwrap()), "{told}");

    // The provider moved, as the configuration says.
    home.configure(&format!("[providers.goto]\nmoved_from = [\"{}\"]\n", here.token_url()));
    home.run(&["token", "goto"]).await.ended_with(0);
    home.configure("");

    // A new sign-in takes its place.
    home.sign_in(there).await.ended_with(0).told(&both).told(&["takes its place", "--account"]);
    home.run(&["token", "goto"]).await.ended_with(0);
    home.run(&["status"]).await.ended_with(0).showed(&["signed in\n"]);
}
