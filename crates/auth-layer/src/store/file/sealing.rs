//! `SealingKey`: the key that seals the tokens of a record.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::ConfigError;
use crate::secret::Secret;

/// The key that seals the tokens in a [`FileStore`](crate::FileStore): 32 random bytes. They are wiped from memory when
/// the key is dropped. `Debug` shows only the id.
///
/// ```
/// use auth_layer::SealingKey;
///
/// let key = SealingKey::generate()?;
/// let text = key.to_text();
/// assert_eq!(SealingKey::from_text(text.expose())?.id(), key.id());
/// # Ok::<(), auth_layer::ConfigError>(())
/// ```
pub struct SealingKey {
    bytes: Box<Zeroizing<[u8; LENGTH]>>,
    id: String,
}

impl SealingKey {
    /// Generates a key with the operating system's random number generator.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the random number generator fails.
    pub fn generate() -> Result<Self, ConfigError> {
        Self::filled(|bytes| {
            getrandom::fill(bytes).map_err(|error| {
                ConfigError::new(WHAT, "the system's random number generator failed; try again")
                    .with_source(error)
            })
        })
    }

    /// Parses a key: 32 bytes in base64 (either alphabet), or 64 hexadecimal digits. White space around it is ignored.
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the text is neither.
    pub fn from_text(text: &str) -> Result<Self, ConfigError> {
        let text = text.trim();
        Self::filled(|bytes| {
            let read =
                if text.len() == 2 * LENGTH { from_hex(text, bytes) } else { from_base64(text, bytes) };
            read.ok_or_else(|| {
                ConfigError::new(
                    WHAT,
                    "must be 32 bytes in base64, or 64 hexadecimal digits; generate a new key",
                )
            })
        })
    }

    /// Reads a key from a file, in the format of [`from_text`](Self::from_text).
    ///
    /// # Errors
    ///
    /// Returns [`ConfigError`] if the file cannot be read, is not a key, or can be read by all users. Its group may
    /// read it, because secrets are often mounted that way.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let refused =
            |problem: &str| ConfigError::new(format!("{WHAT} in {}", path.display()), problem.to_owned());
        let unread = |error: std::io::Error| refused("cannot be read").with_source(error);
        let file = File::open(path).map_err(unread)?;
        let found = file.metadata().map_err(unread)?;
        if !found.is_file() {
            return Err(refused("is not in a regular file"));
        }
        if is_open_to_all(&found) {
            return Err(refused("can be read by all users; run `chmod o-rwx` on it, and generate a new key"));
        }
        // The buffer never grows, because growing would leave copies of the key in memory that are not wiped.
        let mut text = Zeroizing::new(String::with_capacity(LONGEST + 1));
        file.take(LONGEST as u64).read_to_string(&mut text).map_err(unread)?;
        Self::from_text(&text).map_err(|error| refused(error.problem()))
    }

    /// Returns the key in base64, to be written to the place where it is kept.
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(LONGEST);
        STANDARD.encode_string(&self.bytes[..], &mut text);
        Secret::new(text)
    }

    /// Returns the id that a record names its key by. It is a digest, and the key cannot be computed from it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Seals a text. It opens only with the same `bound`. The text is encrypted in its own buffer, so no plain copy is
    /// left.
    pub(super) fn seal(&self, bound: &[u8], mut text: Zeroizing<Vec<u8>>) -> Option<Sealed> {
        // Random, because processes that share a key cannot share a counter. With 24 bytes no two nonces are ever equal
        // in practice.
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        self.cipher()?.encrypt_in_place(&XNonce::from(nonce), bound, &mut *text).ok()?;
        Some(Sealed { key: self.id.clone(), nonce: STANDARD.encode(nonce), text: STANDARD.encode(&*text) })
    }

    /// Opens a text that was sealed with the same `bound`.
    pub(super) fn open(&self, bound: &[u8], sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; NONCE] = STANDARD.decode(&sealed.nonce).ok()?.try_into().ok()?;
        let mut text = Zeroizing::new(STANDARD.decode(&sealed.text).ok()?);
        self.cipher()?.decrypt_in_place(&XNonce::from(nonce), bound, &mut *text).ok()?;
        Some(text)
    }

    fn cipher(&self) -> Option<XChaCha20Poly1305> {
        XChaCha20Poly1305::new_from_slice(&self.bytes[..]).ok()
    }

    /// Creates a key and lets `fill` write its bytes.
    fn filled(fill: impl FnOnce(&mut [u8; LENGTH]) -> Result<(), ConfigError>) -> Result<Self, ConfigError> {
        // On the heap from the start: moving an array would leave copies of the key on the stack that are not wiped.
        let mut bytes = Box::new(Zeroizing::new([0; LENGTH]));
        fill(&mut bytes)?;
        let digest = Sha256::new().chain_update(ID_OF).chain_update(&bytes[..]).finalize();
        let id = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { bytes, id })
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({}, ..)", self.id)
    }
}

/// A sealed text (XChaCha20-Poly1305).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// The id of the key.
    pub(super) key: String,
    nonce: String,
    text: String,
}

fn from_hex(text: &str, bytes: &mut [u8; LENGTH]) -> Option<()> {
    let digits = text.as_bytes().chunks_exact(2);
    for (byte, digits) in bytes.iter_mut().zip(digits) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(digits[0])? * 16 + digit(digits[1])?;
    }
    Some(())
}

fn from_base64(text: &str, bytes: &mut [u8; LENGTH]) -> Option<()> {
    let mut decoded = Zeroizing::new([0; LONGEST]);
    if text.len() > LONGEST {
        return None;
    }
    let engines = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD];
    let length = engines.iter().find_map(|engine| engine.decode_slice(text, decoded.as_mut_slice()).ok())?;
    bytes.copy_from_slice((length == LENGTH).then_some(&decoded[..LENGTH])?);
    Some(())
}

#[cfg(unix)]
fn is_open_to_all(found: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;

    found.mode() & 0o007 != 0
}

#[cfg(not(unix))]
const fn is_open_to_all(_: &std::fs::Metadata) -> bool {
    false
}

const WHAT: &str = "sealing key";

/// A prefix of the digested text. A digest that another program makes of the same key is then a different one.
const ID_OF: &str = "auth-layer: id of a sealing key: ";

const LENGTH: usize = 32;

const NONCE: usize = 24;

/// The longest text of a key, in bytes. 64 digits and some white space fit in.
const LONGEST: usize = 128;
