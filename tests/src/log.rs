//! Collects every line that is logged on one thread, down to `TRACE`.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::canary;

/// The lines that were logged on this thread since it was made. It stops when it is dropped.
///
/// It sees tasks of a current-thread runtime, and no lines of other tests. There is one subscriber for the whole
/// process, because subscribers of single threads would lose lines that another thread logged first.
#[derive(Debug)]
pub struct Log(Text);

impl Log {
    /// Starts to collect lines.
    ///
    /// # Panics
    ///
    /// Panics if the process has another subscriber.
    #[must_use = "it listens as long as it lives"]
    pub fn listen() -> Self {
        subscribe();
        let text = Text::default();
        LISTENER.set(Some(text.clone()));
        Self(text)
    }

    /// Returns all collected lines.
    pub fn text(&self) -> String {
        let bytes = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Sets the process's one subscriber. If `cargo xtask canary` asks for it, every line of every thread is also written
/// to a file.
pub(crate) fn subscribe() {
    static SUBSCRIBE: Once = Once::new();
    SUBSCRIBE.call_once(|| {
        let listening = dynamic_filter_fn(|_, _| LISTENER.with_borrow(Option::is_some));
        let lines = tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(|| LISTENER.with_borrow(|text| text.clone().unwrap_or_default()))
            .with_filter(listening);
        let all = canary::log().map(|file| {
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_span_events(FmtSpan::FULL);
            layer.with_writer(Mutex::new(file))
        });
        tracing_subscriber::registry().with(lines).with(all).init();
        // A line that was first logged before the subscriber was set is cached as disabled, so the cache is rebuilt.
        tracing::callsite::rebuild_interest_cache();
    });
}

impl Drop for Log {
    fn drop(&mut self) {
        LISTENER.set(None);
    }
}

thread_local! {
    static LISTENER: RefCell<Option<Text>> = const { RefCell::new(None) };
}

#[derive(Clone, Debug, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
