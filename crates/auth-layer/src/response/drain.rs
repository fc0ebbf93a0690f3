//! `drain`: reads the rest of an unused body, so that its connection can be used again.

use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use futures_util::future::select;
use http_body::Body;
use http_body_util::BodyExt;

use crate::clock::{Clock, sleep_if_there_is_a_timer};

/// Reads an unused body to its end, so that its connection can be used again. It stops after 64 KiB or 50 ms.
pub(crate) async fn drain<R: Body>(body: R, clock: &dyn Clock) {
    let reading = async move {
        let mut body = pin!(body);
        let mut left = DRAIN_LIMIT;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Buf::remaining);
            match left.checked_sub(length) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Outside a tokio runtime the sleep ends at once. A sleep that never ends would let a slow body block the call.
    select(pin!(reading), sleep_if_there_is_a_timer(clock, DRAIN_TIME)).await;
}

/// 64 KiB: to read a longer body costs more than a new connection.
const DRAIN_LIMIT: usize = 64 * 1024;
/// 50 ms: about as long as a new connection with TLS takes.
const DRAIN_TIME: Duration = Duration::from_millis(50);
