//! Octotable: look for a table, reserve it, change the reservation, cancel it; create a room and delete it.

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use octotable_client::Client;
use octotable_client::types::{
    KnownCustomer, NewCustomer, Reservation, ReservationCreate, ReservationUpdate, SandboxClientDraft,
    SandboxProperty,
};

use crate::stage::Tally;

pub(super) async fn read(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    tally.call(client.list_reservations().property(PROPERTY).send()).await.map(drop)
}

pub(super) async fn journey(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    sandbox(client, tally).await?;
    reservation(client, tally).await?;
    room(client, tally).await
}

/// Calls the one operation that needs no token and must not carry one.
async fn sandbox(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    let property = SandboxProperty::builder()
        .name("Example Trattoria")
        .username("example-user")
        .password("example-password");
    let draft = SandboxClientDraft::builder().redirect_uri("https://example.com/done");
    let property: SandboxProperty = property.try_into()?;
    let draft = draft.sandbox_property(property);
    let created = tally.call(client.create_api_client().body(draft).send()).await?;
    ensure!(created.data.iter().any(|one| one.client_id.is_some()), "no API client was created");
    Ok(())
}

async fn reservation(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    let day = NaiveDate::from_ymd_opt(2026, 12, 5).context("no such day")?;
    let free = client.list_slots().property(PROPERTY).start_date(day).pax(2);
    ensure!(!tally.call(free.send()).await?.data.is_empty(), "no time is free");
    let free = client.list_bookable_rooms().property(PROPERTY).start_date(day).pax(2);
    let room = tally.call(free.send()).await?.data.into_iter().flatten().next();
    let room = room.context("no room is free")?.id;

    let guest = NewCustomer::builder().first_name("Dana").last_name("Reed");
    let guest: NewCustomer = guest.try_into()?;
    let wish = ReservationCreate::builder()
        .start_date(day)
        .start_hour("19:30:00")
        .pax(2)
        .channel("OCTOTABLE_ADMIN")
        .service_id(SERVICE)
        .room_id(room)
        .customer(guest);
    let create = client.create_reservation().property(PROPERTY).body(wish);
    let created = only(tally.call(create.send()).await?.data)?;
    ensure!(look(client, tally, created.id).await? == Some(2), "the reservation that was read back differs");

    let customer = created.customer.and_then(|customer| customer.id).context("the guest has no id")?;
    let guest = KnownCustomer::builder().id(customer).first_name("Dana").last_name("Reed");
    let guest: KnownCustomer = guest.try_into()?;
    let change = ReservationUpdate::builder()
        .start_date(day)
        .start_hour("19:30:00")
        .pax(5)
        .channel("OCTOTABLE_ADMIN")
        .service_id(SERVICE)
        .room_id(room)
        .customer(guest);
    let update = client.update_reservation().property(PROPERTY).reservation_id(created.id).body(change);
    tally.call(update.send()).await?;
    ensure!(look(client, tally, created.id).await? == Some(5), "the change was not kept");

    let cancel = client.delete_reservation().property(PROPERTY).reservation_id(created.id);
    tally.call(cancel.send()).await?;
    let cancelled = client.list_reservations().property(PROPERTY).status(vec!["CANCELLED".to_owned()]);
    let cancelled = tally.call(cancelled.send()).await?.data;
    ensure!(cancelled.iter().any(|one| one.id == created.id), "the reservation was not cancelled");
    Ok(())
}

async fn room(client: &Client, tally: &Tally) -> anyhow::Result<()> {
    let create = client.create_room().property(PROPERTY).body_map(|body| body.name("Cellar"));
    let id = only(tally.call(create.send()).await?.data)?.id;
    let rename = client.update_room().property(PROPERTY).room_id(id).body_map(|body| body.name("Attic"));
    tally.call(rename.send()).await?;
    let read = client.get_room().property(PROPERTY).room_id(id);
    let read = only(tally.call(read.send()).await?.data)?;
    ensure!(read.name.as_deref() == Some("Attic"), "the new name was not kept");
    tally.call(client.delete_room().property(PROPERTY).room_id(id).send()).await?;
    let rooms = tally.call(client.list_rooms().property(PROPERTY).send()).await?.data;
    ensure!(rooms.iter().all(|room| room.id != id), "the room is still there");
    Ok(())
}

/// Returns the number of guests of a reservation.
async fn look(client: &Client, tally: &Tally, id: i64) -> anyhow::Result<Option<i32>> {
    let read = client.get_reservation().property(PROPERTY).reservation_id(id);
    let read: Reservation = only(tally.call(read.send()).await?.data)?;
    Ok(read.pax)
}

/// Returns the only entry of a list. Octotable answers with a list even for a single object.
fn only<T>(data: Vec<T>) -> anyhow::Result<T> {
    data.into_iter().next().context("the list is empty")
}

/// The id of the emulator's restaurant and of its service.
const PROPERTY: i64 = 700_118;
const SERVICE: i64 = 4402;
