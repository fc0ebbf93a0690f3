//! GoTab: find a location, price a tab there, open it, query the graph.

use anyhow::{Context, ensure};
use gotab_client::Client;
use gotab_client::types::{GraphqlQuery, Location, LocationListing, OpenItem, TabCreate, TabItem};

use crate::stage::Tally;

pub(super) async fn read(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    tally.call(client.list_locations().send()).await.map(drop)
}

pub(super) async fn journey(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    let listing = tally.call(client.list_locations().send()).await?;
    let location = locations(listing).into_iter().next().context("there is no location")?.location_uuid;

    let item = OpenItem::builder().name("Soup of the day").unit_price(850).quantity(Some(2));
    let tab = TabCreate::builder().open_tab(Some(true)).items([TabItem::OpenItem(item.try_into()?)]);
    let tab: TabCreate = tab.try_into()?;
    let priced = tally.call(client.price_check().location(&location).body(tab.clone()).send()).await?;
    ensure!(priced.data.is_some_and(|data| data.total.is_some()), "the tab was not priced");

    let opened = tally.call(client.create_tab().location(&location).body(tab).send()).await?;
    let opened = opened.data.context("no tab was opened")?;
    ensure!(opened.status.as_deref() == Some("OPEN"), "the tab is not open");
    let name = opened.items.as_deref().and_then(|lines| lines.first()?.name.as_deref());
    ensure!(name == Some("Soup of the day"), "the tab has another item");

    let query = GraphqlQuery::builder().query("{ locations { name } }");
    let answer = tally.call(client.graphql().body(query).send()).await?;
    ensure!(answer.data.is_some() && answer.errors.is_none(), "the graph did not answer");
    Ok(())
}

/// Returns the locations from either of the two shapes of the listing.
pub(crate) fn locations(listing: LocationListing) -> Vec<Location> {
    match listing {
        LocationListing::Array(locations) => locations.0,
        LocationListing::Envelope(envelope) => envelope.data,
    }
}
