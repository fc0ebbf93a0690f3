//! GoTo: find out whose token it is, schedule a webinar, register a person, cancel the webinar.

use anyhow::{Context, ensure};
use chrono::{DateTime, Duration, Utc};
use goto_client::Client;
use goto_client::webinar::types::{DateTimeRange, RegistrantFields, RegistrantListing, WebinarDraft};

use crate::stage::Tally;

/// Lists the organizer's webinars. Of the two APIs, this is the one that rejects a token with 403.
pub(super) async fn read(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    webinars(client, tally, "300000000000384444").await.map(drop)
}

pub(super) async fn journey(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    let webinar = client.webinar();
    let organizer = tally.call(client.admin().get_me().send()).await?.key;
    let organizer = organizer.as_str();
    let before = webinars(client, tally, organizer).await?;

    let hour = DateTimeRange::builder().start_time(span().0).end_time(span().0 + Duration::hours(1));
    let draft = WebinarDraft::builder().subject("Spring menu").times([hour.try_into()?]);
    let create = webinar.create_webinar().organizer_key(organizer).body(draft);
    let created = tally.call(create.send()).await?.webinar_key;
    let key = created.as_str();
    ensure!(webinars(client, tally, organizer).await? == before + 1, "the new webinar is not listed");

    let person = RegistrantFields::builder().first_name("Kim").last_name("Lund").email("kim@example.com");
    let register = webinar.create_registrant().organizer_key(organizer).webinar_key(key).body(person);
    let registrant = tally.call(register.send()).await?.registrant_key;
    let all = webinar.get_all_registrants_for_webinar().organizer_key(organizer).webinar_key(key);
    let registered = match tally.call(all.send()).await? {
        RegistrantListing::Array(registrants) => registrants.0,
        RegistrantListing::Page(page) => page.data,
    };
    ensure!(registered.iter().any(|one| one.registrant_key == registrant), "no person is registered");

    let read = webinar.get_webinar().organizer_key(organizer).webinar_key(key);
    let read = tally.call(read.send()).await?;
    ensure!(read.subject.as_deref() == Some("Spring menu"), "the webinar that was read back differs");
    ensure!(read.number_of_registrants == Some(1), "the webinar does not count its registrant");

    let cancel = webinar.cancel_webinar().organizer_key(organizer).webinar_key(key);
    tally.call(cancel.send()).await?;
    ensure!(webinars(client, tally, organizer).await? == before, "the cancelled webinar is still listed");
    Ok(())
}

/// Returns the number of webinars.
async fn webinars(client: &Client, tally: &Tally, organizer: &str) -> anyhow::Result<i32> {
    let (from, to) = span();
    let list = client.webinar().get_webinars().organizer_key(organizer).from_time(from).to_time(to);
    let page = tally.call(list.send()).await?.page;
    page.and_then(|page| page.total_elements).context("the list of webinars has no length")
}

/// Returns the start and the end of the year 2026.
fn span() -> (DateTime<Utc>, DateTime<Utc>) {
    let start = DateTime::UNIX_EPOCH + Duration::seconds(1_767_225_600);
    (start, start + Duration::days(365))
}
