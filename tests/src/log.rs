//! Catches every line that is logged on one thread, down to `TRACE`.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::canary;

/// What was logged on this thread since it was made; it stops when dropped.
///
/// It sees tasks of a current-thread runtime, and nothing of other tests. Underneath is one subscriber for the whole
/// process: subscribers of single threads would lose lines that another thread logged first.
#[derive(Debug)]
pub struct Log(Text);

impl Log {
    /// Listens from now on.
    ///
    /// # Panics
    ///
    /// If the process has another subscriber.
    #[must_use = "it listens as long as it lives"]
    pub fn listen() -> Self {
        subscribe();
        let text = Text::default();
        LISTENER.set(Some(text.clone()));
        Self(text)
    }

    /// All that was logged.
    pub fn text(&self) -> String {
        let bytes = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Makes the process's one subscriber. Where `cargo xtask canary` asks for it, every line of every thread goes into a
/// file as well.
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
        // For lines that were first logged while this was going on.
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
