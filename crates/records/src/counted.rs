//! Numbers of things, as messages say them.

/// `1 run`, `2 runs`: for nouns whose plural ends in s.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
