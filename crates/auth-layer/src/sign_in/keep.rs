//! Writes the record of a sign-in.

use crate::error::{Error, ErrorKind};
use crate::store::{Entry, StoreError, StoreKey, TokenStore};

/// Writes the record of a sign-in. It replaces any record under the key.
pub(super) async fn write(store: &dyn TokenStore, key: &StoreKey, entry: Entry) -> Result<(), Error> {
    // Another process may change the record between the two calls. The new sign-in replaces that change as well.
    loop {
        let known = store.load(key).await.map_err(not_kept)?.map(|record| record.version);
        let written = store.compare_exchange(key, known, entry.clone()).await;
        if written.map_err(not_kept)?.is_some() {
            return Ok(());
        }
    }
}

fn not_kept(error: StoreError) -> Error {
    let message = "the tokens of the sign-in could not be stored; check the store, then sign in again";
    Error::new(ErrorKind::Store, message).with_source(error.into())
}
