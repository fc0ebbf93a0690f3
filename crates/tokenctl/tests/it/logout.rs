//! `logout`: tokens are revoked at the provider and deleted here.

use auth_layer::store::{Entry, Label, StoreKey};
use auth_layer::{FileStore, RefreshToken, TokenStore};
use emulator::{Endpoint, Fault};

use crate::support::{Home, emulator};

#[tokio::test]
async fn rv03_signing_out_revokes_and_then_deletes() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let refresh_token = site.refresh_token().unwrap();
    let ran = home.run(&["logout", "goto"]).await.ended_with(0);
    assert_eq!(ran.out, "");
    ran.told(&["Signed out of goto, account default.", "revoked there and deleted here"]);
    assert_eq!((site.counters().revocations, site.counters().tokens_revoked), (1, 1));
    home.run(&["token", "goto"]).await.ended_with(3);
    for record in home.records() {
        assert!(!std::fs::read_to_string(record).unwrap().contains(&refresh_token));
    }
    home.kept_quiet_about(&[&refresh_token, site.credentials().secret()]);
}

#[tokio::test]
async fn signing_out_twice_does_no_harm() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let ran = home.run(&["logout", "goto"]).await.ended_with(0);
    ran.told(&["There is no sign-in to goto of account default."]);
    assert_eq!(site.counters().revocations, 0);
}

#[tokio::test]
async fn rv03_a_failed_revocation_still_deletes_the_tokens() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    site.inject(Endpoint::SignIn, Fault::status(400));
    let ran = home.run(&["logout", "goto"]).await;
    assert_ne!(ran.code, 0);
    ran.told(&[
        "the tokens are deleted here, but goto did not revoke them",
        "withdraw this application's permission",
    ]);
    assert_eq!(site.counters().tokens_revoked, 0);
    home.run(&["token", "goto"]).await.ended_with(3);
}

#[tokio::test]
async fn rv03_a_missing_secret_still_deletes_the_tokens() {
    let (_emulator, site) = emulator().await;
    let mut home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let refresh_token = site.refresh_token().unwrap();
    home.unset("GOTO_CLIENT_SECRET");
    let ran = home.run(&["logout", "goto"]).await.ended_with(4);
    ran.told(&["the tokens are deleted here, but goto did not revoke them", "secret is not known"]);
    assert_eq!(site.counters().revocations, 0);
    for record in home.records() {
        assert!(!std::fs::read_to_string(record).unwrap().contains(&refresh_token));
    }
    home.run(&["logout", "goto"]).await.ended_with(0).told(&["There is no sign-in to goto"]);
}

#[tokio::test]
async fn rv03_an_unreachable_issuer_still_deletes_the_tokens() {
    let home = Home::empty();
    home.configure(
        "[providers.acme]\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"me\"\nclient_auth = \"public\"\n",
    );
    // Without a label or a profile, a record cannot be found.
    home.run(&["logout", "acme"]).await.ended_with(6);
    let store = FileStore::new(home.store());
    let keys = ["default", "another"].map(|account| StoreKey::of([account]));
    for (key, account) in keys.iter().zip(["default", "another"]) {
        let mut entry = Entry::new(RefreshToken::new("r3fresh"));
        entry.label = Some(Label::new("acme", "me", account));
        store.compare_exchange(key, None, entry).await.unwrap().unwrap();
    }
    let ran = home.run(&["logout", "acme"]).await.ended_with(6);
    ran.told(&["the tokens are deleted here, but acme did not revoke them"]);
    assert!(store.load(&keys[0]).await.unwrap().is_none());
    assert!(store.load(&keys[1]).await.unwrap().is_some(), "another account's stays");
}

#[tokio::test]
async fn rv03_what_a_killed_sign_in_left_behind_is_deleted() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    home.sign_in(&site).await.ended_with(0);
    let record = home.records().pop().unwrap();
    let left = record.with_extension("tmp");
    std::fs::rename(&record, &left).unwrap();
    home.run(&["logout", "goto"]).await.ended_with(0);
    assert!(!left.exists());
}
