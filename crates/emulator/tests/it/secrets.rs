//! No secret is printed.

use emulator::Provider;

use crate::support::{start, token};

#[tokio::test]
async fn debug_shows_no_secret() {
    let emulator = start().await;
    let mut secrets = Vec::new();
    let mut printed = format!("{emulator:?}");
    for site in emulator.sites() {
        let credentials = site.credentials();
        secrets.push(credentials.id().to_owned());
        secrets.push(credentials.secret().to_owned());
        secrets.extend(credentials.personal_access_token().map(str::to_owned));
        secrets.extend(site.refresh_token());
        secrets.push(token(site).await);
        secrets.push(site.end_user_token());
        printed += &format!("{site:?} {credentials:?} {:?} {:?}", site.requests(), site.counters());
    }
    assert_eq!(secrets.len(), 18);
    for secret in secrets {
        assert!(!printed.contains(&secret), "{secret}");
    }
    let builder = format!("{:?}", emulator::Emulator::builder().seed(987_654_321));
    assert!(!builder.contains("987654321"));
    assert!(printed.contains(&emulator.site(Provider::GoTo).auth_url()));
}
