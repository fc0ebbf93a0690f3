//! How long a call takes.

fn main() {
    peers::time();
}
