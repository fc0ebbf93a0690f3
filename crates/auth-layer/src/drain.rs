//! Reads what nobody wants, so that its connection can be used again.

use std::pin::pin;
use std::time::Duration;

use bytes::Buf;
use futures_util::future::select;
use http_body::Body;
use http_body_util::BodyExt;

use crate::clock::{Clock, sleep_if_there_is_a_timer};

/// Reads a body that nobody wants to its end, so that its connection can be used again; but not for long, and not
/// much of it.
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
    select(pin!(reading), sleep_if_there_is_a_timer(clock, DRAIN_TIME)).await;
}

/// How much of a response that is replaced is read, and for how long.
const DRAIN_LIMIT: usize = 64 * 1024;
const DRAIN_TIME: Duration = Duration::from_millis(50);
