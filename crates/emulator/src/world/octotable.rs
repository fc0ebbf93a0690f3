//! Octotable: the rooms and reservations of a restaurant.

use std::sync::Arc;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Outcome, World, id_text, overlay, put, shown};
use super::paging::number;
use crate::document::Document;
use crate::voice;

const ROOMS: &str = "/rooms";
const ROOM: &str = "/rooms/{}";
const RESERVATIONS: &str = "/reservations";
const RESERVATION: &str = "/reservations/{}";

#[derive(Debug)]
pub(super) struct Restaurant {
    rooms: Vec<Value>,
    reservations: Vec<Value>,
    last_id: u64,
}

impl Restaurant {
    pub(super) fn new(documents: &[Arc<Document>]) -> Self {
        Self {
            rooms: shown(documents, ROOMS, "/data"),
            reservations: shown(documents, RESERVATIONS, "/data"),
            last_id: FIRST_ID,
        }
    }

    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn create_room(&mut self, call: &Call<'_>) -> Outcome {
        let mut room = json!({"bookable": true, "tables": []});
        overlay(&mut room, call.body);
        put(&mut room, "id", self.next_id());
        let answer = one(&room);
        self.rooms.push(room);
        Outcome::Created(answer)
    }

    fn create_reservation(&mut self, call: &Call<'_>) -> Outcome {
        let mut reservation = json!({"id": self.next_id(), "status": "CONFIRMED"});
        self.write(&mut reservation, call.body);
        let customer_id = self.next_id();
        if let Some(customer) = reservation.get_mut("customer") {
            put(customer, "id", customer_id);
        }
        let answer = one(&reservation);
        self.reservations.push(reservation);
        Outcome::Created(answer)
    }

    fn update_reservation(&mut self, call: &Call<'_>) -> Outcome {
        let Some(at) = position(&self.reservations, call.parameter(0)) else {
            return not_found();
        };
        // The provider fails with a 500 on a member that it does not know.
        if call.body.get("start_day").is_some() {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            let body = voice::octotable_error(status, "INTERNAL_ERROR", "unexpected member");
            return Outcome::Refused(status, body);
        }
        // The change is made on a copy, because `write` also reads `self`.
        let Some(mut reservation) = self.reservations.get(at).cloned() else {
            return not_found();
        };
        self.write(&mut reservation, call.body);
        let answer = one(&reservation);
        if let Some(stored) = self.reservations.get_mut(at) {
            *stored = reservation;
        }
        Outcome::Done(answer)
    }

    /// Writes the members of a request into a reservation, under the names that a reservation has for them.
    fn write(&self, reservation: &mut Value, body: &Value) {
        let plain = ["start_date", "start_hour", "pax", "channel", "notes", "customer"];
        for name in plain {
            if let Some(value) = body.get(name) {
                put(reservation, name, value.clone());
            }
        }
        put(reservation, "service", json!({"id": body["service_id"]}));
        let room = self.rooms.iter().find(|room| room["id"] == body["room_id"]);
        let room = match room {
            Some(room) => json!({"id": room["id"], "name": room["name"]}),
            None => json!({"id": body["room_id"]}),
        };
        put(reservation, "room", room);
    }

    /// Cancels a reservation. Its record stays and can still be read.
    fn cancel(&mut self, call: &Call<'_>) -> Outcome {
        let at = position(&self.reservations, call.parameter(0));
        match at.and_then(|at| self.reservations.get_mut(at)) {
            Some(reservation) => {
                put(reservation, "status", "CANCELLED");
                Outcome::Done(json!({"data": [reservation["id"]]}))
            }
            None => not_found(),
        }
    }

    fn list_reservations(&self, call: &Call<'_>) -> Outcome {
        let states = call.query_values("status[]");
        let from = number(call.query_value("next_cursor"), 0);
        // Octotable publishes no default limit.
        let limit = number(call.query_value("limit"), usize::MAX);
        let (Some(from), Some(limit)) = (from, limit) else {
            let status = StatusCode::BAD_REQUEST;
            let body = voice::octotable_error(status, "BAD_REQUEST", "limit or cursor is wrong");
            return Outcome::Refused(status, body);
        };
        let fitting: Vec<&Value> = self
            .reservations
            .iter()
            .filter(|one| states.is_empty() || states.contains(&id_text(&one["status"]).as_str()))
            .collect();
        let data: Vec<&Value> = fitting.iter().skip(from).take(limit).copied().collect();
        let next = from.saturating_add(data.len());
        let is_last = next >= fitting.len();
        let mut answer = json!({
            "data": data,
            "total_elements": fitting.len(),
            "last_page": is_last,
        });
        if !is_last {
            put(&mut answer, "next_cursor", next.to_string());
        }
        Outcome::Done(answer)
    }

    fn update_room(&mut self, call: &Call<'_>) -> Outcome {
        let at = position(&self.rooms, call.parameter(0));
        match at.and_then(|at| self.rooms.get_mut(at)) {
            Some(room) => {
                let id = room["id"].clone();
                overlay(room, call.body);
                // The body must not change the id.
                put(room, "id", id);
                Outcome::Done(one(room))
            }
            None => not_found(),
        }
    }

    fn delete_room(&mut self, call: &Call<'_>) -> Outcome {
        match position(&self.rooms, call.parameter(0)) {
            Some(at) => {
                let room = self.rooms.remove(at);
                Outcome::Done(json!({"data": [room["id"]]}))
            }
            None => not_found(),
        }
    }
}

impl World for Restaurant {
    fn answer(&mut self, call: &mut Call<'_>) -> Outcome {
        match (call.method, call.shape) {
            (&Method::GET, ROOMS) => Outcome::Done(json!({"data": self.rooms})),
            (&Method::POST, ROOMS) => self.create_room(call),
            (&Method::GET, ROOM) => read(&self.rooms, call.parameter(0)),
            (&Method::PUT, ROOM) => self.update_room(call),
            (&Method::DELETE, ROOM) => self.delete_room(call),
            (&Method::GET, RESERVATIONS) => self.list_reservations(call),
            (&Method::POST, RESERVATIONS) => self.create_reservation(call),
            (&Method::GET, RESERVATION) => read(&self.reservations, call.parameter(0)),
            (&Method::PUT, RESERVATION) => self.update_reservation(call),
            (&Method::DELETE, RESERVATION) => self.cancel(call),
            _ => Outcome::Example,
        }
    }
}

fn read(records: &[Value], id: &str) -> Outcome {
    let record = position(records, id).and_then(|at| records.get(at));
    record.map_or_else(not_found, |record| Outcome::Done(one(record)))
}

fn position(records: &[Value], id: &str) -> Option<usize> {
    records.iter().position(|record| id_text(&record["id"]) == id)
}

/// Returns a single object in a list, as Octotable does.
fn one(record: &Value) -> Value {
    json!({"data": [record]})
}

fn not_found() -> Outcome {
    let status = StatusCode::NOT_FOUND;
    let body = voice::octotable_error(status, "RESOURCE_NOT_FOUND", "there is no such resource");
    Outcome::Refused(status, body)
}

const FIRST_ID: u64 = 60_000;
