//! The message of a command without a sign-in, which shows the nearest one.

use auth_layer::store::{Entry, Label, State, StoreKey};
use auth_layer::{FileStore, RefreshToken, TokenStore};

use crate::support::{Home, emulator};

/// Keeps a record with this label.
async fn keep(home: &Home, client: &str, account: &str, state: State) {
    let mut entry = Entry::new(RefreshToken::new("r3fresh"));
    entry.label = Some(Label::new("goto", client, account));
    entry.account = Some(format!("{account}@example.com"));
    entry.scope = Some("collab: identity:".parse().unwrap());
    entry.state = state;
    let store = FileStore::new(home.store());
    store.compare_exchange(&StoreKey::of([client, account]), None, entry).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_nearest_sign_in_is_shown_with_its_command() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    let credentials = site.credentials();
    let id = credentials.id();
    keep(&home, "another-client", "default", State::Idle).await;
    home.run(&["token", "goto"]).await.ended_with(3).told(&[
        &format!("goto: no sign-in is stored for client {id}, account default, any scope, in"),
        home.store().to_str().unwrap(),
        "the nearest sign-in there: client another-client, account default (default@example.com), scope collab: identity:",
        "to use it: GOTO_CLIENT_ID=another-client tokenctl token goto",
        "to sign in: tokenctl login goto",
    ]);
    // One of the same client is nearer.
    keep(&home, id, "front desk", State::Idle).await;
    home.run(&["header", "goto"]).await.ended_with(3).told(&[
        &format!("the nearest sign-in there: client {id}, account front desk"),
        "to use it: tokenctl header goto --account 'front desk'",
    ]);
    // And of these a good one is nearer than one that has ended.
    keep(&home, id, "kitchen", State::Ended).await;
    home.run(&["token", "goto"]).await.ended_with(3).told(&["account front desk"]);
    // A program that asks for a scope of its own keeps its sign-in under another key.
    keep(&home, id, "default", State::Idle).await;
    home.run(&["token", "goto"]).await.ended_with(3).told(&["a program that asks for a scope"]);
    assert_eq!(site.counters().token_requests, 0);
}

#[tokio::test]
async fn the_client_id_in_the_printed_command_is_quoted() {
    let (_emulator, site) = emulator().await;
    let home = Home::of(&site);
    keep(&home, "it's $(x)", "default", State::Idle).await;
    let command = r"to use it: GOTO_CLIENT_ID='it'\''s $(x)' tokenctl token goto";
    home.run(&["token", "goto"]).await.ended_with(3).told(&[command]);
}
