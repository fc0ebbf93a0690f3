//! How often a call reaches for the heap. Apart from the times, since counting takes some.

fn main() {
    peers::allocations(|block| allocation_counter::measure(block).count_total);
}
